package remediate

import (
	"slices"

	"cairn.example/internal/model"
)

// read-only attributes follow from calls, and no call sets them.
var readOnly = []model.Attribute{model.HomeRegion, model.StartedAt, model.StoppedAt}

// Restore plans the way back to what a trail was: what is not known of that stays as it is. There is no plan for a
// trail that was not there, or that another account owns.
func Restore(is, was *model.Account, arn string) Plan {
	at := model.Ref{Kind: model.TrailKind, ID: arn}
	p := Plan{At: at, Account: is.ID, NoForm: map[Form][]string{}}
	before := was.Trail(arn)
	switch {
	case before == nil || before.Owner() != is.ID:
		p.Refused = []string{"there is nothing of this account to go back to"}
		return p
	case is.Trail(arn) == nil && !before.Bucket.Known():
		p.Refused = []string{"the bucket that the trail had is not known"}
		return p
	}
	want := is.Clone()
	if now := want.Trail(arn); now == nil {
		want.Trails.Items = append(want.Trails.Items, before.Clone())
	} else {
		for _, a := range model.Attributes {
			if a.Known(before) && !slices.ContainsFunc(readOnly, func(r model.Attribute) bool { return r.Name() == a.Name() }) {
				a.Copy(now, before)
			}
		}
	}
	// What holds a fix back, such as never to redirect a bucket, does not hold here: this is what was there.
	if p.trails, _ = compare(is, want); len(p.trails) == 0 {
		p.Refused = []string{"what the trail was is not known, or it is that again"}
		return p
	}
	p.fill(want)
	return p
}

// Commands are a plan's calls as the AWS CLI takes them, one a line. A plan that is refused has none.
func Commands(p Plan) ([]string, error) {
	if len(p.Refused) > 0 {
		return nil, nil
	}
	var lines []string
	for _, s := range p.Steps {
		line, err := p.command(s)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

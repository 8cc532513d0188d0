package detect

import (
	"slices"

	"cairn.example/internal/model"
)

// difference is what an event did to what is recorded and to verdicts.
type difference struct {
	changes  []change
	lost     []*loss
	regained []model.Loss
	flips    []model.Flip
	unknown  []string
	notes    []string
	omits    string            // what a trail of which little is known does not record for certain
	data     string            // what became of events that are not management events, of which coverage does not decide
	by       map[string]string // account -> who still records every management event that it did before
}

// told are the losses as a finding tells them: equal ones of many accounts are one.
func (d *difference) told() []model.Loss {
	var all []model.Loss
	for _, l := range d.lost {
		one := l.first
		if l.silent != nil {
			one = *l.silent
		}
		all = append(all, one)
	}
	return joined(all)
}

// joined makes one of what many accounts lost or regained alike.
func joined(all []model.Loss) []model.Loss {
	var out []model.Loss
	for _, one := range all {
		i := slices.IndexFunc(out, func(o model.Loss) bool { return alike(o, one) })
		if i < 0 {
			one.Accounts = slices.Clone(one.Accounts)
			out = append(out, one)
			continue
		}
		out[i].Accounts = append(out[i].Accounts, one.Accounts...)
	}
	return out
}

func alike(x, y model.Loss) bool {
	return x.What == y.What && x.Witness == y.Witness && x.Resource == y.Resource && x.By == y.By && x.Since.Equal(y.Since) &&
		(x.Until == nil) == (y.Until == nil) && (x.Until == nil || x.Until.Equal(*y.Until))
}

package remediate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

// Fix plans what makes a rule pass for the finding at a resource of the account.
func Fix(r *rule.Rule, a *model.Account, at model.Ref) Plan {
	p := Plan{Rule: r, At: at, Account: a.ID, NoForm: map[Form][]string{}}
	if why := cannot(r, a, at); why != "" {
		p.Refused = []string{why}
		return p
	}
	f := &rule.Fix{Want: a.Clone(), At: at}
	r.Fix(f)
	if f.Refusal != "" {
		p.Refused = []string{f.Refusal}
		return p
	}
	for _, t := range f.Want.Trails.Items {
		model.Settle(a.Trail(t.ARN), t)
	}
	trails, refused := compare(a, f.Want)
	if len(refused) == 0 && len(trails) == 0 {
		refused = []string{"there is nothing to change: the trail is already as the rule wants it"}
	}
	if len(refused) > 0 {
		p.Refused = refused
		return p
	}
	p.trails, p.Notes = trails, f.Notes
	for _, ask := range f.Asks {
		p.Asks = append(p.Asks, Ask{Param: ask})
	}
	p.fill(f.Want)
	return p
}

// cannot says why there is no plan before the rule is asked.
func cannot(r *rule.Rule, a *model.Account, at model.Ref) string {
	if r.Fix == nil {
		return fmt.Sprintf("only a person can put this right: see cairn rules %s", r.ID)
	}
	if gap := a.Unread(); gap != nil {
		return fmt.Sprintf("account %s could not be read (%s)", a.ID, gap.Origin().Reason())
	}
	if at.Kind != model.TrailKind {
		return ""
	}
	t := a.Trail(at.ID)
	if t == nil {
		return fmt.Sprintf("%s is not among the trails that account %s shows", at.ID, a.ID)
	}
	if owner := t.Owner(); owner != a.ID {
		return fmt.Sprintf("trail/%s belongs to account %s, whose organization trail it is; a member cannot change it. With credentials of account %s: cairn fix %s",
			t.Name, owner, owner, model.FindingID(owner, r.ID, at))
	}
	return ""
}

// compare finds what changes, and why it must not.
func compare(is, want *model.Account) (out []delta, refused []string) {
	for _, t := range is.Trails.Items {
		if want.Trail(t.ARN) == nil {
			refused = append(refused, fmt.Sprintf("it would delete trail/%s", t.Name))
		}
	}
	for _, t := range want.Trails.Items {
		d := delta{was: is.Trail(t.ARN), want: t}
		if d.was == nil {
			out = append(out, d)
			continue
		}
		for _, attr := range model.Attributes {
			if attr.Known(t) && !attr.Same(d.was, t) {
				d.attr = append(d.attr, attr)
			}
		}
		if len(d.attr) > 0 {
			out = append(out, d)
			refused = append(refused, guard(want, d)...)
		}
	}
	return out, append(refused, crowded(is, want)...)
}

// fill writes the plan of the compared trails.
func (p *Plan) fill(want *model.Account) {
	for _, d := range p.trails {
		p.Changes = append(p.Changes, d.changes()...)
		p.Steps = append(p.Steps, d.steps()...)
		undo, lost := d.undo()
		p.Undo, p.NoUndo = append(undo, p.Undo...), append(p.NoUndo, lost...)
		p.Costs = append(append(p.Costs, costs(want, d)...), dataCosts(d)...)
		p.Notes = append(p.Notes, d.notes(want)...)
	}
	if len(p.NoUndo) > 0 {
		p.Undo = nil
	}
	for _, form := range Forms {
		if why := form.refuses(p); len(why) > 0 {
			p.NoForm[form.Form] = why
		}
	}
}

// notes are what to know before the trail is changed.
func (d delta) notes(want *model.Account) (out []string) {
	say := func(format string, args ...any) {
		out = append(out, "trail/"+d.want.Name+fmt.Sprintf(format, args...))
	}
	if d.was != nil && d.want.Is(model.Organization).Tri == model.Yes {
		say(" records for an organization: a change of it holds in every member account.")
	}
	if failing := rule.NewGround(want, time.Time{}, nil).Failing(d.want); len(failing) > 0 {
		say(": delivery is failing: %s. This repairs none of that, and AWS may refuse a change until somebody does (CT-011).", strings.Join(failing, "; "))
	}
	if stack := stackOf(d.want); stack != "" {
		say(" belongs to the CloudFormation stack %s: change it there too, or the next update of the stack may take this back.", stack)
	}
	return out
}

func (d delta) changes() []Change {
	attrs, none := d.attr, &model.Trail{}
	if d.was == nil {
		attrs = slices.DeleteFunc(slices.Clone(model.Attributes), func(a model.Attribute) bool { return !a.Known(d.want) })
	} else {
		none = d.was
	}
	out := make([]Change, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, Change{d.want.ARN, a.Evidence(none), a.Evidence(d.want)})
	}
	return out
}

// home is the Region that the calls about a trail go to.
func home(t *model.Trail) string {
	if region, ok := t.Home.Get(); ok && region != "" {
		return region
	}
	return model.ARNRegion(t.ARN)
}

// Undo is the plan that takes a plan back, for the patch form that lists calls ([CLI]).
func Undo(p Plan) Plan {
	back := Plan{back: true, Rule: p.Rule, At: p.At, Account: p.Account, Asks: p.Asks, Steps: p.Undo, Refused: p.Refused, NoForm: map[Form][]string{}}
	if len(p.NoUndo) > 0 {
		back.Refused = p.NoUndo
	}
	for _, form := range Forms {
		if form.Form != CLI {
			back.NoForm[form.Form] = []string{"an undo is a list of calls"}
		}
	}
	for _, d := range p.trails {
		back.trails = append(back.trails, delta{was: d.want, want: d.was, attr: d.attr})
	}
	return back
}

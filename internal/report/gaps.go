package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/model"
)

// gap is a time in which something was not recorded.
type gap struct{ model.Loss }

// gapKey names what one account lost by one event.
type gapKey struct {
	by, resource, account string
	since                 time.Time
}

// gaps joins what events lost with what others regained, whichever was told first.
func gaps(causes []*model.Cause) []*gap {
	var all []*gap
	by := map[gapKey]*gap{}
	add := func(l model.Loss) {
		all = append(all, &gap{l})
		by[key(l)] = all[len(all)-1]
	}
	var regained []model.Loss
	for _, c := range causes {
		for _, l := range apart(c.Lost) {
			if by[key(l)] == nil { // else another detection told of it, too
				add(l)
			}
		}
		regained = append(regained, apart(c.Regained)...)
	}
	for _, l := range inOrder(regained) {
		switch g := by[key(l)]; {
		case g == nil:
			add(l)
		case l.Rest != "":
			g.What = l.Rest
			l.Rest = ""
			all = append(all, &gap{l})
		default:
			g.Loss = l
		}
	}
	return together(all)
}

func key(l model.Loss) gapKey { return gapKey{l.By, l.Resource, l.Accounts[0], l.Since.UTC()} }

// apart is a loss for each of its accounts: they need not regain it together.
func apart(all []model.Loss) []model.Loss {
	var out []model.Loss
	for _, l := range all {
		for _, account := range l.Accounts {
			one := l
			one.Accounts = []string{account}
			out = append(out, one)
		}
	}
	return out
}

// inOrder is what was regained, each once, in the order of time: of one loss part after part.
func inOrder(regained []model.Loss) []model.Loss {
	var out []model.Loss
	for _, l := range regained {
		same := func(o model.Loss) bool {
			return key(o) == key(l) && o.What == l.What && o.Rest == l.Rest && o.Until.Equal(*l.Until)
		}
		if l.Until != nil && !slices.ContainsFunc(out, same) {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b model.Loss) int { return a.Until.Compare(*b.Until) })
	return out
}

// together makes one of equal gaps of many accounts, and sorts them.
func together(all []*gap) []*gap {
	var out []*gap
	for _, g := range all {
		i := slices.IndexFunc(out, func(o *gap) bool { return o.like(g) })
		if i < 0 {
			out = append(out, g)
		} else {
			out[i].Accounts = append(out[i].Accounts, g.Accounts...)
		}
	}
	slices.SortStableFunc(out, func(a, b *gap) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(len(b.Accounts), len(a.Accounts)), strings.Compare(a.What, b.What))
	})
	return out
}

func (g *gap) like(o *gap) bool {
	ends := g.Until == o.Until || g.Until != nil && o.Until != nil && g.Until.Equal(*o.Until)
	return ends && g.By == o.By && g.What == o.What && g.Resource == o.Resource && g.Since.Equal(o.Since)
}

// perhaps tells a gap that there may not have been: another trail may record the same.
func (g *gap) perhaps() bool { return g.Resource != "" }

func (g *gap) subject() string {
	if len(g.Accounts) == 1 {
		return g.What + ", account " + g.Accounts[0]
	}
	return g.What + ", " + model.Count(len(g.Accounts), "account", "accounts")
}

// length is how long a gap lasted, or since when it does.
func (g *gap) length() string {
	perhaps, least := "", ""
	switch {
	case g.perhaps():
		perhaps = "perhaps "
	case g.AtLeast:
		least = "at least "
	}
	if g.Until == nil {
		return perhaps + "blind " + least + "since " + model.Moment(g.Since)
	}
	if g.AtMost {
		least = "at most "
	}
	return perhaps + least + model.Span(g.Until.Sub(g.Since)) + " blind"
}

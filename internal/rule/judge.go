package rule

import (
	"cairn.example/internal/model"
)

// Settings are the options and severities in force.
type Settings struct {
	Preset     string
	Options    map[string]map[string]string // rule -> option -> value
	Severities map[string]model.Severity    // rule -> severity, where it was changed
}

// InForce is a rule with its settings.
type InForce struct {
	*Rule
	options  map[string]string
	severity model.Severity
}

// InForce puts a rule in force by the settings.
func (s Settings) InForce(r *Rule) InForce {
	out := InForce{r, r.Settings(s.Preset, s.Options[r.ID]), r.Severity}
	if changed, ok := s.Severities[r.ID]; ok {
		out.severity = changed
	}
	return out
}

// Judge judges one account by one rule.
func Judge(r *Rule, g *Ground, s Settings, found []model.Finding) []model.Finding {
	return s.InForce(r).Judge(g, found)
}

// Judge judges one account and adds what it found to found. An account that could not be read at all is unknown to
// every rule.
func (r InForce) Judge(g *Ground, found []model.Finding) []model.Finding {
	e := &Eval{Ground: g, rule: r, found: found}
	if unread := g.Account.Unread(); unread != nil {
		e.OnAccount(model.Fact(model.Unknown, "account", nil, unread.Origin()), Say{})
		return e.found
	}
	r.Check(e, g.Account)
	return e.found
}

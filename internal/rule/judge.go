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

// Judge judges one account by one rule and adds what it found to found. An account that could not be read at all
// is unknown to every rule.
func Judge(r *Rule, g *Ground, s Settings, found []model.Finding) []model.Finding {
	e := &Eval{Ground: g, rule: r, options: r.Settings(s.Preset, s.Options[r.ID]), severity: r.Severity}
	if changed, ok := s.Severities[r.ID]; ok {
		e.severity = changed
	}
	if unread := g.Account.Unread(); unread != nil {
		e.OnAccount(model.Truth{Because: []model.Evidence{{Fact: "account", Origin: unread.Origin()}}}, Say{})
		return e.report(found)
	}
	r.Check(e, g.Account)
	return e.report(found)
}

package model

import "time"

// Summary is what an audit was, and what it came to.
type Summary struct {
	Version     string                       `json:"version"` // of cairn
	Preset      string                       `json:"preset"`
	Rules       []string                     `json:"rules"`   // the rules that judged
	Options     map[string]map[string]string `json:"options"` // rule -> option -> value in force
	Regions     []string                     `json:"regions"` // every enabled Region of every account
	CollectedAt time.Time                    `json:"collectedAt"`
	Calls       Calls                        `json:"calls"`
	Statuses    map[Status]int               `json:"statuses"` // findings by verdict
	Accounts    []AccountSummary             `json:"accounts"`
	Frameworks  []FrameworkSummary           `json:"frameworks"`
}

// AccountSummary is one account in a sentence.
type AccountSummary struct {
	ID       string   `json:"id"`
	Caller   string   `json:"caller"`
	Regions  int      `json:"regions"` // enabled
	Refused  []string `json:"refused"` // Regions whose trails could not be listed
	Recorded Tri      `json:"-"`       // whether every management event is recorded
	Headline string   `json:"headline"`
}

// FrameworkSummary counts the requirements of a framework that the judged rules answer. A requirement is
// met when each of its rules passes somewhere and none fails or is unknown anywhere.
type FrameworkSummary struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Met  int    `json:"met"`
	Of   int    `json:"of"`
}

// Count counts findings by verdict.
func (s *Summary) Count(found []Finding) {
	s.Statuses = map[Status]int{}
	for _, status := range Statuses {
		s.Statuses[status] = 0
	}
	for _, f := range found {
		s.Statuses[f.Status]++
	}
}

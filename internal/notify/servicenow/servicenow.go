// Package servicenow shows findings in ServiceNow: as incidents, by the Table API, or as events of Event Management,
// which makes alerts of them. Both know a finding by its id, so that what is told twice is one incident or one alert.
package servicenow

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/notify"
)

// An instance's limits are its administrators' (sys_rate_limit_rules, an hour), and by default there are none. One request
// after another, two a message, does not tie up the few threads that an instance has for all integrations.
var limit = notify.Limit{Every: time.Second, Burst: 10}

// Kind is ServiceNow's incidents.
var Kind = notify.Kind{
	Name: "servicenow", Title: "ServiceNow", Keyed: true, Edits: true, Limit: limit,
	Settings: append(access(),
		notify.Setting{Name: "assignmentGroup", Help: "sys_id of the group that gets the incidents", Check: checkSysID},
		notify.Setting{Name: "callerId", Help: "sys_id of the user on whose behalf they are opened", Check: checkSysID},
		notify.Setting{Name: "category", Help: "category of the incidents, as the instance values it"},
		notify.Setting{Name: "urgency", Help: "severity=urgency where it is not " + urgencies.Help(), List: true, Check: urgencies.Check("1", "2", "3")},
		notify.Setting{Name: "impact", Help: "severity=impact where it is not " + impacts.Help(), List: true, Check: impacts.Check("1", "2", "3")},
		notify.Setting{Name: "resolvedState", Help: "value of the state that says resolved", Default: "6", Check: checkState},
		notify.Setting{Name: "closeCode", Help: "resolution code, one of the instance's choices", Default: "Solution provided"},
		notify.Setting{Name: "closeNotes", Help: "stands before the resolution notes", Check: checkNotes},
	),
	New: openIncidents,
}

// Events is ServiceNow's Event Management.
var Events = notify.Kind{
	Name: "servicenow-events", Title: "ServiceNow Event Management", Keyed: true, Edits: true, Limit: limit,
	Settings: append(access(),
		notify.Setting{Name: "severity", Help: "severity=severity of an event where it is not " + severities.Help(), List: true, Check: severities.Check("1", "2", "3", "4", "5")},
	),
	New: openEvents,
}

// The instance derives an incident's priority from its urgency and its impact: of those below 1, 1 and 1, 2.
var (
	urgencies = notify.BySeverity{model.Extreme: "1", model.VeryHigh: "1", model.High: "2", model.Medium: "3", model.Low: "3"}
	impacts   = notify.BySeverity{model.Extreme: "1", model.VeryHigh: "2", model.High: "2", model.Medium: "2", model.Low: "3"}
	// severities are those of events: 1 critical, 2 major, 3 minor, 4 warning. 5 is OK, and 0 clears the alert.
	severities = notify.BySeverity{model.Extreme: "1", model.VeryHigh: "1", model.High: "2", model.Medium: "3", model.Low: "4"}
)

// access are the settings that both kinds have.
func access() []notify.Setting {
	return []notify.Setting{
		{Name: "instance", Help: "acme for https://acme.service-now.com, or the whole address", Required: true, Check: checkInstance},
		{Name: "user", Help: "a user of the instance's for integrations, with password"},
		{Name: "password", Help: "of user", Secret: true},
		{Name: "token", Help: "an OAuth access token, in place of user and password", Secret: true},
	}
}

var (
	instanceShape = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$`)
	sysIDShape    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	stateShape    = regexp.MustCompile(`^-?[0-9]{1,4}$`)
)

func checkInstance(text string) error {
	if instanceShape.MatchString(text) {
		return nil
	}
	return notify.CheckSite(text)
}

func checkSysID(text string) error {
	if !sysIDShape.MatchString(text) {
		return fmt.Errorf("%q: want a sys_id, 32 hex digits: on the record's form, the menu of its header, Copy sys_id", text)
	}
	return nil
}

func checkState(text string) error {
	if !stateShape.MatchString(text) {
		return fmt.Errorf("%q: want the value of a state, such as 6", text)
	}
	return nil
}

func checkNotes(text string) error {
	if n := len([]rune(text)); n > 1000 {
		return fmt.Errorf("%d characters are too many, want at most 1000", n)
	}
	return nil
}

// newClient makes what both kinds speak to the instance with.
func newClient(s notify.Settings, e notify.Env) (*client, error) {
	c := &client{env: e, base: strings.TrimSuffix(s.Get("instance"), "/")}
	if instanceShape.MatchString(c.base) {
		c.base = "https://" + c.base + ".service-now.com"
	}
	user, password, token := s.Get("user"), s.Get("password"), s.Get("token")
	switch {
	case token != "" && user == "" && password == "":
		c.authorization, c.secrets = "Bearer "+token, []string{token}
	case token == "" && user != "" && password != "":
		basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		c.authorization, c.secrets = "Basic "+basic, []string{basic, password}
	default:
		return nil, errors.New("set user and password, or token: one of the two, and whole")
	}
	return c, nil
}

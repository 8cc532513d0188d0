package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Status is a verdict.
type Status string

// The verdicts. Unknown is neither a pass nor a failure: something could not be read.
const (
	StatusPass          Status = "pass"
	StatusFail          Status = "fail"
	StatusUnknown       Status = "unknown"
	StatusNotApplicable Status = "not-applicable"
)

// Statuses lists every verdict, worst first.
var Statuses = []Status{StatusFail, StatusUnknown, StatusPass, StatusNotApplicable}

// ParseStatus reads a verdict's name.
func ParseStatus(name string) (Status, error) {
	if s := Status(name); slices.Contains(Statuses, s) {
		return s, nil
	}
	return "", fmt.Errorf("status %q: want fail, unknown, pass or not-applicable", name)
}

// StatusOf turns a truth into a verdict.
func StatusOf(t Tri) Status {
	switch t {
	case Yes:
		return StatusPass
	case No:
		return StatusFail
	case Unknown:
	}
	return StatusUnknown
}

// Finding is one verdict on one resource. It is the only thing that is told to anybody.
type Finding struct {
	ID       string     `json:"id"` // 16 hex digits, see [FindingID]
	Rule     string     `json:"rule"`
	Title    string     `json:"title"`
	Status   Status     `json:"status"`
	Severity Severity   `json:"severity"`
	Label    string     `json:"label"`
	Account  string     `json:"account"`
	Region   string     `json:"region"` // the resource's home Region; "" for the account
	Resource Ref        `json:"resource"`
	Message  string     `json:"message"`
	Notes    []string   `json:"notes"`
	Evidence []Evidence `json:"evidence"`
	Controls []Control  `json:"controls"`
	Page     string     `json:"page"`
	Fix      string     `json:"fix"` // a command that prints the fix; "" where there is nothing to fix

	*RealTime // what events made of it; nil for a verdict on state
}

// Control is a framework's requirement that a finding answers.
type Control struct {
	Framework string `json:"framework"`
	ID        string `json:"id"`
}

// FindingID is the same for the same account, rule and resource, in every run and every version.
func FindingID(account, rule string, r Ref) string {
	var room [256]byte
	text := room[:0]
	for _, part := range []string{account, rule, r.Kind, r.ID} {
		text = append(append(text, part...), 0)
	}
	sum := sha256.Sum256(text[:len(text)-1])
	return hex.EncodeToString(sum[:8])
}

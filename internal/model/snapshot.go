package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// SnapshotSchema names the version of the snapshot file.
const SnapshotSchema = "cairn.snapshot/v1"

// Snapshot is an organization, or a part of it, at one instant. Time is compared with CollectedAt,
// never with a clock, so a file is judged next year as it is today.
type Snapshot struct {
	Schema      string     `json:"schema"`
	CollectedAt time.Time  `json:"collectedAt"`    // when the last of it was read
	Began       time.Time  `json:"began,omitzero"` // when the first of it was, where that is earlier
	Calls       Calls      `json:"calls"`
	Accounts    []*Account `json:"accounts"`
}

// Calls counts the requests that were made, retries included.
type Calls struct {
	Requests int            `json:"requests"` // attempts on the wire
	Refused  int            `json:"refused"`  // calls that failed in the end
	ByOp     map[string]int `json:"byOperation"`
}

// Account finds an account by its number.
func (s *Snapshot) Account(id string) *Account {
	for _, a := range s.Accounts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// Link gives members' copies of an organization's trail what its owner knows of it, where the snapshot
// holds the owner: selectors and status can only be read there. Delivery is each account's own (CloudTrail User
// Guide, "cloudtrail-troubleshooting": see the member's GetTrailStatus), and so is whether its Regions list the copies of a
// multi-Region trail. It runs before rules do, once.
func (s *Snapshot) Link() {
	for _, member := range s.Accounts {
		for _, t := range member.Trails.Items {
			if owned := s.owned(member, t); owned != nil {
				inherit(t, owned)
			}
		}
	}
}

// owned is the owner's view of a trail that a member sees.
func (s *Snapshot) owned(member *Account, t *Trail) *Trail {
	if t.Owner() == member.ID {
		return nil
	}
	owner := s.Account(t.Owner())
	if owner == nil {
		return nil
	}
	return owner.Trail(t.ARN)
}

func inherit(t, owned *Trail) {
	for _, a := range Attributes {
		if !a.Known(t) && a.Name() != MultiRegion.Name() {
			a.inherit(t, owned)
		}
	}
}

// ReadSnapshot reads a snapshot file and refuses one of another version. Members that it does not know are ignored.
func ReadSnapshot(r io.Reader) (*Snapshot, error) {
	var s Snapshot
	dec := json.NewDecoder(r)
	if err := dec.Decode(&s); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read snapshot: it is empty: %s", makeOne)
	} else if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	if s.Schema != SnapshotSchema {
		return nil, fmt.Errorf("read snapshot: %s", otherSchema(s.Schema))
	}
	if s.CollectedAt.IsZero() {
		return nil, errors.New("read snapshot: no collectedAt: it was not written by cairn collect")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read snapshot: something follows the snapshot: a file holds one")
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return &s, nil
}

const makeOne = "make one with cairn collect -o snapshot.json"

// otherSchema says what a file is that is no snapshot of this version.
func otherSchema(schema string) string {
	switch family, _, _ := strings.Cut(schema, "/"); family {
	case "cairn.audit":
		return "this is an audit report, not a snapshot: " + makeOne
	case "cairn.snapshot":
		return fmt.Sprintf("schema %q, this cairn reads %q: collect again with this version", schema, SnapshotSchema)
	}
	return fmt.Sprintf("schema %q, so this is no snapshot: %s", schema, makeOne)
}

// check refuses what no collection gives and no verdict may rest on. A file without accounts would judge nothing
// and so pass.
func (s *Snapshot) check() error {
	if len(s.Accounts) == 0 {
		return errors.New("it holds no account")
	}
	seen := map[string]bool{}
	for i, a := range s.Accounts {
		switch {
		case a == nil:
			return fmt.Errorf("accounts[%d] is null", i)
		case a.ID == "":
			return fmt.Errorf("accounts[%d] has no id", i)
		case seen[a.ID]:
			return fmt.Errorf("account %s is there twice", a.ID)
		}
		seen[a.ID] = true
		a.Regions = present(a.Regions, a.ID, "ListRegions")
		a.Trails = present(a.Trails, a.ID, "DescribeTrails")
		if err := a.check(); err != nil {
			return fmt.Errorf("account %s: %w", a.ID, err)
		}
	}
	return nil
}

// present makes a list that the file does not hold a gap: absent and null are unknown, [] is empty.
func present[T any](l List[T], account, call string) List[T] {
	if l.Items == nil && l.Whole() {
		l.Gaps = []Gap{{Call: call, Account: account, Code: "Absent", Why: "the snapshot does not hold the answer"}}
	}
	return l
}

// Write writes the snapshot file.
func (s *Snapshot) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

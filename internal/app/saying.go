package app

import (
	"cmp"
	"slices"
	"strings"

	"cairn.example/internal/collect"
	"cairn.example/internal/detect"
	"cairn.example/internal/model"
)

// sayMore names what is watched for, and what is known of the accounts.
func (w *Watch) sayMore(running []string, s *model.Snapshot) {
	w.More("watched for: %s", strings.Join(running, ", "))
	if s == nil {
		return
	}
	for _, a := range s.Accounts {
		var trails []string
		for _, t := range a.Trails.Items {
			trails = append(trails, "trail/"+t.Name)
		}
		w.More("known of account %s as of %s: %s", a.ID, model.Moment(s.CollectedAt), cmp.Or(strings.Join(trails, ", "), "no trail"))
	}
}

// sayRefused names what is not watched for whatever is known of the accounts: one line for what the settings lack, and
// one for each mistake.
func (w *Watch) sayRefused(refused []detect.Refusal) {
	var unset []string
	for _, r := range refused {
		switch {
		case r.Needs == "":
			w.Say("not watched for: %v", r.Why)
		case !r.FromTrail && !slices.Contains(unset, r.Needs):
			unset = append(unset, r.Needs)
		}
	}
	if len(unset) > 0 {
		w.Say("not watched for until cairn.yaml sets watch.values: %s (cairn detections lint)", strings.Join(unset, ", "))
	}
}

// sayWaiting names what waits for a trail, once what is known of the accounts is known.
func (w *Watch) sayWaiting(refused []detect.Refusal) {
	var waiting []string
	for _, r := range refused {
		name := r.Detection
		if r.Part {
			name += " (in part)"
		}
		if r.FromTrail && r.Needs != "" && !slices.Contains(waiting, name) {
			waiting = append(waiting, name)
		}
	}
	if len(waiting) > 0 {
		w.Say("not watched for until a trail is known, from --snapshot FILE or from an event: %s", strings.Join(waiting, ", "))
	}
}

// sayWatching says in a line what a watch that goes on watches, whom it tells and where it keeps what it finds.
func (w *Watch) sayWatching(accounts []string, store string, channels []string) {
	if w.Once {
		return
	}
	parts := []string{"watching " + strings.Join(w.watches(), ", ")}
	if len(accounts) > 0 {
		parts = append(parts, "accounts "+strings.Join(accounts, ", "))
	}
	if store != "" {
		parts = append(parts, "kept in "+store)
	}
	if len(channels) > 0 {
		parts = append(parts, "told to "+strings.Join(channels, ", "))
	} else {
		parts = append(parts, "told here alone")
	}
	w.Say("%s", strings.Join(parts, "; "))
}

// watches are the sources in words.
func (w *Watch) watches() []string {
	var out []string
	if len(w.Files) > 0 {
		out = append(out, "files "+strings.Join(w.Files, " "))
	}
	for _, url := range w.Queues {
		out = append(out, "queue "+url)
	}
	for _, address := range w.Buckets {
		out = append(out, "bucket "+address)
	}
	if len(out) == 0 || w.History {
		out = append(out, "Event history")
	}
	return out
}

// accountsIn are those that something is known of.
func accountsIn(s *model.Snapshot) []string {
	if s == nil {
		return nil
	}
	var out []string
	for _, a := range s.Accounts {
		out = append(out, a.ID)
	}
	return out
}

// accountsOf are those that are about to be read by a role.
func accountsOf(targets []collect.Target) []string {
	var out []string
	for _, t := range targets {
		switch {
		case everywhere(t.Role):
			out = append(out, "all of the organization")
		case t.Role != "":
			out = append(out, model.ARNAccount(t.Role))
		}
	}
	return out
}

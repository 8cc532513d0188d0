package email

import (
	"encoding/json"
	"net/mail"
	"slices"

	"cairn.example/internal/notify"
)

// thread is what is remembered of a finding's messages.
type thread struct {
	First string   `json:"first"`           // the Message-ID of the first, which all others refer to
	Title string   `json:"title"`           // what all subjects have in common: some mailboxes put together what has one
	Sent  string   `json:"sent,omitempty"`  // the Message-ID of one that not everybody got yet
	Told  string   `json:"told,omitempty"`  // what that says
	To    []string `json:"to,omitempty"`    // who got it
	Tries int      `json:"tries,omitempty"` // after which some had not
}

// resume takes up a thread. What is none begins one.
func resume(ref string) thread {
	var t thread
	if json.Unmarshal([]byte(ref), &t) != nil {
		return thread{}
	}
	return t
}

// done is the thread once everybody got the message.
func (t *thread) done() *thread { return &thread{First: t.First, Title: t.Title} }

// again tells whether the message refers to an earlier one.
func (t *thread) again() bool { return t.Sent != t.First }

func (t *thread) String() string {
	text, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	return string(text)
}

func (t *thread) got(addresses []string) {
	for _, a := range addresses {
		t.To = append(t.To, notify.Digest(a))
	}
}

// missing are those of all who did not get it.
func (t *thread) missing(all []*mail.Address) []string {
	var out []string
	for _, a := range all {
		if !slices.Contains(t.To, notify.Digest(a.Address)) {
			out = append(out, a.Address)
		}
	}
	return out
}

package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"cairn.example/internal/config"
	"cairn.example/internal/model"
	"cairn.example/internal/notify"
	"cairn.example/internal/rule"
	"cairn.example/internal/store"
)

// Notify is what a question about channels needs.
type Notify struct {
	AWS
	Selection
	Keep
}

// Trial is what became of a message that somebody tried a channel with.
type Trial struct {
	Channel string
	Kind    notify.Kind
	Took    time.Duration
}

// TryChannel sends a channel a message that says that it is one for a trial, and ends it, as what is resolved is ended.
func (a *App) TryChannel(ctx context.Context, n Notify, name string) (Trial, error) {
	r, kind, err := a.channel(ctx, n, name)
	if err != nil {
		return Trial{}, err
	}
	now := a.Now()
	notice := notify.Notice{Finding: trial(name, now), State: notify.Open, Version: 1, Count: 1, Opened: now, Changed: now, Test: true}
	ch := r.channels[name]
	forget := func(string) error { return nil } // a trial that is cut short is not taken up again
	ref, err := notify.Show(ctx, ch, notify.Compose(notice, now), "", forget)
	if err == nil {
		notice.State, notice.Version, notice.Resolved, notice.Before, notice.Was = notify.Resolved, 2, now, notify.Open, notice.Finding.Severity
		if kind.Keyed || kind.Edits { // elsewhere it would be a second message
			_, err = notify.Show(ctx, ch, notify.Compose(notice, now), ref, forget)
		}
	}
	if err != nil {
		return Trial{}, fmt.Errorf("%s did not take it: %w%s", name, err, meant(err))
	}
	return Trial{name, kind, a.Now().Sub(now)}, nil
}

// meant is what a watch would do after such an answer, and so what is left to do.
func meant(err error) string {
	failed, ok := errors.AsType[*notify.Error](err)
	switch {
	case ok && failed.Failure == notify.Closed:
		return "; it takes nothing until that is put right: look at its settings and its secret in cairn.yaml, and at the far end"
	case ok && failed.Failure == notify.Refused:
		return "; it would not take this message however often it is sent"
	}
	return "; that may pass by itself: cairn watch would go on trying"
}

// trial is a finding that nobody need look into.
func trial(name string, now time.Time) model.Finding {
	about := model.Ref{Kind: notify.ChannelKind, ID: name}
	return model.Finding{
		ID: model.FindingID("trial", now.UTC().Format(time.RFC3339Nano), about), Rule: "CRN-100", Title: "Somebody tries this channel", Status: model.StatusFail, Severity: model.Low,
		Label: model.Low.Label(), Resource: about, Message: "Nothing is wrong. This is what a message of cairn looks like here.",
		Notes: []string{}, Evidence: []model.Evidence{}, Controls: []model.Control{}, Page: "cairn notify list",
	}
}

// channel makes one channel of the settings.
func (a *App) channel(ctx context.Context, n Notify, name string) (*routing, notify.Kind, error) {
	cfg, err := a.Config(n.Selection)
	if err != nil {
		return nil, notify.Kind{}, err
	}
	ch, ok := cfg.Notify.Channels[name]
	if !ok {
		return nil, notify.Kind{}, noChannel(name, n.Selection, cfg)
	}
	clear(cfg.Notify.Channels) // the secrets of the others may not be here
	cfg.Notify.Channels[name] = ch
	r, err := a.routing(ctx, n.AWS, cfg)
	return r, ch.Kind, err
}

func noChannel(name string, sel Selection, cfg *config.Config) error {
	known := slices.Sorted(maps.Keys(cfg.Notify.Channels))
	switch {
	case sel.file() == "":
		return errNoSettings
	case len(known) == 0:
		return &UsageError{fmt.Errorf("no channel %q: cairn.yaml has none under notify.channels", name)}
	}
	return &UsageError{fmt.Errorf("no channel %q%s: cairn.yaml has %s", name, rule.Suggest(name, known), strings.Join(known, ", "))}
}

// errNoSettings is told where channels are asked for and nothing says which there are.
var errNoSettings = &UsageError{errors.New("there is no " + config.FileName + " here, which names the channels: go to its folder, or name it by --config FILE")}

// Channel is a channel of the settings, and how it fares.
type Channel struct {
	Name     string
	Kind     notify.Kind
	Settings []string // in words, without secrets
	store.ChannelState
}

// Notified is all that is known of who is told what.
type Notified struct {
	Store    string // where it is kept; "" where nothing is yet
	Settings bool   // there is a cairn.yaml
	Channels []Channel
	Owed     []notify.Delivery
	Silences []notify.Silence
	Poisons  []store.Poison
}

// most bounds what is listed of a kind.
const most = 50

// Notified lists the channels, what they are owed, who is silenced and what could not be read.
func (a *App) Notified(ctx context.Context, n Notify) (Notified, error) {
	cfg, err := a.Config(n.Selection)
	if err != nil {
		return Notified{}, err
	}
	out := Notified{Settings: n.file() != ""}
	states := map[string]store.ChannelState{}
	err = a.withStore(ctx, n, func(s *store.Store) error {
		all, err := s.Channels(ctx)
		if err != nil {
			return err //nolint:wrapcheck // it says what was tried
		}
		for _, c := range all {
			states[c.Name] = c
		}
		out.Store = s.String()
		var errs [3]error
		out.Owed, errs[0] = s.Owed(ctx, most)
		out.Silences, errs[1] = s.Silences(ctx)
		out.Poisons, errs[2] = s.Poisons(ctx, most)
		return errors.Join(errs[:]...)
	})
	if none, ok := errors.AsType[*UsageError](err); ok && errors.Is(none, fs.ErrNotExist) {
		err = nil // nothing was kept yet
		if !out.Settings {
			err = errNoSettings
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Notify.Channels)) {
		ch := cfg.Notify.Channels[name]
		out.Channels = append(out.Channels, Channel{name, ch.Kind, words(ch), states[name]})
	}
	return out, err
}

// withStore opens the store that is there, and makes none.
func (a *App) withStore(ctx context.Context, n Notify, do func(*store.Store) error) error {
	address := n.storeAddress()
	if !strings.Contains(address, "://") {
		if _, err := os.Stat(address); err != nil {
			return &UsageError{fmt.Errorf("no store at %s (%w): cairn watch makes one, and --store says where", address, reason(err))}
		}
	}
	s, err := store.Open(ctx, address, store.Options{Now: a.Now})
	if err != nil {
		return err //nolint:wrapcheck // it says what was tried
	}
	return errors.Join(do(s), s.Close())
}

// RetryChannel lets a channel be tried again at once, with all that it is owed. It gives how many messages that is.
func (a *App) RetryChannel(ctx context.Context, n Notify, name string) (owed int64, err error) {
	cfg, err := a.Config(n.Selection)
	if err != nil {
		return 0, err
	}
	if _, ok := cfg.Notify.Channels[name]; !ok {
		return 0, noChannel(name, n.Selection, cfg)
	}
	err = a.withStore(ctx, n, func(s *store.Store) error {
		owed, err = s.OpenChannel(ctx, name)
		return err //nolint:wrapcheck // it says what was tried
	})
	return owed, err
}

// Silence keeps findings from being told for a time. It gives how many that are open now it matches.
func (a *App) Silence(ctx context.Context, n Notify, one notify.Silence) (kept notify.Silence, matches int, err error) {
	one.ID = silenceID()
	watched, err := Detections()
	if err != nil {
		return one, 0, err
	}
	r := &routing{rules: slices.Concat(a.Rules, Cards(watched))}
	err = a.withStore(ctx, n, func(s *store.Store) error {
		if err := s.Silence(ctx, one); err != nil {
			return err //nolint:wrapcheck // it says what was tried
		}
		if err := r.tagsKept(ctx, s); err != nil {
			return err
		}
		open, err := s.Findings(ctx, store.StateOpen)
		a.sayMeant(one.Match.Rules, r.rules, open)
		for _, k := range open {
			if one.Match.Holds(k.Finding, r.traits(k.Finding)) {
				matches++
			}
		}
		return err //nolint:wrapcheck // as above
	})
	return one, matches, err
}

// silenceID is an id of 16 hex digits, as findings have it. It is drawn, since several machines may share a store.
func silenceID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// sayMeant says which rule was probably meant by a word that fits none. It is no mistake for certain: the ids of users'
// own Sigma rules are free.
func (a *App) sayMeant(words []string, rules rule.Registry, open []store.Kept) {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	known := slices.Clone(ids)
	for _, k := range open {
		known = append(known, k.Finding.Rule)
	}
	for _, word := range words {
		meant := rule.Suggest(word, ids)
		fits := func(id string) bool { return notify.Fits(word, id) }
		if meant != "" && a.Note != nil && !slices.ContainsFunc(known, fits) {
			a.Note(fmt.Sprintf("no rule and no open finding fits rule=%s%s", word, meant))
		}
	}
}

// Unsilence ends a silence.
func (a *App) Unsilence(ctx context.Context, n Notify, id string) error {
	return a.withStore(ctx, n, func(s *store.Store) error {
		ok, err := s.Unsilence(ctx, id)
		if err == nil && !ok {
			err = &UsageError{fmt.Errorf("no silence %q that is not over: cairn notify list has them", id)}
		}
		return err //nolint:wrapcheck // it says what was tried
	})
}

// words are a channel's settings, and where its secrets come from.
func words(ch config.Channel) []string {
	var out []string
	for _, s := range ch.Kind.Settings {
		var values []string
		for _, v := range ch.Values[s.Name] {
			text := v.Text
			if v.Source != (config.Source{}) {
				text = "from " + v.String()
			}
			values = append(values, text)
		}
		if len(values) > 0 {
			out = append(out, s.Name+": "+strings.Join(values, ", "))
		}
	}
	return out
}

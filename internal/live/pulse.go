package live

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"cairn.example/internal/event"
	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// AppID stands in the user agent of cairn's own calls to AWS, as app/cairn. They come back as records where a trail
// records read events: a heartbeat through the whole path.
const AppID = "cairn"

var ownCall = []byte("app/" + AppID)

const (
	// Heartbeat stands for a Region among the pulses of an account: cairn's own calls.
	Heartbeat = "heartbeat"
	// Events stands before the Region of records, wherever they come from; a Region alone is that of log files, which
	// normally come every hour.
	Events = "events in "
)

// pulses are the accounts and Regions of which something arrived since the last look.
type pulses struct {
	mu  sync.Mutex
	new map[[2]string]bool
}

func (p *pulses) beat(account, region string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.new == nil {
		p.new = map[[2]string]bool{}
	}
	p.new[[2]string{account, region}] = true
}

func (p *pulses) take() [][2]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out [][2]string
	for one := range p.new {
		out = append(out, one)
	}
	p.new = nil
	return out
}

// logFile is the account and Region in the name of a log file: 111122223333_CloudTrail_eu-west-1_20261122T0940Z_….
var logFile = regexp.MustCompile(`(\d{12})_CloudTrail_([a-z0-9-]+)_\d{8}T\d{4}Z_`)

// object takes in that an object arrived.
func (p *pulses) object(name string) {
	if m := logFile.FindStringSubmatch(name); m != nil {
		p.beat(m[1], m[2])
	}
}

// record takes in a record, which may be of a call of cairn's own.
func (p *pulses) record(rec *event.Record) {
	if account := string(rec.RecipientAccountID()); account != "" { // very old records do not say
		p.beat(account, Events+string(rec.AWSRegion()))
	}
	if string(rec.EventSource()) == "cloudtrail.amazonaws.com" && bytes.Contains(rec.Raw, ownCall) {
		p.beat(string(rec.RecipientAccountID()), Heartbeat)
	}
}

const (
	// regular is the least part of hours in which something arrives of an account and Region that normally has some, and
	// watched for how long it must have been looked at to say so.
	regular = 0.75
	watched = 24 * time.Hour
	// silent is how long nothing may arrive. Log files come five minutes late on average; now and then an hour.
	silent = 3 * time.Hour
	// late is how long a call of cairn's own may take to come back.
	late = time.Hour
)

// listener finds whether what normally arrives still does.
type listener struct {
	w      *Watch
	began  time.Time            // before that nobody may have listened
	called map[string]time.Time // by account, since when cairn reads it
	heard  map[string]bool      // by finding, that the store has of it that records arrive
}

// listen tells what does not arrive any more, and what does again.
func (l *listener) listen(ctx context.Context) error {
	all, err := l.w.Store.Pulses(ctx)
	if err != nil {
		return err
	}
	return l.say(ctx, l.found(all, l.w.Now()))
}

// found is whether records arrive, where that can be said.
func (l *listener) found(all []store.Pulse, now time.Time) []model.Finding {
	var found []model.Finding
	for _, p := range all {
		switch since, calls := l.called[p.Account]; {
		case p.Region == Heartbeat:
			if calls && l.w.Every > 0 && decided(p, since, now, l.w.Every+late) {
				found = append(found, l.w.heard(p, now))
			}
		case strings.HasPrefix(p.Region, Events):
		case (usual(p) || now.Sub(p.Last) < silent) && decided(p, l.began, now, silent): // a long silence makes it unusual
			found = append(found, l.w.quiet(p, now))
		}
	}
	return found
}

// say tells what was found, but not again that records arrive: the store asks the database about each finding.
func (l *listener) say(ctx context.Context, found []model.Finding) error {
	heard := map[string]bool{}
	var news []model.Finding
	for _, f := range found {
		heard[f.ID] = f.Status == model.StatusPass
		if !heard[f.ID] || !l.heard[f.ID] {
			news = append(news, f)
		}
	}
	told, err := l.w.Store.Tell(ctx, store.News{Audits: []store.Audit{{Findings: news}}})
	if err != nil {
		return err
	}
	l.heard = heard
	l.w.tell(told)
	return nil
}

// forget has all of it told once more.
func (l *listener) forget() { l.heard = nil }

// calling keeps since when cairn reads each account: while it does not, it makes no calls that could come back.
func (l *listener) calling(s *model.Snapshot) {
	called := map[string]time.Time{}
	for _, a := range s.Accounts {
		if a.Unread() == nil {
			called[a.ID] = cmp.Or(l.called[a.ID], s.CollectedAt)
		}
	}
	l.called = called
}

// notCalling says that cairn can read no account.
func (l *listener) notCalling() { l.called = nil }

// usual tells whether something normally arrives.
func usual(p store.Pulse) bool {
	return p.Last.Sub(p.First) >= watched && float64(p.Hours) >= regular*p.Last.Sub(p.First).Hours()
}

// decided tells whether something arrived within a time, or could have arrived all that time and did not.
func decided(p store.Pulse, since, now time.Time, within time.Duration) bool {
	return now.Sub(p.Last) < within || now.Sub(since) >= within
}

// quiet is whether records of an account and Region still arrive.
func (w *Watch) quiet(p store.Pulse, now time.Time) model.Finding {
	f := w.path(silenceRule, "No log files arrive", p)
	f.Region = p.Region
	if now.Sub(p.Last) < silent {
		f.Status, f.Message = model.StatusPass, "Log files arrive again."
		return f
	}
	f.Message = fmt.Sprintf("No log file of %s has arrived since %s; normally some do every hour. Either nothing was called there, or no trail records it, or the files do not reach cairn.",
		p.Region, model.Moment(p.Last))
	return f
}

// heard is whether cairn's own calls still come back.
func (w *Watch) heard(p store.Pulse, now time.Time) model.Finding {
	f := w.path(heartbeatRule, "cairn's own calls do not come back", p)
	if now.Sub(p.Last) < w.Every+late {
		f.Status, f.Message = model.StatusPass, "cairn's own calls come back as records."
		return f
	}
	f.Message = fmt.Sprintf("cairn reads the account every %s, and its calls came back as records. None has since %s: records of this account do not reach cairn.",
		model.Span(w.Every), model.Moment(p.Last))
	return f
}

func (w *Watch) path(rule, title string, p store.Pulse) model.Finding {
	about := model.Ref{Kind: "Cairn::Watch::Path", ID: p.Account + "/" + p.Region}
	f := w.own(rule, title, about)
	f.ID, f.Account, f.Severity, f.Page = model.FindingID(p.Account, rule, about), p.Account, model.High, "cairn doctor"
	f.Label = f.Severity.Label()
	return f
}

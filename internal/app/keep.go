package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cairn.example/internal/audit"
	"cairn.example/internal/collect"
	"cairn.example/internal/config"
	"cairn.example/internal/detect"
	"cairn.example/internal/live"
	"cairn.example/internal/model"
	"cairn.example/internal/remediate"
	"cairn.example/internal/source"
	"cairn.example/internal/store"
)

// Keep is what a watch needs that goes on for good: a store, and what fills it beside files and Event history.
type Keep struct {
	Store   string   // a SQLite file, or a URL of PostgreSQL; "" keeps nothing
	Queues  []string // URLs of SQS
	Buckets []string // s3://BUCKET/PREFIX
	History bool     // Event history too, beside other sources
	Audit   time.Duration
	Listen  string // HOST:PORT of metrics and health; "" is none

	Lasting  func()           // called when it is known that the watch goes on for good, before anything is opened
	Keeping  func()           // called when there is something that must not be cut short
	Told     func(store.Told) // what became of findings; by several goroutines
	Progress func(Rates)      // now and then; by several goroutines
}

// Rates are what a watch does at a moment.
type Rates struct {
	Records, Kept, Findings int64
	PerSecond               float64
	Lag                     time.Duration // of the last message of a queue
}

// keeps tells whether the watch needs a store.
func (w *Watch) keeps(cfg *config.Config) bool {
	return w.Store != "" || len(w.Queues)+len(w.Buckets) > 0 || len(cfg.Notify.Channels) > 0 && !w.Once
}

// storeName is where a watch keeps what it knows, unless it is told otherwise.
const storeName = "cairn.db"

// storeAddress is the store's: what was asked for, or a file where the system says that state belongs, or here.
func (k Keep) storeAddress() string {
	return cmp.Or(k.Store, filepath.Join(os.Getenv("STATE_DIRECTORY"), storeName))
}

// keep keeps watch for good.
func (a *App) keep(ctx context.Context, w *Watch, o detect.Options, cfg *config.Config) (Watched, error) {
	if w.Lasting != nil && !w.Once {
		w.Lasting()
	}
	_, refused, err := detect.New(o)
	w.sayRefused(refused)
	if err != nil {
		return Watched{}, err
	}
	k := &keeping{app: a, watch: w, cfg: cfg, id: holder(a.Now()), options: o, metrics: newMetrics()}
	if err := k.open(ctx); err != nil {
		return Watched{}, err
	}
	defer k.close()
	l, err := k.live(ctx, o)
	if err != nil {
		return Watched{}, err
	}
	if w.Keeping != nil {
		w.Keeping()
	}
	running := running(o.Detections, refused)
	w.More("watched for: %s", strings.Join(running, ", "))
	w.sayWatching(k.accounts(l), k.store.String(), slices.Sorted(maps.Keys(cfg.Notify.Channels)))
	stop, err := k.serve() //nolint:contextcheck // it ends after the run, whatever became of that
	if err != nil {
		return Watched{}, err
	}
	err = errors.Join(w.run(func() error { return l.Run(ctx) }), stop())
	counts := k.counts.read()
	return Watched{counts, len(running)}, w.unread.of(err, counts, w.Files)
}

// keeping is a watch that goes on for good, being put together.
type keeping struct {
	app     *App
	watch   *Watch
	cfg     *config.Config
	id      string
	store   *store.Store
	routes  *routing
	options detect.Options
	metrics *metrics
	counts  counter
	asked   *model.Snapshot // whose Event history is read

	named   []collect.Target      // as the flags name them
	archive *collect.Archive      // where their Event history is asked for, whenever they were found
	more    chan []source.Account // whose Event history is read, as the accounts are read again; nil: nobody's
}

func (k *keeping) open(ctx context.Context) (err error) {
	if k.routes, err = k.app.routing(ctx, k.watch.AWS, k.cfg); err != nil {
		return err
	}
	o := store.Options{Now: k.app.Now, Routes: k.routes.Routes, Inhibit: k.cfg.Notify.Inhibit, Traits: k.routes.traits, Quiet: k.cfg.Notify.Quiet}
	if err := k.except(&o); err != nil {
		return err
	}
	k.store, err = store.Open(ctx, k.watch.storeAddress(), o)
	if err != nil {
		return err //nolint:wrapcheck // it says what was tried
	}
	if err := errors.Join(k.store.Bury(ctx, dead), k.sayOthers(ctx)); err != nil {
		return errors.Join(err, k.store.Close())
	}
	return nil
}

// sayOthers says that a file has another process already. It is not refused: one that was killed elsewhere, as in a
// container, lives on in the store for some seconds.
func (k *keeping) sayOthers(ctx context.Context) error {
	others, err := k.store.Others(ctx, k.id)
	if len(others) > 0 && !k.store.Shared() {
		k.watch.Say("%s is another watch's too (%s), and a SQLite file is for one: end either, or give both a --store postgres://...; one that was killed counts for 15 s",
			k.store, strings.Join(others, ", "))
	}
	return err //nolint:wrapcheck // it says what was tried
}

// except gives the store the exceptions of the settings. Expired ones count as none, and are told.
func (k *keeping) except(o *store.Options) error {
	all, err := k.cfg.LoadExceptions()
	if err != nil {
		return &UsageError{err}
	}
	for _, old := range all.Expired(k.app.Now()) {
		k.watch.Say("%s: this exception has expired on %s and counts as none: %s", old.Where, old.Until(), old.Reason)
	}
	if len(all) > 0 {
		o.Excused, o.Changes = all.For, all.Changes
	}
	return nil
}

func (k *keeping) close() {
	if err := k.store.Close(); err != nil {
		k.app.Log.Error("close the store", "error", err)
	}
}

// live puts the parts together.
func (k *keeping) live(ctx context.Context, o detect.Options) (*live.Watch, error) {
	a, w := k.app, k.watch
	judging, err := a.judging(k.cfg, w.Selection)
	if err != nil {
		return nil, err
	}
	judging.FixCommand = w.FixCommand
	l := &live.Watch{
		Store: k.store, ID: k.id, Detect: o, Workers: k.workers(), Every: w.Audit, Now: a.Now, Log: a.Log, Tell: k.told, Seen: k.seen,
		Audit: func(s *model.Snapshot) audit.Result { return audit.Judge(s, judging) }, Repair: a.pasted, Known: k.routes.tagged,
	}
	if err := k.know(ctx, l); err != nil {
		return nil, err
	}
	l.Sources, err = k.sources(ctx)
	return l, err
}

// know tells the watch what is known of the accounts: what a file says, or how they are read. Where files alone are
// watched, nobody is asked unless credentials were named.
func (k *keeping) know(ctx context.Context, l *live.Watch) error {
	a, w := k.app, k.watch
	if w.Snapshot != "" || !k.reads() {
		var err error
		l.Begin, _, err = a.known(ctx, w)
		return err
	}
	var err error
	if k.named, err = a.watched(ctx, w.AWS); err != nil {
		return err
	}
	facts := append(a.Rules.Needs(), remediate.Facts()...)
	l.Collect = func(ctx context.Context) (*model.Snapshot, error) {
		targets, err := a.spread(ctx, w.AWS, k.named)
		if err != nil {
			return nil, err
		}
		s, err := a.collect(ctx, w.AWS, targets, facts)
		if err == nil {
			k.routes.tagged(s)
			k.found(targets, s)
		}
		return s, err
	}
	return nil
}

// found has the Event history be read of accounts and Regions that are new. The accounts are read by one at a time.
func (k *keeping) found(targets []collect.Target, s *model.Snapshot) {
	if k.more == nil {
		return
	}
	select {
	case <-k.more: // nobody took what was found before
	default:
	}
	k.more <- histories(k.archive, targets, s)
}

// accounts are those of which something is known before the first look at them, by a file or because Event history needs it;
// else those that the flags name.
func (k *keeping) accounts(l *live.Watch) []string {
	if known := cmp.Or(l.Begin, k.asked); known != nil {
		return accountsIn(known)
	}
	return accountsOf(k.named)
}

// reads tells whether the accounts are read through AWS.
func (k *keeping) reads() bool {
	w := k.watch
	return len(w.Files) == 0 || w.Profile != "" || len(w.Roles) > 0
}

// told passes on what became of a finding.
func (k *keeping) told(one store.Told) {
	k.counts.findings.Add(1)
	k.metrics.told(one)
	if k.watch.Told != nil {
		k.watch.Told(one)
	}
}

func (k *keeping) seen(s live.Seen) {
	k.counts.add(s)
	k.metrics.seen(s)
	if k.watch.Progress != nil {
		k.watch.Progress(k.counts.rates(k.app.Now()))
	}
}

// counter counts what was read.
type counter struct {
	records, judged, rejected, bytes, files, kept, findings, lag atomic.Int64
	began                                                        atomic.Int64
	before                                                       atomic.Int64 // records at the last mark
	rate                                                         atomic.Int64 // a thousandth of a record a second
}

func (c *counter) add(s live.Seen) {
	c.records.Add(int64(s.Counts.Records))
	c.judged.Add(int64(s.Counts.Judged))
	c.rejected.Add(int64(s.Counts.Rejected))
	c.bytes.Add(s.Counts.Bytes)
	c.files.Add(1)
	c.kept.Add(int64(s.Kept))
	if s.Lag > 0 {
		c.lag.Store(int64(s.Lag))
	}
}

func (c *counter) read() detect.Counts {
	return detect.Counts{
		Records: int(c.records.Load()), Judged: int(c.judged.Load()), Rejected: int(c.rejected.Load()), Files: int(c.files.Load()), Bytes: c.bytes.Load(),
	}
}

// rates works the rate out anew every second.
func (c *counter) rates(now time.Time) Rates {
	mark, records := c.began.Load(), c.records.Load()
	if since := now.UnixNano() - mark; mark == 0 || since > int64(time.Second) {
		if mark > 0 {
			c.rate.Store((records - c.before.Load()) * 1000 * int64(time.Second) / since)
		}
		c.before.Store(records)
		c.began.Store(now.UnixNano())
	}
	return Rates{records, c.kept.Load(), c.findings.Load(), float64(c.rate.Load()) / 1000, time.Duration(c.lag.Load())}
}

// sources are what records come from.
func (k *keeping) sources(ctx context.Context) ([]live.Source, error) {
	w := k.watch
	var out []live.Source
	if len(w.Files) > 0 {
		s, err := k.files(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(w.Queues)+len(w.Buckets) > 0 {
		stored, err := k.stored(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, stored...)
	}
	if len(out) == 0 || w.History {
		s, err := k.history(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (k *keeping) files(ctx context.Context) (live.Source, error) {
	w := k.watch
	state, err := k.state(ctx, "files")
	if err != nil {
		return live.Source{}, err
	}
	files := source.Files{Paths: w.Files, Stdin: w.Stdin, Follow: !w.Once, Every: w.Poll, State: state, Problem: w.unread.problem, Now: k.app.Now}
	return live.Source{Name: "files", Run: files.Run}, nil
}

// state is where a source is, as the store has it.
func (k *keeping) state(ctx context.Context, of string) (*source.State, error) {
	name := "state of " + of
	body, _, err := k.store.Document(ctx, name)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was tried
	}
	save := func(raw []byte) error { return k.store.SaveDocument(context.WithoutCancel(ctx), name, raw) }
	return source.RestoreState(name, body, save) //nolint:wrapcheck // as above
}

// stored are queues and buckets, which are read with the credentials at hand and no role.
func (k *keeping) stored(ctx context.Context) ([]live.Source, error) {
	a, w := k.app, k.watch
	plain := w.AWS
	plain.Roles, plain.ExternalID = nil, ""
	targets, err := a.watched(ctx, plain)
	if err != nil {
		return nil, err
	}
	at, calling := targets[0], a.calling(plain)
	buckets := collect.NewBuckets(at, calling)
	var out []live.Source
	for _, url := range w.Queues {
		receiver, err := collect.NewQueue(at, url, calling)
		if err != nil {
			return nil, &UsageError{fmt.Errorf("--queue %w", err)}
		}
		q := source.Queue{Name: url, Receiver: receiver, Objects: buckets, Poison: k.poison, Problem: w.unread.problem, Now: a.Now}
		out = append(out, live.Source{Name: "queue " + url, Run: q.Run})
	}
	for _, address := range w.Buckets {
		name, prefix, err := bucketOf(address)
		if err != nil {
			return nil, err
		}
		b := source.Bucket{
			Name: name, Prefix: prefix, Objects: buckets, Lister: buckets, Cursors: k.cursors(), Since: w.Since, Once: w.Once, Problem: w.unread.problem, Now: a.Now,
		}
		out = append(out, live.Source{Name: "bucket " + name, Run: b.Run})
	}
	return out, nil
}

// bucketOf takes s3://BUCKET/PREFIX apart.
func bucketOf(address string) (name, prefix string, err error) {
	rest, ok := strings.CutPrefix(address, "s3://")
	name, prefix, _ = strings.Cut(rest, "/")
	if !ok || name == "" {
		return "", "", &UsageError{fmt.Errorf("--bucket %q: want s3://BUCKET, or s3://BUCKET/PREFIX where the trail has one", address)}
	}
	return name, strings.Trim(prefix, "/"), nil
}

// poison keeps a message that nobody can read.
func (k *keeping) poison(ctx context.Context, p source.Poisoned) error {
	k.watch.Say("a message of %s cannot be read and was put aside: %v (cairn notify list shows it)", p.Queue, p.Err)
	return k.store.Poisoned(ctx, store.Poison{ID: p.ID, Source: p.Queue, Body: p.Body, Error: p.Err.Error(), Tries: p.Tries}) //nolint:wrapcheck // it says what was tried
}

// cursors are where bucket listings are, as the store has it.
func (k *keeping) cursors() source.Cursors { return cursors{k.store} }

type cursors struct{ s *store.Store }

func (c cursors) Get(ctx context.Context, name string) (string, error) {
	body, _, err := c.s.Document(ctx, "cursor of "+name)
	return string(body), err //nolint:wrapcheck // it says what was tried
}

func (c cursors) Set(ctx context.Context, name, value string) error {
	return c.s.SaveDocument(ctx, "cursor of "+name, []byte(value)) //nolint:wrapcheck // it says what was tried
}

// history is the accounts' Event history, in the Regions that are enabled now, and in those that are found enabled later.
func (k *keeping) history(ctx context.Context) (live.Source, error) {
	a, w := k.app, k.watch
	var err error
	if len(k.named) == 0 {
		if k.named, err = a.watched(ctx, w.AWS); err != nil {
			return live.Source{}, err
		}
	}
	targets, err := a.spread(ctx, w.AWS, k.named)
	if err != nil {
		return live.Source{}, err
	}
	s, err := a.collect(ctx, w.AWS, targets, nil)
	if err != nil {
		return live.Source{}, err
	}
	k.asked = s
	state, err := k.state(ctx, "Event history")
	if err != nil {
		return live.Source{}, err
	}
	d, _, err := detect.New(k.options)
	if err != nil {
		return live.Source{}, err //nolint:wrapcheck // it was made before
	}
	sources, all := d.Sources()
	w.sayHistory(sources, all)
	k.archive, k.more = a.archive(w.AWS), make(chan []source.Account, 1)
	lookup := source.Lookup{
		Accounts: histories(k.archive, targets, s), More: k.more, Sources: sources, Since: w.Since, Every: w.Poll, Once: w.Once, State: state, Problem: w.unread.problem, Now: a.Now,
	}
	return live.Source{Name: "Event history", Run: lookup.Run}, nil
}

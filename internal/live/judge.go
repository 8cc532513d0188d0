package live

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"cairn.example/internal/detect"
	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// judge judges the log, while this process is the one that does.
type judge struct {
	w        *Watch
	detector *detect.Detector // nil while another process judges, and after a failure
	sweep    time.Time
	hark     time.Time
	trim     time.Time
	owns     time.Time         // until when nobody else judges
	audited  map[string][]byte // by account, what of its verdicts the store has
	read     *model.Snapshot   // the accounts as they were read last
	whole    time.Time         // the log may lack records that are older
	untold   []untold
	hidden   map[string]*model.Snapshot // by account that cannot be read, as it was read last; a restart forgets it
	ended    []model.Loss               // of which a reading showed the end and no event told it
	stood    map[string]bool            // by finding, what of its standing the store has
	looking  atomic.Bool                // the accounts are judged for the first time
	caught   func() time.Time           // when sources have read what came long ago

	listener listener
	reader   reader
}

func newJudge(w *Watch, caught func() time.Time) *judge {
	j := &judge{
		w: w, caught: caught, hidden: map[string]*model.Snapshot{},
		listener: listener{w: w, began: w.Now()},
		reader:   reader{w: w, arrived: make(chan struct{}, 1)},
	}
	j.looking.Store(w.Begin != nil)
	return j
}

// theJudge is the name of the lease.
const theJudge = "judge"

// run judges until the context ends.
func (j *judge) run(ctx context.Context) {
	defer func() {
		j.reader.running.Wait()
		_ = j.w.Store.Disown(context.WithoutCancel(ctx), theJudge, j.w.ID) // else it runs out by itself
	}()
	var failing fault
	for ctx.Err() == nil {
		logged := j.w.Store.Logged()
		n, err := j.turn(ctx)
		if err == nil {
			failing.over()
		}
		switch {
		case err != nil && ctx.Err() == nil:
			if failing.news(err, j.w.Now()) {
				j.w.Log.ErrorContext(ctx, "judge the log", "error", err)
			}
			j.detector, j.owns = nil, time.Time{} // what it took in may not be kept, or by somebody else
			pause(ctx, again)
		case n == 0:
			select {
			case <-logged:
			case <-j.reader.arrived:
			case <-time.After(j.patience()):
			case <-ctx.Done():
			}
		}
	}
}

// patience is how long the judge waits for what nobody in this process told it of.
func (j *judge) patience() time.Duration {
	if j.w.Store.Shared() {
		return look
	}
	return owned / 4
}

// atATime bounds how many records of the log are judged in one transaction.
const atATime = 2_000

// turn judges what is new in the log, and does what it is time for. It gives how many records there were.
func (j *judge) turn(ctx context.Context) (int, error) {
	if ok, err := j.mine(ctx); !ok || err != nil {
		return 0, err
	}
	if j.detector == nil {
		if err := j.begin(ctx); err != nil {
			return 0, err
		}
	}
	n, err := j.fresh(ctx)
	if err != nil || n == atATime { // first what is there
		return n, err
	}
	return n, j.chores(ctx)
}

// all judges until nothing is new in the log, with what is known of the accounts.
func (j *judge) all(ctx context.Context) error {
	for ctx.Err() == nil {
		waiting, err := j.w.Store.Fresh(ctx, 1)
		if err != nil || len(waiting) == 0 && !j.looking.Load() {
			return err
		}
		pause(ctx, look/10)
	}
	return nil
}

// mine tells whether this process is the one that judges.
func (j *judge) mine(ctx context.Context) (bool, error) {
	now := j.w.Now()
	if now.Before(j.owns.Add(-2 * owned / 3)) {
		return true, nil
	}
	ok, err := j.w.Store.Own(ctx, theJudge, j.w.ID, owned)
	if ok && err == nil {
		j.owns = now.Add(owned)
		return true, nil
	}
	j.detector = nil
	j.looking.Store(false) // who judges reads them
	return false, err
}

// begin makes a detector of what is known of the accounts and of the log so far. What it tells was mostly told before.
func (j *judge) begin(ctx context.Context) error {
	// Another process may have told the store since.
	j.audited = map[string][]byte{}
	j.listener.forget()
	if err := j.restore(ctx); err != nil {
		return err
	}
	snapshot, err := j.known(ctx)
	if err != nil {
		return err
	}
	j.due()
	if err := j.start(ctx, snapshot); err != nil || j.w.Collect != nil || snapshot == nil {
		return err
	}
	defer j.looking.Store(false)
	return j.verdicts(ctx, j.detector.Twin()) // of a file: nothing will read the accounts
}

func (j *judge) start(ctx context.Context, snapshot *model.Snapshot) error {
	j.stood = nil
	o := j.w.Detect
	o.Snapshot, o.Ended, o.Dedup = snapshot, j.ended, true
	if j.w.Known != nil && snapshot != nil {
		j.w.Known(snapshot)
	}
	d, _, err := detect.New(o)
	if err != nil {
		return fmt.Errorf("prepare to judge: %w", err)
	}
	past, err := j.w.Store.Past(ctx)
	if err != nil {
		return err
	}
	if err := read(d, past); err != nil {
		return err
	}
	if err := j.keep(ctx, d, nil); err != nil {
		return err
	}
	j.detector, j.read, j.whole = d, snapshot, time.Time{}
	if len(past) >= store.LogRecords {
		j.whole = past[0].At
	}
	return nil
}

// LastSnapshot is the name under which the store has what was read of the accounts last.
const LastSnapshot = "snapshot"

// known is what is known of the accounts: as they were read last, by a watch or into a file. Where they can be read they are,
// beside the judging.
func (j *judge) known(ctx context.Context) (*model.Snapshot, error) {
	body, _, err := j.w.Store.Document(ctx, LastSnapshot)
	if err != nil {
		return nil, err
	}
	var last *model.Snapshot
	if body != nil {
		if last, err = model.ReadSnapshot(bytes.NewReader(body)); err != nil {
			j.w.Log.WarnContext(ctx, "what was read of the accounts before cannot be used", "error", err)
			last = nil
		}
	}
	switch begin := j.w.Begin; {
	case begin != nil && (last == nil || begin.CollectedAt.After(last.CollectedAt)):
		return begin, j.save(ctx, begin)
	case j.w.Collect == nil:
	case last == nil: // what happens before they are read is judged with nothing known, and anew then
		j.reader.ask(ctx)
		j.looking.Store(j.reader.reading != nil)
	default:
		j.reader.since(last.CollectedAt)
	}
	return last, nil
}

func (j *judge) save(ctx context.Context, s *model.Snapshot) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write what was read of the accounts: %w", err)
	}
	return j.w.Store.SaveDocument(ctx, LastSnapshot, body)
}

// fresh judges records that were not judged yet.
func (j *judge) fresh(ctx context.Context) (int, error) {
	records, err := j.w.Store.Fresh(ctx, atATime)
	if err != nil || len(records) == 0 {
		return 0, err
	}
	if err := read(j.detector, records); err != nil {
		return 0, err
	}
	if err := j.keep(ctx, j.detector, records); err != nil {
		return 0, err
	}
	return len(records), j.reconsider(ctx)
}

func read(d *detect.Detector, records []store.Record) error {
	var all bytes.Buffer
	for _, r := range records {
		all.Write(bytes.ReplaceAll(r.Body, []byte("\n"), []byte(" ")))
		all.WriteByte('\n')
	}
	if all.Len() == 0 {
		return nil
	}
	return d.Read("the log", &all) //nolint:wrapcheck // it names the log
}

// keep keeps what a detector found, and what that changes of verdicts.
func (j *judge) keep(ctx context.Context, d *detect.Detector, records []store.Record) error {
	n := store.News{Lines: d.Tell(), Lease: theJudge, Holder: j.w.ID}
	if err := j.rememberEnds(ctx, n.Lines, len(records) == 0); err != nil {
		return err
	}
	standing := d.Standing()
	n.Standing = j.moved(standing, n.Lines)
	for _, r := range records {
		n.Judged = append(n.Judged, store.Judged{ID: r.ID, Kept: !d.Awaited(r.Body)})
	}
	var audited map[string][]byte
	if j.triggered(n.Lines) {
		var err error
		if n.Audits, audited, err = j.changed(d.Twin()); err != nil {
			return err
		}
		// What a start tells again is no reason to read them.
		if len(records) > 0 {
			j.reader.by(j.w.Now().Add(confirm))
		}
	}
	told, err := j.w.Store.Tell(ctx, n)
	if err != nil {
		return err
	}
	maps.Copy(j.audited, audited)
	j.stood = standing
	j.w.tell(told)
	return nil
}

// moved is what of the standing the store does not have from this judge, and that of the findings which lines are of: the
// store asks the database about every finding that does not stand.
func (j *judge) moved(standing map[string]bool, lines []model.Finding) map[string]bool {
	out := map[string]bool{}
	for id, stands := range standing {
		if had, ok := j.stood[id]; !ok || had != stands {
			out[id] = stands
		}
	}
	for _, f := range lines {
		if stands, ok := standing[f.ID]; ok {
			out[f.ID] = stands
		}
	}
	return out
}

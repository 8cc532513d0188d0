package live

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cairn.example/internal/model"
	"cairn.example/internal/store"
)

// confirm is how long after a change of a trail the accounts are read again, which shows whether it is as the events
// told. Changes reach the other Regions within a minute or so.
const confirm = time.Minute

// chores does what it is time for.
func (j *judge) chores(ctx context.Context) error {
	if err := j.audit(ctx); err != nil {
		return err
	}
	now := j.w.Now()
	if !now.Before(j.sweep) {
		j.sweep = now.Add(sweeping)
		told, err := j.w.Store.Sweep(ctx)
		if err != nil {
			return err
		}
		j.w.tell(told)
	}
	if !now.Before(j.hark) {
		j.hark = now.Add(listening)
		if err := j.listener.listen(ctx); err != nil {
			return err
		}
		if err := j.w.closed(ctx); err != nil {
			return err
		}
	}
	if !now.Before(j.trim) {
		j.trim = now.Add(time.Hour)
		return j.w.Store.Trim(ctx)
	}
	return nil
}

// audit has the accounts read when it is time, and begins the twin anew with what was read. Where they cannot be read what was
// known stays.
func (j *judge) audit(ctx context.Context) error {
	got, ok := j.reader.take()
	if !ok {
		j.reader.ask(ctx)
		return nil
	}
	defer j.looking.Store(false)
	if got.err != nil {
		j.listener.notCalling()
		return j.reader.unread(ctx, got.err)
	}
	if j.read != nil && got.snapshot.CollectedAt.Before(j.read.CollectedAt) {
		return nil // another process judged meanwhile, and read them later
	}
	j.reader.inTurn()
	err := j.renew(ctx, got.snapshot)
	if err != nil { // what was read may not be kept
		j.reader.within(confirm)
	}
	return err
}

// renew begins anew with what was read.
func (j *judge) renew(ctx context.Context, s *model.Snapshot) error {
	j.listener.calling(s)
	if err := j.reader.wasRead(ctx); err != nil {
		return err
	}
	if err := j.compare(ctx, s); err != nil {
		return err
	}
	if err := j.save(ctx, s); err != nil {
		return err
	}
	if err := j.start(ctx, s); err != nil {
		return err
	}
	return j.verdicts(ctx, j.detector.Twin()) // with what happened since an account was read
}

// verdicts tells what an audit finds that the store does not have, account by account: who judges in between says so again.
func (j *judge) verdicts(ctx context.Context, s *model.Snapshot) error {
	changed, audited, err := j.changed(s)
	if err != nil {
		return err
	}
	for _, some := range parts(changed) {
		if _, err := j.mine(ctx); err != nil {
			return err
		}
		told, err := j.w.Store.Tell(ctx, store.News{Audits: some, Lease: theJudge, Holder: j.w.ID})
		if err != nil {
			return err
		}
		for _, one := range some {
			j.audited[one.Account] = audited[one.Account]
		}
		j.w.tell(told)
	}
	return nil
}

// verdictsAtATime bounds how many verdicts are told in one transaction, an account more or less: the store asks about each,
// and the lease of the judge must outlast that.
const verdictsAtATime = 200

// parts are audits in their order, as many together as are told in one transaction.
func parts(all []store.Audit) [][]store.Audit {
	var out [][]store.Audit
	n := verdictsAtATime
	for _, one := range all {
		if n += len(one.Findings); n > verdictsAtATime || len(out) == 0 {
			out, n = append(out, nil), len(one.Findings)
		}
		out[len(out)-1] = append(out[len(out)-1], one)
	}
	return out
}

// audits are an audit's findings, by account.
func (j *judge) audits(s *model.Snapshot) []store.Audit {
	if s == nil || j.w.Audit == nil {
		return nil
	}
	found := j.w.Audit(s)
	of := map[string][]model.Finding{}
	for _, f := range found.Findings {
		of[f.Account] = append(of[f.Account], f)
	}
	var out []store.Audit
	for _, a := range s.Accounts {
		one := store.Audit{Account: a.ID, Rules: found.Summary.Rules, Whole: len(a.Trails.Gaps) == 0, Findings: []model.Finding{j.w.readable(a)}}
		if a.Unread() != nil { // what each rule would say of that is one thing
			out = append(out, store.Audit{Account: a.ID, Findings: one.Findings})
			continue
		}
		one.Findings = append(one.Findings, of[a.ID]...)
		out = append(out, one)
	}
	return out
}

// changed are the audits that say something which the store does not have from this judge, and what they say. Most accounts
// of many are as they were, and the store asks the database about every verdict.
func (j *judge) changed(s *model.Snapshot) (some []store.Audit, say map[string][]byte, err error) {
	say = map[string][]byte{}
	for _, one := range j.audits(s) {
		text, err := json.Marshal(one.Findings)
		if err != nil {
			return nil, nil, fmt.Errorf("write what an audit says: %w", err)
		}
		sum := sha256.Sum256(strconv.AppendBool(text, one.Whole)) // the rules are the same all along
		if bytes.Equal(j.audited[one.Account], sum[:]) {
			continue
		}
		if j.w.Repair != nil {
			j.w.Repair(s, one.Findings)
		}
		some, say[one.Account] = append(some, one), sum[:]
	}
	return some, say, nil
}

// triggered tells whether an event may have changed a verdict.
func (j *judge) triggered(lines []model.Finding) bool {
	return slices.ContainsFunc(lines, func(f model.Finding) bool {
		return len(f.Cause.Changes) > 0 || len(f.Cause.Verdicts) > 0 || len(f.Cause.Lost)+len(f.Cause.Regained) > 0
	})
}

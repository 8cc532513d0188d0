package sigma_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/sigma"
)

const counting = `
title: call
id: call
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: X}, condition: s}
---
title: events
correlation: {type: event_count, rules: [call], group-by: [who], timespan: 10s, condition: {gte: 4}}
---
title: few
correlation: {type: event_count, rules: [call], group-by: [who], timespan: 10s, condition: {gt: 1, lte: 3}}
---
title: values
correlation: {type: value_count, rules: [call], group-by: [who], timespan: 10s, condition: {field: what, gte: 3}}
---
title: p
logsource: {product: aws, service: cloudtrail}
detection: {s: {what: p}, condition: s}
---
title: q
logsource: {product: aws, service: cloudtrail}
detection: {s: {what: q}, condition: s}
---
title: q-or-r
logsource: {product: aws, service: cloudtrail}
detection: {s: {what: [q, r]}, condition: s}
---
title: near
correlation: {type: temporal, rules: [q, p, q-or-r], group-by: [who], timespan: 10s}
---
title: ordered
correlation: {type: temporal_ordered, rules: [p, q, q-or-r], group-by: [who], timespan: 10s}
`

type call struct {
	at        int
	who, what string
}

func (c call) record(i int) []byte {
	at := time.Date(2026, 1, 2, 3, 0, c.at, 0, time.UTC).Format(time.RFC3339)
	return fmt.Appendf(nil, `{"eventName":"X","eventTime":%q,"eventID":"%d","who":%q,"what":%q}`, at, i, c.who, c.what)
}

// met is what holds after the calls have been seen in this order.
func met(t *testing.T, e *sigma.Engine, calls []call, order []int, late time.Duration) map[string]bool {
	t.Helper()
	s := e.NewState(late)
	out := map[string]bool{}
	for _, i := range order {
		raw := calls[i].record(i)
		for _, h := range s.Observe(raw, e.Match(parse(t, raw))) {
			key := h.Rule.Title + " " + h.Event
			if out[key] = h.Met; !h.Met {
				delete(out, key)
			}
		}
	}
	return out
}

// inOrder tries every three calls for p, q, q or r: the last may be the one before, which meets both rules.
func inOrder(window []call) bool {
	for _, a := range window {
		for _, b := range window {
			for _, c := range window {
				if a.at <= b.at && b.at <= c.at && a.what == "p" && b.what == "q" && (c.what == "q" || c.what == "r") {
					return true
				}
			}
		}
	}
	return false
}

// wanted looks at every pair of calls.
func wanted(calls []call) map[string]bool {
	out := map[string]bool{}
	for i, c := range calls {
		var window []call
		values := map[string]bool{}
		for _, o := range calls {
			if o.who == c.who && o.at <= c.at && o.at >= c.at-10 {
				window = append(window, o)
				values[o.what] = true
			}
		}
		n, counted := len(window), c.what != "s" // no rule of the temporal ones meets s
		for title, holds := range map[string]bool{
			"events": n >= 4, "few": n > 1 && n <= 3, "values": len(values) >= 3,
			"near": counted && values["p"] && values["q"], "ordered": counted && inOrder(window),
		} {
			if holds {
				out[fmt.Sprintf("%s %d", title, i)] = true
			}
		}
	}
	return out
}

// TestStateOrder: any order of the events, some of them twice, ends with the same verdicts.
func TestStateOrder(t *testing.T) {
	t.Parallel()
	rules, err := sigma.Load("c.yml", []byte(counting))
	if err != nil {
		t.Fatal(err)
	}
	engine, refused := sigma.NewEngine(rules, nil)
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	seen := map[string]int{}
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		calls := make([]call, 3+rnd.IntN(25))
		for i := range calls {
			calls[i] = call{rnd.IntN(50), string(rune('a' + rnd.IntN(2))), string(rune('p' + rnd.IntN(4)))}
		}
		order := append(rnd.Perm(len(calls)), rnd.Perm(len(calls))[:2]...)
		want := wanted(calls)
		for key := range maps.Keys(want) {
			seen[key[:3]]++
		}
		// No call is later than 50 s, so to forget what is older changes nothing.
		for _, late := range []time.Duration{0, 50 * time.Second} {
			if diff := cmp.Diff(want, met(t, engine, calls, order, late)); diff != "" {
				t.Fatalf("seed %d, late %v (-want +got):\n%s", seed, late, diff)
			}
		}
	}
	if len(seen) != 5 {
		t.Errorf("only %v ever hold: the calls are too few", seen)
	}
}

// TestStateForgets: memory is bounded by lateness and timespan, and what comes too late is counted as such.
func TestStateForgets(t *testing.T) {
	t.Parallel()
	rules, err := sigma.Load("c.yml", []byte(counting))
	if err != nil {
		t.Fatal(err)
	}
	engine, _ := sigma.NewEngine(rules, nil)
	s := engine.NewState(time.Minute)
	observe := func(at, id int) []sigma.Hit {
		raw := call{at, "a", "p"}.record(id)
		return s.Observe(raw, engine.Match(parse(t, raw)))
	}
	for i := range 1000 {
		observe(i, i)
	}
	if observe(900, 1000); s.Late != 1 {
		t.Errorf("late: %d, want 1", s.Late)
	}
	own := func(h sigma.Hit) bool { return h.Event == "1001" }
	if hits := observe(950, 1001); s.Late != 1 || !slices.ContainsFunc(hits, own) {
		t.Errorf("late: %d, hits %v: want 1 and the event's own", s.Late, hits)
	}
	if n := s.Held(); n > 3*2*(60+10+60) {
		t.Errorf("%d events held", n)
	}
}

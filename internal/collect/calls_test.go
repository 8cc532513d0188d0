package collect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

func TestFewestCalls(t *testing.T) {
	for name, c := range map[string]struct {
		facts []*model.FactKind
		want  map[string]int
	}{
		"trails alone":    {nil, map[string]int{"GetCallerIdentity": 1, "ListRegions": 1, "DescribeTrails": 17}},
		"every rule's":    {judged, map[string]int{"GetCallerIdentity": 1, "ListRegions": 1, "DescribeTrails": 17, "GetTrailStatus": 4, "GetEventSelectors": 4}},
		"and delivery":    {delivery, map[string]int{"GetCallerIdentity": 1, "ListRegions": 1, "DescribeTrails": 17, "GetTrailStatus": 4 + 2*16, "GetEventSelectors": 4}},
		"every fact":      {model.FactKinds, map[string]int{"GetCallerIdentity": 1, "ListRegions": 1, "DescribeTrails": 17, "GetTrailStatus": 4 + 2*16, "GetEventSelectors": 4, "GetInsightSelectors": 4, "ListTags": 4}},
		"status once":     {[]*model.FactKind{model.TrailStatus, model.TrailStatus}, map[string]int{"GetCallerIdentity": 1, "ListRegions": 1, "DescribeTrails": 17, "GetTrailStatus": 4}},
		"delivery brings": {[]*model.FactKind{model.TrailDelivery}, map[string]int{"GetCallerIdentity": 1, "ListRegions": 1, "DescribeTrails": 17, "GetTrailStatus": 4 + 2*16}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := serve(t, wide())
			if a := read(t, url, options(quick, c.facts...)); len(a.Gaps) > 0 {
				t.Errorf("gaps: %v", a.Gaps)
			}
			if diff := cmp.Diff(c.want, ops(server.Calls())); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if n := server.NotTold(); len(n) > 0 {
				t.Errorf("calls that nobody told: %v", n)
			}
		})
	}
}

// gate holds requests back until as many as the next wave has are there at once, then lets them all through. A wave
// that never fills is a call that waits for another without need.
type gate struct {
	mu    sync.Mutex
	waves []int
	open  chan struct{}
	here  int
}

func (g *gate) pass() error {
	g.mu.Lock()
	if len(g.waves) == 0 {
		g.mu.Unlock()
		return fmt.Errorf("one wave too many")
	}
	if g.open == nil {
		g.open = make(chan struct{})
	}
	open := g.open
	if g.here++; g.here == g.waves[0] {
		close(g.open)
		g.open, g.here, g.waves = nil, 0, g.waves[1:]
	}
	g.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-time.After(5 * time.Second):
		return fmt.Errorf("the wave never filled")
	}
}

func TestLatencies(t *testing.T) {
	optIn := append(coverage.DefaultRegions("aws"), "eu-south-2")
	doc := account(number, "aws", optIn).and(trails(
		trail(trailARN("eu-west-1", number, "a"), true), trail(trailARN("eu-west-1", number, "b"), false),
		trail(trailARN("us-east-1", number, "c"), true), trail(trailARN("us-west-2", number, "d"), false),
	))
	for name, c := range map[string]struct {
		doc   told
		role  string
		facts []*model.FactKind
		waves []int
	}{
		"plain":           {doc: wide(), facts: judged, waves: []int{19, 8}},
		"delivery":        {doc: wide(), facts: delivery, waves: []int{19, 40}},
		"role and opt-in": {doc: doc, role: "arn:aws:iam::" + number + ":role/cairn", facts: judged, waves: []int{1, 19, 1, 8}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := serve(t, c.doc)
			g := &gate{waves: slices.Clone(c.waves)}
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := g.pass(); err != nil {
					t.Error(err)
				}
				server.ServeHTTP(w, r)
			}))
			defer front.Close()
			_, err := collect.Collect(t.Context(), []collect.Target{{Config: config(t, front.URL), Role: c.role}}, options(quick, c.facts...))
			if err != nil || len(g.waves) > 0 {
				t.Errorf("waves left %v, error %v", g.waves, err)
			}
		})
	}
}

func TestAttemptsAreCounted(t *testing.T) {
	server, url := serve(t, small(),
		awsfake.Fault{Match: awsfake.Call{Op: "GetTrailStatus", Trail: "a"}, First: 2, Action: awsfake.Throttle()},
		awsfake.Fault{Match: awsfake.Call{Op: "GetEventSelectors", Trail: "b"}, Action: awsfake.Deny()})
	s, err := collect.Collect(t.Context(), []collect.Target{{Config: config(t, url)}}, options(quick, judged...))
	if err != nil {
		t.Fatal(err)
	}
	calls := server.Calls()
	if diff := cmp.Diff(ops(calls), s.Calls.ByOp); diff != "" || s.Calls.Requests != len(calls) || s.Calls.Refused != 1 {
		t.Errorf("%d requests arrived, the snapshot counts %+v (-arrived +counted):\n%s", len(calls), s.Calls, diff)
	}
	if s.Calls.ByOp["GetTrailStatus"] != 4 {
		t.Errorf("a call that was throttled twice counts once: %v", s.Calls.ByOp)
	}
}

// What the owner of an organization's trail says of it is not asked again in its members, which could not ask.
// Delivery is: each account has its own.
func TestOrganizationTrailIsReadAtItsOwner(t *testing.T) {
	const owner, member = "999900001111", "222222222222"
	org := trailARN("eu-west-1", owner, "o")
	doc := told{}
	for _, id := range []string{owner, member} {
		for key, v := range account(id, "aws", []string{"eu-west-1", "us-east-1"}).and(trails(trail(org, true))) {
			doc[key+" --profile "+id] = v
		}
	}
	delete(doc, "sts get-caller-identity --profile "+owner)
	delete(doc, "sts get-caller-identity --profile "+member)
	for _, roles := range [][]string{{owner, member}, {member, owner}, {member}} {
		server, url := serve(t, doc)
		var targets []collect.Target
		for _, id := range roles {
			targets = append(targets, collect.Target{Config: config(t, url), Role: "arn:aws:iam::" + id + ":role/cairn"})
		}
		s, err := collect.Collect(t.Context(), targets, options(quick, delivery...))
		if err != nil {
			t.Fatal(err)
		}
		asked, delivered := 0, 0
		for _, c := range server.Calls() {
			if c.Account == member && c.Op == "GetEventSelectors" {
				asked++
			}
			if c.Account == member && c.Op == "GetTrailStatus" {
				delivered++
			}
		}
		if alone := len(roles) == 1; alone != (asked > 0) {
			t.Errorf("with %v the member was asked %d times what the trail selects", roles, asked)
		}
		if delivered != 2 {
			t.Errorf("with %v the member was asked %d times how delivery goes in 2 Regions", roles, delivered)
		}
		if len(roles) == 1 {
			continue
		}
		s.Link()
		if logging, ok := s.Account(member).Trail(org).Logging.Get(); !ok || !logging {
			t.Error("the member does not know what its owner knows")
		}
	}
}

func TestProgressCountsEveryRequest(t *testing.T) {
	server, url := serve(t, small())
	o := options(quick, judged...)
	var mu sync.Mutex
	seen := map[int]bool{}
	o.Progress = func(n int) {
		mu.Lock()
		defer mu.Unlock()
		seen[n] = true
	}
	read(t, url, o)
	if n := len(server.Calls()); len(seen) != n || !seen[n] {
		t.Errorf("%d requests, progress said %v", n, seen)
	}
}

// An attempt that nobody answered is a request, and no answer.
func TestProgressCountsAnswers(t *testing.T) {
	server, url := serve(t, small(), awsfake.Fault{Match: awsfake.Call{Op: "GetTrailStatus", Trail: "a"}, Action: awsfake.Drop()})
	o := options(quick, judged...)
	var most atomic.Int64
	o.Progress = func(n int) { most.Store(max(most.Load(), int64(n))) }
	o.Concurrency = 1
	read(t, url, o)
	if asked, answered := len(server.Calls()), int(most.Load()); answered != asked-quick.Attempts {
		t.Errorf("%d of %d requests count as answered, and %d were not", answered, asked, quick.Attempts)
	}
}

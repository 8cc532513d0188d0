package all_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/audit"
	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/model"
	"cairn.example/internal/ruletest"
	"cairn.example/rules/all"
)

// TestFaultMatrix puts every fault on every call, alone, and where a fault brings calls that were not made
// before, on those too together with their cause. Under each the run ends and names what is missing, and no
// verdict is wrong: it is the healthy one, or unknown.
func TestFaultMatrix(t *testing.T) {
	states := maps.Collect(ruletest.Cases(t, "testdata/matrix/*.txtar"))
	for _, name := range matrixStates(states) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, states[name])
			m.explore(t)
			if m.runs < 4*len(matrixFaults) { // identity, Regions and two lists of trails at the least
				t.Errorf("only %d runs: the matrix has lost its calls", m.runs)
			}
		})
	}
}

// matrixStates are all in a long run, a sample otherwise. They are set in GovCloud, which has two Regions, both
// always enabled: so the fallback for a refused list of Regions is the truth there.
func matrixStates(states map[string]ruletest.Case) []string {
	if soak {
		return slices.Collect(maps.Keys(states))
	}
	return []string{"one-in-every-region", "reads-and-writes", "organization-trail", "no-trail"}
}

const matrixTimeout = 60 * time.Millisecond

var matrixFaults = []awsfake.Action{
	awsfake.Deny(), awsfake.DenySCP(), awsfake.Throttle(), awsfake.UnrecognizedClient(), awsfake.Delay(10 * matrixTimeout),
	awsfake.Truncate(), awsfake.Drop(), awsfake.Status(http.StatusInternalServerError),
	awsfake.Empty(), awsfake.EmptyObject(), awsfake.Null(), awsfake.NullLists(),
}

// matrix is one state and what it comes to without a fault.
type matrix struct {
	c       ruletest.Case
	healthy audit.Result
	calls   []awsfake.Call
	runs    int
}

func newMatrix(t *testing.T, c ruletest.Case) *matrix {
	t.Helper()
	m := &matrix{c: c}
	s, calls, err := m.run(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.healthy, m.calls = c.Judge(s, all.Rules()), m.matters(s, calls)
	return m
}

// matters drops the calls whose answer is not used: Regions that turn out not to be enabled.
func (m *matrix) matters(s *model.Snapshot, calls []awsfake.Call) []awsfake.Call {
	var out []awsfake.Call
	for _, call := range calls {
		used := call.Op != "DescribeTrails" || slices.ContainsFunc(s.Accounts, func(a *model.Account) bool { return slices.Contains(a.Regions.Items, call.Region) })
		if used && !slices.Contains(out, call) {
			out = append(out, call)
		}
	}
	return out
}

func (m *matrix) explore(t *testing.T) {
	t.Helper()
	for _, call := range m.calls {
		for _, fault := range matrixFaults {
			faults := []awsfake.Fault{{Match: call, Action: fault}}
			s, calls, err := m.run(t, faults)
			m.check(t, faults, s, err)
			if s == nil {
				continue
			}
			for _, further := range m.further(s, calls) {
				for _, second := range secondFaults() {
					both := append(slices.Clone(faults), awsfake.Fault{Match: further, Action: second})
					s, _, err := m.run(t, both)
					m.check(t, both, s, err)
				}
			}
		}
	}
}

// further are the calls that only a fault brought, one of each operation: Regions that only then matter are
// alike, since no trail differs in them.
func (m *matrix) further(s *model.Snapshot, calls []awsfake.Call) []awsfake.Call {
	var out []awsfake.Call
	for _, call := range m.matters(s, calls) {
		same := func(c awsfake.Call) bool { return c.Op == call.Op }
		if !slices.Contains(m.calls, call) && !slices.ContainsFunc(out, same) {
			out = append(out, call)
		}
	}
	return out
}

// secondFaults are the faults on calls that only a fault brought: all in a long run, one of each kind otherwise.
func secondFaults() []awsfake.Action {
	if soak {
		return matrixFaults
	}
	return []awsfake.Action{awsfake.Deny(), awsfake.Drop(), awsfake.NullLists()}
}

func (m *matrix) run(t *testing.T, faults []awsfake.Fault) (*model.Snapshot, []awsfake.Call, error) {
	t.Helper()
	m.runs++
	told, err := awsfake.Parse(m.c.Fixture)
	if err != nil {
		t.Fatal(err)
	}
	server := awsfake.New(told)
	for _, f := range faults {
		server.Inject(f)
	}
	url, stop, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	cfg := awsfake.Config(url, m.c.Region)
	cfg.HTTPClient = &http.Client{Transport: transport}
	settings := ruletest.Quick
	settings.Timeout = 20 * matrixTimeout
	if slices.ContainsFunc(faults, func(f awsfake.Fault) bool { return strings.HasPrefix(f.Action.String(), "delay") }) {
		settings.Timeout = matrixTimeout
	}
	s, err := collect.Collect(context.Background(), []collect.Target{{Config: cfg}}, collect.Options{
		Facts: all.Rules().Needs(), Now: func() time.Time { return ruletest.At }, Log: slog.New(slog.DiscardHandler), Settings: settings,
	})
	return s, server.Calls(), err
}

// check holds a faulted run against the healthy one.
func (m *matrix) check(t *testing.T, faults []awsfake.Fault, s *model.Snapshot, err error) {
	t.Helper()
	name := fmt.Sprint(faults)
	if listless := []string{"GetCallerIdentity", "GetTrailStatus"}; slices.Contains(listless, faults[0].Match.Op) &&
		faults[0].Action.String() == awsfake.NullLists().String() {
		return // the answer has no list to lose
	}
	if faults[0].Match.Op == "GetCallerIdentity" {

		if err == nil {
			t.Errorf("%s: whose account it is was not learned, and the run went on", name)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: the run failed: %v", name, err)
		return
	}
	a := s.Accounts[0]
	first := faults[0].Match
	if !slices.ContainsFunc(a.Gaps, func(g model.Gap) bool { return g.Call == first.Op }) {
		t.Errorf("%s: no gap names the call: %v", name, a.Gaps)
	}
	got := m.c.Judge(s, all.Rules()).Findings
	for _, f := range got {
		if why := m.wrong(f); why != "" {
			t.Errorf("%s: %s %s %s: %s: %s", name, f.Rule, f.Resource.ID, f.Status, f.Message, why)
		}
	}
	for _, h := range m.healthy.Findings {
		if !told(got, h) {
			t.Errorf("%s: the verdict of %s on %s is gone, and nothing says that it is unknown", name, h.Rule, h.Resource.ID)
		}
	}
}

// wrong tells why a verdict may not stand beside the healthy ones.
func (m *matrix) wrong(f model.Finding) string {
	if f.Status == model.StatusUnknown {
		return ""
	}
	failed := false
	for _, h := range m.healthy.Findings {
		if h.Rule != f.Rule {
			continue
		}
		if h.Resource == f.Resource {
			if h.Status == f.Status {
				return ""
			}
			return "the healthy verdict is " + string(h.Status)
		}
		failed = failed || h.Status == model.StatusFail
	}
	if f.Resource.Kind == model.AccountKind && f.Status == model.StatusFail && failed {
		return "" // no multi-Region trail is a failure, whether on the trails or on the account
	}
	return "there is no such verdict in health"
}

// told tells that a healthy verdict stands, or that something unknown or failing stands in its place.
func told(got []model.Finding, h model.Finding) bool {
	return slices.ContainsFunc(got, func(f model.Finding) bool {
		if f.Rule != h.Rule {
			return false
		}
		return f.Resource == h.Resource || f.Resource.Kind == model.AccountKind
	})
}

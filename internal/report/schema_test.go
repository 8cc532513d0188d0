package report_test

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"cairn.example/internal/coverage"
	"cairn.example/internal/golden"
	"cairn.example/internal/model"
	"cairn.example/internal/report"
	"cairn.example/internal/ruletest"
	"cairn.example/internal/schematest"
	"cairn.example/internal/store"
	"cairn.example/rules/all"
)

const (
	auditSchema    = "../../docs/schema/audit.v1.json"
	snapshotSchema = "../../docs/schema/snapshot.v1.json"
	watchSchema    = "../../docs/schema/watch.v1.json"
)

// What cairn writes of every state that a rule's cases know holds to the schemas, and has nothing that they do not name.
func TestOutputHoldsToTheSchemas(t *testing.T) {
	snapshots, audits := schematest.Compiled(t, snapshotSchema, true), schematest.Compiled(t, auditSchema, true)
	for name, c := range ruletest.Cases(t, "../../rules/all/testdata/states/*.txtar") {
		t.Run(name, func(t *testing.T) {
			s := c.Collect(t, all.Rules().Needs())
			schematest.Validate(t, snapshots, saved(t, s))
			r := c.Judge(s, all.Rules())
			schematest.Validate(t, audits, write(t, "json", result{r.Findings, r.Gaps, r.Summary}, report.Style{}))
		})
	}
	for _, c := range eachCase(t) {
		t.Run(c.name, func(t *testing.T) { schematest.Validate(t, audits, c.doc) })
	}
}

// Each line of what detections find in their cases holds to the schema, and so does what this package's cases tell.
func TestWatchLinesHoldToTheSchema(t *testing.T) {
	s, all := schematest.Compiled(t, watchSchema, true), watched(t)
	for c := range golden.Cases(t, "../../detections/*/cases/*.txtar") {
		t.Run(c.Name, func(t *testing.T) {
			for line := range strings.Lines(watch(t, "jsonl", report.Style{}, detected(t, all, c.Archive), report.WatchSummary{})) {
				schematest.Validate(t, s, line)
			}
		})
	}
	for c := range golden.Cases(t, watchCases) {
		lines, _, _ := told(t, c.Archive)
		for _, line := range lines {
			schematest.Validate(t, s, line)
		}
	}
}

// The lines of a watch that keeps what it finds: what becomes of an audit's finding and of an event's, step by step.
func TestStepsHoldToTheSchema(t *testing.T) {
	now, accepted := ruletest.At, false
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cairn.db"), store.Options{
		Now: func() time.Time { return now },
		Excused: func(model.Finding, time.Time) string {
			if accepted {
				return "accepted by ops until 2027-01-31: a sandbox"
			}
			return ""
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	s, seen, byEvents := schematest.Compiled(t, watchSchema, true), map[string]bool{}, false
	lines := func(told []store.Told, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range told {
			if one.Finding.RealTime != nil && one.Step != "resolved" {
				continue // the event's own line says it
			}
			seen[one.Step], byEvents = true, byEvents || one.Finding.RealTime != nil
			line := stepLine(t, one)
			schematest.Validate(t, s, line)
			for _, bad := range []string{strings.Replace(line, one.Step, "forgotten", 1), strings.Replace(line, `"evidence"`, `"proof"`, 1)} {
				if v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad)); err != nil || s.Validate(v) == nil {
					t.Errorf("the schema takes %s", bad)
				}
			}
		}
	}
	f := verdict(t)
	judge := func(severity model.Severity, message string, status model.Status) {
		t.Helper()
		f.Severity, f.Message, f.Status = severity, message, status
		lines(kept.Tell(t.Context(), store.News{Audits: []store.Audit{{Account: f.Account, Rules: []string{f.Rule}, Findings: []model.Finding{f}}}}))
	}
	judge(model.Medium, "is off", model.StatusFail)
	judge(model.High, "is off", model.StatusFail)
	judge(model.Low, "is off", model.StatusFail)
	judge(model.Low, "is off since today", model.StatusFail)
	judge(model.Low, "is on", model.StatusPass)
	judge(model.Low, "is off", model.StatusFail)
	accepted = true
	lines(kept.Sweep(t.Context()))
	accepted = false
	for c := range golden.Cases(t, "testdata/watch/night.txtar") {
		_, found, _ := told(t, c.Archive)
		lines(kept.Tell(t.Context(), store.News{Lines: found}))
	}
	now = now.AddDate(1, 0, 0)
	lines(kept.Sweep(t.Context()))
	known := listed(t, at(schematest.Doc(t, watchSchema)["$defs"], "step", "properties", "step", "enum"))
	slices.Sort(known)
	if diff := cmp.Diff(known, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("-schema +seen:\n%s", diff)
	}
	if !byEvents {
		t.Error("no line is about a finding that events made")
	}
}

// verdict is one of an audit, which fails.
func verdict(t *testing.T) model.Finding {
	t.Helper()
	for _, c := range ruletest.Cases(t, "../../rules/all/testdata/states/*.txtar") {
		for _, f := range c.Judge(c.Collect(t, all.Rules().Needs()), all.Rules()).Findings {
			if f.Status == model.StatusFail {
				return f
			}
		}
	}
	t.Fatal("no state fails")
	return model.Finding{}
}

func stepLine(t *testing.T, one store.Told) string {
	t.Helper()
	var b bytes.Buffer
	i := slices.IndexFunc(report.WatchFormats, func(f report.WatchFormat) bool { return f.Name == "jsonl" })
	w := report.WatchFormats[i].New(&b, report.Style{})
	if err := w.Step(report.Step{At: ruletest.At, Step: one.Step, State: string(one.State), Finding: one.Finding}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func saved(t *testing.T, s *model.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A snapshot in which everything is known, and one in which nothing is, hold to the schema as well.
func TestSnapshotSchemaAtItsEnds(t *testing.T) {
	s := schematest.Compiled(t, snapshotSchema, true)
	for _, trail := range []*model.Trail{knownTrail(t), {ARN: trailARN, Name: "main", Delivery: map[string]model.Value[model.Delivery]{"eu-west-1": {}}}} {
		snapshot := &model.Snapshot{Schema: model.SnapshotSchema, CollectedAt: ruletest.At, Accounts: []*model.Account{{
			ID: "111122223333", Trails: model.List[*model.Trail]{Items: []*model.Trail{trail}},
		}}}
		schematest.Validate(t, s, saved(t, snapshot))
	}
	schematest.Validate(t, s, saved(t, &model.Snapshot{Schema: model.SnapshotSchema, CollectedAt: ruletest.At}))
}

const trailARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"

func knownTrail(t *testing.T) *model.Trail {
	t.Helper()
	from := model.Origin{Call: "DescribeTrails", Region: "us-east-1"}
	trail := &model.Trail{ARN: trailARN, Name: "main"}
	selectors, err := coverage.Parse([]byte(`{"TrailARN": "` + trailARN + `", "EventSelectors": [{"ReadWriteType": "All"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range model.Attributes {
		switch a := a.(type) {
		case model.Attr[string]:
			a.Set(trail, model.Known("x", from))
		case model.Attr[bool]:
			a.Set(trail, model.Known(true, from))
		case model.Attr[time.Time]:
			a.Set(trail, model.Known(time.Time{}, from))
		case model.Attr[coverage.Selectors]:
			a.Set(trail, model.Known(selectors, from))
		case model.Attr[[]model.InsightSelector]:
			a.Set(trail, model.Known([]model.InsightSelector{{InsightType: "ApiCallRateInsight", EventCategories: []string{"Management"}}}, from))
		case model.Attr[[]model.Tag]:
			a.Set(trail, model.Known([]model.Tag{{Key: "k", Value: "v"}}, from))
		default:
			t.Fatalf("attribute %s is of a type that this test does not know", a.Name())
		}
	}
	stream := model.Stream{Error: "AccessDenied", Delivered: ruletest.At, Attempted: ruletest.At}
	trail.SetDelivery("us-east-1", model.Known(model.Delivery{S3: stream, Digest: stream, Logs: stream, SNS: stream}, from))
	return trail
}

// The schemas refuse what is not a report or a snapshot: a schema that takes everything would pass the tests above.
func TestSchemasRefuse(t *testing.T) {
	_, r := readCase(t, "testdata/text/clean.txtar")
	good := map[string]string{auditSchema: write(t, "json", r, report.Style{})}
	for c := range golden.Cases(t, "testdata/watch/day.txtar") {
		lines, _, _ := told(t, c.Archive)
		good[watchSchema] = lines[0]
	}
	for _, c := range []struct{ schema, old, bad string }{
		{auditSchema, `"schema": "cairn.audit/v1"`, `"schema": "cairn.audit/v2"`},
		{auditSchema, `"status": "pass"`, `"status": "passed"`},
		{auditSchema, `"severity": "high"`, `"severity": "grave"`},
		{auditSchema, `"collectedAt": "2026-11-25T12:00:00Z"`, `"collectedAt": "yesterday"`},
		{auditSchema, `"gaps": [],`, ``},
		{watchSchema, `"type":"finding",`, ``},
		{watchSchema, `"kind":"real-time",`, ``},
		{watchSchema, `"outcome":"success"`, `"outcome":"refused"`},
		{watchSchema, `"since":"2026-11-22T09:41:07Z"`, `"since":"today"`},
		{watchSchema, `"cause":{`, `"cause":{},"was":{`},
	} {
		good := good[c.schema]
		bad := strings.Replace(good, c.old, c.bad, 1)
		if bad == good {
			t.Errorf("the output has no %s", c.old)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if schematest.Compiled(t, c.schema, false).Validate(v) == nil {
			t.Errorf("%s takes %q", c.schema, c.bad)
		}
	}
}

// lineType is what a line has before its finding.
type lineType struct {
	Type string `json:"type"`
}

// sometimes is a part that is there as a whole or not at all.
type sometimes struct{ of any }

// definitions says which part of which schema describes what types of ours.
var definitions = []struct {
	schema, part string
	is           []any
}{
	{auditSchema, "finding", []any{model.Finding{}}},
	{auditSchema, "resource", []any{model.Ref{}}},
	{auditSchema, "evidence", []any{model.Evidence{}}},
	{auditSchema, "control", []any{model.Control{}}},
	{auditSchema, "origin", []any{model.Origin{}}},
	{auditSchema, "gap", []any{model.Gap{}}},
	{auditSchema, "summary", []any{model.Summary{}}},
	{auditSchema, "calls", []any{model.Calls{}}},
	{auditSchema, "account", []any{model.AccountSummary{}}},
	{auditSchema, "framework", []any{model.FrameworkSummary{}}},
	{snapshotSchema, "account", []any{model.Account{}}},
	{snapshotSchema, "calls", []any{model.Calls{}}},
	{snapshotSchema, "gap", []any{model.Gap{}}},
	{snapshotSchema, "origin", []any{model.Origin{}}},
	{snapshotSchema, "delivery", []any{model.Delivery{}}},
	{snapshotSchema, "stream", []any{model.Stream{}}},
	{snapshotSchema, "", []any{model.Snapshot{}}},
	{watchSchema, "finding", []any{lineType{}, model.Finding{}, model.RealTime{}}},
	{watchSchema, "step", []any{lineType{}, report.Step{}}},
	{watchSchema, "told", []any{model.Finding{}, sometimes{model.RealTime{}}}},
	{watchSchema, "summary", []any{report.WatchSummary{}}},
	{watchSchema, "cause", []any{model.Cause{}}},
	{watchSchema, "actor", []any{model.Actor{}}},
	{watchSchema, "edit", []any{model.Edit{}}},
	{watchSchema, "loss", []any{model.Loss{}}},
	{watchSchema, "flip", []any{model.Flip{}}},
	{watchSchema, "resource", []any{model.Ref{}}},
	{watchSchema, "evidence", []any{model.Evidence{}}},
	{watchSchema, "control", []any{model.Control{}}},
	{watchSchema, "origin", []any{model.Origin{}}},
}

func TestSchemasNameEveryMember(t *testing.T) {
	for _, d := range definitions {
		part := schematest.Doc(t, d.schema)
		if d.part != "" {
			defs, _ := part["$defs"].(map[string]any)
			part, _ = defs[d.part].(map[string]any)
		}
		want := map[string]bool{}
		for _, is := range d.is {
			part, rare := is.(sometimes)
			if rare {
				is = part.of
			}
			for name, always := range members(reflect.TypeOf(is)) {
				want[name] = always && !rare
			}
		}
		properties, _ := part["properties"].(map[string]any)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(properties))); diff != "" {
			t.Errorf("%s, %s: -%T +schema:\n%s", d.schema, d.part, d.is, diff)
		}
		if d.schema == snapshotSchema {
			continue // a snapshot may be written by hand: what it leaves out is unknown
		}
		required := fmt.Sprint(part["required"])
		for name, always := range want {
			if always != slices.Contains(strings.Fields(strings.Trim(required, "[]")), name) {
				t.Errorf("%s: %s.%s is always written: %v; required: %s", d.schema, d.part, name, always, required)
			}
		}
	}
	values, _ := schematest.Doc(t, snapshotSchema)["$defs"].(map[string]any)["values"].(map[string]any)["properties"].(map[string]any)
	for _, a := range model.Attributes {
		if values[a.Name()] == nil {
			t.Errorf("%s does not name the attribute %s", snapshotSchema, a.Name())
		}
	}
}

// members are a struct's JSON names, and whether each is always written.
func members(t reflect.Type) map[string]bool {
	out := map[string]bool{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" && !f.Anonymous {
			out[name] = !strings.Contains(options, "omit")
		}
	}
	return out
}

func TestSchemasDescribeEveryMember(t *testing.T) {
	for _, name := range []string{auditSchema, snapshotSchema, watchSchema} {
		doc := schematest.Doc(t, name)
		defs, _ := doc["$defs"].(map[string]any)
		schematest.EachObject(doc, func(object map[string]any) {
			properties, _ := object["properties"].(map[string]any)
			for member, v := range properties {
				if !described(v, defs) {
					t.Errorf("%s: %s has no description", name, member)
				}
			}
		})
	}
}

// described tells whether a member or what it refers to is.
func described(v any, defs map[string]any) bool {
	part, _ := v.(map[string]any)
	if text, _ := part["description"].(string); text != "" {
		return true
	}
	to, _ := part["$ref"].(string)
	part, _ = defs[strings.TrimPrefix(to, "#/$defs/")].(map[string]any)
	text, _ := part["description"].(string)
	return text != ""
}

// The schemas' lists of names are the model's.
func TestSchemaListsAreTheModels(t *testing.T) {
	statuses, severities := []string{}, []string{}
	for _, s := range model.Statuses {
		statuses = append(statuses, string(s))
	}
	for s := model.Low; s <= model.Extreme; s++ {
		severities = append(severities, s.String())
	}
	for _, name := range []string{auditSchema, watchSchema} {
		defs := schematest.Doc(t, name)["$defs"]
		for path, want := range map[string][]string{"status": statuses, "severity": severities} {
			if diff := cmp.Diff(want, listed(t, at(defs, path, "enum"))); diff != "" {
				t.Errorf("%s: -model +schema:\n%s", name, diff)
			}
		}
	}
	watch := schematest.Doc(t, watchSchema)["$defs"]
	outcomes := []string{string(model.OutcomeSuccess), string(model.OutcomeDenied), string(model.OutcomeFailed)}
	if diff := cmp.Diff(outcomes, listed(t, at(watch, "cause", "properties", "outcome", "enum"))); diff != "" {
		t.Errorf("-model +schema:\n%s", diff)
	}
	for _, end := range []string{"from", "to"} { // "" is of a resource that is not there
		if diff := cmp.Diff(append([]string{""}, statuses...), listed(t, at(watch, "flip", "properties", end, "enum"))); diff != "" {
			t.Errorf("-model +schema:\n%s", diff)
		}
	}
}

// at is a part of a schema.
func at(v any, path ...string) any {
	for _, name := range path {
		part, _ := v.(map[string]any)
		v = part[name]
	}
	return v
}

func listed(t *testing.T, list any) []string {
	t.Helper()
	all, _ := list.([]any)
	var out []string
	for _, v := range all {
		name, ok := v.(string)
		if !ok {
			t.Fatalf("%v is no name", v)
		}
		out = append(out, name)
	}
	return out
}

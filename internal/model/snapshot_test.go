package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// maker makes random snapshots such as a collection can give.
type maker struct{ *rand.Rand }

func (m maker) pick(words ...string) string { return words[m.IntN(len(words))] }
func (m maker) yes() bool                   { return m.IntN(2) == 0 }

func (m maker) origin() model.Origin {
	o := model.Origin{Call: m.pick("", "DescribeTrails", "GetTrailStatus"), Region: m.pick("", "eu-west-1")}
	if m.IntN(4) == 0 {
		o.Account = "999900001111"
	}
	o.Why = m.pick("", "AccessDenied", "<why> & \u2028")
	return o
}

func (m maker) time() time.Time {
	return time.Unix(m.Int64N(4e9), m.Int64N(2)*1e6).UTC()
}

func value[T any](m maker, v func() T) model.Value[T] {
	switch m.IntN(4) {
	case 0:
		return model.Value[T]{}
	case 1:
		return model.Unread[T](m.origin())
	}
	return model.Known(v(), m.origin())
}

func (m maker) trail(i int, owner string) *model.Trail {
	text := func() string { return m.pick("", "logs", `quo"te <&> é`, "arn:aws:s3:::logs") }
	flag := func() model.Value[bool] { return value(m, m.yes) }
	name := fmt.Sprint(m.pick("main", "t.x", "T_-"), i)
	arn := "arn:aws:cloudtrail:eu-west-1:" + owner + ":trail/" + name
	t := &model.Trail{
		ARN: arn, Name: name,
		Home: value(m, func() string { return "eu-west-1" }), Bucket: value(m, text), Prefix: value(m, text), Key: value(m, text), Topic: value(m, text),
		LogGroup: value(m, text), LogRole: value(m, text), MultiRegion: flag(), Global: flag(), Organization: flag(),
		Validation: flag(), Logging: flag(), StartedAt: value(m, m.time), StoppedAt: value(m, func() time.Time { return time.Time{} }),
		Tags: value(m, func() []model.Tag { return make([]model.Tag, m.IntN(3)) }),
		Insights: value(m, func() []model.InsightSelector {
			return []model.InsightSelector{{InsightType: "ApiCallRateInsight", EventCategories: []string{"Data"}[:m.IntN(2)]}}
		}),
		Selectors: value(m, func() coverage.Selectors {
			s, err := coverage.Parse([]byte(m.pick(`{"TrailARN":"`+arn+`"}`, `{"TrailARN":"`+arn+`", "EventSelectors": [ {"ReadWriteType":"All", "x": "<&>"} ]}`)))
			if err != nil {
				panic(err) // the two documents above are good
			}
			return s
		}),
	}
	for _, region := range []string{"eu-west-1", "us-east-1"}[:m.IntN(3)] {
		t.SetDelivery(region, value(m, func() model.Delivery {
			return model.Delivery{S3: model.Stream{Error: text(), Delivered: m.time()}, SNS: model.Stream{Attempted: m.time()}}
		}))
	}
	return t
}

func (m maker) gaps(account string) []model.Gap {
	return []model.Gap{{
		Call: "DescribeTrails", Account: account, Region: m.pick("", "us-east-1"), Code: "AccessDenied", Why: m.pick("", "AccessDenied by a policy"),
		AnsweredBy: m.pick("", "DescribeRegions"), Accepted: m.yes(), Resource: m.pick("", "arn:aws:cloudtrail:eu-west-1:1:trail/x"),
	}}[:m.IntN(2)]
}

func (m maker) snapshot() *model.Snapshot {
	s := &model.Snapshot{
		Schema: model.SnapshotSchema, CollectedAt: m.time().Add(time.Second),
		Calls: model.Calls{Requests: m.IntN(100), Refused: m.IntN(3), ByOp: map[string]int{"DescribeTrails": m.IntN(9)}},
	}
	for i := range 1 + m.IntN(3) {
		id := fmt.Sprintf("%012d", 111122220000+i)
		a := &model.Account{
			ID: id, Caller: m.pick("", "arn:aws:iam::"+id+":root"), Partition: m.pick("aws", "aws-cn"), Gaps: m.gaps(id),
			Regions: model.List[string]{Items: []string{"eu-west-1", "us-east-1"}[:1+m.IntN(2)], Gaps: m.gaps(id)},
			Trails:  model.List[*model.Trail]{Items: []*model.Trail{}, Gaps: m.gaps(id)},
		}
		for j := range m.IntN(3) {
			a.Trails.Items = append(a.Trails.Items, m.trail(j, id))
		}
		s.Accounts = append(s.Accounts, a)
	}
	return s
}

func write(tb testing.TB, s *model.Snapshot) string {
	tb.Helper()
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// written is evidence as a report shows it: an empty list and none are the same there.
func written(t *testing.T, e model.Evidence) string {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What is written reads back as the same: every value, every origin, and why the unknown is unknown.
func TestSnapshotsSurviveTheFile(t *testing.T) {
	for seed := range uint64(100) {
		s := maker{rand.New(rand.NewPCG(seed, 1))}.snapshot()
		first := write(t, s)
		again, err := model.ReadSnapshot(strings.NewReader(first))
		if err != nil {
			t.Fatalf("seed %d: %v in\n%s", seed, err, first)
		}
		if diff := cmp.Diff(first, write(t, again)); diff != "" {
			t.Fatalf("seed %d (-written +written again):\n%s", seed, diff)
		}
		for i, a := range s.Accounts {
			for j, trail := range a.Trails.Items {
				other := again.Accounts[i].Trails.Items[j]
				for _, attr := range model.Attributes {
					x, y := attr.Evidence(trail), attr.Evidence(other)
					if diff := cmp.Diff(written(t, x), written(t, y)); diff != "" || !attr.Same(trail, other) {
						t.Errorf("seed %d, %s (-live +read):\n%s", seed, attr.Name(), diff)
					}
				}
				if len(trail.Delivery) != len(other.Delivery) {
					t.Errorf("seed %d: delivery in %d Regions, read %d", seed, len(trail.Delivery), len(other.Delivery))
				}
				for region, x := range trail.Delivery {
					y := other.Delivery[region]
					before, known := x.Get()
					after, still := y.Get()
					if before != after || known != still || x.Origin() != y.Origin() {
						t.Errorf("seed %d, delivery in %s: %v of %v, read %v of %v", seed, region, before, x.Origin(), after, y.Origin())
					}
				}
			}
		}
	}
}

const oneTrail = `{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [{"id": "111122223333", "caller": "arn:aws:iam::111122223333:root",
	"partition": "aws", "regions": {"items": ["eu-west-1"]}, "trails": {"items": [
	{"arn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a", "name": "a", "values": VALUES}]}}]}`

// Absent and null are unknown, "" and [] are known to be empty, and what has another name is not there.
func TestAbsentIsUnknown(t *testing.T) {
	for values, want := range map[string]string{
		`{}`:                       "unknown",
		`null`:                     "unknown",
		`{"KmsKeyId": null}`:       "unknown",
		`{"kmsKeyId": "k"}`:        "unknown",
		`{"IsEncrypted": true}`:    "unknown",
		`{"KmsKeyId": ""}`:         "none",
		`{"KmsKeyId": "k"}`:        "k",
		`{"KmsKeyId": true}`:       "KmsKeyId",
		`{"TagsList": {}}`:         "TagsList",
		`{"EventSelectors": []}`:   "EventSelectors",
		`{"IsLogging": "true"}`:    "IsLogging",
		`{"StartLoggingTime": 15}`: "StartLoggingTime",
	} {
		s, err := model.ReadSnapshot(strings.NewReader(strings.Replace(oneTrail, "VALUES", values, 1)))
		if err != nil {
			if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "trail/a") {
				t.Errorf("%s: %v, want %s and the trail named", values, err, want)
			}
			continue
		}
		got := map[model.Tri]string{model.Unknown: "unknown", model.No: "none"}[s.Accounts[0].Trails.Items[0].Has(model.KMSKey).Tri]
		if key, _ := s.Accounts[0].Trails.Items[0].Key.Get(); key != "" {
			got = key
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", values, got, want)
		}
	}
}

// Lists that the file does not hold must not look like lists without items.
func TestAbsentListsAreGaps(t *testing.T) {
	for body, want := range map[string][2]bool{ // are Regions, and trails, whole
		`"regions": {"items": ["eu-west-1"]}, "trails": {"items": []}`:                       {true, true},
		`"regions": {"items": ["eu-west-1"]}`:                                                {true, false},
		`"regions": {"items": ["eu-west-1"]}, "trails": null`:                                {true, false},
		`"regions": {"items": ["eu-west-1"]}, "trails": {}`:                                  {true, false},
		`"regions": {"items": ["eu-west-1"]}, "trails": {"items": null}`:                     {true, false},
		`"regions": {"items": null, "gaps": []}, "trails": {"items": []}`:                    {false, true},
		`"trails": {"items": []}`:                                                            {false, true},
		`"regions": {"items": [], "gaps": [{"call": "ListRegions"}]}`:                        {false, false},
		`"trails": {"items": null, "gaps": [{"call": "X", "region": "a"}]}`:                  {false, false},
		`"surprise": 1, "regions": {"items": ["eu-west-1"], "x": 1}, "trails": {"items":[]}`: {true, true},
	} {
		doc := `{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [{"id": "111122223333", ` + body + `}], "more": {}}`
		s, err := model.ReadSnapshot(strings.NewReader(doc))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		a := s.Accounts[0]
		if got := [2]bool{a.Regions.Whole(), a.Trails.Whole()}; got != want {
			t.Errorf("%s: Regions and trails are whole: %v", body, got)
		}
		if !want[1] && (a.Unseen(true).Tri != model.Unknown || a.Unseen(false).Tri != model.Unknown) {
			t.Errorf("%s: the list of trails is missing, and certainly no trail hides in it", body)
		}
	}
}

func TestSnapshotsThatAreRefused(t *testing.T) {
	good := strings.Replace(oneTrail, "VALUES", "{}", 1)
	for name, c := range map[string]struct{ doc, want string }{
		"empty":          {"", "it is empty"},
		"cut":            {good[:len(good)/2], "unexpected EOF"},
		"cut at the end": {good[:len(good)-1], "unexpected EOF"},
		"two files":      {good + good, "something follows"},
		"a tail":         {good + "]", "something follows"},
		"another thing":  {"[]", "array"},
		"null":           {"null", "schema"},
		"no schema":      {`{"collectedAt": "2026-11-25T12:00:00Z"}`, `schema ""`},
		"newer":          {strings.Replace(good, "/v1", "/v2", 1), "cairn.snapshot/v2"},
		"undated":        {strings.Replace(good, "collectedAt", "collected", 1), "collectedAt"},
		"misdated":       {strings.Replace(good, "2026-11-25T12", "yesterday", 1), "parsing time"},
		"no accounts":    {strings.Replace(good, `"accounts"`, `"account"`, 1), "no account"},
		"null accounts":  {`{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": null}`, "no account"},
		"zero accounts":  {`{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": []}`, "no account"},
		"null account":   {`{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [null]}`, "accounts[0] is null"},
		"nameless":       {strings.Replace(good, `"id"`, `"number"`, 1), "accounts[0] has no id"},
		"twice":          {`{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [{"id": "1"}, {"id": "1"}]}`, "account 1 is there twice"},
		"null trail":     {strings.Replace(good, `{"arn"`, `null, {"arn"`, 1), "trails[0] is null"},
		"trail sans ARN": {strings.Replace(good, `"arn"`, `"name2"`, 1), "no arn"},
	} {
		if s, err := model.ReadSnapshot(strings.NewReader(c.doc)); s != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v; want an error with %q", name, s, err, c.want)
		}
	}
}

// A file gives a snapshot or an error, and what it gives can be linked, asked, redacted, and writes and reads the same.
func FuzzReadSnapshot(f *testing.F) {
	f.Add([]byte(strings.Replace(oneTrail, "VALUES", `{"IsLogging": true}`, 1)))
	f.Add([]byte(`{"schema": "cairn.snapshot/v1", "collectedAt": "2026-11-25T12:00:00Z", "accounts": [{"id": "1", "trails": {"items": [null]}}]}`))
	for seed := range uint64(8) {
		f.Add([]byte(write(f, maker{rand.New(rand.NewPCG(seed, 2))}.snapshot())))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := model.ReadSnapshot(bytes.NewReader(doc))
		if (s == nil) == (err == nil) {
			t.Fatalf("got %v and %v", s, err)
		}
		if err != nil {
			return
		}
		first := write(t, s)
		again, err := model.ReadSnapshot(strings.NewReader(first))
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, first)
		}
		if diff := cmp.Diff(first, write(t, again)); diff != "" {
			t.Fatalf("(-written +written again):\n%s", diff)
		}
		again.Link()
		for _, a := range again.Accounts {
			_, _ = a.Unseen(true), a.Recorders()
		}
		redacted, err := s.Redact()
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid([]byte(write(t, redacted))) || len(redacted.Accounts) != len(s.Accounts) {
			t.Error("redaction lost an account")
		}
	})
}

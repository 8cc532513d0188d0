package source_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn.example/internal/awsfake"
	"cairn.example/internal/collect"
	"cairn.example/internal/event"
	"cairn.example/internal/source"
)

const number = "111122223333"

// request is a look-up as it was sent.
type request struct {
	at                    time.Time
	region, source, token string
	from                  time.Time
}

// happened is an event in the history of a Region.
type happened struct {
	region, source, id string
	at                 time.Time
}

// world is an AWS whose Event history changes, behind the real SDK and the real collector, without a network: so its
// clock can be a test's.
type world struct {
	t  *testing.T
	mu sync.Mutex

	events   []happened
	server   *awsfake.Server
	requests []request
}

func newWorld(t *testing.T, events ...happened) *world {
	t.Helper()
	w := &world{t: t}
	w.add(events...)
	return w
}

// add lets events appear. It lets faults end, too.
func (w *world) add(events ...happened) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, events...)
	doc := map[string]map[string]any{
		"sts get-caller-identity":  {"Account": number, "Arn": "arn:aws:iam::" + number + ":user/watch"},
		"cloudtrail lookup-events": {"Events": []any{}},
	}
	for _, e := range w.events {
		key, at := "cloudtrail lookup-events --region "+e.region, e.at.UTC().Format(time.RFC3339)
		if doc[key] == nil {
			doc[key] = map[string]any{}
		}
		told, _ := doc[key]["Events"].([]any)
		doc[key]["Events"] = append(told, map[string]any{
			"EventId": e.id, "EventName": "Any", "EventSource": e.source, "EventTime": at,
			"CloudTrailEvent": fmt.Sprintf(`{"eventID":%q,"eventName":"Any","eventSource":%q,"eventTime":%q,"awsRegion":%q,"recipientAccountId":%q}`,
				e.id, e.source, at, e.region, number),
		})
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	fixture, err := awsfake.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server = awsfake.New(fixture)
}

func (w *world) inject(f awsfake.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server.Inject(f)
}

// RoundTrip answers a request at once.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var in struct {
		LookupAttributes []map[string]string `json:"LookupAttributes"`
		StartTime        float64             `json:"StartTime"`
		NextToken        string              `json:"NextToken"`
	}
	lookup := json.Unmarshal(body, &in) == nil && len(in.LookupAttributes) == 1 // or it is AssumeRole
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	w.mu.Lock()
	server := w.server
	w.mu.Unlock()
	server.ServeHTTP(answer, again)
	region := strings.Split(r.Header.Get("Authorization"), "/")[2] // Credential=KEY/DAY/REGION/…
	w.mu.Lock()
	defer w.mu.Unlock()
	if lookup {
		w.requests = append(w.requests, request{
			time.Now(), region, in.LookupAttributes[0]["AttributeValue"], in.NextToken, time.Unix(int64(in.StartTime), 0).UTC(),
		})
	}
	return answer.Result(), nil
}

// asked are the requests so far of a source, or with "" of all.
func (w *world) asked(source string) []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.requests), func(r request) bool { return source != "" && r.source != source })
}

// lookup looks at the world's one account.
func (w *world) lookup(regions, sources []string) source.Lookup {
	return w.lookupAs("", regions, sources)
}

func (w *world) lookupAs(role string, regions, sources []string) source.Lookup {
	cfg := awsfake.Config("http://localhost:1", "us-east-1")
	cfg.HTTPClient = &http.Client{Transport: w}
	h := collect.NewArchive(collect.Options{Now: time.Now}).Of(collect.Target{Config: cfg, Role: role})
	return source.Lookup{
		Accounts: []source.Account{{ID: number, Regions: regions, Looker: h}}, Sources: sources, Now: time.Now,
	}
}

// desk handles batches: it keeps the ids of what it was handed, in their order, and can refuse.
type desk struct {
	mu      sync.Mutex
	names   []string
	ids     []string
	rejects int
	refuse  func(source.Batch) error
	told    []string
}

func (d *desk) handle(_ context.Context, b source.Batch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		if err := d.refuse(b); err != nil {
			return err
		}
	}
	d.names = append(d.names, b.Name)
	r := event.NewReader(event.Options{})
	for rec, err := range r.Records(b.Name, b.Body) {
		if err == nil {
			d.ids = append(d.ids, string(rec.EventID()))
		}
	}
	d.rejects += r.Stats().Rejected
	return nil
}

// problem is a callback that keeps what it is told.
func (d *desk) problem(p source.Problem) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, fmt.Sprintf("%s %s %s %s %s: %v", p.Account, p.Region, p.Call, p.Code, p.Permission, p.Err != nil))
}

// got are the ids since the last time, sorted.
func (d *desk) got() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.ids
	d.ids = nil
	slices.Sort(out)
	return slices.Compact(out)
}

// problems are what it was told since the last time, sorted.
func (d *desk) problems() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.told
	d.told = nil
	slices.Sort(out)
	return out
}

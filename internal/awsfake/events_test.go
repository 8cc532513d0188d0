package awsfake_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/google/go-cmp/cmp"
)

// history tells a number of events, one a minute from ten o'clock on, the oldest first.
func history(t *testing.T, n int) string {
	t.Helper()
	var events []any
	for i := range n {
		events = append(events, map[string]any{
			"EventId": fmt.Sprint(i), "EventSource": "iam.amazonaws.com", "EventTime": ten.Add(time.Duration(i) * time.Minute).Format(time.RFC3339),
		})
	}
	doc, err := json.Marshal(map[string]any{"cloudtrail lookup-events": map[string]any{"Events": events}})
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

var ten = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// Between two times, both included, in pages of fifty and of the size asked for.
func TestLookupEvents(t *testing.T) {
	s, cfg := start(t, history(t, 130))
	client := cloudtrail.NewFromConfig(cfg)
	for _, c := range []struct {
		from, to *time.Time
		page     *int32
		want     string
	}{
		{nil, nil, nil, "129-80 79-30 29-0"},
		{aws.Time(ten.Add(5 * time.Minute)), aws.Time(ten.Add(10 * time.Minute)), aws.Int32(4), "10-7 6-5"},
		{aws.Time(ten.Add(200 * time.Minute)), nil, nil, "none"},
	} {
		in := &cloudtrail.LookupEventsInput{StartTime: c.from, EndTime: c.to, MaxResults: c.page, LookupAttributes: []types.LookupAttribute{
			{AttributeKey: types.LookupAttributeKeyEventSource, AttributeValue: aws.String("iam.amazonaws.com")},
		}}
		var pages []string
		for p := cloudtrail.NewLookupEventsPaginator(client, in); p.HasMorePages(); {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			page := "none"
			if n := len(out.Events); n > 0 {
				page = *out.Events[0].EventId + "-" + *out.Events[n-1].EventId
			}
			pages = append(pages, page)
		}
		if d := cmp.Diff(c.want, strings.Join(pages, " ")); d != "" {
			t.Error(d)
		}
	}
	_, err := client.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{StartTime: aws.Time(ten.Add(time.Hour)), EndTime: &ten})
	wantCode(t, err, "InvalidTimeRangeException")
	if n := s.NotTold(); len(n) > 0 {
		t.Errorf("not told: %v", n)
	}
}

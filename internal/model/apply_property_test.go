package model_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cairn.example/internal/model"
)

// calls makes random calls, most of which AWS would have accepted, on few trails and within few seconds, so that they meet.
type calls struct{ *rand.Rand }

func pick[T any](g calls, of ...T) T { return of[g.IntN(len(of))] }

func (g calls) log(n int) []model.ControlCall {
	out := make([]model.ControlCall, n)
	for i := range out {
		out[i] = g.call()
		out[i].ID = fmt.Sprintf("%08x", g.Uint32())
		out[i].At = time.Unix(1767225600+int64(g.IntN(1+n/2)), 0).UTC()
	}
	return slices.Concat(out, out[:n/4]) // delivered twice
}

var ops = []string{
	"CreateTrail", "UpdateTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors", "AddTags", "RemoveTags",
	"StartLogging", "StopLogging", "StartLogging", "StopLogging", "DeleteTrail", "PutTrailFilter",
}

func (g calls) call() model.ControlCall {
	c := model.ControlCall{Service: "cloudtrail", Op: pick(g, ops...), Account: "111122223333", Region: pick(g, "eu-west-1", "us-east-1")}
	name := pick(g, "main", "second", "new")
	if g.IntN(8) == 0 {
		c.Account, c.Region, name = "999988887777", "us-east-1", "whole"
	}
	arn := "arn:aws:cloudtrail:" + c.Region + ":" + c.Account + ":trail/" + name
	trail := pick(g, name, arn)
	request, response := map[string]any{}, map[string]any{"TrailARN": arn}
	switch c.Op {
	case "CreateTrail", "UpdateTrail":
		request["Name"] = trail
		g.settings(request, response)
	case "PutEventSelectors":
		request["TrailName"] = trail
		list := []any{map[string]any{"ReadWriteType": pick(g, "All", "ReadOnly"), "IncludeManagementEvents": g.IntN(2) == 0}}
		request["EventSelectors"], response["EventSelectors"] = list, list
	case "PutInsightSelectors":
		request["TrailName"] = trail
		request["InsightSelectors"] = []any{map[string]any{"InsightType": pick(g, "ApiCallRateInsight", "ApiErrorRateInsight")}}
	case "AddTags", "RemoveTags":
		request["ResourceId"] = arn
		request["TagsList"] = []any{map[string]any{"Key": pick(g, "team", "stage"), "Value": pick(g, "security", "web", "")}}
	default:
		request["Name"] = trail
	}
	c.Request = marshal(request)
	if len(response) > 1 && g.IntN(2) == 0 {
		c.Response = marshal(response)
	}
	if g.IntN(20) == 0 {
		c.Request = json.RawMessage(pick(g, `{"omitted":true}`, `null`, `{"name":`, twice))
	}
	return c
}

// settings fills what a call sends and what is answered, which is everything.
func (g calls) settings(request, response map[string]any) {
	flags := map[string]string{
		"IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents", "IsMultiRegionTrail": "IsMultiRegionTrail",
		"EnableLogFileValidation": "LogFileValidationEnabled", "IsOrganizationTrail": "IsOrganizationTrail",
	}
	texts := map[string]string{
		"S3KeyPrefix": "S3KeyPrefix", "SnsTopicName": "SnsTopicARN", "KmsKeyId": "KmsKeyId",
		"CloudWatchLogsLogGroupArn": "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
	}
	for _, name := range slices.Sorted(maps.Keys(flags)) { // in one order, or a seed would not give one call
		value := g.IntN(2) == 0
		response[flags[name]] = value
		if g.IntN(3) == 0 {
			request[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		value := pick(g, "", "one", "two")
		if value != "" {
			response[texts[name]] = value
		}
		if g.IntN(3) == 0 {
			request[name] = value
		}
	}
	request["S3BucketName"], response["S3BucketName"] = "logs", "logs"
}

const twice = `{"name":"main","name":"second"}` // of which no reading is safe

func marshal(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return raw
}

// TestAnyOrderOfALogConverges: however records arrive, their replay ends in one state, told with the same gaps.
func TestAnyOrderOfALogConverges(t *testing.T) {
	account := start(t)
	for seed := range uint64(120) {
		g := calls{rand.New(rand.NewPCG(seed, 0))}
		log := g.log(3 + g.IntN(20))
		want := account.Clone()
		gaps := want.Replay(log)
		for range 5 {
			g.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
			got := account.Clone()
			if diff := cmp.Diff(gaps, got.Replay(log)); diff != "" {
				t.Fatalf("seed %d: other gaps (-first +shuffled):\n%s", seed, diff)
			}
			if a, b := string(marshal(want)), string(marshal(got)); a != b {
				t.Fatalf("seed %d: two states:\n%s\n%s", seed, a, b)
			}
		}
	}
}

// TestOrderWithinASecond: what leaves less recorded comes last.
func TestOrderWithinASecond(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var log []model.ControlCall
	for i, op := range []string{"DeleteTrail", "StopLogging", "StartLogging", "PutEventSelectors", "UpdateTrail", "AddTags", "CreateTrail"} {
		log = append(log, model.ControlCall{Op: op, At: at.Add(time.Duration(i) * time.Millisecond), ID: fmt.Sprint(i)})
	}
	log = append(log, model.ControlCall{Op: "DeleteTrail", At: at.Add(-time.Second)}, model.ControlCall{Op: "CreateTrail", At: at.Add(time.Second)})
	var got []string
	for _, c := range model.Ordered(log) {
		got = append(got, c.Op)
	}
	want := "DeleteTrail CreateTrail PutEventSelectors UpdateTrail AddTags StartLogging StopLogging DeleteTrail CreateTrail"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

// TestBothSpellings: a record's members and the API's say the same.
func TestBothSpellings(t *testing.T) {
	account := start(t)
	for seed := range uint64(1000) {
		c := calls{rand.New(rand.NewPCG(seed, 0))}.call()
		api, log := account.Clone(), account.Clone()
		api.Apply(c)
		c.Service += ".amazonaws.com"
		c.Request, c.Response = lower(c.Request), lower(c.Response)
		log.Apply(c)
		if diff := cmp.Diff(difference(account, api), difference(account, log)); diff != "" {
			t.Errorf("seed %d: %s %s (-API +record):\n%s", seed, c.Op, c.Request, diff)
		}
	}
}

// lower spells members as records do.
func lower(raw json.RawMessage) json.RawMessage {
	var v any
	if json.Unmarshal(raw, &v) != nil || v == nil || string(raw) == twice {
		return raw
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for key, value := range v {
				out[strings.ToLower(key[:1])+key[1:]] = walk(value)
			}
			return out
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		}
		return v
	}
	return marshal(walk(v))
}

// TestRewindIsSound: what is known after a call was taken back was so before it, and doing it again gives nothing that
// the call did not give. Whether a trail was logging before it was switched is the one assumption.
func TestRewindIsSound(t *testing.T) {
	account, checked := start(t), 0
	for seed := range uint64(3000) {
		g := calls{rand.New(rand.NewPCG(seed, 0))}
		was := account.Clone()
		was.Replay(g.log(g.IntN(6)))
		c := g.call()
		c.At = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) // later than all that the account tells
		c.Response = answer(was, c)
		now := was.Clone()
		if gaps := now.Apply(c); slices.ContainsFunc(gaps, func(g model.Gap) bool { return g.Code == model.GapUnannounced }) {
			continue // AWS would have refused it
		}
		checked++
		back := now.Clone()
		back.Rewind(c)
		again := back.Clone()
		again.Apply(c)
		for _, diff := range []string{contradiction(was, back, c), contradiction(now, again, c)} {
			if diff != "" {
				t.Errorf("seed %d: %s %s %s: %s", seed, c.Op, c.Request, c.Response, diff)
			}
		}
	}
	if checked < 1500 {
		t.Errorf("only %d calls were taken back", checked)
	}
}

// answer is a call's response made to fit the state before it: AWS answers an Update with all settings, those that were
// not sent as they were. Where some of them are not known there is no response to give.
func answer(was *model.Account, c model.ControlCall) json.RawMessage {
	var request map[string]json.RawMessage
	var response map[string]any
	if c.Op != "UpdateTrail" || json.Unmarshal(c.Response, &response) != nil || json.Unmarshal(c.Request, &request) != nil {
		return c.Response
	}
	t := was.Trail(fmt.Sprint(response["TrailARN"]))
	if t == nil || request["Name"] == nil {
		return nil
	}
	for _, attr := range model.Attributes {
		if attr.Fact() != model.TrailList || attr.Name() == model.HomeRegion.Name() {
			continue
		}
		sent := map[string]string{"SnsTopicARN": "SnsTopicName", "LogFileValidationEnabled": "EnableLogFileValidation"}[attr.Name()]
		if sent == "" {
			sent = attr.Name()
		}
		switch {
		case request[sent] != nil:
			response[attr.Name()] = request[sent]
		case attr.Known(t):
			response[attr.Name()] = attr.JSON(t)
		default:
			return nil
		}
	}
	if string(request["IsMultiRegionTrail"]) == "true" {
		response["IncludeGlobalServiceEvents"] = true
	}
	if string(request["CloudWatchLogsLogGroupArn"]) == `""` {
		response["CloudWatchLogsRoleArn"] = ""
	}
	return marshal(response)
}

// contradiction is what a state knows otherwise than the truth does.
func contradiction(truth, state *model.Account, c model.ControlCall) string {
	for _, s := range state.Trails.Items {
		tr := truth.Trail(s.ARN)
		if tr == nil {
			if s.Logging.Known() {
				return s.ARN + " was not there"
			}
			continue
		}
		for _, attr := range model.Attributes {
			assumed := strings.HasSuffix(c.Op, "Logging") && attr.Name() == model.Logging.Name()
			if attr.Known(s) && attr.Known(tr) && !attr.Same(s, tr) && !assumed {
				return fmt.Sprintf("%s of %s is %s, not %s", attr.Name(), s.Name, attr.JSON(s), attr.JSON(tr))
			}
		}
	}
	for _, tr := range truth.Trails.Items {
		if state.Trail(tr.ARN) == nil && state.Trails.Whole() {
			return tr.ARN + " is missing"
		}
	}
	return ""
}

//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn.example/internal/channeltest"
)

// seed is one of the eight calls of CT-013's page. Each was done in an account of its own, on the only trail, and was
// denied in another account, on a trail of the call's own name.
type seed struct {
	call              string
	request, response string   // as in the record; ACCOUNT stands for its number
	word              string   // how grave it is when it is done
	means             string   // what is blind, or what it means where nothing is
	brief             string   // the same for a phone
	do                []string // commands; ACCOUNT as above
}

const (
	mainTrail = "arn:aws:cloudtrail:us-east-1:ACCOUNT:trail/main"
	guarded   = "222222222222" // the account in which all is denied
	readsOnly = `"eventSelectors": [{"readWriteType": "ReadOnly", "includeManagementEvents": true, "dataResources": [], "excludeManagementEventSources": []}]`
	trailAs   = `"s3BucketName": "logs-ACCOUNT", "includeGlobalServiceEvents": true, "trailARN": "` + mainTrail + `", "logFileValidationEnabled": false, "isOrganizationTrail": false`
	page      = "cairn detections CT-013"
	selectAll = "aws cloudtrail put-event-selectors --region us-east-1 --trail-name " + mainTrail + ` --event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true}]'`
	startMain = "aws cloudtrail start-logging --region us-east-1 --name " + mainTrail
	allBlind  = "Blind now: every management event in 2 Regions, for example ec2 RunInstances in us-east-1, from "
)

var seeds = []seed{
	{
		call: "CreateTrail", request: `{"name": "main", "s3BucketName": "logs-ACCOUNT", "isMultiRegionTrail": true}`,
		response: `{"name": "main", "isMultiRegionTrail": true, ` + trailAs + `}`,
		word:     "MEDIUM", means: "There is a further trail; it delivers to the bucket that the event names", brief: "There is a further trail", do: []string{page},
	},
	{
		call: "UpdateTrail", request: `{"name": "` + mainTrail + `", "isMultiRegionTrail": false}`,
		response: `{"name": "main", "isMultiRegionTrail": false, ` + trailAs + `}`,
		word:     "EXTREME", means: "Blind now: events of eu-west-1, for example ec2 RunInstances in eu-west-1, from ", brief: "blind to events of eu-west-1",
		do: []string{"aws cloudtrail update-trail --region us-east-1 --name " + mainTrail + " --is-multi-region-trail"},
	},
	{
		call: "DeleteTrail", request: `{"name": "` + mainTrail + `"}`, word: "EXTREME", means: allBlind, brief: "blind to every management event in 2 Regions",
		do: []string{"aws cloudtrail create-trail --region us-east-1 --name main --s3-bucket-name logs-ACCOUNT --include-global-service-events --is-multi-region-trail", startMain},
	},
	{
		call: "PutEventSelectors", request: `{"trailName": "` + mainTrail + `", ` + readsOnly + `}`, response: `{"trailARN": "` + mainTrail + `", ` + readsOnly + `}`,
		word: "EXTREME", means: "Blind now: write events, for example ec2 RunInstances in us-east-1, from ", brief: "blind to write events", do: []string{selectAll},
	},
	{
		call: "AddTags", request: `{"resourceId": "` + mainTrail + `", "tagsList": [{"key": "keep", "value": "no"}]}`,
		word: "LOW", means: "The trail has further tags; policies may depend on them.", brief: "The trail has further tags", do: []string{page},
	},
	{
		call: "RemoveTags", request: `{"resourceId": "` + mainTrail + `", "tagsList": [{"key": "keep", "value": "no"}]}`,
		word: "LOW", means: "The trail has fewer tags; policies may depend on them.", brief: "The trail has fewer tags", do: []string{page},
	},
	{call: "StartLogging", request: `{"name": "` + mainTrail + `"}`, word: "LOW", means: "The trail records from now on.", brief: "The trail records from now on", do: []string{page}},
	{
		call: "StopLogging", request: `{"name": "` + mainTrail + `"}`, word: "EXTREME", means: allBlind, brief: "blind to every management event in 2 Regions", do: []string{startMain},
	},
}

// seedOf is the seed of a call, and the account where it is done.
func seedOf(t *testing.T, call string) (seed, string) {
	t.Helper()
	for i, s := range seeds {
		if s.call == call {
			return s, fmt.Sprintf("1111111111%02d", i+1)
		}
	}
	t.Fatalf("no seed %s", call)
	return seed{}, ""
}

// twoRegions is a world in which us-east-1 and eu-west-1 are enabled, and no other Region.
func twoRegions() string {
	world := ""
	for region := range strings.FieldsSeq("us-east-2 us-west-1 us-west-2 ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 " +
		"ca-central-1 eu-central-1 eu-west-2 eu-west-3 eu-north-1 sa-east-1") {
		world += "region " + region + " DISABLED\n"
	}
	return world
}

// accounts makes the trails that the calls are about, and gives the roles by which they are read.
func accounts(t *testing.T) (roles []string) {
	t.Helper()
	for _, s := range seeds {
		_, a := seedOf(t, s.call)
		roles = append(roles, "--role", "arn:aws:iam::"+a+":role/cairn")
		if s.call == "CreateTrail" {
			continue
		}
		world.cli.run(t, "s3", "mb", "s3://logs-"+a, "--profile", a)
		world.cli.run(t, "cloudtrail", "create-trail", "--name", "main", "--s3-bucket-name", "logs-"+a, "--is-multi-region-trail", "--profile", a)
		if s.call != "StartLogging" {
			world.cli.run(t, "cloudtrail", "start-logging", "--name", "main", "--profile", a)
		}
	}
	return append(roles, "--role", "arn:aws:iam::"+guarded+":role/cairn")
}

// wanted is what people must read of a call.
type wanted struct {
	title, account string // of the message, in as many words as a phone has room for
	all, brief     []string
	never          []string
	record         string
}

// happen makes the sixteen calls, just now.
func happen(t *testing.T) (all []wanted) {
	t.Helper()
	for _, s := range seeds {
		_, account := seedOf(t, s.call)
		all = append(all, s.done(t, account), s.refused(t))
	}
	return all
}

func records(of []wanted) (out []string) {
	for _, w := range of {
		out = append(out, w.record)
	}
	return out
}

// done is the call, which changes the account's only trail.
func (s seed) done(t *testing.T, account string) wanted {
	t.Helper()
	fill := func(text string) string { return strings.ReplaceAll(text, "ACCOUNT", account) }
	more := map[string]any{"requestParameters": json.RawMessage(fill(s.request)), "responseElements": nil}
	if s.response != "" {
		more["responseElements"] = json.RawMessage(fill(s.response))
	}
	w := called(t, s.call, "main", account, "mallory", more)
	w.all = append(w.all, s.word+" "+s.call+" on trail/main (us-east-1), account "+account, s.means)
	for _, command := range s.do {
		w.all = append(w.all, fill(command))
	}
	w.brief, w.never = []string{s.word + " ", "by Admin/mallory", s.brief}, []string{"denied"}
	return w
}

// refused is the call on a trail of its own name, which was denied. Its record has no parameters. It is told as what it
// is: somebody tried, and nothing is lost.
func (s seed) refused(t *testing.T) wanted {
	t.Helper()
	w := called(t, s.call, s.call, guarded, "mallory", map[string]any{
		"requestParameters": nil, "responseElements": nil, "errorCode": "AccessDenied",
		"errorMessage": "User: arn:aws:sts::" + guarded + ":assumed-role/Admin/mallory is not authorized to perform: cloudtrail:" + s.call + " on resource: arn:aws:cloudtrail:us-east-1:" +
			guarded + ":trail/" + s.call + " because no identity-based policy allows the cloudtrail:" + s.call + " action",
	})
	w.all = append(w.all, s.call+" on trail/"+s.call+" (us-east-1) was denied (AccessDenied), account "+guarded, "What: The call was denied, so nothing changed", page)
	w.brief = []string{"was denied", "by Admin/mallory", "the call was denied"}
	w.never = []string{"Blind", "blind", "HIGH", "EXTREME", "aws cloudtrail"}
	return w
}

// eventIDs are ids that no two events share.
var eventIDs = make(chan string)

func init() {
	go func() {
		for i := 0; ; i++ {
			eventIDs <- fmt.Sprintf("4a705624-0000-4000-8000-%012d", i)
		}
	}()
}

// called is a call by a person on a trail: its record, and what is told of every call.
func called(t *testing.T, call, trail, account, who string, more map[string]any) wanted {
	t.Helper()
	id := <-eventIDs
	role := map[string]any{"type": "Role", "principalId": "AROAEXAMPLEADMINROLE1", "arn": "arn:aws:iam::" + account + ":role/Admin", "accountId": account, "userName": "Admin"}
	more["eventID"], more["eventTime"], more["eventName"] = id, time.Now().UTC().Format(time.RFC3339), call
	more["awsRegion"], more["recipientAccountId"] = "us-east-1", account
	more["userIdentity"] = map[string]any{
		"type": "AssumedRole", "principalId": "AROAEXAMPLEADMINROLE1:" + who, "arn": "arn:aws:sts::" + account + ":assumed-role/Admin/" + who, "accountId": account,
		"sessionContext": map[string]any{"sessionIssuer": role},
	}
	const console = "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/"
	return wanted{title: call + " on trail/" + trail, account: account, record: record(t, more), all: []string{
		"Who: assumed-role/Admin/" + who + " from 203.0.113.7, CLI", "Event: " + id,
		console + "events/" + id, console + "trails/arn:aws:cloudtrail:us-east-1:" + account + ":trail/" + trail,
	}}
}

// told is the last that a far end shows of a call. That another channel does not take it is something else.
func (w wanted) told(shown []channeltest.Shown) (channeltest.Shown, bool) {
	for _, s := range slices.Backward(shown) {
		if text := strings.Join(strings.Fields(s.Text), " "); strings.Contains(text, w.title+" ") && strings.Contains(text, w.account) && !strings.Contains(text, "CRN-101") {
			return channeltest.Shown{Text: text, Open: s.Open}, true
		}
	}
	return channeltest.Shown{}, false
}

// check holds what a far end shows of a call to what people must read.
func (w wanted) check(t *testing.T, kind string, shown channeltest.Shown, open bool) {
	t.Helper()
	must := w.all
	if kind == "sms" {
		must = w.brief
	}
	for _, text := range must {
		if !strings.Contains(shown.Text, text) {
			t.Errorf("%s: of %s it does not say %q:\n%s", kind, w.title, text, shown.Text)
		}
	}
	for _, text := range w.never {
		if strings.Contains(shown.Text, text) {
			t.Errorf("%s: of %s it says %q:\n%s", kind, w.title, text, shown.Text)
		}
	}
	if shown.Open != open {
		t.Errorf("%s: of %s open is %v:\n%s", kind, w.title, shown.Open, shown.Text)
	}
}

// TestSeedEventsReachEveryChannel: the eight events of CT-013's page, done and denied, go through every source and arrive at
// a far end of every kind of channel with what a person must know; and the event that makes a loss good closes what was
// opened for it, and nothing else.
func TestSeedEventsReachEveryChannel(t *testing.T) {
	reset(t, parseWorld(t, twoRegions()))
	roles, snapshot := accounts(t), t.TempDir()+"/snapshot.json"
	if got := run(t, append(base(), credentials()...), append([]string{"collect", "-o", snapshot}, roles...)...); got.code != 0 {
		t.Fatalf("cairn collect: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	lend := lenders(t)
	t.Cleanup(func() {
		for _, call := range world.proxy.Unimplemented() {
			t.Errorf("the emulator does not implement %s", call)
		}
	})
	for i, w := range ways(t, snapshot, roles) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			w.run(t, everyKind(t, lend, fmt.Sprintf("+49151000000%02d", i)))
		})
	}
}

// run lets the calls be made, and then the one that makes a loss good.
func (w way) run(t *testing.T, far *ends) {
	t.Helper()
	watch := w.start(t, far)
	calls := happen(t)
	watch.take(t, records(calls))
	far.await(t, "be told of every call", func(shown []channeltest.Shown) bool {
		return !slices.ContainsFunc(calls, func(c wanted) bool { _, ok := c.told(shown); return !ok })
	})
	for kind, shown := range far.all(t) {
		for _, c := range calls {
			if told, ok := c.told(shown); ok {
				c.check(t, kind, told, true)
			} else {
				t.Errorf("%s: nothing is told of %s in %s", kind, c.title, c.account)
			}
		}
	}

	_, account := seedOf(t, "StopLogging")
	start, _ := seedOf(t, "StartLogging")
	made := called(t, start.call, "main", account, "alice", map[string]any{"requestParameters": json.RawMessage(strings.ReplaceAll(start.request, "ACCOUNT", account)), "responseElements": nil})
	end := calls[slices.IndexFunc(calls, func(c wanted) bool { return c.account == account && strings.HasPrefix(c.title, "StopLogging") })]
	end.all = append(slices.Clone(end.all[:4]), "RESOLVED StopLogging on trail/main (us-east-1), account "+account,
		"Was: every management event in 2 Regions, for example ec2 RunInstances in us-east-1; not recorded from ", "Ended by: StartLogging, assumed-role/Admin/alice from 203.0.113.7, CLI")
	end.brief = []string{"RESOLVED ", "by Admin/mallory", "was blind for "}
	happened := time.Now()
	watch.take(t, []string{made.record})
	far.await(t, "be told of the end", func(shown []channeltest.Shown) bool {
		told, ok := end.told(shown)
		return ok && !told.Open
	})
	t.Logf("from the record to the last of all channels: %.1f s", time.Since(happened).Seconds())
	for kind, shown := range far.all(t) {
		if told, ok := end.told(shown); ok {
			end.check(t, kind, told, false)
		}
		for _, c := range calls {
			if told, ok := c.told(shown); ok && !told.Open && c.account != account {
				t.Errorf("%s: %s was closed:\n%s", kind, c.title, told.Text)
			}
		}
	}
	watch.stop(t)
}

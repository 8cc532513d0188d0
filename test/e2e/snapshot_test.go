//go:build e2e

package e2e_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mixed is an account with something of everything: passes, failures, and a refusal.
const mixed = `
	aws s3 mb s3://the-bucket
	aws cloudtrail create-trail --name main --s3-bucket-name the-bucket --is-multi-region-trail --enable-log-file-validation
	aws cloudtrail start-logging --name main
	aws cloudtrail put-event-selectors --trail-name main --event-selectors '[{"ReadWriteType":"All","ExcludeManagementEventSources":["kms.amazonaws.com"]}]'
	aws cloudtrail create-trail --name main --s3-bucket-name the-bucket --region eu-west-1
	aws cloudtrail create-trail --name second --s3-bucket-name the-bucket --is-multi-region-trail
	aws cloudtrail start-logging --name second
`

const mixedWorld = `
	deny cloudtrail GetEventSelectors resource=second
	deny cloudtrail DescribeTrails region=sa-east-1
	status second '{"LatestDeliveryError": "NoSuchBucket"}'
`

func TestSnapshotIsJudgedAsTheLiveAccount(t *testing.T) {
	reset(t, parseWorld(t, mixedWorld))
	setup(t, mixed)
	file := filepath.Join(t.TempDir(), "snapshot.json")
	if got := cairn(t, nil, "collect", "-o", file); got.code != 0 {
		t.Fatalf("cairn collect: exit %d\n%s", got.code, got.stderr)
	}
	live, liveRun := audit(t, nil)

	world.proxy.Forget()
	offline := run(t, base(), "audit", "--format", "json", "--snapshot", file)
	if calls := world.proxy.Calls(); len(calls) > 0 {
		t.Errorf("judging a snapshot called AWS: %v", calls)
	}
	if offline.code != liveRun.code {
		t.Errorf("exit %d from the snapshot, %d live\n%s", offline.code, liveRun.code, offline.stderr)
	}
	if len(live.Findings) == 0 || len(live.Gaps) == 0 {
		t.Errorf("the account shows too little: %d findings, %d gaps", len(live.Findings), len(live.Gaps))
	}
	if diff := cmp.Diff(timeless(t, liveRun.stdout, file), timeless(t, offline.stdout, file)); diff != "" {
		t.Errorf("the snapshot is judged otherwise (-live +snapshot):\n%s", diff)
	}
}

// timeless reads a report without what may differ: times, the calls made, and where commands
// take the account from.
func timeless(t *testing.T, document, file string) map[string]any {
	t.Helper()
	document = strings.ReplaceAll(document, " --snapshot "+file, "")
	var parsed map[string]any
	if err := json.Unmarshal([]byte(document), &parsed); err != nil {
		t.Fatalf("no JSON document: %v\n%s", err, document)
	}
	if summary, ok := parsed["summary"].(map[string]any); ok {
		for _, name := range []string{"collectedAt", "calls", "duration", "took"} {
			delete(summary, name)
		}
	}
	return parsed
}

// TestRedactedSnapshotKeepsTheVerdicts: what is pasted into a bug report shows the bug and nothing else.
func TestRedactedSnapshotKeepsTheVerdicts(t *testing.T) {
	reset(t, parseWorld(t, mixedWorld))
	setup(t, mixed)
	file := filepath.Join(t.TempDir(), "snapshot.json")
	if got := cairn(t, nil, "collect", "--redact", "-o", file); got.code != 0 {
		t.Fatalf("cairn collect --redact: exit %d\n%s", got.code, got.stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{mainAccount, `"main"`, "trail/main", "trail/second", "the-bucket"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the redacted snapshot still holds %s", secret)
		}
	}
	live, _ := audit(t, nil)
	redacted, _ := audit(t, nil, "--snapshot", file)
	if diff := cmp.Diff(tally(live), tally(redacted)); diff != "" {
		t.Errorf("verdicts (-live +redacted):\n%s", diff)
	}
}

func tally(r report) []string {
	count := map[string]int{}
	for _, f := range r.Findings {
		count[f.Rule+" "+f.Status]++
	}
	var all []string
	for _, verdict := range slices.Sorted(maps.Keys(count)) {
		all = append(all, strings.Repeat(verdict+"; ", count[verdict]))
	}
	return all
}

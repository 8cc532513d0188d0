package source_test

import (
	"errors"
	"testing"

	"cairn.example/internal/source"
)

// A problem names what it is about, and says nothing twice.
func TestProblemsInWords(t *testing.T) {
	for want, p := range map[string]source.Problem{
		"https://sqs/q: ReceiveMessage in eu-west-1: AccessDenied (needs sqs:ReceiveMessage)": {
			Name: "ReceiveMessage https://sqs/q", Call: "ReceiveMessage", Permission: "sqs:ReceiveMessage", Err: errors.New("ReceiveMessage in eu-west-1: AccessDenied"),
		},
		"ReceiveMessage https://sqs/q: AssumeRole: AccessDenied": {
			Name: "ReceiveMessage https://sqs/q", Call: "AssumeRole", Err: errors.New("AssumeRole: AccessDenied"),
		},
		"account 111122223333: LookupEvents in eu-west-1: Throttling": {
			Name: "LookupEvents 111122223333 eu-west-1", Account: "111122223333", Call: "LookupEvents", Err: errors.New("LookupEvents in eu-west-1: Throttling"),
		},
		"logs/1.json.gz: permission denied":           {Name: "logs/1.json.gz", Err: errors.New("permission denied")},
		"ReceiveMessage https://sqs/q: works again":   {Name: "ReceiveMessage https://sqs/q", Call: "ReceiveMessage"},
		"s3://logs/1.json.gz: read s3://logs: denied": {Name: "s3://logs/1.json.gz", Err: errors.New("read s3://logs: denied")},
	} {
		if got := p.String(); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
}

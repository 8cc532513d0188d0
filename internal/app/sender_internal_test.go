package app

import (
	"fmt"
	"strings"
	"testing"
)

func TestSendersOfAPolicy(t *testing.T) {
	for _, c := range []struct{ name, policy, want string }{
		{"none", ``, ``},
		{"one statement without brackets", `{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:one"}}}}`, `arn:one`},
		{"lists", `{"Statement": [{"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "SQS:SendMessage"], "Condition": {"ArnLike": {"AWS:SourceArn": ["arn:one", "arn:two"]}}}]}`, `arn:one arn:two`},
		{"anybody", `{"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Principal": {"Service": "s3.amazonaws.com"}}]}`, `any of Service: s3.amazonaws.com`},
		{"another condition", `{"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]}`, `any of *`},
		{"what denies, and what does not send", `{"Statement": [{"Effect": "Deny", "Action": "sqs:SendMessage"}, {"Effect": "Allow", "Action": "sqs:ReceiveMessage"}]}`, ``},
		{"no policy", `[`, `error`},
	} {
		all, err := sendersOf(c.policy)
		var got []string
		for _, one := range all {
			if one.source == "" {
				one.source = "any of " + one.who
			}
			got = append(got, one.source)
		}
		if err != nil {
			got = []string{"error"}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: got %s, want %s", c.name, text, c.want)
		}
	}
}

func TestRedrivePolicy(t *testing.T) {
	for text, want := range map[string]string{
		``: `{ 0}`,
		`{"deadLetterTargetArn": "arn:dead", "maxReceiveCount": 100}`: `{arn:dead 100}`,
		`{"deadLetterTargetArn": "arn:dead", "maxReceiveCount": "5"}`: `{arn:dead 5}`,
	} {
		if got := fmt.Sprint(redriveOf(map[string]string{"RedrivePolicy": text})); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

package app

import (
	"encoding/json"
	"strconv"
	"strings"
)

// sender is who a queue's policy lets send to it.
type sender struct {
	who    string // a service or an account
	source string // the ARN that it must send for; "" for any
}

// sendersOf are those of a queue's policy. A statement that denies is not looked at: it would show in nothing arriving.
func sendersOf(policy string) ([]sender, error) {
	if policy == "" {
		return nil, nil
	}
	var doc struct {
		Statement oneOrMany[struct {
			Effect    string                                  `json:"Effect"`
			Action    oneOrMany[string]                       `json:"Action"`
			Principal json.RawMessage                         `json:"Principal"`
			Condition map[string]map[string]oneOrMany[string] `json:"Condition"`
		}] `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(policy), &doc); err != nil {
		return nil, err //nolint:wrapcheck // the caller says of what
	}
	var out []sender
	for _, s := range doc.Statement {
		if s.Effect != "Allow" || !sends(s.Action) {
			continue
		}
		var sources []string
		for _, operands := range s.Condition {
			for key, values := range operands {
				if strings.EqualFold(key, "aws:SourceArn") {
					sources = append(sources, values...)
				}
			}
		}
		if len(sources) == 0 {
			sources = []string{""}
		}
		for _, source := range sources {
			out = append(out, sender{strings.NewReplacer("{", "", "}", "", `"`, "").Replace(string(s.Principal)), source})
		}
	}
	return out, nil
}

func sends(actions []string) bool {
	for _, one := range actions {
		switch strings.ToLower(one) {
		case "sqs:sendmessage", "sqs:*", "sqs:send*", "*":
			return true
		}
	}
	return false
}

// oneOrMany is a value of a policy, where a list of one may be written without brackets.
type oneOrMany[T any] []T

// UnmarshalJSON reads either form.
func (o *oneOrMany[T]) UnmarshalJSON(text []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		return json.Unmarshal(text, (*[]T)(o)) //nolint:wrapcheck // the caller says of what
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err //nolint:wrapcheck // as above
	}
	*o = oneOrMany[T]{one}
	return nil
}

// redriveOf is a queue's redrive policy, in which the number may be written as text.
func redriveOf(attributes map[string]string) redrive {
	var r struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(attributes["RedrivePolicy"]), &r) != nil {
		return redrive{}
	}
	most, _ := strconv.Atoi(strings.Trim(string(r.MaxReceiveCount), `"`))
	return redrive{r.DeadLetterTargetArn, most}
}

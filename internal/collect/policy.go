package collect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cairn.example/internal/model"
)

// PolicyFormats are the forms in which [Policy] can be had.
var PolicyFormats = []string{"json", "terraform", "cloudformation"}

// What reading a queue or a bucket needs, besides the facts' permissions. An encrypted bucket or queue needs kms:Decrypt
// on its key too. Without s3:ListBucket, S3 calls an object that is gone a forbidden one.
var (
	QueuePermissions  = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
	BucketPermissions = []string{"s3:GetObject", "s3:ListBucket"}
)

type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource string
}

type document struct {
	Version   string
	Statement []statement
}

// Policy is the least-privilege IAM policy for reading the facts, and for what else is to be done, such as
// [LookupPermission]. The actions are read-only and their Resource is "*": most of them know no narrower one
// (Service Authorization Reference, AWS CloudTrail).
func Policy(format string, facts []*model.FactKind, also ...string) (string, error) {
	if !slices.Contains(PolicyFormats, format) {
		return "", fmt.Errorf("policy format %q: want one of %s", format, strings.Join(PolicyFormats, ", "))
	}
	actions := append(model.Permissions(facts), also...)
	slices.Sort(actions)
	doc := document{"2012-10-17", []statement{{"CairnReads", "Allow", slices.Compact(actions), "*"}}}
	var body any = doc
	if format == "cloudformation" {
		body = stack(doc)
	}
	raw, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the policy: %w", err)
	}
	if format == "terraform" {
		return terraform(string(raw)), nil
	}
	return string(raw) + "\n", nil
}

func stack(doc document) any {
	return map[string]any{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "What cairn needs to read CloudTrail's configuration",
		"Resources": map[string]any{"CairnReads": map[string]any{
			"Type":       "AWS::IAM::ManagedPolicy",
			"Properties": map[string]any{"Description": "Read-only access for cairn", "PolicyDocument": doc},
		}},
	}
}

func terraform(policy string) string {
	return "resource \"aws_iam_policy\" \"cairn_reads\" {\n  name        = \"cairn-reads\"\n" +
		"  description = \"Read-only access for cairn\"\n  policy      = <<-JSON\n    " +
		strings.ReplaceAll(policy, "\n", "\n    ") + "\n  JSON\n}\n"
}

// Package ct008 is CT-008: log files are encrypted with a KMS key.
package ct008

import (
	"embed"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges each trail: it names a KMS key.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-008", Title: "CloudTrail Logs Encrypted", Kind: rule.Posture, Severity: model.Medium,
		Categories: []rule.Category{rule.Security},
		Aliases: []string{
			"CloudTrail.2", "cloud-trail-encryption-enabled", "cloudtrail_kms_encryption_enabled", "CKV_AWS_35", "AWS-0015", "AVD-AWS-0015",
		},
		Published: "2016-04-12", Updated: "2026-11-25", Files: files,
	},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail"}}},
	Check:    check, Fix: fix, Example: example,
}

func check(e *rule.Eval, _ *model.Account) {
	e.EachTrail("there is no trail whose log files could be encrypted (CT-001)", func(t *model.Trail) {
		e.Trail(t, t.Has(model.KMSKey), rule.Say{
			Pass: "encrypts its log files with a KMS key",
			Fail: "names no KMS key: log files are encrypted with keys that S3 manages, and whoever may read the bucket may read them",
		})
	})
}

func fix(f *rule.Fix) {
	t := f.Trail()
	if t == nil {
		f.Refuse("there is no trail to change: see CT-001")
		return
	}
	t.Key = f.Ask("KmsKeyArn", "ARN of a KMS key in the Region of the log bucket")
	f.Note("The key policy must first let CloudTrail use it (kms:GenerateDataKey*, kms:DescribeKey) and readers decrypt; a key that CloudTrail may not use stops delivery.")
}

// example is the failing case of the page.
func example() []*model.Trail {
	t := rule.Healthy("main", "eu-west-1")
	t.Key = rule.Given("")
	return []*model.Trail{t}
}

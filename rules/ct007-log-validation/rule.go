// Package ct007 is CT-007: log file integrity validation is on.
package ct007

import (
	"embed"

	"cairn.example/internal/model"
	"cairn.example/internal/rule"
)

//go:embed page.md cases/*.txtar
var files embed.FS

// Rule judges each trail: digests of its log files are written.
var Rule = &rule.Rule{
	Meta: rule.Meta{
		ID: "CT-007", Title: "CloudTrail Log File Integrity Validation", Kind: rule.Posture, Severity: model.Medium,
		Categories: []rule.Category{rule.Security},
		Aliases: []string{
			"CloudTrail.4", "cloud-trail-log-file-validation-enabled", "cloudtrail_log_file_validation_enabled", "CKV_AWS_36", "AWS-0016", "AVD-AWS-0016",
		},
		Published: "2016-04-12", Updated: "2026-11-25", Files: files,
	},
	Triggers: []rule.Trigger{{Source: "cloudtrail.amazonaws.com", Names: []string{"CreateTrail", "UpdateTrail", "DeleteTrail"}}},
	Check:    check, Fix: fix, Example: example,
}

func check(e *rule.Eval, _ *model.Account) {
	e.EachTrail("there is no trail whose log files could be validated (CT-001)", func(t *model.Trail) {
		e.Trail(t, t.Is(model.Validation), rule.Say{
			Pass: "writes digests, so a changed, deleted or forged log file can be told",
			Fail: "writes no digests: a log file that was changed or deleted could not be told",
		})
	})
}

func fix(f *rule.Fix) {
	t := f.Trail()
	if t == nil {
		f.Refuse("there is no trail to change: see CT-001")
		return
	}
	t.Validation = model.Known(true, model.Origin{})
}

// example is the failing case of the page.
func example() []*model.Trail {
	t := rule.Healthy("main", "eu-west-1")
	t.Validation = rule.Given(false)
	return []*model.Trail{t}
}

package remediate

import (
	"slices"

	"cairn.example/internal/model"
)

// row is one attribute of a trail in every form. A default is JSON: what the form makes of a trail when it is not told.
type row struct {
	Attr           model.Attribute
	Create, Update string // the members of CreateTrail and UpdateTrail; "" where another operation sets it
	Default        string // of CreateTrail; "" where none is documented
	Ops            []string
	Terraform      string
	TFDefault      string
	CloudFormation string
	CFNDefault     string
	Console        string // what to do there, with the value for %s
	NoConsole      string // why the console cannot, for a trail that exists
	Never          string // why a fix never changes it on a trail that exists
}

const (
	none   = `""`
	absent = `[]`
	yes    = "true"
	no     = "false"
)

// rows is the other half of the table of facts: how each attribute is set. Names and defaults: CloudTrail API
// reference (CreateTrail, UpdateTrail), aws_cloudtrail of the Terraform provider 5 and 6, AWS::CloudTrail::Trail.
var rows = []row{
	{Attr: model.HomeRegion, Never: "a trail's home Region cannot be changed"},
	{
		Attr: model.S3Bucket, Create: "S3BucketName", Update: "S3BucketName", Terraform: "s3_bucket_name", CloudFormation: "S3BucketName",
		Console: "Storage location: **Use existing S3 bucket**, %s", Never: "it would send the log files to another bucket",
	},
	{
		Attr: model.S3Prefix, Create: "S3KeyPrefix", Update: "S3KeyPrefix", Default: none, Terraform: "s3_key_prefix", TFDefault: none,
		CloudFormation: "S3KeyPrefix", CFNDefault: none, Console: "Prefix: %s", Never: "it would send the log files to another place",
	},
	{
		Attr: model.SNSTopic, Create: "SnsTopicName", Update: "SnsTopicName", Default: none, Terraform: "sns_topic_name", TFDefault: none,
		CloudFormation: "SnsTopicName", CFNDefault: none, Console: "**SNS notification delivery**: Enabled, existing topic %s",
	},
	{
		Attr: model.Logging, Default: no, Ops: []string{opStart, opStop}, Terraform: "enable_logging", TFDefault: yes,
		CloudFormation: "IsLogging", Console: "**Start logging**",
	},
	{
		Attr: model.GlobalEvents, Create: "IncludeGlobalServiceEvents", Update: "IncludeGlobalServiceEvents",
		Terraform: "include_global_service_events", TFDefault: yes, CloudFormation: "IncludeGlobalServiceEvents",
		NoConsole: "the CloudTrail console has no switch for global service events",
	},
	{
		Attr: model.MultiRegion, Create: "IsMultiRegionTrail", Update: "IsMultiRegionTrail", Default: no,
		Terraform: "is_multi_region_trail", TFDefault: no, CloudFormation: "IsMultiRegionTrail", CFNDefault: no,
		NoConsole: "the CloudTrail console cannot make a single-Region trail multi-Region (only trails that it creates itself are)",
	},
	{
		Attr: model.Organization, Create: "IsOrganizationTrail", Update: "IsOrganizationTrail", Default: no,
		Terraform: "is_organization_trail", TFDefault: no, CloudFormation: "IsOrganizationTrail", CFNDefault: no,
		Console: "**Enable for all accounts in my organization**: %s",
	},
	{
		Attr: model.Validation, Create: "EnableLogFileValidation", Update: "EnableLogFileValidation", Default: no,
		Terraform: "enable_log_file_validation", TFDefault: no, CloudFormation: "EnableLogFileValidation", CFNDefault: no,
		Console: "**Log file validation**: Enabled",
	},
	{
		Attr: model.KMSKey, Create: "KmsKeyId", Update: "KmsKeyId", Default: none, Terraform: "kms_key_id", TFDefault: none,
		CloudFormation: "KMSKeyId", CFNDefault: none, Console: "**Log file SSE-KMS encryption**: Enabled, existing key %s",
	},
	{
		Attr: model.LogGroup, Create: "CloudWatchLogsLogGroupArn", Update: "CloudWatchLogsLogGroupArn", Default: none,
		Terraform: "cloud_watch_logs_group_arn", TFDefault: none, CloudFormation: "CloudWatchLogsLogGroupArn", CFNDefault: none,
		Console: "**CloudWatch Logs**: Enabled, existing log group %s",
	},
	{
		Attr: model.LogRole, Create: "CloudWatchLogsRoleArn", Update: "CloudWatchLogsRoleArn", Default: none,
		Terraform: "cloud_watch_logs_role_arn", TFDefault: none, CloudFormation: "CloudWatchLogsRoleArn", CFNDefault: none,
		Console: "**IAM Role**: existing, %s",
	},
	{Attr: model.StartedAt, Never: "when logging started is history"},
	{Attr: model.StoppedAt, Never: "when logging stopped is history"},
	{
		Attr: model.Selectors, Ops: []string{opPutSelectors}, Terraform: "event_selector", CloudFormation: "EventSelectors",
		Console: "section **Management events**, **Edit**: API activity **Read** and **Write**; clear **Exclude AWS KMS events** and **Exclude Amazon RDS Data API events**",
	},
	{
		Attr: model.Insights, Default: absent, Ops: []string{opPutInsights}, Terraform: "insight_selector", TFDefault: absent,
		CloudFormation: "InsightSelectors", CFNDefault: absent, NoConsole: "the steps for Insights events are not written down",
	},
	{
		Attr: model.Tags, Create: "TagsList", Default: absent, Ops: []string{opAddTags, opRemoveTags}, Terraform: "tags", TFDefault: absent,
		CloudFormation: "Tags", CFNDefault: absent, NoConsole: "the steps for tags are not written down",
	},
}

func rowOf(a model.Attribute) row {
	i := slices.IndexFunc(rows, func(r row) bool { return r.Attr.Name() == a.Name() })
	if i < 0 {
		return row{Attr: a, Never: "nothing is known of how to change " + a.Name()}
	}
	return rows[i]
}

// Facts are what the full-state forms need to know of a trail, beyond what a rule needs.
func Facts() []*model.FactKind {
	var out []*model.FactKind
	for _, r := range rows {
		if !slices.Contains(out, r.Attr.Fact()) {
			out = append(out, r.Attr.Fact())
		}
	}
	return out
}

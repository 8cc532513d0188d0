variable "name" {
  description = "Of the rule."
  type        = string
  default     = "cairn"
}

variable "bus_arn" {
  description = "The output bus_arn of the queue module."
  type        = string
}

variable "log_bucket" {
  description = "The bucket of the log files, where a trail records its data events: who touches a log file is then forwarded, too. Data events of other buckets never are."
  type        = string
  default     = ""
}

# What cairn's own detections look at. User's Sigma rules may need more: signin.amazonaws.com for ConsoleLogin, which has
# its own detail-type.
variable "event_sources" {
  description = "The services whose events are forwarded."
  type        = list(string)
  default = [
    "access-analyzer.amazonaws.com",
    "account.amazonaws.com",
    "cloudformation.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "detective.amazonaws.com",
    "ec2.amazonaws.com",
    "ecr.amazonaws.com",
    "events.amazonaws.com",
    "guardduty.amazonaws.com",
    "iam.amazonaws.com",
    "kms.amazonaws.com",
    "lambda.amazonaws.com",
    "logs.amazonaws.com",
    "macie2.amazonaws.com",
    "monitoring.amazonaws.com",
    "organizations.amazonaws.com",
    "route53resolver.amazonaws.com",
    "s3.amazonaws.com",
    "secretsmanager.amazonaws.com",
    "securityhub.amazonaws.com",
    "securitylake.amazonaws.com",
    "sns.amazonaws.com",
    "sqs.amazonaws.com",
    "ssm.amazonaws.com",
    "states.amazonaws.com",
    "waf-regional.amazonaws.com",
    "waf.amazonaws.com",
    "wafv2.amazonaws.com",
  ]
}

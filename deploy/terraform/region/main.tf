# Forwards CloudTrail's events of one account and Region to the bus of the queue module. For every Region, us-east-1 above
# all, of every account.
#
# A rule cannot target a queue of another Region, but a bus it can; so each Region forwards to the one bus, and that one to
# the queue. Events of IAM, Organizations and Account Management are on the bus of us-east-1 alone.
#
# EventBridge gets CloudTrail's events only while a trail records them: the StopLogging of the last trail is the last event
# that comes this way. cairn watch --history asks Event history besides, where it still is.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
}

# With a name that Terraform makes, so that each Region has its own.
resource "aws_iam_role" "forward" {
  name_prefix = "${var.name}-forward-"
  description = "Forwards CloudTrail's events of ${local.region} to cairn"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TheRuleForwards"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}" }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  name = "forward"
  role = aws_iam_role.forward.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ToTheBus"
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = var.bus_arn
    }]
  })
}

resource "aws_cloudwatch_event_rule" "forward" {
  name        = var.name
  description = "CloudTrail's events that cairn's detections look at, to cairn's bus"
  # Events that write. ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS would forward reads, too, which no detection of cairn's
  # looks at, and which are most of what there is; the rule of the queue module would then need the same state.
  state = "ENABLED"
  event_pattern = jsonencode({
    "detail-type" = [
      "AWS API Call via CloudTrail",
      "AWS Console Action via CloudTrail",
      "AWS Console Signin via CloudTrail",
      "AWS Service Event via CloudTrail",
      "AWS Network Activity Event via CloudTrail",
    ]
    detail = {
      eventSource = var.event_sources
      # Data events that a trail records come on this bus as well, one for each object that anybody writes, and so does network
      # activity. Records before version 1.06 do not say whether they are management events.
      "$or" = concat(
        [{ managementEvent = [true], eventType = [{ anything-but = { prefix = "AwsVpce" } }] }],
        [{ managementEvent = [{ exists = false }], eventType = [{ anything-but = { prefix = "AwsVpce" } }] }],
        # An attempt that the policy of a VPC endpoint refused is in no other record.
        [{ errorCode = ["VpceAccessDenied"] }],
        [for arn in [for bucket in compact([var.log_bucket]) : "arn:${local.partition}:s3:::${bucket}"] : {
          resources = { ARN = [arn, { prefix = "${arn}/" }] }
        }],
      )
    }
  })
}

resource "aws_cloudwatch_event_target" "bus" {
  rule      = aws_cloudwatch_event_rule.forward.name
  target_id = "bus"
  arn       = var.bus_arn
  role_arn  = aws_iam_role.forward.arn
}

# The queue that cairn watch reads, once, in cairn's account and home Region.
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
  own_account = data.aws_caller_identity.current.account_id
  queue_arn   = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${local.own_account}:${var.name}"
}

# cairn itself puts a message that it cannot read aside after five tries. Here lands what it never came to deal with: 100
# receives are some 16 hours in which a permission was missing, since it leaves such a message alone for 10 minutes each
# time, or 3 hours in which the process died over it. `aws sqs start-message-move-task` sends them back.
# The age of a message goes on counting here (SQS developer guide), so 14 days, the most there are, hold for both together.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arn]
  })
}

resource "aws_sqs_queue" "queue" {
  name = var.name
  # cairn may be away this long without losing an event.
  message_retention_seconds = 1209600
  # cairn extends it while it works: this is how soon another process takes over when it died.
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 20
  # SQS's own key: with a key of KMS each sender's service would need to be in that key's policy.
  sqs_managed_sse_enabled = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 100
  })
}

resource "aws_sqs_queue_policy" "queue" {
  queue_url = aws_sqs_queue.queue.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "EventsOfTheBus"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.queue.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.queue.arn } }
      }],
      # A bucket's ARN names no account, and a deleted bucket's name can be taken by anybody.
      [for bucket in compact([var.log_bucket]) : {
        Sid       = "LogFilesOfTheBucket"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.queue.arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:s3:::${bucket}" }
          StringEquals = { "aws:SourceAccount" = var.log_bucket_account == "" ? local.own_account : var.log_bucket_account }
        }
      }],
      [for topics in [var.topic_arns] : {
        Sid       = "LogFilesOfTopics"
        Effect    = "Allow"
        Principal = { Service = var.topic_service }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.queue.arn
        Condition = { ArnEquals = { "aws:SourceArn" = topics } }
      } if length(topics) > 0],
    )
  })
}

resource "aws_cloudwatch_event_bus" "bus" {
  name        = var.name
  description = "CloudTrail's events of all accounts and Regions, for cairn watch"
}

# This account's own rules need no statement here: the role of the region module is enough within one account.
resource "aws_cloudwatch_event_bus_policy" "bus" {
  count          = var.organization_id == "" && length(var.account_ids) == 0 ? 0 : 1
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for organization in compact([var.organization_id]) : {
        Sid       = "OrganizationMayForward"
        Effect    = "Allow"
        Principal = "*"
        Action    = "events:PutEvents"
        Resource  = aws_cloudwatch_event_bus.bus.arn
        Condition = {
          StringEquals = { "aws:PrincipalOrgID" = organization }
          # Events that a rule forwards, none that somebody writes: cairn believes what comes by this way.
          Bool = { "events:eventBusInvocation" = "true" }
        }
      }],
      [for accounts in [var.account_ids] : {
        Sid       = "AccountsMayForward"
        Effect    = "Allow"
        Principal = { AWS = accounts }
        Action    = "events:PutEvents"
        Resource  = aws_cloudwatch_event_bus.bus.arn
        Condition = { Bool = { "events:eventBusInvocation" = "true" } }
      } if length(accounts) > 0],
    )
  })
}

resource "aws_cloudwatch_event_rule" "queue" {
  name           = "${var.name}-queue"
  description    = "CloudTrail's events to the queue of cairn watch"
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  state          = "ENABLED"
  # PutEvents refuses sources that begin with aws., so what matches was said by AWS and by nobody else.
  event_pattern = jsonencode({
    source        = [{ prefix = "aws." }]
    "detail-type" = [{ suffix = " via CloudTrail" }]
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule           = aws_cloudwatch_event_rule.queue.name
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  target_id      = "queue"
  arn            = aws_sqs_queue.queue.arn
}

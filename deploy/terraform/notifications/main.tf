# A topic that tells of new log files, in the account and Region of the log bucket. The bucket is made to use it by
# notify-bucket.sh: aws_s3_bucket_notification, like the call it makes, replaces everything that the bucket tells to anybody.
# Not needed where the trail has a topic of its own (sns_topic_name).
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
  account       = data.aws_caller_identity.current.account_id
  queue_account = split(":", var.queue_arn)[4]
}

# Not encrypted: S3 publishes to an encrypted topic only with a key of KMS whose policy names s3.amazonaws.com, and what is
# said here are names of files.
resource "aws_sns_topic" "topic" {
  name = var.name
}

resource "aws_sns_topic_policy" "topic" {
  arn = aws_sns_topic.topic.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "LogFilesOfTheBucket"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.topic.arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:s3:::${var.log_bucket}" }
          StringEquals = { "aws:SourceAccount" = local.account }
        }
      }],
      [for account in [local.queue_account] : {
        Sid       = "TheQueueMaySubscribe"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${account}:root" }
        Action    = "sns:Subscribe"
        Resource  = aws_sns_topic.topic.arn
        Condition = { StringEquals = { "sns:Protocol" = "sqs", "sns:Endpoint" = var.queue_arn } }
      } if account != local.account],
    )
  })
}

# Only the queue's account can subscribe its queue without a confirmation: in another account the output says the command.
resource "aws_sns_topic_subscription" "queue" {
  count                = local.queue_account == local.account ? 1 : 0
  topic_arn            = aws_sns_topic.topic.arn
  protocol             = "sqs"
  endpoint             = var.queue_arn
  raw_message_delivery = true
}

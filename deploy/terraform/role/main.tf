# The role that cairn watch runs as, in cairn's account. What is left empty is not allowed.
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

locals {
  bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.log_bucket}"
}

resource "aws_iam_role" "cairn" {
  name        = var.name
  description = "What cairn watch runs as"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Sid       = "CairnRuns"
        Effect    = "Allow"
        Principal = { Service = var.trusted_service }
        # EKS Pod Identity tags the sessions that it opens.
        Action = concat(["sts:AssumeRole"], var.trusted_service == "pods.eks.amazonaws.com" ? ["sts:TagSession"] : [])
      },
      # ECS says for whose tasks it asks (Amazon ECS Developer Guide, "Amazon ECS task IAM role"); EC2 does not.
      var.trusted_service != "ecs-tasks.amazonaws.com" ? null : {
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    )]
  })
}

resource "aws_iam_instance_profile" "cairn" {
  count = var.trusted_service == "ec2.amazonaws.com" ? 1 : 0
  name  = var.name
  role  = aws_iam_role.cairn.name
}

resource "aws_iam_role_policy_attachment" "watch" {
  role       = aws_iam_role.cairn.name
  policy_arn = aws_iam_policy.watch.arn
}

resource "aws_iam_policy" "watch" {
  name        = var.name
  description = "What cairn watch reads, and the queue that it empties"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # What `cairn policy --watch` prints. No narrower Resource: most of these actions know none.
      [{
        Sid    = "CairnReads"
        Effect = "Allow"
        Action = [
          "account:ListRegions",
          "cloudtrail:DescribeTrails",
          "cloudtrail:GetEventSelectors",
          "cloudtrail:GetInsightSelectors",
          "cloudtrail:GetTrailStatus",
          "cloudtrail:ListTags",
          "cloudtrail:LookupEvents",
          "ec2:DescribeRegions",
        ]
        Resource = "*"
      }],
      [for queues in [var.queue_arns] : {
        Sid    = "Receive"
        Effect = "Allow"
        Action = [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:ReceiveMessage",
        ]
        Resource = queues
      } if length(queues) > 0],
      [for bucket in compact([var.log_bucket]) : {
        Sid      = "ReadLogFiles"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "${local.bucket_arn}/${var.log_prefix}AWSLogs/*"
      }],
      # Also where cairn lists nothing, and without a condition on the prefix: only who may list is told that a file is gone
      # (404, NoSuchKey). Anybody else is refused (403), which looks like a permission that is missing.
      [for bucket in compact([var.log_bucket]) : {
        Sid      = "ListLogFiles"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = local.bucket_arn
      }],
      [for key in compact([var.log_key_arn]) : {
        Sid       = "DecryptLogFiles"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = key
        Condition = { StringLike = { "kms:ViaService" = "s3.*.${data.aws_partition.current.dns_suffix}" } }
      }],
      [for secrets in [var.secret_arns] : {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = secrets
      } if length(secrets) > 0],
      [for members in [var.member_role_arns] : {
        Sid      = "AssumeMembers"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole"]
        Resource = members
      } if length(members) > 0],
      # For --role with * in the place of the account. AWS answers the management account and delegated administrators.
      [for members in [var.member_role_arns] : {
        Sid      = "ListMembers"
        Effect   = "Allow"
        Action   = ["organizations:ListAccounts"]
        Resource = "*"
      } if length(members) > 0],
      # A phone number has no ARN to name, so what has one is left out: no topic can be published to.
      [for sms in [var.sms] : {
        Sid         = "SendTextMessages"
        Effect      = "Allow"
        Action      = ["sns:Publish"]
        NotResource = "arn:${data.aws_partition.current.partition}:sns:*:*:*"
      } if sms],
    )
  })
}

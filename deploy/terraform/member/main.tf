# The role that cairn assumes in another account to read its trails and its Event history. One Region is enough.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

resource "aws_iam_role" "cairn" {
  name        = var.name
  description = "What cairn reads of this account. It changes nothing."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Sid       = "CairnAssumes"
        Effect    = "Allow"
        Principal = { AWS = var.cairn_role_arn }
        Action    = "sts:AssumeRole"
      },
      var.external_id == "" ? null : { Condition = { StringEquals = { "sts:ExternalId" = var.external_id } } },
    )]
  })
}

resource "aws_iam_role_policy" "reads" {
  name = "cairn-reads"
  role = aws_iam_role.cairn.id
  # What `cairn policy --watch` prints. No narrower Resource: most of these actions know none.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
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
    }]
  })
}

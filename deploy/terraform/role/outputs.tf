output "role_arn" {
  description = "For cairn_role_arn of the member module."
  value       = aws_iam_role.cairn.arn
}

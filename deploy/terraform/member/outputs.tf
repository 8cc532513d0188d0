output "role_arn" {
  description = "For cairn --role, and for member_role_arns of the role module."
  value       = aws_iam_role.cairn.arn
}

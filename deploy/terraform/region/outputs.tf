output "rule_arn" {
  description = "The rule; its metric FailedInvocations tells what could not be forwarded."
  value       = aws_cloudwatch_event_rule.forward.arn
}

output "queue_url" {
  description = "For cairn watch --queue."
  value       = aws_sqs_queue.queue.url
}

output "queue_arn" {
  description = "For the notifications and role modules."
  value       = aws_sqs_queue.queue.arn
}

output "bus_arn" {
  description = "For the region module."
  value       = aws_cloudwatch_event_bus.bus.arn
}

output "dead_letters_url" {
  description = "What cairn never came to deal with."
  value       = aws_sqs_queue.dead_letters.url
}

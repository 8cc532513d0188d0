output "topic_arn" {
  description = "For topic_arns of the queue module and for notify-bucket.sh."
  value       = aws_sns_topic.topic.arn
}

output "subscribe" {
  description = "To run as the queue's account, where that is another one."
  value       = "aws sns subscribe --region ${data.aws_region.current.name} --topic-arn ${aws_sns_topic.topic.arn} --protocol sqs --notification-endpoint ${var.queue_arn} --attributes RawMessageDelivery=true"
}

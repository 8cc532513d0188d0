variable "name" {
  description = "Of the topic."
  type        = string
  default     = "cairn-log-files"
}

variable "log_bucket" {
  description = "The bucket that the trail delivers to. S3 takes no topic of another Region."
  type        = string
}

variable "queue_arn" {
  description = "The output queue_arn of the queue module; any Region. Name this topic in its topic_arns."
  type        = string
}

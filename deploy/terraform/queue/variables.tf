variable "name" {
  description = "Of the queue and the event bus."
  type        = string
  default     = "cairn"
}

variable "organization_id" {
  description = "Every account of this organization may forward events. Empty for none but this account and account_ids."
  type        = string
  default     = ""
}

variable "account_ids" {
  description = "Accounts that may forward events, where there is no organization."
  type        = list(string)
  default     = []
}

variable "log_bucket" {
  description = "Bucket in this Region whose notifications go straight to the queue. Empty where they come through a topic, or not at all."
  type        = string
  default     = ""
}

variable "log_bucket_account" {
  description = "The account that owns log_bucket. Empty for this one."
  type        = string
  default     = ""
}

variable "topic_arns" {
  description = "SNS topics that tell of log files, of the notifications module or of the trail itself."
  type        = list(string)
  default     = []
}

variable "topic_service" {
  description = "Where the topics are in an opt-in Region and the queue is not, sns.REGION.amazonaws.com."
  type        = string
  default     = "sns.amazonaws.com"
}

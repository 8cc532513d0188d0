variable "name" {
  description = "Of the role and its policy."
  type        = string
  default     = "cairn-watch"
}

variable "trusted_service" {
  description = "Where cairn runs: ec2.amazonaws.com, ecs-tasks.amazonaws.com or pods.eks.amazonaws.com."
  type        = string
  default     = "ec2.amazonaws.com"
}

variable "queue_arns" {
  description = "Queues of --queue."
  type        = list(string)
  default     = []
}

variable "log_bucket" {
  description = "The bucket of --bucket, or the one whose files the queue tells of."
  type        = string
  default     = ""
}

variable "log_prefix" {
  description = "The trail's S3KeyPrefix with its slash at the end. Empty where it has none."
  type        = string
  default     = ""
  validation {
    condition     = var.log_prefix == "" || endswith(var.log_prefix, "/")
    error_message = "log_prefix ends with a slash."
  }
}

variable "log_key_arn" {
  description = "The KMS key of the log files. Its own policy must let this role decrypt, too."
  type        = string
  default     = ""
}

variable "secret_arns" {
  description = "Secrets Manager secrets that cairn.yaml names under notify."
  type        = list(string)
  default     = []
}

variable "member_role_arns" {
  description = "Roles of --role. For all of an organization arn:aws:iam::*:role/cairn: it is these roles that say who may assume them."
  type        = list(string)
  default     = []
}

variable "sms" {
  description = "Whether cairn.yaml sends text messages."
  type        = bool
  default     = false
}

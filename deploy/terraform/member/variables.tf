variable "name" {
  description = "Of the role, for cairn --role."
  type        = string
  default     = "cairn"
}

variable "cairn_role_arn" {
  description = "The role that cairn runs as, the output role_arn of the role module."
  type        = string
}

variable "external_id" {
  description = "For cairn --external-id. Empty for none."
  type        = string
  default     = ""
}

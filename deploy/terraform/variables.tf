variable "stack_name" {
  description = "The name of the CloudFormation stack."
  type        = string
  default     = "trailbell"
  nullable    = false
}

variable "artifact_bucket" {
  description = "An existing bucket in the region of the provider, for the code and the template."
  type        = string
  nullable    = false
}

variable "artifact_prefix" {
  description = "The prefix of their keys, such as deploy/."
  type        = string
  default     = ""
  nullable    = false
}

variable "function_folder" {
  description = "The folder `function` of a release, which holds bootstrap, rules.yaml and your rules."
  type        = string
  nullable    = false
}

variable "template_file" {
  description = "The CloudFormation template of the release. By default trailbell.yaml beside this module, as the release packs it."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation gives to its resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

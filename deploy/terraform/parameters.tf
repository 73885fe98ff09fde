# Written by scripts/terraform_module.py from template.yaml.

variable "log_source" {
  description = "Where events come from. trail creates a trail and its bucket; bucket reads an existing bucket through EventBridge; topic subscribes to the SNS topic of an existing trail; queue reads an existing SQS queue; events takes events from EventBridge without any log file."
  type        = string
  default     = "trail"
  nullable    = false

  validation {
    condition     = contains(["trail", "bucket", "topic", "queue", "events"], var.log_source)
    error_message = "log_source must be one of trail, bucket, topic, queue, events."
  }
}

variable "delivery" {
  description = "queue delivers through an SQS queue, which keeps events until the function processes them; direct invokes the function."
  type        = string
  default     = "queue"
  nullable    = false

  validation {
    condition     = contains(["queue", "direct"], var.delivery)
    error_message = "delivery must be one of queue, direct."
  }
}

variable "log_bucket_name" {
  description = "The bucket of the log files. With Source trail the stack creates it, and names it trailbell-ACCOUNT-REGION if this is empty; with bucket, topic and queue it must exist."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$)$", var.log_bucket_name))
    error_message = "log_bucket_name must be a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens, or nothing."
  }
}

variable "log_prefix" {
  description = "With an existing bucket, the prefix before AWSLogs/ in the keys, such as prod/."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[A-Za-z0-9!_.'()/-]*/$)$", var.log_prefix))
    error_message = "log_prefix must be the prefix before AWSLogs/ in the keys of the log files, with a slash at its end, or nothing."
  }
}

variable "trail_topic_arn" {
  description = "With Source topic, the topic that the trail, or the bucket, sends notifications to."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$)$", var.trail_topic_arn))
    error_message = "trail_topic_arn must be the ARN of a standard SNS topic, or nothing."
  }
}

variable "queue_arn" {
  description = "With Source queue, the queue. Its visibility timeout must be 1800 seconds or more."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+(\\.fifo)?$)$", var.queue_arn))
    error_message = "queue_arn must be the ARN of an SQS queue, or nothing."
  }
}

variable "near_real_time" {
  description = "Whether the function also receives this region's management events from EventBridge, within seconds."
  type        = string
  default     = "no"
  nullable    = false

  validation {
    condition     = contains(["no", "yes"], var.near_real_time)
    error_message = "near_real_time must be one of no, yes."
  }
}

variable "event_sources" {
  description = "Which events the function receives from EventBridge, such as ecr.amazonaws.com,ssm.amazonaws.com. Name those of your rules if you can, because AWS charges for each event."
  type        = list(string)
  default     = ["all"]
  nullable    = false

  validation {
    condition     = alltrue([for item in var.event_sources : can(regex("^(?:^all$|^[a-z0-9-]+(\\.[a-z0-9-]+)*\\.(amazonaws\\.com|aws\\.internal)$)$", item))])
    error_message = "event_sources must be all, or event sources such as ecr.amazonaws.com, separated by commas."
  }
}

variable "detector_events" {
  description = "Whose findings the function receives from EventBridge, such as guardduty,ecr,health. none for those of no detector."
  type        = list(string)
  default     = ["none"]
  nullable    = false

  validation {
    condition     = alltrue([for item in var.detector_events : can(regex("^(?:^none$|^(guardduty|ecr|inspector2|securityhub|access-analyzer|macie|health|config|cloudwatch)$)$", item))])
    error_message = "detector_events must be none, or some of guardduty, ecr, inspector2, securityhub, access-analyzer, macie, health, config and cloudwatch, separated by commas."
  }
}

variable "alert_email" {
  description = "Receives alerts after someone confirms the first e-mail. none if you subscribe to the topic of alerts yourself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^none$|^[^@\\s]+@[^@\\s]+$)$", var.alert_email))
    error_message = "alert_email must be an e-mail address, none, or nothing."
  }
}

variable "alert_email2" {
  description = "A second address."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[^@\\s]+@[^@\\s]+$)$", var.alert_email2))
    error_message = "alert_email2 must be an e-mail address, or nothing."
  }
}

variable "alert_email3" {
  description = "A third address."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[^@\\s]+@[^@\\s]+$)$", var.alert_email3))
    error_message = "alert_email3 must be an e-mail address, or nothing."
  }
}

variable "email_severity" {
  description = "The least urgent severity that is sent to these addresses (1 is the most urgent). AlertsPerMinute does not bound milder ones."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 3], var.email_severity)
    error_message = "email_severity must be one of 1, 2, 3."
  }
}

variable "alerts_per_minute" {
  description = "How many messages of these severities the alert topic gets in a minute. Summaries report the other alerts."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.alerts_per_minute >= 2 && var.alerts_per_minute <= 150
    error_message = "alerts_per_minute must be from 2 to 150."
  }
}

variable "chat" {
  description = "Whether Amazon Q Developer in chat applications posts alerts and alarms to a channel of Slack or Teams. topic creates only the topic for it, for a channel that is configured already."
  type        = string
  default     = "no"
  nullable    = false

  validation {
    condition     = contains(["no", "topic", "slack", "teams"], var.chat)
    error_message = "chat must be one of no, topic, slack, teams."
  }
}

variable "chat_severity" {
  description = "The least urgent severity that goes to the chat (1 is the most urgent)."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 3], var.chat_severity)
    error_message = "chat_severity must be one of 1, 2, 3."
  }
}

variable "slack_workspace_id" {
  description = "With Chat slack, the workspace, which you authorized in the console of Amazon Q Developer."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[0-9A-Z]{1,255}$)$", var.slack_workspace_id))
    error_message = "slack_workspace_id must be the id of a workspace, such as T012ABCDEFG, or nothing."
  }
}

variable "slack_channel_id" {
  description = "With Chat slack, the channel."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[A-Za-z0-9]+$)$", var.slack_channel_id))
    error_message = "slack_channel_id must be the id of a channel, such as C012ABCDEFG, or nothing."
  }
}

variable "teams_tenant_id" {
  description = "With Chat teams, the tenant, which you authorized in the console of Amazon Q Developer."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$)$", var.teams_tenant_id))
    error_message = "teams_tenant_id must be a UUID, or nothing."
  }
}

variable "teams_team_id" {
  description = "With Chat teams, the team."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$)$", var.teams_team_id))
    error_message = "teams_team_id must be a UUID, or nothing."
  }
}

variable "teams_channel_id" {
  description = "With Chat teams, the channel."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[a-zA-Z0-9_=+/.,-]*%3[aA][a-zA-Z0-9_=+/.,-]*%40[a-zA-Z0-9_=+/.,-]*$)$", var.teams_channel_id))
    error_message = "teams_channel_id must be the id as a link to the channel contains it, such as 19%3Aab12%40thread.tacv2, or nothing."
  }
}

variable "findings" {
  description = "Whether to create a topic for machines, which receives every alert as an OCSF Detection Finding."
  type        = string
  default     = "no"
  nullable    = false

  validation {
    condition     = contains(["no", "yes"], var.findings)
    error_message = "findings must be one of no, yes."
  }
}

variable "encryption_key" {
  description = "The KMS key for topics, queues, table and log. none leaves encryption to AWS; new creates a key; an ARN names your own key, whose policy must allow what docs/deploy.md lists."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = can(regex("^(?:^(none|new|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)$)$", var.encryption_key))
    error_message = "encryption_key must be none, new, or the ARN of a KMS key (not of an alias)."
  }
}

variable "trail_key_arn" {
  description = "The key that encrypts the log files, if there is one. The function may decrypt with it, nothing more."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$)$", var.trail_key_arn))
    error_message = "trail_key_arn must be the ARN of a KMS key (not of an alias), or nothing."
  }
}

variable "queue_key_arn" {
  description = "With Source queue, the key that encrypts the queue, if there is one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$)$", var.queue_key_arn))
    error_message = "queue_key_arn must be the ARN of a KMS key (not of an alias), or nothing."
  }
}

variable "architecture" {
  description = "The processor that bootstrap was built for. `make deploy ARCH=...` sets both the build and this parameter."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be one of arm64, x86_64."
  }
}

variable "memory_size" {
  description = "Memory in MB. Lambda gives processor time in proportion: 1769 MB are one processor. The minimum leaves room for the worst record."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240
    error_message = "memory_size must be from 256 to 10240."
  }
}

variable "max_concurrency" {
  description = "How many instances of the function may run at once, so that a flood does not use up the account's quota. With Delivery direct, Lambda also reserves this number for the function."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = can(regex("^(?:^(none|[2-9]|[1-9][0-9]{1,2}|1000)$)$", var.max_concurrency))
    error_message = "max_concurrency must be none, or a number from 2 to 1000."
  }
}

variable "state" {
  description = "Whether a DynamoDB table stores what the function remembers between log files."
  type        = string
  default     = "table"
  nullable    = false

  validation {
    condition     = contains(["table", "none"], var.state)
    error_message = "state must be one of table, none."
  }
}

variable "alarm_email" {
  description = "Receives alarms about trailbell itself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[^@\\s]+@[^@\\s]+$)$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address, or nothing."
  }
}

variable "silence_minutes" {
  description = "An alarm goes off if no record has arrived for this many minutes. 0 for none."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.silence_minutes >= 0 && var.silence_minutes <= 1440
    error_message = "silence_minutes must be from 0 to 1440."
  }
}

variable "dashboard" {
  description = "Whether to create a CloudWatch dashboard. AWS charges from the fourth dashboard of an account on."
  type        = string
  default     = "yes"
  nullable    = false

  validation {
    condition     = contains(["no", "yes"], var.dashboard)
    error_message = "dashboard must be one of no, yes."
  }
}

variable "log_retention_days" {
  description = "For how many days CloudWatch keeps the function's own log."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "log_level" {
  description = "What the function logs, as in RUST_LOG."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["error", "warn", "info", "debug"], var.log_level)
    error_message = "log_level must be one of error, warn, info, debug."
  }
}

variable "organization_id" {
  description = "With Source trail in the organization's management account, makes the trail one of all its accounts."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^o-[a-z0-9]{10,32}$)$", var.organization_id))
    error_message = "organization_id must be the id of an organization, such as o-abcd123456, or nothing."
  }
}

variable "log_bucket_name2" {
  description = "A second existing bucket of log files, with the same LogPrefix and key."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$)$", var.log_bucket_name2))
    error_message = "log_bucket_name2 must be a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens, or nothing."
  }
}

variable "log_bucket_name3" {
  description = "A third."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$)$", var.log_bucket_name3))
    error_message = "log_bucket_name3 must be a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens, or nothing."
  }
}

variable "log_bucket_days" {
  description = "With Source trail, after how many days S3 deletes log files. 0 for never."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.log_bucket_days >= 0 && var.log_bucket_days <= 36500
    error_message = "log_bucket_days must be from 0 to 36500."
  }
}

variable "log_bucket_lock_days" {
  description = "With Source trail, for how many days S3 Object Lock keeps each log file, in governance mode. Only a new bucket takes it. 0 for none."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.log_bucket_lock_days >= 0 && var.log_bucket_lock_days <= 36500
    error_message = "log_bucket_lock_days must be from 0 to 36500."
  }
}

variable "access_log_bucket_name" {
  description = "With Source trail, the existing bucket that S3 writes the access log of the trail's bucket to, if there is one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$)$", var.access_log_bucket_name))
    error_message = "access_log_bucket_name must be a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens, or nothing."
  }
}

variable "permissions_boundary_arn" {
  description = "The permissions boundary of the stack's roles, if your account requires one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:^$|^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$)$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of a policy, or nothing."
  }
}

variable "subnet_ids" {
  description = "The subnets of a VPC for the function, from which it reaches S3, SNS, SQS, DynamoDB and KMS. Leave it empty for none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for item in var.subnet_ids : can(regex("^(?:^$|^subnet-[0-9a-f]{8,17}$)$", item))])
    error_message = "subnet_ids must be ids of subnets, separated by commas, or nothing."
  }
}

variable "security_group_ids" {
  description = "With SubnetIds, the security groups of the function."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for item in var.security_group_ids : can(regex("^(?:^$|^sg-[0-9a-f]{8,17}$)$", item))])
    error_message = "security_group_ids must be ids of security groups, separated by commas, or nothing."
  }
}

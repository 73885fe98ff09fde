# Written by scripts/terraform_module.py from template.yaml.

output "alert_topic_arn" {
  description = "The topic for alerts. Filter subscriptions by the message attribute severity."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "AlertTopicArn", null)
}

output "chat_topic_arn" {
  description = "The topic that Amazon Q Developer in chat applications reads alerts from."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "ChatTopicArn", null)
}

output "finding_topic_arn" {
  description = "The topic for findings, which machines read."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "FindingTopicArn", null)
}

output "alarm_topic_arn" {
  description = "The topic for alarms about trailbell itself."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "AlarmTopicArn", null)
}

output "log_bucket_name" {
  description = "The bucket that the trail writes to. It stays when you delete the stack."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "LogBucketName", null)
}

output "trail_arn" {
  description = "The trail. It stays when you delete the stack, and goes on."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "TrailArn", null)
}

output "log_queue_url" {
  description = "The queue that the function reads."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "LogQueueUrl", null)
}

output "failed_events_url" {
  description = "The queue of events that failed for good. `make redrive` sends them again."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "FailedEventsUrl", null)
}

output "state_table_name" {
  description = "The table of what the function remembers between log files."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "StateTableName", null)
}

output "key_arn" {
  description = "The key of topics, queues, table and log. It stays when you delete the stack."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "KeyArn", null)
}

output "function_name" {
  description = "The function."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "FunctionName", null)
}

output "function_role_arn" {
  description = "The role that reads log files and publishes alerts. Suppress it in rules on S3 GetObject."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "FunctionRoleArn", null)
}

output "function_log_name" {
  description = "The log group of the function."
  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "FunctionLogName", null)
}

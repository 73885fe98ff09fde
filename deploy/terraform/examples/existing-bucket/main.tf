# Alerts of an existing trail by e-mail: its bucket sends its events to EventBridge.

terraform {
  required_version = ">= 1.3"
}

provider "aws" {
  region = "eu-west-1"
}

module "trailbell" {
  source = "../.."

  artifact_bucket = "example-artifacts"
  function_folder = "${path.root}/function"

  log_source      = "bucket"
  log_bucket_name = "example-cloudtrail-logs"
  alert_email     = "security@example.com"
  alarm_email     = "operations@example.com"
  tags            = { team = "security" }
}

output "alert_topic_arn" {
  description = "For more subscriptions."
  value       = module.trailbell.alert_topic_arn
}

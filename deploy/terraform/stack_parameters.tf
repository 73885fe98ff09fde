# Written by scripts/terraform_module.py from template.yaml.

locals {
  parameters = {
    Source                 = var.log_source
    Delivery               = var.delivery
    LogBucketName          = var.log_bucket_name
    LogPrefix              = var.log_prefix
    TrailTopicArn          = var.trail_topic_arn
    QueueArn               = var.queue_arn
    NearRealTime           = var.near_real_time
    EventSources           = join(",", var.event_sources)
    DetectorEvents         = join(",", var.detector_events)
    AlertEmail             = var.alert_email
    AlertEmail2            = var.alert_email2
    AlertEmail3            = var.alert_email3
    EmailSeverity          = tostring(var.email_severity)
    AlertsPerMinute        = tostring(var.alerts_per_minute)
    Chat                   = var.chat
    ChatSeverity           = tostring(var.chat_severity)
    SlackWorkspaceId       = var.slack_workspace_id
    SlackChannelId         = var.slack_channel_id
    TeamsTenantId          = var.teams_tenant_id
    TeamsTeamId            = var.teams_team_id
    TeamsChannelId         = var.teams_channel_id
    Findings               = var.findings
    EncryptionKey          = var.encryption_key
    TrailKeyArn            = var.trail_key_arn
    QueueKeyArn            = var.queue_key_arn
    Architecture           = var.architecture
    MemorySize             = tostring(var.memory_size)
    MaxConcurrency         = var.max_concurrency
    State                  = var.state
    AlarmEmail             = var.alarm_email
    SilenceMinutes         = tostring(var.silence_minutes)
    Dashboard              = var.dashboard
    LogRetentionDays       = tostring(var.log_retention_days)
    LogLevel               = var.log_level
    OrganizationId         = var.organization_id
    LogBucketName2         = var.log_bucket_name2
    LogBucketName3         = var.log_bucket_name3
    LogBucketDays          = tostring(var.log_bucket_days)
    LogBucketLockDays      = tostring(var.log_bucket_lock_days)
    AccessLogBucketName    = var.access_log_bucket_name
    PermissionsBoundaryArn = var.permissions_boundary_arn
    SubnetIds              = join(",", var.subnet_ids)
    SecurityGroupIds       = join(",", var.security_group_ids)
  }
}

"""The ways to deploy: each mode of docs/deploy.md with parameters that choose it."""

BUCKET = {"LogBucketName": "central-logs"}
TOPIC = {"TrailTopicArn": "arn:aws:sns:eu-west-1:111122223333:central-trail"}
QUEUE = {"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:central-queue"}

# Who subscribes to the topic is not part of a mode.
MODES = {mode: {"AlertEmail": "none"} | parameters for mode, parameters in {
    "a new trail": {"Source": "trail"},
    "a new trail, directly": {"Source": "trail", "Delivery": "direct"},
    "a bucket": {"Source": "bucket", **BUCKET},
    "a bucket, directly": {"Source": "bucket", "Delivery": "direct", **BUCKET},
    "a topic": {"Source": "topic", **TOPIC, **BUCKET},
    "a topic, directly": {"Source": "topic", "Delivery": "direct", **TOPIC, **BUCKET},
    "a queue": {"Source": "queue", **QUEUE, **BUCKET},
    "events": {"Source": "events"},
    "events, directly": {"Source": "events", "Delivery": "direct", "EventSources": "ecr.amazonaws.com,ssm.amazonaws.com"},
    "a bucket and events": {"Source": "bucket", "NearRealTime": "yes", "LogPrefix": "prod/", **BUCKET},
    "a queue and events": {"Source": "queue", "NearRealTime": "yes", **QUEUE, **BUCKET},
    "a new trail and detectors": {"Source": "trail", "DetectorEvents": "guardduty,ecr,health"},
    "a queue and detectors": {"Source": "queue", "DetectorEvents": "securityhub", **QUEUE, **BUCKET},
    "a bucket and detectors, directly": {"Source": "bucket", "Delivery": "direct", "DetectorEvents": "securityhub", **BUCKET},
}.items()}

KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
TENANT = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"

EVERYTHING = {
    "EncryptionKey": "new",
    "AlertEmail": "one@example.com",
    "AlertEmail2": "two@example.com",
    "AlertEmail3": "three@example.com",
    "EmailSeverity": "2",
    "AlertsPerMinute": "20",
    "Chat": "slack",
    "SlackWorkspaceId": "T012ABCDEFG",
    "SlackChannelId": "C012ABCDEFG",
    "Findings": "yes",
    "AlarmEmail": "operator@example.com",
    "MaxConcurrency": "20",
}
TEAMS = {"Chat": "teams", "TeamsTenantId": TENANT, "TeamsTeamId": TENANT, "TeamsChannelId": "19%3Aab12%40thread.tacv2"}
ORGANIZATION = {
    "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/boundary",
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "SecurityGroupIds": "sg-0123456789abcdef0",
}
# What only the bucket of a new trail takes, and what only existing buckets take.
NEW_BUCKET = {"OrganizationId": "o-abcd123456", "LogBucketDays": "400", "LogBucketLockDays": "30", "AccessLogBucketName": "access-logs"}
MORE_BUCKETS = {"LogBucketName2": "more-logs", "LogBucketName3": "old-logs"}
LITTLE = {"State": "none", "Dashboard": "no", "SilenceMinutes": "0"}

# Modes and, with each of the two ways of delivery, everything that can be switched on, off or replaced.
STACKS = MODES | {
    f"{mode}, {name}": MODES[mode] | extra
    for mode in ("a new trail", "a bucket, directly", "a queue and events", "events")
    for name, extra in {
        "with everything": EVERYTHING,
        "with Teams and keys that exist": TEAMS | {"EncryptionKey": KEY} | ({} if "events" == mode else {"TrailKeyArn": KEY}),
        "with little": LITTLE,
    }.items()
} | {
    "a new trail, of an organization": MODES["a new trail"] | ORGANIZATION | NEW_BUCKET,
    "a bucket, of an organization": MODES["a bucket"] | ORGANIZATION | MORE_BUCKETS,
}

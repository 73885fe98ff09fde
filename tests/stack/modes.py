"""The ways to deploy that run on the emulator: the parameters of each, what exists before, and how a log file reaches it."""

import json
from dataclasses import dataclass, field

from deployment import SAMPLES, Deployment
from emulator import ACCOUNT, REGION

# The log file of the sample bucket in which Sam, Priya and the old key act, and one of another account under a prefix.
KEY = next(str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*_Kq3vZt8LwXy1RbNd.json.gz"))
BODY = (SAMPLES / KEY).read_bytes()


# What the services need of a key: docs/deploy.md, "Keys".
KEY_ACTIONS = [f"kms:{name}" for name in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*")]
# With this one, the stack names the bucket of its trail.
DEFAULT_NAME = "trail-queue"


@dataclass
class Mode:
    """A way to deploy. `source` says what exists before: see `prepare`."""

    source: str
    parameters: dict = field(default_factory=dict)

    def deploy(self, cloud, name):
        running = Running(cloud, name, self)
        running.deploy()
        return running


class Running:
    """A mode that is deployed, with what it needs around it."""

    def __init__(self, cloud, name, mode):
        self.cloud, self.name, self.mode = cloud, name, mode
        self.bucket, self.encryption = None, {}

    def deploy(self):
        parameters = {"Source": self.mode.source} | self.mode.parameters
        for each in ("EncryptionKey", "TrailKeyArn", "QueueKeyArn"):
            if parameters.get(each) == "mine":
                parameters[each] = self.create_key()
        if "TrailKeyArn" in parameters:
            self.encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": parameters["TrailKeyArn"]}
        if self.mode.source == "trail" and self.name != DEFAULT_NAME:
            parameters["LogBucketName"] = f"{self.name}-logs"
        elif self.mode.source in ("bucket", "topic", "queue"):
            self.bucket = parameters["LogBucketName"] = self.cloud.create_bucket(f"{self.name}-logs")
        prepare = getattr(self, f"_prepare_{self.mode.source}", None)
        if prepare:
            parameters |= prepare(parameters) or {}
        self.stack = Deployment(self.cloud, self.name, **parameters)
        self.bucket = self.bucket or self.stack.outputs.get("LogBucketName")

    def put(self, key=KEY, body=BODY):
        """Puts a log file where CloudTrail would put it."""
        key = self.mode.parameters.get("LogPrefix", "") + key
        self.cloud["s3"].put_object(Bucket=self.bucket, Key=key, Body=body, **self.encryption)
        return key

    def create_key(self):
        """A key of the user, with the policy that docs/deploy.md lists."""
        services = ("events", "s3", "sns", "cloudwatch", f"logs.{REGION}")
        principals = {"Service": [f"{service}.amazonaws.com" for service in services]}
        statements = [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": principals, "Action": KEY_ACTIONS, "Resource": "*"},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        return self.cloud["kms"].create_key(Policy=policy)["KeyMetadata"]["Arn"]

    def _prepare_bucket(self, parameters):
        self._notify({"EventBridgeConfiguration": {}})

    def _prepare_topic(self, parameters):
        topic = self.cloud["sns"].create_topic(Name=f"{self.name}-trail")["TopicArn"]
        allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.cloud["sns"].set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        self._notify({"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]})
        return {"TrailTopicArn": topic}

    def _prepare_queue(self, parameters):
        key = {"KmsMasterKeyId": parameters["QueueKeyArn"]} if "QueueKeyArn" in parameters else {}
        dead = self.cloud.queue_arn(self.cloud.create_queue(f"{self.name}-dead", "sqs"))
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})}
        queue = self.cloud.create_queue(f"{self.name}-notices", "s3", VisibilityTimeout="1800", **redrive, **key)
        queue = self.cloud.queue_arn(queue)
        self._notify({"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]})
        return {"QueueArn": queue}

    def _notify(self, document):
        self.cloud["s3"].put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=document)


# The chat, too, gets all severities.
CHAT = {"Chat": "topic", "ChatSeverity": "3"}
IAM = {"EventSources": "iam.amazonaws.com"}
KEYS = {"EncryptionKey": "mine", "TrailKeyArn": "mine"}
MODES = {
    "trail-queue": Mode("trail"),
    "trail-direct": Mode("trail", {"Delivery": "direct"}),
    "bucket-queue": Mode("bucket", {"LogPrefix": "prod/"}),
    "bucket-direct": Mode("bucket", {"Delivery": "direct"}),
    "topic-queue": Mode("topic"),
    "topic-direct": Mode("topic", {"Delivery": "direct"}),
    "queue-queue": Mode("queue"),
    "trail-queue-new-key": Mode("trail", {"EncryptionKey": "new", "TrailKeyArn": "mine", "Findings": "yes", **CHAT}),
    "trail-direct-own-key": Mode("trail", {"Delivery": "direct", **KEYS, "State": "none"}),
    "bucket-queue-new-key": Mode("bucket", {"EncryptionKey": "new", "State": "none", "Findings": "yes"}),
    "bucket-direct-new-key": Mode("bucket", {"EncryptionKey": "new", "Delivery": "direct", **CHAT}),
    "bucket-queue-own-key": Mode("bucket", {**KEYS, **CHAT, "Findings": "yes"}),
    "topic-queue-new-key": Mode("topic", {"EncryptionKey": "new", "TrailKeyArn": "mine"}),
    "topic-direct-own-key": Mode("topic", {"Delivery": "direct", **KEYS, "Findings": "yes"}),
    "queue-own-keys": Mode("queue", {**KEYS, "QueueKeyArn": "mine", "State": "none"}),
    "queue-and-events": Mode("queue", {"NearRealTime": "yes", "EncryptionKey": "new", **IAM}),
    "bucket-and-events": Mode("bucket", {"NearRealTime": "yes", **IAM}),
    "slack": Mode("bucket", {**CHAT, "Chat": "slack", "SlackWorkspaceId": "T012ABCDEFG", "SlackChannelId": "C012ABCDEFG"}),
}
# These have no log files.
EVENT_MODES = {
    "events-queue": Mode("events", {**IAM}),
    "events-direct": Mode("events", {"Delivery": "direct"}),
    "events-queue-new-key": Mode("events", {"EncryptionKey": "new", "Findings": "yes", "State": "none", **IAM}),
}

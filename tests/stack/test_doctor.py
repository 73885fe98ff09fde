"""`trailbell doctor` on deployed stacks: it finds nothing in a healthy one, and names what a test breaks, with a repair.

Each test breaks one part and repairs it. Of a healthy stack the doctor names only what its mode leaves out: a table, or those who
receive what a chat or a program would.
"""

import copy
import datetime
import json
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path

from deployment import ROOT
from emulator import ACCOUNT, REGION
from modes import BODY, EVENT_MODES, MODES, Mode
from shared import StackTest

POLICY = "trailbell"
SELECTORS = json.loads((ROOT / "docs/data-events.md").read_text().split("```json\n")[1].split("```")[0])
HEALTHY = (
    "trail-queue", "trail-direct", "bucket-queue", "bucket-direct", "topic-queue", "topic-direct", "queue-queue",
    "trail-queue-new-key", "bucket-queue-own-key", "topic-queue-new-key", "queue-own-keys", "queue-and-events", "events-queue",
    "events-direct",
)


class DoctorTest(StackTest):
    @classmethod
    def deploy(cls, mode, name):
        mode = Mode(mode.source, {**mode.parameters, "AlarmEmail": "ops@example.com"})
        running = mode.deploy(cls.cloud, name)
        if running.bucket:
            if mode.source != "trail":
                cls.cloud["cloudtrail"].create_trail(Name=name, S3BucketName=running.bucket)
                cls.cloud["cloudtrail"].start_logging(Name=name)
                allow = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject"}
                allow["Resource"] = f"arn:aws:s3:::{running.bucket}/*"
                policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
                cls.cloud["s3"].put_bucket_policy(Bucket=running.bucket, Policy=policy)
            running.trail = cls.trail_of(running.bucket)
            cls.cloud["cloudtrail"].put_event_selectors(TrailName=running.trail, AdvancedEventSelectors=SELECTORS)
            now = datetime.datetime.now(datetime.UTC)
            running.file = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{now:%Y/%m/%d}/{ACCOUNT}_CloudTrail_{REGION}_{now:%Y%m%dT%H%MZ}_a.json.gz"
            running.put(running.file, BODY)
        return running

    @classmethod
    def trail_of(cls, bucket):
        trails = cls.cloud["cloudtrail"].describe_trails()["trailList"]
        [trail] = [each["TrailARN"] for each in trails if each["S3BucketName"] == bucket]
        return trail


class AnyMode(DoctorTest):
    def test_nothing_is_found_in_a_healthy_stack(self):
        for name in HEALTHY:
            with self.subTest(name):
                mode = (MODES | EVENT_MODES)[name]
                running = self.deploy(mode, f"healthy-trailbell-{name}")
                status, output = running.stack.doctor("--no-alert")
                without = {"State": "table", "Chat": "subscriptions", "Findings": "subscriptions"}
                expected = {check for parameter, check in without.items() if parameter in mode.parameters}
                found = {line[9:22].strip() for line in output.splitlines() if line.startswith(("warning ", "failed  "))}
                self.assertEqual((status, found), (0, expected), output)
                running.stack.delete()


class Broken(DoctorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        parameters = {"EncryptionKey": "new", "TrailKeyArn": "mine", "NearRealTime": "yes"}
        cls.queued = cls.deploy(Mode("bucket", parameters), "broken-queued")
        cls.direct = cls.deploy(Mode("topic", {"Delivery": "direct"}), "broken-direct")
        cls.other = cls.deploy(Mode("queue"), "broken-other")
        cls.trail = cls.deploy(Mode("trail"), "broken-trail")
        cls.resources = {running.name: running.stack.resources() for running in (cls.queued, cls.direct, cls.other, cls.trail)}

    def of(self, logical, running=None):
        return self.resources[(running or self.queued).name][logical]

    def finds(self, outcome, check, *words, running=None, arguments=("--no-alert",)):
        """One line of the doctor has this outcome, check and all words, and a repair."""
        status, output = (running or self.queued).stack.doctor(*arguments)
        lines = [line for line in output.splitlines() if line.startswith(f"{outcome:<8} {check}")]
        self.assertTrue(any(all(word in line for word in words) and "; repair: " in line for line in lines), output)
        self.assertEqual(status, 1 if "\nfailed  " in f"\n{output}" else 0, output)

    @contextmanager
    def mapping(self, running, **change):
        [mapping] = self.cloud["lambda"].list_event_source_mappings(FunctionName=self.of("TrailbellFunction", running))["EventSourceMappings"]
        before = {"Enabled": True, "FunctionResponseTypes": mapping["FunctionResponseTypes"]}
        self.cloud["lambda"].update_event_source_mapping(UUID=mapping["UUID"], **change)
        try:
            yield
        finally:
            self.cloud["lambda"].update_event_source_mapping(UUID=mapping["UUID"], **before)

    def test_mapping_that_is_disabled(self):
        with self.mapping(self.other, Enabled=False):
            self.finds("failed", "trigger", "the mapping is Disabled", running=self.other)

    def test_mapping_that_reads_no_failures(self):
        with self.mapping(self.other, FunctionResponseTypes=[]):
            self.finds("failed", "trigger", "--function-response-types ReportBatchItemFailures", running=self.other)

    def test_mapping_that_is_deleted(self):
        mode = self.deploy(Mode("bucket"), "broken-mapping")
        [mapping] = self.cloud["lambda"].list_event_source_mappings(FunctionName=mode.stack.outputs["FunctionName"])["EventSourceMappings"]
        self.cloud["lambda"].delete_event_source_mapping(UUID=mapping["UUID"])
        self.finds("failed", "trigger", "there is no mapping", running=mode)

    def disabled(self, logical, *words):
        name = self.of(logical).split("|")[-1]
        self.cloud["events"].disable_rule(Name=name)
        try:
            self.finds("failed", "rules", f"`{logical}` is disabled", *words)
        finally:
            self.cloud["events"].enable_rule(Name=name)

    def test_rules_that_are_disabled(self):
        for logical, word in {"NewObjects": "no log file arrives", "ApiCalls": "ENABLED_WITH_ALL", "Tick": "is never sent"}.items():
            with self.subTest(logical):
                self.disabled(logical, word)

    def test_rules_without_their_target(self):
        for logical in ("NewObjects", "Tick"):
            with self.subTest(logical):
                name = self.of(logical).split("|")[-1]
                targets = self.cloud["events"].list_targets_by_rule(Rule=name)["Targets"]
                self.cloud["events"].remove_targets(Rule=name, Ids=[each["Id"] for each in targets])
                try:
                    self.finds("failed", "rules", f"`{logical}` does not send to", "put-targets")
                finally:
                    self.cloud["events"].put_targets(Rule=name, Targets=targets)

    def test_rule_that_is_deleted(self):
        mode = self.deploy(Mode("bucket"), "broken-rule")
        name = mode.stack.resources()["NewObjects"].split("|")[-1]
        targets = self.cloud["events"].list_targets_by_rule(Rule=name)["Targets"]
        self.cloud["events"].remove_targets(Rule=name, Ids=[each["Id"] for each in targets])
        self.cloud["events"].delete_rule(Name=name)
        self.finds("failed", "rules", "`NewObjects` does not exist", running=mode)

    @contextmanager
    def notification(self, running, document):
        self.cloud["s3"].put_bucket_notification_configuration(Bucket=running.bucket, NotificationConfiguration=document)
        try:
            yield
        finally:
            running._notify({"EventBridgeConfiguration": {}})

    def test_bucket_that_sends_nothing(self):
        with self.notification(self.queued, {}):
            self.finds("failed", "notifications", "sends nothing to EventBridge")

    def test_bucket_that_sends_twice(self):
        mode = self.deploy(Mode("bucket"), "broken-twice")
        url = mode.stack.outputs["LogQueueUrl"]
        queue = self.cloud.queue_arn(url)
        allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.cloud["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        mode._notify({"EventBridgeConfiguration": {}, "QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]})
        self.finds("failed", "notifications", "reaches the function 2 times", running=mode)

    def test_second_bucket_that_sends_nothing(self):
        second = self.cloud.create_bucket("broken-second-logs")
        mode = self.deploy(Mode("bucket", {"LogBucketName2": second}), "broken-two")
        self.finds("failed", "notifications", f"the bucket `{second}` sends nothing", running=mode)

    def test_bucket_that_does_not_exist(self):
        mode = self.deploy(Mode("bucket", {"LogBucketName2": "broken-no-such-bucket"}), "broken-bucket")
        self.finds("failed", "region", "there is no bucket `broken-no-such-bucket`", running=mode)

    def test_bucket_without_a_new_log_file(self):
        self.cloud["s3"].delete_object(Bucket=self.queued.bucket, Key=self.queued.file)
        try:
            self.finds("warning", "log file", "no log file of today or yesterday")
        finally:
            self.queued.put(self.queued.file, BODY)

    def test_key_that_is_disabled(self):
        key = self.queued.stack.outputs["KeyArn"]
        self.cloud["kms"].disable_key(KeyId=key)
        try:
            self.finds("failed", "key", f"`{key}`", "isabled")
        finally:
            self.cloud["kms"].enable_key(KeyId=key)

    def test_key_that_will_be_deleted(self):
        key = self.queued.mode.parameters["TrailKeyArn"]
        parameters = self.cloud["cloudformation"].describe_stacks(StackName=self.queued.name)["Stacks"][0]["Parameters"]
        [key] = [each["ParameterValue"] for each in parameters if each["ParameterKey"] == "TrailKeyArn"]
        self.cloud["kms"].schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        try:
            self.finds("failed", "key", "`TrailKeyArn`")
        finally:
            self.cloud["kms"].cancel_key_deletion(KeyId=key)
            self.cloud["kms"].enable_key(KeyId=key)

    def test_key_that_services_may_not_use(self):
        key = self.queued.stack.outputs["KeyArn"]
        policy = self.cloud["kms"].get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        for service in ("events", "cloudwatch"):
            with self.subTest(service):
                changed = policy.replace(f"{service}.amazonaws.com", "another.amazonaws.com")
                self.assertNotEqual(changed, policy)
                self.cloud["kms"].put_key_policy(KeyId=key, PolicyName="default", Policy=changed)
                try:
                    self.finds("failed", "key", f"`{service}.amazonaws.com`")
                finally:
                    self.cloud["kms"].put_key_policy(KeyId=key, PolicyName="default", Policy=policy)

    def test_table_that_keeps_everything(self):
        name = self.queued.stack.outputs["StateTableName"]
        for enabled in (False, True):
            specification = {"Enabled": enabled, "AttributeName": "expires"}
            self.cloud["dynamodb"].update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
            if not enabled:
                self.finds("warning", "table", "update-time-to-live")

    def test_parts_that_are_deleted(self):
        mode = self.deploy(Mode("bucket"), "broken-parts")
        outputs = mode.stack.outputs
        self.cloud["sqs"].delete_queue(QueueUrl=outputs["FailedEventsUrl"])
        self.finds("failed", "failed events", "does not exist", running=mode)
        self.cloud["dynamodb"].delete_table(TableName=outputs["StateTableName"])
        self.finds("failed", "table", "does not exist", running=mode)
        self.cloud["sns"].delete_topic(TopicArn=outputs["AlertTopicArn"])
        self.finds("failed", "subscriptions", "`AlertTopicArn`", "does not exist", running=mode)
        self.cloud["lambda"].delete_function(FunctionName=outputs["FunctionName"])
        self.finds("failed", "function", "does not exist", running=mode)

    @contextmanager
    def unsubscribed(self, output):
        topic = self.queued.stack.outputs[output]
        [one] = self.cloud["sns"].list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        self.cloud["sns"].unsubscribe(SubscriptionArn=one["SubscriptionArn"])
        try:
            yield
        finally:
            self.cloud["sns"].subscribe(TopicArn=topic, Protocol=one["Protocol"], Endpoint=one["Endpoint"])

    def test_topics_without_subscribers(self):
        with self.unsubscribed("AlertTopicArn"):
            self.finds("failed", "subscriptions", "no one receives alerts")
        with self.unsubscribed("AlarmTopicArn"):
            self.finds("warning", "subscriptions", "`AlarmTopicArn` has no confirmed subscription", "AlarmEmail")

    def test_events_that_failed(self):
        url = self.queued.stack.outputs["FailedEventsUrl"]
        self.cloud["sqs"].send_message(QueueUrl=url, MessageBody="{}")
        try:
            self.finds("warning", "failed events", "1 event", "make redrive")
        finally:
            self.cloud["sqs"].purge_queue(QueueUrl=url)

    def test_alarm_that_has_gone_off(self):
        name = self.of("FailedEventsAlarm")
        self.cloud["cloudwatch"].set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        try:
            self.finds("warning", "alarms", name)
        finally:
            self.cloud["cloudwatch"].set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")

    @contextmanager
    def without(self, sid, running=None):
        """Removes a statement of the function's role for a while."""
        role = (running or self.queued).stack.outputs["FunctionRoleArn"].rsplit("/", 1)[1]
        policy = self.cloud["iam"].get_role_policy(RoleName=role, PolicyName=POLICY)["PolicyDocument"]
        reduced = copy.deepcopy(policy)
        reduced["Statement"] = [each for each in reduced["Statement"] if each["Sid"] != sid]
        self.assertNotEqual(reduced, policy)
        write = lambda document: self.cloud["iam"].put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps(document))
        write(reduced)
        try:
            yield
        finally:
            write(policy)

    def test_function_that_may_not_read_log_files(self):
        with self.without("ReadLogFiles"):
            self.finds("failed", "log file", "cannot read the newest log file", "LogBucketName")

    def test_function_that_may_not_decrypt_log_files(self):
        with self.without("DecryptLogFiles"):
            self.finds("failed", "log file", "cannot read the newest log file", "TrailKeyArn")

    def test_function_that_may_not_publish(self):
        with self.without("PublishAlerts", self.trail):
            self.finds("failed", "test alert", "could not publish", "`PublishAlerts`", running=self.trail, arguments=())

    def test_function_that_may_not_use_its_table(self):
        with self.without("Remember", self.trail):
            self.finds("warning", "test alert", "the state table could not be used", running=self.trail, arguments=())

    def test_function_with_other_rules(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = Path(folder) / "rules.yaml"
            rules.write_text("rules: []\n")
            self.finds("failed", "rules", "version", arguments=("--no-alert", "--rules", str(rules)))

    def test_sender_that_may_not_invoke(self):
        name = self.of("TrailbellFunction", self.direct)
        policy = json.loads(self.cloud["lambda"].get_policy(FunctionName=name)["Policy"])
        [statement] = [each for each in policy["Statement"] if "sns.amazonaws.com" in json.dumps(each)]
        self.cloud["lambda"].remove_permission(FunctionName=name, StatementId=statement["Sid"])
        try:
            self.finds("failed", "trigger", "`sns.amazonaws.com` may not invoke", "add-permission", running=self.direct)
        finally:
            source = next(iter(statement["Condition"].values()))["AWS:SourceArn"]
            permission = {"StatementId": "again", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
            self.cloud["lambda"].add_permission(FunctionName=name, SourceArn=source, **permission)

    @contextmanager
    def queue(self, **change):
        url = self.cloud["sqs"].get_queue_url(QueueName=f"{self.other.name}-notices")["QueueUrl"]
        names = ["VisibilityTimeout", "RedrivePolicy"]
        before = self.cloud["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        self.cloud["sqs"].set_queue_attributes(QueueUrl=url, Attributes=change)
        try:
            yield
        finally:
            self.cloud["sqs"].set_queue_attributes(QueueUrl=url, Attributes=before)

    def test_queue_that_shows_messages_early(self):
        with self.queue(VisibilityTimeout="30"):
            self.finds("failed", "queue", "after 30 s", "VisibilityTimeout=1800", running=self.other)

    def test_queue_that_gives_up_early_or_never(self):
        dead = self.cloud.queue_arn(f"https://sqs/{self.other.name}-dead")
        with self.queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})):
            self.finds("warning", "queue", "after 1 deliveries", running=self.other)
        with self.queue(RedrivePolicy=""):
            self.finds("failed", "queue", "no dead-letter queue", running=self.other)

    def test_trail_that_is_stopped(self):
        self.cloud["cloudtrail"].stop_logging(Name=self.trail.trail)
        try:
            self.finds("failed", "trail", "does not log", "start-logging", running=self.trail)
        finally:
            self.cloud["cloudtrail"].start_logging(Name=self.trail.trail)

    def test_trail_that_cannot_deliver(self):
        policy = self.cloud["s3"].get_bucket_policy(Bucket=self.queued.bucket)["Policy"]
        self.cloud["s3"].delete_bucket_policy(Bucket=self.queued.bucket)
        try:
            self.finds("failed", "trail", "cannot write to the bucket", "AccessDenied")
        finally:
            self.cloud["s3"].put_bucket_policy(Bucket=self.queued.bucket, Policy=policy)

    def test_trail_without_data_events(self):
        management = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
        self.cloud["cloudtrail"].put_event_selectors(TrailName=self.trail.trail, AdvancedEventSelectors=management)
        try:
            self.finds("warning", "data events", "can never fire", "put-event-selectors", running=self.trail)
        finally:
            self.cloud["cloudtrail"].put_event_selectors(TrailName=self.trail.trail, AdvancedEventSelectors=SELECTORS)


if __name__ == "__main__":
    unittest.main()

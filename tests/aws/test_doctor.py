"""`trailbell doctor` on a stand-in for AWS, with the real function behind Lambda's API: a sound stack passes every check, and
each check reports what a test breaks.
"""

import datetime
import gzip
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import boto3
import stack
from api import COMMAND, Api
from modes import KEY
from stack import NAME, REGION, ROOT, Stack
from stand_in import ACCOUNT, StandIn


RESPONSES = ["ReportBatchItemFailures"]
# The checks of a stack after that of its function. The stand-in makes no alarms, and every rule of EventBridge that has a condition
# with Fn::Join, which it does not know.
MORE = ["trigger", "trail", "data events", "rules", "rules", "rules", "failed events", "rules", "names", "log file"]


class Doctor(StandIn):
    """Each test breaks something, and repairs it."""

    @classmethod
    def setUpClass(cls):
        if not COMMAND.exists():
            raise AssertionError(f"{COMMAND} is missing: cargo build --features aws")
        super().setUpClass()
        cls.api.function = cls.function
        if queue := cls.outputs.get("LogQueueUrl"):
            cls.api.mappings = [{"UUID": "8a", "EventSourceArn": cls.arn(queue), "State": "Enabled", "FunctionResponseTypes": RESPONSES}]

    @classmethod
    def prepare(cls):
        cls.api = Api(cls.endpoint)
        cls.addClassCleanup(cls.api.server_close)
        cls.addClassCleanup(cls.api.shutdown)
        cls.buckets = boto3.client("s3", REGION, endpoint_url=cls.api.url)
        cls.keys = boto3.client("kms", REGION, endpoint_url=cls.endpoint)

    @classmethod
    def complete(cls):
        made = Stack(**cls.parameters)
        if cls.parameters.get("EncryptionKey") == "new":
            [key] = cls.keys.list_keys()["Keys"]
            policy = json.dumps(made.resources["Key"]["KeyPolicy"]).replace(stack.ACCOUNT, ACCOUNT)
            cls.keys.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy)
        ttl = made.resources["StateTable"]["TimeToLiveSpecification"]
        cls.tables.update_time_to_live(TableName=cls.outputs["StateTableName"], TimeToLiveSpecification=ttl)
        [function] = cls.functions.list_functions()["Functions"]
        variables = {name: str(value) for name, value in function["Environment"]["Variables"].items()}
        name = function["FunctionName"]
        cls.functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        cls.log_data_events()
        cls.write_log_file()
        cls.all = cls.subscribe("all")
        alarms = cls.sqs.create_queue(QueueName="alarms")["QueueUrl"]
        cls.sns.subscribe(TopicArn=cls.outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=cls.arn(alarms))

    @classmethod
    def log_data_events(cls):
        """Lets a trail to the bucket log what the rules need; the page of the documentation has the selectors."""
        cls.trails = boto3.client("cloudtrail", REGION, endpoint_url=cls.endpoint)
        if not cls.trails.describe_trails()["trailList"]:
            bucket = cls.parameters.get("LogBucketName") or cls.outputs["LogBucketName"]
            cls.trails.create_trail(Name="all", S3BucketName=bucket)
            cls.trails.start_logging(Name="all")
        [cls.trail] = cls.trails.describe_trails()["trailList"]
        page = (ROOT / "docs/data-events.md").read_text()
        cls.selectors = json.loads(page.split("```json\n")[1].split("```")[0])
        cls.select(cls.selectors)

    @classmethod
    def write_log_file(cls):
        """A log file of today, without a record."""
        now = datetime.datetime.now(datetime.UTC)
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{now:%Y/%m/%d}/{ACCOUNT}_CloudTrail_{REGION}_{now:%Y%m%dT%H%MZ}_a.json.gz"
        bucket = cls.parameters.get("LogBucketName") or cls.outputs["LogBucketName"]
        client = boto3.client("s3", REGION, endpoint_url=cls.endpoint)
        client.put_object(Bucket=bucket, Key=key, Body=gzip.compress(b'{"Records":[]}'))

    @classmethod
    def select(cls, selectors):
        cls.trails.put_event_selectors(TrailName=cls.trail["TrailARN"], AdvancedEventSelectors=selectors)

    def doctor(self, *arguments, target=("--stack", NAME), **variables):
        command = [COMMAND, "doctor", *target, "--region", REGION, *arguments]
        environment = os.environ | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ENDPOINT_URL_LAMBDA": self.api.url}
        environment |= {"AWS_ENDPOINT_URL_S3": self.api.url, "AWS_ENDPOINT_URL_SNS": self.api.url}
        done = subprocess.run(command, env=environment | variables, cwd=ROOT, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def finds(self, outcome, name, words, *arguments):
        """Runs the checks without a test alert; one line must have the outcome, the name of the check and the words."""
        status, output, error = self.doctor(*(arguments or ["--no-alert"]))
        lines = [line for line in output.splitlines() if line.startswith(f"{outcome:<8} {name}")]
        self.assertTrue(any(words in line for line in lines), output + error)
        self.assertEqual(status, 1 if "\nfailed " in f"\n{output}" else 0, output + error)
        if outcome == "failed":
            self.assertEqual(status, 1)
            self.assertIn("; repair: ", lines[0])
        return output


class OfABucket(Doctor):
    parameters = {"Source": "bucket", "LogBucketName": "central-cloudtrail", "EncryptionKey": "new"}

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.create_bucket("central-cloudtrail")
        cls.notify()

    @classmethod
    def notify(cls, **document):
        cls.buckets.put_bucket_notification_configuration(
            Bucket="central-cloudtrail", NotificationConfiguration=document or {"EventBridgeConfiguration": {}}
        )

    def test_a_sound_stack_passes_and_the_test_alert_arrives(self):
        self.receive(self.all)
        status, output, error = self.doctor()
        self.assertEqual((status, error), (0, ""), output)
        self.assertNotIn("failed  ", output.replace("failed events", ""))
        self.assertEqual(output.splitlines()[-1].split(", ")[1:], ["0 warnings", "0 failed"], output)
        [message] = self.receive(self.all)
        body = json.loads(message["Body"])
        self.assertIn("Only a test of trailbell", body["Subject"])
        self.assertEqual(body["MessageAttributes"]["severity"]["Value"], "3")
        [line] = [line for line in output.splitlines() if line.startswith("ok       test alert")]
        self.assertIn(line.split("event ")[1].split()[0], body["Message"])

    def test_every_run_sends_one_alert_and_with_no_alert_none(self):
        self.receive(self.all)
        for arguments in ([], [], ["--no-alert"]):
            self.assertEqual(self.doctor(*arguments)[0], 0)
        self.assertEqual(len(self.receive(self.all)), 2)

    def test_every_line_is_an_object_with_format_json(self):
        status, output, error = self.doctor("--no-alert", "--format", "json")
        checks = [json.loads(line) for line in output.splitlines()]
        self.assertEqual({check["outcome"] for check in checks}, {"ok"}, output)
        names = ["stack", "region", "notifications", "key", "key", "subscriptions", "subscriptions", "table", "function"]
        self.assertEqual([check["check"] for check in checks], names + MORE)
        self.assertEqual(status, 0)
        self.assertIn("0 failed", error)

    def test_a_function_is_checked_without_a_stack(self):
        self.receive(self.all)
        status, output, error = self.doctor(target=("--function", self.outputs["FunctionName"]))
        self.assertEqual((status, error), (0, ""), output)
        names = [line[9:22].strip() for line in output.splitlines()[:-1]]
        self.assertEqual(names, ["subscriptions", "table", "function", "rules", "test alert"])
        self.assertEqual(len(self.receive(self.all)), 1)
        status, output, error = self.doctor(target=("--function", "another"))
        self.assertEqual((status, output), (2, ""))
        self.assertRegex(error, "^error: ResourceNotFoundException: .*another.*\n$")

    def test_a_stack_that_cannot_be_checked_exits_2(self):
        status, output, error = self.doctor(target=("--stack", "another"))
        self.assertEqual((status, output), (2, ""))
        self.assertRegex(error, "^error: .*another.*does not exist\n$")
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
        status, output, error = self.doctor(**none)
        self.assertEqual((status, output), (2, ""))
        self.assertIn("there are no AWS credentials: set `AWS_PROFILE`", error)

    def test_a_log_file_that_arrives_twice_or_not_at_all(self):
        self.addCleanup(self.notify)
        queue = {"QueueArn": self.arn(self.outputs["LogQueueUrl"]), "Events": ["s3:ObjectCreated:*"]}
        self.notify(QueueConfigurations=[queue], EventBridgeConfiguration={})
        self.finds("failed", "notifications", "reaches the function 2 times")
        queue["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/"}]}}
        self.notify(QueueConfigurations=[queue], EventBridgeConfiguration={})
        self.finds("ok", "notifications", "reach the function once, through EventBridge")
        self.notify(QueueConfigurations=[queue])
        self.finds("failed", "notifications", "sends nothing to EventBridge")

    def test_a_key_that_cannot_be_used(self):
        key = self.outputs["KeyArn"].rsplit("/")[-1]
        self.keys.disable_key(KeyId=key)
        self.finds("failed", "key", "is Disabled")
        self.keys.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.finds("failed", "key", "is PendingDeletion")
        self.keys.cancel_key_deletion(KeyId=key)
        self.keys.enable_key(KeyId=key)
        self.finds("ok", "key", "is enabled")

    def test_a_key_policy_without_a_service(self):
        key = self.outputs["KeyArn"]
        policy = self.keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        self.addCleanup(self.keys.put_key_policy, KeyId=key, PolicyName="default", Policy=policy)
        document = json.loads(policy)
        document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "RulesSend"]
        self.keys.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))
        output = self.finds("failed", "key", "does not let `events.amazonaws.com` use")
        self.assertIn("`RulesSend`", output)

    def test_a_denied_check_is_a_warning_and_the_others_run(self):
        key = self.outputs["KeyArn"]
        policy = self.keys.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        self.addCleanup(self.keys.put_key_policy, KeyId=key, PolicyName="default", Policy=policy)
        document = json.loads(policy)
        role = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/auditor"}
        document["Statement"].append({"Effect": "Deny", "Principal": role, "Action": ["kms:DescribeKey"], "Resource": "*"})
        self.keys.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))
        output = self.finds("warning", "key", "allow yourself `kms:DescribeKey`")
        self.assertIn("ok       key           its policy lets every service", output)
        self.assertIn("1 warning, 0 failed", output)

    def test_an_unconfirmed_subscription(self):
        topic = self.outputs["AlertTopicArn"]
        made = self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="one@example.com", ReturnSubscriptionArn=True)
        self.addCleanup(self.sns.unsubscribe, SubscriptionArn=made["SubscriptionArn"])
        self.api.unconfirmed.append(made["SubscriptionArn"])
        self.finds("warning", "subscriptions", "email `one@example.com` is not confirmed")

    def test_a_trail_that_does_not_log_what_the_rules_need(self):
        self.finds("ok", "data events", "logs what the rules need of ")
        self.select(self.selectors[:1])
        output = self.finds("warning", "data events", "does not log data events of AWS::")
        self.assertIn("AWS::S3::Object (", output)
        self.assertIn("can never fire: `", output)
        # The repair can be typed, and keeps what the trail logs.
        [repair] = [line for line in output.splitlines() if line.startswith("warning  data events")]
        added = json.loads(repair.split("--advanced-event-selectors '")[1].split("'`, or")[0])
        self.assertEqual(added[0], self.selectors[0])
        self.select(added)
        self.finds("ok", "data events", "logs what the rules need of ")
        basic = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        basic["DataResources"] = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
        # The stand-in keeps the advanced selectors beside basic ones.
        self.trails.delete_trail(Name=self.trail["Name"])
        self.addCleanup(self.log_data_events)
        self.addCleanup(self.trails.delete_trail, Name="all")
        self.trails.create_trail(Name="all", S3BucketName="central-cloudtrail")
        self.trails.put_event_selectors(TrailName="all", EventSelectors=[basic])
        output = self.finds("warning", "data events", "does not log data events of AWS::")
        self.assertNotIn("AWS::S3::Object (", output)

    def test_a_trail_of_another_account(self):
        self.trails.delete_trail(Name=self.trail["Name"])
        self.addCleanup(self.log_data_events)
        self.finds("warning", "data events", "no trail of this account writes to the bucket `central-cloudtrail`")

    def test_failed_events(self):
        failed = self.outputs["FailedEventsUrl"]
        self.sqs.send_message(QueueUrl=failed, MessageBody="{}")
        self.addCleanup(self.receive, failed)
        self.finds("warning", "failed events", "1 event in the queue of failed events")

    def test_a_queue_without_an_enabled_mapping(self):
        [mapping] = self.api.mappings
        self.addCleanup(setattr, self.api, "mappings", [mapping])
        self.api.mappings = [mapping | {"State": "Disabled"}]
        self.finds("failed", "trigger", "the mapping is Disabled")
        self.api.mappings = []
        self.finds("failed", "trigger", "there is no mapping")

    def test_other_rules_than_those_that_run(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = Path(folder) / "rules.yaml"
            rules.write_bytes((ROOT / "rules.yaml").read_bytes())
            self.finds("ok", "rules", "the rules that are here", "--no-alert", "--rules", str(rules))
            (Path(folder) / "overrides.yaml").write_text("overrides: {}\n")
            self.finds("failed", "rules", "and the files here are version", "--no-alert", "--rules", str(rules))
            rules.unlink()
            self.finds("warning", "rules", "cannot be read", "--no-alert", "--rules", str(rules))

    def test_a_bucket_that_the_rules_do_not_know(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = Path(folder) / "rules.yaml"
            rules.write_bytes((ROOT / "rules.yaml").read_bytes())
            self.finds("ok", "names", "the rules know the names", "--no-alert", "--rules", str(rules))
            (Path(folder) / "overrides.yaml").write_text("lists: {log_buckets: [archive]}\n")
            words = "missing `central-cloudtrail` in `log_buckets`; repair: `make deploy`"
            self.finds("warning", "names", words, "--no-alert", "--rules", str(rules))


class ThatBreaks(Doctor):
    """What the tests do not repair, in an order."""

    parameters = {"Source": "trail", "EncryptionKey": KEY}
    bucket = f"trailbell-{ACCOUNT}-{REGION}"

    def test_1_a_bucket_without_notifications(self):
        self.finds("failed", "notifications", f"`{self.bucket}` does not notify")

    def test_2_a_missing_key(self):
        self.finds("failed", "key", "does not exist")

    def test_3_no_subscriptions(self):
        self.finds("ok", "subscriptions", "the topic of `AlertTopicArn` has 1 subscription")
        for one in self.sns.list_subscriptions_by_topic(TopicArn=self.outputs["AlertTopicArn"])["Subscriptions"]:
            self.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
        self.finds("failed", "subscriptions", "no one receives alerts")

    def test_4_a_table_that_deletes_nothing_or_is_missing(self):
        table = self.outputs["StateTableName"]
        self.finds("ok", "table", "deletes items by `expires`")
        self.tables.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
        )
        self.finds("warning", "table", "deletes no expired items")
        self.tables.delete_table(TableName=table)
        self.finds("failed", "table", "does not exist")
        # The alert is sent without the table.
        self.finds("warning", "test alert", "the state table could not be used", "--rules", "rules.yaml")

    def test_5_a_missing_topic(self):
        self.sns.delete_topic(TopicArn=self.outputs["AlertTopicArn"])
        output = self.finds("failed", "test alert", "could not publish it", "--rules", "rules.yaml")
        self.assertIn("the topic does not exist", output)

    def test_6_a_bucket_in_another_region_or_missing(self):
        for each in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            self.s3.delete_object(Bucket=self.bucket, Key=each["Key"])
        self.s3.delete_bucket(Bucket=self.bucket)
        self.finds("failed", "region", f"there is no bucket `{self.bucket}`")
        boto3.client("s3", "us-east-1", endpoint_url=self.endpoint).create_bucket(Bucket=self.bucket)
        self.finds("failed", "region", f"the bucket `{self.bucket}` is in us-east-1, the stack in {REGION}")


class Directly(Doctor):
    parameters = {"Source": "bucket", "Delivery": "direct", "LogBucketName": "central-logs"}

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.create_bucket("central-logs")

    def test_a_sender_without_permission_to_invoke_the_function(self):
        self.finds("ok", "trigger", "`events.amazonaws.com` may invoke the function")
        name = self.outputs["FunctionName"]
        policy = json.loads(self.functions.get_policy(FunctionName=name)["Policy"])
        for statement in policy["Statement"]:
            self.functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
        self.finds("failed", "trigger", "`events.amazonaws.com` may not invoke the function")


if __name__ == "__main__":
    unittest.main()

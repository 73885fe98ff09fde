"""An update from an earlier release keeps what users have, and the end of a stack keeps what they must not lose."""

import gzip
import json
import sys
import unittest
from pathlib import Path

from botocore.exceptions import ClientError
from deployment import ROOT, Deployment, Refused, template
from emulator import ACCOUNT, REGION
from modes import KEY, Mode
from shared import StackTest

sys.path.insert(0, str(Path(__file__).parent / "earlier"))
import items

# What someone may have subscribed to, configured elsewhere, or needs for an investigation.
LASTING = {"Trail", "LogBucket", "StateTable", "AlertTopic", "AlarmTopic", "LogQueue", "FailedEvents", "FunctionLog", "Key"}
RULE, FIELDS = "cloudtrail-new-region", ("recipientAccountId", "region")
# A day two months before the record, whose rule learns for two weeks.
LEARNING_SINCE = 1767225600
RECORD = json.loads((ROOT / "events/records/ec2/run-instances.json").read_text())


class Update(StackTest):
    def test_an_update_keeps_trail_bucket_table_and_subscriptions(self):
        for name, parameters in {"earlier": {}, "earlier-key": {"EncryptionKey": "new"}}.items():
            with self.subTest(name):
                bucket = {"LogBucketName": f"{name}-logs"} if parameters else {}
                self.update(name, {"Source": "trail", **bucket, **parameters})

    def update(self, name, parameters):
        stack = Deployment(self.cloud, name, template(items.TEMPLATE), **parameters)
        bucket, table = stack.outputs["LogBucketName"], stack.outputs["StateTableName"]
        alerts = stack.subscribe("AlertTopicArn")
        self.cloud["dynamodb"].put_item(TableName=table, Item=items.learning_start(RULE, FIELDS, LEARNING_SINCE))
        seen = {"recipientAccountId": RECORD["recipientAccountId"], "region": "sa-east-1"}
        self.cloud["dynamodb"].put_item(TableName=table, Item=items.sighting(RULE, seen, LEARNING_SINCE + 40 * 86400))
        before = self.lasting(stack), self.subscriptions(stack), self.trail(name)

        stack.update(**parameters)

        self.assertEqual((self.lasting(stack), self.subscriptions(stack), self.trail(name)), before)
        self.put(bucket, "sa-east-1", "ap-east-1")
        # The state of the earlier release says that the rule has learned enough, and which region it knows.
        self.assertNotIn("region = sa-east-1", "".join(self.cloud.expect(alerts, "region = ap-east-1")))

    def put(self, bucket, *regions):
        """Puts a log file in which the account starts a machine in each region."""
        request = RECORD["requestParameters"] | {"instanceType": "m7g.large"}
        record = {key: value for key, value in RECORD.items() if not key.startswith("error")} | {"requestParameters": request}
        records = [record | {"awsRegion": region, "eventID": f"3a69b0f9-{region}"} for region in regions]
        self.cloud["s3"].put_object(Bucket=bucket, Key=KEY, Body=gzip.compress(json.dumps({"Records": records}).encode()))

    @staticmethod
    def lasting(stack):
        return {name: found for name, found in stack.resources().items() if name in LASTING}

    def subscriptions(self, stack):
        found = self.cloud["sns"].list_subscriptions_by_topic(TopicArn=stack.outputs["AlertTopicArn"])["Subscriptions"]
        return sorted((each["Protocol"], each["Endpoint"]) for each in found)

    def trail(self, name):
        found = self.cloud["cloudtrail"].get_trail(Name=name)["Trail"]
        return found, self.cloud["cloudtrail"].get_trail_status(Name=name)["IsLogging"]


class End(StackTest):
    def test_a_deleted_stack_keeps_logs_and_key_and_says_so(self):
        running = Mode("trail", {"EncryptionKey": "new"}).deploy(self.cloud, "deleted")
        running.put()
        resources = running.stack.resources()
        outputs = self.cloud["cloudformation"].describe_stacks(StackName="deleted")["Stacks"][0]["Outputs"]
        staying = {each["OutputValue"] for each in outputs if "when you delete the stack" in each["Description"]}
        running.stack.delete()
        events = self.cloud["cloudformation"].describe_stack_events(StackName=running.stack.id)["StackEvents"]
        kept = {each["LogicalResourceId"] for each in events if each["ResourceStatus"] == "DELETE_SKIPPED"}
        self.assertEqual({"LogBucket", "Key"} - kept, set())
        # The policy of a bucket stays with the bucket.
        for name in kept - {"LogBucketPolicy"}:
            self.assertTrue(any(value.endswith(resources[name]) for value in staying), f"no output says that {name} stays")
        self.cloud["s3"].head_object(Bucket=running.bucket, Key=KEY)
        [key] = [value for value in staying if ":key/" in value]
        self.assertEqual(self.cloud["kms"].describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Enabled")
        with self.assertRaises(ClientError):
            self.cloud["lambda"].get_function(FunctionName=running.stack.outputs["FunctionName"])

    def test_a_deployment_that_fails_leaves_no_bucket(self):
        # A trail of this name exists, so CloudFormation cannot create that of the stack, after it has created the bucket.
        self.cloud["cloudtrail"].create_trail(Name="failing", S3BucketName=self.cloud.create_bucket("failing-other"))
        with self.assertRaises(Refused):
            Deployment(self.cloud, "failing", Source="trail", LogBucketName="failing-logs")
        with self.assertRaises(ClientError):
            self.cloud["s3"].head_bucket(Bucket="failing-logs")

    def test_parameters_that_do_not_fit_are_refused_before_anything_exists(self):
        with self.assertRaisesRegex(Refused, "name the bucket of the log files"):
            Deployment(self.cloud, "unfit", Source="bucket")
        with self.assertRaises(ClientError):
            self.cloud["cloudformation"].describe_stacks(StackName="unfit")


if __name__ == "__main__":
    unittest.main()

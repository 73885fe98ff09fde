"""Calls of real clients, recorded by the emulator, become a log file as CloudTrail writes one, and raise alerts."""

import gzip
import json
import unittest

from emulator import ACCOUNT, REGION
from modes import Mode
from shared import StackTest

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
PLACE = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/03/02/{ACCOUNT}_CloudTrail_{REGION}_20260302T0000Z_aaaaaaaaaaaaaaaa.json.gz"
ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Calls(StackTest):
    def test_recorded_calls_raise_alerts(self):
        running = Mode("trail").deploy(self.cloud, "recorded-calls")
        alerts = running.stack.subscribe("AlertTopicArn")
        key = self.create_key("mallory")
        mallory = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        iam = self.cloud.emulator.client("iam", **mallory)
        iam.create_user(UserName="svc-metrics")
        iam.create_access_key(UserName="svc-metrics")
        iam.put_user_policy(UserName="svc-metrics", PolicyName="all", PolicyDocument=ALL)
        records = self.records(key["AccessKeyId"])
        self.assertEqual({record["userIdentity"]["userName"] for record in records}, {"mallory"})
        running.put(PLACE, gzip.compress(json.dumps({"Records": records}).encode()))
        # Both are ways to stay in an account: https://attack.mitre.org/techniques/T1098/
        self.cloud.expect(alerts, "CreateAccessKey", "PutUserPolicy")

    def create_key(self, name):
        self.cloud["iam"].create_user(UserName=name)
        self.cloud["iam"].put_user_policy(UserName=name, PolicyName="all", PolicyDocument=ALL)
        return self.cloud["iam"].create_access_key(UserName=name)["AccessKey"]

    def records(self, key):
        """What CloudTrail's own API returns of the calls with a key, oldest first."""
        lookup = [{"AttributeKey": "AccessKeyId", "AttributeValue": key}]
        events = self.cloud["cloudtrail"].lookup_events(LookupAttributes=lookup)["Events"]
        return [json.loads(event["CloudTrailEvent"]) for event in reversed(events)]


if __name__ == "__main__":
    unittest.main()

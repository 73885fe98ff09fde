"""The reliable mode on a stand-in for AWS: a log file is put into the bucket, the real function takes the message out of the
queue, and alerts arrive; what fails is kept, and sent again.
"""

import json
import os
import subprocess
import sys
import unittest

from stack import NAME, REGION, ROOT, Stack
from stand_in import ACCOUNT, StandIn

sys.path.insert(0, str(ROOT / "scripts"))
import redrive


class Trail(StandIn):
    parameters = {"Source": "trail"}
    bucket = f"trailbell-{ACCOUNT}-{REGION}"

    @classmethod
    def complete(cls):
        made = Stack(Source="trail").resources["LogBucket"]
        [notification] = made["NotificationConfiguration"]["QueueConfigurations"]
        queue = {"QueueArn": cls.arn(cls.outputs["LogQueueUrl"]), "Events": [notification["Event"]]}
        queue["Filter"] = {"Key": {"FilterRules": notification["Filter"]["S3Key"]["Rules"]}}
        document = {"QueueConfigurations": [queue]}
        cls.s3.put_bucket_notification_configuration(Bucket=cls.bucket, NotificationConfiguration=document)
        # S3 sends it when a notification is set.
        [test] = cls.receive(cls.outputs["LogQueueUrl"])
        assert json.loads(test["Body"])["Event"] == "s3:TestEvent"
        mail = Stack(AlertEmail="one@example.com", EmailSeverity="1").resources["AlertEmailSubscription"]
        cls.urgent = cls.subscribe("urgent", FilterPolicy=json.dumps(mail["FilterPolicy"]))
        cls.all = cls.subscribe("all")

    def test_a_log_file_goes_by_the_queue_to_alerts_by_severity(self):
        self.put(self.bucket, "Kq3vZt8LwXy1RbNd")
        self.s3.put_object(Bucket=self.bucket, Key="AWSLogs/111122223333/notes.txt", Body=b"no log file")
        messages = self.receive(self.outputs["LogQueueUrl"])
        self.assertEqual(len(messages), 1, "only what ends in .json.gz is notified")
        answer = self.function.invoke(redrive.wrapped(messages, self.arn(self.outputs["LogQueueUrl"])))
        self.assertEqual(answer, {"batchItemFailures": []})
        everything = self.severities(self.all)
        self.assertTrue(set(everything) > {"1"}, everything)
        self.assertEqual(self.severities(self.urgent), [each for each in everything if each == "1"])

    def test_the_table_is_the_one_that_the_function_is_told_of(self):
        [table] = self.tables.list_tables()["TableNames"]
        self.assertEqual((table, table), (self.outputs["StateTableName"], self.variables["STATE_TABLE_NAME"]))
        found = self.tables.describe_table(TableName=table)["Table"]
        self.assertEqual(found["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(found["AttributeDefinitions"], [{"AttributeName": "pk", "AttributeType": "S"}])
        self.assertEqual(found["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")

    def test_the_queue_gives_up_into_the_queue_of_failed_events(self):
        wanted = {"deadLetterTargetArn": self.arn(self.outputs["FailedEventsUrl"]), "maxReceiveCount": 5}
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.outputs["LogQueueUrl"], AttributeNames=["All"])["Attributes"]
        self.assertEqual(json.loads(attributes["RedrivePolicy"]), wanted)

    def test_what_failed_is_sent_again_and_kept_if_it_fails_again(self):
        here = self.put(self.bucket, "b7TfQm2EhJ9sUcVa")
        self.receive(self.outputs["LogQueueUrl"])
        failed = self.outputs["FailedEventsUrl"]
        cloudtrail = json.dumps({"s3Bucket": self.bucket, "s3ObjectKey": [here]})
        bodies = [
            # As its own queue, Lambda and SNS give up on it.
            self.event(here),
            {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": self.event(here)},
            {"Type": "Notification", "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:trail", "Message": cloudtrail},
            self.event("AWSLogs/gone.json.gz"),
        ]
        for body in bodies:
            self.sqs.send_message(QueueUrl=failed, MessageBody=json.dumps(body))
        handled, kept = redrive.redrive(self.sqs, failed, self.function.invoke)
        self.assertEqual((handled, len(kept)), (3, 1))
        [left] = self.receive(failed)
        self.assertEqual(json.loads(left["Body"]), bodies[3])

    def test_nothing_is_lost_if_the_function_does_not_answer(self):
        def broken(_):
            raise redrive.Failed("the function failed: Task timed out")

        failed = self.outputs["FailedEventsUrl"]
        self.sqs.send_message(QueueUrl=failed, MessageBody="not understood")
        self.assertEqual(redrive.redrive(self.sqs, failed, broken), (0, ["the function failed: Task timed out"]))
        self.assertEqual(len(self.receive(failed)), 1)
        self.assertEqual(redrive.redrive(self.sqs, failed, broken), (0, []))

    def test_the_stack_is_found_by_its_name(self):
        def run(stack):
            command = [sys.executable, ROOT / "scripts/redrive.py", stack, "--region", REGION]
            environment = os.environ | {"AWS_ENDPOINT_URL": self.endpoint}
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            return done.returncode, done.stdout, done.stderr

        self.assertEqual(run(NAME), (0, "0 handled, 0 kept\n", ""))
        status, said, error = run("another")
        self.assertEqual((status, said), (2, ""))
        self.assertRegex(error, "^error: .*another.*does not exist\n$")

    def event(self, key):
        place = {"bucket": {"name": self.bucket}, "object": {"key": key}}
        return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": place}]}


class Bucket(StandIn):
    parameters = {"Source": "bucket", "LogBucketName": "central-logs"}

    @classmethod
    def prepare(cls):
        """A bucket that tells somebody else already."""
        cls.create_bucket("central-logs")
        theirs = cls.arn(cls.sqs.create_queue(QueueName="theirs")["QueueUrl"])
        queues = [{"QueueArn": theirs, "Events": ["s3:ObjectCreated:*"]}]
        document = {"QueueConfigurations": queues, "EventBridgeConfiguration": {}}
        cls.s3.put_bucket_notification_configuration(Bucket="central-logs", NotificationConfiguration=document)
        cls.before = cls.notifications()

    @classmethod
    def notifications(cls):
        return cls.s3.get_bucket_notification_configuration(Bucket="central-logs")["QueueConfigurations"]

    @classmethod
    def complete(cls):
        cls.all = cls.subscribe("all")

    def test_a_log_file_goes_by_eventbridge_and_the_queue_to_alerts(self):
        self.put("central-logs", "Kq3vZt8LwXy1RbNd")
        for key in ("AWSLogs/111122223333/notes.txt", "other/AWSLogs/1.json.gz"):
            self.s3.put_object(Bucket="central-logs", Key=key, Body=b"no log file")
        messages = self.receive(self.outputs["LogQueueUrl"])
        self.assertEqual([json.loads(message["Body"])["detail-type"] for message in messages], ["Object Created"])
        answer = self.function.invoke(redrive.wrapped(messages, self.arn(self.outputs["LogQueueUrl"])))
        self.assertEqual(answer, {"batchItemFailures": []})
        self.assertTrue(self.severities(self.all))

    def test_the_notifications_of_the_bucket_are_what_they_were(self):
        self.assertEqual(self.notifications(), self.before)


if __name__ == "__main__":
    unittest.main()

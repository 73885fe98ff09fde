"""The queued mode on a stand-in for AWS: a log file arrives in the bucket, the real function receives the message of the queue,
and alerts arrive; an event that fails is kept, and sent again.
"""

import json
import os
import subprocess
import unittest

from api import COMMAND, Api
from stack import NAME, REGION, Stack
from stand_in import ACCOUNT, StandIn, queue_event


class Broken:
    """A function that fails with this answer."""

    def __init__(self, **answer):
        self.answer = answer

    def invoke(self, _):
        return self.answer


class Trail(StandIn):
    parameters = {"Source": "trail"}
    bucket = f"trailbell-{ACCOUNT}-{REGION}"

    @classmethod
    def prepare(cls):
        cls.api = Api(cls.endpoint)
        cls.addClassCleanup(cls.api.server_close)
        cls.addClassCleanup(cls.api.shutdown)

    @classmethod
    def complete(cls):
        made = Stack(Source="trail").resources["LogBucket"]
        [notification] = made["NotificationConfiguration"]["QueueConfigurations"]
        queue = {"QueueArn": cls.arn(cls.outputs["LogQueueUrl"]), "Events": [notification["Event"]]}
        queue["Filter"] = {"Key": {"FilterRules": notification["Filter"]["S3Key"]["Rules"]}}
        document = {"QueueConfigurations": [queue]}
        cls.s3.put_bucket_notification_configuration(Bucket=cls.bucket, NotificationConfiguration=document)
        # S3 sends a test event when a notification is set.
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
        answer = self.function.invoke(queue_event(messages, self.arn(self.outputs["LogQueueUrl"])))
        self.assertEqual(answer, {"batchItemFailures": []})
        everything = self.severities(self.all)
        self.assertTrue(set(everything) > {"1"}, everything)
        self.assertEqual(self.severities(self.urgent), [each for each in everything if each == "1"])

    def test_the_table_is_the_one_in_the_environment_of_the_function(self):
        [table] = self.tables.list_tables()["TableNames"]
        self.assertEqual((table, table), (self.outputs["StateTableName"], self.variables["STATE_TABLE_NAME"]))
        found = self.tables.describe_table(TableName=table)["Table"]
        self.assertEqual(found["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(found["AttributeDefinitions"], [{"AttributeName": "pk", "AttributeType": "S"}])
        self.assertEqual(found["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")

    def test_the_queue_moves_messages_to_the_queue_of_failed_events(self):
        wanted = {"deadLetterTargetArn": self.arn(self.outputs["FailedEventsUrl"]), "maxReceiveCount": 6}
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.outputs["LogQueueUrl"], AttributeNames=["All"])["Attributes"]
        self.assertEqual(json.loads(attributes["RedrivePolicy"]), wanted)

    def test_a_failed_event_is_sent_again_and_kept_if_it_fails_again(self):
        here = self.put(self.bucket, "b7TfQm2EhJ9sUcVa")
        self.receive(self.outputs["LogQueueUrl"])
        failed = self.outputs["FailedEventsUrl"]
        cloudtrail = json.dumps({"s3Bucket": self.bucket, "s3ObjectKey": [here]})
        bodies = [
            # In the forms of the log queue, of Lambda and of SNS.
            self.event(here),
            {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": self.event(here)},
            {"Type": "Notification", "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:trail", "Message": cloudtrail},
            self.event("AWSLogs/gone.json.gz"),
        ]
        for body in bodies:
            self.sqs.send_message(QueueUrl=failed, MessageBody=json.dumps(body))
        reason = "it failed again; the function's log has the reason"
        self.assertEqual(self.redrive(), (1, "3 handled, 1 kept\n", f"kept 1: {reason}\n"))
        [left] = self.receive(failed)
        self.assertEqual(json.loads(left["Body"]), bodies[3])

    def test_no_event_is_lost_if_the_function_fails(self):
        failed = self.outputs["FailedEventsUrl"]
        self.sqs.send_message(QueueUrl=failed, MessageBody="not understood")
        broken = Broken(errorMessage="Task timed out", errorType="Sandbox.Timedout")
        reason = "the function failed: Task timed out"
        self.assertEqual(self.redrive(function=broken), (1, "0 handled, 1 kept\n", f"kept 1: {reason}\n"))
        self.assertEqual(len(self.receive(failed)), 1)
        self.assertEqual(self.redrive(function=broken), (0, "0 handled, 0 kept\n", ""))

    def test_no_event_is_lost_if_a_request_fails(self):
        failed = self.outputs["FailedEventsUrl"]
        self.sqs.send_message(QueueUrl=failed, MessageBody="{}")
        status, output, error = self.redrive(AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:9")
        self.assertEqual((status, output), (2, ""))
        self.assertRegex(error, "^error: a request failed, and the events not yet handled stay in the queue: ")
        self.assertEqual(len(self.receive(failed)), 1)

    def test_the_stack_is_found_by_its_name(self):
        self.assertEqual(self.redrive(), (0, "0 handled, 0 kept\n", ""))
        status, output, error = self.redrive("another")
        self.assertEqual((status, output), (2, ""))
        self.assertRegex(error, "^error: .*another.*does not exist\n$")

    def redrive(self, stack=NAME, function=None, **variables):
        """Runs the command with this function, or the real one; its exit status, output and errors."""
        self.api.function = function or self.function
        environment = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ENDPOINT_URL_LAMBDA": self.api.url}
        command = [COMMAND, "redrive", stack, "--region", REGION]
        run = subprocess.run(command, env=os.environ | environment | variables, capture_output=True, text=True, timeout=120)
        return run.returncode, run.stdout, run.stderr

    def event(self, key):
        place = {"bucket": {"name": self.bucket}, "object": {"key": key}}
        return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": place}]}


class Bucket(StandIn):
    parameters = {"Source": "bucket", "LogBucketName": "central-logs"}

    @classmethod
    def prepare(cls):
        """A bucket that already notifies another receiver."""
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
        answer = self.function.invoke(queue_event(messages, self.arn(self.outputs["LogQueueUrl"])))
        self.assertEqual(answer, {"batchItemFailures": []})
        self.assertTrue(self.severities(self.all))

    def test_the_notifications_of_the_bucket_are_unchanged(self):
        self.assertEqual(self.notifications(), self.before)


if __name__ == "__main__":
    unittest.main()

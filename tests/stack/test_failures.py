"""What fails for good is kept in FailedEvents, from every sender and in every form, and `trailbell redrive` brings it back."""

import json
import unittest
from contextlib import contextmanager

from deployment import Deployment, until
from modes import KEY, Mode
from shared import StackTest

FAILURES = {
    "failed-queue": Mode("trail", {"EncryptionKey": "new", "State": "none"}),
    "failed-direct": Mode("trail", {"EncryptionKey": "new", "State": "none", "Delivery": "direct"}),
}
LOSSES = {
    "lost-bucket-queue": Mode("bucket", {"EncryptionKey": "new", "State": "none"}),
    "lost-bucket-direct": Mode("bucket", {"EncryptionKey": "new", "State": "none", "Delivery": "direct"}),
    "lost-topic-queue": Mode("topic", {"EncryptionKey": "new", "State": "none"}),
    "lost-topic-direct": Mode("topic", {"EncryptionKey": "new", "State": "none", "Delivery": "direct"}),
}
DENY = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [DENY]})


class Failures(StackTest):
    def test_what_the_function_cannot_read_fails_for_good_and_comes_back(self):
        for name, mode in FAILURES.items():
            with self.subTest(name):
                running = mode.deploy(self.cloud, name)
                with self.unreadable(running):
                    self.fails_for_good(running)
                    self.assertEqual(running.stack.redrive()[0], 1)
                    self.assertEqual(self.cloud.count(running.stack.outputs["FailedEventsUrl"]), 1)
                self.comes_back(running)

    def test_what_cannot_be_delivered_is_kept_and_comes_back(self):
        for name, mode in LOSSES.items():
            with self.subTest(name):
                running = mode.deploy(self.cloud, name)
                with self.undeliverable(running):
                    self.fails_for_good(running)
                self.comes_back(running)

    def fails_for_good(self, running):
        self.alerts = running.stack.subscribe("AlertTopicArn")
        if queue := running.stack.outputs.get("LogQueueUrl"):
            # Five receptions would take two and a half hours.
            self.cloud["sqs"].set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
        running.put()
        until(lambda: self.cloud.count(running.stack.outputs["FailedEventsUrl"]) == 1)
        self.assertEqual(self.cloud.receive(self.alerts), [])

    def comes_back(self, running):
        self.assertEqual(running.stack.redrive(), (0, "1 handled, 0 kept\n"))
        self.cloud.expect(self.alerts, KEY)
        self.assertEqual(self.cloud.count(running.stack.outputs["FailedEventsUrl"]), 0)

    @contextmanager
    def unreadable(self, running):
        """Someone denies the function the log files by the bucket's policy."""
        s3, bucket = self.cloud["s3"], running.bucket
        before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        deny["Principal"] = {"AWS": running.stack.outputs["FunctionRoleArn"]}
        policy = json.loads(before)
        policy["Statement"].append(deny)
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        yield
        s3.put_bucket_policy(Bucket=bucket, Policy=before)

    @contextmanager
    def undeliverable(self, running):
        """Someone removes what lets the sender deliver: the policy of the queue, or that of the function."""
        outputs, sqs, functions = running.stack.outputs, self.cloud["sqs"], self.cloud["lambda"]
        if "LogQueueUrl" in outputs:
            queue = {"QueueUrl": outputs["LogQueueUrl"]}
            before = sqs.get_queue_attributes(**queue, AttributeNames=["Policy"])["Attributes"]
            sqs.set_queue_attributes(**queue, Attributes={"Policy": NOTHING})
            yield
            sqs.set_queue_attributes(**queue, Attributes=before)
        else:
            name = outputs["FunctionName"]
            for statement in json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]:
                functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
            yield


class Redrive(StackTest):
    """What the command does if it cannot send an event again: the event stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack = Deployment(cls.cloud, "redrive", Source="events", State="none")
        cls.failed = cls.stack.outputs["FailedEventsUrl"]

    def test_an_event_that_fails_again_stays(self):
        self.keep("not understood")
        reason = "kept 1: it failed again; the function's log has the reason"
        status, output = self.stack.redrive()
        self.assertEqual((status, sorted(output.splitlines())), (1, ["0 handled, 1 kept", reason]))
        self.assertEqual(self.cloud.receive(self.failed), ["not understood"])
        self.assertEqual(self.stack.redrive(), (0, "0 handled, 0 kept\n"))

    def test_no_event_is_lost_if_a_request_fails(self):
        self.keep("{}")
        status, output = self.stack.redrive(AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:9")
        self.assertEqual(status, 2)
        self.assertRegex(output, "^error: a request failed, and the events not yet handled stay in the queue: ")
        self.assertEqual(self.cloud.receive(self.failed), ["{}"])

    def test_a_stack_that_does_not_exist_is_named(self):
        status, output = self.stack.redrive("another")
        self.assertEqual(status, 2)
        self.assertRegex(output, "^error: .*another.*does not exist\n$")

    def keep(self, body):
        self.cloud["sqs"].set_queue_attributes(QueueUrl=self.failed, Attributes={"VisibilityTimeout": "0"})
        self.cloud["sqs"].send_message(QueueUrl=self.failed, MessageBody=body)


if __name__ == "__main__":
    unittest.main()

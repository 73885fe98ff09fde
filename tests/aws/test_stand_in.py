"""The reliable mode on a stand-in for AWS: the stack is created there, a log file is put into its bucket, the real function
takes the message out of its queue, and alerts arrive.

The stand-in's CloudFormation decides conditions and references by itself. What kinds of resources it does not know, this
file makes from the same properties.
"""

import io
import json
import logging
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="eu-west-1")

import boto3
import samcli
from moto.server import ThreadedMotoServer
from stack import NAME, REGION, ROOT, Stack, transformed

sys.path.insert(0, str(ROOT / "scripts"))
import redrive

# The account that moto has.
ACCOUNT = "123456789012"
BUCKET = f"trailbell-{ACCOUNT}-{REGION}"
LOGS = ROOT / "events/bucket/trailbell-demo-logs"
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/bootstrap"
EMULATOR = Path(samcli.__file__).parent / "local/rapid" / (
    "aws-lambda-rie-arm64" if platform.machine() == "aarch64" else "aws-lambda-rie-x86_64"
)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Function:
    """The real binary behind AWS's emulator, with the environment that the stack gives it."""

    def __init__(self, variables, endpoint):
        ports = [free_port(), free_port()]
        self.url = f"http://127.0.0.1:{ports[0]}/2015-03-31/functions/function/invocations"
        addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}", "--runtime-api-address", f"127.0.0.1:{ports[1]}"]
        environment = {name: str(value) for name, value in variables.items()} | {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "300",
            "LAMBDA_TASK_ROOT": str(ROOT),
        }
        command = [str(EMULATOR), *addresses, str(BINARY)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True, **quiet)

    def invoke(self, event):
        request = urllib.request.Request(self.url, json.dumps(event).encode(), {"Content-Type": "application/json"})
        for _ in range(100):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read())
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError):
                    raise
                time.sleep(0.1)
        raise AssertionError("the emulator does not listen")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class StandIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not BINARY.exists():
            raise AssertionError(f"{BINARY} is missing: cargo build --features lambda --bin bootstrap")
        # It says every request, and every kind of resource that it does not know.
        for name in ("werkzeug", "moto"):
            logging.getLogger(name).setLevel(logging.ERROR)
        cls.server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        host, port = cls.server.get_host_and_port()
        cls.endpoint = f"http://{host}:{port}"
        cls.s3, cls.sqs, cls.sns, cls.formation, cls.table, cls.functions = (
            boto3.client(name, REGION, endpoint_url=cls.endpoint)
            for name in ("s3", "sqs", "sns", "cloudformation", "dynamodb", "lambda")
        )
        cls.create_stack()
        cls.complete_stack()
        [function] = cls.functions.list_functions()["Functions"]
        cls.function = Function(function["Environment"]["Variables"], cls.endpoint)
        cls.addClassCleanup(cls.function.stop)

    @classmethod
    def create_stack(cls):
        artifact = io.BytesIO()
        with zipfile.ZipFile(artifact, "w") as archive:
            archive.writestr("bootstrap", "")
        place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        cls.s3.create_bucket(Bucket="artifacts", **place)
        cls.s3.put_object(Bucket="artifacts", Key="trailbell", Body=artifact.getvalue())
        template = transformed()
        # With it the stand-in would look for Docker, and take messages away.
        del template["Resources"]["LogQueueMapping"]
        cls.formation.create_stack(
            StackName=NAME,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": "Source", "ParameterValue": "trail"}],
            Capabilities=["CAPABILITY_IAM"],
        )
        [stack] = cls.formation.describe_stacks(StackName=NAME)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        cls.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @classmethod
    def complete_stack(cls):
        """What the stand-in's CloudFormation leaves out."""
        bucket = Stack(Source="trail").resources["LogBucket"]
        [notification] = bucket["NotificationConfiguration"]["QueueConfigurations"]
        rules = notification["Filter"]["S3Key"]["Rules"]
        queue = {"QueueArn": cls.arn(cls.outputs["LogQueueUrl"]), "Events": [notification["Event"]]}
        queue["Filter"] = {"Key": {"FilterRules": rules}}
        configuration = {"QueueConfigurations": [queue]}
        cls.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)
        # S3 sends it when a notification is set.
        [test] = cls.receive(cls.outputs["LogQueueUrl"])
        assert json.loads(test["Body"])["Event"] == "s3:TestEvent"
        mail = Stack(AlertEmail="one@example.com", EmailSeverity="1").resources["AlertEmailSubscription"]
        cls.urgent = cls.subscribe("urgent", FilterPolicy=json.dumps(mail["FilterPolicy"]))
        cls.all = cls.subscribe("all")

    @classmethod
    def subscribe(cls, name, **attributes):
        url = cls.sqs.create_queue(QueueName=name)["QueueUrl"]
        where = {"TopicArn": cls.outputs["AlertTopicArn"], "Protocol": "sqs", "Endpoint": cls.arn(url)}
        cls.sns.subscribe(**where, Attributes=attributes)
        return url

    @classmethod
    def arn(cls, url):
        return cls.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    @classmethod
    def receive(cls, url):
        """Takes all messages out of a queue."""
        taken = []
        while messages := cls.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
            for message in messages:
                cls.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += messages
        return taken

    def put(self, name):
        [path] = LOGS.rglob(f"*{name}*")
        key = str(path.relative_to(LOGS))
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        return key

    def severities(self, url):
        attributes = (json.loads(message["Body"])["MessageAttributes"] for message in self.receive(url))
        return sorted(each["severity"]["Value"] for each in attributes)

    def test_a_log_file_goes_by_the_queue_to_alerts_by_severity(self):
        self.put("Kq3vZt8LwXy1RbNd")
        self.s3.put_object(Bucket=BUCKET, Key="AWSLogs/111122223333/notes.txt", Body=b"no log file")
        messages = self.receive(self.outputs["LogQueueUrl"])
        self.assertEqual(len(messages), 1, "only what ends in .json.gz is notified")
        answer = self.function.invoke(redrive.wrapped(messages, self.arn(self.outputs["LogQueueUrl"])))
        self.assertEqual(answer, {"batchItemFailures": []})
        everything = self.severities(self.all)
        self.assertTrue(set(everything) > {"1"}, everything)
        self.assertEqual(self.severities(self.urgent), [each for each in everything if each == "1"])

    def test_the_table_has_the_key_and_the_time_that_are_written(self):
        [table] = self.table.list_tables()["TableNames"]
        self.assertEqual(table, self.outputs["StateTableName"])
        found = self.table.describe_table(TableName=table)["Table"]
        self.assertEqual(found["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(found["AttributeDefinitions"], [{"AttributeName": "pk", "AttributeType": "S"}])
        self.assertEqual(found["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
        [function] = self.functions.list_functions()["Functions"]
        self.assertEqual(function["Environment"]["Variables"]["STATE_TABLE_NAME"], table)

    def test_the_queue_gives_up_into_the_queue_of_failed_events(self):
        wanted = {"deadLetterTargetArn": self.arn(self.outputs["FailedEventsUrl"]), "maxReceiveCount": 5}
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.outputs["LogQueueUrl"], AttributeNames=["All"])["Attributes"]
        self.assertEqual(json.loads(attributes["RedrivePolicy"]), wanted)

    def test_what_failed_is_sent_again_and_kept_if_it_fails_again(self):
        here = self.put("b7TfQm2EhJ9sUcVa")
        self.receive(self.outputs["LogQueueUrl"])
        event = lambda key: {
            "Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]
        }
        cloudtrail = {"s3Bucket": BUCKET, "s3ObjectKey": [here]}
        failed = self.outputs["FailedEventsUrl"]
        bodies = [
            # As its own queue, Lambda and SNS give up on it.
            event(here),
            {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event(here)},
            {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": json.dumps(cloudtrail)},
            event("AWSLogs/gone.json.gz"),
        ]
        for body in bodies:
            self.sqs.send_message(QueueUrl=failed, MessageBody=json.dumps(body))
        handled, kept = redrive.redrive(self.sqs, failed, self.function.invoke)
        self.assertEqual((handled, len(kept)), (3, 1))
        [left] = self.receive(failed)
        self.assertEqual(json.loads(left["Body"]), bodies[3])

        # A function that does not answer loses nothing either.
        self.sqs.send_message(QueueUrl=failed, MessageBody="not understood")

        def broken(_):
            raise redrive.Failed("the function failed: Task timed out")

        self.assertEqual(redrive.redrive(self.sqs, failed, broken), (0, ["the function failed: Task timed out"]))
        self.assertEqual(len(self.receive(failed)), 1)
        self.assertEqual(redrive.redrive(self.sqs, failed, broken), (0, []))


if __name__ == "__main__":
    unittest.main()

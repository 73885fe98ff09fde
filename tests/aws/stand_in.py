"""A stand-in for AWS that runs in this process, with the stack on it, and the real function behind AWS's own emulator.

The stand-in's CloudFormation resolves conditions and references by itself. A test creates the resources of types that the
stand-in does not know, from the same properties.
"""

import io
import json
import logging
import os
import platform
import signal
import socket
import subprocess
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
from stack import NAME, REGION, ROOT, transformed

# The account of the stand-in, moto.
ACCOUNT = "123456789012"
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/bootstrap"
PROCESSOR = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
EMULATOR = Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{PROCESSOR}"
LOGS = ROOT / "events/bucket/trailbell-demo-logs"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Function:
    """The binary behind AWS's emulator, with the environment that the stack gives it."""

    def __init__(self, variables, endpoint):
        own, api = free_port(), free_port()
        self.url = f"http://127.0.0.1:{own}/2015-03-31/functions/function/invocations"
        addresses = ("--runtime-interface-emulator-address", f"127.0.0.1:{own}", "--runtime-api-address", f"127.0.0.1:{api}")
        environment = {name: str(value) for name, value in variables.items()} | {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "300",
            "LAMBDA_TASK_ROOT": str(ROOT),
        }
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        command = [str(EMULATOR), *addresses, str(BINARY)]
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


def queue_event(messages, queue_arn):
    """The event with which Lambda invokes a function for these messages of a queue.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
            }
            for message in messages
        ]
    }


class StandIn(unittest.TestCase):
    """One stack for all tests of a class, with the parameters of the class."""

    parameters = {}

    @classmethod
    def setUpClass(cls):
        if not BINARY.exists():
            raise AssertionError(f"{BINARY} is missing: cargo build --features function --bin bootstrap")
        # The stand-in logs every request, and every type of resource that it does not know.
        for name in ("werkzeug", "moto"):
            logging.getLogger(name).setLevel(logging.ERROR)
        server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
        server.start()
        cls.addClassCleanup(server.stop)
        host, port = server.get_host_and_port()
        cls.endpoint = endpoint = f"http://{host}:{port}"
        # Resources remain from an earlier server of this process.
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
        cls.s3, cls.sqs, cls.sns, cls.formation, cls.tables, cls.functions = (
            boto3.client(name, REGION, endpoint_url=endpoint)
            for name in ("s3", "sqs", "sns", "cloudformation", "dynamodb", "lambda")
        )
        cls.prepare()
        cls.outputs = cls.create_stack()
        cls.complete()
        [function] = cls.functions.list_functions()["Functions"]
        cls.variables = function["Environment"]["Variables"]
        cls.function = Function(cls.variables, endpoint)
        cls.addClassCleanup(cls.function.stop)

    @classmethod
    def prepare(cls):
        """Creates what exists before the stack."""

    @classmethod
    def complete(cls):
        """Creates what the stand-in's CloudFormation leaves out."""

    @classmethod
    def create_stack(cls):
        artifact = io.BytesIO()
        with zipfile.ZipFile(artifact, "w") as archive:
            archive.writestr("bootstrap", "")
        cls.create_bucket("artifacts")
        cls.s3.put_object(Bucket="artifacts", Key="trailbell", Body=artifact.getvalue())
        template = transformed()
        # With the mapping, the stand-in would look for Docker, and receive the messages; it would run the check of a deployment there, too.
        for name in ("LogQueueMapping", "RulesLoad", "StartFunction", "StartRole"):
            del template["Resources"][name]
        template["Resources"]["Trail"]["DependsOn"].remove("RulesLoad")
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in cls.parameters.items()]
        text = json.dumps(template)
        cls.formation.create_stack(StackName=NAME, TemplateBody=text, Parameters=given, Capabilities=["CAPABILITY_IAM"])
        [stack] = cls.formation.describe_stacks(StackName=NAME)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @classmethod
    def create_bucket(cls, name):
        cls.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    @classmethod
    def subscribe(cls, name, **attributes):
        """A queue that receives alerts, all of them or those of a filter policy."""
        url = cls.sqs.create_queue(QueueName=name)["QueueUrl"]
        where = {"TopicArn": cls.outputs["AlertTopicArn"], "Protocol": "sqs", "Endpoint": cls.arn(url)}
        cls.sns.subscribe(**where, Attributes=attributes)
        return url

    @classmethod
    def arn(cls, url):
        return cls.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    @classmethod
    def receive(cls, url):
        """Receives and deletes all messages of a queue."""
        taken = []
        while messages := cls.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
            for message in messages:
                cls.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += messages
        return taken

    def put(self, bucket, name):
        """Puts the sample log file of that name where CloudTrail would put it."""
        [path] = LOGS.glob(f"AWSLogs/**/*{name}*")
        key = str(path.relative_to(LOGS))
        self.s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        return key

    def severities(self, url):
        """The severities of all alerts in a queue."""
        attributes = (json.loads(message["Body"])["MessageAttributes"] for message in self.receive(url))
        return sorted(each["severity"]["Value"] for each in attributes)

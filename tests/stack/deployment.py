"""Stacks of the template on the emulator, and what a user does around one: upload the code, deploy, subscribe, put log files."""

import json
import os
import platform
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from botocore.exceptions import ClientError
from emulator import ACCOUNT, REGION

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
SAMPLES = ROOT / "events/bucket/trailbell-demo-logs"
PROCESSOR = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
ARTIFACTS = "artifacts"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
# How long something may take that should happen, and how long to wait for what should not.
ARRIVAL_SECONDS, ABSENCE_SECONDS = 90, 3


def package():
    """The function as `make build` packs it, for this machine: a zip file in memory's place on disk."""
    binary = BINARIES / "bootstrap"
    if not binary.exists():
        raise FileNotFoundError(f"{binary} is missing: cargo build --locked --features aws --bin bootstrap --bin trailbell")
    file = tempfile.TemporaryFile()
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(binary, "bootstrap")
        rules = [ROOT / "rules.yaml", *sorted((ROOT / "rules.d").glob("*.yaml")), ROOT / "overrides.yaml"]
        for path in filter(Path.exists, rules):
            archive.write(path, path.relative_to(ROOT))
    file.seek(0)
    return file


class Cloud:
    """An account on the emulator, with the code and the template uploaded."""

    def __init__(self, emulator):
        self.emulator = emulator
        names = ("s3", "sqs", "sns", "cloudformation", "dynamodb", "lambda", "iam", "kms", "logs", "events", "cloudtrail", "cloudwatch", "sts")
        self.clients = {name: emulator.client(name) for name in names}
        self.create_bucket(ARTIFACTS)
        with package() as file:
            self["s3"].upload_fileobj(file, ARTIFACTS, "function.zip")

    def __getitem__(self, service):
        return self.clients[service]

    def create_bucket(self, name):
        self["s3"].create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def create_queue(self, name, *sources, **attributes):
        """A queue to which these services may send, by their names or as (name, ARN)."""
        url = self["sqs"].create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": self.queue_arn(url)}
        statement["Principal"] = {"Service": [f"{source}.amazonaws.com" for source in sources]}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        return url

    def queue_arn(self, url):
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[1]}"

    def receive(self, url, seconds=0):
        """Receives and deletes what is in a queue; waits for the first message."""
        taken, request = [], {"QueueUrl": url, "MaxNumberOfMessages": 10}
        while messages := self["sqs"].receive_message(**request, WaitTimeSeconds=min(seconds, 20)).get("Messages"):
            for message in messages:
                self["sqs"].delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += [message["Body"] for message in messages]
            seconds = 0
        return taken

    def expect(self, url, *texts):
        """Receives until each of these texts is in a message; all messages until then."""
        taken, end = [], time.monotonic() + ARRIVAL_SECONDS
        while missing := [text for text in texts if not any(text in each for each in taken)]:
            if time.monotonic() > end:
                raise AssertionError(f"no {missing} among {[each[:80] for each in taken]}")
            taken += self.receive(url, seconds=1)
        return taken

    def count(self, url):
        """How many messages a queue holds, those that are in flight included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(each) for each in found.values())

    def upload_template(self, template, key):
        """The URL of a template, whose function has the uploaded code, as `sam deploy` leaves it."""
        template["Resources"]["TrailbellFunction"]["Properties"]["CodeUri"] = f"s3://{ARTIFACTS}/function.zip"
        self["s3"].put_object(Bucket=ARTIFACTS, Key=key, Body=json.dumps(template).encode())
        return f"{self.emulator.url}/{ARTIFACTS}/{key}"


def template(text=None):
    """The template, or a text of one, with intrinsic functions in their long form, in which SAM uploads it."""
    from samtranslator.yaml_helper import yaml_parse

    return yaml_parse(text or (ROOT / "template.yaml").read_text())


class Refused(Exception):
    """A deployment that failed, with the reasons."""


class Deployment:
    """A stack with these parameters."""

    def __init__(self, cloud, name, written=None, **parameters):
        self.cloud, self.name, self.outputs = cloud, name, {}
        self._send("create_stack", written, parameters)

    def update(self, written=None, **parameters):
        self._send("update_stack", written, parameters)

    def delete(self):
        self.cloud["cloudformation"].delete_stack(StackName=self.id)
        self._settled("DELETE_COMPLETE")

    def _send(self, request, written, parameters):
        url = self.cloud.upload_template(written or template(), f"{self.name}.json")
        given = {"Architecture": PROCESSOR, "AlertEmail": "one@example.com"} | parameters
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
        send = getattr(self.cloud["cloudformation"], request)
        try:
            self.id = send(StackName=self.name, TemplateURL=url, Parameters=given, Capabilities=CAPABILITIES)["StackId"]
        except ClientError as error:
            raise Refused(error.response["Error"]["Message"]) from error
        stack = self._settled(request.split("_")[0].upper() + "_COMPLETE")
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def _settled(self, wanted):
        status = "_IN_PROGRESS"
        while status.endswith("_IN_PROGRESS"):
            time.sleep(0.1)
            [stack] = self.cloud["cloudformation"].describe_stacks(StackName=self.id)["Stacks"]
            status = stack["StackStatus"]
        if status != wanted:
            events = self.cloud["cloudformation"].describe_stack_events(StackName=self.id)["StackEvents"]
            failed = [each for each in events if "FAILED" in each["ResourceStatus"]]
            reasons = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed]
            raise Refused(f"{self.name} is {status}: {'; '.join(reasons)}")
        return stack

    def resources(self):
        """The physical id of each resource."""
        found = self.cloud["cloudformation"].describe_stack_resources(StackName=self.id)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def subscribe(self, output, **attributes):
        """A queue that is subscribed to a topic of the stack, as a user would subscribe one."""
        topic = self.outputs[output]
        url = self.cloud.create_queue(f"{self.name}-{output}", "sns")
        where = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": self.cloud.queue_arn(url)}
        self.cloud["sns"].subscribe(**where, Attributes={"RawMessageDelivery": "true"} | attributes)
        return url

    def role(self, service):
        """A client with the credentials of the function."""
        return self.cloud.emulator.client(service, **self.role_key())

    def role_key(self):
        # The emulator lets the root user assume any role; AWS lets only Lambda assume this one.
        key = self.cloud["sts"].assume_role(RoleArn=self.outputs["FunctionRoleArn"], RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
            "aws_session_token": key["SessionToken"],
        }

    def log(self):
        """The lines of the function's log that are JSON."""
        lines = []
        pages = self.cloud["logs"].get_paginator("filter_log_events").paginate(logGroupName=self.outputs["FunctionLogName"])
        for page in pages:
            lines += [json.loads(each["message"]) for each in page["events"] if each["message"].startswith("{")]
        return lines

    def redrive(self, name=None, **variables):
        """Runs `trailbell redrive` for this stack, or another name; its exit status and what it prints."""
        return self._run(["redrive", name or self.name], variables)

    def doctor(self, *arguments, **variables):
        """Runs `trailbell doctor` for this stack; its exit status and what it prints."""
        return self._run(["doctor", "--stack", self.name, *arguments], variables)

    def _run(self, arguments, variables):
        environment = {"PATH": os.environ["PATH"]} | self.cloud.emulator.environment() | variables
        command = [BINARIES / "trailbell", *arguments]
        run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
        return run.returncode, run.stdout + run.stderr


def until(what, seconds=ARRIVAL_SECONDS):
    """What a function returns, as soon as that is true; fails after some seconds."""
    end = time.monotonic() + seconds
    while not (result := what()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} seconds")
        time.sleep(0.2)
    return result

"""`make stack`: the whole product on this machine, on an emulator of AWS that enforces IAM.

It deploys template.yaml, puts the sample logs into the bucket, makes a call as an intruder, and prints the alerts that arrive. With
KEEP=1 it goes on until Ctrl-C, prints what arrives, and says how to look around.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/stack"))

from deployment import ROOT, SAMPLES, Cloud, Deployment
from emulator import Emulator

PARAMETERS = {"Source": "trail", "AlertEmail": "you@example.com", "NearRealTime": "yes", "EventSources": "iam.amazonaws.com"}
# The alerts of the sample logs arrive in seconds; a slow machine may take longer.
PATIENCE_SECONDS = 120
# How long nothing arrives when all has arrived.
QUIET_SECONDS = 6
READER = "reader"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keep = os.environ.get("KEEP", "") not in ("", "0")
    emulator, ended = Emulator(), False
    try:
        ended = tour(emulator, keep)
    except KeyboardInterrupt:
        ended = True
    finally:
        emulator.stop(keep_log=not ended)
        if not ended:
            print(f"\nThe log of the emulator is {emulator.log}", file=sys.stderr)
    print("\nEnded: nothing is left running.")


def tour(emulator, keep):
    say("Emulator", f"MiniStack at {emulator.url}, with IAM enforced: no account, no Docker, no network")
    cloud = Cloud(emulator)
    stack = Deployment(cloud, "trailbell", **PARAMETERS)
    given = " ".join(f"{name}={value}" for name, value in PARAMETERS.items())
    say("Deployed", f"template.yaml as the stack trailbell: {len(stack.resources())} resources, {given}")
    for name in ("LogBucketName", "LogQueueUrl", "FunctionName", "StateTableName", "AlertTopicArn"):
        say("", f"{name:<15} {stack.outputs[name].rsplit('/', 1)[-1]}")
    queue = subscribe(cloud, stack)
    say("Subscribed", f"the queue `{READER}`, in the place of your e-mail, to the topic of the alerts")
    bucket = stack.outputs["LogBucketName"]
    for path in (paths := sorted(SAMPLES.glob("AWSLogs/**/*.json.gz"))):
        cloud["s3"].put_object(Bucket=bucket, Key=str(path.relative_to(SAMPLES)), Body=path.read_bytes())
    say("Log files", f"{len(paths)} of {SAMPLES.relative_to(ROOT)} put into the bucket, where CloudTrail would put them")
    print("\nAlerts, as their reader gets them:\n")
    count = show(cloud, stack, queue)
    intrude(cloud)
    print("\nCalls: root creates `mallory`, who creates a key for another user. EventBridge reports them to the function:\n")
    count += show(cloud, stack, queue)
    if not count:
        raise SystemExit("no alert arrived")
    print(f"\n{count} alerts, through the bucket or EventBridge, the queue, the function, the table and the topic.")
    if keep:
        look_around(emulator, stack, queue)
        while True:
            show(cloud, stack, queue)
    print("Run `make stack KEEP=1` to leave it running and look around.")
    return True


def subscribe(cloud, stack):
    queue = cloud.create_queue(READER, "sns")
    cloud["sns"].subscribe(TopicArn=stack.outputs["AlertTopicArn"], Protocol="sqs", Endpoint=cloud.queue_arn(queue))
    return queue


def show(cloud, stack, queue):
    """Prints alerts until none arrives any more and no log file or call waits; how many there were."""
    count, last = 0, time.monotonic()
    while True:
        for body in cloud.receive(queue, seconds=1):
            message = json.loads(body)
            where = message["Message"].splitlines()[1]
            print(f"  {message['Subject']}\n    {where}", flush=True)
            count, last = count + 1, time.monotonic()
        waits = not count or cloud.count(stack.outputs["LogQueueUrl"])
        if time.monotonic() - last > (PATIENCE_SECONDS if waits else QUIET_SECONDS):
            return count


def intrude(cloud):
    iam = cloud["iam"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    for name in ("mallory", "svc-metrics"):
        iam.create_user(UserName=name)
    iam.put_user_policy(UserName="mallory", PolicyName="iam", PolicyDocument=json.dumps(allow))
    key = iam.create_access_key(UserName="mallory")["AccessKey"]
    mallory = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    cloud.emulator.client("iam", **mallory).create_access_key(UserName="svc-metrics")


def look_around(emulator, stack, queue):
    print("\nLook around, in another terminal:\n")
    for name, value in emulator.environment().items():
        if name not in ("SSL_CERT_FILE", "AWS_REGION"):
            print(f"  export {name}={value}")
    bucket, log = stack.outputs["LogBucketName"], stack.outputs["FunctionLogName"]
    commands = {
        f"aws s3 cp LOG.json.gz s3://{bucket}/AWSLogs/111122223333/CloudTrail/eu-west-1/": "a log file of yours",
        "aws iam create-user --user-name eve": "a call that raises an alert",
        f"aws logs tail {log} --since 1h": "what the function did",
        f"aws dynamodb scan --table-name {stack.outputs['StateTableName']}": "what it remembers",
        "aws cloudformation describe-stack-resources --stack-name trailbell": "all that was created",
    }
    print()
    for command, what in commands.items():
        print(f"  # {what}\n  {command}")
    print("\nAlerts that arrive are printed here. Ctrl-C ends everything.\n", flush=True)


def say(what, text):
    print(f"{what:<11}{text}", flush=True)


if __name__ == "__main__":
    main()

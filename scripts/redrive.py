#!/usr/bin/env python3
"""Sends the events that failed for good to the function again, and removes those that it handles now.

    .venv/bin/python scripts/redrive.py STACK [--region REGION]

What is in the queue was given up by Lambda, by EventBridge, by SNS or by the function's own queue. The function gets all of
it as messages of a queue and waits for nobody, so its answer says at once which of them failed again; those stay where they
are. Ends with 0 if none did, with 1 if some did, with 2 if the work could not be done.
"""

import argparse
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# No message is taken twice in one go: the function may run for 5 minutes, and all of them one after another.
HIDDEN_SECONDS = 12 * 60 * 60 - 1
# SQS hands out at most ten at once.
BATCH = 10


def payload(body):
    """What the function was to be told. Lambda wraps it into a report on the failure; others keep it as it was.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    try:
        report = json.loads(body)
    except ValueError:
        return body
    is_report = isinstance(report, dict) and "requestContext" in report and "requestPayload" in report
    return json.dumps(report["requestPayload"]) if is_report else body


def wrapped(messages, queue_arn):
    """Messages as Lambda's event of a queue.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": payload(message["Body"]),
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
            }
            for message in messages
        ]
    }


def redrive(sqs, queue_url, invoke):
    """Takes every message once. `invoke` hands an event to the function and returns its answer, or raises `Failed`.

    Returns how many were handled, and why each of the others was not.
    """
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    handled, kept, hidden = 0, [], []
    try:
        while messages := sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=BATCH, VisibilityTimeout=HIDDEN_SECONDS, WaitTimeSeconds=2
        ).get("Messages"):
            hidden += messages
            try:
                answer = invoke(wrapped(messages, attributes["QueueArn"])) or {}
            except Failed as failed:
                kept += [str(failed)] * len(messages)
                continue
            again = {item["itemIdentifier"] for item in answer.get("batchItemFailures") or []}
            for message in messages:
                if message["MessageId"] in again:
                    kept.append("it failed again; the function's log says why")
                    continue
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                hidden.remove(message)
                handled += 1
    finally:
        # Whatever stays can be seen by the next.
        for message in hidden:
            sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return handled, kept


class Failed(Exception):
    """The function did not answer."""


def invoker(function, region):
    """Invokes the function and waits for its answer, once."""
    # The function may run for 5 minutes, and a second attempt would do all of it twice.
    client = boto3.client("lambda", region, config=Config(read_timeout=310, retries={"total_max_attempts": 1}))

    def invoke(event):
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
        said = json.loads(answer["Payload"].read() or "null")
        if "FunctionError" in answer:
            raise Failed(f"the function failed: {(said or {}).get('errorMessage', said)}")
        return said

    return invoke


def main():
    parser = argparse.ArgumentParser(description="Sends events that failed for good to the function again.")
    parser.add_argument("stack")
    parser.add_argument("--region")
    arguments = parser.parse_args()
    try:
        stacks = boto3.client("cloudformation", arguments.region).describe_stacks(StackName=arguments.stack)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
        sqs = boto3.client("sqs", arguments.region)
        handled, kept = redrive(sqs, outputs["FailedEventsUrl"], invoker(outputs["FunctionName"], arguments.region))
    except (BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for reason in sorted(set(kept)):
        print(f"kept {kept.count(reason)}: {reason}", file=sys.stderr)
    print(f"{handled} handled, {len(kept)} kept")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())

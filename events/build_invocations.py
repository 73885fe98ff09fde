#!/usr/bin/env python3
"""Writes the payloads in events/invocations/ that contain other payloads, or records: python3 events/build_invocations.py

Every run writes the same bytes. The S3 event notifications there are written by hand.
"""
import base64
import gzip
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
BUCKET = "trailbell-demo-logs"
LOG = (
    "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/"
    "111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz"
)
# A blank and a plus: code that decodes this key wrongly does not find the object.
ODD_LOG = (
    "audit logs+eu/AWSLogs/444455556666/CloudTrail/eu-central-1/2026/03/02/"
    "444455556666_CloudTrail_eu-central-1_20260302T0930Z_Zp5cXn0GyDr4WkLi.json.gz"
)
MISSING = LOG.replace("Kq3vZt8LwXy1RbNd", "0000000000000000")
TOPIC = "arn:aws:sns:us-east-1:111122223333:trail-notifications"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:trail-notifications"
TEST_EVENT = {
    "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-03-02T08:00:00.000Z", "Bucket": BUCKET,
    "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmw1TItRi",
}


def form(key):
    """A key, encoded as S3 does in its notifications."""
    return key.replace("+", "%2B").replace(" ", "+")


def s3(*keys):
    return {"Records": [
        {
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-03-02T09:20:14.271Z", "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "trailbell-on-new-log-file",
                "bucket": {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"}, "object": {"key": form(key), "size": 7084},
            },
        }
        for key in keys
    ]}


def sns(message):
    """A message as SNS passes it to a function."""
    return {"Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": f"{TOPIC}:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
        "Sns": {
            "Type": "Notification", "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e", "TopicArn": TOPIC, "Subject": None,
            "Message": message, "Timestamp": "2026-03-02T09:20:15.002Z", "MessageAttributes": {},
        },
    }]}


def notification(message):
    """As SNS puts a message into a queue."""
    return {
        "Type": "Notification", "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e", "TopicArn": TOPIC, "Message": message,
        "Timestamp": "2026-03-02T09:20:15.002Z", "SignatureVersion": "1",
    }


def sqs(*bodies):
    return {"Records": [
        {
            "messageId": f"00000000-0000-4000-8000-{number:012}", "receiptHandle": "AQEBexample", "body": body,
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE, "awsRegion": "us-east-1",
        }
        for number, body in enumerate(bodies, 1)
    ]}


def eventbridge(source, kind, detail):
    return {
        "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": kind, "source": source,
        "account": "111122223333", "time": "2026-03-02T09:20:14Z", "region": "us-east-1", "resources": [], "detail": detail,
    }


def created(key):
    return eventbridge("aws.s3", "Object Created", {
        "version": "0", "bucket": {"name": BUCKET}, "object": {"key": key, "size": 7084}, "request-id": "A4C123B1612DD272",
        "requester": "111122223333", "source-ip-address": "203.0.113.5", "reason": "PutObject",
    })


def cloudtrail(*keys):
    """What CloudTrail publishes to the topic of a trail."""
    return {"s3Bucket": BUCKET, "s3ObjectKey": list(keys)}


def batch(schema, *keys):
    bucket = {"s3BucketArn": f"arn:aws:s3:::{BUCKET}"} if schema == "1.0" else {"s3Bucket": BUCKET}
    job = {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"} | ({} if schema == "1.0" else {"userArguments": {"why": "replay"}})
    return {
        "invocationSchemaVersion": schema, "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo", "job": job,
        "tasks": [{"taskId": f"task-{number}", "s3Key": form(key), "s3VersionId": None} | bucket for number, key in enumerate(keys, 1)],
    }


def logs(kind, *messages):
    content = {
        "messageType": kind, "owner": "111122223333", "logGroup": "demo-trail", "logStream": "111122223333_CloudTrail_us-east-1",
        "subscriptionFilters": ["trailbell"],
        "logEvents": [{"id": f"3195310666120{number:04}", "timestamp": 1772442014000, "message": message} for number, message in enumerate(messages)],
    }
    packed = gzip.compress(json.dumps(content).encode(), mtime=0)
    return {"awslogs": {"data": base64.b64encode(packed).decode()}}


def record(name):
    return json.loads((HERE / "records" / f"{name}.json").read_text())


def main():
    put = json.dumps(s3(LOG, ODD_LOG))
    sign_in = {
        "eventVersion": "1.08", "userIdentity": {"type": "IAMUser", "userName": "priya.shah", "accountId": "111122223333"},
        "eventTime": "2026-03-02T08:55:01Z", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.44", "userAgent": "Mozilla/5.0", "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "Yes"},
        "eventID": "1f0a4c7e-93a1-4f0e-9d52-6a4d9a3c1b7e", "eventType": "AwsConsoleSignIn", "recipientAccountId": "111122223333",
    }
    events = {
        "sns-s3-put": sns(put),
        "sns-s3-test-event": sns(json.dumps(TEST_EVENT)),
        "sns-cloudtrail": sns(json.dumps(cloudtrail(LOG, ODD_LOG))),
        "sns-cloudtrail-validation": sns("CloudTrail validation message."),
        "sqs-s3-put": sqs(put),
        "sqs-partial-failure": sqs(put, json.dumps(TEST_EVENT), json.dumps(s3(MISSING)), "no JSON at all"),
        "sqs-sns-s3-put": sqs(json.dumps(notification(put))),
        "sqs-eventbridge-object-created": sqs(json.dumps(created(LOG)), json.dumps(created(ODD_LOG))),
        "eventbridge-object-created": created(ODD_LOG),
        "eventbridge-api-call": eventbridge("aws.ecr", "AWS API Call via CloudTrail", record("ecr/put-image")),
        "eventbridge-console-sign-in": eventbridge("aws.signin", "AWS Console Sign In via CloudTrail", sign_in),
        "s3-batch-1.0": batch("1.0", LOG, ODD_LOG, MISSING),
        "s3-batch-2.0": batch("2.0", ODD_LOG),
        "cloudwatch-logs": logs("DATA_MESSAGE", *(json.dumps(record(name)) for name in ("ecr/put-image", "ssm/start-session")), "no record"),
        "cloudwatch-logs-control": logs("CONTROL_MESSAGE", "CWL CONTROL MESSAGE: Checking health of destination Lambda function."),
    }
    for name, event in events.items():
        (HERE / "invocations" / f"{name}.json").write_text(json.dumps(event, indent=2) + "\n")


if __name__ == "__main__":
    main()

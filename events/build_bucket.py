#!/usr/bin/env python3
"""Writes the sample bucket, events/bucket: one morning of two AWS accounts, as CloudTrail delivers it.

Every run writes the same bytes. Calls that a rule matches are the files in events/records; this script makes the ordinary
calls around them from the tables below.
"""

import gzip
import hashlib
import io
import json
import uuid
from pathlib import Path

EVENTS = Path(__file__).parent
BUCKET = "trailbell-demo-logs"
SHOP, BILLING = "111122223333", "444455556666"


def assumed_role(account, role, session, path=""):
    """The identity of a person or a program that uses a role."""
    principal = "AROA" + role.upper().replace("-", "").replace("_", "")[:10].ljust(10, "7") + "EXAMPLE"
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": principal.replace("AROA", "ASIA")[:13] + "EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": f"arn:aws:iam::{account}:role/{path}{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": "2026-03-02T08:41:07Z", "mfaAuthenticated": "false"},
        },
    }


def service(name):
    """The identity of an AWS service that acts for the account."""
    return {"type": "AWSService", "invokedBy": f"{name}.amazonaws.com"}


def record_of(name):
    """A record of events/records."""
    return json.loads((EVENTS / "records" / name).read_text(encoding="utf-8"))


PRIYA = record_of("ecr/delete-repository.json")["userIdentity"]
SIGNING_IN = {field: PRIYA[field] for field in ("type", "principalId", "arn", "accountId", "userName")}

# Who acts: identity, address, user agent.
CLI = "aws-cli/2.33.7 md/awscrt#0.31.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.11"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0"
AGENT = "aws-sdk-go/1.55.8 (go1.25.5; linux; amd64) amazon-ssm-agent/3.3.3572.0"
WEB, BATCH = "i-0f3a9c1e7b2d4c685", "i-08d51e6ab93f7c204"
ACTORS = {
    "dana": (record_of("ecr/scan-findings-high.json")["userIdentity"], "192.0.2.17", CLI),
    "ci": (record_of("ecr/put-image.json")["userIdentity"], "2001:db8:4:12::a5", "docker/29.1.3 go/go1.25.5"),
    "sam": (record_of("ssm/start-session.json")["userIdentity"], "203.0.113.88", CLI),
    "priya": (PRIYA, "192.0.2.44", FIREFOX),
    "priya, signing in": (SIGNING_IN, "192.0.2.44", FIREFOX),
    "legacy": (record_of("ssm/resume-session-denied.json")["userIdentity"], "198.51.100.77", "Boto3/1.34.11"),
    "lee": (record_of("ecr/set-repository-policy.json")["userIdentity"], "2001:db8:77:1::2f", CLI),
    "web": (assumed_role(SHOP, "web-instance", WEB), "203.0.113.61", AGENT),
    "batch": (assumed_role(SHOP, "batch-instance", BATCH), "203.0.113.62", AGENT),
    "orders": (assumed_role(SHOP, "order-intake", "order-intake"), "203.0.113.75", "aws-sdk-rust/1.3.14 os/linux"),
    "invoices": (assumed_role(BILLING, "invoice-mailer", "invoice-mailer"), "198.51.100.9", "Boto3/1.42.9"),
    "lambda": (service("lambda"), "lambda.amazonaws.com", "lambda.amazonaws.com"),
    "ec2": (service("ec2"), "ec2.amazonaws.com", "ec2.amazonaws.com"),
    "sqs": (service("sqs"), "sqs.amazonaws.com", "sqs.amazonaws.com"),
    "cloudtrail": (service("cloudtrail"), "cloudtrail.amazonaws.com", "cloudtrail.amazonaws.com"),
    "github": (
        {
            "type": "WebIdentityUser",
            "principalId": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
            ":sts.amazonaws.com:repo:example-shop/web:ref:refs/heads/main",
            "userName": "repo:example-shop/web:ref:refs/heads/main",
            "identityProvider": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
        },
        "2001:db8:4:12::a5",
        "configure-aws-credentials-for-github-actions",
    ),
}

KEY = "arn:aws:kms:us-east-1:111122223333:key/3c1f8e52-77ab-4d09-9b64-e0a5d2f81c37"
QUEUE = {"aws:sqs:arn": "arn:aws:sqs:us-east-1:111122223333:orders"}
ORDER_ROLE = {"roleArn": "arn:aws:iam::111122223333:role/order-intake", "roleSessionName": "order-intake"}
WEB_ROLE = {"roleArn": "arn:aws:iam::111122223333:role/web-instance", "roleSessionName": WEB}
CI_ROLE = {"roleArn": "arn:aws:iam::111122223333:role/ci-deploy", "roleSessionName": "GitHubActions"}
LOGS = {"bucketName": BUCKET, "Host": f"{BUCKET}.s3.us-east-1.amazonaws.com", "acl": ""}
LAYERS = {"registryId": SHOP, "repositoryName": "shop/web"}
UPLOAD = {"uploadId": "5e0c7f4a-2d91-4b38-8f6e-91c3a7d0b254"}
DECRYPT = {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": KEY}
KEYS = {"responseElements": {"credentials": {"accessKeyId": "ASIAORDINARY7EXAMPLE"}}}
RUNNING = {"items": [{"name": "instance-state-name", "valueSet": {"items": [{"value": "running"}]}}]}

# A row is the name of a record in events/records, or an ordinary call: time, actor, service, call, request and, if it
# has a response or fails, more fields of the record.
BUSY = [
    ("09:00:04", "cloudtrail", "s3", "GetBucketAcl", LOGS),
    ("09:00:31", "ec2", "sts", "AssumeRole", WEB_ROLE, KEYS),
    ("09:00:33", "web", "ssm", "UpdateInstanceInformation", {"instanceId": WEB, "agentStatus": "Active"}),
    "ssm/get-parameter.json",
    ("09:00:36", "web", "kms", "Decrypt", DECRYPT),
    ("09:00:58", "batch", "ssm", "UpdateInstanceInformation", {"instanceId": BATCH, "agentStatus": "Active"}),
    ("09:01:12", "priya, signing in", "signin", "ConsoleLogin", None,
     {"responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": "Yes"}, "readOnly": False}),
    ("09:01:20", "priya", "iam", "GetAccountSummary", None),
    ("09:01:44", "lambda", "sts", "AssumeRole", ORDER_ROLE, KEYS),
    ("09:01:46", "orders", "kms", "Decrypt", DECRYPT),
    ("09:02:02", "sqs", "kms", "GenerateDataKey", {"keySpec": "AES_256", "keyId": KEY, "encryptionContext": QUEUE}),
    ("09:02:31", "dana", "sts", "GetCallerIdentity", None),
    ("09:02:48", "dana", "ecr", "DescribeRepositories", {"maxResults": 100}),
    ("09:03:01", "dana", "ecr", "DescribeImages", {"repositoryName": "shop/web", "maxResults": 100}),
    "ecr/scan-findings-high.json",
    ("09:03:58", "dana", "iam", "ListRoles", {"maxItems": 100}),
    ("09:04:15", "dana", "iam", "GetRole", {"roleName": "ops-admin"}),
    ("09:04:49", "dana", "s3", "GetBucketPolicy", {"bucketName": "shop-receipts", "policy": ""}),
    ("09:05:03", "dana", "s3", "GetBucketVersioning", {"bucketName": "shop-receipts", "versioning": ""}),
    ("09:05:48", "github", "sts", "AssumeRoleWithWebIdentity", CI_ROLE, KEYS),
    ("09:06:02", "ci", "ecr", "GetAuthorizationToken", None),
    ("09:06:09", "ci", "ecr", "BatchCheckLayerAvailability", LAYERS),
    ("09:06:12", "ci", "ecr", "InitiateLayerUpload", LAYERS,
     {"readOnly": False, "responseElements": UPLOAD | {"partSize": 20971520}}),
    ("09:07:21", "ci", "ecr", "CompleteLayerUpload", LAYERS,
     {"readOnly": False, "responseElements": LAYERS | UPLOAD}),
    "ecr/put-image.json",
    ("09:07:59", "ci", "lambda", "GetFunction20150331v2", {"functionName": "order-intake"}),
    ("09:08:22", "ci", "lambda", "UpdateFunctionCode20150331v2", {"functionName": "order-intake", "publish": True},
     {"readOnly": False, "responseElements": {"functionName": "order-intake", "version": "118"}}),
    ("09:09:30", "sam", "sts", "GetCallerIdentity", None),
    ("09:10:06", "sam", "ec2", "DescribeInstances", {"instancesSet": {}, "filterSet": RUNNING}),
    ("09:10:41", "sam", "ec2", "DescribeSecurityGroups", {"securityGroupSet": {}, "filterSet": {}}),
    "ssm/start-session.json",
    ("09:11:44", "lambda", "sts", "AssumeRole", ORDER_ROLE, KEYS),
    ("09:11:46", "orders", "kms", "Decrypt", DECRYPT),
    ("09:12:02", "sqs", "kms", "GenerateDataKey", {"keySpec": "AES_256", "keyId": KEY, "encryptionContext": QUEUE}),
    ("09:12:40", "priya", "ecr", "DescribeRepositories", {"maxResults": 100}),
    ("09:13:15", "priya", "ecr", "ListImages", {"repositoryName": "shop/legacy-api", "maxResults": 100}),
    "ecr/delete-repository.json",
    ("09:15:10", "priya", "lambda", "ListFunctions20150331", {"maxItems": 50}),
    ("09:15:58", "batch", "ssm", "UpdateInstanceInformation", {"instanceId": BATCH, "agentStatus": "Active"}),
    ("09:16:12", "batch", "ec2", "CreateSnapshot", {"volumeId": "vol-0c41d87e92ab6f350"},
     {"readOnly": False, "responseElements": {"snapshotId": "snap-04b9e6d1f83a27c50", "status": "pending"}}),
    ("09:16:37", "orders", "s3", "GetBucketLocation", {"bucketName": "shop-receipts", "location": ""}),
    "ssm/terminate-session.json",
]

SMALL = [
    ("10:05:02", "cloudtrail", "s3", "GetBucketAcl", LOGS),
    ("10:06:31", "legacy", "sts", "GetCallerIdentity", None),
    ("10:06:44", "legacy", "ec2", "DescribeInstances", None,
     {"errorCode": "Client.UnauthorizedOperation", "errorMessage": "You are not authorized to do this."}),
    "ssm/resume-session-denied.json",
    ("10:07:20", "legacy", "iam", "ListAttachedUserPolicies", None, {"errorCode": "AccessDenied"}),
]

ABROAD = [
    ("09:24:50", "lee", "sts", "GetCallerIdentity", None),
    ("09:25:33", "lee", "ecr", "GetRepositoryPolicy", {"repositoryName": "billing/invoices"}),
    "ecr/set-repository-policy.json",
    ("09:27:00", "invoices", "kms", "Decrypt", {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
]

US, EU = (SHOP, "us-east-1"), (BILLING, "eu-central-1")
OBJECTS = [
    ("", US, "20260302T0920Z_Kq3vZt8LwXy1RbNd", BUSY),
    ("", US, "20260302T1010Z_b7TfQm2EhJ9sUcVa", SMALL),
    # A blank and a plus in the prefix: S3 writes this key as audit+logs%2Beu/… in its notifications.
    ("audit logs+eu/", EU, "20260302T0930Z_Zp5cXn0GyDr4WkLi", ABROAD),
]


def ordinary(where, number, row):
    """A record from a row of the tables."""
    account, region = where
    time, actor, source, call, request, *more = row
    identity, address, agent = ACTORS[actor]
    name = f"{account}/{region}/{number}/{time}/{call}"
    record = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": f"2026-03-02T{time}Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": call,
        "awsRegion": region,
        "sourceIPAddress": address,
        "userAgent": agent,
        "requestParameters": request,
        "responseElements": None,
        "requestID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"request/{name}")),
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"event/{name}")),
        "readOnly": True,
        "eventType": "AwsConsoleSignIn" if source == "signin" else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    return record | (more[0] if more else {})


def log_file(where, rows):
    """The text of a log file, and the times of its oldest and newest event."""
    records = [record_of(row) if isinstance(row, str) else ordinary(where, n, row) for n, row in enumerate(rows)]
    times = [record["eventTime"] for record in records]
    return compact({"Records": records}), min(times), max(times)


def digest_file(logs):
    """The hourly digest over the log files of the shop's account, in AWS's shape; its signature is invented."""
    region, folder = "us-east-1", f"AWSLogs/{SHOP}/CloudTrail-Digest/us-east-1/2026/03/02"
    stem = f"{folder}/{SHOP}_CloudTrail-Digest_{region}_demo-trail_{region}_"
    previous = hashlib.sha256(b"previous digest").hexdigest()
    digest = {
        "awsAccountId": SHOP,
        "digestStartTime": "2026-03-02T09:15:00Z",
        "digestEndTime": "2026-03-02T10:15:00Z",
        "digestS3Bucket": BUCKET,
        "digestS3Object": f"{stem}20260302T101500Z.json.gz",
        "digestPublicKeyFingerprint": hashlib.sha256(b"no key").hexdigest()[:32],
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": max(newest for _, _, _, newest in logs),
        "oldestEventTime": min(oldest for _, _, oldest, _ in logs),
        "previousDigestS3Bucket": BUCKET,
        "previousDigestS3Object": f"{stem}20260302T091500Z.json.gz",
        "previousDigestHashValue": previous,
        "previousDigestHashAlgorithm": "SHA-256",
        "previousDigestSignature": previous * 8,
        "logFiles": [
            {
                "s3Bucket": BUCKET,
                "s3Object": key,
                "hashValue": hashlib.sha256(text).hexdigest(),
                "hashAlgorithm": "SHA-256",
                "newestEventTime": newest,
                "oldestEventTime": oldest,
            }
            for key, text, oldest, newest in logs
        ],
    }
    return digest["digestS3Object"], compact(digest)


def compact(value):
    """JSON on one line, as CloudTrail writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def write(key, text):
    """Writes an object into the bucket: gzip without a time, so that its bytes are the same in each run."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(text)
    path = EVENTS / "bucket" / BUCKET / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())
    print(f"{len(packed.getvalue()):6} bytes  {BUCKET}/{key}")


def main():
    digested = []
    for prefix, (account, region), tail, rows in OBJECTS:
        folder = f"{prefix}AWSLogs/{account}/CloudTrail/{region}/2026/03/02"
        key = f"{folder}/{account}_CloudTrail_{region}_{tail}.json.gz"
        text, oldest, newest = log_file((account, region), rows)
        write(key, text)
        if account == SHOP:
            digested.append((key, text, oldest, newest))
    write(*digest_file(digested))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the rule sets that are measured: benches/rules/{10,100,200,1000}.yaml, each with the rules of the one before.

They have the shape of published rule files: nearly every rule names a service and a call, most have one more condition,
and one rule in a hundred has no literal that the index could use. The calls change something; they are drawn from the
catalogue of AWS's APIs, first those of the services that such files name most.
"""
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "src/lint/catalogue/apis.txt"
# How many calls of a service the rules name before they name the rest of the catalogue.
FAMILIAR = {
    "iam": 70, "ec2": 110, "s3": 45, "kms": 20, "cloudtrail": 12, "lambda": 25, "rds": 40, "organizations": 18,
    "guardduty": 16, "config": 14, "secretsmanager": 10, "ssm": 22, "ecr": 14, "ecs": 16, "eks": 16, "route53": 16,
    "securityhub": 14, "sso": 20, "logs": 18, "events": 16, "dynamodb": 16, "cloudformation": 16, "wafv2": 16,
    "elasticloadbalancing": 16, "access-analyzer": 6, "bedrock": 14, "sagemaker": 24, "glue": 20, "redshift": 20,
    "athena": 10, "cognito-idp": 16, "apigateway": 12, "cloudfront": 14, "datasync": 8, "transfer": 8, "backup": 12,
}
CHANGES = ("Create", "Delete", "Put", "Update", "Modify", "Attach", "Detach", "Disable", "Stop", "Remove", "Deregister",
           "Authorize", "Revoke", "Disassociate", "Replace", "Restore", "Share", "Terminate", "Leave", "Enable")
# Agents and pipelines make these calls all day: no one wants an alert for them.
NOISE = {"CreateLogStream", "PutParameter", "DeleteParameter", "PutSecretValue", "CreateGrant", "PutMetricData",
         "CreateSecret", "DeleteSecret", "DeleteLoadBalancer"}
# Written by hand: every such file begins with rules like these.
FIRST = [
    ("Root Signs In", 'eventSource = "signin.amazonaws.com" and eventName = "ConsoleLogin" and userType = "Root"'),
    ("Console Without MFA", 'eventName = "ConsoleLogin" and additionalEventData.MFAUsed = "No" '
     'and responseElements.ConsoleLogin = "Success" and not userIdentity.arn like "AWSReservedSSO"'),
    ("Trail Stopped", 'eventSource = "cloudtrail.amazonaws.com" and eventName in ("StopLogging", "DeleteTrail", '
     '"UpdateTrail", "PutEventSelectors")'),
    ("Port Open To The World", 'eventName = "AuthorizeSecurityGroupIngress" and any requestParameters.ipPermissions.items '
     '(fromPort <= 22 and toPort >= 22 and ipRanges.items.cidrIp = "0.0.0.0/0")'),
    ("Administrator Attached", 'eventName in ("AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy") and '
     'requestParameters.policyArn ends_with "/AdministratorAccess"'),
    ("Public Bucket Policy", 'eventSource = "s3.amazonaws.com" and eventName = "PutBucketPolicy" and '
     'requestParameters.bucketPolicy.Statement.Principal in ("*") and errorCode = null'),
    ("Snapshot Shared", 'eventName = "ModifySnapshotAttribute" and '
     'requestParameters.createVolumePermission.add.items.group = "all"'),
    ("Key For Another User", 'eventName = "CreateAccessKey" and requestParameters.userName exists and '
     'requestParameters.userName != field userIdentity.userName'),
    ("Key Deletion", 'eventSource = "kms.amazonaws.com" and eventName in ("DisableKey", "ScheduleKeyDeletion")'),
    ("Attack Tool", 'userAgent icontains ("pacu", "kali", "parrot", "cloudfox", "prowler")'),
]
# No literal for the index: one rule in a hundred.
UNFILED = [
    'sourceIPAddress cidr ("185.220.101.0/24", "2001:db8:bad::/48") and not userType = "AWSService"',
    'userAgent matches "(?i)(hydra|sqlmap|nikto)/[0-9]" and errorCode != "AccessDenied"',
    'recipientAccountId != field userIdentity.accountId and userType = "Root"',
    'not readOnly = true and managementEvent != true and sourceIPAddress cidr "171.25.193.0/24"',
    'requestParameters.name matches "^(tmp|test)-[0-9a-f]{32}$"',
]


def calls(rnd):
    """Pairs of a service and one of its calls that change something: those of FAMILIAR, shuffled, then all others."""
    names = {}
    for line in CATALOGUE.read_text().splitlines():
        service, *verbs = line.split()
        for service in service.split(","):
            of = names.setdefault(service, [])
            for verb in verbs:
                verb, objects = verb.split(":")
                if verb in CHANGES:
                    of += [verb + name for name in objects.split(",") if verb + name not in NOISE]
    first = [(service, name) for service, count in FAMILIAR.items()
             for name in sorted(set(names[service]), key=lambda name: (len(name), name))[:count]]
    rest = [(service, name) for service in names if service not in FAMILIAR for name in sorted(set(names[service]))]
    rnd.shuffle(first)
    rnd.shuffle(rest)
    return first + rest


def condition(rnd, service, name, siblings):
    """A filter on a call, in one of the shapes that published rules have."""
    other, another = rnd.choice(siblings), rnd.choice(siblings)
    source = f'eventSource = "{service}.amazonaws.com"'
    resource = "".join(word for word in name if not word.islower()).lower()
    shapes = [
        (30, f'{source} and eventName = "{name}"'),
        (16, f'{source} and eventName = "{name}" and errorCode = null'),
        (12, f'event_type = "cloudtrail" and {source} and eventName = "{name}" and userType != "AWSService"'),
        (10, f'{source} and eventName in ("{name}", "{other}", "{another}")'),
        (10, f'{source} and eventName = "{name}" and not (userIdentity.invokedBy exists or userAgent like "Terraform")'),
        (6, f'{source} and eventName starts_with "{name}" and userType = "Root"'),
        (6, f'{source} and eventName = "{name}" and error in ("AccessDenied", "Client.UnauthorizedOperation")'),
        (4, f'eventName = "{name}" and requestParameters.name like "{resource}-prod"'),
        (4, f'{source} and eventName = "{name}" and any resources (accountId != field record.recipientAccountId)'),
        (2, f'{source} and (eventName = "{name}" or requestParameters.policyDocument.Statement.Action = "*")'),
    ]
    return rnd.choices([shape for _, shape in shapes], [weight for weight, _ in shapes])[0]


def rules(count):
    """The first `count` rules: names and filters."""
    rnd = random.Random(5)
    yield from FIRST
    drawn = calls(rnd)
    siblings = {}
    for service, name in drawn:
        siblings.setdefault(service, []).append(name)
    drawn = iter(drawn)
    for number in range(len(FIRST), count):
        if number % 100 == 50:
            yield f"Unfiled {number}", UNFILED[number // 100 % len(UNFILED)]
        else:
            service, name = next(drawn)
            yield f"{service} {name} {number}", condition(rnd, service, name, siblings[service])


def main():
    for count in (10, 100, 200, 1000):
        lines = ["# Generated by benches/rules.py.", "rules:"]
        for number, (name, text) in enumerate(rules(count)):
            lines += [f'  - name: "Bench: {name}"', f"    severity: {number % 3 + 1}", "    filter: >-", f"      {text}",
                      '    title: "{{eventName}} by {{user}}"']
        (ROOT / f"benches/rules/{count}.yaml").write_text("\n".join(lines) + "\n")


main()

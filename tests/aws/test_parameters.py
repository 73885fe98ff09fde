"""Valid combinations of parameters are accepted, and all others are refused with a hint on what to change."""

import os
import re
import subprocess
import tomllib
import unittest

from modes import EVERYTHING, KEY, MODES, QUEUE, STACKS, TEAMS, TENANT, TOPIC
from stack import ROOT, Stack, defaults, source

# Invalid parameters, and the words that the refusal must have.
WRONG = [
    ({}, ["AlertEmail", "Chat", "Findings", "none"]),
    ({"Source": "events", "AlarmEmail": "operator@example.com"}, ["AlertEmail"]),
    ({"Source": "trail", "LogBucketName2": "logs"}, ["LogBucketName2"]),
    ({"Source": "events", "LogBucketName3": "logs"}, ["LogBucketName3"]),
    ({"Source": "bucket", "LogBucketName": "logs", "OrganizationId": "o-abcd123456"}, ["OrganizationId", "trail"]),
    ({"Source": "bucket", "LogBucketName": "logs", "LogBucketDays": "30"}, ["LogBucketDays"]),
    ({"Source": "events", "LogBucketLockDays": "30"}, ["LogBucketLockDays"]),
    ({"Source": "events", "AccessLogBucketName": "access"}, ["AccessLogBucketName"]),
    ({"SubnetIds": "subnet-0123456789abcdef0"}, ["SecurityGroupIds"]),
    ({"SecurityGroupIds": "sg-0123456789abcdef0"}, ["SubnetIds"]),
    ({"Source": "bucket"}, ["LogBucketName"]),
    ({"Source": "topic", **TOPIC}, ["LogBucketName"]),
    ({"Source": "topic", "LogBucketName": "logs"}, ["TrailTopicArn"]),
    ({"Source": "queue", "LogBucketName": "logs"}, ["QueueArn"]),
    ({"Source": "queue", "LogBucketName": "logs", "Delivery": "direct", **QUEUE}, ["Delivery", "direct"]),
    ({"Source": "trail", **QUEUE}, ["QueueArn", "queue"]),
    ({"Source": "bucket", "LogBucketName": "logs", **TOPIC}, ["TrailTopicArn", "topic"]),
    ({"Source": "trail", "LogPrefix": "prod/"}, ["LogPrefix"]),
    ({"Source": "events", "LogBucketName": "logs"}, ["LogBucketName", "events"]),
    ({"Source": "events", "TrailKeyArn": KEY}, ["TrailKeyArn"]),
    ({"Source": "trail", "QueueKeyArn": KEY}, ["QueueKeyArn"]),
    ({"Source": "trail", "EventSources": "ecr.amazonaws.com"}, ["EventSources", "NearRealTime"]),
    ({"Chat": "slack"}, ["SlackWorkspaceId", "SlackChannelId"]),
    ({"Chat": "slack", "SlackWorkspaceId": "T012ABCDEFG"}, ["SlackChannelId"]),
    ({"Chat": "topic", "SlackChannelId": "C012ABCDEFG"}, ["Chat slack"]),
    ({"Chat": "teams", "TeamsTeamId": TENANT}, ["TeamsTenantId", "TeamsChannelId"]),
    ({"SlackChannelId": "C012ABCDEFG"}, ["Chat slack"]),
    ({"TeamsTenantId": TENANT}, ["Chat teams"]),
]

# Values of single parameters that the patterns must refuse, and some that they must accept.
REFUSED = {
    "AlertEmail": ["security", "a b@example.com", "a@example.com,b@example.com"],
    "LogBucketName": ["Logs", "s3://logs", "logs/", "ab"],
    "LogPrefix": ["prod", "*/", "a b/", "${x}/"],
    "TrailTopicArn": ["central-trail", "arn:aws:sns:eu-west-1:111122223333:trail.fifo", QUEUE["QueueArn"], "arn:aws:sns:*:111122223333:a"],
    "QueueArn": ["https://sqs.eu-west-1.amazonaws.com/111122223333/q", TOPIC["TrailTopicArn"], "arn:aws:sqs:eu-west-1:111122223333:*"],
    "EncryptionKey": ["", "yes", "alias/mine", "arn:aws:kms:eu-west-1:111122223333:alias/mine"],
    "TrailKeyArn": ["*", "arn:aws:kms:eu-west-1:111122223333:key/*"],
    "AlertsPerMinute": ["0", "1", "151"],
    "MaxConcurrency": ["0", "1", "1001", "unlimited", ""],
    "DetectorEvents": ["GuardDuty", "ec2", "aws.guardduty", "*", ""],
    "EventSources": ["ecr", "*", "", "ecr.amazonaws.com.evil.example"],
    "SlackWorkspaceId": ["t012abcdefg", "my workspace"],
    "TeamsTenantId": ["contoso"],
    "TeamsChannelId": ["19:ab12@thread.tacv2"],
    "OrganizationId": ["o-1", "r-abcd123456", "111122223333"],
    "LogBucketName2": ["Logs", "a,b"],
    "LogBucketDays": ["-1", "36501"],
    "PermissionsBoundaryArn": ["boundary", "arn:aws:iam::111122223333:role/boundary", "arn:aws:iam::111122223333:policy/*"],
    "SubnetIds": ["vpc-0123456789abcdef0", "subnet-0123456789abcdef0;subnet-0123456789abcdef1"],
    "SecurityGroupIds": ["default"],
}
ACCEPTED = {
    "AlertEmail": ["", "none", "sec+alerts@example.com"],
    "LogBucketName": ["", "aws-controltower-logs-111122223333-eu-west-1"],
    "LogPrefix": ["", "prod/", "o-abc/trails/"],
    "TrailTopicArn": ["arn:aws-us-gov:sns:us-gov-west-1:111122223333:aws-controltower-AllConfigNotifications"],
    "QueueArn": ["arn:aws:sqs:eu-west-1:111122223333:in.fifo"],
    "EncryptionKey": ["none", "new", KEY, "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"],
    "AlertsPerMinute": ["2", "60", "150"],
    "MaxConcurrency": ["none", "2", "10", "999", "1000"],
    "DetectorEvents": ["none", "guardduty", "access-analyzer", "cloudwatch"],
    "EventSources": ["all", "ecr.amazonaws.com", "signin.amazonaws.com", "aws-marketplace.amazonaws.com"],
    "OrganizationId": ["", "o-abcd123456"],
    "LogBucketDays": ["0", "400"],
    "PermissionsBoundaryArn": ["", "arn:aws:iam::111122223333:policy/teams/boundary", "arn:aws-cn:iam::aws:policy/PowerUserAccess"],
    "SubnetIds": ["", "subnet-0123456789abcdef0", "subnet-01234567,subnet-89abcdef"],
}


def refusal(name, value):
    """The template's objection to a value by itself, or nothing."""
    parameter = source()["Parameters"][name]
    values = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return f"one of {parameter['AllowedValues']}"
    if "AllowedPattern" in parameter and not all(re.fullmatch(parameter["AllowedPattern"], each) for each in values):
        return parameter["ConstraintDescription"]
    if parameter["Type"] == "Number" and "MinValue" in parameter:
        return None if parameter["MinValue"] <= int(value) <= parameter["MaxValue"] else "a number in range"
    return None


class Parameters(unittest.TestCase):
    def test_every_mode_is_accepted(self):
        for name, parameters in STACKS.items():
            with self.subTest(name):
                self.assertEqual(Stack(**parameters).refusals(), [])
                self.assertEqual([refusal(*each) for each in parameters.items() if refusal(*each)], [])

    def test_an_invalid_combination_is_refused_with_a_hint(self):
        for parameters, words in WRONG:
            with self.subTest(parameters):
                # A rule decides before any resource is created, so the resources need not be valid.
                refusals = Stack.refusals_of(parameters)
                self.assertTrue(refusals)
                for word in words:
                    self.assertIn(word, " ".join(refusals))

    def test_an_invalid_value_is_refused_with_a_hint(self):
        for name, values in REFUSED.items():
            for value in values:
                with self.subTest(name, value=value):
                    self.assertTrue(refusal(name, value))
        for name, values in ACCEPTED.items():
            for value in values:
                with self.subTest(name, value=value):
                    self.assertIsNone(refusal(name, value))

    def test_defaults_are_accepted(self):
        for name, value in defaults().items():
            self.assertIsNone(refusal(name, value), name)

    def test_an_address_that_is_none_subscribes_no_one(self):
        self.assertEqual(Stack(AlertEmail="none").of("SNS::Subscription"), {})
        self.assertIn("AlertEmailSubscription", Stack(AlertEmail="security@example.com").resources)

    def test_rules_use_the_long_form_of_their_functions(self):
        # The documentation has no other: intrinsic-function-reference-rules in the user guide of CloudFormation.
        text = (ROOT / "template.yaml").read_text()
        for name in ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"):
            self.assertNotIn(f"!{name}", text)

    def test_every_parameter_is_shown_and_documented(self):
        template = source()
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        shown = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(shown), sorted(template["Parameters"]))
        written = (ROOT / "docs" / "deploy.md").read_text()
        for name, parameter in template["Parameters"].items():
            self.assertTrue(parameter["Description"], name)
            self.assertIn(f"`{name}`", written)

    def test_email_depends_on_severity(self):
        for severity, policy in {"1": [["<=", 1]], "2": [["<=", 2]], "3": None}.items():
            stack = Stack(**EVERYTHING | {"EmailSeverity": severity})
            subscriptions = stack.of("SNS::Subscription")
            for number, address in {"": "one", "2": "two", "3": "three"}.items():
                mail = subscriptions[f"AlertEmail{number}Subscription"]
                self.assertEqual((mail["Endpoint"], mail["Protocol"]), (f"{address}@example.com", "email"))
                wanted = policy and {"severity": [{"numeric": each} for each in policy]}
                self.assertEqual(mail.get("FilterPolicy"), wanted)
            # What is sent by e-mail is what the function sends slowly.
            function = stack.resources["TrailbellFunction"]
            self.assertEqual(function["Environment"]["Variables"]["MAIL_SEVERITY"], severity)
            # Alarms have no severity, so a filter would drop them.
            self.assertNotIn("FilterPolicy", subscriptions["AlarmEmailSubscription"])

    def test_the_example_configurations_are_accepted(self):
        text = (ROOT / "samconfig.example.toml").read_text()
        examples = [tomllib.loads(line.removeprefix("# ")) for line in text.splitlines() if "parameter_overrides = " in line]
        seen = set()
        for example in examples:
            # The pattern finds every parameter if the pairs that it finds make up the whole text.
            pairs = re.findall(r'(\w+)="([^"]*)"', example["parameter_overrides"])
            self.assertEqual(" ".join(f'{name}="{value}"' for name, value in pairs), example["parameter_overrides"])
            parameters = dict(pairs)
            self.assertEqual(Stack(**parameters).refusals(), [])
            self.assertEqual([refusal(*each) for each in pairs if refusal(*each)], [])
            seen.add(parameters["Source"])
        self.assertEqual(seen, set(source()["Parameters"]["Source"]["AllowedValues"]))
        answers = tomllib.loads(text)["default"]["deploy"]["parameters"]
        self.assertEqual(answers["capabilities"], "CAPABILITY_IAM")
        # The form that the Makefile searches for.
        self.assertIn(r"Architecture=\"arm64\"", text)

    def test_make_reads_the_example_configuration(self):
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "ARCH"}
        command = ["make", "--dry-run", "redrive", "deploy", "SAM=sam", "SAMCONFIG=samconfig.example.toml"]
        run = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("sam build --build-in-source --parameter-overrides Architecture=arm64\n", run.stdout)
        self.assertIn("redrive trailbell --region eu-west-1\n", run.stdout)

    def test_chats_are_configured_as_they_are_named(self):
        slack = Stack(**EVERYTHING).resources["SlackChannel"]
        self.assertEqual((slack["SlackWorkspaceId"], slack["SlackChannelId"]), ("T012ABCDEFG", "C012ABCDEFG"))
        teams = Stack(**TEAMS).resources["TeamsChannel"]
        self.assertEqual((teams["TeamsTenantId"], teams["TeamId"]), (TENANT, TENANT))
        self.assertEqual(set(Stack(Chat="topic").of("IAM::Role")), {"FunctionRole", "StartRole"})
        self.assertNotIn("ChatTopic", Stack(**MODES["a new trail"]).resources)


if __name__ == "__main__":
    unittest.main()

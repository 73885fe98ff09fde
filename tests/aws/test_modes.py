"""Each mode creates the resources that it should and no others, in a possible order, and linters find nothing wrong."""

import json
import re
import unittest

import cfnlint.api
from cfnlint.config import ManualArgs
from modes import KEY, MODES, ORGANIZATION, STACKS
from stack import REGION, Stack, source

API_CALLS = {"ApiCalls", "ApiCallsFailedAlarm", "ApiCallsLostAlarm"}
FINDINGS = {"DetectorFindings", "DetectorFindingsFailedAlarm", "DetectorFindingsLostAlarm"}
# The resources of every mode.
COMMON = set(Stack(Source="events", Delivery="direct").resources) - API_CALLS - {"ApiCallsInvoke"}
DIRECT = {"FailedInvocations", "EventAgeAlarm", "EventsLostAlarm"}
COUNTS_MAIL = {"AlertEmailSubscription", "MailUnconfirmedAlarm"}
QUEUE = {"LogQueue", "LogQueuePolicy", "LogQueueMapping", "QueueAgeAlarm"}
TRAIL = {"Trail", "LogBucket", "LogBucketPolicy"}
OTHER_QUEUE = {"OtherQueueMapping", "OtherQueueAgeAlarm"}
NEW_OBJECTS = {"NewObjects", "NewObjectsFailedAlarm", "NewObjectsLostAlarm"}

# Keys of objects below a prefix, and whether they are CloudTrail's. aws/event-ruler, the program that EventBridge matches with,
# answers the same of each for the pattern of the rule.
KEYS = {
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/111122223333_CloudTrail_eu-west-1_20260302T0920Z_0123456789abcdef.json.gz": True,
    "AWSLogs/o-abcd123456/111122223333/CloudTrail/eu-west-1/2026/03/02/x.json.gz": True,
    "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/02/x.json.gz": True,
    "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/03/02/x.json.gz": True,
    "AWSLogs/111122223333/Config/eu-west-1/2026/3/2/ConfigHistory/111122223333_Config_eu-west-1_ConfigHistory_AWS::CloudTrail::Trail_"
    "20260302T000000Z_20260302T000000Z_1.json.gz": False,
    "AWSLogs/111122223333/Config/eu-west-1/2026/3/2/ConfigSnapshot/x.json.gz": False,
    "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/03/02/x.log.gz": False,
    "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/03/02/x.log.gz": False,
    "AWSLogs/111122223333/CloudTrail/": False,
}

MADE = {
    "a new trail": TRAIL | QUEUE,
    "a new trail, directly": TRAIL | DIRECT | {"BucketInvokes"},
    "a bucket": QUEUE | NEW_OBJECTS,
    "a bucket, directly": DIRECT | NEW_OBJECTS | {"NewObjectsInvoke"},
    "a topic": QUEUE | {"TrailTopicSubscription"},
    "a topic, directly": DIRECT | {"TrailTopicSubscription", "TopicInvokes"},
    "a queue": OTHER_QUEUE,
    "events": QUEUE | API_CALLS,
    "events, directly": DIRECT | API_CALLS | {"ApiCallsInvoke"},
    "a bucket and events": QUEUE | NEW_OBJECTS | API_CALLS,
    "a queue and events": OTHER_QUEUE | QUEUE | API_CALLS,
    "a new trail and detectors": TRAIL | QUEUE | FINDINGS,
    "a queue and detectors": OTHER_QUEUE | QUEUE | FINDINGS,
    "a bucket and detectors, directly": DIRECT | NEW_OBJECTS | FINDINGS | {"NewObjectsInvoke", "DetectorFindingsInvoke"},
}


class Modes(unittest.TestCase):
    def test_a_mode_creates_its_resources(self):
        self.assertEqual(MADE.keys(), MODES.keys())
        for mode, parameters in MODES.items():
            with self.subTest(mode):
                self.assertEqual(set(Stack(**parameters).resources), MADE[mode] | (COMMON - DIRECT))

    def test_an_address_is_subscribed_and_watched(self):
        made = set(Stack(AlertEmail="security@example.com").resources) - set(Stack(AlertEmail="none").resources)
        self.assertEqual(made, COUNTS_MAIL)
        # Only the tick counts, and without a table there is none.
        made = Stack(AlertEmail="security@example.com", State="none")
        self.assertNotIn("MailUnconfirmedAlarm", made.resources)
        self.assertNotIn("MAIL_ADDRESSES", made.resources["TrailbellFunction"]["Environment"]["Variables"])

    def test_there_is_an_order_of_creation(self):
        for name, parameters in STACKS.items():
            with self.subTest(name):
                stack = Stack(**parameters)
                self.assertEqual(set(stack.order()), set(stack.resources))

    def test_a_notification_is_set_after_its_target_permits_it(self):
        for mode, target in {"a new trail": "LogQueuePolicy", "a new trail, directly": "BucketInvokes"}.items():
            order = Stack(**MODES[mode]).order()
            self.assertLess(order.index(target), order.index("LogBucket"))
            self.assertLess(order.index("LogBucketPolicy"), order.index("Trail"))

    def test_the_trail_logs_everything_to_its_bucket(self):
        trail = Stack(**MODES["a new trail"], TrailKeyArn=KEY).resources["Trail"]
        own = {"TrailName": "trailbell", "S3BucketName": f"trailbell-111122223333-{REGION}", "KMSKeyId": KEY}
        switches = ("IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation")
        self.assertEqual(trail, own | dict.fromkeys(switches, True))

    def test_no_deployment_ends_the_trail(self):
        resources = source()["Resources"]
        for name in ("Trail", "LogBucket", "LogBucketPolicy", "Key"):
            self.assertEqual(resources[name]["DeletionPolicy"], "RetainExceptOnCreate", name)
            self.assertEqual(resources[name]["UpdateReplacePolicy"], "Retain", name)

    def test_the_outputs_name_what_stays(self):
        written = source()["Outputs"]
        stays = {name for name, output in written.items() if "stays when you delete the stack" in output["Description"]}
        outputs = Stack(**MODES["a new trail"], EncryptionKey="new").outputs
        # The policy of the bucket stays with the bucket.
        self.assertEqual(stays, {"TrailArn", "LogBucketName", "KeyArn"})
        self.assertEqual(outputs["TrailArn"], f"arn:aws:cloudtrail:{REGION}:111122223333:trail/trailbell")
        self.assertEqual(outputs["LogBucketName"], f"trailbell-111122223333-{REGION}")

    def test_a_failed_creation_leaves_an_empty_bucket(self):
        # CloudFormation deletes only an empty bucket, and a trail writes into it at once: whatever can be refused comes before.
        for name in ("a new trail", "a new trail, directly", "a new trail, with everything", "a new trail, with Teams and keys that exist"):
            stack = Stack(**STACKS[name])
            before = stack.before("Trail")
            refusable = {"TrailbellFunction", "StartFunction", "RulesLoad", "LogQueueMapping", "OperationsDashboard", "LogBucketPolicy"}
            refusable |= {"SlackChannel", "TeamsChannel", "StateTable"}
            self.assertEqual(refusable & set(stack.resources) - before, set(), name)

    def test_the_bucket_of_a_trail_is_kept_as_configured(self):
        plain = Stack(**MODES["a new trail"]).resources["LogBucket"]
        self.assertEqual(plain["VersioningConfiguration"], {"Status": "Enabled"})
        optional = {"LifecycleConfiguration", "ObjectLockEnabled", "ObjectLockConfiguration", "LoggingConfiguration"}
        self.assertEqual(optional & plain.keys(), set())
        bucket = Stack(**STACKS["a new trail, of an organization"]).resources["LogBucket"]
        [rule] = bucket["LifecycleConfiguration"]["Rules"]
        self.assertEqual((rule["Status"], rule["ExpirationInDays"]), ("Enabled", "400"))
        self.assertTrue(bucket["ObjectLockEnabled"])
        self.assertEqual(bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"], {"Mode": "GOVERNANCE", "Days": "30"})
        self.assertEqual(bucket["LoggingConfiguration"]["DestinationBucketName"], "access-logs")

    def test_a_trail_of_an_organization_logs_all_its_accounts(self):
        trail = Stack(**STACKS["a new trail, of an organization"]).resources["Trail"]
        self.assertTrue(trail["IsOrganizationTrail"])

    def test_the_function_is_in_the_vpc_that_is_named(self):
        wanted = {"SubnetIds": ORGANIZATION["SubnetIds"].split(","), "SecurityGroupIds": [ORGANIZATION["SecurityGroupIds"]]}
        function = Stack(**STACKS["a bucket, of an organization"]).resources["TrailbellFunction"]
        self.assertEqual(function["VpcConfig"], wanted)
        self.assertNotIn("VpcConfig", Stack().resources["TrailbellFunction"])

    def test_names_that_are_unique_in_an_account_have_the_region(self):
        everything = Stack(**STACKS["a new trail, with everything"])
        self.assertEqual(everything.resources["SlackChannel"]["ConfigurationName"], f"trailbell-{REGION}-slack")
        self.assertEqual(everything.resources["OperationsDashboard"]["DashboardName"], f"trailbell-{REGION}")
        teams = Stack(**STACKS["events, with Teams and keys that exist"])
        self.assertEqual(teams.resources["TeamsChannel"]["ConfigurationName"], f"trailbell-{REGION}-teams")

    def test_the_table_deletes_expired_items(self):
        [table] = Stack().of("DynamoDB::Table").values()
        self.assertEqual(table["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "expires", "Enabled": True})
        self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST")

    def test_no_existing_bucket_is_changed(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters)
            # A custom resource could do anything; the only one may start the function.
            kinds = {kind for kind in stack.kinds() if kind.startswith("Custom::") or "CustomResource" in kind}
            self.assertEqual(kinds, {"CloudFormation::CustomResource"})
            self.assertEqual(set(stack.of("CloudFormation::CustomResource")), {"RulesLoad"})
            own = {f"trailbell-111122223333-{REGION}"} if parameters["Source"] == "trail" else set()
            self.assertEqual({bucket["BucketName"] for bucket in stack.of("S3::Bucket").values()}, own, name)
            self.assertEqual({policy["Bucket"] for policy in stack.of("S3::BucketPolicy").values()}, own, name)

    def test_a_rule_matches_log_files_only(self):
        rule = Stack(**MODES["a bucket and events"]).resources["NewObjects"]
        self.assertEqual(
            rule["EventPattern"],
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": ["central-logs"]},
                    "object": {"key": [{"wildcard": "prod/AWSLogs/*/CloudTrail*/*.json.gz"}]},
                },
            },
        )
        for prefix in ("", "prod/", "o-abcd123456/"):
            rule = Stack(**MODES["a bucket"] | {"LogPrefix": prefix}).resources["NewObjects"]
            [key] = rule["EventPattern"]["detail"]["object"]["key"]
            # In a wildcard pattern only `*` is special, and it matches slashes too.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
            matches = re.compile(".*".join(map(re.escape, key["wildcard"].split("*")))).fullmatch
            self.assertEqual({name: bool(matches(prefix + name)) for name in KEYS}, KEYS)
            self.assertFalse(matches(prefix + "other/" + next(iter(KEYS))))

    def test_a_rule_matches_every_bucket_that_is_named(self):
        rule = Stack(**STACKS["a bucket, of an organization"]).resources["NewObjects"]
        self.assertEqual(rule["EventPattern"]["detail"]["bucket"]["name"], ["central-logs", "more-logs", "old-logs"])

    def test_read_only_events_match_too(self):
        for mode, sources in {"events": None, "events, directly": ["ecr.amazonaws.com", "ssm.amazonaws.com"]}.items():
            rule = Stack(**MODES[mode]).resources["ApiCalls"]
            self.assertEqual(rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
            self.assertEqual(rule["EventPattern"].get("detail"), sources and {"eventSource": sources})
            self.assertEqual(len(rule["EventPattern"]["detail-type"]), 3)

    def test_only_services_of_aws_send_events(self):
        rules = [rule for each in STACKS.values() for rule in Stack(**each).of("Events::Rule").values()]
        sources = {json.dumps(rule["EventPattern"]["source"]) for rule in rules if "EventPattern" in rule}
        detectors = '["aws.guardduty", "aws.ecr", "aws.health"]'
        self.assertEqual(sources, {'["aws.s3"]', '[{"prefix": "aws."}]', detectors, '["aws.securityhub"]'})

    def test_events_that_cannot_be_delivered_are_kept(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters)
            failed = stack.arn("FailedEvents")
            for rule in stack.of("Events::Rule").values():
                if "ScheduleExpression" in rule:
                    # The next tick does what one that is lost does not.
                    continue
                self.assertEqual([target["DeadLetterConfig"]["Arn"] for target in rule["Targets"]], [failed], name)
            if topic := stack.resources.get("TrailTopicSubscription"):
                self.assertEqual(topic["RedrivePolicy"], {"deadLetterTargetArn": failed}, name)
            if "Delivery" in parameters:
                [config] = stack.of("Lambda::EventInvokeConfig").values()
                self.assertEqual(config["DestinationConfig"], {"OnFailure": {"Destination": failed}})

    def test_a_queue_hides_messages_long_enough_and_retries(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters)
            function = stack.resources["TrailbellFunction"]
            mappings = stack.of("Lambda::EventSourceMapping").values()
            for mapping in mappings:
                self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"], name)
            for queue in (queue for key, queue in stack.of("SQS::Queue").items() if key == "LogQueue"):
                # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
                self.assertGreaterEqual(queue["VisibilityTimeout"], 6 * function["Timeout"])
                self.assertGreaterEqual(queue["RedrivePolicy"]["maxReceiveCount"], 5)
                self.assertEqual(queue["RedrivePolicy"]["deadLetterTargetArn"], stack.arn("FailedEvents"))
                self.assertIn(stack.arn("LogQueue"), [mapping["EventSourceArn"] for mapping in mappings])

    def test_the_environment_names_the_resources(self):
        everything = Stack(**STACKS["a new trail, with everything"])
        variables = everything.resources["TrailbellFunction"]["Environment"]["Variables"]
        self.assertEqual(variables["STATE_TABLE_NAME"], "trailbell-StateTable")
        self.assertEqual(variables["CHAT_TOPIC_ARN"], everything.arn("ChatTopic"))
        self.assertEqual(variables["ALERTS_PER_MINUTE"], "20")
        self.assertEqual(variables["MAIL_ADDRESSES"], "one@example.com,two@example.com,three@example.com")
        self.assertEqual(variables["SILENCE_MINUTES"], "120")
        function = Stack(**LITTLE_QUEUE).resources["TrailbellFunction"]
        always = {"ALERT_TOPIC_ARN", "ALERTS_PER_MINUTE", "MAIL_SEVERITY", "CHAT_SEVERITY", "RUST_LOG"}
        self.assertEqual(set(function["Environment"]["Variables"]), always)

    def test_linters_find_nothing(self):
        for name, parameters in STACKS.items():
            with self.subTest(name):
                found = cfnlint.api.lint(Stack(**parameters).written(), config=ManualArgs(regions=[REGION]))
                self.assertEqual([str(each) for each in found], [])


LITTLE_QUEUE = STACKS["a queue and events, with little"]

if __name__ == "__main__":
    unittest.main()

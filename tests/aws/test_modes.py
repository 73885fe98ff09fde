"""Each mode creates the resources that it should and no others, in a possible order, and linters find nothing wrong."""

import json
import unittest

import cfnlint.api
from cfnlint.config import ManualArgs
from modes import KEY, MODES, STACKS
from stack import REGION, Stack

# The resources of every mode.
COMMON = set(Stack(Source="events", Delivery="direct").resources) - {"ApiCalls", "ApiCallsInvoke"}
DIRECT = {"FailedInvocations", "EventAgeAlarm", "EventsLostAlarm"}
QUEUE = {"LogQueue", "LogQueuePolicy", "LogQueueMapping", "QueueAgeAlarm"}
TRAIL = {"Trail", "LogBucket", "LogBucketPolicy"}
OTHER_QUEUE = {"OtherQueueMapping", "OtherQueueAgeAlarm"}

MADE = {
    "a new trail": TRAIL | QUEUE,
    "a new trail, directly": TRAIL | DIRECT | {"BucketInvokes"},
    "a bucket": QUEUE | {"NewObjects"},
    "a bucket, directly": DIRECT | {"NewObjects", "NewObjectsInvoke"},
    "a topic": QUEUE | {"TrailTopicSubscription"},
    "a topic, directly": DIRECT | {"TrailTopicSubscription", "TopicInvokes"},
    "a queue": OTHER_QUEUE,
    "events": QUEUE | {"ApiCalls"},
    "events, directly": DIRECT | {"ApiCalls", "ApiCallsInvoke"},
    "a bucket and events": QUEUE | {"NewObjects", "ApiCalls"},
    "a queue and events": OTHER_QUEUE | QUEUE | {"ApiCalls"},
}


class Modes(unittest.TestCase):
    def test_a_mode_creates_its_resources(self):
        self.assertEqual(MADE.keys(), MODES.keys())
        for mode, parameters in MODES.items():
            with self.subTest(mode):
                self.assertEqual(set(Stack(**parameters).resources), MADE[mode] | (COMMON - DIRECT))

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

    def test_the_table_deletes_expired_items(self):
        [table] = Stack().of("DynamoDB::Table").values()
        self.assertEqual(table["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "expires", "Enabled": True})
        self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST")

    def test_no_existing_bucket_is_changed(self):
        for name, parameters in STACKS.items():
            kinds = {body["Type"] for body in Stack(**parameters).template["Resources"].values()}
            self.assertFalse([kind for kind in kinds if kind.startswith("Custom::") or "CustomResource" in kind])
            stack = Stack(**parameters)
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

    def test_read_only_events_match_too(self):
        for mode, sources in {"events": None, "events, directly": ["ecr.amazonaws.com", "ssm.amazonaws.com"]}.items():
            rule = Stack(**MODES[mode]).resources["ApiCalls"]
            self.assertEqual(rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
            self.assertEqual(rule["EventPattern"].get("detail"), sources and {"eventSource": sources})
            self.assertEqual(len(rule["EventPattern"]["detail-type"]), 3)

    def test_only_services_of_aws_send_events(self):
        rules = [rule for each in STACKS.values() for rule in Stack(**each).of("Events::Rule").values()]
        sources = {json.dumps(rule["EventPattern"]["source"]) for rule in rules if "EventPattern" in rule}
        self.assertEqual(sources, {'["aws.s3"]', '[{"prefix": "aws."}]'})

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
            [function] = stack.of("Lambda::Function").values()
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
        [function] = everything.of("Lambda::Function").values()
        variables = function["Environment"]["Variables"]
        self.assertEqual(variables["STATE_TABLE_NAME"], "trailbell-StateTable")
        self.assertEqual(variables["CHAT_TOPIC_ARN"], everything.arn("ChatTopic"))
        self.assertEqual(variables["ALERTS_PER_MINUTE"], "20")
        [function] = Stack(**LITTLE_QUEUE).of("Lambda::Function").values()
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

"""Failures are noticed: alarms have a topic, and the dashboard shows the function's counts."""

import json
import unittest

from modes import MODES, STACKS
from stack import REGION, ROOT, Stack

# The metrics that must have an alarm in every mode, and with each delivery.
WATCHED = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Throttles"),
    ("trailbell", "sends_failed"),
    ("trailbell", "objects_failed"),
    ("trailbell", "records_unparsable"),
    ("trailbell", "skipped_forged_event"),
    ("trailbell", "counts_broken"),
    ("trailbell", "summarised"),
    ("AWS/SNS", "NumberOfNotificationsFailed"),
}
QUEUED = {("AWS/SQS", "ApproximateAgeOfOldestMessage")}
DIRECT = {("AWS/Lambda", "AsyncEventAge"), ("AWS/Lambda", "DestinationDeliveryFailures")}
WITH_TABLE = {("trailbell", "ticks"), ("trailbell", "alerts_unremembered")}
WITH_MAIL = {("trailbell", "mail_unconfirmed")}
WITH_RULES = {("AWS/Events", "FailedInvocations"), ("AWS/Events", "InvocationsFailedToBeSentToDlq")}


def measure(alarm):
    """The metric of an alarm: its namespace, its name and its only dimension."""
    [dimension] = alarm["Dimensions"]
    return alarm["Namespace"], alarm["MetricName"], (dimension["Name"], dimension["Value"])


def metrics(stack):
    """The metrics of the dashboard, each as its namespace, its name and its dimensions, without search expressions."""
    body = json.loads(stack.resources["OperationsDashboard"]["DashboardBody"])
    for widget in body["widgets"]:
        for metric in widget["properties"]["metrics"]:
            named = tuple(part for part in metric if isinstance(part, str))
            if named:
                yield named


class Alarms(unittest.TestCase):
    def test_every_mode_has_its_alarms_and_they_reach_a_topic(self):
        for name, parameters in STACKS.items():
            with self.subTest(name):
                stack = Stack(**parameters)
                alarms = stack.of("CloudWatch::Alarm").values()
                silence = set() if parameters.get("SilenceMinutes") == "0" else {("trailbell", "records"), ("trailbell", "sources_silent")}
                mail = WITH_MAIL if "@" in parameters["AlertEmail"] else set()
                delivery = DIRECT if parameters.get("Delivery") == "direct" else QUEUED
                state = set() if parameters.get("State") == "none" else WITH_TABLE
                rules = WITH_RULES if {"NewObjects", "ApiCalls", "DetectorFindings"} & set(stack.resources) else set()
                watched = {measure(each)[:2] for each in alarms}
                self.assertEqual(watched, WATCHED | silence | delivery | state | rules | mail)
                for each in alarms:
                    self.assertEqual(each["AlarmActions"], [stack.arn("AlarmTopic")])
                    self.assertEqual(each["OKActions"], [stack.arn("AlarmTopic")])
                    self.assertTrue(each["AlarmDescription"])

    def test_every_alarm_is_described(self):
        page = (ROOT / "docs/deploy.md").read_text()
        alarms = {name for parameters in STACKS.values() for name in Stack(**parameters).of("CloudWatch::Alarm")}
        self.assertFalse([name for name in alarms if f"`{name}`" not in page])

    def test_alarms_watch_existing_resources(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters)
            kinds = {"QueueName": "SQS::Queue", "TopicName": "SNS::Topic", "RuleName": "Events::Rule", "FunctionName": "Lambda::Function"}
            seen = set()
            for each in stack.of("CloudWatch::Alarm").values():
                _, metric, (dimension, value) = measure(each)
                self.assertIn(value, {f"trailbell-{made}" for made in stack.of(kinds[dimension])} | {"central-queue"}, name)
                seen.add((metric, value))
            # Every rule that has a queue for what it cannot deliver, and every topic of alerts.
            for rule in set(stack.of("Events::Rule")) - {"Tick"}:
                self.assertLessEqual({(metric, f"trailbell-{rule}") for _, metric in WITH_RULES}, seen, name)
            for topic in set(stack.of("SNS::Topic")) - {"AlarmTopic"}:
                self.assertIn(("NumberOfNotificationsFailed", f"trailbell-{topic}"), seen, name)


    def test_silence_raises_an_alarm_after_the_configured_minutes(self):
        alarm = Stack(SilenceMinutes="45").resources["SilenceAlarm"]
        self.assertEqual((alarm["Period"], alarm["EvaluationPeriods"]), (60, "45"))
        self.assertEqual((alarm["ComparisonOperator"], alarm["Threshold"]), ("LessThanThreshold", 1))
        self.assertEqual(alarm["TreatMissingData"], "breaching")
        self.assertIn("45 minutes", alarm["AlarmDescription"])

    def test_a_schedule_that_stops_raises_an_alarm_after_15_minutes(self):
        stack = Stack()
        self.assertEqual(stack.resources["Tick"]["ScheduleExpression"], "rate(5 minutes)")
        alarm = stack.resources["TicksAlarm"]
        self.assertEqual((alarm["Period"], alarm["EvaluationPeriods"]), (300, 3))
        self.assertEqual((alarm["ComparisonOperator"], alarm["Threshold"]), ("LessThanThreshold", 1))
        self.assertEqual((alarm["TreatMissingData"], alarm["Statistic"]), ("breaching", "Sum"))

    def test_the_log_and_failed_events_are_kept_as_configured(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters | {"LogRetentionDays": "90"})
            self.assertEqual(stack.resources["FunctionLog"]["RetentionInDays"], "90")
            # A message keeps its age when it moves, so what failed is kept for ten days of the longest that SQS offers, 14.
            days = {queue: made["MessageRetentionPeriod"] / (24 * 60 * 60) for queue, made in stack.of("SQS::Queue").items()}
            self.assertEqual(days, {"FailedEvents": 14, "LogQueue": 4} if "LogQueue" in days else {"FailedEvents": 14}, name)

    def test_concurrency_is_limited_as_configured(self):
        queued = Stack(**MODES["a queue and events"], MaxConcurrency="20")
        scaling = [each.get("ScalingConfig") for each in queued.of("Lambda::EventSourceMapping").values()]
        self.assertEqual(scaling, [{"MaximumConcurrency": "20"}] * 2)
        self.assertNotIn("ReservedConcurrentExecutions", queued.resources["TrailbellFunction"])
        direct = Stack(**MODES["a bucket, directly"], MaxConcurrency="20")
        self.assertEqual(direct.resources["TrailbellFunction"]["ReservedConcurrentExecutions"], "20")


class Dashboard(unittest.TestCase):
    def test_it_shows_existing_resources(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters)
            if parameters.get("Dashboard") == "no":
                self.assertFalse(stack.of("CloudWatch::Dashboard"))
                continue
            shown = list(metrics(stack))
            self.assertEqual(len(shown), len(set(shown)) + 2, "only the function's duration and the lag are shown twice")
            physical = {f"trailbell-{each}" for each in stack.resources} | {"/aws/lambda/trailbell", "central-queue"}
            self.assertEqual([each for each in shown if each[3] not in physical], [], name)

    def test_widgets_do_not_overlap(self):
        body = json.loads(Stack().resources["OperationsDashboard"]["DashboardBody"])
        taken = set()
        for widget in body["widgets"]:
            self.assertEqual(widget["properties"]["region"], REGION)
            cells = {(widget["x"] + x, widget["y"] + y) for x in range(widget["width"]) for y in range(widget["height"])}
            self.assertFalse(cells & taken)
            self.assertTrue(all(x < 24 for x, _ in cells))
            taken |= cells

    def test_every_metric_with_an_alarm_is_shown(self):
        stack = Stack()
        shown = {each[:2] for each in metrics(stack)}
        watched = {measure(each)[:2] for each in stack.of("CloudWatch::Alarm").values()}
        self.assertEqual(watched - shown, {("trailbell", "counts_broken")})

    def test_alerts_are_searched_for_by_their_dimensions(self):
        body = json.loads(Stack().resources["OperationsDashboard"]["DashboardBody"])
        [widget] = [each for each in body["widgets"] if each["properties"]["title"] == "Alerts by rule"]
        [[search]] = widget["properties"]["metrics"]
        names = "FunctionName=\"trailbell-TrailbellFunction\" MetricName=\"alerts\""
        self.assertEqual(search["expression"], f"SEARCH('{{trailbell,FunctionName,Rule}} {names}', 'Sum', 300)")
        self.assertIn('["FunctionName", "Rule"]', (ROOT / "src/handler/metrics.rs").read_text())


if __name__ == "__main__":
    unittest.main()

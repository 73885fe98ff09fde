"""In every mode, an object in the bucket, or a call that EventBridge reports, becomes alerts at the queues that subscribe."""

import json
import unittest
from concurrent.futures import ThreadPoolExecutor

from deployment import until
from modes import EVENT_MODES, MODES
from shared import StackTest

# Acts in the log file, as events/README.md tells them: Sam opens a shell, Priya deletes a repository.
ACTS = ("sam.okafor", "DeleteRepository")


class Modes(StackTest):
    def test_a_log_file_becomes_alerts(self):
        self.in_parallel(MODES, self.log_file_becomes_alerts)

    def test_a_call_becomes_an_alert(self):
        self.in_parallel(EVENT_MODES, self.call_becomes_alert)

    def in_parallel(self, modes, check):
        """Checks all modes, two at a time, and reports each that fails."""
        with ThreadPoolExecutor(2) as threads:
            futures = {name: threads.submit(check, name, mode) for name, mode in modes.items()}
        for name, future in futures.items():
            with self.subTest(name):
                future.result()

    def log_file_becomes_alerts(self, name, mode):
        running = mode.deploy(self.cloud, name)
        queues = {output: running.stack.subscribe(output) for output in self.topics(running.stack)}
        running.put()
        self.cloud.expect(queues["AlertTopicArn"], *ACTS)
        if "FindingTopicArn" in queues:
            findings = self.cloud.expect(queues["FindingTopicArn"], *ACTS)
            # https://schema.ocsf.io/1.5.0/classes/detection_finding
            self.assertEqual({json.loads(each)["class_uid"] for each in findings}, {2004})
        if "ChatTopicArn" in queues:
            posts = self.cloud.expect(queues["ChatTopicArn"], *ACTS)
            # https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
            self.assertEqual({json.loads(each)["source"] for each in posts}, {"custom"})
        if "NearRealTime" in mode.parameters:
            self.call(name, queues["AlertTopicArn"])
        self.nothing_failed(running)
        running.stack.delete()

    def call_becomes_alert(self, name, mode):
        running = mode.deploy(self.cloud, name)
        self.call(name, running.stack.subscribe("AlertTopicArn"))
        self.nothing_failed(running)
        running.stack.delete()

    def call(self, name, queue):
        self.cloud["iam"].create_user(UserName=name)
        self.cloud["iam"].create_access_key(UserName=name)
        self.cloud.expect(queue, "CreateAccessKey")

    def nothing_failed(self, running):
        self.assertEqual(self.cloud.count(running.stack.outputs["FailedEventsUrl"]), 0)
        if "LogQueueUrl" in running.stack.outputs:
            until(lambda: self.cloud.count(running.stack.outputs["LogQueueUrl"]) == 0)
        wrong = [line for line in running.stack.log() if line.get("level") in ("ERROR", "WARN")]
        self.assertEqual(wrong, [])

    @staticmethod
    def topics(stack):
        return {"AlertTopicArn", "ChatTopicArn", "FindingTopicArn"} & stack.outputs.keys()


if __name__ == "__main__":
    unittest.main()

"""The check at the end of a deployment, as the template has it, with the real function behind AWS's emulator: rules that load
end it with success, and rules that do not load with the reason.
"""

import base64
import json
import sys
import types
import unittest
from unittest import mock

from botocore.exceptions import ClientError
from stack import source
from stand_in import Function

VARIABLES = {"ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts", "RUST_LOG": "info"}
EVENT = {"RequestType": "Create", "ResourceProperties": {"FunctionName": "trailbell"}}


class Lambda:
    """The client of Lambda: the deployed function with the rules of a folder, or what a test lets it answer."""

    def __init__(self, answers):
        self.answers, self.calls = answers, []

    def invoke(self, **call):
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Start(unittest.TestCase):
    def check(self, client, event=EVENT):
        """What CloudFormation is answered: the status and the reason."""
        sent, waits = [], []
        response = types.ModuleType("cfnresponse")
        response.SUCCESS, response.FAILED = "SUCCESS", "FAILED"
        response.send = lambda event, context, status, data, physical, noEcho=False, reason=None: sent.append((status, reason))
        boto3 = types.SimpleNamespace(client=lambda name: {"lambda": client}[name])
        with mock.patch.dict(sys.modules, cfnresponse=response, boto3=boto3), mock.patch("time.sleep", waits.append):
            code = {}
            exec(source()["Resources"]["StartFunction"]["Properties"]["Code"]["ZipFile"], code)
            code["answer"](event, None)
        [answer] = sent
        return answer, waits

    def test_the_function_starts_on_what_it_is_sent(self):
        client = Lambda([{}])
        self.assertEqual(self.check(client)[0], ("SUCCESS", None))
        function = Function(VARIABLES, "http://127.0.0.1:9")
        self.addCleanup(function.stop)
        [call] = client.calls
        answer = function.invoke(json.loads(call["Payload"]))
        self.assertNotIn("errorMessage", answer or {})

    def test_a_function_that_does_not_start_fails_with_its_reason(self):
        log = base64.b64encode(b"x" * 4000 + "error: the rules cannot be loaded: rules.yaml:3: `==`".encode()).decode()
        (status, reason), _ = self.check(Lambda([{"FunctionError": "Unhandled", "LogResult": log}]))
        self.assertEqual(status, "FAILED")
        self.assertTrue(reason.endswith("rules.yaml:3: `==`"))
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html: 4,096 bytes for the whole response.
        self.assertLess(len(reason.encode()), 2000)

    def test_a_permission_that_is_new_is_waited_for(self):
        denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "Invoke")
        answer, waits = self.check(Lambda([denied, denied, {}]))
        self.assertEqual((answer, waits), (("SUCCESS", None), [5, 10]))
        (status, reason), waits = self.check(Lambda([denied] * 4))
        self.assertEqual(status, "FAILED")
        self.assertIn("not authorized", reason)
        # Within the time of the function, and that within the time that CloudFormation waits.
        resources = source()["Resources"]
        timeout = resources["StartFunction"]["Properties"]["Timeout"]
        self.assertLess(sum(waits), timeout)
        self.assertLess(timeout, resources["RulesLoad"]["Properties"]["ServiceTimeout"])

    def test_the_end_of_a_stack_starts_nothing(self):
        client = Lambda([])
        self.assertEqual(self.check(client, EVENT | {"RequestType": "Delete"})[0], ("SUCCESS", None))
        self.assertEqual(client.calls, [])


if __name__ == "__main__":
    unittest.main()

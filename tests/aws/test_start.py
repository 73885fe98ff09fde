"""The check at the end of a deployment, as the template has it, with the real function behind AWS's emulator: rules that load
end it with success, and rules that do not load with the reason.
"""

import base64
import io
import json
import sys
import types
import unittest
from unittest import mock

from botocore.exceptions import ClientError
from stack import source
from stand_in import Function

VARIABLES = {"ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts", "RUST_LOG": "info"}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
IDS = {"StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/trailbell/1", "RequestId": "2", "LogicalResourceId": "RulesLoad"}
EVENT = IDS | {"RequestType": "Create", "ResponseURL": "https://example.com/answer?signed", "ResourceProperties": {"FunctionName": "trailbell"}}


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
        waits, boto3 = [], types.SimpleNamespace(client=lambda name: {"lambda": client}[name])
        with (
            mock.patch.dict(sys.modules, boto3=boto3),
            mock.patch("time.sleep", waits.append),
            mock.patch("urllib.request.urlopen") as urlopen,
        ):
            code = {}
            exec(source()["Resources"]["StartFunction"]["Properties"]["Code"]["ZipFile"], code)
            code["answer"](event, None)
        [[request]] = [call.args for call in urlopen.call_args_list]
        # A header of another content would not fit the signature of the address.
        self.assertEqual((request.method, request.full_url, request.get_header("Content-type")), ("PUT", event["ResponseURL"], ""))
        answer = json.loads(request.data)
        self.assertEqual({name: answer[name] for name in IDS}, IDS)
        self.assertTrue(answer["PhysicalResourceId"])
        return (answer["Status"], answer["Reason"]), waits

    def test_the_function_starts_on_what_it_is_sent(self):
        client = Lambda([{}])
        self.assertEqual(self.check(client)[0][0], "SUCCESS")
        function = Function(VARIABLES, "http://127.0.0.1:9")
        self.addCleanup(function.stop)
        [call] = client.calls
        answer = function.invoke(json.loads(call["Payload"]))
        self.assertNotIn("errorMessage", answer or {})

    def test_a_function_that_does_not_start_fails_with_its_reason(self):
        log = base64.b64encode(b"x" * 4000 + "error: the rules cannot be loaded: rules.yaml:3: `==`".encode()).decode()
        # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        payload = io.BytesIO(b'{"errorType": "Runtime.ExitError"}')
        (status, reason), _ = self.check(Lambda([{"FunctionError": "Unhandled", "Payload": payload, "LogResult": log}]))
        self.assertEqual(status, "FAILED")
        self.assertIn("Runtime.ExitError", reason)
        self.assertTrue(reason.endswith("rules.yaml:3: `==`"))
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html: 4,096 bytes for the whole response.
        self.assertLess(len(reason.encode()), 2000)

    def test_a_permission_that_is_new_is_waited_for(self):
        denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "Invoke")
        (status, _), waits = self.check(Lambda([denied, denied, {}]))
        self.assertEqual((status, waits), ("SUCCESS", [5, 10]))
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
        self.assertEqual(self.check(client, EVENT | {"RequestType": "Delete"})[0][0], "SUCCESS")
        self.assertEqual(client.calls, [])


if __name__ == "__main__":
    unittest.main()

"""forwarding.yaml sends what the stack's rule takes to the region of the stack, and may do nothing else."""

import unittest

import cfnlint.api
from cfnlint.config import ManualArgs
from cfnlint.helpers import REGIONS
from samtranslator.yaml_helper import yaml_parse
from stack import ROOT, source

TEXT = (ROOT / "forwarding.yaml").read_text()
BUS = {"Fn::Sub": "arn:${AWS::Partition}:events:${Region}:${AWS::AccountId}:event-bus/default"}


class Forwarding(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = yaml_parse(TEXT)
        cls.resources = cls.template["Resources"]

    def test_it_forwards_what_the_stack_takes(self):
        ours, stacks = self.resources["ApiCalls"]["Properties"], source()["Resources"]["ApiCalls"]["Properties"]
        self.assertEqual(ours["State"], stacks["State"])
        for name in ("source", "detail-type"):
            self.assertEqual(ours["EventPattern"][name], stacks["EventPattern"][name])
        self.assertEqual(ours["EventPattern"]["detail"]["Fn::If"][2], stacks["EventPattern"]["detail"]["Fn::If"][2])
        parameter = source()["Parameters"]["EventSources"]["AllowedPattern"]
        self.assertEqual(self.template["Parameters"]["EventSources"]["AllowedPattern"], parameter)
        [target] = ours["Targets"]
        self.assertEqual(target["Arn"], BUS)
        self.assertEqual(target["DeadLetterConfig"]["Arn"], {"Fn::GetAtt": ["Unforwarded", "Arn"]})

    def test_it_may_put_events_on_that_bus_and_nothing_else(self):
        role = self.resources["ForwardingRole"]["Properties"]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(trust["Condition"], {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})
        [policy] = role["Policies"]
        [statement] = policy["PolicyDocument"]["Statement"]
        self.assertEqual((statement["Effect"], statement["Action"], statement["Resource"]), ("Allow", "events:PutEvents", BUS))
        allow, deny = self.resources["UnforwardedPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual((allow["Principal"], allow["Action"]), ({"Service": "events.amazonaws.com"}, "sqs:SendMessage"))
        self.assertEqual(allow["Condition"], {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ApiCalls", "Arn"]}}})
        self.assertEqual((deny["Effect"], deny["Condition"]), ("Deny", {"Bool": {"aws:SecureTransport": "false"}}))

    def test_events_are_not_sent_back_to_their_own_region(self):
        [rule] = self.template["Rules"].values()
        [assertion] = rule["Assertions"]
        self.assertEqual(assertion["Assert"], {"Fn::Not": [{"Fn::Equals": [{"Ref": "Region"}, {"Ref": "AWS::Region"}]}]})

    def test_linters_find_nothing_in_any_region(self):
        self.assertEqual([str(each) for each in cfnlint.api.lint(TEXT, config=ManualArgs(regions=list(REGIONS)))], [])


if __name__ == "__main__":
    unittest.main()

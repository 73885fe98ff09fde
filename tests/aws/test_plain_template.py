"""The template for CloudFormation alone makes what SAM makes, and the one without chat deploys in every region."""

import re
import sys
import unittest

import cfnlint.api
from cfnlint.config import ManualArgs
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from stack import ROOT, Stack, source, transformed

sys.path.insert(0, str(ROOT / "scripts"))

from plain_template import CODE, plain, text
from terraform_module import snake

# A region of each partition that AWS sells to everyone.
PARTITIONS = ["eu-west-1", "cn-north-1", "us-gov-west-1"]
# How the documentation makes a stack; other blocks have some of the parameters.
WAYS = ["aws cloudformation deploy", "#/stacks/create/review", "new CfnInclude", 'module "trailbell"']


def types(template):
    return {each["Type"] for each in template["Resources"].values()}


def examples():
    """The parameters of each stack that the documentation makes: by a command, a link, the CDK or Terraform."""
    page = (ROOT / "docs/deploy.md").read_text()
    blocks = [*re.findall(r"(?ms)^```\w+\n(.*?)^```$", page), *(path.read_text() for path in (ROOT / "deploy").rglob("examples/*/*.tf"))]
    for block in blocks:
        found = {}
        for name in plain(chat=True)["Parameters"]:
            if match := re.search(rf"\b(?:(?:param_)?{name}(?:=|: )|{snake(name)} *= )\"?([^\s\"&,}}]+)", block):
                found[name] = match[1]
        # The stack that forwards events has other parameters.
        if "Source" in found and any(way in block for way in WAYS):
            yield block, found


class PlainTemplate(unittest.TestCase):
    def test_it_makes_what_sam_makes(self):
        made, wanted = plain(chat=True), transformed()
        self.assertNotIn("Transform", made)
        self.assertFalse([each for each in types(made) if each.startswith("AWS::Serverless")])
        ours = made["Resources"]
        function, of_sam = ours.pop("TrailbellFunction"), wanted["Resources"].pop("TrailbellFunction")
        self.assertEqual(function["Properties"].pop("Code"), {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}})
        # SAM marks its functions with a tag.
        for name in ("Code", "Tags"):
            of_sam["Properties"].pop(name)
        self.assertEqual((function["Type"], function["Properties"]), (of_sam["Type"], of_sam["Properties"]))
        # The check of a deployment runs for new code: SAM names it by a version, and here its key does.
        load, loads = ours.pop("RulesLoad")["Properties"], wanted["Resources"].pop("RulesLoad")["Properties"]
        self.assertEqual(load.pop("Code"), {"Ref": "CodeKey"})
        self.assertIn("Version", loads.pop("Code")["Ref"])
        self.assertEqual(load, loads)
        of_versions = {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
        self.assertEqual(ours, {name: each for name, each in wanted["Resources"].items() if each["Type"] not in of_versions})
        for part in ("Conditions", "Rules", "Outputs"):
            self.assertEqual(made[part], wanted[part])
        self.assertEqual(made["Parameters"], CODE | wanted["Parameters"])

    def test_without_chat_it_lacks_the_channels_and_nothing_else(self):
        whole, made = plain(chat=True), plain(chat=False)
        self.assertEqual(set(whole["Resources"]) - set(made["Resources"]), {"SlackChannel", "TeamsChannel", "ChatRole"})
        gone = {"SlackWorkspaceId", "SlackChannelId", "TeamsTenantId", "TeamsTeamId", "TeamsChannelId"}
        self.assertEqual(set(whole["Parameters"]) - set(made["Parameters"]), gone)
        self.assertEqual(set(whole["Rules"]) - set(made["Rules"]), {"SlackIsNamed", "SlackIsRead", "TeamsIsNamed", "TeamsIsRead"})
        self.assertEqual(made["Parameters"]["Chat"]["AllowedValues"], ["no", "topic"])
        for name, each in made["Resources"].items():
            if name != "RulesLoad":
                self.assertEqual(each, whole["Resources"][name])
        shown = [name for group in made["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"] for name in group["Parameters"]]
        self.assertEqual(sorted(shown), sorted(made["Parameters"]))

    def test_each_exists_in_the_regions_that_it_is_for(self):
        for region in REGIONS:
            known = set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
            missing = types(plain(chat=True)) - known
            self.assertEqual(bool(missing), region.startswith(("cn-", "us-gov-")), region)
            self.assertFalse(types(plain(chat=False)) - known, region)

    def test_linters_find_nothing(self):
        # As in template.yaml, without the metadata that says so: it assumes that every default is used.
        found = cfnlint.api.lint(text(chat=False), config=ManualArgs(regions=PARTITIONS, ignore_checks=["W1030"]))
        self.assertEqual([str(each) for each in found], [])

    def test_the_stacks_of_the_documentation_are_accepted(self):
        found = list(examples())
        for way in WAYS:
            self.assertTrue([block for block, _ in found if way in block], way)
        for block, parameters in found:
            with self.subTest(block):
                self.assertEqual(Stack.refusals_of({name: each for name, each in parameters.items() if name not in CODE}), [])
                self.assertLessEqual(set(re.findall(r"\bparam_(\w+)=", block)), set(parameters))

    def test_a_template_of_this_size_comes_from_a_bucket(self):
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
        size = len(text(True))
        self.assertLess(size, 1_000_000)
        if size > 51_200:
            page = (ROOT / "docs/deploy.md").read_text()
            [command] = [part for part in page.split("\n```") if "cloudformation-without-chat.yaml --s3-bucket" in part]
            self.assertIn("aws cloudformation deploy", command)
        self.assertEqual(source()["Resources"]["TrailbellFunction"]["Type"], "AWS::Serverless::Function")


if __name__ == "__main__":
    unittest.main()

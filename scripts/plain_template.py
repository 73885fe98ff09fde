#!/usr/bin/env python3
"""Prints template.yaml for CloudFormation alone: without SAM, and on demand without the types of Amazon Q Developer.

    .venv/bin/python scripts/plain_template.py [--without-chat] > trailbell.yaml

The code is a zip file in a bucket, which two parameters name. China and GovCloud (US) do not have the types of Amazon Q
Developer, and CloudFormation refuses a template with them there, whatever their conditions are.
"""

import argparse
import sys
from pathlib import Path

import yaml
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
FUNCTION = "TrailbellFunction"
# Properties that only SAM knows.
OF_SAM = ("AutoPublishAlias", "VersionDeletionPolicy", "CodeUri")
CODE = {
    "CodeBucket": {
        "Type": "String",
        "Description": "The bucket of the zip file with bootstrap, rules.yaml and overrides.yaml, in the region of the stack.",
    },
    "CodeKey": {"Type": "String", "Description": "The key of the zip file. Give another key to every change."},
}
NOTHING = object()


class Dumper(yaml.SafeDumper):
    """Writes a value in full wherever it is used, since CloudFormation reads no aliases."""

    def ignore_aliases(self, _):
        return True


def plain(chat):
    """The template as values."""
    template = yaml_parse(TEMPLATE.read_text())
    del template["Transform"]
    function = template["Resources"][FUNCTION]
    function["Type"] = "AWS::Lambda::Function"
    del function["Metadata"]
    for name in OF_SAM:
        del function["Properties"][name]
    function["Properties"]["Code"] = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
    # SAM's version changes with the code; here the key does.
    template["Resources"]["RulesLoad"]["Properties"]["Code"] = {"Ref": "CodeKey"}
    template["Parameters"] = CODE | template["Parameters"]
    template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].insert(
        0, {"Label": {"default": "The code"}, "Parameters": list(CODE)}
    )
    return template if chat else without_chat(template)


def without_chat(template):
    """Leaves out the configurations of channels, with all that serves only them."""
    resources, conditions = template["Resources"], template["Conditions"]
    never = {each["Condition"] for each in resources.values() if each["Type"].startswith("AWS::Chatbot::")}
    # A condition that holds only if one of these does never holds either.
    never |= {name for name, test in conditions.items() if {each.get("Condition") for each in test.get("Fn::Or", [{}])} <= never}
    template["Resources"] = {name: each for name, each in resources.items() if each.get("Condition") not in never}
    template["Conditions"] = {name: test for name, test in conditions.items() if name not in never}
    template = resolved(template, never)
    used = set(named([template[part] for part in ("Conditions", "Resources", "Outputs")]))
    ruled = set(named(template["Rules"]))
    idle = {name for name in template["Parameters"] if name in ruled - used}
    template["Rules"] = {name: rule for name, rule in template["Rules"].items() if not idle & set(named(rule))}
    template["Parameters"] = {name: each for name, each in template["Parameters"].items() if name not in idle}
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    for group in groups:
        group["Parameters"] = [name for name in group["Parameters"] if name not in idle]
    chat = template["Parameters"]["Chat"]
    chat["AllowedValues"] = [each for each in chat["AllowedValues"] if each in ("no", "topic")]
    chat["Description"] = "Whether to create a topic for Amazon Q Developer in chat applications."
    return template


def resolved(value, never):
    """The value with each choice by a condition that never holds replaced by what it is otherwise."""
    if isinstance(value, list):
        return [found for each in value if (found := resolved(each, never)) is not NOTHING]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value and value["Fn::If"][0] in never:
        otherwise = value["Fn::If"][2]
        return NOTHING if otherwise == {"Ref": "AWS::NoValue"} else resolved(otherwise, never)
    found = {key: resolved(each, never) for key, each in value.items()}
    return {key: each for key, each in found.items() if each is not NOTHING}


def named(value):
    """The names that a value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from named(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            elif key == "Fn::Sub":
                text = each if isinstance(each, str) else each[0]
                yield from (part.split("}")[0] for part in text.split("${")[1:])
            yield from named(each)


def text(chat):
    """The template as CloudFormation reads it."""
    written = yaml.dump(plain(chat), Dumper=Dumper, sort_keys=False, width=120, allow_unicode=True)
    return f"# Made of template.yaml by scripts/plain_template.py.\n{written}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without-chat", action="store_true", help="leave out Chat=slack and Chat=teams")
    sys.stdout.write(text(chat=not parser.parse_args().without_chat))

"""A stack as CloudFormation would create it: the template transformed by SAM, with conditions and references resolved.

A reference to a resource that the same parameters leave out is an error, as it is for CloudFormation.
"""

import copy
import functools
import graphlib
import json
import os
import re
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION, NAME = "111122223333", "eu-west-1", "trailbell"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()

PATHS = {
    "SNS::Topic": "arn:aws:sns:{place}:{name}",
    "SQS::Queue": "arn:aws:sqs:{place}:{name}",
    "S3::Bucket": "arn:aws:s3:::{name}",
    "Events::Rule": "arn:aws:events:{place}:rule/{name}",
    "Lambda::Function": "arn:aws:lambda:{place}:function:{name}",
    "DynamoDB::Table": "arn:aws:dynamodb:{place}:table/{name}",
    "KMS::Key": "arn:aws:kms:{place}:key/{name}",
    "Logs::LogGroup": "arn:aws:logs:{place}:log-group:{name}:*",
    "IAM::Role": "arn:aws:iam::{account}:role/{name}",
}


@functools.cache
def _source():
    return yaml_parse((ROOT / "template.yaml").read_text())


def source():
    """The template as it is written."""
    return copy.deepcopy(_source())


def transformed():
    """The template after SAM's transformation."""
    return copy.deepcopy(_transformed())


@functools.cache
def _transformed():
    template = source()
    # SAM has uploaded it by the time it transforms.
    template["Resources"]["TrailbellFunction"]["Properties"]["CodeUri"] = "s3://artifacts/trailbell"
    return Translator({}, Parser()).translate(template, parameter_values={})


def defaults():
    """The default of every parameter."""
    return {name: str(parameter["Default"]) for name, parameter in _source()["Parameters"].items()}


class Stack:
    """The stack that the template makes of these parameters: `resources` and `outputs` by name."""

    def __init__(self, **parameters):
        unknown = parameters.keys() - defaults().keys()
        assert not unknown, f"no such parameters: {unknown}"
        self.parameters = defaults() | parameters
        self.template = _transformed()
        made = {name: body for name, body in self.template["Resources"].items() if self._exists(body)}
        self._types = {name: body["Type"].removeprefix("AWS::") for name, body in made.items()}
        self._needs = {name: set() for name in made}
        self.resources = {name: self._resource(name, body) for name, body in made.items()}
        outputs = self.template["Outputs"].items()
        self.outputs = {name: self._value(body["Value"], None) for name, body in outputs if self._exists(body)}

    def of(self, kind):
        """The properties of all resources of a kind, such as `SQS::Queue`, by name."""
        return {name: self.resources[name] for name, found in self._types.items() if found == kind}

    def kinds(self):
        """The kinds of the resources that it makes."""
        return set(self._types.values())

    def before(self, name):
        """The resources that are created before another."""
        found, waiting = set(), [name]
        while waiting:
            new = self._needs[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    def order(self):
        """An order in which the resources can be created; fails if there is none."""
        return list(graphlib.TopologicalSorter(self._needs).static_order())

    def written(self):
        """The stack as a template without parameters and conditions, for a linter."""
        bodies = {name: {**self.template["Resources"][name], "Properties": each} for name, each in self.resources.items()}
        kept = ("Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy")
        plain = {name: {key: body[key] for key in kept if key in body} for name, body in bodies.items()}
        return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": plain})

    @classmethod
    def refusals_of(cls, parameters):
        """The template's objections to parameters that need not make a stack."""
        undone = cls.__new__(cls)
        undone.parameters, undone.template = defaults() | parameters, _transformed()
        return undone.refusals()

    def refusals(self):
        """The template's objections to the parameters: the descriptions of its failed assertions."""
        refusals = []
        for rule in self.template["Rules"].values():
            if self._holds(rule.get("RuleCondition", True)):
                wrong = (each for each in rule["Assertions"] if not self._holds(each["Assert"]))
                refusals += [each["AssertDescription"] for each in wrong]
        return refusals

    def arn(self, name):
        """The ARN of a resource."""
        path = PATHS[self._types[name]]
        return path.format(name=self._physical(name), place=f"{REGION}:{ACCOUNT}", account=ACCOUNT)

    def _physical(self, name):
        body = self.template["Resources"][name]["Properties"]
        for field in ("BucketName", "LogGroupName", "TrailName"):
            if field in body:
                return self._value(body[field], None)
        return f"{NAME}-{name}"

    def _exists(self, body):
        return "Condition" not in body or self._condition(body["Condition"])

    def _resource(self, name, body):
        after = body.get("DependsOn", [])
        for other in [after] if isinstance(after, str) else after:
            self._need(name, other)
        return self._value(body.get("Properties", {}), name)

    def _need(self, name, other):
        assert other in self._types, f"{name} refers to {other}, which these parameters leave out"
        if name is not None:
            self._needs[name].add(other)

    def _condition(self, name):
        return self._holds(self.template["Conditions"][name])

    def _holds(self, test):
        if isinstance(test, bool):
            return test
        [(function, operand)] = test.items()
        match function:
            case "Condition":
                return self._condition(operand)
            case "Fn::Not":
                return not self._holds(operand[0])
            case "Fn::And":
                return all(map(self._holds, operand))
            case "Fn::Or":
                return any(map(self._holds, operand))
            case "Fn::Equals":
                one, other = (str(self._value(each, None)) for each in operand)
                return one == other
            case "Fn::Contains":
                return self._value(operand[1], None) in operand[0]
            case "Fn::EachMemberEquals":
                return all(each == operand[1] for each in self._value(operand[0], None))
        raise AssertionError(f"no condition: {test}")

    def _value(self, value, name):
        if isinstance(value, list):
            return [found for each in value if (found := self._value(each, name)) is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, operand)] = value.items()
            if function == "Ref":
                return self._ref(operand, name)
            if function.startswith("Fn::"):
                return getattr(self, "_" + function.removeprefix("Fn::").lower())(operand, name)
        found = {key: self._value(each, name) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not NOTHING}

    def _ref(self, target, name):
        if target == "AWS::NoValue":
            return NOTHING
        if target in PSEUDO:
            return PSEUDO[target]
        if target in self.parameters:
            value = self.parameters[target]
            is_list = self.template["Parameters"][target]["Type"] == "CommaDelimitedList"
            return value.split(",") if is_list else value
        self._need(name, target)
        if self._types[target] == "SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self._physical(target)}"
        return self.arn(target) if self._types[target] == "SNS::Topic" else self._physical(target)

    def _getatt(self, target, name):
        resource, attribute = target.split(".") if isinstance(target, str) else target
        self._need(name, resource)
        return {"Arn": self.arn, "Version": lambda _: "1"}.get(attribute, self._physical)(resource)

    def _sub(self, operand, name):
        text, extra = (operand, {}) if isinstance(operand, str) else operand

        def fill(found):
            word = found[1]
            if word in extra:
                return self._value(extra[word], name)
            return self._getatt(word, name) if "." in word else self._ref(word, name)

        return re.sub(r"\$\{([^}]+)\}", fill, text)

    def _if(self, operand, name):
        condition, then, otherwise = operand
        return self._value(then if self._condition(condition) else otherwise, name)

    def _join(self, operand, name):
        return operand[0].join(self._value(operand[1], name))

    def _split(self, operand, name):
        return self._value(operand[1], name).split(operand[0])

    def _select(self, operand, name):
        return self._value(operand[1], name)[int(operand[0])]


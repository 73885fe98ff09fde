"""The samples of findings in events/findings, and the paths at which src/detector reads them, are in the API models of AWS, which botocore
has: the guides of these services say that an event holds the finding as the API has it.
"""

import json
import re
import unittest

import botocore.session
from stand_in import ROOT

# The file of a detector, its service and the structure of a finding, and how the names of its samples begin.
FINDINGS = {
    "guardduty": ("guardduty", "Finding"),
    "inspector": ("inspector2", "Finding"),
    "macie": ("macie2", "Finding"),
    "securityhub": ("securityhub", "AwsSecurityFinding"),
}
# Findings of Security Hub in OCSF are in no API model; an event of Inspector has what follows instead of what the API has.
OF_EVENTS = {"securityhub": r"^[a-z]", "inspector": r"^(version|exploitAvailable|fixAvailable)$"}


def members(shape):
    """The members of a structure by the names that JSON has."""
    return {member.serialization.get("name", name): member for name, member in shape.members.items()}


def unknown(value, shape, place=""):
    """The paths of a value that a shape does not have."""
    if value is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        known = members(shape)
        for name, inside in value.items():
            if name in known:
                yield from unknown(inside, known[name], f"{place}.{name}")
            else:
                yield f"{place}.{name}"
    elif shape.type_name == "list" and isinstance(value, list):
        for inside in value:
            yield from unknown(inside, shape.member, place)
    elif shape.type_name == "map" and isinstance(value, dict):
        for inside in value.values():
            yield from unknown(inside, shape.value, place)
    elif isinstance(value, (dict, list)):
        yield f"{place}: {shape.type_name}"


def has(shape, path):
    """Whether a shape has a path, which goes on in the elements of lists."""
    for name in path:
        while shape.type_name == "list":
            shape = shape.member
        if shape.type_name != "structure" or name not in members(shape):
            return False
        shape = members(shape)[name]
    return True


class Findings(unittest.TestCase):
    def setUp(self):
        session = botocore.session.get_session()
        self.shapes = {name: session.get_service_model(service).shape_for(shape) for name, (service, shape) in FINDINGS.items()}

    def test_samples_have_only_fields_of_the_api(self):
        for name, shape in self.shapes.items():
            samples = sorted((ROOT / "events/findings").glob(f"{name}-*.json"))
            self.assertGreaterEqual(len(samples), 2, name)
            for sample in samples:
                with self.subTest(sample.name):
                    detail = json.loads(sample.read_text())["detail"]
                    for finding in detail["findings"] if name == "securityhub" else [detail]:
                        if name == "securityhub" and "class_uid" in finding:
                            continue
                        found = [each for each in unknown(finding, shape) if not re.search(OF_EVENTS.get(name, "$^"), each[1:])]
                        self.assertEqual(found, [])

    def test_paths_are_those_of_the_api(self):
        for name, shape in self.shapes.items():
            text = (ROOT / f"src/detector/{name}.rs").read_text().split("fields: Fields {")[1].split("..Fields::NONE")[0]
            paths = set(re.findall(r'"([A-Za-z]+(?:\.[A-Za-z0-9]+)*)"', text))
            known = {path for path in paths if has(shape, path.split("."))}
            self.assertGreaterEqual(len(known), 8, name)
            # The rest are the names of fields of CloudTrail's userIdentity, words of severities, and paths of OCSF.
            allowed = {"type", "userName", "principalId", "accessKeyId", "arn", "critical", "high", "medium", "low", "informational"}
            rest = {path for path in paths - known - allowed if not re.search(OF_EVENTS.get(name, "$^"), path)}
            self.assertEqual(rest, set(), name)


if __name__ == "__main__":
    unittest.main()

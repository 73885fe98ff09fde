"""The Terraform module passes each parameter of the template, with the template's defaults and limits.

The files are read by a parser of HCL. Where `terraform` or `tofu` is installed, it also formats and evaluates them; what needs a
provider, which comes from a registry, is not planned.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import hcl2
from stand_in import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import plain_template  # noqa: E402

MODULE = ROOT / "deploy/terraform"
TERRAFORM = shutil.which("terraform") or shutil.which("tofu")
TEMPLATE = plain_template.plain(True)
PARAMETERS = {name: each for name, each in TEMPLATE["Parameters"].items() if name not in ("CodeBucket", "CodeKey")}


def parsed(path):
    return hcl2.loads(path.read_text(), serialization_options=hcl2.SerializationOptions(strip_string_quotes=True))


def blocks(path, kind):
    """The blocks of a kind in a file by their names."""
    return {name: body for each in parsed(path).get(kind, []) for name, body in each.items()}


class Files(unittest.TestCase):
    def test_variables_and_outputs_are_those_of_the_template(self):
        run = subprocess.run([sys.executable, ROOT / "scripts/terraform_module.py", "--check"], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_each_parameter_is_a_variable(self):
        variables = blocks(MODULE / "parameters.tf", "variable")
        self.assertEqual(len(variables), len(PARAMETERS))
        self.assertFalse({"source", "version", "providers", "count", "for_each", "depends_on", "lifecycle"} & set(variables))
        for body in variables.values():
            self.assertIn("description", body)

    def test_each_output_of_the_template_is_one_of_the_module(self):
        text = (MODULE / "outputs.tf").read_text()
        self.assertEqual(set(re.findall(r'outputs, "(\w+)", null', text)), set(TEMPLATE["Outputs"]))
        self.assertEqual(len(blocks(MODULE / "outputs.tf", "output")), len(TEMPLATE["Outputs"]))

    def test_each_variable_is_declared_and_used(self):
        used, declared = set(), set()
        for path in MODULE.glob("*.tf"):
            declared |= set(blocks(path, "variable"))
            # A condition is no use.
            kinds = {kind: body for kind, body in parsed(path).items() if kind != "variable"}
            used |= set(re.findall(r"\bvar\.(\w+)", json.dumps(kinds)))
        self.assertEqual(used, declared)

    def test_the_example_sets_variables_that_exist(self):
        known = set(blocks(MODULE / "parameters.tf", "variable")) | set(blocks(MODULE / "variables.tf", "variable"))
        examples = list(MODULE.glob("examples/*/main.tf"))
        self.assertTrue(examples)
        for path in examples:
            [module] = blocks(path, "module").values()
            given = {name for name in module if not name.startswith("__")} - {"source"}
            self.assertLessEqual(given, known)
            required = {name for name, body in blocks(MODULE / "variables.tf", "variable").items() if "default" not in body}
            self.assertLessEqual(required, given)


@unittest.skipUnless(TERRAFORM, "needs terraform or tofu on the PATH")
class Evaluated(unittest.TestCase):
    """The variables and the parameters that they become, in a folder without providers."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        for name in ("parameters.tf", "stack_parameters.tf"):
            shutil.copy(MODULE / name, cls.folder)
        with open(f"{cls.folder}/shown.tf", "w") as file:
            file.write('output "parameters" {\n  value = local.parameters\n}\n')
        cls.terraform("init", "-input=false")

    @classmethod
    def terraform(cls, *arguments, fails=False):
        command = [TERRAFORM, *arguments, *([] if arguments[0] in ("fmt", "output") else ["-no-color"])]
        run = subprocess.run(command, cwd=cls.folder, capture_output=True, text=True, timeout=120)
        if bool(run.returncode) != fails:
            raise AssertionError(run.stdout + run.stderr)
        return run.stdout + run.stderr if fails else run.stdout

    def applied(self, **variables):
        given = [f"-var={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in variables.items()]
        self.terraform("apply", "-auto-approve", "-input=false", *given)
        return json.loads(self.terraform("output", "-json", "parameters"))

    def test_the_module_is_valid_and_formatted(self):
        self.terraform("validate")
        self.terraform("fmt", "-check", "-recursive", str(MODULE))

    def test_without_a_value_each_parameter_has_the_default_of_the_template(self):
        self.assertEqual(self.applied(), {name: str(each.get("Default", "")) for name, each in PARAMETERS.items()})

    def test_values_become_the_text_of_a_parameter(self):
        given = {"event_sources": ["iam.amazonaws.com", "ecr.amazonaws.com"], "alerts_per_minute": 7, "log_source": "bucket"}
        found = self.applied(**given, log_bucket_name="central-logs", log_prefix="a'b/(c)/")
        self.assertEqual(found["EventSources"], "iam.amazonaws.com,ecr.amazonaws.com")
        self.assertEqual((found["AlertsPerMinute"], found["Source"], found["LogPrefix"]), ("7", "bucket", "a'b/(c)/"))

    def test_values_that_the_template_refuses_are_refused(self):
        for name, value in {
            "log_source": "s3", "log_bucket_name": "Upper", "log_prefix": "no-slash", "event_sources": ["iam.amazonaws.com", "iam"],
            "alerts_per_minute": 151, "alert_email": "no address", "trail_topic_arn": "arn:aws:sqs:eu-west-1:111122223333:q",
        }.items():
            with self.subTest(name):
                value = value if isinstance(value, str) else json.dumps(value)
                output = self.terraform("plan", "-input=false", f"-var={name}={value}", fails=True)
                self.assertIn(f"{name} must be", " ".join(output.split()))


if __name__ == "__main__":
    unittest.main()

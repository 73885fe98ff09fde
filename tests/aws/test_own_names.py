"""Tests scripts/own_names.py, which writes the names of stack and bucket into overrides.yaml."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "own_names.py"
RULES = "lists:\n  own_names: []\n  log_buckets: [cloudtrail, audit]\nrules: []\n"
ANSWERS = """version = 0.1
[default.deploy.parameters]
stack_name = "secalerts"
parameter_overrides = "Architecture=\\"arm64\\" Source=\\"%s\\" LogBucketName=\\"%s\\""
"""
CHANGED = "overrides.yaml: the lists now have the names of the stack and of its bucket\n"


class OwnNames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "rules.yaml").write_text(RULES)
        self.overrides = self.folder / "overrides.yaml"

    def run_script(self, answers=None, stack="trailbell"):
        if answers is not None:
            (self.folder / "samconfig.toml").write_text(answers)
        command = [sys.executable, SCRIPT, "samconfig.toml", stack]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def lists(self):
        return yaml.safe_load(self.overrides.read_text())["lists"]

    def test_before_the_first_deployment_only_the_stack_is_known(self):
        self.assertEqual(self.run_script(stack="secalerts"), CHANGED)
        self.assertEqual(self.lists(), {"own_names": ["secalerts"]})
        self.assertEqual(self.run_script(stack="secalerts"), "")

    def test_the_answers_of_the_deployment_win_and_the_shipped_items_remain(self):
        self.run_script(ANSWERS % ("bucket", "central-logs"), stack="trailbell")
        wanted = {"own_names": ["secalerts"], "log_buckets": ["cloudtrail", "audit", "central-logs"]}
        self.assertEqual(self.lists(), wanted)

    def test_every_bucket_that_is_named_is_added(self):
        more = ANSWERS.replace("LogBucketName=", 'LogBucketName2=\\"old-logs\\" LogBucketName3=\\"\\" LogBucketName=')
        self.run_script(more % ("bucket", "central-logs"))
        self.assertEqual(self.lists()["log_buckets"], ["cloudtrail", "audit", "central-logs", "old-logs"])

    def test_a_name_that_an_item_covers_is_not_added(self):
        self.run_script(ANSWERS % ("bucket", "acme-CloudTrail-logs"))
        self.assertNotIn("log_buckets", self.lists())

    def test_the_bucket_of_a_new_trail_has_the_name_that_the_template_gives_it(self):
        self.run_script(ANSWERS % ("trail", ""))
        self.assertEqual(self.lists()["log_buckets"], ["cloudtrail", "audit", "trailbell-"])
        self.assertIn('!Sub "trailbell-${', (ROOT / "template.yaml").read_text())

    def test_what_the_file_has_stays_as_it_is(self):
        text = """# mine
overrides:
  cloudtrail-root-use: {severity: 2} # until the audit

lists:
  # partners
  trusted_accounts: ["044455556666"]
  log_buckets:
    - logs-of-ours
"""
        self.overrides.write_text(text)
        self.run_script(ANSWERS % ("bucket", "central-logs"))
        changed = self.overrides.read_text()
        self.assertTrue(changed.startswith(text + "    - central-logs\n"), changed)
        self.assertEqual(self.lists()["own_names"], ["secalerts"])
        self.run_script()
        self.assertEqual(self.overrides.read_text(), changed)

    def test_an_empty_file_is_filled_and_a_broken_one_is_left_to_the_check(self):
        for empty in ("", "# nothing yet\n", "lists:\n"):
            self.overrides.write_text(empty)
            self.assertEqual(self.run_script(stack="secalerts"), CHANGED)
            self.assertEqual(self.lists(), {"own_names": ["secalerts"]})
        for broken in (b"lists: [\n", b"- a list\n", b"lists: [own_names]\n", b"lists: {own_names: word}\n", b"lists: \xff\n"):
            self.overrides.write_bytes(broken)
            self.assertEqual(self.run_script(stack="secalerts"), "")
            self.assertEqual(self.overrides.read_bytes(), broken)

    def test_answers_that_sam_refuses_name_nothing(self):
        for broken in ("stack_name = \n", "default = 1\n", "[default.deploy]\nparameters = 1\n"):
            self.overrides.unlink(missing_ok=True)
            self.run_script(broken, stack="secalerts")
            self.assertEqual(self.lists(), {"own_names": ["secalerts"]})

    def test_a_file_that_cannot_be_written_is_an_error(self):
        self.overrides.mkdir()
        command = [sys.executable, SCRIPT, "samconfig.toml", "secalerts"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("overrides.yaml cannot be read or written: Is a directory", done.stderr)


if __name__ == "__main__":
    unittest.main()

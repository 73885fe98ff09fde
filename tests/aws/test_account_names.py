"""Tests scripts/account_names.py, which writes the names of an organization's accounts into overrides.yaml."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml
from stack import ROOT

SCRIPT = ROOT / "scripts" / "account_names.py"
# What `aws organizations list-accounts` prints, shortened: https://docs.aws.amazon.com/cli/latest/reference/organizations/list-accounts.html
ACCOUNTS = [("111122223333", "production"), ("012345678901", "Log Archive"), ("444455556666", "Ünïcode: # \"quoted\"")]
LISTED = json.dumps({"Accounts": [{"Id": account, "Name": name, "Status": "ACTIVE"} for account, name in ACCOUNTS]})


class AccountNames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.overrides = Path(folder.name) / "overrides.yaml"

    def run_script(self, listed=LISTED):
        return subprocess.run([sys.executable, SCRIPT, self.overrides], input=listed, capture_output=True, text=True)

    def test_a_new_file_has_every_name_and_the_rules_take_it(self):
        done = self.run_script()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"{self.overrides}: added the names of 3 of 3 accounts\n")
        self.assertEqual(yaml.safe_load(self.overrides.read_text()), {"accounts": dict(ACCOUNTS)})
        trailbell = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/trailbell"
        rules = self.overrides.with_name("rules.yaml")
        rules.write_text("rules:\n  - name: All\n    severity: 3\n    filter: eventName exists\n")
        check = subprocess.run([trailbell, "check", rules], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_what_the_file_has_stays(self):
        text = '# ours\naccounts:\n  # the old one\n  "111122223333": prod\nlists:\n  own_names: [bell]\n'
        self.overrides.write_text(text)
        self.assertIn("added the names of 2 of 3", self.run_script().stdout)
        written = self.overrides.read_text()
        self.assertEqual(yaml.safe_load(written)["accounts"], dict(ACCOUNTS) | {"111122223333": "prod"})
        self.assertEqual(yaml.safe_load(written)["lists"], {"own_names": ["bell"]})
        self.assertTrue(written.startswith(text.split("lists:")[0]), written)
        self.assertIn("added the names of 0 of 3", self.run_script().stdout)
        self.assertEqual(self.overrides.read_text(), written)

    def test_other_input_and_a_broken_file_change_nothing(self):
        for listed in ("", "[]", "{}", '{"Accounts": [{"Id": "1"}]}'):
            done = self.run_script(listed)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("aws organizations list-accounts", done.stderr)
            self.assertFalse(self.overrides.exists())
        for broken in (b"accounts: [\n", b"- a list\n", b"accounts: [a]\n", b"accounts: \xff\n"):
            self.overrides.write_bytes(broken)
            done = self.run_script()
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("trailbell check", done.stderr)
            self.assertEqual(self.overrides.read_bytes(), broken)


if __name__ == "__main__":
    unittest.main()

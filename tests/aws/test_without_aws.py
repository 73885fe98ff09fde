"""A command line that is built without the feature `aws`: what needs AWS names the build that has it."""

import os
import subprocess
import unittest
from pathlib import Path

from stand_in import ROOT

TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "without-aws"
BUILD = ["cargo", "build", "--quiet", "--locked", "--no-default-features", "--features", "cli", "--bin", "trailbell"]


class WithoutAws(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A folder of its own: the other tests run the command line of the usual one meanwhile.
        subprocess.run([*BUILD, "--target-dir", TARGET], cwd=ROOT, check=True)

    def test_a_command_that_needs_aws_names_the_build_that_has_it(self):
        for arguments in (
            ["scan", "s3://trailbell-demo-logs/AWSLogs/"],
            ["doctor", "--stack", "trailbell", "--no-alert"],
            ["redrive", "trailbell", "--region", "eu-west-1"],
            ["verify", "--public-keys", "keys.json", "."],
        ):
            with self.subTest(arguments):
                run = subprocess.run([TARGET / "debug/trailbell", *arguments], cwd=ROOT, capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertIn("`cargo install --locked --path . --features aws --bin trailbell`", run.stderr)


if __name__ == "__main__":
    unittest.main()

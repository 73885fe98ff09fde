"""Tests scripts/own_rules.py: what is deployed of `rules.d` is what trailbell reads of it."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAILBELL = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "debug/trailbell"
RULE = 'rules:\n  - {{name: "{0}", severity: 3, filter: eventName = "PutImage" and user = "{0}"}}\n'
NAMES = ["a.yaml", "team/B.YAML", "team/b.yml", "team/deep/c.yaml", ".hidden.yaml", ".git/d.yaml", "team/overrides.yaml", "notes.txt", "team/record.json"]


class OwnRules(unittest.TestCase):
    def test_the_deployed_files_are_those_that_are_read(self):
        with tempfile.TemporaryDirectory() as name:
            folder, artifact = Path(name) / "rules", Path(name) / "artifact"
            artifact.mkdir()
            for index, path in enumerate(NAMES):
                file = folder / "rules.d" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(RULE.format(f"r{index}"))
            elsewhere = Path(name) / "elsewhere"
            elsewhere.mkdir()
            (elsewhere / "linked.yaml").write_text(RULE.format("linked"))
            (folder / "rules.d/link").symlink_to(elsewhere)
            (folder / "rules.yaml").write_text(RULE.format("pack"))
            subprocess.run([sys.executable, ROOT / "scripts/own_rules.py", artifact], cwd=folder, check=True)
            copied = {path.relative_to(artifact).as_posix() for path in artifact.rglob("*") if path.is_file()}
            read = subprocess.run([TRAILBELL, "rules", "--format", "jsonl"], cwd=folder, capture_output=True, text=True, check=True)
            files = {json.loads(line)["file"] for line in read.stdout.splitlines()}
            self.assertEqual(copied | {"rules.yaml"}, files)
            self.assertEqual(copied, {f"rules.d/{path}" for path in ["a.yaml", "team/B.YAML", "team/b.yml", "team/deep/c.yaml", "link/linked.yaml"]})

    def test_a_build_packs_them(self):
        make = (ROOT / "Makefile").read_text()
        self.assertIn('! test -d rules.d || $(PYTHON) scripts/own_rules.py "$(ARTIFACTS_DIR)"', make)


if __name__ == "__main__":
    unittest.main()

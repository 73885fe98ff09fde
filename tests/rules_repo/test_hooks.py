"""pre-commit runs the hooks of a folder that `trailbell init` makes: a good rule is committed, and a bad one is refused."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml
from folder import ROOT, break_rule, break_test, environment, make, warn

HOOKS = ROOT / ".pre-commit-hooks.yaml"


class Hooks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="trailbell-hooks-")
        self.addCleanup(folder.cleanup)
        self.scratch = Path(folder.name)
        self.environment = environment(self.scratch)
        self.repository = make(self.scratch / "rules")
        self.run_in(self.repository, "git", "init", "--quiet", "--initial-branch=main")

    def run_in(self, folder, *command, status=0):
        run = subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True)
        self.assertEqual(run.returncode, status, f"{command}\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    def commit(self, status=0):
        self.run_in(self.repository, "git", "add", "--all")
        return self.run_in(self.repository, "git", "commit", "--message", "Change rules", status=status)

    def commits(self):
        return len(self.run_in(self.repository, "git", "log", "--oneline", "--all").splitlines())

    def try_hooks(self):
        """Commits what `init` wrote, a good rule, and rules of every bad kind."""
        self.run_in(self.repository, "pre-commit", "install")
        output = self.commit()
        for hook in ("check", "test"):
            self.assertRegex(output, rf"(?m)^trailbell {hook}\.+Passed$")
        example = self.repository / "rules.d/example.yaml"
        good = example.read_text().replace("prod/", "production/").replace("Example: ", "")
        example.write_text(good)
        record = self.repository / "rules.d/records/get-secret-value.json"
        record.write_text(record.read_text().replace(":secret:prod/", ":secret:production/"))
        self.assertIn("trailbell test", self.commit())
        self.assertEqual(self.commits(), 2)

        for change, failed, shown in (
            (break_rule, "check", ("error[unknown-operator]: `==` is not an operator", "broken.yaml:4:23", "write `=`")),
            (warn, "check", ("warning[", "never.yaml:4:")),
            (break_test, "test", ("FAILED Production Secret Read By A Person", "example.yaml:")),
        ):
            change(self.repository)
            output = self.commit(status=1)
            self.assertRegex(output, rf"(?m)^trailbell {failed}\.+Failed$", change.__name__)
            for text in shown:
                self.assertIn(text, output)
            self.assertEqual(self.commits(), 2, output)
            self.run_in(self.repository, "git", "reset", "--quiet", "--hard")
            self.run_in(self.repository, "git", "clean", "--quiet", "--force", "-d")

        # Nothing that the rules depend on has changed.
        (self.repository / "notes.txt").write_text("notes\n")
        self.assertRegex(self.commit(), r"trailbell check\.+\(no files to check\)Skipped")

    def test_the_hooks_that_init_writes(self):
        self.try_hooks()

    def test_the_hooks_of_the_repository(self):
        of_trailbell = self.scratch / "trailbell"
        of_trailbell.mkdir()
        (of_trailbell / HOOKS.name).write_text(HOOKS.read_text())
        self.run_in(of_trailbell, "git", "init", "--quiet")
        self.run_in(of_trailbell, "git", "add", "--all")
        self.run_in(of_trailbell, "git", "commit", "--quiet", "--message", "Add hooks")
        self.run_in(of_trailbell, "git", "tag", "v0.1.0")
        hooks = [{"id": hook["id"]} for hook in yaml.safe_load(HOOKS.read_text())]
        config = {"repos": [{"repo": str(of_trailbell), "rev": "v0.1.0", "hooks": hooks}]}
        (self.repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        self.try_hooks()

    def test_both_have_the_same_hooks(self):
        local = yaml.safe_load((self.repository / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
        ours = [{key: value for key, value in hook.items() if key != "description"} for hook in yaml.safe_load(HOOKS.read_text())]
        self.assertEqual(local, ours)

    def test_a_missing_program_is_named(self):
        (self.scratch / "programs/trailbell").unlink()
        self.run_in(self.repository, "pre-commit", "install")
        self.assertTrue(re.search(r"Executable `?trailbell`? not found", self.commit(status=1)))


if __name__ == "__main__":
    unittest.main()

"""The action of GitHub: its steps, as `action.yml` has them, run in bash on a repository that `trailbell init` makes."""

import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile
import tempfile
import tomllib
import unittest
from pathlib import Path

import yaml
from folder import BUILT, PROGRAM, ROOT, break_rule, break_test, environment, make, warn

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
VERSION = CARGO["version"]
ARCHIVE = f"trailbell-{VERSION}-linux-x86_64.tar.gz"
# Runners have these values ("Variables reference" in GitHub's documentation).
RUNNER = {"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}


class Action(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="trailbell-action-")
        self.addCleanup(folder.cleanup)
        self.scratch = Path(folder.name)
        self.repository = make(self.scratch / "rules")
        self.releases = self.scratch / "releases"
        self.release(PROGRAM)

    def release(self, content, sums=None):
        """Packs a release as `scripts/release.py` does."""
        folder = self.releases / f"v{VERSION}"
        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            entry = tarfile.TarInfo(f"{ARCHIVE.removesuffix('.tar.gz')}/trailbell")
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
        (folder / ARCHIVE).write_bytes(buffer.getvalue())
        other = f"{'0' * 64}  trailbell-{VERSION}-linux-arm64.tar.gz\n"
        self.sum = hashlib.sha256(buffer.getvalue()).hexdigest()
        (folder / "SHA256SUMS").write_text(other + (f"{self.sum}  {ARCHIVE}\n" if sums is None else sums))

    def run_action(self, runner=None, **inputs):
        """Runs all steps as a runner does; returns the output of each that ran, and the names of those that failed."""
        values = {name: declared["default"] for name, declared in ACTION["inputs"].items()}
        values |= {"releases": self.releases.as_uri()} | {name.replace("_", "-"): value for name, value in inputs.items()}
        temporary = self.scratch / "temporary"
        temporary.mkdir(exist_ok=True)
        outcomes, step_outputs, printed = {}, {}, {}

        def expanded(text):
            def value(expression):
                scope, *name = expression[1].strip().split(".")
                return values[name[0]] if scope == "inputs" else step_outputs[name[0]].get(name[2], "")

            return re.sub(r"\$\{\{(.*?)\}\}", value, text)

        failed = []
        for step in ACTION["runs"]["steps"]:
            # Without a condition, a step runs if none before it failed.
            condition = step.get("if")
            self.assertIn(condition, (None, "${{ !cancelled() && steps.install.outcome == 'success' }}"))
            if failed if condition is None else outcomes["install"] != "success":
                continue
            self.assertEqual(step["shell"], "bash")
            self.assertNotIn("${{", step["run"], "an expression in a script is read as a command")
            script, outputs = self.scratch / "step.sh", self.scratch / "outputs"
            script.write_text(step["run"])
            outputs.write_text("")
            variables = environment(self.scratch) | RUNNER | (runner or {})
            variables |= {"RUNNER_TEMP": str(temporary), "GITHUB_OUTPUT": str(outputs), "GITHUB_WORKSPACE": str(self.repository)}
            variables |= {name: expanded(text) for name, text in step.get("env", {}).items()}
            folder = self.repository / expanded(step.get("working-directory", "."))
            # As runners call bash ("defaults.run.shell" in GitHub's documentation).
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
            run = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
            printed[step["name"]] = run.stdout + run.stderr
            step_outputs[step.get("id")] = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
            outcomes[step.get("id")] = "failure" if run.returncode else "success"
            failed += [step["name"]] if run.returncode else []
        return printed, failed

    def test_a_good_repository_passes_with_the_downloaded_program(self):
        printed, failed = self.run_action()
        self.assertEqual(failed, [], printed)
        self.assertEqual(list(printed), ["Install trailbell", "Check the rules", "Test the rules"])
        self.assertIn(f"trailbell {VERSION}", printed["Install trailbell"])
        self.assertRegex(printed["Test the rules"], r"(?m)^[1-9]\d* passed, 0 failed$")

    def test_a_checksum_that_differs_is_refused(self):
        good = (self.releases / f"v{VERSION}" / ARCHIVE).read_bytes()
        for what, sums, content in (
            ("another file", None, good + b"\0"),
            ("another sum", f"{'1' * 64}  {ARCHIVE}\n", good),
            ("no sum", "", good),
            ("the sum of a name that ends alike", f"{self.sum}  old-{ARCHIVE}\n", good),
            ("no checksum at all", f"  {ARCHIVE}\n", good),
        ):
            self.release(PROGRAM, sums)
            (self.releases / f"v{VERSION}" / ARCHIVE).write_bytes(content)
            printed, failed = self.run_action()
            self.assertEqual(failed, ["Install trailbell"], what)
            self.assertEqual(list(printed), failed, "no later step runs")
            self.assertRegex(printed["Install trailbell"], r"(?m)^::error title=trailbell::.*checksum")
            self.assertNotIn(f"trailbell {VERSION}\n", printed["Install trailbell"], "the program ran")

    def test_a_checksum_of_the_workflow_decides_alone(self):
        (self.releases / f"v{VERSION}/SHA256SUMS").unlink()
        self.assertEqual(self.run_action(sha256=self.sum)[1], [])
        self.assertEqual(self.run_action(sha256="2" * 64)[1], ["Install trailbell"])

    def test_what_cannot_be_installed_is_named(self):
        for inputs, runner, words in (
            ({"version": "9.9.9"}, {}, f"trailbell-9.9.9-linux-x86_64.tar.gz of version 9.9.9 cannot be downloaded from file://"),
            ({"version": "../1.0.0"}, {}, "version is not like 0.1.0"),
            ({"version": "$(touch pwned)"}, {}, "version is not like 0.1.0"),
            ({"path": "no-such-program"}, {}, "path is no-such-program, which is no program on this runner"),
            ({}, {"RUNNER_OS": "Windows"}, "there is no release for Windows on X64"),
            ({}, {"RUNNER_ARCH": "ARM64"}, "linux-arm64.tar.gz of version"),
        ):
            printed, failed = self.run_action(runner, **inputs)
            self.assertEqual(failed, ["Install trailbell"], inputs)
            self.assertIn(words, printed["Install trailbell"])
        self.assertFalse(list(self.scratch.rglob("pwned")))

    def test_a_given_program_is_used(self):
        (self.releases / f"v{VERSION}" / ARCHIVE).unlink()
        for path in ("trailbell", str(BUILT)):
            self.assertEqual(self.run_action(path=path)[1], [], path)

    def test_mistakes_are_marked_at_their_lines(self):
        break_rule(self.repository)
        printed, failed = self.run_action()
        self.assertIn("Check the rules", failed)
        self.assertRegex(printed["Check the rules"], r"(?m)^::error file=rules\.d/broken\.yaml,line=4,col=23,title=unknown-operator::.*`==`")
        self.assertIn("Test the rules", printed, "the tests run after a failed check")

    def test_a_failed_test_fails_the_action(self):
        break_test(self.repository)
        printed, failed = self.run_action()
        self.assertEqual(failed, ["Test the rules"])
        self.assertIn("FAILED Example: Production Secret Read By A Person", printed["Test the rules"])

    def test_warnings_fail_the_check_unless_they_are_allowed(self):
        warn(self.repository)
        printed, failed = self.run_action()
        self.assertEqual(failed, ["Check the rules"], printed)
        printed, failed = self.run_action(deny_warnings="false")
        self.assertEqual(failed, [], printed)
        self.assertIn("::warning file=rules.d/never.yaml", printed["Check the rules"])
        self.assertEqual(self.run_action(deny_warnings="no")[1], ["Check the rules"])

    def test_rules_in_a_folder_below_are_marked_from_the_root(self):
        below = self.repository / "security/rules"
        break_rule(make(below))
        for folder in ("security/rules", "./security/rules/"):
            printed, failed = self.run_action(folder=folder)
            self.assertIn("Check the rules", failed)
            self.assertIn("::error file=security/rules/rules.d/broken.yaml,line=4,", printed["Check the rules"])
        printed, failed = self.run_action(folder="security/rules", format="sarif")
        self.assertIn("needs the rules at the root", printed["Check the rules"])

    def test_sarif_is_written_also_with_mistakes(self):
        break_rule(self.repository)
        self.assertIn("Check the rules", self.run_action(format="sarif")[1])
        self.assertIn("broken.yaml", (self.repository / "trailbell.sarif").read_text())
        self.assertIn("Check the rules", self.run_action(format="html")[1])

    def test_its_defaults_are_of_this_version(self):
        self.assertEqual(ACTION["inputs"]["version"]["default"], VERSION)
        self.assertEqual(ACTION["inputs"]["releases"]["default"], f"{CARGO['repository']}/releases/download")

    @unittest.skipUnless(platform.machine() == "x86_64" and platform.system() == "Linux", "the release is for another machine")
    def test_it_installs_what_the_release_script_packs(self):
        binaries = self.scratch / "binaries"
        for kind, name in (("function", "bootstrap"), ("command", "trailbell")):
            (binaries / kind / "x86_64").mkdir(parents=True)
            # A binary of this build names folders of this machine, which a release refuses.
            text = b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + (62).to_bytes(2, "little")
            (binaries / kind / "x86_64" / name).write_bytes(text)
        output = self.releases / f"v{VERSION}"
        command = ["python3", ROOT / "scripts/release.py", "--binaries", binaries, "--output", output, "x86_64"]
        subprocess.run(command, check=True, capture_output=True)
        printed, failed = self.run_action()
        # The checksum and the names fit; the program is none.
        self.assertEqual(failed, ["Install trailbell"])
        self.assertRegex(printed["Install trailbell"], r"/trailbell-[0-9.]+-linux-x86_64/trailbell: cannot execute binary file")


class Files(unittest.TestCase):
    """What GitHub, pre-commit and editors read has the form that they expect."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="trailbell-files-")
        cls.addClassCleanup(folder.cleanup)
        cls.scratch = Path(folder.name)
        cls.folder = make(cls.scratch / "rules")

    def check(self, *command):
        run = subprocess.run(command, env=environment(self.scratch), capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def uncommented(self, path):
        """A copy in which every line that begins with `#` and no single blank is in force."""
        text = re.sub(r"(?m)^#(?! \S|\n)", "", (self.folder / path).read_text())
        copy = self.scratch / Path(path).name
        copy.write_text(text)
        return copy

    def test_workflows_and_the_action(self):
        workflow = ".github/workflows/trailbell.yml"
        for path in (self.folder / workflow, self.uncommented(workflow)):
            self.check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)
        self.check("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")

    def test_hooks(self):
        self.check("pre-commit", "validate-config", self.folder / ".pre-commit-config.yaml")
        self.check("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")

    def test_rules_and_overrides_fit_the_schemas_that_editors_use(self):
        settings = json.loads((self.folder / ".vscode/settings.json").read_text())["yaml.schemas"]
        for schema, files in settings.items():
            found = [path for pattern in files for path in self.folder.glob(pattern)]
            self.assertTrue(found, schema)
            self.check("check-jsonschema", "--schemafile", self.folder / schema, *found)
            for path in found:
                first = path.read_text().splitlines()[0]
                named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)[1]
                self.assertEqual((path.parent / named).resolve(), (self.folder / schema).resolve())

    def test_the_workflow_grants_what_each_variant_needs(self):
        workflow = ".github/workflows/trailbell.yml"
        plain, sarif = (yaml.safe_load(path.read_text()) for path in (self.folder / workflow, self.uncommented(workflow)))
        self.assertEqual(plain["permissions"], {"contents": "read"})
        self.assertNotIn("permissions", plain["jobs"]["rules"])
        self.assertEqual(sarif["jobs"]["rules"]["permissions"], {"contents": "read", "security-events": "write"})
        action, upload = sarif["jobs"]["rules"]["steps"][1:]
        self.assertEqual(action["uses"], f"{CARGO['repository'].removeprefix('https://github.com/')}@v{VERSION}")
        self.assertEqual(set(action["with"]) - set(ACTION["inputs"]), set())
        self.assertTrue(upload["uses"].startswith("github/codeql-action/upload-sarif@"))


if __name__ == "__main__":
    unittest.main()

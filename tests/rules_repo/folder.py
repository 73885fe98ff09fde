"""A repository with rules, as `trailbell init` makes it, and the program that its hooks and its workflow run."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "debug/trailbell"
TOOLS = Path(sys.executable).parent
# What a release of the tests holds: the built program is too large to be packed in each of them.
PROGRAM = f'#!/bin/sh\nexec "{BUILT}" "$@"\n'.encode()


def environment(folder):
    """Variables for programs that find the tools of the tests and `trailbell`, and no settings of this user."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    if not (programs / "trailbell").exists():
        (programs / "trailbell").symlink_to(BUILT)
    people = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in (("NAME", "Dana"), ("EMAIL", "dana@example.com"))}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | people | {
        "PATH": f"{programs}:{TOOLS}:{os.environ['PATH']}", "HOME": str(folder), "PRE_COMMIT_HOME": str(folder / "pre-commit"),
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
    }


def make(folder):
    """Makes the repository in a new folder."""
    subprocess.run([BUILT, "init", folder], check=True, capture_output=True)
    return folder


def break_rule(folder, name="broken.yaml"):
    """Adds a rule that `check` refuses, at line 4, column 23."""
    (folder / "rules.d" / name).write_text(
        'rules:\n  - name: "Broken"\n    severity: 3\n    filter: eventName == "PutImage" and eventSource = "ecr.amazonaws.com"\n'
    )


def break_test(folder):
    """Changes the record of the example, so that its first test fails."""
    path = folder / "rules.d/records/get-secret-value.json"
    path.write_text(path.read_text().replace('"GetSecretValue"', '"DescribeSecret"'))


def warn(folder):
    """Adds a rule that can never match: two conditions on one field that exclude each other."""
    (folder / "rules.d/never.yaml").write_text(
        'rules:\n  - name: "Never"\n    severity: 3\n    filter: eventName = "PutImage" and eventName = "GetObject"\n'
        "    tests: [{no_match: records/get-secret-value.json}]\n"
    )

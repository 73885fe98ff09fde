"""Writes the names of the deployed stack and of its log bucket into overrides.yaml.

Rules that guard trailbell itself and its log files know them by the lists `own_names` and `log_buckets`. A name that is missing
is added; everything else in the file, comments included, stays as it is.

    own_names.py SAMCONFIG STACK [OVERRIDES]

prints `changed` if it changed the file.
"""

import re
import sys
import tomllib
from pathlib import Path

from ruamel.yaml import YAML, YAMLError

RULES = Path("rules.yaml")
HEADER = "# yaml-language-server: $schema=./overrides.schema.json\n"


def names(samconfig: Path, stack: str) -> dict[str, list[str]]:
    """What belongs into which list. `stack` is the name until the file of answers has one."""
    answers = tomllib.loads(samconfig.read_text()) if samconfig.exists() else {}
    answers = answers.get("default", {}).get("deploy", {}).get("parameters", {})
    overrides = answers.get("parameter_overrides", "")
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', overrides if isinstance(overrides, str) else " ".join(overrides)))
    stack = answers.get("stack_name", stack)
    # template.yaml names the bucket of a new trail if it has no other name.
    bucket = parameters.get("LogBucketName") or ("trailbell-" if parameters.get("Source") == "trail" else "")
    return {"own_names": [stack], "log_buckets": [bucket] if bucket else []}


def add(wanted: dict[str, list[str]], overrides: Path) -> bool:
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 130
    yaml.indent(mapping=2, sequence=4, offset=2)
    shipped = yaml.load(RULES.read_text())["lists"]
    text = overrides.read_text() if overrides.exists() else ""
    try:
        document = yaml.load(text)
    except YAMLError:
        # `trailbell check`, which follows, shows where.
        return False
    if document is None:
        document = yaml.load("lists: {}")
    if document.get("lists") is None:
        document["lists"] = {}
    lists, changed = document["lists"], False
    for name, items in wanted.items():
        # A list of overrides.yaml replaces that of rules.yaml, so it begins with the items of that.
        present = lists.get(name, shipped.get(name, []))
        missing = [item for item in items if not covered(item, present)]
        if missing:
            lists[name] = [*present, *missing]
            changed = True
    if changed:
        with overrides.open("w") as file:
            file.write("" if text else HEADER)
            yaml.dump(document, file)
    return changed


def covered(name: str, items: list[str]) -> bool:
    """Whether an item is part of the name: that is how the rules compare them."""
    return any(str(item).lower() in name.lower() for item in items)


if __name__ == "__main__":
    if add(names(Path(sys.argv[1]), sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 else "overrides.yaml")):
        print("changed")

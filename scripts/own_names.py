"""Writes the names of the deployed stack and of its log bucket into overrides.yaml.

Rules that guard trailbell itself and its log files know them by the lists `own_names` and `log_buckets`. A name that is missing
is added; everything else in the file, comments included, stays as it is. A file that is not valid stays as it is, too: `trailbell
check`, and SAM, show what is wrong with it.

    own_names.py SAMCONFIG STACK [OVERRIDES]

reports a change in one line, and exits with 1 if the file cannot be written.
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
    try:
        answers = dict(tomllib.loads(samconfig.read_text())["default"]["deploy"]["parameters"])
    except (OSError, ValueError, KeyError, TypeError):
        answers = {}
    overrides = answers.get("parameter_overrides", "")
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', overrides if isinstance(overrides, str) else " ".join(overrides)))
    stack = answers.get("stack_name", stack)
    # template.yaml names the bucket of a new trail if it has no other name.
    bucket = parameters.get("LogBucketName") or ("trailbell-" if parameters.get("Source") == "trail" else "")
    buckets = [bucket, parameters.get("LogBucketName2"), parameters.get("LogBucketName3")]
    return {"own_names": [stack], "log_buckets": [name for name in buckets if name]}


def add(wanted: dict[str, list[str]], overrides: Path) -> bool:
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 130
    yaml.indent(mapping=2, sequence=4, offset=2)
    shipped = yaml.load(RULES.read_text())["lists"]
    try:
        text = overrides.read_text() if overrides.exists() else ""
        document = yaml.load(text)
    except (YAMLError, ValueError):
        return False
    document = yaml.load("lists: {}") if document is None else document
    if not isinstance(document, dict):
        return False
    if document.get("lists") is None:
        document["lists"] = {}
    lists, changed = document["lists"], False
    if not isinstance(lists, dict) or not all(isinstance(lists.get(name, []), list) for name in wanted):
        return False
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
    path = Path(sys.argv[3] if len(sys.argv) > 3 else "overrides.yaml")
    try:
        if add(names(Path(sys.argv[1]), sys.argv[2]), path):
            print(f"{path}: the lists now have the names of the stack and of its bucket")
    except OSError as error:
        sys.exit(f"{path} cannot be read or written: {error.strerror}; add the names of the stack and of its bucket to its lists")

#!/usr/bin/env python3
"""Adds the names of an organization's accounts to overrides.yaml, for alerts to show.

    aws organizations list-accounts --output json | account_names.py [OVERRIDES]

A name that the file has for an account stays, with everything else in it, comments included. It reports how many names it
added, and exits with 1 if the input is no list of accounts, or the file cannot be read or written.
"""

import json
import sys
from pathlib import Path

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

HEADER = "# yaml-language-server: $schema=./overrides.schema.json\n"


def names(text):
    """The name of each account by its id, in the order of ids."""
    try:
        found = {account["Id"]: account["Name"] for account in json.loads(text)["Accounts"]}
    except (ValueError, KeyError, TypeError):
        sys.exit("the input is not the output of `aws organizations list-accounts --output json`; pipe that to this command")
    return dict(sorted(found.items()))


def add(found, path):
    """Adds what is missing to the file, and returns how many names that were."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 130
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = path.read_text() if path.exists() else ""
    document = yaml.load(text)
    document = yaml.load("accounts: {}") if document is None else document
    if not isinstance(document, dict) or not isinstance(document.get("accounts") or {}, dict):
        sys.exit(f"{path} has no names of accounts by their ids in `accounts:`; `trailbell check` shows what is wrong")
    if not document.get("accounts"):
        document["accounts"] = yaml.load("{}")
        document["accounts"].fa.set_block_style()
    # In quotes, since an id that begins with 0 would be read as another number.
    missing = {account: name for account, name in found.items() if account not in document["accounts"]}
    document["accounts"].update({Quoted(account): Quoted(name) for account, name in missing.items()})
    if missing:
        with path.open("w") as file:
            file.write("" if text else HEADER)
            yaml.dump(document, file)
    return len(missing)


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "overrides.yaml")
    try:
        found = names(sys.stdin.read())
        print(f"{path}: added the names of {add(found, path)} of {len(found)} accounts")
    except (YAMLError, UnicodeDecodeError):
        sys.exit(f"{path} is not YAML; `trailbell check` shows what is wrong with it")
    except OSError as error:
        sys.exit(f"{path} cannot be read or written: {error.strerror}")

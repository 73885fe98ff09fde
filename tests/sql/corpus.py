"""The shipped filters, each as a rule, and the records that they are tried on: real logs, and records made from rules' tests."""

import copy
import functools
import gzip
import json
import os
import random
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TRAILBELL = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/trailbell"
FOLDER = Path(tempfile.mkdtemp(prefix="trailbell-sql-"))
# The logs of others: those of the repository, and those beside it where they are.
LOGS = [*sorted((ROOT / "tests/logs").glob("*.json.gz")), *sorted((ROOT / "../shared/data/logs").glob("*/*.json.gz"))]
BLOCKS = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
SEED = 17


def trailbell(*arguments):
    """What the command line prints."""
    ran = subprocess.run([TRAILBELL, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT)
    if ran.returncode:
        raise AssertionError(f"trailbell {arguments}: {ran.stderr}")
    return ran.stdout


def write(name, records):
    """A log file of CloudTrail, and its path."""
    path = FOLDER / name
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))
    return path


@functools.cache
def rules():
    """The rules file."""
    return yaml.safe_load((ROOT / "rules.yaml").read_text())


@functools.cache
def filters():
    """Every filter of the rules that ship, steps of sequences and suppressions too, by an id.

    One holds only while a list is empty, and here all have values. Findings of detectors are in no table of CloudTrail.
    """
    found = {}
    for rule in rules()["rules"]:
        if any("events/findings/" in str(test) for test in rule.get("tests", [])):
            continue
        parts = [rule, *rule.get("sequence", []), *rule.get("suppressions", [])]
        for part in parts:
            text = part if isinstance(part, str) else part.get("filter")
            if text and 'and $automation_roles = null' not in text:
                found[f"f{len(found)}"] = text
    return found


@functools.cache
def filled(name):
    """A value that a list which ships empty may have."""
    if name.endswith("_networks"):
        return "203.0.113.0/24"
    if name.endswith(("_roles", "_tools")):
        return "arn:aws:iam::444455556666:role/ci/"
    return "o-partner4567" if name == "trusted_organizations" else "444455556666"


def rules_file(*names):
    """A rules file with an enabled rule for each of these filters; its lists that ship empty have values."""
    lists = {name: values or [filled(name)] for name, values in rules()["lists"].items()}
    each = [{"name": name, "id": name, "severity": 3, "filter": filters()[name]} for name in names]
    path = FOLDER / f"{names[0]}-{len(names)}.yaml"
    path.write_text(json.dumps({"lists": lists, "rules": each}))
    return path


def set_at(value, keys, new):
    """Sets what a test of a rule changes."""
    if not keys:
        return new
    if isinstance(value, list) and not keys[0].isdigit():
        return [set_at(element, keys, new) for element in value]
    if isinstance(value, list):
        value[int(keys[0])] = set_at(value[int(keys[0])], keys[1:], new)
        return value
    value = value or {}
    value[keys[0]] = set_at(value.get(keys[0]), keys[1:], new)
    return value


def tested_records():
    """The records of the rules' tests, with the tests' changes."""
    alias = {"userType": "userIdentity.type", "accountId": "userIdentity.accountId", "ip": "sourceIPAddress",
             "accessKey": "userIdentity.accessKeyId", "region": "awsRegion", "error": "errorCode",
             "bucketName": "requestParameters.bucketName"}
    for rule in rules()["rules"]:
        for test in rule.get("tests", []):
            file = test.get("match") or test.get("no_match") or test.get("suppressed")
            if not file:
                continue
            record = json.loads((ROOT / file).read_text())
            for path, new in test.get("set", {}).items():
                path = alias.get(path, path).replace("`", "").replace("[", ".").replace("]", "")
                record = set_at(record, path.split("."), new)
            yield record


def leaves(value, path=()):
    """The paths of all values below a value that are no objects and no lists."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*path, key))
    elif isinstance(value, list):
        for at, element in enumerate(value):
            yield from leaves(element, (*path, at))
    else:
        yield path


def replaced(record, path, change):
    """The record with a change of the value at a path; lists and objects on the way are copied."""
    record = copy.deepcopy(record)
    holder = record
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return record


def in_place(of):
    """A change that replaces a value."""
    def change(holder, key):
        holder[key] = of(holder[key])
    return change


def removed(holder, key):
    """A change that removes a value."""
    del holder[key]


# Changes of any value of a block; services write all of these shapes.
IN_BLOCKS = [
    removed,
    in_place(lambda _: None),
    in_place(lambda _: ""),
    in_place(lambda _: {}),
    in_place(lambda _: []),
    in_place(lambda value: [value]),
    in_place(lambda value: [None, "other", value]),
    in_place(lambda value: [[value]]),
    in_place(lambda value: {"other": value}),
    in_place(str),
    in_place(lambda value: f"{value}x"),
    in_place(lambda value: f"x\n{value}"),
    in_place(lambda value: str(value).upper()),
    in_place(lambda value: value if isinstance(value, (bool, int)) else 5),
    in_place(lambda value: value + 0.5 if isinstance(value, int) else value),
    in_place(lambda value: float(value) if isinstance(value, int) else value),
    in_place(lambda value: str(value).lower() if isinstance(value, bool) else value),
    in_place(lambda _: "arn:aws:iam::999988887777:root"),
    in_place(lambda _: "111122223333"),
]
# Changes of a text outside of blocks, where AWS writes text only.
OF_TEXTS = [removed, in_place(lambda _: None), in_place(lambda _: ""), in_place(lambda value: f"{value}x"),
            in_place(lambda value: value.upper()), in_place(lambda value: value.replace("k", "\u212a"))]


def as_texts(record):
    """The record with each object of its request as JSON in a string, plain and percent-encoded, and in a list."""
    request = record.get("requestParameters")
    for key, value in request.items() if isinstance(request, dict) else ():
        if isinstance(value, (dict, list)):
            text = json.dumps(value)
            for new in (text, urllib.parse.quote(text), [text], [value], " " + text):
                yield replaced(record, ("requestParameters", key), in_place(lambda _, new=new: new))
        elif isinstance(value, str) and value.startswith("{"):
            document = json.loads(value)
            for new in (document, urllib.parse.quote(value), json.dumps(document, indent=1), [document]):
                yield replaced(record, ("requestParameters", key), in_place(lambda _, new=new: new))


@functools.cache
def generated():
    """A log file with the records of the rules' tests and records close to them, each with an event id of its own."""
    random.seed(SEED)
    records = []
    for record in tested_records():
        records += [record, *as_texts(record)]
        for path in leaves(record):
            changes = IN_BLOCKS if path[0] in BLOCKS and len(path) > 1 else OF_TEXTS
            value = functools.reduce(lambda holder, key: holder[key], path, record)
            if changes is OF_TEXTS and not isinstance(value, str):
                continue
            records += [replaced(record, path, change) for change in random.sample(changes, 1)]
    for at, record in enumerate(records):
        record["eventID"] = f"{at:08d}-0000-0000-0000-000000000000"
    return write("generated.json.gz", records)


@functools.cache
def real():
    """A log file with all real records, each with an event id of its own."""
    records = []
    for path in LOGS:
        records += json.loads(gzip.decompress(path.read_bytes())).get("Records", [])
    for at, record in enumerate(records):
        record["eventID"] = f"{at:08d}-1111-0000-0000-000000000000"
    return write("real.json.gz", records)


def matches(file):
    """The ids of the events that each filter matches, as the engine finds them."""
    found = {name: set() for name in filters()}
    for line in trailbell("scan", "--rules", rules_file(*filters()), "--format", "jsonl", file).splitlines():
        match = json.loads(line)
        found[match["id"]].add(match["eventID"])
    return found


def around(file, arguments):
    """The ids of the events that a search finds around one; `None` if the event lacks a value that others should have."""
    ran = subprocess.run([TRAILBELL, "search", *arguments, "--format", "jsonl", file], capture_output=True, text=True, check=False)
    if ran.returncode == 2 and "the event has no " in ran.stderr:
        return None
    if ran.returncode:
        raise AssertionError(ran.stderr)
    return {json.loads(line)["record"]["eventID"] for line in ran.stdout.splitlines()}

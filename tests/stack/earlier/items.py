"""Items of the state table as commit 8dab8e9 writes them, and its template: what stacks of then have."""

import gzip
import hashlib
import json
from pathlib import Path

# `git show 8dab8e9:template.yaml`.
TEMPLATE = gzip.decompress((Path(__file__).parent / "template.yaml.gz").read_bytes()).decode()


def learning_start(rule, fields, since):
    """Since when, in seconds since 1970, a rule with `first_seen` has learned combinations of these fields."""
    digest = series(rule, [(field, []) for field in fields])
    return item(key("lessons", rule, digest), {"lessons": {"from": since}})


def sighting(rule, values, at):
    """That a combination of values, by their fields, was seen at that time."""
    digest = series(rule, [(field, [value]) for field, value in values.items()])
    return item(key("seen", rule, digest), {"sightings": {"from": at, "to": at, "opener": 1}})


def item(pk, content):
    return {"pk": {"S": pk}, "item": {"S": json.dumps(content, separators=(",", ":"))}, "version": {"N": "1"}}


def key(kind, rule, digest):
    return f"{kind}/{rule}/{hashed(kind.encode(), digest).hex()}"


def series(rule, values):
    parts = [b"series", rule.encode()]
    for field, texts in values:
        parts += [field.encode(), len(texts).to_bytes(8, "big"), *(text.encode() for text in texts)]
    return hashed(*parts)


def hashed(*parts):
    """The first half of a SHA-256 of parts, each with its length before it."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()[:16]

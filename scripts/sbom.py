#!/usr/bin/env python3
"""Prints the software bill of materials of a binary: the crates that it is built from, as CycloneDX 1.6 JSON.

    .venv/bin/python scripts/sbom.py function|command arm64|x86_64

It holds the crates of the resolved graph that are linked into the binary for that processor, with their versions, licences and
checksums of Cargo.lock; not those of build scripts, macros and tests. The same Cargo.lock gives the same bytes.
"""

import json
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
# The features of each binary, as `make build` and `make release` build it, and its name.
BINARIES = {"function": ("function", "bootstrap"), "command": ("aws", "trailbell")}


@cache
def metadata(features, target):
    """What cargo says of the packages and of the graph that it resolves for these features."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--no-default-features", "--features", features]
    run = subprocess.run([*command, "--filter-platform", target], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def built(features, target):
    """The names and versions of what is built, without what only tests switch on, which the metadata do not tell apart."""
    command = ["cargo", "tree", "--locked", "--no-default-features", "--features", features, "--target", target]
    command += ["--edges", "normal", "--prefix", "none", "--format", "{p}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {tuple(line.replace(" v", " ").split()[:2]) for line in run.stdout.splitlines() if line}


def linked(found, names):
    """The ids of the packages that are linked, each with those that it uses."""
    nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
    is_macro = lambda package: any("proc-macro" in target["kind"] for target in package["targets"])
    kept = {each["id"] for each in found["packages"] if (each["name"], each["version"]) in names and not is_macro(each)}

    def uses(node):
        normal = [each["pkg"] for each in node["deps"] if any(kind["kind"] is None for kind in each["dep_kinds"])]
        return sorted(each for each in normal if each in kept)

    graph, left = {}, [found["resolve"]["root"]]
    while left:
        if (package := left.pop()) not in graph:
            graph[package] = uses(nodes[package])
            left += graph[package]
    return graph


def checksums():
    """The SHA-256 of each crate in Cargo.lock, by name and version."""
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(each["name"], each["version"]): each.get("checksum") for each in packages}


def bom(binary, processor):
    """The bill of materials of a binary for a processor."""
    features, name = BINARIES[binary]
    found = metadata(features, TARGETS[processor])
    names = built(features, TARGETS[processor])
    packages, sums, graph = {each["id"]: each for each in found["packages"]}, checksums(), linked(found, names)
    root, licences, components = found["resolve"]["root"], LicenseFactory(), {}
    for each in graph:
        package = packages[each]
        # Crates of before 2015 write `/` in place of `OR`.
        licence = (package["license"] or "").replace(" / ", "/").replace("/", " OR ")
        total = sums.get((package["name"], package["version"]))
        is_root = each == root
        url = PackageURL("cargo", None, package["name"], package["version"])
        components[each] = Component(
            name=name if is_root else package["name"],
            version=package["version"],
            type=ComponentType.APPLICATION if is_root else ComponentType.LIBRARY,
            bom_ref=f"{name}@{processor}" if is_root else url.to_string(),
            purl=None if is_root else url,
            licenses=[licences.make_from_string(licence)] if licence else [],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=total)] if total else [],
        )
    made = Bom(components=[component for each, component in components.items() if each != root])
    made.metadata.component = components[root]
    for each, uses in graph.items():
        made.register_dependency(components[each], [components[one] for one in uses])
    return made


def text(binary, processor):
    """The bill of materials as JSON, without the time and the random number of its making."""
    document = json.loads(JsonV1Dot6(bom(binary, processor)).output_as_string())
    document.pop("serialNumber", None)
    document["metadata"].pop("timestamp", None)
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(text(*sys.argv[1:]), end="")

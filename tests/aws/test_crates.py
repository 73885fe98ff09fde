"""The crates that trailbell is built from: their licences, and those that must not be among them, as deny.toml has it."""

import json
import subprocess
import tomllib
import unittest

from license_expression import get_spdx_licensing
from stand_in import ROOT

DENY = tomllib.loads((ROOT / "deny.toml").read_text())
SPDX = get_spdx_licensing()


def packages():
    """What is built for a release, its build scripts and macros included, but not its tests."""
    found = []
    for target in DENY["graph"]["targets"]:
        command = ["cargo", "metadata", "--locked", "--format-version", "1", "--features", ",".join(DENY["graph"]["features"])]
        run = subprocess.run([*command, "--filter-platform", target], cwd=ROOT, capture_output=True, text=True, check=True)
        document = json.loads(run.stdout)
        nodes = {node["id"]: node for node in document["resolve"]["nodes"]}
        seen, left = set(), [document["resolve"]["root"]]
        while left:
            if (package := left.pop()) not in seen:
                seen.add(package)
                kinds = lambda each: any(kind["kind"] != "dev" for kind in each["dep_kinds"])
                left += [each["pkg"] for each in nodes[package]["deps"] if kinds(each)]
        found += [each for each in document["packages"] if each["id"] in seen]
    return list({each["id"]: each for each in found}.values())


def allowed(expression, allow):
    """Whether a choice of licences is allowed: all of an AND, one of an OR. Crates of before 2015 write `/` in place of OR."""
    tree = SPDX.parse(expression.replace("/", " OR "), simple=True)

    def holds(node):
        if node.__class__.__name__ == "AND":
            return all(map(holds, node.args))
        if node.__class__.__name__ == "OR":
            return any(map(holds, node.args))
        return str(node) in allow

    return holds(tree)


class Crates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = packages()

    def test_every_licence_is_allowed(self):
        self.assertGreater(len(self.packages), 200)
        allow = DENY["licenses"]["allow"]
        refused = {each["name"]: each["license"] for each in self.packages if not allowed(each["license"] or "none", allow)}
        self.assertEqual(refused, {})

    def test_the_check_of_licences_can_fail(self):
        for expression, expected in {
            "MIT": True, "GPL-3.0-only": False, "MIT OR GPL-3.0-only": True, "MIT AND GPL-3.0-only": False, "MIT/Apache-2.0": True,
            "(MIT OR Apache-2.0) AND Unicode-3.0": True, "Apache-2.0 WITH LLVM-exception": True,
        }.items():
            self.assertEqual(allowed(expression, DENY["licenses"]["allow"]), expected, expression)

    def test_no_banned_crate_is_built(self):
        names = {each["name"] for each in self.packages}
        self.assertIn("aws-lc-rs", names)
        self.assertEqual(names & set(DENY["bans"]["deny"]), set())

    def test_every_crate_comes_from_the_registry_of_cargo(self):
        sources = {each["source"] for each in self.packages if each["name"] != "trailbell"}
        self.assertEqual(sources, {"registry+https://github.com/rust-lang/crates.io-index"})


if __name__ == "__main__":
    unittest.main()

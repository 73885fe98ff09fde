"""An ordinary day is quiet: how many messages the rules send about the days of day.py."""

import collections
import datetime
import functools
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml
from day import FIRST, RECORDS, REGION, day

ROOT = Path(__file__).resolve().parents[2]
TRAILBELL = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/trailbell"
# The second of them changes a permission set of administrators, and so does the last of those below.
DAYS = (1, 3)
# Seven days over a fortnight, in which rules that alert on what is new learn what is not, and the days after them.
LEARNT, AFTER = range(1, 14, 2), (16, 18)


@functools.cache
def log_file(number):
    """A log file of a day."""
    return json.dumps({"Records": day(number)})


def lists():
    """The lists of the company, of those that the rules have."""
    rules = yaml.safe_load((ROOT / "rules.yaml").read_text())
    filled = yaml.safe_load((ROOT / "tests/quiet/lists.yaml").read_text())
    return {"lists": {name: values for name, values in filled["lists"].items() if name in rules["lists"]}}


def messages(days, *, filled):
    """Each message that is sent about days, as what `scan` prints."""
    with tempfile.TemporaryDirectory(prefix="trailbell-quiet-") as name:
        folder = Path(name)
        (folder / "rules.yaml").write_text((ROOT / "rules.yaml").read_text())
        if filled:
            (folder / "overrides.yaml").write_text(json.dumps(lists()))
        logs = folder / "logs"
        logs.mkdir()
        for number in days:
            (logs / f"{number:02}.json").write_text(log_file(number))
        ran = subprocess.run([TRAILBELL, "scan", "--rules", folder / "rules.yaml", "--alerts", "--notices", "--format", "jsonl", logs],
                             capture_output=True, text=True, check=False)
    records = f" {RECORDS * len(days)} records, "
    if ran.returncode or records not in ran.stderr:
        raise AssertionError(f"trailbell ended with {ran.returncode}:\n{ran.stderr}")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def table(found):
    """The messages by rule, the most first, with a title of each."""
    counts = collections.Counter((message["severity"], message["id"], message["kind"]) for message in found)
    titles = {(message["id"], message["kind"]): message["title"] for message in reversed(found)}
    order = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0]))
    return "\n".join(f"{count:5}  {severity}  {kind:9}  {rule}: {titles[rule, kind]}" for (severity, rule, kind), count in order)


class Quiet(unittest.TestCase):
    def at_most(self, found, urgent, altogether):
        """Fails if there are more messages than that of severity 1 and 2, or of all severities."""
        self.assertTrue(found, "a day without a message is no day of fifty accounts")
        review = [message for message in found if message["severity"] <= 2]
        if len(review) > urgent or len(found) > altogether or any(message["severity"] == 1 for message in found):
            self.fail(f"{len(review)} messages of severity 1 and 2 (at most {urgent}, none of 1), {len(found)} of all "
                      f"(at most {altogether}):\n{table(found)}")

    def test_days_are_the_same_every_time_and_differ(self):
        first, again, second = day(1), day(1), day(2)
        self.assertEqual(first, again)
        self.assertEqual(len({record["eventID"] for record in [*first, *second]}), 2 * RECORDS)
        self.assertGreater(len({record["recipientAccountId"] for record in first}), 49)
        self.assertTrue(all(record["awsRegion"] in (REGION, "us-east-1") for record in first))

    def test_a_day_as_the_rules_ship(self):
        for number in DAYS:
            with self.subTest(day=number):
                self.at_most(messages([number], filled=False), 60, 350)

    def test_a_day_with_the_lists_filled(self):
        for number in DAYS:
            with self.subTest(day=number):
                self.at_most(messages([number], filled=True), 20, 180)

    def test_days_after_a_fortnight_with_the_lists_filled(self):
        found = messages([*LEARNT, *AFTER], filled=True)
        for number in AFTER:
            with self.subTest(day=number):
                date = (FIRST + datetime.timedelta(days=number)).strftime("%Y-%m-%d")
                self.at_most([message for message in found if message["time"].startswith(date)], 12, 180)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Runs the benches several times and prints their ratios as a table; `make bench` calls it.

`cargo bench --bench engine` measures the stages of the engine, in one round after the other; the ratios are medians over
the rounds. Whole processes run in turn: the table compares the processor time, user and system, of `trailbell scan` with
that of `igzip -dc`, and gives the peak of the resident set. The generator in ../shared/tools writes the logs once, to
target/bench.
"""
import gzip
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MADE = ROOT / "target/bench"
GENERATOR = ROOT.parent / "shared/tools/gen_corpus.py"
SCAN = ROOT / "target/release/trailbell"
ROUNDS = int(os.environ.get("ROUNDS", "5"))


def objects(name, *arguments):
    """The objects of one kind, generated if they do not exist."""
    folder = MADE / name
    if not (folder / "manifest.jsonl").exists():
        subprocess.run([sys.executable, GENERATOR, folder, *arguments], check=True)
    return sorted(folder.rglob("*.json.gz"))


def repeated(busy, times):
    """One object with the records of another, repeated, as gzip members one after the other."""
    path = MADE / f"busy-{times}.json.gz"
    if not path.exists():
        records = gzip.decompress(busy.read_bytes())[len(b'{"Records":['):-len(b"]}")]
        more, last = gzip.compress(records + b",", 6), gzip.compress(records, 6)
        with open(path, "wb") as out:
            out.writelines([gzip.compress(b'{"Records":['), *[more] * (times - 1), last, gzip.compress(b"]}")])
    return path


def stages():
    """Medians of criterion by group and stage, in seconds, and the lines that the benches print about their data."""
    run = subprocess.run(["cargo", "bench", "--locked", "--bench", "engine"], cwd=ROOT, check=True, text=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    notes = [line for line in run.stderr.splitlines() if "are candidates" in line or line.startswith("tiny:")]
    times = {}
    for path in (ROOT / "target/criterion").glob("*/*/new/estimates.json"):
        times[path.parts[-4], path.parts[-3]] = json.loads(path.read_text())["median"]["point_estimate"] / 1e9
    return times, notes


def process(*command):
    """Processor time in seconds and peak memory in MiB of a command, which must succeed."""
    with open(os.devnull, "w") as nowhere:
        child = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def scan(rules, path):
    return process(SCAN, "scan", "--rules", ROOT / f"benches/rules/{rules}.yaml", path)


def main():
    if not shutil.which("igzip"):
        sys.exit("igzip is missing: apt-get install isal")
    [busy] = objects("busy", "50", "--one")
    objects("tiny", "13", "--median", "5", "--sigma", "0.05")
    large, huge = repeated(busy, 10), repeated(busy, 20)
    rounds = [stages() for _ in range(ROUNDS)]
    notes = rounds[0][1]

    def ratio(group, one, other):
        return statistics.median(times[group, one] / times[group, other] for times, _ in rounds)

    rows = [("50 MB: (gunzip + split) / gunzip", ratio("busy", "split", "gunzip"))]
    rows += [(f"50 MB: (gunzip + split + {count} rules) / gunzip", ratio("busy", f"rules{count}", "gunzip"))
             for count in (10, 100, 1000)]
    rows += [("50 MB: 1,000 rules / 10 rules", ratio("busy", "rules1000", "rules10")),
             ("50 MB, no gunzip: plain evaluator / engine, 100 rules", ratio("busy", "plain", "json")),
             ("tiny objects: share of time that is not gunzip", 1 - 1 / ratio("tiny", "rules100", "gunzip"))]
    count = int(next(line for line in notes if line.startswith("tiny:")).split()[1])
    rows += [("tiny objects a second, 100 rules", count / statistics.median(t["tiny", "rules100"] for t, _ in rounds))]
    for name, path in (("50 MB", busy), ("500 MB", large)):
        for rules in (10, 100):
            pairs = [(scan(rules, path)[0], process("igzip", "-dc", path)[0]) for _ in range(2 * ROUNDS)]
            rows.append((f"whole process, {name}, {rules} rules: scan / igzip", statistics.median(a / b for a, b in pairs)))
    rows += [(f"peak memory of scan, {name}, in MiB", scan(100, path)[1]) for name, path in (("50 MB", busy), ("1 GB", huge))]
    print("\n".join(notes))
    print("\n| | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value:,.0f} |" if value > 1000 else f"| {name} | {value:.2f} |")


main()

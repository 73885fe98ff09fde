#!/usr/bin/env python3
"""Computes what events cost and how much of Lambda they need, from the processor time that the function takes for them.

    .venv/bin/python benches/capacity.py BOOTSTRAP OBJECT.json.gz [--rules FILE] [--wait MS]

Plays the Runtime API with SQS batches of ten messages, each of which names one log file. Also plays S3, which waits for
--wait milliseconds before it responds; SNS is a moto server. The processor time of an invocation is that of the process's
own clock. The log files are cut from the records of OBJECT. The tables are for docs/capacity.md.
"""
import argparse
import gzip
import http.server
import json
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from function import BUCKET, ROOT, RuntimeApi, moto, start

# Records in a log file, and how many batches of ten to measure after a first one that is not measured.
SIZES = {5: 40, 100: 40, 1_000: 20, 10_000: 5}
BATCH = 10
MEMORY = (256, 512, 1024, 1769)  # MB; with 1769 a function has a whole processor

# Dollars in us-east-1: for a GB-second and a request of arm64 Lambda, for a request to SQS, for a GET of S3.
GB_SECOND, INVOCATION, SQS_REQUEST, S3_GET = 0.0000133334, 0.2e-6, 0.4e-6, 0.4e-6
# Requests to SQS for each message: it is sent alone, and received and deleted with nine others.
SQS_REQUESTS = 1 + 2 / BATCH


def log_files(path):
    """For each number of records, a log file with that many."""
    records = json.loads(gzip.decompress(path.read_bytes()))["Records"]
    compact = {"separators": (",", ":")}
    return {size: gzip.compress(json.dumps({"Records": records[:size]}, **compact).encode()) for size in SIZES}


def batch(key):
    notification = json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                                            "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]})
    return json.dumps({"Records": [{"messageId": str(number), "eventSource": "aws:sqs", "body": notification}
                                   for number in range(BATCH)]}).encode()


def processor(process):
    """Seconds of processor time of a process: its own clock, as clock_getcpuclockid(3) names it."""
    return time.clock_gettime((~process.pid << 3) | 2)


class S3(http.server.ThreadingHTTPServer):
    """Serves one log file for every request."""

    daemon_threads = True

    def __init__(self, body, wait):
        super().__init__(("127.0.0.1", 0), Answer)
        self.body, self.wait = body, wait
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        time.sleep(self.server.wait / 1000)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        pass


def measure(bootstrap, settings, batches):
    """Milliseconds of processor time, and in total, that a warm function takes for one log file."""
    api = RuntimeApi([batch(f"{at}.json.gz") for at in range(1 + batches)])
    process = start(bootstrap, api, settings, stdout=subprocess.DEVNULL)
    try:
        while not api.answers and process.poll() is None:
            time.sleep(0.0005)
        first, began, before = len(api.answers), time.perf_counter(), processor(process)
        while len(api.answers) < 1 + batches and process.poll() is None:
            time.sleep(0.0005)
        if process.poll() is not None:
            sys.exit(f"{bootstrap} ended")
        took, waited = processor(process) - before, time.perf_counter() - began
        failures = {answer for _, answer in api.answers if json.loads(answer).get("batchItemFailures") != []}
        if failures:
            sys.exit(f"not handled: {failures}")
        files = BATCH * (1 + batches - first) / 1000
        return took / files, waited / files
    finally:
        process.kill()
        process.wait()
        api.shutdown()


def seconds(spent, memory):
    """How long one log file keeps a function busy: its wait, and the processor time at the share that memory gives."""
    processor_time, whole = spent
    return (max(whole - processor_time, 0) + processor_time / min(memory / 1769, 1)) / 1000


def table(head, rows):
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bootstrap")
    parser.add_argument("object", type=pathlib.Path)
    parser.add_argument("--rules", type=pathlib.Path, default=ROOT / "benches/rules/200.yaml")
    parser.add_argument("--wait", type=float, default=50, help="milliseconds before S3 answers")
    arguments = parser.parse_args()

    import boto3
    server, endpoint = moto()
    try:
        options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        boto3.client("sns", **options).create_topic(Name="measured")
        spent = {}
        for size, body in log_files(arguments.object).items():
            s3 = S3(body, arguments.wait)
            settings = {"AWS_ENDPOINT_URL": endpoint, "RULES_FILE": str(arguments.rules),
                        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{s3.server_port}"}
            spent[size] = min(measure(arguments.bootstrap, settings, SIZES[size]) for _ in range(3))
            s3.shutdown()
    finally:
        server.kill()

    table(["records in a log file", *(f"{size:,}" for size in SIZES)],
          [["processor time per log file", *(f"{spent[size][0]:.2f} ms" for size in SIZES)],
           ["processor time per record", *(f"{spent[size][0] * 1000 / size:.1f} µs" for size in SIZES)],
           [f"total time per log file, if S3 takes {arguments.wait:.0f} ms", *(f"{spent[size][1]:.1f} ms" for size in SIZES)]])

    def gb_seconds(size, memory):
        return 1e6 / size * seconds(spent[size], memory) * memory / 1024

    table(["GB-seconds a million events", *(f"{size:,} records" for size in SIZES)],
          [[f"{memory} MB", *(f"{gb_seconds(size, memory):,.2f}" for size in SIZES)] for memory in MEMORY])

    def requests(size):
        files = 1e6 / size
        return files * SQS_REQUESTS, files / BATCH, files

    table(["requests a million events", *(f"{size:,} records" for size in SIZES)],
          [[name, *(f"{requests(size)[at]:,.0f}" for size in SIZES)]
           for at, name in enumerate(("SQS", "Lambda", "S3 GET"))])

    def dollars(size, memory):
        sqs, lambdas, gets = requests(size)
        return sqs * SQS_REQUEST + lambdas * INVOCATION + gets * S3_GET + gb_seconds(size, memory) * GB_SECOND

    table(["dollars a million events", *(f"{size:,} records" for size in SIZES)],
          [[f"{memory} MB", *(f"{dollars(size, memory):.4f}" for size in SIZES)] for memory in MEMORY])

    for events in (1e9, 1e10):
        files = {size: events / size / 86_400 for size in SIZES}
        busy = {size: files[size] * seconds(spent[size], MEMORY[0]) for size in SIZES}
        table([f"{events / 1e9:,.0f} billion events a day, {MEMORY[0]} MB", *(f"{size:,} records" for size in SIZES)],
              [["log files a second", *(f"{files[size]:,.1f}" for size in SIZES)],
               ["function instances at once", *(f"{busy[size]:,.1f}" for size in SIZES)],
               ["SQS requests a second", *(f"{files[size] * SQS_REQUESTS:,.1f}" for size in SIZES)],
               ["dollars a day", *(f"{dollars(size, MEMORY[0]) * events / 1e6:,.2f}" for size in SIZES)]])


if __name__ == "__main__":
    main()

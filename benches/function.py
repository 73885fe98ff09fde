#!/usr/bin/env python3
"""Measures start-up time and memory of the function, as a whole process.

    .venv/bin/python benches/function.py BOOTSTRAP [OTHER] [--rules FILE] [--object FILE.json.gz]

Plays the Runtime API for each binary. Start-up is the time from the start of the process to its first request for
work: the median of 10, with the binaries in turn. Memory is the peak of the resident set after one invocation on an
object, with S3 and SNS on a moto server: the smallest sample object, and FILE if it is given.
"""
import argparse
import http.server
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUCKET = "measured"


class RuntimeApi(http.server.ThreadingHTTPServer):
    """Serves events, and keeps the responses."""

    def __init__(self, events):
        super().__init__(("127.0.0.1", 0), Handler)
        self.events, self.answers = list(events), []
        self.asked, self.answered = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.set()
        if not self.server.events:
            time.sleep(60)  # no more work: the caller kills the process meanwhile
            return
        body = self.server.events.pop(0)
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 300_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:111122223333:function:f")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        answer = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answers.append((self.path, answer))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answered.set()

    def log_message(self, *_):
        pass


def start(bootstrap, api, settings, stdout=sys.stderr):
    environment = {
        "PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1", "RUST_LOG": "error",
        "RULES_FILE": str(ROOT / "rules.yaml"), "ALERT_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:measured",
        "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:measured", **settings,
    }
    return subprocess.Popen([bootstrap], env=environment, stdout=stdout)


def start_up(bootstrap, rules):
    api = RuntimeApi([])
    began = time.perf_counter()
    process = start(bootstrap, api, {"RULES_FILE": str(rules)})
    asked = api.asked.wait(30)
    took = time.perf_counter() - began
    process.kill()
    process.wait()
    api.shutdown()
    if not asked:
        sys.exit(f"{bootstrap} never asked for work")
    return took * 1000


def memory(bootstrap, endpoint, key):
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
              "s3": {"bucket": {"name": BUCKET}, "object": {"key": urllib.parse.quote(key)}}}
    api = RuntimeApi([json.dumps({"Records": [record]}).encode()])
    began = time.perf_counter()
    process = start(bootstrap, api, {"AWS_ENDPOINT_URL": endpoint})
    api.answered.wait(300)
    took = time.perf_counter() - began
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    process.kill()
    process.wait()
    api.shutdown()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    path, answer = api.answers[0]
    return peak / 1024, took, path.rsplit("/", 1)[1], answer.decode()


def moto():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([ROOT / ".venv/bin/moto_server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/")
            return server, endpoint
        except OSError:
            time.sleep(0.1)
    sys.exit("the moto server did not start")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bootstrap", nargs="+")
    parser.add_argument("--rules", type=pathlib.Path, default=ROOT / "rules.yaml", help="for the start-up")
    parser.add_argument("--object", type=pathlib.Path)
    arguments = parser.parse_args()

    times = {bootstrap: [] for bootstrap in arguments.bootstrap}
    for _ in range(11):
        for bootstrap in arguments.bootstrap:
            times[bootstrap].append(start_up(bootstrap, arguments.rules))
    for bootstrap, all_times in times.items():
        counted = all_times[1:]  # the first run warms the page cache
        print(f"{bootstrap}: start-up {statistics.median(counted):.1f} ms, from {min(counted):.1f} to {max(counted):.1f}")

    import boto3
    server, endpoint = moto()
    try:
        options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        s3 = boto3.client("s3", **options)
        s3.create_bucket(Bucket=BUCKET)
        boto3.client("sns", **options).create_topic(Name="measured")
        samples = sorted((ROOT / "events/bucket").rglob("*CloudTrail_*.json.gz"), key=lambda path: path.stat().st_size)
        for path in [samples[0], *([arguments.object] if arguments.object else [])]:
            s3.put_object(Bucket=BUCKET, Key=path.name, Body=path.read_bytes())
            for bootstrap in arguments.bootstrap:
                peak, took, outcome, answer = memory(bootstrap, endpoint, path.name)
                print(f"{bootstrap}: {path.name[-40:]} ({path.stat().st_size:,} bytes): peak {peak:.1f} MiB, {took:.2f} s, {outcome} {answer}")
    finally:
        server.kill()


if __name__ == "__main__":
    main()

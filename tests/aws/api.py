"""An HTTP server in front of the stand-in for AWS, for commands that need more of AWS than the stand-in has."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stand_in import BINARY

# The command line, built with the feature `aws`.
COMMAND = BINARY.with_name("trailbell")
# What S3 returns for a bucket without notifications.
NO_NOTIFICATIONS = b'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'


class Api(ThreadingHTTPServer):
    """The stand-in for AWS, with what it lacks: invocations of a function and event source mappings without Docker, a bucket's
    notifications as they were set, and unconfirmed subscriptions.
    """

    daemon_threads = True

    def __init__(self, endpoint):
        super().__init__(("127.0.0.1", 0), Handler)
        self.endpoint, self.function, self.mappings = endpoint, None, []
        self.notifications, self.unconfirmed = {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        bucket, _, query = self.path.replace("/?", "?").partition("?")
        if self.path.startswith("/2015-03-31/event-source-mappings"):
            self.answer(200, json.dumps({"EventSourceMappings": self.server.mappings}).encode())
        elif query.startswith("notification"):
            self.answer(200, self.server.notifications.get(bucket, NO_NOTIFICATIONS))
        else:
            self.forward()

    do_HEAD = do_GET

    def do_PUT(self):
        bucket = self.path.replace("/?", "?").partition("?")[0]
        self.server.notifications[bucket] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/":
            return self.forward(body)
        result = self.server.function.invoke(json.loads(body))
        failed = isinstance(result, dict) and "errorMessage" in result
        self.answer(200, json.dumps(result).encode(), {"X-Amz-Function-Error": "Unhandled"} if failed else {})

    def forward(self, body=None):
        request = urllib.request.Request(self.server.endpoint + self.path, body, dict(self.headers), method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower().startswith("x-amz")}
            content = answer.read()
            for arn in self.server.unconfirmed:
                content = content.replace(f"<SubscriptionArn>{arn}<".encode(), b"<SubscriptionArn>PendingConfirmation<")
            self.answer(answer.status, content, kept)

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

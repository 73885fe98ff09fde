"""MiniStack, an emulator of AWS that enforces IAM policies, over TLS, as a process of its own.

It listens on a free port of this machine only. Its files, its log among them, are in one folder, which `stop` removes. It ends with
the process that starts it.
"""

import datetime
import ipaddress
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ACCOUNT, REGION = "111122223333", "eu-west-1"
# The key of the account's root user.
ROOT_KEY = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
START_SECONDS = 60


class Emulator:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="trailbell-stack-"))
        self.log, self.authority = self.folder / "emulator.log", self.folder / "authority.pem"
        self.port = _free_port()
        # With a name in place of the address, the SDKs would ask DNS for BUCKET.NAME.
        self.url = f"https://127.0.0.1:{self.port}"
        certificate, key = _write_certificate(self.folder, self.authority)
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder),
            "PYTHONPATH": str(Path(__file__).parent),
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "AUTH": "true",
            "CLOUDTRAIL_RECORDING": "1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LAMBDA_EXECUTOR": "local",
            # Its own addresses, such as those that custom resources answer to, begin with https then.
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(key),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # Functions inherit these, in Rust and in Python.
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.authority),
            "SSL_CERT_FILE": str(self.authority),
        }
        # Its own command would also listen on port 443.
        command = [sys.executable, "-m", "hypercorn", "server:app", "--workers", "0", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--certfile", str(certificate), "--keyfile", str(key), "--keep-alive", "75"]
        with self.log.open("wb") as log:
            pipes = {"stdin": subprocess.PIPE, "stdout": log, "stderr": log}
            self.process = subprocess.Popen(command, env=environment, **pipes, start_new_session=True)
        try:
            self._wait()
        except BaseException:
            self.stop(keep_log=True)
            raise

    def client(self, service, **key):
        """A client of a service; of the root user, or with another access key."""
        config = Config(retries={"max_attempts": 1}, read_timeout=120, max_pool_connections=50)
        return boto3.client(service, REGION, endpoint_url=self.url, verify=str(self.authority), config=config, **(key or ROOT_KEY))

    def environment(self):
        """What commands such as `aws` need, to use this emulator."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.authority),
            "SSL_CERT_FILE": str(self.authority),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def kill(self):
        """Ends it and the functions that it runs, which are in its process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdin.close()

    def stop(self, keep_log=False):
        """Ends it and removes its files; may keep its log."""
        self.kill()
        for path in self.folder.iterdir():
            if path != self.log:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not keep_log:
            shutil.rmtree(self.folder)

    def _wait(self):
        trusted = ssl.create_default_context(cafile=self.authority)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", context=trusted, timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the emulator does not answer; its log is {self.log}")


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _write_certificate(folder, authority):
    """A certificate for 127.0.0.1 and its key, and the authority that issued it; all of them of today."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def issue(name, key, issuer, issuer_key, extensions):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=7))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer_key, hashes.SHA256())

    root_key, own_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trailbell tests")])
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    root = issue(root_name, root_key, root_name, root_key, [(x509.BasicConstraints(True, None), True), (identifier, False)])
    own = issue(own_name, own_key, root_name, root_key, [
        (x509.BasicConstraints(False, None), True),
        (x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ])
    pem = serialization.Encoding.PEM
    authority.write_bytes(root.public_bytes(pem))
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(own.public_bytes(pem))
    key.touch(0o600)
    key.write_bytes(own_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, key

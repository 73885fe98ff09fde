#!/usr/bin/env python3
"""Writes a log bucket with digests, as CloudTrail does, signed with a key of its own: test data for `trailbell verify`.

    .venv/bin/python scripts/digest_chain.py FOLDER [HOURS]

The layout, the fields and the signed text are those of "CloudTrail digest file structure" and "Custom implementations of CloudTrail
log file integrity validation" in the AWS CloudTrail User Guide. FOLDER/keys.json is what `aws cloudtrail list-public-keys` would print.
"""

import base64
import datetime
import gzip
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ACCOUNT, BUCKET = "111122223333", "central-logs"
BEGIN = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key):
    """The public key in DER of PKCS #1."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def fingerprint(key):
    """A name of the key, of the form that CloudTrail's have."""
    return hashlib.md5(public(key)).hexdigest()


def compact(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


def extended(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Chain:
    """A chain in a folder that takes the place of a bucket. Each digest is of an hour, with two log files."""

    folder: Path
    key: rsa.RSAPrivateKey
    region: str = "eu-west-1"
    trail: str = "my_trail"
    prefix: str = ""
    suffix: str = ""
    bucket: str = BUCKET
    digests: list = field(default_factory=list)

    def write(self, key, text):
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text))

    def log(self, start, minute):
        """A log file that is delivered at this minute; its entry in a digest."""
        time = start + datetime.timedelta(minutes=minute)
        name = f"{ACCOUNT}_CloudTrail_{self.region}_{time:%Y%m%dT%H%MZ}_Kq3vZt8LwXy{minute:02}RbNd.json.gz"
        key = f"{self.prefix}AWSLogs/{ACCOUNT}/CloudTrail/{self.region}/{time:%Y/%m/%d}/{name}"
        text = json.dumps({"Records": [{"eventVersion": "1.11", "eventTime": extended(time), "eventName": "GetUser"}]}).encode()
        self.write(key, text)
        return {
            "s3Bucket": self.bucket, "s3Object": key, "hashValue": hashlib.sha256(text).hexdigest(), "hashAlgorithm": "SHA-256",
            "newestEventTime": extended(time), "oldestEventTime": extended(time),
        }

    def digest(self, hour, minutes=(5, 30), first=False, **changes):
        """Writes the digest of an hour, which continues the last; its document and its signature."""
        start, end = BEGIN + datetime.timedelta(hours=hour), BEGIN + datetime.timedelta(hours=hour + 1)
        name = f"{ACCOUNT}_CloudTrail-Digest_{self.region}_{self.trail}_{self.region}_{compact(end)}{self.suffix}.json.gz"
        key = f"{self.prefix}AWSLogs/{ACCOUNT}/CloudTrail-Digest/{self.region}/{end:%Y/%m/%d}/{name}"
        document = {
            "awsAccountId": ACCOUNT, "digestStartTime": extended(start), "digestEndTime": extended(end),
            "digestS3Bucket": self.bucket, "digestS3Object": key, "digestPublicKeyFingerprint": fingerprint(self.key),
            "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": None, "oldestEventTime": None,
            "previousDigestS3Bucket": None, "previousDigestS3Object": None, "previousDigestHashValue": None,
            "previousDigestHashAlgorithm": None, "previousDigestSignature": None,
            "logFiles": [self.log(start, minute) for minute in minutes],
        }
        if self.digests and not first:
            last, text, signature = self.digests[-1]
            document |= {
                "previousDigestS3Bucket": self.bucket, "previousDigestS3Object": last["digestS3Object"],
                "previousDigestHashValue": hashlib.sha256(text).hexdigest(), "previousDigestHashAlgorithm": "SHA-256",
                "previousDigestSignature": signature,
            }
        document |= changes
        text = json.dumps(document).encode()
        self.write(key, text)
        self.digests.append((document, text, self.sign(document, text)))
        return key

    def signed_text(self, document, text):
        where = f"{document['digestS3Bucket']}/{document['digestS3Object']}"
        previous = document["previousDigestSignature"] or "null"
        return "\n".join([document["digestEndTime"], where, hashlib.sha256(text).hexdigest(), previous]).encode()

    def sign(self, document, text):
        return self.key.sign(self.signed_text(document, text), padding.PKCS1v15(), hashes.SHA256()).hex()


def write_keys(path, *keys):
    """What `aws cloudtrail list-public-keys` prints of these keys."""
    validity = {"ValidityStartTime": "2026-01-01T00:00:00+00:00", "ValidityEndTime": "2026-12-31T00:00:00+00:00"}
    listed = [{"Value": base64.b64encode(public(key)).decode(), "Fingerprint": fingerprint(key), **validity} for key in keys]
    path.write_text(json.dumps({"PublicKeyList": listed}, indent=4))


def main():
    folder = Path(sys.argv[1])
    chain = Chain(folder, new_key())
    for hour in range(int(sys.argv[2]) if len(sys.argv) > 2 else 6):
        chain.digest(hour)
    write_keys(folder / "keys.json", chain.key)


if __name__ == "__main__":
    main()

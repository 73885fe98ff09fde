"""`trailbell verify` on chains of digests that a script signs with keys of its own, by another library: an intact chain, and each way
to break one.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from api import COMMAND
from stand_in import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import digest_chain  # noqa: E402
from digest_chain import Chain, write_keys  # noqa: E402

# Making a key takes a while.
KEY, OTHER = digest_chain.new_key(), digest_chain.new_key()
ALL = "2026-03-02T09:00:00Z to 2026-03-02T15:00:00Z"


class Verify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "copy of a bucket"
        self.folder.mkdir()
        self.keys = Path(folder.name) / "keys.json"
        write_keys(self.keys, KEY)

    def chain(self, hours=6, **more):
        chain = Chain(self.folder, KEY, **more)
        for hour in range(hours):
            chain.digest(hour)
        return chain

    def verify(self, *paths, keys=None):
        command = [COMMAND, "verify", "--public-keys", keys or self.keys, *(paths or [self.folder])]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return run.returncode, run.stdout, run.stderr

    def finds(self, *wrong, status=1):
        """These faults and no others, each by its words."""
        code, output, error = self.verify()
        lines = [line for line in output.splitlines() if line.startswith("wrong ")]
        self.assertEqual((code, len(lines), error), (status, len(wrong), ""), output)
        for words in wrong:
            self.assertTrue(any(words in line for line in lines), f"{words}\n{output}")

    def path(self, chain, at):
        return self.folder / chain.digests[at][0]["digestS3Object"]

    def log(self, chain, at, nth=0):
        return self.folder / chain.digests[at][0]["logFiles"][nth]["s3Object"]

    def test_an_intact_chain_is_intact(self):
        self.chain()
        code, output, error = self.verify()
        self.assertEqual((code, error), (0, ""), output)
        lines = output.splitlines()
        self.assertEqual(lines[0], f"ok       111122223333 eu-west-1 my_trail_eu-west-1: 6 digests, 12 log files, {ALL}")
        self.assertIn("the signature of the newest digest AWSLogs", lines[1])
        self.assertEqual(lines[-1], "1 chain: intact")

    def test_each_region_trail_and_backfill_has_its_chain(self):
        self.chain()
        self.chain(region="us-east-1", prefix="a prefix/")
        self.chain(trail="other")
        self.chain(suffix="_backfill")
        code, output, _ = self.verify()
        self.assertEqual((code, output.splitlines()[-1]), (0, "4 chains: intact"), output)
        self.assertIn("my_trail_eu-west-1, backfill: 6 digests", output)

    def test_openssl_accepts_the_signatures_that_verify_accepts(self):
        openssl = shutil.which("openssl")
        if not openssl:
            self.skipTest("needs openssl")
        chain = self.chain(hours=2)
        document, text, signature = chain.digests[0]
        files = {name: self.keys.with_name(name) for name in ("signed", "signature", "key.der")}
        files["signed"].write_bytes(chain.signed_text(document, text))
        files["signature"].write_bytes(bytes.fromhex(signature))
        files["key.der"].write_bytes(digest_chain.public(KEY))
        pem = subprocess.run([openssl, "rsa", "-RSAPublicKey_in", "-inform", "DER", "-in", files["key.der"], "-pubout"], capture_output=True)
        self.keys.with_name("key.pem").write_bytes(pem.stdout)
        check = [openssl, "dgst", "-sha256", "-verify", self.keys.with_name("key.pem"), "-signature", files["signature"], files["signed"]]
        self.assertEqual(subprocess.run(check, capture_output=True, text=True).stdout, "Verified OK\n")
        self.assertEqual(self.verify()[0], 0)

    def test_a_log_file_that_is_changed_deleted_added_or_cut(self):
        chain = self.chain()
        changed, deleted, cut = self.log(chain, 1), self.log(chain, 2), self.log(chain, 3)
        changed.write_bytes(gzip.compress(b'{"Records":[]}'))
        deleted.unlink()
        cut.write_bytes(cut.read_bytes()[:-9])
        added = changed.with_name(changed.name.replace("Kq3v", "Zz9z"))
        shutil.copy(self.log(chain, 0), added)
        self.finds(f"{changed.name} was changed", f"{deleted.name} is missing", f"{cut.name} cannot be read", f"{added.name} is in no digest")

    def test_a_log_file_that_is_compressed_again_is_the_same(self):
        chain = self.chain()
        path = self.log(chain, 1)
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
        self.finds(status=0)

    def test_a_digest_that_is_deleted(self):
        chain = self.chain()
        self.path(chain, 2).unlink()
        missing = "the digests from 2026-03-02T11:00:00Z to 2026-03-02T12:00:00Z are missing"
        # Nothing vouches for its log files.
        self.finds(missing, f"{self.log(chain, 2).name} is in no digest", f"{self.log(chain, 2, 1).name} is in no digest")

    def test_two_digests_that_are_deleted_in_a_row(self):
        chain = self.chain()
        for at in (2, 3):
            self.path(chain, at).unlink()
            for nth in (0, 1):
                self.log(chain, at, nth).unlink()
        self.finds("the digests from 2026-03-02T11:00:00Z to 2026-03-02T13:00:00Z are missing")

    def test_a_digest_that_is_changed(self):
        chain = self.chain()
        document, _, _ = chain.digests[2]
        forged = json.dumps(document | {"logFiles": document["logFiles"][1:]}).encode()
        self.path(chain, 2).write_bytes(gzip.compress(forged))
        self.log(chain, 2).unlink()
        self.finds(f"{self.path(chain, 2).name} was changed")

    def test_a_chain_that_is_written_anew_with_another_key(self):
        chain = self.chain()
        forged = Chain(self.folder, OTHER)
        forged.digests = chain.digests[:2]
        for hour in range(2, 6):
            forged.digest(hour)
        code, output, _ = self.verify()
        self.assertEqual(code, 1)
        self.assertIn(f"no public key has the fingerprint {digest_chain.fingerprint(OTHER)}", output)
        # With the fingerprint of CloudTrail's key, the signatures are wrong.
        forged = Chain(self.folder, OTHER)
        forged.digests = chain.digests[:2]
        for hour in range(2, 6):
            forged.digest(hour, digestPublicKeyFingerprint=digest_chain.fingerprint(KEY))
        self.finds(*[f"the signature of the digest {path.relative_to(self.folder)} is wrong" for path in (self.path(forged, at) for at in (2, 3, 4))])

    def test_the_signature_of_the_newest_digest_is_taken_from_beside_it(self):
        chain = self.chain()
        beside = Path(f"{self.path(chain, 5)}.signature")
        beside.write_text(chain.digests[5][2] + "\n")
        code, output, _ = self.verify()
        self.assertEqual((code, "note " in output), (0, False), output)
        beside.write_text(chain.digests[4][2])
        self.finds(f"the signature of the digest {chain.digests[5][0]['digestS3Object']} is wrong")

    def test_a_copy_may_begin_anywhere_and_must_not_end_before_its_log_files(self):
        chain = self.chain()
        for at in (0, 1):
            self.path(chain, at).unlink()
        code, output, _ = self.verify()
        self.assertEqual(code, 0, output)
        self.assertIn("the digests before 2026-03-02T11:00:00Z are not here", output)
        # Without the last digests, the log files of more than two hours later have no proof.
        for at in (3, 4, 5):
            self.path(chain, at).unlink()
        self.finds(*[f"{path.name} is in no digest" for path in (self.log(chain, 5), self.log(chain, 5, 1))])

    def test_a_trail_that_was_stopped_begins_another_chain(self):
        chain = self.chain(hours=3)
        chain.digest(5, first=True)
        chain.digest(6)
        self.finds(status=0)

    def test_one_digest_in_the_place_of_another(self):
        chain = self.chain()
        shutil.copy(self.path(chain, 1), self.path(chain, 2))
        code, output, _ = self.verify()
        self.assertEqual(code, 1)
        self.assertIn("was put in the place of another, or renamed", output)
        self.assertIn("are missing", output)

    def test_hashes_in_capitals_are_the_same(self):
        chain = self.chain(hours=1)
        document = chain.digests[0][0]
        for log in document["logFiles"]:
            log["hashValue"] = log["hashValue"].upper()
        text = json.dumps(document).encode()
        self.path(chain, 0).write_bytes(gzip.compress(text))
        chain.digests[0] = (document, text, chain.sign(document, text))
        chain.digest(1)
        self.finds(status=0)

    def test_a_digest_names_nothing_outside_of_its_folder(self):
        outside = self.folder.parent / "secret.json.gz"
        outside.write_bytes(gzip.compress(b"secret"))
        chain = self.chain(hours=1)
        hashed = hashlib.sha256(b"secret").hexdigest()
        for key in ("AWSLogs/../../secret.json.gz", "/etc/passwd", "secret.json.gz"):
            entry = {"s3Bucket": "b", "s3Object": key, "hashValue": hashed, "hashAlgorithm": "SHA-256"}
            chain.digest(len(chain.digests), minutes=(), logFiles=[entry])
        self.finds(*["which is no log file of its folder"] * 3)

    def test_files_that_are_no_digests(self):
        chain = self.chain()
        for at, (content, words) in enumerate({
            b"": "cannot be read", gzip.compress(b"{}"): "it is no digest file", gzip.compress(b"[1")[:-2]: "cannot be read",
            gzip.compress(json.dumps(chain.digests[3][0] | {"digestSignatureAlgorithm": "none"}).encode()): "its algorithm is `none`",
            gzip.compress(json.dumps(chain.digests[4][0] | {"digestEndTime": "soon"}).encode()): "its time is `soon`",
        }.items()):
            with self.subTest(words):
                path = self.path(chain, at)
                kept = path.read_bytes()
                path.write_bytes(content)
                code, output, _ = self.verify()
                self.assertEqual(code, 1)
                self.assertIn(words, output)
                path.write_bytes(kept)

    def test_what_cannot_be_verified_at_all_exits_2(self):
        code, output, error = self.verify()
        self.assertEqual((code, output), (2, ""))
        self.assertIn("there are no digest files here", error)
        self.chain(hours=1)
        for text, words in {"": "no public keys", "{}": "no public keys", '{"PublicKeyList": []}': "its list is empty"}.items():
            self.keys.write_text(text)
            code, _, error = self.verify()
            self.assertEqual(code, 2)
            self.assertIn(words, error)
        self.assertIn("cannot be read", self.verify(keys=self.folder / "none.json")[2])
        write_keys(self.keys, KEY)
        self.assertIn("aws s3 sync s3://central-logs DIR", self.verify("s3://central-logs")[2])


if __name__ == "__main__":
    unittest.main()

"""A release: two runs give the same bytes, the unpacked files deploy without a build, and their rules can be checked."""

import hashlib
import io
import json
import logging
import os
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import unittest
import zipfile
from pathlib import Path

import boto3
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from moto.server import ThreadedMotoServer
from samtranslator.yaml_helper import yaml_parse
from stand_in import ROOT

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
MACHINES = {"arm64": 183, "x86_64": 62}
PACKED = [f"trailbell-{VERSION}-{kind}" for kind in ("lambda-arm64.zip", "lambda-x86_64.zip", "linux-arm64.tar.gz", "linux-x86_64.tar.gz")]
TEMPLATES = [f"trailbell-{VERSION}-cloudformation{kind}.yaml" for kind in ("-without-chat", "")]
BILLS = [f"trailbell-{VERSION}-{kind}-{processor}.cdx.json" for kind in ("lambda", "linux") for processor in MACHINES]
TERRAFORM = f"trailbell-{VERSION}-terraform.zip"
NAMES = sorted([*PACKED, *TEMPLATES, *BILLS, TERRAFORM])


def elf(processor):
    """The head of an ELF file, and something after it."""
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + MACHINES[processor].to_bytes(2, "little") + processor.encode() * 999


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        for processor in MACHINES:
            for name in ("function", "command"):
                (cls.folder / name / processor).mkdir(parents=True)
            (cls.folder / "function" / processor / "bootstrap").write_bytes(elf(processor))
            # A user's own overrides are not part of a release.
            (cls.folder / "function" / processor / "overrides.yaml").write_text("overrides: {}\n")
            (cls.folder / "command" / processor / "trailbell").write_bytes(elf(processor))
        cls.output = cls.pack("one")

    @classmethod
    def pack(cls, output, *processors):
        command = [sys.executable, ROOT / "scripts/release.py", "--binaries", cls.folder, "--output", cls.folder / output]
        run = subprocess.run([*command, *(processors or MACHINES)], capture_output=True, text=True)
        if run.returncode:
            raise AssertionError(run.stderr)
        return run.stdout

    def unpacked(self, processor):
        """The folder that unzip makes of the bundle, modes included, as zipfile does not."""
        name = f"trailbell-{VERSION}-lambda-{processor}"
        target = self.folder / f"unpacked-{processor}"
        with zipfile.ZipFile(self.folder / "one" / f"{name}.zip") as archive:
            archive.extractall(target)
            for entry in archive.infolist():
                (target / entry.filename).chmod(stat.S_IMODE(entry.external_attr >> 16))
        return target / name

    def test_two_runs_give_the_same_bytes_and_their_sums(self):
        # Another folder, another time, another mask of modes.
        old = os.umask(0o077)
        self.addCleanup(os.umask, old)
        self.pack("two", "x86_64", "arm64")
        self.assertEqual(sorted(path.name for path in (self.folder / "one").iterdir()), ["SHA256SUMS", *NAMES])
        for name in ("SHA256SUMS", *NAMES):
            self.assertEqual((self.folder / "one" / name).read_bytes(), (self.folder / "two" / name).read_bytes(), name)
        sums = [f"{hashlib.sha256((self.folder / 'one' / name).read_bytes()).hexdigest()}  {name}\n" for name in NAMES]
        self.assertEqual((self.folder / "one/SHA256SUMS").read_text(), "".join(sums))
        for name in NAMES:
            size = (self.folder / "one" / name).stat().st_size
            self.assertRegex(self.output, rf"(?m)^{name} +{size:,} +[0-9,]+$")

    def test_a_release_of_one_processor_leaves_nothing_of_an_earlier_one(self):
        self.pack("three")
        # A user may have unpacked one here.
        unpacked = f"trailbell-{VERSION}-lambda-arm64"
        (self.folder / "three" / unpacked).mkdir()
        self.pack("three", "x86_64")
        names = sorted(path.name for path in (self.folder / "three").iterdir())
        self.assertEqual(names, sorted(["SHA256SUMS", unpacked, *TEMPLATES, TERRAFORM, *(name for name in PACKED + BILLS if "x86_64" in name)]))

    def test_a_bill_of_materials_is_valid_and_names_the_crates_of_its_binary(self):
        locked = {(each["name"], each["version"]): each for each in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
        for name in BILLS:
            with self.subTest(name):
                text = (self.folder / "one" / name).read_text()
                self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text))
                bill = json.loads(text)
                crates = {(each["name"], each["version"]): each for each in bill["components"]}
                for crate, each in crates.items():
                    self.assertEqual(each["hashes"], [{"alg": "SHA-256", "content": locked[crate]["checksum"]}])
                    self.assertTrue(each["licenses"], crate)
                names = {crate for crate, _ in crates}
                self.assertLessEqual({"serde_json", "aws-sdk-s3", "regex", "aws-lc-rs"}, names)
                # The command line alone has a doctor; macros, tests and other platforms are in neither.
                self.assertEqual({"clap", "aws-sdk-cloudformation"} <= names, "linux" in name)
                self.assertFalse(names & {"serde_derive", "proptest", "insta", "windows-sys", "ring", "trailbell"})

    def test_the_terraform_module_is_complete(self):
        with zipfile.ZipFile(self.folder / "one" / TERRAFORM) as archive:
            files = {each.filename.split("/", 1)[1]: archive.read(each) for each in archive.infolist()}
        module = ROOT / "deploy/terraform"
        expected = {str(path.relative_to(module)): path.read_bytes() for path in module.rglob("*") if path.is_file()}
        template = (self.folder / "one" / f"trailbell-{VERSION}-cloudformation.yaml").read_bytes()
        expected |= {"trailbell.yaml": template, "LICENSE": (ROOT / "LICENSE").read_bytes()}
        self.assertEqual(files, expected)

    def test_names_are_in_order_and_have_no_time_and_fixed_modes(self):
        for name in PACKED:
            root = name.removesuffix(".zip").removesuffix(".tar.gz")
            content = io.BytesIO((self.folder / "one" / name).read_bytes())
            if name.endswith(".zip"):
                entries = [(one.filename, one.date_time, one.external_attr >> 16) for one in zipfile.ZipFile(content).infolist()]
                time, is_program = (1980, 1, 1, 0, 0, 0), f"{root}/function/bootstrap"
            else:
                members = tarfile.open(fileobj=content).getmembers()
                entries = [(one.name, one.mtime, 0o100000 | one.mode) for one in members]
                self.assertEqual({(one.uid, one.gid, one.uname, one.gname) for one in members}, {(0, 0, "", "")})
                time, is_program = 315532800, f"{root}/trailbell"
            self.assertEqual(entries, sorted(entries))
            for path, moment, mode in entries:
                self.assertTrue(path.startswith(f"{root}/"), path)
                self.assertEqual((moment, oct(mode)), (time, oct(0o100755 if path == is_program else 0o100644)), path)
            self.assertIn(is_program, [path for path, *_ in entries])
            self.assertNotIn("function/overrides.yaml", str(entries))

    def test_its_template_deploys_the_built_code(self):
        ours = yaml_parse((ROOT / "template.yaml").read_text())
        for processor in MACHINES:
            folder = self.unpacked(processor)
            template = yaml_parse((folder / "template.yaml").read_text())
            function = template["Resources"]["TrailbellFunction"]
            self.assertNotIn("Metadata", function)
            code = folder / function["Properties"]["CodeUri"]
            self.assertEqual((code / "bootstrap").read_bytes(), elf(processor))
            self.assertEqual((code / "rules.yaml").read_bytes(), (ROOT / "rules.yaml").read_bytes())
            architecture = template["Parameters"]["Architecture"]
            self.assertEqual((architecture["Default"], architecture["AllowedValues"]), (processor, [processor]))
            answers = (folder / "samconfig.example.toml").read_text()
            self.assertEqual(answers.count("Architecture="), answers.count(f'Architecture=\\"{processor}\\"'))
            # Everything else is unchanged.
            function["Metadata"], function["Properties"]["CodeUri"] = {"BuildMethod": "makefile"}, "."
            template["Parameters"]["Architecture"] = ours["Parameters"]["Architecture"]
            self.assertEqual(template, ours)
        lint = subprocess.run([Path(sys.executable).parent / "cfn-lint", folder / "template.yaml"], capture_output=True, text=True)
        self.assertEqual((lint.returncode, lint.stdout), (0, ""))

    def test_its_pages_link_to_existing_files(self):
        folder = self.unpacked("arm64")
        pages = list(folder.rglob("*.md"))
        self.assertIn(folder / "README.md", pages)
        for page in pages:
            for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
                if not link.startswith("https://"):
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")
        schema = re.match(r"# yaml-language-server: \$schema=(\S+)", (folder / "function/rules.yaml").read_text())[1]
        self.assertTrue((folder / "function" / schema).is_file())

    def test_its_rules_can_be_checked(self):
        trailbell = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/trailbell"
        rules = self.unpacked("arm64") / "function/rules.yaml"
        for command in ("check", "test"):
            run = subprocess.run([trailbell, command, rules], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_sam_uploads_it_unchanged(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        self.addCleanup(server.stop)
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        s3.create_bucket(Bucket="release-artifacts")
        folder = self.unpacked("x86_64")
        command = [Path(sys.executable).parent / "sam", "package", "--s3-bucket", "release-artifacts", "--region", "us-east-1"]
        environment = os.environ | {"AWS_ENDPOINT_URL": endpoint, "SAM_CLI_TELEMETRY": "0"}
        output = ["--output-template-file", "packaged.yaml"]
        run = subprocess.run([*command, *output], cwd=folder, env=environment, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        code = yaml_parse((folder / "packaged.yaml").read_text())["Resources"]["TrailbellFunction"]["Properties"]["CodeUri"]
        key = code.removeprefix("s3://release-artifacts/")
        with zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket="release-artifacts", Key=key)["Body"].read())) as archive:
            self.assertEqual(archive.read("bootstrap"), elf("x86_64"))
            self.assertTrue((archive.getinfo("bootstrap").external_attr >> 16) & 0o111)
            self.assertIn("rules.yaml", archive.namelist())
        # A longer template must be in a bucket (quotas of CloudFormation: template body), which sam does by itself.
        if (folder / "packaged.yaml").stat().st_size > 51_200:
            page = (ROOT / "docs/deploy.md").read_text()
            self.assertIn("aws cloudformation deploy --template-file packaged.yaml --s3-bucket ", page)

    def test_make_builds_what_is_packed(self):
        outer = ("MAKEFLAGS", "MAKELEVEL", "ARCH", "PROFILE", "ARTIFACTS_DIR")
        environment = {name: value for name, value in os.environ.items() if name not in outer}
        run = subprocess.run(["make", "--dry-run", "release"], cwd=ROOT, env=environment, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        built = run.stdout.replace("\\\n", "")
        # The function and the command line, for each processor.
        self.assertEqual(built.count(f"--remap-path-prefix={ROOT}=trailbell"), 4)
        self.assertEqual(len(re.findall(r"--remap-path-prefix=\S+/registry/src= ", built)), 4)
        for processor, target in (("arm64", "aarch64"), ("x86_64", "x86_64")):
            triple = rf"--profile dist --target {target}-unknown-linux-gnu\.2\.34 "
            self.assertRegex(built, rf'{triple}.*--bin bootstrap --lambda-dir "target/function/{processor}" ')
            self.assertRegex(built, rf"{triple}.*--bin trailbell --lambda-dir target/command/{processor} ")
        self.assertIn("scripts/release.py arm64 x86_64\n", built)

    def test_a_missing_or_wrong_binary_is_refused(self):
        wrong = self.folder / "wrong"
        (wrong / "function/arm64").mkdir(parents=True)
        named = [elf("arm64") + path.encode() for path in ("/home/a/.cargo/registry/src/b.rs", f"{ROOT}/src/lib.rs", "/elsewhere/b.rs")]
        named = [(content, "a folder of the machine") for content in named]
        for content, words in ((None, "cannot be read"), (elf("x86_64"), "is not for arm64"), *named):
            if content:
                (wrong / "function/arm64/bootstrap").write_bytes(content)
            command = [sys.executable, ROOT / "scripts/release.py", "--binaries", wrong, "--output", wrong / "out", "arm64"]
            run = subprocess.run(command, env=os.environ | {"CARGO_HOME": "/elsewhere"}, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn(words, run.stderr)
            self.assertFalse((wrong / "out").exists())


if __name__ == "__main__":
    unittest.main()

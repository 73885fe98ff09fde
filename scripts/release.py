#!/usr/bin/env python3
"""Packs the files of a release from built binaries: the function to deploy without Rust, and the command line. Beside them are
the templates for CloudFormation alone, the Terraform module round them, and the crates of each binary.

    python3 scripts/release.py [--binaries target] [--output target/release-VERSION] arm64 x86_64

For each processor it packs `BINARIES/function/PROCESSOR/bootstrap` and `BINARIES/command/PROCESSOR/trailbell`. The same
binaries give the same bytes: sorted names, no time of day, no owner, fixed modes. It exits 1 if a binary is missing or is for
another processor.
"""

import argparse
import gzip
import hashlib
import io
import os
import re
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import own_rules
import plain_template
import sbom

ROOT = Path(__file__).resolve().parents[1]
# The machine in the ELF header (elf.h: EM_AARCH64, EM_X86_64).
MACHINES = {"arm64": 183, "x86_64": 62}
# The deployed files, packed in `function/` with the records that the tests of the rules name.
DEPLOYED = ("rules.yaml", "rules.schema.json", "overrides.schema.json")
# The documentation, with everything that it links to.
BESIDE = (
    "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "docs/backfill.md", "docs/capacity.md",
    "docs/data-events.md", "docs/deploy.md", "docs/detection.md", "docs/detectors.md", "docs/images/report.png", "docs/investigate.md", "docs/lists.md",
    "docs/own-rules.md", "docs/rules.md", "docs/search.md", "docs/sql.md", "docs/trust.md", "forwarding.yaml", "src/filter/reference.md",
    "src/lint/lints.md",
)
# The paths that no binary may contain.
OF_THIS_MACHINE = {ROOT, Path.home(), Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")}
# The earliest time that a zip file can store.
MOMENT = (1980, 1, 1, 0, 0, 0)
SECONDS = 315532800


class Wrong(Exception):
    """Why a release cannot be made."""


def version():
    """The version in Cargo.toml."""
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]


def binary(path, processor):
    """The content of a binary for that processor."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Wrong(f"{path} cannot be read: {error.strerror}; `make release` builds it") from error
    if content[:4] != b"\x7fELF" or int.from_bytes(content[18:20], "little") != MACHINES[processor]:
        raise Wrong(f"{path} is not for {processor}")
    for place in ("/.cargo/registry", *(f"{folder}/" for folder in OF_THIS_MACHINE if folder != Path("/"))):
        if place.encode() in content:
            raise Wrong(f"{path} names `{place}`, a folder of the machine that built it; `make release` leaves that out")
    return content


def replaced(text, pattern, replacement):
    """The text with its only match of the pattern replaced."""
    text, count = re.subn(pattern, lambda _: replacement, text, flags=re.MULTILINE)
    if count != 1:
        raise Wrong(f"template.yaml has {count} places like `{pattern}`, not one")
    return text


def template(processor):
    """The template for built code, for one processor."""
    text = (ROOT / "template.yaml").read_text()
    text = replaced(text, r"^    Metadata:\n      BuildMethod: makefile\n", "")
    text = replaced(text, r"^      CodeUri: \.$", "      CodeUri: function")
    of_architecture = (
        f"  Architecture:\n    Type: String\n    Default: {processor}\n    AllowedValues: [{processor}]\n"
        "    Description: The processor that function/bootstrap was built for.\n"
    )
    return replaced(text, r"^  Architecture:\n(    .*\n)+", of_architecture)


def below(folder):
    """The files of a folder."""
    return (path for path in (ROOT / folder).rglob("*") if path.is_file())


def bundle(processor, bootstrap):
    """The files that deploy without a build, with their contents and modes."""
    files = {"function/bootstrap": (bootstrap, 0o755)}
    answers = (ROOT / "samconfig.example.toml").read_text().replace('Architecture=\\"arm64\\"', f'Architecture=\\"{processor}\\"')
    # Links to the deployed files.
    readme = re.sub(rf"\]\(({'|'.join(map(re.escape, DEPLOYED))})\)", r"](function/\1)", (ROOT / "README.md").read_text())
    texts = {"template.yaml": template(processor), "samconfig.example.toml": answers, "README.md": readme}
    files |= {name: (text.encode(), 0o644) for name, text in texts.items()}
    files |= {name: ((ROOT / name).read_bytes(), 0o644) for name in BESIDE}
    samples = [*below("docs/examples"), *below("events/bucket")]
    files |= {path.relative_to(ROOT).as_posix(): (path.read_bytes(), 0o644) for path in samples}
    deployed = [*(ROOT / name for name in DEPLOYED), *(ROOT / path for path in own_rules.files(ROOT)), *below("events/records"), *below("events/findings")]
    files |= {f"function/{path.relative_to(ROOT).as_posix()}": (path.read_bytes(), 0o644) for path in deployed}
    return files


def zipped(folder, files):
    """A zip of files below a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (content, mode) in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", MOMENT)
            # A regular file with the mode of Unix.
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def tarred(folder, files):
    """A gzipped tar of files below a folder."""
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as compressed, tarfile.open(fileobj=compressed, mode="w") as archive:
        for name, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode, entry.mtime = len(content), mode, SECONDS
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def module():
    """The files of the Terraform module, with the template that it deploys."""
    files = {path.relative_to(ROOT / "deploy/terraform").as_posix(): (path.read_bytes(), 0o644) for path in below("deploy/terraform")}
    return files | {"trailbell.yaml": (plain_template.text(True).encode(), 0o644), "LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644)}


def packed(binaries, processors):
    """The name and content of each file of the release, with the size of its binary."""
    number = version()
    for processor in processors:
        bootstrap = binary(binaries / "function" / processor / "bootstrap", processor)
        name = f"trailbell-{number}-lambda-{processor}"
        yield f"{name}.zip", zipped(name, bundle(processor, bootstrap)), len(bootstrap)
        command = binary(binaries / "command" / processor / "trailbell", processor)
        name = f"trailbell-{number}-linux-{processor}"
        files = {"trailbell": (command, 0o755), "LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644)}
        yield f"{name}.tar.gz", tarred(name, files), len(command)
    for kind, chat in {"cloudformation": True, "cloudformation-without-chat": False}.items():
        content = plain_template.text(chat).encode()
        yield f"trailbell-{number}-{kind}.yaml", content, len(content)
    name = f"trailbell-{number}-terraform"
    yield f"{name}.zip", zipped(name, module()), 0
    for processor in processors:
        for kind, of in {"lambda": "function", "linux": "command"}.items():
            content = sbom.text(of, processor).encode()
            yield f"trailbell-{number}-{kind}-{processor}.cdx.json", content, len(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", type=Path, default=ROOT / "target")
    parser.add_argument("--output", type=Path)
    parser.add_argument("processors", nargs="+", choices=sorted(MACHINES))
    arguments = parser.parse_args()
    output = arguments.output or ROOT / f"target/release-{version()}"
    try:
        files = list(packed(arguments.binaries, sorted(set(arguments.processors))))
    except Wrong as wrong:
        sys.exit(f"error: {wrong}")
    output.mkdir(parents=True, exist_ok=True)
    # A checksum without its file, or a file without its checksum, would fail the verification.
    for old in [path for kind in ("zip", "tar.gz", "yaml", "cdx.json") for path in output.glob(f"trailbell-*.{kind}")]:
        old.unlink()
    sums = {name: hashlib.sha256(content).hexdigest() for name, content, _ in files}
    for name, content, _ in files:
        (output / name).write_bytes(content)
    (output / "SHA256SUMS").write_text("".join(f"{total}  {name}\n" for name, total in sorted(sums.items())))
    print(f"{'in ' + str(output):44}{'packed':>12}{'binary':>12}")
    for name, content, size in files:
        print(f"{name:44}{len(content):12,}{size:12,}")


if __name__ == "__main__":
    main()

"""The files of one's own rules, below `rules.d`, that are deployed: those that trailbell reads, without the records of their tests.

    own_rules.py FOLDER

copies them into the folder.
"""

import os
import shutil
import sys
from pathlib import Path

ENDINGS = {".yaml", ".yml"}


def files(root: Path) -> list[Path]:
    """The rules files below `rules.d` in a folder, relative to that folder and in order; links are followed."""
    found = []
    for folder, folders, names in os.walk(root / "rules.d", followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS]
    return sorted(path.relative_to(root) for path in found if path.name != "overrides.yaml")


if __name__ == "__main__":
    for path in files(Path()):
        target = Path(sys.argv[1]) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)

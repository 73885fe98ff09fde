"""Takes pictures of the report on logs: `.venv/bin/python scripts/report_pictures.py [--folder target/report] PATH…`

It needs Chromium, chromedriver and a built command line (`cargo build`). The first alert is open in every picture.
"""

import argparse
import base64
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/report"))

from browser import MISSING, TRAILBELL, Browser  # noqa: E402

WIDE, PHONE = (1280, 1800), (390, 1800)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "target/report")
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    if MISSING:
        sys.exit(MISSING)
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    subprocess.run([TRAILBELL, "report", "--out", page, *arguments.paths], check=False)
    browser = Browser()
    try:
        browser.open(page)
        browser.picture(folder / "closed.png", *WIDE)
        browser.run("document.querySelector('summary').click()")
        browser.wait("document.querySelector('.record')")
        for name, size, scheme in (("light", WIDE, "light"), ("dark", WIDE, "dark"), ("phone", PHONE, "light")):
            browser.media(prefers_color_scheme=scheme)
            browser.picture(folder / f"{name}.png", *size)
        browser.run("document.getElementById('alerts').scrollIntoView()")
        browser.picture(folder / "alert.png", *WIDE)
        printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        (folder / "print.pdf").write_bytes(base64.b64decode(printed["data"]))
    finally:
        browser.close()
    print(f"pictures are in {folder}")


if __name__ == "__main__":
    main()

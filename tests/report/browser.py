"""Debian's Chromium, without a window and without a network, showing a report."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parents[2]
TRAILBELL = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug/trailbell"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")

# No Chromium, no tests: `unittest` reports each by its name, with this reason.
MISSING = None if CHROMIUM and DRIVER else "no Chromium: install Debian's chromium and chromium-driver"

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --force-prefers-reduced-motion"
).split()


class Browser:
    """One browser with an empty profile, which `close` removes."""

    def __init__(self, size=(1280, 900)):
        self.profile = tempfile.TemporaryDirectory(prefix="trailbell-report-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={self.profile.name}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.driver.set_script_timeout(60)
        # A new tab has requests of its own.
        self.driver.get("about:blank")
        self.driver.get_log("performance")

    def close(self):
        self.driver.quit()
        self.profile.cleanup()

    def open(self, page):
        """Opens a page and waits until its alerts are shown. A script that asks a question or shows a box fails the test."""
        # Whatever is injected would call one of these, or set a title.
        watch = "window.ran = []; for (const f of ['alert', 'confirm', 'prompt', 'print']) window[f] = (x) => ran.push(f + x);"
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": watch})
        self.driver.get(page.absolute().as_uri())
        self.wait("performance.getEntriesByName('ready').length > 0")

    def wait(self, condition):
        script = (
            "const done = arguments[0]; const until = performance.now() + 50000;"
            f"(function look() {{ if ({condition}) done(true);"
            "else if (performance.now() > until) done(false); else setTimeout(look, 20); })();"
        )
        assert self.driver.execute_async_script(script), f"it does not become true: {condition}"

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def errors(self):
        """What the console shows as a warning or an error."""
        return [line for line in self.driver.get_log("browser") if line["level"] != "INFO"]

    def requests(self):
        """The addresses that the page asked for, other than its own, and that its policy did not block."""
        messages = [json.loads(line["message"])["message"] for line in self.driver.get_log("performance")]
        of = lambda method: [one["params"] for one in messages if one["method"] == method]
        blocked = {one["requestId"] for one in of("Network.loadingFailed") if one.get("blockedReason") == "csp"}
        sent = [one["request"]["url"] for one in of("Network.requestWillBeSent") if one["requestId"] not in blocked]
        return [url for url in sent if not (url.startswith("file://") and url.endswith(".html"))]

    def media(self, **features):
        """Sets what the reader prefers, such as `prefers_color_scheme="dark"`."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": named})

    def picture(self, path, width, height):
        """Writes the top of the page as a picture."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.save_screenshot(str(path))
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

"""The page of `trailbell report` in a real browser: what it shows, that it filters and searches, and that nothing in it runs."""

import base64
import gzip
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from browser import MISSING, TRAILBELL, Browser
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# Texts that run, close an element or break a line if a page takes them for more than text.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</script><script>alert(3)</script>",
    "'-alert(4)-'",
    "javascript:alert(5)",
    "<!--<script>",
    "${alert(6)}{{alert(7)}}",
    "a\u2028b\u2029c",
    "\u202eevil\u202c\u0000\u0007\u001b[31m",
    "]]><svg onload=alert(8)>",
    "__proto__",
)


def record(number, **more):
    day, second = divmod(number * 181, 86_400)
    time = f"2026-03-{1 + day % 28:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    user = f"user-{number % 500}"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": f"AIDA{number % 500:016}",
            "arn": f"arn:aws:iam::{111122223333 + number % 3}:user/{user}",
            "accountId": str(111122223333 + number % 3),
            "accessKeyId": f"AKIA{number % 500:012}EXAM",
            "userName": user,
        },
        "eventTime": time,
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "awsRegion": ("us-east-1", "eu-west-1", "ap-southeast-2")[number % 3],
        "sourceIPAddress": f"198.51.{number // 200 % 100}.{number % 200}",
        "userAgent": "aws-cli/2.33.7 md/awscrt#0.31.0 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.4",
        "errorCode": None,
        "requestParameters": {"bucketName": f"bucket-{number}", "Host": f"bucket-{number}.s3.amazonaws.com"},
        "responseElements": None,
        "requestID": f"R{number:015}",
        "eventID": f"{number:08x}-0000-4000-8000-{number * 7919 % 2**48:012x}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": str(111122223333 + number % 3),
        "eventCategory": "Management",
        **more,
    }


def everywhere(value, texts):
    """The value with the next hostile text in place of every string."""
    if isinstance(value, dict):
        return {key: everywhere(one, texts) for key, one in value.items()}
    if isinstance(value, list):
        return [everywhere(one, texts) for one in value]
    return next(texts) if isinstance(value, str) else value


def rule(name, severity, condition="eventVersion exists", **more):
    fields = {"name": name, "severity": severity, "filter": condition, "aggregate_fields": ["request", "eventID"], **more}
    return json.dumps(fields)


@unittest.skipIf(MISSING, MISSING)
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="trailbell-report-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def report(self, rules, records):
        """The page of a scan with these rules, as JSON, and these records."""
        path = self.folder / f"{self.id().rsplit('.', 1)[1]}.html"
        path.with_suffix(".yaml").write_text("rules:\n" + "".join(f"- {one}\n" for one in rules))
        path.with_suffix(".json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), 1))
        arguments = ["report", "--rules", path.with_suffix(".yaml"), "--out", path, path.with_suffix(".json.gz")]
        run = subprocess.run([TRAILBELL, *arguments], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout), (0, ""), run.stderr)
        return path

    def show(self, rules, records):
        page = self.report(rules, records)
        self.browser.open(page)
        return page

    def tearDown(self):
        self.assertEqual(self.browser.errors(), [])
        self.assertEqual(self.browser.requests(), [])

    def count(self):
        return self.browser.run("return document.getElementById('count').textContent")

    def facet(self, title):
        """The rows of a chart: labels and counts."""
        return self.browser.run(
            "return [...document.querySelectorAll('.facet')].filter((one) => one.querySelector('h2').textContent === arguments[0])"
            ".flatMap((one) => [...one.querySelectorAll('li button')].map((row) => "
            "[row.querySelector('.label').textContent, parseInt(row.querySelector('.number').textContent.replace(/,/g, ''))]))",
            title,
        )

    def search(self, text):
        """Types into the search box, and returns the milliseconds until the page shows the result."""
        self.browser.run(
            "performance.clearMeasures(); const box = document.getElementById('query'); box.value = arguments[0];"
            "box.dispatchEvent(new Event('input'));",
            text,
        )
        self.browser.wait("performance.getEntriesByName('show').length > 0")
        return self.browser.run("return performance.getEntriesByName('show')[0].duration")

    def test_charts_count_the_alerts_and_bars_filter(self):
        records = [record(number) for number in range(30)]
        read = [{**record(number), "eventName": "GetObject"} for number in range(100, 110)]
        rules = [rule("Deletes", 1, 'eventName = "DeleteBucket"'), rule("Reads", 3, 'eventName = "GetObject"')]
        self.show(rules, records + read)
        self.assertEqual(self.count(), "40 alerts")
        self.assertEqual(self.facet("By severity"), [["SEV1 act now", 30], ["SEV3 audit", 10]])
        self.assertEqual(self.facet("By rule"), [["Deletes", 30], ["Reads", 10]])
        # 30 records from 0 and 10 from 100 on: by thirds, 10 + 3, 10 + 4 (100, 103, 106, 109 have the remainder 1), 10 + 3.
        self.assertEqual(self.facet("By region"), [["eu-west-1", 14], ["ap-southeast-2", 13], ["us-east-1", 13]])
        self.assertEqual(len(self.facet("By principal")), 8)
        heights = self.browser.run(
            "return [...document.querySelectorAll('.chart .slot rect:not(.hit)')].map((one) => one.getBoundingClientRect().height)"
        )
        self.assertTrue(heights and all(height > 0 for height in heights), heights)
        widths = self.browser.run("return [...document.querySelectorAll('.bar rect')].map((one) => one.getBoundingClientRect().width)")
        self.assertTrue(widths and all(width > 0 for width in widths), widths)

        self.browser.run("[...document.querySelectorAll('.facet li button')].find((one) => one.innerText.includes('Reads')).click()")
        self.assertEqual(self.count(), "10 of 40 alerts")
        # Other charts count what is left; the chart itself shows what else could be chosen.
        self.assertEqual(self.facet("By severity"), [["SEV3 audit", 10]])
        self.assertEqual(self.facet("By rule"), [["Deletes", 30], ["Reads", 10]])
        self.assertEqual(len(self.browser.driver.find_elements(By.CSS_SELECTOR, "#list details")), 10)
        self.browser.run("document.querySelector('#filters button').click()")
        self.assertEqual(self.count(), "40 alerts")

        slot = "[...document.querySelectorAll('.slot')].find((one) => one.querySelector('.fill1'))"
        self.browser.run(f"{slot}.dispatchEvent(new MouseEvent('click'))")
        self.assertRegex(self.count(), r"^\d+ of 40 alerts$")
        self.browser.run("document.getElementById('clear').click()")
        self.assertEqual(self.count(), "40 alerts")

    def test_an_alert_opens_to_its_story_its_steps_and_its_events(self):
        records = [record(number, requestParameters={"bucketName": "orders"}, size=12345678901234567890) for number in range(3)]
        self.show([rule("Three", 1, threshold=3, aggregate_fields=[], description="Ask {{user}} about it.")], records)
        self.assertEqual(self.count(), "1 alert")
        self.browser.run("document.querySelector('summary').click()")
        self.browser.wait("document.querySelector('.record')")
        body = self.browser.run("return document.querySelector('.body').innerText")
        for part in ("user-2 called DeleteBucket", "Ask user-2 about it.", "What to do next", "bucketName", "orders"):
            self.assertIn(part, body)
        shown = self.browser.run("return [...document.querySelectorAll('.record')].map((one) => one.textContent)")
        self.assertEqual(sorted(json.loads(one)["eventID"] for one in shown), sorted(one["eventID"] for one in records))
        self.assertEqual(json.loads(shown[0]), records[2])
        # A number keeps all of its digits, and the text is on lines.
        self.assertIn('\n  "size": 12345678901234567890,\n', shown[0])
        command = self.browser.run("return document.querySelector('.paste pre').textContent")
        self.assertTrue(command.startswith("aws cloudtrail lookup-events --region "), command)
        self.browser.driver.execute_cdp_cmd(
            "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        )
        self.browser.driver.find_element(By.CSS_SELECTOR, ".copy").click()
        self.browser.wait("document.getElementById('notice').textContent !== ''")
        self.assertEqual(self.browser.run("return document.getElementById('notice').textContent"), "Copied.")

    def test_ten_thousand_alerts_fit_and_are_searched_within_two_seconds(self):
        records = [record(number) for number in range(10_000)]
        records[7_000]["userAgent"] = "Needle/1.0 in the hay"
        page = self.show([rule("Deletes", 2)], records)
        self.assertLessEqual(page.stat().st_size, 25_000_000)
        self.assertEqual(self.count(), "10,000 alerts")
        self.assertLess(self.search("needle HAY"), 2_000)
        self.assertEqual(self.count(), "1 of 10,000 alerts")
        self.assertIn(records[7_000]["eventTime"], self.browser.run("return document.querySelector('#list').textContent"))
        self.assertLess(self.search("198.51.30.7"), 2_000)
        self.assertRegex(self.count(), r"^\d+ of 10,000 alerts$")
        self.assertLess(self.search(""), 2_000)
        self.assertEqual(self.count(), "10,000 alerts")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#list details').length"), 100)
        self.browser.run("document.getElementById('more').click()")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#list details').length"), 200)

    def test_no_text_of_a_record_runs_or_becomes_html(self):
        texts = []
        for at, text in enumerate(HOSTILE):
            hostile = everywhere(record(at), iter(lambda text=text: text, None))
            texts.append({**hostile, "eventTime": record(at)["eventTime"], "eventID": f"{text}{at}"})
        keys = {**record(50), "requestParameters": {text: {text: [text]} for text in HOSTILE}, "__proto__": {"x": 1}}
        self.show([rule("<script>alert(9)</script>", 1, title="{{user}} {{requestParameters}}", description="{{user}}")], [*texts, keys])
        self.assertEqual(self.count(), f"{len(HOSTILE) + 1} alerts")
        for summary in self.browser.driver.find_elements(By.CSS_SELECTOR, "summary"):
            summary.click()
        self.browser.wait(f"document.querySelectorAll('.record').length >= {len(HOSTILE) + 1}")
        self.assertEqual(self.browser.run("return window.ran"), [])
        found = self.browser.run("return [document.scripts.length, document.querySelectorAll('img, iframe, object, main svg[onload], [onerror]').length]")
        # The data, and the script of the page.
        self.assertEqual(found, [2, 0])
        text = self.browser.run("return document.body.textContent")
        for shown in ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "javascript:alert(5)", "\\u2028", "\\u202e"):
            self.assertIn(shown, text)
        visible = self.browser.run("return document.getElementById('page').textContent")
        for hidden in ("\u202e", "\u2028", "\u0000", "\u001b"):
            self.assertNotIn(hidden, visible)
        links = self.browser.run("return [...document.links].map((one) => one.protocol).filter((one) => !/^(https?|file):$/.test(one))")
        self.assertEqual(links, [])
        shown = self.browser.run("return [...document.querySelectorAll('.record')].map((one) => one.textContent)")
        for one in [*texts, keys]:
            self.assertIn(json.dumps(one, sort_keys=True), [json.dumps(json.loads(text), sort_keys=True) for text in shown])

    def test_the_policy_refuses_any_other_script(self):
        self.show([rule("Deletes", 1)], [record(1)])
        self.browser.run(
            "const made = document.createElement('script'); made.append('window.ran.push(1)');"
            "try { document.body.append(made); } catch {}"
            "const image = document.createElement('img'); image.src = 'https://example.com/x.png'; document.body.append(image);"
        )
        self.assertEqual(self.browser.run("return window.ran"), [])
        refused = " ".join(line["message"] for line in self.browser.errors())
        self.assertIn("Content Security Policy", refused)

    def test_the_keyboard_reaches_everything(self):
        self.show([rule("Deletes", 1), rule("Slow", 2, 'eventName = "X"')], [record(number) for number in range(5)])
        driver = self.browser.driver
        seen, active = [], lambda: driver.switch_to.active_element
        for _ in range(60):
            active_element = active()
            active_element.send_keys(Keys.TAB)
            name = self.browser.run(
                "const one = document.activeElement; return `${one.tagName.toLowerCase()}#${one.id}.${one.getAttribute('class') ?? ''}`"
            )
            seen.append(name)
            if name.startswith("summary"):
                break
        for part in ("a#.", "input#query.", "button#clear.", "g#.slot", "select#order.", "summary#."):
            self.assertIn(part, seen)
        active().send_keys(Keys.ENTER)
        self.browser.wait("document.querySelector('details[open] .record')")
        self.browser.run("document.querySelector('.slot[tabindex=\"0\"]').focus()")
        active().send_keys(Keys.END)
        active().send_keys(Keys.ENTER)
        self.assertRegex(self.count(), r"^\d of 5 alerts$")
        # The focus stays where it was, though the chart is drawn again.
        self.assertEqual(self.browser.run("return document.activeElement.getAttribute('aria-pressed')"), "true")

    def test_names_for_screen_readers(self):
        self.show([rule("Deletes", 1)], [record(number) for number in range(15)])
        self.browser.run("document.querySelector('summary').click()")
        self.browser.wait("document.querySelector('.record')")
        tree = self.browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node.get("ignored")]
        controls = [(role, name) for role, name in named if role in ("button", "searchbox", "combobox", "link", "textbox", "DisclosureTriangle")]
        self.assertEqual([one for one in controls if not one[1].strip()], [])
        self.assertIn(("heading", "trailbell report"), named)
        self.assertIn(("button", "user-0 1 alert"), controls)
        self.assertIn(("button", "2026-03-01 00:00 to 2026-03-01 00:01 UTC: 1 alert, 1 SEV1 act now"), controls)
        levels = self.browser.run("return [...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]))")
        self.assertTrue(all(later - before <= 1 for before, later in zip(levels, levels[1:])), levels)

    def test_colours_have_contrast_in_dark_and_light(self):
        self.show([rule("One", 1), rule("Two", 2, alone=True), rule("Three", 3, alone=True)], [record(number) for number in range(3)])
        for summary in self.browser.driver.find_elements(By.CSS_SELECTOR, "summary"):
            summary.click()
        self.browser.wait("document.querySelectorAll('.record').length >= 3")
        grounds = set()
        for scheme in ("light", "dark"):
            self.browser.media(prefers_color_scheme=scheme)
            found = self.browser.run(CONTRASTS)
            grounds.add(self.browser.run("return getComputedStyle(document.body).backgroundColor"))
            self.assertGreater(len(found), 50)
            self.assertEqual([one for one in found if one[0] < 4.5], [], scheme)
        self.browser.media()
        self.assertEqual(len(grounds), 2)

    def test_it_prints_with_every_listed_alert_open_and_without_controls(self):
        self.show([rule("Deletes", 1)], [record(number) for number in range(3)])
        printed = self.browser.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        self.assertTrue(base64.b64decode(printed["data"]).startswith(b"%PDF-"))
        self.browser.run("dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#list details[open] .record').length"), 3)
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        controls = "return ['#search', '.order', '.copy'].map((one) => document.querySelector(one).getClientRects().length)"
        self.assertEqual(self.browser.run(controls), [0, 0, 0])
        self.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        self.browser.run("dispatchEvent(new Event('afterprint'))")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#list details[open]').length"), 0)

    def test_it_fits_the_width_of_a_phone(self):
        self.show([rule("Deletes", 1)], [record(number) for number in range(30)])
        self.browser.run("document.querySelector('summary').click()")
        metrics = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
        self.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.browser.wait("document.querySelector('.record') && innerWidth === 360")
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)
        self.browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_without_scripts_the_counts_are_readable(self):
        page = self.report([rule("Deletes <b>", 1)], [record(number) for number in range(3)])
        self.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.browser.driver.get(page.absolute().as_uri())
        text = self.browser.driver.find_element(By.TAG_NAME, "body").text
        self.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        self.assertIn("SEV1 Deletes <b> 3", text)


# WCAG 2.2, 1.4.3: the contrast of every text with the ground behind it.
CONTRASTS = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
  .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
const ground = (one) => {
  for (; one; one = one.parentElement) {
    const color = parse(getComputedStyle(one).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const one = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !one.getClientRects().length || one.closest(".hidden")) continue;
  const style = getComputedStyle(one);
  const color = parse(one.namespaceURI.includes("svg") ? style.fill : style.color);
  const [a, b] = [light(color), light(ground(one))].sort((x, y) => y - x);
  found.push([(a + 0.05) / (b + 0.05), one.tagName, one.className.baseVal ?? one.className, style.color]);
}
return found;
"""

if __name__ == "__main__":
    unittest.main()

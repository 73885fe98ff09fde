//! `trailbell report`: the file, and the data in it. `tests/report/` looks at the page in a browser.

use std::{fs, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailbell::{
    alert::Alert,
    engine::{self, Evaluated},
    log_file::RawRecord,
    report::{KeptAlerts, PageLimits, RecentRecords, ReportAlert, ReportHead, page},
    rule::RuleSet,
};

use crate::{
    command::{Ran, folder, trailbell, trailbell_reading},
    real_logs,
};

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

/// The alerts in a page, and for each how many more events there are.
fn alerts(html: &str) -> Vec<(Value, u64)> {
    let packed = between(html, "<script type=\"text/plain\" id=\"data\">", "</script>");
    let mut lines = String::new();
    ZlibDecoder::new(&STANDARD.decode(packed).unwrap()[..]).read_to_string(&mut lines).unwrap();
    let alert = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["alert"].clone(), line["more"].as_u64().unwrap())
    };
    lines.lines().map(alert).collect()
}

fn record(id: &str, minute: u32, agent: &str) -> Value {
    json!({"eventVersion": "1.11", "eventID": id, "eventTime": format!("2026-03-02T09:{minute:02}:00Z"), "eventName": "X",
        "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "userAgent": agent, "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada", "userName": "ada"}})
}

fn report(test: &str, rules: &str, records: &[Value], more: &[&str]) -> (Ran, std::path::PathBuf) {
    let log = json!({"Records": records}).to_string();
    let root = folder(&format!("report-{test}"), &[("rules.yaml", rules.as_bytes()), ("log.json", log.as_bytes())]);
    let [rules, log, out] = ["rules.yaml", "log.json", "out.html"].map(|name| root.join(name).display().to_string());
    let arguments = [&["report", "--rules", &rules, "--out", &out][..], more, &[&log]].concat();
    (trailbell(&arguments), root.join("out.html"))
}

const EACH: &str = "rules: [{name: Each, severity: 2, filter: eventVersion exists, aggregate_fields: [eventID]}]\n";

#[test]
fn the_page_holds_what_scan_finds_on_real_logs() {
    let logs = real_logs::sample().display().to_string();
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", &logs]);
    let scanned: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(scanned.len() > 100);
    let out = folder("report-real", &[]).join("out.html");
    let reported = trailbell(&["report", "--out", out.to_str().unwrap(), &logs]);
    assert_eq!((reported.status, reported.stdout.as_str()), (0, ""), "{}", reported.stderr);
    // The same counts by rule, and a last line about the page.
    let tally = reported.stderr.strip_prefix(&ran.stderr).unwrap();
    assert!(tally.contains(&format!("out.html: {} alerts, ", scanned.len())), "{tally}");
    let alerts = alerts(&fs::read_to_string(&out).unwrap());
    assert_eq!(alerts.len(), scanned.len());
    for line in &scanned {
        let (alert, more) = alerts.iter().find(|(alert, _)| alert["id"] == line["alert_id"]).unwrap();
        assert_eq!(line["more"].as_u64().unwrap_or_default(), *more, "{line}");
        for (of_line, of_page) in
            [("rule", "rule"), ("id", "ruleId"), ("severity", "severity"), ("count", "count"), ("file", "file")]
        {
            assert_eq!(line[of_line], alert[of_page], "{line}");
        }
        for fact in ["eventID", "account", "region", "ip", "principal", "result", "outcome"] {
            assert_eq!(line[fact], alert["facts"][fact], "{line}");
        }
        // A long record is cut, so its text is compared.
        let own = alert["records"][0].as_str().unwrap();
        let id = line["eventID"].as_str().unwrap();
        assert!(own.contains(&format!("\"eventID\":\"{id}\"")), "{own}");
    }
}

#[test]
fn an_alert_has_the_records_of_its_events() {
    let rules =
        "rules: [{name: Three, severity: 1, filter: eventVersion exists, aggregate_fields: [], threshold: 3}]\n";
    let records: Vec<Value> = (0..5).map(|at| record(&at.to_string(), at, "a")).collect();
    let (ran, out) = report("events", rules, &records, &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let alerts = alerts(&fs::read_to_string(out).unwrap());
    let [(alert, more)] = &alerts[..] else { panic!("{alerts:?}") };
    let mut shown: Vec<Value> = alert["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(shown[0], records[2]);
    shown.sort_by_key(|record| record["eventID"].to_string());
    assert_eq!((&shown[..], alert["unlisted"].as_u64(), *more), (&records[..3], Some(0), 2));
    let steps = alert["sheet"]["steps"].as_array().unwrap();
    let commands: Vec<&str> = steps.iter().filter_map(|step| step["command"].as_str()).collect();
    assert!(commands[0].contains("--start-time 2026-03-02T08:00:00Z --end-time 2026-03-02T10:02:00Z"), "{commands:?}");
}

#[test]
fn nothing_of_a_record_is_outside_of_the_data() {
    let hostile = "</script><script>alert(1)</script>\u{2028}<!--";
    let rules = "rules: [{name: \"</title><script>alert(2)</script>\", severity: 2, filter: eventVersion exists, title: \"{{userAgent}}\"}]\n";
    let (ran, out) =
        report("hostile", rules, &[record("1", 0, hostile)], &["--filter", "userAgent contains \"</script>\""]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let html = fs::read_to_string(out).unwrap();
    assert_eq!(html.matches("</script>").count(), 2, "the data and the script of the page");
    assert!(!html.contains("alert(1)") && !html.contains("<script>alert(2)"));
    assert!(
        html.contains("&lt;/title&gt;&lt;script&gt;alert(2)") && html.contains("contains &quot;&lt;/script&gt;&quot;")
    );
    let alert = &alerts(&html)[0].0;
    assert_eq!(
        alert["records"][0].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap()),
        Some(record("1", 0, hostile))
    );
    assert!(!alert.to_string().contains('\u{2028}'));
}

/// "Content Security Policy Level 3", 6.7.3.3: the hash of the text between the tags.
#[test]
fn the_policy_names_the_hashes_of_the_pages_own_script_and_style() {
    let (_, out) = report("policy", EACH, &[record("1", 0, "a")], &[]);
    let html = fs::read_to_string(out).unwrap();
    let policy = between(&html, "<meta http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for (name, directive) in [("script", "script-src"), ("style", "style-src")] {
        let text = between(&html, &format!("<{name}>"), &format!("</{name}>"));
        let hash = STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}");
    }
    for other in ["http:", "https:", "data:", "unsafe", "*", "self"] {
        assert!(!policy.contains(other), "{policy}");
    }
}

#[test]
fn only_a_report_is_written_over() {
    let (ran, out) = report("again", EACH, &[record("1", 0, "a")], &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let [rules, log] = ["rules.yaml", "log.json"].map(|name| out.with_file_name(name).display().to_string());
    let again = trailbell(&["report", "--rules", &rules, "--out", out.to_str().unwrap(), &log]);
    assert_eq!(again.status, 0, "{}", again.stderr);
    let refused = trailbell(&["report", "--rules", &rules, "--out", &log, &log]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("is a file, and no report: remove it, or name another file with --out"),
        "{}",
        refused.stderr
    );
    assert!(fs::read_to_string(&log).unwrap().starts_with("{\"Records\""));
    let nowhere = trailbell(&["report", "--rules", &rules, "--out", "/no/such/folder/out.html", &log]);
    assert_eq!(nowhere.status, 2);
    assert!(nowhere.stderr.contains("/no/such/folder/out.html cannot be written: "), "{}", nowhere.stderr);
}

#[test]
fn standard_output_and_a_selection() {
    let lines: Vec<String> = (0..3).map(|at| record(&at.to_string(), at, "a").to_string()).collect();
    let rules = folder("report-out", &[("rules.yaml", EACH.as_bytes())]).join("rules.yaml").display().to_string();
    let selection = ["--since", "2026-03-02T09:01:00Z", "--until", "2026-03-02T09:02:00Z"];
    let arguments = [&["report", "--rules", &rules, "--out", "-"][..], &selection, &["-"]].concat();
    let ran = trailbell_reading(&arguments, lines.join("\n").as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let alerts = alerts(&ran.stdout);
    assert_eq!(alerts.iter().map(|(alert, _)| alert["facts"]["eventID"].clone()).collect::<Vec<_>>(), ["1"]);
    assert!(ran.stdout.contains("<dt>Since</dt><dd>2026-03-02T09:01:00Z</dd>"), "{}", &ran.stdout[..2000]);
}

#[test]
fn the_page_names_what_could_not_be_read() {
    let root = folder(
        "report-broken",
        &[
            ("rules.yaml", EACH.as_bytes()),
            ("a.json.gz", b"no gzip"),
            ("b.json", b"{\"eventVersion\":\"1\"}\n{\"eventVersion\n"),
        ],
    );
    let [rules, out] = ["rules.yaml", "out.html"].map(|name| root.join(name).display().to_string());
    let [one, two] = ["a.json.gz", "b.json"].map(|name| root.join(name).display().to_string());
    let ran = trailbell(&["report", "--rules", &rules, "--out", &out, &one, &two]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let html = fs::read_to_string(Path::new(&out)).unwrap();
    let problems = between(&html, "<ul class=\"problems\">", "</ul>");
    assert!(problems.contains("could not be read, or not to the end"), "{problems}");
    assert_eq!(alerts(&html).len(), 1);
    let missing = trailbell(&["report", "--rules", &rules, "--out", &out]);
    assert_eq!(missing.status, 2);
}

/// Of more alerts than have room, the page keeps the most severe, and names how many it leaves out.
#[test]
fn the_mildest_alerts_make_room() {
    let rule = |name: &str, severity: u8, agent: &str| {
        format!("  - {{name: {name}, severity: {severity}, filter: 'userAgent = \"{agent}\"'}}\n")
    };
    let rules = format!("rules:\n{}{}", rule("Mild", 3, "m"), rule("Severe", 1, "s"));
    let engine = engine::Engine::new(RuleSet::parse(&rules).unwrap().0);
    let (mut scratch, recent) = (engine::Scratch::default(), RecentRecords::new(0));
    let limits = PageLimits { lines: 20_000, ..PageLimits::default() };
    let packed = PageLimits { packed: 0, ..PageLimits::default() };
    for (limits, least, most) in [(limits, 2, 30), (packed, 0, 0), (PageLimits::default(), 40, 40)] {
        let mut kept = KeptAlerts::within(limits);
        for at in 0..40 {
            let text = record(&at.to_string(), at, if at % 10 == 9 { "s" } else { "m" }).to_string();
            let Evaluated::Record { findings, .. } = engine.evaluate(RawRecord::of(text.as_bytes()), &mut scratch)
            else {
                panic!("{text}")
            };
            let alert = Alert::new(findings[0].clone(), None, engine.accounts());
            kept.push(ReportAlert { alert: &alert, finding: &findings[0], file: "a.json" }, &recent);
        }
        let data = kept.packed(|_| 0);
        let html = page(&ReportHead::default(), &data);
        let alerts = alerts(&html);
        assert!((least..=most).contains(&alerts.len()), "{}", alerts.len());
        assert_eq!((data.alerts, data.left_out), (alerts.len(), 40 - alerts.len()));
        let severe = alerts.iter().filter(|(alert, _)| alert["severity"] == 1).count();
        assert_eq!(severe, 4.min(alerts.len()));
        assert_eq!(html.contains(&format!("{} more alerts", data.left_out)), data.left_out > 0);
    }
}

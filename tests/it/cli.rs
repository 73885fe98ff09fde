//! The command line as a user sees it: exit status, standard output and standard error of the real binary.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use crate::command::{Ran, command, folder, trailbell, trailbell_reading};
use insta::assert_snapshot;
use serde_json::{Value, json};

const PUT_IMAGE: &str = "events/records/ecr/put-image.json";

/// The exit status, whether standard output has text, and whether standard error has.
fn check(arguments: &[&str], status: i32, stdout: bool, stderr: bool) -> Ran {
    let ran = trailbell(arguments);
    assert_eq!(ran.status, status, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
    assert_eq!(!ran.stdout.is_empty(), stdout, "{arguments:?}\n{}", ran.stdout);
    assert_eq!(!ran.stderr.is_empty(), stderr, "{arguments:?}\n{}", ran.stderr);
    ran
}

/// A rules file that wants images, with these lines added to its one rule.
fn rule(lines: &str) -> String {
    format!("rules:\n  - name: Images\n    severity: 3\n    filter: eventName = \"PutImage\"\n{lines}")
}

fn record(name: &str, id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-03-02T09:00:00Z","eventSource":"ecr.amazonaws.com","eventName":"{name}","eventID":"{id}"}}"#
    )
}

/// An export of one rule of Threat Stack.
fn export(kind: &str) -> String {
    json!({"rules": [{"name": "Images", "type": kind, "severityOfAlerts": 2, "filter": "eventName = \"PutImage\""}]})
        .to_string()
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn every_command_ends_with_its_status() {
    let broken = rule("").replace("eventName = \"PutImage\"", "eventName == \"PutImage\"");
    let root = folder(
        "status",
        &[
            ("good.yaml", rule("    tests:\n      - match: put.json\n").as_bytes()),
            ("fails.yaml", rule("    tests:\n      - no_match: put.json\n").as_bytes()),
            ("missing.yaml", rule("    tests:\n      - match: gone.json\n").as_bytes()),
            ("untested.yaml", rule("").as_bytes()),
            ("bad.yaml", broken.as_bytes()),
            ("latin1.yaml", b"rules:\n  - name: \xe9\n"),
            ("put.json", record("PutImage", "1").as_bytes()),
            ("two.json", [record("PutImage", "1"), record("GetImage", "2")].join("\n").as_bytes()),
            ("broken.json", b"{\"eventID\":"),
            ("rules.json", export("CloudTrail").as_bytes()),
            ("hosts.json", export("Host").as_bytes()),
        ],
    );
    let path = |name: &str| show(&root.join(name));
    let (good, bad) = (path("good.yaml"), path("bad.yaml"));

    check(&["check", &good], 0, true, false);
    check(&["check", &bad], 1, true, false);
    check(&["check", &path("missing.yaml")], 1, true, false);
    check(&["check", &path("no such file")], 2, false, true);
    check(&["check", &path("latin1.yaml")], 2, false, true);

    check(&["test", &good], 0, true, false);
    check(&["test", &path("fails.yaml")], 1, true, false);
    check(&["test", &path("missing.yaml")], 1, true, false);
    check(&["test", &path("untested.yaml")], 2, true, true);
    check(&["test", &bad], 2, false, true);

    check(&["scan", "--rules", &good, &path("put.json")], 0, true, true);
    check(&["scan", "--rules", &good, &path("broken.json")], 1, false, true);
    check(&["scan", "--rules", &good, &path("no such file"), &path("put.json")], 1, true, true);
    check(&["scan", "--rules", &bad, &path("put.json")], 2, false, true);
    check(&["scan", "--rules", &good], 2, false, true);

    check(&["explain", "--rules", &good, "Images", &path("put.json")], 0, true, false);
    check(&["explain", "--rules", &good, "images", &path("put.json")], 0, true, false);
    check(&["explain", "--rules", &good, "Image", &path("put.json")], 2, false, true);
    check(&["explain", "--rules", &good, "Images", &path("two.json")], 0, true, false);
    check(&["explain", "--rules", &good, "Images", &path("broken.json")], 2, false, true);
    check(&["explain", "--rules", &bad, "Images", &path("put.json")], 2, false, true);

    check(&["preview", "--rules", &good, "Images", &path("put.json")], 0, true, false);
    check(&["preview", "--rules", &good, "Images", &path("two.json"), "--event-id", "1"], 0, true, false);
    check(&["preview", "--rules", &good, "Images", &path("two.json"), "--event-id", "2"], 2, false, true);
    check(&["preview", "--rules", &good, "Images", &path("broken.json")], 2, false, true);
    check(&["preview", "--rules", &bad, "Images", &path("put.json")], 2, false, true);

    check(&["import", &path("rules.json")], 0, true, true);
    check(&["import", &path("hosts.json")], 1, true, true);
    check(&["import", &path("broken.json")], 2, false, true);
    check(&["import", &good], 2, false, true);
    check(&["import", &path("no such file")], 2, false, true);

    check(&["--version"], 0, true, false);
    check(&["--help"], 0, true, false);
    check(&["help"], 0, true, false);
    check(&["help", "scan"], 0, true, false);
    check(&["help", "no such topic"], 2, false, true);
    check(&["no such command"], 2, false, true);
    check(&[], 2, false, true);
}

#[test]
fn version_and_help() {
    assert_eq!(trailbell(&["--version"]).stdout, format!("trailbell {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(trailbell(&["help", "filter"]).stdout, include_str!("../../src/filter/reference.md"));
    let help = trailbell(&["--help"]).stdout;
    for command in ["check", "test", "scan", "explain", "preview", "suppress", "invoke", "import", "help"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}\n{help}");
        let more = trailbell(&["help", command]).stdout;
        assert!(command == "help" || more.contains("Exit status: 0 "), "{more}");
    }
}

#[test]
fn check_prints_every_finding_and_a_tally() {
    let text = "rules:\n  - name: Images\n    severity: 4\n    filter: eventName == \"PutImage\"\n";
    let root = folder("check", &[("rules.yaml", text.as_bytes())]);
    let path = show(&root.join("rules.yaml"));
    let shown = |ran: &Ran| ran.stdout.replace(&path, "rules.yaml");

    let ran = check(&["check", &path], 1, true, false);
    assert_snapshot!(shown(&ran), @r#"
    error[bad-severity]: `4` is not a severity
     --> rules.yaml:3:15
      |
    3 |     severity: 4
      |               ^ expected 1, 2 or 3
      |
      = rule: Images
      = help: write 1 if an alert needs immediate action, 2 for review, 3 for audit

    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:4:23
      |
    4 |     filter: eventName == "PutImage"
      |                       ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`

    rules.yaml: 2 errors, 0 warnings
    "#);

    let ran = check(&["check", &path, "--format", "json"], 1, true, true);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        json!({"level": "error", "code": "bad-severity", "message": "`4` is not a severity", "rule": "Images",
            "path": path, "line": 3, "column": 15, "endLine": 3, "endColumn": 16, "label": "expected 1, 2 or 3", "notes": [],
            "help": "write 1 if an alert needs immediate action, 2 for review, 3 for audit"}),
        json!({"level": "error", "code": "unknown-operator", "message": "`==` is not an operator", "rule": "Images",
            "path": path, "line": 4, "column": 23, "endLine": 4, "endColumn": 25,
            "label": "expected `=`, `!=`, `in`, `like` or another operator", "notes": [], "help": "write `=`"}),
    ];
    assert_eq!(lines, expected);
    assert!(ran.stderr.ends_with("rules.yaml: 2 errors, 0 warnings\n"), "{}", ran.stderr);

    let ran = check(&["check", &path, "--format", "github"], 1, true, true);
    assert_snapshot!(shown(&ran), @"
    ::error file=rules.yaml,line=3,col=15,title=bad-severity::Images: `4` is not a severity: expected 1, 2 or 3%0Ahelp: write 1 if an alert needs immediate action, 2 for review, 3 for audit
    ::error file=rules.yaml,line=4,col=23,title=unknown-operator::Images: `==` is not an operator: expected `=`, `!=`, `in`, `like` or another operator%0Ahelp: write `=`
    ");
}

#[test]
fn warnings_change_no_status_and_are_printed_by_check_alone() {
    let root = folder("lints", &[("rules.yaml", rule("").replace("eventName", "eventname").as_bytes())]);
    let path = show(&root.join("rules.yaml"));
    let ran = check(&["check", &path], 0, true, false);
    assert!(ran.stdout.starts_with("warning[unknown-field]: CloudTrail records have no field `eventname`"));
    assert!(ran.stdout.ends_with("rules.yaml: 1 rule, 0 errors, 1 warning\n"), "{}", ran.stdout);
    let ran = check(&["check", &path, "--format", "github"], 0, true, true);
    assert!(ran.stdout.starts_with("::warning file="), "{}", ran.stdout);
    let ran = check(&["check", &path, "--format", "json"], 0, true, true);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap()["help"], json!("write `eventName`"));
    let ran = trailbell(&["test", &path]);
    assert!(!(ran.stdout + &ran.stderr).contains("unknown-field"));
}

#[test]
fn check_reads_rules_yaml_in_the_folder_and_reports_a_missing_test_file() {
    let text = rule("    tests:\n      - match: events/gone.json\n      - no_match: events\n");
    let root = folder("check-here", &[("rules.yaml", text.as_bytes()), ("events/there.json", b"{}")]);
    let output = command(&["check"]).current_dir(&root).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @"
    error[missing-test-file]: the record file `events/gone.json` does not exist
     --> rules.yaml:6:16
      |
    6 |       - match: events/gone.json
      |                ^^^^^^^^^^^^^^^^ expected the path of a file
      |
      = rule: Images
      = help: create the file, or correct the path, which is relative to the rules file

    error[missing-test-file]: the record file `events` does not exist
     --> rules.yaml:7:19
      |
    7 |       - no_match: events
      |                   ^^^^^^ expected the path of a file
      |
      = rule: Images
      = help: create the file, or correct the path, which is relative to the rules file

    rules.yaml: 2 errors, 0 warnings
    ");
}

#[test]
fn the_shipped_rules_are_clean_and_pass() {
    let ran = check(&["check"], 0, true, false);
    let findings: Vec<_> = ran.stdout.lines().filter(|line| !line.starts_with("note: ")).collect();
    assert!(findings.len() == 1 && findings[0].starts_with("rules.yaml: "), "{}", ran.stdout);
    assert!(findings[0].ends_with(" rules, 0 errors, 0 warnings"), "{}", ran.stdout);
    let ran = check(&["test"], 0, true, false);
    assert!(ran.stdout.ends_with(" passed, 0 failed\n") && ran.stdout.lines().count() == 1, "{}", ran.stdout);
}

#[test]
fn a_test_that_fails_names_rule_place_and_record() {
    let text = rule(
        "    tests:\n      - no_match: put.json\n      - match: put.json\n        set: {eventName: GetImage}\n      - match: two.json\n",
    );
    let two = [record("PutImage", "1"), record("GetImage", "2")].join("\n");
    let root = folder(
        "test-fails",
        &[
            ("rules.yaml", text.as_bytes()),
            ("put.json", record("PutImage", "1").as_bytes()),
            ("two.json", two.as_bytes()),
        ],
    );
    let output = command(&["test"]).current_dir(&root).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"
    FAILED Images
           rules.yaml:6: put.json: the rule must not match this record, but it matches it
           because eventName = "PutImage" is true (line 4)
           see: trailbell explain images put.json

    FAILED Images
           rules.yaml:7: put.json: the rule must match this record, but it does not match it
           because eventName = "PutImage" is false: saw "GetImage" (line 4)
           see: trailbell explain images put.json --set eventName=GetImage

    FAILED Images
           rules.yaml:9: two.json: the file holds more than one record; a test takes a file of one

    0 passed, 3 failed
    "#);
}

#[test]
fn rules_with_a_byte_order_mark_and_windows_line_ends() {
    let text = format!("\u{feff}{}", rule("    title: \"{{eventName}} by {{user\"\n").replace('\n', "\r\n"));
    let good = format!("\u{feff}{}", rule("").replace('\n', "\r\n"));
    let root = folder(
        "windows",
        &[
            ("bad.yaml", text.as_bytes()),
            ("good.yaml", good.as_bytes()),
            ("put.json", record("PutImage", "1").as_bytes()),
        ],
    );
    let path = show(&root.join("good.yaml"));
    assert!(check(&["check", &path], 0, true, false).stdout.ends_with("good.yaml: 1 rule, 0 errors, 0 warnings\n"));
    let ran = check(&["scan", "--format", "jsonl", "--rules", &path, &show(&root.join("put.json"))], 0, true, true);
    assert!(ran.stdout.contains(r#"{"rule":"Images","id":"images","#), "{}", ran.stdout);
    let ran = check(&["check", &show(&root.join("bad.yaml"))], 1, true, false);
    assert_snapshot!(ran.stdout.replace(&show(&root), ""), @r#"
    error[unclosed-field]: `{{` has no closing `}}`
     --> /bad.yaml:5:30
      |
    5 |     title: "{{eventName}} by {{user"
      |                              ^^ opened here
      |
      = rule: Images
      = help: write a field as `{{eventName}}`, or the characters as `\{{`

    /bad.yaml: 1 error, 0 warnings
    "#);
}

#[test]
fn scan_prints_json_lines_with_keys_in_this_order() {
    let root = folder("jsonl", &[("a.json", record("PutImage", "1").as_bytes())]);
    let bare = br#"{"eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage"}"#;
    let path = show(&root.join("a.json"));
    let ran = check(&["scan", "--format", "jsonl", &path], 0, true, true);
    let line = |id: &str, time: &str, file: &str| {
        format!(
            r#"{{"rule":"CloudTrail: ECR Put Image","id":"cloudtrail-ecr-put-image","severity":3,"eventID":{id},"eventTime":{time},"eventSource":"ecr.amazonaws.com","eventName":"PutImage","principal":null,"user":null,"ip":null,"accessKey":null,"account":null,"region":null,"result":"success","outcome":"success","title":"undefined pushes image","file":"{file}"}}"#
        ) + "\n"
    };
    assert_eq!(ran.stdout, line(r#""1""#, r#""2026-03-02T09:00:00Z""#, &path));
    let ran = trailbell_reading(&["scan", "--format", "jsonl", "-"], bare);
    assert_eq!((ran.status, ran.stdout), (0, line("null", "null", "-")));
}

#[test]
fn scan_prints_lines_in_the_order_of_files_and_records() {
    // The first file is by far the longest, so that the others are done before it.
    let ids =
        |from: usize, to: usize| -> Vec<String> { (from..to).map(|id| record("PutImage", &id.to_string())).collect() };
    let files: Vec<(String, String)> = (0..8)
        .map(|at| (format!("{at}.json"), ids(at * 3000, if at == 0 { 3000 } else { at * 3000 + 2 }).join("\n")))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let root = folder("order", &files);
    let paths: Vec<String> = (0..8).map(|at| show(&root.join(format!("{at}.json")))).collect();
    let found = |paths: &[&str]| -> Vec<usize> {
        let arguments = [&["scan", "--format", "jsonl"], paths].concat();
        let lines = check(&arguments, 0, true, true).stdout;
        let id = |line: &str| line.split("\"eventID\":\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        lines.lines().map(id).collect()
    };
    let in_order: Vec<usize> = (0..3000).chain((1..8).flat_map(|at| [at * 3000, at * 3000 + 1])).collect();
    assert_eq!(found(&[&show(&root)]), in_order);
    assert_eq!(found(&paths.iter().map(String::as_str).collect::<Vec<_>>()), in_order);
    // The order of the arguments is the order of the lines.
    assert_eq!(found(&[&paths[2], &paths[1]]), [6000, 6001, 3000, 3001]);
}

#[test]
fn scan_reads_the_log_files_in_folders_and_skips_other_files() {
    let one = record("PutImage", "1");
    let root = folder(
        "walk",
        &[
            ("b/AWSLogs/1/CloudTrail/x.json", one.as_bytes()),
            ("b/AWSLogs/1/CloudTrail-Digest/x.json", b"{\"digest\":true}"),
            ("a.json", one.as_bytes()),
            ("c.txt", b"no log"),
            ("d.json.gz", b"not gzip"),
        ],
    );
    let ran = check(&["scan", "--format", "jsonl", &show(&root)], 1, true, true);
    let files: Vec<&str> = ran.stdout.lines().map(|line| line.rsplit("\"file\":").next().unwrap()).collect();
    assert_eq!(
        files,
        [format!("\"{}/a.json\"}}", show(&root)), format!("\"{}/b/AWSLogs/1/CloudTrail/x.json\"}}", show(&root))]
    );
    assert!(ran.stderr.ends_with("3 files, 2 records, 2 matches, 1 failed, 2 passed over\n"), "{}", ran.stderr);
    // A file that is an argument is read, whatever its name.
    let ran = check(&["scan", &show(&root.join("c.txt"))], 1, false, true);
    assert!(ran.stderr.contains("c.txt: neither gzip nor a JSON object"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn scan_reads_folders_by_content_and_each_file_once_and_names_what_it_passes_over() {
    use std::os::unix::fs::symlink;
    let lines = |from: usize| format!("{}\n", record("PutImage", &from.to_string()));
    let gzip = |text: String| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let root = folder(
        "content",
        &[
            ("in/1.jsonl", lines(1).as_bytes()),
            ("in/2.ndjson", lines(2).as_bytes()),
            ("in/3.gz", &gzip(lines(3))),
            ("in/4.log", lines(4).as_bytes()),
            ("in/5", lines(5).as_bytes()),
            ("elsewhere/6.json", lines(6).as_bytes()),
            ("elsewhere/7.txt", lines(7).as_bytes()),
            ("in/notes.md", b"# Notes\n\nNothing."),
            ("in/package.json", b"{\"name\": \"x\"}"),
            ("in/empty", b""),
        ],
    );
    symlink("../elsewhere", root.join("in/linked")).unwrap();
    symlink("../elsewhere", root.join("elsewhere/circle")).unwrap();
    symlink("1.jsonl", root.join("in/again.jsonl")).unwrap();
    let ids = |stdout: &str| -> Vec<String> {
        let mut ids: Vec<String> =
            stdout.lines().map(|line| line.split("\"eventID\":\"").nth(1).unwrap()[..1].to_owned()).collect();
        ids.sort();
        ids
    };
    let input = show(&root.join("in"));
    let ran = check(&["scan", "--format", "jsonl", &input, &show(&root.join("elsewhere"))], 0, true, true);
    assert_eq!(ids(&ran.stdout), ["1", "2", "3", "4", "5", "6", "7"], "{}", ran.stderr);
    for (name, reason) in [("notes.md", "it starts with"), ("package.json", "neither a record"), ("empty", "empty")] {
        let named = ran
            .stderr
            .lines()
            .any(|line| line.starts_with(&format!("passed over: {input}/{name}: ")) && line.contains(reason));
        assert!(named, "{name}\n{}", ran.stderr);
    }
    assert!(ran.stderr.ends_with("7 files, 7 records, 7 matches, 3 passed over (1 empty object)\n"), "{}", ran.stderr);
    // What could be CloudTrail's and cannot be read fails.
    for (name, content) in [
        ("packed", &b"PK\x03\x04\x14\0\0\0"[..]),
        ("table.csv", b"eventversion,eventname,eventid\n1,2,3\n"),
        ("cut.json", b"{\"eventVersion\":\"1.08\",\"eventID\":"),
        ("list.json", br#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3"}]}"#),
        ("named.json", b"no JSON"),
    ] {
        let root = folder(
            &format!("content-{name}"),
            &[("in/1.jsonl", lines(1).as_bytes()), (&format!("in/{name}"), content)],
        );
        let ran = check(&["scan", &show(&root.join("in"))], 1, true, true);
        assert!(ran.stderr.contains(&format!("{name}: ")) && ran.stderr.contains("1 match, 1 "), "{}", ran.stderr);
    }
}

#[test]
fn scan_reads_the_lines_beside_a_broken_one_and_counts_no_list_of_other_things_as_evaluated() {
    let broken = format!("{}\n{{\"eventID\":\"\n{}\n", record("PutImage", "1"), record("PutImage", "2"));
    let ran = trailbell_reading(&["scan", "-"], broken.as_bytes());
    assert_eq!((ran.status, ran.stdout.lines().count()), (1, 2), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("1 file, 2 records, 2 matches, 1 unparsable\n"), "{}", ran.stderr);
    let ran =
        trailbell_reading(&["scan", "-"], br#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3"},{"a":1}]}"#);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.ends_with("1 file, 0 records, 0 matches, 2 unparsable\n"), "{}", ran.stderr);
    // The errors of a file are bounded.
    let many = vec!["{}"; 1000].join(",");
    let ran = trailbell_reading(&["scan", "-"], format!("[{many}]").as_bytes());
    assert_eq!(ran.stderr.lines().count(), 22, "{}", ran.stderr);
    assert!(ran.stderr.contains("980 more records"), "{}", ran.stderr);
}

#[test]
fn a_test_on_a_file_without_records_of_cloudtrail_fails() {
    for (name, content) in [
        ("list", &br#"[{"EventId":"1","EventName":"StopLogging"}]"#[..]),
        (
            "notification",
            br#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}"#,
        ),
        ("names", br#"["StopLogging"]"#),
    ] {
        let rules = "rules:\n  - name: Stop\n    severity: 1\n    filter: eventName = \"StopLogging\"\n    tests:\n      - no_match: r.json\n";
        let root = folder(&format!("no-record-{name}"), &[("rules.yaml", rules.as_bytes()), ("r.json", content)]);
        let output = command(&["test"]).current_dir(&root).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("0 passed, 1 failed"), "{name}");
    }
}

#[test]
fn scan_counts_by_rule_on_standard_error() {
    let ran = check(&["scan", "events/bucket"], 0, true, true);
    assert_snapshot!(ran.stderr, @"
    passed over: events/bucket/trailbell-demo-logs/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/02/111122223333_CloudTrail-Digest_us-east-1_demo-trail_us-east-1_20260302T101500Z.json.gz: a digest of CloudTrail, which holds no records
            1  SEV3  CloudTrail: ECR Delete Repository
            1  SEV1  CloudTrail: ECR Image Scan Findings – Severity CRITICAL
            1  SEV1  CloudTrail: ECR Image Scan Findings – Severity HIGH
            1  SEV3  CloudTrail: ECR Put Image
            1  SEV3  CloudTrail: ECR Set Repository Policy
            1  SEV3  CloudTrail: SSM Resume Session
            1  SEV3  CloudTrail: SSM Session Terminated
            1  SEV3  CloudTrail: SSM Start Session
            2  SEV1  CloudTrail: Trail Stopped And Data Read
            1  SEV2  CloudTrail: EBS Snapshot Made And Shared
            1  SEV1  CloudTrail: ECR Repository Open To Everybody
            1  SEV3  CloudTrail: Lambda Change Function
            1  SEV2  CloudTrail: SSM Parameters Read In Bulk
            3  SEV2  CloudTrail: Denied Calls
            3  SEV2  CloudTrail: Discovery With A Long-Lived Key
            1  SEV2  CloudTrail: IAM Read With A Long-Lived Key
            5  SEV2  CloudTrail: Discovery By A Machine
           15  SEV2  CloudTrail: Discovery By A Role
           10  SEV2  CloudTrail: Discovery By A Person
           25  SEV2  CloudTrail: New Kinds Of Calls
            1  SEV3  CloudTrail: New Address Of A Long-Lived Key
    3 files, 51 records, 77 matches, 1 passed over
    ");
    let critical = ran.stdout.lines().find(|line| line.contains("Severity CRITICAL")).unwrap();
    assert_eq!(
        critical,
        "2026-03-02T09:03:12Z  SEV1  CloudTrail: ECR Image Scan Findings – Severity CRITICAL  |  \
         dana.reyes@example.com reads 1 CRITICAL findings in shop/web:1.42.0  |  5108d45a-3a0b-4176-82fd-502cdbf880d8  \
         events/bucket/trailbell-demo-logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/\
         111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz"
    );
}

#[test]
fn scan_reads_standard_input_in_every_shape() {
    let (one, two) = (record("PutImage", "1"), record("PutImage", "2"));
    let lookup = json!({"Events": [{"EventId": "1", "CloudTrailEvent": one}, {"CloudTrailEvent": two}]});
    for input in [
        format!(r#"{{"Records":[{one},{two}]}}"#),
        format!("[{one},{two}]"),
        format!("{one}\n{two}\n"),
        format!("\u{feff}{one}{two}"),
        lookup.to_string(),
        lookup["Events"].to_string(),
        json!([one, two]).to_string(),
        json!([{"detail-type": "x", "detail": serde_json::from_str::<serde_json::Value>(&one).unwrap()},
            {"detail-type": "x", "detail": serde_json::from_str::<serde_json::Value>(&two).unwrap()}])
        .to_string(),
    ] {
        let ran = trailbell_reading(&["scan", "-"], input.as_bytes());
        assert_eq!((ran.status, ran.stdout.lines().count()), (0, 2), "{input}\n{}", ran.stderr);
        assert!(ran.stdout.lines().next().unwrap().contains("|  1  -"), "{}", ran.stdout);
    }
}

#[test]
fn disabled_rules_are_tested_and_not_scanned() {
    let text = rule("    enabled: false\n    tests:\n      - match: put.json\n");
    let root = folder("disabled", &[("rules.yaml", text.as_bytes()), ("put.json", record("PutImage", "1").as_bytes())]);
    let (rules, put) = (show(&root.join("rules.yaml")), show(&root.join("put.json")));
    assert_eq!(check(&["test", &rules], 0, true, false).stdout, "1 passed, 0 failed\n");
    let ran = check(&["scan", "--rules", &rules, &put], 0, false, true);
    assert_eq!(ran.stderr, "1 file, 1 record, 0 matches\n");
}

#[test]
fn explain_shows_what_every_condition_saw() {
    let ran =
        check(&["explain", "CloudTrail: ECR Put Image", "events/records/ecr/batch-get-image.json"], 0, true, false);
    assert_snapshot!(ran.stdout, @r#"
    CloudTrail: ECR Put Image: does not match
    false  and
    true     event_type = "cloudtrail"   saw "cloudtrail"
    true     eventSource = "ecr.amazonaws.com"   saw "ecr.amazonaws.com"
    false    eventName = "PutImage"   saw "BatchGetImage"
    "#);
    let by_id = check(&["explain", "cloudtrail-ecr-put-image", PUT_IMAGE], 0, true, false);
    assert!(by_id.stdout.starts_with("CloudTrail: ECR Put Image: matches\n"), "{}", by_id.stdout);
    let ran = check(&["explain", "CloudTrail: ECR Put Imag", PUT_IMAGE], 2, false, true);
    assert_eq!(
        ran.stderr,
        "error: there is no rule `CloudTrail: ECR Put Imag`; did you mean `CloudTrail: ECR Put Image`?\n"
    );
}

#[test]
fn explain_finds_a_record_by_its_event_id() {
    let events = [("GetImage", "1"), ("GetImage", "2"), ("PutImage", "2"), ("PutImage", "4"), ("PutImage", "4")];
    let file = events.map(|(name, id)| record(name, id)).join("\n");
    let root = folder("explain", &[("five.json", file.as_bytes())]);
    let path = show(&root.join("five.json"));
    let rule = "CloudTrail: ECR Put Image";
    let ran = check(&["explain", rule, &path], 2, false, true);
    assert!(ran.stderr.contains("the rule matches 2 of 5 records; choose one: add --event-id ID\n"), "{}", ran.stderr);
    // The same record twice is one.
    check(&["explain", rule, &path, "--event-id", "4"], 0, true, false);
    let ran = check(&["explain", rule, &path, "--event-id", "1"], 0, true, false);
    assert!(ran.stdout.starts_with("CloudTrail: ECR Put Image: does not match\n"), "{}", ran.stdout);
    let ran = check(&["explain", rule, &path, "--event-id", "2"], 2, false, true);
    assert!(ran.stderr.contains("more than one record with the event id `2`"), "{}", ran.stderr);
    let ran = check(&["explain", rule, &path, "--event-id", "3"], 2, false, true);
    assert!(ran.stderr.contains("no record with the event id `3`"), "{}", ran.stderr);
    let ran = trailbell_reading(&["explain", rule, "-"], record("PutImage", "1").as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let many: Vec<String> = (0..20_000).map(|id| record("PutImage", &id.to_string())).collect();
    let root = folder("pipe", &[("many.json", many.join("\n").as_bytes())]);
    let mut child = command(&["scan", &show(&root)]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    // The pipe is closed here.
    let output = child.wait_with_output().unwrap();
    assert!(line.contains("SEV3"), "{line}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn output_to_a_file_has_no_colors() {
    for arguments in [
        vec!["check"],
        vec!["scan", "events/bucket"],
        vec!["explain", "cloudtrail-ecr-put-image", PUT_IMAGE],
        vec!["preview", "cloudtrail-ecr-put-image", PUT_IMAGE],
        vec!["invoke", "events/invocations/s3-put.json"],
        vec!["help"],
    ] {
        let ran = trailbell(&arguments);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn no_record_can_control_the_terminal() {
    let record = r#"{"eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage","eventID":"\u001b[2J\n\u202e","userIdentity":{"userName":"a\u001b]0;x\u0007b\nSEV1"}}"#;
    let ran = trailbell_reading(&["scan", "-"], record.as_bytes());
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(!ran.stdout.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'), "{:?}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_and_a_pipe_do_not_stop_a_scan() {
    use std::os::unix::fs::symlink;
    let root =
        folder("odd-folder", &[("rules.yaml", rule("").as_bytes()), ("in/b.json", record("PutImage", "1").as_bytes())]);
    symlink(root.join("nowhere"), root.join("in/gone.json")).unwrap();
    symlink(root.join("in"), root.join("in/circle")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("in/a.json")).status().unwrap();
    assert!(made.success());
    let output = command(&["scan", "in", "absent"]).current_dir(&root).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(
        reported.contains("error: absent: ") && reported.contains("1 match, 1 failed, 2 passed over"),
        "{reported}"
    );
}

#[test]
fn a_file_name_stays_on_its_line() {
    let root = folder(
        "odd-name",
        &[("rules.yaml", rule("").as_bytes()), ("in/x\u{1b}[31m\nforged.json", record("PutImage", "1").as_bytes())],
    );
    let output = command(&["scan", "in"]).current_dir(&root).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.lines().count() == 1 && !printed.contains('\u{1b}'), "{printed:?}");
}

#[test]
fn a_folder_without_log_files_is_reported() {
    let root = folder("no-logs", &[("rules.yaml", rule("").as_bytes()), ("in/notes.txt", b"x")]);
    let output = command(&["scan", "in"]).current_dir(&root).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nothing to read"));
}

#[test]
fn scan_ends_when_its_output_is_closed() {
    use std::io::Read;
    let root = folder("endless", &[("rules.yaml", rule("").as_bytes())]);
    let mut child = command(&["scan", "-"])
        .current_dir(&root)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let line = record("PutImage", "1") + "\n";
    let writer = std::thread::spawn(move || {
        let block = line.repeat(1000);
        // This ends only because the program ends.
        while std::io::Write::write_all(&mut input, block.as_bytes()).is_ok() {}
    });
    let mut some = [0; 100];
    output.read_exact(&mut some).unwrap();
    drop(output);
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
}

/// The bucket of a landing zone, in which CloudTrail is one of many services.
#[test]
fn scan_of_a_shared_bucket_passes_over_other_services_and_counts_them_by_kind() {
    let record = br#"{"Records":[{"eventVersion":"1.11","eventID":"1","eventName":"PutImage"}]}"#;
    let config = br#"{"fileVersion":"1.0","configurationItems":[]}"#;
    let account = "logs/AWSLogs/o-exampleorg1/111122223333";
    let files: [(String, &[u8]); 7] = [
        (format!("{account}/CloudTrail/us-east-1/2026/03/02/a.json.gz"), record),
        (format!("{account}/Config/us-east-1/2026/3/2/ConfigHistory/a.json.gz"), config),
        (format!("{account}/vpcflowlogs/us-east-1/a.log.gz"), b"x"),
        (format!("{account}/ELBAccessLogTestFile"), b"Enable AccessLog for ELB"),
        ("copy/a.json.gz".to_owned(), config),
        ("copy/empty.json".to_owned(), b""),
        ("copy/flow.log".to_owned(), b"version account-id interface-id srcaddr dstaddr\n2"),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let root = folder("shared-bucket", &files);
    let ran = trailbell(&["scan", &root.display().to_string()]);
    let kinds = "6 passed over (2 config file, 1 empty object, 2 flow log, 1 test file)";
    assert!(ran.stderr.ends_with(&format!("1 file, 1 record, 0 matches, {kinds}\n")), "{}", ran.stderr);
    assert!(ran.stderr.contains("/copy/a.json.gz: a history or snapshot of AWS Config\n"), "{}", ran.stderr);
    assert_eq!(ran.status, 0);
    // In a folder of CloudTrail the same content is damage.
    let broken = format!("{account}/CloudTrail/us-east-1/2026/03/02/b.json.gz");
    let root = folder("shared-bucket-broken", &[(&broken, config)]);
    assert_eq!(trailbell(&["scan", &root.display().to_string()]).status, 1);
}

#[test]
fn import_prints_rules_and_what_they_lack() {
    let rules = "{\"rules\": [{\"name\": \"Images\u{1b}\", \"type\": \"CloudTrail\", \"severityOfAlerts\": 2, \"filter\": \"a ==\"}]}";
    let root = folder(
        "import",
        &[("rules.json", export("CloudTrail").as_bytes()), ("bad.json", rules.replace('\u{1b}', "\\u001b").as_bytes())],
    );
    let path = |name: &str| show(&root.join(name));
    let shown = |text: &str| text.replace(&show(&root), "").replace('\\', "/");

    let ran = check(&["import", &path("rules.json")], 0, true, true);
    assert_snapshot!(ran.stdout, @r#"
    # Converted from a Threat Stack export by `trailbell import`.
    rules:

      - name: "Images"
        severity: 2
        filter: >-
          eventName = "PutImage"
        aggregate_fields: [user, eventName, eventSource, ip, accountId]
    "#);
    assert_snapshot!(shown(&ran.stderr), @"/rules.json: 1 rule, 0 not converted, 0 in part, 0 notes");

    let ran = check(&["import", &path("bad.json")], 1, true, true);
    assert_snapshot!(shown(&ran.stderr), @"
    not converted: Images: its filter has a mistake: `==` is not an operator
        error[unknown-operator]: `==` is not an operator
         --> filter:1:3
          |
        1 | a ==
          |   ^^ expected `=`, `!=`, `in`, `like` or another operator
          |
          = help: write `=`
    /bad.json: 0 rules, 1 not converted, 0 in part, 0 notes
    ");
}

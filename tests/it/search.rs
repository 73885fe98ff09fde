//! `trailbell search`: events in the order of time, from any files, and what it says of bad input.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::command::{Ran, command, folder, trailbell, trailbell_reading};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// An event of the user `ada`; the number is part of its id.
fn event(number: u32, time: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.08", "eventID": id(number), "eventTime": time, "eventSource": "s3.amazonaws.com",
        "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.7", "recipientAccountId": "111122223333",
        "requestParameters": {"bucketName": "logs"},
        "userIdentity": {
            "type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::111122223333:user/ada", "accessKeyId": KEY,
        },
    })
}

fn id(number: u32) -> String {
    format!("6d3f1c1e-0000-4000-8000-{number:012}")
}

fn log(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with files of these names.
fn logs(test: &str, files: &[(&str, &[Value])]) -> PathBuf {
    let files: Vec<_> = files.iter().map(|(name, records)| (*name, log(records))).collect();
    folder(test, &files.iter().map(|(name, bytes)| (*name, &**bytes)).collect::<Vec<_>>())
}

fn search(folder: &Path, arguments: &[&str]) -> Ran {
    trailbell(&[&["search"], arguments, &[folder.to_str().unwrap()]].concat())
}

/// The last digits of the ids of the events, as `--columns id` prints them.
fn numbers(ran: &Ran) -> Vec<u32> {
    ran.stdout.lines().map(|line| line.rsplit('-').next().unwrap().parse().unwrap()).collect()
}

/// Three files whose events overlap in time, of two regions.
fn three(test: &str) -> PathBuf {
    logs(
        test,
        &[
            (
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/a.json",
                &[event(4, "2026-03-02T09:20:00Z", "PutObject"), event(1, "2026-03-02T09:00:00Z", "GetObject")],
            ),
            (
                "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/b.json",
                &[event(3, "2026-03-02T09:10:00Z", "ListBuckets"), event(2, "2026-03-02T09:00:00Z", "GetObject")],
            ),
            (
                "c.json",
                &[event(5, "2026-03-02T10:00:00.5Z", "GetObject"), event(0, "2026-03-01T00:00:00Z", "GetObject")],
            ),
        ],
    )
}

#[test]
fn events_are_in_the_order_of_time_and_then_of_their_ids() {
    let folder = three("search-order");
    let ran = search(&folder, &["--columns", "id"]);
    assert_eq!((ran.status, numbers(&ran)), (0, vec![0, 1, 2, 3, 4, 5]), "{}", ran.stderr);
    assert_eq!(ran.stderr, "3 files, 6 records, 6 events\n");
    let day = ["--since", "2026-03-02T09:00:00Z", "--until", "2026-03-02T10:00:00Z", "--columns", "id"];
    assert_eq!(numbers(&search(&folder, &day)), [1, 2, 3, 4]);
    let filter =
        ["--filter", r#"eventName = "GetObject" and not eventTime starts_with "2026-03-01""#, "--columns", "id"];
    assert_eq!(numbers(&search(&folder, &filter)), [1, 2, 5]);
}

#[test]
fn the_columns_have_whole_values_and_tabs_between_them() {
    let ran = search(&three("search-columns"), &["--filter", r#"eventName = "ListBuckets""#]);
    let whole = [
        "2026-03-02T09:10:00Z",
        "arn:aws:iam::111122223333:user/ada",
        "192.0.2.7",
        "eu-west-1",
        "s3:ListBuckets",
        "success",
        "logs",
        &id(3),
    ];
    assert_eq!(ran.stdout, whole.join("\t") + "\n");
    let ran = search(
        &three("search-columns"),
        &[
            "--filter",
            r#"eventName = "ListBuckets""#,
            "--columns",
            "index,requestParameters,userIdentity.userName,error",
        ],
    );
    assert_eq!(ran.stdout, "0\t{\"bucketName\":\"logs\"}\tada\t-\n");
}

#[test]
fn jsonl_has_the_record_in_its_own_spelling() {
    let text =
        "{ \"eventVersion\":\"1.08\",\n\t\"eventID\": \"a\", \"n\": 12345678901234567890.50, \"eventTime\":\"-\" }";
    let root = folder("search-jsonl", &[("a.json", text.as_bytes())]);
    let ran = search(&root, &["--format", "jsonl"]);
    let record = r#"{"eventVersion":"1.08","eventID":"a","n":12345678901234567890.50,"eventTime":"-"}"#;
    let file = root.join("a.json").display().to_string();
    assert_eq!(ran.stdout, format!("{{\"file\":\"{file}\",\"index\":0,\"record\":{record}}}\n"));
    let ran = search(&three("search-jsonl-order"), &["--format", "jsonl"]);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = lines.iter().map(|line| line["record"]["eventID"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found, (0..6).map(id).collect::<Vec<_>>());
    assert_eq!(lines[4]["record"], event(4, "2026-03-02T09:20:00Z", "PutObject"));
    assert_eq!((&lines[4]["index"], lines[4]["file"].as_str().unwrap().ends_with("/02/a.json")), (&json!(0), true));
}

/// RFC 4180, and "CSV Injection" of OWASP.
#[test]
fn csv_is_safe_in_a_spreadsheet() {
    let mut record = event(1, "2026-03-02T09:00:00Z", "=HYPERLINK(\"https://evil.example\",\"x\")");
    record["userAgent"] = json!("a,\"b\"\r\n-c; =d");
    let root = logs("search-csv", &[("a.json", &[record])]);
    let ran = search(&root, &["--format", "csv", "--columns", "time,eventName,userAgent,error"]);
    let cells = [
        "2026-03-02T09:00:00Z",
        "\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\"",
        "\"a,\"\"b\"\" -c;' =d\"",
        "",
    ];
    assert_eq!(ran.stdout, format!("time,eventName,userAgent,error\r\n{}\r\n", cells.join(",")));
    let ran = search(&root, &["--format", "csv", "--columns", "id", "--filter", r#"eventName = "none""#]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, "id\r\n"));
}

#[test]
fn an_event_in_two_files_is_one() {
    let first = event(1, "2026-03-02T09:00:00Z", "GetObject");
    let mut other_account = first.clone();
    other_account["recipientAccountId"] = json!("444455556666");
    let mut no_id = first.clone();
    no_id.as_object_mut().unwrap().remove("eventID");
    let root = logs(
        "search-twice",
        &[("a.json", &[first.clone(), no_id.clone()]), ("b.json", &[no_id, first.clone(), other_account, first])],
    );
    let ran = search(&root, &["--columns", "recipientAccountId,id,index"]);
    let [a, b] = ["111122223333", "444455556666"];
    let mut lines: Vec<&str> = ran.stdout.lines().collect();
    lines.sort_unstable();
    let one = id(1);
    assert_eq!(
        lines,
        [format!("{a}\t-\t0"), format!("{a}\t-\t1"), format!("{a}\t{one}\t0"), format!("{b}\t{one}\t2")],
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stderr, "2 files, 6 records, 4 events, 2 more records of the same events left out\n");
    assert_eq!(search(&root, &["--count"]).stdout, "4\n");
    let ran = search(&root, &["--count", "--top", "event,error"]);
    assert_eq!(ran.stdout, "4\nevent\t4\ts3:GetObject\nerror\t4\t-\n");
}

#[test]
fn values_are_tallied_after_the_events() {
    let records: Vec<_> = (0..30)
        .map(|number| {
            let mut record = event(number, "2026-03-02T09:00:00Z", "GetObject");
            record["sourceIPAddress"] = json!(format!("192.0.2.{}", number % 12));
            record
        })
        .collect();
    let root = logs("search-top", &[("a.json", &records)]);
    let ran = search(&root, &["--top", "ip,principal", "--columns", "id"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[29..32], [id(29).as_str(), "ip\t3\t192.0.2.0", "ip\t3\t192.0.2.1"]);
    assert_eq!(lines[40..], ["ip\t4\t(2 other values)", "principal\t30\tarn:aws:iam::111122223333:user/ada"]);
    // Tallies are no JSON, and no CSV.
    let ran = search(&root, &["--top", "principal", "--format", "jsonl"]);
    assert_eq!(ran.stdout.lines().count(), 30);
    assert!(ran.stderr.starts_with("principal\t30\tarn:aws:iam::111122223333:user/ada\n"), "{}", ran.stderr);
}

#[test]
fn the_status_says_whether_something_was_found_and_all_was_read() {
    let root = three("search-status");
    let none = ["--filter", r#"eventName = "None""#];
    assert_eq!(search(&root, &none).status, 1);
    assert_eq!(search(&root, &["--count"]).status, 0);
    // A broken file does not end the search.
    fs::write(root.join("b-broken.json"), &log(&[event(9, "2026-03-02T08:00:00Z", "GetObject")])[..200]).unwrap();
    fs::write(root.join("b-half.json.gz"), &gzip(&log(&[event(8, "2026-03-02T08:00:00Z", "x")]))[..60]).unwrap();
    let ran = search(&root, &["--columns", "id"]);
    assert_eq!((ran.status, numbers(&ran)), (2, vec![0, 1, 2, 3, 4, 5]), "{}", ran.stderr);
    for part in ["error: ", "b-broken.json", "b-half.json.gz", "6 events", "failed"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let root = folder("search-absent", &[]);
    let ran = trailbell(&["search", root.join("absent.json").to_str().unwrap()]);
    assert!(ran.status == 2 && ran.stdout.is_empty() && ran.stderr.contains("absent.json"), "{}", ran.stderr);
    let ran = search(&root, &[]);
    assert!(ran.status == 2 && ran.stderr.contains("nothing to read"), "{}", ran.stderr);
    // A record that may match and cannot be parsed.
    let text = format!("{}\n{{\"eventVersion\":\"1.08\",\"a\":nul}}\n", event(1, "2026-03-02T09:00:00Z", "x"));
    let ran = trailbell_reading(&["search", "--count", "-"], text.as_bytes());
    assert_eq!((ran.status, ran.stdout.as_str()), (2, "1\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("-: record 1: invalid JSON"), "{}", ran.stderr);
}

#[test]
fn mistakes_in_fields_are_shown_at_their_place() {
    let root = three("search-mistakes");
    for (argument, value, parts) in [
        ("--columns", "time,pricnipal", &["error[unknown-field]", "--> --columns:1:6", "write `principal`"][..]),
        ("--columns", "tme", &["there is no column and no field `tme`", "write `time`"]),
        ("--top", "ip,eventNmae", &["--> --top:1:4", "write `eventName`"]),
        (
            "--columns",
            "userIdentity.usrName",
            &["`userIdentity` has no field `usrName`", "write `userIdentity.userName`"],
        ),
        ("--columns", "a b", &["error[bad-path]"]),
        ("--filter", "eventName == \"x\"", &["error[unknown-operator]", "--> --filter:1:11", "write `=`"]),
    ] {
        let ran = search(&root, &[argument, value]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{value}: {}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
    }
    // A filter can name a field that AWS adds tomorrow.
    let ran = search(&root, &["--filter", "evntName exists"]);
    assert_eq!(ran.status, 1);
    for part in ["warning[unknown-field]", "--> --filter:1:1", "write `eventName`"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = search(&root, &["--around", &id(1), "--same", "accesKey"]);
    assert!(ran.status == 2 && ran.stderr.contains("--> --same:1:1") && ran.stderr.contains("write `accessKey`"));
    for wrong in ["", "soon", "-1h"] {
        let ran = search(&root, &["--around", &id(1), &format!("--within={wrong}")]);
        assert!(ran.status == 2 && ran.stderr.contains("is not a length of time"), "{}", ran.stderr);
    }
    assert_eq!(search(&root, &["--same", "ip"]).status, 2);
}

/// Every text of a record and of a file's name is the caller's.
#[test]
fn nothing_that_is_printed_controls_a_terminal() {
    let mut record = event(1, "2026-03-02T09:00:00Z", "\u{1b}[31mred\u{7}\t\u{9b}x\n\u{202e}evil");
    record["sourceIPAddress"] = json!("\u{1b}]0;title\u{7}");
    record["eventID"] = json!("\u{1b}[2J");
    let name = "esc\u{1b}[31m\tname\n.json";
    let root = logs("search-control", &[(name, &[record.clone(), event(2, "2026-03-02T09:00:00Z", "x")])]);
    let id = "\u{1b}[2J";
    for arguments in [
        &[][..],
        &["--columns", "file,eventName,ip,id", "--top", "eventName,file"],
        &["--format", "csv", "--columns", "file,eventName,ip,requestParameters,userIdentity"],
        &["--format", "jsonl"],
        &["--around", id],
        &["--around", id, "--same", "session"],
        &["--around", "none\u{1b}[2J"],
        &["--columns", "\u{1b}[2J"],
    ] {
        let ran = search(&root, arguments);
        let printed = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!printed.is_empty());
        let odd = |c: &char| (c.is_control() && !"\n\t\r".contains(*c)) || "\u{202e}\u{9b}".contains(*c);
        assert_eq!(printed.chars().find(odd), None, "{arguments:?}: {printed:?}");
        if arguments.is_empty() {
            assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
            assert!(ran.stdout.lines().all(|line| line.split('\t').count() == 8), "{}", ran.stdout);
        }
        if arguments.contains(&"jsonl") {
            let first: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
            assert_eq!(first["record"], record);
        }
    }
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_search_quietly() {
    let records: Vec<_> = (0..20_000).map(|number| event(number, "2026-03-02T09:00:00Z", "GetObject")).collect();
    let root = logs("search-head", &[("a.json", &records)]);
    let mut child =
        command(&["search", root.to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(100, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.ends_with(&format!("{}\n", id(0))), "{first}");
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

/// More matches than fit into the memory are sorted. Two files wait for the turn of the third.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_however_much_is_found() {
    const RECORDS: u32 = 20_000;
    let padding = "x".repeat(4_500);
    let part = |from: u32| {
        let mut text = Vec::new();
        for number in (from..RECORDS).step_by(3) {
            let mut record =
                event(number, &format!("2026-03-02T{:02}:{:02}:00Z", number / 3_600, number / 60 % 60), "x");
            record["userAgent"] = json!(padding);
            writeln!(text, "{record}").unwrap();
        }
        gzip(&text)
    };
    let files = [0, 1, 2].map(part);
    let root = folder("search-memory", &[("a.gz", &files[0]), ("b.gz", &files[1]), ("c.gz", &files[2])]);
    let mut child = command(&["search", "--format", "jsonl", root.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut bytes, mut count, mut line) = (0, 0, String::new());
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    while lines.read_line(&mut line).unwrap() > 0 {
        assert!(line.contains(&id(count)), "{count}: {}", &line[..300]);
        (bytes, count) = (bytes + line.len(), count + 1);
        line.clear();
        if count == RECORDS - 1_000 {
            // Almost all is printed, and the rest does not fit into the pipe: the program is still there.
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let value = |key| {
                let value = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
                value.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
            };
            // Without the pages of the program itself, of which a debug build has more or fewer in memory.
            let kilobytes = value("VmHWM:") - value("RssFile:");
            assert!(kilobytes < 85_000, "{kilobytes} kB for {bytes} bytes");
        }
    }
    assert!(count == RECORDS && bytes > 95_000_000, "{count} events, {bytes} bytes");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn ctrl_c_prints_what_is_found_so_far() {
    let mut child = command(&["search", "--count", "--top", "event", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than the pipe and the program's buffers have room for: the search has begun when all of it is written.
    let line = event(1, "2026-03-02T09:00:00Z", "GetObject").to_string() + "\n";
    for _ in 0..2_000 {
        stdin.write_all(line.as_bytes()).unwrap();
    }
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    // What it waits for.
    for _ in 0..2_000 {
        if stdin.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert_eq!(stdout, "1\nevent\t1\ts3:GetObject\n");
    assert!(stderr.ends_with(", interrupted before the end\n"), "{stderr}");
}

/// The events around event 10, of the same key, or of others.
fn around(test: &str) -> PathBuf {
    let mut records: Vec<_> = [
        (10, "2026-03-02T09:00:00Z"),
        (11, "2026-03-02T08:00:00Z"),
        (12, "2026-03-02T10:00:00Z"),
        (13, "2026-03-02T07:59:59Z"),
        (14, "2026-03-02T10:00:01Z"),
        (15, "2026-03-02T09:00:00Z"),
        (16, "2026-03-02T09:30:00Z"),
    ]
    .into_iter()
    .map(|(number, time)| event(number, time, "GetObject"))
    .collect();
    records[5]["userIdentity"]["accessKeyId"] = json!("AKIAI44QH8DHBEXAMPLE");
    records[6]["sourceIPAddress"] = json!("198.51.100.9");
    let (first, second) = records.split_at(3);
    // The event itself is in both files.
    logs(test, &[("a.json", first), ("b.json", &[second, &first[..1]].concat())])
}

#[test]
fn what_agrees_with_an_event_is_found_around_it() {
    let root = around("search-around");
    let found = |arguments: &[&str]| {
        let ran = search(&root, &[&["--around", &id(10), "--columns", "id"], arguments].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        numbers(&ran)
    };
    assert_eq!(found(&[]), [11, 10, 16, 12]);
    assert_eq!(found(&["--same", "accessKey,ip"]), [11, 10, 12]);
    assert_eq!(found(&["--same", "principal"]), [11, 10, 15, 16, 12]);
    assert_eq!(found(&["--same", "requestParameters.bucketName,principal,ip", "--within", "30m"]), [10, 15]);
    assert_eq!(found(&["--filter", "ip = \"198.51.100.9\""]), [16]);
    assert_eq!(found(&["--since", "2026-03-02T09:00:00Z"]), [10, 16, 12]);
    let ran = search(&root, &["--around", &id(10)]);
    let marked: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with(">\t")).collect();
    assert!(marked.len() == 1 && marked[0].ends_with(&id(10)), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.starts_with(">\t") || line.starts_with('\t')));
    let about = format!("around {} at 2026-03-02T09:00:00Z: accessKey {KEY}\n", id(10));
    assert!(ran.stderr.starts_with(&about), "{}", ran.stderr);
    let ran = search(&root, &["--around", &id(10), "--format", "jsonl"]);
    let is_marked = |line: &str| serde_json::from_str::<Value>(line).unwrap()["around"] == json!(true);
    assert_eq!(ran.stdout.lines().map(is_marked).collect::<Vec<_>>(), [false, true, false, false]);
    let ran = search(&root, &["--around", &id(10), "--format", "csv", "--columns", "id"]);
    assert_eq!(
        ran.stdout.lines().collect::<Vec<_>>()[..3],
        ["around,id", &format!(",{}", id(11)), &format!(">,{}", id(10))]
    );
}

#[test]
fn an_event_that_lacks_a_value_is_an_error_that_names_others() {
    let root = around("search-lacks");
    let ran = search(&root, &["--around", &id(10), "--same", "accessKey,session"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    for part in ["the event has no `session`", "`accessKey` (AKIAIOSFODNN7EXAMPLE)", "`--same`"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    // Without a key, the principal is what is usual.
    let mut signin = event(1, "2026-03-02T09:00:00Z", "ConsoleLogin");
    signin["userIdentity"].as_object_mut().unwrap().remove("accessKeyId");
    let root = logs("search-signin", &[("a.json", &[signin, event(2, "2026-03-02T09:00:00Z", "GetObject")])]);
    let ran = search(&root, &["--around", &id(1), "--columns", "id"]);
    assert_eq!(numbers(&ran), [1, 2]);
    assert!(ran.stderr.contains("principal arn:aws:iam::111122223333:user/ada"), "{}", ran.stderr);
    let root = logs("search-timeless", &[("a.json", &[event(1, "-", "x")])]);
    let ran = search(&root, &["--around", &id(1)]);
    assert!(ran.status == 2 && ran.stderr.contains("has no time"), "{}", ran.stderr);
}

#[test]
fn an_ambiguous_id_lists_both_records() {
    let (one, mut other) =
        (event(1, "2026-03-02T09:00:00Z", "GetObject"), event(1, "2026-03-02T09:00:00Z", "PutObject"));
    other["awsRegion"] = json!("us-east-1");
    let root = logs("search-ambiguous", &[("a.json", &[one.clone(), other]), ("b.json", &[one])]);
    let ran = search(&root, &["--around", &id(1)]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.starts_with(&format!("error: 2 different records have the event id `{}`:\n", id(1))),
        "{}",
        ran.stderr
    );
    for part in ["s3:GetObject", "s3:PutObject", "eu-west-1", "us-east-1", "a.json, record 0", "a.json, record 1"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("b.json"), "{}", ran.stderr);
    // In another time the id is not ambiguous.
    let (one, other) = (event(1, "2026-03-02T09:00:00Z", "GetObject"), event(1, "2026-03-05T09:00:00Z", "GetObject"));
    let root = logs("search-two-days", &[("a.json", &[one, other])]);
    assert_eq!(search(&root, &["--around", &id(1)]).status, 2);
    let ran = search(&root, &["--around", &id(1), "--until", "2026-03-02", "--columns", "time"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ">\t2026-03-02T09:00:00Z\n"), "{}", ran.stderr);
}

#[test]
fn an_id_that_is_not_there_says_where_it_was_looked_for() {
    let root = three("search-nowhere");
    let ran = search(&root, &["--around", &id(77)]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    let start =
        format!("error: no event has the id `{}` in 3 files with 6 records of 2026-03-01 to 2026-03-02: ", id(77));
    assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    for file in ["a.json", "b.json", "c.json"] {
        assert!(ran.stderr.contains(file), "{}", ran.stderr);
    }
    let ran = search(&root, &["--around", &id(4), "--since", "2026-03-02T09:30:00Z"]);
    assert!(ran.status == 1 && ran.stderr.contains("only events of `--since` and `--until`"), "{}", ran.stderr);
    fs::write(root.join("d.json"), "{\"Records\":[").unwrap();
    let ran = search(&root, &["--around", &id(77)]);
    assert!(ran.status == 2 && ran.stderr.contains("1 failed"), "{}", ran.stderr);
    // Quotes and operators in an id are no filter.
    for odd in ["\" or true or \"", "\\", "'", "", "x\ny"] {
        assert_eq!(search(&three("search-odd-ids"), &["--around", odd]).status, 1, "{odd}");
    }
}

#[test]
fn what_can_be_read_only_once_is_refused() {
    let ran = trailbell_reading(&["search", "--around", &id(1), "-"], b"{}");
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("reads the logs twice") && ran.stderr.contains("save them to a file"),
        "{}",
        ran.stderr
    );
}

/// Errors are reported once, although the files are read twice.
#[test]
fn a_broken_file_is_reported_once() {
    let root = around("search-once");
    fs::write(root.join("broken.json"), "{\"Records\":[").unwrap();
    let ran = search(&root, &["--around", &id(10), "--columns", "id"]);
    assert_eq!((ran.status, numbers(&ran)), (2, vec![11, 10, 16, 12]));
    assert_eq!(ran.stderr.matches("broken.json").count(), 1, "{}", ran.stderr);
}

/// The samples of the repository, as `serde_json` reads them.
#[test]
fn the_samples_are_found_in_order() {
    let ran = trailbell(&["search", "--format", "jsonl", "events/records"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<_> = lines.iter().map(|line| line["record"]["eventTime"].as_str().unwrap().to_owned()).collect();
    assert!(times.is_sorted() && times.len() > 150, "{}", times.len());
    let files: BTreeSet<_> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
    for line in &lines {
        let text = fs::read_to_string(line["file"].as_str().unwrap()).unwrap();
        let index = usize::try_from(line["index"].as_u64().unwrap()).unwrap();
        let written: Vec<Value> = serde_json::Deserializer::from_str(&text).into_iter().map(Result::unwrap).collect();
        let records = match &written[..] {
            [Value::Array(records)] => records.clone(),
            [one] if one["Records"].is_array() => one["Records"].as_array().unwrap().clone(),
            _ => written,
        };
        assert_eq!(records[index], line["record"], "{line}");
    }
    assert!(files.len() > 150, "{}", files.len());
}

//! `trailbell search s3://…`: only the days that a period can mean are listed and read, and no event at the edge of a day is lost.

use serde_json::json;

use crate::{
    cloud::Cloud,
    peer::{Peer, Reply},
    scan::{Ran, bucket, run_at},
    scene::gzip,
};

const ACCOUNT: &str = "111122223333";

fn search_at(endpoint: &str, arguments: &[&str]) -> Ran {
    run_at(endpoint, &[&["search", "--columns", "id"], arguments].concat())
}

fn search(arguments: &[&str]) -> Ran {
    search_at(Cloud::get().endpoint(), arguments)
}

/// A log file with events of these times, whose ids are the times.
fn log(times: &[&str]) -> Vec<u8> {
    let record = |time: &&str| {
        json!({
            "eventVersion": "1.08", "eventID": time, "eventTime": time, "eventName": "GetObject",
            "eventSource": "s3.amazonaws.com", "awsRegion": "eu-west-1", "recipientAccountId": ACCOUNT,
            "userIdentity": {"type": "IAMUser", "userName": "ada", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        })
    };
    gzip(json!({"Records": times.iter().map(record).collect::<Vec<_>>()}).to_string().as_bytes())
}

/// The key that CloudTrail gives a file that it delivers at a time, such as `20260303T0004Z`.
fn key(prefix: &str, account: &str, region: &str, delivered: &str) -> String {
    let day = format!("{}/{}/{}", &delivered[..4], &delivered[4..6], &delivered[6..8]);
    format!(
        "{prefix}AWSLogs/{account}/CloudTrail/{region}/{day}/111122223333_CloudTrail_{region}_{delivered}_x.json.gz"
    )
}

/// Five days of two accounts and two regions. The last event of each day is delivered on the next.
fn five_days(name: &str, prefix: &str) {
    let mut objects = Vec::new();
    for (account, region) in [(ACCOUNT, "eu-west-1"), ("444455556666", "us-east-1")] {
        for day in 2..7 {
            let events = [format!("2026-03-{:02}T23:59:58Z", day - 1), format!("2026-03-{day:02}T00:01:00Z")];
            let bytes = log(&events.each_ref().map(String::as_str));
            objects.push((key(prefix, account, region, &format!("202603{day:02}T0004Z")), bytes));
        }
    }
    // What is beside them: a digest, and another service's files.
    objects.push((
        format!("{prefix}AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/03/02/d.json.gz"),
        b"no log".to_vec(),
    ));
    objects.push((format!("{prefix}AWSLogs/{ACCOUNT}/Config/eu-west-1/2026/3/2/c.json.gz"), b"no log".to_vec()));
    let objects: Vec<_> = objects.iter().map(|(key, bytes)| (key.as_str(), &**bytes)).collect();
    bucket(name, &objects);
}

const DAY: [&str; 4] = ["--since", "2026-03-03", "--until", "2026-03-03"];

#[test]
fn a_day_has_its_last_event_although_that_is_delivered_on_the_next() {
    five_days("search-days", "");
    let ran = search(&[&DAY[..], &["s3://search-days"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.lines, ["2026-03-03T00:01:00Z", "2026-03-03T23:59:58Z"], "{}", ran.stderr);
    // Files of 3 March at 00:04 and of 4 March at 00:04 of each account; a day late is beyond the second.
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "s3://search-days/: looking for log files that were delivered from 2026-03-02 to 2026-03-05, up to 1d late"
    );
    assert!(lines[1].starts_with("s3://search-days/: 4 log files of 2 accounts and 2 regions, "), "{}", ran.stderr);
    assert!(
        lines[1].contains("LIST requests and as many GET requests as files cost less than $0.01"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("passed over: s3://search-days/AWSLogs/111122223333/Config/: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("\n4 files, 8 records, 2 events, 2 more records"), "{}", ran.stderr);
    // The same period is read by a scan.
    let scan = run_at(Cloud::get().endpoint(), &[&["scan"], &DAY[..], &["s3://search-days"]].concat());
    assert!(scan.status == 0 && scan.stderr.contains("\n4 files, 8 records, 0 matches"), "{}", scan.stderr);
    // Without a period all files are read.
    let ran = search(&["--count", "s3://search-days"]);
    assert_eq!((ran.status, ran.lines), (0, vec!["10".to_owned()]), "{}", ran.stderr);
    assert!(ran.stderr.contains("10 files, 20 records"), "{}", ran.stderr);
}

#[test]
fn a_prefix_may_end_anywhere_in_the_layout() {
    five_days("search-prefix", "logs/of all/");
    let below = "logs/of all/AWSLogs/111122223333/CloudTrail/eu-west-1/";
    let whole: Vec<String> = vec!["2026-03-03T00:01:00Z".to_owned(), "2026-03-03T23:59:58Z".to_owned()];
    for (prefix, expected) in [
        ("", &whole[..]),
        ("logs", &whole),
        ("logs/of all/AWSLogs/1111", &whole),
        ("logs/of all/AWSLogs/111122223333/", &whole),
        ("logs/of all/AWSLogs/111122223333/CloudTrail/", &whole),
        ("logs/of all/AWSLogs/111122223333/CloudTrail/eu", &whole),
        (below, &whole),
        (&format!("{below}20"), &whole),
        (&format!("{below}2026/"), &whole),
        (&format!("{below}2026/03"), &whole),
        (&format!("{below}2026/03/04/"), &whole[1..]),
        (&format!("{below}2026/03/01/"), &[]),
    ] {
        let ran = search(&[&DAY[..], &[&format!("s3://search-prefix/{prefix}")]].concat());
        assert_eq!(ran.lines, expected, "{prefix}: {}", ran.stderr);
        if !expected.is_empty() {
            // Of the 5 days of an account, those of the period.
            let files = if prefix.len() < 10 { 4 } else { expected.len() };
            let counted = if files == 1 { "\n1 file, ".to_owned() } else { format!("\n{files} files, ") };
            assert!(ran.stderr.contains(&counted), "{prefix}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_late_file_is_read_if_it_is_wanted() {
    let (timely, late) = (log(&["2026-03-03T12:00:00Z"]), log(&["2026-03-03T12:30:00Z"]));
    let keys = ["20260303T1205Z", "20260315T0000Z"].map(|time| key("", ACCOUNT, "eu-west-1", time));
    bucket("search-late", &[(&keys[0], &timely), (&keys[1], &late)]);
    let with = |more: &[&str]| search(&[&DAY[..], more, &["s3://search-late"]].concat());
    assert_eq!(with(&[]).lines, ["2026-03-03T12:00:00Z"]);
    assert_eq!(with(&["--late", "30d"]).lines, ["2026-03-03T12:00:00Z", "2026-03-03T12:30:00Z"]);
    let ran = with(&["--late", "soon"]);
    assert!(ran.status == 2 && ran.stderr.contains("is not a length of time"), "{}", ran.stderr);
}

#[test]
fn keys_of_another_layout_are_all_read() {
    let log = log(&["2026-03-03T12:00:00Z"]);
    let other = [
        "a.json.gz",
        "copies/2019/b.json.gz",
        "AWSLogs/audit/CloudTrail/eu-west-1/2019/01/01/c.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/d.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/extra/e.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/03/f.json.gz",
        // The name has the time, which cannot be that of the event.
        "copies/111122223333_CloudTrail_eu-west-1_20190101T0000Z_x.json.gz",
    ];
    bucket("search-other", &other.map(|key| (key, &*log)));
    let ran = search(&[&DAY[..], &["s3://search-other"]].concat());
    assert!(ran.status == 0 && ran.stderr.contains("\n6 files, 6 records, 1 event, "), "{}", ran.stderr);
}

#[test]
fn a_refusal_names_the_permission() {
    let denied = || Reply::text(403, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>");
    five_days("search-denied", "");
    let peer = Peer::before("list-type=2", vec![denied()]);
    let ran = search_at(peer.endpoint(), &[&DAY[..], &["s3://search-denied"]].concat());
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "error: s3://search-denied: its objects may not be listed (AccessDenied); allow yourself s3:ListBucket"
        ),
        "{}",
        ran.stderr
    );
    // One file is refused; the others are searched.
    let peer = Peer::before("eu-west-1/2026/03/04/", vec![denied()]);
    let ran = search_at(peer.endpoint(), &[&DAY[..], &["s3://search-denied"]].concat());
    assert_eq!((ran.status, ran.lines.len()), (2, 2), "{}", ran.stderr);
    assert!(ran.stderr.contains("it may not be read (AccessDenied); allow yourself s3:GetObject"), "{}", ran.stderr);
}

/// Without files of the period nothing is found, which is no error.
#[test]
fn a_period_may_have_no_files() {
    five_days("search-none", "");
    for prefix in ["", "AWSLogs/", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/"] {
        let place = format!("s3://search-none/{prefix}");
        for period in [["--since", "2026-05-01"], ["--until", "2026-01-01"], ["--since", "2031-01-01"]] {
            let ran = search(&[&period[..], &[&place]].concat());
            assert_eq!((ran.status, ran.lines.len()), (1, 0), "{prefix} {period:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(&format!("{place}: 0 log files")), "{}", ran.stderr);
            assert!(ran.stderr.ends_with("0 files, 0 records, 0 events\n") || ran.stderr.contains("passed over"));
        }
    }
    let ran = search(&["--since", "2026-05-01", "s3://search-none/none/"]);
    assert!(ran.status == 2 && ran.stderr.contains("no object has a key with this prefix"), "{}", ran.stderr);
}

/// No object of another day is requested: the peer would refuse it.
#[test]
fn objects_of_other_days_are_not_requested() {
    five_days("search-only", "");
    let refused = || Reply::text(403, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>");
    for other in ["/2026/03/02/1", "/2026/03/05/1", "/2026/03/06/1", "Digest/eu", "Config/eu"] {
        let peer = Peer::before(other, vec![refused()]);
        let ran = search_at(peer.endpoint(), &[&DAY[..], &["s3://search-only/AWSLogs/"]].concat());
        assert_eq!((ran.status, ran.lines.len(), peer.asked()), (0, 2, 0), "{other}: {}", ran.stderr);
    }
    // The second pass of `--around` reads only what is delivered around the event.
    let id = "2026-03-05T00:01:00Z";
    let peer = Peer::before("/2026/03/03/1", vec![Reply::Pass]);
    let ran = search_at(peer.endpoint(), &["--around", id, "--same", "userIdentity.userName", "s3://search-only/"]);
    assert_eq!(ran.lines, ["\t2026-03-04T23:59:58Z", ">\t2026-03-05T00:01:00Z"], "{}", ran.stderr);
    assert_eq!(peer.asked(), 2, "each of the two files once");
}

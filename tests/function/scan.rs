//! `trailbell scan s3://…`: it prints the same lines as for the same files in a folder, reports failures and continues.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cloud::Cloud,
    peer::{Peer, Reply},
    scene::{gzip, log_file},
};

/// What a run of the command line printed.
pub struct Ran {
    pub status: i32,
    pub lines: Vec<String>,
    pub stderr: String,
}

/// Runs the command line with only this environment, in the root of the repository.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailbell"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
    // Neither a profile of the user who runs the tests nor an instance's role.
    command.env("AWS_CONFIG_FILE", "/absent").env("AWS_SHARED_CREDENTIALS_FILE", "/absent");
    let output = command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied()).output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        lines: String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The same as a person with keys.
pub fn run_at(endpoint: &str, arguments: &[&str]) -> Ran {
    let keys = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];
    run(arguments, &[&keys[..], &[("AWS_ENDPOINT_URL", endpoint)]].concat())
}

fn scan_at(endpoint: &str, arguments: &[&str]) -> Ran {
    run_at(endpoint, &[&["scan"], arguments].concat())
}

fn scan(arguments: &[&str]) -> Ran {
    scan_at(Cloud::get().endpoint(), arguments)
}

/// A bucket with these objects.
pub fn bucket(name: &str, objects: &[(&str, &[u8])]) {
    Cloud::get().bucket(name);
    for (key, bytes) in objects {
        Cloud::get().put(name, key, bytes);
    }
}

/// The files below a folder, by their path in it.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in next.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), path));
            }
        }
    }
    found
}

#[test]
fn a_bucket_is_scanned_as_the_same_folder_is() {
    let folder = "events/bucket/trailbell-demo-logs";
    Cloud::get().bucket("scan-sample");
    for (key, path) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
        Cloud::get().put("scan-sample", &key, &fs::read(path).unwrap());
    }
    for options in
        [&["--format", "text"][..], &["--format", "jsonl"], &["--alerts"], &["--alerts", "--format", "jsonl"]]
    {
        let near = scan(&[options, &[folder]].concat());
        let far = scan(&[options, &["s3://scan-sample"]].concat());
        assert!(!near.lines.is_empty() && near.stderr.contains("passed over"), "{}", near.stderr);
        // An alert's id depends on where its first event was.
        let is_same = |near: &String, far: &String| {
            let near = near.replace(folder, "s3://scan-sample");
            if options[0] == "--alerts" { without_id(&near) == without_id(far) } else { near == *far }
        };
        assert_eq!(near.lines.len(), far.lines.len());
        for (near, far) in near.lines.iter().zip(&far.lines) {
            assert!(is_same(near, far), "{near}\n{far}");
        }
        assert_eq!((near.status, near.stderr.replace(folder, "s3://scan-sample")), (far.status, far.stderr));
    }
}

/// A line of an alert without its id.
fn without_id(line: &str) -> String {
    match line.split_once("\"alert_id\":") {
        Some((before, rest)) => before.to_owned() + rest.split_once("\",").unwrap().1,
        None => line.rsplit_once(" | ").unwrap().0.to_owned(),
    }
}

/// A key that XML cannot contain must not hide the others of its page.
#[test]
fn keys_are_read_unchanged() {
    let keys = ["a b+c%20d.json.gz", "esc\u{1b}[31m.json.gz", "naïve/日.json.gz"];
    let log = log_file();
    bucket("scan-odd", &keys.map(|key| (key, &*log)));
    let ran = scan(&["--format", "jsonl", "s3://scan-odd"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let one = scan(&["--format", "jsonl", "s3://scan-odd/naïve/日.json.gz"]);
    assert!(!one.lines.is_empty(), "{}", one.stderr);
    assert_eq!(ran.lines.len(), keys.len() * one.lines.len(), "{}", ran.stderr);
}

#[test]
fn a_prefix_an_object_and_files_can_be_mixed() {
    let log = log_file();
    let digest = "AWSLogs/1/CloudTrail-Digest/us-east-1/d.json.gz";
    bucket(
        "scan-mixed",
        &[
            ("AWSLogs/1/CloudTrail/a.json.gz", &log),
            ("AWSLogs/1/CloudTrail-Insight/red flower+1 %41 日志.json.gz", &log),
            (digest, b"no log"),
            ("AWSLogs/1/CloudTrail/", b""),
            ("other/plain", &log),
            ("other/plain.txt", b"no log"),
        ],
    );
    for (paths, read, passed_over) in [
        (&["s3://scan-mixed/AWSLogs/1/"][..], 2, 2),
        (&["s3://scan-mixed/AWSLogs/1/CloudTrail/a"], 1, 0),
        // One object, whatever its name.
        (&["s3://scan-mixed/AWSLogs/1/CloudTrail/a.json.gz"], 1, 0),
        (&["s3://scan-mixed/other/plain"], 1, 1),
        (&["s3://scan-mixed/AWSLogs/1/CloudTrail/a.json.gz", "s3://scan-mixed/AWSLogs/1/CloudTrail-Insight/"], 2, 0),
    ] {
        let ran = scan(paths);
        assert_eq!(ran.status, 0, "{paths:?}\n{}", ran.stderr);
        let files = if read == 1 { "1 file" } else { "2 files" };
        let tally = ran.stderr.lines().last().unwrap();
        assert!(tally.starts_with(&format!("{files}, {} records, ", 3 * read)), "{tally}");
        assert_eq!(tally.contains(&format!("{passed_over} passed over")), passed_over > 0, "{tally}");
    }
    let ran = scan(&["s3://scan-mixed/AWSLogs/1/CloudTrail-Insight/", "--format", "jsonl"]);
    assert!(ran.lines[0].contains("s3://scan-mixed/AWSLogs/1/CloudTrail-Insight/red flower+1 %41 日志.json.gz"));
}

#[test]
fn a_failed_object_is_reported_and_the_scan_continues() {
    let log = log_file();
    let objects: [(&str, &[u8]); 4] =
        [("a.json.gz", &log), ("b.json.gz", &log[..log.len() / 2]), ("c.json.gz", b"no log"), ("d.json.gz", &log)];
    bucket("scan-broken", &objects);
    let ran = scan(&["s3://scan-broken/", "s3://scan-broken/gone.json.gz"]);
    assert_eq!(ran.status, 1);
    for place in ["b.json.gz: ", "c.json.gz: ", "gone.json.gz: it does not exist (NoSuchKey)"] {
        assert!(ran.stderr.contains(&format!("error: s3://scan-broken/{place}")), "{}", ran.stderr);
    }
    let tally = ran.stderr.lines().last().unwrap();
    assert!(tally.starts_with("5 files, ") && tally.ends_with("3 failed"), "{tally}");
    for whole in ["a.json.gz", "d.json.gz"] {
        assert!(ran.lines.iter().any(|line| line.ends_with(whole)), "{:?}", ran.lines);
    }
}

#[test]
fn a_denied_object_is_reported_with_the_missing_permission() {
    let error = |code: &str| Reply::text(403, format!("<Error><Code>{code}</Code><Message>No.</Message></Error>"));
    let log = log_file();
    bucket("scan-denied", &[("a.json.gz", &log), ("b.json.gz", &log), ("c.json.gz", &log)]);
    // One object, by its path in the request.
    let peer = Peer::before("/scan-denied/b.json.gz", vec![error("AccessDenied")]);
    let ran = scan_at(peer.endpoint(), &["s3://scan-denied"]);
    assert!(
        ran.stderr
            .contains("s3://scan-denied/b.json.gz: it may not be read (AccessDenied); allow yourself s3:GetObject")
    );
    assert!(ran.stderr.contains("\n3 files, 6 records, ") && ran.stderr.ends_with(", 1 failed\n"), "{}", ran.stderr);
    assert_eq!(ran.status, 1);
    // A disabled key is reported in S3's own words.
    let kms = "<Error><Code>KMS.DisabledException</Code><Message>The key is disabled.</Message></Error>";
    let peer = Peer::before("/scan-denied/b.json.gz", vec![Reply::text(400, kms)]);
    let ran = scan_at(peer.endpoint(), &["s3://scan-denied"]);
    assert!(ran.stderr.contains("b.json.gz: KMS.DisabledException: The key is disabled."), "{}", ran.stderr);
    // A bucket that may not be listed does not keep a named file from being read.
    let peer = Peer::before("list-type=2", vec![error("AccessDenied")]);
    let ran = scan_at(peer.endpoint(), &["s3://scan-denied", "events/records/s3/get-object-of-a-log-file.json"]);
    assert!(
        ran.stderr.contains("error: s3://scan-denied: its objects may not be listed (AccessDenied)"),
        "{}",
        ran.stderr
    );
    assert!(ran.status == 1 && ran.stderr.contains("1 file, 1 record"), "{}", ran.stderr);
    // An object is read without the permission to list.
    let ran = scan_at(peer.endpoint(), &["s3://scan-denied/a.json.gz"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn a_list_of_more_than_a_page_is_read_whole() {
    let log = gzip(br#"{"Records":[]}"#);
    bucket("scan-pages", &[]);
    for number in 0..1003 {
        Cloud::get().put("scan-pages", &format!("{number:04}.json.gz"), &log);
    }
    let ran = scan(&["s3://scan-pages/"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, "1003 files, 0 records, 0 matches\n"));
}

#[test]
fn an_empty_or_missing_bucket_is_reported() {
    bucket("scan-empty", &[]);
    for (path, stderr) in [
        ("s3://scan-empty/logs/", "error: s3://scan-empty/logs/: no object has a key with this prefix"),
        ("s3://scan-no-such-bucket/", "error: s3://scan-no-such-bucket: it does not exist (NoSuchBucket)"),
    ] {
        let ran = scan(&[path]);
        assert!(ran.status == 1 && ran.stderr.contains(stderr), "{}", ran.stderr);
    }
    let ran = scan(&["s3:///logs"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (2, "error: `s3://` names no bucket: write s3://BUCKET/PREFIX\n"));
    let ran = scan(&["s3://arn:aws:s3:us-east-1:111122223333:accesspoint/audit/AWSLogs/"]);
    assert!(ran.status == 2 && ran.stderr.contains("takes no ARN"), "{}", ran.stderr);
}

#[test]
fn region_and_credentials_are_those_of_a_profile() {
    bucket("scan-profile", &[("a.json.gz", &log_file())]);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (config, keys) = (folder.join("scan-profile-config"), folder.join("scan-profile-credentials"));
    fs::write(&config, "[profile audit]\nregion = us-east-1\n[profile lost]\noutput = json\n").unwrap();
    fs::write(&keys, "[audit]\naws_access_key_id = test\naws_secret_access_key = test\n").unwrap();
    let with = |more: &[(&str, &str)]| {
        let files =
            [("AWS_CONFIG_FILE", config.to_str().unwrap()), ("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap())];
        let endpoint = [("AWS_ENDPOINT_URL", Cloud::get().endpoint())];
        run(&["scan", "s3://scan-profile"], &[&files[..], &endpoint, more].concat())
    };
    let ran = with(&[("AWS_PROFILE", "audit")]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for (environment, stderr) in [
        (&[("AWS_PROFILE", "lost")][..], "error: there is no AWS region: set `AWS_REGION`"),
        (&[("AWS_REGION", "us-east-1")], "error: there are no AWS credentials: set `AWS_PROFILE`"),
    ] {
        let ran = with(environment);
        assert!(ran.status == 2 && ran.stderr.starts_with(stderr) && ran.lines.is_empty(), "{}", ran.stderr);
    }
}

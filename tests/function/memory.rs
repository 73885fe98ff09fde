//! The memory of the function is bounded by bytes, whatever a payload or a log file holds: the real binary runs under a limit,
//! and its peak is read from the kernel.

use std::{fmt::Write, fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    bootstrap,
    emulator::Emulator,
    scene::{Scene, gzip, records},
};

/// The smallest memory of a function in AWS Lambda, in KiB.
const LIMIT: u64 = 128 << 10;

const RULES: &str = r#"
rules:
  - name: Image pushed
    severity: 3
    filter: eventName = "PutImage"
  - name: Trust policy
    severity: 3
    filter: eventName = "UpdateAssumeRolePolicy" and not (any requestParameters.policyDocument.Statement (Effect = "Deny"))
"#;

/// A function that may map no more than [`LIMIT`] beyond what it maps and does not use when it is idle.
struct Limited {
    scene: Scene,
    function: Emulator,
    process: PathBuf,
}

impl Limited {
    fn new(name: &str) -> Self {
        let scene = Scene::new(name);
        fs::write(&scene.rules, RULES).unwrap();
        let idle = Self::start(scene, name, None);
        idle.invoke(&json!({"Event": "s3:TestEvent"}).to_string());
        let unused = idle.kib("VmSize") - idle.kib("VmRSS");
        let Self { scene, .. } = idle;
        Self::start(scene, name, Some(unused + LIMIT))
    }

    fn start(scene: Scene, name: &str, limit: Option<u64>) -> Self {
        let kind = if limit.is_some() { "limited" } else { "idle" };
        let file = |what: &str| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{kind}.{what}"));
        let (script, process) = (file("sh"), file("pid"));
        let limit = limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
        let text = format!(
            "#!/bin/sh\nulimit -v {limit}\necho $$ > '{}'\nexec '{}'\n",
            process.display(),
            bootstrap().display()
        );
        fs::write(&script, text).unwrap();
        make_executable(&script);
        let settings = [("MAX_ALERTS_PER_RULE_HOUR", "500"), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "110")];
        let function = scene.function_of(&script, &settings);
        Self { scene, function, process }
    }

    fn invoke(&self, event: &str) -> Value {
        self.function.invoke(event).success()
    }

    /// A line of the process's status, in KiB.
    fn kib(&self, name: &str) -> u64 {
        let process = fs::read_to_string(&self.process).unwrap();
        let status = fs::read_to_string(format!("/proc/{}/status", process.trim())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Handles a log file with these records, each of which must raise an alert.
    fn check_file(&self, records: &[String]) {
        let file = format!("{{\"Records\":[{}]}}", records.join(","));
        self.scene.cloud.put(&self.scene.bucket, "large.json.gz", &gzip(file.as_bytes()));
        let answer = self.invoke(&self.scene.event(&["large.json.gz"]));
        assert_eq!(answer["matches"]["alerted"], records.len(), "{answer:#}");
        assert_eq!(self.scene.cloud.receive(&self.scene.all).len(), records.len());
        self.check_peak();
    }

    fn check_peak(&self) {
        let peak = self.kib("VmHWM");
        eprintln!("peak: {peak} KiB");
        assert!(peak <= LIMIT, "{peak} KiB");
    }
}

pub fn make_executable(script: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A record of at least this length whose tree is many times as large as its text, from an address of its own.
pub fn large(number: usize, bytes: usize) -> String {
    let mut columns = String::with_capacity(bytes);
    while columns.len() < bytes {
        let comma = if columns.is_empty() { "" } else { "," };
        write!(columns, r#"{comma}{{"name":"a","type":"i"}}"#).unwrap();
    }
    let mut record = records()["Records"][0].clone();
    record["eventID"] = json!(format!("event-{number}"));
    record["sourceIPAddress"] = json!(format!("198.51.100.{number}"));
    // One caller has only a third of a rule's alerts in an hour.
    record["userIdentity"]["arn"] = json!(format!("arn:aws:iam::012345678901:user/mallory-{number}"));
    record["requestParameters"] = json!({"columns": 0});
    record.to_string().replace("\"columns\":0", &format!("\"columns\":[{columns}]"))
}

#[test]
fn hundreds_of_large_matches_wait_in_bounded_memory() {
    let records: Vec<String> = (0..199).map(|number| large(number, 200_000)).collect();
    Limited::new("memory-200kb").check_file(&records);
}

#[test]
fn the_largest_records_match_in_bounded_memory() {
    let records: Vec<String> = (0..30).map(|number| large(number, 1_040_000)).collect();
    Limited::new("memory-1mib").check_file(&records);
}

#[test]
fn a_policy_of_many_statements_is_explained_in_bounded_memory() {
    let mut record = records()["Records"][0].clone();
    record["eventName"] = json!("UpdateAssumeRolePolicy");
    record["requestParameters"] =
        json!({"policyDocument": format!("{{\"Statement\":[{}{{}}]}}", "{},".repeat(329_999))});
    Limited::new("memory-policy").check_file(&[record.to_string()]);
}

#[test]
fn millions_of_log_events_are_read_in_bounded_memory() {
    const EVENTS: usize = 1_000_000;
    let function = Limited::new("memory-log-events");
    let event = records()["Records"][0].to_string();
    let mut data = r#"{"messageType":"DATA_MESSAGE","logGroup":"trail","logStream":"s","logEvents":["#.to_owned();
    data.push_str(&r#"{"message":"{}"},"#.repeat(EVENTS));
    write!(data, "{}]}}", json!({"id": "last", "message": event})).unwrap();
    let payload = json!({"awslogs": {"data": BASE64_STANDARD.encode(gzip(data.as_bytes()))}});
    let answer = function.invoke(&payload.to_string());
    assert_eq!(
        (&answer["records"]["seen"], &answer["matches"]["alerted"]),
        (&json!(EVENTS + 1), &json!(1)),
        "{answer:#}"
    );
    function.check_peak();
}

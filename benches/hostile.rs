//! Compares records that someone made to be expensive with an ordinary record of the same size: evaluation with the shipped
//! rules, and the alerts of what matches, in every format.
//!
//! `cargo bench --bench hostile` prints a line for each shape; `cargo bench --bench hostile -- FILE…` adds the records of log
//! files. A record that takes more than [`MAX_RATIO`] times as long as the ordinary one ends it with an error.

#![expect(clippy::expect_used, reason = "a missing file ends the measurement")]

use std::{
    env, fs,
    hint::black_box,
    process::ExitCode,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, render},
    engine::{Engine, Evaluated, Scratch},
    log_file::{FileItem, FileShape, Limits, RawRecord, Reader},
    rule::RuleSet,
};

/// How many times as long as an ordinary record of its size any record may take.
const MAX_RATIO: f64 = 20.0;

/// The longest record that is evaluated, in bytes.
const LENGTH: usize = 1 << 20;

fn main() -> ExitCode {
    let text = fs::read_to_string("rules.yaml").expect("the shipped rules");
    let engine = Engine::new(RuleSet::parse(&text).expect("the shipped rules are valid").0);
    let ordinary = time(&engine, &ordinary());
    println!("{:<34} {:>9} bytes {:>8.1} ms", "ordinary", LENGTH, ordinary.milliseconds);
    let mut worst: f64 = 0.0;
    let files = env::args().skip(1).filter(|argument| !argument.starts_with('-')).flat_map(|path| records(&path));
    let generated = shapes().into_iter().map(|(name, record)| (name.to_owned(), record));
    for (name, record) in generated.chain(files) {
        let measured = time(&engine, record.as_bytes());
        let ratio = measured.milliseconds / ordinary.milliseconds * LENGTH as f64 / record.len().max(LENGTH / 8) as f64;
        worst = worst.max(ratio);
        println!(
            "{name:<34} {:>9} bytes {:>8.1} ms {ratio:>6.1} times  {}",
            record.len(),
            measured.milliseconds,
            measured.outcome
        );
    }
    println!("worst: {worst:.1} times an ordinary record of its size");
    ExitCode::from(u8::from(worst > MAX_RATIO))
}

struct Measured {
    /// The median of a few runs.
    milliseconds: f64,
    outcome: String,
}

fn time(engine: &Engine, record: &[u8]) -> Measured {
    let mut scratch = Scratch::default();
    let mut outcome = String::new();
    let mut runs: Vec<f64> = (0..5)
        .map(|_| {
            let started = processor_time();
            outcome = match engine.evaluate(RawRecord::of(record), &mut scratch) {
                Evaluated::Unparsable(error) => format!("unparsable: {error}"),
                Evaluated::Record { findings, .. } => {
                    let count = findings.len();
                    for finding in findings {
                        let alert = Alert::new(finding, None, &Arc::clone(engine.accounts()));
                        for format in Format::ALL {
                            black_box(render(format, &alert));
                        }
                    }
                    format!("{count} matches")
                }
            };
            processor_time().saturating_sub(started).as_secs_f64() * 1000.0
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    Measured { milliseconds: runs[runs.len() / 2], outcome }
}

/// The processor time of this thread where the kernel tells it, since other processes disturb any other clock.
fn processor_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let used = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let used = used.and_then(|text| text.split(' ').next()?.parse().ok());
    used.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// The records of a log file.
fn records(path: &str) -> Vec<(String, String)> {
    let file = fs::read(path).expect("a readable file");
    let (mut reader, mut input, mut records) = (Reader::new(FileShape::Any, Limits::default()), &*file, Vec::new());
    while let Some(item) = reader.next(&mut input).expect("a log file") {
        if let FileItem::Record(record) = item {
            let text = String::from_utf8_lossy(record.text).into_owned();
            records.push((path.rsplit('/').next().unwrap_or_default().to_owned(), text));
        }
    }
    records.truncate(3);
    records
}

/// An API call that a rule matches.
fn call(name: &str, parameters: Value) -> Value {
    json!({
        "eventVersion": "1.11", "eventID": "6d3f1c1e-0000-4000-8000-000000000001", "eventTime": "2026-03-02T09:15:00Z",
        "eventSource": "iam.amazonaws.com", "eventName": name, "eventType": "AwsApiCall", "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.30.0", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "userName": "ada", "accountId": "111122223333",
            "arn": "arn:aws:iam::111122223333:user/ada", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "requestParameters": parameters,
    })
}

/// A record with as many of these elements as fit.
fn ordinary() -> Vec<u8> {
    let tag = json!({"key": "team", "value": "payments", "propagateAtLaunch": true, "count": 12});
    let tags = vec![tag.clone(); (LENGTH - 1_000) / (tag.to_string().len() + 1)];
    call("StopLogging", json!({"name": "trail", "tags": tags}))
        .to_string()
        .replace("iam.amazonaws", "cloudtrail.amazonaws")
        .into()
}

fn list(element: &Value) -> Value {
    json!(vec![element.clone(); (LENGTH - 1_500) / (element.to_string().len() + 1)])
}

fn shapes() -> Vec<(&'static str, String)> {
    let policy = |statement: &str, bytes: usize| {
        let count = (bytes - 2_000) / (statement.replace('"', "\\\"").len() + 1);
        json!({"roleName": "r", "policyDocument": format!("{{\"Statement\":[{}]}}", vec![statement; count].join(","))})
    };
    let with = |field: &str, value: Value| {
        let mut record = call("CreateUser", json!({}));
        record[field] = value;
        record
    };
    let nested = |levels: usize| {
        let mut text = "[0]".to_owned();
        for _ in 0..levels {
            text = json!({"Statement": [text]}).to_string();
        }
        text
    };
    let mut all_names = call("x", policy("{\"Effect\":\"Allow\"}", LENGTH / 2));
    let sources = ["iam", "ec2", "s3", "kms", "cloudtrail", "sts", "lambda", "rds", "ecr", "secretsmanager", "ssm"];
    all_names["eventSource"] = json!(sources.map(|source| format!("{source}.amazonaws.com")));
    all_names["eventName"] = json!([
        "CreateUser",
        "PutImage",
        "StopLogging",
        "ConsoleLogin",
        "DeleteTrail",
        "GetSecretValue",
        "UpdateAssumeRolePolicy",
        "PutBucketPolicy",
        "AuthorizeSecurityGroupIngress",
        "CreateAccessKey",
        "AssumeRole"
    ]);
    let mut agents = all_names.clone();
    agents["userAgent"] = json!(vec!["a"; 150_000]);
    let mut keys = serde_json::Map::new();
    for number in 0..60_000 {
        keys.insert(format!("key-{number}"), json!(0));
    }
    let mut duplicate = with("requestParameters", json!({"a": 0})).to_string();
    duplicate = duplicate.replace("\"a\":0", &vec!["\"policyDocument\":\"[]\""; 40_000].join(","));
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let deep = format!("[{}]", vec![deep; 4_000].join(","));
    let values = [
        ("policy of empty statements", call("UpdateAssumeRolePolicy", policy("{}", LENGTH))),
        (
            "policy of statements",
            call("UpdateAssumeRolePolicy", policy(r#"{"Effect":"Allow","Principal":"*"}"#, LENGTH)),
        ),
        (
            "policy that is not JSON",
            call("PutRolePolicy", json!({"policyDocument": format!("[{}", "0,".repeat(LENGTH / 2 - 1_000))})),
        ),
        ("percent-encoded policy", call("PutRolePolicy", json!({"policyDocument": "%5B0%5D".repeat(140_000)}))),
        ("JSON in JSON in JSON", call("PutRolePolicy", list(&json!(nested(4))))),
        ("JSON strings", call("PutRolePolicy", list(&json!("[]")))),
        ("blank strings", call("PutRolePolicy", json!({"policyDocument": " ".repeat(LENGTH - 2_000)}))),
        ("every rule, policy", all_names),
        ("every rule, user agents", agents),
        ("user agents", with("userAgent", list(&json!("x")))),
        ("one user agent", with("userAgent", json!("x".repeat(LENGTH - 1_500)))),
        ("event names", with("eventName", list(&json!("CreateUse")))),
        ("ARNs", with("userIdentity", json!({"arn": list(&json!("arn:aws:iam::1:user/x")), "type": ["Root", "x"]}))),
        ("thousands of keys", call("CreateUser", Value::Object(keys))),
        ("deep lists", call("CreateUser", serde_json::from_str(&deep).expect("JSON"))),
        ("lists of small objects", call("CreateUser", list(&json!({"": 0})))),
        (
            "ingress rules",
            call(
                "AuthorizeSecurityGroupIngress",
                json!({"ipPermissions": {"items": list(
            &json!({"fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}))}}),
            ),
        ),
    ];
    let texts = values.into_iter().map(|(name, record)| (name, record.to_string()));
    texts.chain([("equal keys", duplicate)]).collect()
}

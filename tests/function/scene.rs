//! A function with a bucket and a topic of its own on the AWS simulator, and what is put there.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    bootstrap,
    cloud::{Cloud, Queue, encode},
    emulator::Emulator,
};

/// A rule for each severity, and three records: one for each rule, and one for none.
const RULES: &str = r#"
rules:
  - name: "CloudTrail: ECR Put Image"
    severity: 1
    filter: eventSource = "ecr.amazonaws.com" and eventName = "PutImage"
    description: An image was pushed.
  - name: "CloudTrail: SSM Discovery"
    severity: 3
    filter: eventSource = "ssm.amazonaws.com" and eventName = "DescribeParameters"
"#;

pub fn records() -> Value {
    let record = |id: &str, source: &str, name: &str, error: Option<&str>| {
        let mut record = json!({
            "eventVersion": "1.11", "eventID": id, "eventSource": source, "eventName": name,
            "eventTime": "2026-03-02T09:15:00Z", "eventType": "AwsApiCall", "awsRegion": "eu-central-1",
            "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.30.0", "recipientAccountId": "012345678901",
            "userIdentity": {
                "type": "IAMUser", "userName": "mallory", "accountId": "012345678901",
                "arn": "arn:aws:iam::012345678901:user/mallory", "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            },
        });
        if let Some(error) = error {
            record["errorCode"] = json!(error);
        }
        record
    };
    json!({"Records": [
        record("6d3f1c1e-0000-4000-8000-000000000001", "ecr.amazonaws.com", "PutImage", None),
        record("6d3f1c1e-0000-4000-8000-000000000002", "ssm.amazonaws.com", "DescribeParameters", Some("AccessDenied")),
        record("6d3f1c1e-0000-4000-8000-000000000003", "s3.amazonaws.com", "PutObject", None),
    ]})
}

/// A function with its own bucket and topic, and two queues on the topic.
pub struct Scene {
    pub cloud: &'static Cloud,
    pub bucket: String,
    pub topic: String,
    /// Severities 1 and 2 only.
    pub urgent: Queue,
    pub all: Queue,
    pub rules: PathBuf,
}

impl Scene {
    pub fn new(name: &str) -> Self {
        let cloud = Cloud::get();
        let bucket = format!("{name}-logs");
        cloud.bucket(&bucket);
        let topic = cloud.topic(name);
        let urgent = cloud.subscribe(&topic, &format!("{name}-urgent"), json!({"severity": [{"numeric": ["<=", 2]}]}));
        let all = cloud.subscribe(&topic, &format!("{name}-all"), json!({}));
        let rules = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
        std::fs::write(&rules, RULES).unwrap();
        Self { cloud, bucket, topic, urgent, all, rules }
    }

    /// A scene whose alerts are not mailed, so that the function publishes them in batches.
    pub fn mild(name: &str) -> Self {
        let scene = Self::new(name);
        std::fs::write(&scene.rules, RULES.replace("severity: 1", "severity: 3")).unwrap();
        scene
    }

    pub fn function(&self, settings: &[(&str, &str)]) -> Emulator {
        self.function_of(bootstrap(), settings)
    }

    /// A function of another program that runs the binary.
    pub fn function_of(&self, program: &Path, settings: &[(&str, &str)]) -> Emulator {
        let rules = self.rules.to_str().unwrap();
        let mut all = vec![
            ("AWS_ENDPOINT_URL", self.cloud.endpoint()),
            ("ALERT_TOPIC_ARN", self.topic.as_str()),
            ("RULES_FILE", rules),
            ("RETRY_BASE_MS", "1"),
        ];
        all.extend(settings);
        Emulator::start(program, &all)
    }

    pub fn event(&self, keys: &[&str]) -> String {
        event(&keys.iter().map(|key| (self.bucket.as_str(), *key)).collect::<Vec<_>>())
    }
}

/// As S3 sends it: keys form-encoded.
pub fn event(objects: &[(&str, &str)]) -> String {
    let records = objects.iter().map(|(bucket, key)| {
        let key = encode(key).replace("%2F", "/").replace("%20", "+");
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-03-02T09:20:14.271Z", "eventName": "ObjectCreated:Put",
            "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": {"key": key, "size": 1}},
        })
    });
    json!({"Records": records.collect::<Vec<_>>()}).to_string()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn log_file() -> Vec<u8> {
    gzip(records().to_string().as_bytes())
}

pub fn subject(message: &Value) -> &str {
    message["Subject"].as_str().unwrap()
}

//! What a file holds that is not from CloudTrail, by its first bytes.
//!
//! The first bytes are only asked where a file could not be read as CloudTrail's, or before it is read where many kinds of
//! files are side by side. Whatever is not recognized stays a file that could be CloudTrail's.

use std::fmt;

use flate2::{Decompress, FlushDecompress};
use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::gunzip::MAGIC;
use crate::object::Foreign;

/// The first bytes of a file, as stored.
#[derive(Clone, Debug, Default)]
pub struct FileHead(Vec<u8>);

impl FileHead {
    /// How many bytes are kept.
    pub const MAX_BYTES: usize = 8 << 10;
    /// How many bytes of the text are looked at.
    const MAX_TEXT: usize = 32 << 10;

    /// The first bytes of these.
    pub fn of(bytes: &[u8]) -> Self {
        let mut head = Self::default();
        head.push(bytes);
        head
    }

    /// Adds the next bytes of the file, as far as they are needed.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = Self::MAX_BYTES - self.0.len();
        self.0.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Whether no more bytes are needed.
    pub fn is_full(&self) -> bool {
        self.0.len() == Self::MAX_BYTES
    }

    /// What the file is, if it is recognizably not CloudTrail's. A file with a key of CloudTrail's files never is.
    pub fn foreign(&self) -> Option<Foreign> {
        let text = self.text();
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text).trim_ascii_start();
        match text.first()? {
            b'{' => of_keys(&keys(text)),
            _ => of_line(String::from_utf8_lossy(text).lines().next().unwrap_or_default()),
        }
    }

    /// The beginning of the text, decompressed.
    fn text(&self) -> Vec<u8> {
        if !self.0.starts_with(&MAGIC) {
            return self.0.clone();
        }
        let mut text = Vec::with_capacity(Self::MAX_TEXT);
        // What was decompressed in front of an error is enough.
        let _ = Decompress::new_gzip(15).decompress_vec(&self.0, &mut text, FlushDecompress::None);
        text
    }
}

/// The keys that only files of one kind have together, by the guides of the services.
const KEYS: &[(&[&str], Foreign)] = &[
    // "Example configuration snapshot" in the AWS Config Developer Guide; histories have no id.
    (&["fileVersion", "configSnapshotId"], Foreign::Config),
    (&["fileVersion", "configurationItems"], Foreign::Config),
    (&["configurationItemVersion", "configurationItemStatus"], Foreign::Config),
    // "Monitor model invocation" in the Amazon Bedrock User Guide.
    (&["schemaType", "schemaVersion"], Foreign::Bedrock),
    // "Exporting generated GuardDuty findings" in the Amazon GuardDuty User Guide.
    (&["schemaVersion", "accountId", "partition"], Foreign::GuardDuty),
    // "Log fields for protection pack (web ACL) traffic" in the AWS WAF Developer Guide.
    (&["formatVersion", "webaclId"], Foreign::Waf),
    // "Values that appear in VPC Resolver query logs" in the Amazon Route 53 Developer Guide.
    (&["account_id", "vpc_id", "query_timestamp"], Foreign::Resolver),
    // "Inventory manifest" in the Amazon S3 User Guide.
    (&["sourceBucket", "destinationBucket", "fileFormat"], Foreign::Inventory),
    // Reports of S3 Batch Operations, findings of Security Hub, logs of Network Firewall and of VPC Lattice.
    (&["Format", "ReportSchema"], Foreign::OtherService),
    (&["SchemaVersion", "ProductArn"], Foreign::OtherService),
    (&["firewall_name", "event_timestamp"], Foreign::OtherService),
    (&["serviceNetworkArn", "resolvedUser"], Foreign::OtherService),
];

/// The keys that only files of CloudTrail's records have, and digests.
const OF_CLOUDTRAIL: &[&str] =
    &["Records", "Events", "eventVersion", "eventID", "CloudTrailEvent", "digestStartTime", "logEvents", "detail-type"];

fn of_keys(keys: &[String]) -> Option<Foreign> {
    let has = |key: &&str| keys.iter().any(|seen| seen == *key);
    if OF_CLOUDTRAIL.iter().any(&has) {
        return None;
    }
    KEYS.iter().find(|(keys, _)| keys.iter().all(&has)).map(|(_, kind)| *kind)
}

/// The keys of the object that a text begins with, as far as the text goes and up to one of CloudTrail's.
fn keys(text: &[u8]) -> Vec<String> {
    let mut keys = Vec::new();
    // The text is cut off, so it ends in an error.
    let _ = serde_json::Deserializer::from_slice(text).deserialize_map(FirstKeys(&mut keys));
    keys
}

struct FirstKeys<'k>(&'k mut Vec<String>);

impl<'de> Visitor<'de> for FirstKeys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let is_decisive = OF_CLOUDTRAIL.contains(&key.as_str());
            self.0.push(key);
            if is_decisive {
                break;
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The names of columns that flow logs have: "Flow log records" in the Amazon VPC User Guide and "Transit Gateway Flow Log
/// records" in the guide to transit gateways.
const FLOW_COLUMNS: &[&str] = &[
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "packets",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "flow-direction",
    "tgw-id",
    "resource-type",
    "az-id",
];

/// What a text is that begins with this line.
fn of_line(line: &str) -> Option<Foreign> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(12).collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    // A time and JSON behind it can be a record that CloudWatch Logs exported.
    let is_time = |at: usize| is_time(word(at)) && !word(at + 1).starts_with(['{', '[', '"']);
    if line.starts_with("Enable ") && line.contains("Log for ELB") {
        return Some(Foreign::TestFile);
    }
    if line.starts_with("#Version: ") {
        // CloudFront.
        return Some(Foreign::OtherService);
    }
    // "Amazon S3 server access log format" in the Amazon S3 User Guide: owner, bucket, time.
    if word(0).len() == 64 && is_hex(word(0)) && word(2).starts_with('[') && word(2).matches('/').count() == 2 {
        return Some(Foreign::Access);
    }
    let is_flow_column = |word: &&str| FLOW_COLUMNS.contains(word);
    let is_column =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'0'..=b'9'));
    if words.iter().all(is_column) && words.iter().copied().filter(|word| is_flow_column(word)).count() >= 2 {
        return Some(Foreign::Flow);
    }
    if is_number(word(0)) && word(1).len() == 12 && is_number(word(1)) && word(2).starts_with("eni-") {
        return Some(Foreign::Flow);
    }
    // "Access log entries" in the guides to Application, Network and Classic Load Balancers, and "Connection log entries".
    let is_protocol = matches!(word(0), "http" | "https" | "h2" | "grpcs" | "ws" | "wss");
    if (is_protocol && is_time(1)) || (word(0) == "tls" && is_time(2)) || (is_time(0) && words.len() >= 8) {
        return Some(Foreign::LoadBalancer);
    }
    is_inventory(line).then_some(Foreign::Inventory)
}

/// `2018-07-02T22:23:00.186641Z`, or without fraction and zone.
fn is_time(word: &str) -> bool {
    let form = |(byte, at): (u8, u8)| if at == b'0' { byte.is_ascii_digit() } else { byte == at };
    word.len() >= 19 && word.bytes().zip(*b"0000-00-00T00:00:00").all(form)
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A list in CSV, which begins with bucket and key in quotes and has no line of names; a list of parts; a checksum.
fn is_inventory(line: &str) -> bool {
    let is_of_bucket = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let is_list = line.strip_prefix('"').and_then(|rest| rest.split_once("\",\"")).is_some_and(|(bucket, rest)| {
        let has_names = ["eventversion", "eventname", "useridentity"]
            .iter()
            .any(|name| bucket == *name || rest.to_ascii_lowercase().contains(name));
        (3..=63).contains(&bucket.len()) && bucket.bytes().all(is_of_bucket) && !has_names
    });
    is_list || line.starts_with("s3://") || (line.len() == 32 && is_hex(line))
}

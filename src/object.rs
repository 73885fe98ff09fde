//! An object in S3, and what its key says of it: the one reader of keys that CloudTrail writes.
//!
//! A folder has its meaning from its position below `AWSLogs`, never from its name alone: prefixes and trails may have any
//! name.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    str::Utf8Error,
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The folder below which AWS services write their logs.
pub const LOG_FOLDER: &str = "AWSLogs";

/// An object in S3; displayed as `s3://<bucket>/<key>`, with any character that the key holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

impl ObjectId {
    /// The object that a local file is a copy of, where the names on the file's path are `…/<bucket>/AWSLogs/…`.
    pub fn of_copy(path: &[&str]) -> Option<Self> {
        let root = path.iter().position(|name| *name == LOG_FOLDER)?;
        let bucket = path.get(root.checked_sub(1)?)?;
        Some(Self { bucket: (*bucket).to_owned(), key: path.get(root..)?.join("/") })
    }

    /// Bucket and key.
    pub fn parts(&self) -> (&str, &str) {
        (&self.bucket, &self.key)
    }

    /// What the object holds.
    pub fn kind(&self) -> ObjectKind {
        ObjectKind::of(&self.key)
    }

    /// The 12 digits of the account whose events the object holds.
    pub fn account(&self) -> Option<&str> {
        let accounts = layouts(&self.key).filter_map(|layout| layout.account);
        accounts.into_iter().find(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The region of the events that the object holds.
    pub fn region(&self) -> Option<&str> {
        layouts(&self.key).find(|layout| layout.kind.is_some_and(|kind| kind.starts_with("CloudTrail")))?.region
    }

    /// Whether the key alone says that the object is a log file of CloudTrail, by its folder or by its file name, so that
    /// its content cannot say otherwise.
    pub fn is_surely_a_log(&self) -> bool {
        let is_in_folder = service(&self.key).is_some_and(is_of_cloudtrail);
        (is_in_folder && self.kind() == ObjectKind::Log) || self.has_name_of_a_log()
    }

    /// Whether the file name has the form of a log file's: `111122223333_CloudTrail_us-east-1_20260302T0910Z_….json.gz`.
    pub fn has_name_of_a_log(&self) -> bool {
        self.key.rsplit('/').next().is_some_and(|file| file.contains("_CloudTrail")) && self.delivered().is_some()
    }

    /// When CloudTrail delivered the object, to the minute, from its file name: `…_20260302T0910Z_….json.gz`.
    pub fn delivered(&self) -> Option<Timestamp> {
        delivered(&self.key)
    }
}

/// When CloudTrail delivered the object of this key, or the local copy with this path; see [`ObjectId::delivered`].
pub fn delivered(key: &str) -> Option<Timestamp> {
    let file = key.rsplit('/').next()?;
    let time = file.split('_').find_map(|part| DateTime::strptime("%Y%m%dT%H%MZ", part).ok())?;
    TimeZone::UTC.to_timestamp(time).ok()
}

impl Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What an object holds. `CloudTrail`, `CloudTrail-Insight` and `CloudTrail-NetworkActivity` are all logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Records. An object counts as a log unless its key says otherwise.
    Log,
    /// Hashes of log files.
    Digest,
    /// Summaries of records.
    Aggregated,
    /// Not from CloudTrail.
    Foreign(Foreign),
}

/// What an object holds that is not from CloudTrail: what other services write beside its log files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Foreign {
    /// A history or a snapshot of AWS Config.
    Config,
    /// Invocations of models in Amazon Bedrock.
    Bedrock,
    /// Requests to a load balancer.
    LoadBalancer,
    /// Flows of a VPC or a transit gateway.
    Flow,
    /// Findings of `GuardDuty`.
    GuardDuty,
    /// Requests that AWS WAF saw.
    Waf,
    /// Queries that Route 53 Resolver answered.
    Resolver,
    /// Requests to a bucket of S3.
    Access,
    /// A part of an S3 inventory.
    Inventory,
    /// A file with which a service checks that it may write.
    TestFile,
    /// A key that ends in `/`, which the console of S3 shows as a folder.
    Folder,
    /// No bytes.
    Empty,
    /// Another service's file.
    OtherService,
}

impl Foreign {
    /// The kind as a word for counts and logs.
    pub fn word(self) -> &'static str {
        self.names().0
    }

    /// The kind in words, for a person.
    pub fn words(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Foreign::Config => ("config_file", "a history or snapshot of AWS Config"),
            Foreign::Bedrock => ("bedrock_log", "a log of model invocations in Bedrock"),
            Foreign::LoadBalancer => ("load_balancer_log", "a log of a load balancer"),
            Foreign::Flow => ("flow_log", "a flow log"),
            Foreign::GuardDuty => ("guardduty_finding", "findings of GuardDuty"),
            Foreign::Waf => ("waf_log", "a log of AWS WAF"),
            Foreign::Resolver => ("resolver_log", "a query log of Route 53 Resolver"),
            Foreign::Access => ("access_log", "an access log of S3"),
            Foreign::Inventory => ("inventory", "an inventory of S3"),
            Foreign::TestFile => ("test_file", "a test file"),
            Foreign::Folder => ("folder", "a folder"),
            Foreign::Empty => ("empty_object", "an empty file"),
            Foreign::OtherService => ("other_service", "a file of another AWS service"),
        }
    }

    /// The kind of the files in the folder of this name below an account. The names are those of the services' guides, such
    /// as "Access log files" in the User Guide for Application Load Balancers.
    fn of_folder(name: &str) -> Self {
        match name {
            "Config" => Foreign::Config,
            "BedrockModelInvocationLogs" => Foreign::Bedrock,
            "elasticloadbalancing" => Foreign::LoadBalancer,
            "vpcflowlogs" => Foreign::Flow,
            "GuardDuty" => Foreign::GuardDuty,
            "WAFLogs" => Foreign::Waf,
            "vpcdnsquerylogs" => Foreign::Resolver,
            _ => Foreign::OtherService,
        }
    }
}

/// The names of files with which AWS Config, load balancers, Bedrock and others check that they may write to a bucket.
const TEST_FILES: &[&str] = &[
    "ConfigWritabilityCheckFile",
    "ELBAccessLogTestFile",
    "ELBConnectionLogTestFile",
    "ELBHealthCheckLogTestFile",
    "amazon-bedrock-logs-permission-check",
    "aws-programmatic-access-test-object",
];

impl ObjectKind {
    /// The kind of the object with this key. Among folders named `AWSLogs` the innermost decides, as the prefix in front of
    /// it can have any name. In a key without `AWSLogs`, such as that of a copied folder, any folder can name a kind of
    /// CloudTrail.
    pub fn of(key: &str) -> Self {
        let file = key.rsplit('/').next().unwrap_or_default();
        if key.ends_with('/') {
            return ObjectKind::Foreign(Foreign::Folder);
        }
        if TEST_FILES.contains(&file) {
            return ObjectKind::Foreign(Foreign::TestFile);
        }
        if let Some(folder) = service(key) {
            return Self::of_folder(folder);
        }
        if is_inventory(key) {
            return ObjectKind::Foreign(Foreign::Inventory);
        }
        let mut kinds: Vec<&str> = layouts(key).filter_map(|layout| layout.kind).collect();
        if !folders(key).any(|folder| folder == LOG_FOLDER) {
            kinds.extend(folders(key));
        }
        let kind = kinds.into_iter().find_map(|kind| match kind {
            "CloudTrail-Digest" => Some(ObjectKind::Digest),
            "CloudTrail-Aggregated" => Some(ObjectKind::Aggregated),
            _ => None,
        });
        kind.unwrap_or(ObjectKind::Log)
    }

    /// The kind of the objects in the folder of this name below an account. A folder of CloudTrail that is not known counts
    /// as one of logs: it may hold records.
    fn of_folder(name: &str) -> Self {
        match name {
            "CloudTrail-Digest" => ObjectKind::Digest,
            "CloudTrail-Aggregated" => ObjectKind::Aggregated,
            // Results of queries.
            "CloudTrail-Lake" => ObjectKind::Foreign(Foreign::OtherService),
            _ if is_of_cloudtrail(name) => ObjectKind::Log,
            _ => ObjectKind::Foreign(Foreign::of_folder(name)),
        }
    }
}

fn is_of_cloudtrail(folder: &str) -> bool {
    folder.get(.."CloudTrail".len()).is_some_and(|start| start.eq_ignore_ascii_case("CloudTrail"))
}

/// The folder below the account, which names the service: `…/AWSLogs/[organization/]account/service/…`. Flow logs in folders
/// for Hive are in `…/aws-account-id=account/aws-service=service/…`.
fn service(key: &str) -> Option<&str> {
    let is_account = |account: &str| {
        let account = account.strip_prefix("aws-account-id=").unwrap_or(account);
        account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
    };
    let named = layouts(key).filter(|layout| layout.account.is_some_and(is_account)).filter_map(|layout| layout.kind);
    named.last().map(|service| service.strip_prefix("aws-service=").unwrap_or(service))
}

/// Whether a key is that of a file of an S3 inventory: "Locating your inventory list" in the Amazon S3 User Guide.
fn is_inventory(key: &str) -> bool {
    let mut parts = key.rsplit('/');
    let (file, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (name, ending) = file.split_once('.').unwrap_or((file, ""));
    match (folder, file) {
        ("data", _) => {
            let is_id = name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
            is_id && matches!(ending, "csv.gz" | "orc" | "parquet")
        }
        (_, "manifest.json" | "manifest.checksum") => DateTime::strptime("%Y-%m-%dT%H-%MZ", folder).is_ok(),
        (_, "symlink.txt") => folder.starts_with("dt="),
        _ => false,
    }
}

/// The folders below `AWSLogs`: `[prefix/]AWSLogs/[organization/]account/kind/region/…` ("Finding your CloudTrail log
/// files" in the AWS CloudTrail User Guide).
struct Layout<'k> {
    account: Option<&'k str>,
    kind: Option<&'k str>,
    region: Option<&'k str>,
}

/// The readings of a key: one for each folder that is named `AWSLogs`, since the prefix can hold such a folder, too.
fn layouts(key: &str) -> impl Iterator<Item = Layout<'_>> {
    let folders: Vec<&str> = folders(key).collect();
    let roots: Vec<usize> = (0..folders.len()).filter(|at| folders[*at] == LOG_FOLDER).collect();
    roots.into_iter().map(move |root| {
        let below = |depth: usize| folders.get(root + depth).copied();
        let account = if below(1).is_some_and(|folder| folder.starts_with("o-")) { 2 } else { 1 };
        Layout { account: below(account), kind: below(account + 1), region: below(account + 2) }
    })
}

/// The folders of a key, without the file name.
fn folders(key: &str) -> impl Iterator<Item = &str> {
    key.rsplit_once('/').map_or("", |(folders, _)| folders).split('/')
}

/// A key of an S3 notification that is not UTF-8 once it is decoded.
#[derive(Debug, Error)]
#[error("its key does not decode to UTF-8")]
pub struct KeyError(#[from] Utf8Error);

/// The key that S3 encoded as HTML forms do: `+` is a blank, and other characters are percent-encoded UTF-8 ("Event
/// message structure" in the Amazon S3 User Guide).
///
/// # Errors
///
/// The decoded bytes are not UTF-8.
pub fn decode_form(key: &str) -> Result<String, KeyError> {
    let blanks = key.replace('+', " ");
    Ok(percent_decode_str(&blanks).decode_utf8().map(Cow::into_owned)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_names_the_kind_only_at_its_position_below_awslogs() {
        use ObjectKind::{Aggregated, Digest, Foreign as Not, Log};
        for (key, kind) in [
            // Without and with an organization, in every partition.
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-gov-west-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail/cn-north-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail/us-iso-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-NetworkActivity/us-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/02/a.json.gz", Digest),
            ("AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/cn-north-1/2026/03/02/a.json.gz", Digest),
            ("AWSLogs/111122223333/CloudTrail-Aggregated/us-east-1/2026/03/02/a.json.gz", Aggregated),
            (
                "logs/of all/AWSLogs/o-exampleorg1/111122223333/CloudTrail-Aggregated/us-gov-east-1/a.json.gz",
                Aggregated,
            ),
            // Prefixes and trails may have any name.
            ("CloudTrail-Digest/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/a.json.gz", Log),
            ("my-CloudTrail-Digest/AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz", Log),
            ("AWSLogs/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/a.json.gz", Digest),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/CloudTrail-Digest/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/111122223333_CloudTrail-Digest_us-east-1.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-Digest", Log),
            ("AWSLogs/CloudTrail-Digest/CloudTrail/us-east-1/a.json.gz", Log),
            // A copied folder without `AWSLogs`.
            ("111122223333/CloudTrail-Digest/us-east-1/a.json.gz", Digest),
            ("a.json.gz", Log),
            ("", Log),
            ("/", Not(Foreign::Folder)),
            ("AWSLogs/111122223333/CloudTrail-Digest/AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz", Log),
            ("AWSLogs/111122223333/Config/AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-OfTomorrow/us-east-1/2026/03/02/a.json.gz", Log),
            ("Config/a.json.gz", Log),
        ] {
            assert_eq!(ObjectKind::of(key), kind, "{key}");
        }
    }

    #[test]
    fn the_folder_below_the_account_names_the_service() {
        for (key, kind) in [
            (
                "Config/us-east-1/2026/5/4/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_A_1.json.gz",
                Foreign::Config,
            ),
            ("Config/us-east-1/2026/5/4/ConfigSnapshot/111122223333_Config_a.json.gz", Foreign::Config),
            ("Config/us-east-1/2026/5/4/OversizedChangeNotification/AWS::EC2::VPC/a.json.gz", Foreign::Config),
            ("Config/ConfigWritabilityCheckFile", Foreign::TestFile),
            ("BedrockModelInvocationLogs/us-east-1/2026/03/02/09/20260302T090000000Z_a.json.gz", Foreign::Bedrock),
            ("BedrockModelInvocationLogs/us-east-1/2026/03/02/09/data/a_input.json.gz", Foreign::Bedrock),
            ("BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check", Foreign::TestFile),
            ("elasticloadbalancing/us-east-1/2026/03/02/a.log.gz", Foreign::LoadBalancer),
            ("ELBAccessLogTestFile", Foreign::TestFile),
            ("ELBConnectionLogTestFile", Foreign::TestFile),
            ("vpcflowlogs/us-east-1/2026/03/02/a.log.gz", Foreign::Flow),
            ("GuardDuty/us-east-1/2026/03/02/a.jsonl.gz", Foreign::GuardDuty),
            ("WAFLogs/us-east-1/acl/2026/03/02/09/00/a.log.gz", Foreign::Waf),
            ("vpcdnsquerylogs/vpc-1/2026/03/02/a.log.gz", Foreign::Resolver),
            ("network-firewall/flow/us-east-1/a.log.gz", Foreign::OtherService),
            ("CloudTrail-Lake/Query/2026/03/02/id/result_1.csv.gz", Foreign::OtherService),
            ("of-tomorrow/us-east-1/a.json.gz", Foreign::OtherService),
            ("CloudTrail/", Foreign::Folder),
        ] {
            for root in ["AWSLogs", "AWSLogs/o-exampleorg1", "a prefix/o-exampleorg1/AWSLogs/o-exampleorg1"] {
                let key = format!("{root}/111122223333/{key}");
                assert_eq!(ObjectKind::of(&key), ObjectKind::Foreign(kind), "{key}");
                assert!(!object(&key).is_surely_a_log(), "{key}");
            }
        }
        let hive =
            "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/a.parquet";
        assert_eq!(ObjectKind::of(hive), ObjectKind::Foreign(Foreign::Flow));
        for key in [
            "inventory/logs/daily/2026-03-02T01-00Z/manifest.json",
            "inventory/logs/daily/2026-03-02T01-00Z/manifest.checksum",
            "inventory/logs/daily/hive/dt=2026-03-02-01-00/symlink.txt",
            "inventory/logs/daily/data/0d0a2c1a-4d5b-4c3e-9f8a-1b2c3d4e5f60.csv.gz",
        ] {
            assert_eq!(ObjectKind::of(key), ObjectKind::Foreign(Foreign::Inventory), "{key}");
        }
        assert_eq!(ObjectKind::of("data/manifest.json"), ObjectKind::Log);
        for (key, is_log) in [
            ("AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz", true),
            ("copy/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz", true),
            ("copy/111122223333_CloudTrail_us-east-1.json.gz", false),
            ("a.json.gz", false),
        ] {
            assert_eq!(object(key).is_surely_a_log(), is_log, "{key}");
        }
    }

    #[test]
    fn keys_in_notifications_are_decoded_as_html_forms() {
        for (key, expected) in [
            ("AWSLogs/1/CloudTrail/a.json.gz", Ok("AWSLogs/1/CloudTrail/a.json.gz")),
            ("red+flower.json.gz", Ok("red flower.json.gz")),
            ("a%2Bb%20c%25d%3De", Ok("a+b c%d=e")),
            ("%E6%97%A5%E5%BF%97/x", Ok("日志/x")),
            ("100%", Ok("100%")),
            ("a/../b/", Ok("a/../b/")),
            ("%ff", Err("its key does not decode to UTF-8")),
        ] {
            let decoded = decode_form(key).map_err(|error| error.to_string());
            assert_eq!(decoded, expected.map(str::to_owned).map_err(str::to_owned), "{key}");
        }
    }

    #[test]
    fn a_key_names_account_region_and_time_of_delivery() {
        let check = |key: &str, account: Option<&str>, region: Option<&str>, delivered: Option<&str>| {
            let object = object(key);
            assert_eq!((object.account(), object.region()), (account, region), "{key}");
            assert_eq!(object.delivered(), delivered.map(|time| time.parse().unwrap()), "{key}");
        };
        let file = "111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz";
        for prefix in ["", "a prefix/AWSLogs of ours/"] {
            for organization in ["", "o-exampleorgid/"] {
                let key = format!("{prefix}AWSLogs/{organization}111122223333/CloudTrail/us-east-1/2026/03/02/{file}");
                check(&key, Some("111122223333"), Some("us-east-1"), Some("2026-03-02T09:20:00Z"));
            }
        }
        let inner = "AWSLogs/AWSLogs/111122223333/CloudTrail-Insight/cn-north-1/a.json.gz";
        check(inner, Some("111122223333"), Some("cn-north-1"), None);
        check("AWSLogs/111122223333/elasticloadbalancing/us-east-1/a.log", Some("111122223333"), None, None);
        check("111122223333/CloudTrail/us-east-1/a.json.gz", None, None, None);
        check("AWSLogs/1/x", None, None, None);
        check("", None, None, None);
    }

    #[test]
    fn a_copy_is_below_a_folder_with_the_name_of_its_bucket() {
        let key = "AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz";
        let path: Vec<&str> = ["/", "home", "logs"].into_iter().chain(key.split('/')).collect();
        assert_eq!(ObjectId::of_copy(&path), Some(object(key)));
        assert_eq!(ObjectId::of_copy(&path[3..]), None);
        assert_eq!(ObjectId::of_copy(&["a.json"]), None);
    }

    fn object(key: &str) -> ObjectId {
        ObjectId { bucket: "logs".to_owned(), key: key.to_owned() }
    }
}

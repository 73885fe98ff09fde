//! What one record holds that can be a reason for a proposal.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use jiff::Timestamp;

use super::agent::Tool;
use crate::{
    record::{Node, Record, Scalar, Virtual},
    untrusted::is_plain,
};

/// The longest principal that is looked at, in bytes; an ARN of IAM has at most 600.
const MAX_PRINCIPAL: usize = 1_024;
/// The longest ARN of a role that is kept of what another account assumed.
const MAX_ROLE: usize = 600;
/// How many layers of a function are looked at; it can have five.
const MAX_LAYERS: usize = 10;
/// The path of the roles of IAM Identity Center.
const IDENTITY_CENTER: &str = ":role/aws-reserved/sso.amazonaws.com/";
/// Paths of roles that no one can give rights by a list: AWS creates them.
const OF_AWS: [&str; 2] = [":role/aws-reserved/", ":role/aws-service-role/"];

/// Writes that agents on machines, in containers and in functions make by themselves, whatever their roles are for.
const ROUTINE: &[&str] = &[
    "CreateLogGroup",
    "CreateLogStream",
    "PutComplianceItems",
    "PutConfigurePackageResult",
    "PutInventory",
    "RegisterContainerInstance",
    "RegisterManagedInstance",
    "SubmitAttachmentStateChanges",
    "SubmitContainerStateChange",
    "SubmitTaskStateChange",
    "UpdateInstanceAssociationStatus",
    "UpdateInstanceInformation",
];

/// The services that write logs into buckets, and whether each asks for the access list of no other bucket.
const LOG_WRITERS: &[(&str, &str, bool)] = &[
    ("cloudtrail.amazonaws.com", "CloudTrail", true),
    ("delivery.logs.amazonaws.com", "log delivery", true),
    ("config.amazonaws.com", "Config", false),
    ("logging.s3.amazonaws.com", "S3 server access logging", false),
];

/// The calls that name a bucket for logs, and where.
const NAMES_BUCKET: &[(&str, &[&str])] = &[
    ("CreateTrail", &["requestParameters", "s3BucketName"]),
    ("UpdateTrail", &["requestParameters", "s3BucketName"]),
    ("PutDeliveryChannel", &["requestParameters", "deliveryChannel", "s3BucketName"]),
    ("PutBucketLogging", &["requestParameters", "BucketLoggingStatus", "LoggingEnabled", "TargetBucket"]),
];

/// What one record holds.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(super) event: Option<u64>,
    pub(super) time: Timestamp,
    pub(super) account: Option<String>,
    pub(super) failed: bool,
    pub(super) caller: Option<CallerFacts>,
    pub(super) assumed: Option<Assumption>,
    pub(super) layers: Vec<(String, String)>,
    pub(super) bucket: Option<(String, BucketWitness)>,
}

/// Who called, and how.
#[derive(Clone, Debug)]
pub(super) struct CallerFacts {
    pub principal: String,
    pub is_person: bool,
    pub is_role: bool,
    pub effect: Effect,
    pub service: u64,
    pub call: u64,
    pub tool: Option<Tool>,
    pub address: Option<(String, IpAddr)>,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Write,
    /// What says nothing of what the caller is for: data events, and what agents of machines do by themselves.
    Other,
}

/// A role that a caller of another account assumed.
#[derive(Clone, Debug)]
pub(super) struct Assumption {
    pub from: String,
    pub role: String,
    pub has_external_id: bool,
}

/// Why a bucket is one with logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BucketWitness {
    /// This service writes to it.
    Written(&'static str),
    /// This call names it.
    Named(&'static str),
}

impl Facts {
    /// The facts of a record; `None` for one without a time, which proves nothing of days.
    pub fn of(record: &Record) -> Option<Self> {
        let time = record.event_time()?;
        let account = record.at(&["recipientAccountId"]).filter(|id| is_account(id));
        let name = record.at(&["eventName"]).unwrap_or_default();
        let failed = record.field(Virtual::Result).as_deref() == Some("failure");
        let region = record.at(&["awsRegion"]);
        let event = record.at(&["eventID"]).map(|id| hash(&(id, &account, region, &name)));
        Some(Self {
            event,
            time,
            failed,
            caller: caller(record, &name),
            assumed: account.as_deref().and_then(|account| assumed(record, &name, account)),
            layers: account.as_deref().map(|account| layers(record, &name, account)).unwrap_or_default(),
            bucket: if failed { None } else { bucket(record, &name) },
            account,
        })
    }
}

/// The caller, if it is a role or a user of IAM that can be on a list, or a person of IAM Identity Center.
fn caller(record: &Record, name: &str) -> Option<CallerFacts> {
    let text = |keys: &[&str]| record.at(keys);
    if matches!(text(&["userIdentity", "type"])?.as_str(), "Root" | "AWSService" | "FederatedUser") {
        return None;
    }
    // What a service does with a caller's rights proves nothing of the caller, but for stacks.
    let invoked_by = text(&["userIdentity", "invokedBy"]);
    if invoked_by.is_some_and(|service| service != "cloudformation.amazonaws.com") {
        return None;
    }
    let principal = record.field(Virtual::Principal).filter(|principal| principal.len() <= MAX_PRINCIPAL)?;
    let source = text(&["eventSource"]).unwrap_or_default();
    let is_of_center = principal.contains(IDENTITY_CENTER);
    if !is_of_center && !is_on_lists(&principal) {
        return None;
    }
    let is_yes = |keys: &[&str]| text(keys).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let is_person = is_of_center
        || source == "signin.amazonaws.com"
        || is_yes(&["sessionCredentialFromConsole"])
        || is_yes(&["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"]);
    let is_data = text(&["eventCategory"]).as_deref() == Some("Data");
    let is_data = is_data || text(&["managementEvent"]).as_deref() == Some("false");
    let effect = match text(&["readOnly"]).as_deref() {
        _ if is_data || ROUTINE.contains(&name) => Effect::Other,
        Some("true") => Effect::Read,
        Some("false") => Effect::Write,
        _ => Effect::Other,
    };
    let address = text(&["sourceIPAddress"]).and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
    let network = record.field(Virtual::Network);
    Some(CallerFacts {
        is_role: principal.contains(":role/"),
        principal,
        is_person,
        effect,
        call: hash(&(&source, name)),
        service: hash(&source),
        tool: text(&["userAgent"]).and_then(|agent| Tool::of(&agent)),
        address: address.filter(is_public).and_then(|address| Some((network?, address))),
    })
}

/// Whether a principal can be on a list: the ARN of a role or a user with its account, which AWS did not create.
fn is_on_lists(principal: &str) -> bool {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    let &[arn, _, iam, _, account, resource] = &*parts else { return false };
    let has_name = resource
        .strip_prefix("role/")
        .or_else(|| resource.strip_prefix("user/"))
        .is_some_and(|name| !name.is_empty() && !name.ends_with('/') && !name.contains(':'));
    (arn, iam) == ("arn", "iam")
        && is_account(account)
        && has_name
        && is_plain(principal)
        && !OF_AWS.iter().any(|path| principal.contains(path))
}

/// Addresses of private networks are the same everywhere.
fn is_public(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let is_shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || is_shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
    }
}

fn assumed(record: &Record, name: &str, account: &str) -> Option<Assumption> {
    if name != "AssumeRole" || record.at(&["userIdentity", "type"]).as_deref() == Some("AWSService") {
        return None;
    }
    let from = record.at(&["userIdentity", "accountId"]).filter(|from| is_account(from) && from != account)?;
    let role = record.at(&["requestParameters", "roleArn"])?;
    if !is_plain(&role) || role.len() > MAX_ROLE || role.split(':').nth(4) != Some(account) {
        return None;
    }
    let has_external_id = record.at(&["requestParameters", "externalId"]).is_some();
    Some(Assumption { from, role, has_external_id })
}

/// The accounts and the names of layers of other accounts that a function gets.
fn layers(record: &Record, name: &str, account: &str) -> Vec<(String, String)> {
    if !name.starts_with("CreateFunction2") && !name.starts_with("UpdateFunctionConfiguration") {
        return Vec::new();
    }
    let layers = record.root().get("requestParameters").and_then(|request| request.get("layers"));
    let layers = layers.into_iter().flat_map(Node::elements).take(MAX_LAYERS);
    layers
        .filter_map(|layer| {
            let Scalar::Text(arn) = layer.scalar() else { return None };
            let parts: Vec<&str> = arn.split(':').collect();
            let &["arn", _, "lambda", _, owner, "layer", name, _] = &*parts else { return None };
            (is_account(owner) && owner != account && is_plain(name) && name.len() <= 140)
                .then(|| (owner.to_owned(), name.to_owned()))
        })
        .collect()
}

fn bucket(record: &Record, name: &str) -> Option<(String, BucketWitness)> {
    let named = NAMES_BUCKET.iter().find(|(call, _)| *call == name);
    let (bucket, witness) = if let Some((call, keys)) = named {
        (record.at(keys)?, BucketWitness::Named(call))
    } else {
        let by = record.at(&["userIdentity", "invokedBy"])?;
        let (_, service, asks_only_there) = LOG_WRITERS.iter().find(|(service, ..)| *service == by)?;
        if name != "PutObject" && !(name == "GetBucketAcl" && *asks_only_there) {
            return None;
        }
        (record.field(Virtual::BucketName)?, BucketWitness::Written(service))
    };
    is_bucket(&bucket).then_some((bucket, witness))
}

/// "Bucket naming rules" in the Amazon S3 User Guide.
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// A hash that is the same in every run.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(mut record: serde_json::Value) -> Facts {
        record["eventTime"] = json!("2026-03-02T09:00:00Z");
        Facts::of(&Record::new(record).unwrap()).unwrap()
    }

    fn by(arn: &str) -> Option<CallerFacts> {
        let issuer = json!({"type": "Role", "arn": arn, "userName": "x"});
        of(json!({"userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}})).caller
    }

    #[test]
    fn only_roles_and_users_that_a_list_can_name_are_callers() {
        assert_eq!(
            by("arn:aws:iam::111122223333:role/ci/deploy").unwrap().principal,
            "arn:aws:iam::111122223333:role/ci/deploy"
        );
        assert!(by("arn:aws-us-gov:iam::111122223333:role/ci").is_some());
        for other in [
            "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/ci/",
            "arn:aws:iam::111122223333:role/a\" #b",
            "arn:aws:iam::111122223333:role/a\nb",
            "arn:aws:iam::1111:role/ci",
            "ci",
        ] {
            assert!(by(other).is_none(), "{other}");
        }
        assert!(of(json!({"userIdentity": {"type": "Root", "accountId": "111122223333"}})).caller.is_none());
        let center = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1";
        assert!(by(center).unwrap().is_person);
    }

    #[test]
    fn an_address_of_a_private_network_is_none() {
        let public = |ip: &str| is_public(&ip.parse().unwrap());
        assert!(["192.0.2.1", "100.128.0.1", "2001:db8::1"].into_iter().all(public));
        assert!(!["10.1.2.3", "172.16.0.1", "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1"].into_iter().any(public));
    }
}

//! What a request was: its result, the account of what it acted on, and the network that it came from.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    node::{Node, Scalar, text_at},
    work::{VISIT, test_steps},
};

/// The fields that are `Failure` for a failed sign-in or a failed change of role. Events of these kinds may have no error code
/// ("AWS Management Console sign-in events" in the AWS CloudTrail User Guide, "CloudTrail events for IAM Identity Center" in the
/// IAM Identity Center User Guide).
const FAILURES: [[&str; 2]; 7] = [
    ["responseElements", "ConsoleLogin"],
    ["responseElements", "CheckMfa"],
    ["responseElements", "SwitchRole"],
    ["responseElements", "RenewRole"],
    ["responseElements", "ExitRole"],
    ["serviceEventDetails", "CredentialVerification"],
    ["serviceEventDetails", "UserAuthentication"],
];

/// `failure` or `success`.
pub fn result<'a>(record: impl Node<'a>) -> &'static str {
    let has_error = ["errorCode", "errorMessage"].iter().any(|key| text_at(record, &[key]).is_some());
    let failed = has_error || FAILURES.iter().any(|keys| text_at(record, keys) == Some("Failure"));
    if failed { "failure" } else { "success" }
}

/// The account of the resources, if it is the same for all of them that have one; otherwise the account that got the record.
pub fn owner_account<'a>(record: impl Node<'a>) -> Option<&'a str> {
    agreed(record).or_else(|| text_at(record, &["recipientAccountId"]))
}

/// The account that all resources with an account have.
fn agreed<'a, N: Node<'a>>(record: N) -> Option<&'a str> {
    let resources = record.get("resources")?;
    let mut owner = None;
    let mut agrees = |resource: N| {
        let account = text_at(resource, &["accountId"]);
        record.work().spend(VISIT + test_steps(account.map_or(0, str::len)))
            && account.is_none_or(|account| *owner.get_or_insert(account) == account)
    };
    let all = match resources.scalar() {
        Scalar::List => resources.elements().all(agrees),
        _ => agrees(resources),
    };
    owner.filter(|_| all)
}

/// The network of the caller's address: a /24 of IPv4 or a /48 of IPv6.
pub fn network<'a>(record: impl Node<'a>) -> Option<String> {
    let address = text_at(record, &["sourceIPAddress"])?.parse::<IpAddr>().ok()?.to_canonical();
    let length = if address.is_ipv4() { 24 } else { 48 };
    Some(IpNet::new(address, length).ok()?.trunc().to_string())
}

//! The part of a CloudTrail record whose fields AWS lists, as of 2026-11-30.
//!
//! The pages are "CloudTrail record contents for management, data, and network activity events", "CloudTrail record contents
//! for Insights events for trails", "CloudTrail record contents for aggregated events" and "CloudTrail userIdentity element"
//! in the CloudTrail User Guide, and "Temporary delegation" in the IAM User Guide for `invokedByDelegate`.
//!
//! The blocks that services write, such as `requestParameters`, are open: AWS does not list their fields.

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum FieldShape {
    /// One text, or nothing.
    Text,
    /// Free text, such as messages and user agents: one or several, with any content.
    Prose,
    /// True or false, sometimes as text.
    Flag,
    /// An object with these fields.
    Fields(&'static [(&'static str, FieldShape)]),
    /// A list of such objects.
    List(&'static [(&'static str, FieldShape)]),
    /// An object whose fields AWS does not list.
    Block,
    /// What is in such an object: anything.
    Inside,
}

use FieldShape::{Block, Fields, Flag, Inside, List, Prose, Text};

/// The fields of a record.
pub const RECORD: &[(&str, FieldShape)] = &[
    ("eventVersion", Text),
    ("userIdentity", Fields(USER_IDENTITY)),
    ("eventTime", Text),
    ("eventSource", Text),
    ("eventName", Text),
    ("awsRegion", Text),
    ("sourceIPAddress", Text),
    ("userAgent", Prose),
    ("errorCode", Text),
    ("errorMessage", Prose),
    ("requestParameters", Block),
    ("responseElements", Block),
    ("additionalEventData", Block),
    ("requestID", Text),
    ("eventID", Text),
    ("eventType", Text),
    ("apiVersion", Text),
    ("managementEvent", Flag),
    ("readOnly", Flag),
    ("resources", List(&[("ARN", Text), ("ARNPrefix", Text), ("accountId", Text), ("type", Text)])),
    ("recipientAccountId", Text),
    ("serviceEventDetails", Block),
    ("sharedEventID", Text),
    ("vpcEndpointId", Text),
    ("vpcEndpointAccountId", Text),
    ("eventCategory", Text),
    ("addendum", Fields(ADDENDUM)),
    ("sessionCredentialFromConsole", Flag),
    ("eventContext", Block),
    ("edgeDeviceDetails", Block),
    ("tlsDetails", Fields(TLS_DETAILS)),
    ("insightDetails", Block),
    // The record of a finding of a detector, in which `detail` is as the detector wrote it.
    ("detail", Block),
    ("detail-type", Text),
    ("detector", Text),
    // Fields of aggregated events.
    ("timeWindow", Block),
    ("summary", Block),
    ("finding", Fields(FINDING)),
];

const FINDING: &[(&str, FieldShape)] = &[
    ("id", Text),
    ("type", Text),
    ("title", Prose),
    ("description", Prose),
    ("severity", Text),
    ("level", Text),
    ("status", Text),
    ("resource", Text),
    ("resourceType", Text),
];

const USER_IDENTITY: &[(&str, FieldShape)] = &[
    ("type", Text),
    ("userName", Text),
    ("principalId", Text),
    ("arn", Text),
    ("accountId", Text),
    ("accessKeyId", Text),
    ("sessionContext", Fields(SESSION_CONTEXT)),
    ("invokedBy", Text),
    ("onBehalfOf", Fields(&[("userId", Text), ("identityStoreArn", Text)])),
    ("invokedByDelegate", Fields(&[("accountId", Text)])),
    ("inScopeOf", Fields(IN_SCOPE_OF)),
    ("credentialId", Text),
    ("identityProvider", Text),
];

const SESSION_CONTEXT: &[(&str, FieldShape)] = &[
    (
        "sessionIssuer",
        Fields(&[("type", Text), ("userName", Text), ("principalId", Text), ("arn", Text), ("accountId", Text)]),
    ),
    ("webIdFederationData", Fields(&[("federatedProvider", Text), ("attributes", Block)])),
    ("signInSessionArn", Text),
    ("assumedRoot", Flag),
    ("attributes", Fields(&[("creationDate", Text), ("mfaAuthenticated", Flag)])),
    ("sourceIdentity", Text),
    ("ec2RoleDelivery", Text),
];

const IN_SCOPE_OF: &[(&str, FieldShape)] =
    &[("sourceArn", Text), ("sourceAccount", Text), ("issuerType", Text), ("credentialsIssuedTo", Text)];

const ADDENDUM: &[(&str, FieldShape)] =
    &[("reason", Text), ("updatedFields", Prose), ("originalRequestID", Text), ("originalEventID", Text)];

const TLS_DETAILS: &[(&str, FieldShape)] =
    &[("tlsVersion", Text), ("cipherSuite", Text), ("clientProvidedHostHeader", Text), ("keyExchange", Text)];

/// What is known about a path.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// It leads to a field of this shape; `listed` if it passes through a list.
    There { shape: FieldShape, listed: bool },
    /// The object above has no such key.
    NoKey { at: usize, siblings: &'static [(&'static str, FieldShape)] },
    /// The field above holds a single value.
    InsideText { at: usize },
}

/// What a record has at the end of these keys.
pub fn look_up(keys: &[String]) -> Known {
    let (mut shape, mut listed) = (Fields(RECORD), false);
    for (at, key) in keys.iter().enumerate() {
        let siblings = match shape {
            Fields(fields) => fields,
            List(fields) => {
                listed = true;
                fields
            }
            Text | Prose | Flag => return Known::InsideText { at },
            Block | Inside => return Known::There { shape: Inside, listed: true },
        };
        let Some((_, found)) = siblings.iter().find(|(name, _)| name == key) else {
            return Known::NoKey { at, siblings };
        };
        shape = *found;
    }
    Known::There { shape, listed }
}

/// The first path that ends in a field of that name, upper levels first.
pub fn elsewhere(name: &str) -> Option<String> {
    let mut level: Vec<(String, &'static [(&'static str, FieldShape)])> = vec![(String::new(), RECORD)];
    while !level.is_empty() {
        let mut below = Vec::new();
        for (before, fields) in level {
            for (key, shape) in fields {
                let path = format!("{before}{key}");
                if *key == name {
                    return Some(path);
                }
                if let Fields(inner) | List(inner) = shape {
                    below.push((format!("{path}."), *inner));
                }
            }
        }
        level = below;
    }
    None
}

//! The virtual fields: short names for the fields that rules use most.

use super::{
    event_time::event_time,
    node::{Node, Scalar, descend},
};
use crate::number::Number;

/// A virtual field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Virtual {
    /// `insight` or `cloudtrail`.
    EventType,
    /// A short name for the identity that made the request.
    User,
    /// The name of the role behind a session.
    Role,
    /// `userIdentity.type`.
    UserType,
    /// `userIdentity.accountId`.
    AccountId,
    /// `userIdentity.accessKeyId`.
    AccessKey,
    /// The part of `userIdentity.arn` after its last `:`.
    ArnRole,
    /// `sourceIPAddress`.
    Ip,
    /// `awsRegion`.
    Region,
    /// `errorCode`.
    Error,
    /// `requestParameters.bucketName`.
    BucketName,
    /// Whether the caller used multi-factor authentication.
    MfaUsed,
    /// `eventTime` in milliseconds since 1970.
    Timestamp,
}

impl Virtual {
    /// Every virtual field with its name and its definition.
    pub const ALL: &[(Virtual, &str, &str)] = &[
        (Virtual::EventType, "event_type", "`\"insight\"` for a CloudTrail Insights event, else `\"cloudtrail\"`"),
        (
            Virtual::User,
            "user",
            "`Root`, the user name, the end of the ARN, `invokedBy` or `principalId`: the first that is present",
        ),
        (Virtual::Role, "role", "`userIdentity.sessionContext.sessionIssuer.userName`"),
        (Virtual::UserType, "userType", "`userIdentity.type`"),
        (Virtual::AccountId, "accountId", "`userIdentity.accountId`"),
        (Virtual::AccessKey, "accessKey", "`userIdentity.accessKeyId`"),
        (Virtual::ArnRole, "arnRole", "the part of `userIdentity.arn` after its last `:`"),
        (Virtual::Ip, "ip", "`sourceIPAddress`"),
        (Virtual::Region, "region", "`awsRegion`"),
        (Virtual::Error, "error", "`errorCode`"),
        (Virtual::BucketName, "bucketName", "`requestParameters.bucketName`"),
        (
            Virtual::MfaUsed,
            "mfaUsed",
            "true or false: `additionalEventData.MFAUsed`, else the session's `mfaAuthenticated`",
        ),
        (Virtual::Timestamp, "timestamp", "`eventTime` in milliseconds since 1970"),
    ];

    /// The virtual field of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(field, ..)| *field)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(field, ..)| *field == self).map_or("", |(_, name, _)| name)
    }

    /// The raw keys that it is an alias of; `None` if its value is computed.
    pub fn raw_keys(self) -> Option<&'static [&'static str]> {
        Some(match self {
            Virtual::Role => &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
            Virtual::UserType => &["userIdentity", "type"],
            Virtual::AccountId => &["userIdentity", "accountId"],
            Virtual::AccessKey => &["userIdentity", "accessKeyId"],
            Virtual::Ip => &["sourceIPAddress"],
            Virtual::Region => &["awsRegion"],
            Virtual::Error => &["errorCode"],
            Virtual::BucketName => &["requestParameters", "bucketName"],
            Virtual::EventType | Virtual::User | Virtual::ArnRole | Virtual::MfaUsed | Virtual::Timestamp => {
                return None;
            }
        })
    }

    /// The fields at the top of a record that its value is computed from; none if it has [`Self::raw_keys`].
    pub(super) fn sources(self) -> &'static [&'static str] {
        match self {
            Virtual::EventType => &["eventCategory", "eventType"],
            Virtual::User | Virtual::ArnRole => &["userIdentity"],
            Virtual::MfaUsed => &["additionalEventData", "userIdentity"],
            Virtual::Timestamp => &["eventTime"],
            _ => &[],
        }
    }

    /// The computed value; null for a field that is an alias.
    pub(super) fn compute<'a>(self, record: impl Node<'a>) -> Scalar<'a> {
        let text = |keys: &[&str]| match descend(record, keys).map(Node::scalar) {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        };
        let arn = || text(&["userIdentity", "arn"]);
        match self {
            Virtual::EventType => {
                let insight =
                    text(&["eventCategory"]) == Some("Insight") || text(&["eventType"]) == Some("AwsCloudTrailInsight");
                Scalar::Text(if insight { "insight" } else { "cloudtrail" })
            }
            Virtual::User if text(&["userIdentity", "type"]) == Some("Root") => Scalar::Text("Root"),
            Virtual::User => text(&["userIdentity", "userName"])
                .or_else(|| arn()?.rsplit_once('/').map(|(_, name)| name))
                .or_else(|| text(&["userIdentity", "invokedBy"]))
                .or_else(|| text(&["userIdentity", "principalId"]))
                .map_or(Scalar::Null, Scalar::Text),
            Virtual::ArnRole => {
                arn().map_or(Scalar::Null, |arn| Scalar::Text(arn.rsplit_once(':').map_or(arn, |(_, role)| role)))
            }
            Virtual::MfaUsed => mfa_used(record).map_or(Scalar::Null, Scalar::Bool),
            Virtual::Timestamp => event_time(record)
                .map_or(Scalar::Null, |time| Scalar::Number(Number::Int(time.as_millisecond().into()))),
            _ => Scalar::Null,
        }
    }
}

/// `additionalEventData.MFAUsed` if it is text or a boolean, or else `mfaAuthenticated` of the session.
fn mfa_used<'a>(record: impl Node<'a>) -> Option<bool> {
    let session = &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"];
    match descend(record, &["additionalEventData", "MFAUsed"]).map(Node::scalar) {
        Some(Scalar::Text(used)) => return Some(used.eq_ignore_ascii_case("yes")),
        Some(Scalar::Bool(used)) => return Some(used),
        _ => {}
    }
    match descend(record, session)?.scalar() {
        Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Scalar::Bool(value) => Some(value),
        _ => None,
    }
}

//! The virtual fields: short names for the fields that rules use most, and for facts that several fields decide.

use std::{borrow::Cow, mem};

use super::{
    call::{network, owner_account, result},
    caller::Caller,
    event_time::event_time,
    node::{Node, Scalar, descend, text_at},
    request_hash::request_hash,
    zone::Zone,
};
use crate::{
    detector::{self, Detector},
    number::Number,
};

/// A virtual field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Virtual {
    /// `cloudtrail`, `insight`, or the detector of a finding.
    EventType,
    /// A short name for the identity that made the request.
    User,
    /// The name of the role behind a session.
    Role,
    /// The name of a session, which its caller chooses.
    Session,
    /// The identity that made the request, as far as its caller cannot choose it.
    Principal,
    /// `success` or `failure`.
    Result,
    /// A hash of the parameters of the request.
    Request,
    /// The account of what the request acted on.
    OwnerAccount,
    /// The network of the address that the request came from.
    Network,
    /// The hour of the event in a time zone, from 0 to 23.
    Hour(Zone),
    /// The day of the week of the event in a time zone, from 1 for Monday to 7.
    Weekday(Zone),
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

/// The value of a virtual field that is computed.
pub(super) enum Value<'a> {
    /// There is none.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text; never an empty one.
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// What an operator sees of it.
    pub(super) fn scalar(&self) -> Scalar<'_> {
        match self {
            Value::Null => Scalar::Null,
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Number(number) => Scalar::Number(*number),
            Value::Text(text) => Scalar::Text(text),
        }
    }
}

impl<'a, T: Into<Cow<'a, str>>> From<Option<T>> for Value<'a> {
    fn from(text: Option<T>) -> Self {
        text.map(Into::into).filter(|text: &Cow<'_, str>| !text.is_empty()).map_or(Value::Null, Value::Text)
    }
}

impl Virtual {
    /// Every virtual field with its name and its definition; the hour and the weekday are those of UTC.
    pub const ALL: &[(Virtual, &str, &str)] = &[
        (
            Virtual::EventType,
            "event_type",
            "`\"cloudtrail\"`, `\"insight\"`, or the detector of a finding, such as `\"guardduty\"`",
        ),
        (Virtual::User, "user", "a short name of the caller: `Root`, a user, a session, a service or `anonymous`"),
        (Virtual::Role, "role", "the name of the role behind a session"),
        (Virtual::Session, "session", "the name of a role's or a federated user's session: the caller chooses it"),
        (Virtual::Principal, "principal", "who the caller is, with the account, and without what the caller chooses"),
        (Virtual::Result, "result", "`\"failure\"` for a call or a sign-in that failed, else `\"success\"`"),
        (Virtual::Request, "request", "a hash of `requestParameters`, for `aggregate_fields`"),
        (Virtual::OwnerAccount, "ownerAccount", "the account of what was acted on"),
        (Virtual::Network, "network", "the /24 or /48 network of `sourceIPAddress`, such as `\"192.0.2.0/24\"`"),
        (Virtual::Hour(Zone::UTC), "hour", "the hour of `eventTime`, from 0 to 23"),
        (Virtual::Weekday(Zone::UTC), "weekday", "the day of the week of `eventTime`, from 1 (Monday) to 7 (Sunday)"),
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

    /// The virtual field of that name; its hours and weekdays are those of UTC.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(field, ..)| *field)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let same = |field: &Self| mem::discriminant(field) == mem::discriminant(&self);
        Self::ALL.iter().find(|(field, ..)| same(field)).map_or("", |(_, name, _)| name)
    }

    /// The same field, with the hours and the weekdays of a time zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        match self {
            Virtual::Hour(_) => Virtual::Hour(zone),
            Virtual::Weekday(_) => Virtual::Weekday(zone),
            other => other,
        }
    }

    /// The raw keys that it is an alias of; `None` if its value is computed.
    pub fn raw_keys(self) -> Option<&'static [&'static str]> {
        Some(match self {
            Virtual::UserType => &["userIdentity", "type"],
            Virtual::AccountId => &["userIdentity", "accountId"],
            Virtual::AccessKey => &["userIdentity", "accessKeyId"],
            Virtual::Ip => &["sourceIPAddress"],
            Virtual::Region => &["awsRegion"],
            Virtual::Error => &["errorCode"],
            Virtual::BucketName => &["requestParameters", "bucketName"],
            _ => return None,
        })
    }

    /// The keys of a value without which a computed field has none; none if it can have one in any record.
    pub(super) fn holder(self) -> &'static [&'static str] {
        match self {
            Virtual::Role => &["userIdentity", "sessionContext"],
            Virtual::User | Virtual::Principal | Virtual::Session | Virtual::ArnRole => &["userIdentity"],
            Virtual::Request => &["requestParameters"],
            Virtual::Network => &["sourceIPAddress"],
            Virtual::Hour(_) | Virtual::Weekday(_) | Virtual::Timestamp => &["eventTime"],
            _ => &[],
        }
    }

    /// The fields at the top of a record that its value is computed from; none if it has [`Self::raw_keys`].
    pub(super) fn sources(self) -> &'static [&'static str] {
        match self {
            Virtual::EventType => &["eventCategory", "eventType", "detector"],
            Virtual::User => &["userIdentity", "eventCategory", "detector"],
            Virtual::Principal | Virtual::Role | Virtual::Session | Virtual::ArnRole => &["userIdentity"],
            Virtual::Result => &["errorCode", "errorMessage", "responseElements", "serviceEventDetails"],
            Virtual::Request => &["requestParameters"],
            Virtual::OwnerAccount => &["recipientAccountId", "resources"],
            Virtual::Network => &["sourceIPAddress"],
            Virtual::MfaUsed => &["additionalEventData", "userIdentity"],
            Virtual::Hour(_) | Virtual::Weekday(_) | Virtual::Timestamp => &["eventTime"],
            _ => &[],
        }
    }

    /// The computed value; null for a field that is an alias.
    pub(super) fn compute<'a>(self, record: impl Node<'a>) -> Value<'a> {
        let number = |number: Option<i64>| number.map_or(Value::Null, |it| Value::Number(Number::Int(it.into())));
        let caller = || Caller::of(record);
        match self {
            Virtual::EventType => Some(event_type(record)).into(),
            // A finding without a caller is no anonymous call.
            Virtual::User => {
                caller().filter(|one| finding_of(record).is_none() || !one.is_anonymous()).map(Caller::user).into()
            }
            Virtual::Principal => caller().map(Caller::principal).into(),
            Virtual::Role => caller().and_then(Caller::role).into(),
            Virtual::Session => caller().and_then(Caller::session).into(),
            Virtual::Result => Some(result(record)).into(),
            Virtual::Request => request_hash(record).into(),
            Virtual::OwnerAccount => owner_account(record).into(),
            Virtual::Network => network(record).into(),
            Virtual::Hour(zone) => number(event_time(record).map(|time| zone.hour(time).into())),
            Virtual::Weekday(zone) => number(event_time(record).map(|time| zone.weekday(time).into())),
            Virtual::ArnRole => text_at(record, &["userIdentity", "arn"])
                .map(|arn| arn.rsplit_once(':').map_or(arn, |(_, role)| role))
                .into(),
            Virtual::MfaUsed => mfa_used(record).map_or(Value::Null, Value::Bool),
            Virtual::Timestamp => number(event_time(record).map(jiff::Timestamp::as_millisecond)),
            _ => Value::Null,
        }
    }
}

/// The detector of a finding, `insight` or `cloudtrail`.
fn event_type<'a>(record: impl Node<'a>) -> &'static str {
    if is_insight(record) {
        return "insight";
    }
    finding_of(record).map_or("cloudtrail", |detector| detector.word)
}

/// The detector whose finding a record is.
pub(super) fn finding_of<'a>(record: impl Node<'a>) -> Option<&'static Detector> {
    text_at(record, &["eventCategory"]).filter(|category| *category == detector::CATEGORY)?;
    detector::named(text_at(record, &["detector"])?)
}

/// Whether a record is a CloudTrail Insights event.
pub(super) fn is_insight<'a>(record: impl Node<'a>) -> bool {
    text_at(record, &["eventCategory"]) == Some("Insight")
        || text_at(record, &["eventType"]) == Some("AwsCloudTrailInsight")
}

/// `additionalEventData.MFAUsed` if it is text or a boolean, or else `mfaAuthenticated` of the session.
fn mfa_used<'a>(record: impl Node<'a>) -> Option<bool> {
    let session = &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"];
    match descend(record, &["additionalEventData", "MFAUsed"]).map(Node::scalar) {
        Some(Scalar::Text(used)) if !used.is_empty() => return Some(used.eq_ignore_ascii_case("yes")),
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

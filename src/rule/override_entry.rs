//! The entry of `overrides.yaml` that suppresses a rule for the caller of a record.
//!
//! Only this caller can satisfy it: a caller who can choose the values of a suppression raises no alert of the rule any more.
//! So it has no name that a caller chooses: not that of a session, of a federated user, or of a sign-in that failed.

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use thiserror::Error;

use super::model::Rule;
use crate::{
    filter::operand::Value,
    record::{Record, Virtual},
    untrusted::{is_plain, is_uuid, printable, yaml},
};

/// What a suppression knows a caller by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressBy {
    /// The identity, without what the caller chooses.
    Principal,
    /// The role, in its account.
    Role,
    /// The access key.
    Key,
}

/// An entry of `overrides.yaml` with one suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideEntry {
    /// The id of the rule.
    pub rule: String,
    /// The filter of the suppression.
    pub filter: String,
    /// Why the suppression is there: the event that it was made for.
    pub reason: String,
    /// The last day of the suppression.
    pub expires: Date,
    /// Whether each value of the filter is [plain](is_plain), so that anyone may paste it.
    pub is_plain: bool,
}

/// Why there is no suppression for the caller of a record; displayed with the repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoOverrideEntry {
    /// An Insight.
    #[error(
        "the record is of CloudTrail Insights and has no caller: suppress it by `insightDetails.eventName`, by hand"
    )]
    NoCall,
    /// A finding of a detector.
    #[error(
        "the record is a finding of a detector, and is not about its caller: suppress it by `finding.type` and \
         `finding.resource`, by hand"
    )]
    Finding,
    /// A record without a time.
    #[error(
        "the record has no `eventTime` that can be read, so no suppression with an end covers it: write one by hand"
    )]
    NoTime,
    /// The root user, or a session that it issued.
    #[error(
        "the caller is the root user, or has its credentials: find out who it is; to receive no alert for any caller, \
         write `enabled: false` for the rule in `overrides.yaml`"
    )]
    Root,
    /// A caller without an identity.
    #[error(
        "the caller has no identity, so every stranger would be suppressed: suppress it by what the request names, such as \
         `bucketName`, by hand"
    )]
    Anonymous,
    /// A sign-in that proves no identity.
    #[error(
        "the sign-in failed, and anyone can type the name of a user: suppress it by `ip` or `network`, by hand, or correct \
         what signs in"
    )]
    FailedSignIn,
    /// A name that the caller can choose.
    #[error(
        "the name of this caller is not one that AWS gave or checked: suppress it by `key`, or by `ip` or `network`, by hand"
    )]
    ChosenName,
    /// A caller that is no role.
    #[error("the caller is no session of a role: suppress it by `principal`")]
    NoRole,
    /// A role of an unknown account.
    #[error(
        "the record does not have the account of the role, and other accounts have roles of that name: suppress it by `principal`"
    )]
    NoAccount,
    /// A caller without an access key.
    #[error("the record has no access key: suppress it by `principal`")]
    NoKey,
    /// A value that AWS does not give.
    #[error("the value is longer than any that AWS gives: write the suppression by hand")]
    TooLong,
    /// A value with characters that AWS does not allow in a name.
    #[error("the value has characters that no name in AWS has: write the suppression by hand")]
    OddValue,
}

impl Rule {
    /// The entry that suppresses the rule for the caller of a record until `days` after `today`, or after the day of the event
    /// if that is later.
    ///
    /// # Errors
    ///
    /// If the record has no such caller, or a suppression for that caller would cover others.
    pub fn override_entry(
        &self,
        record: &Record,
        by: SuppressBy,
        today: Date,
        days: u16,
    ) -> Result<OverrideEntry, NoOverrideEntry> {
        let time = record.event_time().ok_or(NoOverrideEntry::NoTime)?;
        let values = values(record, by)?;
        if values.iter().any(|(_, value)| is_odd(value)) {
            return Err(NoOverrideEntry::OddValue);
        }
        // The longest ARN ("amazonResourceName" in the API reference of IAM).
        if values.iter().any(|(_, value)| value.len() > 2_048) {
            return Err(NoOverrideEntry::TooLong);
        }
        let day = today.max(TimeZone::UTC.to_datetime(time).date());
        let reason = match record.at(&["eventID"]).filter(|id| is_uuid(id)) {
            Some(id) => format!("event {id}"),
            None => format!("an event of {time}"),
        };
        let conditions: Vec<_> =
            values.iter().map(|(field, value)| format!("{field} = {}", Value::Text(value.clone()))).collect();
        Ok(OverrideEntry {
            rule: self.id.clone(),
            filter: conditions.join(" and "),
            reason,
            expires: day.saturating_add(i32::from(days).days()),
            is_plain: values.iter().all(|(_, value)| is_plain(value)),
        })
    }
}

impl OverrideEntry {
    /// The entry with its headings, as lines of `overrides.yaml`.
    pub fn lines(&self) -> String {
        let Self { rule, expires, .. } = self;
        let (filter, reason) = (yaml(&self.filter), yaml(&self.reason));
        // The id of a rule can be a number, begin with `-`, or be a word of YAML, of which `false` is the longest.
        let is_word = rule.starts_with(|c: char| c.is_ascii_lowercase()) && rule.len() > "false".len();
        let rule = if is_word { rule.clone() } else { format!("\"{rule}\"") };
        format!(
            "overrides:\n  {rule}:\n    suppressions:\n      - filter: {filter}\n        reason: {reason}\n        expires: {expires}\n"
        )
    }
}

/// The fields that identify the caller, each with its value.
fn values(record: &Record, by: SuppressBy) -> Result<Vec<(&'static str, String)>, NoOverrideEntry> {
    if record.is_insight() {
        return Err(NoOverrideEntry::NoCall);
    }
    if record.detector().is_some() {
        return Err(NoOverrideEntry::Finding);
    }
    let kind = record.field(Virtual::UserType);
    let issuer = record.at(&["userIdentity", "sessionContext", "sessionIssuer", "type"]);
    if kind.as_deref() == Some("Root") || issuer.as_deref() == Some("Root") {
        return Err(NoOverrideEntry::Root);
    }
    let failed = record.field(Virtual::Result).is_some_and(|result| result == "failure");
    if failed && record.at(&["eventSource"]).as_deref() == Some("signin.amazonaws.com") {
        return Err(NoOverrideEntry::FailedSignIn);
    }
    let principal = record.field(Virtual::Principal).filter(|name| name != "anonymous");
    let principal = principal.ok_or(NoOverrideEntry::Anonymous)?;
    match by {
        SuppressBy::Principal if is_chosen(record, kind.as_deref()) => Err(NoOverrideEntry::ChosenName),
        SuppressBy::Principal => Ok(vec![("principal", principal)]),
        SuppressBy::Role => {
            let role = record.field(Virtual::Role).ok_or(NoOverrideEntry::NoRole)?;
            let account = record.field(Virtual::AccountId).ok_or(NoOverrideEntry::NoAccount)?;
            Ok(vec![("role", role), ("accountId", account)])
        }
        SuppressBy::Key => Ok(vec![("accessKey", record.field(Virtual::AccessKey).ok_or(NoOverrideEntry::NoKey)?)]),
    }
}

/// Whether a reader cannot see a part of a value, or takes a part for a wildcard, as `check` does.
fn is_odd(value: &str) -> bool {
    printable(value).trim() != value || value.contains(['*', '?', '%'])
}

/// Whether the principal of a caller of this kind has a name that AWS did not give or check.
fn is_chosen(record: &Record, kind: Option<&str>) -> bool {
    let has_arn = || record.at(&["userIdentity", "arn"]).is_some();
    match kind {
        Some("AssumedRole" | "Role" | "IAMUser" | "AWSAccount" | "AWSService" | "IdentityCenterUser") => false,
        // AWS writes a service that it calls itself without a type.
        None => !has_arn() && record.at(&["userIdentity", "invokedBy"]).is_none(),
        // "GetFederationToken" in the AWS STS API Reference: the caller passes the name.
        Some("FederatedUser") => true,
        Some(_) => !has_arn(),
    }
}

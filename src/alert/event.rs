//! The event of a record: who did what, where, when, and with which result.
//!
//! All text is as the record has it: it is not safe to show.

use std::net::IpAddr;

use super::{detected::Detected, insight::Insight};
use crate::record::{Node, Record, Scalar, Tree, Virtual};

/// A view of a record with the facts that people ask for ("CloudTrail record contents" in the AWS CloudTrail User Guide).
#[derive(Clone, Copy)]
pub struct EventView<'r>(pub &'r Record);

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call succeeded.
    Success,
    /// The call failed.
    Failure {
        /// The error code; a sign-in with a wrong password has none.
        code: Option<String>,
        /// AWS's error message.
        message: Option<String>,
    },
}

/// What issued the credentials of a session, with its name if the record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// A role.
    Role(Option<String>),
    /// An IAM user, for a federated user.
    User(Option<String>),
    /// The root user, for a federated user.
    Root,
}

impl CallOutcome {
    /// `success`, else the error code, else `failed`.
    pub fn word(&self) -> String {
        match self {
            CallOutcome::Success => "success".to_owned(),
            CallOutcome::Failure { code, .. } => code.clone().unwrap_or_else(|| "failed".to_owned()),
        }
    }
}

impl<'r> EventView<'r> {
    /// What is unusual, if CloudTrail Insights reports it; such an event is no call, and has neither caller nor result.
    pub fn insight(self) -> Option<Insight<'r>> {
        Insight::of(self.0)
    }

    /// What a detector of AWS found; such an event is no call, and has neither caller nor result.
    pub fn detected(self) -> Option<Detected<'r>> {
        Detected::of(self.0)
    }

    /// The service that was called.
    pub fn event_source(self) -> Option<String> {
        self.at(&["eventSource"]).or_else(|| self.insight()?.event_source())
    }

    /// The name of the call.
    pub fn event_name(self) -> Option<String> {
        self.at(&["eventName"]).or_else(|| self.insight()?.event_name())
    }

    /// The text at a path of plain keys.
    pub fn at(self, keys: &[&str]) -> Option<String> {
        self.0.at(keys)
    }

    /// The value of a virtual field.
    pub fn field(self, field: Virtual) -> Option<String> {
        self.0.field(field)
    }

    /// The name of the event.
    pub fn name(self) -> String {
        self.at(&["eventName"]).unwrap_or_else(|| "an unnamed event".to_owned())
    }

    /// The short name of the actor.
    pub fn actor(self) -> String {
        self.field(Virtual::User).unwrap_or_else(|| "unknown".to_owned())
    }

    /// What issued the caller's credentials; `None` for a caller who is not a session ("CloudTrail userIdentity element" in the
    /// AWS CloudTrail User Guide).
    pub fn issuer(self) -> Option<Issuer> {
        let (kind, name) = (self.field(Virtual::UserType), self.session(&["sessionIssuer", "userName"]));
        let issuer = self.session(&["sessionIssuer", "type"]);
        match (kind.as_deref(), issuer.as_deref()) {
            (Some("Root" | "IAMUser" | "AWSService"), _) => None,
            (_, Some("Root")) => Some(Issuer::Root),
            (_, Some("IAMUser")) | (Some("FederatedUser"), _) => Some(Issuer::User(name)),
            (Some("AssumedRole"), _) | (_, Some("Role")) => Some(Issuer::Role(name.or_else(|| self.0.role_in_arn()))),
            // A session can lack its issuer, and even its type.
            _ => name.or_else(|| self.0.role_in_arn()).map(|name| Issuer::Role(Some(name))),
        }
    }

    /// Whether the record has a caller without an identity, as for a public object of S3.
    pub fn is_anonymous(self) -> bool {
        self.0.is_anonymous()
    }

    /// Whether the caller is an AWS service, for itself or for an account.
    pub fn is_service(self) -> bool {
        let service = self.at(&["userIdentity", "invokedBy"]);
        self.field(Virtual::UserType).is_some_and(|kind| kind == "AWSService")
            || service.is_some() && self.field(Virtual::User) == service
    }

    /// The short name of the actor, and that it is a session.
    pub fn caller(self) -> String {
        let name = self.actor();
        match self.issuer() {
            None => name,
            Some(Issuer::Role(Some(role))) => format!("session {name} of the role {role}"),
            Some(Issuer::User(Some(user))) => format!("session {name} of the user {user}"),
            Some(Issuer::Role(None) | Issuer::User(None) | Issuer::Root) => format!("session {name}"),
        }
    }

    /// The account that the event belongs to.
    pub fn account(self) -> Option<String> {
        self.at(&["recipientAccountId"]).or_else(|| self.field(Virtual::AccountId))
    }

    /// The account of the actor, if it is not that of the event.
    pub fn foreign_account(self) -> Option<String> {
        self.field(Virtual::AccountId).filter(|account| Some(account) != self.account().as_ref())
    }

    /// The result. A failed sign-in has an `errorMessage` and no `errorCode`, or only a `Failure` in its response.
    pub fn outcome(self) -> CallOutcome {
        if self.field(Virtual::Result).is_some_and(|result| result == "success") {
            return CallOutcome::Success;
        }
        CallOutcome::Failure { code: self.field(Virtual::Error), message: self.at(&["errorMessage"]) }
    }

    /// The text at a path below `userIdentity.sessionContext`, the session of temporary credentials.
    pub fn session(self, keys: &[&str]) -> Option<String> {
        self.at(&[&["userIdentity", "sessionContext"], keys].concat())
    }

    /// Whether the actor used multi-factor authentication, if CloudTrail knows it. Of a session it does not, unless the key that
    /// began the session belongs to a user who did: a person can have used it at an identity provider ("CloudTrail userIdentity
    /// element" in the AWS CloudTrail User Guide).
    pub fn mfa(self) -> Option<bool> {
        let used = self.field(Virtual::MfaUsed).map(|used| used == "true")?;
        let kind = self.field(Virtual::UserType);
        (used || matches!(kind.as_deref(), Some("Root" | "IAMUser"))).then_some(used)
    }

    /// The IP address of the caller. AWS can write the name of a service in its place; then it is `None`.
    pub fn address(self) -> Option<IpAddr> {
        self.field(Virtual::Ip)?.parse().ok()
    }

    /// The resources of the event, each as its ARN and its type.
    pub fn resources(self) -> Vec<(String, Option<String>)> {
        let listed = self.0.root().get("resources");
        let text = |resource: Tree<'_>, key| match resource.get(key)?.scalar() {
            Scalar::Text(text) => Some(text.to_owned()),
            _ => None,
        };
        let named = listed.into_iter().flat_map(Node::elements);
        named.filter_map(|one| Some((text(one, "ARN").or_else(|| text(one, "arn"))?, text(one, "type")))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(record: Value, test: impl Fn(EventView<'_>) -> bool) {
        let record = Record::new(record).unwrap();
        assert!(test(EventView(&record)), "{record:?}");
    }

    #[test]
    fn a_failure_has_a_code_a_message_or_a_failed_sign_in() {
        check(json!({"eventName": "X"}), |event| event.outcome() == CallOutcome::Success);
        check(json!({"errorCode": "AccessDenied"}), |event| event.outcome().word() == "AccessDenied");
        check(json!({"errorMessage": "Failed authentication"}), |event| event.outcome().word() == "failed");
        check(json!({"responseElements": {"ConsoleLogin": "Failure"}}), |event| event.outcome().word() == "failed");
        check(json!({"responseElements": {"ConsoleLogin": "Success"}}), |event| {
            event.outcome() == CallOutcome::Success
        });
    }

    #[test]
    fn the_account_of_the_event_is_not_that_of_a_foreign_actor() {
        let both = json!({"recipientAccountId": "111122223333", "userIdentity": {"accountId": "444455556666"}});
        check(both, |event| {
            event.account().as_deref() == Some("111122223333")
                && event.foreign_account().as_deref() == Some("444455556666")
        });
        let one = json!({"userIdentity": {"accountId": "444455556666"}});
        check(one, |event| event.account().as_deref() == Some("444455556666") && event.foreign_account().is_none());
    }

    #[test]
    fn a_session_is_shown_with_its_issuer() {
        let identity = |kind: &str, issuer: Value| {
            let context = json!({"sessionIssuer": issuer});
            json!({"userIdentity": {"type": kind, "arn": "arn:aws:sts::111122223333:x/r/root", "sessionContext": context}})
        };
        for (kind, issuer, expected) in [
            ("AssumedRole", json!({"type": "Role", "userName": "ops"}), "session root of the role ops"),
            ("AssumedRole", json!({}), "session root"),
            ("FederatedUser", json!({"type": "IAMUser", "userName": "broker"}), "session root of the user broker"),
            ("FederatedUser", json!({"type": "Root"}), "session root"),
            ("IAMUser", json!({}), "root"),
            ("Root", json!({}), "Root"),
        ] {
            check(identity(kind, issuer), |event| event.caller() == expected);
        }
    }

    #[test]
    fn only_a_user_is_known_to_have_used_no_mfa() {
        let of = |kind: &str, used: &str| {
            let context = json!({"attributes": {"mfaAuthenticated": used}});
            let record = json!({"userIdentity": {"type": kind, "sessionContext": context}});
            EventView(&Record::new(record).unwrap()).mfa()
        };
        for kind in ["Root", "IAMUser"] {
            assert_eq!((of(kind, "false"), of(kind, "true")), (Some(false), Some(true)));
        }
        for kind in ["AssumedRole", "FederatedUser", "IdentityCenterUser", "AWSAccount", ""] {
            assert_eq!((of(kind, "false"), of(kind, "true")), (None, Some(true)), "{kind}");
        }
        check(json!({"userIdentity": {"type": "IAMUser"}}), |event| event.mfa().is_none());
    }

    #[test]
    fn the_name_of_a_service_is_no_address() {
        check(json!({"sourceIPAddress": "2001:db8::1"}), |event| event.address().is_some());
        check(json!({"sourceIPAddress": "AWS Internal"}), |event| event.address().is_none());
    }
}

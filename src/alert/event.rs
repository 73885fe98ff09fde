//! The event of a record: who did what, where, when, and with which result.
//!
//! All text is as the record has it: it is not safe to show.

use std::net::IpAddr;

use super::insight::Insight;
use crate::{
    record::{Node, Record, Scalar, Tree, Virtual},
    untrusted::shorten_to,
};

/// The most values of a request that are listed.
const MAX_REQUEST_VALUES: usize = 10;
/// The longest of them, in characters.
const MAX_REQUEST_VALUE: usize = 200;

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
            (Some("AssumedRole"), _) | (_, Some("Role")) => Some(Issuer::Role(name)),
            _ => name.map(|name| Issuer::Role(Some(name))),
        }
    }

    /// Whether the record has a caller without an identity, as for a public object of S3.
    pub fn is_anonymous(self) -> bool {
        self.field(Virtual::Principal).is_some_and(|principal| principal == "anonymous")
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

    /// Whether the actor used multi-factor authentication, if the record has that fact.
    pub fn mfa(self) -> Option<bool> {
        self.field(Virtual::MfaUsed).map(|used| used == "true")
    }

    /// The IP address of the caller. AWS can write the name of a service in its place; then it is `None`.
    pub fn address(self) -> Option<IpAddr> {
        self.field(Virtual::Ip)?.parse().ok()
    }

    /// The first values of the request, each with its path below `requestParameters`, and how many there are beside these. An
    /// index in a list has no place in a path.
    pub fn request(self) -> (Vec<(String, String)>, usize) {
        let (mut first, mut more) = (Vec::new(), 0);
        if let Some(parameters) = self.0.root().get("requestParameters") {
            values(parameters, &mut String::new(), &mut |path, value| {
                if first.len() < MAX_REQUEST_VALUES {
                    first.push((path.to_owned(), shorten_to(&value, MAX_REQUEST_VALUE)));
                } else {
                    more += 1;
                }
            });
        }
        (first, more)
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

/// Calls `visit` with the path and the text of each value below a node that has text.
fn values(node: Tree<'_>, path: &mut String, visit: &mut impl FnMut(&str, String)) {
    if let Some(text) = node.scalar().to_text().filter(|text| !text.is_empty()) {
        visit(path, text);
    }
    node.elements().for_each(|element| values(element, path, visit));
    for key in node.keys() {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(key);
        if let Some(member) = node.get(key) {
            values(member, path, visit);
        }
        path.truncate(length);
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
    fn the_values_of_a_request_have_their_paths() {
        let nested =
            json!({"userName": "b", "n": 3, "empty": "", "none": null, "items": [{"cidr": "::/0"}, {"cidr": "x"}]});
        let listed =
            |parameters: Value| EventView(&Record::new(json!({"requestParameters": parameters})).unwrap()).request();
        let (values, more) = listed(nested);
        let values: Vec<_> = values.iter().map(|(path, value)| format!("{path}={value}")).collect();
        assert_eq!((values.join(" "), more), ("items.cidr=::/0 items.cidr=x n=3 userName=b".to_owned(), 0));
        assert_eq!(listed(Value::Null), (vec![], 0));
        assert_eq!(listed(json!("x".repeat(900))).0[0].1.chars().count(), 200);
        let (values, more) = listed(json!(vec!["x"; 50_000]));
        assert_eq!((values.len(), more), (10, 49_990));
    }

    #[test]
    fn the_name_of_a_service_is_no_address() {
        check(json!({"sourceIPAddress": "2001:db8::1"}), |event| event.address().is_some());
        check(json!({"sourceIPAddress": "AWS Internal"}), |event| event.address().is_none());
    }
}

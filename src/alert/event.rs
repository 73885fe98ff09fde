//! What a record says of its event: who did what, where, when, and how it ended.
//!
//! All of it is text as it stands in the record; nothing here is fit to be shown as it is.

use std::net::IpAddr;

use crate::record::{Record, Virtual};

/// A record, asked for what people want to know ("CloudTrail record contents" in the CloudTrail User Guide).
#[derive(Clone, Copy)]
pub struct Event<'r>(pub &'r Record);

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Success,
    /// It did not.
    Failure {
        /// The error code; there is none where a sign-in has a wrong password.
        code: Option<String>,
        /// What AWS says of it.
        message: Option<String>,
    },
}

impl Outcome {
    /// `success`, the error code, or `failed` where there is none.
    pub fn word(&self) -> String {
        match self {
            Outcome::Success => "success".to_owned(),
            Outcome::Failure { code, .. } => code.clone().unwrap_or_else(|| "failed".to_owned()),
        }
    }
}

impl Event<'_> {
    /// The text at a path of plain keys.
    pub fn at(self, keys: &[&str]) -> Option<String> {
        self.0.at(keys)
    }

    /// The value of a virtual field.
    pub fn field(self, field: Virtual) -> Option<String> {
        self.0.field(field)
    }

    /// What was called.
    pub fn name(self) -> String {
        self.at(&["eventName"]).unwrap_or_else(|| "an unnamed event".to_owned())
    }

    /// Who did it, as a short name.
    pub fn actor(self) -> String {
        self.field(Virtual::User).unwrap_or_else(|| "unknown".to_owned())
    }

    /// The account that the event belongs to.
    pub fn account(self) -> Option<String> {
        self.at(&["recipientAccountId"]).or_else(|| self.field(Virtual::AccountId))
    }

    /// The account that the actor belongs to, where it is another.
    pub fn foreign_account(self) -> Option<String> {
        self.field(Virtual::AccountId).filter(|account| Some(account) != self.account().as_ref())
    }

    /// How it ended. A sign-in that failed has an `errorMessage` and no `errorCode`, or says so in its response only.
    pub fn outcome(self) -> Outcome {
        let (code, message) = (self.field(Virtual::Error), self.at(&["errorMessage"]));
        let sign_in = self.at(&["responseElements", "ConsoleLogin"]);
        if code.is_none() && message.is_none() && sign_in.is_none_or(|outcome| outcome != "Failure") {
            return Outcome::Success;
        }
        Outcome::Failure { code, message }
    }

    /// Something about the session behind temporary credentials.
    pub fn session(self, keys: &[&str]) -> Option<String> {
        self.at(&[&["userIdentity", "sessionContext"], keys].concat())
    }

    /// Whether the actor had passed multi-factor authentication, where the record says.
    pub fn mfa(self) -> Option<bool> {
        self.field(Virtual::MfaUsed).map(|used| used == "true")
    }

    /// The address that the call came from, where it is one: AWS also writes the name of a service there.
    pub fn address(self) -> Option<IpAddr> {
        self.field(Virtual::Ip)?.parse().ok()
    }

    /// The resources that AWS names, each by its ARN and its type.
    pub fn resources(self) -> Vec<(String, Option<String>)> {
        let listed = self.0.value().get("resources").and_then(|resources| resources.as_array());
        let text = |resource: &serde_json::Value, key| Some(resource.get(key)?.as_str()?.to_owned());
        let named = listed.into_iter().flatten();
        named.filter_map(|one| Some((text(one, "ARN").or_else(|| text(one, "arn"))?, text(one, "type")))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(record: Value, test: impl Fn(Event<'_>) -> bool) {
        let record = Record::new(record).unwrap();
        assert!(test(Event(&record)), "{record:?}");
    }

    #[test]
    fn how_it_ended() {
        check(json!({"eventName": "X"}), |event| event.outcome() == Outcome::Success);
        check(json!({"errorCode": "AccessDenied"}), |event| event.outcome().word() == "AccessDenied");
        check(json!({"errorMessage": "Failed authentication"}), |event| event.outcome().word() == "failed");
        check(json!({"responseElements": {"ConsoleLogin": "Failure"}}), |event| event.outcome().word() == "failed");
        check(json!({"responseElements": {"ConsoleLogin": "Success"}}), |event| event.outcome() == Outcome::Success);
    }

    #[test]
    fn whose_it_is() {
        let both = json!({"recipientAccountId": "111122223333", "userIdentity": {"accountId": "444455556666"}});
        check(both, |event| {
            event.account().as_deref() == Some("111122223333")
                && event.foreign_account().as_deref() == Some("444455556666")
        });
        let one = json!({"userIdentity": {"accountId": "444455556666"}});
        check(one, |event| event.account().as_deref() == Some("444455556666") && event.foreign_account().is_none());
    }

    #[test]
    fn only_addresses_are_addresses() {
        check(json!({"sourceIPAddress": "2001:db8::1"}), |event| event.address().is_some());
        check(json!({"sourceIPAddress": "AWS Internal"}), |event| event.address().is_none());
    }
}

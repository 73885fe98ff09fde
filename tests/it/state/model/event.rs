//! Events of the model, and their records as CloudTrail writes them.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The time from which events count theirs, in seconds since 1970.
pub const BEGIN: i64 = 1_772_000_000;

/// An event. Two events with the same number are the same event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: u16,
    /// In seconds after [`BEGIN`].
    pub second: i64,
    pub user: u8,
    /// `A`, `B`, `C` or `D`.
    pub name: char,
    /// What a rule with `distinct` counts: nothing, one value, or a list whose elements may be null.
    pub items: Items,
    /// Two fields that steps of a sequence have in common.
    pub made: Option<u8>,
    pub used: Option<u8>,
    pub address: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items {
    Missing,
    Null,
    One(u8),
    List(Vec<Option<u8>>),
}

impl Event {
    /// An event named `A` of the first user, with nothing else.
    pub fn plain(id: u16, second: i64) -> Self {
        Self { id, second, user: 0, name: 'A', items: Items::Missing, made: None, used: None, address: 0 }
    }

    pub fn identity(&self) -> String {
        format!("event-{}", self.id)
    }

    pub fn user_name(&self) -> String {
        format!("user-{}", self.user)
    }

    pub fn address(&self) -> String {
        format!("192.0.2.{}", self.address)
    }

    pub fn record(&self) -> Value {
        let mut parameters = json!({});
        let item = |item: &u8| Value::from(format!("item-{item}"));
        match &self.items {
            Items::Missing => {}
            Items::Null => parameters["item"] = Value::Null,
            Items::One(one) => parameters["item"] = item(one),
            Items::List(list) => {
                parameters["item"] = list.iter().map(|one| one.as_ref().map_or(Value::Null, item)).collect();
            }
        }
        for (key, value) in [("made", self.made), ("used", self.used)] {
            if let Some(value) = value {
                parameters[key] = format!("key-{value}").into();
            }
        }
        json!({"eventVersion": "1.08", "eventID": self.identity(), "eventTime": time(self.second),
            "eventSource": "model.amazonaws.com", "eventName": self.name.to_string(), "awsRegion": "eu-central-1",
            "recipientAccountId": "111122223333", "sourceIPAddress": self.address(),
            "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": self.user_name(),
                "arn": format!("arn:aws:iam::111122223333:user/{}", self.user_name())},
            "requestParameters": parameters})
    }
}

/// Seconds after [`BEGIN`], as CloudTrail writes a time.
pub fn time(second: i64) -> String {
    Timestamp::from_second(BEGIN + second).unwrap().to_string()
}

//! The facts of an event for machines: who, from where, in which account and region, and with which result.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::event::EventView;
use crate::record::{Record, Virtual};

/// How a fact is read.
type Read = fn(EventView<'_>) -> Option<String>;

/// The names of facts, and how each is read. They are the names of CloudTrail's fields, and the short names of the filter language.
const FACTS: [(&str, Read); 12] = [
    ("eventID", |event| event.at(&["eventID"])),
    ("eventTime", |event| event.at(&["eventTime"])),
    ("eventSource", |event| event.at(&["eventSource"])),
    ("eventName", |event| event.at(&["eventName"])),
    ("principal", |event| event.field(Virtual::Principal)),
    ("user", |event| event.field(Virtual::User)),
    ("ip", |event| event.field(Virtual::Ip)),
    ("accessKey", |event| event.field(Virtual::AccessKey)),
    ("account", |event| event.account()),
    ("region", |event| event.field(Virtual::Region)),
    ("result", |event| event.field(Virtual::Result)),
    ("outcome", |event| Some(event.outcome().word())),
];

/// The facts of an event as the record has them: they are not safe to show. As JSON, an object in which a missing fact is null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts([Option<String>; FACTS.len()]);

impl EventFacts {
    /// The facts of the event of a record.
    pub fn of(record: &Record) -> Self {
        Self(FACTS.map(|(_, read)| read(EventView(record))))
    }

    /// The same, each as `show` makes it.
    pub fn map(self, show: impl Fn(&str) -> String) -> Self {
        Self(self.0.map(|fact| fact.map(|text| show(&text))))
    }
}

impl Serialize for EventFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(FACTS.len()))?;
        for ((name, _), fact) in FACTS.iter().zip(&self.0) {
            map.serialize_entry(name, fact)?;
        }
        map.end()
    }
}

//! The place that a record was read from.

use std::fmt::{self, Display};

use crate::object::ObjectId;

/// The place that a record was read from; displayed on one line, with any character that a key or a name holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An object in S3.
    Object(ObjectId),
    /// A message that held the record itself, such as `EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602`.
    Message(String),
}

impl Origin {
    /// The object, if the record was read from one.
    pub fn object(&self) -> Option<&ObjectId> {
        match self {
            Origin::Object(object) => Some(object),
            Origin::Message(_) => None,
        }
    }

    /// The message, if the record was read from one.
    pub fn message(&self) -> Option<&str> {
        match self {
            Origin::Object(_) => None,
            Origin::Message(message) => Some(message),
        }
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Object(object) => object.fmt(f),
            Origin::Message(message) => f.write_str(message),
        }
    }
}

//! What a record must have for a filter to match it: what an index may rely on.

use super::operand::Test;

/// Text that a value must have for an operator to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requires {
    /// It is this string.
    Exact(String),
    /// It is a string that begins with this.
    Prefix(String),
    /// It is a string that contains this.
    Substring(String),
    /// Nothing that an index can rely on. Always sound.
    Nothing,
}

/// What a field of a record must hold for a filter to match: a value that is as required, or a list with such a value
/// in it at any depth.
#[derive(Clone)]
pub struct Needs {
    /// The keys that lead to the field, one or two.
    pub keys: Vec<String>,
    /// What its value must be.
    pub value: Requires,
    /// A test that its value must pass, where the filter compares the value itself and not only what is below it.
    pub test: Option<Test>,
}

impl Needs {
    /// A field that needs only to be present.
    pub(super) fn field(keys: &[&str]) -> Self {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Self { keys, value: Requires::Nothing, test: None }
    }

    /// A rank that guesses how many records satisfy this and how long finding out takes; lower is rarer. Every event has
    /// one source out of some hundred and one name out of thousands, and a deeper field takes longer to find.
    pub fn commonness(&self) -> u8 {
        let top = match &*self.keys {
            [key] => Some(key.as_str()),
            _ => None,
        };
        match (&self.value, top) {
            (Requires::Exact(_) | Requires::Prefix(_), Some("eventName")) => 0,
            (Requires::Exact(_), Some("eventSource" | "awsRegion" | "eventType" | "recipientAccountId")) => 2,
            (Requires::Exact(_), Some(_)) => 1,
            (Requires::Prefix(_) | Requires::Substring(_), Some(_)) => 3,
            (Requires::Nothing, Some("errorCode" | "errorMessage")) => 4,
            (Requires::Nothing, Some(_)) if self.test.is_some() => 5,
            (Requires::Exact(_) | Requires::Prefix(_) | Requires::Substring(_), None) => 6,
            (Requires::Nothing, None) => 7,
            (Requires::Nothing, Some(_)) => 8,
        }
    }
}

/// The rank of a list of needs of which a record must satisfy one: that of its most common need, then its length.
pub fn rarity(list: &[Needs]) -> (u8, usize) {
    (list.iter().map(Needs::commonness).max().unwrap_or_default(), list.len())
}

//! The keys of stored items, and the hashes that they are made of.

use crate::{
    digest::Digest,
    record::Record,
    rule::{AggregateValue, Rule},
};

/// An event that a rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedEvent {
    /// A hash of its identity: see [`event_id`].
    pub id: u64,
    /// When it happened, in seconds since 1970.
    pub time: i64,
}

/// All events of a rule with the same aggregate values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    rule: String,
    digest: [u8; 16],
}

impl Series {
    /// The events of a rule that have these values.
    pub fn new(rule: &Rule, values: &[AggregateValue]) -> Self {
        let mut digest = Digest::of(&["series", &rule.id]);
        for AggregateValue { field, values } in values {
            digest = digest.text(field).bytes(&(values.len() as u64).to_be_bytes());
            digest = values.iter().fold(digest, |digest, value| digest.text(value));
        }
        Self { rule: rule.id.clone(), digest: digest.first() }
    }

    /// A number from 0 up to but not including `length`, the same for the same rule and values.
    pub fn phase(&self, length: i64) -> i64 {
        let first = u128::from_be_bytes(self.digest) >> 64;
        i64::try_from(first % u128::from(length.unsigned_abs().max(1))).unwrap_or(0)
    }

    /// A hash of the series, a kind of item and numbers: 32 hexadecimal digits.
    pub fn id(&self, kind: &str, numbers: &[i64]) -> String {
        let digest = Digest::of(&[kind]).bytes(&self.digest);
        numbers.iter().fold(digest, |digest, number| digest.bytes(&number.to_be_bytes())).hex()
    }

    /// The key of an item of the series.
    pub fn key(&self, kind: &str, id: &str) -> String {
        rule_key(kind, &self.rule, id)
    }
}

/// The key of an item of a rule.
pub fn rule_key(kind: &str, rule: &str, id: &str) -> String {
    format!("{kind}/{rule}/{id}")
}

/// A hash of a rule and an hour, counted from 1970, for alerts about the rule itself: 32 hexadecimal digits.
pub fn rule_id(kind: &str, rule: &str, hour: i64) -> String {
    Digest::of(&[kind, rule]).bytes(&hour.to_be_bytes()).hex()
}

/// A hash of a delivery, for its claims: 32 hexadecimal digits.
pub fn owner(delivery: &str) -> String {
    Digest::of(&["owner", delivery]).hex()
}

/// A hash of an event, by its identity.
pub fn event_id(record: &Record) -> u64 {
    event_hash(&record.identity())
}

/// The hash of an event with that identity.
pub fn event_hash(identity: &str) -> u64 {
    u64::from_be_bytes(Digest::of(&["event", identity]).first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleSet;

    /// The table of a deployed stack holds such keys. The expected values are those of Python's `hashlib`.
    #[test]
    fn keys_are_those_that_deployed_tables_hold() {
        let rules = "rules: [{name: Image pushed, severity: 1, filter: eventName = \"PutImage\"}]";
        let rule = &RuleSet::parse(rules).unwrap().0.rules[0];
        let values = vec!["a".to_owned(), "b".to_owned()];
        let series = Series::new(rule, &[AggregateValue { field: "userIdentity.arn".to_owned(), values }]);
        assert_eq!(series.id("window", &[300]), "678a95e8ec9dbc5d37226071d77f00b1");
        assert_eq!(series.phase(3600), 3357);
        assert_eq!(series.key("window", "x"), "window/image-pushed/x");
        assert_eq!(rule_id("flood 1", "image-pushed", 492_000), "9c559e17be644d6ddfc89be323e49a4a");
        assert_eq!(rule_id("flood 1", "image-pushed", -1), "dff5ec28bd8cb078ab33c2afa13f7cd8");
        assert_eq!(owner("logs/AWSLogs/1.json.gz"), "a371d500dcea186326bb93a7bd4a2c82");
        assert_eq!(event_hash("e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3"), 18_212_674_133_849_454_065);
    }
}

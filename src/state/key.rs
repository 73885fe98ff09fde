//! The keys of stored items, and the hashes that they are made of.

use jiff::Timestamp;

use crate::{
    digest::Digest,
    record::Record,
    rule::{AggregateValue, FieldPath, FirstSeen, Rule},
};

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

    /// A hash of the rule and the values.
    pub fn number(&self) -> u64 {
        u64::try_from(u128::from_be_bytes(self.digest) >> 64).unwrap_or(0)
    }

    /// A hash of the series, a kind of item and numbers: 32 hexadecimal digits.
    fn id(&self, kind: &str, numbers: &[i64]) -> String {
        let digest = Digest::of(&[kind]).bytes(&self.digest);
        numbers.iter().fold(digest, |digest, number| digest.bytes(&number.to_be_bytes())).hex()
    }

    /// The id of the thread of its alerts: the same for all of them and what follows them, and of no other series.
    pub fn thread_id(&self) -> String {
        self.id("thread", &[])
    }

    /// The key of the item that counts its events.
    pub fn item_key(&self) -> String {
        self.key("series", &self.id("series", &[]))
    }

    /// The key of what is known of its values, where they are those of `first_seen`.
    pub fn sightings_key(&self) -> String {
        self.key("seen", &self.id("seen", &[]))
    }

    /// The id of the alert of the series with this anchor, in seconds since 1970: 32 hexadecimal digits.
    pub fn alert_id(&self, anchor: i64) -> String {
        self.id("alert", &[anchor])
    }

    /// The key of an item of the series.
    fn key(&self, kind: &str, id: &str) -> String {
        rule_key(kind, &self.rule, id)
    }
}

/// The key of the time from which on a rule with `first_seen` learns. It depends on the fields: a rule that looks at other
/// fields learns again.
pub fn learning_key(rule: &Rule, first_seen: &FirstSeen) -> String {
    let field = |field: &FieldPath| AggregateValue { field: field.name().to_owned(), values: Vec::new() };
    let fields = Series::new(rule, &first_seen.fields.iter().map(field).collect::<Vec<_>>());
    fields.key("lessons", &fields.id("lessons", &[]))
}

/// The key of the item that counts the alerts of a rule in an hour, which is counted from 1970.
pub fn limit_key(rule: &Rule, hour: i64) -> String {
    rule_key("cap", &rule.id, &hour.to_string())
}

/// The id of a rule and the hour in the key of the item that counts its alerts in that hour; `None` for another key.
pub fn rule_and_hour(limit_key: &str) -> Option<(&str, i64)> {
    let (rule, hour) = limit_key.strip_prefix("cap/")?.rsplit_once('/')?;
    Some((rule, hour.parse().ok()?))
}

/// The id of the notice that alerts of a rule are held back in an hour: 32 hexadecimal digits.
pub fn notice_id(rule: &str, hour: i64) -> String {
    let hour = Timestamp::from_second(hour.saturating_mul(3600)).unwrap_or_default();
    Digest::of(&["held back", rule, &hour.to_string()]).hex()
}

/// A hash of who made a request.
pub fn caller(principal: &str) -> u64 {
    u64::from_be_bytes(Digest::of(&["caller", principal]).first())
}

/// The key of an item of a rule.
fn rule_key(kind: &str, rule: &str, id: &str) -> String {
    format!("{kind}/{rule}/{id}")
}

/// The id of the rule of a key.
pub fn key_rule(key: &str) -> Option<&str> {
    key.split('/').nth(1)
}

/// A hash of a delivery, for its claims: 32 hexadecimal digits.
pub fn owner(delivery: &str) -> String {
    Digest::of(&["owner", delivery]).hex()
}

/// A hash of a delivery, for its claims on series.
pub fn owner_number(delivery: &str) -> u64 {
    u64::from_be_bytes(Digest::of(&["owner", delivery]).first())
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
        assert_eq!(series.key("seen", "x"), "seen/image-pushed/x");
        assert_eq!(key_rule(&series.item_key()), Some("image-pushed"));
        assert_eq!(key_rule("series"), None);
        assert_eq!(limit_key(rule, 492_000), "cap/image-pushed/492000");
        assert_eq!(rule_and_hour("cap/image-pushed/492000"), Some(("image-pushed", 492_000)));
        assert_eq!(rule_and_hour("cap/a/b/-1"), Some(("a/b", -1)));
        assert_eq!((rule_and_hour("cap/image-pushed/x"), rule_and_hour("seen/image-pushed/1")), (None, None));
        assert_eq!(notice_id("image-pushed", 492_000), "186eb75c6be30c32eff85393d3844ebf");
        assert_eq!(notice_id("image-pushed", -1), "b1abbe26040bb1ef135c80445ffc6abd");
        assert_eq!(owner("logs/AWSLogs/1.json.gz"), "a371d500dcea186326bb93a7bd4a2c82");
        assert_eq!(event_hash("e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3"), 18_212_674_133_849_454_065);
    }
}

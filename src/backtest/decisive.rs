//! Which conditions of a filter decided its outcome: those to look at for who expected another one.

use crate::filter::{Condition, Explanation};

/// A condition that decided the outcome of the condition around it.
#[derive(Clone, Debug)]
pub struct Decisive<'e> {
    /// The condition.
    pub of: &'e Explanation,
    /// Those of its conditions, or of the elements that it tried, that decided.
    pub parts: Vec<Decisive<'e>>,
    /// How many comparisons must have another outcome for this one to have another.
    pub changes: usize,
}

impl<'e> Decisive<'e> {
    /// The parts of a condition that decided its outcome.
    ///
    /// Where each of several parts decided, all are there. Where one other outcome is enough, those are there that take the fewest
    /// changes: of a false `or`, the alternatives that are nearest to true. Of a true `and`, all parts are there, since each could
    /// have excluded the record.
    pub fn of(explanation: &'e Explanation) -> Self {
        let held = explanation.held;
        let parts = explanation.parts.iter();
        let mut parts: Vec<Self> = match explanation.condition {
            Condition::And | Condition::Or | Condition::Any(_) => {
                parts.filter(|part| part.held == held).map(Self::of).collect()
            }
            _ => parts.map(Self::of).collect(),
        };
        let fewest = parts.iter().map(|part| part.changes).min().unwrap_or(1);
        let takes_one = held == matches!(explanation.condition, Condition::And);
        if takes_one && !held {
            parts.retain(|part| part.changes == fewest);
        }
        let changes = if takes_one {
            fewest
        } else {
            parts.iter().map(|part| part.changes).sum::<usize>().max(1) + explanation.hidden.held
        };
        Self { of: explanation, parts, changes }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{filter::Filter, record::Record};

    /// The comparisons that decided, and how many must change.
    fn check(filter: &str, expected: &[&str], changes: usize) {
        let record = json!({"a": 1, "b": 2, "list": [{"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 2, "y": 3}]});
        let explanation = Filter::parse(filter).unwrap().explain(Record::new(record).unwrap().root());
        let decisive = Decisive::of(&explanation);
        let mut found = Vec::new();
        leaves(&decisive, &mut found);
        assert_eq!((&found[..], decisive.changes), (expected, changes), "{filter}");
    }

    fn leaves<'e>(decisive: &Decisive<'e>, found: &mut Vec<&'e str>) {
        found.extend(decisive.of.compared().map(|compared| compared.text.as_str()));
        decisive.parts.iter().for_each(|part| leaves(part, found));
    }

    #[test]
    fn the_conditions_that_must_change_are_found() {
        check("a = 1", &["a = 1"], 1);
        check("a = 1 and b = 3", &["b = 3"], 1);
        check("a = 2 and b = 3", &["a = 2", "b = 3"], 2);
        check("a = 1 and b = 2", &["a = 1", "b = 2"], 1);
        // The second alternative is nearer.
        check("a = 2 and b = 3 or a = 1 and b = 4", &["b = 4"], 1);
        check("a = 2 or b = 3", &["a = 2", "b = 3"], 1);
        check("a = 1 or b = 3", &["a = 1"], 1);
        check("a = 1 or b = 2", &["a = 1", "b = 2"], 2);
        check("not (a = 1 or b = 3)", &["a = 1"], 1);
        check("a = 1 and not (b = 2 or b = 3)", &["b = 2"], 1);
        check("not (a = 1 and b = 3)", &["b = 3"], 1);
    }

    #[test]
    fn the_elements_that_must_change_are_found() {
        // The first two elements fit but for one comparison each, the third but for two.
        check("any list (x = 2 and y = 1 and y != 3)", &["x = 2", "y = 1"], 1);
        check("any list (x = 2 and y = 2)", &["x = 2", "y = 2"], 1);
        check("any list (x = 2)", &["x = 2", "x = 2"], 2);
        check("any none (x = 2)", &[], 1);
        check("not any list (x = 1)", &["x = 1"], 1);
    }
}

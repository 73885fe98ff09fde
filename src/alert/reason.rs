//! Why a rule matched: the conditions that hold, with the values that satisfy them.

use super::phrase::{Phrase, PhrasePart};
use crate::{
    diagnostic::counted,
    filter::{Compared, Condition, Explanation, SeenValues},
};

/// The most values of one condition that are shown.
const MAX_VALUES: usize = 5;

/// One phrase for each condition that holds, in the order of the filter, without the `and` and `or` between them. Conditions that
/// most rules have, and those that only exclude, say nothing of the event: they are shown if there are no others.
pub fn reasons(explanation: &Explanation) -> Vec<Phrase> {
    let (mut unusual, mut all) = (Vec::new(), Vec::new());
    collect(explanation, &Phrase::default(), true, &mut unusual);
    if unusual.is_empty() {
        collect(explanation, &Phrase::default(), false, &mut all);
    }
    if unusual.is_empty() { all } else { unusual }
}

/// Whether a condition is one that most rules have, or that only excludes.
fn is_usual(part: &Explanation) -> bool {
    match &part.condition {
        Condition::Not => true,
        Condition::Compare(compared) => {
            let is_no_error = ["error = null", "errorCode = null", "errorMessage = null", "result = \"success\""];
            compared.excludes || compared.text.starts_with("event_type = ") || is_no_error.contains(&&*compared.text)
        }
        _ => false,
    }
}

fn collect(part: &Explanation, before: &Phrase, is_short: bool, found: &mut Vec<Phrase>) {
    if !part.held || is_short && is_usual(part) {
        return;
    }
    let before = match &part.condition {
        Condition::Compare(compared) => {
            found.push(values(compared, before.clone().with(PhrasePart::Rule(compared.text.clone()))));
            return;
        }
        Condition::Not => {
            let text = part.parts.iter().map(written).collect::<String>();
            let phrase = before.clone().then("not ").with(PhrasePart::Rule(text));
            found.push(match part.parts.first().and_then(Explanation::compared) {
                Some(compared) => values(compared, phrase),
                None => phrase,
            });
            return;
        }
        Condition::List { text, .. } => {
            found.push(before.clone().with(PhrasePart::Rule(text.clone())));
            return;
        }
        Condition::And | Condition::Or => before.clone(),
        Condition::Any(_) => before.clone().with(PhrasePart::Rule(part.condition.to_string())).then(", "),
        Condition::Element(_) => before.clone().then(format!("{}: ", part.condition)),
    };
    part.parts.iter().for_each(|part| collect(part, &before, is_short, found));
    if part.hidden.held > 0 {
        found.push(before.then(format!("{} more", counted(part.hidden.held as u64, "element"))));
    }
}

/// A condition as the rule spells it.
fn written(part: &Explanation) -> String {
    let joined = |word: &str| part.parts.iter().map(written).collect::<Vec<_>>().join(word);
    match &part.condition {
        Condition::Compare(compared) => compared.text.clone(),
        Condition::List { text, .. } => text.clone(),
        Condition::And => format!("({})", joined(" and ")),
        Condition::Or => format!("({})", joined(" or ")),
        Condition::Not => format!("not {}", joined("")),
        Condition::Element(_) => joined(""),
        Condition::Any(_) => match part.parts.first() {
            Some(element) => format!("{} ({})", part.condition, written(element)),
            None => format!("{} (…)", part.condition),
        },
    }
}

/// The phrase with the values that were compared, unless it already shows them.
fn values(compared: &Compared, phrase: Phrase) -> Phrase {
    let phrase = match (&compared.decided_by, &compared.saw.first[..]) {
        (_, []) if compared.asks_presence => return phrase,
        (_, []) => phrase.then(" (the field is missing"),
        (Some(value), [_]) | (None, [value]) if compared.equals.as_ref() == Some(value) => return phrase,
        (Some(value), [_, _, ..]) => phrase.then(" (one is ").with(PhrasePart::Quoted(value.clone())),
        (_, _) => listed(phrase.then(" (it is "), &compared.saw),
    };
    let phrase = match &compared.saw_other {
        others if others.is_empty() => phrase,
        others => listed(phrase.then("; the other is "), others),
    };
    phrase.then(")")
}

fn listed(mut phrase: Phrase, values: &SeenValues) -> Phrase {
    for (at, value) in values.first.iter().take(MAX_VALUES).enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        phrase = phrase.then(comma).with(PhrasePart::Quoted(value.clone()));
    }
    match values.count {
        0..=MAX_VALUES => phrase,
        count => phrase.then(format!(" and {} more", count - MAX_VALUES)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{filter::Filter, record::Record};

    fn check(filter: &str, expected: &[&str]) {
        let record = Record::new(json!({
            "eventName": "PutImage", "n": 3, "list": ["a", "b"], "any": [{"port": 80}, {"port": 22, "to": 23}],
            "userIdentity": {"userName": "eve\" (it is \"ada"},
        }));
        let explanation = Filter::parse(filter).unwrap().explain(record.unwrap().root());
        let show = |part: &PhrasePart| match part {
            PhrasePart::Ours(text)
            | PhrasePart::Rule(text)
            | PhrasePart::Theirs(text)
            | PhrasePart::Quoted(text)
            | PhrasePart::Link(text) => text.clone(),
        };
        let found: Vec<String> = reasons(&explanation).iter().map(|phrase| phrase.show(show)).collect();
        assert_eq!(found, expected, "{filter}");
    }

    #[test]
    fn a_condition_that_holds_is_shown_with_the_compared_values() {
        check(
            r#"eventName = "PutImage" and n > 1 and (n = 4 or n in (2, 3))"#,
            &[r#"eventName = "PutImage""#, "n > 1 (it is 3)", "n in (2, 3) (it is 3)"],
        );
        check(r#"list = "b""#, &[r#"list = "b" (one is "b")"#]);
        check("not n = 4 and error = null", &["not n = 4 (it is 3)", "error = null"]);
        check(r#"event_type = "cloudtrail" and n > 1 and not n = 4 and error = null and n != 5"#, &["n > 1 (it is 3)"]);
        check("n = 3 and n != null and n != 4", &["n = 3", "n != null (it is 3)"]);
        check("missing = null and errorCode = null", &["missing = null"]);
        check(r#"eventName != "X""#, &[r#"eventName != "X" (it is "PutImage")"#]);
        check("not (n = 4 or n = 5)", &["not (n = 4 or n = 5)"]);
        check("user exists", &[r#"user exists (it is "eve\" (it is \"ada")"#]);
        check("n = 7", &[]);
    }

    #[test]
    fn the_elements_of_a_list_that_hold_are_shown() {
        check(
            "any any (port <= 22 and to >= 22)",
            &["any `any`, element 1: port <= 22 (it is 22)", "any `any`, element 1: to >= 22 (it is 23)"],
        );
    }
}

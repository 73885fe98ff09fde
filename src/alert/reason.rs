//! Why a rule matched: the conditions that held, with the values that made them hold.

use super::phrase::{Part, Phrase};
use crate::filter::Explanation;

/// No more values of one condition are shown.
const MAX_VALUES: usize = 5;

/// One phrase a condition that held, in the order of the filter; what joins them is left out.
pub fn reasons(explanation: &Explanation) -> Vec<Phrase> {
    let mut found = Vec::new();
    collect(explanation, &Phrase::default(), &mut found);
    found
}

fn collect(part: &Explanation, before: &Phrase, found: &mut Vec<Phrase>) {
    if !part.held {
        return;
    }
    if part.saw.is_some() {
        found.push(compared(part, before.clone()));
    } else if part.condition == "not" {
        let text = part.parts.iter().map(written).collect::<String>();
        let phrase = before.clone().then("not ").with(Part::Rule(text));
        found.push(match &part.parts[..] {
            [only] => values(only, phrase),
            _ => phrase,
        });
    } else if part.is_element() {
        let before = before.clone().then(format!("{}: ", part.condition));
        part.parts.iter().for_each(|part| collect(part, &before, found));
    } else if part.condition == "and" || part.condition == "or" {
        part.parts.iter().for_each(|part| collect(part, before, found));
    } else {
        let before = before.clone().with(Part::Rule(part.condition.clone())).then(", ");
        part.parts.iter().for_each(|part| collect(part, &before, found));
    }
}

/// A condition as the rule has it.
fn written(part: &Explanation) -> String {
    let joined = |word: &str| part.parts.iter().map(written).collect::<Vec<_>>().join(word);
    match part.condition.as_str() {
        _ if part.saw.is_some() => part.condition.clone(),
        "and" => format!("({})", joined(" and ")),
        "or" => format!("({})", joined(" or ")),
        "not" => format!("not {}", joined("")),
        _ if part.is_element() => joined(""),
        any => match part.parts.first() {
            Some(element) => format!("{any} ({})", written(element)),
            None => format!("{any} (…)"),
        },
    }
}

fn compared(part: &Explanation, before: Phrase) -> Phrase {
    values(part, before.with(Part::Rule(part.condition.clone())))
}

/// The phrase with the values that a comparison saw, unless they stand in it already.
fn values(part: &Explanation, phrase: Phrase) -> Phrase {
    let Some(saw) = &part.saw else { return phrase };
    let phrase = match (&part.decided_by, &saw[..]) {
        (_, []) if part.condition.ends_with("null") || part.condition.ends_with("exists") => return phrase,
        (_, []) => phrase.then(" (nothing is there"),
        (Some(value), [_]) | (None, [value]) if part.condition.ends_with(&format!(" = {value}")) => return phrase,
        (Some(value), [_, _, ..]) => listed(phrase.then(" (one is "), std::slice::from_ref(value)),
        (_, values) => listed(phrase.then(" (it is "), values),
    };
    let phrase = match &part.saw_other[..] {
        [] => phrase,
        others => listed(phrase.then("; the other is "), others),
    };
    phrase.then(")")
}

fn listed(mut phrase: Phrase, values: &[String]) -> Phrase {
    for (at, value) in values.iter().take(MAX_VALUES).enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        phrase = phrase.then(comma).with(Part::Quoted(value.clone()));
    }
    match values.len() {
        0..=MAX_VALUES => phrase,
        count => phrase.then(format!(" and {} more", count - MAX_VALUES)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        filter::{Filter, explain},
        record::Record,
    };

    fn check(filter: &str, expected: &[&str]) {
        let record = Record::new(json!({
            "eventName": "PutImage", "n": 3, "list": ["a", "b"], "any": [{"port": 80}, {"port": 22, "to": 23}],
            "userIdentity": {"userName": "eve\" (it is \"ada"},
        }));
        let explanation = explain(&Filter::parse(filter).unwrap(), record.unwrap().value());
        let show = |part: &Part| match part {
            Part::Ours(text) | Part::Rule(text) | Part::Theirs(text) | Part::Quoted(text) | Part::Link(text) => {
                text.clone()
            }
        };
        let found: Vec<String> = reasons(&explanation).iter().map(|phrase| phrase.show(show)).collect();
        assert_eq!(found, expected, "{filter}");
    }

    #[test]
    fn what_held_is_said_with_what_it_saw() {
        check(
            r#"eventName = "PutImage" and n > 1 and (n = 4 or n in (2, 3))"#,
            &[r#"eventName = "PutImage""#, "n > 1 (it is 3)", "n in (2, 3) (it is 3)"],
        );
        check(r#"list = "b""#, &[r#"list = "b" (one is "b")"#]);
        check("not n = 4 and error = null", &["not n = 4 (it is 3)", "error = null"]);
        check(r#"eventName != "X""#, &[r#"eventName != "X" (it is "PutImage")"#]);
        check("not (n = 4 or n = 5)", &["not (n = 4 or n = 5)"]);
        check("user exists", &[r#"user exists (it is "eve\" (it is \"ada")"#]);
        check("n = 7", &[]);
    }

    #[test]
    fn of_a_list_the_elements_that_held() {
        check(
            "any any (port <= 22 and to >= 22)",
            &["any `any`, element 1: port <= 22 (it is 22)", "any `any`, element 1: to >= 22 (it is 23)"],
        );
    }
}

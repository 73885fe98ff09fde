//! Names of imported rules: unique, of one line and not too long; and suggestions for misspelled names.

use std::collections::HashMap;

use super::{
    draft::ImportedRule,
    problem::{Loss, Problem},
};
use crate::{diagnostic::nearest, rule, untrusted::shorten_to};

/// The names and ids that are in use, each with the last number that was added to it.
#[derive(Default)]
pub struct UsedNames {
    names: HashMap<String, usize>,
    ids: HashMap<String, usize>,
}

impl UsedNames {
    /// Gives a rule a name that a rules file allows, and makes its name and id unique.
    pub fn settle(&mut self, rule: &mut ImportedRule) {
        let Some(draft) = &mut rule.draft else { return };
        let wanted = shorten_to(&rule.name, rule::MAX_NAME);
        let name = unused(&mut self.names, &wanted, |number| {
            format!("{} ({number})", shorten_to(&wanted, rule::MAX_NAME - 12))
        });
        let slug = rule::slug(&name);
        let wanted = if slug.is_empty() { "rule" } else { &slug };
        let id = unused(&mut self.ids, wanted, |number| {
            format!("{}-{number}", wanted.get(..rule::MAX_ID - 12).unwrap_or(wanted))
        });
        draft.id = (id != slug).then_some(id);
        if name != rule.name {
            let reason = format!("it is named `{name}` here, since names must be unique and short");
            rule.problems.push(Problem { rule: rule.name.clone(), loss: Loss::Note, reason, detail: String::new() });
            rule.name = name;
        }
    }
}

/// The wanted name, or the first unused one with a number.
fn unused(used: &mut HashMap<String, usize>, wanted: &str, numbered: impl Fn(usize) -> String) -> String {
    let mut number = used.get(wanted).copied().unwrap_or(1);
    let mut name = wanted.to_owned();
    while used.contains_key(&name) {
        number += 1;
        name = numbered(number);
    }
    used.insert(wanted.to_owned(), number);
    used.entry(name.clone()).or_insert(1);
    name
}

/// The text on one line without control characters; `None` if nothing is left.
pub fn one_line(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The end of an error about an unknown name: `: did you mean `…`?`, or nothing if no candidate is similar.
pub fn suggestion<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    /// Longer names are not misspellings, and take long to compare.
    const MAX_BYTES: usize = 40;
    if name.len() > MAX_BYTES {
        return String::new();
    }
    let known = nearest(name, candidates.filter(|candidate| candidate.len() <= MAX_BYTES));
    known.map_or(String::new(), |known| format!(": did you mean `{known}`?"))
}

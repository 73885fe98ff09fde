//! The rule that a user names, and those that may be meant by a name that no rule has.

use std::io::{self, Write};

use trailbell::{
    diagnostic::nearest,
    rule::{Rule, RuleSet},
    untrusted::printable,
};

use crate::status::Stop;

/// The most rules that are suggested.
const MAX_SUGGESTED: usize = 8;
/// A name that so few mistakes make of another one, in characters, is certainly that.
const SURE: usize = 2;
/// The shortest word that is taken for the beginning of a longer one, in characters.
const MIN_BEGINNING: usize = 3;

/// The rule of that name or id.
///
/// # Errors
///
/// If there is none; those that may be meant are printed.
pub fn rule<'r>(name: &str, rules: &'r RuleSet) -> Result<&'r Rule, Stop> {
    if let Some(rule) = rules.find(name) {
        return Ok(rule);
    }
    let near = near(name, rules);
    let wrong = format!("there is no rule `{name}`");
    match &near[..] {
        [] => Err(Stop::Message(format!("{wrong}; give its name or its id"))),
        [one] => Err(Stop::Message(format!("{wrong}; did you mean `{one}`?"))),
        many => {
            let mut stderr = io::stderr().lock();
            let _ = writeln!(stderr, "error: {}; did you mean one of these?", printable(&wrong));
            for one in many.iter().take(MAX_SUGGESTED) {
                let _ = writeln!(stderr, "  {}", printable(one));
            }
            if many.len() > MAX_SUGGESTED {
                let _ = writeln!(stderr, "  … and {} more", many.len() - MAX_SUGGESTED);
            }
            Err(Stop::Reported)
        }
    }
}

/// The rules that may be meant, best first: a misspelled name or id; those whose ids begin so; those that have all words. If there
/// are none, those that have the most words.
fn near<'r>(name: &str, rules: &'r RuleSet) -> Vec<&'r str> {
    let wanted: Vec<String> = words(name).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let beginning = wanted.join("-");
    let found = |rule: &Rule| {
        let of_rule: Vec<String> = words(&rule.name).chain(words(&rule.id)).collect();
        wanted.iter().filter(|word| of_rule.iter().any(|known| is_meant(word, known))).count()
    };
    let names = rules.rules.iter().flat_map(|rule| [rule.name.as_str(), rule.id.as_str()]);
    let misspelled = nearest(name, names);
    if let Some(meant) = misspelled.filter(|meant| strsim::osa_distance(name, meant) <= SURE) {
        return vec![meant];
    }
    let is_misspelled = |rule: &Rule| misspelled.is_some_and(|meant| meant == rule.name || meant == rule.id);
    let ids = |fits: &dyn Fn(&Rule) -> bool| -> Vec<&'r str> {
        let fitting = rules.rules.iter().filter(|rule| !is_misspelled(rule) && fits(rule));
        fitting.map(|rule| rule.id.as_str()).collect()
    };
    let begins = |rule: &Rule| rule.id.starts_with(&beginning);
    let mut meant: Vec<&str> = misspelled.into_iter().collect();
    meant.extend(ids(&begins));
    meant.extend(ids(&|rule| !begins(rule) && found(rule) == wanted.len()));
    if meant.is_empty() {
        let most = rules.rules.iter().map(found).max().unwrap_or(0);
        // Less than half of the words is chance.
        if most * 2 >= wanted.len() {
            meant = ids(&|rule| found(rule) == most);
        }
    }
    meant
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// Whether a word is that of a rule, begins it, or is it with a typing mistake.
fn is_meant(word: &str, known: &str) -> bool {
    let length = word.chars().count();
    word == known || length >= MIN_BEGINNING && (known.starts_with(word) || nearest(word, [known]).is_some())
}

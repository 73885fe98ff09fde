//! Phrases as plain text, for e-mail, terminals and the sentences of a finding: a value is one value on one line, and no link.

use super::{
    caps::TextCaps,
    phrase::{Phrase, PhrasePart},
};
use crate::untrusted::{self, Kept};

/// A phrase on a line of its own. A value at its end needs no quotes.
pub fn on_a_line(phrase: &Phrase, caps: &TextCaps) -> String {
    match phrase.parts() {
        [before @ .., PhrasePart::Theirs(value)] => {
            let before: String = before.iter().map(|part| in_a_sentence(part, caps)).collect();
            before + &untrusted::defanged(&untrusted::line(value, caps.value))
        }
        _ => sentence(phrase, caps),
    }
}

/// A phrase whose last value can be followed by other words.
pub fn sentence(phrase: &Phrase, caps: &TextCaps) -> String {
    phrase.show(|part| in_a_sentence(part, caps))
}

/// A part inside a sentence: a value is in quotes, unless it is one word.
pub fn in_a_sentence(part: &PhrasePart, caps: &TextCaps) -> String {
    match part {
        PhrasePart::Ours(text) | PhrasePart::Link(text) => text.clone(),
        PhrasePart::Rule(text) => by_author(&untrusted::cut(&untrusted::printable(text), caps.value)),
        PhrasePart::Quoted(text) => untrusted::defanged(&untrusted::line(text, caps.value)),
        PhrasePart::Theirs(text) => {
            let value = untrusted::defanged(&untrusted::line(text, caps.value));
            let is_word = |c: char| c.is_alphanumeric() || "._:/@+=,-*~[]".contains(c);
            let is_word = !value.is_empty() && value.chars().all(is_word);
            if is_word { value } else { format!("\"{}\"", value.replace('"', "'")) }
        }
    }
}

/// Words of the author of the rules: names of fields and patterns stay as they are.
pub fn by_author(text: &str) -> String {
    untrusted::defanged_with(text, Kept::Patterns, |sign| format!("[{sign}]"))
}

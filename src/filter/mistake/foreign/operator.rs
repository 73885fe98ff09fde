//! Reads an operator of any language.

use super::{
    operator_word::{Asks, ForeignOperator, LetterCase, SYMBOLS, meant},
    reader::Reader,
};
use crate::{diagnostic::Span, filter::operator};

impl Reader<'_> {
    /// An operator of any language.
    pub fn operator(&mut self) -> Option<ForeignOperator> {
        self.blanks();
        let start = self.at();
        let found = self.operator_word().or_else(|| self.operator_symbol())?;
        let written = self.since(start);
        let own = operator::named(written).is_some();
        self.operator = Some(Span::new(start, self.at()));
        if !own && self.foreign.is_none() {
            let elsewhere = self.elsewhere;
            let shown = written.split_whitespace().collect::<Vec<_>>().join(" ");
            self.mark("unknown-operator", || format!("`{shown}` is not an operator"));
            self.elsewhere = elsewhere;
        }
        Some(found)
    }

    /// An operator in words, the longest that there is.
    fn operator_word(&mut self) -> Option<ForeignOperator> {
        let mut ahead = self.clone();
        let bang = ahead.eat('!');
        let dash = !bang && ahead.eat('-');
        if !(bang || dash || ahead.peek().is_some_and(|c| c.is_ascii_alphabetic())) {
            return None;
        }
        let start = ahead.at();
        let mut best = None;
        for count in 0..6 {
            if count > 0 {
                ahead.blanks();
            }
            if ahead.word().is_none() {
                break;
            }
            // `doesn't` is one word.
            if (ahead.peek() == Some('\'') || ahead.peek() == Some('’')) && ahead.since(start).ends_with('n') {
                let quote = ahead.peek().map_or(0, char::len_utf8);
                ahead.skip(quote);
                ahead.word();
            }
            let words = ahead.since(start);
            let own = !bang && !dash;
            let mut next = ahead.clone();
            next.blanks();
            if words.eq_ignore_ascii_case("not") && !next.symbols().0.is_empty() {
                return None;
            }
            let found = if dash { powershell(words) } else { meant(words) };
            if let Some(found) = found {
                let keeps = own && operator::named(words).is_some();
                best = Some((
                    ahead.clone(),
                    if keeps { ForeignOperator { case: native_case(words), ..found } } else { found },
                ));
            }
        }
        let (mut after, mut found) = best?;
        if after.peek() == Some('~') {
            after.eat('~');
            found.case = LetterCase::Ignored;
        } else if bang && found.case == LetterCase::Either {
            found.case = LetterCase::Ignored;
        }
        if dash && found.asks == Asks::Like {
            found = ForeignOperator { asks: Asks::Glob, case: LetterCase::Ignored, ..found };
        }
        found.negated ^= bang;
        *self = after;
        Some(found)
    }

    fn operator_symbol(&mut self) -> Option<ForeignOperator> {
        let mut ahead = self.clone();
        let not = ahead.eat_word("not");
        ahead.blanks();
        let (run, length) = ahead.symbols();
        let (spelled, asks, negated, case) = SYMBOLS.iter().find(|(spelled, ..)| run.starts_with(spelled))?;
        // A symbol that ASCII does not have is two of ASCII's.
        let length = if run.chars().count() == spelled.chars().count() { length } else { spelled.len() };
        ahead.skip(length);
        *self = ahead;
        Some(ForeignOperator { asks: *asks, negated: *negated != not, case: *case })
    }
}

/// The operators of this language that ignore case say so.
fn native_case(words: &str) -> LetterCase {
    if operator::named(words).is_some_and(|operator| operator.ignores_case) {
        LetterCase::Ignored
    } else {
        LetterCase::Counts
    }
}

/// `-ceq`, which counts case, beside `-ieq` and `-eq`, which do not; after the `-`.
fn powershell(word: &str) -> Option<ForeignOperator> {
    let cased = || Some((meant(word.strip_prefix(['c', 'C'])?)?, LetterCase::Counts));
    let (operator, case) = meant(word).map(|operator| (operator, LetterCase::Ignored)).or_else(cased)?;
    Some(ForeignOperator { case, ..operator })
}

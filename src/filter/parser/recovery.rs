//! All mistakes of a filter: what was found so far, and where to go on after a broken condition.

use std::cell::{Cell, RefCell};

use winnow::stream::Stream;

use super::token::{Input, continues_bare_word};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Expr, ExprKind, SpannedPath},
        mistake,
    },
};

/// The mistakes of one filter.
#[derive(Debug, Default)]
pub struct Mistakes {
    found: RefCell<Vec<Diagnostic>>,
    /// Whether a quote or a bracket is open to the end, so that brackets after it mean nothing.
    lost: Cell<bool>,
}

impl Mistakes {
    /// Adds one.
    pub fn push(&self, mistake: Diagnostic) {
        self.found.borrow_mut().push(mistake);
    }

    /// Adds a mistake in brackets, unless it follows from another.
    pub fn push_bracket(&self, mistake: Diagnostic) {
        if !self.lost.get() {
            self.push(mistake);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// Forgets those after the first `count`, because the text is read in another way.
    pub fn truncate(&self, count: usize) {
        self.found.borrow_mut().truncate(count);
    }

    /// The place of the first after `count` others.
    pub fn first_after(&self, count: usize) -> Option<usize> {
        self.found.borrow()[count..].iter().map(|mistake| mistake.span.start).min()
    }

    /// All of them, in the order of the text.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|mistake| mistake.span.start);
        found
    }
}

/// The place of a condition in others.
#[derive(Clone, Copy)]
pub struct Context<'m> {
    /// The whole filter.
    pub text: &'m str,
    /// The number of conditions around it.
    pub depth: usize,
    /// Whether one of them is an `any`.
    pub inside: bool,
    /// Where mistakes go.
    pub mistakes: &'m Mistakes,
}

impl<'m> Context<'m> {
    /// The place of the whole filter.
    pub fn new(text: &'m str, mistakes: &'m Mistakes) -> Self {
        Self { text, depth: 0, inside: false, mistakes }
    }

    /// The place of a part of this condition.
    pub fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// The path that is meant; a name of another schema is reported.
    pub fn named(self, written: SpannedPath) -> SpannedPath {
        match mistake::misnamed(&written, self.text).filter(|_| !self.inside) {
            None => written,
            Some((finding, path)) => {
                self.mistakes.push(finding);
                SpannedPath { path, ..written }
            }
        }
    }
}

/// What is in the tree in place of a broken condition.
pub fn broken(start: usize, end: usize) -> Expr {
    Expr { kind: ExprKind::And(Vec::new()), span: Span::new(start, end) }
}

/// Whether a condition ends before this text. `or "b"` after a value is no end: the value is meant too.
pub fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with(')') || comment(rest).is_some() {
        return true;
    }
    match connective(rest) {
        None => false,
        Some(length) => !rest[length..].trim_start().starts_with(['"', '\'']),
    }
}

/// The length of `and`, `or` or what other languages write for them, at the beginning of the text.
fn connective(rest: &str) -> Option<usize> {
    let word = ["and", "or"].into_iter().find(|word| starts_with_word(rest, word));
    let symbol = || ["and", "or"].into_iter().find_map(|word| mistake::symbol_for(word, rest));
    word.map(str::len).or_else(symbol)
}

fn starts_with_word(rest: &str, word: &str) -> bool {
    rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && !rest[word.len()..].starts_with(continues_bare_word)
}

/// The length of a comment at the beginning of the text.
pub fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + "*/".len()));
    }
    let starts = ["#", "--", "//"].into_iter().any(|start| rest.starts_with(start));
    starts.then(|| rest.find(['\n', '\r']).unwrap_or(rest.len()))
}

/// Skips some bytes of whole characters.
pub fn skip(input: &mut Input<'_>, bytes: usize) {
    input.next_slice(bytes);
}

/// Goes to the next place where a condition can end: before `and`, `or` or a closing bracket, outside of quotes and brackets.
pub fn recover(input: &mut Input<'_>, context: Context<'_>) {
    let rest: &str = input.as_ref();
    let (length, lost) = broken_length(rest);
    skip(input, length);
    if lost {
        context.mistakes.lost.set(true);
    }
}

fn broken_length(rest: &str) -> (usize, bool) {
    let (mut depth, mut before, mut at) = (0_usize, ' ', 0);
    while let Some(c) = rest[at..].chars().next() {
        let here = &rest[at..];
        match c {
            '"' | '\'' | '`' => {
                let Some(length) = quoted(here, c) else {
                    // The text goes on in another line, or the quote is never closed.
                    return match next_line(rest, at) {
                        Some(line) if depth == 0 => (line, true),
                        _ => (rest.len(), true),
                    };
                };
                at += length;
                before = c;
                continue;
            }
            ')' if depth == 0 => return (at, false),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && !continues_bare_word(before) && before != '.' && connective(here).is_some() => {
                return (at, false);
            }
            _ => {}
        }
        before = c;
        at += c.len_utf8();
    }
    (rest.len(), depth > 0)
}

/// The length of a text in quotes that is closed in its line.
fn quoted(here: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in here.char_indices().skip(1) {
        match c {
            '\n' | '\r' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The next line that begins with `and` or `or`.
fn next_line(rest: &str, from: usize) -> Option<usize> {
    let lines = rest[from..].match_indices('\n').map(|(at, _)| from + at + 1);
    lines
        .map(|line| line + (rest[line..].len() - rest[line..].trim_start().len()))
        .find(|line| ["and", "or"].into_iter().any(|word| starts_with_word(&rest[*line..], word)))
}

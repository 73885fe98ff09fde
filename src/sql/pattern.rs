//! Regular expressions that mean the same in the engine, in Athena and in DuckDB.
//!
//! Filters use the syntax of the regex crate, Athena uses Joni, and DuckDB uses RE2. They differ in what `$`, `\d`, `.` and `(?i)`
//! mean, so an expression is spelled out: letters for both cases, ranges for classes, `\z` for the end of the text.

use std::fmt::Write;

use regex_syntax::{
    hir::{Class, Hir, HirKind, Look},
    parse,
};

/// The most repetitions that RE2 allows.
const MAX_REPETITIONS: u32 = 1_000;
/// The longest expression that is printed, in bytes.
const MAX_PATTERN: usize = 8_192;

/// The expression as all three read it; `None` if it has no such form, as one with a word boundary.
pub fn portable(pattern: &str) -> Option<String> {
    let mut out = String::new();
    write(&parse(pattern).ok()?, &mut out)?;
    (out.len() <= MAX_PATTERN).then_some(out)
}

/// The expression that matches this text.
pub fn escaped(text: &str) -> String {
    text.chars().map(character).collect()
}

fn write(hir: &Hir, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty => out.push_str("(?:)"),
        HirKind::Literal(text) => out.push_str(&escaped(std::str::from_utf8(&text.0).ok()?)),
        HirKind::Class(class) => write_class(class, out)?,
        HirKind::Look(Look::Start) => out.push_str(r"\A"),
        HirKind::Look(Look::End) => out.push_str(r"\z"),
        HirKind::Look(_) => return None,
        HirKind::Repetition(repetition) => {
            if repetition.min.max(repetition.max.unwrap_or(0)) > MAX_REPETITIONS {
                return None;
            }
            out.push_str("(?:");
            write(&repetition.sub, out)?;
            out.push(')');
            let times = match (repetition.min, repetition.max) {
                (0, None) => "*".to_owned(),
                (1, None) => "+".to_owned(),
                (0, Some(1)) => "?".to_owned(),
                (min, None) => format!("{{{min},}}"),
                (min, Some(max)) if min == max => format!("{{{min}}}"),
                (min, Some(max)) => format!("{{{min},{max}}}"),
            };
            out.push_str(&times);
        }
        HirKind::Capture(capture) => write(&capture.sub, out)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, out))?,
        HirKind::Alternation(parts) => {
            for (at, part) in parts.iter().enumerate() {
                out.push_str(if at == 0 { "(?:" } else { "|" });
                write(part, out)?;
            }
            out.push(')');
        }
    }
    Some(())
}

fn write_class(class: &Class, out: &mut String) -> Option<()> {
    let mut class = match class {
        Class::Unicode(class) => class.clone(),
        Class::Bytes(class) => class.to_unicode_class()?,
    };
    // An empty class has no spelling that all three read.
    let last = class.ranges().last()?.end();
    let negated = last == char::MAX;
    if negated {
        class.negate();
        if class.ranges().is_empty() {
            out.push_str(r"[\s\S]");
            return Some(());
        }
    }
    out.push_str(if negated { "[^" } else { "[" });
    for range in class.ranges() {
        out.push_str(&character(range.start()));
        if range.end() > range.start() {
            out.push('-');
            out.push_str(&character(range.end()));
        }
    }
    out.push(']');
    Some(())
}

/// A character as part of an expression, in a class or outside.
fn character(c: char) -> String {
    match c {
        c if c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '/' | ':' | '@' | ',') => c.to_string(),
        c if c.is_ascii_punctuation() => format!("\\{c}"),
        c => {
            let mut out = String::new();
            // Writing to a text cannot fail.
            let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
            out
        }
    }
}

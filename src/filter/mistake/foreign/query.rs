//! Whole filters of other languages: a query in SQL, KQL or jq, a pattern of CloudWatch or EventBridge.

use serde_json::Value as Json;

use super::{
    event_pattern,
    reader::{MAX_DEPTH, Reader},
    rewrite::{joined, not, shown},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Expr, ExprKind},
        mistake::code,
    },
};

/// The finding about a text that is a whole query of another language, if it is understood.
pub fn whole(text: &str) -> Option<Diagnostic> {
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let span = Span::new(start, start + trimmed.len());
    let error = |what: &str| {
        let title = format!("this is {what}, not a filter");
        Diagnostic::error("foreign-query", title, span, "expected a filter")
    };
    if is_sigma_condition(trimmed) {
        let help = "write the conditions of its selections; `trailbell import FILE` converts the Sigma rule";
        return Some(error("the `condition` of a Sigma rule").help(help));
    }
    let (what, expr) = event_bridge(trimmed)
        .or_else(|| log_pattern(trimmed))
        .or_else(|| sql(trimmed))
        .or_else(|| pipeline(trimmed))
        .or_else(|| selection(trimmed))
        .or_else(|| python(trimmed))?;
    let text = shown(&expr, false);
    // A joined condition needs no brackets around the whole.
    let text = match expr.kind {
        ExprKind::And(_) | ExprKind::Or(_) => expr.to_string(),
        _ => text,
    };
    Some(error(what).help(format!("write {}", code(&text))))
}

type Found = Option<(&'static str, Expr)>;

fn event_bridge(text: &str) -> Found {
    let Json::Object(pattern) = serde_json::from_str(text.strip_prefix('{').map(|_| text)?).ok()? else { return None };
    Some(("a pattern of EventBridge", event_pattern::condition(&pattern)?))
}

fn log_pattern(text: &str) -> Found {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    if !inner.contains("$.") {
        return None;
    }
    let reader = Reader::new(inner, false).with_globs();
    Some(("a filter pattern of CloudWatch Logs", condition(reader)?))
}

fn sql(text: &str) -> Found {
    let lower = text.to_ascii_lowercase();
    let from = if lower.starts_with("select") { word(&lower, "where")? } else { 0 };
    if !lower[from..].starts_with("where") || lower.len() != text.len() {
        return None;
    }
    let rest = &text[from + "where".len()..];
    let end =
        ["group", "order", "limit", "having"].iter().filter_map(|end| word(&rest.to_ascii_lowercase(), end)).min();
    let rest = rest[..end.unwrap_or(rest.len())].trim_end().trim_end_matches(';');
    Some(("a query in SQL", condition(Reader::new(rest, false).with_sql())?))
}

/// Where a word of its own begins, outside of quotes.
fn word(text: &str, word: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if !before.is_alphanumeric()
                && text[at..]
                    .strip_prefix(word)
                    .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')) =>
            {
                return Some(at);
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// KQL and CloudWatch Logs Insights: stages with `|` between them.
fn pipeline(text: &str) -> Found {
    const OTHERS: &[&str] = &[
        "project",
        "sort",
        "order",
        "limit",
        "take",
        "fields",
        "display",
        "table",
        "top",
        "project-away",
        "project-reorder",
    ];
    let stages = stages(text);
    let first = stages.first()?.trim();
    let is_filter = |stage: &str| {
        ["where", "filter", "search"]
            .iter()
            .find_map(|word| Some(stage.strip_prefix(word)?.strip_prefix(' ')?.trim().to_owned()))
    };
    let plain_first = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut parts = Vec::new();
    for (at, stage) in stages.iter().map(|stage| stage.trim()).enumerate() {
        let name = stage.split(char::is_whitespace).next().unwrap_or_default();
        match is_filter(stage) {
            Some(inner) => parts.push(condition(Reader::new(&inner, false))?),
            None if at == 0 && (plain_first && stages.len() > 1 || OTHERS.contains(&name)) => {}
            None if OTHERS.contains(&name) => {}
            None => return None,
        }
    }
    if parts.is_empty() {
        return None;
    }
    Some(("a query of logs", joined(parts, false)))
}

/// The parts of a text between single `|`, outside of quotes and brackets.
fn stages(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote, mut depth) = (Vec::new(), 0, None, 0_usize);
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, '|') if depth == 0 && bytes.get(at + 1) != Some(&b'|') && (at == 0 || bytes[at - 1] != b'|') => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `select(…)` of jq, and `[?(…)]` of `JSONPath` and `JMESPath`.
fn selection(text: &str) -> Found {
    let jq =
        text.find("select(").filter(|at| text[..*at].chars().all(|c| ".[]| (".contains(c) || c.is_ascii_alphabetic()));
    if let Some(at) = jq {
        let inner = text[at + "select".len()..].trim().strip_prefix('(')?;
        let inner = inner.trim_end_matches([']', ' ']).strip_suffix(')')?;
        let inner =
            if text[..at].contains("map(") { inner.trim_end().strip_suffix(')').unwrap_or(inner) } else { inner };
        return Some(("a program of jq", condition(Reader::new(inner, false))?));
    }
    let (before, inner) = text.split_once("[?")?;
    if !before.chars().all(|c| "$.@*[]".contains(c) || c.is_ascii_alphanumeric()) {
        return None;
    }
    let inner =
        inner.trim_end_matches(|c: char| c == '.' || c == '*' || c.is_ascii_alphabetic()).strip_suffix(']')?.trim();
    Some(("a path of JSONPath", condition(Reader::new(inner, false))?))
}

/// `return …`, `if …:` and `lambda e: …`
fn python(text: &str) -> Found {
    let lambda = text.strip_prefix("lambda ").and_then(|rest| Some(rest.split_once(':')?.1));
    let inner = lambda
        .or_else(|| text.strip_prefix("return "))
        .or_else(|| Some(text.strip_prefix("if ")?.trim_end_matches(':')))?;
    let inner = inner.trim_end().trim_end_matches(';');
    Some(("a statement of a program", condition(Reader::new(inner, false))?))
}

/// `selection and not filter`, `1 of them`
fn is_sigma_condition(text: &str) -> bool {
    let of = ["1 of ", "all of ", "any of ", "not 1 of ", "not all of "].iter().any(|start| text.starts_with(start));
    let names = |word: &str| {
        let word = word.trim_matches(['(', ')', '*']);
        word.is_empty()
            || ["selection", "filter", "keywords", "and", "or", "not", "1", "all", "of", "them"]
                .iter()
                .any(|name| word.starts_with(name))
    };
    let has = |name: &str| text.split_whitespace().any(|word| word.trim_matches(['(', ')', '*']).starts_with(name));
    (of || has("selection") || has("keywords")) && text.split_whitespace().all(names)
}

/// The condition that is the whole of a text.
fn condition(mut reader: Reader<'_>) -> Option<Expr> {
    let expr = reader.any_of()?;
    reader.blanks();
    reader.rest().is_empty().then_some(expr)
}

impl Reader<'_> {
    fn any_of(&mut self) -> Option<Expr> {
        let mut parts = vec![self.all_of()?];
        while self.eat_word("or") || self.eat_text("||") || self.eat_text("∨") {
            parts.push(self.all_of()?);
        }
        Some(joined(parts, true))
    }

    fn all_of(&mut self) -> Option<Expr> {
        let mut parts = vec![self.one_of()?];
        while self.eat_word("and") || self.eat_text("&&") || self.eat_text("∧") {
            parts.push(self.one_of()?);
        }
        Some(joined(parts, false))
    }

    fn one_of(&mut self) -> Option<Expr> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let expr = self.one_here();
        self.depth -= 1;
        expr
    }

    fn one_here(&mut self) -> Option<Expr> {
        self.blanks();
        let mut ahead = self.clone();
        let negated = ahead.eat_word("not") || (!ahead.rest().starts_with("!=") && ahead.eat('!'));
        ahead.blanks();
        if negated && let Some(inner) = ahead.one_of() {
            *self = ahead;
            return Some(not(inner));
        }
        if self.peek() == Some('(') {
            let mut ahead = self.clone();
            ahead.eat('(');
            if let Some(inner) = ahead.any_of()
                && ahead.eat_after_blanks(')')
            {
                *self = ahead;
                // jq negates what is before: `(…) | not`.
                let mut after = self.clone();
                if after.eat_text("|") && after.eat_word("not") {
                    *self = after;
                    return Some(not(inner));
                }
                return Some(inner);
            }
        }
        self.condition().map(|meant| meant.expr)
    }

    fn eat_text(&mut self, text: &str) -> bool {
        let mut ahead = self.clone();
        ahead.blanks();
        if !ahead.rest().starts_with(text) {
            return false;
        }
        ahead.skip(text.len());
        *self = ahead;
        true
    }
}

//! Characters that are wildcards elsewhere, and in filters mean themselves.

use super::{FilterText, condition, contradiction::is_single, event};
use crate::{
    diagnostic::Diagnostic,
    filter::{ast::Compare, operand::Value},
};

pub const CODE: &str = "literal-wildcard";

/// Policies and patterns that people write hold `*` and `%` for real; fields that AWS writes do not.
pub fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        let closed = is_single(&compare.path, scope.base.as_deref());
        for (text, span) in event::texts(compare, filter) {
            let Some(wildcard) = wildcard(compare.operator.spelling, text, closed) else { continue };
            let title = format!("`{wildcard}` is no wildcard");
            let label = format!("`{}` looks for this character itself", compare.operator.spelling);
            let finding = Diagnostic::warning(CODE, title, span, label);
            found.push(match repair(compare, text) {
                Some(repair) => finding.help(format!("write `{repair}`")),
                None => finding.help("write a regular expression behind `matches`, in which `.*` is anything"),
            });
        }
    });
}

/// The character of the text that is meant as a wildcard.
fn wildcard(operator: &str, text: &str, closed: bool) -> Option<char> {
    let inner = text.trim_matches(['%', '*']);
    let around = |c: char| text.len() > inner.len() && !inner.is_empty() && text.starts_with(c) && text.ends_with(c);
    match operator {
        "=" | "!=" | "in" | "iequals" | "starts_with" | "ends_with" | "istarts_with" | "iends_with" if closed => {
            text.chars().find(|c| matches!(c, '*' | '?' | '%'))
        }
        "like" | "contains" | "icontains" if closed => text.chars().find(|c| matches!(c, '*' | '%')),
        "like" | "contains" | "icontains" => ['%', '*'].into_iter().find(|c| around(*c)),
        _ => None,
    }
}

/// The same as a filter would say it, where the wildcards stand at the ends only.
fn repair(compare: &Compare, text: &str) -> Option<String> {
    let wild = |c| matches!(c, '*' | '%');
    let inner = text.trim_matches(wild);
    let plain = matches!(compare.right, crate::filter::ast::Right::Value(_)) && !inner.is_empty();
    if !plain || inner.contains(|c| wild(c) || c == '?') {
        return None;
    }
    let operator = match compare.operator.spelling {
        "=" => match (text.starts_with(wild), text.ends_with(wild)) {
            (true, true) => "like",
            (true, false) => "ends_with",
            _ => "starts_with",
        },
        "!=" | "iequals" => return None,
        other => other,
    };
    Some(format!("{} {operator} {}", compare.path, Value::Text(inner.to_owned())))
}

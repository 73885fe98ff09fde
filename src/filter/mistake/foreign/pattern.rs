//! Patterns with wildcards → the operator that asks the same.

use super::rewrite::{compare, folded, item, text_right};
use crate::{
    filter::{
        ast::{Expr, Right},
        operand::Value,
        operator::{CONTAINS, ENDS_WITH, EQUAL, EXISTS, MATCHES, STARTS_WITH},
    },
    record::Path,
};

/// The condition that the whole value fits a pattern, in which `any` is a wildcard; `ignores` is whether letter case
/// is left out. Text without `any` is the whole value, or anywhere in it if `inside`.
pub fn fits(path: &Path, pattern: &str, any: char, ignores: bool, inside: bool) -> Expr {
    let parts: Vec<&str> = pattern.split(any).collect();
    let text = |operator| compare(path, folded(operator, ignores), text_right(parts.concat()));
    match parts.as_slice() {
        [_] if inside => text(&CONTAINS),
        [_] if ignores => text(&EQUAL),
        [text] => compare(path, &EQUAL, Right::One(item(Value::Text((*text).to_owned())))),
        _ if parts.iter().all(|part| part.is_empty()) => compare(path, &EXISTS, Right::Nothing),
        [.., ""] if parts.len() == 2 => text(&STARTS_WITH),
        ["", _] => text(&ENDS_WITH),
        ["", _, ""] => text(&CONTAINS),
        _ => {
            let escaped: Vec<String> =
                parts.iter().filter(|part| !part.is_empty()).map(|part| regex::escape(part)).collect();
            let flag = if ignores { "(?i)" } else { "" };
            let start = if pattern.starts_with(any) { "" } else { "^" };
            let end = if pattern.ends_with(any) { "" } else { "$" };
            let pattern = format!("{flag}{start}{}{end}", escaped.join(".*"));
            compare(path, &MATCHES, text_right(pattern))
        }
    }
}

//! Characters that are wildcards in other languages and plain characters in filters.

use super::{
    condition,
    contradiction::is_single,
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        ast::{Compare, Right, RightItem},
        operand::Value,
        operator::{ENDS_WITH, LIKE, Meaning, Operator, STARTS_WITH},
    },
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a `%`, `*` or `?` that is meant as a wildcard and is none")],
    reads: &[Reads::Filter(check)],
};

const CODE: &str = "literal-wildcard";

/// Policies and patterns that people write may contain `*` and `%`; fields that AWS writes do not.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        let closed = is_single(&compare.left.path, scope.base.as_deref());
        for (text, span) in event::texts(compare, filter) {
            let Some(wildcard) = wildcard(compare.operator, text, closed) else { continue };
            let title = format!("`{wildcard}` is not a wildcard");
            let label = format!("`{}` compares this character literally", compare.operator.spelling);
            let finding = Diagnostic::warning(CODE, title, span, label);
            found.push(match repair(compare, text) {
                Some(repair) => finding.help(format!("write `{repair}`")),
                None => finding.help("write a regular expression after `matches`, in which `.*` matches any text"),
            });
        }
    });
}

/// The character of the text that is meant as a wildcard.
fn wildcard(operator: &Operator, text: &str, closed: bool) -> Option<char> {
    let inner = text.trim_matches(['%', '*']);
    let around = |c: char| text.len() > inner.len() && !inner.is_empty() && text.starts_with(c) && text.ends_with(c);
    match operator.meaning {
        Meaning::Equal | Meaning::Member | Meaning::Prefix | Meaning::Suffix => {
            text.chars().find(|c| closed && matches!(c, '*' | '?' | '%'))
        }
        Meaning::Substring if closed => text.chars().find(|c| matches!(c, '*' | '%')),
        Meaning::Substring => ['%', '*'].into_iter().find(|c| around(*c)),
        Meaning::Order(_)
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => None,
    }
}

/// The comparison that was meant, where the wildcards are at the ends only.
fn repair(compare: &Compare, text: &str) -> Option<String> {
    let wild = |c| matches!(c, '*' | '%');
    let inner = text.trim_matches(wild);
    let plain = matches!(compare.right, Right::One(RightItem::Value(_))) && !inner.is_empty();
    if !plain || inner.contains(|c| wild(c) || c == '?') {
        return None;
    }
    let operator = match compare.operator.meaning {
        Meaning::Equal if compare.operator.negated || compare.operator.ignores_case => return None,
        Meaning::Equal => match (text.starts_with(wild), text.ends_with(wild)) {
            (true, true) => &LIKE,
            (true, false) => &ENDS_WITH,
            (false, _) => &STARTS_WITH,
        },
        Meaning::Member
        | Meaning::Order(_)
        | Meaning::Prefix
        | Meaning::Suffix
        | Meaning::Substring
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => compare.operator,
    };
    Some(format!("{} {} {}", compare.left.path, operator.spelling, Value::Text(inner.to_owned())))
}

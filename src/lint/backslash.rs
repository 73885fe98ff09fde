//! Backslashes that are doubled in a regular expression, though no reader of the text removes one.

use super::{
    condition,
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{
    diagnostic::Diagnostic,
    filter::operator::{Meaning, Operator},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a backslash that is doubled, though neither YAML nor the filter asks for it")],
    reads: &[Reads::Filter(check)],
};

const CODE: &str = "doubled-backslash";

/// In YAML's double quotes two backslashes are one and four are two; an author who writes four wants two.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, _| {
        let listed = compare.right.lists().next().is_some();
        if !takes_pattern(compare.operator) || filter.written.has_escapes() && !listed {
            return;
        }
        for (pattern, span) in event::texts(compare, filter) {
            let Some(class) = doubled_class(pattern) else { continue };
            let title = format!("`\\\\{class}` matches a backslash and the letter `{class}`");
            found.push(
                Diagnostic::warning(CODE, title, span, format!("expected `\\{class}`?"))
                    .note("a filter keeps every backslash of a pattern; only YAML's double quotes need a second one")
                    .help(format!("write `\\{class}`; for a literal backslash, write `[\\\\]`")),
            );
        }
    });
}

fn takes_pattern(operator: &Operator) -> bool {
    match operator.meaning {
        Meaning::Pattern => true,
        Meaning::Equal
        | Meaning::Member
        | Meaning::Order(_)
        | Meaning::Prefix
        | Meaning::Suffix
        | Meaning::Substring
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => false,
    }
}

/// The letter of the first class, such as `\d`, whose backslash is doubled; not the first letter of a word.
fn doubled_class(pattern: &str) -> Option<char> {
    pattern.match_indices("\\\\").find_map(|(at, _)| {
        let mut rest = pattern[at + 2..].chars();
        let class = rest.next().filter(|c| "dDwWsSbB".contains(*c))?;
        let word = rest.next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        (!word && !pattern[..at].ends_with('\\')).then_some(class)
    })
}

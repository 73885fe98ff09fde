//! Backslashes that are doubled in a regular expression though nobody takes one away.

use super::{FilterText, condition, event};
use crate::{diagnostic::Diagnostic, filter::ast::Right};

pub const CODE: &str = "doubled-backslash";

/// In YAML's double quotes two backslashes are one, so four would be two; who writes four means it.
pub fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, _| {
        let listed = matches!(compare.right, Right::Named(_));
        if !compare.operator.raw || filter.written.has_escapes() && !listed {
            return;
        }
        for (pattern, span) in event::texts(compare, filter) {
            let Some(class) = doubled_class(pattern) else { continue };
            let title = format!("`\\\\{class}` looks for a backslash and the letter `{class}`");
            found.push(
                Diagnostic::warning(CODE, title, span, format!("expected `\\{class}`?"))
                    .note("a pattern is taken as it stands; only YAML's double quotes ask for a second backslash")
                    .help(format!("write `\\{class}`; for a backslash as such, write `[\\\\]`")),
            );
        }
    });
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

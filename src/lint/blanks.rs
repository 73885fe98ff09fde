//! Values with blanks at their ends, compared with fields whose values have none.

use super::{
    condition::{self, compares_whole_values},
    contradiction::is_single,
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{diagnostic::Diagnostic, filter::operand::Value};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a value with blanks at its ends, where CloudTrail writes none")],
    reads: &[Reads::Filter(check)],
};

const CODE: &str = "edge-blanks";

/// Checks only fields that AWS alone writes.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        if !compares_whole_values(compare.operator) || !is_single(&compare.left.path, scope.base.as_deref()) {
            return;
        }
        for (text, span) in event::texts(compare, filter) {
            let trimmed = text.trim();
            if trimmed == text {
                continue;
            }
            let (text, value) = (Value::Text(text.to_owned()), Value::Text(trimmed.to_owned()));
            let title = format!("`{text}` begins or ends with a blank");
            let label = format!("CloudTrail writes none in `{}`", compare.left.path);
            found.push(Diagnostic::warning(CODE, title, span, label).help(format!("write `{value}`")));
        }
    });
}

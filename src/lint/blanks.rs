//! Values with blanks at their ends, compared with fields that have none.

use super::{FilterText, condition, contradiction::is_single, event};
use crate::{diagnostic::Diagnostic, filter::operand::Value};

pub const CODE: &str = "edge-blanks";

/// Fields that AWS alone writes.
pub fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        let whole = matches!(compare.operator.spelling, "=" | "!=" | "in" | "iequals");
        if !whole || !is_single(&compare.path, scope.base.as_deref()) {
            return;
        }
        for (text, span) in event::texts(compare, filter) {
            let trimmed = text.trim();
            if trimmed == text {
                continue;
            }
            let (text, value) = (Value::Text(text.to_owned()), Value::Text(trimmed.to_owned()));
            let title = format!("`{text}` has a blank at one end");
            let label = format!("CloudTrail writes none in `{}`", compare.path);
            found.push(Diagnostic::warning(CODE, title, span, label).help(format!("write `{value}`")));
        }
    });
}

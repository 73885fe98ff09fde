//! `not` before `in_account`.

use super::{
    condition::{self, Scope},
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        ast::{Compare, Expr},
        operator::{FOREIGN_TO, IN_ACCOUNT},
    },
    record::Path,
    untrusted::shorten_to,
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(NOT, "a `not` before `in_account`, which is true for `*` and for services too")],
    reads: &[Reads::Filter(check)],
};

/// The longest repair, in characters.
const MAX: usize = 200;

const NOT: &str = "not-in-account";

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |expr, compare, scope| {
        if *compare.operator == IN_ACCOUNT && scope.negated && may_lack_account(&compare.left.path) {
            found.push(not_in(expr, compare, filter, scope));
        }
    });
}

/// Every record has the account that it was delivered to.
fn may_lack_account(path: &Path) -> bool {
    *path != event::top("recipientAccountId")
}

fn not_in(expr: &Expr, compare: &Compare, filter: &FilterText, scope: &Scope) -> Diagnostic {
    let title = format!("`not {}` is also true for `*` and for services", filter.shown(expr.span));
    let mut written = String::new();
    // Writing to a string cannot fail.
    let _ = Compare { operator: &FOREIGN_TO, ..compare.clone() }.write_to(&mut written, scope.base.is_some());
    let written = shorten_to(&written, MAX);
    Diagnostic::warning(NOT, title, expr.span, "true of every value without an account, and of no value")
        .help(format!("write `{written}` in place of the `not` and the condition after it"))
        .note("where `*` is meant too, compare it with `= \"*\"`")
}

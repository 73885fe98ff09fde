//! Accounts that are compared as text, and `not` before `in_account`.

use super::{
    condition::{self, Scope, field},
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Compare, Expr, Operand, Right, RightItem},
        operand::Value,
        operator::{FOREIGN_TO, IN_ACCOUNT, Meaning, account_of},
    },
    record::{Path, Root, Scalar, Step},
    untrusted::shorten_to,
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[
        (TEXT, "a search for an account id in an ARN, which also finds it in a name that someone chooses"),
        (NOT, "a `not` before `in_account`, which is true for `*` and for services too"),
    ],
    reads: &[Reads::RuleFilter(check)],
};

/// The longest repair, in characters.
const MAX: usize = 200;

const TEXT: &str = "account-in-text";
const NOT: &str = "not-in-account";

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |expr, compare, scope| {
        if let Some(span) = searched(compare, scope) {
            found.push(in_text(expr, compare, span, filter, scope));
        } else if *compare.operator == IN_ACCOUNT && scope.negated && may_lack_account(&compare.left.path) {
            found.push(not_in(expr, compare, filter, scope));
        }
    });
}

/// The place of the account id that a comparison searches for in an ARN.
fn searched(compare: &Compare, scope: &Scope) -> Option<Span> {
    if !searches(compare.operator.meaning) || !holds_arns(&last_key(&compare.left.path, scope)?) {
        return None;
    }
    compare.right.items().iter().find_map(|item| match item {
        RightItem::Value(Operand { value: Value::Text(text), span }) => id(text, compare).map(|_| *span),
        RightItem::Value(_) | RightItem::Named(_) | RightItem::Field(_) => None,
    })
}

/// Whether it finds text that is not at the beginning.
fn searches(meaning: Meaning) -> bool {
    match meaning {
        Meaning::Suffix | Meaning::Substring | Meaning::Pattern => true,
        Meaning::Equal
        | Meaning::Member
        | Meaning::Order(_)
        | Meaning::Prefix
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => false,
    }
}

/// The account id that a text is, apart from what separates the parts of an ARN.
fn id<'a>(text: &'a str, compare: &Compare) -> Option<&'a str> {
    let around: &[char] = if compare.operator.raw { &[':', '/', '.', '*', '$', '(', ')'] } else { &[':', '/'] };
    let id = text.trim_matches(around);
    (!id.starts_with("arn") && account_of(Scalar::Text(id)).is_some()).then_some(id)
}

/// The last name of a path in lower case, without `-` and `_`.
fn last_key(path: &Path, scope: &Scope) -> Option<String> {
    let own = || {
        let short = if let Root::Virtual(short) = path.root { Some(short.name().to_owned()) } else { None };
        let named = |step: &Step| if let Step::Key(key) = step { Some(key.clone()) } else { None };
        field(path).steps.iter().rev().find_map(named).or(short)
    };
    let key = condition::keys(path, scope.base.as_deref()).and_then(|keys| keys.last().cloned()).or_else(own)?;
    Some(key.to_lowercase().replace(['-', '_'], ""))
}

/// Whether services write ARNs into fields of that name.
fn holds_arns(key: &str) -> bool {
    ["arn", "arns", "keyid", "layers"].iter().any(|end| key.ends_with(end))
        || ["aws", "principal", "granteeprincipal", "role", "resource"].contains(&key)
}

/// Every record has the account that it was delivered to.
fn may_lack_account(path: &Path) -> bool {
    *path != event::top("recipientAccountId")
}

fn in_text(expr: &Expr, compare: &Compare, span: Span, filter: &FilterText, scope: &Scope) -> Diagnostic {
    let title = format!("`{}` also holds where the account id is in a name", filter.shown(expr.span));
    let label = "the owner of a resource chooses its name";
    let negated = scope.negated != compare.operator.negated;
    let written = written(compare, negated, scope);
    let help = if negated {
        format!("write `{written}` in place of the `not` and the condition after it")
    } else {
        format!("write `{written}`")
    };
    Diagnostic::warning(TEXT, title, span, label).help(help)
}

fn not_in(expr: &Expr, compare: &Compare, filter: &FilterText, scope: &Scope) -> Diagnostic {
    let title = format!("`not {}` is also true for `*` and for services", filter.shown(expr.span));
    let written = written(compare, true, scope);
    Diagnostic::warning(NOT, title, expr.span, "true of every value without an account, and of no value")
        .help(format!("write `{written}` in place of the `not` and the condition after it"))
        .note("where `*` is meant too, compare it with `= \"*\"`")
}

/// The same condition, on accounts.
fn written(compare: &Compare, negated: bool, scope: &Scope) -> String {
    let item = |item: &RightItem| match item {
        RightItem::Value(operand) => {
            let Value::Text(text) = &operand.value else { return None };
            let value = Value::Text(id(text, compare)?.to_owned());
            Some(RightItem::Value(Operand { value, span: operand.span }))
        }
        item => Some(item.clone()),
    };
    let right = match &compare.right {
        Right::Nothing => None,
        Right::One(one) => item(one).map(Right::One),
        Right::List(items) => items.iter().map(item).collect::<Option<_>>().map(Right::List),
    };
    let operator = if negated { &FOREIGN_TO } else { &IN_ACCOUNT };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = Compare { operator, right: right.clone().unwrap_or(Right::Nothing), ..compare.clone() }
        .write_to(&mut text, scope.base.is_some());
    // Only some of the values are ids.
    if right.is_none() { format!("{text} …") } else { shorten_to(&text, MAX) }
}

//! Fields that CloudTrail records do not have.

use super::{
    condition::{self, Scope},
    entry::{Lint, Reads},
    filter_text::FilterText,
    schema::{self, Known, look_up},
};
use crate::{
    diagnostic::{Diagnostic, Span, nearest},
    filter::ast::{ExprKind, SpannedPath},
    record::{Root, Step, Virtual},
    rule::FieldPath,
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a field that CloudTrail records do not have")],
    reads: &[Reads::Filter(check), Reads::Field(check_field)],
};

const CODE: &str = "unknown-field";

/// Words of other tools and of people, and the field that has what they name.
const WORDS: &[(&str, &str)] = &[
    ("action", "eventName"),
    ("actor", "principal"),
    ("caller", "principal"),
    ("identity", "principal"),
    ("operation", "eventName"),
    ("outcome", "result"),
    ("service", "eventSource"),
    ("status", "result"),
];

/// A warning for each field of a filter that CloudTrail records do not have. Names in back-quotes are not checked.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::walk(filter.filter, &mut |expr, scope| {
        match &expr.kind {
            ExprKind::Compare(compare) => {
                found.extend(warning(&compare.left, scope));
                found.extend(compare.right.fields().filter_map(|other| warning(other, scope)));
            }
            ExprKind::Any(list, _) => found.extend(warning(list, scope)),
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) | ExprKind::List { .. } => {}
        }
        true
    });
}

/// A warning if a path leads to no field that CloudTrail records have. Names in back-quotes are not checked.
pub fn unknown_field(path: &SpannedPath) -> Option<Diagnostic> {
    unknown(path, &Scope::default()).map(|unknown| unknown.finding)
}

/// The same, only where the path resembles that of a field, or goes on below a single value.
pub fn misspelled_field(path: &SpannedPath) -> Option<Diagnostic> {
    unknown(path, &Scope::default()).filter(|unknown| !unknown.own).map(|unknown| unknown.finding)
}

/// A field that records do not have.
struct Unknown {
    finding: Diagnostic,
    /// Whether it resembles none, so that it can be an author's own.
    own: bool,
}

impl Unknown {
    fn misspelled(finding: Diagnostic) -> Self {
        Self { finding, own: false }
    }
}

/// Checks a path that is not part of a filter, such as an item of `aggregate_fields`.
fn check_field(field: &FieldPath) -> Option<Diagnostic> {
    let path = SpannedPath::parse(&field.written.text).ok()?;
    unknown_field(&path).map(|finding| finding.at(|span| field.written.place(span)))
}

fn warning(path: &SpannedPath, scope: &Scope) -> Option<Diagnostic> {
    unknown(path, scope).map(|unknown| unknown.finding)
}

fn unknown(written: &SpannedPath, scope: &Scope) -> Option<Unknown> {
    let SpannedPath { path, segments } = written;
    if let Root::Virtual(short) = path.root
        && path.is_computed()
        && !path.steps.is_empty()
    {
        return Some(Unknown::misspelled(below_worked_out(short, written.span())));
    }
    let keys = condition::keys(path, scope.base.as_deref())?;
    let at = match look_up(&keys) {
        Known::There { .. } => return None,
        Known::NoKey { at, .. } | Known::InsideText { at } => at,
    };
    // A misspelled list gets one warning where it is named, and none for the conditions on its elements.
    let own = path.steps.iter().filter(|step| matches!(step, Step::Key(_))).count();
    let name = segments.get((segments.len() + at).checked_sub(keys.len())?).filter(|name| !name.quoted)?;
    if own < keys.len() - at {
        return None;
    }
    Some(match look_up(&keys) {
        Known::InsideText { .. } => Unknown::misspelled(below_text(&keys[..at].join("."), name.span)),
        Known::NoKey { siblings, .. } => {
            no_key(path.root, &keys, at, siblings.iter().map(|(name, _)| *name), name.span)
        }
        Known::There { .. } => return None,
    })
}

fn no_key(root: Root, keys: &[String], at: usize, siblings: impl Iterator<Item = &'static str>, span: Span) -> Unknown {
    let (above, name) = (keys[..at].join("."), keys[at].as_str());
    let title = match above.as_str() {
        "" => format!("CloudTrail records have no field `{name}`"),
        above => format!("`{above}` has no field `{name}`"),
    };
    let finding = |label: String| Diagnostic::warning(CODE, title, span, label);
    let short = Virtual::ALL.iter().map(|(_, name, _)| *name).filter(|_| at == 0);
    if let Some((_, meant)) = WORDS.iter().find(|(word, _)| at == 0 && root == Root::Record && *word == name) {
        return Unknown::misspelled(finding(format!("expected `{meant}`?")).help(format!("write `{meant}`")));
    }
    if let Some(meant) = nearest(name, siblings.chain(short)) {
        // An author can paste the whole path where the filter has it in full.
        let before = if root == Root::Record && at > 0 { above + "." } else { String::new() };
        let help = format!("write `{before}{meant}`");
        return Unknown::misspelled(finding(format!("expected `{meant}`?")).help(help));
    }
    if name.starts_with('$') {
        let finding = finding("never present".to_owned())
            .note("a name with `$` on the left is a list only before `= null`, `!= null` and `exists`")
            .help(format!("write the field first, such as `user in {name}`"));
        return Unknown::misspelled(finding);
    }
    let outside = if root == Root::Element { "record." } else { "" };
    if let Some(path) = schema::elsewhere(name) {
        let finding = finding(format!("expected `{outside}{path}`?"));
        return Unknown::misspelled(finding.help(format!("write `{outside}{path}`")));
    }
    let help = format!("remove it; if your records do have it, write it in back-quotes: `` `{name}` ``");
    Unknown { finding: finding("never present".to_owned()).help(help), own: true }
}

fn below_text(above: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("`{above}` has no fields"), span, "never present")
        .note(format!("`{above}` holds a single value"))
        .help(format!("compare `{above}` itself"))
}

fn below_worked_out(short: Virtual, span: Span) -> Diagnostic {
    let name = short.name();
    Diagnostic::warning(CODE, format!("`{name}` has no fields"), span, "never present")
        .note(format!("`{name}` is computed from other fields"))
        .help(format!("compare `{name}` itself, or write `` `{name}` `` for the record's own field of that name"))
}

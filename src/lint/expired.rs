//! Suppressions whose last day has passed.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::entry::{Lint, Reads};
use crate::{
    diagnostic::{Diagnostic, Level},
    rule::{Rule, Suppression},
};

/// The entry of the lint table.
pub const LINT: Lint =
    Lint { codes: &[(CODE, "a suppression whose last day has passed")], reads: &[Reads::Suppression(check)] };

const CODE: &str = "expired-suppression";

/// Days are those of UTC.
fn check(suppression: &Suppression, rule: &Rule, today: Date) -> Option<Diagnostic> {
    let now = TimeZone::UTC.to_timestamp(today.at(0, 0, 0, 0)).ok()?;
    let end = suppression.expires.filter(|end| *end <= now)?;
    let title = format!("this suppression ended on {}", last_day(end));
    let finding = Diagnostic::warning(CODE, title, suppression.span, "suppresses no events any more");
    // A day that passes must not stop a build that passed the day before.
    let finding = Diagnostic { level: Level::Note, ..finding };
    Some(finding.in_rule(&rule.name).help("remove it, or give it a later `expires` if it is still needed"))
}

/// The day of the last moment before `end`.
fn last_day(end: Timestamp) -> Date {
    let last = end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(end);
    TimeZone::UTC.to_datetime(last).date()
}

//! Suppressions whose last day is over.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::{diagnostic::Diagnostic, rule::RuleSet};

pub const CODE: &str = "expired-suppression";

/// Days are those of UTC.
pub fn check(rules: &RuleSet, today: Date) -> Vec<Diagnostic> {
    let Ok(now) = TimeZone::UTC.to_timestamp(today.at(0, 0, 0, 0)) else { return Vec::new() };
    let suppressions = rules.rules.iter().flat_map(|rule| rule.suppressions.iter().map(move |one| (rule, one)));
    let expired = suppressions.filter_map(|(rule, one)| Some((rule, one, one.expires.filter(|end| *end <= now)?)));
    expired
        .map(|(rule, suppression, end)| {
            let title = format!("this suppression ended with {}", last_day(end));
            Diagnostic::warning(CODE, title, suppression.span, "suppresses no event of today")
                .in_rule(&rule.name)
                .help("remove it, or give it a later `expires` if it is still right")
        })
        .collect()
}

/// The day of the last moment before `end`.
fn last_day(end: Timestamp) -> Date {
    let last = end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(end);
    TimeZone::UTC.to_datetime(last).date()
}

//! `trailbell preview`: prints the alert that a rule raises for a record, in each format.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use trailbell::{
    alert::{Alert, Format, Message, Origin, render},
    diagnostic::one_of,
    engine::Finding,
    object::ObjectId,
    record::Record,
    rule::{Accounts, FieldPath, Rule, Verdict, show_duration},
    state::{Audience, Claimant, Decision, Match, MemoryTable, decide},
    untrusted::printable,
};

use crate::{
    inputs::{RuleAndRecord, does_not_match},
    status::Status,
};

/// Prints the renderings, each under its name; JSON is indented.
///
/// # Errors
///
/// If the rule or the record cannot be read, or the rule does not match the record.
pub fn run(of: &RuleAndRecord) -> Status {
    let (rules, rule, record) = of.read()?;
    let verdict = rule.verdict(&record);
    if verdict == Verdict::NoMatch {
        return Err(does_not_match(&rule));
    }
    let mut stdout = io::stdout().lock();
    if verdict == Verdict::Suppressed {
        writeln!(stdout, "The match is suppressed: the alert is counted and not sent.\n")?;
    }
    if !rule.enabled {
        writeln!(stdout, "The rule is disabled: no record raises its alert.\n")?;
    }
    if let Some(takes) = takes(&rule, &record) {
        writeln!(stdout, "{takes}; the alert below is about this record alone.\n")?;
    }
    let (rule, record) = (Arc::new(rule), Arc::new(record));
    let finding = Finding { rule, position: 0, suppressed: verdict == Verdict::Suppressed, record };
    let alert = alert(finding, origin(&of.file), &rules.accounts);
    for (at, format) in Format::ALL.into_iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        writeln!(stdout, "{gap}{}\n", heading(format.name))?;
        show(&render(format, &alert), &mut stdout)?;
    }
    Ok(0)
}

/// The alert that the function would raise if the record were the first of its window and reached the threshold.
fn alert(finding: Finding, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Alert {
    let mut rule = Rule { aggregate_fields: fields(&finding.rule, &finding.record), ..Rule::clone(&finding.rule) };
    // With a threshold, the values of `first_seen` are counted, and distinguish no alerts.
    rule.first_seen = rule.first_seen.filter(|_| rule.threshold == 1);
    (rule.threshold, rule.distinct, rule.sequence, rule.notify) = (1, None, None, true);
    if let Some(first_seen) = &mut rule.first_seen {
        first_seen.learning = SignedDuration::ZERO;
    }
    let now = finding.record.event_time().unwrap_or(Timestamp::UNIX_EPOCH);
    let matches = Match::of(&Arc::new(rule), &finding.record, &[Audience::Alerts], now);
    let (table, mut claimant) = (MemoryTable::default(), Claimant::new("preview", 1));
    let matches: Vec<&Match> = matches.iter().collect();
    let decided = decide(&table, &mut claimant, &matches, |_| None, now);
    match pollster::block_on(decided).decisions.pop() {
        Some(Decision::Fire(firing)) => Alert::fired(finding, &firing, origin, accounts),
        _ => Alert::new(finding, origin, accounts),
    }
}

/// What the rule takes, if it takes more than one match.
fn takes(rule: &Rule, record: &Record) -> Option<String> {
    let window = show_duration(rule.window);
    if !rule.steps().is_empty() {
        let possible: Vec<_> = steps(rule, record).map(|at| format!("step {}", at + 1)).collect();
        let possible = match &possible[..] {
            [] => "and this record can be none of them, since a field of `by` has no value".to_owned(),
            some => format!("of which this record can be {}", one_of(some)),
        };
        return Some(format!(
            "The rule takes an event for each of {} steps within {window}, {possible}",
            rule.steps().len()
        ));
    }
    let names = |fields: &[FieldPath]| fields.iter().map(FieldPath::name).collect::<Vec<_>>().join("`, `");
    let counted = match (&rule.distinct, &rule.first_seen) {
        _ if rule.threshold == 1 => return None,
        (Some(distinct), _) => format!("different values of `{}`", distinct.name()),
        (None, Some(first_seen)) => format!("new combinations of `{}`", names(&first_seen.fields)),
        (None, None) => "events".to_owned(),
    };
    Some(printable(&format!("The rule takes {} {counted} within {window}", rule.threshold)))
}

/// The positions of the steps of a sequence that the record can be.
fn steps(rule: &Rule, record: &Record) -> impl Iterator<Item = usize> {
    let can_be = rule.arrivals(record).iter().fold(0, |all, arrival| all | arrival.steps);
    (0..rule.steps().len()).filter(move |at| can_be & (1 << at) != 0)
}

/// The fields that distinguish the alert: of a sequence, those of the step that the record can be.
fn fields(rule: &Rule, record: &Record) -> Option<Vec<FieldPath>> {
    let Some(first) = rule.steps().first() else { return rule.aggregate_fields.clone() };
    let step = steps(rule, record).find_map(|at| rule.steps().get(at)).unwrap_or(first);
    // The fields of all steps have the names of those of the first.
    let named =
        |(by, first): (&FieldPath, &FieldPath)| FieldPath { path: by.path.clone(), written: first.written.clone() };
    Some(step.by.iter().zip(&first.by).map(named).collect())
}

fn heading(name: &str) -> String {
    format!("── {name} {}", "─".repeat(96_usize.saturating_sub(name.len())))
}

/// The object that a file is a copy of, if its path has the form `<bucket>/AWSLogs/…`.
fn origin(file: &Path) -> Option<Origin> {
    let names: Vec<&str> = file.components().map(|component| component.as_os_str().to_str()).collect::<Option<_>>()?;
    ObjectId::of_copy(&names).map(Origin::Object)
}

fn show(message: &Message, output: &mut impl Write) -> io::Result<()> {
    let body = match serde_json::from_str::<serde_json::Value>(&message.body) {
        Ok(json) => format!("{json:#}"),
        Err(_) => format!("Subject: {}\n\n{}", message.subject, message.body),
    };
    body.lines().try_for_each(|line| writeln!(output, "{}", printable(line)))
}

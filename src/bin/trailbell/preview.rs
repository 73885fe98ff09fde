//! `trailbell preview`: prints the alert that a rule raises, in each format.
//!
//! A rule that takes several events is previewed with those of the files. If these are too few, the alert is as if the missing ones
//! had come, too; it says how many they are, and knows nothing else of them.

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
    rule::{FieldPath, Rule, Verdict, show_duration},
    state::{Audience, Claimant, Decision, Firing, Match, MemoryTable, decide},
    untrusted::printable,
};

use crate::{
    rule_and_record::{RuleAndRecord, does_not_match},
    status::Status,
};

/// The id of an event of a sequence that the files do not hold.
const MISSING: &str = "not in these logs";

/// Prints the renderings, each under its name; JSON is indented.
///
/// # Errors
///
/// If the rule or the record cannot be read, or the rule does not match the record.
pub fn run(of: &RuleAndRecord) -> Status {
    let (rules, rule, found) = of.read_series()?;
    let (records, files): (Vec<_>, Vec<_>) = found.into_iter().map(|one| (Arc::new(one.record), one.file)).unzip();
    let Some(preview) = Preview::of(&rule, &records, of.event_id.is_some()) else { return Err(does_not_match(&rule)) };
    let mut stdout = io::stdout().lock();
    if preview.is_suppressed {
        writeln!(stdout, "The match is suppressed: the alert is counted and not sent.\n")?;
    }
    if !rule.enabled {
        writeln!(stdout, "The rule is disabled: no record raises its alert.\n")?;
    }
    if let Some(takes) = takes(&rule, &preview) {
        writeln!(stdout, "{takes}\n")?;
    }
    let at = records.iter().position(|record| Arc::ptr_eq(record, &preview.record));
    let origin = at.and_then(|at| origin(Path::new(files.get(at)?)));
    let rule = Arc::new(rule);
    let finding = Finding { rule, position: 0, suppressed: preview.is_suppressed, record: preview.record };
    let alert = match preview.firing {
        Some(firing) => Alert::fired(finding, &firing, origin, &rules.accounts),
        None => Alert::new(finding, origin, &rules.accounts),
    };
    for (at, format) in Format::ALL.into_iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        writeln!(stdout, "{gap}{}\n", heading(format.name))?;
        show(&render(format, &alert), &mut stdout)?;
    }
    Ok(0)
}

/// The event that raises the alert, and what the alert counts.
struct Preview {
    record: Arc<Record>,
    is_suppressed: bool,
    firing: Option<Firing>,
    /// How many of what the rule takes the files hold, if they hold too few.
    known: Option<u64>,
}

impl Preview {
    /// The alert that the last of the records raises, or if the user has not chosen it, the first alert that any of them raises;
    /// `None` if the rule does not match.
    fn of(rule: &Rule, records: &[Arc<Record>], is_chosen: bool) -> Option<Self> {
        let last = records.last()?;
        let verdict = rule.verdict(last);
        if verdict == Verdict::NoMatch {
            return None;
        }
        let preview = |record: &Arc<Record>, firing, known| {
            let is_suppressed = rule.verdict(record) == Verdict::Suppressed;
            Some(Self { record: Arc::clone(record), is_suppressed, firing, known })
        };
        let counted: Vec<_> = records.iter().filter(|one| rule.verdict(one) == Verdict::Match).cloned().collect();
        if !is_chosen && let Some((at, firing)) = first(&played(rule), &counted) {
            return preview(&counted[at], Some(firing), None);
        }
        let series = series(rule, &counted, last);
        if let Some(firing) = raised(&played(rule), &series) {
            return preview(last, Some(firing), None);
        }
        let (firing, known) = missing(rule, &series);
        preview(last, firing, Some(known).filter(|_| rule.threshold > 1 || !rule.steps().is_empty()))
    }
}

/// The rule as it alerts at its first match, with nothing to learn.
fn played(rule: &Rule) -> Rule {
    let mut rule = Rule { notify: true, ..rule.clone() };
    if let Some(first_seen) = &mut rule.first_seen {
        first_seen.learning = SignedDuration::ZERO;
    }
    rule
}

/// The first alert that the records raise, one after the other, and the record that raises it.
fn first(rule: &Rule, records: &[Arc<Record>]) -> Option<(usize, Firing)> {
    let (rule, table, mut claimant) = (Arc::new(rule.clone()), MemoryTable::default(), Claimant::new("preview", 1));
    records.iter().enumerate().find_map(|(at, record)| {
        let now = record.event_time().unwrap_or(Timestamp::UNIX_EPOCH);
        let matches = Match::of(&rule, record, &[Audience::Alerts], now);
        let matches: Vec<&Match> = matches.iter().collect();
        let decided = decide(&table, &mut claimant, &matches, |_| None, now);
        pollster::block_on(decided).decisions.into_iter().find_map(|decision| match decision {
            Decision::Fire(firing) => Some((at, firing)),
            _ => None,
        })
    })
}

/// The alert that the last of the records raises: no more of those before it are taken than that needs, since an earlier alert would
/// cover the last record.
fn raised(rule: &Rule, records: &[Arc<Record>]) -> Option<Firing> {
    let fires = |count: usize| first(rule, &records[records.len() - count..]);
    fires(records.len())?;
    // That many are too few, and that many are enough.
    let (mut few, mut enough) = (0, records.len());
    while few + 1 < enough {
        let middle = usize::midpoint(few, enough);
        if fires(middle).is_some() { enough = middle } else { few = middle }
    }
    let (at, firing) = fires(enough)?;
    (at + 1 == enough).then_some(firing)
}

/// The records that the rule counts together with the last one, which is the last of them, too.
fn series(rule: &Rule, records: &[Arc<Record>], last: &Arc<Record>) -> Vec<Arc<Record>> {
    let keys = |record: &Record| rule.arrivals(record).into_iter().map(|one| one.values).collect::<Vec<_>>();
    let own = keys(last);
    let begins = last.event_time().and_then(|time| time.checked_sub(rule.window).ok());
    let is_before = |one: &&Arc<Record>| {
        !Arc::ptr_eq(one, last) && one.event_time() >= begins && keys(one).iter().any(|key| own.contains(key))
    };
    records.iter().filter(is_before).chain([last]).cloned().collect()
}

/// The alert that the last of the records would raise if those that are missing had come, too; and how many are there.
fn missing(rule: &Rule, records: &[Arc<Record>]) -> (Option<Firing>, u64) {
    let lone = records.last().map(std::slice::from_ref).unwrap_or_default();
    let Some(record) = lone.first() else { return (None, 0) };
    let mut played = played(rule);
    if !rule.steps().is_empty() {
        // Of a sequence, only the series of the one event is known.
        let of = steps(rule, record).collect::<Vec<_>>();
        (played.aggregate_fields, played.sequence) = (fields(rule, record), None);
        let mut firing = raised(&played, lone);
        if let Some(firing) = &mut firing {
            let id = record.at(&["eventID"]).unwrap_or_default();
            let step = |at| (firing.last, if of.contains(&at) { id.clone() } else { MISSING.to_owned() });
            firing.steps = (0..rule.steps().len()).map(step).collect();
            firing.count = firing.steps.len() as u64;
        }
        return (firing, of.len() as u64);
    }
    // The rule that takes no more than there are.
    let most = records.len().min(usize::try_from(rule.threshold).unwrap_or(usize::MAX));
    let there = (1..=most).rev().find_map(|count| {
        played.threshold = u32::try_from(count).unwrap_or(u32::MAX);
        if count == 1 {
            // Of one event, nothing is counted: with `first_seen`, it would be new.
            (played.distinct, played.first_seen) = (None, played.first_seen.take().filter(|_| rule.threshold == 1));
        }
        raised(&played, if count == 1 { lone } else { records })
    });
    let Some(mut firing) = there else { return (None, 1) };
    let known = firing.count;
    firing.count = rule.threshold.into();
    let more = firing.count.saturating_sub(known);
    firing.events.more += more;
    if firing.events.values.is_empty() {
        firing.events.values.extend(record.at(&["eventID"]));
    }
    for (_, listing) in firing
        .distinct
        .iter_mut()
        .filter(|(field, _)| rule.distinct.as_ref().is_some_and(|distinct| distinct.name() == field))
    {
        listing.more = firing.count.saturating_sub(listing.values.len() as u64);
    }
    (Some(firing), known)
}

/// What the rule takes, if it takes more than one match, and how much of that the alert knows.
fn takes(rule: &Rule, preview: &Preview) -> Option<String> {
    let window = show_duration(rule.window);
    let count = rule.steps().len();
    if count > 0 {
        let takes = format!("The rule takes an event for each of {count} steps within {window}");
        let possible: Vec<_> = steps(rule, &preview.record).map(|at| format!("step {}", at + 1)).collect();
        return Some(match (preview.known, &possible[..]) {
            (None, _) => format!("{takes}: the alert below is about those of these logs."),
            (Some(_), []) => format!("{takes}; this record can be none of them, since a field of `by` has no value."),
            (Some(_), some) => format!(
                "{takes}. This record can be {}; the alert below is as if the others had come at the same time.",
                one_of(some)
            ),
        });
    }
    let names = |fields: &[FieldPath]| fields.iter().map(FieldPath::name).collect::<Vec<_>>().join("`, `");
    let noun = match (&rule.distinct, &rule.first_seen) {
        _ if rule.threshold == 1 => return None,
        (Some(distinct), _) => format!("different values of `{}`", distinct.name()),
        (None, Some(first_seen)) => format!("new combinations of `{}`", names(&first_seen.fields)),
        (None, None) => "events".to_owned(),
    };
    let takes = printable(&format!("The rule takes {} {noun} within {window}", rule.threshold));
    Some(match preview.known {
        None => format!("{takes}: the alert below is about those of these logs."),
        Some(known) => {
            let more = u64::from(rule.threshold).saturating_sub(known);
            format!("{takes}. These logs have {known}; the alert below is as if {more} more had come.")
        }
    })
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

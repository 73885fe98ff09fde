//! An alert with its events as one line of the page's data.

use std::sync::Arc;

use serde::Serialize;

use super::recent::{RecentRecords, record_text};
use crate::{
    alert::{Alert, EventFacts, Sheet},
    engine::Finding,
    untrusted::line,
};

/// The longest title, name or fact of an event, in characters.
const MAX_TEXT: usize = 500;
/// The most events of an alert whose records the page shows.
const MAX_EVENTS: usize = 10;

/// An alert, and what the page shows around it.
#[derive(Clone, Copy)]
pub struct ReportAlert<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The match that raised it.
    pub finding: &'a Finding,
    /// The file that holds the record of that match, as it can be shown.
    pub file: &'a str,
}

/// The members that `script.js` reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: &'a str,
    time: String,
    severity: u8,
    rule: String,
    rule_id: &'a str,
    title: String,
    /// The short name of the principal.
    who: Option<String>,
    account_name: Option<&'a str>,
    facts: EventFacts,
    count: u64,
    approximate: bool,
    since: Option<u64>,
    file: &'a str,
    sheet: Sheet<'a>,
    /// The record of the match first.
    records: Vec<Arc<str>>,
    /// How many further events the alert counts.
    unlisted: u64,
}

impl ReportAlert<'_> {
    /// The alert as JSON on one line, all of whose text is printable. `recent` has the records of the further events that it lists.
    pub fn json(&self, recent: &RecentRecords) -> String {
        let Self { alert, finding, file } = *self;
        let record = &finding.record;
        let events = &alert.occurrences;
        let own = record.at(&["eventID"]);
        let steps = events.steps.iter().map(|(_, id)| id);
        let mut ids: Vec<&String> = Vec::new();
        for id in events.events.values.iter().chain(steps) {
            if Some(id) != own.as_ref() && !ids.contains(&id) {
                ids.push(id);
            }
        }
        let others = ids.into_iter().filter_map(|id| recent.get(id)).take(MAX_EVENTS - 1);
        let records: Vec<Arc<str>> = [record_text(record).into()].into_iter().chain(others).collect();
        let shown = |text: &str| line(text, MAX_TEXT);
        let account = alert.account();
        let line = Line {
            id: &alert.id,
            time: alert.time().map(|time| time.to_string()).unwrap_or_default(),
            severity: alert.severity().number(),
            rule: shown(alert.rule_name()),
            rule_id: alert.rule_id(),
            title: shown(&alert.short_title()),
            who: record.principal_name().map(|name| shown(&name)),
            account_name: account.as_deref().and_then(|id| alert.account_name(id)),
            facts: EventFacts::of(record).map(shown),
            count: events.count,
            approximate: events.approximate,
            since: events.since_last,
            file,
            sheet: Sheet(alert),
            unlisted: events.count.saturating_sub(records.len() as u64),
            records,
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

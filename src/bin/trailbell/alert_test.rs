//! Tests of rules on files of events: the events go through the engine and the state, as those of a scan do.

use std::{fs::File, ops::ControlFlow, path::Path};

use serde_json::Value;
use thiserror::Error;
use trailbell::{
    backtest::{self, EditError},
    diagnostic::counted,
    engine::{self, Engine, ParseError},
    local::{self, ReadError},
    log_file::{FileItem, Limits, Unparsable},
    rule::{AlertTest, Rule, RuleSet},
    untrusted::printable,
};

use crate::{
    event_counts::EventCounts,
    replay::Alerts,
    scan::{self, ScanFormat},
};

/// Why the events of a test cannot be played.
#[derive(Debug, Error)]
pub enum PlayError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("record {index} cannot be read")]
    Record {
        index: u64,
        #[source]
        source: Unparsable,
    },
    #[error("record {index} cannot be parsed")]
    Unparsable {
        index: u64,
        #[source]
        source: ParseError,
    },
    #[error("record {index} cannot be changed as the test says")]
    Change {
        index: u64,
        #[source]
        source: EditError,
    },
    #[error("the file holds no record")]
    NoRecord,
}

/// What the events of a test raise.
pub struct Played<'r> {
    /// The alerts in the order of their time: a line each.
    pub alerts: Vec<String>,
    /// What the events count for the rule.
    pub counts: EventCounts<'r>,
}

/// Plays the events of a test. A rule that is disabled or muted is tested as if it were neither.
///
/// # Errors
///
/// If the file cannot be read, or a record of it cannot be used.
pub fn play<'r>(rules: &RuleSet, rule: &'r Rule, test: &AlertTest, file: &Path) -> Result<Played<'r>, PlayError> {
    let tested = Rule { enabled: true, notify: true, ..rule.clone() };
    let engine = Engine::new(RuleSet { rules: vec![tested], ..rules.clone() });
    let (mut alerts, mut scratch) = (Alerts::new(&engine, false, ()), engine::Scratch::default());
    let (mut failed, mut count, mut counts) = (None, 0_u64, EventCounts::new(rule));
    let mut play = |item: FileItem<'_>| {
        let (index, json) = match item {
            FileItem::Record(record) => (record.index, record.text),
            FileItem::Unparsable { index, reason } => return Err(PlayError::Record { index, source: reason }),
        };
        let (record, _) = engine::parse(json).map_err(|source| PlayError::Unparsable { index, source })?;
        let record = backtest::changed(record, &test.set).map_err(|source| PlayError::Change { index, source })?;
        if count == 0
            && let Some(time) = record.event_time()
        {
            alerts.begin(time);
        }
        count += 1;
        counts.add(&record);
        alerts.decide_record(&test.events, record.to_string().as_bytes(), &mut scratch);
        Ok(())
    };
    let input = File::open(file).map_err(ReadError::from)?;
    local::read(input, Limits::default(), &|_| {}, &mut |item| match play(item) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    match failed {
        Some(error) => Err(error),
        None if count == 0 => Err(PlayError::NoRecord),
        None => Ok(Played { alerts: lines(&alerts, rule), counts }),
    }
}

/// What each alert is about: its values, the number of its events, and the times of the first and the last of them.
fn lines(alerts: &Alerts<'_>, rule: &Rule) -> Vec<String> {
    let mut printed = Vec::new();
    // A vector takes everything that is written to it.
    let _ = scan::print(alerts, ScanFormat::Jsonl, &mut printed);
    let alerts = printed.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    alerts.map(|alert: Value| line(&alert, rule)).collect()
}

fn line(alert: &Value, rule: &Rule) -> String {
    let text = |key: &str| alert[key].as_str().unwrap_or("-").to_owned();
    let value = |(field, value): (&String, &Value)| format!("{field}: {}", value.as_str().unwrap_or("null"));
    let values: Vec<_> = alert["values"].as_object().into_iter().flatten().map(value).collect();
    let count = counted(alert["count"].as_u64().unwrap_or(1), rule.counted());
    printable(&format!("{} to {}, {count}, {}", text("first"), text("last"), values.join(", ")))
}

//! The output formats of a scan: how a match and an alert are printed. A new format is a new arm of each `match` here.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Map, Value, json};
use trailbell::{
    alert::{self, CoveredRule, EventFacts},
    diagnostic::counted,
    engine::Finding,
    untrusted::{self, printable},
};

use crate::replay::{NoticeLine, RaisedAlert};

/// How matches, or alerts, are printed.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum ScanFormat {
    /// Time, severity, rule, title, event id and file
    #[default]
    Text,
    /// One JSON object a match and line
    Jsonl,
}

/// The longest value shown, in characters.
const MAX_SHOWN: usize = 300;

/// Appends the line of a match in `file`.
pub fn write_match(output: &mut Vec<u8>, format: ScanFormat, finding: &Finding, file: &str) {
    let line = match format {
        ScanFormat::Text => match_text(finding, file).into_bytes(),
        ScanFormat::Jsonl => match_json(finding, file),
    };
    output.extend(line);
    output.push(b'\n');
}

/// Writes the line of an alert.
///
/// # Errors
///
/// If `output` cannot be written.
pub fn write_alert(output: &mut impl Write, format: ScanFormat, alert: &RaisedAlert<'_>) -> io::Result<()> {
    match format {
        ScanFormat::Text => writeln!(output, "{}", alert_text(alert)),
        ScanFormat::Jsonl => writeln!(output, "{}", alert_json(alert)),
    }
}

fn match_text(finding: &Finding, file: &str) -> String {
    let shown = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| untrusted::line(&text, MAX_SHOWN));
    let event = |key| shown(finding.record.at(&[key]));
    format!(
        "{}  SEV{}  {}{}  |  {}  |  {}  {file}",
        event("eventTime"),
        finding.rule.severity.number(),
        printable(&finding.rule.name),
        if finding.suppressed { "  (suppressed)" } else { "" },
        shown(Some(alert::short_title(finding))),
        event("eventID"),
    )
}

/// The members of a match in the order in which they are printed.
#[derive(Serialize)]
struct MatchLine<'a> {
    rule: &'a str,
    id: &'a str,
    severity: u8,
    #[serde(flatten)]
    facts: EventFacts,
    title: String,
    file: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suppressed: bool,
}

fn match_json(finding: &Finding, file: &str) -> Vec<u8> {
    let line = MatchLine {
        rule: &finding.rule.name,
        id: &finding.rule.id,
        severity: finding.rule.severity.number(),
        facts: EventFacts::of(&finding.record),
        title: alert::title(finding),
        file,
        suppressed: finding.suppressed,
    };
    serde_json::to_vec(&line).unwrap_or_default()
}

fn alert_text(alert: &RaisedAlert<'_>) -> String {
    let RaisedAlert { firing, more, .. } = alert;
    let about = if firing.approximate { "about " } else { "" };
    let from = if firing.first < firing.last { format!(", from {}", firing.first) } else { String::new() };
    let since = firing.since_last.filter(|since| *since > 0);
    let since = since.map(|since| format!(", {about}{since} more since the last alert")).unwrap_or_default();
    let more = if *more > 0 { format!(", {more} more after it") } else { String::new() };
    let summary = if alert.is_in_summary { ", in a summary" } else { "" };
    let scope = format!("{about}{}{from}{since}{more}{summary}", counted(firing.count, alert.rule.counted()));
    let also =
        |CoveredRule { rule, .. }: &CoveredRule| format!("SEV{} {}", rule.severity.number(), printable(&rule.name));
    let also: Vec<String> = alert.also.iter().map(also).collect();
    let also = if also.is_empty() { String::new() } else { format!("; also {}", also.join(", ")) };
    format!(
        "{}  SEV{}  {}  |  {}  |  {scope}{also}  |  {}",
        alert.time,
        alert.rule.severity.number(),
        printable(&alert.rule.name),
        untrusted::line(alert.short_title, MAX_SHOWN),
        firing.alert_id
    )
}

fn alert_json(alert: &RaisedAlert<'_>) -> Value {
    let RaisedAlert { values, firing, more, .. } = alert;
    let mut shown = json!({"kind": "alert", "rule": alert.rule.name, "id": alert.rule.id,
        "severity": alert.rule.severity.number(), "alert_id": firing.alert_id, "time": alert.time.to_string(), "title": alert.title,
        "count": firing.count, "first": firing.first.to_string(), "last": firing.last.to_string()});
    if let (Some(members), Ok(Value::Object(facts))) = (shown.as_object_mut(), serde_json::to_value(alert.facts)) {
        members.extend(facts);
        members.insert("file".to_owned(), json!(alert.file));
    }
    if !alert.also.is_empty() {
        shown["also"] = alert.also.iter().map(|covered| covered.rule.id.as_str()).collect();
    }
    if let Some(since) = firing.since_last {
        shown["since"] = json!(since);
    }
    if *more > 0 {
        shown["more"] = json!(more);
    }
    if firing.approximate {
        // Scripts may read the earlier name.
        (shown["about"], shown["approximate"]) = (json!(true), json!(true));
    }
    if alert.is_in_summary {
        shown["in_summary"] = json!(true);
    }
    shown["values"] = values.iter().map(|(field, value)| (field.clone(), json!(value))).collect::<Map<_, _>>().into();
    shown
}

/// Writes the line of a notice.
///
/// # Errors
///
/// If `output` cannot be written.
pub fn write_notice(output: &mut impl Write, format: ScanFormat, notice: &NoticeLine) -> io::Result<()> {
    let NoticeLine { time, kind, severity, rule, id, alert_id, title, facts } = notice;
    match format {
        ScanFormat::Text => {
            let (rule, title) = (printable(rule.as_deref().unwrap_or(id)), untrusted::line(title, MAX_SHOWN));
            writeln!(output, "{time}  SEV{severity}  {rule}  |  {kind}: {title}  |  {alert_id}")
        }
        ScanFormat::Jsonl => {
            let mut shown = json!({"kind": kind, "id": id, "severity": severity.parse::<u8>().ok(), "alert_id": alert_id,
                "time": time.to_string(), "title": title});
            if let Some(rule) = rule {
                shown["rule"] = json!(rule);
            }
            for (name, fact) in facts.as_object().into_iter().flatten().filter(|(_, fact)| !fact.is_null()) {
                shown[name] = fact.clone();
            }
            writeln!(output, "{shown}")
        }
    }
}

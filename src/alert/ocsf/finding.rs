//! The finding as a whole: how bad, what happened, what to do about it, and by which rule.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    evidence::{account, api, evidences, resources},
    observable::observables,
    unmapped::{object_link, steps, unmapped},
    value::{is_visible, safe},
};
use crate::{
    alert::{
        also::MAX_ALSO,
        ascii_fallback,
        caps::TextCaps,
        event::EventView,
        format::Format,
        insight::Insight,
        model::Alert,
        next_step::next_steps,
        occurrence::counts_events,
        plain::sentence,
        story::{LazyStory, Story},
    },
    rule::{
        FilledPart,
        tag::{self, TagMeaning},
    },
    untrusted,
};

const VERSION: &str = "1.8.0";

/// The most techniques that are listed.
const MAX_ATTACKS: usize = 20;
/// The longest address of a runbook, in characters.
const MAX_URL: usize = 2_000;

impl Format {
    /// JSON for machines, such as a SIEM: a Detection Finding of OCSF 1.8.0.
    pub const OCSF: Self = Self { name: "ocsf", body, to_ascii: ascii_fallback::json };
}

/// The finding as JSON.
fn body(alert: &Alert, story: &LazyStory<'_>, caps: &TextCaps) -> String {
    let event = alert.event();
    let occurrences = &alert.occurrences;
    let time = alert.time().map_or(0, Timestamp::as_millisecond);
    let first = alert.first().map_or(time, Timestamp::as_millisecond);
    let (activity_id, activity) = if alert.content().continued().is_some() { (2, "Update") } else { (1, "Create") };
    let (severity_id, severity) = severity(alert);
    let product = json!({"name": "trailbell", "vendor_name": "trailbell", "version": option_env!("CARGO_PKG_VERSION")});
    let events = Some(occurrences.count).filter(|count| *count > 0 && alert.rule().is_none_or(counts_events));
    let source = event.and_then(EventView::detected).map_or("AWS CloudTrail", |found| found.detector.name);
    let finding = json!({
        "activity_id": activity_id, "activity_name": activity,
        "category_uid": 2, "category_name": "Findings",
        "class_uid": 2004, "class_name": "Detection Finding",
        "type_uid": 200_400 + activity_id, "type_name": format!("Detection Finding: {activity}"),
        "severity_id": severity_id, "severity": severity,
        "status_id": 1, "status": "New",
        "is_alert": true,
        "time": time, "start_time": first, "end_time": time,
        "count": events.filter(|&count| count > 1),
        "message": alert.title(),
        "metadata": {
            "version": VERSION,
            "product": product,
            "profiles": ["cloud"],
            "uid": alert.id,
            "correlation_uid": alert.thread_id(),
            "event_code": event.and_then(EventView::event_name),
            "log_name": source,
            "original_time": event.and_then(|event| event.at(&["eventTime"])),
            "labels": alert.tags(),
        },
        "finding_info": {
            "uid": alert.content().continued().unwrap_or(&alert.id),
            "title": alert.title(),
            "desc": happened(story, caps),
            "types": [alert.rule_name()],
            "analytic": analytic(alert.rule_id(), alert.rule_name()),
            "related_analytics": alert.also.iter().take(MAX_ALSO).map(|one| analytic(&one.rule.id, &one.rule.name)).collect::<Vec<_>>(),
            "attacks": attacks(alert.rule_tags()),
            "created_time": time, "first_seen_time": first, "last_seen_time": time,
            "data_sources": [source],
            "related_events_count": events,
        },
        "cloud": {
            "provider": "AWS",
            "region": alert.region(),
            "account": account(alert, alert.account()),
        },
        "api": event.filter(|event| event.detected().is_none()).and_then(api),
        "evidences": evidences(alert, caps),
        "anomaly_analyses": event.and_then(EventView::insight).map(|insight| [anomaly(insight)]),
        "resources": event.map(resources),
        "remediation": remediation(alert, caps),
        "unmapped": unmapped(alert, story, caps),
    });
    let mut finding = safe(finding, caps).unwrap_or_default();
    let page = next_steps(alert).into_iter().find_map(|step| step.link);
    // These are checked where they are made, and useless if they are cut.
    let links = [
        ("finding_info", "src_url", page.map(Value::String)),
        ("remediation", "references", runbook(alert).map(|address| json!([address]))),
        ("unmapped", "object_link", object_link(alert).map(Value::String)),
        ("unmapped", "next_steps", list(steps(alert, story, caps))),
    ];
    for (object, member, value) in links {
        if let (Some(members), Some(value)) = (finding.as_object_mut(), value) {
            add(members.entry(object).or_insert_with(|| json!({})), member, value);
        }
    }
    if let Some(observables) = list(observables(&finding)) {
        add(&mut finding, "observables", observables);
    }
    finding.to_string()
}

/// The list, unless it is empty.
fn list(items: Vec<Value>) -> Option<Value> {
    Some(items).filter(|items| !items.is_empty()).map(Value::Array)
}

/// Adds a member to an object.
fn add(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

/// Who did what, with which result, where and when, in two lines.
fn happened(story: &Story, caps: &TextCaps) -> String {
    story.lead.each_ref().map(|phrase| sentence(phrase, caps)).join("\n")
}

/// What a match means and what to do about it; `None` if the rule has neither a description nor a runbook.
fn remediation(alert: &Alert, caps: &TextCaps) -> Option<Value> {
    let text = Some(description(alert, caps)).filter(|text| !untrusted::lines(text, usize::MAX).is_empty());
    // The description is required.
    let text = text.or_else(|| runbook(alert).map(|_| "Follow the runbook".to_owned()));
    text.map(|text| json!({"desc": text}))
}

/// The address of the runbook.
fn runbook(alert: &Alert) -> Option<String> {
    alert.runbook().map(|address| untrusted::line(address, MAX_URL)).filter(|address| !address.is_empty())
}

/// The rate that CloudTrail Insights finds unusual, against its baseline, as averages per minute ("Anomaly Analysis",
/// <https://schema.ocsf.io/1.8.0/objects/anomaly_analysis>).
fn anomaly(insight: Insight<'_>) -> Value {
    let name = insight.event_name().filter(|name| is_visible(name)).unwrap_or_else(|| "unknown".to_owned());
    let kind = insight.kind().filter(|kind| is_visible(kind)).unwrap_or_else(|| "unknown".to_owned());
    let measured = |rate: Option<f64>| {
        let value = rate.map_or_else(|| "unknown".to_owned(), |rate| rate.to_string());
        json!({"observation_parameter": kind, "observation_type": "Frequency Analysis", "observations": [{"value": value}]})
    };
    json!({
        "analysis_targets": [{"name": name, "type": "API"}],
        "anomalies": [measured(insight.rate())],
        "baselines": insight.baseline().map(|baseline| [measured(Some(baseline))]),
    })
}

fn analytic(id: &str, name: &str) -> Value {
    json!({"type_id": 1, "type": "Rule", "uid": id, "name": name})
}

/// The severity in the words of OCSF: 1 is High, 2 is Medium, 3 is Informational.
fn severity(alert: &Alert) -> (u8, &'static str) {
    match alert.severity().number() {
        1 => (4, "High"),
        2 => (3, "Medium"),
        _ => (1, "Informational"),
    }
}

/// What to do, in which a value has no lines of its own.
fn description(alert: &Alert, caps: &TextCaps) -> String {
    let shown = |part: FilledPart| if part.is_value { untrusted::line(&part.text, caps.value) } else { part.text };
    alert.advice().into_iter().map(shown).collect()
}

/// The MITRE ATT&CK techniques and tactics that the tags name.
fn attacks(tags: &[String]) -> Vec<Value> {
    let attack = |tag: &String| match tag::meaning(tag)? {
        TagMeaning::Tactic(id) => Some(json!({"tactic": {"uid": id}})),
        TagMeaning::Technique(id) => Some(json!({"technique": {"uid": id}})),
        TagMeaning::SubTechnique(technique, id) => {
            Some(json!({"technique": {"uid": technique}, "sub_technique": {"uid": id}}))
        }
        TagMeaning::Control(..) => None,
    };
    tags.iter().filter_map(attack).take(MAX_ATTACKS).collect()
}

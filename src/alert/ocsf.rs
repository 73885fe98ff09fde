//! The format for machines: a Detection Finding of the Open Cybersecurity Schema Framework, version 1.8.0
//! (<https://schema.ocsf.io/1.8.0/classes/detection_finding>).
//!
//! Values lose what is not printable and what is too long; JSON is the only escaping.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    also::{CoveredRule, MAX_ALSO},
    ascii_fallback,
    caps::TextCaps,
    event::{CallOutcome, EventView},
    format::Format,
    insight::{Attribution, Insight, Share},
    link,
    model::{Alert, Remembered},
    occurrence::{MAX_LISTED, counts_events, listed},
    origin::Origin,
    story::LazyStory,
};
use crate::{
    record::Virtual,
    rule::{
        FilledPart,
        tag::{self, TagMeaning},
    },
    state::Listing,
    untrusted,
};

const VERSION: &str = "1.8.0";

/// The most resources that are listed.
const MAX_RESOURCES: usize = 20;
/// The most aggregate values that are listed.
const MAX_VALUES: usize = 20;
/// The most techniques that are listed.
const MAX_ATTACKS: usize = 20;

impl Format {
    /// JSON for machines, such as a SIEM: a Detection Finding of OCSF 1.8.0.
    pub const OCSF: Self = Self { name: "ocsf", body, to_ascii: ascii_fallback::json };
}

/// The finding as JSON.
fn body(alert: &Alert, _: &LazyStory<'_>, caps: &TextCaps) -> String {
    let event = alert.event();
    let occurrences = &alert.occurrences;
    let time = alert.time().map_or(0, Timestamp::as_millisecond);
    let first = alert.first().map_or(time, Timestamp::as_millisecond);
    let (activity_id, activity) = if alert.content().continued().is_some() { (2, "Update") } else { (1, "Create") };
    let (severity_id, severity) = severity(alert);
    let product = json!({"name": "trailbell", "vendor_name": "trailbell", "version": option_env!("CARGO_PKG_VERSION")});
    let events = Some(occurrences.count).filter(|count| *count > 0 && alert.rule().is_none_or(counts_events));
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
            "log_name": "AWS CloudTrail",
            "original_time": event.and_then(|event| event.at(&["eventTime"])),
            "labels": alert.tags(),
        },
        "finding_info": {
            "uid": alert.content().continued().unwrap_or(&alert.id),
            "title": alert.title(),
            "desc": description(alert, caps),
            "types": [alert.rule_name()],
            "analytic": analytic(alert.rule_id(), alert.rule_name()),
            "related_analytics": alert.also.iter().take(MAX_ALSO).map(|one| analytic(&one.rule.id, &one.rule.name)).collect::<Vec<_>>(),
            "attacks": attacks(alert.rule_tags()),
            "created_time": time, "first_seen_time": first, "last_seen_time": time,
            "data_sources": ["AWS CloudTrail"],
            "related_events_count": events,
            "src_url": alert.call().and_then(|call| link::event(&alert.region()?, &call.at(&["eventID"])?)),
        },
        "cloud": {
            "provider": "AWS",
            "region": alert.region(),
            "account": account(alert, alert.account()),
        },
        "api": event.and_then(api),
        "evidences": event.map_or_else(|| listed_evidences(alert, caps), |event| evidences(alert, event)),
        "resources": event.map(resources),
        "unmapped": unmapped(alert, caps),
    });
    safe(finding, caps).unwrap_or_default().to_string()
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

fn account(alert: &Alert, id: Option<String>) -> Option<Value> {
    let id = id.filter(|id| is_visible(id))?;
    Some(json!({"uid": id, "name": alert.account_name(&id), "type_id": 10, "type": "AWS Account"}))
}

/// Whether a text has a printable character, as a required member must have.
fn is_visible(text: &str) -> bool {
    !untrusted::line(text, usize::MAX).is_empty()
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

/// The call; `None` without a name of the event, since `operation` is required.
fn api(event: EventView<'_>) -> Option<Value> {
    let response = match event.outcome() {
        CallOutcome::Success => None,
        CallOutcome::Failure { code, message } => Some(json!({"error": code, "error_message": message})),
    };
    Some(json!({
        "operation": event.event_name().filter(|name| is_visible(name))?,
        "service": {"name": event.event_source()},
        "request": {"uid": event.at(&["requestID"])},
        "response": response,
    }))
}

/// The alerts that a notice reports about, as many as fit.
fn listed_evidences(alert: &Alert, caps: &TextCaps) -> Vec<Value> {
    alert.content().evidences(alert.accounts()).into_iter().take(caps.lines).collect()
}

/// The call and its caller; for what CloudTrail Insights reports, the calls of each user that it is attributed to.
fn evidences(alert: &Alert, event: EventView<'_>) -> Vec<Value> {
    let Some(insight) = event.insight() else {
        return vec![json!({
            "actor": actor(alert, event),
            "api": api(event),
            "src_endpoint": src_endpoint(event),
            "http_request": {"user_agent": event.at(&["userAgent"])},
        })];
    };
    let api = api(event);
    let users = insight.users().into_iter().filter(|user| is_visible(user));
    let users: Vec<_> = users.map(|user| json!({"actor": {"user": {"name": user, "uid": user}}, "api": api})).collect();
    if users.is_empty() { vec![json!({"api": api})] } else { users }
}

/// What CloudTrail Insights reports; rates are averages per minute.
fn insight(insight: Insight<'_>) -> Value {
    let share = |share: Share| json!({"value": share.value, "rate": share.rate, "baseline": share.baseline});
    let (attributions, more) = insight.attributions();
    let attribution = |one: Attribution| {
        let values: Vec<_> = one.shares.into_iter().map(share).collect();
        json!({"attribute": one.attribute, "values": values, "not_listed": (one.more > 0).then_some(one.more)})
    };
    json!({
        "type": insight.kind(),
        "state": insight.state(),
        "error": insight.error(),
        "rate": insight.rate(),
        "baseline": insight.baseline(),
        "minutes": insight.minutes(),
        "baseline_minutes": insight.baseline_minutes(),
        "attributions": attributions.into_iter().map(attribution).collect::<Vec<_>>(),
        "attributions_not_listed": (more > 0).then_some(more),
    })
}

fn actor(alert: &Alert, event: EventView<'_>) -> Value {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let type_id = match kind.as_deref() {
        None => 0,
        Some("IAMUser") => 1,
        Some("Root") => 2,
        Some("AWSService") => 4,
        Some(_) => 99,
    };
    json!({
        "user": {
            "name": Some(event.actor()).filter(|name| is_visible(name)).unwrap_or_else(|| "unknown".to_owned()),
            "uid": identity("principalId"),
            "uid_alt": identity("arn"),
            "type_id": type_id,
            "type": kind,
            "account": account(alert, event.field(Virtual::AccountId)),
        },
        "session": {
            "credential_uid": event.field(Virtual::AccessKey),
            "issuer": event.session(&["sessionIssuer", "arn"]),
            "is_mfa": event.mfa(),
            "uid_alt": event.session(&["sourceIdentity"]),
        },
        "app_name": identity("invokedBy"),
    })
}

/// The IP address of the caller, or the name of the AWS service in its place.
fn src_endpoint(event: EventView<'_>) -> Option<Value> {
    let source = event.field(Virtual::Ip)?;
    Some(if event.address().is_some() { json!({"ip": source}) } else { json!({"svc_name": source}) })
}

fn resources(event: EventView<'_>) -> Vec<Value> {
    let listed = event.resources().into_iter().filter(|(arn, _)| is_visible(arn)).take(MAX_RESOURCES);
    listed.map(|(arn, kind)| json!({"uid": arn, "type": kind})).collect()
}

/// Facts for which the schema has no attribute.
fn unmapped(alert: &Alert, caps: &TextCaps) -> Value {
    let at = |key: &str| alert.event().and_then(|event| event.at(&[key]));
    let (occurrences, object) = (&alert.occurrences, alert.origin.as_ref().and_then(Origin::object));
    let values = occurrences.values.iter().take(MAX_VALUES).map(|(path, value)| (path.clone(), json!(value)));
    let covered = |one: &CoveredRule| json!({"uid": one.rule.id, "severity": one.rule.severity.number(), "count_since_last_alert": one.since_last});
    let also = alert.also.iter().take(MAX_ALSO).map(covered);
    let not_listed = alert.also.len().saturating_sub(MAX_ALSO);
    let hidden = alert.content().lines().saturating_sub(caps.lines);
    let mut unmapped = alert.content().unmapped();
    let facts = json!({
        "evidences_not_listed": (hidden > 0).then_some(hidden),
        "event_id": at("eventID"),
        "shared_event_id": at("sharedEventID"),
        "insight": alert.event().and_then(EventView::insight).map(insight),
        "covered_rules": also.collect::<Vec<_>>(),
        "covered_rules_not_listed": (not_listed > 0).then_some(not_listed),
        "bucket": object.map(|object| &object.bucket),
        "key": object.map(|object| &object.key),
        "message": alert.origin.as_ref().and_then(Origin::message),
        "aggregate_values": values.collect::<Map<_, _>>(),
        "count_of_values": alert.rule().filter(|rule| !counts_events(rule)).map(|_| occurrences.count),
        "steps": occurrences.steps.iter().map(|(time, id)| json!({"time": time.to_string(), "event_id": id})).collect::<Vec<_>>(),
        "event_ids": occurrences.ids().map(listing),
        "distinct_values": occurrences.differences().map(|(field, values)| (field.to_owned(), listing(values)))
            .collect::<Map<_, _>>(),
        "count_since_last_alert": occurrences.since_last,
        "count_is_approximate": occurrences.approximate.then_some(true),
        "state_unavailable": (alert.state == Remembered::Unavailable).then_some(true),
    });
    unmapped.extend(facts.as_object().cloned().unwrap_or_default());
    Value::Object(unmapped)
}

/// Distinct values, and how many are not listed.
fn listing(listing: &Listing) -> Value {
    let (listed, hidden) = listed(listing, MAX_LISTED);
    json!({
        "values": listed,
        "not_listed": (hidden > 0).then_some(hidden),
        "not_listed_is_minimum": listing.at_least.then_some(true),
    })
}

/// The value without its null and empty members, and with every text made safe to show; `None` if nothing remains.
fn safe(value: Value, caps: &TextCaps) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => {
            let text = untrusted::line(&text, caps.value);
            (!text.is_empty()).then_some(Value::String(text))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().filter_map(|item| safe(item, caps)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let member = |(key, value): (String, Value)| {
                // Only the description keeps its lines.
                let value = match value {
                    Value::String(text) if key == "desc" => {
                        let text = untrusted::lines(&text, caps.description);
                        (!text.is_empty()).then_some(Value::String(text))
                    }
                    value => safe(value, caps),
                };
                Some((untrusted::line(&key, caps.value), value?))
            };
            let members: Map<_, _> = members.into_iter().filter_map(member).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

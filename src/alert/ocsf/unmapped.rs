//! Facts of an alert for which the schema has no attribute.

use serde_json::{Map, Value, json};

use crate::{
    alert::{
        also::{CoveredRule, MAX_ALSO},
        caps::TextCaps,
        detected::Detected,
        event::EventView,
        insight::{Attribution, Insight, Share},
        link,
        model::{Alert, AlertKind, Remembered},
        next_step::next_steps,
        occurrence::{MAX_LISTED, counts_events, listed, step_filters},
        origin::Origin,
        plain::on_a_line,
        request::{Asked, Fields},
        story::Story,
    },
    engine::Finding,
    rule::{combination, show_duration},
    state::Listing,
};

/// The most aggregate values that are listed.
const MAX_VALUES: usize = 20;

/// All of them by clear names; texts are made safe by the caller.
pub fn unmapped(alert: &Alert, story: &Story, caps: &TextCaps) -> Value {
    let mut unmapped = alert.content().unmapped();
    let parts = [of_event(alert), of_series(alert), of_message(alert, story, caps)];
    unmapped.extend(
        parts.into_iter().filter_map(|part| if let Value::Object(part) = part { Some(part) } else { None }).flatten(),
    );
    Value::Object(unmapped)
}

/// What the call asked for, and who made it, as far as the schema has no place for it.
fn of_event(alert: &Alert) -> Value {
    let AlertKind::Match(Finding { rule, record, .. }) = &alert.kind else { return Value::Null };
    let event = EventView(record);
    let insight = event.insight();
    let detected = event.detected();
    let is_call = insight.is_none() && detected.is_none();
    let asked = is_call.then(|| Asked::of(rule, record));
    let fields = |fields: &Fields| -> Vec<_> {
        fields.lines.iter().map(|field| json!({"name": field.name, "values": field.values})).collect()
    };
    let more = |fields: &Fields| (fields.more > 0).then_some(fields.more);
    let new = rule.first_seen.as_ref().filter(|_| rule.threshold == 1).map(|first_seen| {
        let combination = combination(&first_seen.fields, record).into_iter();
        let values = combination
            .map(|one| (one.field.clone(), if one.values.is_empty() { Value::Null } else { one.to_string().into() }));
        json!({"values": values.collect::<Map<_, _>>(), "within": show_duration(first_seen.within)})
    });
    json!({
        "event_id": event.at(&["eventID"]),
        "shared_event_id": event.at(&["sharedEventID"]),
        "insight": insight.map(self::insight),
        "finding": detected.map(finding),
        "request": asked.as_ref().map(|asked| fields(&asked.request)),
        "request_not_listed": asked.as_ref().and_then(|asked| more(&asked.request)),
        "response": asked.as_ref().map(|asked| fields(&asked.response)),
        "response_not_listed": asked.as_ref().and_then(|asked| more(&asked.response)),
        "record_is_too_large": asked.filter(|asked| !asked.is_whole).map(|_| true),
        "source_identity": event.session(&["sourceIdentity"]),
        "on_behalf_of": event.at(&["userIdentity", "onBehalfOf", "userId"]),
        "first_seen": new,
    })
}

/// The events that the alert covers, and what they have in common.
fn of_series(alert: &Alert) -> Value {
    let occurrences = &alert.occurrences;
    let values = occurrences.values.iter().take(MAX_VALUES).map(|(path, value)| (path.clone(), json!(value)));
    let steps = occurrences.steps.iter().zip(step_filters(alert.rule()));
    let steps = steps.map(|((time, id), filter)| json!({"time": time.to_string(), "event_id": id, "filter": filter}));
    json!({
        "aggregate_values": values.collect::<Map<_, _>>(),
        "count_of_values": alert.rule().filter(|rule| !counts_events(rule)).map(|_| occurrences.count),
        "steps": steps.collect::<Vec<_>>(),
        "event_ids": occurrences.ids().map(listing),
        "distinct_values": occurrences.differences().map(|(field, values)| (field.to_owned(), listing(values)))
            .collect::<Map<_, _>>(),
        "count_since_last_alert": occurrences.since_last,
        "count_is_approximate": occurrences.approximate.then_some(true),
    })
}

/// Why the rule matched, what else did, and where the record is.
fn of_message(alert: &Alert, story: &Story, caps: &TextCaps) -> Value {
    let object = alert.origin.as_ref().and_then(Origin::object);
    let covered = |one: &CoveredRule| json!({"uid": one.rule.id, "severity": one.rule.severity.number(), "count_since_last_alert": one.since_last});
    let also = alert.also.iter().take(MAX_ALSO).map(covered);
    let not_listed = |all: usize, most: usize| Some(all.saturating_sub(most)).filter(|hidden| *hidden > 0);
    let reasons = story.reasons.iter().take(caps.reasons);
    json!({
        "reasons": reasons.map(|reason| on_a_line(reason, caps)).collect::<Vec<_>>(),
        "reasons_not_listed": not_listed(story.reasons.len(), caps.reasons),
        "covered_rules": also.collect::<Vec<_>>(),
        "covered_rules_not_listed": not_listed(alert.also.len(), MAX_ALSO),
        "evidences_not_listed": not_listed(alert.content().lines(), caps.lines),
        "bucket": object.map(|object| &object.bucket),
        "key": object.map(|object| &object.key),
        "message": alert.origin.as_ref().and_then(Origin::message),
        "state_unavailable": (alert.state == Remembered::Unavailable).then_some(true),
    })
}

/// What to do next, as people read it. No part of a command, a link or an entry is cut: they are checked where they are made.
pub fn steps(alert: &Alert, story: &Story, caps: &TextCaps) -> Vec<Value> {
    let asked = story.steps.iter().map(|step| json!({"what": on_a_line(step, caps)}));
    let steps = next_steps(alert).into_iter().map(|step| {
        let what = on_a_line(&step.what, caps);
        let parts = [("what", Some(what)), ("command", step.command), ("link", step.link), ("entry", step.entry)];
        let parts = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), Value::String(part?))));
        Value::Object(parts.collect())
    });
    asked.chain(steps).collect()
}

/// The page of the log file in the S3 console.
pub fn object_link(alert: &Alert) -> Option<String> {
    let object = alert.origin.as_ref()?.object()?;
    link::object(&alert.region()?, &object.bucket, &object.key)
}

/// What a detector found.
fn finding(found: Detected<'_>) -> Value {
    let facts = ["id", "type", "title", "description", "severity", "level", "status", "resource", "resourceType"];
    let facts = facts.into_iter().map(|key| (key.to_owned(), json!(found.fact(key))));
    let detector = ("detector".to_owned(), json!(found.detector.word));
    Value::Object([detector].into_iter().chain(facts).collect())
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

/// Distinct values, and how many are not listed.
fn listing(listing: &Listing) -> Value {
    let (listed, hidden) = listed(listing, MAX_LISTED);
    json!({
        "values": listed,
        "not_listed": (hidden > 0).then_some(hidden),
        "not_listed_is_minimum": listing.at_least.then_some(true),
    })
}

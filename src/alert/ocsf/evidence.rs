//! The events that a finding is about: who called what from where, with which result, and to which resources
//! ("Evidence Artifacts", <https://schema.ocsf.io/1.8.0/objects/evidences>).

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{observable::UNKNOWN, value::is_visible};
use crate::{
    alert::{
        caps::TextCaps,
        event::{CallOutcome, EventView},
        insight::Insight,
        model::Alert,
        occurrence::{MAX_LISTED, listed},
    },
    record::Virtual,
};

/// The most resources that are listed.
const MAX_RESOURCES: usize = 20;
/// The most users of one CloudTrail Insights event that are listed.
const MAX_USERS: usize = 20;

/// What an alert is about: the event of its record, then the others that it lists; of a notice the alerts that it reports about, as
/// many as fit.
pub fn evidences(alert: &Alert, caps: &TextCaps) -> Vec<Value> {
    let Some(event) = alert.event() else {
        return alert.content().evidences(alert.accounts()).into_iter().take(caps.lines).collect();
    };
    let (id, api) = (event.at(&["eventID"]), api(event));
    let mut evidences = match event.insight() {
        None if let Some(found) = event.detected() => vec![json!({
            "uid": id,
            "name": format!("finding of {}", found.detector.name),
            "src_endpoint": src_endpoint(event),
            "data": {"type": found.kind(), "resource": found.fact("resource"), "severity": found.fact("severity")},
        })],
        Some(insight) => {
            let whole = json!({"uid": id, "name": "CloudTrail Insights event", "api": api, "data": measured(insight)});
            let users = insight.users().into_iter().filter(|user| is_visible(user)).take(MAX_USERS);
            let of_user = |user: String| json!({"actor": {"user": {"name": user, "uid": user}}, "api": api});
            [whole].into_iter().chain(users.map(of_user)).collect()
        }
        None => vec![json!({
            "uid": id,
            "name": "CloudTrail event",
            "actor": actor(alert, event),
            "api": api,
            "src_endpoint": src_endpoint(event),
            "http_request": {"user_agent": event.at(&["userAgent"])},
        })],
    };
    evidences.extend(others(alert, id.as_deref()));
    evidences
}

/// What is unusual, in one line of numbers; rates are averages per minute.
fn measured(insight: Insight<'_>) -> Value {
    json!({"category": "Insight", "type": insight.kind(), "state": insight.state(), "rate": insight.rate(), "baseline": insight.baseline()})
}

/// The other events of a sequence or of a series: of these only their ids are known, and when a step of a sequence happened.
fn others(alert: &Alert, own: Option<&str>) -> Vec<Value> {
    let occurrences = &alert.occurrences;
    let steps = occurrences.steps.iter().enumerate();
    let steps = steps.map(|(at, (time, id))| (id.as_str(), json!({"step": at + 1, "time": time.to_string()})));
    let ids = occurrences.ids().map(|ids| listed(ids, MAX_LISTED).0).unwrap_or_default();
    let all = steps.chain(ids.iter().map(|id| (id.as_str(), json!({}))));
    let mut seen: HashSet<&str> = own.into_iter().collect();
    let mut found = Vec::new();
    for (id, mut data) in all {
        if is_visible(id) && seen.insert(id) {
            // An evidence needs more than its id.
            data["event_id"] = id.into();
            found.push(json!({"uid": id, "name": "CloudTrail event", "data": data}));
        }
    }
    found
}

/// An account; `None` without an id.
pub fn account(alert: &Alert, id: Option<String>) -> Option<Value> {
    let id = id.filter(|id| is_visible(id))?;
    Some(json!({"uid": id, "name": alert.account_name(&id), "type_id": 10, "type": "AWS Account"}))
}

/// The call; `None` without a name of the event, since `operation` is required.
pub fn api(event: EventView<'_>) -> Option<Value> {
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

/// The caller and the session; of a session CloudTrail's ARN is an id of the session, too.
fn actor(alert: &Alert, event: EventView<'_>) -> Value {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let type_id = match kind.as_deref() {
        _ if event.is_service() => 4,
        None => 0,
        Some("IAMUser" | "IdentityCenterUser") => 1,
        Some("Root") => 2,
        Some(_) => 99,
    };
    let (arn, principal) = (identity("arn"), identity("principalId"));
    // A user of IAM Identity Center has no other id.
    let person = event.at(&["userIdentity", "onBehalfOf", "userId"]);
    let since = event.session(&["attributes", "creationDate"]).and_then(|time| time.parse::<Timestamp>().ok());
    json!({
        "user": {
            "name": Some(event.actor()).filter(|name| is_visible(name)).unwrap_or_else(|| UNKNOWN.to_owned()),
            "uid": arn.as_ref().or(principal.as_ref()).or(person.as_ref()),
            "uid_alt": principal.as_ref().filter(|_| arn.is_some()),
            "type_id": type_id,
            "type": kind,
            "account": account(alert, event.field(Virtual::AccountId)),
        },
        "session": {
            "credential_uid": event.field(Virtual::AccessKey),
            "issuer": event.session(&["sessionIssuer", "arn"]).or_else(|| event.session(&["sessionIssuer", "userName"])),
            "is_mfa": event.mfa(),
            "created_time": since.map(Timestamp::as_millisecond),
            "uid_alt": event.issuer().and(arn.as_ref()),
        },
        "idp": {"name": event.session(&["webIdFederationData", "federatedProvider"])},
        "app_name": identity("invokedBy"),
    })
}

/// The IP address of the caller, or the name of the AWS service in its place.
fn src_endpoint(event: EventView<'_>) -> Option<Value> {
    let source = event.field(Virtual::Ip)?;
    Some(if event.address().is_some() { json!({"ip": source}) } else { json!({"svc_name": source}) })
}

/// What the event acted on.
pub fn resources(event: EventView<'_>) -> Vec<Value> {
    let listed = event.resources().into_iter().filter(|(arn, _)| is_visible(arn)).take(MAX_RESOURCES);
    listed.map(|(arn, kind)| json!({"uid": arn, "type": kind})).collect()
}

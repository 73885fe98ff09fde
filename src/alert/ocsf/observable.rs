//! The values of a finding that other data can be searched for, such as an address or an access key, each with where it is in the
//! finding ("Observable", <https://schema.ocsf.io/1.8.0/objects/observable>).

use std::{collections::HashSet, net::IpAddr};

use serde_json::{Value, json};

use crate::record::is_placeholder;

/// The most observables of a finding.
const MAX: usize = 100;

/// What a finding has in place of the name of a user without one.
pub const UNKNOWN: &str = "unknown";

/// A kind of observable, as the schema numbers and names it.
struct Kind {
    id: u8,
    name: &'static str,
}

const USER_NAME: Kind = Kind { id: 4, name: "User Name" };
const USER: Kind = Kind { id: 31, name: "User Object: uid" };
const CREDENTIAL: Kind = Kind { id: 19, name: "User Credential ID" };
const ACCOUNT: Kind = Kind { id: 35, name: "Account Object: uid" };
const ADDRESS: Kind = Kind { id: 2, name: "IP Address" };
const USER_AGENT: Kind = Kind { id: 16, name: "HTTP User-Agent" };
const RESOURCE: Kind = Kind { id: 10, name: "Resource UID" };

/// Where observables are; `[]` is every element of a list.
const PLACES: [(&str, Kind); 11] = [
    ("evidences[].actor.user.name", USER_NAME),
    ("evidences[].actor.user.uid", USER),
    ("evidences[].actor.session.credential_uid", CREDENTIAL),
    ("evidences[].actor.user.account.uid", ACCOUNT),
    ("evidences[].src_endpoint.ip", ADDRESS),
    ("evidences[].http_request.user_agent", USER_AGENT),
    ("cloud.account.uid", ACCOUNT),
    ("resources[].uid", RESOURCE),
    // In what the events of a series differ.
    ("unmapped.distinct_values.principal.values[]", USER),
    ("unmapped.distinct_values.ownerAccount.values[]", ACCOUNT),
    ("unmapped.distinct_values.ip.values[]", ADDRESS),
];

/// The observables of a finding, each value of a kind once: a finding refers to itself, so no observable differs from what it names.
pub fn observables(finding: &Value) -> Vec<Value> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for (place, kind) in &PLACES {
        at(finding, place, String::new(), &mut |name, value| {
            // AWS can write the name of a service in place of an address.
            let is_of_kind = kind.id != ADDRESS.id || value.parse::<IpAddr>().is_ok();
            // What is written in place of a name finds other callers.
            let is_known = value != UNKNOWN && !is_placeholder(value);
            if is_of_kind && is_known && found.len() < MAX && seen.insert((kind.id, value)) {
                found.push(json!({"name": name, "type_id": kind.id, "type": kind.name, "value": value}));
            }
        });
    }
    found
}

/// Calls `add` with the whole path and the text of each value at a place.
fn at<'v>(value: &'v Value, place: &str, path: String, add: &mut impl FnMut(String, &'v str)) {
    if place.is_empty() {
        if let Some(text) = value.as_str() {
            add(path, text);
        }
        return;
    }
    let (key, rest) = place.split_once('.').unwrap_or((place, ""));
    let dot = if path.is_empty() { "" } else { "." };
    match key.strip_suffix("[]") {
        Some(key) => {
            let elements = value.get(key).and_then(Value::as_array).into_iter().flatten();
            elements.enumerate().for_each(|(nth, element)| at(element, rest, format!("{path}{dot}{key}[{nth}]"), add));
        }
        None => {
            if let Some(member) = value.get(key) {
                at(member, rest, format!("{path}{dot}{key}"), add);
            }
        }
    }
}

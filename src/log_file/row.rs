//! Rows of a table of CloudTrail in Athena, as JSON: the keys are the names of columns, which are in lower case.
//!
//! The columns are those of the tables that AWS describes in "Create a table for CloudTrail logs in Athena" (Amazon Athena
//! User Guide), and the names of the fields those of "CloudTrail record contents" (AWS CloudTrail User Guide).

use serde_json::{Map, Value, value::RawValue};

use super::error::Unparsable;

/// The fields whose names are not the names of their columns.
const FIELDS: &[&str] = &[
    "accessKeyId",
    "accountId",
    "additionalEventData",
    "apiVersion",
    "awsRegion",
    "cipherSuite",
    "clientProvidedHostHeader",
    "creationDate",
    "credentialId",
    "ec2RoleDelivery",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "federatedProvider",
    "identityProvider",
    "identityStoreArn",
    "insightDetails",
    "invokedBy",
    "managementEvent",
    "mfaAuthenticated",
    "onBehalfOf",
    "principalId",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "responseElements",
    "serviceEventDetails",
    "sessionContext",
    "sessionCredentialFromConsole",
    "sessionIssuer",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "tlsVersion",
    "userAgent",
    "userId",
    "userIdentity",
    "userName",
    "vpcEndpointAccountId",
    "vpcEndpointId",
    "webIdFederationData",
];

/// Columns of text that hold the JSON of the field.
const JSON_TEXTS: &[&str] = &["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"];

/// Columns of a structure, which some programs print as text that is not JSON.
const STRUCTURES: &[&str] = &["userIdentity", "tlsDetails", "resources", "edgeDeviceDetails", "addendum"];

/// The record of a row with these members; `None` if they are not those of such a row.
///
/// # Errors
///
/// If the value of a field is not certain.
pub(super) fn record(members: &[(String, &RawValue)]) -> Option<Result<Vec<u8>, Unparsable>> {
    let has = |key: &str| members.iter().any(|(name, _)| name == key);
    let is_row = (has("eventversion") || has("eventid")) && (has("eventname") || has("eventsource"));
    is_row.then(|| {
        let mut record = Map::new();
        for (column, value) in members {
            let name = field(column);
            let value = serde_json::from_str(value.get()).map_err(|_| Unparsable::NotJson)?;
            let value = cell(name, value).ok_or_else(|| Unparsable::UncertainColumn(name.to_owned()))?;
            record.insert(name.to_owned(), value);
        }
        serde_json::to_vec(&record).map_err(|_| Unparsable::NotJson)
    })
}

/// The name of the field in a column; other columns, such as those of partitions, keep their names.
fn field(column: &str) -> &str {
    FIELDS.iter().find(|field| field.eq_ignore_ascii_case(column)).map_or(column, |field| *field)
}

/// The value of a field; `None` if it is not certain.
fn cell(name: &str, value: Value) -> Option<Value> {
    let text = match &value {
        Value::String(text) => text.trim(),
        _ => "",
    };
    match name {
        "readOnly" | "managementEvent" => Some(match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => value,
        }),
        _ if JSON_TEXTS.contains(&name) => match (&value, text) {
            (Value::String(_), "") => Some(Value::Null),
            (Value::String(_), text) => serde_json::from_str(text).ok(),
            // It has the names that CloudTrail wrote.
            _ => Some(value),
        },
        _ if STRUCTURES.contains(&name) => {
            let value = match (&value, text) {
                (Value::String(_), "") => Value::Null,
                (Value::String(_), text) => serde_json::from_str(text).ok()?,
                _ => value,
            };
            Some(renamed(value, name == "resources"))
        }
        _ => Some(value),
    }
}

/// The structure with the fields' names. A resource has an `ARN`, and an identity an `arn`.
fn renamed(value: Value, in_resources: bool) -> Value {
    match value {
        Value::Object(members) => {
            let name = |key: String| match &*key {
                "arn" if in_resources => "ARN".to_owned(),
                key => field(key).to_owned(),
            };
            Value::Object(members.into_iter().map(|(key, value)| (name(key), renamed(value, in_resources))).collect())
        }
        Value::Array(elements) => elements.into_iter().map(|element| renamed(element, in_resources)).collect(),
        value => value,
    }
}

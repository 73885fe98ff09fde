//! A table that answers the function's own requests as DynamoDB does, and in time: moto copies its whole table for each
//! transaction.

use std::{
    collections::HashMap,
    io::Write,
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use crate::runtime_api::{Request, read};

/// A running table, whatever its name.
pub struct QuickTable {
    endpoint: String,
    items: Arc<Mutex<Items>>,
}

/// Items by their keys.
type Items = HashMap<String, Value>;

impl QuickTable {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let items = Arc::new(Mutex::new(Items::new()));
        let shared = Arc::clone(&items);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (mut connection, items) = (connection.unwrap(), Arc::clone(&shared));
                thread::spawn(move || {
                    let request = read(&connection);
                    let (status, body) = match answer(&mut items.lock().unwrap(), &request) {
                        Ok(body) => (200, body),
                        Err(body) => (400, body),
                    };
                    let (body, length) = (body.to_string(), body.to_string().len());
                    // A client that closed its connection is not an error.
                    let _ = write!(
                        connection,
                        "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                    );
                });
            }
        });
        Self { endpoint, items }
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// All items.
    pub fn items(&self) -> Vec<Value> {
        self.items.lock().unwrap().values().cloned().collect()
    }

    /// Gives items other keys.
    pub fn rename(&self, rename: impl Fn(&str) -> Option<String>) {
        let mut items = self.items.lock().unwrap();
        let renamed: Vec<(String, String)> = items.keys().filter_map(|key| Some((key.clone(), rename(key)?))).collect();
        for (old, new) in renamed {
            let mut item = items.remove(&old).unwrap();
            item["pk"] = json!({"S": new});
            assert!(items.insert(new, item).is_none(), "two items would have one key");
        }
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html>
fn answer(items: &mut Items, request: &Request) -> Result<Value, Value> {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let action = request.headers.iter().find_map(|header| header.split_once("DynamoDB_20120810.")).unwrap().1;
    match action {
        "BatchGetItem" => {
            let found = |(table, keys): (&String, &Value)| {
                let keys = keys["Keys"].as_array().unwrap().iter();
                (table.clone(), keys.filter_map(|key| items.get(text(&key["pk"]))).cloned().collect())
            };
            let responses: serde_json::Map<String, Value> =
                body["RequestItems"].as_object().unwrap().iter().map(found).collect();
            Ok(json!({"Responses": responses, "UnprocessedKeys": {}}))
        }
        "TransactWriteItems" => {
            let writes: Vec<&Value> = body["TransactItems"].as_array().unwrap().iter().map(write_of).collect();
            let codes = writes.iter().map(|write| if holds(items, write) { "None" } else { "ConditionalCheckFailed" });
            let reasons: Vec<Value> = codes.map(|code| json!({"Code": code})).collect();
            if reasons.iter().any(|reason| reason["Code"] != "None") {
                return Err(error("TransactionCanceledException", json!(reasons)));
            }
            for write in writes {
                make(items, write);
            }
            Ok(json!({}))
        }
        "PutItem" | "UpdateItem" if holds(items, &body) => {
            make(items, &body);
            Ok(json!({}))
        }
        "PutItem" | "UpdateItem" => Err(error("ConditionalCheckFailedException", json!(null))),
        other => panic!("the function asks for {other}"),
    }
}

fn error(code: &str, reasons: Value) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "CancellationReasons": reasons})
}

fn text(value: &Value) -> &str {
    value["S"].as_str().unwrap()
}

/// The put or the update of a transaction.
fn write_of(item: &Value) -> &Value {
    item.get("Put").or_else(|| item.get("Update")).unwrap()
}

fn key(write: &Value) -> &str {
    text(&write.get("Item").or_else(|| write.get("Key")).unwrap()["pk"])
}

/// Whether the condition of a write holds: no item, or one of the version that was read.
fn holds(items: &Items, write: &Value) -> bool {
    let stored = items.get(key(write));
    match write["ConditionExpression"].as_str() {
        None => true,
        Some("attribute_not_exists(#pk)") => stored.is_none(),
        Some("#version = :expected") => {
            stored.is_some_and(|item| item["version"] == write["ExpressionAttributeValues"][":expected"])
        }
        Some(other) => panic!("the function writes on the condition {other}"),
    }
}

/// Puts an item, or adds entries to a set, or takes them out.
fn make(items: &mut Items, write: &Value) {
    let key = key(write).to_owned();
    if let Some(item) = write.get("Item") {
        items.insert(key, item.clone());
        return;
    }
    let expression = write["UpdateExpression"].as_str().unwrap();
    let item = items.entry(key.clone()).or_insert_with(|| json!({"pk": {"S": key}, "version": {"N": "0"}}));
    let version: u64 = item["version"]["N"].as_str().unwrap().parse().unwrap();
    item["version"] = json!({"N": (version + 1).to_string()});
    let entries = write["ExpressionAttributeValues"][":entries"]["SS"].as_array().unwrap();
    let mut set = item["item"]["SS"].as_array().cloned().unwrap_or_default();
    set.retain(|entry| !entries.contains(entry));
    if expression.starts_with("ADD #item :entries, #version :one") {
        set.extend(entries.iter().cloned());
    } else {
        assert!(
            expression.starts_with("DELETE #item :entries ADD #version :one"),
            "the function updates by {expression}"
        );
    }
    // A set is never empty: the attribute goes with its last entry.
    item.as_object_mut().unwrap().remove("item");
    if !set.is_empty() {
        item["item"] = json!({"SS": set});
    }
}

//! The target of an event: what it acted on, as far as a record of any service has it.

use std::collections::VecDeque;

use super::{
    node::{Node, Scalar, Tree},
    parsed::Record,
};

/// How many values of a request are looked at.
const MAX_VALUES: usize = 500;
/// How the names of parameters end that name something, in lower case and without a plural's `s`; see [`is_name`].
const ENDINGS: [&str; 4] = ["name", "id", "arn", "identifier"];
/// Whole names of parameters that name something, in the same form.
const NAMES: [&str; 15] = [
    "bucket", "key", "trail", "resource", "user", "role", "group", "policy", "function", "topic", "queue", "table",
    "cluster", "instance", "domain",
];

/// What names a request or its caller and not what it acts on, in the same form: parameters of `AssumeRole` in the AWS STS API
/// Reference.
const OF_CALLER: [&str; 2] = ["externalid", "rolesessionname"];

/// The first `ARN` of the record's `resources`, else the first parameter of the request whose name says that it names
/// something, an outer one before inner ones; `None` if there is neither.
pub fn target(record: &Record) -> Option<String> {
    let resources = record.root().get("resources").into_iter().flat_map(Node::elements);
    let arn = |resource: Tree<'_>| text(resource.get("ARN").or_else(|| resource.get("arn"))?);
    resources.take(MAX_VALUES).find_map(arn).or_else(|| parameter(record.root().get("requestParameters")?))
}

fn parameter(request: Tree<'_>) -> Option<String> {
    let mut waiting = VecDeque::from([("", request)]);
    let mut looked_at = 0;
    while let Some((name, node)) = waiting.pop_front() {
        if let Some(text) = text(node).filter(|_| is_name(name) && !OF_CALLER.contains(&&*name.to_ascii_lowercase())) {
            return Some(text);
        }
        looked_at += 1;
        if looked_at > MAX_VALUES {
            return None;
        }
        let room = MAX_VALUES.saturating_sub(waiting.len());
        waiting.extend(node.elements().map(|element| (name, element)).take(room));
        waiting.extend(node.keys().filter_map(|key| Some((key, node.get(key)?))).take(room));
    }
    None
}

/// Whether a parameter of that name names something: `trailName`, `keyId`, `roleArns`, but not `grid` or `learn`.
pub fn is_name(parameter: &str) -> bool {
    let one = parameter.strip_suffix('s').unwrap_or(parameter);
    let lower = one.to_ascii_lowercase();
    let is_word = |start: usize| start == 0 || one[start..].starts_with(|first: char| first.is_ascii_uppercase());
    let ends = |ending: &&str| lower.strip_suffix(*ending).is_some_and(|before| is_word(before.len()));
    NAMES.contains(&lower.as_str()) || ENDINGS.iter().any(ends)
}

/// The text or the number of a node.
fn text(node: Tree<'_>) -> Option<String> {
    match node.scalar() {
        Scalar::Text("") => None,
        Scalar::Text(text) => Some(text.to_owned()),
        scalar @ Scalar::Number(_) => scalar.to_text(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(record: Value) -> Option<String> {
        target(&Record::new(record).unwrap())
    }

    /// The requests have the shapes of CloudTrail's records of these calls.
    #[test]
    fn the_target_is_what_the_event_acted_on() {
        let cases = [
            (json!({"name": "organization-trail"}), Some("organization-trail")),
            (json!({"bucketName": "logs", "Host": "s3.amazonaws.com", "acl": ""}), Some("logs")),
            (json!({"roleName": "admin", "trustPolicy": "{}"}), Some("admin")),
            (json!({"policyDocument": "{}", "keyId": "1234abcd"}), Some("1234abcd")),
            (json!({"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}), Some("i-1")),
            (json!({"filter": {"name": "inner"}, "groupId": "sg-1"}), Some("sg-1")),
            (json!({"secretIds": ["one", "two"]}), Some("one")),
            (json!({"DBInstanceIdentifier": "orders"}), Some("orders")),
            (json!({"accountId": 111_122_223_333_u64}), Some("111122223333")),
            (
                json!({"externalId": "x", "roleSessionName": "ada", "roleArn": "arn:aws:iam::1:role/a"}),
                Some("arn:aws:iam::1:role/a"),
            ),
            (json!({"grid": "a", "learn": "b", "valid": true, "paid": "c", "maxResults": 5}), None),
            (json!({"userName": "", "roleName": null}), None),
            (json!("name"), None),
            (Value::Null, None),
        ];
        for (request, expected) in cases {
            let found = of(json!({"requestParameters": request.clone()}));
            assert_eq!(found.as_deref(), expected, "{request}");
        }
        assert_eq!(of(json!({})), None);
    }

    #[test]
    fn a_resource_is_named_before_a_parameter() {
        let record = |resources: Value| json!({"resources": resources, "requestParameters": {"bucketName": "logs"}});
        assert_eq!(of(record(json!([{"type": "x"}, {"ARN": "arn:aws:s3:::logs"}]))).unwrap(), "arn:aws:s3:::logs");
        assert_eq!(of(record(json!([{"arn": "arn:aws:s3:::logs"}]))).unwrap(), "arn:aws:s3:::logs");
        for none in [json!([]), json!([{"ARN": ""}]), json!("arn"), Value::Null] {
            assert_eq!(of(record(none)).unwrap(), "logs");
        }
    }

    /// A large request costs no more than it may.
    #[test]
    fn a_large_request_is_cut() {
        let deep = (0..60).fold(json!({"name": "inner"}), |inner, _| json!({ "a": [inner] }));
        assert_eq!(of(json!({ "requestParameters": deep })).unwrap(), "inner");
        let mut wide: serde_json::Map<String, Value> = (0..2_000).map(|at| (format!("a{at:04}"), json!(1))).collect();
        wide.insert("name".to_owned(), json!("last"));
        assert_eq!(of(json!({ "requestParameters": wide })), None);
    }
}

//! The value of a field as a title shows it.

use crate::{
    record::{Node, Path, Place, Record, Root, Scalar, Virtual, Visitor},
    untrusted::shorten_to,
};

/// How many bytes of a field's values a title shows.
const MAX_FIELD: usize = 4_096;
/// How many characters of an object a title shows.
const MAX_OBJECT: usize = 200;
/// How many steps the values of a field may take.
const MAX_WORK: u64 = 1_000_000;

/// The types of identity whose name the caller chooses.
const SESSIONS: [&str; 2] = ["AssumedRole", "FederatedUser"];

/// The values of a field, joined with commas; an object is short JSON. `None` if it has no value but empty ones. Beyond
/// [`MAX_FIELD`] bytes they end in `…`, since no alert shows more.
pub fn value(path: &Path, record: &Record) -> Option<String> {
    if path.root == Root::Virtual(Virtual::Principal) && path.steps.is_empty() {
        return record.principal_name();
    }
    let mut values = Values::default();
    let fill = || path.walk(record.root(), Place::record(record.root()), &mut values);
    if record.work().bounded(MAX_WORK, fill).unwrap_or(true) && !values.0.is_empty() {
        values.0.push("…".to_owned());
    }
    // `Root` is the root user; a session whose caller chose that name is not.
    let is_session = |name: &str| {
        name.eq_ignore_ascii_case("root")
            && record.field(Virtual::UserType).is_some_and(|kind| SESSIONS.contains(&&*kind))
    };
    match &values.0[..] {
        [] => None,
        [name] if path.root == Root::Virtual(Virtual::User) && is_session(name) => Some(format!("session {name}")),
        values => Some(values.join(", ")),
    }
}

/// The values that were seen, and their length.
#[derive(Default)]
struct Values(Vec<String>, usize);

impl Visitor for Values {
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool {
        let text = match place.node.scalar() {
            _ if !place.node.work().spend(1) => return true,
            Scalar::List => return place.node.elements().any(|element| self.visit(place.with(element))),
            Scalar::Object { empty: false } => {
                let mut json = String::new();
                write_json(place.node, &mut json);
                Some(shorten_to(&json, MAX_OBJECT))
            }
            scalar => scalar.to_text().filter(|text| !text.is_empty()),
        };
        let Some(text) = text else { return false };
        self.1 += text.len() + 2;
        self.0.push(shorten_to(&text, MAX_FIELD));
        self.1 > MAX_FIELD
    }
}

/// Adds a value as JSON without blanks, until there is more than a title shows.
fn write_json<'n, N: Node<'n>>(node: N, json: &mut String) {
    let quoted = |text: &str| serde_json::Value::from(shorten_to(text, MAX_OBJECT)).to_string();
    match node.scalar() {
        _ if json.len() > 4 * MAX_OBJECT => {}
        Scalar::Null => json.push_str("null"),
        Scalar::Text(text) => json.push_str(&quoted(text)),
        Scalar::List => {
            json.push('[');
            for (at, element) in node.elements().take(MAX_OBJECT).enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                write_json(element, json);
            }
            json.push(']');
        }
        Scalar::Object { .. } => {
            json.push('{');
            for (at, key) in node.keys().take(MAX_OBJECT).enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                json.push_str(&quoted(key));
                json.push(':');
                if let Some(member) = node.get(key) {
                    write_json(member, json);
                }
            }
            json.push('}');
        }
        scalar => json.push_str(&scalar.to_text().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rule::Title;

    fn fill(template: &str, record: Value) -> String {
        Title::parse(template).unwrap().fill(&Record::new(record).unwrap())
    }

    #[test]
    fn long_values_are_cut() {
        let fill = |value: Value| fill("{{a}}, {{a.b}}", json!({"a": value}));
        let long = fill(json!(vec!["x"; 200_000]));
        assert!(long.starts_with("x, x") && long.ends_with("x, …, undefined") && long.len() < 2 * MAX_FIELD);
        assert!(fill(json!("x".repeat(200_000))).len() < 2 * MAX_FIELD);
        assert_eq!(fill(json!(vec![json!({}); 200_000])), "undefined, undefined");
        let object = fill(json!({"k": vec![json!({"x": "y".repeat(1_000)}); 100_000]}));
        assert!(object.starts_with(r#"{"k":[{"x":"yyy"#) && object.chars().count() == MAX_OBJECT + 11, "{object}");
    }

    #[test]
    fn objects_are_short_json() {
        let record = json!({"a": {"b": [1, "x\"", null, {"c": true}], "d": {}}, "list": [{"e": 1.5}, "f", {}, ["g"]]});
        assert_eq!(fill("{{a}} {{list}}", record.clone()), r#"{"b":[1,"x\"",null,{"c":true}],"d":{}} {"e":1.5}, f, g"#);
        assert_eq!(fill("{{a.d|a.b}}", record), r#"1, x", {"c":true}"#);
    }

    #[test]
    fn json_in_strings_is_read() {
        let policy = r#"{"Statement":[{"Principal":{"AWS":["1","2"]}},{"Principal":"*"}]}"#;
        let record = json!({"requestParameters": {"policy": policy}});
        assert_eq!(fill("{{requestParameters.policy.Statement.Principal}}", record.clone()), r#"{"AWS":["1","2"]}, *"#);
        assert_eq!(fill("{{requestParameters.policy.Statement.Principal.AWS}}", record), "1, 2");
    }

    #[test]
    fn a_session_is_not_the_root_user() {
        for (kind, name, expected) in [
            ("AssumedRole", "root", "session root"),
            ("FederatedUser", "Root", "session Root"),
            ("AssumedRole", "ada", "ada"),
            ("Root", "x", "Root"),
        ] {
            let identity = json!({"type": kind, "arn": format!("arn:aws:sts::111122223333:assumed-role/ops/{name}")});
            assert_eq!(fill("{{user}}", json!({"userIdentity": identity})), expected);
        }
    }
}

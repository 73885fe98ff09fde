//! The value of a field as a title shows it.

use crate::record::{JoinedLimits, Path, Record, Root, Virtual};

/// How much of a field's values a title shows.
const LIMITS: JoinedLimits = JoinedLimits { values: MAX_FIELD, object: 200 };
const MAX_FIELD: usize = 4_096;

/// The types of identity whose name the caller chooses.
const SESSIONS: [&str; 2] = ["AssumedRole", "FederatedUser"];

/// The values of a field, joined with commas; an object is short JSON. `None` if it has no value but empty ones. Beyond
/// [`MAX_FIELD`] bytes they end in `…`, since no alert shows more.
pub fn value(path: &Path, record: &Record) -> Option<String> {
    if path.root == Root::Virtual(Virtual::Principal) && path.steps.is_empty() {
        return record.principal_name();
    }
    let value = record.joined(path, LIMITS)?;
    // `Root` is the root user; a session whose caller chose that name is not.
    let is_session = path.root == Root::Virtual(Virtual::User)
        && value.eq_ignore_ascii_case("root")
        && record.field(Virtual::UserType).is_some_and(|kind| SESSIONS.contains(&&*kind));
    Some(if is_session { format!("session {value}") } else { value })
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
        assert!(object.starts_with(r#"{"k":[{"x":"yyy"#) && object.chars().count() == LIMITS.object + 11, "{object}");
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

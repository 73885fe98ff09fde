//! What a resource's policy lets a service do.
//!
//! It says `Allowed` only of what it understands: a condition that it does not know makes it doubtful.

use serde_json::Value;

/// Who wants to do what, and for whom.
pub struct Request<'a> {
    /// Such as `events.amazonaws.com`.
    pub service: &'a str,
    /// Such as `kms:Decrypt`.
    pub action: &'a str,
    /// The ARN of what the policy is of.
    pub resource: &'a str,
    /// The keys of conditions, with what they are; a `*` stands for a name that is not known.
    pub context: &'a [(&'a str, &'a str)],
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It lets it.
    Allowed,
    /// It may, by the conditions of a statement.
    Doubtful,
    /// It does not, or forbids it.
    Refused,
}

/// Judges a request by the text of a policy; one that is no policy allows nothing.
///
/// See [policy evaluation](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
pub fn judge(policy: &str, request: &Request<'_>) -> Said {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let (mut said, mut may_be_denied) = (Said::Refused, false);
    for statement in list(&policy["Statement"]) {
        // What is left out of such a statement is not followed here.
        let is_inverse = ["NotAction", "NotPrincipal", "NotResource"].iter().any(|key| !statement[*key].is_null());
        let has = |key: &str, wanted: &str| {
            list(&statement[key]).iter().filter_map(Value::as_str).any(|pattern| covers(pattern, wanted))
        };
        let concerns = names(&statement["Principal"], request.service)
            && has("Action", request.action)
            && (statement["Resource"].is_null() || has("Resource", request.resource));
        if !is_inverse && !concerns {
            continue;
        }
        let condition = holds(&statement["Condition"], request.context);
        let holds = if is_inverse && condition == Some(true) { None } else { condition };
        match (statement["Effect"].as_str(), holds) {
            (Some("Deny"), Some(true)) => return Said::Refused,
            (Some("Deny"), None) => may_be_denied = true,
            (Some("Allow"), Some(true)) => said = Said::Allowed,
            (Some("Allow"), None) if said == Said::Refused => said = Said::Doubtful,
            _ => {}
        }
    }
    if said == Said::Allowed && may_be_denied { Said::Doubtful } else { said }
}

/// Whether a policy leaves an account's own principals to IAM, for this action.
pub fn leaves_to_iam(policy: &str, account: &str, action: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let has = |effect: &str| {
        list(&policy["Statement"]).iter().any(|statement| {
            let of_account = |principal: &str| {
                principal == "*" || principal == account || principal.ends_with(&format!("::{account}:root"))
            };
            let principal = &statement["Principal"];
            let is_ours = principal == "*" || list(&principal["AWS"]).iter().filter_map(Value::as_str).any(of_account);
            let actions = list(&statement["Action"]);
            is_ours
            && statement["Effect"] == effect
            // One with a condition denies some, and leaves the others.
            && (effect == "Allow" || statement["Condition"].is_null())
            && actions.iter().filter_map(Value::as_str).any(|one| covers(one, action))
        })
    };
    has("Allow") && !has("Deny")
}

/// One or several, as policies write them.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

/// `"*"` and `{"AWS": "*"}` are everyone.
fn names(principal: &Value, service: &str) -> bool {
    principal == "*"
        || list(&principal["AWS"]).iter().any(|name| name == "*")
        || list(&principal["Service"]).iter().any(|name| name == service || name == "*")
}

/// Whether all conditions hold; nothing if one is unknown and none fails.
fn holds(condition: &Value, context: &[(&str, &str)]) -> Option<bool> {
    let mut known = true;
    for (operator, tests) in condition.as_object().into_iter().flatten() {
        for (key, wanted) in tests.as_object().into_iter().flatten() {
            match holds_one(operator, key, list(wanted), context) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = false,
            }
        }
    }
    known.then_some(true)
}

fn holds_one(operator: &str, key: &str, wanted: &[Value], context: &[(&str, &str)]) -> Option<bool> {
    // Keys are told without regard to case.
    if operator == "Bool" && key.eq_ignore_ascii_case("aws:SecureTransport") {
        return Some(wanted.iter().all(|value| value == "true" || value == true));
    }
    let (_, actual) = context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
    let wanted = || wanted.iter().filter_map(Value::as_str);
    let matched = match operator {
        "StringEquals" => wanted().any(|value| value == *actual),
        "StringLike" | "ArnEquals" | "ArnLike" => wanted().any(|pattern| covers(pattern, actual)),
        _ => return None,
    };
    // Of a name that is not known whole, a pattern may mean just the right one.
    if !matched && wanted().any(|pattern| meet(pattern, actual)) { None } else { Some(matched) }
}

/// Whether a pattern with `*` and `?` covers a text; actions are told without regard to case, and ARNs lose nothing by it.
fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase().into_bytes(), text.to_ascii_lowercase().into_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|&byte| byte == b'?' || byte == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Whether some text is covered by both patterns.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // By how much is left of the second: whether it meets what is left of the first.
    let step = |of_rest: &[bool], byte: Option<&u8>| {
        let mut meets = vec![false; other.len() + 1];
        for at in (0..=other.len()).rev() {
            let rest = other.get(at);
            let either = |wanted: u8| byte == Some(&wanted) || rest == Some(&wanted);
            meets[at] = match (byte, rest) {
                (None, None) => true,
                (Some(b'*'), _) => of_rest[at] || (rest.is_some() && meets[at + 1]),
                (_, Some(b'*')) => meets[at + 1] || (byte.is_some() && of_rest[at]),
                (Some(one), Some(other)) => (one == other || either(b'?')) && of_rest[at + 1],
                _ => false,
            };
        }
        meets
    };
    let end = step(&[], None);
    one.iter().rev().fold(end, |of_rest, byte| step(&of_rest, Some(byte)))[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(statement: &str) -> Said {
        let context = [("aws:SourceAccount", "111122223333"), ("aws:SourceArn", "arn:aws:events:r:1:rule/bell-*")];
        let request = Request {
            service: "events.amazonaws.com",
            action: "kms:Decrypt",
            resource: "arn:aws:kms:r:1:key/2",
            context: &context,
        };
        judge(&format!(r#"{{"Statement": [{statement}]}}"#), &request)
    }

    fn allow(rest: &str) -> String {
        format!(r#"{{"Effect": "Allow", "Principal": {{"Service": "events.amazonaws.com"}}, "Resource": "*", {rest}}}"#)
    }

    #[test]
    fn a_statement_lets_a_service_in_or_does_not() {
        let decrypt = allow(r#""Action": ["kms:Decrypt", "kms:GenerateDataKey"]"#);
        let deny = |condition| format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": "kms:*"{condition}}}"#);
        let cases = [
            (decrypt.clone(), Said::Allowed),
            (allow(r#""Action": "kms:Dec*""#), Said::Allowed),
            (allow(r#""Action": "KMS:DECRYPT""#), Said::Allowed),
            (allow(r#""Action": "kms:GenerateDataKey*""#), Said::Refused),
            (decrypt.replace("events", "sns"), Said::Refused),
            (String::new(), Said::Refused),
            (allow(r#""NotAction": "kms:ScheduleKeyDeletion""#), Said::Doubtful),
            (format!("{decrypt}, {}", deny("")), Said::Refused),
            (format!("{decrypt}, {}", deny("").replace(r#""*""#, r#"{"AWS": "*"}"#)), Said::Refused),
            (format!("{decrypt}, {}", deny("").replace("Action", "NotAction")), Said::Doubtful),
            (
                format!("{decrypt}, {}", deny(r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#)),
                Said::Doubtful,
            ),
            (
                format!("{decrypt}, {}", deny(r#", "Condition": {"Bool": {"aws:SecureTransport": "false"}}"#)),
                Said::Allowed,
            ),
        ];
        for (statement, expected) in cases {
            assert_eq!(said(&statement), expected, "{statement}");
        }
    }

    #[test]
    fn a_condition_decides_where_it_is_understood() {
        let cases = [
            (r#"{"StringEquals": {"aws:SourceAccount": "111122223333"}}"#, Said::Allowed),
            (r#"{"StringEquals": {"aws:sourceaccount": ["1", "111122223333"]}}"#, Said::Allowed),
            (r#"{"StringEquals": {"aws:SourceAccount": "444455556666"}}"#, Said::Refused),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:r:1:rule/bell-*"}}"#, Said::Allowed),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:r:1:rule/*"}}"#, Said::Allowed),
            (r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:events:r:1:rule/bell-New-8X"}}"#, Said::Doubtful),
            (r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:events:r:1:rule/another"}}"#, Said::Refused),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:*:1:rule/bell-New-8X"}}"#, Said::Doubtful),
            (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#, Said::Doubtful),
            (r#"{"StringNotEquals": {"aws:SourceAccount": "111122223333"}}"#, Said::Doubtful),
        ];
        for (condition, expected) in cases {
            let statement = allow(&format!(r#""Action": "kms:*", "Condition": {condition}"#));
            assert_eq!(said(&statement), expected, "{condition}");
        }
    }

    #[test]
    fn an_account_is_left_to_iam_by_its_root() {
        let policy = |principal: &str| {
            format!(r#"{{"Statement": {{"Effect": "Allow", "Principal": {principal}, "Action": "kms:*"}}}}"#)
        };
        for (principal, expected) in [
            (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, true),
            (r#"{"AWS": ["x", "111122223333"]}"#, true),
            (r#"{"AWS": "arn:aws:iam::444455556666:root"}"#, false),
        ] {
            assert_eq!(leaves_to_iam(&policy(principal), "111122223333", "kms:Decrypt"), expected, "{principal}");
        }
        let root = r#""Principal": {"AWS": "111122223333"}, "Action": "kms:*"}"#;
        let denied = format!(r#"{{"Statement": [{{"Effect": "Allow", {root}, {{"Effect": "Deny", {root}]}}"#);
        assert!(!leaves_to_iam(&denied, "111122223333", "kms:Decrypt"));
    }

    #[test]
    fn a_statement_is_about_its_resource() {
        let of = |resource: &str| allow(r#""Action": "kms:*""#).replace(r#""Resource": "*""#, resource);
        let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "NotResource": "arn:aws:kms:r:1:key/x"}"#;
        for (statement, expected) in [
            (of(r#""Resource": "arn:aws:kms:r:1:key/2""#), Said::Allowed),
            (of(r#""Resource": ["x", "arn:aws:kms:*:key/*"]"#), Said::Allowed),
            (of(r#""Resource": "arn:aws:kms:r:1:key/other""#), Said::Refused),
            (of(r#""NotResource": "*""#), Said::Doubtful),
            (format!("{}, {deny}", of(r#""Resource": "*""#)), Said::Doubtful),
        ] {
            assert_eq!(said(&statement), expected, "{statement}");
        }
    }

    #[test]
    fn patterns_meet_where_a_text_is_of_both() {
        for (one, other, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "*b", true),
            ("a*c", "ab*", true),
            ("a?c", "abc", true),
            ("a?", "a", false),
            ("bell-*", "other-*", false),
            ("*-8X", "bell-*", true),
        ] {
            assert_eq!((meet(one, other), meet(other, one)), (expected, expected), "{one} {other}");
        }
    }
}

//! What a resource's policy lets a service do.
//!
//! A request is `Allowed` only by statements that are fully understood: an unknown condition makes it `Conditional`.

use serde_json::Value;

/// A request of a service.
pub struct AccessRequest<'a> {
    /// The principal, such as `events.amazonaws.com`.
    pub service: &'a str,
    /// The action, such as `kms:Decrypt`.
    pub action: &'a str,
    /// The ARN of the resource with the policy.
    pub resource: &'a str,
    /// Condition keys with their values; a `*` in a value is an unknown part of a name.
    pub context: &'a [(&'a str, &'a str)],
}

/// What a policy decides about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A statement allows it.
    Allowed,
    /// Statements with unknown conditions decide.
    Conditional,
    /// No statement allows it, or one denies it.
    Refused,
}

/// Judges a request by the JSON text of a policy; any other text allows nothing.
///
/// See [policy evaluation](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
pub fn judge(policy: &str, request: &AccessRequest<'_>) -> Access {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let (mut access, mut may_be_denied) = (Access::Refused, false);
    for statement in list(&policy["Statement"]) {
        // Such statements are not evaluated, only taken as unknown.
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
            (Some("Deny"), Some(true)) => return Access::Refused,
            (Some("Deny"), None) => may_be_denied = true,
            (Some("Allow"), Some(true)) => access = Access::Allowed,
            (Some("Allow"), None) if access == Access::Refused => access = Access::Conditional,
            _ => {}
        }
    }
    if access == Access::Allowed && may_be_denied { Access::Conditional } else { access }
}

/// Whether a policy lets the IAM policies of an account grant this action.
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
            // A statement with a condition does not deny all requests.
            && (effect == "Allow" || statement["Condition"].is_null())
            && actions.iter().filter_map(Value::as_str).any(|one| covers(one, action))
        })
    };
    has("Allow") && !has("Deny")
}

/// The elements of a value that policies write as one element or as a list.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

/// Whether a principal includes a service; `"*"` and `{"AWS": "*"}` include all.
fn names(principal: &Value, service: &str) -> bool {
    principal == "*"
        || list(&principal["AWS"]).iter().any(|name| name == "*")
        || list(&principal["Service"]).iter().any(|name| name == service || name == "*")
}

/// Whether all conditions hold; `None` if one is unknown and none fails.
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
    // Condition keys are case-insensitive.
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
    // A pattern may match the actual name, of which only a part is known.
    if !matched && wanted().any(|pattern| meet(pattern, actual)) { None } else { Some(matched) }
}

/// Whether a pattern with `*` and `?` matches a text. Actions are case-insensitive, and no two ARNs differ only in case here.
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

/// Whether some text matches both patterns.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // For each suffix of the second pattern: whether some text matches both it and a suffix of the first.
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

    fn access(statement: &str) -> Access {
        let context = [("aws:SourceAccount", "111122223333"), ("aws:SourceArn", "arn:aws:events:r:1:rule/bell-*")];
        let request = AccessRequest {
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
    fn statements_allow_and_deny() {
        let decrypt = allow(r#""Action": ["kms:Decrypt", "kms:GenerateDataKey"]"#);
        let deny = |condition| format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": "kms:*"{condition}}}"#);
        let cases = [
            (decrypt.clone(), Access::Allowed),
            (allow(r#""Action": "kms:Dec*""#), Access::Allowed),
            (allow(r#""Action": "KMS:DECRYPT""#), Access::Allowed),
            (allow(r#""Action": "kms:GenerateDataKey*""#), Access::Refused),
            (decrypt.replace("events", "sns"), Access::Refused),
            (String::new(), Access::Refused),
            (allow(r#""NotAction": "kms:ScheduleKeyDeletion""#), Access::Conditional),
            (format!("{decrypt}, {}", deny("")), Access::Refused),
            (format!("{decrypt}, {}", deny("").replace(r#""*""#, r#"{"AWS": "*"}"#)), Access::Refused),
            (format!("{decrypt}, {}", deny("").replace("Action", "NotAction")), Access::Conditional),
            (
                format!("{decrypt}, {}", deny(r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#)),
                Access::Conditional,
            ),
            (
                format!("{decrypt}, {}", deny(r#", "Condition": {"Bool": {"aws:SecureTransport": "false"}}"#)),
                Access::Allowed,
            ),
        ];
        for (statement, expected) in cases {
            assert_eq!(access(&statement), expected, "{statement}");
        }
    }

    #[test]
    fn a_known_condition_decides() {
        let cases = [
            (r#"{"StringEquals": {"aws:SourceAccount": "111122223333"}}"#, Access::Allowed),
            (r#"{"StringEquals": {"aws:sourceaccount": ["1", "111122223333"]}}"#, Access::Allowed),
            (r#"{"StringEquals": {"aws:SourceAccount": "444455556666"}}"#, Access::Refused),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:r:1:rule/bell-*"}}"#, Access::Allowed),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:r:1:rule/*"}}"#, Access::Allowed),
            (r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:events:r:1:rule/bell-New-8X"}}"#, Access::Conditional),
            (r#"{"ArnEquals": {"aws:SourceArn": "arn:aws:events:r:1:rule/another"}}"#, Access::Refused),
            (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:events:*:1:rule/bell-New-8X"}}"#, Access::Conditional),
            (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#, Access::Conditional),
            (r#"{"StringNotEquals": {"aws:SourceAccount": "111122223333"}}"#, Access::Conditional),
        ];
        for (condition, expected) in cases {
            let statement = allow(&format!(r#""Action": "kms:*", "Condition": {condition}"#));
            assert_eq!(access(&statement), expected, "{condition}");
        }
    }

    #[test]
    fn the_root_principal_lets_iam_policies_grant() {
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
    fn a_statement_applies_to_its_resources() {
        let of = |resource: &str| allow(r#""Action": "kms:*""#).replace(r#""Resource": "*""#, resource);
        let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "NotResource": "arn:aws:kms:r:1:key/x"}"#;
        for (statement, expected) in [
            (of(r#""Resource": "arn:aws:kms:r:1:key/2""#), Access::Allowed),
            (of(r#""Resource": ["x", "arn:aws:kms:*:key/*"]"#), Access::Allowed),
            (of(r#""Resource": "arn:aws:kms:r:1:key/other""#), Access::Refused),
            (of(r#""NotResource": "*""#), Access::Conditional),
            (format!("{}, {deny}", of(r#""Resource": "*""#)), Access::Conditional),
        ] {
            assert_eq!(access(&statement), expected, "{statement}");
        }
    }

    #[test]
    fn two_patterns_meet_if_a_text_matches_both() {
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

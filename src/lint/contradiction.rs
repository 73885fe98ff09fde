//! Whether conditions can all be so at once, told by trying values on the operators themselves.
//!
//! "No" is sure; anything not understood can be so.

use super::{
    condition::{self, Literal, MANY, field, values},
    schema::{Known, Shape, look_up},
};
use crate::{
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind, Right},
        operand::Value,
    },
    number::Number,
    record::{Path, Root, Scalar, Virtual},
};

/// Conditions that can never all be so.
#[derive(Debug)]
pub struct Clash<'a> {
    /// The field that they ask too much of.
    pub path: Path,
    /// One of them.
    pub first: &'a Expr,
    /// Another one, which excludes it; nothing where it is impossible alone or only all of them together are.
    pub second: Option<&'a Expr>,
}

/// The first reason why conditions that stand in one `any`, or in none, cannot all be so.
pub fn clash<'a>(literals: &[Literal<'a>], base: Option<&[String]>, lists: &Lists) -> Option<Clash<'a>> {
    let literals = &literals[..literals.len().min(MANY)];
    let found = |path: &Path, first: Literal<'a>, second: Option<Literal<'a>>| {
        Some(Clash { path: path.clone(), first: first.expr, second: second.map(|second| second.expr) })
    };
    for (at, first) in literals.iter().enumerate() {
        for second in &literals[at + 1..] {
            if contradicts(first, second)
                && let Some(path) = any_path(first.expr)
            {
                return found(path, *first, Some(*second));
            }
            if let Some(path) = parted_beginnings(first, second, base, lists) {
                return found(&path, *first, Some(*second));
            }
        }
    }
    for (at, literal) in literals.iter().enumerate() {
        let Some((path, candidates)) = candidates(literal.expr, literal.holds, base, lists) else { continue };
        if candidates.is_empty() {
            return found(&path, *literal, None);
        }
        let excluded = |candidate: &Value, by: &Literal| says(by, &path, candidate, lists) == Some(false);
        let others = || literals.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, literal)| literal);
        if let Some(other) = others().find(|other| candidates.iter().all(|candidate| excluded(candidate, other))) {
            return found(&path, *literal, Some(*other));
        }
        if candidates.iter().all(|one| literals.iter().any(|other| excluded(one, other))) {
            return found(&path, *literal, None);
        }
    }
    None
}

/// The values, of which one must be at the path for the condition to be so; only where the path has one value.
pub fn candidates(expr: &Expr, holds: bool, base: Option<&[String]>, lists: &Lists) -> Option<(Path, Vec<Value>)> {
    match &expr.kind {
        ExprKind::Or(parts) if holds => alternatives(parts, holds, base, lists),
        ExprKind::And(parts) if !holds => alternatives(parts, holds, base, lists),
        ExprKind::Not(inner) => candidates(inner, !holds, base, lists),
        ExprKind::Compare(compare) => {
            let path = field(&compare.path);
            if let Some(domain) = domain(&path) {
                let test = |value: &Value| compares(compare, value, lists) != Some(!holds);
                return Some((path, domain.into_iter().filter(test).collect()));
            }
            if compares(compare, &Value::Null, lists)? == holds {
                // That nothing is there says all; that it is not one of some values says little.
                let null = compares_null(compare);
                return null.then(|| (path, vec![Value::Null]));
            }
            let equality = matches!(compare.operator.spelling, "=" | "!=" | "in");
            (equality && !compares_null(compare) && is_single(&compare.path, base))
                .then(|| (path, values(&compare.right, lists).into_iter().flat_map(spellings).collect()))
                .filter(|(_, values): &(Path, Vec<Value>)| !values.is_empty())
        }
        ExprKind::Or(_) | ExprKind::And(_) | ExprKind::Any(..) => None,
    }
}

/// Whether the path leads to one value at most, which is no object.
pub fn is_single(path: &Path, base: Option<&[String]>) -> bool {
    if path.is_worked_out() {
        return path.steps.is_empty();
    }
    let Some(keys) = condition::keys(path, base) else { return false };
    let single = |keys: &[String]| match look_up(keys) {
        Known::There { shape: Shape::Text | Shape::Flag, listed } => Some(listed),
        _ => None,
    };
    match (path.root, base) {
        // The list is behind, one element is looked at.
        (Root::Element, Some(base)) => keys.len() == base.len() + 1 && single(&keys).is_some(),
        _ => single(&keys) == Some(false),
    }
}

fn alternatives(parts: &[Expr], holds: bool, base: Option<&[String]>, lists: &Lists) -> Option<(Path, Vec<Value>)> {
    let mut found = parts.iter().map(|part| candidates(part, holds, base, lists));
    let (path, mut all) = found.next()??;
    for part in found {
        let (other, values) = part?;
        if other != path {
            return None;
        }
        all.extend(values);
    }
    Some((path, all))
}

/// One and the same condition, which once holds and once does not.
fn contradicts(first: &Literal, second: &Literal) -> bool {
    match (&first.expr.kind, &second.expr.kind) {
        (ExprKind::Compare(a), ExprKind::Compare(b)) => {
            let same = field(&a.path) == field(&b.path) && a.right == b.right;
            let (plain_a, plain_b) = (positive(a.operator.spelling), positive(b.operator.spelling));
            same && plain_a == plain_b && (first.holds != a.operator.negated) != (second.holds != b.operator.negated)
        }
        (a, b) => a == b && first.holds != second.holds,
    }
}

fn positive(spelling: &str) -> &str {
    match spelling {
        "!=" => "=",
        "contains" => "like",
        other => other,
    }
}

/// A field that the condition speaks of.
fn any_path(expr: &Expr) -> Option<&Path> {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().find_map(any_path),
        ExprKind::Not(inner) => any_path(inner),
        ExprKind::Any(path, _) => Some(path),
        ExprKind::Compare(compare) => Some(&compare.path),
    }
}

/// One text with two beginnings, of which neither begins with the other.
fn parted_beginnings(a: &Literal, b: &Literal, base: Option<&[String]>, lists: &Lists) -> Option<Path> {
    let beginnings = |literal: &Literal| match &literal.expr.kind {
        ExprKind::Compare(compare) if literal.holds && compare.operator.spelling == "starts_with" => {
            let texts = values(&compare.right, lists).into_iter().map(|value| match value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            });
            let texts: Vec<String> = texts.collect::<Option<_>>()?;
            (is_single(&compare.path, base) && !texts.is_empty()).then(|| (field(&compare.path), texts))
        }
        _ => None,
    };
    let ((path, a), (other, b)) = (beginnings(a)?, beginnings(b)?);
    let fits = |a: &String| b.iter().any(|b| a.starts_with(b.as_str()) || b.starts_with(a.as_str()));
    (path == other && !a.iter().any(fits)).then_some(path)
}

/// Whether the condition would be so if `value` stood at the path; nothing if that does not tell.
pub fn says(literal: &Literal, path: &Path, value: &Value, lists: &Lists) -> Option<bool> {
    evaluate(literal.expr, path, value, lists).map(|truth| truth == literal.holds)
}

fn evaluate(expr: &Expr, path: &Path, value: &Value, lists: &Lists) -> Option<bool> {
    let joined = |parts: &[Expr], decisive: bool| {
        let truths: Vec<_> = parts.iter().map(|part| evaluate(part, path, value, lists)).collect();
        if truths.contains(&Some(decisive)) {
            return Some(decisive);
        }
        truths.iter().all(Option::is_some).then_some(!decisive)
    };
    match &expr.kind {
        ExprKind::And(parts) => joined(parts, false),
        ExprKind::Or(parts) => joined(parts, true),
        ExprKind::Not(inner) => evaluate(inner, path, value, lists).map(|truth| !truth),
        ExprKind::Compare(compare) if field(&compare.path) == *path => compares(compare, value, lists),
        ExprKind::Compare(_) | ExprKind::Any(..) => None,
    }
}

/// What the comparison says of one value, or of none (`null`).
fn compares(compare: &Compare, value: &Value, lists: &Lists) -> Option<bool> {
    let wanted = match &compare.right {
        Right::Field(_) if *value != Value::Null => return None,
        Right::Named(list) => lists.get(&list.name)?.iter().collect(),
        right => values(right, lists),
    };
    let scalar = match value {
        Value::Null => {
            let positive = wanted.contains(&&Value::Null) && compares_null(compare);
            return Some(positive != compare.operator.negated);
        }
        Value::Bool(value) => Scalar::Bool(*value),
        Value::Number(number) => Scalar::Number(*number),
        Value::Text(text) => Scalar::Text(text),
    };
    if matches!(compare.right, Right::Nothing) {
        return Some(true);
    }
    let tests = wanted.into_iter().map(|wanted| (compare.operator.compile)(wanted).map(|test| test(scalar)));
    let tests = tests.collect::<Result<Vec<bool>, _>>().ok()?;
    Some(tests.contains(&true) != compare.operator.negated)
}

/// Whether it asks for a value, or for none: `= null`, `!= null`, `exists`.
pub fn compares_null(compare: &Compare) -> bool {
    match &compare.right {
        Right::Nothing => true,
        Right::Value(operand) => operand.value == Value::Null,
        _ => false,
    }
}

/// All that a field can be.
fn domain(path: &Path) -> Option<Vec<Value>> {
    match path.root {
        _ if !path.steps.is_empty() => None,
        Root::Virtual(Virtual::EventType) => Some(["cloudtrail", "insight"].map(text).to_vec()),
        Root::Virtual(Virtual::MfaUsed) => Some(vec![Value::Null, Value::Bool(false), Value::Bool(true)]),
        _ => None,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What a record may hold that equals the value.
fn spellings(value: &Value) -> Vec<Value> {
    let other = match value {
        Value::Null => None,
        Value::Bool(value) => Some(text(&value.to_string())),
        Value::Number(number) => Some(text(&number.to_string())),
        Value::Text(text) => match text.as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            text => Number::parse_canonical(text).map(Value::Number),
        },
    };
    [Some(value.clone()), other].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{filter::Filter, lint::condition::all};

    /// Conditions on fields of every kind: with one value, with several, worked out, or with another name.
    const CONDITIONS: &[&str] = &[
        r#"eventName = "A""#,
        r#"eventName != "A""#,
        r#"eventName = "AB""#,
        r#"eventName in ("A", "AB", "B")"#,
        r#"eventName starts_with "A""#,
        r#"eventName starts_with ("B", "C")"#,
        r#"eventName like "B""#,
        r#"eventName iequals "a""#,
        "eventName = null",
        "eventName exists",
        r#"error = "A""#,
        r#"errorCode != "A""#,
        "error = field eventName",
        "errorCode = null",
        "readOnly = true",
        r#"readOnly = "false""#,
        "readOnly != true",
        r#"requestParameters.a = "A""#,
        r#"requestParameters.a = "B""#,
        r#"requestParameters.a != "B""#,
        "requestParameters.a = null",
        "requestParameters.a > 1",
        r#"resources.type = "A""#,
        r#"resources.type = "B""#,
        r#"any resources (type = "A" and accountId = "A")"#,
        "mfaUsed = true",
        r#"mfaUsed = "false""#,
        "mfaUsed = null",
        r#"event_type = "insight""#,
        r#"event_type != "insight""#,
        r#"event_type like "trail""#,
        r#"user = "A""#,
        r#"user in ("A", "B")"#,
        r#"user != "B""#,
    ];

    fn filters() -> impl Strategy<Value = String> {
        select(CONDITIONS).prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
            let many = prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                many.clone().prop_map(|parts| format!("({})", parts.join(" and "))),
                many.prop_map(|parts| format!("({})", parts.join(" or "))),
                inner.prop_map(|part| format!("not ({part})")),
            ]
        })
    }

    fn records() -> impl Strategy<Value = Json> {
        let text = || select(vec![Json::Null, json!("A"), json!("AB"), json!("B"), json!("a"), json!("C")]);
        let flag = || select(vec![Json::Null, json!(true), json!(false), json!("true"), json!("false")]);
        let list = select(vec![json!(["A", "B"]), json!([]), json!("A"), json!(["B", 5]), Json::Null]);
        let insight = select(vec!["Insight", "Management"]);
        (text(), text(), flag(), list, text(), text(), flag(), insight, text()).prop_map(
            |(name, error, read, parameter, one, two, mfa, category, user)| {
                json!({
                    "eventName": name, "errorCode": error, "readOnly": read, "requestParameters": {"a": parameter},
                    "resources": [{"type": one, "accountId": two}, {"type": two}], "eventCategory": category,
                    "userIdentity": {"userName": user, "sessionContext": {"attributes": {"mfaAuthenticated": mfa}}},
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// What is called impossible is satisfied by no record, and what is called certain by every one.
        #[test]
        fn a_clash_is_sure(text in filters(), records in prop::collection::vec(records(), 20)) {
            let filter = Filter::parse(&text).unwrap();
            for holds in [true, false] {
                if clash(&all(filter.expr(), holds), None, &Lists::default()).is_some() {
                    for record in &records {
                        prop_assert_ne!(filter.matches(record), holds, "{} on {}", text, record);
                    }
                }
            }
        }
    }

    /// So that the property above is about something.
    #[test]
    fn clashes_are_found() {
        let clashes = |text: &str| {
            let filter = Filter::parse(text).unwrap();
            clash(&all(filter.expr(), true), None, &Lists::default()).is_some()
        };
        for text in [
            r#"eventName = "A" and eventName = "B""#,
            r#"eventName in ("A", "B") and eventName starts_with ("C", "D")"#,
            r#"(eventName = "A" or eventName = "B") and not eventName in ("A", "B")"#,
            r#"eventName starts_with "Get" and eventName starts_with "List""#,
            r#"error = "A" and errorCode = "B""#,
            r#"requestParameters.a = null and requestParameters.a = "A""#,
            r#"requestParameters.a = "A" and requestParameters.a != "A""#,
            "errorCode exists and not error exists",
            r#"eventName in ("A", "B") and eventName != "A" and eventName != "B""#,
            r#"event_type = "Insight""#,
            "mfaUsed = true and mfaUsed = null",
            "any a (b = 1) and not any a (b = 1)",
        ] {
            assert!(clashes(text), "{text}");
        }
        for text in [
            r#"eventName = "A" and eventName starts_with "A""#,
            r#"eventName starts_with "Get" and eventName starts_with "GetObject""#,
            r#"eventName starts_with ("Get", "List") and eventName starts_with ("List", "Put")"#,
            r#"requestParameters.a = "A" and requestParameters.a = "B""#,
            r#"resources.type = "A" and resources.type = "B""#,
            r#"userAgent = "A" and userAgent = "B""#,
            r#"requestParameters.a = null and requestParameters.b = "A""#,
            r#"errorCode = "A" and errorMessage = "B""#,
            r#"eventName != "A" and eventName != "B""#,
            r#"eventName = "A" and `user` = "B" and user = "C""#,
            r#"readOnly = true and readOnly = "true""#,
        ] {
            assert!(!clashes(text), "{text}");
        }
    }
}

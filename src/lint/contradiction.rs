//! Whether conditions can all be met at once, decided by trying values on the operators themselves.
//!
//! "No" is certain; conditions that this module does not understand count as possible.

use super::{
    condition::{self, Literal, MANY, compares_whole_values, field, values},
    schema::{FieldShape, Known, look_up},
};
use crate::{
    detector::DETECTORS,
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind, RightItem},
        operand::{Takes, Value},
        operator::Meaning,
    },
    number::Number,
    record::{Path, Root, Virtual},
};

/// Conditions that can never all be met.
#[derive(Debug)]
pub struct Clash<'a> {
    /// The field that they contradict each other about.
    pub path: Path,
    /// One of them.
    pub first: &'a Expr,
    /// Another one, which excludes it; nothing where it is impossible alone, or where only all of them together are.
    pub second: Option<&'a Expr>,
}

/// The first contradiction among conditions on one element of an `any`, or on the record.
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
            if let Some(path) = contrary_prefixes(first, second, base, lists) {
                return found(&path, *first, Some(*second));
            }
        }
    }
    for (at, literal) in literals.iter().enumerate() {
        let Some((path, candidates)) = candidates(literal.expr, literal.holds, base, lists) else { continue };
        if candidates.is_empty() {
            return found(&path, *literal, None);
        }
        let excluded = |candidate: &Value, by: &Literal| meets(by, &path, candidate, lists) == Some(false);
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

/// The values of which one must be at the path for the condition to be met; only where the path has one value.
pub fn candidates(expr: &Expr, holds: bool, base: Option<&[String]>, lists: &Lists) -> Option<(Path, Vec<Value>)> {
    match &expr.kind {
        ExprKind::Or(parts) if holds => alternatives(parts, holds, base, lists),
        ExprKind::And(parts) if !holds => alternatives(parts, holds, base, lists),
        ExprKind::Not(inner) => candidates(inner, !holds, base, lists),
        ExprKind::Compare(compare) => {
            let path = field(&compare.left.path);
            if let Some(domain) = domain(&path) {
                let test = |value: &Value| compares(compare, value, lists) != Some(!holds);
                return Some((path, domain.into_iter().filter(test).collect()));
            }
            if compares(compare, &Value::Null, lists)? == holds {
                // `= null` leaves one candidate; "not one of these values" leaves too many to try.
                return compare.presence().is_some().then(|| (path, vec![Value::Null]));
            }
            let equality = compares_whole_values(compare.operator) && !compare.operator.ignores_case;
            (equality && compare.presence().is_none() && is_single(&compare.left.path, base))
                .then(|| (path, values(&compare.right, lists).into_iter().flat_map(spellings).collect()))
                .filter(|(_, values): &(Path, Vec<Value>)| !values.is_empty())
        }
        ExprKind::Or(_) | ExprKind::And(_) | ExprKind::Any(..) | ExprKind::List { .. } => None,
    }
}

/// Whether the path reaches at most one value, which is not an object.
pub fn is_single(path: &Path, base: Option<&[String]>) -> bool {
    if path.is_computed() {
        return path.steps.is_empty();
    }
    let Some(keys) = condition::keys(path, base) else { return false };
    let single = |keys: &[String]| match look_up(keys) {
        Known::There { shape: FieldShape::Text | FieldShape::Flag, listed } => Some(listed),
        _ => None,
    };
    match (path.root, base) {
        // The list is above; the condition is on one element.
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

/// Whether they are one condition, which must hold and must not hold.
fn contradicts(first: &Literal, second: &Literal) -> bool {
    match (&first.expr.kind, &second.expr.kind) {
        (ExprKind::Compare(a), ExprKind::Compare(b)) => {
            let same = field(&a.left.path) == field(&b.left.path) && a.right == b.right;
            let [(meaning_a, case_a), (meaning_b, case_b)] =
                [a, b].map(|compare| (compare.operator.meaning, compare.operator.ignores_case));
            same && meaning_a == meaning_b
                && case_a == case_b
                && (first.holds != a.operator.negated) != (second.holds != b.operator.negated)
        }
        (a, b) => a == b && first.holds != second.holds,
    }
}

/// A field that the condition names.
fn any_path(expr: &Expr) -> Option<&Path> {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().find_map(any_path),
        ExprKind::Not(inner) => any_path(inner),
        ExprKind::Any(list, _) => Some(&list.path),
        ExprKind::Compare(compare) => Some(&compare.left.path),
        ExprKind::List { .. } => None,
    }
}

/// The path at which one text would need two prefixes, of which neither begins with the other.
fn contrary_prefixes(a: &Literal, b: &Literal, base: Option<&[String]>, lists: &Lists) -> Option<Path> {
    let prefixes = |literal: &Literal| match &literal.expr.kind {
        ExprKind::Compare(compare) if literal.holds && asks_prefix(compare) => {
            let texts = values(&compare.right, lists).into_iter().map(|value| match value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            });
            let texts: Vec<String> = texts.collect::<Option<_>>()?;
            (is_single(&compare.left.path, base) && !texts.is_empty()).then(|| (field(&compare.left.path), texts))
        }
        _ => None,
    };
    let ((path, a), (other, b)) = (prefixes(a)?, prefixes(b)?);
    let fits = |a: &String| b.iter().any(|b| a.starts_with(b.as_str()) || b.starts_with(a.as_str()));
    (path == other && !a.iter().any(fits)).then_some(path)
}

/// Whether the text must begin with an operand, case included.
fn asks_prefix(compare: &Compare) -> bool {
    match compare.operator.meaning {
        Meaning::Prefix => !compare.operator.ignores_case && !compare.operator.negated,
        Meaning::Equal
        | Meaning::Member
        | Meaning::Order(_)
        | Meaning::Suffix
        | Meaning::Substring
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => false,
    }
}

/// Whether the condition would be met if `value` were at the path; nothing if that does not decide it.
pub fn meets(literal: &Literal, path: &Path, value: &Value, lists: &Lists) -> Option<bool> {
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
        ExprKind::Compare(compare) if field(&compare.left.path) == *path => compares(compare, value, lists),
        ExprKind::Compare(_) | ExprKind::Any(..) | ExprKind::List { .. } => None,
    }
}

/// Whether the comparison holds for one value, or for none (`null`); nothing if that does not decide it.
fn compares(compare: &Compare, value: &Value, lists: &Lists) -> Option<bool> {
    if let Some(value_wanted) = compare.presence() {
        return Some(value_wanted == (*value != Value::Null));
    }
    if *value == Value::Null {
        return Some(compare.operator.negated);
    }
    let is_known = |item: &RightItem| match item {
        RightItem::Value(_) => true,
        // A list without values is one that users fill.
        RightItem::Named(list) => lists.get(&list.name).is_some_and(|values| !values.is_empty()),
        RightItem::Field(_) => false,
    };
    if compare.operator.takes == Takes::Accounts || !compare.right.items().iter().all(is_known) {
        return None;
    }
    let (wanted, scalar) = (values(&compare.right, lists), value.as_scalar());
    let tests = wanted.into_iter().map(|wanted| (compare.operator.compile)(wanted).map(|test| test(scalar)));
    let tests = tests.collect::<Result<Vec<bool>, _>>().ok()?;
    Some(tests.contains(&true) != compare.operator.negated)
}

/// The values of `event_type`.
pub fn event_types() -> impl Iterator<Item = &'static str> {
    ["cloudtrail", "insight"].into_iter().chain(DETECTORS.iter().map(|detector| detector.word))
}

/// All values that a field can have, where they are few.
fn domain(path: &Path) -> Option<Vec<Value>> {
    match path.root {
        _ if !path.steps.is_empty() => None,
        Root::Virtual(Virtual::EventType) => Some(event_types().map(text).collect()),
        Root::Virtual(Virtual::Result) => Some(["failure", "success"].map(text).to_vec()),
        Root::Virtual(Virtual::Hour(_)) => Some(numbers(0, 23)),
        Root::Virtual(Virtual::Weekday(_)) => Some(numbers(1, 7)),
        Root::Virtual(Virtual::MfaUsed) => Some(vec![Value::Null, Value::Bool(false), Value::Bool(true)]),
        _ => None,
    }
}

/// These numbers, or none.
fn numbers(first: i128, last: i128) -> Vec<Value> {
    [Value::Null].into_iter().chain((first..=last).map(|number| Value::Number(Number::Int(number)))).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The values of a record that equal the value.
fn spellings(value: &Value) -> Vec<Value> {
    let other = match value {
        Value::Null | Value::EmptyObject => None,
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
    use crate::{filter::Filter, lint::condition::all, record::Record};

    /// Conditions on fields of every kind: with one value, with several, computed, or with another name.
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
        r#"role = "A""#,
        "role = null",
        r#"result = "failure""#,
        r#"result != "success""#,
        "error exists",
        "hour < 12",
        "not hour < 12",
        "hour = null",
        "weekday in (1, 2)",
        "weekday = 7",
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
        let time = select(vec![Json::Null, json!("2026-03-01T23:30:00Z"), json!("2026-03-02T00:30:00Z")]);
        let texts = (text(), text(), text(), text(), text());
        (texts, flag(), list, flag(), insight, time, select(vec!["Role", "User"])).prop_map(
            |((name, error, one, two, user), read, parameter, mfa, category, time, issuer)| {
                json!({
                    "eventName": name, "errorCode": error, "readOnly": read, "requestParameters": {"a": parameter},
                    "resources": [{"type": one, "accountId": two}, {"type": two}], "eventCategory": category,
                    "eventTime": time, "userIdentity": {"userName": user, "sessionContext": {
                        "attributes": {"mfaAuthenticated": mfa}, "sessionIssuer": {"type": issuer, "userName": one},
                    }},
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// No record satisfies what is called impossible, and every record what is called certain.
        #[test]
        fn a_clash_is_sure(text in filters(), records in prop::collection::vec(records(), 20)) {
            let filter = Filter::parse(&text).unwrap();
            for holds in [true, false] {
                if clash(&all(filter.expr(), holds), None, &Lists::default()).is_some() {
                    for record in &records {
                        prop_assert_ne!(filter.matches(Record::new(record.clone()).unwrap().root()), holds, "{} on {}", text, record);
                    }
                }
            }
        }
    }

    /// The property above is not vacuous.
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

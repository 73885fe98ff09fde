//! Event patterns of EventBridge → conditions: "Comparison operators" in the EventBridge User Guide.

use serde_json::{Map, Value as Json};

use super::{
    field::path_of,
    pattern::fits,
    rewrite::{bare, compare, item, joined, not, text_right},
};
use crate::{
    filter::{
        ast::{Expr, ExprKind, Right},
        operand::Value,
        operator::{
            CIDR, ENDS_WITH, EQUAL, EXISTS, GREATER, GREATER_OR_EQUAL, IEQUALS, IN, LESS, LESS_OR_EQUAL, STARTS_WITH,
        },
    },
    number::Number,
    record::{Path, Step},
};

/// The condition on a record that a pattern has on the event around it.
pub fn condition(pattern: &Map<String, Json>) -> Option<Expr> {
    let mut parts = Vec::new();
    for (key, value) in pattern {
        match (key.as_str(), value) {
            ("detail", Json::Object(fields)) => parts.extend(fields_of(&mut Vec::new(), fields, 0)?),
            ("account", Json::Array(items)) => parts.push(any(&path(&["recipientAccountId"]), items)?),
            ("region", Json::Array(items)) => parts.push(any(&path(&["awsRegion"]), items)?),
            ("source" | "detail-type" | "version" | "id" | "time" | "resources", Json::Array(_)) => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| joined(parts, false))
}

fn path(keys: &[&str]) -> Path {
    path_of(keys.iter().map(|key| Step::Key((*key).to_owned())).collect(), false)
}

fn fields_of(above: &mut Vec<String>, fields: &Map<String, Json>, depth: usize) -> Option<Vec<Expr>> {
    if depth > 32 {
        return None;
    }
    let mut parts = Vec::new();
    for (key, value) in fields {
        match value {
            Json::Array(choices) if key == "$or" => {
                let choice = |one: &Json, above: &mut Vec<String>| {
                    Some(joined(fields_of(above, one.as_object()?, depth + 1)?, false))
                };
                let choices: Option<Vec<_>> = choices.iter().map(|one| choice(one, above)).collect();
                parts.push(joined(choices.filter(|choices| !choices.is_empty())?, true));
            }
            Json::Object(inner) => {
                above.push(key.clone());
                parts.extend(fields_of(above, inner, depth + 1)?);
                above.pop();
            }
            Json::Array(items) => {
                let keys: Vec<&str> = above.iter().map(String::as_str).chain([key.as_str()]).collect();
                parts.push(any(&path(&keys), items)?);
            }
            _ => return None,
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// That the field fits one of these.
fn any(path: &Path, items: &[Json]) -> Option<Expr> {
    let (mut values, mut parts) = (Vec::new(), Vec::new());
    for one in items {
        match one {
            Json::Object(matcher) => parts.push(by(path, matcher)?),
            Json::Null => parts.push(compare(path, &EQUAL, Right::One(item(Value::Null)))),
            one => values.push(scalar(one)?),
        }
    }
    match values.len() {
        0 => {}
        1 => parts.insert(0, compare(path, &EQUAL, Right::One(item(values.remove(0))))),
        _ => parts.insert(0, compare(path, &IN, Right::List(values.into_iter().map(item).collect()))),
    }
    (!parts.is_empty()).then(|| joined(parts, true))
}

fn scalar(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => Number::from_json(number).map(Value::Number),
        Json::Bool(value) => Some(Value::Bool(*value)),
        _ => None,
    }
}

/// `{"prefix": "a"}` and the like.
fn by(path: &Path, matcher: &Map<String, Json>) -> Option<Expr> {
    let (name, value) = matcher.iter().next().filter(|_| matcher.len() == 1)?;
    let text = value.as_str();
    match name.as_str() {
        "prefix" | "suffix" | "equals-ignore-case" | "cidr" => {
            let operator = match name.as_str() {
                "prefix" => &STARTS_WITH,
                "suffix" => &ENDS_WITH,
                "cidr" => &CIDR,
                _ => &IEQUALS,
            };
            Some(compare(path, operator, text_right(text?.to_owned())))
        }
        "wildcard" => Some(fits(path, text?, '*', false, false)),
        "exists" => Some(if value.as_bool()? {
            compare(path, &EXISTS, Right::Nothing)
        } else {
            compare(path, &EQUAL, Right::One(item(Value::Null)))
        }),
        "anything-but" => {
            let inner = match value {
                Json::Array(items) => any(path, items)?,
                Json::Object(matcher) => by(path, matcher)?,
                one => any(path, std::slice::from_ref(one))?,
            };
            // EventBridge asks for a value too.
            Some(bare(ExprKind::And(vec![compare(path, &EXISTS, Right::Nothing), not(inner)])))
        }
        "numeric" => {
            let limits: Option<Vec<Expr>> = value
                .as_array()?
                .chunks(2)
                .map(|limit| {
                    let [symbol, number] = limit else { return None };
                    let operator = match symbol.as_str()? {
                        "<" => &LESS,
                        "<=" => &LESS_OR_EQUAL,
                        ">" => &GREATER,
                        ">=" => &GREATER_OR_EQUAL,
                        "=" => &EQUAL,
                        _ => return None,
                    };
                    Some(compare(path, operator, Right::One(item(scalar(number)?))))
                })
                .collect();
            Some(joined(limits.filter(|limits| !limits.is_empty())?, false))
        }
        _ => None,
    }
}

//! One Sigma selection → a condition of a filter.
//!
//! Conditions are built as trees and never as text, so nothing that a rule holds can change what its filter means.

use super::{
    modifier::{Comparison, Modifiers, Place},
    pattern::{Pattern, Shape},
};
use crate::{
    diagnostic::{Span, shorten},
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right},
        operand::Value,
        operator::{self, Operator},
    },
    number::Number,
    record::{Path, Root, Step},
    yaml::{self, YamlKind, YamlNode},
};

/// The parts of a record that hold other fields: comparing one of them with a text is never true.
const BLOCKS: &[&str] = &[
    "userIdentity",
    "userIdentity.sessionContext",
    "userIdentity.sessionContext.sessionIssuer",
    "userIdentity.sessionContext.attributes",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "resources",
    "tlsDetails",
];

/// How many values a field may have: more are longer than a filter.
const MAX_VALUES: usize = 8192;

/// The condition that a selection is; the error is the reason why there is none.
pub fn selection(node: &YamlNode) -> Result<Expr, String> {
    const KEYWORDS: &str = "it searches the whole record for words, and a filter compares fields";
    match &node.kind {
        YamlKind::Map(entries) if entries.is_empty() => Err("it is empty".to_owned()),
        YamlKind::Map(entries) => entries
            .iter()
            .map(
                |(key, value)| {
                    if key.text.starts_with('|') { Err(KEYWORDS.to_owned()) } else { field(&key.text, value) }
                },
            )
            .collect::<Result<_, _>>()
            .map(and),
        YamlKind::List(items) if items.is_empty() => Err("it is empty".to_owned()),
        YamlKind::List(items) => items
            .iter()
            .map(|item| match item.kind {
                YamlKind::Map(_) => selection(item),
                _ => Err(KEYWORDS.to_owned()),
            })
            .collect::<Result<_, _>>()
            .map(or),
        YamlKind::Scalar(scalar) if scalar.is_null() => Err("it is empty".to_owned()),
        YamlKind::Scalar(_) | YamlKind::Broken => Err(KEYWORDS.to_owned()),
    }
}

/// All of them; at least one.
pub fn and(parts: Vec<Expr>) -> Expr {
    joined(parts, ExprKind::And, |kind| match kind {
        ExprKind::And(inner) => Ok(inner),
        other => Err(other),
    })
}

/// One of them; at least one.
pub fn or(parts: Vec<Expr>) -> Expr {
    joined(parts, ExprKind::Or, |kind| match kind {
        ExprKind::Or(inner) => Ok(inner),
        other => Err(other),
    })
}

/// Its complement.
pub fn not(inner: Expr) -> Expr {
    bare(ExprKind::Not(Box::new(inner)))
}

/// Without brackets that change nothing.
fn joined(
    parts: Vec<Expr>,
    join: fn(Vec<Expr>) -> ExprKind,
    same: fn(ExprKind) -> Result<Vec<Expr>, ExprKind>,
) -> Expr {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match same(part.kind) {
            Ok(inner) => flat.extend(inner),
            Err(kind) => flat.push(bare(kind)),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        last => {
            flat.extend(last);
            bare(join(flat))
        }
    }
}

fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// `name|modifier: value` or `name|modifier: [values]`.
fn field(key: &str, node: &YamlNode) -> Result<Expr, String> {
    let mut words = key.split('|');
    let name = words.next().unwrap_or_default();
    condition(name, words, node).map_err(|reason| format!("`{}`: {reason}", shorten(key)))
}

fn condition<'a>(name: &str, words: impl Iterator<Item = &'a str>, node: &YamlNode) -> Result<Expr, String> {
    let field = Field { name, path: path(name)? };
    let modifiers = Modifiers::read(words)?;
    let values: Vec<&YamlNode> = match &node.kind {
        YamlKind::List(items) if items.is_empty() => return Err("its list of values is empty".to_owned()),
        YamlKind::List(items) if items.len() > MAX_VALUES => {
            return Err(format!("it has {} values, more than {MAX_VALUES}", items.len()));
        }
        YamlKind::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    let values = values.into_iter().map(written).collect::<Result<Vec<_>, _>>()?;
    if modifiers.all {
        let each = values.iter().map(|value| {
            let mut tests = Tests::default();
            tests.add(&field, &modifiers, value)?;
            Ok(tests.expr(&field))
        });
        return each.collect::<Result<_, _>>().map(and);
    }
    let mut tests = Tests::default();
    for value in &values {
        tests.add(&field, &modifiers, value)?;
    }
    let expr = tests.expr(&field);
    Ok(if modifiers.negated { not(expr) } else { expr })
}

struct Field<'a> {
    name: &'a str,
    path: Path,
}

/// A field's name is a path into the raw record.
pub fn path(name: &str) -> Result<Path, String> {
    let mut steps = Vec::new();
    for segment in name.split('.') {
        let index = segment.strip_suffix(']').and_then(|segment| segment.split_once('['));
        let (key, index) = match index.map(|(key, digits)| (key, digits.parse())) {
            Some((key, Ok(index))) => (key, Some(index)),
            _ => (segment, None),
        };
        if key.is_empty() || key.contains(['`', '\n', '\r']) {
            return Err("no field can have this name".to_owned());
        }
        steps.push(Step::Key(key.to_owned()));
        steps.extend(index.map(Step::Index));
    }
    Ok(Path { root: Root::Record, steps })
}

/// A value as it is written in YAML.
#[derive(Clone, Debug, PartialEq)]
enum Written {
    Null,
    Bool(bool),
    Number(Number, String),
    Text(String),
}

fn written(node: &YamlNode) -> Result<Written, String> {
    match &node.kind {
        YamlKind::Scalar(scalar) => scalar_value(scalar),
        _ => Err("its value is neither one value nor a list of values".to_owned()),
    }
}

fn scalar_value(scalar: &yaml::Scalar) -> Result<Written, String> {
    if scalar.is_null() {
        return Ok(Written::Null);
    }
    let plain = scalar.plain().unwrap_or_default();
    match plain {
        "true" | "True" | "TRUE" => return Ok(Written::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Written::Bool(false)),
        _ => {}
    }
    let digits = plain.strip_prefix('-').unwrap_or(plain);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{plain}` is read as different numbers by different programs: quote it"));
    }
    Ok(match Number::parse(plain) {
        Some(number) => Written::Number(number, plain.to_owned()),
        None => Written::Text(scalar.text.clone()),
    })
}

impl Written {
    fn text(&self) -> Result<&str, String> {
        match self {
            Written::Text(text) | Written::Number(_, text) => Ok(text),
            Written::Bool(true) => Ok("true"),
            Written::Bool(false) => Ok("false"),
            Written::Null => Err("null is no text".to_owned()),
        }
    }
}

/// Tests of one field of which one must hold; values that share an operator stand together.
#[derive(Default)]
struct Tests {
    null: bool,
    exists: bool,
    groups: Vec<(&'static Operator, Vec<Value>)>,
    fields: Vec<(&'static Operator, Path)>,
}

impl Tests {
    fn add(&mut self, field: &Field, modifiers: &Modifiers, value: &Written) -> Result<(), String> {
        match &modifiers.compare {
            Comparison::Equals => match value {
                Written::Null => self.null = true,
                Written::Bool(value) => self.push(&operator::EQUAL, Value::Bool(*value)),
                Written::Number(number, _) => self.push(&operator::EQUAL, Value::Number(*number)),
                Written::Text(text) => self.add_pattern(field, &Pattern::parse(text), modifiers.cased)?,
            },
            Comparison::Text(place) => {
                let pattern = Pattern::parse(value.text()?);
                let pattern = match place {
                    Place::Start => pattern.before_anything(),
                    Place::End => pattern.after_anything(),
                    Place::Inside => pattern.after_anything().before_anything(),
                };
                self.add_pattern(field, &pattern, modifiers.cased)?;
            }
            Comparison::Regex(flags) => {
                let pattern = value.text()?;
                if pattern.contains(['\n', '\r']) {
                    return Err("its regular expression has a line break".to_owned());
                }
                let flags = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
                self.push(&operator::MATCHES, Value::Text(flags + pattern));
            }
            Comparison::Cidr => self.push(&operator::CIDR, Value::Text(value.text()?.to_owned())),
            Comparison::Exists => match value.text()?.to_ascii_lowercase().as_str() {
                "true" | "yes" => self.exists = true,
                "false" | "no" => self.null = true,
                _ => return Err("`exists` takes true or false".to_owned()),
            },
            Comparison::Order(operator) => match value {
                Written::Number(number, _) => self.push(operator, Value::Number(*number)),
                _ => match value.text().ok().and_then(Number::parse_canonical) {
                    Some(number) => self.push(operator, Value::Number(number)),
                    None => return Err("its value is not a number".to_owned()),
                },
            },
            Comparison::Field(place) => {
                let operator = match (place, modifiers.cased) {
                    (None, _) => &operator::EQUAL,
                    (Some(Place::Start), false) => &operator::ISTARTS_WITH,
                    (Some(Place::Start), true) => &operator::STARTS_WITH,
                    (Some(Place::End), false) => &operator::IENDS_WITH,
                    (Some(Place::End), true) => &operator::ENDS_WITH,
                    (Some(Place::Inside), false) => &operator::ICONTAINS,
                    (Some(Place::Inside), true) => &operator::CONTAINS,
                };
                self.fields.push((operator, path(value.text()?)?));
            }
        }
        Ok(())
    }

    fn add_pattern(&mut self, field: &Field, pattern: &Pattern, cased: bool) -> Result<(), String> {
        let shape = pattern.shape();
        if shape == Shape::Anything {
            self.exists = true;
            return Ok(());
        }
        if BLOCKS.contains(&field.name) {
            return Err("it is a block of fields, which has no text of its own: name the field inside".to_owned());
        }
        let cased = cased || !pattern.has_case() || is_spelling_of_aws(field.name, &shape);
        if shape == Shape::Mixed || !cased && pattern.has_foreign_case() {
            self.push(&operator::MATCHES, Value::Text(pattern.regex(!cased)));
            return Ok(());
        }
        let (operator, text) = match (shape, cased) {
            (Shape::Equals(text), true) => (&operator::EQUAL, text),
            (Shape::Equals(text), false) => {
                // Booleans are no text, and Sigma's rules write them as one.
                match text.to_ascii_lowercase().as_str() {
                    "true" => self.push(&operator::EQUAL, Value::Bool(true)),
                    "false" => self.push(&operator::EQUAL, Value::Bool(false)),
                    _ => {}
                }
                (&operator::IEQUALS, text)
            }
            (Shape::StartsWith(text), true) => (&operator::STARTS_WITH, text),
            (Shape::StartsWith(text), false) => (&operator::ISTARTS_WITH, text),
            (Shape::EndsWith(text), true) => (&operator::ENDS_WITH, text),
            (Shape::EndsWith(text), false) => (&operator::IENDS_WITH, text),
            (Shape::Contains(text), true) => (&operator::CONTAINS, text),
            (Shape::Contains(text), false) => (&operator::ICONTAINS, text),
            (Shape::Anything | Shape::Mixed, _) => return Ok(()),
        };
        self.push(operator, Value::Text(text.to_owned()));
        Ok(())
    }

    fn push(&mut self, operator: &'static Operator, value: Value) {
        match self.groups.iter_mut().find(|(known, _)| *known == operator) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => self.groups.push((operator, vec![value])),
        }
    }

    fn expr(self, field: &Field) -> Expr {
        let mut parts = Vec::new();
        if self.null {
            parts.push(compare(field, &operator::EQUAL, Right::Value(operand(Value::Null))));
        }
        if self.exists {
            parts.push(compare(field, &operator::EXISTS, Right::Nothing));
        }
        for (operator, values) in self.groups {
            parts.extend(group(field, operator, values));
        }
        for (operator, other) in self.fields {
            parts.push(compare(field, operator, Right::Field(other.into())));
        }
        or(parts)
    }
}

/// One comparison, with a list where the operator takes one.
fn group(field: &Field, operator: &'static Operator, values: Vec<Value>) -> Vec<Expr> {
    let operands: Vec<Operand> = values.into_iter().map(operand).collect();
    let many = if *operator == operator::EQUAL { &operator::IN } else { operator };
    if operands.len() > 1 && many.takes.list() {
        return vec![compare(field, many, Right::List(operands))];
    }
    operands.into_iter().map(|operand| compare(field, operator, Right::Value(operand))).collect()
}

fn operand(value: Value) -> Operand {
    Operand { value, span: Span::default() }
}

fn compare(field: &Field, operator: &'static Operator, right: Right) -> Expr {
    let left = field.path.clone().into();
    bare(ExprKind::Compare(Compare { left, operator, operator_span: Span::default(), right }))
}

/// CloudTrail writes the names of sources and events in one spelling only; a test for that spelling needs no regard to
/// other cases, and the index can use it.
fn is_spelling_of_aws(name: &str, shape: &Shape<'_>) -> bool {
    let (Shape::Equals(text) | Shape::StartsWith(text)) = *shape else { return false };
    match name {
        "eventName" => {
            text.starts_with(|c: char| c.is_ascii_uppercase())
                && text.contains(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        }
        "eventSource" => {
            text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
        }
        _ => false,
    }
}

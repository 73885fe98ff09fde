//! The tests of one field of a Sigma selection, by its modifiers and the wildcards of its values.

use super::{
    expr::{compare, operand, or},
    field::{FieldError, SigmaField, SigmaValue, path},
    modifier::{Comparison, Modifiers, TextPosition},
    pattern::{Pattern, PatternShape},
};
use crate::{
    filter::{
        ast::{Expr, Right, RightItem},
        operand::Value,
        operator::{self, Operator},
    },
    number::Number,
    record::Path,
};

/// The parts of a record that contain other fields: a comparison with text is never true.
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

/// The alternative tests of one field; values with the same operator are grouped.
#[derive(Default)]
pub struct FieldTests {
    null: bool,
    exists: bool,
    groups: Vec<(&'static Operator, Vec<Value>)>,
    fields: Vec<(&'static Operator, Path)>,
}

impl FieldTests {
    /// Adds the test for one value.
    ///
    /// # Errors
    ///
    /// If the value does not suit the modifiers or the field.
    pub fn add(&mut self, field: &SigmaField, modifiers: &Modifiers, value: &SigmaValue) -> Result<(), FieldError> {
        match &modifiers.compare {
            Comparison::Equals => match value {
                SigmaValue::Null => self.null = true,
                SigmaValue::Bool(value) => self.push(&operator::EQUAL, Value::Bool(*value)),
                SigmaValue::Number(number, _) => self.push(&operator::EQUAL, Value::Number(*number)),
                SigmaValue::Text(text) => self.add_pattern(field, &Pattern::parse(text), modifiers.cased)?,
            },
            Comparison::Text(position) => {
                let pattern = Pattern::parse(value.text()?);
                let pattern = match position {
                    TextPosition::Start => pattern.before_anything(),
                    TextPosition::End => pattern.after_anything(),
                    TextPosition::Inside => pattern.after_anything().before_anything(),
                };
                self.add_pattern(field, &pattern, modifiers.cased)?;
            }
            Comparison::Regex(flags) => {
                let pattern = value.text()?;
                if pattern.contains(['\n', '\r']) {
                    return Err(FieldError::LineBreak);
                }
                let flags = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
                self.push(&operator::MATCHES, Value::Text(flags + pattern));
            }
            Comparison::Cidr => self.push(&operator::CIDR, Value::Text(value.text()?.to_owned())),
            Comparison::Exists => match value.text()?.to_ascii_lowercase().as_str() {
                "true" | "yes" => self.exists = true,
                "false" | "no" => self.null = true,
                _ => return Err(FieldError::NotBoolean),
            },
            Comparison::Order(operator) => match value {
                SigmaValue::Number(number, _) => self.push(operator, Value::Number(*number)),
                _ => match value.text().ok().and_then(Number::parse_canonical) {
                    Some(number) => self.push(operator, Value::Number(number)),
                    None => return Err(FieldError::NotNumber),
                },
            },
            Comparison::Field(position) => {
                let operator = match (position, modifiers.cased) {
                    (None, _) => &operator::EQUAL,
                    (Some(TextPosition::Start), false) => &operator::ISTARTS_WITH,
                    (Some(TextPosition::Start), true) => &operator::STARTS_WITH,
                    (Some(TextPosition::End), false) => &operator::IENDS_WITH,
                    (Some(TextPosition::End), true) => &operator::ENDS_WITH,
                    (Some(TextPosition::Inside), false) => &operator::ICONTAINS,
                    (Some(TextPosition::Inside), true) => &operator::CONTAINS,
                };
                self.fields.push((operator, path(value.text()?)?));
            }
        }
        Ok(())
    }

    fn add_pattern(&mut self, field: &SigmaField, pattern: &Pattern, cased: bool) -> Result<(), FieldError> {
        let shape = pattern.shape();
        if shape == PatternShape::Anything {
            self.exists = true;
            return Ok(());
        }
        if BLOCKS.contains(&field.name) {
            return Err(FieldError::Block);
        }
        let cased = cased || !pattern.has_case() || is_spelling_of_aws(field.name, &shape);
        if shape == PatternShape::Mixed || !cased && pattern.has_foreign_case() {
            self.push(&operator::MATCHES, Value::Text(pattern.regex(!cased)));
            return Ok(());
        }
        let (operator, text) = match (shape, cased) {
            (PatternShape::Equals(text), true) => (&operator::EQUAL, text),
            (PatternShape::Equals(text), false) => {
                // Sigma rules write booleans as text.
                match text.to_ascii_lowercase().as_str() {
                    "true" => self.push(&operator::EQUAL, Value::Bool(true)),
                    "false" => self.push(&operator::EQUAL, Value::Bool(false)),
                    _ => {}
                }
                (&operator::IEQUALS, text)
            }
            (PatternShape::StartsWith(text), true) => (&operator::STARTS_WITH, text),
            (PatternShape::StartsWith(text), false) => (&operator::ISTARTS_WITH, text),
            (PatternShape::EndsWith(text), true) => (&operator::ENDS_WITH, text),
            (PatternShape::EndsWith(text), false) => (&operator::IENDS_WITH, text),
            (PatternShape::Contains(text), true) => (&operator::CONTAINS, text),
            (PatternShape::Contains(text), false) => (&operator::ICONTAINS, text),
            (PatternShape::Anything | PatternShape::Mixed, _) => return Ok(()),
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

    /// The disjunction of the tests.
    pub fn expr(self, field: &SigmaField) -> Expr {
        let mut parts = Vec::new();
        if self.null {
            parts.push(compare(&field.path, &operator::EQUAL, Right::One(operand(Value::Null))));
        }
        if self.exists {
            parts.push(compare(&field.path, &operator::EXISTS, Right::Nothing));
        }
        for (operator, values) in self.groups {
            parts.extend(group(field, operator, values));
        }
        for (operator, other) in self.fields {
            parts.push(compare(&field.path, operator, Right::One(RightItem::Field(other.into()))));
        }
        or(parts)
    }
}

/// One comparison with a list if the operator takes lists, or else one for each value.
fn group(field: &SigmaField, operator: &'static Operator, values: Vec<Value>) -> Vec<Expr> {
    let operands: Vec<RightItem> = values.into_iter().map(operand).collect();
    let many = if *operator == operator::EQUAL { &operator::IN } else { operator };
    if operands.len() > 1 && many.takes.list() {
        return vec![compare(&field.path, many, Right::List(operands))];
    }
    operands.into_iter().map(|operand| compare(&field.path, operator, Right::One(operand))).collect()
}

/// Whether the text is in the only spelling in which CloudTrail writes names of sources and events. A test for it can be
/// case-sensitive, and the index can use it.
fn is_spelling_of_aws(name: &str, shape: &PatternShape<'_>) -> bool {
    let (PatternShape::Equals(text) | PatternShape::StartsWith(text)) = *shape else { return false };
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

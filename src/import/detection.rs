//! A Sigma selection → a condition of a filter.

use thiserror::Error;

use super::{
    expr::{and, not, or},
    field::{FieldError, MAX_VALUES, SigmaField, path, value},
    field_test::FieldTests,
    modifier::Modifiers,
};
use crate::{
    diagnostic::shorten,
    filter::ast::Expr,
    yaml::{YamlKind, YamlNode},
};

/// Why a selection cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectionError {
    /// Nothing to compare.
    #[error("it is empty")]
    Empty,
    /// Words without a field.
    #[error("it searches the whole record for words, and a filter compares fields")]
    Keywords,
    /// One of its fields.
    #[error("`{key}`")]
    Field {
        /// The field with its modifiers, shortened.
        key: String,
        /// Why.
        #[source]
        source: FieldError,
    },
}

/// The condition of a selection.
///
/// # Errors
///
/// If a filter cannot express the selection.
pub fn selection(node: &YamlNode) -> Result<Expr, SelectionError> {
    match &node.kind {
        YamlKind::Map(entries) if entries.is_empty() => Err(SelectionError::Empty),
        YamlKind::Map(entries) => entries
            .iter()
            .map(
                |(key, value)| {
                    if key.text.starts_with('|') { Err(SelectionError::Keywords) } else { field(&key.text, value) }
                },
            )
            .collect::<Result<_, _>>()
            .map(and),
        YamlKind::List(items) if items.is_empty() => Err(SelectionError::Empty),
        YamlKind::List(items) => items
            .iter()
            .map(|item| match item.kind {
                YamlKind::Map(_) => selection(item),
                _ => Err(SelectionError::Keywords),
            })
            .collect::<Result<_, _>>()
            .map(or),
        YamlKind::Scalar(scalar) if scalar.is_null() => Err(SelectionError::Empty),
        YamlKind::Scalar(_) | YamlKind::Broken => Err(SelectionError::Keywords),
    }
}

/// `name|modifier: value` or `name|modifier: [values]`.
fn field(key: &str, node: &YamlNode) -> Result<Expr, SelectionError> {
    let mut words = key.split('|');
    let name = words.next().unwrap_or_default();
    condition(name, words, node).map_err(|source| SelectionError::Field { key: shorten(key), source })
}

fn condition<'a>(name: &str, words: impl Iterator<Item = &'a str>, node: &YamlNode) -> Result<Expr, FieldError> {
    let field = SigmaField { name, path: path(name)? };
    let modifiers = Modifiers::read(words)?;
    let values: Vec<&YamlNode> = match &node.kind {
        YamlKind::List(items) if items.is_empty() => return Err(FieldError::NoValues),
        YamlKind::List(items) if items.len() > MAX_VALUES => {
            return Err(FieldError::TooManyValues(items.len()));
        }
        YamlKind::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    let values = values.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
    if modifiers.all {
        let each = values.iter().map(|value| {
            let mut tests = FieldTests::default();
            tests.add(&field, &modifiers, value)?;
            Ok(tests.expr(&field))
        });
        return each.collect::<Result<_, _>>().map(and);
    }
    let mut tests = FieldTests::default();
    for value in &values {
        tests.add(&field, &modifiers, value)?;
    }
    let expr = tests.expr(&field);
    Ok(if modifiers.negated { not(expr) } else { expr })
}

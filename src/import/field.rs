//! A field of a Sigma selection, and its values.

use thiserror::Error;

use super::modifier::ModifierError;
use crate::{
    number::Number,
    record::{Path, Root, Step},
    yaml::{self, YamlKind, YamlNode},
};

/// A field of a selection.
pub struct SigmaField<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is in a record.
    pub path: Path,
}

/// How many values a field may have: more are longer than a filter.
pub const MAX_VALUES: usize = 8192;

/// Why a field of a selection cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FieldError {
    /// One of its modifiers.
    #[error(transparent)]
    Modifier(#[from] ModifierError),
    /// A name that is not a path.
    #[error("no field can have this name")]
    Name,
    /// An empty list.
    #[error("its list of values is empty")]
    NoValues,
    /// More than [`MAX_VALUES`].
    #[error("it has {0} values, more than {MAX_VALUES}")]
    TooManyValues(usize),
    /// A value that is a map or a list in a list.
    #[error("its value is neither a single value nor a list of values")]
    NotScalar,
    /// A number that YAML 1.1 and YAML 1.2 read differently.
    #[error("programs read `{0}` as different numbers: quote it")]
    LeadingZero(String),
    /// Null in the place of text.
    #[error("null is not text")]
    NullText,
    /// A regular expression that does not fit in a line of a filter.
    #[error("its regular expression has a line break")]
    LineBreak,
    /// A value of `exists` that is not a boolean.
    #[error("`exists` takes true or false")]
    NotBoolean,
    /// A value of `lt` and the like that is not a number.
    #[error("its value is not a number")]
    NotNumber,
    /// A text compared with an object.
    #[error("it is a block of fields and has no text: name the field inside it")]
    Block,
}

/// The path into the raw record that a field's name is.
///
/// # Errors
///
/// If no field can have the name.
pub fn path(name: &str) -> Result<Path, FieldError> {
    let mut steps = Vec::new();
    for segment in name.split('.') {
        let index = segment.strip_suffix(']').and_then(|segment| segment.split_once('['));
        let (key, index) = match index.map(|(key, digits)| (key, digits.parse())) {
            Some((key, Ok(index))) => (key, Some(index)),
            _ => (segment, None),
        };
        if key.is_empty() || key.contains(['`', '\n', '\r']) {
            return Err(FieldError::Name);
        }
        steps.push(Step::Key(key.to_owned()));
        steps.extend(index.map(Step::Index));
    }
    Ok(Path { root: Root::Record, steps })
}

/// A value of a field, as YAML writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum SigmaValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, and its text.
    Number(Number, String),
    /// Any other text.
    Text(String),
}

/// Reads a value.
///
/// # Errors
///
/// If it is not a scalar, or programs read it differently.
pub fn value(node: &YamlNode) -> Result<SigmaValue, FieldError> {
    match &node.kind {
        YamlKind::Scalar(scalar) => scalar_value(scalar),
        _ => Err(FieldError::NotScalar),
    }
}

fn scalar_value(scalar: &yaml::Scalar) -> Result<SigmaValue, FieldError> {
    if scalar.is_null() {
        return Ok(SigmaValue::Null);
    }
    let plain = scalar.plain().unwrap_or_default();
    match plain {
        "true" | "True" | "TRUE" => return Ok(SigmaValue::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(SigmaValue::Bool(false)),
        _ => {}
    }
    let digits = plain.strip_prefix('-').unwrap_or(plain);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FieldError::LeadingZero(plain.to_owned()));
    }
    Ok(match Number::parse(plain) {
        Some(number) => SigmaValue::Number(number, plain.to_owned()),
        None => SigmaValue::Text(scalar.text.clone()),
    })
}

impl SigmaValue {
    /// The value as text.
    ///
    /// # Errors
    ///
    /// If it is null.
    pub fn text(&self) -> Result<&str, FieldError> {
        match self {
            SigmaValue::Text(text) | SigmaValue::Number(_, text) => Ok(text),
            SigmaValue::Bool(true) => Ok("true"),
            SigmaValue::Bool(false) => Ok("false"),
            SigmaValue::Null => Err(FieldError::NullText),
        }
    }
}

//! The modifiers after the `|` of a Sigma field.
//!
//! They are those of "Sigma Modifiers", an appendix of the Sigma specification. A modifier that has no meaning for a CloudTrail
//! record is an error with its reason; none is ignored.

use thiserror::Error;

use super::name::suggestion;
use crate::{
    diagnostic::shorten,
    filter::operator::{self, Operator},
};

/// The meaning of all modifiers of a field.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// How the field is compared.
    pub compare: Comparison,
    /// Whether every value must match, rather than one of them.
    pub all: bool,
    /// Whether case counts.
    pub cased: bool,
    /// Whether no value may match.
    pub negated: bool,
}

/// How a field is compared with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// As a text, a number or a boolean, for equality.
    #[default]
    Equals,
    /// With a part of the text.
    Text(TextPosition),
    /// With a regular expression, and its flags.
    Regex(String),
    /// With a network.
    Cidr,
    /// For presence: the value is whether the field must be present.
    Exists,
    /// As a number, by this operator.
    Order(&'static Operator),
    /// With another field: equality, or a part of the text.
    Field(Option<TextPosition>),
}

/// Why modifiers cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModifierError {
    /// `neq` with `all`.
    #[error("the modifiers `neq` and `all` have no defined meaning together")]
    NegatedAll,
    /// A modifier without a meaning here.
    #[error("the modifier `{word}` {why}")]
    Unsupported {
        /// The modifier.
        word: String,
        /// The reason.
        why: &'static str,
    },
    /// A modifier that does not exist.
    #[error("there is no modifier `{word}`{suggestion}")]
    Unknown {
        /// The modifier, shortened.
        word: String,
        /// As [`suggestion`] returns it.
        suggestion: String,
    },
}

/// The position of a part in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPosition {
    /// At its start.
    Start,
    /// At its end.
    End,
    /// Anywhere.
    Inside,
}

const KNOWN: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "all",
    "cased",
    "neq",
    "exists",
    "re",
    "cidr",
    "lt",
    "lte",
    "gt",
    "gte",
    "fieldref",
];

impl Modifiers {
    /// Reads the modifiers in the order in which they are written.
    ///
    /// # Errors
    ///
    /// If a modifier is unknown, or a filter cannot express it.
    pub fn read<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, ModifierError> {
        let mut modifiers = Self::default();
        for word in words {
            match word {
                "all" => modifiers.all = true,
                "cased" => modifiers.cased = true,
                "neq" => modifiers.negated = true,
                _ => modifiers.compare = modifiers.compare.with(word)?,
            }
        }
        if modifiers.negated && modifiers.all {
            return Err(ModifierError::NegatedAll);
        }
        Ok(modifiers)
    }
}

impl Comparison {
    fn with(self, word: &str) -> Result<Self, ModifierError> {
        let position = match word {
            "contains" => Some(TextPosition::Inside),
            "startswith" => Some(TextPosition::Start),
            "endswith" => Some(TextPosition::End),
            _ => None,
        };
        let order = match word {
            "lt" => Some(&operator::LESS),
            "lte" => Some(&operator::LESS_OR_EQUAL),
            "gt" => Some(&operator::GREATER),
            "gte" => Some(&operator::GREATER_OR_EQUAL),
            _ => None,
        };
        match (self, word) {
            (Comparison::Equals, _) if position.is_some() => Ok(position.map_or(Comparison::Equals, Comparison::Text)),
            (Comparison::Equals, _) if order.is_some() => Ok(order.map_or(Comparison::Equals, Comparison::Order)),
            (Comparison::Equals, "re") => Ok(Comparison::Regex(String::new())),
            (Comparison::Equals, "cidr") => Ok(Comparison::Cidr),
            (Comparison::Equals, "exists") => Ok(Comparison::Exists),
            (Comparison::Equals, "fieldref") => Ok(Comparison::Field(None)),
            (Comparison::Text(position), "fieldref") => Ok(Comparison::Field(Some(position))),
            (Comparison::Field(None), _) if position.is_some() => Ok(Comparison::Field(position)),
            (Comparison::Regex(flags), "i" | "m" | "s") => Ok(Comparison::Regex(flags + word)),
            (_, word) => Err(unsupported(word)),
        }
    }
}

fn unsupported(word: &str) -> ModifierError {
    let why = match word {
        "windash" => "is for Windows command lines",
        "base64" | "base64offset" | "utf16" | "utf16le" | "utf16be" | "wide" => {
            "is for encoded text, which CloudTrail does not have"
        }
        "expand" => "is for placeholders, which another program fills in: write the values themselves",
        "minute" | "hour" | "day" | "week" | "month" | "year" => "compares a part of a time, and no operator does",
        "i" | "m" | "s" => "is only valid after `re`",
        _ if KNOWN.contains(&word) => "cannot be combined with the one before it",
        _ => {
            let suggestion = suggestion(word, KNOWN.iter().copied());
            return ModifierError::Unknown { word: shorten(word), suggestion };
        }
    };
    ModifierError::Unsupported { word: word.to_owned(), why }
}

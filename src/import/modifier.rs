//! What stands behind the `|` of a Sigma field.
//!
//! The list is that of "Sigma Modifiers", an appendix of the Sigma specification. One that has no meaning for a CloudTrail
//! record is an error with its reason, never passed over.

use super::likely;
use crate::{
    diagnostic::shorten,
    filter::operator::{self, Operator},
};

/// What the modifiers of a field say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// How the field is compared.
    pub compare: Comparison,
    /// Whether every value must hold, not one of them.
    pub all: bool,
    /// Whether case counts.
    pub cased: bool,
    /// Whether no value may hold.
    pub negated: bool,
}

/// How a field is compared with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// As a text, a number or a boolean.
    #[default]
    Equals,
    /// With a part of the text.
    Text(Place),
    /// With a regular expression, and its flags.
    Regex(String),
    /// With a network.
    Cidr,
    /// With nothing: the value says whether there must be one.
    Exists,
    /// As a number, by this operator.
    Order(&'static Operator),
    /// With another field: a part of its text, or all of it.
    Field(Option<Place>),
}

/// Where in a text a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At its beginning.
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
    /// Reads them in the order in which they are written; the error is the reason why they cannot be followed.
    pub fn read<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
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
            return Err("the modifiers `neq` and `all` have no agreed meaning together".to_owned());
        }
        Ok(modifiers)
    }
}

impl Comparison {
    fn with(self, word: &str) -> Result<Self, String> {
        let place = match word {
            "contains" => Some(Place::Inside),
            "startswith" => Some(Place::Start),
            "endswith" => Some(Place::End),
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
            (Comparison::Equals, _) if place.is_some() => Ok(place.map_or(Comparison::Equals, Comparison::Text)),
            (Comparison::Equals, _) if order.is_some() => Ok(order.map_or(Comparison::Equals, Comparison::Order)),
            (Comparison::Equals, "re") => Ok(Comparison::Regex(String::new())),
            (Comparison::Equals, "cidr") => Ok(Comparison::Cidr),
            (Comparison::Equals, "exists") => Ok(Comparison::Exists),
            (Comparison::Equals, "fieldref") => Ok(Comparison::Field(None)),
            (Comparison::Text(place), "fieldref") => Ok(Comparison::Field(Some(place))),
            (Comparison::Field(None), _) if place.is_some() => Ok(Comparison::Field(place)),
            (Comparison::Regex(flags), "i" | "m" | "s") => Ok(Comparison::Regex(flags + word)),
            (_, word) => Err(refused(word)),
        }
    }
}

fn refused(word: &str) -> String {
    let why = match word {
        "windash" => "is for command lines of Windows",
        "base64" | "base64offset" | "utf16" | "utf16le" | "utf16be" | "wide" => {
            "is for encoded texts, which CloudTrail does not have"
        }
        "expand" => "is for placeholders, which are filled in somewhere else: write the values out",
        "minute" | "hour" | "day" | "week" | "month" | "year" => "takes a time apart, and no operator does",
        "i" | "m" | "s" => "stands only behind `re`",
        _ if KNOWN.contains(&word) => "cannot be combined with the one before it",
        _ => match likely(word, KNOWN.iter().copied()) {
            Some(known) => return format!("there is no modifier `{}`: did you mean `{known}`?", shorten(word)),
            None => return format!("there is no modifier `{}`", shorten(word)),
        },
    };
    format!("the modifier `{word}` {why}")
}

//! The events around one event: those near it in time that have values in common with it.

use std::fmt;

use jiff::SignedDuration;
use thiserror::Error;

use super::{
    condition::Condition,
    dialect::{Dialect, literal},
    translate::Translator,
    value::{Item, Values},
};
use crate::{
    record::{Path, Root, Virtual},
    rule::show_duration,
};

/// One event, and which others are around it.
#[derive(Clone, Debug)]
pub struct Around {
    /// Its `eventID`.
    pub id: String,
    /// How long before and after it the others are.
    pub within: SignedDuration,
    /// The fields of which the others have its values; none for its access key or, if it has none, its principal.
    pub same: Vec<Path>,
}

/// A query cannot compare a field of two events.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AroundError {
    /// The table does not have it, and why.
    #[error("events cannot have `{0}` in common: {1}")]
    Unknown(Path, String),
    /// It can have several values.
    #[error(
        "events cannot have `{0}` in common, which can have several values: name fields such as `accessKey`, `principal`, \
         `ip` or `session`"
    )]
    Several(Path),
}

/// The event as a table of one row, and the condition that another event is around it.
pub struct Anchor {
    /// What the row has: an expression and its name each.
    pub columns: Vec<String>,
    /// Whether another event is around it.
    pub agrees: Condition,
}

/// The name of the table with the event.
pub const ANCHOR: &str = "anchor";

impl Around {
    /// The anchor in a dialect; what takes long to compute is added to the columns of `translator`.
    ///
    /// # Errors
    ///
    /// If events cannot have one of the fields in common.
    pub fn anchor(&self, dialect: Dialect, translator: &mut Translator) -> Result<Anchor, AroundError> {
        let time = dialect.time("eventtime");
        let mut anchor = Anchor { columns: vec![format!("{time} AS anchor_time")], agrees: Condition::Always };
        let seconds = format!("INTERVAL {} SECOND", literal(&self.within.as_secs().to_string()));
        // An event whose time is unknown is in every period.
        let near = format!(
            "COALESCE({time} BETWEEN anchor_time - {seconds} AND anchor_time + {seconds}, anchor_time IS NOT NULL)"
        );
        let same = if self.same.is_empty() {
            let short = |field| Path { root: Root::Virtual(field), steps: Vec::new() };
            let key = anchor.same(&short(Virtual::AccessKey), translator)?;
            let principal = anchor.same(&short(Virtual::Principal), translator)?;
            Condition::any_of([key, Condition::all([Condition::Missing("anchor_1".to_owned()), principal])])
        } else {
            let each: Result<Vec<_>, _> = self.same.iter().map(|path| anchor.same(path, translator)).collect();
            Condition::all(each?)
        };
        anchor.agrees = Condition::all([near.into(), same]);
        Ok(anchor)
    }
}

impl Around {
    /// The arguments of `trailbell search` for the same.
    pub fn arguments(&self) -> Vec<String> {
        let mut out = vec!["--around".to_owned(), self.id.clone(), "--within".to_owned(), show_duration(self.within)];
        if !self.same.is_empty() {
            out.extend(["--same".to_owned(), self.names().join(",")]);
        }
        out
    }

    fn names(&self) -> Vec<String> {
        self.same.iter().map(Path::to_string).collect()
    }
}

/// As a sentence without its end.
impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the events within {} of {} with the same ", show_duration(self.within), self.id)?;
        match self.same.as_slice() {
            [] => f.write_str("accessKey, or the same principal if it has none"),
            _ => f.write_str(&self.names().join(", ")),
        }
    }
}

impl Anchor {
    /// Whether another event has the value of a field.
    fn same(&mut self, path: &Path, translator: &mut Translator) -> Result<Condition, AroundError> {
        let (item, doubt) = match translator.values(path, None) {
            Values::One(Item { sql, .. }, doubt) => (sql, doubt),
            Values::Unknown(reason) => return Err(AroundError::Unknown(path.clone(), reason)),
            Values::Many { .. } | Values::Whole { .. } | Values::Nothing => {
                return Err(AroundError::Several(path.clone()));
            }
        };
        let name = format!("anchor_{}", self.columns.len());
        self.columns.push(format!("{item} AS {name}"));
        let equal = Condition::Sql(format!("{item} = {name}"));
        let Some(doubt) = doubt else { return Ok(equal) };
        translator.reasons.push(format!("the table lacks a field of which `{path}` is computed"));
        let in_doubt = format!("anchor_{}", self.columns.len());
        self.columns.push(format!("COALESCE({doubt}, FALSE) AS {in_doubt}"));
        Ok(Condition::any_of([equal, doubt, in_doubt.into()]))
    }
}

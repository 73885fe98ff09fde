//! A filter as a query in SQL: over CloudTrail's table in Athena, or over log files in DuckDB.
//!
//! A query returns at least the records that the filter matches, and exactly those unless it says why not.

mod around;
mod columns;
mod comparison;
mod computed;
mod condition;
mod dialect;
mod inline;
mod network;
mod pattern;
mod place;
mod query;
mod rule;
mod table;
mod translate;
mod value;

pub use around::{Around, AroundError};
pub use dialect::Dialect;
pub use query::{Query, Source, SourceError, Wanted, query};
pub use rule::matched_by;
pub use table::{Location, LocationError, create_table};

//! `rules.yaml` → [`RuleSet`], with all errors of the file at once.
//!
//! A [`Rule`] that exists is complete: its filter and its title are parsed, and its id is unique in its set.

mod account;
mod aggregate;
mod aggregation;
mod explain;
mod list;
mod load;
mod model;
mod override_entry;
mod overrides;
mod sequence;
mod suppression;
pub mod tag;
mod test;
mod timezone;
mod title;
mod title_value;
mod version;

pub use account::Accounts;
pub(crate) use aggregate::combination;
pub use aggregate::{AggregateValue, Identities, SeriesArrival};
pub use aggregation::show_duration;
pub(crate) use aggregation::{MAX_THRESHOLD, WINDOWS};
pub use explain::{RuleExplanation, StepExplanation, SuppressionExplanation};
pub use load::missing_tests;
pub(crate) use load::{MAX_ID, MAX_NAME, slug};
pub use model::{
    AlertTest, FieldPath, FirstSeen, Replaced, Rule, RuleSet, RuleTest, Sequence, SequenceStep, Severity, Source,
    Suppression, SuppressionStatus, Verdict,
};
pub use override_entry::{NoOverrideEntry, OverrideEntry, SuppressBy};
pub use overrides::{overrides_beside_errors, overrides_path};
pub use title::{FilledPart, Title};
pub use version::version;

//! `rules.yaml` → [`RuleSet`], with all errors of the file at once.
//!
//! A [`Rule`] that exists is complete: its filter and its title are parsed, and its id is unique in its set.

mod account;
mod aggregate;
mod aggregation;
mod explain;
mod files;
mod list;
mod load;
mod model;
mod other_file;
mod override_entry;
mod overrides;
mod sequence;
mod sources;
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
pub use files::LoadedRules;
pub use load::TestFile;
pub(crate) use load::{MAX_ID, MAX_NAME, slug};
pub use model::{
    AlertTest, FieldPath, FirstSeen, Replaced, Rule, RuleSet, RuleTest, Sequence, SequenceStep, Severity, Source,
    Suppression, SuppressionStatus, Verdict,
};
pub use override_entry::{NoOverrideEntry, OverrideEntry, SuppressBy};
pub use sources::{SourceFile, Sources};
pub use title::{FilledPart, Title};
pub use version::version;

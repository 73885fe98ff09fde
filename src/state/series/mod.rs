//! One series: what a rule counts under the same values, in one item of bounded size.
//!
//! ```text
//! bytes ─codec─▶ SeriesItem ─arrive(plan, arrival, delivery)─▶ SeriesItem and Verdict
//! ```
//!
//! An event leaves a mark: its time and its identity. A *span* is the marks of one window of time, and ends at a mark.
//! Once a span that no alert covers holds enough, its last time is the *anchor* of an alert. The alert covers every span that ends
//! at most a window before or after its anchor: the *silence*. Nothing here reads a clock; so in whatever order events
//! arrive, and however often, the anchors of a series are more than a window apart.

mod anchor;
mod arrival;
mod arrive;
mod bytes;
mod chain;
mod codec;
mod dropped;
mod follow_up;
mod headline;
mod item;
mod last;
mod mark;
mod name;
mod pending;
mod plan;
mod sample;
mod span;
mod trim;

pub use arrival::{Arrival, Delivery, Sample, Verdict};
pub use codec::{MAX_BYTES, SeriesError};
pub use follow_up::{Due, Reported, Untold};
pub use headline::Headline;
pub use item::SeriesItem;
pub use pending::{PendingAlert, StepEvent};
pub use plan::{Kind, Plan};
pub use sample::{FIELDS, Listed};

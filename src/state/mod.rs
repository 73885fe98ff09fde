//! What is remembered between log files: which events each series holds, which alerts were sent, and which combinations of
//! values are known.
//!
//! ```text
//! Match ─batches─▶ keys ─Table::read─▶ items ─step─▶ next items and decisions ─Table::write─▶ alerts ─mark_sent─▶ items
//! ```
//!
//! Every decision is a pure function of stored items and new events. The items are in a [`Table`], which accepts a
//! write only in place of the version that was read; so of concurrent deliveries one decides first, and the others see
//! its decision. Where the table is unavailable, alerts go out without it and are marked so.
//!
//! ```
//! use std::sync::Arc;
//!
//! use jiff::Timestamp;
//! use trailbell::{
//!     record::Record,
//!     rule::RuleSet,
//!     state::{Audience, Claimant, Decision, Match, MemoryTable, decide, mark_sent},
//! };
//!
//! let rules = "rules: [{name: Image pushed, severity: 1, filter: eventName = \"PutImage\"}]";
//! let rule = Arc::new(RuleSet::parse(rules).unwrap().0.rules.remove(0));
//! let now: Timestamp = "2026-03-02T09:05:00Z".parse().unwrap();
//! let image = |id: &str| {
//!     let event = serde_json::json!({"eventID": id, "eventName": "PutImage", "eventTime": "2026-03-02T09:00:00Z"});
//!     Match::of(&rule, &Record::new(event).unwrap(), &[Audience::Alerts], now).remove(0)
//! };
//! let (first, second) = (image("1"), image("2"));
//!
//! let table = MemoryTable::default();
//! pollster::block_on(async {
//!     let mut claimant = Claimant::new("logs/AWSLogs/1.json.gz", 60);
//!     let decided = decide(&table, &mut claimant, &[&first, &second], |_| None, now).await;
//!     let [Decision::Fire(firing), Decision::Deduplicated] = &decided.decisions[..] else { panic!("{decided:?}") };
//!     assert_eq!(firing.count, 1);
//!     // The caller publishes the alert here, and then:
//!     mark_sent(&table, &mut claimant, &[(firing.ticket.clone(), Audience::Alerts)]).await.unwrap();
//!
//!     // The same object is delivered again.
//!     let mut claimant = Claimant::new("logs/AWSLogs/1.json.gz", 60);
//!     let again = decide(&table, &mut claimant, &[&first, &second], |_| None, now).await;
//!     assert!(again.decisions.iter().all(|decision| *decision == Decision::Deduplicated));
//! });
//! ```

mod act;
mod arrivals;
mod audience;
mod batch;
mod budget;
mod claimant;
mod decide;
mod decision;
mod distinct;
pub mod due;
mod due_item;
pub mod entry;
pub mod first_seen;
mod follow_up;
mod held;
pub mod hourly;
mod items;
pub mod key;
mod learn;
mod listing;
mod mark;
mod matched;
mod memory;
mod notices;
pub mod rate_limit;
pub mod series;
mod silence;
mod step;
mod store;
mod table;
mod tick;
mod token;

pub use arrivals::{LogSource, Round, Silence};
pub use audience::{Audience, bits};
pub use batch::batches;
pub use budget::{Budget, Taken, TokenUse};
pub use claimant::{Claimant, Outage};
pub use decide::{Decided, decide};
pub use decision::{Decision, Firing, RollUp, Ticket};
pub use distinct::Distinct;
pub use due::{DueEntry, SummaryLine};
pub use due_item::{DueItem, Unreadable, read_all_due, remove_due, replace_due};
pub use entry::StoredItem;
pub use follow_up::{FollowUp, follow_up_id};
pub use held::{HeldLine, HeldList};
pub use hourly::{EndedHour, HourlyAlerts};
pub use key::Series;
pub use learn::start_learning;
pub use listing::Listing;
pub use mark::{mark_followed_up, mark_sent, unreported};
pub use matched::Match;
pub use memory::MemoryTable;
pub use notices::{ended_hours, follow_ups, make_outage_due};
pub use series::Headline;
pub use silence::{mark_reported, record_arrivals, silences};
pub use table::{Change, MAX_CHANGES, Stored, Table, TableError, Version, Write, Written};
pub use tick::Tick;
pub use token::{KnownBudget, store_lines};

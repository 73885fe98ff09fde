//! What is remembered between log files: which alerts were sent, how many events each window holds, and which
//! combinations of values are known.
//!
//! Every decision is a pure function of stored items and new events. The items are in a [`Table`], which accepts a
//! write only in place of the version that was read; so of concurrent deliveries one decides first, and the others see
//! its decision. Where the table is unavailable, alerts go out without it and are marked so.
//!
//! ```
//! use jiff::Timestamp;
//! use trailbell::{
//!     record::Record,
//!     rule::RuleSet,
//!     state::{Claimant, Decision, Match, MemoryTable, decide, mark_sent},
//! };
//!
//! let rules = "rules: [{name: Image pushed, severity: 1, filter: eventName = \"PutImage\"}]";
//! let rule = &RuleSet::parse(rules).unwrap().0.rules[0];
//! let record = |id: &str| {
//!     let event = serde_json::json!({"eventID": id, "eventName": "PutImage", "eventTime": "2026-03-02T09:00:00Z"});
//!     Record::new(event).unwrap()
//! };
//! let (first, second) = (record("1"), record("2"));
//!
//! let table = MemoryTable::default();
//! let now: Timestamp = "2026-03-02T09:05:00Z".parse().unwrap();
//! let channels = ["text".to_owned()];
//! let matches = [&first, &second].map(|record| Match { rule, record, channels: &channels });
//! pollster::block_on(async {
//!     let mut claimant = Claimant::new("logs/AWSLogs/1.json.gz", 60);
//!     let decisions = decide(&table, &mut claimant, &matches, now).await;
//!     let [Decision::Fire(firing), Decision::Deduplicated] = &decisions[..] else { panic!("{decisions:?}") };
//!     assert_eq!(firing.count, 2);
//!     // The caller publishes the alert here, and then:
//!     mark_sent(&table, &mut claimant, &firing.ticket, "text").await.unwrap();
//!
//!     // The same object is delivered again.
//!     let mut claimant = Claimant::new("logs/AWSLogs/1.json.gz", 60);
//!     let again = decide(&table, &mut claimant, &matches, now).await;
//!     assert!(again.iter().all(|decision| *decision == Decision::Deduplicated));
//! });
//! ```

mod claimant;
mod decide;
mod decision;
mod distinct;
pub mod entry;
pub mod first_seen;
mod group;
pub mod key;
mod learn;
mod listing;
mod mark;
mod memory;
pub mod rate_limit;
pub mod series;
pub mod step;
mod store;
mod table;
pub mod window;

pub use claimant::{Claimant, Outage};
pub use decide::decide;
pub use decision::{Decision, Firing, Match, RollUp, Ticket, WindowTotals};
pub use distinct::Distinct;
pub use entry::StoredItem;
pub use learn::start_learning;
pub use listing::Listing;
pub use mark::{current_totals, mark_sent};
pub use memory::MemoryTable;
pub use table::{Change, MAX_CHANGES, Stored, Table, TableError, Version, Written};
pub use window::EventWindow;

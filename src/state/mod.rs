//! What is remembered between files: for what people have been alerted, how many events that was, and what is not new.
//!
//! Every decision is a pure function of what is kept and what came. What is kept lies in a [`Table`], where a write
//! succeeds only on the version that was read; so of those who come at once one decides first, and the others see it.
//! Where the table cannot be used, alerts go out without it and say so.
//!
//! ```
//! use jiff::Timestamp;
//! use trailbell::{
//!     record::Record,
//!     rule::RuleSet,
//!     state::{Claimant, Decision, Match, Memory, decide, sent},
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
//! let table = Memory::default();
//! let now: Timestamp = "2026-03-02T09:05:00Z".parse().unwrap();
//! let channels = ["text".to_owned()];
//! let matches = [&first, &second].map(|record| Match { rule, record, channels: &channels });
//! pollster::block_on(async {
//!     let mut claimant = Claimant::new("logs/AWSLogs/1.json.gz", 60);
//!     let decisions = decide(&table, &mut claimant, &matches, now).await;
//!     let [Decision::Fire(firing), Decision::Deduplicated] = &decisions[..] else { panic!("{decisions:?}") };
//!     assert_eq!(firing.count, 2);
//!     // It is published here, and then:
//!     sent(&table, &mut claimant, &firing.ticket, "text").await.unwrap();
//!
//!     // The same object once more.
//!     let mut claimant = Claimant::new("logs/AWSLogs/1.json.gz", 60);
//!     let again = decide(&table, &mut claimant, &matches, now).await;
//!     assert!(again.iter().all(|decision| *decision == Decision::Deduplicated));
//! });
//! ```

mod decide;
mod distinct;
pub mod entry;
pub mod first_seen;
pub mod key;
mod memory;
pub mod rate_limit;
pub mod step;
mod store;
pub mod window;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
};

use jiff::Timestamp;
use thiserror::Error;

pub use decide::{by_now, decide, learn_from, sent};
pub use distinct::Distinct;
pub use entry::Item;
pub use memory::Memory;
pub use window::Window;

use crate::{record::Record, rule::Rule};

/// The port to what is kept between invocations.
pub trait Table: Sync {
    /// What is kept under a key, and its version; it must be what was written last.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<(Item, Version)>, Down>> + Send;

    /// Keeps an item in place of the version that was read, or of nothing, at least until it expires. Who writes without
    /// having read the latest version is told of the conflict, and nothing is written.
    fn put(
        &self,
        key: &str,
        item: &Item,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> impl Future<Output = Result<Put, Down>> + Send;
}

/// Counts the writes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl Version {
    /// The version that is written in place of `expected`.
    pub fn after(expected: Option<Self>) -> Self {
        Self(expected.map_or(0, |version| version.0).wrapping_add(1))
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is kept.
    Stored,
    /// Somebody else has written in the meantime.
    Conflict,
}

/// The table cannot be used; the text says why.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Down(pub String);

/// A record that a rule matches, and no suppression.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The record.
    pub record: &'a Record,
    /// Where its alert would go: at least one, since nothing is said where nobody listens.
    pub channels: &'a [String],
}

/// One delivery on its way, such as an object: who claims, and what it has been told so far.
#[derive(Debug)]
pub struct Claimant {
    owner: String,
    most_an_hour: u32,
    /// The channels on which it has been told to speak, by the keys of what it speaks for.
    spoken: HashMap<String, BTreeSet<String>>,
    /// Its last alerts, by the key under which they are kept once they are sent.
    last: HashMap<String, entry::Last>,
    /// Of how many it has been told to say that they are held back, by channel, and by rule and hour.
    rolled_up: HashMap<String, BTreeMap<String, u64>>,
    outage: Outage,
}

/// That the table cannot be used, and how many alerts of a rule went out since, which it cannot say. It outlasts a
/// delivery: the next one of the same invocation need not find out anew.
#[derive(Debug, Default)]
pub struct Outage {
    down: Option<Down>,
    floods: HashMap<String, rate_limit::Flood>,
}

impl Claimant {
    /// `delivery` names what is handled, the same at every retry: bucket and key, or the id of a message. A rule has at
    /// most so many alerts an hour, never more than [`Claimant::MOST_AN_HOUR`].
    pub fn new(delivery: &str, most_an_hour: u32) -> Self {
        let most_an_hour = most_an_hour.min(Self::MOST_AN_HOUR);
        let owner = key::owner(delivery);
        let (spoken, last, rolled_up) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { owner, most_an_hour, spoken, last, rolled_up, outage: Outage::default() }
    }

    /// The same, after what others have found out of the table.
    pub fn after(self, outage: Outage) -> Self {
        Self { outage, ..self }
    }

    /// What it has found out of the table, which it then knows no more.
    pub fn take_outage(&mut self) -> Outage {
        std::mem::take(&mut self.outage)
    }

    /// So many alerts are told from each other.
    pub const MOST_AN_HOUR: u32 = 500;

    /// Why the table could not be used, if it could not: for this delivery it is not asked again.
    pub fn down(&self) -> Option<&Down> {
        self.outage.down.as_ref()
    }
}

/// What is to be done about a match.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Publish an alert of it, and call [`sent`] for each channel that took it.
    Fire(Firing),
    /// An alert stands for it: one that is sent, or one of this delivery.
    Deduplicated,
    /// There are not enough of its kind yet.
    BelowThreshold {
        /// How many there are.
        count: u64,
    },
    /// Its combination is new, and the rule still learns.
    Learning,
    /// Its combination was seen before.
    AlreadySeen,
    /// It would be alerted of, if its rule did notify.
    Muted,
    /// Publish in its place how many alerts of its rule are held back, and call [`sent`] for each channel that took it.
    RollUp(RollUp),
    /// It is held back, and that was said.
    Capped {
        /// How many alerts of its rule are held back so far.
        held: u64,
    },
    /// Another delivery is about to alert of it.
    ClaimedElsewhere,
}

impl Decision {
    /// What it counts as. A match in whose place a roll-up goes out is `capped`, too.
    pub fn word(&self) -> &'static str {
        match self {
            Decision::Fire(_) => "alerted",
            Decision::Deduplicated => "deduplicated",
            Decision::BelowThreshold { .. } => "below_threshold",
            Decision::Learning => "learning",
            Decision::AlreadySeen => "already_seen",
            Decision::Muted => "muted",
            Decision::RollUp(_) | Decision::Capped { .. } => "capped",
            Decision::ClaimedElsewhere => "claimed_elsewhere",
        }
    }
}

/// An alert that is to go out.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// A hash of the rule, the aggregate values and the window; the same at every retry.
    pub alert_id: String,
    /// How many events it stands for so far.
    pub count: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// When its window begins, and when it is over.
    pub window: (Timestamp, Timestamp),
    /// How many events came for which the last alert of the same rule and values did not stand; `None` if there was no
    /// such alert, or nobody knows.
    pub since_last: Option<u64>,
    /// How many alerts of the rule were held back before.
    pub held_before: u64,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
    /// Why it was decided without what is kept: the counts are those of this delivery alone, and it may come again.
    pub unremembered: Option<Down>,
    /// For [`sent`].
    pub ticket: Ticket,
}

/// Events of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many.
    pub count: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
}

/// An alert that says that alerts are held back.
#[derive(Clone, Debug, PartialEq)]
pub struct RollUp {
    /// A hash of the rule and the hour; the same at every retry.
    pub alert_id: String,
    /// How many alerts of the rule went out in this hour.
    pub most: u32,
    /// How many are held back so far.
    pub held: u64,
    /// Until when.
    pub until: Timestamp,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
    /// For [`sent`].
    pub ticket: Ticket,
}

/// What must be marked once an alert is out.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket(decide::Marks);

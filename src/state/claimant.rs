//! One delivery on its way: its claims, and what it has decided so far.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{hourly::HourlyAlerts, items::Items, key, memory::MemoryTable, table::TableError};

/// One delivery, such as an object: the owner of claims, and what it has decided so far.
#[derive(Debug)]
pub struct Claimant {
    pub(super) owner: String,
    pub(super) max_alerts_per_hour: u32,
    /// The same as a number, which owns claims on series.
    pub(super) number: u64,
    /// When this attempt to handle it began, in seconds since 1970; with its first decision, unless that is set.
    pub(super) began: Option<i64>,
    /// The anchors of the alerts that it was to send, by the keys of their series.
    pub(super) handled: HashMap<String, Vec<i64>>,
    /// The audiences to which it was to send the notice of an hour, a bit for each, by the key of the hour.
    pub(super) noticed: HashMap<String, u8>,
    /// What its last decisions left in the table.
    pub(super) items: Items,
    pub(super) outage: Outage,
}

/// An outage of the table: its error, and the alerts that each rule has raised since. A delivery passes it on to the next
/// one of the same invocation, which then does not wait for the table again.
#[derive(Debug, Default)]
pub struct Outage {
    pub(super) error: Option<TableError>,
    /// By the key under which they would be stored.
    pub(super) alerts: HashMap<String, HourlyAlerts>,
    /// What is due meanwhile, for the end of the invocation.
    pub(super) local: MemoryTable,
}

impl Outage {
    /// What is due meanwhile, which ends with the invocation.
    pub fn local(&self) -> &MemoryTable {
        &self.local
    }
}

impl Claimant {
    /// The largest limit on the alerts of a rule in an hour.
    pub const MAX_ALERTS_PER_HOUR: u32 = 500;

    /// `delivery` names what is handled, and is the same at every retry: bucket and key, or the id of a message. A rule
    /// may raise `max_alerts_per_hour` alerts an hour, and never more than [`Claimant::MAX_ALERTS_PER_HOUR`].
    pub fn new(delivery: &str, max_alerts_per_hour: u32) -> Self {
        Self {
            owner: key::owner(delivery),
            max_alerts_per_hour: max_alerts_per_hour.min(Self::MAX_ALERTS_PER_HOUR),
            number: key::owner_number(delivery),
            began: None,
            handled: HashMap::new(),
            noticed: HashMap::new(),
            items: Items::default(),
            outage: Outage::default(),
        }
    }

    /// Tells this attempt to handle the delivery apart from others, by when it began.
    #[must_use]
    pub fn begun(self, time: Timestamp) -> Self {
        Self { began: Some(time.as_second()), ..self }
    }

    /// Continues the outage of an earlier delivery of the same invocation.
    pub fn with_outage(self, outage: Outage) -> Self {
        Self { outage, ..self }
    }

    /// Takes the outage out, for the next delivery of the same invocation.
    pub fn take_outage(&mut self) -> Outage {
        std::mem::take(&mut self.outage)
    }

    /// The outage of the table, if there is one, for what else uses the table.
    pub fn outage(&mut self) -> &mut Outage {
        &mut self.outage
    }

    /// Why the table is unavailable, if it is: this delivery does not use it again.
    pub fn table_error(&self) -> Option<&TableError> {
        self.outage.error.as_ref()
    }
}

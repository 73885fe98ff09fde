//! The port to processes of their own, for items of which an earlier invocation may have died.
//!
//! A process that runs out of memory or of time takes everything with it that it was handling. So each object or
//! record of a delivery that came before is handled in another process, and if that process ends, only this item fails.

use std::{future::Future, time::Duration};

use serde::{Deserialize, Serialize};

use super::{port::IsolationError, report::Report};
use crate::{
    alert::Origin,
    object::ObjectId,
    trigger::{Delivery, Sender, Work},
};

/// Runs items in other processes.
pub trait Isolation: Send {
    /// Handles an item in another process, which ends after this time at the latest.
    fn run(
        &mut self,
        item: &IsolatedItem,
        time: Duration,
    ) -> impl Future<Output = Result<Report, IsolationError>> + Send;
}

/// No other process: every item is handled in this one.
pub(super) struct SameProcess;

impl Isolation for SameProcess {
    async fn run(&mut self, _: &IsolatedItem, _: Duration) -> Result<Report, IsolationError> {
        Err(IsolationError::Unavailable)
    }
}

/// An item for another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IsolatedItem {
    /// The message or task that holds it, for the log.
    pub(super) unit: Option<String>,
    content: ItemContent,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum ItemContent {
    Object(ObjectId),
    Record { text: String, origin: String },
}

impl IsolatedItem {
    /// The item of a unit; the work itself if there is nothing to read.
    pub(super) fn new(unit: Option<String>, work: Work) -> Result<Self, Work> {
        let content = match work {
            Work::Object(object) => ItemContent::Object(object),
            Work::Record { text, origin } => ItemContent::Record { text, origin },
            other => return Err(other),
        };
        Ok(Self { unit, content })
    }

    pub(super) fn origin(&self) -> Origin {
        match &self.content {
            ItemContent::Object(object) => Origin::Object(object.clone()),
            ItemContent::Record { origin, .. } => Origin::Message(origin.clone()),
        }
    }

    pub(super) fn into_work(self) -> Work {
        match self.content {
            ItemContent::Object(object) => Work::Object(object),
            ItemContent::Record { text, origin } => Work::Record { text, origin },
        }
    }
}

/// How many items of a delivery are handled in other processes: all or none.
///
/// A queue reports that a message came before. Other senders do not, so their objects are isolated as soon as they
/// are several, which is rare.
pub(super) fn items_to_isolate(delivery: &Delivery) -> u32 {
    let is_queue = matches!(delivery.sender, Sender::Queue { .. });
    if !delivery.is_redelivered && (is_queue || delivery.objects().nth(1).is_none()) {
        return 0;
    }
    let work = delivery.units.iter().flat_map(|unit| &unit.work);
    let items = work.filter(|work| matches!(work, Work::Object(_) | Work::Record { .. })).count();
    u32::try_from(items).unwrap_or(u32::MAX)
}

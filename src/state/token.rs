//! Takes tokens of the stored budget, which all functions share.

use jiff::Timestamp;

use super::{
    budget::{BURST, Budget, Taken, TokenUse},
    claimant::Outage,
    items::{Items, expires},
    store::{NotStored, update},
    table::{Table, TableError},
};

/// The key of the item.
const KEY: &str = "budget/alerts";

/// What one invocation knows of the stored budget.
#[derive(Debug)]
pub struct KnownBudget {
    items: Items,
    /// What was last read or written. During an outage the invocation continues alone from here.
    last: Budget,
    /// Whether the stored budget is of no use to this invocation.
    is_alone: bool,
}

impl Default for KnownBudget {
    fn default() -> Self {
        Self { items: Items::of([KEY.to_owned()]), last: Budget::default(), is_alone: false }
    }
}

impl KnownBudget {
    /// Takes a token: see [`Budget::take`]. It never fails: during an outage of the table, which this begins if the table does
    /// not answer, the bounds hold for the invocation.
    pub async fn take(
        &mut self,
        table: &impl Table,
        outage: &mut Outage,
        per_minute: u32,
        purpose: TokenUse,
        now: Timestamp,
    ) -> Taken {
        let time = now.as_millisecond();
        if !self.is_alone && outage.error.is_none() {
            match self.take_stored(table, per_minute, purpose, now).await {
                Ok(taken) => return taken,
                Err(TableError::Conflicts { .. }) => return Taken::NotBefore(time.saturating_add(BURST)),
                // Another release may write another budget; the rest of the table is still of use.
                Err(TableError::Unreadable { .. } | TableError::OtherKind { .. }) => self.is_alone = true,
                Err(error) => outage.error = Some(error),
            }
        }
        self.last.take(time, per_minute, purpose)
    }

    async fn take_stored(
        &mut self,
        table: &impl Table,
        per_minute: u32,
        purpose: TokenUse,
        now: Timestamp,
    ) -> Result<Taken, TableError> {
        let mut down = None;
        let taken = update(table, &mut down, &mut self.items, |items| {
            let mut budget = items.get::<Budget>(KEY)?.unwrap_or_default();
            let before = budget.clone();
            let taken = budget.take(now.as_millisecond(), per_minute, purpose);
            if budget != before {
                items.set(KEY, budget);
                items.keep(KEY, expires(now.as_second(), now));
            }
            Ok(taken)
        });
        let taken = taken.await.map_err(|NotStored { error, .. }| error)?;
        self.last = self.items.get::<Budget>(KEY)?.unwrap_or_default();
        Ok(taken)
    }
}

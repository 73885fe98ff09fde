//! Takes tokens of the stored budget, which all functions share, and stores what has none for the next summary.

use jiff::Timestamp;

use super::{
    budget::{BURST, Budget, Taken, TokenUse},
    claimant::{Claimant, Outage},
    due::{DueEntry, SummaryLine},
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

    /// Does not ask the table again, which is too slow: from now on the bounds hold for the invocation.
    pub fn leave_table(&mut self) {
        self.is_alone = true;
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

/// How many lines one set takes, so that a delivery with many of them does not fill it.
const LINES_A_SET: usize = 100;

/// Stores alerts as lines of the next summary. During an outage of the table they are kept for the end of the invocation.
///
/// # Errors
///
/// They are not stored.
pub async fn store_lines(
    table: &impl Table,
    claimant: &mut Claimant,
    lines: &[SummaryLine],
    now: Timestamp,
) -> Result<(), TableError> {
    let (number, Outage { error, local, .. }) = (claimant.number, &mut claimant.outage);
    let add = |items: &mut Items| {
        for (lines, set) in lines.chunks(LINES_A_SET).zip(0..) {
            let add_line = |line: &SummaryLine| {
                DueEntry::Line(line.clone()).add(items, now.as_second(), number.wrapping_add(set), now);
            };
            lines.iter().for_each(add_line);
        }
        Ok(())
    };
    let stored = update(table, error, &mut Items::default(), add).await;
    let stored = match stored {
        Err(_) if error.is_some() => update(local, &mut None, &mut Items::default(), add).await,
        stored => stored,
    };
    stored.map_err(|not_stored| not_stored.error)
}

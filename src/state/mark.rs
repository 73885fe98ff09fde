//! Marks what was sent, and reads the totals of a window.

use jiff::Timestamp;

use super::{
    claimant::Claimant,
    decision::{Marks, Ticket, WindowTotals},
    entry::{HourlyAlerts, LastAlert, WindowEntry},
    store::{Slot, read, update, update_one},
    table::{Table, TableError},
};

/// Marks that a channel took an alert: from now on the alert suppresses its repetitions there.
///
/// # Errors
///
/// The table is unavailable, and the alert may be sent again.
pub async fn mark_sent(
    table: &impl Table,
    claimant: &mut Claimant,
    ticket: &Ticket,
    channel: &str,
) -> Result<(), TableError> {
    let down = &mut claimant.outage.error;
    match &ticket.0 {
        Marks::Windows { windows, key, last } => {
            update(table, down, windows, |entries: Vec<Option<WindowEntry>>| {
                let mut entries: Vec<WindowEntry> = entries.into_iter().map(Option::unwrap_or_default).collect();
                for entry in &mut entries {
                    entry.sent.insert(channel.to_owned());
                }
                (entries, ())
            })
            .await?;
            let expires = windows.iter().map(|slot| slot.expires).max().flatten();
            update_one(table, down, &Slot { key: key.clone(), expires }, |_: Option<LastAlert>| (last.clone(), ()))
                .await?;
        }
        Marks::RollUp { slot, hour, step } => {
            update_one(table, down, slot, |alerts: Option<HourlyAlerts>| {
                let mut alerts = alerts.unwrap_or_default();
                // Another hour has its own roll-up.
                if alerts.hour == *hour {
                    let known = alerts.sent.entry(channel.to_owned()).or_default();
                    *known = (*known).max(*step);
                }
                (alerts, ())
            })
            .await?;
        }
    }
    Ok(())
}

/// The events that the window of an alert holds by now; `None` for a roll-up, and where the table is unavailable.
pub async fn current_totals(table: &impl Table, ticket: &Ticket) -> Option<WindowTotals> {
    let Marks::Windows { windows, .. } = &ticket.0 else { return None };
    let entry: WindowEntry = read(table, &mut None, &windows.first()?.key).await?;
    let (first, last) = entry.span?;
    let time = |seconds| Timestamp::from_second(seconds).ok();
    let (count, approximate) = (entry.events.count(), !entry.events.is_exact());
    Some(WindowTotals { count, approximate, first: time(first)?, last: time(last)? })
}

//! Marks what was sent, and counts what no alert reported.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    audience::Audience,
    claimant::Claimant,
    decision::{Mark, Ticket},
    follow_up::{FollowUp, mark_follow_up},
    hourly::HourlyAlerts,
    items::Items,
    series::SeriesItem,
    store::{read, update},
    table::{MAX_CHANGES, Table, TableError},
};

/// Marks which audiences took which alerts: from now on an alert is not repeated there. Tickets of one decision for at
/// most a hundred items take one write.
///
/// # Errors
///
/// The table is unavailable, and the alerts may be sent again.
pub async fn mark_sent(
    table: &impl Table,
    claimant: &mut Claimant,
    sent: &[(Ticket, Audience)],
) -> Result<(), TableError> {
    let keys: BTreeSet<&str> = sent.iter().map(|(ticket, _)| ticket.key.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    for keys in keys.chunks(MAX_CHANGES) {
        let own = || sent.iter().filter(|(ticket, _)| keys.binary_search(&ticket.key.as_str()).is_ok());
        let mut items = claimant.items.take(keys.iter().copied());
        let marked = update(table, &mut claimant.outage.error, &mut items, |items| {
            own().try_for_each(|(ticket, audience)| mark(items, ticket, *audience))
        });
        let marked = marked.await.map_err(|not_stored| not_stored.error);
        claimant.items.extend(items);
        marked?;
    }
    Ok(())
}

/// Marks that follow-ups are sent: their events are reported, and their alerts have no further one.
///
/// # Errors
///
/// The table is unavailable, and they may be sent again, under the same ids.
pub async fn mark_followed_up(table: &impl Table, sent: &[&FollowUp], now: Timestamp) -> Result<(), TableError> {
    for sent in sent.chunks(MAX_CHANGES) {
        let mut items = Items::of(sent.iter().map(|one| one.key().to_owned()));
        let mark = |items: &mut Items| sent.iter().try_for_each(|one| mark_follow_up(items, one, now));
        update(table, &mut None, &mut items, mark).await.map_err(|not_stored| not_stored.error)?;
    }
    Ok(())
}

fn mark(items: &mut Items, ticket: &Ticket, audience: Audience) -> Result<(), TableError> {
    let Ticket { key, expires, mark } = ticket;
    match *mark {
        Mark::Alert { anchor, due, .. } => {
            if let Some(mut series) = items.get::<SeriesItem>(key)? {
                series.sent(anchor, audience.bit(), due);
                items.set(key, series);
            }
        }
        Mark::RollUp | Mark::List => {
            if let Some(mut alerts) = items.get::<HourlyAlerts>(key)? {
                let sent = if *mark == Mark::List { &mut alerts.list_sent } else { &mut alerts.notice_sent };
                *sent |= audience.bit();
                items.set(key, alerts);
            }
        }
    }
    items.keep(key, *expires);
    Ok(())
}

/// How many events, or values, of the series of an alert no alert has reported; 0 for a roll-up, and where the table is
/// unavailable.
pub async fn unreported(table: &impl Table, ticket: &Ticket) -> u64 {
    let Mark::Alert { plan, .. } = ticket.mark else { return 0 };
    let mut items = Items::of([ticket.key.clone()]);
    if read(table, &mut items).await.is_err() {
        return 0;
    }
    let series = items.get::<SeriesItem>(&ticket.key).ok().flatten();
    series.map_or(0, |series| series.untold(&plan).into())
}

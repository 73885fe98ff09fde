//! Follow-ups: how many events came after an alert, and which, once its silence is over.
//!
//! The item of a series is the truth: an entry of what is due only says where to look, and is dropped where nothing is due.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    items::Items,
    listing::Listing,
    matched::{counts, field_name, may_have_more, plan},
    series::{Due, FIELDS, Headline, Plan, Reported, SeriesItem},
    table::TableError,
};
use crate::rule::Rule;

/// How long after a silence its follow-up is due, in seconds: CloudTrail usually delivers an event within about five minutes of the
/// call (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>).
const DELAY_SECONDS: i64 = 15 * 60;

/// When a follow-up is sent, in seconds since 1970: some time after the silence. An event from the future delays it by no more than
/// a window.
pub fn due_at(due: &Due, plan: &Plan, now: i64) -> i64 {
    due.silent_until.min(now.saturating_add(plan.window)).max(now).saturating_add(DELAY_SECONDS)
}

/// A message about the events that came after an alert and that no alert has reported.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The id of the alert, or of the one that covers it.
    pub alert_id: String,
    /// Whether another alert covers it.
    pub is_covered: bool,
    /// What is kept of the alert: its title and the facts of its event.
    pub headline: Headline,
    /// How many events, or values, came after it.
    pub more: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// The ids of the newest of them.
    pub events: Listing,
    /// Fields in which they may differ, each with its distinct values.
    pub distinct: Vec<(String, Listing)>,
    key: String,
    anchor: i64,
    reported: Reported,
}

impl FollowUp {
    /// What is due for the series with this key, if an entry of what is due names the alert with this anchor; `None` if nothing
    /// is, since the next alert reported it or the rule wants no follow-up any more. `now` is the time of the clock.
    pub fn of(rule: &Arc<Rule>, key: &str, series: &SeriesItem, anchor: i64, now: Timestamp) -> Option<Self> {
        if !(rule.notify && rule.follows_up()) {
            return None;
        }
        let untold = series.follow_up(&plan(rule), anchor)?;
        let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(now);
        let (more, approximate) = (u64::from(untold.more), untold.about);
        let listing = |(field, listed)| {
            let mut listing = Listing::from(listed);
            if counts(rule, field) {
                listing.more = more.saturating_sub(listing.values.len() as u64);
                listing.at_least = approximate;
            } else {
                listing.at_least |= may_have_more(field, &listing);
            }
            (field_name(rule, field).to_owned(), listing)
        };
        let fields = (0_u8..).zip(untold.fields).take(FIELDS).map(listing);
        Some(Self {
            rule: Arc::clone(rule),
            alert_id: untold.alert_id.to_owned(),
            is_covered: untold.is_covered,
            headline: untold.headline.clone(),
            more,
            approximate,
            first: time(untold.first),
            last: time(untold.last),
            events: untold.events.into(),
            distinct: fields.filter(|(_, listing)| listing.count() > 0).collect(),
            key: key.to_owned(),
            anchor,
            reported: untold.reported,
        })
    }

    /// Its own id.
    pub fn id(&self) -> String {
        follow_up_id(&self.alert_id, self.is_covered.then_some(&*self.rule.id))
    }

    /// The id of the thread of the alerts of its series; an item of an earlier release has none, and then it is the alert's id.
    pub fn thread_id(&self) -> &str {
        if self.headline.thread_id.is_empty() { &self.alert_id } else { &self.headline.thread_id }
    }

    /// The key of its series.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// The id of the follow-up of an alert, or of that of a rule which the alert covers.
pub fn follow_up_id(alert_id: &str, covered: Option<&str>) -> String {
    covered.map_or_else(|| format!("{alert_id}.more"), |rule| format!("{alert_id}.{rule}.more"))
}

/// Marks that a follow-up is sent, where its item is read. If the series had another alert
/// meanwhile, that has reported them, too, and nothing is marked.
///
/// # Errors
///
/// The item is of another kind than its key.
pub fn mark_follow_up(items: &mut Items, follow_up: &FollowUp, now: Timestamp) -> Result<(), TableError> {
    let Some(mut series) = items.get::<SeriesItem>(&follow_up.key)? else { return Ok(()) };
    series.followed_up(follow_up.anchor, &follow_up.reported);
    let expires = series.expires(&plan(&follow_up.rule), now.as_second());
    items.keep(&follow_up.key, Timestamp::from_second(expires).unwrap_or(Timestamp::MAX));
    items.set(&follow_up.key, series);
    Ok(())
}

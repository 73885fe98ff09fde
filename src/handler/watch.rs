//! What a process watches: the log files that arrive, by account and region, and the addresses that are to get alerts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::{state::LogSource, trigger::Work};

/// How much later than it was written a log file may arrive and still count as one of now. A later one, such as one that is evaluated
/// again, says only that its source sent logs then.
const LATE: SignedDuration = SignedDuration::from_hours(1);
/// A log file that was written so long before is evaluated again, and says nothing of now.
const OLD: SignedDuration = SignedDuration::from_hours(24);
/// How many sources of which an arrival is recorded this process remembers.
const MAX_REMEMBERED: usize = 20_000;
/// How often an arrival is recorded.
const RECORDED: SignedDuration = SignedDuration::from_hours(1);

/// The sources of a delivery, each with the last time at which it sent logs.
pub(super) type Arrived = BTreeMap<LogSource, Timestamp>;

/// What a process watches.
#[derive(Debug, Default)]
pub struct Watch {
    /// For how long a source must be silent, at least; `None` if none is watched.
    pub(super) silence: Option<Duration>,
    /// The e-mail addresses that are to get alerts.
    pub(super) addresses: Vec<String>,
    /// The last arrivals that this process recorded.
    recorded: Mutex<BTreeMap<LogSource, Timestamp>>,
}

impl Watch {
    /// Reports sources that are silent for `silence` at least, and counts those of these e-mail addresses that get no alerts.
    pub fn new(silence: Option<Duration>, addresses: Vec<String>) -> Self {
        Self { silence, addresses, recorded: Mutex::default() }
    }

    /// The source of a part of a delivery, and when it sent logs.
    pub(super) fn arrival(&self, work: &Work, now: Timestamp) -> Option<(LogSource, Timestamp)> {
        self.silence?;
        match work {
            Work::Object(object) => {
                let delivered = object.delivered().and_then(|time| time.checked_add(LATE).ok());
                let time = delivered.map_or(now, |time| time.min(now));
                if now.duration_since(time) > OLD {
                    return None;
                }
                Some((LogSource::new(object.account()?, object.region()?)?, time))
            }
            Work::Record { text, .. } => {
                let Place { account, region, service, .. } = serde_json::from_str(text).ok()?;
                // The test alert of the doctor comes from no trail.
                if service.ends_with(".trailbell") {
                    return None;
                }
                Some((LogSource::new(&account, &region)?, now))
            }
            Work::LogEvents(events) => {
                let (account, region) = events.account_and_region()?;
                Some((LogSource::new(account, region)?, now))
            }
            _ => None,
        }
    }

    /// Those of the sources whose arrival this process has not recorded within the hour.
    pub(super) fn unrecorded(&self, arrived: Arrived) -> Vec<(LogSource, Timestamp)> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recorded = |(source, time): &(LogSource, Timestamp)| {
            recorded.get(source).is_some_and(|at| time.duration_since(*at) < RECORDED)
        };
        arrived.into_iter().filter(|arrival| !is_recorded(arrival)).collect()
    }

    pub(super) fn remember(&self, arrived: Vec<(LogSource, Timestamp)>) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.len() > MAX_REMEMBERED {
            recorded.clear();
        }
        recorded.extend(arrived);
    }
}

/// The fields of a CloudTrail record that name its source.
#[derive(Deserialize)]
struct Place {
    #[serde(rename = "recipientAccountId")]
    account: String,
    #[serde(rename = "awsRegion")]
    region: String,
    #[serde(rename = "eventVersion")]
    _version: String,
    #[serde(rename = "eventSource", default)]
    service: String,
}

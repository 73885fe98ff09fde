//! What a process watches: the log files that arrive, by account and region, and the addresses that are to get alerts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::{state::LogSource, trigger::Work};

/// How long ago a log file may have been delivered, so that its arrival says that its source delivers now. Others are evaluated
/// again, or for the first time.
const OLD: SignedDuration = SignedDuration::from_hours(24);
/// How many sources of which an arrival is recorded this process remembers.
const MAX_REMEMBERED: usize = 20_000;
/// How often an arrival is recorded.
const RECORDED: SignedDuration = SignedDuration::from_hours(1);

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

    /// The source of a part of a delivery, if its arrival says that logs arrive.
    pub(super) fn source(&self, work: &Work, now: Timestamp) -> Option<LogSource> {
        self.silence?;
        match work {
            Work::Object(object) => {
                let is_old = object.delivered().is_some_and(|time| now.duration_since(time) > OLD);
                if is_old { None } else { LogSource::new(object.account()?, object.region()?) }
            }
            Work::Record { text, .. } => {
                let Place { account, region, .. } = serde_json::from_str(text).ok()?;
                LogSource::new(&account, &region)
            }
            Work::LogEvents(events) => {
                let (account, region) = events.account_and_region()?;
                LogSource::new(account, region)
            }
            _ => None,
        }
    }

    /// Those of the sources whose arrival this process has not recorded within the hour.
    pub(super) fn unrecorded(&self, sources: BTreeSet<LogSource>, now: Timestamp) -> Vec<LogSource> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recorded =
            |source: &LogSource| recorded.get(source).is_some_and(|at| now.duration_since(*at) < RECORDED);
        sources.into_iter().filter(|source| !is_recorded(source)).collect()
    }

    pub(super) fn remember(&self, sources: Vec<LogSource>, now: Timestamp) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.len() > MAX_REMEMBERED {
            recorded.clear();
        }
        recorded.extend(sources.into_iter().map(|source| (source, now)));
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
}

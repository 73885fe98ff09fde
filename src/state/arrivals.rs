//! When logs of each account and region arrive, and when that is so long ago that it is unusual.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// How many sets there are: together they list half a million sources.
const SETS: u64 = 48;
/// How many ticks look at all sets.
const PARTS: u64 = 12;
/// Of how many days the arrivals are kept, the last one included.
const KEPT_DAYS: i64 = 7;
/// On how many of those logs must have arrived, so that silence is unusual.
const USUAL_DAYS: usize = 6;
/// How many times its longest gap a source must be silent.
const LONGER: i64 = 3;

/// An account and a region, of which logs arrive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogSource {
    account: String,
    region: String,
}

impl LogSource {
    /// A source; `None` unless these are the number of an account and the name of a region.
    pub fn new(account: &str, region: &str) -> Option<Self> {
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_of_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_region = (4..=32).contains(&region.len()) && region.contains('-') && region.bytes().all(is_of_region);
        (is_account && is_region).then(|| Self { account: account.to_owned(), region: region.to_owned() })
    }

    /// The number of the account: 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The name of the region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The source that an entry of a set names.
    pub fn of_entry(entry: &str) -> Option<Self> {
        let (account, region) = entry.split_once('/')?;
        Self::new(account, region)
    }

    /// Its entry in a set.
    pub fn entry(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }

    /// The key of its item.
    pub fn key(&self) -> String {
        format!("source/{}/{}", self.account, self.region)
    }

    /// The key of the set that lists it.
    pub fn set_key(&self) -> String {
        let hash = u64::from_be_bytes(Digest::of(&["source", &self.account, &self.region]).first());
        set_key(hash % SETS)
    }
}

fn set_key(set: u64) -> String {
    format!("sources/{set}")
}

/// When logs of a source arrived. Times are in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// The last arrival, of those that were recorded.
    pub last: i64,
    /// The days on which any arrived, counted from 1970, each with the longest gap before one of its arrivals in seconds: those of
    /// the week that ends with the last.
    pub days: Vec<(i64, i64)>,
    /// Whether the silence since then is reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reported: bool,
}

impl Arrivals {
    /// Whether an arrival at this time is to be recorded: an hour after the one before.
    pub fn is_due(&self, now: i64) -> bool {
        self.days.is_empty() || now.saturating_sub(self.last) >= HOUR
    }

    /// Whether an arrival at this time would be the first of a day.
    pub fn is_first_of_day(&self, now: i64) -> bool {
        self.days.is_empty() || self.last.div_euclid(DAY) != now.div_euclid(DAY)
    }

    /// Records an arrival.
    pub fn record(&mut self, now: i64) {
        let gap = if self.days.is_empty() { 0 } else { now.saturating_sub(self.last) };
        let day = now.div_euclid(DAY);
        match self.days.last_mut() {
            Some((last, longest)) if *last == day => *longest = gap.max(*longest),
            _ => self.days.push((day, gap)),
        }
        self.days.retain(|(kept, _)| (0..KEPT_DAYS).contains(&day.saturating_sub(*kept)));
        (self.last, self.reported) = (now, false);
    }

    /// The longest gap of the week, in seconds.
    pub fn longest_gap(&self) -> i64 {
        self.days.iter().map(|(_, gap)| *gap).max().unwrap_or_default()
    }

    /// Whether the time since the last arrival is unusual, and at least `at_least` seconds.
    pub fn is_silent(&self, now: i64, at_least: i64) -> bool {
        let usual = self.longest_gap().saturating_mul(LONGER).max(at_least);
        self.days.len() >= USUAL_DAYS && now.saturating_sub(self.last) > usual
    }
}

/// A source of which no logs arrive any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The source.
    pub source: LogSource,
    /// The last arrival that was recorded, in seconds since 1970. Others may have come up to an hour later.
    pub since: i64,
    /// The longest gap of the week before that, in seconds.
    pub longest_gap: i64,
    /// Whether an alert reported it.
    pub is_reported: bool,
}

/// Which part of the sources a tick looks at, and since when ticks have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    part: u64,
    /// The time of the tick.
    ran: i64,
    /// Since when ticks have come without a gap of an hour.
    since: i64,
}

impl Round {
    /// The round of a tick at the time `now`, in seconds since 1970, after the tick with the round `last`.
    #[must_use]
    pub fn after(last: Option<Self>, now: i64) -> Self {
        match last {
            Some(Self { part, ran, since }) if (0..HOUR).contains(&now.saturating_sub(ran)) => {
                Self { part: (part % PARTS + 1) % PARTS, ran: now, since }
            }
            _ => Self { part: 0, ran: now, since: now },
        }
    }

    /// Whether ticks have come for an hour. If they have not, the function was off or new, and logs that it did not take may be
    /// waiting: that nothing arrived says nothing.
    pub fn is_steady(&self) -> bool {
        self.ran.saturating_sub(self.since) >= HOUR
    }

    /// The keys of the sets that the tick looks at.
    pub fn set_keys(&self) -> impl Iterator<Item = String> {
        self.sets().map(set_key)
    }

    fn sets(&self) -> Range<u64> {
        let per_part = SETS / PARTS;
        self.part * per_part..(self.part + 1) * per_part
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ticks_look_at_every_set_within_an_hour_and_wait_after_a_gap() {
        let (mut round, mut seen) = (None, BTreeSet::new());
        for tick in 0..12 {
            let next = Round::after(round, tick * 300);
            assert!(!next.is_steady());
            seen.extend(next.sets());
            round = Some(next);
        }
        assert_eq!(seen.len() as u64, SETS);
        assert!(Round::after(round, 3_600).is_steady());
        assert!(!Round::after(round, 8_000).is_steady());
        // The clock of the one before was wrong.
        assert!(!Round::after(round, -1).is_steady());
    }

    #[test]
    fn sources_are_accounts_and_regions() {
        for (account, region) in [
            ("1", "eu-west-1"),
            ("11112222333a", "eu-west-1"),
            ("111122223333", ""),
            ("111122223333", "eu west-1"),
            ("111122223333", "../a"),
        ] {
            assert_eq!(LogSource::new(account, region), None, "{account} {region}");
        }
        let us = LogSource::new("111122223333", "us-gov-east-1").unwrap();
        assert_eq!(LogSource::of_entry(&us.entry()), Some(us));
    }
}

//! A proposed item, and what a person must look at before it is on a list.

use jiff::{SignedDuration, Timestamp};

use super::{
    evidence::{Times, day},
    gathered::Gathered,
};

/// Something that began in so many last days of the logs is new.
const NEW: SignedDuration = SignedDuration::from_hours(14 * 24);
/// For how long the logs must show that it was not there before.
const BEFORE: SignedDuration = SignedDuration::from_hours(3 * 24);
/// One call in so many failed.
const MANY_FAILURES: u64 = 20;

/// A proposed item.
#[derive(Debug)]
pub struct Proposal {
    /// The item.
    pub value: String,
    /// The reason, on one line.
    pub reason: String,
    /// What a person must look at, since an intruder can look the same.
    pub cautions: Vec<String>,
}

impl Gathered {
    /// The cautions that hold for anything: that it is new, and that much of it failed.
    pub(super) fn cautions(&self, times: &Times) -> Vec<String> {
        let mut cautions = Vec::new();
        if let (Some((first, _)), Some((begin, end))) = (times.period(), self.period)
            && is_new(first, begin, end)
        {
            cautions.push(format!("new: first seen on {}, and the logs begin on {}", day(first), day(begin)));
        }
        if times.failures() * MANY_FAILURES >= times.events() && times.failures() > 0 {
            let percent = (times.failures() * 100).div_ceil(times.events().max(1));
            cautions.push(format!("{} of the calls failed ({percent} %)", times.failures()));
        }
        cautions
    }
}

fn is_new(first: Timestamp, begin: Timestamp, end: Timestamp) -> bool {
    first > end.saturating_sub(NEW).unwrap_or(end) && first > begin.saturating_add(BEFORE).unwrap_or(end)
}

//! What an invocation needs, and what it may cost.

use std::{sync::atomic::AtomicBool, time::Duration};

use super::{channels::Channels, watch::Watch};
use crate::{engine::Engine, log_file::Limits, rule::Severity};

/// How many failed alerts or unreadable records of an object, and how many malformed parts of a payload, are reported
/// one by one; the others are counted.
pub(super) const MAX_REPORTED: u64 = 20;

/// What an invocation needs.
pub struct Handler<'a, O, C, T, K> {
    /// The rules.
    pub engine: &'a Engine,
    /// Where objects are read.
    pub objects: &'a O,
    /// Where alerts are published.
    pub channels: &'a Channels<C>,
    /// What earlier invocations stored.
    pub table: &'a T,
    /// Whether the table remains when the invocation ends. Otherwise nothing stays due, and the end of the invocation sends all.
    pub keeps_state: bool,
    /// What the tick watches, and the arrivals that this process has recorded.
    pub watch: &'a Watch,
    /// Whether the rules with `first_seen` have started to learn, which they do with the first record.
    pub learns: &'a AtomicBool,
    /// The time of this invocation.
    pub clock: &'a K,
    /// What it may cost.
    pub limits: InvocationLimits,
}

/// What one invocation may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvocationLimits {
    /// What a log file may hold.
    pub log_file: Limits,
    /// The largest object that is read, in bytes as stored.
    pub max_object_bytes: u64,
    /// How long before the end of the invocation reading stops.
    pub time_reserve: Duration,
    /// How many alerts of a rule go out in an hour; beyond, a roll-up reports how many are held back.
    pub max_alerts_per_rule_hour: u32,
    /// How many messages people get; `None` for as many as there are.
    pub mail: Option<MailBudget>,
}

/// How many messages all functions together publish to the alert topic. What is beyond goes into summaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailBudget {
    /// How many in a minute.
    pub per_minute: u32,
    /// The least urgent severity that counts, which is the least urgent that is sent by e-mail.
    pub mildest: Severity,
}

impl Default for MailBudget {
    fn default() -> Self {
        Self { per_minute: 60, mildest: Severity::REVIEW }
    }
}

impl Default for InvocationLimits {
    /// CloudTrail writes no file of more than 50 MB, and SNS answers within some seconds.
    fn default() -> Self {
        Self {
            log_file: Limits::default(),
            max_object_bytes: 256 << 20,
            time_reserve: Duration::from_secs(10),
            max_alerts_per_rule_hour: 60,
            mail: None,
        }
    }
}

//! Accounts of others, and buckets with logs.

use super::{gathered::Gathered, item::Proposal};
use crate::diagnostic::counted;

const TRUSTED: &str = "at least 20 times that a role was assumed from the account, on 3 days";
const LAYERS: &str = "at least 3 functions created or changed with a layer of the account, on 2 days";
const BUCKETS: &str =
    "a service that writes logs to the bucket, or a trail, a delivery channel or server access logging that names it";

const MIN_ASSUMED: u64 = 20;
const MIN_ASSUMED_DAYS: usize = 3;
const MIN_FUNCTIONS: u64 = 3;
const MIN_FUNCTION_DAYS: usize = 2;
/// A shorter word is in too many names.
const MIN_BUCKET: usize = 6;

/// Accounts that assume roles here.
pub fn trusted(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let mut found = Vec::new();
    for (account, seen) in gathered.foreign.ranked() {
        let assumed = seen.times.events() - seen.times.failures();
        if assumed < MIN_ASSUMED || seen.times.days() < MIN_ASSUMED_DAYS {
            continue;
        }
        let own =
            if gathered.accounts.list().iter().any(|own| own == account) { "; these logs are of it, too" } else { "" };
        let more = if seen.roles.has_more() { " and others" } else { "" };
        let reason = format!(
            "assumed a role {} ({}{more}), {}{own}",
            counted(assumed, "time"),
            seen.roles.list().join(", "),
            seen.times.shown()
        );
        let mut cautions = gathered.cautions(&seen.times);
        if seen.without_external_id > 0 && own.is_empty() {
            cautions.push(format!("{} without an external id", counted(seen.without_external_id, "time")));
        }
        found.push(Proposal { value: account.to_owned(), reason, cautions });
    }
    (TRUSTED, found)
}

/// Accounts whose layers functions have.
pub fn layers(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let mut found = Vec::new();
    for (account, seen) in gathered.layers.ranked() {
        if seen.times.events() - seen.times.failures() < MIN_FUNCTIONS || seen.times.days() < MIN_FUNCTION_DAYS {
            continue;
        }
        let more = if seen.layers.has_more() { " and others" } else { "" };
        let reason = format!(
            "{} with its layer {}{more}, {}",
            counted(seen.times.events(), "change"),
            seen.layers.list().join(", "),
            seen.times.shown()
        );
        found.push(Proposal { value: account.to_owned(), reason, cautions: gathered.cautions(&seen.times) });
    }
    (LAYERS, found)
}

/// Buckets with logs.
pub fn buckets(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let mut found = Vec::new();
    for (bucket, seen) in gathered.buckets.ranked() {
        if bucket.len() < MIN_BUCKET {
            continue;
        }
        let writers = match seen.writers.list() {
            [] => "no service seen that writes to it".to_owned(),
            some => format!("{} writes to it", some.join(", ")),
        };
        let named = match seen.named.list() {
            [] => String::new(),
            some => format!(", {} names it", some.join(", ")),
        };
        let reason = format!("{writers}{named}; {}, {}", counted(seen.times.events(), "event"), seen.times.shown());
        let mut cautions = gathered.cautions(&seen.times);
        if seen.writers.list().is_empty() {
            cautions.push("only named: make sure that it is yours".to_owned());
        }
        found.push(Proposal { value: bucket.to_owned(), reason, cautions });
    }
    (BUCKETS, found)
}

//! Everything that is known of all records, in bounded memory.

use jiff::Timestamp;

use super::{
    bounded::{Bounded, Few, SeenEvents},
    evidence::{AccountEvidence, BucketEvidence, LayerEvidence, NetworkEvidence, PrincipalEvidence},
    facts::{BucketWitness, Facts},
};

/// The most bytes of what is known of principals, and of each of the other kinds.
const PRINCIPALS: usize = 64 << 20;
const OTHERS: usize = 16 << 20;

/// What is known of all records.
pub struct Gathered {
    pub(super) events: u64,
    pub(super) period: Option<(Timestamp, Timestamp)>,
    pub(super) accounts: Few<String, 1_000>,
    pub(super) principals: Bounded<PrincipalEvidence>,
    pub(super) networks: Bounded<NetworkEvidence>,
    pub(super) foreign: Bounded<AccountEvidence>,
    pub(super) layers: Bounded<LayerEvidence>,
    pub(super) buckets: Bounded<BucketEvidence>,
    seen: SeenEvents,
}

impl Default for Gathered {
    fn default() -> Self {
        Self {
            events: 0,
            period: None,
            accounts: Few::default(),
            principals: Bounded::within(PRINCIPALS),
            networks: Bounded::within(OTHERS),
            foreign: Bounded::within(OTHERS),
            layers: Bounded::within(OTHERS),
            buckets: Bounded::within(OTHERS),
            seen: SeenEvents::none(),
        }
    }
}

impl Gathered {
    /// Counts a record, unless it is of an event that was counted: several trails write the same event.
    pub fn add(&mut self, facts: &Facts) {
        if facts.event.is_some_and(|event| !self.seen.is_new(event)) {
            return;
        }
        let Facts { time, failed, account, caller, assumed, layers, bucket, .. } = facts;
        let (time, failed) = (*time, *failed);
        self.events += 1;
        let (first, last) = self.period.unwrap_or((time, time));
        self.period = Some((first.min(time), last.max(time)));
        if let Some(account) = account {
            self.accounts.add(account.clone());
        }
        if let Some(caller) = caller {
            self.principals.entry(&caller.principal).add(time, failed, account.as_deref(), caller);
            if let Some((network, address)) = &caller.address {
                self.networks.entry(network).add(time, failed, caller, *address);
            }
        }
        if let Some(assumed) = assumed {
            let known = self.foreign.entry(&assumed.from);
            known.times.add(time, failed);
            known.without_external_id += u64::from(!assumed.has_external_id);
            if !failed {
                known.roles.add(assumed.role.clone());
            }
        }
        for (owner, layer) in layers {
            let known = self.layers.entry(owner);
            known.times.add(time, failed);
            known.layers.add(layer.clone());
        }
        if let Some((bucket, witness)) = bucket {
            let known = self.buckets.entry(bucket);
            known.times.add(time, failed);
            match witness {
                BucketWitness::Written(service) => known.writers.add(service),
                BucketWitness::Named(call) => known.named.add(call),
            }
        }
    }

    /// How many events were counted.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many principals, networks, accounts and buckets with few events were left out, for lack of room.
    pub fn left_out(&self) -> u64 {
        self.principals.forgotten()
            + self.networks.forgotten()
            + self.foreign.forgotten()
            + self.layers.forgotten()
            + self.buckets.forgotten()
    }
}

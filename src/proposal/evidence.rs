//! What the events of a principal, a network, an account or a bucket come to.

use std::net::IpAddr;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    agent::{Purpose, Tools},
    bounded::{Few, Weight},
    facts::{CallerFacts, Effect, hash},
};
use crate::diagnostic::counted;

/// How many days are counted.
const MAX_DAYS: usize = 128;

/// When events happened, and how many failed.
#[derive(Clone, Debug, Default)]
pub struct Times {
    events: u64,
    failures: u64,
    days: Few<i16, MAX_DAYS>,
    hours: u32,
    period: Option<(Timestamp, Timestamp)>,
}

impl Times {
    /// Counts an event.
    pub fn add(&mut self, time: Timestamp, failed: bool) {
        self.events += 1;
        self.failures += u64::from(failed);
        let seconds = time.as_second();
        self.days.add(i16::try_from(seconds.div_euclid(86_400)).unwrap_or(i16::MAX));
        self.hours |= 1 << (seconds.rem_euclid(86_400) / 3_600);
        let (first, last) = self.period.unwrap_or((time, time));
        self.period = Some((first.min(time), last.max(time)));
    }

    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many of them failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// On how many days, at most [`MAX_DAYS`].
    pub fn days(&self) -> usize {
        self.days.len()
    }

    /// In how many hours of the day.
    pub fn hours(&self) -> u32 {
        self.hours.count_ones()
    }

    /// When the first and the last happened.
    pub fn period(&self) -> Option<(Timestamp, Timestamp)> {
        self.period
    }

    /// On which days, and in how many hours of the day.
    pub fn shown(&self) -> String {
        let Some((first, last)) = self.period else { return "on no day".to_owned() };
        let hours = counted(self.hours().into(), "hour");
        if self.days.len() < 2 {
            return format!("on {}, in {hours} of the day", day(first));
        }
        format!("on {} days from {} to {}, in {hours} of the day", self.days.count(), day(first), day(last))
    }
}

/// The day of a time in UTC.
pub fn day(time: Timestamp) -> String {
    TimeZone::UTC.to_datetime(time).date().to_string()
}

/// What a principal does.
#[derive(Clone, Debug, Default)]
pub struct PrincipalEvidence {
    pub times: Times,
    pub reads: u64,
    pub writes: u64,
    /// Writes with the agent of a tool that deploys.
    pub deployed: u64,
    pub scans: u64,
    pub is_used_by_people: bool,
    pub tools: Tools,
    pub has_other_tools: bool,
    pub written: Few<u64, 16>,
    pub read: Few<u64, 64>,
    pub accounts: Few<String, 8>,
    pub networks: Few<String, 4>,
}

impl PrincipalEvidence {
    /// Counts an event.
    pub fn add(&mut self, time: Timestamp, failed: bool, account: Option<&str>, caller: &CallerFacts) {
        self.times.add(time, failed);
        self.is_used_by_people |= caller.is_person;
        match caller.tool {
            Some(tool) => self.tools.add(tool),
            None => self.has_other_tools = true,
        }
        if let Some(account) = account {
            self.accounts.add(account.to_owned());
        }
        if let Some((network, _)) = &caller.address {
            self.networks.add(network.clone());
        }
        let purpose = caller.tool.map_or(Purpose::General, super::agent::Tool::purpose);
        match caller.effect {
            _ if failed => {}
            Effect::Write => {
                self.writes += 1;
                self.deployed += u64::from(purpose == Purpose::Deployment);
                self.written.add(caller.call);
            }
            Effect::Read => {
                self.reads += 1;
                self.scans += u64::from(purpose == Purpose::Scan);
                self.read.add(caller.service);
            }
            Effect::Other => {}
        }
    }
}

impl Weight for PrincipalEvidence {
    fn weight(&self) -> u64 {
        self.writes + self.reads
    }
}

/// What comes from a network: calls of roles, and of people.
#[derive(Clone, Debug, Default)]
pub struct NetworkEvidence {
    pub roles: Use,
    pub people: Use,
}

/// Who uses a network, and when.
#[derive(Clone, Debug, Default)]
pub struct Use {
    pub times: Times,
    pub principals: Few<u64, 16>,
    pub addresses: Few<IpAddr, 4>,
}

impl NetworkEvidence {
    /// Counts a call.
    pub fn add(&mut self, time: Timestamp, failed: bool, caller: &CallerFacts, address: IpAddr) {
        let who = match (caller.is_person, caller.is_role) {
            (true, _) => &mut self.people,
            (false, true) => &mut self.roles,
            (false, false) => return,
        };
        who.times.add(time, failed);
        who.principals.add(hash(&caller.principal));
        who.addresses.add(address);
    }
}

impl Weight for NetworkEvidence {
    fn weight(&self) -> u64 {
        self.roles.times.events() + self.people.times.events()
    }
}

/// What an account does with roles of these accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountEvidence {
    pub times: Times,
    pub roles: Few<String, 4>,
    pub without_external_id: u64,
}

impl Weight for AccountEvidence {
    fn weight(&self) -> u64 {
        self.times.events()
    }
}

/// Who gets layers of an account.
#[derive(Clone, Debug, Default)]
pub struct LayerEvidence {
    pub times: Times,
    pub layers: Few<String, 4>,
}

impl Weight for LayerEvidence {
    fn weight(&self) -> u64 {
        self.times.events()
    }
}

/// Why a bucket is one with logs.
#[derive(Clone, Debug, Default)]
pub struct BucketEvidence {
    pub times: Times,
    pub writers: Few<&'static str, 4>,
    pub named: Few<&'static str, 4>,
}

impl Weight for BucketEvidence {
    fn weight(&self) -> u64 {
        self.times.events()
    }
}

//! Roles and users that deploy, and those that read everything.

use super::{evidence::PrincipalEvidence, gathered::Gathered, item::Proposal};

const AUTOMATION: &str = "at least 50 successful writes of 3 different calls on 3 days, and either 80 % of them with the agent \
                          of a tool that deploys, or calls in 20 hours of the day; never with MFA or in the console";
const SECURITY: &str = "at least 1,000 successful reads (200 with the agent of a known scanner) in 12 services on 3 days, and \
                        fewer than one write in 50 reads; never with MFA or in the console";

const MIN_DAYS: usize = 3;
const MIN_WRITES: u64 = 50;
const MIN_CALLS: usize = 3;
const MIN_HOURS: u32 = 20;
const MIN_READS: u64 = 1_000;
const MIN_SCANS: u64 = 200;
const MIN_SERVICES: usize = 12;
const READS_OF_A_WRITE: u64 = 50;

/// Roles and users that deploy.
pub fn automation(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let is_wanted = |seen: &PrincipalEvidence| {
        let is_deployed = seen.deployed * 5 >= seen.writes * 4;
        seen.writes >= MIN_WRITES && seen.written.len() >= MIN_CALLS && (is_deployed || seen.times.hours() >= MIN_HOURS)
    };
    let reason = |seen: &PrincipalEvidence| {
        let tools = seen.tools.names();
        let others = if seen.has_other_tools { " and others" } else { "" };
        let tools = if tools.is_empty() { "unknown agents".to_owned() } else { tools.join(", ") + others };
        format!(
            "{} events, {} of them writes ({} with an agent that deploys), {}; agents: {tools}",
            seen.times.events(),
            seen.writes,
            seen.deployed,
            seen.times.shown()
        )
    };
    (AUTOMATION, proposals(gathered, &is_wanted, &reason, |seen| seen.writes))
}

/// Roles and users that read everything.
pub fn security(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let is_wanted = |seen: &PrincipalEvidence| {
        (seen.reads >= MIN_READS || seen.scans >= MIN_SCANS)
            && seen.read.len() >= MIN_SERVICES
            && seen.writes * READS_OF_A_WRITE < seen.reads
    };
    let reason = |seen: &PrincipalEvidence| {
        let tools = seen.tools.names();
        let tools = if tools.is_empty() { "unknown".to_owned() } else { tools.join(", ") };
        format!(
            "{} events, {} of them reads in {} services and {} writes, {}; agents: {tools}",
            seen.times.events(),
            seen.reads,
            seen.read.count(),
            seen.writes,
            seen.times.shown()
        )
    };
    (SECURITY, proposals(gathered, &is_wanted, &reason, |seen| seen.reads))
}

fn proposals(
    gathered: &Gathered,
    is_wanted: &dyn Fn(&PrincipalEvidence) -> bool,
    reason: &dyn Fn(&PrincipalEvidence) -> String,
    volume: fn(&PrincipalEvidence) -> u64,
) -> Vec<Proposal> {
    let ranked = gathered.principals.ranked();
    let is_regular = |seen: &PrincipalEvidence| {
        !seen.is_used_by_people && seen.times.days() >= MIN_DAYS && seen.times.failures() * 2 < seen.times.events()
    };
    let mut chosen: Vec<_> = ranked.iter().filter(|(_, seen)| is_regular(seen) && is_wanted(seen)).collect();
    chosen.sort_by_key(|(principal, seen)| (std::cmp::Reverse(volume(seen)), *principal));
    let proposal = |(principal, seen): &(&str, &PrincipalEvidence)| {
        let accounts = match seen.accounts.list() {
            [] => String::new(),
            [one] => format!("; account {one}"),
            _ => format!("; {} accounts", seen.accounts.count()),
        };
        let vendors: Vec<&str> = assumed_by(gathered, principal);
        let vendors = match &*vendors {
            [] => String::new(),
            some => format!("; assumed by the account {}", some.join(", ")),
        };
        let mut cautions = gathered.cautions(&seen.times);
        if let [network] = seen.networks.list()
            && !seen.networks.has_more()
        {
            cautions.push(format!("all from one network: {network}"));
        }
        if principal.contains(":user/") {
            cautions.push("a user of IAM, whose access keys can be copied".to_owned());
        }
        // An item covers everything that begins with it.
        let is_longer = |(other, _): &&(&str, _)| other.len() > principal.len() && other.starts_with(principal);
        if let Some((other, _)) = ranked.iter().find(is_longer) {
            cautions.push(format!("also covers what begins with it, such as {other}"));
        }
        Proposal { value: (*principal).to_owned(), reason: reason(seen) + &accounts + &vendors, cautions }
    };
    chosen.into_iter().map(proposal).collect()
}

/// The accounts of others that assume a role.
fn assumed_by<'a>(gathered: &'a Gathered, role: &str) -> Vec<&'a str> {
    let foreign = gathered.foreign.ranked().into_iter();
    let accounts = foreign.filter(|(_, seen)| seen.roles.list().iter().any(|one| one == role));
    accounts.map(|(account, _)| account).take(3).collect()
}

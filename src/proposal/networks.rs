//! Networks from which machines and people call.

use super::{
    evidence::{NetworkEvidence, Use},
    gathered::Gathered,
    item::Proposal,
};

const EGRESS: &str = "at least 200 calls of roles without people, on 5 days";
const OFFICE: &str = "at least 50 calls of people (IAM Identity Center, the console, MFA), of 3 of them, on 5 days";

const MIN_DAYS: usize = 5;
const MIN_ROLE_CALLS: u64 = 200;
const MIN_PEOPLE_CALLS: u64 = 50;
const MIN_PEOPLE: usize = 3;

/// Networks of machines.
pub fn egress(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let is_wanted = |seen: &Use| seen.times.events() >= MIN_ROLE_CALLS;
    (EGRESS, proposals(gathered, |seen| &seen.roles, &is_wanted, "role"))
}

/// Networks of people.
pub fn office(gathered: &Gathered) -> (&'static str, Vec<Proposal>) {
    let is_wanted = |seen: &Use| seen.times.events() >= MIN_PEOPLE_CALLS && seen.principals.len() >= MIN_PEOPLE;
    (OFFICE, proposals(gathered, |seen| &seen.people, &is_wanted, "person"))
}

fn proposals(
    gathered: &Gathered,
    of: fn(&NetworkEvidence) -> &Use,
    is_wanted: &dyn Fn(&Use) -> bool,
    noun: &str,
) -> Vec<Proposal> {
    let mut found = Vec::new();
    for (network, seen) in gathered.networks.ranked() {
        let seen = of(seen);
        let times = &seen.times;
        if !is_wanted(seen) || times.days() < MIN_DAYS || times.failures() * 2 >= times.events() {
            continue;
        }
        let addresses = match seen.addresses.list() {
            list if seen.addresses.has_more() => format!("more than {} addresses", list.len()),
            list => format!("only {}", list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        let nouns = match (noun, seen.principals.len(), seen.principals.has_more()) {
            ("person", 1, false) => "person",
            ("person", ..) => "people",
            (_, 1, false) => "role",
            _ => "roles",
        };
        let reason =
            format!("{} calls of {} {nouns}, {}; {addresses}", times.events(), seen.principals.count(), times.shown());
        let mut cautions = gathered.cautions(times);
        if seen.principals.len() == 1 {
            cautions.push(format!("of one {noun} only"));
        }
        found.push((times.events(), Proposal { value: network.to_owned(), reason, cautions }));
    }
    found.sort_by(|(one, first), (other, second)| (other, &first.value).cmp(&(one, &second.value)));
    found.into_iter().map(|(_, proposal)| proposal).collect()
}

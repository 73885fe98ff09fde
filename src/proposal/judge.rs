//! What is proposed for each list.

use super::{gathered::Gathered, item::Proposal, networks, others, principals};

/// What is proposed for a list.
#[derive(Debug)]
pub struct ListProposals {
    /// The name of the list.
    pub list: &'static str,
    /// What something must have done to be proposed.
    pub criteria: &'static str,
    /// The proposals, those with the most events first.
    pub proposals: Vec<Proposal>,
}

/// How an item of a list covers a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// It is equal.
    Equal,
    /// It is the beginning.
    Beginning,
    /// It is in it, whatever the case.
    Part,
    /// It is a network around it.
    Network,
}

/// What a list takes, in words, and what is proposed for it.
type Judge = fn(&Gathered) -> (&'static str, Vec<Proposal>);

/// The lists for which something can be proposed, how their items cover values, and what is proposed.
pub const LISTS: &[(&str, Covers, Judge)] = &[
    ("automation_roles", Covers::Beginning, principals::automation),
    ("security_tools", Covers::Beginning, principals::security),
    ("trusted_accounts", Covers::Equal, others::trusted),
    ("layer_accounts", Covers::Equal, others::layers),
    ("egress_networks", Covers::Network, networks::egress),
    ("office_networks", Covers::Network, networks::office),
    ("log_buckets", Covers::Part, others::buckets),
];

impl Gathered {
    /// What is proposed for a list of that name; `None` if nothing ever is.
    pub fn proposals(&self, list: &str) -> Option<ListProposals> {
        let (list, _, judge) = *LISTS.iter().find(|(name, ..)| *name == list)?;
        let (criteria, proposals) = judge(self);
        Some(ListProposals { list, criteria, proposals })
    }
}

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

/// The lists for which something can be proposed, and how their items cover values.
pub const LISTS: &[(&str, Covers)] = &[
    ("automation_roles", Covers::Beginning),
    ("security_tools", Covers::Beginning),
    ("trusted_accounts", Covers::Equal),
    ("layer_accounts", Covers::Equal),
    ("egress_networks", Covers::Network),
    ("office_networks", Covers::Network),
    ("log_buckets", Covers::Part),
];

impl Gathered {
    /// What is proposed for a list of that name; `None` if nothing ever is.
    pub fn proposals(&self, list: &str) -> Option<ListProposals> {
        let (list, _) = *LISTS.iter().find(|(name, _)| *name == list)?;
        let (criteria, proposals) = match list {
            "automation_roles" => principals::automation(self),
            "security_tools" => principals::security(self),
            "trusted_accounts" => others::trusted(self),
            "layer_accounts" => others::layers(self),
            "egress_networks" => networks::egress(self),
            "office_networks" => networks::office(self),
            _ => others::buckets(self),
        };
        Some(ListProposals { list, criteria, proposals })
    }
}

//! The names of AWS accounts in alerts: `accounts:` of a rules file, and of the overrides beside it.
//!
//! An id that no account can have is an error, so every name is one that an alert can show.

use std::collections::BTreeMap;

use crate::{
    diagnostic::{Diagnostic, Span, shorten},
    yaml::{self, YamlField, YamlNode},
};

/// The longest name of an account, in characters.
const MAX_NAME: usize = 100;

const HELP: &str = "write each account as `\"111122223333\": production`";

/// Names that people give to their AWS accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(BTreeMap<String, String>);

impl Accounts {
    /// The name of the account with this id of twelve digits.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// These names together with `others`, which win where both name an account.
    pub fn with(&self, others: Self) -> Self {
        let mut accounts = self.clone();
        accounts.0.extend(others.0);
        accounts
    }
}

/// Names of accounts, each with the place of its id.
#[derive(Default)]
pub struct NamedAccounts(BTreeMap<String, (String, Span)>);

impl From<NamedAccounts> for Accounts {
    fn from(named: NamedAccounts) -> Self {
        Self(named.0.into_iter().map(|(id, (name, _))| (id, name)).collect())
    }
}

/// Adds the accounts whose id and name are valid; the others are reported, and a second name for the same account.
pub fn read(field: YamlField, accounts: &mut NamedAccounts, problems: &mut Vec<Diagnostic>) {
    for (id, node) in field.entries(HELP, problems).unwrap_or_default() {
        let (valid, name) = (check_id(id, problems), name(id, node, problems));
        let Some(name) = name.filter(|_| valid) else { continue };
        match accounts.0.get(&id.text) {
            Some((first, span)) if *first != name => {
                let title = format!("the account `{}` has two names", id.text);
                let finding = Diagnostic::error("duplicate-account", title, id.span, "the second one");
                let finding = finding.context(*span, "the first one");
                problems.push(finding.help("remove one of the two; names in `overrides.yaml` win over all others"));
            }
            Some(_) => {}
            None => {
                accounts.0.insert(id.text.clone(), (name, id.span));
            }
        }
    }
}

fn check_id(id: &yaml::Scalar, problems: &mut Vec<Diagnostic>) -> bool {
    let valid = id.text.len() == 12 && id.text.bytes().all(|byte| byte.is_ascii_digit());
    if !valid {
        let title = format!("`{}` is not an AWS account id", shorten(&id.text));
        let finding = Diagnostic::error("bad-account", title, id.span, "expected 12 digits");
        problems.push(finding.help(HELP));
    }
    valid
}

fn name(id: &yaml::Scalar, node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let scalar = YamlField { key: &id.text, key_span: id.span, node }.text(problems)?;
    let name = scalar.text.trim();
    let label = match name.chars().count() {
        0 => "expected at least one character".to_owned(),
        1..=MAX_NAME if !name.chars().any(char::is_control) => return Some(name.to_owned()),
        1..=MAX_NAME => "expected one line without control characters".to_owned(),
        length => format!("expected at most {MAX_NAME} characters, found {length}"),
    };
    let title = format!("the name of account `{}` cannot be shown in alerts", shorten(&id.text));
    let finding = Diagnostic::error("bad-account", title, scalar.span, label);
    problems.push(finding.help("write a short name, such as `production`"));
    None
}

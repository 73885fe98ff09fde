//! The names of AWS accounts, for alerts: `accounts:` of a rules file, and of the overrides beside it.
//!
//! An id that could be no account's is an error, so a name that never shows is a mistake that is said.

use std::collections::BTreeMap;

use crate::{
    diagnostic::{Diagnostic, shorten},
    yaml::{self, YamlField, YamlNode},
};

/// The longest name of an account, in characters.
const MAX_NAME: usize = 100;

const HELP: &str = "write each account as `\"111122223333\": production`";

/// What people call the accounts that they have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(BTreeMap<String, String>);

impl Accounts {
    /// The name of the account with that id.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// These, and over them `others`.
    pub fn with(&self, others: Self) -> Self {
        let mut accounts = self.clone();
        accounts.0.extend(others.0);
        accounts
    }
}

/// The accounts that are sound.
pub fn read(field: YamlField, problems: &mut Vec<Diagnostic>) -> Accounts {
    let entries = field.entries(HELP, problems).unwrap_or_default();
    let accounts = entries.iter().filter_map(|(id, node)| {
        let (known, name) = (check_id(id, problems), name(id, node, problems));
        known.then_some((id.text.clone(), name?))
    });
    Accounts(accounts.collect())
}

fn check_id(id: &yaml::Scalar, problems: &mut Vec<Diagnostic>) -> bool {
    let known = id.text.len() == 12 && id.text.bytes().all(|byte| byte.is_ascii_digit());
    if !known {
        let title = format!("`{}` is not the id of an account", shorten(&id.text));
        let finding = Diagnostic::error("bad-account", title, id.span, "expected twelve digits");
        problems.push(finding.help(HELP));
    }
    known
}

fn name(id: &yaml::Scalar, node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let scalar = YamlField { key: &id.text, key_span: id.span, node }.text(problems)?;
    let name = scalar.text.trim();
    let label = match name.chars().count() {
        0 => "expected at least one character".to_owned(),
        1..=MAX_NAME if !name.chars().any(char::is_control) => return Some(name.to_owned()),
        1..=MAX_NAME => "expected one line".to_owned(),
        length => format!("expected at most {MAX_NAME} characters, and these are {length}"),
    };
    let title = format!("the name of the account {} cannot be shown", shorten(&id.text));
    let finding = Diagnostic::error("bad-account", title, scalar.span, label);
    problems.push(finding.help("write a short name, such as `production`"));
    None
}

//! The names of accounts, which alerts show beside their ids.

use std::collections::BTreeMap;

use super::{
    field::{self, Field},
    scalar::Scalar,
    syntax::shorten,
};
use crate::diagnostic::Diagnostic;

/// The longest name of an account, in characters.
const MAX_NAME: usize = 100;
const HELP: &str = "write each account as `\"111122223333\": name`";

/// The accounts with their names; a broken one is reported and left out.
pub fn read(field: Field, problems: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let entries = field.entries(HELP, problems).unwrap_or_default();
    let accounts = entries.iter().filter_map(|(id, node)| {
        let account = Field { key: &id.text, key_span: id.span, node };
        let name = account.text(problems).and_then(|scalar| name(scalar, problems));
        id_of(id, problems).zip(name)
    });
    accounts.collect()
}

fn id_of(scalar: &Scalar, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let id = field::key(scalar, problems)?;
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(id.to_owned());
    }
    let title = format!("`{}` is not the id of an account", shorten(id));
    problems.push(Diagnostic::error("bad-account", title, scalar.span, "expected 12 digits").help(HELP));
    None
}

fn name(scalar: &Scalar, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let name = scalar.text.trim_end();
    if (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Some(name.to_owned());
    }
    let label = format!("expected one line of 1 to {MAX_NAME} characters");
    let title = "this is no name for an account";
    problems.push(
        Diagnostic::error("bad-name", title, scalar.span, label).help("write a short name, such as `production`"),
    );
    None
}

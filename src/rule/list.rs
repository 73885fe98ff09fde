//! The named lists of a rules file.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    field::{self, Field},
    scalar::Scalar,
    syntax::shorten,
    yaml::{Kind, Node},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{Lists, operand::Value},
    number::Number,
    record::continues_bare_word,
};

const LISTS_HELP: &str = "write each list as `name: [\"one\", \"two\"]`";

/// The lists that are sound; a list with a broken item is there without it, so that filters that name it raise no
/// findings of their own. Beside them, where their names stand.
pub fn read(field: Field, problems: &mut Vec<Diagnostic>) -> (Lists, BTreeMap<String, Span>) {
    let entries = field.entries(LISTS_HELP, problems).unwrap_or_default();
    let lists = entries.iter().map(|(name, node)| {
        check_name(name, problems);
        (name.text.clone(), items(name, node, problems))
    });
    let lists = Lists(lists.collect());
    (lists, entries.iter().map(|(name, _)| (name.text.clone(), name.span)).collect())
}

fn check_name(name: &Scalar, problems: &mut Vec<Diagnostic>) {
    if name.text.is_empty() || !name.text.chars().all(continues_bare_word) {
        let title = format!("`{}` is not a name for a list", shorten(&name.text));
        let finding = Diagnostic::error("bad-name", title, name.span, "expected letters, digits, `_` and `-`");
        problems.push(finding.help("filters name it behind a `$`, such as `in $admins`"));
    }
}

fn items(name: &Scalar, node: &Node, problems: &mut Vec<Diagnostic>) -> Vec<Value> {
    let list = Field { key: &name.text, key_span: name.span, node };
    let Some(nodes) = list.list(LISTS_HELP, problems) else { return Vec::new() };
    if nodes.is_empty() {
        let title = format!("the list `{}` is empty", shorten(&name.text));
        let finding = Diagnostic::error("empty-list", title, name.span, "expected at least one item");
        problems.push(finding.help("add an item, or remove the list and the conditions that name it"));
    }
    nodes.iter().filter_map(|node| item(node, problems)).collect()
}

fn item(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Value> {
    let number = |number: &serde_json::Number| Number::from_json(number).map(Value::Number);
    match (&node.kind, field::json(node, problems)?) {
        (_, Json::Number(value)) => number(&value),
        // `NO` and `off` are text where text is wanted, and so are `true` and `null`.
        (Kind::Scalar(scalar), _) if !scalar.is_null() => Some(Value::Text(scalar.text.trim_end().to_owned())),
        _ => {
            let title = "an item of a list is neither text nor a number";
            let finding = Diagnostic::error("wrong-type", title, node.span, "expected text or a number");
            problems.push(finding.help("write text, such as `\"admin\"`, or a number"));
            None
        }
    }
}

//! The named lists of a rules file, and of the overrides beside it.

use serde_json::Value as Json;

use crate::{
    diagnostic::{Diagnostic, Span, shorten},
    filter::{continues_bare_word, operand::Value},
    number::Number,
    yaml::{self, YamlField, YamlKind, YamlNode},
};

const LISTS_HELP: &str = "write each list as `name: [\"one\", \"two\"]`, or as `name: []` if it has no items";

/// A named list.
pub struct NamedList {
    /// Its name, without a `$`.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// The valid items, each with its place.
    pub items: Vec<(Value, Span)>,
}

impl NamedList {
    /// The items.
    pub fn values(&self) -> Vec<Value> {
        self.items.iter().map(|(value, _)| value.clone()).collect()
    }
}

/// The lists of `lists:`, which may be empty. `check` reports what is wrong with a name. A list with a broken item is returned
/// without the item, so a filter that uses the list is not reported as well.
pub fn read(
    field: YamlField,
    check: impl Fn(&yaml::Scalar) -> Option<Diagnostic>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<NamedList> {
    let entries = field.entries(LISTS_HELP, problems).unwrap_or_default();
    let lists = entries.iter().map(|(name, node)| {
        problems.extend(check(name));
        NamedList { name: name.text.clone(), span: name.span, items: items(name, node, problems) }
    });
    lists.collect()
}

/// The finding about a name that no filter can write after a `$`.
pub fn unwritable(name: &yaml::Scalar) -> Option<Diagnostic> {
    if !name.text.is_empty() && name.text.chars().all(continues_bare_word) {
        return None;
    }
    let title = format!("`{}` is not a name for a list", shorten(&name.text));
    let finding = Diagnostic::error("bad-name", title, name.span, "expected letters, digits, `_` and `-`");
    Some(finding.help("filters use the name after a `$`, such as `in $admins`"))
}

fn items(name: &yaml::Scalar, node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Vec<(Value, Span)> {
    let list = YamlField { key: &name.text, key_span: name.span, node };
    let Some(nodes) = list.list(LISTS_HELP, problems) else { return Vec::new() };
    nodes.iter().filter_map(|node| Some((item(node, problems)?, node.span))).collect()
}

fn item(node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<Value> {
    let number = |number: &serde_json::Number| Number::from_json(number).map(Value::Number);
    match (&node.kind, yaml::json(node, problems)?) {
        (_, Json::Number(value)) => number(&value),
        // `NO` and `off` are text where text is expected, and so are `true` and `null`.
        (YamlKind::Scalar(scalar), _) if !scalar.is_null() => Some(Value::Text(scalar.text.trim_end().to_owned())),
        _ => {
            let title = "an item of a list is neither text nor a number";
            let finding = Diagnostic::error("wrong-type", title, node.span, "expected text or a number");
            problems.push(finding.help("write text, such as `\"admin\"`, or a number"));
            None
        }
    }
}

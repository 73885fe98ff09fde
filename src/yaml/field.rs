//! Values of the tree as the types that a field takes: text, a boolean, a list, JSON.
//!
//! A reader that returns `None` has reported the reason, so its caller does not report it again.

use serde_json::{Map, Number, Value};

use super::scalar::Scalar;
use super::synonym;
use super::tree::{YamlKind, YamlNode};
use crate::diagnostic::{Diagnostic, Span, nearest, one_of, shorten};

const BOOLEAN_HELP: &str = "write true or false, without quotes";
const TEXT_HELP: &str = "write one text; put it in quotes or in a block (`|`) if it begins with `[` or `{`";

/// Keys with more bytes than this are not compared with the known ones.
const MAX_MISSPELLING: usize = 40;

/// A map with a fixed set of keys.
pub struct YamlMap<'n> {
    /// What the map is, with its article: `a rule`.
    what: &'static str,
    span: Span,
    entries: &'n [(Scalar, YamlNode)],
    /// Known fields that are probably present under a misspelled key.
    misspelled: Vec<&'static str>,
}

/// A key of a map and its value.
#[derive(Clone, Copy)]
pub struct YamlField<'n> {
    /// The key.
    pub key: &'n str,
    /// The place of the key.
    pub key_span: Span,
    /// The value.
    pub node: &'n YamlNode,
}

impl<'n> YamlMap<'n> {
    /// The entries of a map; keys other than `known` are reported. `help` is the repair if the node is not a map.
    pub fn of(
        node: &'n YamlNode,
        what: &'static str,
        known: &[&'static str],
        help: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let YamlKind::Map(entries) = &node.kind else {
            problems.extend(wrong_type(what, "a map", node, help));
            return None;
        };
        let mut fields = Self { what, span: node.span, entries, misspelled: Vec::new() };
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
            fields.report_unknown(key, known, problems);
        }
        Some(fields)
    }

    /// An optional field.
    pub fn get(&self, key: &str) -> Option<YamlField<'n>> {
        let (name, node) = self.entries.iter().find(|(name, _)| name.text == key)?;
        Some(YamlField { key: &name.text, key_span: name.span, node })
    }

    /// A required field; `help` is the repair if it is missing.
    pub fn require(&self, key: &'static str, help: &str, problems: &mut Vec<Diagnostic>) -> Option<YamlField<'n>> {
        let found = self.get(key);
        if found.is_none() {
            problems.extend(self.missing(&[key], help));
        }
        found
    }

    /// The finding that none of these fields is present; none if one of them is probably misspelled.
    pub fn missing(&self, keys: &[&'static str], help: &str) -> Option<Diagnostic> {
        if keys.iter().any(|key| self.misspelled.contains(key)) {
            return None;
        }
        let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let title = match &names[..] {
            [one] => format!("{} has no {one}", self.what),
            _ => format!("{} has neither {}", self.what, names.join(" nor ")),
        };
        Some(Diagnostic::error("missing-field", title, self.span, "missing from these fields").help(help))
    }

    fn report_unknown(&mut self, key: &Scalar, known: &[&'static str], problems: &mut Vec<Diagnostic>) {
        let title = format!("`{}` is not a field of {}", shorten(&key.text), self.what);
        let candidates = known.iter().copied().filter(|_| key.text.len() <= MAX_MISSPELLING);
        let (label, help) = match synonym::meant(&key.text, known).or_else(|| nearest(&key.text, candidates)) {
            Some(meant) if synonym::is_opposite(&key.text) => {
                (format!("expected `{meant}`?"), format!("write `{meant}` with the opposite value"))
            }
            Some(meant) => {
                self.misspelled.push(meant);
                (format!("expected `{meant}`?"), format!("write `{meant}`"))
            }
            None if key.text == "<<" => {
                ("not a field".into(), "YAML 1.2 has no merge keys: write out the fields".into())
            }
            None => {
                let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                ("not a field".into(), format!("remove it, or use {}", one_of(&names)))
            }
        };
        problems.push(Diagnostic::error("unknown-key", title, key.span, label).help(help));
    }
}

impl<'n> YamlField<'n> {
    /// A text: any scalar except null and a number whose leading zeros YAML would drop.
    pub fn text(self, problems: &mut Vec<Diagnostic>) -> Option<&'n Scalar> {
        text(&format!("`{}`", self.key), self.node, self.key_span, problems)
    }

    /// `true` or `false`.
    pub fn boolean(self, problems: &mut Vec<Diagnostic>) -> Option<bool> {
        let scalar = self.scalar("true or false", BOOLEAN_HELP, problems)?;
        match scalar.plain() {
            Some("true" | "True" | "TRUE") => return Some(true),
            Some("false" | "False" | "FALSE") => return Some(false),
            _ => {}
        }
        let title = format!("`{}` is neither true nor false", self.key);
        let finding = Diagnostic::error("wrong-type", title, scalar.span, "expected `true` or `false`");
        let word = scalar.text.to_ascii_lowercase();
        problems.push(match word.as_str() {
            "yes" | "on" | "y" | "1" | "true" => finding.help(format!("write `{}: true`", self.key)),
            "no" | "off" | "n" | "0" | "false" => finding.help(format!("write `{}: false`", self.key)),
            _ => finding.help(BOOLEAN_HELP),
        });
        None
    }

    /// The items of a list; `help` is the repair if the value is not a list.
    pub fn list(self, help: &str, problems: &mut Vec<Diagnostic>) -> Option<&'n [YamlNode]> {
        match &self.node.kind {
            YamlKind::List(items) => return Some(items),
            YamlKind::Scalar(scalar) if scalar.is_null() => problems.push(self.no_value()),
            _ => problems.extend(wrong_type(&format!("`{}`", self.key), "a list", self.node, help)),
        }
        None
    }

    /// The entries of a map with any keys; `help` is the repair if the value is not a map.
    pub fn entries(self, help: &str, problems: &mut Vec<Diagnostic>) -> Option<&'n [(Scalar, YamlNode)]> {
        match &self.node.kind {
            YamlKind::Map(entries) => return Some(entries),
            YamlKind::Scalar(scalar) if scalar.is_null() => problems.push(self.no_value()),
            _ => problems.extend(wrong_type(&format!("`{}`", self.key), "a map", self.node, help)),
        }
        None
    }

    /// A scalar other than null; `help` is the repair if the value is something else.
    pub fn scalar(self, wanted: &str, help: &str, problems: &mut Vec<Diagnostic>) -> Option<&'n Scalar> {
        scalar(&format!("`{}`", self.key), self.node, self.key_span, (wanted, help), problems)
    }

    fn no_value(self) -> Diagnostic {
        no_value(&format!("`{}`", self.key), self.key_span)
    }
}

/// Reads an optional field: `Some(None)` if it is absent, `None` if it is wrong.
#[expect(clippy::option_option, reason = "an absent field and a wrong one differ")]
pub fn optional<'n, T>(
    fields: &YamlMap<'n>,
    key: &str,
    problems: &mut Vec<Diagnostic>,
    read: impl FnOnce(YamlField<'n>, &mut Vec<Diagnostic>) -> Option<T>,
) -> Option<Option<T>> {
    match fields.get(key) {
        None => Some(None),
        Some(field) => read(field, problems).map(Some),
    }
}

/// Parses a text in a language of its own, and moves the findings into the file.
pub fn parsed<T>(
    scalar: &Scalar,
    parse: impl FnOnce(&str) -> Result<T, Vec<Diagnostic>>,
    problems: &mut Vec<Diagnostic>,
) -> Option<T> {
    let found = |findings: Vec<Diagnostic>| {
        problems.extend(findings.into_iter().map(|finding| finding.at(|span| scalar.place(span))));
    };
    parse(scalar.text.trim_end()).map_err(found).ok()
}

/// The text of an item or a field; a finding about a missing value points to `place`.
pub fn text<'n>(what: &str, node: &'n YamlNode, place: Span, problems: &mut Vec<Diagnostic>) -> Option<&'n Scalar> {
    let scalar = scalar(what, node, place, ("text", TEXT_HELP), problems)?;
    if scalar.plain().is_some_and(has_leading_zero) {
        problems.push(leading_zero(scalar));
        return None;
    }
    Some(scalar)
}

/// The JSON value of a node; plain scalars follow the core schema of YAML 1.2
/// (<https://yaml.org/spec/1.2.2/#103-core-schema>). A number with a leading zero is refused, because an account id would
/// lose it.
pub fn json(node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<Value> {
    match &node.kind {
        YamlKind::Broken => None,
        YamlKind::Scalar(scalar) => match scalar.plain() {
            Some(plain) => plain_json(plain, scalar, problems),
            None => Some(Value::String(scalar.text.clone())),
        },
        YamlKind::List(items) => {
            let items: Vec<_> = items.iter().map(|item| json(item, problems)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
        }
        YamlKind::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| json(value, problems).map(|value| (key.text.clone(), value)))
                .collect();
            entries.into_iter().collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

fn scalar<'n>(
    what: &str,
    node: &'n YamlNode,
    place: Span,
    (wanted, help): (&str, &str),
    problems: &mut Vec<Diagnostic>,
) -> Option<&'n Scalar> {
    match &node.kind {
        YamlKind::Scalar(scalar) if scalar.is_null() => problems.push(no_value(what, place)),
        YamlKind::Scalar(scalar) => return Some(scalar),
        _ => problems.extend(wrong_type(what, wanted, node, help)),
    }
    None
}

fn no_value(what: &str, place: Span) -> Diagnostic {
    let finding = Diagnostic::error("missing-value", format!("{what} has no value"), place, "expected a value");
    finding.help("write a value, or remove the key")
}

/// The finding that a value has another type than `wanted`; none for a node that is already reported.
fn wrong_type(what: &str, wanted: &str, node: &YamlNode, help: &str) -> Option<Diagnostic> {
    let found = match &node.kind {
        YamlKind::Broken => return None,
        YamlKind::Scalar(scalar) if scalar.is_null() => "nothing",
        YamlKind::Scalar(_) => "text",
        YamlKind::List(_) => "a list",
        YamlKind::Map(_) => "a map",
    };
    let label = format!("expected {wanted}");
    Some(Diagnostic::error("wrong-type", format!("{what} is {found}, not {wanted}"), node.span, label).help(help))
}

fn has_leading_zero(plain: &str) -> bool {
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn leading_zero(scalar: &Scalar) -> Diagnostic {
    let title = format!("`{}` would lose its leading zero", shorten(&scalar.text));
    let finding = Diagnostic::error("leading-zero", title, scalar.span, "YAML reads this as a number");
    finding.help(format!("quote it: `\"{}\"`", shorten(&scalar.text)))
}

fn plain_json(plain: &str, scalar: &Scalar, problems: &mut Vec<Diagnostic>) -> Option<Value> {
    if has_leading_zero(plain) {
        problems.push(leading_zero(scalar));
        return None;
    }
    Some(match plain {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(plain).map_or_else(|| Value::String(plain.to_owned()), Value::Number),
    })
}

/// A number of the core schema; `.inf` and `.nan`, which JSON does not have, stay text.
fn number(plain: &str) -> Option<Number> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'));
    if let Some(digits) = plain.strip_prefix("0x") {
        return radix(digits, 16).map(Number::from);
    }
    if let Some(digits) = plain.strip_prefix("0o") {
        return radix(digits, 8).map(Number::from);
    }
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    let digit = |byte: u8| byte.is_ascii_digit();
    if !unsigned.bytes().all(|byte| digit(byte) || b".eE+-".contains(&byte))
        || !unsigned.bytes().next().is_some_and(|first| digit(first) || first == b'.')
    {
        return None;
    }
    let signed = plain.strip_prefix('+').unwrap_or(plain);
    let whole = || signed.parse::<i64>().map(Number::from).or_else(|_| signed.parse::<u64>().map(Number::from)).ok();
    whole().or_else(|| signed.parse().ok().and_then(Number::from_f64))
}

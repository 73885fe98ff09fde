//! `tests:` of a rule: records, and the verdict that the rule must reach on each.

use super::model::{RuleTest, Verdict};
use crate::{
    diagnostic::Diagnostic,
    record::Path,
    yaml::{self, YamlField, YamlMap, YamlNode, optional, parsed},
};

const TEST_KEYS: [&str; 4] = ["match", "no_match", "suppressed", "set"];
const VERDICTS: [(&str, Verdict); 3] =
    [("match", Verdict::Match), ("no_match", Verdict::NoMatch), ("suppressed", Verdict::Suppressed)];
const TEST_HELP: &str = "write `match:`, `no_match:` or `suppressed:`, and the path of a record file";
const SET_HELP: &str = "write `set: {path: value}`, or each `path: value` on its own line";

/// The tests of a rule.
pub fn read(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Vec<RuleTest>> {
    let items = field.list("write each test after `- `, such as `- match: events/login.json`", problems)?;
    let tests: Vec<_> = items.iter().map(|item| test(item, problems)).collect();
    tests.into_iter().collect()
}

fn test(node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<RuleTest> {
    let fields = YamlMap::of(node, "a test", &TEST_KEYS, TEST_HELP, problems)?;
    let set = optional(&fields, "set", problems, changes);
    let found: Vec<_> = VERDICTS.iter().filter_map(|(key, verdict)| Some((*verdict, fields.get(key)?))).collect();
    let (expect, field) = match found[..] {
        [one] => one,
        [] => {
            problems.extend(fields.missing(&VERDICTS.map(|(key, _)| key), TEST_HELP));
            return None;
        }
        [(_, first), (_, second), ..] => {
            let title = format!("a test has both `{}` and `{}`", first.key, second.key);
            let finding = Diagnostic::error("two-outcomes", title, second.key_span, "expected only one of the two");
            problems.push(finding.context(first.key_span, "the first one").help("split it into two tests"));
            return None;
        }
    };
    let path = field.text(problems)?;
    if path.text.trim().is_empty() {
        let finding = Diagnostic::error(
            "bad-path",
            "the path of a record file is empty",
            path.span,
            "expected the path of a file",
        );
        problems.push(finding.help("write the path of a record file, relative to the rules file"));
        return None;
    }
    let record = path.text.trim_end().to_owned();
    Some(RuleTest { expect, record, span: path.span, set: set?.unwrap_or_default() })
}

fn changes(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Vec<(Path, serde_json::Value)>> {
    let entries = field.entries(SET_HELP, problems)?;
    let changes: Vec<_> = entries
        .iter()
        .map(|(key, value)| {
            let (path, value) = (parsed(key, Path::parse, problems), yaml::json(value, problems));
            path.zip(value)
        })
        .collect();
    changes.into_iter().collect()
}

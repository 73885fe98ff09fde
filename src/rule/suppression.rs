//! `suppressions:` of a rule: which of its matches raise no alert.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::model::{Source, Suppression};
use crate::{
    diagnostic::{Diagnostic, shorten},
    filter::{Filter, Lists},
    yaml::{self, YamlField, YamlKind, YamlMap, YamlNode, optional, parsed},
};

const KEYS: [&str; 4] = ["filter", "reason", "owner", "expires"];
const HELP: &str = "write each filter after `- `, or as `- filter: …` with `reason`, `owner` and `expires`";
const FILTER_HELP: &str =
    "add `filter: |`, and on the next line, indented, the condition of the records that raise no alert";
const EXPIRES_HELP: &str = "write the last day, such as `2026-12-31`, or a time such as `2026-12-31T12:00:00Z`";

/// The suppressions of a rule: each is a filter, or a map with a filter, `reason`, `owner` and `expires`.
pub fn read(field: YamlField, lists: &Lists, problems: &mut Vec<Diagnostic>) -> Option<Vec<Suppression>> {
    let items = field.list(HELP, problems)?;
    let suppressions: Vec<_> = items.iter().map(|item| suppression(item, lists, problems)).collect();
    suppressions.into_iter().collect()
}

fn suppression(node: &YamlNode, lists: &Lists, problems: &mut Vec<Diagnostic>) -> Option<Suppression> {
    if let YamlKind::Scalar(scalar) = &node.kind
        && !scalar.is_null()
    {
        let (filter, written) = filter(scalar, lists, problems)?;
        let (span, source) = (written.span, Source::Rules);
        return Some(Suppression { filter, reason: None, owner: None, expires: None, span, written, source });
    }
    let fields = YamlMap::of(node, "a suppression", &KEYS, HELP, problems)?;
    let found = fields.require("filter", FILTER_HELP, problems);
    let found = found.and_then(|field| filter(field.text(problems)?, lists, problems));
    let text =
        |field: YamlField, problems: &mut Vec<Diagnostic>| Some(field.text(problems)?.text.trim_end().to_owned());
    let reason = optional(&fields, "reason", problems, text);
    let owner = optional(&fields, "owner", problems, text);
    let expires = optional(&fields, "expires", problems, |field, problems| expires(field.text(problems)?, problems));
    let (filter, written) = found?;
    let (span, source) = (written.span, Source::Rules);
    Some(Suppression { filter, reason: reason?, owner: owner?, expires: expires?, span, written, source })
}

/// The filter of a field and its text in the file; findings are moved into the file.
pub fn filter(written: &yaml::Scalar, lists: &Lists, problems: &mut Vec<Diagnostic>) -> Option<(Filter, yaml::Scalar)> {
    Some((parsed(written, |text| Filter::parse_with(text, lists), problems)?, written.clone()))
}

/// The first moment after the suppression: for a day, its end in UTC.
fn expires(scalar: &yaml::Scalar, problems: &mut Vec<Diagnostic>) -> Option<Timestamp> {
    let text = scalar.text.trim_end();
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let next = text.parse::<Date>().ok().filter(|_| !text.contains('T'))?.checked_add(1.day()).ok()?;
        TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()
    });
    if time.is_none() {
        let title = format!("`{}` is not a date", shorten(text));
        problems
            .push(Diagnostic::error("bad-date", title, scalar.span, "expected year, month and day").help(EXPIRES_HELP));
    }
    time
}

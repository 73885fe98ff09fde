//! The fields of a rule that decide how matches become alerts: `aggregate_fields`, `window`, `threshold`, `distinct`,
//! `first_seen`.

use jiff::SignedDuration;

use super::model::{FieldPath, FirstSeen};
use crate::{
    diagnostic::{Diagnostic, one_of, shorten},
    record::Path,
    yaml::{self, YamlField, YamlKind, YamlMap, YamlNode, optional, parsed},
};

/// The highest threshold: this many events of a window are counted exactly.
pub const MAX_THRESHOLD: u32 = 500;

/// The window of a rule that sets none.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// The shortest and the longest window.
pub const WINDOWS: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(1), days(30));
/// The default of `within`: how long a combination is remembered.
const WITHIN: SignedDuration = days(30);
/// The default of `learning`: how long a new rule learns without alerts.
const LEARNING: SignedDuration = days(7);
const WITHINS: (SignedDuration, SignedDuration) = (SignedDuration::from_hours(6), days(365));
const LEARNINGS: (SignedDuration, SignedDuration) = (SignedDuration::ZERO, days(365));

const UNITS: [(char, i64, &str); 4] =
    [('s', 1, "seconds"), ('m', 60, "minutes"), ('h', 3600, "hours"), ('d', 86_400, "days")];
const LONG_EXAMPLES: &str = "`12h`, `7d` or `30d`";
const FIRST_SEEN_KEYS: [&str; 3] = ["fields", "within", "learning"];
const FIRST_SEEN_HELP: &str = "write `first_seen: {fields: [user, ip]}`; `within` and `learning` are optional";
const FIELDS_HELP: &str = "add the fields whose values make a combination, such as `fields: [user, ip]`";
const THRESHOLD_HELP: &str = "write how many events raise an alert, such as `threshold: 5`";

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(days * 24)
}

/// A list of paths without repetition.
pub fn paths(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Vec<FieldPath>> {
    let help = match &field.node.kind {
        YamlKind::Scalar(scalar) if !unbracketed(&scalar.text).is_empty() => {
            format!("write `{}: [{}]`", field.key, shorten(unbracketed(&scalar.text)))
        }
        _ => format!("write `{}: [user, eventName]`, or each field after `- ` on its own line", field.key),
    };
    let items = field.list(&help, problems)?;
    let mut paths: Vec<FieldPath> = Vec::new();
    let mut sound = true;
    for item in items {
        let Some(found) = path(item, problems) else {
            sound = false;
            continue;
        };
        if let Some(first) = paths.iter().find(|other| other.path == found.path) {
            let title = format!("`{}` occurs twice in `{}`", shorten(&found.written.text), field.key);
            let finding = Diagnostic::error("duplicate-field", title, found.written.span, "the second one");
            problems.push(finding.context(first.written.span, "the first one").help("remove one of the two"));
            sound = false;
        }
        paths.push(found);
    }
    sound.then_some(paths)
}

/// The items of a text that was meant as a list: `"[user, ip]"` in quotes is a text.
fn unbracketed(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || "[]".contains(character))
}

fn path(node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<FieldPath> {
    let written = yaml::text("a field", node, node.span, problems)?;
    Some(FieldPath { path: parsed(written, Path::parse, problems)?, written: written.clone() })
}

/// The value of `window`.
pub fn window(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<SignedDuration> {
    duration(field, WINDOWS, "`30m`, `1h`, `24h` or `7d`", problems)
}

/// The value of `threshold`, from 1 to [`MAX_THRESHOLD`].
pub fn threshold(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<u32> {
    let scalar = field.scalar("a number", THRESHOLD_HELP, problems)?;
    let number = scalar.plain().and_then(whole).and_then(|number| u32::try_from(number).ok());
    if let Some(number) = number.filter(|number| (1..=MAX_THRESHOLD).contains(number)) {
        return Some(number);
    }
    let title = format!("`{}` is not a threshold", shorten(&scalar.text));
    let label = format!("expected a whole number from 1 to {MAX_THRESHOLD}");
    let finding = Diagnostic::error("bad-threshold", title, scalar.span, label);
    let large = !scalar.text.starts_with('0') && scalar.text.bytes().all(|byte| byte.is_ascii_digit());
    let large = large && whole(&scalar.text).is_none_or(|number| number > u64::from(MAX_THRESHOLD));
    let quoted = scalar.plain().is_none() && whole(&scalar.text).is_some();
    problems.push(match scalar.text.as_str() {
        "" => finding.help(THRESHOLD_HELP),
        _ if large => finding.help(format!("write `threshold: {MAX_THRESHOLD}` or less")),
        "0" => finding.help("write 1 for an alert on every event, or `notify: false` for a rule that only counts"),
        text if quoted => finding.help(format!("write `threshold: {}`, without quotes", shorten(text))),
        _ => finding.help(THRESHOLD_HELP),
    });
    None
}

/// A whole number as YAML and JSON both write it, without leading zeros.
pub fn whole(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// The value of `distinct`.
pub fn distinct(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<FieldPath> {
    field.scalar("a field", "write one field, such as `distinct: requestParameters.secretId`", problems)?;
    path(field.node, problems)
}

/// Reports a `distinct` that does not fit the other fields of its rule.
pub fn check_distinct(fields: &YamlMap, threshold: Option<u32>, problems: &mut Vec<Diagnostic>) {
    let Some(field) = fields.get("distinct").filter(|_| fields.get("sequence").is_none()) else { return };
    if let Some(other) = fields.get("first_seen") {
        let title = "both `distinct` and `first_seen` decide what is counted";
        let finding = Diagnostic::error("distinct", title, field.key_span, "counts different values");
        let finding = finding.context(other.key_span, "counts new combinations");
        problems.push(
            finding.help("remove `distinct`: `first_seen` with a `threshold` counts new combinations of its `fields`"),
        );
        return;
    }
    let finding =
        |title| Diagnostic::error("distinct", title, field.key_span, "counts the different values of a field");
    match fields.get("threshold") {
        None => problems.push(
            finding("a rule with `distinct` has no `threshold`")
                .help("add how many different values raise an alert, such as `threshold: 10`, or remove `distinct`"),
        ),
        Some(other) if threshold == Some(1) => problems.push(
            finding("a rule with `distinct` has a `threshold` of 1")
                .context(other.node.span, "every value raises an alert")
                .help("write `threshold: 2` or more, or name the field in `aggregate_fields` in place of `distinct`"),
        ),
        Some(_) => {}
    }
}

/// The value of `first_seen`.
pub fn first_seen(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<FirstSeen> {
    let fields = YamlMap::of(field.node, "`first_seen`", &FIRST_SEEN_KEYS, FIRST_SEEN_HELP, problems)?;
    let found = fields.require("fields", FIELDS_HELP, problems);
    let combination = found.and_then(|field| {
        let paths = paths(field, problems)?;
        if paths.is_empty() {
            let finding =
                Diagnostic::error("empty-list", "`fields` is an empty list", field.node.span, "expected a field");
            problems
                .push(finding.help("write the fields whose values make a combination, such as `fields: [user, ip]`"));
            return None;
        }
        Some(paths)
    });
    let within =
        optional(&fields, "within", problems, |field, problems| duration(field, WITHINS, LONG_EXAMPLES, problems));
    let learning =
        optional(&fields, "learning", problems, |field, problems| duration(field, LEARNINGS, LONG_EXAMPLES, problems));
    let (within, learning) = (within?.unwrap_or(WITHIN), learning?);
    Some(FirstSeen {
        fields: combination?,
        within,
        learning: learning.unwrap_or(LEARNING.min(within)),
        span: field.key_span,
    })
}

/// A number with its unit, such as `24h`, within the bounds.
fn duration(
    field: YamlField,
    (shortest, longest): (SignedDuration, SignedDuration),
    examples: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<SignedDuration> {
    let help = format!("write a number and its unit, such as {examples}");
    let scalar = field.scalar("a duration", &help, problems)?;
    let text = scalar.text.trim_end();
    let bounds = shortest..=longest;
    let Some(length) = parse_duration(text) else {
        let title = format!("`{}` is not a duration", shorten(text));
        let label = "expected a number and `s`, `m`, `h` or `d`, without a space";
        let finding = Diagnostic::error("bad-duration", title, scalar.span, label);
        let meant: Vec<_> = meant(text).into_iter().filter(|(length, _)| bounds.contains(length)).collect();
        let written: Vec<_> = meant.iter().map(|(_, written)| format!("`{}: {written}`", field.key)).collect();
        problems.push(finding.help(if written.is_empty() { help } else { format!("write {}", one_of(&written)) }));
        return None;
    };
    if bounds.contains(&length) {
        return Some(length);
    }
    let (what, least, bound) = if length < shortest {
        ("short", ("at least", "more"), shortest)
    } else {
        ("long", ("at most", "less"), longest)
    };
    let bound = show_duration(bound);
    let title = format!("`{text}` is too {what} for `{}`", field.key);
    let finding = Diagnostic::error("bad-duration", title, scalar.span, format!("expected {} `{bound}`", least.0));
    problems.push(finding.help(format!("write `{}: {bound}` or {}", field.key, least.1)));
    None
}

/// A duration that is too long for 64 bits becomes the longest one, so it is reported as too long.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let (_, seconds, _) = UNITS.iter().find(|(name, ..)| *name == unit)?;
    let number = text.strip_suffix(unit)?;
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let plain = plain && (number == "0" || !number.starts_with('0'));
    plain.then(|| {
        let number = number.parse::<i64>().ok().and_then(|number| number.checked_mul(*seconds));
        number.map_or(SignedDuration::MAX, SignedDuration::from_secs)
    })
}

/// The durations that were probably meant by another notation, and how a rules file writes them: one for `1 hour`, `24H`,
/// `90min` or `PT1H` (ISO 8601), one of each unit for a number without a unit.
fn meant(text: &str) -> Vec<(SignedDuration, String)> {
    let lower = text.to_ascii_lowercase();
    let (text, time) = match (lower.strip_prefix("pt"), lower.strip_prefix('p')) {
        (Some(time), _) => (time, true),
        // In ISO 8601 and in Sigma, `M` is months where no `T` precedes it.
        (None, Some(date)) => (date, !date.ends_with('m')),
        (None, None) => (lower.as_str(), !text.ends_with('M')),
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let Some((number, unit)) = text.split_at_checked(digits).filter(|_| time) else { return Vec::new() };
    let Ok(number) = number.parse::<i64>() else { return Vec::new() };
    let length = |seconds: i64| number.checked_mul(seconds).map(SignedDuration::from_secs);
    let seconds = match unit.trim() {
        "" => {
            let of_unit = |(name, seconds, _): &(char, i64, &str)| Some((length(*seconds)?, format!("{number}{name}")));
            return UNITS.iter().filter_map(of_unit).collect();
        }
        "sec" | "secs" => Some(1),
        "min" | "mins" => Some(60),
        "hr" | "hrs" => Some(3600),
        "w" | "week" | "weeks" => Some(7 * 86_400),
        unit => {
            let known = |(name, _, word): &&(char, i64, &str)| {
                unit == name.to_string() || unit == *word || word.strip_suffix('s') == Some(unit)
            };
            UNITS.iter().find(known).map(|(_, seconds, _)| *seconds)
        }
    };
    seconds.and_then(length).map(|length| (length, show_duration(length))).into_iter().collect()
}

/// A duration as a rules file writes it, in the largest unit that divides it, where days begin at two: `90m`, `24h`, `30d`.
pub fn show_duration(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    let fits = |(_, unit, _): &&(char, i64, &str)| seconds % unit == 0 && (*unit < 86_400 || seconds / unit > 1);
    let (name, unit, _) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{name}", seconds / unit)
}

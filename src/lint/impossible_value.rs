//! Values that a field never has: outside of a set that AWS lists, of another form, or of another unit.

use jiff::Timestamp;

use super::{
    catalogue,
    condition::{self, Scope},
    contradiction::is_single,
    entry::{Lint, Reads},
    filter_text::FilterText,
    value_form::{Form, Repair, text_of, words},
    value_table::{FieldValues, Listed, READ, Values, look_up},
};
use crate::{
    diagnostic::{Diagnostic, Span, nearest, one_of},
    filter::{
        ast::{Compare, RightItem},
        operand::Value,
        operator::{EQUAL, Meaning, Order},
    },
    number::Number,
    record::{Path, Root, Scalar, Virtual},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint { codes: &[(CODE, "a value that its field never has")], reads: &[Reads::Filter(check)] };

const CODE: &str = "impossible-value";

/// The most values that a note lists.
const MANY: usize = 12;

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        // A name in back-quotes is the author's own field.
        if compare.left.segments.last().is_some_and(|name| name.quoted) {
            return;
        }
        for (value, span) in operands(compare, filter) {
            let finding = match compare.left.path.root {
                Root::Virtual(Virtual::Timestamp) => timestamp(compare, value, span, scope),
                _ => of_table(compare, value, span, scope),
            };
            found.extend(finding);
        }
    });
}

/// The path as the table of values names it; nothing for an element of an unknown list.
pub fn name(path: &Path, scope: &Scope) -> Option<String> {
    match path.root {
        Root::Virtual(short) if path.is_computed() => path.steps.is_empty().then(|| short.name().to_owned()),
        _ => condition::keys(path, scope.base.as_deref()).map(|keys| keys.join(".")),
    }
}

/// The values on the right, each with its place; those of a named list have the place of its name.
fn operands<'a>(compare: &'a Compare, filter: &'a FilterText) -> Vec<(&'a Value, Span)> {
    let of = |item: &'a RightItem| match item {
        RightItem::Value(operand) => vec![(&operand.value, operand.span)],
        RightItem::Named(list) => {
            let values = filter.lists.get(&list.name).unwrap_or_default();
            values.iter().map(|value| (value, list.span)).collect()
        }
        RightItem::Field(_) => Vec::new(),
    };
    compare.right.items().iter().flat_map(of).collect()
}

fn of_table(compare: &Compare, value: &Value, span: Span, scope: &Scope) -> Option<Diagnostic> {
    let entry = look_up(&name(&compare.left.path, scope)?)?;
    if is_possible(entry, compare, value)? || is_other_mistake(entry, compare, value, scope) {
        return None;
    }
    let finding = warning(compare, value, span, scope).note(note(entry));
    let repair = match &entry.values {
        Values::Listed(listed) => listed_meant(listed, compare, value),
        Values::Formed(form) => text_of(value).and_then(|text| (form.meant)(&text)),
    };
    Some(match (repair, &entry.values) {
        (Some(repair), _) => finding.help(written(compare, repair, scope)),
        (None, Values::Listed(_)) => finding.help("write one of the values that AWS lists"),
        (None, Values::Formed(form)) => finding.help(format!("write {}", form.what)),
    })
}

/// Whether a record can have a value for which the comparison holds; nothing if the operand says nothing about values.
fn is_possible(entry: &FieldValues, compare: &Compare, value: &Value) -> Option<bool> {
    let text = text_of(value)?;
    match &entry.values {
        Values::Listed(listed) => match compare.operator.meaning {
            Meaning::Order(_) | Meaning::Network | Meaning::Account | Meaning::Foreign | Meaning::Present => None,
            Meaning::Equal
            | Meaning::Member
            | Meaning::Prefix
            | Meaning::Suffix
            | Meaning::Substring
            | Meaning::Pattern => {
                let holds = (compare.operator.compile)(value).ok()?;
                Some(listed.documented.iter().chain(listed.rare).any(|known| holds(Scalar::Text(known))))
            }
        },
        Values::Formed(form) => {
            let fits = of_form(form, compare.operator.meaning)?;
            let in_any_case = || fits(&text.to_ascii_lowercase()) || fits(&text.to_ascii_uppercase());
            Some(fits(&text) || compare.operator.ignores_case && in_any_case())
        }
    }
}

fn of_form(form: &'static Form, meaning: Meaning) -> Option<fn(&str) -> bool> {
    match meaning {
        Meaning::Equal | Meaning::Member => Some(form.whole),
        Meaning::Prefix => Some(form.start),
        Meaning::Suffix | Meaning::Substring => Some(form.part),
        Meaning::Order(_)
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => None,
    }
}

/// Whether another lint reports the value: blanks at its ends, a wildcard, or an event source in another spelling.
fn is_other_mistake(entry: &FieldValues, compare: &Compare, value: &Value, scope: &Scope) -> bool {
    let Value::Text(text) = value else { return false };
    let closed = is_single(&compare.left.path, scope.base.as_deref());
    let whole = condition::compares_whole_values(compare.operator);
    closed && (text.trim() != text || text.contains(['*', '?', '%']))
        || entry.path == "eventSource" && whole && catalogue::meant_source(text).is_some()
}

fn warning(compare: &Compare, value: &Value, span: Span, scope: &Scope) -> Diagnostic {
    let does = match compare.operator.meaning {
        Meaning::Prefix => "never begins with",
        Meaning::Suffix => "never ends with",
        Meaning::Substring => "never contains",
        Meaning::Pattern => "never matches",
        Meaning::Equal
        | Meaning::Member
        | Meaning::Order(_)
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => "is never",
    };
    let negated = compare.operator.negated != scope.negated;
    let label = match (compare.right.items().len() > 1, negated) {
        (false, false) => "never true",
        (false, true) => "always true, because of the negation",
        (true, false) => "finds nothing",
        (true, true) => "excludes nothing",
    };
    let title = format!("`{}` {does} `{value}`", shown(compare, scope));
    Diagnostic::warning(CODE, title, span, label)
}

fn shown(compare: &Compare, scope: &Scope) -> String {
    let mut path = String::new();
    // Writing to a string cannot fail.
    let _ = compare.left.path.write_to(&mut path, scope.base.is_some());
    path
}

fn note(entry: &FieldValues) -> String {
    let page = entry.page;
    match &entry.values {
        Values::Listed(listed) if listed.documented.len() <= MANY => {
            let values: Vec<String> = listed.documented.iter().map(|value| format!("`{value}`")).collect();
            format!("the values are {} ({page}, {READ})", one_of(&values))
        }
        Values::Listed(listed) => format!("AWS lists {} values ({page}, {READ})", listed.documented.len()),
        Values::Formed(form) => format!("it is {} ({page})", form.what),
    }
}

/// The value of a set that was meant.
fn listed_meant(listed: &Listed, compare: &Compare, value: &Value) -> Option<Repair> {
    let text = text_of(value)?;
    let plain = words(&text);
    let value = match compare.operator.meaning {
        Meaning::Prefix | Meaning::Suffix | Meaning::Substring => {
            let in_case = |known: &&str| {
                let at = known.to_ascii_lowercase().find(&text.to_ascii_lowercase())?;
                known.get(at..at + text.len()).map(str::to_owned)
            };
            listed.documented.iter().find_map(in_case)?
        }
        Meaning::Equal | Meaning::Member => {
            let named = listed.meant.iter().find(|(word, _)| *word == plain).map(|(_, known)| *known);
            let same = || listed.documented.iter().copied().find(|known| words(known) == plain);
            // An Availability Zone is a Region with a letter.
            let zone = || listed.documented.iter().copied().find(|known| text.strip_prefix(known).is_some_and(is_zone));
            let near = || nearest(&text, listed.documented.iter().copied());
            named.or_else(same).or_else(zone).or_else(near)?.to_owned()
        }
        Meaning::Order(_)
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => return None,
    };
    Some(Repair { path: None, operator: None, value: Value::Text(value) })
}

fn is_zone(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'a'..=b'z'])
}

/// What to write: the value alone where the rest of the comparison remains.
fn written(compare: &Compare, repair: Repair, scope: &Scope) -> String {
    let Repair { path, operator, value } = repair;
    let one = compare.right.items().len() == 1;
    if path.is_none() && operator.is_none() && value != Value::Null {
        return format!("write `{value}`");
    }
    let path = path.map_or_else(|| shown(compare, scope), str::to_owned);
    let (before, operator) = match operator {
        Some(operator) => (if compare.operator.negated { "not " } else { "" }, operator.spelling),
        None if is_list(compare) => ("", EQUAL.spelling),
        None => ("", compare.operator.spelling),
    };
    let condition = format!("{before}{path} {operator} {value}");
    if one { format!("write `{condition}`") } else { format!("write `{condition}` in place of this value") }
}

fn is_list(compare: &Compare) -> bool {
    compare.operator.meaning == Meaning::Member
}

/// The time before which CloudTrail wrote no records, 2013-11-13, and a time after which this program is not in use, in
/// milliseconds.
const TIMES: std::ops::Range<i128> = 1_384_300_800_000..4_102_444_800_000;

/// A time in another unit than milliseconds, with which every comparison is constant.
fn timestamp(compare: &Compare, value: &Value, span: Span, scope: &Scope) -> Option<Diagnostic> {
    let number = match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Number::parse_canonical(text),
        Value::Null | Value::EmptyObject | Value::Bool(_) => return None,
    };
    let whole = match number {
        Some(Number::Int(whole)) => Some(whole),
        _ => None,
    };
    if number.is_some() && whole.is_none_or(|whole| whole == 0 || TIMES.contains(&whole)) {
        return None;
    }
    let unit = |name, of: i128| Some((name, of)).filter(|(_, time)| TIMES.contains(time));
    let meant = whole.and_then(|whole| {
        unit("seconds", whole.saturating_mul(1000))
            .or_else(|| unit("microseconds", whole / 1000))
            .or_else(|| unit("nanoseconds", whole / 1_000_000))
    });
    let text = text_of(value)?;
    let of_text = || text.parse::<Timestamp>().ok().map(|time| i128::from(time.as_millisecond()));
    let negated = compare.operator.negated != scope.negated;
    let before = whole.is_some_and(|whole| whole < TIMES.start);
    let always = match compare.operator.meaning {
        Meaning::Order(Order::Greater | Order::GreaterOrEqual) => before != negated,
        Meaning::Order(Order::Less | Order::LessOrEqual) => before == negated,
        Meaning::Equal | Meaning::Member => negated,
        // A number has no text; the lint on operators reports that.
        Meaning::Prefix
        | Meaning::Suffix
        | Meaning::Substring
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => return None,
    };
    let title = match meant {
        Some((unit, _)) => format!("`timestamp` is compared with a time in {unit}"),
        None => format!("`timestamp` is compared with `{value}`, which is no time of an event"),
    };
    let finding = Diagnostic::warning(CODE, title, span, if always { "always true" } else { "never true" })
        .note("`timestamp` is the time of the event in milliseconds since 1970");
    Some(match meant.map(|(_, time)| time).or_else(of_text) {
        Some(time) => finding.help(format!("write `{time}`")),
        None => finding.help("write a time in milliseconds, such as `1767225600000` for 2026-01-01T00:00:00Z"),
    })
}

//! `timezone:` of a rules file: the time zone of the hours and the weekdays that filters compare.

use crate::{
    diagnostic::{Diagnostic, nearest, one_of, shorten},
    record::Zone,
    yaml::YamlField,
};

const HELP: &str = "write the name of a zone of the IANA time zone database, such as `Europe/Berlin`, or `UTC`";
const OFFSET_HELP: &str = "name a place that has these hours, such as `Europe/Berlin`, or write `UTC`";
/// Names of fewer characters are abbreviations, which are near to others without meaning them.
const MIN_MISSPELLING: usize = 5;
const MAX_NAMES: usize = 3;

/// The zone that a field names. The database is part of the program, so the zone is the same on every machine.
pub fn read(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Zone> {
    let scalar = field.text(problems)?;
    let name = scalar.text.trim_end();
    if let Some(zone) = Zone::named(name) {
        return Some(zone);
    }
    let title = format!("`{}` is not a time zone", shorten(name));
    let finding = Diagnostic::error("bad-timezone", title, scalar.span, "expected the name of a time zone");
    if has_offset(name) {
        problems.push(finding.help(OFFSET_HELP));
        return None;
    }
    let meant: Vec<_> = near(name).into_iter().map(|name| format!("`{name}`")).collect();
    problems.push(finding.help(if meant.is_empty() { HELP.to_owned() } else { format!("write {}", one_of(&meant)) }));
    None
}

/// Whether the text has an offset, such as `GMT+2`. No name means it: the zone `Etc/GMT+2` is two hours behind UTC
/// (<https://data.iana.org/time-zones/tzdb/etcetera>).
fn has_offset(name: &str) -> bool {
    name.contains('+') || name.contains(|character: char| character.is_ascii_digit())
}

/// The names that were probably meant: those of the same place, then those that are spelled almost the same.
fn near(name: &str) -> Vec<&'static str> {
    let place = |name: &str| name.rsplit('/').next().unwrap_or_default().replace([' ', '-'], "_");
    let wanted = place(name);
    let mut found: Vec<&str> = Zone::names().filter(|name| place(name).eq_ignore_ascii_case(&wanted)).collect();
    if found.is_empty() && wanted.chars().count() >= MIN_MISSPELLING {
        found.extend(nearest(name, Zone::names()));
        let places: Vec<String> = Zone::names().map(place).collect();
        let meant = nearest(&wanted, places.iter().map(String::as_str));
        found.extend(Zone::names().filter(|name| Some(place(name).as_str()) == meant));
    }
    let mut kept: Vec<&str> = Vec::new();
    for name in found {
        if kept.len() < MAX_NAMES && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

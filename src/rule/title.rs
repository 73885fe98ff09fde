//! The title of an alert: a template such as `{{eventName}} by {{user}}`.

use std::ops::Range;

use crate::{
    diagnostic::{Diagnostic, Span},
    record::{Path, Record, Root, Virtual, Zone},
    untrusted::shorten_to,
};

/// How many bytes of a field's values a title shows.
const MAX_FIELD: usize = 4_096;
/// How many steps the values of a field may take.
const MAX_WORK: u64 = 1_000_000;

/// A template with the paths of fields in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(Vec<TitlePart>);

/// The types of identity whose name the caller chooses.
const SESSIONS: [&str; 2] = ["AssumedRole", "FederatedUser"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum TitlePart {
    Text(String),
    /// The first of these fields that has a value.
    Field(Vec<Path>),
}

impl Title {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Every mistake in the template; the spans are in `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (mut parts, mut errors) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(opening) = text[at..].find("{{").map(|found| at + found) {
            parts.push(TitlePart::Text(text[at..opening].to_owned()));
            let inside = opening + 2;
            let Some(length) = text[inside..].find("}}") else {
                let diagnostic = Diagnostic::error(
                    "unclosed-field",
                    "`{{` has no closing `}}`",
                    Span::new(opening, inside),
                    "opened here",
                );
                errors.push(diagnostic.help("write a field as `{{eventName}}`"));
                return Err(errors);
            };
            at = inside + length + 2;
            let name = text[inside..inside + length].trim();
            if name.is_empty() {
                let diagnostic = Diagnostic::error(
                    "empty-field",
                    "`{{}}` names no field",
                    Span::new(opening, at),
                    "expected a field",
                );
                errors.push(diagnostic.help("write a field such as `{{eventName}}`"));
                continue;
            }
            let mut fields = Vec::new();
            for field in alternatives(&text[inside..inside + length]) {
                match Path::parse(&text[inside..][field.clone()]) {
                    Ok(path) => fields.push(path),
                    Err(more) => {
                        let start = inside + field.start;
                        errors.extend(
                            more.into_iter().map(|one| one.at(|span| Span::new(start + span.start, start + span.end))),
                        );
                    }
                }
            }
            parts.push(TitlePart::Field(fields));
        }
        parts.push(TitlePart::Text(text[at..].to_owned()));
        if errors.is_empty() { Ok(Self(parts)) } else { Err(errors) }
    }

    /// The fields that each pair of braces names, in order.
    pub fn fields(&self) -> impl Iterator<Item = &[Path]> {
        self.0.iter().filter_map(|part| match part {
            TitlePart::Text(_) => None,
            TitlePart::Field(paths) => Some(&**paths),
        })
    }

    /// Makes the hours and the weekdays that it shows those of a time zone; they are those of UTC otherwise.
    pub fn set_zone(&mut self, zone: Zone) {
        let paths = self.0.iter_mut().filter_map(|part| match part {
            TitlePart::Text(_) => None,
            TitlePart::Field(paths) => Some(paths),
        });
        for path in paths.flatten() {
            path.set_zone(zone);
        }
    }

    /// The title for a record. Of the fields in one pair of braces the first with a value is shown. If there is none, it
    /// becomes `undefined`, as in Threat Stack. The values of a list are joined with commas.
    pub fn fill(&self, record: &Record) -> String {
        self.0
            .iter()
            .map(|part| match part {
                TitlePart::Text(text) => text.clone(),
                TitlePart::Field(paths) => {
                    let filled = paths.iter().find_map(|path| fill_field(path, record));
                    filled.unwrap_or_else(|| "undefined".to_owned())
                }
            })
            .collect()
    }
}

/// Where the fields are in a text such as `a | b`. A `|` in back-quotes is a part of a name.
fn alternatives(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut is_quoted = false;
    let is_bar = move |c: char| {
        is_quoted ^= c == '`';
        c == '|' && !is_quoted
    };
    let mut at = 0;
    text.split(is_bar).map(move |field| {
        let start = at + (field.len() - field.trim_start().len());
        at += field.len() + 1;
        start..start + field.trim().len()
    })
}

/// The values of a field; `None` if it has none but empty ones. Beyond [`MAX_FIELD`] bytes they end in `…`, since no alert
/// shows more.
fn fill_field(path: &Path, record: &Record) -> Option<String> {
    let mut values = Vec::new();
    let mut length = 0;
    let fill = || {
        path.visit(record.root(), &mut |scalar| {
            let Some(text) = scalar.to_text() else { return false };
            length += text.len() + 2;
            values.push(shorten_to(&text, MAX_FIELD));
            length > MAX_FIELD
        })
    };
    if record.work().bounded(MAX_WORK, fill).unwrap_or(true) && !values.is_empty() {
        values.push("…".to_owned());
    }
    // `Root` is the root user; a session whose caller chose that name is not.
    let is_session = |name: &str| {
        name.eq_ignore_ascii_case("root")
            && record.field(Virtual::UserType).is_some_and(|kind| SESSIONS.contains(&&*kind))
    };
    if values.iter().all(String::is_empty) {
        return None;
    }
    Some(match &values[..] {
        [name] if path.root == Root::Virtual(Virtual::User) && is_session(name) => format!("session {name}"),
        values => values.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(template: &str, expected: &str) {
        let record = Record::new(json!({
            "eventName": "RunInstances", "userIdentity": {"userName": "ada"}, "requestParameters": {"n": 3, "ids": ["i-1", "i-2"]},
            "odd name": true, "empty": "", "nothing": null, "object": {},
        }));
        assert_eq!(Title::parse(template).unwrap().fill(&record.unwrap()), expected, "{template}");
    }

    #[test]
    fn fields_are_filled_in() {
        check("{{eventName}} by {{user}}", "RunInstances by ada");
        check("{{ requestParameters.n }}/{{requestParameters.ids}}", "3/i-1, i-2");
        check(
            "{{missing}} {{nothing}} {{object}} {{requestParameters.ids.x}}",
            "undefined undefined undefined undefined",
        );
        check("{{`odd name`}}{{empty}} } }} {x}", "trueundefined } }} {x}");
        check("", "");
    }

    #[test]
    fn the_first_field_with_a_value_is_filled_in() {
        check("{{missing|eventName}}", "RunInstances");
        check("{{ empty | nothing | requestParameters.n | eventName }}", "3");
        check("{{missing|nothing}} {{`odd|name`|user}}", "undefined ada");
    }

    #[test]
    fn long_values_are_cut() {
        let record = |value: serde_json::Value| Record::new(json!({"a": value})).unwrap();
        let fill = |record: &Record| Title::parse("{{a}}, {{a.b}}").unwrap().fill(record);
        let long = fill(&record(json!(vec!["x"; 200_000])));
        assert!(long.starts_with("x, x") && long.ends_with("x, …, undefined") && long.len() < 2 * MAX_FIELD);
        assert!(fill(&record(json!("x".repeat(200_000)))).len() < 2 * MAX_FIELD);
        assert_eq!(fill(&record(json!(vec![json!({}); 200_000]))), "undefined, undefined");
    }

    #[test]
    fn a_session_is_not_the_root_user() {
        for (kind, name, expected) in [
            ("AssumedRole", "root", "session root"),
            ("FederatedUser", "Root", "session Root"),
            ("AssumedRole", "ada", "ada"),
            ("Root", "x", "Root"),
        ] {
            let identity = json!({"type": kind, "arn": format!("arn:aws:sts::111122223333:assumed-role/ops/{name}")});
            let record = Record::new(json!({"userIdentity": identity})).unwrap();
            assert_eq!(Title::parse("{{user}}").unwrap().fill(&record), expected);
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        let codes = |template: &str| -> Vec<(&str, Span)> {
            Title::parse(template).unwrap_err().into_iter().map(|error| (error.code, error.span)).collect()
        };
        assert_eq!(codes("a {{eventName"), [("unclosed-field", Span::new(2, 4))]);
        assert_eq!(codes("{{}} {{ a b }}"), [("empty-field", Span::new(0, 4)), ("bad-path", Span::new(10, 11))]);
        assert_eq!(codes("{{a| b c}}"), [("bad-path", Span::new(7, 8))]);
        assert!(!codes("{{a|}}").is_empty() && !codes("{{|a}}").is_empty());
    }
}

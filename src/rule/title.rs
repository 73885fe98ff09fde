//! The title of an alert: a template such as `{{eventName}} by {{user}}[[ from {{ip}}]]`.

use crate::{
    diagnostic::{Diagnostic, Span},
    record::{Path, Record, Zone},
};

use super::title_value::value;

/// A template with the paths of fields in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(Vec<TitlePart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum TitlePart {
    /// A text without a clause around it.
    Plain(Piece),
    /// What is left out if one of its fields has no value.
    Clause(Vec<Piece>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The first of these fields that has a value.
    Field(Vec<Path>),
}

/// A part of a title that is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledPart {
    /// Its text.
    pub text: String,
    /// Whether it is the value of a field, and not a text of the rule's author.
    pub is_value: bool,
}

impl FilledPart {
    /// Words of this program, or of the rule's author.
    pub fn own(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_value: false }
    }

    /// A value, which an attacker can have chosen.
    pub fn value(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_value: true }
    }
}

/// What a field without a value becomes, as in Threat Stack.
const MISSING: &str = "undefined";

impl Title {
    /// Reads a template. Two braces are around a field, or around fields in the order of preference, with `|` between them. Two
    /// brackets are around a clause. Behind a backslash they are ordinary characters.
    ///
    /// # Errors
    ///
    /// Every mistake in the template; the spans are in `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader { text, parts: Vec::new(), clause: None, errors: Vec::new() };
        reader.read();
        if reader.errors.is_empty() { Ok(Self(reader.parts)) } else { Err(reader.errors) }
    }

    /// The fields that each pair of braces names, in order.
    pub fn fields(&self) -> impl Iterator<Item = &[Path]> {
        self.0.iter().flat_map(TitlePart::pieces).filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Field(paths) => Some(&**paths),
        })
    }

    /// The template without a record: `…` is in place of each value, and what can be left out is.
    pub fn without_values(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            TitlePart::Plain(Piece::Text(text)) => text,
            TitlePart::Plain(Piece::Field(_)) => "…",
            TitlePart::Clause(_) => "",
        });
        parts.collect()
    }

    /// Makes the hours and the weekdays that it shows those of a time zone; they are those of UTC otherwise.
    pub fn set_zone(&mut self, zone: Zone) {
        let pieces = self.0.iter_mut().flat_map(|part| match part {
            TitlePart::Plain(piece) => std::slice::from_mut(piece),
            TitlePart::Clause(pieces) => pieces,
        });
        for piece in pieces {
            if let Piece::Field(paths) = piece {
                for path in paths {
                    path.set_zone(zone);
                }
            }
        }
    }

    /// The title for a record. Of the fields in one pair of braces the first with a value is shown. A clause in which a field
    /// has no value is left out; a field without a value elsewhere becomes `undefined`, as in Threat Stack.
    pub fn fill(&self, record: &Record) -> String {
        self.fill_parts(record).into_iter().map(|part| part.text).collect()
    }

    /// The title for a record as by [`Title::fill`], in its parts.
    pub fn fill_parts(&self, record: &Record) -> Vec<FilledPart> {
        let fill = |piece: &Piece| match piece {
            Piece::Text(text) => Some(FilledPart::own(text)),
            Piece::Field(paths) => paths.iter().find_map(|path| value(path, record)).map(FilledPart::value),
        };
        let missing = || FilledPart::value(MISSING);
        self.0
            .iter()
            .flat_map(|part| match part {
                TitlePart::Plain(piece) => vec![fill(piece).unwrap_or_else(missing)],
                TitlePart::Clause(pieces) => pieces.iter().map(fill).collect::<Option<Vec<_>>>().unwrap_or_default(),
            })
            .collect()
    }
}

impl TitlePart {
    fn pieces(&self) -> &[Piece] {
        match self {
            TitlePart::Plain(piece) => std::slice::from_ref(piece),
            TitlePart::Clause(pieces) => pieces,
        }
    }
}

/// Reads a template from its start to its end.
struct Reader<'t> {
    text: &'t str,
    parts: Vec<TitlePart>,
    /// The clause that is open: where it begins, and its pieces.
    clause: Option<(usize, Vec<Piece>)>,
    errors: Vec<Diagnostic>,
}

/// How braces and brackets are written as ordinary characters.
const ESCAPES: [(&str, &str); 4] = [("\\\\{{", "{{"), ("\\{{", "{{"), ("\\\\[[", "[["), ("\\[[", "[[")];

impl Reader<'_> {
    fn read(&mut self) {
        let (mut at, mut plain) = (0, String::new());
        while let Some(next) = self.text[at..].chars().next() {
            let rest = &self.text[at..];
            if let Some((escape, meant)) = ESCAPES.iter().find(|(escape, _)| rest.starts_with(escape)) {
                plain.push_str(meant);
                at += escape.len();
            } else if rest.starts_with("{{") {
                self.text_piece(&mut plain);
                let Some(length) = rest.find("}}") else { return self.unclosed_field(at) };
                self.field(at, at + length + 2);
                at += length + 2;
            } else if rest.starts_with("[[") {
                self.text_piece(&mut plain);
                self.open(at);
                at += 2;
            } else if rest.starts_with("]]") && self.clause.is_some() {
                self.text_piece(&mut plain);
                self.close(at + 2);
                at += 2;
            } else {
                plain.push(next);
                at += next.len_utf8();
            }
        }
        self.text_piece(&mut plain);
        if let Some((start, _)) = self.clause.take() {
            let title = "`[[` has no closing `]]`";
            let finding = Diagnostic::error("unclosed-clause", title, Span::new(start, start + 2), "opened here");
            self.errors.push(finding.help("write a clause as `[[ from {{ip}}]]`, or the characters as `\\[[`"));
        }
    }

    fn push(&mut self, piece: Piece) {
        match &mut self.clause {
            Some((_, pieces)) => pieces.push(piece),
            None => self.parts.push(TitlePart::Plain(piece)),
        }
    }

    fn text_piece(&mut self, plain: &mut String) {
        if !plain.is_empty() {
            self.push(Piece::Text(std::mem::take(plain)));
        }
    }

    fn open(&mut self, at: usize) {
        if self.clause.is_some() {
            let title = "a clause cannot contain a clause";
            let finding = Diagnostic::error("nested-clause", title, Span::new(at, at + 2), "inside another `[[`");
            self.errors.push(finding.help("close the first clause with `]]`, or write the characters as `\\[[`"));
        } else {
            self.clause = Some((at, Vec::new()));
        }
    }

    fn close(&mut self, end: usize) {
        let Some((start, pieces)) = self.clause.take() else { return };
        if !pieces.iter().any(|piece| matches!(piece, Piece::Field(_))) && self.errors.is_empty() {
            let title = "this clause names no field, so it is never left out";
            let finding = Diagnostic::error("empty-clause", title, Span::new(start, end), "expected a field");
            self.errors.push(finding.help("write a clause as `[[ from {{ip}}]]`, or the characters as `\\[[`"));
        }
        self.parts.push(TitlePart::Clause(pieces));
    }

    fn unclosed_field(&mut self, at: usize) {
        let title = "`{{` has no closing `}}`";
        let finding = Diagnostic::error("unclosed-field", title, Span::new(at, at + 2), "opened here");
        self.errors.push(finding.help("write a field as `{{eventName}}`, or the characters as `\\{{`"));
    }

    /// Reads the fields between two braces.
    fn field(&mut self, start: usize, end: usize) {
        let (inside, written) = (start + 2, &self.text[start + 2..end - 2]);
        if written.trim().is_empty() {
            let span = Span::new(start, end);
            let finding = Diagnostic::error("empty-field", "`{{}}` names no field", span, "expected a field");
            self.errors.push(finding.help("write a field such as `{{eventName}}`"));
            return;
        }
        let mut fields = Vec::new();
        for field in alternatives(written) {
            match Path::parse(&written[field.clone()]) {
                Ok(path) => fields.push(path),
                Err(more) => {
                    let from = inside + field.start;
                    let place = |span: Span| Span::new(from + span.start, from + span.end);
                    self.errors.extend(more.into_iter().map(|one| one.at(place)));
                }
            }
        }
        self.push(Piece::Field(fields));
    }
}

/// Where the fields are in a text such as `a | b`. A `|` in back-quotes is a part of a name.
fn alternatives(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(template: &str, expected: &str) {
        let record = Record::new(json!({
            "eventName": "RunInstances", "userIdentity": {"userName": "ada"}, "requestParameters": {"n": 3, "ids": ["i-1", "i-2"]},
            "odd name": true, "empty": "", "nothing": null, "object": {}, "list": [],
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
        check("{{ empty | nothing | object | list | requestParameters.n | eventName }}", "3");
        check("{{missing|nothing}} {{`odd|name`|user}}", "undefined ada");
    }

    #[test]
    fn a_clause_is_left_out_if_a_value_in_it_is_missing() {
        check("{{eventName}}[[ by {{user}}]]", "RunInstances by ada");
        check("{{eventName}}[[ by {{missing}}]]", "RunInstances");
        check("{{eventName}}[[ by {{user}} on {{nothing}}]][[ ({{empty}})]]!", "RunInstances!");
        check("[[{{missing|user}}: ]]{{missing}}", "ada: undefined");
        check("[[{{requestParameters.ids[1]}}]]]", "i-2]");
    }

    #[test]
    fn braces_and_brackets_can_be_ordinary_characters() {
        check(r"\{{user}} \[[a]] ]] [a] {{user}}", "{{user}} [[a]] ]] [a] ada");
        check(r"\\{{user}} \\[[a]] C:\x", r"{{user}} [[a]] C:\x");
        check(r"[[{{user}} \[[]]", "ada [[");
    }

    #[test]
    fn values_and_words_of_the_author_are_told_apart() {
        let record = Record::new(json!({"a": "1"})).unwrap();
        let parts = Title::parse("x {{a}}[[ y {{a}}]]{{b}}").unwrap().fill_parts(&record);
        let parts: Vec<_> = parts.iter().map(|part| (part.text.as_str(), part.is_value)).collect();
        assert_eq!(parts, [("x ", false), ("1", true), (" y ", false), ("1", true), ("undefined", true)]);
    }

    #[test]
    fn a_template_can_be_shown_without_a_record() {
        let shown = |template: &str| Title::parse(template).unwrap().without_values();
        assert_eq!(shown("Ask {{user}} about {{a|b}}[[ from {{ip}}]]."), "Ask … about ….");
        assert_eq!(shown("Ask them. \\{{x}}"), "Ask them. {{x}}");
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
        assert_eq!(codes("a [[ {{b}}"), [("unclosed-clause", Span::new(2, 4))]);
        assert_eq!(codes("[[{{a}} [[{{b}}]]"), [("nested-clause", Span::new(8, 10))]);
        assert_eq!(codes("x [[prod]]"), [("empty-clause", Span::new(2, 10))]);
        assert_eq!(codes("[[{{ a b }}]]"), [("bad-path", Span::new(7, 8))]);
        assert_eq!(codes("[[{{}}]]"), [("empty-field", Span::new(2, 6))]);
    }
}

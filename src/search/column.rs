//! What of a record a search shows: named columns, and fields by their paths.

use crate::{
    diagnostic::{Diagnostic, Level, Span, nearest},
    filter::ast::SpannedPath,
    lint::unknown_field,
    record::{JoinedLimits, Path, Record, Root, Virtual, target},
};

/// How much of its values a column has, in bytes. AWS's names and ids are shorter.
const LIMITS: JoinedLimits = JoinedLimits { values: 4_096, object: 4_096 };

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Time,
    Event,
    Outcome,
    Target,
    Id,
    LogFile,
    Index,
    Field(Path),
}

/// The columns that are no fields of the language, with what each has.
const NAMED: [(&str, Source, &str); 7] = [
    ("time", Source::Time, "`eventTime`"),
    ("event", Source::Event, "`eventSource` and `eventName`, without `.amazonaws.com`"),
    ("outcome", Source::Outcome, "`success`, or else the error code or `failed`"),
    ("target", Source::Target, "what the event acted on"),
    ("id", Source::Id, "`eventID`"),
    ("file", Source::LogFile, "the file"),
    ("index", Source::Index, "the number of the record in its file, from 0"),
];

/// A record that was found, and where.
#[derive(Clone, Copy)]
pub struct FoundRecord<'r> {
    /// The record.
    pub record: &'r Record,
    /// The name of its file as it can be shown.
    pub file: &'r str,
    /// Its number in the file, from 0.
    pub index: u64,
}

impl Column {
    /// The columns that a search shows unless others are wanted.
    pub const DEFAULT: &str = "time,principal,ip,region,event,outcome,target,id";

    /// The columns in a list, separated by commas: the name of a column, or a field as a filter names it.
    ///
    /// # Errors
    ///
    /// Every name that is neither; the spans are bytes of `text`.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let (mut columns, mut mistakes) = (Vec::new(), Vec::new());
        for (start, part) in parts(text) {
            match Self::parse(part) {
                Ok(column) => columns.push(column),
                Err(found) => mistakes.extend(found.into_iter().map(|mistake| {
                    let place = |span: Span| Span::new(start + span.start, start + span.end);
                    Diagnostic { level: Level::Error, ..mistake.at(place) }
                })),
            }
        }
        if mistakes.is_empty() { Ok(columns) } else { Err(mistakes) }
    }

    fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        if let Some((name, source, _)) = NAMED.iter().find(|(name, ..)| *name == text) {
            return Ok(Self { name: (*name).to_owned(), source: source.clone() });
        }
        let path = SpannedPath::parse(text)?;
        let Some(unknown) = unknown_field(&path) else {
            return Ok(Self { name: text.to_owned(), source: Source::Field(path.path) });
        };
        Err(vec![match nearest(text, NAMED.iter().map(|(name, ..)| *name)) {
            Some(meant) => {
                let title = format!("there is no column and no field `{text}`");
                let finding = Diagnostic::error("unknown-field", title, path.span(), format!("expected `{meant}`?"));
                finding.help(format!("write `{meant}`"))
            }
            None => unknown,
        }])
    }

    /// The name, as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the values tell events apart, so that no part of one is of use.
    pub fn is_id(&self) -> bool {
        matches!(self.source, Source::Id | Source::Time)
    }

    /// The whole value; `None` if the record has none. It is not safe to show.
    pub fn value(&self, found: FoundRecord<'_>) -> Option<String> {
        let record = found.record;
        match &self.source {
            Source::Time => record.at(&["eventTime"]),
            Source::Event => event(record),
            Source::Outcome => Some(outcome(record)),
            Source::Target => target(record),
            Source::Id => record.at(&["eventID"]),
            Source::LogFile => Some(found.file.to_owned()),
            Source::Index => Some(found.index.to_string()),
            Source::Field(path) => record.joined(path, LIMITS),
        }
    }

    /// The value for a narrow place: a caller is shown by a short name, and with the account if that is another one.
    pub fn short_value(&self, found: FoundRecord<'_>) -> Option<String> {
        match &self.source {
            Source::Field(path) if path.root == Root::Virtual(Virtual::Principal) => found.record.principal_name(),
            _ => self.value(found),
        }
    }
}

/// The parts between commas, each with its first byte, without blanks around it. A name in back-quotes can have commas.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let (mut is_quoted, mut start) = (false, 0);
    let separated = text.split(move |c| {
        is_quoted ^= c == '`';
        c == ',' && !is_quoted
    });
    let part = |part: &'_ str| {
        let begins = start + (part.len() - part.trim_start().len());
        start += part.len() + 1;
        begins
    };
    let begins: Vec<usize> = separated.clone().map(part).collect();
    begins.into_iter().zip(separated.map(str::trim)).collect()
}

fn event(record: &Record) -> Option<String> {
    let at = |key| record.at(&[key]).or_else(|| record.at(&["insightDetails", key]));
    let source = at("eventSource").map(|source| source.strip_suffix(".amazonaws.com").unwrap_or(&source).to_owned());
    match (source, at("eventName")) {
        (Some(source), Some(name)) => Some(format!("{source}:{name}")),
        (source, name) => source.or(name),
    }
}

/// An Insight has no result, but is the start or the end of something, and a finding has a level or a status.
fn outcome(record: &Record) -> String {
    if record.is_insight() {
        return record.at(&["insightDetails", "state"]).unwrap_or_else(|| "insight".to_owned());
    }
    if record.detector().is_some() {
        let fact = |key| record.at(&["finding", key]);
        return fact("level").or_else(|| fact("status")).unwrap_or_else(|| "finding".to_owned());
    }
    match record.field(Virtual::Result) {
        Some(result) if result == "success" => result,
        _ => record.field(Virtual::Error).unwrap_or_else(|| "failed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Record {
        Record::new(json!({
            "eventTime": "2026-03-02T09:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "eventID": "6d3f1c1e-0000-4000-8000-000000000001", "sourceIPAddress": "192.0.2.7", "errorCode": "AccessDenied",
            "recipientAccountId": "111122223333", "a,b": "c",
            "userIdentity": {"type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::111122223333:user/ada"},
            "requestParameters": {"bucketName": "logs", "list": [1, {"x": null}, "y"]},
        }))
        .unwrap()
    }

    fn values(columns: &str) -> Vec<Option<String>> {
        let record = record();
        let found = FoundRecord { record: &record, file: "a.json", index: 7 };
        Column::parse_list(columns).unwrap().iter().map(|column| column.value(found)).collect()
    }

    #[test]
    fn every_column_has_its_value() {
        let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            values(&format!("{},file,index", Column::DEFAULT)[..].replace(",region", "")),
            some(&[
                "2026-03-02T09:00:00Z",
                "arn:aws:iam::111122223333:user/ada",
                "192.0.2.7",
                "s3:GetObject",
                "AccessDenied",
                "logs",
                "6d3f1c1e-0000-4000-8000-000000000001",
                "a.json",
                "7"
            ])
        );
        assert_eq!(
            values("requestParameters.list, requestParameters , requestParameters.list[0],userIdentity.userName,`a,b`"),
            some(&["1, {\"x\":null}, y", r#"{"bucketName":"logs","list":[1,{"x":null},"y"]}"#, "1", "ada", "c"])
        );
        assert_eq!(values("region,requestParameters.none,`time`"), [None, None, None]);
        let record = record();
        let columns = Column::parse_list("principal,ip").unwrap();
        let short =
            columns.iter().map(|column| column.short_value(FoundRecord { record: &record, file: "", index: 0 }));
        assert_eq!(short.collect::<Vec<_>>(), some(&["ada", "192.0.2.7"]));
    }

    #[test]
    fn an_unknown_column_suggests_a_near_one() {
        for (columns, place, help) in [
            ("time,evnt", 5..9, "write `event`"),
            ("princpal", 0..8, "write `principal`"),
            ("sourceIpAddress", 0..15, "write `sourceIPAddress`"),
            ("ip, userIdentity.usrName,id", 17..24, "write `userIdentity.userName`"),
            ("userName", 0..8, "write `userIdentity.userName`"),
            ("TIME", 0..4, "write `time`"),
        ] {
            let mistakes = Column::parse_list(columns).unwrap_err();
            let [mistake] = &mistakes[..] else { panic!("{columns}: {mistakes:?}") };
            assert_eq!((mistake.span, mistake.help.as_deref()), (place.into(), Some(help)), "{columns}");
            assert_eq!(mistake.level, Level::Error);
        }
        for broken in ["", ",", "a,,b", "time,", "a b", "a..b", "`a", "a = 1", "*"] {
            assert!(Column::parse_list(broken).is_err(), "{broken}");
        }
        assert_eq!(Column::parse_list("x1,y2,time").unwrap_err().len(), 2);
    }
}

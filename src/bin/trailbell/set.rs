//! The `--set PATH=VALUE` of a command: changes to the record, as the `set` of a rule's test describes them.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;
use trailbell::{
    backtest::{self, changed},
    diagnostic::{Diagnostic, Span, chain, render, shorten, tally},
    record::{Path, Record},
    untrusted::{printable, shell_word, visible},
};

use crate::status::Stop;

/// The name of the argument, in place of that of a file.
const NAME: &str = "--set";

/// Changes to a record, in their order.
pub type Changes = Vec<(Path, Value)>;

/// The changes of the arguments.
///
/// # Errors
///
/// If one has a mistake; the mistakes of all are printed with their places.
pub fn parse(arguments: &[String]) -> Result<Changes, Stop> {
    let (mut changes, mut report, mut findings) = (Vec::new(), String::new(), Vec::new());
    for argument in arguments {
        match change(argument) {
            Ok(change) => changes.push(change),
            Err(found) => {
                report += &render(&found, NAME, argument, io::stderr().is_terminal());
                findings.extend(found);
            }
        }
    }
    if findings.is_empty() {
        return Ok(changes);
    }
    let _ = writeln!(io::stderr(), "{report}{}", tally(&findings));
    Err(Stop::Reported)
}

/// The path before the first `=` that ends one, and the value after it.
fn change(argument: &str) -> Result<(Path, Value), Vec<Diagnostic>> {
    let parts = || argument.match_indices('=').map(|(at, _)| (&argument[..at], at + 1));
    let found = parts().find_map(|(path, value)| Some((Path::parse(path).ok()?, value)));
    if let Some((path, at)) = found {
        return Ok((path, value(argument, at)?));
    }
    let Some((path, _)) = parts().next() else {
        let title = format!("`{}` has no value", shorten(argument));
        let end = Span::new(argument.len(), argument.len());
        let finding = Diagnostic::error("missing-value", title, end, "expected `=` and a value");
        return Err(vec![finding.help("write `--set PATH=VALUE`, such as `--set userAgent=curl`")]);
    };
    if path.trim().is_empty() {
        let finding =
            Diagnostic::error("missing-path", "there is no path before `=`", Span::new(0, 1), "expected a path");
        return Err(vec![finding.help("write `--set PATH=VALUE`, such as `--set userAgent=curl`")]);
    }
    Err(Path::parse(path).err().unwrap_or_default())
}

/// The value from `at` on: JSON, or else the text. What begins like JSON that is no word must be JSON.
fn value(argument: &str, at: usize) -> Result<Value, Vec<Diagnostic>> {
    let text = &argument[at..];
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) if text.trim_start().starts_with(['{', '[', '"']) => {
            let title = format!("`{}` is not JSON", shorten(text));
            let place = Span::new(at, argument.len());
            let finding = Diagnostic::error("bad-value", title, place, error.to_string());
            let quoted = visible(&Value::from(text).to_string());
            Err(vec![finding.help(format!("complete the JSON, or write `{quoted}` for this text"))])
        }
        Err(_) => Ok(text.into()),
    }
}

/// The arguments that make the changes, each for a shell and after a blank.
pub fn arguments(changes: &[(Path, Value)]) -> String {
    let argument = |(path, value): &(Path, Value)| {
        let text = match value {
            // A text that would be read as something else is written as JSON.
            Value::String(text)
                if serde_json::from_str::<Value>(text).is_err()
                    && !text.trim_start().starts_with(['{', '[', '"'])
                    && printable(text) == *text =>
            {
                text.clone()
            }
            value => visible(&value.to_string()),
        };
        let path = printable(&path.to_string());
        format!(" {NAME} {}", shell_word(&format!("{path}={text}")))
    };
    changes.iter().map(argument).collect()
}

/// The record with the changes. A key that looks misspelled is reported on standard error.
///
/// # Errors
///
/// If a change does not fit the record.
pub fn apply(record: Record, changes: &[(Path, Value)]) -> Result<Record, Stop> {
    for misspelled in backtest::misspelled(&record, changes) {
        let _ = writeln!(io::stderr(), "warning: {NAME}: {}", printable(&misspelled.to_string()));
    }
    changed(record, changes).map_err(|error| Stop::Message(format!("{NAME}: {}", chain(&error))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_json_or_text() {
        for (text, expected) in [
            ("a=1", json!(1)),
            ("a=-1.5", json!(-1.5)),
            ("a=true", json!(true)),
            ("a=null", json!(null)),
            ("a=", json!("")),
            ("a=x=y", json!("x=y")),
            ("a=000123456789", json!("000123456789")),
            ("a=arn:aws:iam::111122223333:root", json!("arn:aws:iam::111122223333:root")),
            ("a=[1, \"b\"]", json!([1, "b"])),
            ("a=\"true\"", json!("true")),
            ("a={}", json!({})),
        ] {
            let (path, value) = change(text).unwrap();
            assert_eq!((path, value), (Path::parse("a").unwrap(), expected), "{text}");
        }
        assert_eq!(change("`a=b`.c=d").unwrap(), (Path::parse("`a=b`.c").unwrap(), json!("d")));
        for wrong in ["", "a", "=1", "a..b=1", "a={", "a=[1", "a=\"x", "a b=1"] {
            assert!(!change(wrong).unwrap_err().is_empty(), "{wrong}");
        }
    }

    #[test]
    fn the_arguments_make_the_same_changes() {
        for value in [
            json!(1),
            json!(null),
            json!("it's"),
            json!("true"),
            json!("12"),
            json!("{x"),
            json!(" [x"),
            json!("a\nb\u{202e}"),
            json!({"a": ["b c", 1]}),
            json!(""),
        ] {
            for path in ["a.b[2]", "`a=b c`.d", "errorCode"] {
                let changes = vec![(Path::parse(path).unwrap(), value.clone())];
                let written = arguments(&changes);
                // What a shell makes of it, whose only quotes are single ones.
                let argument = written.strip_prefix(" --set ").unwrap();
                let argument = argument.replace(r"'\''", "\0").replace('\'', "").replace('\0', "'");
                assert_eq!(change(&argument).unwrap(), changes[0], "{written}");
                assert_eq!(printable(&written), written);
            }
        }
    }
}

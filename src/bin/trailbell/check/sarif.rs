//! All findings as one SARIF document, which code scanning and editors read.
//!
//! See [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use trailbell::{
    diagnostic::{Diagnostic, Span},
    rule::Sources,
};

use super::located::{Region, level};

/// What a path of a URI reference may not have (RFC 3986, 3.3); a colon would make a scheme of what precedes it.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The document.
pub fn document(findings: &[Diagnostic], sources: &Sources) -> Value {
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.code).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "trailbell",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": codes.iter().map(|code| json!({"id": code})).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(|finding| result(finding, sources)).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Diagnostic, sources: &Sources) -> Value {
    let mut text = format!("{}: {}", finding.title, finding.label);
    let rule = finding.rule.iter().map(|rule| format!("rule: {rule}"));
    let notes = finding.notes.iter().map(|note| format!("note: {note}"));
    let help = finding.help.iter().map(|help| format!("help: {help}"));
    rule.chain(notes).chain(help).for_each(|line| {
        text.push('\n');
        text.push_str(&line);
    });
    let related: Vec<_> = finding
        .context
        .iter()
        .map(|(span, label)| {
            let mut place = location(*span, sources);
            place["message"] = json!({"text": label});
            place
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding),
        "message": {"text": text},
        "locations": [location(finding.span, sources)],
    });
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn location(span: Span, sources: &Sources) -> Value {
    let Region { path, start, end } = Region::of(span, sources);
    json!({"physicalLocation": {
        "artifactLocation": {"uri": utf8_percent_encode(path, NOT_IN_PATH).to_string()},
        "region": {"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1},
    }})
}

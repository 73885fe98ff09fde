//! One JSON object a finding.

use serde_json::{Value, json};
use trailbell::{diagnostic::Diagnostic, rule::Sources};

use super::located::{Region, level};

/// A finding with its place as JSON.
pub fn object(finding: &Diagnostic, sources: &Sources) -> Value {
    let Region { path, start, end } = Region::of(finding.span, sources);
    json!({
        "level": level(finding), "code": finding.code, "message": finding.title, "rule": finding.rule,
        "path": path, "line": start.0, "column": start.1, "endLine": end.0, "endColumn": end.1,
        "label": finding.label, "notes": finding.notes, "help": finding.help,
    })
}

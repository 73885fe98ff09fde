//! Events that a trail logs only where data events are enabled: "Logging data events" in the CloudTrail User Guide.

use super::{
    catalogue,
    condition::{self, Scope, compares_whole_values, field},
    contradiction::meets,
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{diagnostic::Diagnostic, filter::operand::Value};

/// The entry of the lint table.
pub const LINT: Lint =
    Lint { codes: &[(CODE, "an event that only trails with data events log")], reads: &[Reads::RuleFilter(check)] };

const CODE: &str = "data-event";

/// Event sources, and those of their events that are data events.
const EVENTS: &[(&[&str], &[&str])] = &[
    (
        &["s3", "s3express", "s3-outposts", "s3-object-lambda"],
        &[
            "AbortMultipartUpload",
            "CompleteMultipartUpload",
            "CopyObject",
            "CreateMultipartUpload",
            "DeleteObject",
            "DeleteObjectTagging",
            "DeleteObjects",
            "GetObject",
            "GetObjectAcl",
            "GetObjectAttributes",
            "GetObjectLegalHold",
            "GetObjectRetention",
            "GetObjectTagging",
            "GetObjectTorrent",
            "HeadObject",
            "ListObjectVersions",
            "ListObjects",
            "ListParts",
            "PutObject",
            "PutObjectAcl",
            "PutObjectLegalHold",
            "PutObjectRetention",
            "PutObjectTagging",
            "RestoreObject",
            "SelectObjectContent",
            "UploadPart",
            "UploadPartCopy",
        ],
    ),
    (&["lambda"], &["Invoke"]),
    (
        &["dynamodb"],
        &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "GetRecords",
            "GetShardIterator",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        ],
    ),
    (&["sns"], &["Publish", "PublishBatch"]),
    (
        &["sqs"],
        &[
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ReceiveMessage",
            "SendMessage",
            "SendMessageBatch",
        ],
    ),
    (&["ebs"], &["GetSnapshotBlock", "ListChangedBlocks", "ListSnapshotBlocks", "PutSnapshotBlock"]),
    (&["kinesis"], &["PutRecord", "PutRecords"]),
    (&["rdsdata", "rds-data"], &["BatchExecuteStatement", "ExecuteStatement"]),
    (&["ssm"], &["CreateControlChannel", "OpenControlChannel", "CreateDataChannel", "OpenDataChannel"]),
];

/// A filter that asks for data events explicitly gets no warning.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        let exact = compares_whole_values(compare.operator) && !compare.operator.ignores_case;
        let positive = exact && !compare.operator.negated && !scope.negated;
        if !positive || field(&compare.left.path) != event::top("eventName") || asks_for_data_events(scope, filter) {
            return;
        }
        let Some(sources) = event::sources(scope, filter) else { return };
        let texts = event::texts(compare, filter);
        let mut data = texts.iter().filter(|(name, _)| is_data_event(&sources, name));
        let Some((name, span)) = data.next() else { return };
        let title = match data.count() {
            0 => format!("`{name}` is a data event"),
            more => format!("`{name}` and {more} more of these are data events"),
        };
        // A condition on the category would exclude the names that are not data events.
        let help = if texts.iter().all(|(name, _)| is_data_event(&sources, name)) {
            "enable data events in the trail; to confirm that they are enabled, add `and eventCategory = \"Data\"`"
        } else {
            "enable data events in the trail, or write a separate rule for the data events"
        };
        let label = "only trails with data events enabled log it";
        found.push(Diagnostic::warning(CODE, title, *span, label).help(help));
    });
}

fn is_data_event(sources: &[String], name: &str) -> bool {
    let listed = |source: &str| {
        let stem = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        EVENTS.iter().any(|(sources, names)| sources.contains(&stem) && names.contains(&name))
    };
    // Where the filter names no source, it must be a data event of every source that logs it.
    let all = if sources.is_empty() { catalogue::sources_of(name) } else { sources.to_vec() };
    !all.is_empty() && all.iter().all(|source| listed(source))
}

fn asks_for_data_events(scope: &Scope, filter: &FilterText) -> bool {
    let management = [("eventCategory", Value::Text("Management".to_owned())), ("managementEvent", Value::Bool(true))];
    management.iter().any(|(key, value)| {
        scope.around.iter().any(|literal| meets(literal, &event::top(key), value, filter.lists) == Some(false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_what_exists() {
        for (sources, names) in EVENTS {
            for name in *names {
                let known = catalogue::sources_of(name);
                assert!(sources.iter().any(|source| known.contains(&format!("{source}.amazonaws.com"))), "{name}");
            }
        }
    }
}

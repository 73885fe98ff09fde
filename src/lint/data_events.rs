//! The events that a trail logs only where data events are enabled, and the type of resource by which a trail selects them:
//! "Logging data events" in the CloudTrail User Guide.

use super::catalogue;

/// Event sources, each with the type of its resources: `resources.type` of an advanced event selector.
type Sources = [(&'static str, &'static str)];

/// Event sources, and those of their events that are data events.
const EVENTS: &[(&Sources, &[&str])] = &[
    (&[], &[]),
    (
        &[
            ("s3", "AWS::S3::Object"),
            ("s3express", "AWS::S3Express::Object"),
            ("s3-outposts", "AWS::S3Outposts::Object"),
            ("s3-object-lambda", "AWS::S3ObjectLambda::AccessPoint"),
        ],
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
    (&[("lambda", "AWS::Lambda::Function")], &["Invoke"]),
    (&[("dynamodb", "AWS::DynamoDB::Stream")], &["GetRecords", "GetShardIterator"]),
    (
        &[("dynamodb", "AWS::DynamoDB::Table")],
        &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        ],
    ),
    (&[("sns", "AWS::SNS::Topic")], &["Publish", "PublishBatch"]),
    (
        &[("sqs", "AWS::SQS::Queue")],
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
    (
        &[("ebs", "AWS::EC2::Snapshot")],
        &["GetSnapshotBlock", "ListChangedBlocks", "ListSnapshotBlocks", "PutSnapshotBlock"],
    ),
    (&[("kinesis", "AWS::Kinesis::Stream")], &["PutRecord", "PutRecords"]),
    (
        &[("rdsdata", "AWS::RDS::DBCluster"), ("rds-data", "AWS::RDS::DBCluster")],
        &["BatchExecuteStatement", "ExecuteStatement"],
    ),
    (
        &[("ssm", "AWS::SSMMessages::ControlChannel")],
        &["CreateControlChannel", "OpenControlChannel", "CreateDataChannel", "OpenDataChannel"],
    ),
];

const SUFFIX: &str = ".amazonaws.com";

/// The type of the resource of a data event; `None` for another event.
pub fn resource_type(source: &str, name: &str) -> Option<&'static str> {
    let stem = source.strip_suffix(SUFFIX).unwrap_or(source);
    let of = |(sources, names): &(&Sources, &[&str])| {
        let (_, resource) = sources.iter().find(|(source, _)| *source == stem)?;
        names.contains(&name).then_some(*resource)
    };
    EVENTS.iter().find_map(of)
}

/// The types of resources with data events of a source.
pub fn types_of(source: &str) -> impl Iterator<Item = &'static str> {
    let stem = source.strip_suffix(SUFFIX).unwrap_or(source).to_owned();
    let all = EVENTS.iter().flat_map(|(sources, _)| *sources);
    all.filter(move |(source, _)| *source == stem).map(|(_, resource)| *resource)
}

/// Whether a name is that of a data event of each of the sources; without sources, of each source that logs it.
pub fn is_data_event(sources: &[String], name: &str) -> bool {
    // Where the filter names no source, it must be a data event of every source that logs it.
    let all = if sources.is_empty() { catalogue::sources_of(name) } else { sources.to_vec() };
    !all.is_empty() && all.iter().all(|source| resource_type(source, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_what_exists() {
        for (sources, names) in EVENTS {
            for name in *names {
                let known = catalogue::sources_of(name);
                assert!(sources.iter().any(|(source, _)| known.contains(&format!("{source}{SUFFIX}"))), "{name}");
            }
        }
    }

    #[test]
    fn a_resource_type_is_that_of_the_source() {
        assert_eq!(resource_type("s3.amazonaws.com", "GetObject"), Some("AWS::S3::Object"));
        assert_eq!(resource_type("s3express.amazonaws.com", "GetObject"), Some("AWS::S3Express::Object"));
        assert_eq!(resource_type("dynamodb.amazonaws.com", "GetRecords"), Some("AWS::DynamoDB::Stream"));
        assert_eq!(resource_type("s3.amazonaws.com", "GetBucketAcl"), None);
        assert_eq!(types_of("dynamodb.amazonaws.com").count(), 2);
    }
}

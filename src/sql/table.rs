//! The table of CloudTrail's log files: its columns, its definition in Athena, and the same columns over files in DuckDB.
//!
//! The columns are those of "Create the table for CloudTrail logs in Athena using partition projection" in the Amazon Athena User
//! Guide: <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>.

use std::fmt::Write;

use thiserror::Error;

use super::dialect::literal;

/// What a column, or a field of a structure, holds.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// Text.
    Text,
    /// Text that records have as a boolean or as text.
    Flag,
    /// The text of JSON, in whose strings filters read JSON.
    Block,
    /// The text of an object, in whose strings filters read no JSON.
    Object,
    /// A structure: the names of its fields and what they hold.
    Structure(&'static [(&'static str, Column)]),
    /// Texts by key.
    Map,
    /// A list of structures.
    List(&'static [(&'static str, Column)]),
}

/// The columns in the order of AWS's page, by the names that the fields have in records; the columns' are in lower case.
pub const COLUMNS: &[(&str, Column)] = &[
    ("eventVersion", Column::Text),
    ("userIdentity", Column::Structure(IDENTITY)),
    ("eventTime", Column::Text),
    ("eventSource", Column::Text),
    ("eventName", Column::Text),
    ("awsRegion", Column::Text),
    ("sourceIPAddress", Column::Text),
    ("userAgent", Column::Text),
    ("errorCode", Column::Text),
    ("errorMessage", Column::Text),
    ("requestParameters", Column::Block),
    ("responseElements", Column::Block),
    ("additionalEventData", Column::Block),
    ("requestID", Column::Text),
    ("eventID", Column::Text),
    ("readOnly", Column::Flag),
    ("resources", Column::List(RESOURCE)),
    ("eventType", Column::Text),
    ("apiVersion", Column::Text),
    ("recipientAccountId", Column::Text),
    ("serviceEventDetails", Column::Block),
    ("sharedEventID", Column::Text),
    ("vpcEndpointId", Column::Text),
    ("vpcEndpointAccountId", Column::Text),
    ("eventCategory", Column::Text),
    ("addendum", Column::Structure(ADDENDUM)),
    ("sessionCredentialFromConsole", Column::Flag),
    ("edgeDeviceDetails", Column::Object),
    ("tlsDetails", Column::Structure(TLS)),
];

const IDENTITY: &[(&str, Column)] = &[
    ("type", Column::Text),
    ("principalId", Column::Text),
    ("arn", Column::Text),
    ("accountId", Column::Text),
    ("invokedBy", Column::Text),
    ("accessKeyId", Column::Text),
    ("userName", Column::Text),
    ("onBehalfOf", Column::Structure(&[("userId", Column::Text), ("identityStoreArn", Column::Text)])),
    ("sessionContext", Column::Structure(SESSION)),
];

const SESSION: &[(&str, Column)] = &[
    ("attributes", Column::Structure(&[("mfaAuthenticated", Column::Flag), ("creationDate", Column::Text)])),
    (
        "sessionIssuer",
        Column::Structure(&[
            ("type", Column::Text),
            ("principalId", Column::Text),
            ("arn", Column::Text),
            ("accountId", Column::Text),
            ("userName", Column::Text),
        ]),
    ),
    ("ec2RoleDelivery", Column::Text),
    ("webIdFederationData", Column::Structure(&[("federatedProvider", Column::Text), ("attributes", Column::Map)])),
];

const RESOURCE: &[(&str, Column)] = &[("ARN", Column::Text), ("accountId", Column::Text), ("type", Column::Text)];

const ADDENDUM: &[(&str, Column)] = &[
    ("reason", Column::Text),
    ("updatedFields", Column::Text),
    ("originalRequestID", Column::Text),
    ("originalEventID", Column::Text),
];

const TLS: &[(&str, Column)] =
    &[("tlsVersion", Column::Text), ("cipherSuite", Column::Text), ("clientProvidedHostHeader", Column::Text)];

/// The name of the table in AWS's example.
pub const TABLE: &str = "cloudtrail_logs_pp";

/// The column or the field of that name.
pub fn column(columns: &[(&str, Column)], name: &str) -> Option<Column> {
    columns.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
}

/// Where a trail writes its log files of one account and one region:
/// `s3://BUCKET/PREFIX/AWSLogs/ACCOUNT/CloudTrail/REGION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location(String);

/// Why a text is not such a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocationError {
    /// It is no place in S3.
    #[error("`{0}` is no place in S3: write `s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail/REGION`")]
    NotInS3(String),
    /// It does not end as the folders of a trail do.
    #[error(
        "`{0}` is not the folder of one account and one region: it has to end in `/AWSLogs/ACCOUNT/CloudTrail/REGION`, or \
         in `/AWSLogs/ORGANIZATION/ACCOUNT/CloudTrail/REGION` for the trail of an organization"
    )]
    NotOfATrail(String),
    /// It has a character that neither the key of a log file nor a statement of Athena should have.
    #[error("`{0}` has a character other than letters, digits and `!-_.()/`")]
    Character(String),
}

impl Location {
    /// Reads the place from a URL of S3, with or without a slash at its end.
    ///
    /// # Errors
    ///
    /// The text is not such a place.
    pub fn parse(url: &str) -> Result<Self, LocationError> {
        let place = url.trim_end_matches('/');
        let key = place.strip_prefix("s3://").filter(|key| !key.is_empty() && !key.starts_with('/'));
        let key = key.ok_or_else(|| LocationError::NotInS3(url.to_owned()))?;
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!-_.()/".contains(&byte)) {
            return Err(LocationError::Character(url.to_owned()));
        }
        let folders: Vec<_> = key.rsplit('/').collect();
        let is_account = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        let is_of_trail = match folders.as_slice() {
            [region, "CloudTrail", account, rest @ ..] if region.contains('-') && is_account(account) => match rest {
                ["AWSLogs", .., _bucket] => true,
                [organization, "AWSLogs", .., _bucket] => organization.starts_with("o-"),
                _ => false,
            },
            _ => false,
        };
        if is_of_trail { Ok(Self(place.to_owned())) } else { Err(LocationError::NotOfATrail(url.to_owned())) }
    }
}

/// The statement that makes the table of these log files in Athena, as AWS documents it: a partition a day, by projection.
pub fn create_table(location: &Location) -> String {
    let Location(place) = location;
    let columns: Vec<_> = COLUMNS.iter().map(|(name, column)| definition(name, *column, 1)).collect();
    format!(
        "CREATE EXTERNAL TABLE {TABLE} (\n{}\n)
PARTITIONED BY (`timestamp` STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION {}
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.timestamp.format' = 'yyyy/MM/dd',
  'projection.timestamp.interval' = '1',
  'projection.timestamp.interval.unit' = 'DAYS',
  'projection.timestamp.range' = '2020/01/01,NOW',
  'projection.timestamp.type' = 'date',
  'storage.location.template' = {}
)\n",
        columns.join(",\n"),
        literal(place),
        literal(&format!("{place}/${{timestamp}}")),
    )
}

/// A column of the table, or a field of a structure at this depth.
fn definition(name: &str, column: Column, depth: usize) -> String {
    let name = name.to_ascii_lowercase();
    let colon = if depth > 1 { ":" } else { "" };
    let fields = |fields: &[(&str, Column)]| {
        let fields: Vec<_> = fields.iter().map(|(name, column)| definition(name, *column, depth + 1)).collect();
        format!("STRUCT<\n{}>", fields.join(",\n"))
    };
    let holds = match column {
        Column::Text | Column::Flag | Column::Block | Column::Object => "STRING".to_owned(),
        Column::Map => "MAP<STRING, STRING>".to_owned(),
        Column::Structure(of) => fields(of),
        Column::List(of) => format!("ARRAY<{}>", fields(of)),
    };
    format!("{:indent$}{name}{colon} {holds}", "", indent = 2 * depth)
}

/// The same columns over log files, in DuckDB: as a table that has a row for each record.
///
/// DuckDB reads each file as one object, whose size is limited so that memory is.
pub fn files(files: &[String]) -> String {
    let names: Vec<_> = files.iter().map(|file| literal(file)).collect();
    let mut shape = String::new();
    shape_of(COLUMNS, &mut shape);
    format!(
        "SELECT unnest(json_transform(record, {}))
  FROM (
    SELECT unnest(Records) AS record
    FROM read_json([{}], columns = {{'Records': 'JSON[]'}}, format = 'auto', maximum_object_size = {MAX_FILE})
  )",
        literal(&shape),
        names.join(", "),
    )
}

/// The largest log file that DuckDB reads, in bytes of JSON.
const MAX_FILE: u32 = 1 << 28;

/// The structure that DuckDB's `json_transform` makes of a record.
fn shape_of(columns: &[(&str, Column)], out: &mut String) {
    let mut separator = '{';
    for (name, column) in columns {
        // Writing to a text cannot fail.
        let _ = write!(out, "{separator}\"{name}\":");
        separator = ',';
        match column {
            Column::Text | Column::Flag | Column::Block | Column::Object => out.push_str("\"VARCHAR\""),
            Column::Map => out.push_str("\"MAP(VARCHAR,VARCHAR)\""),
            Column::Structure(fields) => shape_of(fields, out),
            Column::List(fields) => {
                out.push('[');
                shape_of(fields, out);
                out.push(']');
            }
        }
    }
    out.push('}');
}

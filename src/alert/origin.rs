//! Where a record was read.

use std::fmt::{self, Display};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Where a record was read; shown as one line, not yet fit for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An object in S3.
    Object {
        /// The bucket.
        bucket: String,
        /// The key, decoded.
        key: String,
    },
    /// A message that held the record itself, such as `EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602`.
    Message(String),
}

/// What CloudTrail's way to name objects tells: `…/AWSLogs/[o-…/]<account>/CloudTrail/<region>/2026/03/02/<file>`
/// ("Finding your CloudTrail log files" in the CloudTrail User Guide).
impl Origin {
    /// Bucket and key, where it is an object.
    pub fn object(&self) -> Option<(&str, &str)> {
        match self {
            Origin::Object { bucket, key } => Some((bucket, key)),
            Origin::Message(_) => None,
        }
    }

    /// What held the record, where it is no object.
    pub fn message(&self) -> Option<&str> {
        match self {
            Origin::Object { .. } => None,
            Origin::Message(message) => Some(message),
        }
    }

    /// The account whose events the object holds.
    pub fn account(&self) -> Option<&str> {
        self.folders()?.find(|folder| folder.len() == 12 && folder.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The region that the events are of.
    pub fn region(&self) -> Option<&str> {
        let mut folders = self.folders()?;
        folders.find(|folder| folder.starts_with("CloudTrail"))?;
        folders.next()
    }

    /// When the object was delivered, to the minute: `…_20260302T0910Z_….json.gz`.
    pub fn delivered(&self) -> Option<Timestamp> {
        let file = self.object()?.1.rsplit('/').next()?;
        let time = file.split('_').find_map(|part| DateTime::strptime("%Y%m%dT%H%MZ", part).ok())?;
        TimeZone::UTC.to_timestamp(time).ok()
    }

    /// The parts of the key from `AWSLogs` on.
    fn folders(&self) -> Option<impl Iterator<Item = &str>> {
        let (_, key) = self.object()?;
        Some(key.split('/').skip_while(|folder| *folder != "AWSLogs"))
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Origin::Message(message) => f.write_str(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_cloudtrail_writes_them() {
        let check = |key: &str, account: Option<&str>, region: Option<&str>, delivered: Option<&str>| {
            let origin = Origin::Object { bucket: "logs".to_owned(), key: key.to_owned() };
            assert_eq!((origin.account(), origin.region()), (account, region), "{key}");
            assert_eq!(origin.delivered(), delivered.map(|time| time.parse().unwrap()), "{key}");
        };
        let file = "111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz";
        for prefix in ["", "a prefix/AWSLogs of ours/"] {
            for organisation in ["", "o-exampleorgid/"] {
                let key = format!("{prefix}AWSLogs/{organisation}111122223333/CloudTrail/us-east-1/2026/03/02/{file}");
                check(&key, Some("111122223333"), Some("us-east-1"), Some("2026-03-02T09:20:00Z"));
            }
        }
        check("AWSLogs/1/x", None, None, None);
        check("", None, None, None);
    }
}

//! Where a record was read.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The object that held a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

/// What CloudTrail's way to name objects tells: `…/AWSLogs/[o-…/]<account>/CloudTrail/<region>/2026/03/02/<file>`
/// ("Finding your CloudTrail log files" in the CloudTrail User Guide).
impl Origin {
    /// The account whose events the object holds.
    pub fn account(&self) -> Option<&str> {
        let mut folders = self.key.split('/').skip_while(|folder| *folder != "AWSLogs");
        folders.find(|folder| folder.len() == 12 && folder.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The region that the events are of.
    pub fn region(&self) -> Option<&str> {
        let mut folders = self.key.split('/').skip_while(|folder| *folder != "AWSLogs");
        folders.find(|folder| folder.starts_with("CloudTrail"))?;
        folders.next()
    }

    /// When the object was delivered, to the minute: `…_20260302T0910Z_….json.gz`.
    pub fn delivered(&self) -> Option<Timestamp> {
        let file = self.key.rsplit('/').next()?;
        let time = file.split('_').find_map(|part| DateTime::strptime("%Y%m%dT%H%MZ", part).ok())?;
        TimeZone::UTC.to_timestamp(time).ok()
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_cloudtrail_writes_them() {
        let check = |key: &str, account: Option<&str>, region: Option<&str>, delivered: Option<&str>| {
            let origin = Origin { bucket: "logs".to_owned(), key: key.to_owned() };
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

//! An object in S3, and what its key says of it.
//!
//! A kind is told by a component of the path in its place, never by a word somewhere in the key: prefixes and trails may
//! be called anything.

use percent_encoding::percent_decode_str;

use super::{SkipReason, Work};

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

/// What CloudTrail keeps in an object. `CloudTrail`, `CloudTrail-Insight` and `CloudTrail-NetworkActivity` are all logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Records; an object whose key says nothing else is taken for one.
    Log,
    /// Hashes of log files.
    Digest,
    /// Sums over records.
    Aggregated,
}

impl ObjectKind {
    /// What a key says: `[prefix/]AWSLogs/[organisation/]account/<kind>/region/…`, as "Finding your CloudTrail log
    /// files" in the CloudTrail User Guide has it. Where `AWSLogs` is left out, any folder may say it.
    pub fn of(key: &str) -> Self {
        let folders = key.rsplit_once('/').map_or("", |(folders, _)| folders);
        let folders: Vec<&str> = folders.split('/').collect();
        let roots: Vec<usize> = (0..folders.len()).filter(|at| folders[*at] == "AWSLogs").collect();
        let kind_below = |root: usize| match folders.get(root + 1) {
            Some(organisation) if organisation.starts_with("o-") => folders.get(root + 3),
            _ => folders.get(root + 2),
        };
        let kinds = if roots.is_empty() {
            folders.iter().collect()
        } else {
            roots.into_iter().filter_map(kind_below).collect::<Vec<_>>()
        };
        let said = kinds.into_iter().find_map(|kind| match *kind {
            "CloudTrail-Digest" => Some(ObjectKind::Digest),
            "CloudTrail-Aggregated" => Some(ObjectKind::Aggregated),
            _ => None,
        });
        said.unwrap_or(ObjectKind::Log)
    }

    /// Why objects of this kind are not read; `None` for logs.
    pub fn skip(self) -> Option<SkipReason> {
        match self {
            ObjectKind::Log => None,
            ObjectKind::Digest => Some(SkipReason::DigestFile),
            ObjectKind::Aggregated => Some(SkipReason::AggregatedFile),
        }
    }
}

/// What is to be done with a new object.
pub(super) fn created(bucket: String, key: String) -> Work {
    match ObjectKind::of(&key).skip() {
        Some(reason) => Work::Skip { what: key, reason },
        None => Work::Object(ObjectId { bucket, key }),
    }
}

/// S3 encodes keys as HTML forms do: a blank is `+`, other characters are percent-encoded UTF-8.
pub(crate) fn decode_form(key: &str) -> Result<String, String> {
    let blanks = key.replace('+', " ");
    let decoded = percent_decode_str(&blanks).decode_utf8().map(std::borrow::Cow::into_owned);
    decoded.map_err(|_| "its key does not decode to UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_by_its_place_in_the_path() {
        use ObjectKind::{Aggregated, Digest, Log};
        for (key, kind) in [
            // Without and with an organisation, in every partition: only the region and the account differ.
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-gov-west-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail/cn-north-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail/us-iso-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-NetworkActivity/us-east-1/2026/03/02/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/02/a.json.gz", Digest),
            ("AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/cn-north-1/2026/03/02/a.json.gz", Digest),
            ("AWSLogs/111122223333/CloudTrail-Aggregated/us-east-1/2026/03/02/a.json.gz", Aggregated),
            (
                "logs/of all/AWSLogs/o-exampleorg1/111122223333/CloudTrail-Aggregated/us-gov-east-1/a.json.gz",
                Aggregated,
            ),
            // Prefixes, buckets and trails may be called anything.
            ("CloudTrail-Digest/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/a.json.gz", Log),
            ("my-CloudTrail-Digest/AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz", Log),
            ("AWSLogs/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/a.json.gz", Digest),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/CloudTrail-Digest/a.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/111122223333_CloudTrail-Digest_us-east-1.json.gz", Log),
            ("AWSLogs/111122223333/CloudTrail-Digest", Log),
            ("AWSLogs/CloudTrail-Digest/CloudTrail/us-east-1/a.json.gz", Log),
            // A part of a bucket, such as a folder that somebody copied.
            ("111122223333/CloudTrail-Digest/us-east-1/a.json.gz", Digest),
            ("a.json.gz", Log),
            ("", Log),
            ("/", Log),
        ] {
            assert_eq!(ObjectKind::of(key), kind, "{key}");
        }
    }

    #[test]
    fn keys_of_s3_are_decoded_as_forms() {
        for (key, expected) in [
            ("AWSLogs/1/CloudTrail/a.json.gz", Ok("AWSLogs/1/CloudTrail/a.json.gz")),
            ("red+flower.json.gz", Ok("red flower.json.gz")),
            ("a%2Bb%20c%25d%3De", Ok("a+b c%d=e")),
            ("%E6%97%A5%E5%BF%97/x", Ok("日志/x")),
            ("100%", Ok("100%")),
            ("a/../b/", Ok("a/../b/")),
            ("%ff", Err("its key does not decode to UTF-8")),
        ] {
            assert_eq!(decode_form(key), expected.map(str::to_owned).map_err(str::to_owned), "{key}");
        }
    }
}

//! Links into the AWS console.
//!
//! Every part of a link is checked first, and without valid parts there is no link: no text of a record can lead a reader
//! to another site.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::untrusted::is_uuid;

/// All but the characters of a key that are not encoded: the unreserved characters of RFC 3986 and `/`.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A longer path is no link that people can open.
const MAX_PATH: usize = 1_000;

/// The event's page in the CloudTrail console, which shows events of the last ninety days.
pub fn event(region: &str, event_id: &str) -> Option<String> {
    let console = console(region)?;
    let address = format!("https://{region}.{console}/cloudtrailv2/home?region={region}#/events/{event_id}");
    is_uuid(event_id).then_some(address)
}

/// The page of a finding in the console of a detector: the host, and a path in which `{region}` and `{id}` are the finding's.
pub fn finding(region: &str, path: &str, id: &str) -> Option<String> {
    let console = console(region)?;
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC).to_string();
    let path = path.replace("{region}", region).replace("{id}", &id);
    (path.len() <= MAX_PATH).then(|| format!("https://{region}.{console}/{path}"))
}

/// The object's page in the S3 console. A bucket is in the same partition as its trail, which follows from the region.
pub fn object(region: &str, bucket: &str, key: &str) -> Option<String> {
    let console = console(region)?;
    let address = format!("https://{console}/s3/object/{bucket}?prefix={}", utf8_percent_encode(key, KEY));
    (is_bucket(bucket) && !key.is_empty()).then_some(address)
}

/// The host of the console for a region; `None` if the text is not a region or its partition has no public console.
fn console(region: &str) -> Option<&'static str> {
    let mut parts = region.split('-');
    let (area, place, number) = (parts.next()?, parts.next()?, parts.next_back()?);
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_region = region.len() <= 25
        && area.len() == 2
        && is_word(area)
        && is_word(place)
        && parts.all(is_word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit());
    match (is_region, area, place) {
        (false, ..) => None,
        (true, "us", "gov") => Some("console.amazonaws-us-gov.com"),
        (true, "cn", _) => Some("console.amazonaws.cn"),
        (true, _, place) if place.starts_with("iso") => None,
        (true, ..) => Some("console.aws.amazon.com"),
    }
}

/// Whether the text can be the name of a bucket ("Bucket naming rules" in the Amazon S3 User Guide).
fn is_bucket(name: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        && is_end(name.bytes().next())
        && is_end(name.bytes().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3";

    #[test]
    fn an_event_opens_in_the_console_of_its_partition() {
        for (region, expected) in [
            ("us-east-1", "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/"),
            (
                "us-gov-west-1",
                "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudtrailv2/home?region=us-gov-west-1#/events/",
            ),
            ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudtrailv2/home?region=cn-north-1#/events/"),
        ] {
            assert_eq!(event(region, ID), Some(format!("{expected}{ID}")));
        }
    }

    #[test]
    fn a_link_holds_only_valid_parts() {
        for region in [
            "",
            "us",
            "us-1",
            "us-east-",
            "us-east-123",
            "US-EAST-1",
            "us-east-1.evil.example/",
            "us-east-1@evil.example",
            "us-iso-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
            "us--1",
            "us-east-1\n",
            "é-east-1",
        ] {
            assert_eq!(event(region, ID), None, "{region}");
        }
        for id in [
            "",
            "x",
            "e6c18431290b4ebba0eeb1d0d5aca2e3",
            "e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3/",
            "e6c18431-290b-4ebb-a0ee-b1d0d5aca2eg",
            "------------------------------------",
        ] {
            assert_eq!(event("us-east-1", id), None, "{id}");
        }
        for bucket in ["", "ab", "Bucket", "a_b", "-ab", "ab.", "a/b", "evil.example/", &"a".repeat(64)] {
            assert_eq!(object("us-east-1", bucket, "k"), None, "{bucket}");
        }
    }

    #[test]
    fn every_reserved_character_of_a_key_is_encoded() {
        assert_eq!(
            object("cn-north-1", "my.logs-1", "a b/c+d=é%?#&\"<>()[]\n.gz").unwrap(),
            "https://console.amazonaws.cn/s3/object/my.logs-1?prefix=a%20b/c%2Bd%3D%C3%A9%25%3F%23%26%22%3C%3E%28%29%5B%5D%0A.gz"
        );
    }
}

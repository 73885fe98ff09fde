//! Which log files in S3 can hold events of a period, by what CloudTrail writes into their keys.
//!
//! A key is `[prefix/]AWSLogs/[organization/]account/CloudTrail/region/YYYY/MM/DD/file`, and the name of the file has the time
//! of its delivery. A file "can contain records written at any point before that time" ("CloudTrail log file examples" in the
//! AWS CloudTrail User Guide), so the day of an event is often, and not always, the day in the key.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::period::Period;
use crate::object::{LOG_FOLDER, ObjectKind, delivered};

/// By how much the clocks of those who write events and of those who deliver them may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// When files that can hold events of a period are delivered: from its beginning until some time after its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliverySpan {
    /// The first moment; `None` for no bound.
    first: Option<Timestamp>,
    /// The last moment; `None` for no bound.
    last: Option<Timestamp>,
}

/// What the folders of a prefix are, by their places below `AWSLogs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth<'k> {
    /// No folder is `AWSLogs`: folders are below, one of which may be.
    Above,
    /// The folders below are organizations, accounts, kinds of files or regions.
    Folders,
    /// The folders below are years; this is what the keys of the region begin with.
    Years(&'k str),
    /// The folders below are of a year; this is what the keys of the region begin with.
    Days(&'k str),
    /// Another layout.
    Other,
}

impl DeliverySpan {
    /// How long CloudTrail tries to deliver a file that the bucket refuses ("Getting and viewing your
    /// CloudTrail log files" in the AWS CloudTrail User Guide).
    pub const LATEST: SignedDuration = SignedDuration::from_hours(30 * 24);

    /// The span for events of a period whose files are delivered up to `late` after them.
    pub fn of(period: Period, late: SignedDuration) -> Self {
        let first = period.since.and_then(|since| since.saturating_sub(SKEW).ok());
        let last = period.until.and_then(|until| until.saturating_add(late).ok());
        Self { first, last }
    }

    /// Whether every file is in it.
    pub fn is_unbounded(&self) -> bool {
        self.first.is_none() && self.last.is_none()
    }

    /// Its first and its last day, in UTC.
    pub fn days(&self) -> (Option<Date>, Option<Date>) {
        let day = |time: Timestamp| TimeZone::UTC.to_datetime(time).date();
        (self.first.map(day), self.last.map(day))
    }

    /// Whether the file of this key can hold events of the period. One whose key does not have the time can.
    pub fn may_hold(&self, key: &str) -> bool {
        let Some(time) = delivered(key) else { return true };
        // The name of a file has the minute in which it is delivered.
        let minute = SignedDuration::from_mins(1);
        self.first.is_none_or(|first| first <= time.saturating_add(minute).unwrap_or(Timestamp::MAX))
            && self.last.is_none_or(|last| time <= last)
    }

    /// Whether a year can have files of the span; `folder` is the name of the year. Any other name can.
    pub fn may_hold_year(&self, folder: &str) -> bool {
        let Some(year) = folder.parse::<i16>().ok().filter(|_| folder.len() == 4) else { return true };
        let (first, last) = self.days();
        first.is_none_or(|first| first.year() <= year) && last.is_none_or(|last| year <= last.year())
    }

    /// What is before the keys of the first day in a region, and after those of the day before.
    pub fn after(&self, region: &str) -> Option<String> {
        let (first, _) = self.days();
        Some(format!("{region}{}", folder(first?)))
    }

    /// Whether a key of a region is of a day after the last one.
    pub fn is_after(&self, region: &str, key: &str) -> bool {
        let (_, last) = self.days();
        let of_day = key.strip_prefix(region).and_then(|rest| rest.get(..folder(Date::ZERO).len()));
        match (last, of_day) {
            (Some(last), Some(day)) => is_day(day) && day > folder(last).as_str(),
            _ => false,
        }
    }
}

/// The folders of a day.
fn folder(day: Date) -> String {
    format!("{:04}/{:02}/{:02}/", day.year(), day.month(), day.day())
}

fn is_day(text: &str) -> bool {
    text.bytes()
        .enumerate()
        .all(|(at, byte)| if matches!(at, 4 | 7 | 10) { byte == b'/' } else { byte.is_ascii_digit() })
}

/// What the folders of a prefix are. What follows the last `/` is the beginning of a name.
pub fn depth(prefix: &str) -> Depth<'_> {
    let folders: Vec<&str> = prefix.split_inclusive('/').filter(|folder| folder.ends_with('/')).collect();
    let names: Vec<&str> = folders.iter().map(|folder| folder.trim_end_matches('/')).collect();
    let Some(root) = names.iter().rposition(|name| *name == LOG_FOLDER) else { return Depth::Above };
    let is_organization = names.get(root + 1).is_some_and(|name| name.starts_with("o-"));
    let account = root + 1 + usize::from(is_organization);
    let is_account = |name: &str| name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
    if names.get(account).is_some_and(|name| !is_account(name)) {
        return Depth::Other;
    }
    if names.get(account + 1).is_some_and(|name| !name.starts_with("CloudTrail")) {
        return Depth::Other;
    }
    let region = account + 3;
    let of_region = || prefix.get(..folders.iter().take(region).map(|folder| folder.len()).sum()).unwrap_or(prefix);
    match names.len() {
        length if length < region => Depth::Folders,
        length if length == region => Depth::Years(of_region()),
        _ if names
            .get(region)
            .is_some_and(|year| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit())) =>
        {
            Depth::Days(of_region())
        }
        _ => Depth::Other,
    }
}

/// What the objects in a folder hold, by its name alone.
pub fn kind_of_folder(folder: &str) -> ObjectKind {
    ObjectKind::of(&format!("{folder}x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(since: &str, until: &str, late_hours: i64) -> DeliverySpan {
        let at = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        DeliverySpan::of(Period { since: at(since), until: at(until) }, SignedDuration::from_hours(late_hours))
    }

    const REGION: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/";

    fn key(time: &str) -> String {
        let day = format!("{}/{}/{}", &time[..4], &time[4..6], &time[6..8]);
        format!("{REGION}{day}/111122223333_CloudTrail_us-east-1_{time}_x.json.gz")
    }

    /// An event at 23:59:58 is delivered on the next day.
    #[test]
    fn a_file_of_the_next_day_can_hold_events_of_a_day() {
        let day = span("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", 24);
        for (time, may_hold) in [
            ("20260301T2343Z", false),
            // Clocks differ.
            ("20260301T2344Z", true),
            ("20260302T0000Z", true),
            ("20260303T0004Z", true),
            ("20260304T0000Z", true),
            ("20260304T0001Z", false),
        ] {
            let key = key(time);
            assert_eq!(day.may_hold(&key), may_hold, "{time}");
            // The days that are listed hold what can hold events.
            let is_listed = day.after(REGION).unwrap() < key && !day.is_after(REGION, &key);
            assert!(is_listed || !may_hold, "{time}");
        }
        assert!(day.may_hold("a.json.gz") && day.may_hold(""));
        assert_eq!(day.after(REGION).unwrap(), format!("{REGION}2026/03/01/"));
        assert!(
            !day.is_after(REGION, &format!("{REGION}2026/03/04/x"))
                && day.is_after(REGION, &format!("{REGION}2026/03/05/x"))
        );
        assert!(!day.is_after(REGION, &format!("{REGION}x/y/z")) && !day.is_after(REGION, "z"));
    }

    #[test]
    fn an_open_period_has_no_bound_at_its_end() {
        let since = span("2026-03-02T00:00:00Z", "", 24);
        assert!(since.may_hold(&key("20990101T0000Z")) && !since.may_hold(&key("20260301T0000Z")));
        assert!(
            !since.is_after(REGION, &key("20990101T0000Z"))
                && since.may_hold_year("2027")
                && !since.may_hold_year("2025")
        );
        let until = span("", "2026-03-02T00:00:00Z", 24);
        assert_eq!(until.after(REGION), None);
        assert!(until.may_hold_year("1999") && !until.may_hold_year("2027") && until.may_hold_year("x"));
        // The file of an event of the last day of a year.
        assert!(span("", "2027-01-01T00:00:00Z", 24).may_hold_year("2027"));
        assert!(span("2026-01-01T00:00:00Z", "", 24).may_hold_year("2025"));
        assert!(span("", "", 24).is_unbounded());
    }

    #[test]
    fn the_place_of_a_prefix_is_known_by_its_folders() {
        let region = REGION;
        for (prefix, expected) in [
            ("", Depth::Above),
            ("AWSLogs", Depth::Above),
            ("logs/of all/", Depth::Above),
            ("AWSLogs/", Depth::Folders),
            ("logs/AWSLogs/o-exampleorg1/", Depth::Folders),
            ("AWSLogs/111122223333/", Depth::Folders),
            ("AWSLogs/o-exampleorg1/111122223333/CloudTrail-Insight/", Depth::Folders),
            ("AWSLogs/111122223333/CloudTrail/us-east-", Depth::Folders),
            (region, Depth::Years(region)),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/20", Depth::Years(region)),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/", Depth::Days(region)),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/x", Depth::Days(region)),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/x/", Depth::Other),
            ("AWSLogs/1/CloudTrail/us-east-1/", Depth::Other),
            ("AWSLogs/111122223333/Config/", Depth::Other),
            ("AWSLogs/AWSLogs/111122223333/", Depth::Folders),
        ] {
            assert_eq!(depth(prefix), expected, "{prefix}");
        }
    }
}

//! What to do next about an alert, for a person who has only the alert: words, with a command to paste, a page to open, or lines
//! to add to a file.
//!
//! The commands read the Event history of CloudTrail, as "Viewing recent management events with the AWS CLI" and "Working with
//! CloudTrail event history" in the AWS CloudTrail User Guide describe it: the management events of one account and one region,
//! of the last 90 days, by one attribute. `Username` is the name of an IAM user, `root`, or the name of a session, which its
//! caller chooses; `AccessKeyId` of temporary credentials is that of one session. Global services, such as IAM, write their
//! events in us-east-1. A time in ISO 8601 is one that the AWS CLI takes ("Timestamp" in "Common parameter types").
//!
//! The log files in a bucket have what the Event history lacks: data events, all regions, and any age.
//!
//! No command has a value of a record that is not plain, or that a mail reader makes a link of: the id of the event takes its
//! place, or there is no command.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    event::EventView,
    link,
    model::{Alert, AlertKind},
    phrase::{Phrase, PhrasePart},
};
use crate::{
    object::ObjectId,
    record::Virtual,
    rule::SuppressBy,
    untrusted::{argument, defanged, is_uuid, shorthand},
};

/// How much time before the first event and after the last one is of interest.
const AROUND: SignedDuration = SignedDuration::from_hours(1);

/// How long the suppression lasts that an alert proposes, in days.
const SUPPRESSED_DAYS: u16 = 30;

/// Something that a reader of an alert can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    /// What it is, in words; without a full stop.
    pub what: Phrase,
    /// The command for a POSIX shell that does it.
    pub command: Option<String>,
    /// The page of the AWS console that shows it.
    pub link: Option<String>,
    /// The lines for `overrides.yaml` that do it.
    pub entry: Option<String>,
}

impl NextStep {
    fn new(what: Phrase) -> Self {
        Self { what, command: None, link: None, entry: None }
    }
}

/// What to do about the alert, in the order in which people do it; nothing for an alert that is not about an event.
pub fn next_steps(alert: &Alert) -> Vec<NextStep> {
    let Some(event) = alert.event() else { return Vec::new() };
    if event.insight().is_some() {
        return unusual_calls(alert, event).into_iter().collect();
    }
    if let Some(found) = event.detected() {
        return found.page().map(|address| in_console(alert, "finding", address)).into_iter().collect();
    }
    let place = Place::of(alert, event);
    let steps =
        [around(alert, event, &place), search(alert, event), page(alert, &place), suppress(alert, event, &place)];
    steps.into_iter().flatten().collect()
}

/// Where the Event history has an event.
struct Place {
    region: Option<String>,
    /// The id of the event, if the Event history has that event.
    id: Option<String>,
}

impl Place {
    fn of(alert: &Alert, event: EventView<'_>) -> Self {
        let region = alert.region().filter(|region| is_region(region));
        let id = event.at(&["eventID"]).filter(|id| is_uuid(id) && is_management(event));
        Self { region, id }
    }

    /// The command that looks up the event alone.
    fn lookup(&self) -> Option<String> {
        let (region, id) = (self.region.as_ref()?, self.id.as_ref()?);
        lookup(region, "EventId", id)
    }
}

/// The events of the same caller around this one.
fn around(alert: &Alert, event: EventView<'_>, place: &Place) -> Option<NextStep> {
    let region = place.region.as_deref()?;
    let by_caller = || {
        let (who, key, value) = attribute(event)?;
        let command = lookup(region, key, &value)? + &span(alert)?;
        let what = in_account(alert, Phrase::ours(format!("Look up what {who} did up to an hour before and after")));
        let what = what.then(format!(", in {region}"));
        let also = is_commercial(region) && region != "us-east-1";
        let what = if also { what.then("; repeat it in us-east-1 for IAM and other global services") } else { what };
        // Most of what happened around a data event is data events, too.
        let what = if is_management(event) { what } else { what.then("; this lists no data events") };
        Some(NextStep { command: Some(command), ..NextStep::new(what) })
    };
    by_caller().or_else(|| {
        let what = in_account(alert, Phrase::ours("Look up the event"));
        Some(NextStep { command: Some(place.lookup()?), ..NextStep::new(what) })
    })
}

/// The events of the same caller in the log files of the account: of all regions, with data events, and of any age.
fn search(alert: &Alert, event: EventView<'_>) -> Option<NextStep> {
    let object = alert.origin.as_ref()?.object()?;
    let id = event.at(&["eventID"]).filter(|id| is_uuid(id))?;
    argument(&object.bucket)?;
    let place = argument(&format!("s3://{}/{}", object.bucket, account_folder(object)?))?;
    let is_known = event.field(Virtual::Principal).is_some_and(|principal| principal != "anonymous");
    let (who, same) = match event.field(Virtual::AccessKey).filter(|key| !key.is_empty()) {
        Some(_) => ("this access key", "accessKey"),
        None if is_known => ("this caller", "principal"),
        None => return None,
    };
    let (since, until) = times(alert)?;
    let command = format!("trailbell search --around {id} --same {same} --since {since} --until {until} {place}");
    let what = format!(
        "Search the account's log files, with access to their bucket, for what {who} did up to an hour before and after, in all \
         regions"
    );
    Some(NextStep { command: Some(command), ..NextStep::new(Phrase::ours(what)) })
}

/// What the keys of an account's log files begin with, if the object is one of them.
fn account_folder(object: &ObjectId) -> Option<&str> {
    let account = object.account()?;
    let at = object.key.find(&format!("/{account}/CloudTrail"))?;
    object.key.get(..at + account.len() + 2)
}

/// What the Event history knows the caller by: in words, the attribute, and its value.
fn attribute(event: EventView<'_>) -> Option<(&'static str, &'static str, String)> {
    if let Some(key) = event.field(Virtual::AccessKey) {
        return Some(("this access key", "AccessKeyId", key));
    }
    // A caller of another account can have the name of a user of this one.
    let kind = event.field(Virtual::UserType).filter(|_| event.foreign_account().is_none())?;
    match kind.as_str() {
        "Root" => Some(("the root user", "Username", "root".to_owned())),
        "IAMUser" => Some(("this user", "Username", event.at(&["userIdentity", "userName"])?)),
        // The caller chooses the name, so that others can have it, too.
        "AssumedRole" => Some(("sessions of this name", "Username", event.field(Virtual::Session)?)),
        _ => None,
    }
}

/// The calls that CloudTrail Insights found unusual.
fn unusual_calls(alert: &Alert, event: EventView<'_>) -> Option<NextStep> {
    let region = alert.region().filter(|region| is_region(region))?;
    let command = lookup(&region, "EventName", &event.event_name()?)? + &span(alert)?;
    let what = in_account(alert, Phrase::ours("Look up the calls up to an hour before and after"))
        .then(format!(", in {region}"));
    Some(NextStep { command: Some(command), ..NextStep::new(what) })
}

/// The event in the console.
fn page(alert: &Alert, place: &Place) -> Option<NextStep> {
    Some(in_console(alert, "event", link::event(place.region.as_ref()?, place.id.as_ref()?)?))
}

fn in_console(alert: &Alert, what: &str, address: String) -> NextStep {
    let open = format!("Open the {what} in the console");
    let what = match alert.account() {
        Some(id) => named(alert, Phrase::ours(open + ": sign in to account "), id).then(" first"),
        None => Phrase::ours(open),
    };
    NextStep { link: Some(address), ..NextStep::new(what) }
}

/// How the rule raises no alert for this caller any more, if the rule can know the caller.
fn suppress(alert: &Alert, event: EventView<'_>, place: &Place) -> Option<NextStep> {
    let AlertKind::Match(finding) = &alert.kind else { return None };
    let day = TimeZone::UTC.to_datetime(alert.time()?).date();
    let entry = finding.rule.override_entry(event.0, SuppressBy::Principal, day, SUPPRESSED_DAYS).ok()?;
    let command = record(alert, event, place).map(|(read, options)| {
        let (rule, options) = (&entry.rule, format!("--by principal{options}"));
        // An id that begins with `-` would be an option.
        let arguments =
            if rule.starts_with('-') { format!("{options} -- {rule} -") } else { format!("{rule} - {options}") };
        format!("{read} | trailbell suppress {arguments}")
    });
    let lines = (entry.is_plain && !is_link(&entry.filter)).then(|| entry.lines());
    if command.is_none() && lines.is_none() {
        return None;
    }
    // The command counts from the day on which it runs, the lines from the event.
    let span = match &lines {
        Some(_) => format!("until {}", entry.expires),
        None => format!("for {SUPPRESSED_DAYS} days"),
    };
    let what = format!("If this is expected: suppress the rule for this caller {span}, in overrides.yaml");
    Some(NextStep { command, entry: lines, ..NextStep::new(Phrase::ours(what)) })
}

/// The command that prints the record, and the options that select it from the output: a management event from the Event
/// history, any other from its log file.
fn record(alert: &Alert, event: EventView<'_>, place: &Place) -> Option<(String, String)> {
    if let Some(lookup) = place.lookup() {
        // A profile can have another format of output.
        return Some((format!("{lookup} --output json"), String::new()));
    }
    let ObjectId { bucket, key } = alert.origin.as_ref()?.object()?;
    let id = event.at(&["eventID"]).filter(|id| is_uuid(id))?;
    argument(bucket)?;
    let address = argument(&format!("s3://{bucket}/{key}"))?;
    Some((format!("aws s3 cp {address} -"), format!(" --event-id {id}")))
}

/// The command that looks up events by an attribute; `None` for a value that no command may have.
fn lookup(region: &str, key: &str, value: &str) -> Option<String> {
    let value = shorthand(value).filter(|_| !is_link(value))?;
    let attribute = format!("'AttributeKey={key},AttributeValue={value}'");
    Some(format!("aws cloudtrail lookup-events --region {region} --lookup-attributes {attribute}"))
}

/// Whether a reader can make a link of a value.
fn is_link(value: &str) -> bool {
    defanged(value) != value
}

/// The options for the time around the events of an alert.
fn span(alert: &Alert) -> Option<String> {
    let (start, end) = times(alert)?;
    Some(format!(" --start-time {start} --end-time {end}"))
}

/// The first and the last time of interest around the events of an alert.
fn times(alert: &Alert) -> Option<(String, String)> {
    let last = alert.time()?;
    let first = alert.occurrences.first.unwrap_or(last).min(last);
    let shown = |time: Timestamp| TimeZone::UTC.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Some((shown(first.saturating_sub(AROUND).ok()?), shown(last.saturating_add(AROUND).ok()?)))
}

fn in_account(alert: &Alert, phrase: Phrase) -> Phrase {
    match alert.account() {
        Some(id) => named(alert, phrase.then(", with credentials of account "), id),
        None => phrase,
    }
}

/// The id of an account, and its name in the rules file.
fn named(alert: &Alert, phrase: Phrase, id: String) -> Phrase {
    let name = alert.account_name(&id).map(str::to_owned);
    let phrase = phrase.value(id);
    match name {
        Some(name) => phrase.then(" (").with(PhrasePart::Rule(name)).then(")"),
        None => phrase,
    }
}

/// Whether the Event history has the event: it has no data events and no network activity events.
fn is_management(event: EventView<'_>) -> bool {
    let category = event.at(&["eventCategory"]);
    category.is_none_or(|category| category == "Management")
        && event.at(&["managementEvent"]).is_none_or(|is_management| is_management == "true")
}

/// Whether a text is the name of a region, such as `eu-west-1` or `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 25
        && matches!(&parts[..], [words @ .., number] if words.len() >= 2 && words.iter().all(is_word) && is_number(number))
}

/// Whether a region is in the partition `aws`, whose global services are in us-east-1.
fn is_commercial(region: &str) -> bool {
    let (area, rest) = region.split_once('-').unwrap_or((region, ""));
    area.len() == 2 && area != "cn" && !rest.starts_with("gov-") && !rest.starts_with("iso")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_by_their_form() {
        for region in
            ["us-east-1", "ap-southeast-2", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "il-central-1"]
        {
            assert!(is_region(region), "{region}");
        }
        for other in
            ["", "us-1", "us-east-", "us-east-123", "US-EAST-1", "us-east-1;id", "us-east-1\n", "us--1", "$(id)-a-1"]
        {
            assert!(!is_region(other), "{other}");
        }
        let commercial = |region: &&str| is_commercial(region);
        let regions = ["eu-west-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"];
        assert_eq!(regions.iter().copied().filter(commercial).collect::<Vec<_>>(), ["eu-west-1"]);
    }
}

//! Where: accounts with their names, ARNs in short, times, and the object or message that holds a record.

use jiff::Timestamp;

use super::{
    link,
    origin::Origin,
    phrase::{Phrase, PhrasePart, Row},
};
use crate::{object::ObjectId, rule::Accounts};

/// The phrase and an account with its name, in words.
pub fn account(accounts: &Accounts, phrase: Phrase, id: Option<String>) -> Phrase {
    match id {
        Some(id) => named(accounts, phrase.then("account "), id),
        None => phrase.then("an unknown account"),
    }
}

/// The phrase and the id of an account, with its name in the rules file.
pub fn named(accounts: &Accounts, phrase: Phrase, id: String) -> Phrase {
    let name = accounts.name(&id).map(str::to_owned);
    let phrase = phrase.value(id);
    match name {
        Some(name) => phrase.then(" (").with(PhrasePart::Rule(name)).then(")"),
        None => phrase,
    }
}

/// The phrase and the name of an account, or its id if it has none.
fn short_account(accounts: &Accounts, phrase: Phrase, id: &str) -> Phrase {
    match accounts.name(id) {
        Some(name) => phrase.with(PhrasePart::Rule(name.to_owned())),
        None => phrase.value(id),
    }
}

/// The account and the region that all alerts of a notice have, in words, and `after`; nothing without either.
pub fn of_all(accounts: &Accounts, id: Option<String>, region: Option<String>, after: &str) -> Phrase {
    match (id, region) {
        (None, None) => Phrase::default(),
        (None, Some(region)) => Phrase::ours("in the region ").value(region).then(after),
        (Some(id), region) => account(accounts, Phrase::ours("in "), Some(id)).maybe(", region ", region).then(after),
    }
}

/// Where an alert of a list happened, without what all of them have in common; `None` if nothing remains.
pub fn in_list(accounts: &Accounts, id: &str, region: &str, common: Common) -> Option<Phrase> {
    let (id, region) = (Some(id).filter(|_| !common.account), Some(region).filter(|_| !common.region));
    let region = region.filter(|region| !region.is_empty());
    match (id, region) {
        (None, None) => None,
        (Some(""), None) => Some(Phrase::ours("in an unknown account")),
        (None | Some(""), Some(region)) => Some(Phrase::ours("in ").value(region)),
        (Some(id), region) => {
            Some(short_account(accounts, Phrase::ours("in "), id).maybe(", ", region.map(str::to_owned)))
        }
    }
}

/// What all alerts of a list have in common, which none of them repeats.
#[derive(Clone, Copy)]
pub struct Common {
    /// The account.
    pub account: bool,
    /// The region.
    pub region: bool,
}

/// An ARN of this account without what goes without saying; any other text as it is.
pub fn short_arn<'a>(text: &'a str, account: &str) -> std::borrow::Cow<'a, str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam" | "sts", "", owner, resource] if owner == account && !resource.is_empty() => resource.into(),
        ["arn", _, service, region, owner, resource] if owner.is_empty() || owner == account => {
            let parts = [service, region, resource].into_iter().filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join(":").into()
        }
        _ => text.into(),
    }
}

/// The hour and the minute of a time on the day of `day`, otherwise the whole time.
pub fn short_time(time: Timestamp, day: Timestamp) -> String {
    let date = |time: Timestamp| time.as_second().div_euclid(86_400);
    if date(time) == date(day) { clock(time) } else { time.to_string() }
}

/// The hour and the minute of a time.
pub fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M").to_string()
}

/// The object or message that holds a record, with the object's page in the S3 console.
pub fn rows(origin: Option<&Origin>, region: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    match origin {
        Some(Origin::Object(ObjectId { bucket, key })) => {
            rows.push(Row::new("Object", Phrase::ours("s3://").value(format!("{bucket}/{key}"))));
            rows.extend(region.and_then(|region| link::object(region, bucket, key)).map(linked));
        }
        Some(Origin::Message(message)) => rows.push(Row::new("Message", Phrase::theirs(message))),
        None => {}
    }
    rows
}

/// A row with only a link.
pub fn linked(link: String) -> Row {
    Row::new("", Phrase::default().with(PhrasePart::Link(link)))
}

//! An alert about records that could not be read, so that no rule has evaluated them.

use crate::{
    alert::{
        content::{Around, Content, RuleView},
        origin::Origin,
        phrase::Phrase,
        place::account,
        story::Story,
    },
    diagnostic::counted,
    object::ObjectId,
    rule::{FilledPart, Severity},
};

/// Replaces the rule.
const ID: &str = "trailbell-unread-record";
const NAME: &str = "CloudTrail record could not be read";
const DESCRIPTION: &str = "No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail \
    itself wrote it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All \
    other records have been evaluated.";

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A record.
    Record {
        /// Its index in the object, from 0.
        index: u64,
        /// Why it could not be read.
        reason: String,
    },
    /// Further records of the same object, which have no alerts of their own.
    More {
        /// How many records.
        count: u64,
    },
}

impl Unread {
    /// How many records, and what their alert's id is made of.
    pub fn counted(&self, origin: Option<&Origin>) -> (u64, [String; 3]) {
        let source = origin.map(Origin::to_string).unwrap_or_default();
        let (count, which) = match self {
            Unread::Record { index, .. } => (1, index.to_string()),
            Unread::More { count } => (*count, "more".to_owned()),
        };
        (count, [ID.to_owned(), source, which])
    }
}

impl Content for Unread {
    fn tag(&self) -> &'static str {
        "kind.alert"
    }

    fn rule(&self) -> RuleView<'_> {
        RuleView { description: Some(DESCRIPTION), is_rule: true, ..RuleView::replaced(ID, NAME, Severity::REVIEW) }
    }

    fn title(&self) -> String {
        NAME.to_owned()
    }

    fn headline(&self) -> Vec<FilledPart> {
        match self {
            Unread::Record { reason, .. } => vec![FilledPart::own(format!("{NAME}: ")), FilledPart::value(reason)],
            Unread::More { count } => vec![FilledPart::own(format!("{NAME}: {}", counted(*count, "more record")))],
        }
    }

    fn is_notice(&self) -> bool {
        false
    }

    fn story(&self, around: &Around<'_>) -> Story {
        let place = match around.origin {
            Some(Origin::Message(_)) => "a message",
            Some(Origin::Object(_)) | None => "a CloudTrail log file",
        };
        let first = match self {
            Unread::Record { index, reason } => {
                Phrase::ours(format!("record {index} of {place} could not be read: ")).value(reason)
            }
            Unread::More { count } => {
                let more = counted(*count, "more record");
                Phrase::ours(format!("{more} of {place} could not be read; they have no alerts of their own"))
            }
        };
        let object = around.origin.and_then(Origin::object);
        let second = match around.origin {
            Some(Origin::Message(message)) => Phrase::ours("in ").value(message),
            Some(Origin::Object(_)) | None => {
                let id = object.and_then(ObjectId::account).map(str::to_owned);
                let region = object.and_then(ObjectId::region).map(str::to_owned);
                account(around.accounts, Phrase::ours("in the log of "), id).maybe(", region ", region)
            }
        };
        let second = match object.and_then(ObjectId::delivered) {
            Some(time) => second.then(format!(", delivered at {time}")),
            None => second,
        };
        let step = around.origin.map(|origin| match origin {
            Origin::Object(ObjectId { bucket, key }) => {
                Phrase::ours("Read the object ").value(key).then(" in the bucket ").value(bucket)
            }
            Origin::Message(message) => Phrase::ours("Find the message ").value(message),
        });
        Story { steps: step.into_iter().collect(), ..Story::of([first, second]) }
    }
}

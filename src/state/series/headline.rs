//! What is kept of the last alert of a series, for messages that come when its record is no longer at hand.

use super::{
    bytes::{Reader, SeriesError, Writer},
    name::cut,
};

/// The longest title that is kept, in bytes.
pub const MAX_TITLE: usize = 512;
/// The longest other text.
const MAX_FACT: usize = 128;
/// The longest id.
pub const MAX_ID: usize = 32;
/// How many bytes a headline takes at most, and an empty one.
pub const MAX_HEADLINE: usize = MAX_TITLE + 5 * MAX_FACT + MAX_ID + EMPTY_HEADLINE;
pub const EMPTY_HEADLINE: usize = 7 * 2;

/// The facts about an alert that a later message repeats. All texts are as the record has them: they are not safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// Its title, at most 512 bytes of it; of the other texts at most 128.
    pub title: String,
    /// The account of the event.
    pub account: String,
    /// The region of the event.
    pub region: String,
    /// The service that was called.
    pub event_source: String,
    /// The name of the event.
    pub event_name: String,
    /// The short name of the actor.
    pub actor: String,
    /// The id of the thread of the alerts of its series: 32 hexadecimal digits.
    pub thread_id: String,
}

impl Headline {
    /// What fits into so many bytes of text: first the thread and the title.
    pub(super) fn within(&self, mut room: usize) -> Self {
        let mut take = |text: &str, most: usize| {
            let taken = cut(text, most.min(room));
            room -= taken.len();
            taken.to_owned()
        };
        Self {
            thread_id: take(&self.thread_id, MAX_ID),
            title: take(&self.title, MAX_TITLE),
            account: take(&self.account, MAX_FACT),
            region: take(&self.region, MAX_FACT),
            event_source: take(&self.event_source, MAX_FACT),
            event_name: take(&self.event_name, MAX_FACT),
            actor: take(&self.actor, MAX_FACT),
        }
    }

    fn texts(&self) -> [&String; 7] {
        let Self { title, account, region, event_source, event_name, actor, thread_id } = self;
        [title, account, region, event_source, event_name, actor, thread_id]
    }

    /// How many bytes the texts have.
    pub(super) fn bytes(&self) -> usize {
        self.texts().map(String::len).iter().sum()
    }

    pub(super) fn write(&self, to: &mut Writer) {
        self.texts().iter().for_each(|text| to.text(text));
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, SeriesError> {
        Ok(Self {
            title: from.text(MAX_TITLE)?,
            account: from.text(MAX_FACT)?,
            region: from.text(MAX_FACT)?,
            event_source: from.text(MAX_FACT)?,
            event_name: from.text(MAX_FACT)?,
            actor: from.text(MAX_FACT)?,
            thread_id: from.text(MAX_ID)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        let long = |first: &str| format!("{first}{}", "é".repeat(400));
        let headline = Headline {
            title: long("x"),
            account: long(""),
            region: long("x"),
            event_source: long(""),
            event_name: long("x"),
            actor: "short".to_owned(),
            thread_id: "0".repeat(90),
        };
        let kept = headline.within(usize::MAX);
        let bytes = [&kept.title, &kept.account, &kept.region, &kept.event_source, &kept.event_name, &kept.actor];
        assert_eq!(bytes.map(String::len), [511, 128, 127, 128, 127, 5]);
        assert_eq!((kept.title.as_str(), kept.thread_id.len()), (&*format!("x{}", "é".repeat(255)), 32));
        assert_eq!(kept.within(usize::MAX), kept);

        let little = headline.within(39);
        assert_eq!(little, Headline { thread_id: "0".repeat(32), title: "xééé".to_owned(), ..Headline::default() });
        assert_eq!(headline.within(0), Headline::default());
    }
}

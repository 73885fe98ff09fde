//! An alert as a page shows it: its story in parts, with what to do next, as JSON.
//!
//! The page shows every part as text. A value of a record is a part of its own, so that the page can set it apart from the
//! words around it; it is on one line and printable, and it is not defanged, since a reader searches for it.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{
    also::{self, MAX_ALSO},
    caps::TextCaps,
    model::Alert,
    next_step::{NextStep, next_steps},
    phrase::{Phrase, PhrasePart, Row},
};
use crate::{rule::FilledPart, untrusted};

/// The most rows of one group.
const MAX_ROWS: usize = 60;
/// What is cut: as in an e-mail of the usual length.
const CAPS: TextCaps = TextCaps::STEPS[0];

/// The story of an alert and its next steps, as JSON: an object of `lead`, `advice`, `runbook`, `groups` of rows, `why` and
/// `steps`. A text is a list of parts: a string of words, a list of one value, or an object with a `link`.
pub struct Sheet<'a>(pub &'a Alert);

impl Serialize for Sheet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let alert = self.0;
        let story = alert.story();
        let questions = story.steps.iter().map(|question| Step { what: Text(question.clone()), step: None });
        let steps = next_steps(alert).into_iter();
        let steps = steps.map(|step| Step { what: Text(step.what.clone()), step: Some(step) });
        let why: Vec<Text> = story.reasons.into_iter().take(CAPS.reasons).map(Text).collect();
        let also = also::rows(&alert.also, MAX_ALSO);
        let groups =
            [story.what, story.who, [story.events, story.differences, story.event].concat(), also, story.places];
        let groups = groups.into_iter().filter(|rows| !rows.is_empty()).map(Group).collect::<Vec<_>>();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("lead", &story.lead.map(Text))?;
        map.serialize_entry("advice", &advice(alert))?;
        map.serialize_entry("runbook", &alert.runbook())?;
        map.serialize_entry("groups", &groups)?;
        map.serialize_entry("why", &why)?;
        map.serialize_entry("steps", &questions.chain(steps).collect::<Vec<_>>())?;
        map.end()
    }
}

/// What the rule's author advises, in paragraphs, with values of the event.
fn advice(alert: &Alert) -> Text {
    let part = |part: FilledPart| {
        if part.is_value { PhrasePart::Theirs(part.text) } else { PhrasePart::Ours(part.text) }
    };
    Text(alert.advice().into_iter().map(part).fold(Phrase::default(), Phrase::with))
}

/// A phrase as the list of its parts.
struct Text(Phrase);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.parts().iter().map(Part))
    }
}

struct Part<'a>(&'a PhrasePart);

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            PhrasePart::Ours(text) | PhrasePart::Rule(text) => {
                serializer.serialize_str(&untrusted::cut(text, CAPS.description))
            }
            PhrasePart::Theirs(text) | PhrasePart::Quoted(text) => {
                [untrusted::line(text, CAPS.value)].serialize(serializer)
            }
            PhrasePart::Link(address) => serializer.collect_map([("link", address)]),
        }
    }
}

/// Rows, each as its name and its text.
struct Group(Vec<Row>);

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().take(MAX_ROWS).map(|row| (row.name, Text(row.phrase.clone()))))
    }
}

/// What a reader can do: in words, with a command, a page or lines for a file.
struct Step {
    what: Text,
    step: Option<NextStep>,
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("what", &self.what)?;
        if let Some(NextStep { command, link, entry, .. }) = &self.step {
            for (name, text) in [("command", command), ("link", link), ("entry", entry)] {
                if let Some(text) = text {
                    map.serialize_entry(name, text)?;
                }
            }
        }
        map.end()
    }
}

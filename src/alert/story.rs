//! The content of a message for people, in phrases without the markup of any format.
//!
//! The rows are in the order in which people ask for them; a format can omit rows and adds none.

use std::cell::LazyCell;

use super::phrase::{Phrase, Row};

/// The content of a message.
pub struct Story {
    /// Who did what, and with which result; then where and when.
    pub lead: [Phrase; 2],
    /// What the call asked for and what it got, or what is unusual.
    pub what: Vec<Row>,
    /// The credentials of the caller, and the session that they belong to.
    pub who: Vec<Row>,
    /// How many events there are, and what they have in common.
    pub events: Vec<Row>,
    /// The events of a sequence; in what the events differ, and their ids, if there are several.
    pub differences: Vec<Row>,
    /// The id of the event that it is about.
    pub event: Vec<Row>,
    /// The alerts that it reports about.
    pub list: List,
    /// What to do about it, beside what the rule's description advises.
    pub steps: Vec<Phrase>,
    /// The conditions of the rule that hold, and that say more than what every rule asks.
    pub reasons: Vec<Phrase>,
    /// The object or message that holds the record.
    pub places: Vec<Row>,
}

/// Alerts that a message reports about.
#[derive(Default)]
pub struct List {
    /// Those that have a line.
    pub items: Vec<ListItem>,
    /// How many have none.
    pub more: u64,
    /// What one of them is, such as `held-back alert`.
    pub noun: &'static str,
}

/// An alert in a list, in a few short lines that fit the width of a phone.
pub struct ListItem {
    /// What it and those after it have in common; `None` if that is the same as for the one before.
    pub heading: Option<Phrase>,
    /// The lines.
    pub lines: Vec<Phrase>,
}

/// The content of a message, made once if any format needs it.
pub type LazyStory<'a> = LazyCell<Story, Box<dyn FnOnce() -> Story + 'a>>;

impl Story {
    /// No more than the first two lines.
    pub fn of(lead: [Phrase; 2]) -> Self {
        Self {
            lead,
            what: Vec::new(),
            who: Vec::new(),
            events: Vec::new(),
            differences: Vec::new(),
            event: Vec::new(),
            list: List::default(),
            steps: Vec::new(),
            reasons: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// The rows of the event of a record: its id.
pub fn event_row(id: Option<String>) -> Row {
    Row::new("Event", id.map_or_else(|| Phrase::ours("without an id"), Phrase::theirs))
}

/// Rows of one name, which only the first of them shows.
pub fn rows(name: &'static str, phrases: impl IntoIterator<Item = Phrase>) -> Vec<Row> {
    let named = phrases.into_iter().enumerate();
    named.map(|(at, phrase)| Row::new(if at == 0 { name } else { "" }, phrase)).collect()
}

//! The formats of messages, and what is cut where one would be too long for SNS.
//!
//! Every rendering comes through [`render`], so every message keeps SNS's limits.

use super::{
    Alert, Message, chat,
    message::{MAX_BYTES, attributes, subject},
    ocsf, text,
};

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// People, by e-mail or on a terminal.
    Text,
    /// People, in a chat channel.
    Chat,
    /// Machines.
    Ocsf,
}

/// A format.
struct Format {
    rendering: Rendering,
    name: &'static str,
    body: fn(&Alert, &Caps) -> String,
}

/// Every format; a new one is a file and a row here.
const FORMATS: [Format; 3] = [
    Format { rendering: Rendering::Text, name: "text", body: text::body },
    Format { rendering: Rendering::Chat, name: "chat", body: chat::body },
    Format { rendering: Rendering::Ocsf, name: "ocsf", body: ocsf::body },
];

impl Rendering {
    /// Every rendering and its name.
    pub fn all() -> impl Iterator<Item = (Rendering, &'static str)> {
        FORMATS.iter().map(|format| (format.rendering, format.name))
    }
}

/// How much of an alert is shown; what is cut says so at its place.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// The longest description of a rule, in characters.
    pub description: usize,
    /// The most conditions that are named.
    pub reasons: usize,
    /// The longest single value, in characters.
    pub value: usize,
}

/// What is cut, in this order: the description, the conditions, then every value. What the last step leaves is far below
/// the limit, whatever an alert holds.
const STEPS: [Caps; 5] = [
    Caps { description: 16_000, reasons: 40, value: 1_500 },
    Caps { description: 2_000, reasons: 40, value: 1_500 },
    Caps { description: 2_000, reasons: 10, value: 1_500 },
    Caps { description: 2_000, reasons: 10, value: 500 },
    Caps { description: 1_000, reasons: 10, value: 150 },
];

/// The message for an alert, at most [`MAX_BYTES`] with its attributes.
pub fn render(rendering: Rendering, alert: &Alert) -> Message {
    let body =
        FORMATS.iter().find(|format| format.rendering == rendering).map_or(text::body as _, |format| format.body);
    let message = |caps: &Caps| {
        let (id, subject, body) = (alert.id.clone(), subject(alert), body(alert, caps));
        Message { id, subject, body, attributes: attributes(alert) }
    };
    let mut made = message(&STEPS[0]);
    for caps in &STEPS[1..] {
        if made.bytes() <= MAX_BYTES {
            break;
        }
        made = message(caps);
    }
    made
}

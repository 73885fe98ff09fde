//! The formats of messages, and what is cut where one would be too long for SNS.
//!
//! Every rendering comes through [`render`], so every message keeps SNS's limits.

use super::{
    Alert, Message, ascii_fallback, chat,
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

/// How a message is made.
struct Format {
    name: &'static str,
    body: fn(&Alert, &Caps) -> String,
    /// The body in printable ASCII.
    plain: fn(&str) -> String,
}

impl Rendering {
    /// Every rendering and its name.
    pub fn all() -> impl Iterator<Item = (Rendering, &'static str)> {
        [Rendering::Text, Rendering::Chat, Rendering::Ocsf].into_iter().map(|one| (one, one.format().name))
    }

    /// The table of formats; a new one is a file and a row here.
    fn format(self) -> Format {
        match self {
            Rendering::Text => Format { name: "text", body: text::body, plain: ascii_fallback::lines },
            Rendering::Chat => Format { name: "chat", body: chat::body, plain: ascii_fallback::json },
            Rendering::Ocsf => Format { name: "ocsf", body: ocsf::body, plain: ascii_fallback::json },
        }
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
    let mut message = made(rendering, alert, &STEPS[0]);
    for caps in &STEPS[1..] {
        if message.bytes() <= MAX_BYTES {
            break;
        }
        message = made(rendering, alert, caps);
    }
    message
}

/// The message in the form that any channel takes, for one that was refused: as short as it can be and in printable ASCII,
/// with the attributes that subscriptions filter by most.
pub fn render_plainly(rendering: Rendering, alert: &Alert) -> Message {
    let Message { id, subject, body, attributes } = made(rendering, alert, &STEPS[STEPS.len() - 1]);
    Message {
        id,
        subject,
        body: (rendering.format().plain)(&body),
        attributes: ascii_fallback::attributes(&attributes),
    }
}

fn made(rendering: Rendering, alert: &Alert, caps: &Caps) -> Message {
    let (id, subject, body) = (alert.id.clone(), subject(alert), (rendering.format().body)(alert, caps));
    Message { id, subject, body, attributes: attributes(alert) }
}

//! The formats of messages, and the rendering of an alert in one of them.
//!
//! Every message is made by [`render`], so every message keeps SNS's limits.

use super::{
    ascii_fallback,
    caps::TextCaps,
    message::{MAX_BYTES, Message, attributes, subject},
    model::Alert,
    story::{LazyStory, lazy},
};

/// A format of messages. Each format is a constant in its own file, such as [`Format::TEXT`].
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name of the format, such as `text`.
    pub name: &'static str,
    /// The body of the message for an alert.
    pub(super) body: fn(&Alert, &LazyStory<'_>, &TextCaps) -> String,
    /// A body in printable ASCII.
    pub(super) to_ascii: fn(&str) -> String,
}

impl Format {
    /// The table of formats.
    pub const ALL: [Self; 3] = [Self::TEXT, Self::CHAT, Self::OCSF];
}

/// The message for an alert, at most [`MAX_BYTES`] long with its attributes.
pub fn render(format: Format, alert: &Alert) -> Message {
    let story = lazy(alert);
    let mut message = render_within(format, alert, &story, &TextCaps::STEPS[0]);
    for caps in &TextCaps::STEPS[1..] {
        if message.bytes() <= MAX_BYTES {
            break;
        }
        message = render_within(format, alert, &story, caps);
    }
    message
}

/// The message for a channel that refused the one of [`render`]: as short as possible, in printable ASCII, and with the
/// attributes that most subscriptions filter by.
pub fn render_ascii(format: Format, alert: &Alert) -> Message {
    let Message { id, subject, body, attributes } = render_within(format, alert, &lazy(alert), &TextCaps::SHORTEST);
    Message { id, subject, body: (format.to_ascii)(&body), attributes: ascii_fallback::attributes(&attributes) }
}

fn render_within(format: Format, alert: &Alert, story: &LazyStory<'_>, caps: &TextCaps) -> Message {
    let (id, subject, body) = (alert.id.clone(), subject(alert), (format.body)(alert, story, caps));
    Message { id, subject, body, attributes: attributes(alert) }
}

//! The formats of messages, and the rendering of an alert in one of them.
//!
//! Every message is made by [`render`], so every message keeps SNS's limits.

use std::cell::LazyCell;

use super::{
    ascii_fallback,
    caps::TextCaps,
    message::{MAX_BYTES, Message, attributes},
    model::Alert,
    story::LazyStory,
    subject::subject,
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
    fitting(alert, &TextCaps::STEPS, |story, caps| render_within(format, alert, story, caps))
}

/// The message for a channel that refused the one of [`render`]: as short as possible, in printable ASCII, and with the
/// attributes that most subscriptions filter by.
pub fn render_ascii(format: Format, alert: &Alert) -> Message {
    fitting(alert, &[TextCaps::SHORTEST], |story, caps| {
        let Message { id, subject, body, attributes } = render_within(format, alert, story, caps);
        Message { id, subject, body: (format.to_ascii)(&body), attributes: ascii_fallback::attributes(&attributes) }
    })
}

/// The message by the first of these steps that fits, else with as many lines of other alerts as fit, or as short as it can be.
fn fitting(alert: &Alert, steps: &[TextCaps], make: impl Fn(&LazyStory<'_>, &TextCaps) -> Message) -> Message {
    let story: LazyStory<'_> = LazyCell::new(Box::new(|| alert.story()));
    let fits = |message: &Message| message.bytes() <= MAX_BYTES;
    for caps in steps {
        let message = make(&story, caps);
        if fits(&message) {
            return message;
        }
    }
    let (mut fitting, mut too_many) = (0, alert.content().lines());
    if too_many == 0 {
        return make(&story, &TextCaps::LEAST);
    }
    let with = |lines| make(&story, &TextCaps { lines, ..TextCaps::SHORTEST });
    while fitting + 1 < too_many {
        let middle = usize::midpoint(fitting, too_many);
        if fits(&with(middle)) { fitting = middle } else { too_many = middle }
    }
    with(fitting)
}

fn render_within(format: Format, alert: &Alert, story: &LazyStory<'_>, caps: &TextCaps) -> Message {
    let (id, subject, body) = (alert.id.clone(), subject(alert), (format.body)(alert, story, caps));
    Message { id, subject, body, attributes: attributes(alert) }
}

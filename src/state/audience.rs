//! Who gets an alert. Each audience has a channel of its own, and takes an alert on its own.

use serde::{Deserialize, Serialize};

/// The readers of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Audience {
    /// People, by e-mail or another subscription to text.
    Alerts,
    /// People in a chat.
    Chat,
    /// Machines.
    Findings,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alerts, Self::Chat, Self::Findings];

    /// The word for counts and logs, and in stored items.
    pub fn word(self) -> &'static str {
        match self {
            Audience::Alerts => "alerts",
            Audience::Chat => "chat",
            Audience::Findings => "findings",
        }
    }

    /// The bit in stored items, which deployed tables hold.
    pub fn bit(self) -> u8 {
        match self {
            Audience::Alerts => 1,
            Audience::Chat => 2,
            Audience::Findings => 4,
        }
    }
}

/// The bits of audiences.
pub fn bits(audiences: &[Audience]) -> u8 {
    audiences.iter().fold(0, |bits, audience| bits | audience.bit())
}

//! The first keys of an object, for a message.

use std::fmt;

use crate::untrusted::shorten_with;

/// The first keys of an object, and how many more it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Each at most [`Self::MAX_CHARS`] long, unescaped.
    shown: Vec<String>,
    hidden: u64,
}

impl Keys {
    const MAX_SHOWN: usize = 8;
    const MAX_CHARS: usize = 40;

    pub(super) fn push(&mut self, key: &[u8]) {
        if self.shown.len() == Self::MAX_SHOWN {
            self.hidden += 1;
        } else {
            self.shown.push(shorten_with(&String::from_utf8_lossy(key), Self::MAX_CHARS, ""));
        }
    }

    /// Whether `key`, of fewer than 40 characters, is among the first eight keys.
    pub fn contains(&self, key: &str) -> bool {
        self.shown.iter().any(|shown| shown == key)
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shown.is_empty() {
            return f.write_str("it has no keys");
        }
        f.write_str("its keys are ")?;
        for (number, key) in self.shown.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}`{}`", key.escape_debug())?;
        }
        if self.hidden > 0 { write!(f, " and {} more", self.hidden) } else { Ok(()) }
    }
}

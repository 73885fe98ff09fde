//! Text that an attacker can have written, made safe to show; and the one way to shorten text.

mod domain;
mod link;
mod scheme;
mod text;

pub use link::{Kept, defanged, defanged_with};
pub use text::{ascii, cut, line, lines, printable, shorten_to, shorten_with, within};

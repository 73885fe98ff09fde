//! Text that an attacker can have written, made safe to show and to paste; and the one way to shorten text.

mod domain;
mod link;
mod paste;
mod scheme;
mod text;

pub use link::{Kept, defanged, defanged_with};
pub use paste::{argument, is_plain, is_uuid, shell_word, shorthand, yaml};
pub use text::{
    ascii, cut, has_ascii_form, line, lines, printable, shorten_middle, shorten_to, shorten_with, visible, within,
};

//! What is remembered between files, held to a plain reference and to what may be promised of concurrent work that breaks
//! off anywhere.

mod claims;
mod concurrent;
mod first_seen;
mod flood;
mod handled;
mod reference;
mod sequential;
mod world;

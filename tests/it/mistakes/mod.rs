//! The messages about mistakes in filters, titles and rules files, whole and as `trailbell check` prints them.

mod extensions;
mod language;

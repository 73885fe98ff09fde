//! `trailbell check`: finds every error and likely mistake in rules files and in the overrides beside them.

mod github;
mod json;
mod located;
mod run;
mod sarif;

pub use run::{CheckFormat, Denied, run};

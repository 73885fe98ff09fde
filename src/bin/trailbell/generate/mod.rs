//! `trailbell generate`: writes the files of the repository that are generated from its rules. It is for maintainers, and
//! hidden from the help.

mod data_events_page;
mod error;
mod overlaps;
mod rules_page;
mod run;

pub use run::run;

//! `trailbell search`: events in the order of time, without a rules file.

mod anchor;
mod arguments;
mod finder;
mod line;
mod output;
mod run;
mod sorter;
mod table;
mod tops;

pub use arguments::SearchArgs;
pub use run::run;

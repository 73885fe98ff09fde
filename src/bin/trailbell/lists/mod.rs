//! `trailbell lists`: shows the named lists, or proposes items for them from logs.

mod in_force;
mod reader;
mod run;

pub use run::{ListsArgs, run};

//! `trailbell init`: writes a folder to keep rules of your own in.

mod files;
mod run;

pub use run::run;

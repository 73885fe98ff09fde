//! `trailbell doctor`: checks a deployed stack, and prints what is wrong with it and how to fix it.
//!
//! [`crate::aws`] asks AWS, and the files here judge: each check is a function from what AWS returned, or why it returned
//! nothing, to lines. A check that lacks a permission does not stop the others.

mod alarm;
mod alert;
mod check;
mod event_rule;
mod function;
mod key;
mod log_file;
mod logging;
mod notification;
mod policy;
mod queue;
mod region;
mod rules;
mod run;
mod subscription;
mod table;
mod trail;

pub use run::{DoctorFormat, Target, run};

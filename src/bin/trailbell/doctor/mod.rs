//! `trailbell doctor`: checks a deployed stack, and prints what is wrong with it and how to fix it.
//!
//! [`crate::aws`] asks AWS, and the files here judge: each check is a function from what AWS returned, or why it returned
//! nothing, to lines. A check that lacks a permission does not stop the others.

mod alert;
mod check;
mod function;
mod key;
mod logging;
mod notification;
mod policy;
mod region;
mod rules;
mod run;
mod subscription;
mod table;

pub use run::{DoctorFormat, Target, run};

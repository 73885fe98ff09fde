//! The plain reference of counting, which `tests/it/state/model/` compares with the command line.

#![allow(dead_code, reason = "not all of it is used here")]

#[path = "../it/state/model/event.rs"]
pub mod event;
#[path = "../it/state/model/reference.rs"]
pub mod reference;
#[path = "../it/state/model/rules.rs"]
pub mod rules;

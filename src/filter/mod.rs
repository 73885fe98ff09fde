#![doc = include_str!("reference.md")]

mod accounts;
pub mod ast;
mod compiled;
mod explain;
mod matcher;
mod mistake;
pub mod needs;
mod observer;
pub mod operand;
pub mod operator;
mod parser;
mod reference;
mod right_side;
mod value_set;

pub use compiled::Filter;
pub use explain::{Compared, Condition, Explanation, Gap, HiddenElements, SeenValues};
pub(crate) use matcher::names_it;
pub use observer::{Observer, Unobserved};
pub use operand::Lists;
pub use parser::continues_bare_word;
pub use reference::{REFERENCE, idioms};
pub(crate) use right_side::listed;

//! Common mistakes in filters, and the answer to each.
//!
//! Every function makes one diagnostic: the title states what is wrong, the label what the language expects there, and the
//! help what to type instead.

mod comparison;
mod condition;
mod foreign;
mod path;
mod unexpected;

pub use comparison::*;
pub use condition::*;
pub use foreign::{begins_condition, condition, is_foreign_name, misnamed, whole};
pub use path::*;
pub use unexpected::{LIKELY_OPERATORS, OPERATOR_SYMBOLS, Unexpected, code, curly, symbol_for, symbol_for_word};

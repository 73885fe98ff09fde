//! Text → [`Expr`](super::ast::Expr): the grammar.
//!
//! A mistake ends its condition only: the parse goes on at the next one, and the result has every mistake, as diagnostics whose
//! spans are bytes of the filter's text.

mod comparison;
mod condition;
mod path;
mod recovery;
mod token;

pub use condition::{Reading, parse};
pub use token::continues_bare_word;

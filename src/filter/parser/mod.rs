//! Text → [`Expr`](super::ast::Expr): the grammar.
//!
//! The first mistake ends the parse, as a diagnostic whose spans are bytes of the filter's text.

mod condition;
mod path;
mod token;

pub use condition::parse;
pub use token::continues_bare_word;

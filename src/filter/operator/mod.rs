//! The operator table: each operator is one table entry, in the file of its kind.
//!
//! The parser, the suggestions, the lints, the index and the tests read the table.

mod account;
mod entry;
mod network;
mod pattern;
mod table;
mod text;
mod value;

pub use account::{AccountId, FOREIGN_TO, IN_ACCOUNT, account_of, as_account};
pub use entry::{Meaning, Operator, Order};
pub use network::CIDR;
pub use pattern::MATCHES;
pub use table::{all, named};
pub use text::{CONTAINS, ENDS_WITH, ICONTAINS, IENDS_WITH, IEQUALS, ISTARTS_WITH, LIKE, STARTS_WITH};
pub use value::{EQUAL, EXISTS, GREATER, GREATER_OR_EQUAL, IN, LESS, LESS_OR_EQUAL, NOT_EQUAL, present};

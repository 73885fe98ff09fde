//! Proposals for the named lists of a rules file, from what happens in logs again and again.
//!
//! What callers choose, such as a user agent, is never a reason by itself, and nothing is proposed after a day or two. But an
//! intruder who was there long enough can be among the proposals, so a person must review each of them.

mod agent;
mod bounded;
mod evidence;
mod facts;
mod gathered;
mod item;
mod judge;
mod networks;
mod others;
mod page;
mod principals;

pub use facts::Facts;
pub use gathered::Gathered;
pub use item::Proposal;
pub use judge::ListProposals;
pub use page::page;

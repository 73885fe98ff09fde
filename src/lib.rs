//! trailbell.
pub mod diagnostic;
pub mod filter;
pub mod number;
pub mod record;

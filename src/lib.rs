//! trailbell.
pub mod diagnostic;

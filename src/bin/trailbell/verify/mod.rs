//! `trailbell verify`: checks log files against CloudTrail's digests, and the digests by their signatures.

mod copy;
mod keys;
mod run;

pub use run::{VerifyArguments, run};

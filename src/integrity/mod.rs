//! The proof that CloudTrail gives of its log files: digest files, signed and chained.
//!
//! ```text
//! digest of 09:00 ◀─hash, signature─ digest of 10:00 ◀─hash, signature─ digest of 11:00
//!    │ hashes                            │ hashes
//!    ▼                                   ▼
//! log files of its hour               log files of its hour
//! ```
//!
//! Nothing here reads files or knows a cryptographic library: the caller hashes, and checks signatures.
//! See "Validating CloudTrail log file integrity" in the [AWS CloudTrail User
//! Guide](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html).

mod chain;
mod digest_file;
mod fault;

pub use chain::{ChainId, Link, link};
pub use digest_file::{DigestError, DigestFile, LoggedFile, PreviousDigest};
pub use fault::Fault;

//! What is wrong with log files and their digests.

use jiff::Timestamp;
use thiserror::Error;

/// What is wrong. Names are keys, as the digests have them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// A digest cannot be read.
    #[error("the digest {object} cannot be read: {reason}")]
    Unreadable {
        /// The digest.
        object: String,
        /// Why not.
        reason: String,
    },
    /// A digest is not where it was delivered: one digest in place of another.
    #[error("the digest {found} was delivered as {object}: it was put in the place of another, or renamed")]
    Elsewhere {
        /// Where it is.
        found: String,
        /// Where it belongs.
        object: String,
    },
    /// The hash in the next digest is another.
    #[error("the digest {object} was changed: the next one has another hash of it")]
    DigestChanged {
        /// The digest.
        object: String,
    },
    /// Digests of a period are not there.
    #[error("the digests from {from} to {to} are missing, the last of them {last}: they were deleted, or not copied")]
    DigestsMissing {
        /// The end of the last digest before them.
        from: Timestamp,
        /// The begin of the first one after them.
        to: Timestamp,
        /// The last of them.
        last: String,
    },
    /// A signature is not CloudTrail's.
    #[error("the signature of the digest {object} is wrong: CloudTrail did not write it so")]
    Signature {
        /// The digest.
        object: String,
    },
    /// The key that signed a digest is not among the public keys.
    #[error(
        "no public key has the fingerprint {fingerprint}, which signed the digest {object}: list the keys of its time"
    )]
    UnknownKey {
        /// The digest.
        object: String,
        /// The fingerprint.
        fingerprint: String,
    },
    /// A log file is not there.
    #[error("the log file {object} is missing: it was deleted, or not copied")]
    LogMissing {
        /// The log file.
        object: String,
    },
    /// A log file has another content.
    #[error("the log file {object} was changed: its hash is not that of its digest")]
    LogChanged {
        /// The log file.
        object: String,
    },
    /// A log file cannot be read to its end.
    #[error("the log file {object} cannot be read: {reason}")]
    LogUnreadable {
        /// The log file.
        object: String,
        /// Why not.
        reason: String,
    },
    /// A digest names a file outside of the folder of logs, which is not read.
    #[error("the digest {digest} names {object}, which is no log file of its folder")]
    Outside {
        /// The digest.
        digest: String,
        /// What it names.
        object: String,
    },
    /// A log file is in none of the digests of its time.
    #[error("the log file {object} is in no digest: CloudTrail did not deliver it, or its digest is missing")]
    Unnamed {
        /// The log file.
        object: String,
    },
}

//! A digest file: which log files CloudTrail delivered in an hour, and the digest before it.

use jiff::Timestamp;
use serde::Deserialize;
use thiserror::Error;

/// The only algorithms that CloudTrail uses.
const SIGNATURE: &str = "SHA256withRSA";
const HASH: &str = "SHA-256";

/// A digest file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestFile {
    /// When its period begins.
    pub start: Timestamp,
    /// When its period ends.
    pub end: Timestamp,
    /// The same as CloudTrail writes it, since it is signed.
    end_text: String,
    /// The bucket that CloudTrail delivered it to.
    pub bucket: String,
    /// Its key there.
    pub object: String,
    /// The fingerprint of the key that signed it.
    pub fingerprint: String,
    /// The digest before it; `None` in the first of a chain.
    pub previous: Option<PreviousDigest>,
    /// The log files of its period.
    pub log_files: Vec<LoggedFile>,
    /// The SHA-256 of its text: 64 lower-case hexadecimal digits.
    pub hash: String,
}

/// What a digest holds of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousDigest {
    /// Its key.
    pub object: String,
    /// The SHA-256 of its text, in lower case.
    pub hash: String,
    /// Its signature, in hexadecimal digits as CloudTrail writes them.
    pub signature: String,
}

/// A log file that a digest holds the hash of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedFile {
    /// Its key.
    pub object: String,
    /// The SHA-256 of its text, in lower case.
    pub hash: String,
}

/// Why a file is no digest file.
#[derive(Debug, Error)]
pub enum DigestError {
    /// It is not JSON of a digest.
    #[error("it is no digest file")]
    Json(#[from] serde_json::Error),
    /// It is signed or hashed in a way that CloudTrail does not use.
    #[error("its algorithm is `{0}`, and CloudTrail uses {SIGNATURE} and {HASH}")]
    Algorithm(String),
    /// It is for a time that cannot be read.
    #[error("its time is `{0}`")]
    Time(String),
    /// It names the digest before it only in part.
    #[error("it holds only a part of the digest before it")]
    Previous,
}

/// See "CloudTrail digest file structure" in the AWS CloudTrail User Guide.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    bucket: String,
    #[serde(rename = "digestS3Object")]
    object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    #[serde(rename = "previousDigestS3Object")]
    previous_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    previous_digest_signature: Option<String>,
    #[serde(default)]
    log_files: Vec<WrittenLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenLog {
    #[serde(rename = "s3Object")]
    object: String,
    hash_value: String,
    hash_algorithm: String,
}

impl DigestFile {
    /// Reads the text of a digest file, decompressed, of which `hash` is the SHA-256 in lower-case hexadecimal digits.
    ///
    /// # Errors
    ///
    /// It is no digest file.
    pub fn read(text: &[u8], hash: String) -> Result<Self, DigestError> {
        let written: Written = serde_json::from_slice(text)?;
        if written.digest_signature_algorithm != SIGNATURE {
            return Err(DigestError::Algorithm(written.digest_signature_algorithm));
        }
        let parts = (written.previous_object, written.previous_digest_hash_value, written.previous_digest_signature);
        let previous = match parts {
            (None, None, None) => None,
            (Some(object), Some(hash), Some(signature)) => {
                if let Some(other) = written.previous_digest_hash_algorithm.filter(|algorithm| algorithm != HASH) {
                    return Err(DigestError::Algorithm(other));
                }
                Some(PreviousDigest { object, hash: hash.to_ascii_lowercase(), signature })
            }
            _ => return Err(DigestError::Previous),
        };
        let mut log_files = Vec::with_capacity(written.log_files.len());
        for WrittenLog { object, hash_value, hash_algorithm } in written.log_files {
            if hash_algorithm != HASH {
                return Err(DigestError::Algorithm(hash_algorithm));
            }
            log_files.push(LoggedFile { object, hash: hash_value.to_ascii_lowercase() });
        }
        let time = |text: &str| text.parse::<Timestamp>().map_err(|_| DigestError::Time(text.to_owned()));
        let (start, end) = (time(&written.digest_start_time)?, time(&written.digest_end_time)?);
        let Written { digest_end_time: end_text, bucket, object, .. } = written;
        let fingerprint = written.digest_public_key_fingerprint;
        Ok(Self { start, end, end_text, bucket, object, fingerprint, previous, log_files, hash })
    }

    /// What CloudTrail signs: "Contents of the data signing string" in "Custom implementations of CloudTrail log file integrity
    /// validation".
    pub fn string_to_sign(&self) -> String {
        let signature = self.previous.as_ref().map_or("null", |previous| &previous.signature);
        format!("{}\n{}/{}\n{}\n{signature}", self.end_text, self.bucket, self.object, self.hash)
    }
}

//! CloudTrail's public keys, and the check of a signature.

use std::{collections::HashMap, fs, path::Path};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use trailbell::integrity::{DigestFile, Fault};

use crate::status::Stop;

/// The keys by their fingerprints.
pub struct PublicKeys(HashMap<String, Vec<u8>>);

/// What `aws cloudtrail list-public-keys` prints.
#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "PublicKeyList")]
    list: Vec<PrintedKey>,
}

#[derive(Deserialize)]
struct PrintedKey {
    /// DER in PKCS #1, in base64.
    #[serde(rename = "Value")]
    value: String,
    #[serde(rename = "Fingerprint")]
    fingerprint: String,
}

impl PublicKeys {
    /// Reads the keys as `aws cloudtrail list-public-keys` prints them.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or holds no keys.
    pub fn read(path: &Path) -> Result<Self, Stop> {
        let shown = path.display();
        let wrong = |reason: String| {
            Stop::Message(format!(
                "{shown} has no public keys of CloudTrail ({reason}): write the output of `aws cloudtrail list-public-keys` to it"
            ))
        };
        let text = fs::read(path).map_err(|error| Stop::Message(format!("{shown} cannot be read: {error}")))?;
        let printed: Printed = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let mut keys = HashMap::new();
        for PrintedKey { value, fingerprint } in printed.list {
            let key =
                BASE64_STANDARD.decode(value.trim()).map_err(|error| wrong(format!("key {fingerprint}: {error}")))?;
            keys.insert(fingerprint.to_ascii_lowercase(), key);
        }
        if keys.is_empty() { Err(wrong("its list is empty".to_owned())) } else { Ok(Self(keys)) }
    }

    /// Checks the signature of a digest, in hexadecimal digits: RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn check(&self, digest: &DigestFile, signature: &str) -> Option<Fault> {
        let (object, fingerprint) = (digest.object.clone(), digest.fingerprint.clone());
        let Some(key) = self.0.get(&fingerprint.to_ascii_lowercase()) else {
            return Some(Fault::UnknownKey { object, fingerprint });
        };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        let is_right = hex::decode(signature.trim())
            .is_ok_and(|signature| key.verify(digest.string_to_sign().as_bytes(), &signature).is_ok());
        (!is_right).then_some(Fault::Signature { object })
    }
}

//! The one hash of this project: SHA-256 over parts, each preceded by its length in bytes as a 64-bit big-endian
//! number.
//!
//! The lengths keep lists of parts apart whose concatenations are equal. Stored keys, alert ids and rule versions are
//! made of these hashes, so their values must never change.

use sha2::{Digest as _, Sha256};

/// A hash to which parts are added.
pub struct Digest(Sha256);

impl Digest {
    /// The hash of these parts.
    pub fn of(parts: &[&str]) -> Self {
        parts.iter().fold(Self(Sha256::new()), |digest, part| digest.text(part))
    }

    /// Adds a text as a part, in UTF-8.
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a part.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The first `N` bytes of the hash, which has 32.
    pub fn first<const N: usize>(self) -> [u8; N] {
        let mut first = [0; N];
        first.iter_mut().zip(self.0.finalize()).for_each(|(to, from)| *to = from);
        first
    }

    /// The first 128 bits of the hash: 32 hexadecimal digits.
    pub fn hex(self) -> String {
        hex::encode(self.first::<16>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are those of Python's `hashlib`.
    #[test]
    fn parts_are_hashed_with_their_lengths() {
        assert_eq!(Digest::of(&[]).hex(), "e3b0c44298fc1c149afbf4c8996fb924");
        assert_eq!(Digest::of(&[""]).hex(), "af5570f5a1810b7af78caf4bc70a660f");
        assert_eq!(Digest::of(&["a", "bc"]).hex(), "3fafa1cf2f19a7c1129beb20cf0983f7");
        assert_ne!(Digest::of(&["ab", "c"]).hex(), Digest::of(&["a", "bc"]).hex());
        assert_eq!(Digest::of(&["a"]).bytes(b"bc").hex(), Digest::of(&["a", "bc"]).hex());
    }
}

//! The version of the rules: a hash of the bytes of their files.
//!
//! The same files have the same version on every machine.

use crate::digest::Digest;

/// The version of a rules file together with its overrides, if it has any: 16 hexadecimal digits.
pub fn version(rules: &str, overrides: Option<&str>) -> String {
    let digest = Digest::of(&[rules]);
    hex::encode(overrides.into_iter().fold(digest, Digest::text).first::<8>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are those of Python's `hashlib`.
    #[test]
    fn a_version_is_the_same_in_every_release() {
        assert_eq!(version("rules: []\n", None), "b40fc2aac00d249a");
        assert_eq!(version("rules: []\n", Some("overrides: []\n")), "7c60334636df5556");
    }

    #[test]
    fn different_files_have_different_versions() {
        let all = [
            version("", None),
            version("a", None),
            version("a", Some("")),
            version("", Some("a")),
            version("ab", None),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.len() == 16 && !all[at + 1..].contains(one), "{all:?}");
        }
        assert_eq!(version("a", Some("b")), version("a", Some("b")));
    }
}

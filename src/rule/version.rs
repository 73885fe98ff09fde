//! Tells rules that are written differently apart: a hash of their files, as they lie there.
//!
//! Whoever has the same files has the same version, wherever they are.

use crate::digest::Digest;

/// The version of a rules file with the overrides beside it, if there are any: 16 hexadecimal digits.
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
    fn any_difference_is_another_version() {
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

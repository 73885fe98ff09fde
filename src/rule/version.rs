//! The version of the rules: a hash of the bytes of their files.
//!
//! The same files have the same version on every machine, in whatever folders.

use super::{model::Source, sources::Sources};
use crate::digest::Digest;

/// The version of the rules files together with their overrides, if they have any: 16 hexadecimal digits.
pub fn version(sources: &Sources) -> String {
    let of = |source| sources.files().iter().filter(move |file| file.source == source).map(|file| file.text.as_str());
    // The last rules file is `rules.yaml`. The word before each other text keeps it apart from overrides.
    let mut rules: Vec<_> = of(Source::Rules).collect();
    let digest = rules.pop().into_iter().chain(of(Source::Overrides)).fold(Digest::of(&[]), Digest::text);
    hex::encode(rules.into_iter().fold(digest, |digest, text| digest.text("own").text(text)).first::<8>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_of(rules: &[&str], overrides: Option<&str>) -> String {
        let mut sources = Sources::default();
        let rules = rules.iter().map(|text| (*text, Source::Rules));
        for (text, source) in rules.chain(overrides.map(|text| (text, Source::Overrides))) {
            sources.add("a", text.to_owned(), source);
        }
        version(&sources)
    }

    /// The expected values are those of Python's `hashlib`.
    #[test]
    fn a_version_is_the_same_in_every_release() {
        assert_eq!(version_of(&["rules: []\n"], None), "b40fc2aac00d249a");
        assert_eq!(version_of(&["rules: []\n"], Some("overrides: []\n")), "7c60334636df5556");
    }

    #[test]
    fn different_files_have_different_versions() {
        let all = [
            version_of(&[""], None),
            version_of(&["a"], None),
            version_of(&["a"], Some("")),
            version_of(&[""], Some("a")),
            version_of(&["ab"], None),
            version_of(&["", "a"], None),
            version_of(&["a", ""], None),
            version_of(&["b", "", "a"], None),
            version_of(&["b", "a"], Some("")),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.len() == 16 && !all[at + 1..].contains(one), "{all:?}");
        }
        assert_eq!(version_of(&["c", "a"], Some("b")), version_of(&["c", "a"], Some("b")));
    }
}

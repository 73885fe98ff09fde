//! The files that make a set of rules, and the file of each place.
//!
//! All files share one numbering of their bytes: each begins after the end of the one before it. So a finding points into the
//! file that holds the mistake, and may name a second place in another one.

use super::model::Source;
use crate::diagnostic::{Diagnostic, SourceText, Span, render_across};

/// The comment by which the rules that ship with trailbell are recognised, on a line of its own near the start of the file.
const PACK: &str = "# pack: trailbell";
/// How many lines are searched for it.
const HEAD: usize = 10;

/// One of the files.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path, as it is shown.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it has rules or overrides.
    pub source: Source,
    start: usize,
}

impl SourceFile {
    /// Its text with its place in the numbering.
    pub fn located(&self) -> SourceText<'_> {
        SourceText { path: &self.path, text: &self.text, start: self.start }
    }
}

/// Whether a text is that of the rules that ship with trailbell, edited or not.
pub(super) fn is_pack(text: &str) -> bool {
    text.lines().take(HEAD).any(|line| line.trim_end() == PACK)
}

/// The files, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: String, source: Source) {
        // The place after the last byte belongs to the file, too: something can be missing there.
        let start = self.files.last().map_or(0, |last| last.start + last.text.len() + 1);
        self.files.push(SourceFile { path: path.into(), text, source, start });
    }

    /// All files.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The rules files.
    pub fn rules(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.source == Source::Rules)
    }

    /// The overrides file, if there is one.
    pub fn overrides(&self) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.source == Source::Overrides)
    }

    /// The file that holds a place; none if there are no files.
    pub fn file_of(&self, span: Span) -> Option<&SourceFile> {
        let after = self.files.partition_point(|file| file.start <= span.start);
        self.files.get(after.saturating_sub(1))
    }

    /// Findings as text; see [`render`](crate::diagnostic::render).
    pub fn render(&self, findings: &[Diagnostic], color: bool) -> String {
        const NOWHERE: SourceText = SourceText { path: "", text: "", start: 0 };
        render_across(findings, &|span| self.file_of(span).map_or(NOWHERE, SourceFile::located), color)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.add("rules.yaml", "# pack: trailbell\nabc\n".to_owned(), Source::Rules);
        sources.add("rules.d/a.yaml", String::new(), Source::Rules);
        sources.add("overrides.yaml", "xyz".to_owned(), Source::Overrides);
        sources
    }

    #[test]
    fn each_place_is_in_one_file() {
        let sources = sources();
        let path = |at: usize| sources.file_of(Span::new(at, at)).unwrap().path.clone();
        let starts: Vec<_> = sources.files().iter().map(|file| file.start).collect();
        assert_eq!(starts, [0, 23, 24]);
        assert_eq!([path(0), path(22)], ["rules.yaml", "rules.yaml"]);
        assert_eq!(path(23), "rules.d/a.yaml");
        assert_eq!([path(24), path(27), path(999)], ["overrides.yaml"; 3]);
        assert!(Sources::default().file_of(Span::new(0, 0)).is_none());
    }

    #[test]
    fn a_finding_may_name_a_place_in_another_file() {
        let finding = Diagnostic::error("x", "two are the same", Span::new(24, 25), "the second one")
            .context(Span::new(18, 19), "the first one");
        let shown = sources().render(&[finding], false);
        insta::assert_snapshot!(shown.trim_end(), @"
        error[x]: two are the same
         --> overrides.yaml:1:1
          |
        1 | xyz
          | ^ the second one
          |
         ::: rules.yaml:2:1
          |
        2 | abc
          | - the first one
        ");
    }
}

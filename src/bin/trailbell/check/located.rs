//! A finding with the lines and columns of its place.

use trailbell::{
    diagnostic::{Diagnostic, Level, Span, line_column},
    rule::Sources,
};

/// A place in a file, with lines and columns from 1; columns count characters.
pub struct Region<'a> {
    /// The path of the file, as it is shown.
    pub path: &'a str,
    /// Line and column of the first character.
    pub start: (usize, usize),
    /// Line and column after the last character.
    pub end: (usize, usize),
}

impl<'a> Region<'a> {
    /// The place of a span of these files.
    pub fn of(span: Span, sources: &'a Sources) -> Self {
        let Some(file) = sources.file_of(span) else { return Self { path: "", start: (1, 1), end: (1, 1) } };
        let local = file.located().local(span);
        Self { path: &file.path, start: line_column(&file.text, local.start), end: line_column(&file.text, local.end) }
    }
}

/// The word for the level of a finding.
pub fn level(finding: &Diagnostic) -> &'static str {
    match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

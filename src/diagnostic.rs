//! Errors and warnings for people: a place in a text, what is wrong there, and the repair.
//!
//! A [`Diagnostic`] is a value. The stage that finds a mistake knows spans in *its* text only; [`Diagnostic::at`]
//! moves them into the file that holds that text, and [`render`] prints the diagnostic as rustc would.

use std::{error::Error, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level as SnippetLevel, Renderer, Snippet};

use crate::untrusted::shorten_to;

/// A range of bytes in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to but not including `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The span from the start of `self` to the end of `other`.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start, other.end)
    }

    /// The span `offset` bytes further on, in the numbering of several files.
    pub fn shifted(self, offset: usize) -> Self {
        Self::new(self.start + offset, self.end + offset)
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// How severe a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The file is refused.
    Error,
    /// The file is accepted, but probably does something else than its author wants.
    Warning,
    /// The file does what its author wants, and the author may want to know something.
    Note,
}

/// One error or warning about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub level: Level,
    /// A stable word code, such as `unknown-operator`.
    pub code: &'static str,
    /// What is wrong, understandable without the label: lower case, no full stop, names in backticks.
    pub title: String,
    /// Where it is wrong.
    pub span: Span,
    /// What was expected at `span`.
    pub label: String,
    /// Other places that explain the mistake, such as an opening bracket, each with its label.
    pub context: Vec<(Span, String)>,
    /// The name of the rule that contains `span`.
    pub rule: Option<String>,
    /// Facts that explain the mistake.
    pub notes: Vec<String>,
    /// The repair, in words that can be typed.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: &'static str, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code,
            title: title.into(),
            span,
            label: label.into(),
            context: Vec::new(),
            rule: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// A warning at `span`.
    pub fn warning(code: &'static str, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, title, span, label) }
    }

    /// Adds the repair.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a fact.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a second place and its label.
    pub fn context(mut self, span: Span, label: impl Into<String>) -> Self {
        self.context.push((span, label.into()));
        self
    }

    /// Adds the name of the rule that contains the mistake.
    pub fn in_rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// The same diagnostic with every span moved by `place`, from a text into the file that holds it.
    pub fn at(mut self, place: impl Fn(Span) -> Span) -> Self {
        self.span = place(self.span);
        for (span, _) in &mut self.context {
            *span = place(*span);
        }
        self
    }
}

/// The diagnostics of one file as rustc prints them, a blank line after each. `text` is the whole file, into
/// which the spans point; a span beyond its end or inside a character is moved to the nearest character boundary.
pub fn render(diagnostics: &[Diagnostic], path: &str, text: &str, color: bool) -> String {
    render_across(diagnostics, &|_| SourceText { path, text, start: 0 }, color)
}

/// A file that spans point into, and where it begins in the numbering of the spans.
#[derive(Clone, Copy, Debug)]
pub struct SourceText<'a> {
    /// Its path, as it is shown.
    pub path: &'a str,
    /// Its whole text.
    pub text: &'a str,
    /// The offset of its first byte.
    pub start: usize,
}

impl SourceText<'_> {
    /// A span as bytes of the text; what is outside of it is moved to its nearest end.
    pub fn local(&self, span: Span) -> Span {
        let local = |offset: usize| offset.saturating_sub(self.start).min(self.text.len());
        Span::new(local(span.start), local(span.end))
    }
}

/// The diagnostics of several files that share one numbering, as [`render`] prints those of one. `file_of` finds the file of
/// a span.
pub fn render_across<'a>(
    diagnostics: &'a [Diagnostic],
    file_of: &dyn Fn(Span) -> SourceText<'a>,
    color: bool,
) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    diagnostics.iter().map(|diagnostic| renderer.render(&[group(diagnostic, file_of)]) + "\n\n").collect()
}

fn group<'a>(diagnostic: &'a Diagnostic, file_of: &dyn Fn(Span) -> SourceText<'a>) -> Group<'a> {
    let level = match diagnostic.level {
        Level::Error => SnippetLevel::ERROR,
        Level::Warning => SnippetLevel::WARNING,
        Level::Note => SnippetLevel::NOTE,
    };
    let home = file_of(diagnostic.span);
    let range = |file: SourceText, span: Span| {
        let span = file.local(span);
        let start = file.text.floor_char_boundary(span.start);
        start..file.text.ceil_char_boundary(span.end.max(start))
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        diagnostic.context.iter().partition(|(span, _)| file_of(*span).start == home.start);
    let context = |file: SourceText, (span, label): &'a (Span, String)| {
        AnnotationKind::Context.span(range(file, *span)).label(label)
    };
    let snippet = Snippet::source(home.text)
        .path(home.path)
        .annotation(AnnotationKind::Primary.span(range(home, diagnostic.span)).label(&diagnostic.label))
        .annotations(here.into_iter().map(|one| context(home, one)));
    let others = elsewhere.into_iter().map(|one| {
        let file = file_of(one.0);
        Snippet::source(file.text).path(file.path).annotation(context(file, one))
    });
    level
        .primary_title(&diagnostic.title)
        .id(diagnostic.code)
        .element(snippet)
        .elements(others)
        .elements(diagnostic.rule.iter().map(|rule| SnippetLevel::NOTE.with_name("rule").message(rule)))
        .elements(diagnostic.notes.iter().map(|note| SnippetLevel::NOTE.message(note)))
        .elements(diagnostic.help.iter().map(|help| SnippetLevel::HELP.message(help)))
}

/// The line and the column, both from 1, the column in characters, of a byte offset in `text`.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count() + 1;
    (line, column)
}

/// Keeps the first thousand findings and replaces the others by one that counts them: no one reads thousands of
/// findings, and printing them takes minutes.
pub fn truncate_findings(findings: &mut Vec<Diagnostic>) {
    const MOST: usize = 1000;
    let hidden = findings.split_off(MOST.min(findings.len()));
    let Some(first) = hidden.first() else { return };
    let level = [Level::Error, Level::Warning].into_iter().find(|level| hidden.iter().any(|one| one.level == *level));
    let title = format!("{} are not shown", counted(hidden.len() as u64, "more finding"));
    let last = Diagnostic::error("too-many", title, first.span, "the first of these")
        .help("fix the findings above, then check again");
    findings.push(Diagnostic { level: level.unwrap_or(Level::Note), ..last });
}

/// How many errors, warnings and notes there are, for the last line of a run: `2 errors, 1 warning`.
pub fn tally(diagnostics: &[Diagnostic]) -> String {
    let count = |level| diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count() as u64;
    let mut parts = vec![counted(count(Level::Error), "error"), counted(count(Level::Warning), "warning")];
    parts.extend(Some(count(Level::Note)).filter(|notes| *notes > 0).map(|notes| counted(notes, "note")));
    parts.join(", ")
}

/// An error and its sources in one line, outermost first: `outer: inner: innermost`. A source that repeats the text of the
/// error around it is left out.
pub fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts.dedup();
    texts.join(": ")
}

/// A count with its noun: `1 rule`, `2 rules`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The first line of a text, at most 60 characters of it, for use in a title; `…` marks what is cut.
pub fn shorten(text: &str) -> String {
    const LIMIT: usize = 60;
    match text.split_once(['\n', '\r']) {
        None => shorten_to(text, LIMIT),
        Some((line, _)) => shorten_to(&format!("{line}…"), LIMIT),
    }
}

/// The candidate that `word` probably misspells: the same letters in another case, or an edit distance of at most a third
/// of the longer length. The distance counts insertions, deletions, substitutions and swaps of neighbors.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = if word.eq_ignore_ascii_case(candidate) { 0 } else { strsim::osa_distance(word, candidate) };
            let allowed = word.chars().count().max(candidate.chars().count()) / 3;
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The items as English lists alternatives: `a`, `a or b`, `a, b, or c`.
pub fn one_of<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [one, two] => format!("{} or {}", one.as_ref(), two.as_ref()),
        [many @ .., last] => {
            let many: Vec<&str> = many.iter().map(AsRef::as_ref).collect();
            format!("{}, or {}", many.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_like_rustc() {
        let text = "rules:\n  - name: x\n    filter: >-\n      eventSource == \"ecr.amazonaws.com\"\n";
        let start = text.find("==").unwrap();
        let diagnostic = Diagnostic::error(
            "unknown-operator",
            "`==` is not an operator",
            Span::new(start, start + 2),
            "expected `=`, `!=`, `in`, `like` or another operator",
        )
        .in_rule("x")
        .help("write `=`");
        insta::assert_snapshot!(render(&[diagnostic], "rules.yaml", text, false).trim_end(), @r#"
        error[unknown-operator]: `==` is not an operator
         --> rules.yaml:4:19
          |
        4 |       eventSource == "ecr.amazonaws.com"
          |                   ^^ expected `=`, `!=`, `in`, `like` or another operator
          |
          = rule: x
          = help: write `=`
        "#);
    }

    #[test]
    fn suggests_only_what_is_close() {
        let names = ["sourceIPAddress", "severity", "name", "runbook"];
        assert_eq!(nearest("sourceIpAddress", names), Some("sourceIPAddress"));
        assert_eq!(nearest("SEVERITY", names), Some("severity"));
        assert_eq!(nearest("sevreity", names), Some("severity"));
        assert_eq!(nearest("nmae", names), Some("name"));
        assert_eq!(nearest("descr", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(one_of::<&str>(&[]), "");
        assert_eq!(one_of(&["`,`", "`)`"]), "`,` or `)`");
        assert_eq!(one_of(&["a", "b", "c"]), "a, b, or c");
    }

    #[test]
    fn a_chain_names_each_cause_once() {
        use std::io;

        #[derive(Debug, thiserror::Error)]
        enum Wrapped {
            #[error("the file cannot be read")]
            Outer(#[source] Box<Wrapped>),
            #[error("{0}")]
            Same(#[source] io::Error),
        }
        let inner = || io::Error::other("the disk is gone");
        assert_eq!(chain(&inner()), "the disk is gone");
        let outer = Wrapped::Outer(Box::new(Wrapped::Same(inner())));
        assert_eq!(chain(&outer), "the file cannot be read: the disk is gone");
    }

    #[test]
    fn counts_lines_and_columns_in_characters() {
        assert_eq!(line_column("ab\ncé d", 6), (2, 3));
        assert_eq!(line_column("", 9), (1, 1));
    }
}

//! A scalar of a YAML file: its decoded text, and the place in the file of each part of that text.
//!
//! A place is either exact or the start of the scalar: a walk compares the source with the decoded text, and if the two do
//! not agree to the last byte, none of the places that it found is used.

use std::borrow::Cow;

use granit_parser::ScalarStyle;

use crate::diagnostic::Span;

/// A decoded scalar: plain, quoted or a block.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text after escapes and folding; empty for a missing value.
    pub text: String,
    /// Its source, including quotes; for a block, the content without the header.
    pub span: Span,
    style: ScalarStyle,
    /// None if the places were not found; empty if the source is the text.
    pieces: Option<Vec<Piece>>,
}

/// `len` bytes of the decoded text from `at` come from `source`, byte by byte if the lengths are equal.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: usize,
    len: usize,
    source: Span,
}

impl Scalar {
    /// The scalar at `span` of `file`, which was decoded to `text`; `indent` is the indentation of a block.
    pub(super) fn new(file: &str, span: Span, style: ScalarStyle, indent: Option<usize>, text: Cow<'_, str>) -> Self {
        let source = file.get(span.start..span.end).unwrap_or_default();
        let walk = Walk { source, start: span.start, read: 0, text: &text, done: 0, pieces: Vec::new() };
        let pieces = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => walk.block(indent.unwrap_or(0)),
            ScalarStyle::Plain if source == text => Some(Vec::new()),
            _ => walk.flow(style),
        };
        let span = Span::new(span.start, span.start + source.trim_end_matches([' ', '\t', '\n', '\r']).len());
        Self { text: text.into_owned(), span, style, pieces }
    }

    /// A text from elsewhere, such as an argument on the command line, whose places are those of the text itself.
    pub fn of_argument(text: &str) -> Self {
        let span = Span::new(0, text.len());
        Self { text: text.to_owned(), span, style: ScalarStyle::Plain, pieces: Some(Vec::new()) }
    }

    /// The text of an unquoted value, which YAML may read as a number, a boolean or null.
    pub fn plain(&self) -> Option<&str> {
        (self.style == ScalarStyle::Plain).then_some(self.text.as_str())
    }

    /// Whether it is double-quoted, so that backslashes in it are escapes.
    pub fn has_escapes(&self) -> bool {
        self.style == ScalarStyle::DoubleQuoted
    }

    /// Whether it is null: missing, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.plain(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The place in the file of a span of the decoded text. White space at the end of the text counts as its end, so that
    /// a finding about something missing points after the last word and not to the next line.
    pub fn place(&self, span: Span) -> Span {
        let visible = self.text.trim_end().len();
        let Some(pieces) = self.pieces.as_deref().filter(|_| visible > 0) else {
            return Span::new(self.span.start, self.span.start);
        };
        let piece = |offset| self.piece(pieces, offset);
        let end_of = |offset: usize| piece(offset.saturating_sub(1)).end(offset);
        let start = if span.start < visible { piece(span.start).start(span.start) } else { end_of(visible) };
        let end = if span.end > span.start { end_of(span.end.min(visible)) } else { start };
        Span::new(start, end.max(start))
    }

    /// Moves its places by `offset`, into the numbering of several files.
    pub(super) fn shift(&mut self, offset: usize) {
        self.span = self.span.shifted(offset);
        for piece in self.pieces.iter_mut().flatten() {
            piece.source = piece.source.shifted(offset);
        }
    }

    /// The bytes of memory that it takes.
    pub(super) fn size(&self) -> usize {
        self.text.len() + self.pieces.as_ref().map_or(0, Vec::len) * size_of::<Piece>()
    }

    fn piece(&self, pieces: &[Piece], offset: usize) -> Piece {
        let after = pieces.partition_point(|piece| piece.at <= offset);
        let (start, len) = (self.span.start, self.text.len());
        let whole = Piece { at: 0, len, source: Span::new(start, start + len) };
        pieces.get(after.saturating_sub(1)).copied().unwrap_or(whole)
    }
}

impl Piece {
    /// The place in the source where the text from `offset` begins.
    fn start(self, offset: usize) -> usize {
        if self.is_verbatim() { self.source.start + (offset - self.at) } else { self.source.start }
    }

    /// The place in the source where the text up to `offset` ends.
    fn end(self, offset: usize) -> usize {
        if self.is_verbatim() { self.source.start + (offset - self.at) } else { self.source.end }
    }

    fn is_verbatim(self) -> bool {
        self.source.end - self.source.start == self.len
    }
}

/// A walk along the source and the decoded text in parallel.
struct Walk<'a> {
    source: &'a str,
    start: usize,
    read: usize,
    text: &'a str,
    done: usize,
    pieces: Vec<Piece>,
}

impl<'a> Walk<'a> {
    /// Walks a plain or quoted scalar: lines fold, and quoted scalars have escapes.
    fn flow(mut self, style: ScalarStyle) -> Option<Vec<Piece>> {
        if style != ScalarStyle::Plain {
            self.source = self.source.get(..self.source.len().checked_sub(1)?)?;
            self.read = 1;
        }
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            let run = verbatim(rest);
            if run > 0 {
                self.take(&rest[..run], run)?;
            } else if let Some(fold) = Fold::at(rest) {
                let shown = if fold.breaks == 1 { " ".to_owned() } else { "\n".repeat(fold.breaks - 1) };
                self.take(&shown, fold.len)?;
            } else if next == '\'' && style == ScalarStyle::SingleQuoted {
                self.take("'", 2)?;
            } else if next == '\\' && style == ScalarStyle::DoubleQuoted {
                self.escape()?;
            } else {
                self.take(&rest[..next.len_utf8()], next.len_utf8())?;
            }
        }
        (self.done == self.text.len()).then_some(self.pieces)
    }

    /// Walks `\` and what follows: a line break that is left out, or one character.
    fn escape(&mut self) -> Option<()> {
        let escaped = &self.rest()[1..];
        if escaped.starts_with(['\n', '\r']) {
            let fold = Fold::at(escaped)?;
            return self.take(&"\n".repeat(fold.breaks - 1), 1 + fold.len);
        }
        let len = match escaped.chars().next()? {
            'x' => 4,
            'u' if is_high_surrogate(escaped.get(1..5)?) => 12,
            'u' => 6,
            'U' => 10,
            other => 1 + other.len_utf8(),
        };
        let shown = self.text.get(self.done..)?.chars().next()?;
        self.take(shown.encode_utf8(&mut [0; 4]), len)
    }

    /// Walks a literal or folded block: each line is verbatim after its indentation, and the parser decoded the breaks
    /// between the lines.
    fn block(mut self, indent: usize) -> Option<Vec<Piece>> {
        let leading = self.text.len() - self.text.trim_start_matches('\n').len();
        self.take(&self.text[..leading], 0)?;
        while self.done < self.text.len() {
            let rest = self.rest();
            let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
            self.take(line, line.len())?;
            let text = &self.text[self.done..];
            let newlines = text.len() - text.trim_start_matches('\n').len();
            let shown = if newlines == 0 { usize::from(text.starts_with(' ')) } else { newlines };
            let len = block_breaks(self.rest(), indent);
            if shown == 0 || len == 0 {
                // The last line; the parser ends it with a line break even if the file does not.
                return (text.len() == newlines).then_some(self.pieces);
            }
            self.take(&text[..shown], len)?;
        }
        Some(self.pieces)
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.read..).unwrap_or_default()
    }

    /// Steps over `shown` in the decoded text and `len` bytes of the source.
    fn take(&mut self, shown: &str, len: usize) -> Option<()> {
        if !self.text.get(self.done..)?.starts_with(shown) || !self.source.is_char_boundary(self.read + len) {
            return None;
        }
        let source = Span::new(self.start + self.read, self.start + self.read + len);
        match self.pieces.last_mut() {
            Some(last) if last.is_verbatim() && last.source.end == source.start && len == shown.len() => {
                last.len += len;
                last.source.end += len;
            }
            _ if shown.is_empty() => {}
            _ => self.pieces.push(Piece { at: self.done, len: shown.len(), source }),
        }
        self.done += shown.len();
        self.read += len;
        Some(())
    }
}

/// How many bytes at the start of a flow scalar are verbatim: those before a line break and the blanks in front of it, or
/// before a possible escape.
fn verbatim(source: &str) -> usize {
    let end = source.find(['\n', '\r', '\'', '\\']).unwrap_or(source.len());
    if source[end..].starts_with(['\n', '\r']) { source[..end].trim_end_matches([' ', '\t']).len() } else { end }
}

/// One or more line breaks with the blanks around them.
struct Fold {
    len: usize,
    breaks: usize,
}

impl Fold {
    fn at(source: &str) -> Option<Self> {
        let after = source.trim_start_matches([' ', '\t', '\n', '\r']);
        let gap = &source[..source.len() - after.len()];
        let breaks = gap.matches(['\n', '\r']).count() - gap.matches("\r\n").count();
        (breaks > 0).then_some(Self { len: gap.len(), breaks })
    }
}

/// The length of the line break, the empty lines, and the indentation of the next line of a block.
fn block_breaks(source: &str, indent: usize) -> usize {
    let mut rest = source;
    while let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])) {
        let spaces = after.bytes().take(indent).take_while(|byte| *byte == b' ').count();
        rest = &after[spaces..];
    }
    source.len() - rest.len()
}

fn is_high_surrogate(digits: &str) -> bool {
    u32::from_str_radix(digits, 16).is_ok_and(|unit| (0xD800..0xDC00).contains(&unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tree::{YamlKind, parse};
    use super::*;

    /// The decoded value of the only key of a file, and the place of `wanted` in it.
    fn placed(file: &str, wanted: &str) -> (String, Span) {
        let document = parse(file).unwrap();
        let YamlKind::Map(entries) = &document.root.kind else { panic!("{document:?}") };
        let YamlKind::Scalar(scalar) = &entries[0].1.kind else { panic!("{document:?}") };
        let at = scalar.text.find(wanted).unwrap();
        (scalar.text.clone(), scalar.place(Span::new(at, at + wanted.len())))
    }

    fn check(style: &str, file: &str) {
        let (text, place) = placed(file, "==");
        assert_eq!(file.get(place.start..place.end), Some("=="), "{style}: {text:?} in\n{file}");
    }

    /// Words on lines, one of them `==`.
    fn lines() -> impl Strategy<Value = Vec<Vec<String>>> {
        let word = || "[a-zé日'\"\\\\#:,\\[{=]{1,6}".prop_filter("only one", |word| !word.contains("=="));
        let line = prop::collection::vec(word(), 1..4);
        (prop::collection::vec(line, 1..5), any::<prop::sample::Index>()).prop_map(|(mut lines, index)| {
            let line = index.index(lines.len());
            lines[line].push("==".into());
            lines
        })
    }

    fn joined(lines: &[Vec<String>], between: &str) -> String {
        lines.iter().map(|line| line.join(" ")).collect::<Vec<_>>().join(between)
    }

    /// Every character but two as an escape.
    fn escaped(text: &str) -> String {
        let keep = |c: char| c == '=' || c == ' ';
        text.chars().map(|c| if keep(c) { c.to_string() } else { format!("\\U{:08x}", u32::from(c)) }).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_style_has_places(lines in lines(), gap in 0_usize..3, deeper in 0_usize..3, crlf: bool) {
            let between = format!("\n{}{}", "\n".repeat(gap), " ".repeat(2 + deeper));
            let text = joined(&lines, &between);
            for (style, value) in [
                ("single", format!("'{}'", text.replace('\'', "''"))),
                ("double", format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
                ("escaped", format!("\"{}\"", escaped(&joined(&lines, "\n")))),
                ("literal", format!("|\n  {text}")),
                ("folded", format!(">-\n  {text}")),
                ("indented", format!("|1+\n  {text}\n\n")),
            ] {
                for file in [format!("k: {value}"), format!("k: {value}\nz: end\n")] {
                    check(style, &if crlf { file.replace('\n', "\r\n") } else { file });
                }
            }
        }

        /// The walk reaches the end of every scalar that the parser accepts.
        #[test]
        fn the_walk_agrees_with_the_parser(value in "[ab:'\"\\\\n|>+1\\-#é\r\n\t   ]{0,30}") {
            for file in [format!("k: {value}"), format!("k:\n  {value}\n"), format!("k: \"{value}\""), format!("k: >\n  {value}")] {
                let Ok(document) = parse(&file) else { continue };
                let YamlKind::Map(entries) = &document.root.kind else { continue };
                for (_, node) in entries {
                    let YamlKind::Scalar(scalar) = &node.kind else { continue };
                    prop_assert!(scalar.text.is_empty() || scalar.pieces.is_some(), "{:?} in {:?}", scalar, file);
                }
            }
        }
    }

    #[test]
    fn an_escape_has_one_place() {
        let (_, place) = placed("k: \"a\\u00e9b\"", "é");
        assert_eq!(place, Span::new(5, 11));
        let (_, place) = placed("k: 'a''b'", "'");
        assert_eq!(place, Span::new(5, 7));
        let (_, place) = placed("k: a\n  b", " b");
        assert_eq!(place, Span::new(4, 8));
    }

    #[test]
    fn the_end_is_after_the_last_word() {
        for file in ["k: |\n  a b\n\nz: end\n", "k: a b\n", "k: >+\n  a b\n\n\n"] {
            let document = parse(file).unwrap();
            let YamlKind::Map(entries) = document.root.kind else { panic!("{file}") };
            let YamlKind::Scalar(scalar) = &entries[0].1.kind else { panic!("{file}") };
            let end = file.find('b').unwrap() + 1;
            for beyond in [scalar.text.trim_end().len(), scalar.text.len(), usize::MAX] {
                assert_eq!(scalar.place(Span::new(beyond, beyond)), Span::new(end, end), "{file}");
            }
        }
    }
}

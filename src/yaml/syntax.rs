//! The errors of the YAML parser, in the words of a person who writes a rule.
//!
//! Each error becomes one finding `bad-yaml` at the place to fix, which is not always where the parser stopped.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Diagnostic, Span, shorten};

/// The most levels of lists and maps inside one another.
pub const MAX_DEPTH: usize = 64;

/// The finding for an error of the parser.
pub fn explain(file: &str, error: &ScanError) -> Diagnostic {
    use ErrorKind as E;
    let at = file.floor_char_boundary(error.marker().byte_offset().unwrap_or(0));
    let stop = ParserStop { file, at };
    let finding = match error.kind() {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabAtBlockScalarStart
        | E::TabInIndentation
        | E::TabInPlainScalar
        | E::InvalidBlockEntryWhitespace
        | E::InvalidMappingValueWhitespace => stop.tab(),
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => Some(stop.unclosed_quote()),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => Some(stop.after_quote()),
        E::UnknownQuotedScalarEscape => stop.unknown_escape(),
        E::UnexpectedCharacter { character } if character.is_control() => stop.control_character(*character),
        E::UnexpectedCharacter { .. }
        | E::UnknownAnchor
        | E::MissingAnchorOrAliasName
        | E::MappingKeyNotAllowed
        | E::BlockSequenceEntryNotAllowed => stop.bad_start(at),
        E::MappingValueNotAllowed | E::InvalidColonPlacement => Some(stop.colon()),
        E::SimpleKeyExpected | E::InvalidSimpleKey | E::ExpectedBlockMappingKey | E::ExpectedBlockSequenceEntry => {
            stop.after_bracket().or_else(|| Some(stop.no_key()))
        }
        E::InvalidBlockScalarHeader => Some(stop.block_header()),
        E::CommentInterceptedScalar => Some(
            stop.here("a comment interrupts a value", "expected the rest of the value").help(stop.quote_or_block()),
        ),
        E::MismatchedFlowCollectionEnd { open, .. } | E::UnclosedFlowCollection { open } => Some(
            stop.here(format!("this `{open}` is not closed by `{}`", closing(*open)), "opened here")
                .help(format!("close it, or quote the value if it begins with `{open}`")),
        ),
        E::RecursionLimitExceeded => Some(too_deep(stop.char_at(at))),
        _ => None,
    };
    let generic = || stop.here(format!("not valid YAML: {}", error.kind()), "the parser stopped here");
    template(file, at).or(finding).unwrap_or_else(generic)
}

/// The finding for a value that begins with `{{` on the line of `at`, if there is one.
pub fn template(file: &str, at: usize) -> Option<Diagnostic> {
    let line = LineSpan::of(file, at);
    let (key, value) = line.entry(file)?;
    let text = &file[value.start..value.end];
    if !text.starts_with("{{") {
        return None;
    }
    let finding =
        Diagnostic::error("bad-yaml", "an unquoted value begins with `{{`", value, "YAML reads this as a map");
    Some(finding.help(format!("quote it: `{key}: {}`", quoted(text))))
}

/// The finding for a list or a map inside too many others.
pub fn too_deep(span: Span) -> Diagnostic {
    let title = format!("nested more than {MAX_DEPTH} levels deep");
    Diagnostic::error("bad-yaml", title, span, "one level too many").help("a rules file needs about six levels")
}

/// The place where the parser stopped.
#[derive(Clone, Copy)]
struct ParserStop<'a> {
    file: &'a str,
    at: usize,
}

impl ParserStop<'_> {
    fn here(self, title: impl Into<String>, label: &str) -> Diagnostic {
        Diagnostic::error("bad-yaml", title, self.char_at(self.at), label)
    }

    fn at(self, at: usize) -> Self {
        Self { at, ..self }
    }

    fn char_at(self, at: usize) -> Span {
        let len = self.file[at..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
        Span::new(at, at + len)
    }

    fn line(self) -> LineSpan {
        LineSpan::of(self.file, self.at)
    }

    fn word(self) -> Span {
        let rest = &self.file[self.at..];
        let len = rest.find([' ', '\t', '\n', '\r', ':']).unwrap_or(rest.len());
        if len == 0 { self.char_at(self.at) } else { Span::new(self.at, self.at + len) }
    }

    fn quote_or_block(self) -> String {
        match self.line().entry(self.file) {
            Some(("filter", _)) => {
                "put the filter in a block: `filter: |`, and the text indented on the next line".to_owned()
            }
            Some((key, value)) => format!("quote the value: `{key}: {}`", quoted(&self.file[value.start..value.end])),
            None => "quote the value".to_owned(),
        }
    }

    /// The first tab in the indentation of this line or of one below it.
    fn tab(self) -> Option<Diagnostic> {
        let mut start = self.line().start;
        for line in self.file[start..].split_inclusive('\n') {
            let blank = &line[..line.len() - line.trim_start_matches([' ', '\t', '-']).len()];
            if let Some(tab) = blank.find('\t') {
                let finding = self.at(start + tab).here("the indentation has a tab", "expected spaces");
                return Some(
                    finding.help("replace the tab with spaces: YAML does not allow tabs before a key or an item"),
                );
            }
            start += line.len();
        }
        None
    }

    fn unclosed_quote(self) -> Diagnostic {
        let quote = self.file[self.at..].chars().next().unwrap_or('"');
        self.here("a quoted value has no closing quote", "opened here")
            .help(format!("write `{quote}` at the end of the value"))
    }

    /// `"a" = b and c`: a filter that begins with a quote.
    fn after_quote(self) -> Diagnostic {
        let finding = Diagnostic::error(
            "bad-yaml",
            "text follows a quoted value",
            Span::new(self.at, self.line().end.max(self.at)),
            "expected the end of the line",
        );
        let opens =
            |(_, value): (&str, Span)| value.start + 1 < self.at && self.file[value.start..].starts_with(['"', '\'']);
        if self.line().entry(self.file).is_some_and(opens) {
            finding.note("a value that begins with a quote ends at the next one").help(self.quote_or_block())
        } else {
            finding.help("look for a missing quote on a line above")
        }
    }

    fn unknown_escape(self) -> Option<Diagnostic> {
        let mut chars = self.file[self.at..].char_indices();
        while let Some((offset, c)) = chars.next() {
            if c != '\\' {
                continue;
            }
            let (_, escaped) = chars.next()?;
            if !"0abt\tnvfre \"/\\N_LPxuU\n\r".contains(escaped) {
                let start = self.at + offset;
                let title = format!("`\\{escaped}` is not an escape sequence of YAML");
                let span = Span::new(start, start + 1 + escaped.len_utf8());
                let finding =
                    Diagnostic::error("bad-yaml", title, span, "in double quotes, a backslash begins an escape");
                return Some(
                    finding
                        .help(format!("write `\\\\{escaped}`, or put the text in a block (`|`), which has no escapes")),
                );
            }
        }
        None
    }

    fn control_character(self, character: char) -> Option<Diagnostic> {
        let offset = self.file[self.at..].find(character)?;
        let title = format!("U+{:04X} is a control character", u32::from(character));
        let finding = self.at(self.at + offset).here(title, "not allowed in YAML");
        Some(finding.help("remove it, or write it as an escape in double quotes"))
    }

    /// `@`, `*` and other characters with a meaning of their own at the start of a value.
    fn bad_start(self, at: usize) -> Option<Diagnostic> {
        let first = self.file[at..].chars().next()?;
        let title = match first {
            '`' => "an unquoted value begins with a back quote".to_owned(),
            _ => format!("an unquoted value begins with `{first}`"),
        };
        let label = match first {
            '*' => "YAML reads this as an alias",
            '&' => "YAML reads this as an anchor",
            '[' | '-' => "YAML reads this as a list",
            '{' | '?' => "YAML reads this as a map",
            _ => "YAML reserves this character",
        };
        let finding = self.at(at).here(title, label);
        Some(finding.help(self.quote_or_block()))
    }

    /// `[a] and b`.
    fn after_bracket(self) -> Option<Diagnostic> {
        let (_, value) = self.line().entry(self.file)?;
        let bracketed = value.start < self.at && self.file[value.start..].starts_with(['[', '{']);
        if bracketed { self.bad_start(value.start) } else { None }
    }

    /// A `: ` in the middle of a value, or a key that the parser takes for a part of the value above it.
    fn colon(self) -> Diagnostic {
        let line = self.line();
        let before = self.file[line.start..self.at].trim_start_matches([' ', '-']);
        if !before.is_empty() && !before.contains([' ', ':', '"', '\'']) {
            let start = self.at - before.len();
            let (title, label) =
                ("this line continues the value above it", "expected the indentation of the key above");
            return Diagnostic::error("bad-yaml", title, Span::new(start, self.at), label)
                .help("align all keys of a rule, and write a space after `-`");
        }
        self.here("`: ` in an unquoted value", "YAML reads this as a key and its value").help(self.quote_or_block())
    }

    fn no_key(self) -> Diagnostic {
        let line = self.line();
        let text = &self.file[self.at..line.end.max(self.at)];
        if text.starts_with("- ") || text.contains(": ") || text.ends_with(':') {
            return Diagnostic::error(
                "bad-yaml",
                "this indentation matches no enclosing block",
                self.word(),
                "expected the indentation of an enclosing block",
            )
            .help("align the keys of a rule with each other, and the `-` of all rules with each other");
        }
        let finding = Diagnostic::error("bad-yaml", "a line has no key", self.word(), "expected `key: value`");
        let colon = text.split(' ').next().is_some_and(|word| word.contains(':'));
        finding.help(if colon {
            "write a space after the colon"
        } else {
            "write `key: value`, or indent the line if it belongs to the value above"
        })
    }

    /// `filter: | a = b`.
    fn block_header(self) -> Diagnostic {
        let mark = &self.file[self.char_at(self.at).start..self.char_at(self.at).end];
        let line = self.line();
        let text = self.file[self.at + mark.len()..line.end.max(self.at + mark.len())].trim_start();
        let span = Span::new(line.end - text.len(), line.end);
        let title = format!("text follows `{mark}` on the same line");
        Diagnostic::error("bad-yaml", title, span, "expected the end of the line")
            .help(format!("move the text to the next line, indented, or quote the value if `{mark}` is part of it"))
    }
}

/// The place of a line, without its line break.
#[derive(Clone, Copy)]
struct LineSpan {
    start: usize,
    end: usize,
}

impl LineSpan {
    fn of(file: &str, at: usize) -> Self {
        let start = file[..at].rfind(['\n', '\r']).map_or(0, |before| before + 1);
        let end = file[at..].find(['\n', '\r']).map_or(file.len(), |len| at + len);
        Self { start, end: end - (file[start..end].len() - file[start..end].trim_end().len()).min(end - at) }
    }

    /// The key before the first `: ` and the place of the value after it.
    fn entry(self, file: &str) -> Option<(&str, Span)> {
        let line = &file[self.start..self.end];
        let (before, after) = line.split_once(": ")?;
        let key = before.trim_start_matches([' ', '-']);
        let value = after.trim_start();
        let word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        word.then(|| (key, Span::new(self.end - value.len(), self.end)))
    }
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

/// The text in the quotes that need fewer escapes.
fn quoted(text: &str) -> String {
    let text = shorten(text);
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

//! Finds where the records of a JSON text begin and end.
//!
//! Only structure counts, so text inside a string is never mistaken for structure. The content of a record is not checked:
//! that is left to the parser.

use std::{borrow::Cow, ops::Range};

use super::{
    error::{Byte, FirstBytes, JsonKind, LogFileError, OtherShape, ReadProgress, Unparsable},
    keys::Keys,
    options::{FileShape, Limits},
    scan::{Mismatch, Scan, Strings, string_end},
    window::Window,
};

/// A position in the text, and what precedes it.
pub(super) struct Splitter {
    shape: FileShape,
    limits: Limits,
    state: SplitState,
    /// How many documents began.
    documents: u64,
    /// How many records ended.
    records: u64,
    /// The object of the document, with the keys seen so far.
    object: TopObject,
    /// The list of records that the position is in.
    list: Option<RecordList>,
    /// The offset of the value that is a record or may be one.
    start: u64,
    /// The kind of the value that the position is in.
    kind: JsonKind,
    scan: Scan,
    /// Whether the next byte of the string that the position is in is escaped.
    escaped: bool,
    key: ObjectKey,
}

/// A record that ended.
pub(super) struct Cut {
    pub(super) index: u64,
    pub(super) text: Result<RecordText, Unparsable>,
}

/// Where the text of a record is in the window.
pub(super) enum RecordText {
    /// The record is an element of a list.
    InList(Range<usize>),
    /// The record is a whole document.
    Document(Range<usize>),
    /// The record is a string inside this element of `Events`.
    Event(Range<usize>),
}

#[derive(Clone, Copy)]
enum SplitState {
    Before(Next),
    In(Token),
}

/// What comes next after white space.
#[derive(Clone, Copy)]
enum Next {
    /// A document or the end of the file.
    Document,
    /// A key of the object, or its end if it is empty.
    Key { or_end: bool },
    /// The colon after a key.
    Colon,
    /// A value of the object or the list, or the end of the list if it is empty.
    Value { or_end: bool },
    /// A comma, or the end of the object or the list.
    Comma,
}

#[derive(Clone, Copy)]
enum Token {
    /// A key of the object.
    Key,
    /// A value with brackets.
    Value,
    /// A string.
    Text,
    /// A number, `true`, `false` or `null`.
    Word,
}

#[derive(Clone, Copy)]
enum RecordList {
    /// `{"Records": […]}`
    Records,
    /// `{"Events": […]}`
    Events,
    /// `[…]`
    Bare,
}

enum SplitStep {
    /// The state changed.
    Continue,
    /// More bytes are needed.
    NeedMore,
    Cut(Cut),
}

#[derive(Default)]
struct TopObject {
    keys: Keys,
    /// Whether it has a list of records.
    has_list: bool,
    /// Whether it has a key that only records have.
    is_record: bool,
    /// The deepest nesting of its values.
    deepest: usize,
}

impl Splitter {
    pub(super) fn new(shape: FileShape, limits: Limits) -> Self {
        Self {
            shape,
            limits,
            state: SplitState::Before(Next::Document),
            documents: 0,
            records: 0,
            object: TopObject::default(),
            list: None,
            start: 0,
            kind: JsonKind::Null,
            scan: Scan::default(),
            escaped: false,
            key: ObjectKey::default(),
        }
    }

    /// Continues to the end of the next record. `None`: more bytes are needed.
    ///
    /// # Errors
    ///
    /// If the rest of the file is unreadable.
    pub(super) fn next(&mut self, window: &mut Window, gzip: bool) -> Result<Option<Cut>, LogFileError> {
        loop {
            let step = match self.state {
                SplitState::In(token) => self.go_through(token, window)?,
                SplitState::Before(next) => self.go_to(next, window, gzip)?,
            };
            match step {
                SplitStep::Continue => {}
                SplitStep::NeedMore => return Ok(None),
                SplitStep::Cut(cut) => return Ok(Some(cut)),
            }
        }
    }

    /// The own strings of the last record, as [`Scan::strings`] returns them.
    pub(super) fn strings(&self) -> Option<Strings<'_>> {
        self.scan.strings()
    }

    /// Checks that the text may end here.
    ///
    /// # Errors
    ///
    /// If the text is empty, is not JSON or is incomplete.
    pub(super) fn end(&self, window: &Window, gzip: bool) -> Result<(), LogFileError> {
        match self.state {
            SplitState::Before(Next::Document) if self.documents > 0 => Ok(()),
            SplitState::Before(Next::Document) if window.rest().is_empty() => Err(LogFileError::Empty),
            SplitState::Before(Next::Document) => Err(not_json(window, gzip)),
            _ => Err(LogFileError::EndsEarly { at: window.offset(), progress: self.progress() }),
        }
    }

    /// How many records were read.
    pub(super) fn progress(&self) -> ReadProgress {
        let inside = match self.list {
            Some(_) => matches!(self.state, SplitState::In(_)),
            None => self.object.is_record && !self.object.has_list,
        };
        if inside { ReadProgress::Inside(self.records) } else { ReadProgress::After(self.records) }
    }

    fn go_through(&mut self, token: Token, window: &mut Window) -> Result<SplitStep, LogFileError> {
        let rest = window.rest();
        let length = match token {
            Token::Key => self.key.read(rest),
            Token::Word => rest.iter().position(|byte| ends_word(*byte)),
            Token::Text => string_end(rest, &mut self.escaped),
            Token::Value => match self.scan.run(rest) {
                Ok(length) => length,
                Err(Mismatch { at, expected }) => {
                    window.advance(at);
                    return Err(self.broken(window, expected));
                }
            },
        };
        let Some(length) = length else {
            window.advance(rest.len());
            return Ok(SplitStep::NeedMore);
        };
        window.advance(length);
        Ok(match token {
            Token::Key => {
                let name = self.key.name();
                self.object.keys.push(&name);
                self.object.is_record |= matches!(&*name, b"eventVersion" | b"eventID");
                self.state = SplitState::Before(Next::Colon);
                SplitStep::Continue
            }
            Token::Value | Token::Text | Token::Word => self.value_ends(window),
        })
    }

    fn go_to(&mut self, next: Next, window: &mut Window, gzip: bool) -> Result<SplitStep, LogFileError> {
        let blank = window.rest().iter().take_while(|byte| is_blank(**byte)).count();
        window.advance(blank);
        let Some(&byte) = window.rest().first() else { return Ok(SplitStep::NeedMore) };
        match (next, byte, self.list) {
            (Next::Document, ..) => self.document_begins(byte, window, gzip),
            (Next::Key { .. }, b'"', _) => {
                self.key = ObjectKey::default();
                Ok(self.past(window, SplitState::In(Token::Key)))
            }
            (Next::Key { or_end: true }, b'}', _) | (Next::Comma, b'}', None) => self.object_ends(window),
            (Next::Value { or_end: true } | Next::Comma, b']', Some(list)) => Ok(self.list_ends(list, window)),
            (Next::Value { .. }, ..) => self.value_begins(byte, window),
            (Next::Colon, b':', _) | (Next::Comma, b',', Some(_)) => {
                Ok(self.past(window, SplitState::Before(Next::Value { or_end: false })))
            }
            (Next::Comma, b',', None) => Ok(self.past(window, SplitState::Before(Next::Key { or_end: false }))),
            _ => Err(self.broken(window, next.expected(self.list.is_some()))),
        }
    }

    fn document_begins(&mut self, byte: u8, window: &mut Window, gzip: bool) -> Result<SplitStep, LogFileError> {
        let rest = window.rest();
        let mark = &BYTE_ORDER_MARK[..rest.len().min(BYTE_ORDER_MARK.len())];
        if window.offset() == 0 && rest.starts_with(mark) {
            if mark.len() < BYTE_ORDER_MARK.len() {
                return Ok(SplitStep::NeedMore);
            }
            window.advance(mark.len());
            return Ok(SplitStep::Continue);
        }
        let first = self.documents == 0;
        match (byte, self.shape) {
            (b'[', FileShape::LogFile) if first => Err(LogFileError::OtherShape(OtherShape::List)),
            (b'[' | b'{', FileShape::LogFile) if !first => Err(LogFileError::OtherShape(OtherShape::Documents)),
            (b'{', shape) => {
                self.documents += 1;
                self.start = window.offset();
                self.object = TopObject::default();
                if shape == FileShape::Any {
                    window.keep();
                }
                Ok(self.past(window, SplitState::Before(Next::Key { or_end: true })))
            }
            (b'[', _) => {
                self.documents += 1;
                Ok(self.list_begins(RecordList::Bare, window))
            }
            _ if !first => Err(LogFileError::Garbage { at: window.offset(), found: Byte(byte) }),
            _ if rest.len() < FirstBytes::LEN => Ok(SplitStep::NeedMore),
            _ => Err(not_json(window, gzip)),
        }
    }

    fn value_begins(&mut self, byte: u8, window: &mut Window) -> Result<SplitStep, LogFileError> {
        let token = match byte {
            b'{' | b'[' => Token::Value,
            b'"' => Token::Text,
            b'}' | b']' | b',' | b':' => return Err(self.broken(window, "a value")),
            _ => Token::Word,
        };
        self.kind = JsonKind::of(byte);
        self.scan.reset();
        if self.list.is_some() {
            self.start = window.offset();
            if self.kind == JsonKind::Object {
                window.keep();
            }
        } else {
            match (&*self.key.name(), self.kind) {
                (b"Records", JsonKind::List) => return Ok(self.list_begins(RecordList::Records, window)),
                (b"Records", found) => return Err(LogFileError::RecordsNotList { at: window.offset(), found }),
                (b"Events", JsonKind::List) if self.shape == FileShape::Any && !self.object.is_record => {
                    return Ok(self.list_begins(RecordList::Events, window));
                }
                _ => {}
            }
        }
        if let Token::Text = token {
            self.escaped = false;
            window.advance(1);
        }
        self.state = SplitState::In(token);
        Ok(SplitStep::Continue)
    }

    fn value_ends(&mut self, window: &mut Window) -> SplitStep {
        self.state = SplitState::Before(Next::Comma);
        let depth = self.scan.deepest();
        match self.list {
            None => {
                self.object.deepest = self.object.deepest.max(depth);
                SplitStep::Continue
            }
            Some(list) => {
                let text = self.record_ends(self.kind, depth, window);
                self.cut(text.map(|text| match list {
                    RecordList::Events => RecordText::Event(text),
                    RecordList::Records | RecordList::Bare => RecordText::InList(text),
                }))
            }
        }
    }

    fn list_begins(&mut self, list: RecordList, window: &mut Window) -> SplitStep {
        self.object.has_list = true;
        self.list = Some(list);
        window.forget();
        self.past(window, SplitState::Before(Next::Value { or_end: true }))
    }

    fn list_ends(&mut self, list: RecordList, window: &mut Window) -> SplitStep {
        self.list = None;
        let next = match list {
            RecordList::Records | RecordList::Events => Next::Comma,
            RecordList::Bare => Next::Document,
        };
        self.past(window, SplitState::Before(next))
    }

    fn object_ends(&mut self, window: &mut Window) -> Result<SplitStep, LogFileError> {
        let step = self.past(window, SplitState::Before(Next::Document));
        let TopObject { keys, has_list, is_record, deepest } = std::mem::take(&mut self.object);
        match self.shape {
            _ if has_list => Ok(step),
            FileShape::LogFile if is_record => Err(LogFileError::OtherShape(OtherShape::Record)),
            FileShape::LogFile => Err(LogFileError::NoRecords { keys }),
            FileShape::Any if is_record => {
                let text = self.record_ends(JsonKind::Object, deepest + 1, window);
                Ok(self.cut(text.map(RecordText::Document)))
            }
            FileShape::Any => Ok(self.cut(Err(Unparsable::NotRecord(keys)))),
        }
    }

    fn record_ends(&self, kind: JsonKind, depth: usize, window: &mut Window) -> Result<Range<usize>, Unparsable> {
        let text = window.cut();
        let bytes = window.offset() - self.start;
        if kind != JsonKind::Object {
            return Err(Unparsable::NotObject(kind));
        }
        self.limits.check(bytes, depth).map(|()| text)
    }

    fn cut(&mut self, text: Result<RecordText, Unparsable>) -> SplitStep {
        let index = self.records;
        self.records += 1;
        SplitStep::Cut(Cut { index, text })
    }

    /// Skips one byte and enters a new state.
    fn past(&mut self, window: &mut Window, state: SplitState) -> SplitStep {
        window.advance(1);
        self.state = state;
        SplitStep::Continue
    }

    fn broken(&self, window: &Window, expected: &'static str) -> LogFileError {
        let found = Byte(window.rest().first().copied().unwrap_or_default());
        LogFileError::Broken { at: window.offset(), progress: self.progress(), expected, found }
    }
}

impl Next {
    fn expected(self, in_list: bool) -> &'static str {
        match (self, in_list) {
            (Self::Document, _) => "a document",
            (Self::Key { or_end: true }, _) => "a key or `}`",
            (Self::Key { or_end: false }, _) => "a key",
            (Self::Colon, _) => "`:`",
            (Self::Value { .. }, _) => "a value",
            (Self::Comma, true) => "`,` or `]`",
            (Self::Comma, false) => "`,` or `}`",
        }
    }
}

/// A key of the object, up to a maximum length.
#[derive(Default)]
struct ObjectKey {
    text: Vec<u8>,
    escaped: bool,
}

impl ObjectKey {
    /// Longer than the keys compared here, even if each of their letters is escaped.
    const MAX_BYTES: usize = 128;

    /// Reads the key from `bytes` up to its closing quote. Returns the offset after the quote.
    fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = string_end(bytes, &mut self.escaped);
        let part = &bytes[..end.map_or(bytes.len(), |end| end - 1)];
        self.text.extend(part.iter().take(Self::MAX_BYTES - self.text.len()));
        end
    }

    /// The key without escapes, or as it is spelled if its escapes are invalid.
    fn name(&self) -> Cow<'_, [u8]> {
        if !self.text.contains(&b'\\') {
            return Cow::Borrowed(&self.text);
        }
        let quoted = [b"\"", &*self.text, b"\""].concat();
        serde_json::from_slice(&quoted).map_or(Cow::Borrowed(&*self.text), |name: String| Cow::Owned(name.into_bytes()))
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn not_json(window: &Window, gzip: bool) -> LogFileError {
    LogFileError::NotJson { gzip, first: FirstBytes::of(window.rest()) }
}

/// White space of RFC 8259, section 2.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn ends_word(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}')
}

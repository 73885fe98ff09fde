//! Where the records of a JSON text begin and end.
//!
//! Found by structure alone, so text inside a string is never taken for structure. What a record holds is not
//! looked at: that is for its parser to judge.

use std::borrow::Cow;
use std::ops::Range;

use super::error::{Byte, FirstBytes, Keys, Kind, LogFileError, OtherShape, Place, Unparsable};
use super::scan::{Mismatch, Scan, Strings, string_end};
use super::window::Window;
use super::{Limits, Shape};

/// A place in the text, and what was seen on the way to it.
pub(super) struct Splitter {
    shape: Shape,
    limits: Limits,
    state: State,
    /// How many documents began.
    documents: u64,
    /// How many records ended.
    records: u64,
    /// The object of the document, with the keys seen so far.
    object: TopObject,
    /// The list of records that the place is in.
    list: Option<List>,
    /// Where the value began that is a record or may be one.
    start: u64,
    /// The kind of the value that the place is in.
    kind: Kind,
    scan: Scan,
    /// Whether the string that the place is in goes on with an escaped byte.
    escaped: bool,
    key: Key,
}

/// A record that ended.
pub(super) struct Cut {
    pub(super) index: u64,
    pub(super) extent: Result<Extent, Unparsable>,
}

/// Where its text stands in the window.
pub(super) enum Extent {
    Record(Range<usize>),
    /// The record is a document of its own.
    Document(Range<usize>),
    /// The record is a string inside this element of `Events`.
    Event(Range<usize>),
}

#[derive(Clone, Copy)]
enum State {
    Before(Next),
    In(Token),
}

/// What comes next but for white space.
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
enum List {
    /// `{"Records": […]}`
    Records,
    /// `{"Events": […]}`
    Events,
    /// `[…]`
    Bare,
}

enum Step {
    /// A state further.
    On,
    /// More bytes are needed.
    More,
    Cut(Cut),
}

#[derive(Default)]
struct TopObject {
    keys: Keys,
    /// A list of records was seen in it.
    has_list: bool,
    /// A key was seen that only records have.
    is_record: bool,
    /// The deepest nesting of its values.
    deepest: usize,
}

impl Splitter {
    pub(super) fn new(shape: Shape, limits: Limits) -> Self {
        Self {
            shape,
            limits,
            state: State::Before(Next::Document),
            documents: 0,
            records: 0,
            object: TopObject::default(),
            list: None,
            start: 0,
            kind: Kind::Null,
            scan: Scan::default(),
            escaped: false,
            key: Key::default(),
        }
    }

    /// Goes on to the end of the next record. `None`: more bytes are needed.
    pub(super) fn next(&mut self, window: &mut Window, gzip: bool) -> Result<Option<Cut>, LogFileError> {
        loop {
            let step = match self.state {
                State::In(token) => self.go_through(token, window)?,
                State::Before(next) => self.go_to(next, window, gzip)?,
            };
            match step {
                Step::On => {}
                Step::More => return Ok(None),
                Step::Cut(cut) => return Ok(Some(cut)),
            }
        }
    }

    /// The own strings of the record that ended last, as [`Scan::strings`] tells them.
    pub(super) fn strings(&self) -> Option<Strings<'_>> {
        self.scan.strings()
    }

    /// Whether the text may end here.
    pub(super) fn end(&self, window: &Window, gzip: bool) -> Result<(), LogFileError> {
        match self.state {
            State::Before(Next::Document) if self.documents > 0 => Ok(()),
            State::Before(Next::Document) if window.rest().is_empty() => Err(LogFileError::Empty),
            State::Before(Next::Document) => Err(not_json(window, gzip)),
            _ => Err(LogFileError::EndsEarly { at: window.offset(), place: self.place() }),
        }
    }

    /// How far the records went.
    pub(super) fn place(&self) -> Place {
        let inside = match self.list {
            Some(_) => matches!(self.state, State::In(_)),
            None => self.object.is_record && !self.object.has_list,
        };
        if inside { Place::Inside(self.records) } else { Place::After(self.records) }
    }

    fn go_through(&mut self, token: Token, window: &mut Window) -> Result<Step, LogFileError> {
        let rest = window.rest();
        let length = match token {
            Token::Key => self.key.take(rest),
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
            return Ok(Step::More);
        };
        window.advance(length);
        Ok(match token {
            Token::Key => {
                let name = self.key.name();
                self.object.keys.push(&name);
                self.object.is_record |= matches!(&*name, b"eventVersion" | b"eventID");
                self.state = State::Before(Next::Colon);
                Step::On
            }
            Token::Value | Token::Text | Token::Word => self.value_ends(window),
        })
    }

    fn go_to(&mut self, next: Next, window: &mut Window, gzip: bool) -> Result<Step, LogFileError> {
        let blank = window.rest().iter().take_while(|byte| is_blank(**byte)).count();
        window.advance(blank);
        let Some(&byte) = window.rest().first() else { return Ok(Step::More) };
        match (next, byte, self.list) {
            (Next::Document, ..) => self.document_begins(byte, window, gzip),
            (Next::Key { .. }, b'"', _) => {
                self.key = Key::default();
                Ok(self.past(window, State::In(Token::Key)))
            }
            (Next::Key { or_end: true }, b'}', _) | (Next::Comma, b'}', None) => self.object_ends(window),
            (Next::Value { or_end: true } | Next::Comma, b']', Some(list)) => Ok(self.list_ends(list, window)),
            (Next::Value { .. }, ..) => self.value_begins(byte, window),
            (Next::Colon, b':', _) | (Next::Comma, b',', Some(_)) => {
                Ok(self.past(window, State::Before(Next::Value { or_end: false })))
            }
            (Next::Comma, b',', None) => Ok(self.past(window, State::Before(Next::Key { or_end: false }))),
            _ => Err(self.broken(window, next.expected(self.list.is_some()))),
        }
    }

    fn document_begins(&mut self, byte: u8, window: &mut Window, gzip: bool) -> Result<Step, LogFileError> {
        let rest = window.rest();
        let mark = &BYTE_ORDER_MARK[..rest.len().min(BYTE_ORDER_MARK.len())];
        if window.offset() == 0 && rest.starts_with(mark) {
            if mark.len() < BYTE_ORDER_MARK.len() {
                return Ok(Step::More);
            }
            window.advance(mark.len());
            return Ok(Step::On);
        }
        let first = self.documents == 0;
        match (byte, self.shape) {
            (b'[', Shape::LogFile) if first => Err(LogFileError::OtherShape(OtherShape::List)),
            (b'[' | b'{', Shape::LogFile) if !first => Err(LogFileError::OtherShape(OtherShape::Documents)),
            (b'{', shape) => {
                self.documents += 1;
                self.start = window.offset();
                self.object = TopObject::default();
                if shape == Shape::Any {
                    window.keep();
                }
                Ok(self.past(window, State::Before(Next::Key { or_end: true })))
            }
            (b'[', _) => {
                self.documents += 1;
                Ok(self.list_begins(List::Bare, window))
            }
            _ if !first => Err(LogFileError::Garbage { at: window.offset(), found: Byte(byte) }),
            _ if rest.len() < FirstBytes::LEN => Ok(Step::More),
            _ => Err(not_json(window, gzip)),
        }
    }

    fn value_begins(&mut self, byte: u8, window: &mut Window) -> Result<Step, LogFileError> {
        let token = match byte {
            b'{' | b'[' => Token::Value,
            b'"' => Token::Text,
            b'}' | b']' | b',' | b':' => return Err(self.broken(window, "a value")),
            _ => Token::Word,
        };
        self.kind = Kind::of(byte);
        self.scan.reset();
        if self.list.is_some() {
            self.start = window.offset();
            if self.kind == Kind::Object {
                window.keep();
            }
        } else {
            match (&*self.key.name(), self.kind) {
                (b"Records", Kind::List) => return Ok(self.list_begins(List::Records, window)),
                (b"Records", found) => return Err(LogFileError::RecordsNotList { at: window.offset(), found }),
                (b"Events", Kind::List) if self.shape == Shape::Any && !self.object.is_record => {
                    return Ok(self.list_begins(List::Events, window));
                }
                _ => {}
            }
        }
        if let Token::Text = token {
            self.escaped = false;
            window.advance(1);
        }
        self.state = State::In(token);
        Ok(Step::On)
    }

    fn value_ends(&mut self, window: &mut Window) -> Step {
        self.state = State::Before(Next::Comma);
        let depth = self.scan.deepest();
        match self.list {
            None => {
                self.object.deepest = self.object.deepest.max(depth);
                Step::On
            }
            Some(list) => {
                let extent = self.record_ends(self.kind, depth, window);
                self.cut(extent.map(|text| match list {
                    List::Events => Extent::Event(text),
                    List::Records | List::Bare => Extent::Record(text),
                }))
            }
        }
    }

    fn list_begins(&mut self, list: List, window: &mut Window) -> Step {
        self.object.has_list = true;
        self.list = Some(list);
        window.forget();
        self.past(window, State::Before(Next::Value { or_end: true }))
    }

    fn list_ends(&mut self, list: List, window: &mut Window) -> Step {
        self.list = None;
        let next = match list {
            List::Records | List::Events => Next::Comma,
            List::Bare => Next::Document,
        };
        self.past(window, State::Before(next))
    }

    fn object_ends(&mut self, window: &mut Window) -> Result<Step, LogFileError> {
        let step = self.past(window, State::Before(Next::Document));
        let TopObject { keys, has_list, is_record, deepest } = std::mem::take(&mut self.object);
        match self.shape {
            _ if has_list => Ok(step),
            Shape::LogFile if is_record => Err(LogFileError::OtherShape(OtherShape::Record)),
            Shape::LogFile => Err(LogFileError::NoRecords { keys }),
            Shape::Any if is_record => {
                let extent = self.record_ends(Kind::Object, deepest + 1, window);
                Ok(self.cut(extent.map(Extent::Document)))
            }
            Shape::Any => Ok(self.cut(Err(Unparsable::NotRecord(keys)))),
        }
    }

    fn record_ends(&self, kind: Kind, depth: usize, window: &mut Window) -> Result<Range<usize>, Unparsable> {
        let text = window.cut();
        let bytes = window.offset() - self.start;
        if kind != Kind::Object {
            return Err(Unparsable::NotObject(kind));
        }
        self.limits.allow(bytes, depth).map(|()| text)
    }

    fn cut(&mut self, extent: Result<Extent, Unparsable>) -> Step {
        let index = self.records;
        self.records += 1;
        Step::Cut(Cut { index, extent })
    }

    /// Passes one byte into a new state.
    fn past(&mut self, window: &mut Window, state: State) -> Step {
        window.advance(1);
        self.state = state;
        Step::On
    }

    fn broken(&self, window: &Window, expected: &'static str) -> LogFileError {
        let found = Byte(window.rest().first().copied().unwrap_or_default());
        LogFileError::Broken { at: window.offset(), place: self.place(), expected, found }
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

/// A key of the object, as far as it is of interest.
#[derive(Default)]
struct Key {
    text: Vec<u8>,
    escaped: bool,
}

impl Key {
    /// No known key is longer, even if each of its letters is escaped.
    const LONGEST: usize = 128;

    /// Takes the key up to its closing quote, from `bytes`, and says where it ends.
    fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = string_end(bytes, &mut self.escaped);
        let part = &bytes[..end.map_or(bytes.len(), |end| end - 1)];
        self.text.extend(part.iter().take(Self::LONGEST - self.text.len()));
        end
    }

    /// The key without escapes, or as it stands if they make no sense.
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

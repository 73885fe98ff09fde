//! Finds where the records of a JSON text begin and end.
//!
//! Only structure counts, so text inside a string is never mistaken for structure. The content of a record is not checked:
//! that is left to the parser.

use std::ops::Range;

use super::{
    error::{Byte, JsonKind, LogFileError, OtherShape, ReadProgress, Unparsable},
    frame::{ElementList, Frame, LIST_KEYS, ObjectKey, TopObject, begins_with_list},
    lines::Lines,
    options::{FileShape, Limits},
    scan::{Mismatch, Scan, Strings, string_end},
    step::{Cut, Next, SplitState, SplitStep, Token, holds_json, is_blank},
    window::Window,
};

/// Lists in lists are cut to this depth.
const MAX_FRAMES: usize = 8;

/// A position in the text, and what precedes it.
pub(super) struct Splitter {
    pub(super) shape: FileShape,
    pub(super) limits: Limits,
    pub(super) state: SplitState,
    /// How many documents began.
    pub(super) documents: u64,
    /// How many items were returned.
    pub(super) items: u64,
    /// The objects and lists that the position is in, of which the last may be a list of records.
    pub(super) frames: Vec<Frame>,
    pub(super) lines: Lines,
    /// Why the rest of a line is skipped.
    pub(super) broken_line: Option<LogFileError>,
    /// How many plain values in lists are to be returned as unparsable, and their kind.
    pub(super) refused: (u64, JsonKind),
    /// The offset of the value that is a record or may be one.
    pub(super) start: u64,
    /// The kind of the value that the position is in.
    pub(super) kind: JsonKind,
    pub(super) scan: Scan,
    /// Whether the next byte of the string that the position is in is escaped.
    pub(super) escaped: bool,
    pub(super) key: ObjectKey,
}

impl Splitter {
    pub(super) fn new(shape: FileShape, limits: Limits) -> Self {
        Self {
            shape,
            limits,
            state: SplitState::Before(Next::Document),
            documents: 0,
            items: 0,
            frames: Vec::new(),
            lines: Lines::default(),
            broken_line: None,
            refused: (0, JsonKind::Null),
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
            if self.refused.0 > 0 {
                self.refused.0 -= 1;
                return Ok(Some(Cut::Refused(Unparsable::NotObject(self.refused.1))));
            }
            let step = match self.state {
                SplitState::In(token) => self.go_through(token, window),
                SplitState::Before(next) => self.go_to(next, window, gzip),
                SplitState::SkipLine => Ok(self.skip_line(window)),
            };
            match step.or_else(|error| self.recover(error, window))? {
                SplitStep::Continue => {}
                SplitStep::NeedMore => return Ok(None),
                SplitStep::Cut(cut) => return Ok(Some(cut)),
            }
        }
    }

    /// Numbers an item that is returned to the reader of the file.
    pub(super) fn number(&mut self) -> u64 {
        self.items += 1;
        self.items - 1
    }

    /// The own strings of the last record, as [`Scan::strings`] returns them.
    pub(super) fn strings(&self) -> Option<Strings<'_>> {
        self.scan.strings()
    }

    /// How many records were read.
    pub(super) fn progress(&self) -> ReadProgress {
        let inside = match self.frames.last() {
            Some(Frame::List(_)) => matches!(self.state, SplitState::In(_)),
            Some(Frame::Object(object)) => object.is_record && !object.has_list,
            None => false,
        };
        if inside { ReadProgress::Inside(self.items) } else { ReadProgress::After(self.items) }
    }

    fn go_through(&mut self, token: Token, window: &mut Window) -> Result<SplitStep, LogFileError> {
        let available = self.available(window);
        let rest = &window.rest()[..available];
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
            window.advance(available);
            return self.more(window);
        };
        window.advance(length);
        Ok(match token {
            Token::Key => {
                let name = self.key.name();
                if let Some(Frame::Object(object)) = self.frames.last_mut() {
                    object.keys.push(&name);
                    object.is_record |= matches!(&*name, b"eventVersion" | b"eventID");
                }
                self.state = SplitState::Before(Next::Colon);
                SplitStep::Continue
            }
            Token::Value | Token::Text | Token::Word => self.value_ends(window),
        })
    }

    fn go_to(&mut self, next: Next, window: &mut Window, gzip: bool) -> Result<SplitStep, LogFileError> {
        if matches!(next, Next::Key { or_end: true }) && matches!(window.rest().first(), Some(b'\n' | b'\r')) {
            // The document is not on one line.
            self.lines.active = false;
        }
        let available = self.available(window);
        let blank = window.rest()[..available].iter().take_while(|byte| is_blank(**byte)).count();
        window.advance(blank);
        if blank == available {
            return self.more(window);
        }
        let Some(&byte) = window.rest().first() else { return Ok(SplitStep::NeedMore) };
        let in_list = matches!(self.frames.last(), Some(Frame::List(_)));
        match (next, byte) {
            (Next::Document, _) => self.document_begins(byte, window, gzip),
            (Next::Key { .. }, b'"') => {
                self.key = ObjectKey::default();
                Ok(self.past(window, SplitState::In(Token::Key)))
            }
            (Next::Key { or_end: true }, b'}') => self.object_ends(window),
            (Next::Comma, b'}') if !in_list => self.object_ends(window),
            (Next::Value { or_end: true } | Next::Comma, b']') if in_list => Ok(self.list_ends(window)),
            (Next::Value { .. }, _) => self.value_begins(byte, window),
            (Next::Colon, b':') => Ok(self.past(window, SplitState::Before(Next::Value { or_end: false }))),
            (Next::Comma, b',') if in_list => Ok(self.past(window, SplitState::Before(Next::Value { or_end: false }))),
            (Next::Comma, b',') => Ok(self.past(window, SplitState::Before(Next::Key { or_end: false }))),
            _ => Err(self.broken(window, next.expected(in_list))),
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
        let any = self.shape == FileShape::Any;
        let depth = self.frames.len();
        match self.frames.last_mut() {
            Some(Frame::Object(object)) => {
                let name = self.key.name();
                match &*name {
                    b"Records" if self.kind == JsonKind::List => return Ok(self.list_begins(window)),
                    b"Records" => {
                        return Err(LogFileError::RecordsNotList { at: window.offset(), found: self.kind });
                    }
                    key if any
                        && !object.is_record
                        && self.kind == JsonKind::List
                        && LIST_KEYS.iter().any(|name| name.as_bytes() == key) =>
                    {
                        return Ok(self.list_begins(window));
                    }
                    _ => {}
                }
            }
            Some(Frame::List(list)) if any => {
                let has_brackets = matches!(self.kind, JsonKind::List | JsonKind::Object);
                if has_brackets && !list.has_brackets {
                    list.has_brackets = true;
                    self.refused = (std::mem::take(&mut list.plain), list.kind);
                }
                if self.kind == JsonKind::List && depth < MAX_FRAMES {
                    return Ok(self.list_begins(window));
                }
                if self.kind == JsonKind::Object && depth < MAX_FRAMES {
                    match begins_with_list(window.rest()) {
                        None => return Ok(SplitStep::NeedMore),
                        Some(true) => {
                            self.frames.push(Frame::Object(TopObject::default()));
                            return Ok(self.past(window, SplitState::Before(Next::Key { or_end: true })));
                        }
                        Some(false) => {}
                    }
                }
            }
            Some(Frame::List(_)) | None => {}
        }
        self.scan.reset();
        if matches!(self.frames.last(), Some(Frame::List(_))) {
            self.start = window.offset();
            if self.kind == JsonKind::Object || any {
                window.keep();
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
        let (depth, kind) = (self.scan.deepest(), self.kind);
        match self.frames.last_mut() {
            Some(Frame::Object(object)) => {
                object.deepest = object.deepest.max(depth);
                return SplitStep::Continue;
            }
            Some(Frame::List(list)) if self.shape == FileShape::Any && kind != JsonKind::Object => {
                let text = window.cut();
                let is_short = window.offset() - self.start <= self.limits.max_value_bytes() as u64;
                if kind != JsonKind::String || is_short && !holds_json(window.text(text.clone())) {
                    return list.plain_value(kind).map_or(SplitStep::Continue, SplitStep::refused);
                }
                return self.cut(text, true, 0, window);
            }
            Some(Frame::List(_)) => {}
            None => {
                self.lines.active = false;
                self.state = SplitState::Before(Next::Document);
            }
        }
        let text = window.cut();
        let in_list = !self.frames.is_empty();
        self.cut(text, in_list, depth, window)
    }

    pub(super) fn list_begins(&mut self, window: &mut Window) -> SplitStep {
        match self.frames.last_mut() {
            Some(Frame::Object(object)) => object.has_list = true,
            Some(Frame::List(_)) => {}
            None => self.lines.active = false,
        }
        let list = ElementList { items_before: self.items, plain: 0, kind: JsonKind::Null, has_brackets: false };
        self.frames.push(Frame::List(list));
        window.forget();
        self.past(window, SplitState::Before(Next::Value { or_end: true }))
    }

    fn list_ends(&mut self, window: &mut Window) -> SplitStep {
        if let Some(Frame::List(list)) = self.frames.pop()
            && list.items_before == self.items
        {
            self.refused = (list.plain, list.kind);
        }
        self.past(window, SplitState::Before(self.after()))
    }

    fn object_ends(&mut self, window: &mut Window) -> Result<SplitStep, LogFileError> {
        let object = match self.frames.pop() {
            Some(Frame::Object(object)) => object,
            Some(Frame::List(_)) | None => TopObject::default(),
        };
        let step = self.past(window, SplitState::Before(self.after()));
        let TopObject { keys, has_list, is_record, deepest } = object;
        if !self.frames.is_empty() {
            return Ok(step);
        }
        self.lines.active = false;
        if has_list {
            return Ok(step);
        }
        match self.shape {
            FileShape::LogFile if is_record => Err(LogFileError::OtherShape(OtherShape::Record)),
            FileShape::LogFile => Err(LogFileError::NoRecords { keys }),
            FileShape::Any => {
                let text = window.cut();
                Ok(self.cut(text, false, deepest + 1, window))
            }
        }
    }

    /// What comes next after the value that ended.
    fn after(&self) -> Next {
        if self.frames.is_empty() { Next::Document } else { Next::Comma }
    }

    /// Returns the value that ended, unless it is too long.
    fn cut(&self, text: Range<usize>, in_list: bool, depth: usize, window: &Window) -> SplitStep {
        let bytes = window.offset() - self.start;
        let checked = match self.shape {
            FileShape::LogFile if self.kind != JsonKind::Object => Err(Unparsable::NotObject(self.kind)),
            FileShape::LogFile => self.limits.check(bytes, depth).map(|()| Cut::Record(text)),
            FileShape::Any if bytes <= self.limits.max_value_bytes() as u64 => Ok(Cut::Value { text, in_list, depth }),
            FileShape::Any => Err(Unparsable::TooLarge { bytes, limit: self.limits.max_record_bytes }),
        };
        SplitStep::Cut(checked.unwrap_or_else(Cut::Refused))
    }

    /// Skips one byte and enters a new state.
    pub(super) fn past(&mut self, window: &mut Window, state: SplitState) -> SplitStep {
        window.advance(1);
        self.state = state;
        SplitStep::Continue
    }

    pub(super) fn broken(&self, window: &Window, expected: &'static str) -> LogFileError {
        let found = Byte(window.rest().first().copied().unwrap_or_default());
        LogFileError::Broken { at: window.offset(), progress: self.progress(), expected, found }
    }
}

fn ends_word(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}')
}

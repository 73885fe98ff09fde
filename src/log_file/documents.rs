//! Where the documents of a text begin, what may be between them, and how a broken line affects no other.

use super::{
    error::{Byte, FirstBytes, JsonKind, LogFileError, OtherShape, Unparsable},
    format::OtherFormat,
    frame::{Frame, TopObject},
    lines::{self, Prefix},
    options::FileShape,
    split::Splitter,
    step::{Next, SplitState, SplitStep, Token, holds_json},
    window::Window,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A first line that is not JSON is no longer than this, in bytes.
const MAX_FIRST_LINE: usize = 64 * 1024;

impl Splitter {
    /// Checks that the text may end here.
    ///
    /// # Errors
    ///
    /// If the text is empty, is not JSON or is incomplete, or its last line is broken.
    pub(super) fn end(&self, window: &Window, gzip: bool) -> Result<(), LogFileError> {
        match (self.state, window.rest().first()) {
            (SplitState::SkipLine, _) => self.broken_line.clone().map_or(Ok(()), Err),
            (SplitState::Before(Next::Document), None) if self.documents > 0 => Ok(()),
            (SplitState::Before(Next::Document), None) => Err(LogFileError::Empty),
            (SplitState::Before(Next::Document), Some(byte)) if self.documents > 0 => {
                Err(LogFileError::Garbage { at: window.offset(), found: Byte(*byte) })
            }
            (SplitState::Before(Next::Document), Some(_)) => Err(not_json(window, gzip)),
            _ => Err(LogFileError::EndsEarly { at: window.total(), progress: self.progress() }),
        }
    }

    /// Decides what begins at `byte`, outside of any document.
    ///
    /// # Errors
    ///
    /// If nothing begins there that can be read.
    pub(super) fn document_begins(
        &mut self,
        byte: u8,
        window: &mut Window,
        gzip: bool,
    ) -> Result<SplitStep, LogFileError> {
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
                self.kind = JsonKind::Object;
                if shape == FileShape::Any {
                    window.keep();
                    self.lines.active = true;
                }
                self.frames.push(Frame::Object(TopObject::default()));
                Ok(self.past(window, SplitState::Before(Next::Key { or_end: true })))
            }
            (b'[', _) => {
                self.documents += 1;
                Ok(self.list_begins(window))
            }
            (_, FileShape::LogFile) if !first => Err(LogFileError::Garbage { at: window.offset(), found: Byte(byte) }),
            (_, FileShape::LogFile) if rest.len() < OtherFormat::LOOK => Ok(SplitStep::NeedMore),
            (_, FileShape::LogFile) => Err(not_json(window, gzip)),
            (b'"', _) if holds_json(rest) => {
                self.documents += 1;
                self.start = window.offset();
                self.kind = JsonKind::String;
                self.lines.active = true;
                self.escaped = false;
                window.keep();
                Ok(self.past(window, SplitState::In(Token::Text)))
            }
            (b'"', _) if rest[1..].trim_ascii_start().is_empty() && rest.len() < OtherFormat::LOOK => {
                Ok(SplitStep::NeedMore)
            }
            _ => match lines::prefix(rest) {
                Prefix::Of(length) => {
                    window.advance(length);
                    Ok(SplitStep::Continue)
                }
                Prefix::Undecided => Ok(SplitStep::NeedMore),
                Prefix::None if first => self.first_line(window, gzip),
                Prefix::None => {
                    Ok(self.skip_from(LogFileError::Garbage { at: window.offset(), found: Byte(byte) }, window))
                }
            },
        }
    }

    /// A first line that is not JSON is a broken one if a document follows, and otherwise the file is not JSON.
    fn first_line(&mut self, window: &mut Window, gzip: bool) -> Result<SplitStep, LogFileError> {
        let rest = window.rest();
        let known = OtherFormat::of(rest).is_some();
        let end = memchr::memchr2(b'\n', 0, &rest[..rest.len().min(MAX_FIRST_LINE)]);
        let next_line = end.filter(|end| rest[*end] == b'\n').map(|end| &rest[end + 1..]);
        match next_line {
            Some([b'{', b'"', ..]) if !known => {
                let (at, found) = (window.offset(), Byte(rest[0]));
                self.documents += 1;
                Ok(self.skip_from(LogFileError::Garbage { at, found }, window))
            }
            Some([] | [b'{']) if !known => Ok(SplitStep::NeedMore),
            None if !known && end.is_none() && rest.len() < MAX_FIRST_LINE => Ok(SplitStep::NeedMore),
            _ if rest.len() < OtherFormat::LOOK => Ok(SplitStep::NeedMore),
            _ => Err(not_json(window, gzip)),
        }
    }

    /// How many of the next bytes belong to the line that the document began in, where it is on one line.
    pub(super) fn available(&mut self, window: &Window) -> usize {
        let in_document = match self.frames.as_slice() {
            [] => matches!(self.state, SplitState::In(_)),
            [Frame::Object(object)] => !object.has_list,
            _ => false,
        };
        let rest = window.rest();
        if self.lines.active && in_document { self.lines.before(rest, window.offset()) } else { rest.len() }
    }

    /// After all available bytes: more are needed, or another line begins inside a document.
    ///
    /// # Errors
    ///
    /// If another line begins.
    pub(super) fn more(&self, window: &Window) -> Result<SplitStep, LogFileError> {
        let inside = !self.frames.is_empty() || matches!(self.state, SplitState::In(_));
        if inside && self.lines.active && self.lines.begins_after(window.offset()) {
            return Err(self.broken(window, "the rest of the document"));
        }
        Ok(SplitStep::NeedMore)
    }

    /// After an error, skips the rest of a line, where the file may have JSON lines.
    ///
    /// # Errors
    ///
    /// The error, where it may not.
    pub(super) fn recover(&mut self, error: LogFileError, window: &mut Window) -> Result<SplitStep, LogFileError> {
        if self.shape == FileShape::Any && self.lines.active { Ok(self.skip_from(error, window)) } else { Err(error) }
    }

    fn skip_from(&mut self, error: LogFileError, window: &mut Window) -> SplitStep {
        self.broken_line = Some(error);
        self.frames.clear();
        self.lines.active = false;
        window.forget();
        self.state = SplitState::SkipLine;
        SplitStep::Continue
    }

    /// Goes to the next line that begins a document, and then reports the broken one.
    pub(super) fn skip_line(&mut self, window: &mut Window) -> SplitStep {
        let before = self.lines.before(window.rest(), window.offset());
        window.advance(before);
        if !self.lines.begins_after(window.offset()) {
            return SplitStep::NeedMore;
        }
        let step = self.past(window, SplitState::Before(Next::Document));
        let reason = match self.broken_line.take() {
            Some(LogFileError::Broken { at, expected, found, .. }) => Unparsable::BrokenLine { at, expected, found },
            Some(LogFileError::Garbage { at, found }) => Unparsable::BrokenLine { at, expected: "a document", found },
            _ => return step,
        };
        SplitStep::refused(reason)
    }
}

fn not_json(window: &Window, gzip: bool) -> LogFileError {
    LogFileError::NotJson { gzip, first: FirstBytes::of(window.rest()) }
}

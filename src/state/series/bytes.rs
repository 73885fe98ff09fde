//! Numbers, times and texts as bytes.

use thiserror::Error;

use super::name::{MAX_TEXT, uuid, uuid_text};

/// Why bytes are not an item.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SeriesError {
    /// Another release wrote it.
    #[error("the item is in format {0}, which this release does not read")]
    Format(u8),
    /// It has more bytes than an item.
    #[error("the item has {0} bytes, more than any item has")]
    TooLong(usize),
    /// Its bytes mean nothing.
    #[error("the item is damaged at byte {0}")]
    Damaged(usize),
}

/// Writes bytes. Times are written as distances from a base.
#[derive(Debug, Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
    pub base: i64,
}

impl Writer {
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first (LEB128).
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    pub fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// The sign of the distance is its lowest bit.
    pub fn time(&mut self, time: i64) {
        let distance = time.wrapping_sub(self.base);
        self.number(((distance << 1) ^ (distance >> 63)).cast_unsigned());
    }

    pub fn optional_time(&mut self, time: Option<i64>) {
        self.byte(u8::from(time.is_some()));
        if let Some(time) = time {
            self.time(time);
        }
    }

    /// Ascending times, as distances from each other; `each` writes what belongs to one.
    pub fn ascending<T>(&mut self, all: &[T], time: impl Fn(&T) -> i64, mut each: impl FnMut(&mut Self, &T)) {
        self.count(all.len());
        let mut before = None;
        for one in all {
            match before {
                None => self.time(time(one)),
                Some(before) => self.number(time(one).abs_diff(before)),
            }
            before = Some(time(one));
            each(self, one);
        }
    }

    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend(text.as_bytes());
    }

    /// A text that is usually a UUID: its length is 0 then.
    pub fn name(&mut self, text: &str) {
        match uuid(text) {
            Some(uuid) => {
                self.byte(0);
                self.bytes.extend(uuid);
            }
            None => self.text(text),
        }
    }
}

/// Reads what a [`Writer`] wrote.
#[derive(Debug)]
pub struct Reader<'a> {
    whole: usize,
    rest: &'a [u8],
    pub base: i64,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { whole: bytes.len(), rest: bytes, base: 0 }
    }

    /// How many bytes are read.
    pub fn position(&self) -> usize {
        self.whole - self.rest.len()
    }

    pub fn damaged(&self) -> SeriesError {
        SeriesError::Damaged(self.position())
    }

    pub fn end(&self) -> Result<(), SeriesError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged()) }
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], SeriesError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], SeriesError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn byte(&mut self) -> Result<u8, SeriesError> {
        self.array().map(|[byte]| byte)
    }

    pub fn number(&mut self) -> Result<u64, SeriesError> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.damaged())
    }

    pub fn small(&mut self) -> Result<u32, SeriesError> {
        u32::try_from(self.number()?).map_err(|_| self.damaged())
    }

    /// A count of what follows.
    pub fn count(&mut self, max: usize) -> Result<usize, SeriesError> {
        let count = usize::try_from(self.number()?).ok();
        count.filter(|count| *count <= max).ok_or_else(|| self.damaged())
    }

    pub fn time(&mut self) -> Result<i64, SeriesError> {
        let number = self.number()?;
        let distance = (number >> 1).cast_signed() ^ -((number & 1).cast_signed());
        Ok(self.base.wrapping_add(distance))
    }

    pub fn optional_time(&mut self) -> Result<Option<i64>, SeriesError> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.time().map(Some),
            _ => Err(self.damaged()),
        }
    }

    pub fn ascending<T>(
        &mut self,
        max: usize,
        mut each: impl FnMut(&mut Self, i64) -> Result<T, SeriesError>,
    ) -> Result<Vec<T>, SeriesError> {
        let mut all = Vec::new();
        let mut before: Option<i64> = None;
        for _ in 0..self.count(max)? {
            let time = match before {
                None => self.time()?,
                Some(before) => before.checked_add_unsigned(self.number()?).ok_or_else(|| self.damaged())?,
            };
            before = Some(time);
            all.push(each(self, time)?);
        }
        Ok(all)
    }

    pub fn text(&mut self, max: usize) -> Result<String, SeriesError> {
        let length = self.count(max)?;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| self.damaged())
    }

    pub fn name(&mut self) -> Result<String, SeriesError> {
        match self.count(MAX_TEXT)? {
            0 => self.array().map(uuid_text),
            length => {
                let bytes = self.take(length)?;
                String::from_utf8(bytes.to_vec()).map_err(|_| self.damaged())
            }
        }
    }
}

//! Where a JSON value ends: brackets and strings, nothing else.
//!
//! A scan goes on where it stopped, so no byte is looked at twice however the text arrives.

/// A scan inside one value that begins with a bracket or a quote.
#[derive(Default)]
pub(super) struct Scan {
    depth: usize,
    deepest: usize,
    /// Bit n tells whether the bracket that opened depth n + 1 is `[`.
    lists: u128,
    in_string: bool,
    escaped: bool,
}

/// A closing bracket of the wrong kind.
pub(super) struct Mismatch {
    /// Its offset in the bytes given.
    pub(super) at: usize,
    /// The right kind, for a message.
    pub(super) expected: &'static str,
}

impl Scan {
    /// Deeper than this, brackets are counted and their kinds are not compared.
    const COMPARED: usize = u128::BITS as usize;

    /// Scans on. `Some(n)`: the value ends before byte n; `None`: it goes on after these bytes.
    pub(super) fn run(&mut self, bytes: &[u8]) -> Result<Option<usize>, Mismatch> {
        let mut at = 0;
        loop {
            if self.in_string {
                let Some(length) = string_end(&bytes[at..], &mut self.escaped) else { return Ok(None) };
                at += length;
                self.in_string = false;
                if self.depth == 0 {
                    return Ok(Some(at));
                }
            }
            let Some(skipped) = bytes[at..].iter().position(|byte| STRUCTURAL[usize::from(*byte)]) else {
                return Ok(None);
            };
            at += skipped;
            match bytes[at] {
                b'"' => self.in_string = true,
                b'{' => self.open(false),
                b'[' => self.open(true),
                b'}' => self.close(false).map_err(|expected| Mismatch { at, expected })?,
                _ => self.close(true).map_err(|expected| Mismatch { at, expected })?,
            }
            at += 1;
            if self.depth == 0 && !self.in_string {
                return Ok(Some(at));
            }
        }
    }

    /// How many brackets were open at once.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }

    fn open(&mut self, list: bool) {
        if self.depth < Self::COMPARED {
            self.lists = self.lists & !(1 << self.depth) | u128::from(list) << self.depth;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    fn close(&mut self, list: bool) -> Result<(), &'static str> {
        self.depth = self.depth.saturating_sub(1);
        let opened = if self.depth < Self::COMPARED { self.lists >> self.depth & 1 == 1 } else { list };
        match opened {
            _ if opened == list => Ok(()),
            true => Err("`,` or `]`"),
            false => Err("`,` or `}`"),
        }
    }
}

/// The end of a string whose opening quote stands before `bytes`: `Some(n)` when its closing quote is byte n - 1.
/// `escaped` carries a backslash from one call to the next.
pub(super) fn string_end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    let mut at = usize::from(*escaped);
    loop {
        let rest = bytes.get(at..)?;
        *escaped = false;
        at += memchr::memchr2(b'"', b'\\', rest)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        *escaped = true;
    }
}

/// The bytes that matter outside strings.
const STRUCTURAL: [bool; 256] = {
    let mut table = [false; 256];
    table[b'"' as usize] = true;
    table[b'{' as usize] = true;
    table[b'}' as usize] = true;
    table[b'[' as usize] = true;
    table[b']' as usize] = true;
    table
};

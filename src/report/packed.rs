//! Lines of data, compressed into text that HTML can hold.

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compress, Compression, FlushCompress, Status};

/// By how much the output grows at once, in bytes.
const STEP: usize = 64 * 1024;
/// How many bytes of output the compressor can hold back: more than its buffers, which are as large as its window of 32 KiB or
/// twice that (RFC 1951).
const HELD_BACK: usize = 256 * 1024;

/// Lines as they are compressed, up to a bound.
pub struct PackedLines {
    compress: Compress,
    bytes: Vec<u8>,
    /// The most bytes of text that they become.
    limit: usize,
}

impl PackedLines {
    /// No lines yet; `limit` is the most bytes of text that they become.
    pub fn new(limit: usize) -> Self {
        Self { compress: Compress::new(Compression::default(), true), bytes: Vec::new(), limit }
    }

    /// Adds a line; `false`, without it, if there is no room for it.
    pub fn push(&mut self, line: &str) -> bool {
        if in_base64(self.bytes.len() + line.len() + HELD_BACK) > self.limit {
            return false;
        }
        self.write(line.as_bytes(), FlushCompress::None);
        self.write(b"\n", FlushCompress::None);
        true
    }

    /// The lines in the zlib format (RFC 1950) in Base64.
    pub fn finish(mut self) -> String {
        self.write(b"", FlushCompress::Finish);
        STANDARD.encode(&self.bytes)
    }

    fn write(&mut self, mut input: &[u8], flush: FlushCompress) {
        loop {
            self.bytes.reserve(STEP);
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(input, &mut self.bytes, flush);
            let read = usize::try_from(self.compress.total_in() - before).unwrap_or(input.len());
            input = input.get(read..).unwrap_or_default();
            let is_done = match status {
                Ok(Status::StreamEnd) | Err(_) => true,
                // It has room for more output, so it has none.
                Ok(_) => input.is_empty() && self.bytes.len() < self.bytes.capacity() && flush != FlushCompress::Finish,
            };
            if is_done {
                return;
            }
        }
    }
}

/// Three bytes become four characters.
fn in_base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    fn unpacked(text: &str) -> String {
        let bytes = STANDARD.decode(text).unwrap();
        let mut out = String::new();
        ZlibDecoder::new(&bytes[..]).read_to_string(&mut out).unwrap();
        out
    }

    /// Text that does not compress: digits of a linear congruential generator.
    fn noise(bytes: usize, mut state: u64) -> String {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b' ' + u8::try_from(state >> 58).unwrap())
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn lines_come_back_as_they_went_in() {
        let lines: Vec<String> = (0..200).map(|line| noise(5_000, line) + &"ab".repeat(3_000)).collect();
        let mut packed = PackedLines::new(usize::MAX);
        assert!(lines.iter().all(|line| packed.push(line)));
        assert_eq!(unpacked(&packed.finish()), lines.join("\n") + "\n");
        assert_eq!(unpacked(&PackedLines::new(0).finish()), "");
    }

    #[test]
    fn what_has_no_room_is_left_out_and_the_limit_holds() {
        for limit in [1_000, 400_000, 1_000_000, 3_000_000] {
            let mut packed = PackedLines::new(limit);
            let pushed = (0..1_000).take_while(|line| packed.push(&noise(10_000, *line))).count();
            let text = packed.finish();
            assert!(text.len() <= limit.max(100), "{} of {limit}", text.len());
            assert!(text.len() + 600_000 > limit, "{} of {limit}: too little is in", text.len());
            assert_eq!(unpacked(&text).lines().count(), pushed);
        }
    }
}

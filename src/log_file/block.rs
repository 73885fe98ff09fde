//! 64 bytes of JSON at once, as sets of bits: bit n speaks of byte n.
//!
//! Comparing sixteen bytes costs as much as comparing one, and a string's content, which is most of a log file, leaves
//! no bit to look at. A set is exact: what it says is what a reader going byte by byte would say.

use wide::u8x16;

/// How many bytes a set speaks of.
pub(super) const BLOCK: usize = 64;

/// What a block holds, inside of strings and outside.
pub(super) struct Block {
    pub(super) quotes: u64,
    pub(super) backslashes: u64,
    /// `{`, `}`, `[` and `]`.
    pub(super) brackets: u64,
}

impl Block {
    /// The first 64 of `bytes`, and how many there are; where there are fewer, the rest of the block is as if it held
    /// spaces.
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> (Self, usize) {
        if let Some(block) = bytes.first_chunk() {
            return (Self::whole(block), BLOCK);
        }
        let mut block = [b' '; BLOCK];
        block[..bytes.len()].copy_from_slice(bytes);
        (Self::whole(&block), bytes.len())
    }

    #[inline]
    fn whole(block: &[u8; BLOCK]) -> Self {
        let (lanes, _) = block.as_chunks::<16>();
        let lanes = [0, 1, 2, 3].map(|at| lanes.get(at).map_or(u8x16::ZERO, |lane| u8x16::new(*lane)));
        let is = |lane: u8x16, byte: u8| lane.simd_eq(u8x16::splat(byte));
        // Of `[` and `{`, and of `]` and `}`, the codes differ in this bit alone.
        let folded = |lane: u8x16| lane | u8x16::splat(b'{' ^ b'[');
        let backslashes = lanes.map(|lane| is(lane, b'\\'));
        let [one, two, three, four] = backslashes;
        Self {
            quotes: set(lanes.map(|lane| is(lane, b'"'))),
            // Rare, and one look tells that there is none.
            backslashes: if ((one | two) | (three | four)).any() { set(backslashes) } else { 0 },
            brackets: set(lanes.map(|lane| is(folded(lane), b'{') | is(folded(lane), b'}'))),
        }
    }

    /// The bytes that a backslash before them escapes. `carry` says whether the block's first byte is one, and then
    /// whether the next block's is.
    #[inline]
    pub(super) fn escaped(&self, carry: &mut bool) -> u64 {
        let mut escaped = u64::from(*carry);
        *carry = false;
        let mut escaping = self.backslashes & !escaped;
        while escaping != 0 {
            let next = (escaping & escaping.wrapping_neg()) << 1;
            *carry = next == 0;
            escaped |= next;
            escaping &= escaping - 1;
            escaping &= !next;
        }
        escaped
    }
}

/// A bit for each byte of a block, from what a comparison gave.
#[inline]
fn set(lanes: [u8x16; 4]) -> u64 {
    let [one, two, three, four] = lanes.map(|lane| u64::from(lane.to_bitmask()));
    one | two << 16 | three << 32 | four << 48
}

/// The bytes with an odd number of `quotes` up to them: strings with their opening quotes, without the closing ones.
#[inline]
pub(super) fn inside(quotes: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].iter().fold(quotes, |set, distance| set ^ set << distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(marks: &str) -> u64 {
        marks.bytes().enumerate().filter(|(_, mark)| *mark != b' ').map(|(at, _)| 1 << at).sum()
    }

    #[test]
    fn every_byte_is_told_from_every_other() {
        for byte in 0..=u8::MAX {
            for at in [0, 15, 16, 63] {
                let mut bytes = [b'a'; 70];
                bytes[at] = byte;
                let (block, bit) = (Block::of(&bytes).0, 1 << at);
                let set = |is: bool| if is { bit } else { 0 };
                assert_eq!(block.quotes, set(byte == b'"'), "{byte}");
                assert_eq!(block.backslashes, set(byte == b'\\'), "{byte}");
                assert_eq!(block.brackets, set(b"{}[]".contains(&byte)), "{byte}");
            }
        }
    }

    #[test]
    fn a_short_block_ends_in_blanks() {
        let block = Block::of(b"[\"").0;
        assert_eq!((block.quotes, block.backslashes, block.brackets), (2, 0, 1));
    }

    #[test]
    fn every_second_backslash_escapes() {
        let check = |text: &str, marks: &str| {
            let mut carry = false;
            assert_eq!(Block::of(text.as_bytes()).0.escaped(&mut carry), bits(marks), "{text}");
            assert!(!carry);
        };
        check(r#"a\"b"#, "  ^");
        check(r#"\\"\\\""#, " ^  ^ ^");
        check(r"\\\\a\n", " ^ ^  ^");
    }

    #[test]
    fn an_escape_reaches_into_the_next_block() {
        let mut carry = false;
        let text = [b'\\'; 129];
        assert_eq!(Block::of(&text[1..]).0.escaped(&mut carry).count_ones(), 32);
        assert!(!carry);
        let mut odd = [b'a'; 64];
        odd[63] = b'\\';
        assert_eq!(Block::of(&odd).0.escaped(&mut carry), 0);
        assert!(carry);
        assert_eq!(Block::of(b"\\\\\"").0.escaped(&mut carry), 0b101);
        assert!(!carry);
    }

    #[test]
    fn strings_have_an_inside() {
        let check = |text: &str, marks: &str| assert_eq!(inside(Block::of(text.as_bytes()).0.quotes), bits(marks));
        check(r#""a":"bc","""#, "^^  ^^^  ^");
        assert_eq!(inside(1), u64::MAX);
    }
}

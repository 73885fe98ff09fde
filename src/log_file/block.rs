//! 64 bytes of JSON at once, as sets of bits: bit n is about byte n.
//!
//! Comparing sixteen bytes costs as much as comparing one, and the content of strings, which is most of a log file, sets no
//! bit. The sets are exact: a scan byte by byte finds the same.

use wide::u8x16;

/// How many bytes a set is about.
pub(super) const BLOCK: usize = 64;

/// The structural bytes of a block, inside and outside of strings.
pub(super) struct Block {
    pub(super) quotes: u64,
    pub(super) backslashes: u64,
    /// `{`, `}`, `[` and `]`.
    pub(super) brackets: u64,
}

impl Block {
    /// The block of the first 64 of `bytes`, and its length. A shorter block is padded with spaces.
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
        // The codes of `[` and `{`, and of `]` and `}`, differ in this bit only.
        let folded = |lane: u8x16| lane | u8x16::splat(b'{' ^ b'[');
        let backslashes = lanes.map(|lane| is(lane, b'\\'));
        let [one, two, three, four] = backslashes;
        Self {
            quotes: set(lanes.map(|lane| is(lane, b'"'))),
            // Backslashes are rare, and one comparison shows that there is none.
            backslashes: if ((one | two) | (three | four)).any() { set(backslashes) } else { 0 },
            brackets: set(lanes.map(|lane| is(folded(lane), b'{') | is(folded(lane), b'}'))),
        }
    }

    /// The bytes that a backslash before them escapes. `carry` is whether the first byte of the block is escaped; afterwards,
    /// whether the first byte of the next block is.
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

/// The results of a comparison as one bit for each byte.
#[inline]
fn set(lanes: [u8x16; 4]) -> u64 {
    let [one, two, three, four] = lanes.map(|lane| u64::from(lane.to_bitmask()));
    one | two << 16 | three << 32 | four << 48
}

/// The bytes with an odd number of `quotes` up to and including them: strings with their opening quotes, without the closing
/// ones.
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
    fn each_structural_byte_sets_its_bit() {
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
    fn a_short_block_is_padded_with_spaces() {
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
    fn the_inside_of_strings_is_found() {
        let check = |text: &str, marks: &str| assert_eq!(inside(Block::of(text.as_bytes()).0.quotes), bits(marks));
        check(r#""a":"bc","""#, "^^  ^^^  ^");
        assert_eq!(inside(1), u64::MAX);
    }
}

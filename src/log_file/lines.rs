//! Lines of a text of JSON lines, so that a broken line affects no other.

/// Finds the next line that begins with `{`. Inside a document that began on its first line with more than a bracket, such
/// a line is another document, and the first one is broken. No byte is searched twice.
#[derive(Default)]
pub(super) struct Lines {
    /// Whether the position is inside such a document.
    pub(super) active: bool,
    /// The offset before which there is no such line.
    searched: u64,
    /// The offset of the line feed before it.
    next: Option<u64>,
}

impl Lines {
    const BEGIN: &[u8] = b"\n{";

    /// How many of the bytes of `rest`, which begins at `offset`, are known to be before such a line. A line feed at the end
    /// of `rest` may be before one.
    pub(super) fn before(&mut self, rest: &[u8], offset: u64) -> usize {
        if self.next.is_some_and(|next| next < offset) {
            self.next = None;
        }
        if self.next.is_none() {
            self.searched = self.searched.max(offset);
            let from = usize::try_from(self.searched - offset).unwrap_or(rest.len()).min(rest.len());
            self.next = memchr::memmem::find(&rest[from..], Self::BEGIN).map(|at| offset + (from + at) as u64);
            if self.next.is_none() {
                let known = rest.len() - usize::from(rest.ends_with(b"\n"));
                self.searched = self.searched.max(offset + known as u64);
            }
        }
        let end = self.next.unwrap_or(self.searched) - offset;
        usize::try_from(end).unwrap_or(rest.len()).min(rest.len())
    }

    /// Whether the line feed before such a line is at `offset`.
    pub(super) fn begins_after(&self, offset: u64) -> bool {
        self.next == Some(offset)
    }
}

/// How many bytes before the `{` of a line are a time or an id that a program prints before each record, as in the files that
/// CloudWatch Logs exports (`2026-05-04T10:11:12.000Z {…}`), the lines of `aws logs tail`, and rows of `--output text`.
pub(super) fn prefix(line: &[u8]) -> Prefix {
    const LONGEST: usize = 512;
    let Some(at) = line.iter().take(LONGEST).position(|byte| matches!(byte, b'{' | b'"' | b'\n')) else {
        return if line.len() < LONGEST { Prefix::Undecided } else { Prefix::None };
    };
    let words = &line[..at];
    let first = words.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
    let is_id = [4, 8].iter().any(|end| first.get(*end) == Some(&b'-') && digits(&first[..*end]));
    if is_id && line[at] == b'{' && matches!(words.last(), Some(b' ' | b'\t')) { Prefix::Of(at) } else { Prefix::None }
}

/// See [`prefix`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// Its length, in bytes.
    Of(usize),
    None,
    /// More bytes decide.
    Undecided,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_however_the_text_arrives() {
        let text = b"{\"a\":\n 1}\n\n{\"b\"}\nx\n{";
        for piece in 1..=text.len() {
            let (mut lines, mut offset, mut found) = (Lines::default(), 0, Vec::new());
            let mut filled = 0;
            while filled < text.len() {
                filled = (filled + piece).min(text.len());
                loop {
                    let before = lines.before(&text[offset..filled], offset as u64);
                    offset += before;
                    if !lines.begins_after(offset as u64) {
                        break;
                    }
                    found.push(offset);
                    offset += 2;
                }
            }
            assert_eq!(found, [10, 18], "{piece}");
        }
    }

    #[test]
    fn a_line_can_begin_with_a_time_or_an_id() {
        let check = |line: &str, length: Option<usize>| {
            assert_eq!(prefix(line.as_bytes()), length.map_or(Prefix::None, Prefix::Of), "{line}");
        };
        check("2026-05-04T10:11:12.000Z {\"a\":1}", Some(25));
        check("2026-05-04T10:11:12+00:00 111122223333_CloudTrail_us-east-1_2 {}", Some(62));
        check("00000000-0000-4000-8000-000000000001\t{}", Some(37));
        check("2026-05-04T10:11:12.000Z{\"a\":1}", None);
        check("Example: {\"a\":1}", None);
        check("2026-05-04 \"{\"", None);
        check("2026-05-04\n{", None);
        assert_eq!(prefix(b"2026-05-04"), Prefix::Undecided);
    }
}

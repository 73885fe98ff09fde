//! Text that an attacker may have written, made fit to be shown.

/// `text` on one line: what is no printable character becomes a blank, runs of blanks become one, and what is longer
/// than `limit` characters is cut, with a word on how much.
pub fn line(text: &str, limit: usize) -> String {
    let shown: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    let shown: Vec<&str> = shown.split_whitespace().collect();
    cut(&shown.join(" "), limit)
}

/// The beginning of `text`, with a word on how many characters are missing.
pub fn cut(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit {
        return text.to_owned();
    }
    let mark = format!("… ({length} characters)");
    let kept: String = text.chars().take(limit.saturating_sub(mark.chars().count())).collect();
    kept + &mark
}

/// Printable ASCII for places that take nothing else; a character that has no likeness there becomes `?`.
pub fn ascii(text: &str) -> String {
    text.chars().fold(String::new(), |mut ascii, c| {
        match c {
            ' '..='~' => ascii.push(c),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => ascii.push('-'),
            '\u{2018}'..='\u{201b}' => ascii.push('\''),
            '\u{201c}'..='\u{201f}' => ascii.push('"'),
            '\u{2026}' => ascii.push_str("..."),
            '\u{a0}' => ascii.push(' '),
            _ => ascii.push('?'),
        }
        ascii
    })
}

/// Not a control character, nor one that is invisible or turns the direction of the text round it: those can hide or
/// forge what a reader sees (Unicode Technical Report 36, "Unicode Security Considerations").
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        && !is_noncharacter(c)
}

/// Code points that XML, and with it SNS, does not take.
fn is_noncharacter(c: char) -> bool {
    matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_line() {
        assert_eq!(line("ada\nSeverity 3\r\n\u{2028}x", 100), "ada Severity 3 x");
        assert_eq!(line("a\u{202e}b\u{200b}c\u{0}d\u{feff}", 100), "a b c d");
        assert_eq!(line(" \t ", 100), "");
        assert_eq!(line("Ådå 😀", 100), "Ådå 😀");
    }

    #[test]
    fn what_is_cut_is_said() {
        assert_eq!(line(&"x".repeat(300), 30), format!("{}… (300 characters)", "x".repeat(12)));
        assert_eq!(line("12345", 5), "12345");
    }

    #[test]
    fn ascii_keeps_what_has_a_likeness() {
        assert_eq!(ascii("Findings – “HIGH”… é😀"), "Findings - \"HIGH\"... ??");
    }
}

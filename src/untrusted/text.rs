//! Text on its lines, printable and shortened.

use std::fmt::Write;

/// The text on one line: characters that are not printable become blanks, runs of blanks become one blank, and text longer
/// than `limit` characters is cut as by [`cut`].
pub fn line(text: &str, limit: usize) -> String {
    let on_line = |text: &str| printable(text).split_whitespace().collect::<Vec<_>>().join(" ");
    // Nothing beyond this is shown, so a long text is not read for each of its lines.
    let most = limit.saturating_mul(16).saturating_add(4_096);
    if text.len() <= most {
        return cut(&on_line(text), limit);
    }
    let mark = format!("… ({} characters)", text.chars().count());
    let start = on_line(&text[..text.floor_char_boundary(most)]);
    let kept: String = start.chars().take(limit.saturating_sub(mark.chars().count())).collect();
    kept.trim_end().to_owned() + &mark
}

/// The text on one line: each character that is not printable becomes a blank.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect()
}

/// The text of JSON with an escape in place of each character that is not printable (RFC 8259, section 7). Such a character can only
/// be in a string there, so the text means the same.
pub fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_printable(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// The text with its lines, each as by [`printable`], and cut as by [`cut`].
pub fn lines(text: &str, limit: usize) -> String {
    let lines: Vec<String> = text.trim().lines().map(|text| printable(text).trim_end().to_owned()).collect();
    cut(&lines.join("\n"), limit)
}

/// The text, shortened to `limit` characters; a text that is cut ends in `…` and its full length.
pub fn cut(text: &str, limit: usize) -> String {
    // The length is known only after a walk through the text, and few texts are longer than the limit.
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => shorten_with(text, limit, &format!("… ({} characters)", text.chars().count())),
    }
}

/// The text, shortened to `limit` characters; a text that is cut ends in `…`.
pub fn shorten_to(text: &str, limit: usize) -> String {
    shorten_with(text, limit, "…")
}

/// The text, shortened to `limit` characters; a text that is cut ends in `mark`, which the limit includes.
pub fn shorten_with(text: &str, limit: usize, mark: &str) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(mark.chars().count())).collect();
    kept.trim_end().to_owned() + mark
}

/// The text, shortened to `limit` characters by what is in its middle, in place of which it has `…`.
pub fn shorten_middle(text: &str, limit: usize) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let kept = limit.saturating_sub(1);
    let (start, end) = (kept.div_ceil(2), kept / 2);
    let after = text.char_indices().rev().take(end).last().map_or(text.len(), |(at, _)| at);
    let before: String = text.chars().take(start).collect();
    format!("{}…{}", before.trim_end(), text[after..].trim_start())
}

/// What `show` makes of the text, which `shorten` shortens until the result has at most `limit` characters. The end of a
/// shortened text can have another meaning, so it is shown only after it is shortened.
pub fn within(
    text: &str,
    limit: usize,
    shorten: impl Fn(&str, usize) -> String,
    show: impl Fn(&str) -> String,
) -> String {
    let mut kept = limit;
    loop {
        let shown = show(&shorten(text, kept));
        let over = shown.chars().count().saturating_sub(limit);
        if over == 0 || kept == 0 {
            return shown;
        }
        kept = kept.saturating_sub(over.div_ceil(4).max(1));
    }
}

/// The text in printable ASCII: punctuation becomes its ASCII equivalent, and every other character becomes `?`.
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

/// Whether [`ascii`] loses nothing of the text.
pub fn has_ascii_form(text: &str) -> bool {
    ascii(text).matches('?').count() == text.matches('?').count()
}

/// Whether a character is neither a control character, nor invisible, nor one that changes the direction of text: those can
/// hide or forge what a reader sees (Unicode Technical Report 36, "Unicode Security Considerations"). Invisible are the
/// characters with the property `Default_Ignorable_Code_Point` in Unicode's `DerivedCoreProperties.txt`, and the blank
/// Braille pattern.
fn is_printable(c: char) -> bool {
    // Most characters are plain ASCII.
    matches!(c, ' '..='~')
        || (!c.is_control()
            && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
            && !is_noncharacter(c))
}

/// Whether a character is a Unicode noncharacter; some of them are not allowed in XML, and so not in SNS.
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
        assert_eq!(line("\u{3164}\u{115f}a\u{2800}\u{ffa0}\u{fffe}\u{fdd0}b\u{e0100}", 100), "a b");
    }

    #[test]
    fn paragraphs_keep_their_lines() {
        assert_eq!(lines("one\u{1b}[31m\r\n\n  two  blanks \u{0}\n", 100), "one [31m\n\n  two  blanks");
    }

    #[test]
    fn a_cut_text_shows_its_length() {
        assert_eq!(line(&"x".repeat(300), 30), format!("{}… (300 characters)", "x".repeat(12)));
        assert_eq!(line("12345", 5), "12345");
    }

    #[test]
    fn a_limit_counts_characters_and_includes_the_mark() {
        assert_eq!(shorten_to("Ådå😀x", 5), "Ådå😀x");
        assert_eq!(shorten_to("Ådå😀x", 4), "Ådå…");
        assert_eq!(shorten_to("ab cd", 4), "ab…");
        assert_eq!(shorten_with("abcdef", 5, "..."), "ab...");
        assert_eq!(shorten_with("abc", 2, "..."), "...");
        assert_eq!(shorten_to("", 0), "");
    }

    #[test]
    fn the_middle_is_what_is_left_out() {
        assert_eq!(shorten_middle("abcdefgh", 8), "abcdefgh");
        assert_eq!(shorten_middle("abcdefgh", 7), "abc…fgh");
        assert_eq!(shorten_middle("abcdefgh", 6), "abc…gh");
        assert_eq!(shorten_middle("Ådå😀 xyz", 5), "Åd…yz");
        assert_eq!(shorten_middle("abc", 1), "…");
    }

    #[test]
    fn what_is_shown_is_within_the_limit() {
        let doubled = |text: &str| text.replace('x', "[x]");
        assert_eq!(within("xxxx", 12, cut, doubled), "[x][x][x][x]");
        let shown = within(&"x".repeat(100), 60, cut, doubled);
        assert!(shown.chars().count() <= 60 && shown.ends_with("[x]… (100 characters)"), "{shown}");
    }

    #[test]
    fn ascii_keeps_equivalents() {
        assert_eq!(ascii("Findings – “HIGH”… é😀"), "Findings - \"HIGH\"... ??");
        assert!(has_ascii_form("Findings – “HIGH”…? why") && !has_ascii_form("é?") && has_ascii_form(""));
    }
}

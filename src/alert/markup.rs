//! Text in a chat: values in code spans, and words around them, of which nothing becomes a mention, a link or markup.
//!
//! Amazon Q Developer "renders notifications in the target chat platform's markdown", titles included ("Custom notifications" in
//! the Amazon Q Developer in chat applications Administrator Guide). The guide leaves open how it escapes text, how often
//! something decodes it on the way, which block of Slack and which kind of message of Teams it fills, and how long a text may
//! be. So a character that is dangerous in any of these is replaced by its fullwidth form, in place of an escape that one of
//! them shows. By the documentation:
//!
//! - Slack reads `<…>` as a mention or a link wherever it is, and `&`, `<` and `>` as its control characters; it makes links of
//!   addresses; names after `@` and `#` are links where the sender asks for that; `*`, `_` and `~` are styles, and not in
//!   `` `code` `` ("Formatting message text" in Slack's developer documentation).
//! - Teams shows `` `code` `` in messages of text ("Format your bot messages" in the documentation of Microsoft Teams). An
//!   Adaptive Card knows only `**bold**`, `_italic_`, lists and `[title](address)`, and shows the backticks themselves ("Format
//!   cards in Teams" there, "Text features" in that of Adaptive Cards). A name after `@` is a mention there only with an entity of
//!   its own, in `<at>`.
//! - In Markdown, a `_` between letters or digits is no style, a backslash in a code span is a backslash, and a code span ends
//!   at the next backtick (`CommonMark` 0.31, sections 6.1 and 6.2).
//!
//! What the author of a rule has in backticks is a code span in a chat, too.
//!
//! So a code span keeps what people copy, such as `trusted_accounts`, `s3:*` and `a|b`. What is replaced there would also be
//! dangerous where a chat ignores the span; a style is not: at worst, letters in a card of Teams are in italics.

use crate::{
    rule::FilledPart,
    untrusted::{self, Kept},
};

/// A value in a code span; of a long one both ends, since what it is about can be at either.
pub fn code(text: &str, limit: usize) -> String {
    let line = untrusted::line(text, usize::MAX);
    let show = |text: &str| neutral(&defanged(text, Kept::Nothing), Place::Span);
    span(&untrusted::within(&line, limit, untrusted::shorten_middle, show))
}

/// Words of the author of the rules in a code span: names of fields and patterns.
pub fn code_by_author(text: &str, limit: usize) -> String {
    span(&safe(text, limit, Kept::Patterns, Place::Span))
}

/// A command in a code span; `None` if that would change any of its characters.
pub fn exact(command: &str) -> Option<String> {
    let is_same = safe(command, usize::MAX, Kept::Nothing, Place::Span) == command;
    (is_same && !command.is_empty()).then(|| span(command))
}

/// Text on a line, outside of code spans.
pub fn plain(text: &str, limit: usize, kept: Kept) -> String {
    safe(text, limit, kept, Place::Open)
}

/// Parts in a row, with the values in code spans of at most `value` characters, and what the author has in backticks in code
/// spans as well: as much as fits, and whether that is all. No span is cut.
pub fn filled(parts: &[FilledPart], limit: usize, value: usize) -> (String, bool) {
    let mut out = String::new();
    let mut at = 0;
    while let Some(first) = parts.get(at) {
        // Two spans without a character between them would be one.
        let same = parts[at..].iter().take_while(|part| part.is_value == first.is_value).count();
        let text: String = parts[at..at + same].iter().map(|part| part.text.as_str()).collect();
        let pieces = if first.is_value { vec![(true, &*text)] } else { pieces(&text, at > 0, at + same < parts.len()) };
        at += same;
        for (is_span, text) in pieces {
            let left = limit.saturating_sub(out.chars().count());
            let (shown, is_whole) = match (is_span, first.is_value) {
                (true, true) => (code(text, value), true),
                (true, false) => (code_by_author(text, value), true),
                (false, _) => by_author(text, left),
            };
            if shown.chars().count() > left || !is_whole {
                let mark = if left > 0 { "…" } else { "" };
                let is_part = !is_span && shown.chars().count() <= left;
                return (out + if is_part { &shown } else { mark }, false);
            }
            out += &shown;
        }
    }
    (out, true)
}

/// The author's own text as words, and as names in backticks without these. Backticks beside others, or beside a value that is
/// before or after the text, belong to the words.
fn pieces(text: &str, has_value_before: bool, has_value_after: bool) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let (mut words, mut from) = (0, 0);
    while let Some(open) = text[from..].find('`').map(|at| from + at) {
        from = open + 1;
        let Some(close) = text[from..].find(['`', '\n']).map(|at| from + at) else { break };
        let (before, after) = (text[words..open].chars().next_back(), text[close..].chars().nth(1));
        let is_apart =
            before.map_or(open == 0 && !has_value_before, |c| c != '`') && after.map_or(!has_value_after, |c| c != '`');
        if text[close..].starts_with('`') && is_apart && !text[from..close].trim().is_empty() {
            pieces.extend([(false, &text[words..open]), (true, &text[from..close])]);
            (words, from) = (close + 1, close + 1);
        } else if !text[close..].starts_with('`') {
            from = close + 1;
        }
    }
    pieces.push((false, &text[words..]));
    pieces.retain(|(_, text)| !text.is_empty());
    pieces
}

/// The author's own text with its lines and its blanks, and whether it is whole.
fn by_author(text: &str, limit: usize) -> (String, bool) {
    let lines = text.split('\n').map(untrusted::printable).collect::<Vec<_>>().join("\n");
    let show = |text: &str| neutral(&defanged(text, Kept::Patterns), Place::Open);
    let whole = show(&lines);
    if whole.chars().count() <= limit {
        return (whole, true);
    }
    (untrusted::within(&lines, limit, untrusted::cut, show), false)
}

/// Where a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a code span.
    Span,
    /// Outside of code spans.
    Open,
}

fn span(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { format!("`{text}`") }
}

/// The text on a line, without links and what is dangerous there, within the limit.
fn safe(text: &str, limit: usize, kept: Kept, place: Place) -> String {
    let line = untrusted::line(text, usize::MAX);
    untrusted::within(&line, limit, untrusted::cut, |text| neutral(&defanged(text, kept), place))
}

/// The text with every sign of a link in brackets. An `@` needs none: its fullwidth form makes no link.
fn defanged(text: &str, kept: Kept) -> String {
    let sign = |sign: &str| if sign == "@" { fullwidth('@').to_string() } else { format!("[{sign}]") };
    untrusted::defanged_with(text, kept, sign)
}

/// The text with fullwidth forms of the characters that are dangerous even in a code span.
pub fn harmless(text: &str) -> String {
    neutral(text, Place::Span)
}

/// The text with fullwidth forms of the characters that are dangerous in its place. They look alike.
fn neutral(text: &str, place: Place) -> String {
    let characters: Vec<char> = text.chars().collect();
    let shown = characters.iter().enumerate().map(|(at, &c)| {
        let (before, after) = (&characters[..at], &characters[at + 1..]);
        let is_replaced = is_dangerous(c, before, after) || place == Place::Open && is_style(c, before, after);
        if is_replaced { fullwidth(c) } else { c }
    });
    shown.collect()
}

/// Whether a character is part of a mention, a link or the end of a code span, also where a chat ignores code spans.
fn is_dangerous(c: char, before: &[char], after: &[char]) -> bool {
    match c {
        '<' | '>' | '`' => true,
        '&' => is_entity(after),
        // It ends the title of a link.
        ']' => after.first() == Some(&'('),
        // In pairs they are styles of whole passages, which would reach over what follows the value.
        '*' | '~' => before.last() == Some(&c) || after.first() == Some(&c),
        // It could keep a code span open.
        '\\' => after.is_empty(),
        // Before a name they make a mention or a channel.
        '@' | '#' => !before.last().is_some_and(char::is_ascii_alphanumeric) || is_group(after),
        _ => false,
    }
}

/// Whether a character outside of a code span is a style.
fn is_style(c: char, before: &[char], after: &[char]) -> bool {
    match c {
        '*' | '~' | '\\' | '|' => true,
        '_' => {
            let is_in_word = |next: Option<&char>| next.is_some_and(|c| c.is_alphanumeric());
            let is_end = |c: &&char| **c != '_';
            !is_in_word(before.iter().rev().find(is_end)) || !is_in_word(after.iter().find(is_end))
        }
        // An emoji of Slack, such as `:fire:`.
        ':' => {
            let is_name = |c: &char| c.is_alphanumeric() || "_+-'".contains(*c);
            let length = after.iter().take_while(|c| is_name(c)).count();
            after.get(length) == Some(&':') && after[..length].iter().any(|c| !c.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether an `&` with this after it is a character reference of HTML ("Named character references" in the HTML Standard): the
/// names of Slack's control characters need no semicolon.
fn is_entity(after: &[char]) -> bool {
    let name: String = after.iter().take(32).take_while(|c| c.is_ascii_alphanumeric()).collect();
    let is_control =
        |control: &&str| name.get(..control.len()).is_some_and(|start| start.eq_ignore_ascii_case(control));
    after.first() == Some(&'#')
        || !name.is_empty() && after.get(name.len()) == Some(&';')
        || ["lt", "gt", "amp"].iter().any(is_control)
}

/// Whether the text begins with a name that notifies a whole group.
fn is_group(characters: &[char]) -> bool {
    let names = ["here", "channel", "everyone", "team", "general"];
    let starts = |name: &str| {
        name.chars().enumerate().all(|(at, c)| characters.get(at).is_some_and(|found| found.eq_ignore_ascii_case(&c)))
    };
    names.into_iter().any(starts)
}

/// The fullwidth form of a printable ASCII character ("Halfwidth and Fullwidth Forms" in Unicode).
fn fullwidth(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_keeps_what_people_copy() {
        for text in [
            "trusted_accounts",
            "_dmarc",
            "arn:aws:iam::111122223333:role/a_b/*",
            "s3:*",
            "*",
            "a|b",
            "CORP\\ada",
            "?x=1&y=2 & z",
            "[\"a\"] (b)",
            "~/x",
            "os/linux#6.8",
            ":fire:",
        ] {
            assert_eq!(code(text, 100), format!("`{text}`"));
        }
    }

    #[test]
    fn what_is_dangerous_is_replaced_everywhere() {
        for (text, expected) in [
            ("<!channel> <@U012> &lt;!here&gt;", "＜!channel＞ ＜＠U012＞ ＆lt;!here＆gt;"),
            ("&LTx &#60; &commat; &ampx", "＆LTx ＆＃60; ＆commat; ＆ampx"),
            ("@here a@here.example x @Ada", "＠here a＠here[.]example x ＠Ada"),
            ("[a](b)", "[a］(b)"),
            ("`code` x\\", "｀code｀ x＼"),
            ("**bold** ~~no~~ ***", "＊＊bold＊＊ ～～no～～ ＊＊＊"),
            ("#general ip-10-0-0-1#team", "＃general ip-10-0-0-1＃team"),
        ] {
            assert_eq!(code(text, 200), format!("`{expected}`"));
            assert_eq!(plain(text, 200, Kept::Nothing), expected);
        }
    }

    #[test]
    fn words_outside_of_a_span_have_no_style() {
        for (text, expected) in [
            ("trusted_accounts a__b", "trusted_accounts a__b"),
            ("_a_ b_ _", "＿a＿ b＿ ＿"),
            ("*a* ~b~ c\\d e|f", "＊a＊ ～b～ c＼d e｜f"),
            (":fire: 10:20:30 iam:PassRole: x", "：fire: 10:20:30 iam：PassRole: x"),
        ] {
            assert_eq!(plain(text, 100, Kept::Nothing), expected);
        }
    }

    #[test]
    fn a_shown_value_has_no_links() {
        for (text, expected) in [
            ("https://a.example www.b.c ada@example.com", "https[:][//]a[.]example www[.]b[.]c ada＠example[.]com"),
            ("\\\\host\\x mailto:a", "[\\\\]host\\x mailto[:]a"),
        ] {
            assert_eq!(code(text, 200), format!("`{expected}`"));
        }
    }

    #[test]
    fn a_command_is_exact_or_omitted() {
        let command = "aws x --y 'A=b,C=\"d,e\"' --output json | trailbell suppress a_b - --by principal";
        assert_eq!(exact(command).unwrap(), format!("`{command}`"));
        for other in ["", "a `b`", "aws s3 cp 's3://a/b' -", "a  b", "a\nb", "a @here", "a <b", "mail ada@example.com"]
        {
            assert_eq!(exact(other), None, "{other}");
        }
    }

    #[test]
    fn parts_have_their_values_in_spans() {
        let (own, value) = (|text: &str| FilledPart::own(text), |text: &str| FilledPart::value(text));
        let parts = [own("a_b uses "), value("x"), value("_y"), own(" *now*\n- b")];
        assert_eq!(filled(&parts, 100, 50), ("a_b uses `x_y` ＊now＊\n- b".to_owned(), true));
        assert_eq!(filled(&parts, 11, 50), ("a_b uses …".to_owned(), false));
        assert_eq!(filled(&[own("abc"), value("d"), own(" by "), value("e")], 8, 50), ("abc`d`…".to_owned(), false));
        for (text, expected) in [
            ("Fill `trusted_accounts`, then `a`.", "Fill `trusted_accounts`, then `a`."),
            ("`a` b", "`a` b"),
            ("`a``b` ``c`` ` ` d", "｀a｀｀b｀ ｀｀c｀｀ ｀ ｀ d"),
            ("a ` b\n`c` `d\ne`", "a ｀ b\n`c` ｀d\ne｀"),
            ("`<!here>` `x](y)`", "`＜!here＞` `x］(y)`"),
        ] {
            assert_eq!(filled(&[own(text)], 100, 50), (expected.to_owned(), true));
        }
        assert_eq!(filled(&[value("v"), own("`a`"), value("w")], 100, 50).0, "`v`｀a｀`w`");
        assert_eq!(filled(&[value("v"), own(" `a` "), value("w")], 100, 50).0, "`v` `a` `w`");
        assert_eq!(filled(&[own("Fill `trusted_accounts`, then `a`.")], 20, 50), ("Fill …".to_owned(), false));
        let (shown, is_whole) = filled(&[own(&"x".repeat(100))], 50, 50);
        assert!(shown.chars().count() <= 50 && !is_whole, "{shown}");
        assert_eq!(filled(&[value(&"x".repeat(100))], 50, 30).0, format!("`{0}x…{0}`", "x".repeat(14)));
    }
}

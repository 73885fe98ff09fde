//! Which names readers of text take for the names of hosts.

use std::{collections::HashSet, sync::LazyLock};

const TOP_LEVEL: &str = include_str!("top_level_domains.txt");

static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = TOP_LEVEL.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Whether a label in lower case is a top-level domain, or begins with one that a reader can take for the end of a host:
/// `com` in `com-x`.
pub fn is_top_level(label: &[char]) -> bool {
    let whole: String = label.iter().collect();
    let ascii = label.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    let word = label.iter().take_while(|c| c.is_alphanumeric()).count();
    let begins = |length: usize| NAMES.contains(label[..length].iter().collect::<String>().as_str());
    whole.starts_with("xn--") || begins(ascii) || begins(word) || label.iter().any(|c| is_styled(*c))
}

/// Whether a character is a letter in another form, which browsers read as the letter (Unicode Standard Annex 15): in a
/// circle, superscript, or of a mathematical alphabet.
fn is_styled(c: char) -> bool {
    matches!(c, '\u{2070}'..='\u{209c}' | '\u{2100}'..='\u{214f}' | '\u{2460}'..='\u{24ff}' | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1f100}'..='\u{1f1ff}')
}

/// Whether the labels of a name in lower case are those of an AWS service, such as `iam.amazonaws.com`. Names below it, such
/// as `bucket.s3.amazonaws.com`, are customers'.
pub fn is_aws_service(labels: &[&[char]]) -> bool {
    let is = |label: &[char], name: &str| label.iter().copied().eq(name.chars());
    let [service, domain, top] = labels else { return false };
    let plain = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    is(domain, "amazonaws") && is(top, "com") && service.iter().all(plain) && !service.starts_with(&['w', 'w', 'w'])
}

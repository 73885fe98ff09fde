//! Text in which no reader finds a link: mail readers, chats and terminals turn addresses, names of hosts and paths of
//! network shares into links by themselves.
//!
//! Each sign that makes a link is put in brackets, as is usual in reports of malicious addresses: `https[:][//]example[.]com`.
//! What counts as a link is the union of what GitHub Flavored Markdown ("Autolinks"), linkify-it, Windows' rich edit
//! controls ("`EM_AUTOURLDETECT`") and Slack make links of.

use std::ops::Range;

use super::{
    domain::{is_aws_service, is_top_level},
    scheme::{is_name, is_scheme},
};

/// What may look like a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Names of hosts and e-mail addresses; not addresses with a scheme, paths of shares and names that begin with `www.`.
    Names,
    /// The same, and backslashes in a row: for text of the rules' authors, who write patterns.
    Patterns,
}

/// The text with every sign that makes a link in brackets.
pub fn defanged(text: &str) -> String {
    defanged_with(text, Kept::Nothing, |sign| format!("[{sign}]"))
}

/// The text with `show` of every sign that makes a link, apart from what is kept.
pub fn defanged_with(text: &str, kept: Kept, show: impl Fn(&str) -> String) -> String {
    let signs = Signs::of(text, kept);
    if signs.marked.is_empty() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + signs.marked.len() * 2);
    let mut at = 0;
    for range in signs.marked {
        out.extend(&signs.written[at..range.start]);
        let sign: String = signs.folded[range.clone()].iter().collect();
        out += &show(&sign);
        at = range.end;
    }
    out.extend(&signs.written[at..]);
    out
}

/// The longest scheme, in characters.
const MAX_SCHEME: usize = 128;
/// A text, and the ranges of its signs that make links.
struct Signs {
    written: Vec<char>,
    /// The same in lower case, with the forms of signs that browsers read as ASCII in ASCII.
    folded: Vec<char>,
    marked: Vec<Range<usize>>,
}

impl Signs {
    fn of(text: &str, kept: Kept) -> Self {
        let written: Vec<char> = text.chars().collect();
        let folded = written.iter().map(|c| fold(*c)).collect();
        let mut signs = Self { written, folded, marked: Vec::new() };
        let mut at = 0;
        while at < signs.folded.len() {
            at = signs.step(at, kept).max(at + 1);
        }
        signs.marked.sort_by_key(|range| range.start);
        signs.marked.dedup();
        signs
    }

    fn at(&self, at: usize) -> Option<char> {
        self.folded.get(at).copied()
    }

    fn before(&self, at: usize) -> Option<char> {
        self.at(at.checked_sub(1)?)
    }

    /// Marks what begins here; returns where to go on.
    fn step(&mut self, at: usize, kept: Kept) -> usize {
        match self.folded[at] {
            '/' | '\\' => self.slashes(at, kept),
            ':' if self.is_scheme(at) => self.mark(at..at + 1),
            '@' if kept == Kept::Nothing && self.is_address(at) => self.mark(at..at + 1),
            '[' if kept == Kept::Nothing => self.literal(at),
            c if is_label(c) => self.host(at, kept),
            _ => at + 1,
        }
    }

    fn mark(&mut self, range: Range<usize>) -> usize {
        let end = range.end;
        self.marked.push(range);
        end
    }

    /// `\\host\share`, `//host`, and the slashes after a scheme.
    fn slashes(&mut self, at: usize, kept: Kept) -> usize {
        let run = &self.folded[at..];
        let end = at + run.iter().take_while(|c| matches!(c, '/' | '\\')).count();
        let is_host = self.at(end).is_some_and(|next| !next.is_whitespace() && !"\"'`])".contains(next));
        let is_pattern = kept == Kept::Patterns && self.folded[at..end].iter().all(|c| *c == '\\');
        if end - at < 2 || !is_host || is_pattern {
            return end;
        }
        self.mark(at..end)
    }

    /// Whether the colon here ends the scheme of an address (RFC 3986, section 3.1).
    fn is_scheme(&self, colon: usize) -> bool {
        let Some(next) = self.at(colon + 1).filter(|next| !next.is_whitespace()) else { return false };
        let is_slash = |c: char| matches!(c, '/' | '\\');
        if is_slash(next) && self.at(colon + 2).is_some_and(is_slash) {
            return true;
        }
        let before = &self.folded[colon.saturating_sub(MAX_SCHEME)..colon];
        let length = before.iter().rev().take_while(|c| c.is_ascii_alphanumeric() || "+.-".contains(**c)).count();
        let word: String = before[before.len() - length..].iter().collect();
        let word = word.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        // Plain ASCII has only what follows letters in other forms.
        let plain = ascii_end(&self.written[colon.saturating_sub(MAX_SCHEME)..colon]).len().min(word.len());
        let ends = word.match_indices(['+', '.', '-']).map(|(at, _)| &word[at + 1..]);
        let opens = is_slash(next) || next == '?';
        // After a colon, such as in `log-group:/aws/lambda` of an ARN, the word is a part of a longer name.
        let continues = self.before(colon - length) == Some(':')
            && self.marked.last().is_none_or(|last| last.end != colon - length);
        let begins = opens && word.len() > 1 && (!continues || word.contains('.'));
        let is_image = next.is_ascii_digit() && self.is_in_path(colon - length);
        let is_scheme = |word: &str| is_scheme(word) && !(is_image && is_name(word));
        begins || is_scheme(word) || is_scheme(&word[word.len() - plain..]) || ends.into_iter().any(is_scheme)
    }

    /// Whether what begins here follows a part of a path, as in `shop/search:3.9.2`.
    fn is_in_path(&self, at: usize) -> bool {
        self.before(at) == Some('/') && self.before(at - 1).is_some_and(is_label)
    }

    /// Whether the `@` here is between a name and a host.
    fn is_address(&self, at: usize) -> bool {
        let name = self.before(at).is_some_and(|c| !c.is_whitespace() && !"\"'`([{<,;:/".contains(c));
        let host = &self.folded[at + 1..];
        let host = &host[..host.iter().take_while(|c| is_label(**c) || **c == '.').count()];
        let is_number = host.iter().filter(|c| **c == '.').count() >= 3;
        name && (host.iter().any(|c| c.is_alphabetic()) || is_number || self.at(at + 1) == Some('['))
    }

    /// An IPv6 address in brackets, as in addresses.
    fn literal(&mut self, at: usize) -> usize {
        const MAX: usize = 64;
        let rest = &self.folded[at + 1..self.folded.len().min(at + MAX)];
        let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || ":.%".contains(**c)).count();
        let colons = rest[..length].iter().filter(|c| **c == ':').count();
        if let Some(first) = rest[..length].iter().position(|c| *c == ':')
            && colons >= 2
            && rest.get(length) == Some(&']')
        {
            self.mark(at + 1 + first..at + 2 + first);
        }
        // What looks like an address can hold the name of a host.
        at + 1
    }

    /// Labels with dots between them, in any script.
    fn host(&mut self, at: usize, kept: Kept) -> usize {
        let mut end = at;
        let mut dots = Vec::new();
        loop {
            end += self.folded[end..].iter().take_while(|c| is_label(**c)).count();
            if self.at(end) != Some('.') || !self.at(end + 1).is_some_and(is_label) {
                break;
            }
            dots.push(end);
            end += 1;
        }
        let next = self.at(end);
        let after = self.at(end + 1);
        let port = next == Some(':') && after.is_some_and(|c| c.is_ascii_digit());
        let last = dots.last().map_or(at, |dot| dot + 1)..end;
        let is_local = |name: &[char]| name.iter().copied().eq("localhost".chars());
        let local = is_local(&self.folded[last.clone()]) || is_local(&self.plain_end(last));
        let starts = || [at].into_iter().chain(dots.iter().map(|dot| dot + 1));
        let ends = || dots.iter().copied().chain([end]);
        let labels: Vec<&[char]> = starts().zip(ends()).map(|(start, end)| &self.folded[start..end]).collect();
        let count = self.marked_dots(&labels, at..end, port, kept);
        // A reader may take any sign after `www.` for a part of a name, such as the `…` of a text that was cut there.
        let is_open = next == Some('.') && labels.iter().any(is_www);
        for dot in &dots[..count] {
            self.mark(*dot..dot + 1);
        }
        if is_open {
            return self.mark(end..end + 1);
        }
        let has_path = local && kept == Kept::Nothing && (port || next == Some('/'));
        if has_path { self.mark(end..end + 1) } else { end }
    }

    /// The ASCII at the end of a range, in lower case: in plain ASCII, the letters before it are signs between words.
    fn plain_end(&self, range: Range<usize>) -> Vec<char> {
        ascii_end(&self.written[range]).iter().map(char::to_ascii_lowercase).collect()
    }

    /// Whether the labels are in the path of a role that AWS itself creates, as in `role/aws-service-role/ecs.amazonaws.com/…`.
    /// Only S3 has pages of customers below such a name.
    fn is_service_role(&self, start: usize, labels: &[&[char]]) -> bool {
        let path = |path: &str| self.folded[..start].ends_with(&path.chars().collect::<Vec<_>>());
        (path("role/aws-service-role/") || path("role/aws-reserved/")) && !labels[0].starts_with(&['s', '3'])
    }

    /// How many dots of these labels make a link, from the first on.
    fn marked_dots(&self, labels: &[&[char]], range: Range<usize>, port: bool, kept: Kept) -> usize {
        let all = labels.len() - 1;
        if labels[..all].iter().any(is_www) {
            return all;
        }
        if kept != Kept::Nothing {
            return 0;
        }
        let (before, next, after) = (self.before(range.start), self.at(range.end), self.at(range.end + 1));
        let is_address = before == Some('@');
        let has_path = port || matches!(next, Some('/' | '?' | '\\'));
        if is_ipv4(&self.folded[range.clone()]) || is_ipv4(&self.plain_end(range.clone())) {
            let is_network = next == Some('/') && after.is_some_and(|c| c.is_ascii_digit());
            return if is_address || has_path && !is_network { all } else { 0 };
        }
        let continues = next == Some(':') && after.is_some_and(|c| !c.is_whitespace())
            || before == Some('.')
            || next.is_some_and(|c| c == '@' || !c.is_ascii());
        let as_written = self.written[range.clone()] == self.folded[range.clone()];
        let has_path = has_path && !(next == Some('/') && self.is_service_role(range.start, labels));
        if is_aws_service(labels) && as_written && !is_address && !has_path && !continues {
            return 0;
        }
        let is_word = labels[all].iter().all(|c| c.is_alphabetic());
        if is_word && (is_address || has_path && labels[all].len() > 1) {
            return all;
        }
        let written: Vec<char> = self.written[range].iter().map(char::to_ascii_lowercase).collect();
        let mut at = 0;
        let last = labels.iter().enumerate().filter(|(_, label)| {
            let as_written = &written[at..at + label.len()];
            at += label.len() + 1;
            is_top_level(label) || is_top_level(as_written)
        });
        last.last().map_or(0, |(index, _)| index)
    }
}

/// Whether a label is like that of `www.` or `www2.`, also with any word before it.
fn is_www(label: &&[char]) -> bool {
    let digits = label.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    label[..label.len() - digits].ends_with(&['w', 'w', 'w'])
}

/// The characters of a label, in any script: all but blanks and punctuation.
fn is_label(c: char) -> bool {
    let is_punctuation = matches!(c, '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}' | '\u{fe10}'..='\u{fe6f}');
    c.is_alphanumeric() || c == '-' || c == '_' || !c.is_ascii() && !is_punctuation && !c.is_whitespace()
}

/// What follows the last character that is not ASCII.
fn ascii_end(text: &[char]) -> &[char] {
    let length = text.iter().rev().take_while(|c| c.is_ascii()).count();
    &text[text.len() - length..]
}

fn is_ipv4(text: &[char]) -> bool {
    let mut parts = text.split(|c| *c == '.');
    let is_byte = |part: &[char]| (1..=3).contains(&part.len()) && part.iter().all(char::is_ascii_digit);
    text.iter().filter(|c| **c == '.').count() == 3 && parts.all(is_byte)
}

/// The character in lower case, and in ASCII if it is another form of a printable ASCII character (Unicode's blocks
/// "Halfwidth and Fullwidth Forms" and "Small Form Variants") a dot of host names (RFC 3490, section 3.1), or a dash.
fn fold(c: char) -> char {
    let ascii = match c {
        '\u{3002}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' => '.',
        // A message in plain ASCII shows these as `-`.
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{fe55}' => ':',
        '\u{fe68}' => '\\',
        '\u{fe6b}' => '@',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    if ascii.is_ascii() { ascii.to_ascii_lowercase() } else { ascii.to_lowercase().next().unwrap_or(ascii) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_links_are_in_brackets() {
        for (text, expected) in [
            ("see https://a.example/://x", "see https[:][//]a[.]example/[:][//]x"),
            ("WWW.a.b wwww.b www www2.c", "WWW[.]a[.]b wwww[.]b www www2[.]c"),
            (
                "a@‐https .‐iam.amazonaws.com −ec2.amazonaws.com",
                "a[@]‐https .‐iam[.]amazonaws[.]com −ec2[.]amazonaws[.]com",
            ),
            ("www.… a www2.: x.www. wwww", "www[.]… a www2[.]: x.www[.] wwww"),
            ("mailto:x@evil.example tel:+123 sip:a@b.c", "mailto[:]x[@]evil[.]example tel[:]+123 sip[:]a[@]b[.]c"),
            ("file:C:\\x javascript:alert(1) x-evil:open", "file[:]C:\\x javascript[:]alert(1) x-evil[:]open"),
            ("evil:/x ms-msdt:/id data:text/html", "evil[:]/x ms-msdt[:]/id data[:]text/html"),
            ("search:3 x/data:text/html x/ssh:1 /search:1", "search[:]3 x/data[:]text/html x/ssh[:]1 /search[:]1"),
            ("\\\\host\\share //host a//b \\/h", "[\\\\]host\\share [//]host a[//]b [\\/]h"),
            ("www。evil。example a．com b｡de", "www[.]evil[.]example a[.]com b[.]de"),
            ("ｈｔｔｐ：／／ｅｖｉｌ．ｃｏｍ", "ｈｔｔｐ[:][//]ｅｖｉｌ[.]ｃｏｍ"),
            ("http://[2001:db8::1]/ [::1]:80", "http[:][//][2001[:]db8::1]/ [[:]:1]:80"),
            ("[sub.evil.co...01:db8::1]", "[sub[.]evil[.]co...01[:]db8::1]"),
            ("ada@example.com root@host a@192.0.2.1", "ada[@]example[.]com root[@]host a[@]192[.]0[.]2[.]1"),
            ("evil.xn--p1ai пример.рф 例え.みんな x.com-y", "evil[.]xn--p1ai пример[.]рф 例え[.]みんな x[.]com-y"),
            (
                "192.0.2.1/login 192.0.2.1:8080 evil.newtld/x",
                "192[.]0[.]2[.]1/login 192[.]0[.]2[.]1:8080 evil[.]newtld/x",
            ),
            (
                "localhost:8080 x.s3.amazonaws.com s3.amazonaws.com/x",
                "localhost[:]8080 x[.]s3[.]amazonaws[.]com s3[.]amazonaws[.]com/x",
            ),
        ] {
            assert_eq!(defanged(text), expected);
            assert_eq!(defanged(expected), expected, "once is enough");
        }
    }

    #[test]
    fn ordinary_values_stay_as_they_are() {
        for text in [
            "arn:aws:iam::111122223333:user/é www",
            "shop/search:3.9.2 shop/data:2026-01 shop/my-search:1 shop/search-api:2",
            "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/aws/lambda/x:*",
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0 iam:CreateUser s3:* AROAEXAMPLE:mallory",
            "m7g.large Client.UnauthorizedOperation ada.lovelace aurora-postgresql15.4",
            "iam.amazonaws.com called. From 192.0.2.0/24 and 2001:db8::/32 at 2026-03-02T09:05:17Z",
            "aws-cli/2.33.7 md/awscrt#0.29.1 ua/2.1 os/linux#6.11.0-1018-azure md/arch#x86_64 lang/python#3.13.11 cfg/retry-mode#standard",
            "Chrome/138.0.0.0 Safari/537.36 (X11; Linux x86_64) nginx:1.29 a/b c\\d",
            "文。次の文 日本語、です",
        ] {
            assert_eq!(defanged(text), text);
        }
    }

    #[test]
    fn kept_names_are_no_addresses() {
        let kept = |text: &str, kept| defanged_with(text, kept, |_| "_".to_owned());
        let names = "https://a.example ada@example.com www.b.example \\\\h\\s";
        assert_eq!(kept(names, Kept::Names), "https__a.example ada@example.com www_b_example _h\\s");
        assert_eq!(kept("matches \"^svc-\\\\d+$\" mailto:x", Kept::Patterns), "matches \"^svc-\\\\d+$\" mailto_x");
    }
}

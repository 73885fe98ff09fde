//! The right sides of other languages: texts, numbers, lists, other fields and regular expressions.

use super::{
    field::is_field,
    reader::{Reader, is_blank, plain},
};
use crate::{
    filter::{mistake::curly, operand::Value},
    number::Number,
    record::Path,
};

/// What a condition of another language compares with.
#[derive(Clone, Debug)]
pub enum ForeignValue {
    /// One value.
    One(Value),
    /// Text without quotes, in which `*` is a wildcard.
    Bare(String),
    /// Any value at all: `*`.
    Any,
    /// A regular expression, and whether it ignores letter case.
    Pattern(String, bool),
    /// Several values.
    Many(Vec<ForeignValue>),
    /// A list of the rules file.
    Named(String),
    /// The values of another field.
    Field(Path),
    /// The numbers from one to another.
    Range(Number, Number),
}

impl Reader<'_> {
    /// The right side of an operator. `raw` text keeps its backslashes. Values without brackets follow each other after `,` and
    /// these words.
    pub fn value(&mut self, raw: bool, words: &[&str]) -> Option<ForeignValue> {
        let first = self.one_value(raw)?;
        Some(if words.is_empty() { first } else { self.further_values(first, raw, words) })
    }

    /// Values after `,` or a word that are no conditions: `= "a" or "b"`, `in "a", "b"`.
    fn further_values(&mut self, first: ForeignValue, raw: bool, words: &[&str]) -> ForeignValue {
        if !matches!(first, ForeignValue::One(Value::Text(_) | Value::Number(_))) {
            return first;
        }
        let mut values = vec![first];
        loop {
            let mut ahead = self.clone();
            let comma = ahead.eat_after_blanks(',');
            if !comma && !words.iter().any(|word| ahead.eat_word(word)) {
                ahead.blanks();
                let Some(bars) = ["||", "&&"].into_iter().find(|bars| ahead.rest().starts_with(bars)) else { break };
                if !words.contains(&if bars == "||" { "or" } else { "and" }) {
                    break;
                }
                ahead.skip(bars.len());
            }
            // `1,000` is one number.
            let is_apart = ahead.rest().starts_with(is_blank);
            ahead.blanks();
            let digit = comma && is_apart && ahead.peek().is_some_and(|c| c.is_ascii_digit());
            let is_literal = digit || ahead.peek().is_some_and(|c| matches!(c, '"' | '\'') || curly(c).is_some());
            let Some(value) = ahead.one_value(raw).filter(|_| is_literal && ahead.at_end()) else { break };
            ahead.mark("expected-list", || "several values are a list in brackets".to_owned());
            *self = ahead;
            values.push(value);
        }
        if values.len() == 1 { values.remove(0) } else { ForeignValue::Many(values) }
    }

    /// One value, or a list in brackets.
    pub fn one_value(&mut self, raw: bool) -> Option<ForeignValue> {
        self.blanks();
        let c = self.rest().chars().next()?;
        if matches!(plain(c), '"' | '\'') || curly(c).is_some() {
            return self.text(raw).map(|text| ForeignValue::One(Value::Text(text)));
        }
        match plain(c) {
            '/' => return self.pattern(),
            '(' | '[' | '{' => return self.list(raw),
            '*' => {
                let mut ahead = self.clone();
                ahead.skip(1);
                if ahead.at_end() {
                    *self = ahead;
                    self.mark("expected-value", || "`*` is not a value".to_owned());
                    return Some(ForeignValue::Any);
                }
            }
            '.' | '@' => {
                let mut ahead = self.clone();
                if let Some((path, None)) = ahead.field() {
                    *self = ahead;
                    self.mark("unquoted-text", || {
                        "the other field of a comparison follows the word `field`".to_owned()
                    });
                    return Some(ForeignValue::Field(path));
                }
            }
            _ => {}
        }
        self.word_value(raw)
    }

    /// A word, a number, another field, or text without quotes.
    fn word_value(&mut self, raw: bool) -> Option<ForeignValue> {
        let mut ahead = self.clone();
        let word = ahead.word().unwrap_or_default();
        // `r"…"`, `N'…'`, `@"…"`
        if word.len() == 1 && ahead.rest().starts_with(['"', '\'']) {
            let keeps = raw || matches!(word, "r" | "R" | "@");
            self.skip(1);
            self.mark("expected-value", || format!("text has no `{word}` before its quotes"));
            return self.text(keeps).map(|text| ForeignValue::One(Value::Text(text)));
        }
        if word == "field" && ahead.rest().starts_with(is_blank) {
            *self = ahead;
            return self.field().filter(|(_, method)| method.is_none()).map(|(path, _)| ForeignValue::Field(path));
        }
        if let Some(name) = word.strip_prefix('$').filter(|name| !name.is_empty())
            && !ahead.rest().starts_with('.')
        {
            *self = ahead;
            return Some(ForeignValue::Named(name.to_owned()));
        }
        // `dynamic([…])`, `ARRAY[…]`, `set(…)`
        let makes_list =
            ["dynamic", "array", "set", "list", "tuple", "values", "any", "frozenset", "array_constructor", "all"];
        if makes_list.iter().any(|name| word.eq_ignore_ascii_case(name)) && matches!(ahead.peek(), Some('(' | '[')) {
            *self = ahead;
            let shown = word.to_owned();
            self.mark("expected-list", || format!("a list has no `{shown}` before its bracket"));
            return self.list(raw);
        }
        let bare: String =
            self.rest().chars().take_while(|c| !is_blank(*c) && !"(),;)]}&|\"'".contains(plain(*c))).collect();
        // A path with an index.
        if is_field(&bare) {
            let mut ahead = self.clone();
            if let Some((path, None)) = ahead.field() {
                *self = ahead;
                self.mark("unquoted-text", || "the other field of a comparison follows the word `field`".to_owned());
                return Some(ForeignValue::Field(path));
            }
        }
        if !bare.contains(|c: char| c.is_alphanumeric() || c == '*') {
            return None;
        }
        self.skip(bare.len());
        let constant = match bare.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            "none" | "nil" | "undefined" | "nan" | "missing" => {
                self.mark("expected-value", || format!("`{bare}` is not a value"));
                Some(Value::Null)
            }
            _ => None,
        };
        if let Some(constant) = constant {
            return Some(ForeignValue::One(constant));
        }
        let ascii: String = bare.chars().map(plain).collect();
        if ascii != bare {
            self.mark("look-alike", || format!("`{bare}` has a character that only looks like one of ASCII"));
        }
        let digits = ascii.trim_start_matches('-');
        let zero = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        match Number::parse(&ascii) {
            Some(number) if !zero => Some(ForeignValue::One(Value::Number(number))),
            _ if bare.contains(['*', '?']) => {
                self.mark("unquoted-text", || format!("`{bare}` is not in quotes"));
                Some(ForeignValue::Bare(bare))
            }
            _ => {
                self.elsewhere = true;
                Some(ForeignValue::One(Value::Text(bare)))
            }
        }
    }

    /// Text in quotes of any kind.
    fn text(&mut self, raw: bool) -> Option<String> {
        let opening = self.rest().chars().next()?;
        let curly_pair = curly(opening).is_some() || plain(opening) != opening;
        if curly_pair {
            let name = curly(opening).map_or("not a straight quote", |(name, _)| name);
            self.mark("curly-quote", || format!("`{opening}` is {name}"));
        }
        self.skip(opening.len_utf8());
        let mut text = String::new();
        loop {
            let c = self.rest().chars().next().filter(|c| !matches!(c, '\n' | '\r'))?;
            self.skip(c.len_utf8());
            let closes = if curly_pair {
                curly(c).is_some_and(|(_, straight)| Some(straight) == curly(opening).map(|(_, one)| one))
                    || plain(c) == plain(opening)
                    || curly(opening).is_some_and(|(_, straight)| c == straight)
            } else {
                c == opening
            };
            if closes {
                // SQL doubles a quote inside a text.
                if !curly_pair && self.rest().starts_with(opening) {
                    self.skip(opening.len_utf8());
                    self.mark("bad-escape", || format!("`{opening}{opening}` is not an escape"));
                    text.push(opening);
                    continue;
                }
                return Some(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let escaped = self.rest().chars().next()?;
            self.skip(escaped.len_utf8());
            match escaped {
                _ if raw && escaped == opening => text.push(escaped),
                _ if raw => text.extend(['\\', escaped]),
                '\\' | '"' | '\'' => text.push(escaped),
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                _ => return None,
            }
        }
    }

    /// `/…/i`
    fn pattern(&mut self) -> Option<ForeignValue> {
        self.skip(1);
        let mut pattern = String::new();
        loop {
            let c = self.rest().chars().next().filter(|c| !matches!(c, '\n' | '\r'))?;
            self.skip(c.len_utf8());
            match c {
                '/' => break,
                '\\' if self.rest().starts_with('/') => {
                    self.skip(1);
                    pattern.push('/');
                }
                '\\' => {
                    let next = self.rest().chars().next()?;
                    self.skip(next.len_utf8());
                    pattern.extend(['\\', next]);
                }
                c => pattern.push(c),
            }
        }
        let flags = self.word().unwrap_or_default();
        if pattern.is_empty() || flags.len() > 6 {
            return None;
        }
        self.mark("expected-value", || "a regular expression is text in quotes after `matches`".to_owned());
        Some(ForeignValue::Pattern(pattern, flags.contains('i')))
    }

    /// Values in brackets of any kind; `{}` is an object without keys.
    fn list(&mut self, raw: bool) -> Option<ForeignValue> {
        let opening = self.peek()?;
        if self.rest().starts_with("{}") {
            self.skip(2);
            return Some(ForeignValue::One(Value::EmptyObject));
        }
        self.eat(opening);
        let closing = match opening {
            '(' => ')',
            '[' => ']',
            _ => '}',
        };
        if opening != '(' {
            self.mark("expected-list", || format!("`{opening}` does not begin a list of values"));
        }
        if self.depth >= super::reader::MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let mut values = Vec::new();
        loop {
            if self.eat_after_blanks(closing) {
                break;
            }
            match self.one_value(raw)? {
                ForeignValue::Many(inner) => values.extend(inner),
                value => values.push(value),
            }
            let to = self.eat_word("to") || self.rest().trim_start().starts_with("..");
            if to && values.len() == 1 {
                self.eat_after_blanks('.');
                self.eat_after_blanks('.');
                let (Some(ForeignValue::One(Value::Number(low))), ForeignValue::One(Value::Number(high))) =
                    (values.pop(), self.one_value(raw)?)
                else {
                    return None;
                };
                self.depth -= 1;
                return (self.eat_after_blanks(closing) || self.eat_after_blanks('}'))
                    .then_some(ForeignValue::Range(low, high));
            }
            if !self.eat_after_blanks(',') {
                if self.eat_word("or") || self.eat_word("and") {
                    self.mark("unclosed-list", || "the values of a list have `,` between them".to_owned());
                } else if self.rest().trim_start().starts_with("||") {
                    self.blanks();
                    self.skip(2);
                    self.mark("unclosed-list", || "the values of a list have `,` between them".to_owned());
                } else {
                    self.blanks();
                    if self.peek() != Some(closing) {
                        self.mark("unclosed-list", || "the values of a list have `,` between them".to_owned());
                    }
                }
            } else if self.rest().trim_start().starts_with(closing) {
                self.mark("expected-value", || "a list does not end with `,`".to_owned());
            }
        }
        self.depth -= 1;
        match values.is_empty() {
            true if opening == '[' => Some(ForeignValue::One(Value::Null)),
            true => None,
            false => Some(ForeignValue::Many(values)),
        }
    }
}

//! The smallest parts of the grammar: words, names, paths, values and text.

use winnow::{
    LocatingSlice, ModalResult, Parser,
    combinator::{alt, delimited, opt, peek},
    error::{ErrMode, ParserError},
    stream::Location,
    token::{any, one_of, take_while},
};

use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Name, Operand},
        continues_bare_word,
        mistake::{self, Found},
        operand::Value,
        starts_bare_word,
    },
    number::Number,
    record::{Path, Root, Step, Virtual},
};

/// A filter's text, and how far it has been read.
pub type Input<'a> = LocatingSlice<&'a str>;
/// What a part of the grammar gives.
pub type Parsed<T> = ModalResult<T, Mistake>;

/// `None` while the parser may still try another way; every way that has committed says what is wrong.
#[derive(Debug)]
pub struct Mistake(pub Option<Box<Diagnostic>>);

impl<'a> ParserError<Input<'a>> for Mistake {
    type Inner = Self;

    fn from_input(_: &Input<'a>) -> Self {
        Self(None)
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// The mistake that ends the parse.
pub fn cut(diagnostic: Diagnostic) -> ErrMode<Mistake> {
    ErrMode::Cut(Mistake(Some(Box::new(diagnostic))))
}

/// Not this way; another may do.
pub fn backtrack() -> ErrMode<Mistake> {
    ErrMode::Backtrack(Mistake(None))
}

/// A path; backtracks where there is none at all. `inside` of an `any`, names belong to its element.
pub fn path(input: &mut Input<'_>, inside: bool) -> Parsed<Path> {
    let (first, quoted) = segment(input)?;
    let mut path = match (first.as_str(), Virtual::named(&first)) {
        ("it", _) if inside && !quoted => Path { root: Root::Element, steps: Vec::new() },
        ("record", _) if inside && !quoted => record(input)?,
        _ if inside => Path { root: Root::Element, steps: vec![Step::Key(first)] },
        (_, Some(field)) if !quoted => Path { root: Root::Virtual(field), steps: Vec::new() },
        _ => Path { root: Root::Record, steps: vec![Step::Key(first)] },
    };
    loop {
        if opt('.').parse_next(input)?.is_some() {
            path.steps.push(Step::Key(name(input)?.0));
        } else if opt('[').parse_next(input)?.is_some() {
            path.steps.push(Step::Index(index(input)?));
        } else {
            return Ok(path);
        }
    }
}

/// What follows `record` inside of an `any`: a path as it stands outside.
fn record(input: &mut Input<'_>) -> Parsed<Path> {
    if opt('.').parse_next(input)?.is_none() {
        return Ok(Path { root: Root::Record, steps: Vec::new() });
    }
    let (first, quoted) = name(input)?;
    Ok(match Virtual::named(&first).filter(|_| !quoted) {
        Some(field) => Path { root: Root::Virtual(field), steps: Vec::new() },
        None => Path { root: Root::Record, steps: vec![Step::Key(first)] },
    })
}

/// A segment behind a `.`.
fn name(input: &mut Input<'_>) -> Parsed<(String, bool)> {
    match segment(input) {
        Err(ErrMode::Backtrack(_)) => Err(cut(mistake::expected_segment(found(input)))),
        segment => segment,
    }
}

/// A place in a list, behind its `[`.
fn index(input: &mut Input<'_>) -> Parsed<usize> {
    let start = input.current_token_start() - 1;
    let inside: &str = take_while(0.., |c: char| c != ']' && !c.is_whitespace()).parse_next(input)?;
    let closed = opt(']').parse_next(input)?.is_some();
    let digits = inside.bytes().all(|byte| byte.is_ascii_digit());
    match inside.parse() {
        Ok(index) if closed && digits => Ok(index),
        _ => Err(cut(mistake::bad_index(inside, closed, Span::new(start, input.current_token_start())))),
    }
}

/// A name, and whether it stood in back-quotes.
fn segment(input: &mut Input<'_>) -> Parsed<(String, bool)> {
    let opening = input.current_token_start();
    if opt('`').parse_next(input)?.is_none() {
        return word(input).map(|name| (name.to_owned(), false));
    }
    let name = take_while(0.., |c| !matches!(c, '`' | '\n' | '\r')).parse_next(input)?;
    match opt('`').parse_next(input)? {
        Some(_) if name.is_empty() => Err(cut(mistake::empty_name(Span::new(opening, opening + 2)))),
        Some(_) => Ok((name.to_owned(), true)),
        None => Err(cut(mistake::unclosed_quote('`', name, found(input), Span::new(opening, opening + 1)))),
    }
}

/// `and` or `or`.
pub fn connective(input: &mut Input<'_>) -> Parsed<()> {
    alt((keyword("and"), keyword("or"))).parse_next(input)
}

/// The name of a list behind its `$`.
pub fn list_name(input: &mut Input<'_>) -> Parsed<Name> {
    let start = input.current_token_start();
    let name: &str = preceded_by_dollar(input)?;
    Ok(Name { name: name.to_owned(), span: Span::new(start, input.current_token_start()) })
}

fn preceded_by_dollar<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    one_of('$').parse_next(input)?;
    take_while(0.., continues_bare_word).parse_next(input)
}

/// Backtracks where nothing stands that could be meant as a value.
pub fn value(input: &mut Input<'_>, raw: bool) -> Parsed<Operand> {
    let start = input.current_token_start();
    let value = match peek(any).parse_next(input)? {
        quote @ ('"' | '\'') => Value::Text(string(input, quote, raw)?),
        c if c == '-' || c.is_ascii_digit() => number(input)?,
        c if starts_bare_word(c) => constant(input)?,
        _ => return Err(backtrack()),
    };
    Ok(Operand { value, span: Span::new(start, input.previous_token_end()) })
}

fn constant(input: &mut Input<'_>) -> Parsed<Value> {
    if opt(peek(connective)).parse_next(input)?.is_some() {
        return Err(backtrack());
    }
    let found = found(input);
    match word(input)?.to_ascii_lowercase().as_str() {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" => Ok(Value::Null),
        _ => Err(cut(mistake::unquoted(found))),
    }
}

fn number(input: &mut Input<'_>) -> Parsed<Value> {
    let found = found(input);
    let text = take_while(1.., |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | ':' | '/'))
        .parse_next(input)?;
    let digits = text.trim_start_matches('-');
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(cut(mistake::leading_zero(text, found.span)));
    }
    let leading_zero = digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit());
    match Number::parse(text) {
        Some(number) if !leading_zero => Ok(Value::Number(number)),
        None if text.parse::<f64>().is_ok_and(f64::is_infinite) => Err(cut(mistake::number_too_large(found))),
        _ => Err(cut(mistake::unquoted(found))),
    }
}

/// Text in quotes; `raw` text keeps its backslashes but for one before its own quote.
fn string(input: &mut Input<'_>, quote: char, raw: bool) -> Parsed<String> {
    let opening = input.current_token_start();
    any.parse_next(input)?;
    let mut text = String::new();
    loop {
        let plain: &str = take_while(0.., |c| c != quote && !matches!(c, '\\' | '\n' | '\r')).parse_next(input)?;
        text.push_str(plain);
        let end = found(input);
        match opt(any).parse_next(input)? {
            Some('\\') if raw => match opt(one_of(|c| !matches!(c, '\n' | '\r'))).parse_next(input)? {
                Some(c) if c == quote => text.push(c),
                Some(c) => text.extend(['\\', c]),
                None => text.push('\\'),
            },
            Some('\\') => text.push(escape(input)?),
            Some(c) if c == quote => return Ok(text),
            _ => return Err(cut(mistake::unclosed_quote(quote, &text, end, Span::new(opening, opening + 1)))),
        }
    }
}

/// What follows a backslash.
fn escape(input: &mut Input<'_>) -> Parsed<char> {
    let start = input.current_token_start() - 1;
    match opt(any).parse_next(input)? {
        Some(c @ ('\\' | '"' | '\'')) => Ok(c),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('u') => {
            let digits = take_while(1..=6, |c: char| c.is_ascii_hexdigit());
            let code: Option<&str> = opt(delimited('{', digits, '}')).parse_next(input)?;
            code.and_then(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?))
                .ok_or_else(|| cut(mistake::bad_code_point(Span::new(start, input.current_token_start()))))
        }
        letter => Err(cut(mistake::unknown_escape(letter, start))),
    }
}

pub fn keyword<'a>(expected: &'static str) -> impl Parser<Input<'a>, (), ErrMode<Mistake>> {
    word.verify(move |found: &str| found.eq_ignore_ascii_case(expected)).void()
}

pub fn word<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    (one_of(starts_bare_word), take_while(0.., continues_bare_word)).take().parse_next(input)
}

pub fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

/// What stands at this place, up to the next blank or bracket.
pub fn found(input: &Input<'_>) -> Found {
    let start = input.current_token_start();
    let rest: &str = input.as_ref();
    let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',')).unwrap_or(rest.len());
    let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
    Found { text: rest[..length].to_owned(), span: Span::new(start, start + length) }
}

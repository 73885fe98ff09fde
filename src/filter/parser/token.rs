//! The smallest parts of the grammar: words, values and text.

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
        ast::{ListName, Operand},
        mistake::{self, Unexpected},
        operand::Value,
    },
    number::Number,
};

/// The part of a filter's text that has not been parsed.
pub type Input<'a> = LocatingSlice<&'a str>;
/// The result of a part of the grammar.
pub type Parsed<T> = ModalResult<T, Mistake>;

/// What is wrong; `None` while the parser may still try another alternative.
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

/// This alternative does not apply; another may.
pub fn backtrack() -> ErrMode<Mistake> {
    ErrMode::Backtrack(Mistake(None))
}

/// Runs a parser over a whole text; `leftover` makes the diagnostic of what follows the parsed part.
///
/// # Errors
///
/// The first mistake in the text.
pub fn whole<T>(
    text: &str,
    mut parser: impl FnMut(&mut Input<'_>) -> Parsed<T>,
    leftover: fn(Unexpected) -> Diagnostic,
) -> Result<T, Box<Diagnostic>> {
    let mut input = LocatingSlice::new(text);
    let parsed = parser(&mut input).and_then(|parsed| {
        blanks(&mut input)?;
        if input.is_empty() { Ok(parsed) } else { Err(cut(leftover(unexpected(&input)))) }
    });
    parsed.map_err(|error| match error {
        ErrMode::Cut(Mistake(Some(diagnostic))) => diagnostic,
        _ => Box::new(mistake::expected_condition(unexpected(&input))),
    })
}

/// Whether a bare word may begin with `c`.
pub fn starts_bare_word(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$')
}

/// Whether a bare word may continue with `c`.
pub fn continues_bare_word(c: char) -> bool {
    starts_bare_word(c) || c.is_ascii_digit() || matches!(c, ':' | '-')
}

/// `and` or `or`.
pub fn connective(input: &mut Input<'_>) -> Parsed<()> {
    alt((keyword("and"), keyword("or"))).parse_next(input)
}

/// The name of a list after its `$`.
pub fn list_name(input: &mut Input<'_>) -> Parsed<ListName> {
    let start = input.current_token_start();
    let name: &str = preceded_by_dollar(input)?;
    Ok(ListName { name: name.to_owned(), span: Span::new(start, input.current_token_start()) })
}

fn preceded_by_dollar<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    one_of('$').parse_next(input)?;
    take_while(0.., continues_bare_word).parse_next(input)
}

/// A value; backtracks where the text cannot be one. `raw` text keeps its backslashes.
pub fn value(input: &mut Input<'_>, raw: bool) -> Parsed<Operand> {
    let start = input.current_token_start();
    let value = match peek(any).parse_next(input)? {
        quote @ ('"' | '\'') => Value::Text(string(input, quote, raw)?),
        c if c == '-' || c.is_ascii_digit() => number(input)?,
        '{' if opt("{}").parse_next(input)?.is_some() => Value::EmptyObject,
        c if starts_bare_word(c) => constant(input)?,
        _ => return Err(backtrack()),
    };
    Ok(Operand { value, span: Span::new(start, input.previous_token_end()) })
}

fn constant(input: &mut Input<'_>) -> Parsed<Value> {
    if opt(peek(connective)).parse_next(input)?.is_some() {
        return Err(backtrack());
    }
    let found = unexpected(input);
    match word(input)?.to_ascii_lowercase().as_str() {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" => Ok(Value::Null),
        _ => Err(cut(mistake::unquoted(found))),
    }
}

fn number(input: &mut Input<'_>) -> Parsed<Value> {
    let found = unexpected(input);
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

/// Text in quotes; `raw` text keeps its backslashes, except one before its own quote.
fn string(input: &mut Input<'_>, quote: char, raw: bool) -> Parsed<String> {
    let opening = input.current_token_start();
    any.parse_next(input)?;
    let mut text = String::new();
    loop {
        let plain: &str = take_while(0.., |c| c != quote && !matches!(c, '\\' | '\n' | '\r')).parse_next(input)?;
        text.push_str(plain);
        let end = unexpected(input);
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

/// The character that the part after a backslash denotes.
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

/// A word of the language, in any case.
pub fn keyword<'a>(expected: &'static str) -> impl Parser<Input<'a>, (), ErrMode<Mistake>> {
    word.verify(move |found: &str| found.eq_ignore_ascii_case(expected)).void()
}

/// A bare word: `[A-Za-z_@$][A-Za-z0-9_@$:-]*`.
pub fn word<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    (one_of(starts_bare_word), take_while(0.., continues_bare_word)).take().parse_next(input)
}

/// Blanks, if there are any.
pub fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

/// The text at this place, up to the next blank or bracket.
pub fn unexpected(input: &Input<'_>) -> Unexpected {
    let start = input.current_token_start();
    let rest: &str = input.as_ref();
    let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',')).unwrap_or(rest.len());
    let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
    Unexpected { text: rest[..length].to_owned(), span: Span::new(start, start + length) }
}

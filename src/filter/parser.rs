//! Text → [`Expr`]: the grammar, and with it the mistakes that people make.
//!
//! The first mistake ends the parse; it is a [`Diagnostic`] whose spans lie in the filter's text.

use winnow::{
    LocatingSlice, ModalResult, Parser,
    combinator::{alt, delimited, opt, peek, preceded},
    error::{ErrMode, ParserError},
    stream::{Location, Stream},
    token::{any, one_of, take_while},
};

use super::{
    ast::{Compare, Expr, ExprKind, Operand},
    mistake::{self, Found},
    operator::{self, Operator, Takes, Value},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    number::Number,
    record::{Path, Root, Virtual, continues_bare_word, starts_bare_word},
};

/// The longest text of a filter, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// How deep conditions may lie in each other; each `not`, bracket and comparison counts one.
pub const MAX_NESTING: usize = 64;

/// Reads a whole filter. The error is the first mistake in it.
pub fn parse(text: &str) -> Result<Expr, Box<Diagnostic>> {
    if text.len() > MAX_LENGTH {
        return Err(mistake::too_long(text.len()).into());
    }
    if text.trim().is_empty() {
        return Err(mistake::empty().into());
    }
    whole(text, |input| or(input, 0), mistake::after_condition)
}

/// Reads a path that stands alone, as titles and rule tests have it.
pub fn parse_path(text: &str) -> Result<Path, Box<Diagnostic>> {
    whole(text, path, mistake::after_path)
}

fn whole<T>(
    text: &str,
    mut parser: impl FnMut(&mut Input<'_>) -> Parsed<T>,
    leftover: fn(Found) -> Diagnostic,
) -> Result<T, Box<Diagnostic>> {
    let mut input = LocatingSlice::new(text);
    let parsed = parser(&mut input).and_then(|parsed| {
        blanks(&mut input)?;
        if input.is_empty() { Ok(parsed) } else { Err(cut(leftover(found(&input)))) }
    });
    parsed.map_err(|error| match error {
        ErrMode::Cut(Mistake(Some(diagnostic))) => diagnostic,
        _ => Box::new(mistake::expected_condition(found(&input))),
    })
}

type Input<'a> = LocatingSlice<&'a str>;
type Parsed<T> = ModalResult<T, Mistake>;

/// `None` while the parser may still try another way; every way that has committed says what is wrong.
#[derive(Debug)]
struct Mistake(Option<Box<Diagnostic>>);

impl<'a> ParserError<Input<'a>> for Mistake {
    type Inner = Self;

    fn from_input(_: &Input<'a>) -> Self {
        Self(None)
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

fn cut(diagnostic: Diagnostic) -> ErrMode<Mistake> {
    ErrMode::Cut(Mistake(Some(Box::new(diagnostic))))
}

fn backtrack() -> ErrMode<Mistake> {
    ErrMode::Backtrack(Mistake(None))
}

fn or(input: &mut Input<'_>, depth: usize) -> Parsed<Expr> {
    chain(input, "or", ExprKind::Or, |input| and(input, depth))
}

fn and(input: &mut Input<'_>, depth: usize) -> Parsed<Expr> {
    chain(input, "and", ExprKind::And, |input| unary(input, depth))
}

/// One condition, or several with a word between them.
fn chain(
    input: &mut Input<'_>,
    word: &'static str,
    kind: fn(Vec<Expr>) -> ExprKind,
    mut part: impl FnMut(&mut Input<'_>) -> Parsed<Expr>,
) -> Parsed<Expr> {
    let first = part(input)?;
    let mut parts = vec![first];
    while preceded(blanks, opt(keyword(word))).parse_next(input)?.is_some() {
        parts.push(part(input)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { joined(kind, parts) })
}

fn joined(kind: fn(Vec<Expr>) -> ExprKind, parts: Vec<Expr>) -> Expr {
    let span = match parts.as_slice() {
        [first, .., last] => first.span.to(last.span),
        _ => Span::default(),
    };
    Expr { kind: kind(parts), span }
}

fn unary(input: &mut Input<'_>, depth: usize) -> Parsed<Expr> {
    blanks(input)?;
    let start = input.current_token_start();
    if depth >= MAX_NESTING {
        return Err(cut(mistake::too_deep(Span::new(start, start + 1))));
    }
    if let Some(bracket) = opt('('.span()).parse_next(input)? {
        return bracketed(input, bracket.into(), depth);
    }
    if opt(peek(keyword("not"))).parse_next(input)?.is_some() {
        return negation(input, start, depth);
    }
    compare(input)
}

fn bracketed(input: &mut Input<'_>, bracket: Span, depth: usize) -> Parsed<Expr> {
    let inner = or(input, depth + 1)?;
    blanks(input)?;
    match opt(')').parse_next(input)? {
        Some(_) => Ok(Expr { span: Span::new(bracket.start, input.previous_token_end()), ..inner }),
        None => Err(cut(mistake::unclosed_bracket(found(input), bracket))),
    }
}

/// `not` negates what follows, unless an operator follows: then it is a field.
fn negation(input: &mut Input<'_>, start: usize, depth: usize) -> Parsed<Expr> {
    let before = input.checkpoint();
    let as_field = compare(input).and_then(|expr| {
        // `not exists = 1` begins like a test of the field `not`; what follows tells.
        let ends = (blanks, peek(end_of_condition)).parse_next(input);
        ends.map(|_| expr)
    });
    if as_field.is_ok() {
        return as_field;
    }
    input.reset(&before);
    keyword("not").parse_next(input)?;
    let inner = match unary(input, depth + 1) {
        Ok(inner) => inner,
        // Of the two ways to read it, the one that came further is the one that was meant.
        Err(error) => return Err(further(as_field.err(), error)),
    };
    let span = Span::new(start, inner.span.end);
    Ok(Expr { kind: ExprKind::Not(Box::new(inner)), span })
}

fn further(one: Option<ErrMode<Mistake>>, other: ErrMode<Mistake>) -> ErrMode<Mistake> {
    let place = |error: &ErrMode<Mistake>| match error {
        ErrMode::Cut(Mistake(Some(diagnostic))) => diagnostic.span.start,
        _ => 0,
    };
    match one {
        Some(one) if place(&one) > place(&other) => one,
        _ => other,
    }
}

fn end_of_condition(input: &mut Input<'_>) -> Parsed<()> {
    if input.is_empty() || input.starts_with(')') {
        return Ok(());
    }
    connective(input)
}

fn connective(input: &mut Input<'_>) -> Parsed<()> {
    alt((keyword("and"), keyword("or"))).parse_next(input)
}

fn compare(input: &mut Input<'_>) -> Parsed<Expr> {
    let start = input.current_token_start();
    let connective = opt(peek(connective.take())).parse_next(input)?;
    let path = match path(input) {
        Err(ErrMode::Backtrack(_)) => return Err(cut(mistake::expected_condition(found(input)))),
        path => path?,
    };
    blanks(input)?;
    let (operator, operator_span) = operator(input, &path).map_err(|error| match connective {
        Some(word) => cut(mistake::misplaced_connective(word, Span::new(start, start + word.len()))),
        None => error,
    })?;
    let operands = match operator.takes {
        Takes::Nothing => Vec::new(),
        Takes::Value | Takes::ValueOrNull => vec![operand(input, operator)?],
        Takes::List => list(input, operator)?,
    };
    let span = Span::new(start, input.previous_token_end());
    Ok(Expr { kind: ExprKind::Compare(Compare { path, operator, operator_span, operands }), span })
}

/// Backtracks where there is no path at all.
fn path(input: &mut Input<'_>) -> Parsed<Path> {
    let (first, raw) = segment(input)?;
    let mut path = match Virtual::named(&first).filter(|_| !raw) {
        Some(field) => Path { root: Root::Virtual(field), keys: Vec::new() },
        None => Path { root: Root::Record, keys: vec![first] },
    };
    while opt('.').parse_next(input)?.is_some() {
        match segment(input) {
            Ok((key, _)) => path.keys.push(key),
            Err(ErrMode::Backtrack(_)) => return Err(cut(mistake::expected_segment(found(input)))),
            Err(error) => return Err(error),
        }
    }
    Ok(path)
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

fn operator(input: &mut Input<'_>, path: &Path) -> Parsed<(&'static Operator, Span)> {
    let start = input.current_token_start();
    let symbols = take_while(0.., |c| mistake::OPERATOR_SYMBOLS.contains(c)).parse_next(input)?;
    let spelling = if symbols.is_empty() { opt(word).parse_next(input)?.unwrap_or_default() } else { symbols };
    let span = Span::new(start, start + spelling.len());
    match operator::named(spelling) {
        Some(operator) => Ok((operator, span)),
        None if spelling.is_empty() => Err(cut(mistake::expected_operator(found(input), path))),
        None => {
            blanks(input)?;
            let next = opt(word).parse_next(input)?.unwrap_or_default();
            Err(cut(mistake::unknown_operator(spelling, span, path, next)))
        }
    }
}

fn operand(input: &mut Input<'_>, operator: &Operator) -> Parsed<Operand> {
    blanks(input)?;
    match value(input) {
        Ok(Operand { value: Value::Null, span }) if operator.takes != Takes::ValueOrNull => {
            Err(cut(mistake::null_not_here(span, operator)))
        }
        Err(ErrMode::Backtrack(_)) => Err(cut(mistake::expected_value(found(input), operator))),
        operand => operand,
    }
}

fn list(input: &mut Input<'_>, operator: &Operator) -> Parsed<Vec<Operand>> {
    blanks(input)?;
    let Some(bracket) = opt('('.span()).parse_next(input)? else {
        return Err(cut(mistake::expected_list(found(input), operator)));
    };
    let mut operands = Vec::new();
    loop {
        operands.push(operand(input, operator)?);
        blanks(input)?;
        match opt(one_of([',', ')'])).parse_next(input)? {
            Some(',') => {}
            Some(_) => return Ok(operands),
            None => return Err(cut(mistake::unclosed_list(found(input), bracket.into()))),
        }
    }
}

/// Backtracks where nothing stands that could be meant as a value.
fn value(input: &mut Input<'_>) -> Parsed<Operand> {
    let start = input.current_token_start();
    let value = match peek(any).parse_next(input)? {
        quote @ ('"' | '\'') => Value::Text(string(input, quote)?),
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

fn string(input: &mut Input<'_>, quote: char) -> Parsed<String> {
    let opening = input.current_token_start();
    any.parse_next(input)?;
    let mut text = String::new();
    loop {
        let plain: &str = take_while(0.., |c| c != quote && !matches!(c, '\\' | '\n' | '\r')).parse_next(input)?;
        text.push_str(plain);
        let end = found(input);
        match opt(any).parse_next(input)? {
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

fn keyword<'a>(expected: &'static str) -> impl Parser<Input<'a>, (), ErrMode<Mistake>> {
    word.verify(move |found: &str| found.eq_ignore_ascii_case(expected)).void()
}

fn word<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    (one_of(starts_bare_word), take_while(0.., continues_bare_word)).take().parse_next(input)
}

fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

/// What stands at this place, up to the next blank or bracket.
fn found(input: &Input<'_>) -> Found {
    let start = input.current_token_start();
    let rest: &str = input.as_ref();
    let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',')).unwrap_or(rest.len());
    let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
    Found { text: rest[..length].to_owned(), span: Span::new(start, start + length) }
}

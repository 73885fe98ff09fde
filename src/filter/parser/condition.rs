//! The grammar of conditions.

use winnow::{
    Parser,
    combinator::{alt, opt, peek, preceded},
    error::ErrMode,
    stream::{Location, Stream},
    token::{one_of, take_while},
};

use super::{
    path::path,
    token::{Input, Mistake, Parsed, blanks, connective, cut, keyword, list_name, unexpected, value, whole, word},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right, RightItem, SpannedPath},
        mistake,
        operand::{Takes, Value},
        operator::{self, Operator},
    },
    record::Path,
};

/// The length of the longest filter, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// The depth to which conditions may be nested; each `not`, bracket, `any` and comparison counts one.
const MAX_NESTING: usize = 64;

/// Parses a whole filter.
///
/// # Errors
///
/// The first mistake in the filter; its spans are bytes of `text`.
pub fn parse(text: &str) -> Result<Expr, Box<Diagnostic>> {
    if text.len() > MAX_LENGTH {
        return Err(mistake::too_long(text.len(), MAX_LENGTH).into());
    }
    if text.trim().is_empty() {
        return Err(mistake::empty().into());
    }
    whole(text, |input| or(input, Context::default()), mistake::after_condition)
}

/// The place of a condition in others.
#[derive(Clone, Copy, Default)]
struct Context {
    /// The number of conditions around it.
    depth: usize,
    /// Whether one of them is an `any`.
    inside: bool,
}

impl Context {
    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

fn or(input: &mut Input<'_>, context: Context) -> Parsed<Expr> {
    chain(input, "or", ExprKind::Or, |input| and(input, context))
}

fn and(input: &mut Input<'_>, context: Context) -> Parsed<Expr> {
    chain(input, "and", ExprKind::And, |input| unary(input, context))
}

/// One condition, or several joined by a word.
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

fn unary(input: &mut Input<'_>, context: Context) -> Parsed<Expr> {
    blanks(input)?;
    let start = input.current_token_start();
    if context.depth >= MAX_NESTING {
        let length = input.chars().next().map_or(0, char::len_utf8);
        return Err(cut(mistake::too_deep(Span::new(start, start + length), MAX_NESTING)));
    }
    if let Some(bracket) = opt('('.span()).parse_next(input)? {
        return bracketed(input, bracket.into(), context.deeper());
    }
    if opt(peek(keyword("not"))).parse_next(input)?.is_some() {
        return field_or(input, context, negation);
    }
    if opt(peek(keyword("any"))).parse_next(input)?.is_some() {
        return field_or(input, context, quantified);
    }
    compare(input, context)
}

/// A condition in brackets, after the opening one.
fn bracketed(input: &mut Input<'_>, bracket: Span, inner: Context) -> Parsed<Expr> {
    let expr = or(input, inner)?;
    blanks(input)?;
    match opt(')').parse_next(input)? {
        Some(_) => Ok(Expr { span: Span::new(bracket.start, input.previous_token_end()), ..expr }),
        None => Err(cut(mistake::unclosed_bracket(unexpected(input), bracket))),
    }
}

/// `not` and `any` are fields where an operator follows them.
fn field_or(
    input: &mut Input<'_>,
    context: Context,
    otherwise: fn(&mut Input<'_>, Context) -> Parsed<Expr>,
) -> Parsed<Expr> {
    let before = input.checkpoint();
    if !may_be_field(input) {
        return otherwise(input, context);
    }
    let as_field = compare(input, context).and_then(|expr| {
        // `not exists = 1` begins like a test of the field `not`; only what follows tells them apart.
        let ends = (blanks, peek(end_of_condition)).parse_next(input);
        ends.map(|_| expr)
    });
    if as_field.is_ok() {
        return as_field;
    }
    input.reset(&before);
    // Of the two readings, the author meant the one that parses further.
    otherwise(input, context).map_err(|error| further(as_field.err(), error))
}

/// Whether the next word can be a field: not before a bracket, nor before a word that is no operator.
fn may_be_field(input: &mut Input<'_>) -> bool {
    let next = peek(preceded((word, blanks), opt(word))).parse_next(input).ok().flatten();
    let bracket = peek((word, blanks, '(')).parse_next(input).is_ok();
    !bracket && next.is_none_or(|next| operator::named(next).is_some())
}

fn negation(input: &mut Input<'_>, context: Context) -> Parsed<Expr> {
    let start = input.current_token_start();
    keyword("not").parse_next(input)?;
    let inner = unary(input, context.deeper())?;
    let span = Span::new(start, inner.span.end);
    Ok(Expr { kind: ExprKind::Not(Box::new(inner)), span })
}

fn quantified(input: &mut Input<'_>, context: Context) -> Parsed<Expr> {
    let start = input.current_token_start();
    keyword("any").parse_next(input)?;
    blanks(input)?;
    let list = match path(input, context.inside) {
        Err(ErrMode::Backtrack(_)) => return Err(cut(mistake::expected_list_field(unexpected(input)))),
        path => path?,
    };
    blanks(input)?;
    let Some(bracket) = opt('('.span()).parse_next(input)? else {
        return Err(cut(mistake::expected_block(unexpected(input), &list.path)));
    };
    let inner = bracketed(input, bracket.into(), Context { inside: true, ..context.deeper() })?;
    let span = Span::new(start, input.previous_token_end());
    Ok(Expr { kind: ExprKind::Any(list, Box::new(inner)), span })
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

fn compare(input: &mut Input<'_>, context: Context) -> Parsed<Expr> {
    let start = input.current_token_start();
    if let Some(kind) = named_list(input)? {
        return Ok(Expr { kind, span: Span::new(start, input.previous_token_end()) });
    }
    let connective = opt(peek(connective.take())).parse_next(input)?;
    let left = match path(input, context.inside) {
        Err(ErrMode::Backtrack(_)) => return Err(cut(mistake::expected_condition(unexpected(input)))),
        path => path?,
    };
    blanks(input)?;
    let (operator, operator_span) = operator(input, &left.path).map_err(|error| match connective {
        Some(word) => cut(mistake::misplaced_connective(word, Span::new(start, start + word.len()))),
        None => error,
    })?;
    let right = right(input, operator, context)?;
    let span = Span::new(start, input.previous_token_end());
    Ok(Expr { kind: ExprKind::Compare(Compare { left, operator, operator_span, right }), span })
}

/// `$name = null`, `$name != null` or `$name exists`. Before anything else, a word that begins with `$` is a field.
fn named_list(input: &mut Input<'_>) -> Parsed<Option<ExprKind>> {
    let before = input.checkpoint();
    let Some(list) = opt(list_name).parse_next(input)?.filter(|list| !list.name.is_empty()) else {
        input.reset(&before);
        return Ok(None);
    };
    let empty = ('=', blanks, keyword("null")).value(true);
    let filled = ("!=", blanks, keyword("null")).value(false);
    let found = opt(preceded(blanks, alt((empty, filled, keyword("exists").value(false))))).parse_next(input)?;
    if found.is_none() {
        input.reset(&before);
    }
    Ok(found.map(|empty| ExprKind::List { list, empty }))
}

fn operator(input: &mut Input<'_>, path: &Path) -> Parsed<(&'static Operator, Span)> {
    let start = input.current_token_start();
    let symbols = take_while(0.., |c| mistake::OPERATOR_SYMBOLS.contains(c)).parse_next(input)?;
    let spelling = if symbols.is_empty() { opt(word).parse_next(input)?.unwrap_or_default() } else { symbols };
    let span = Span::new(start, start + spelling.len());
    match operator::named(spelling) {
        Some(operator) => Ok((operator, span)),
        None if spelling.is_empty() => Err(cut(mistake::expected_operator(unexpected(input), path))),
        None => {
            blanks(input)?;
            let next = opt(word).parse_next(input)?.unwrap_or_default();
            Err(cut(mistake::unknown_operator(spelling, span, path, next)))
        }
    }
}

/// The right side of an operator.
fn right(input: &mut Input<'_>, operator: &Operator, context: Context) -> Parsed<Right> {
    if operator.takes == Takes::Nothing {
        return Ok(Right::Nothing);
    }
    blanks(input)?;
    if let Some(path) = other_field(input, operator, context)? {
        return Ok(Right::One(RightItem::Field(path)));
    }
    if operator.takes.list() {
        if let Some(name) = opt(list_name).parse_next(input)? {
            return Ok(Right::One(RightItem::Named(name)));
        }
        if let Some(bracket) = opt('('.span()).parse_next(input)? {
            return list(input, operator, bracket.into(), context).map(Right::List);
        }
        if operator.takes == Takes::List {
            return Err(cut(mistake::expected_list(unexpected(input), operator)));
        }
    }
    operand(input, operator).map(|operand| Right::One(RightItem::Value(operand)))
}

/// The field after the word `field`.
fn other_field(input: &mut Input<'_>, operator: &Operator, context: Context) -> Parsed<Option<SpannedPath>> {
    let start = input.current_token_start();
    if opt(keyword("field")).parse_next(input)?.is_none() {
        return Ok(None);
    }
    let span = Span::new(start, input.current_token_start());
    if !operator.takes_field() {
        return Err(cut(mistake::field_not_here(span, operator)));
    }
    blanks(input)?;
    match path(input, context.inside) {
        Err(ErrMode::Backtrack(_)) => Err(cut(mistake::expected_field(unexpected(input)))),
        path => path.map(Some),
    }
}

fn operand(input: &mut Input<'_>, operator: &Operator) -> Parsed<Operand> {
    blanks(input)?;
    if let Some(list) = opt(list_name).parse_next(input)? {
        return Err(cut(mistake::list_not_here(&list, operator)));
    }
    match value(input, operator.raw) {
        Ok(Operand { value: Value::Null, span }) if operator.takes != Takes::ValueOrNull => {
            Err(cut(mistake::null_not_here(span, operator)))
        }
        Ok(Operand { value: Value::EmptyObject, span }) if operator.takes != Takes::ValueOrNull => {
            Err(cut(mistake::object_not_here(span, operator)))
        }
        Err(ErrMode::Backtrack(_)) => Err(cut(mistake::expected_value(unexpected(input), operator))),
        operand => operand,
    }
}

/// The items of a list, after its opening bracket.
fn list(input: &mut Input<'_>, operator: &Operator, bracket: Span, context: Context) -> Parsed<Vec<RightItem>> {
    let mut items = Vec::new();
    loop {
        items.push(item(input, operator, context)?);
        blanks(input)?;
        match opt(one_of([',', ')'])).parse_next(input)? {
            Some(',') => {}
            Some(_) => return Ok(items),
            None => return Err(cut(mistake::unclosed_list(unexpected(input), bracket))),
        }
    }
}

/// One item of a list: a value, or also a named list or another field where the operator compares accounts.
fn item(input: &mut Input<'_>, operator: &Operator, context: Context) -> Parsed<RightItem> {
    if operator.takes == Takes::Accounts {
        blanks(input)?;
        if let Some(path) = other_field(input, operator, context)? {
            return Ok(RightItem::Field(path));
        }
        if let Some(list) = opt(list_name).parse_next(input)? {
            return Ok(RightItem::Named(list));
        }
    }
    operand(input, operator).map(RightItem::Value)
}

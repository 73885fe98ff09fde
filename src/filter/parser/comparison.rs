//! The grammar of one comparison: a field, an operator and its right side.

use winnow::{
    Parser,
    combinator::{alt, opt, peek, preceded},
    error::ErrMode,
    stream::{Location, Stream},
    token::{one_of, take_while},
};

use super::{
    path::path,
    recovery::Context,
    token::{Input, Parsed, blanks, connective, cut, keyword, list_name, unexpected, value, word},
};
use crate::{
    diagnostic::Span,
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right, RightItem, SpannedPath},
        mistake,
        operand::{Takes, Value},
        operator::{self, Operator},
    },
    record::Path,
};

/// The end of the filter, a closing bracket, `and` or `or`.
pub fn end_of_condition(input: &mut Input<'_>) -> Parsed<()> {
    if input.is_empty() || input.starts_with(')') {
        return Ok(());
    }
    connective(input)
}

/// A field, an operator and the operator's right side.
pub fn compare(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    let start = input.current_token_start();
    if let Some(kind) = named_list(input)? {
        return Ok(Expr { kind, span: Span::new(start, input.previous_token_end()) });
    }
    let connective = opt(peek(connective.take())).parse_next(input)?;
    let left = match path(input, context.inside) {
        Err(ErrMode::Backtrack(_)) => return Err(cut(mistake::expected_condition(unexpected(input)))),
        path => context.named(path?),
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
fn right(input: &mut Input<'_>, operator: &Operator, context: Context<'_>) -> Parsed<Right> {
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
fn other_field(input: &mut Input<'_>, operator: &Operator, context: Context<'_>) -> Parsed<Option<SpannedPath>> {
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
        path => path.map(|path| Some(context.named(path))),
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
fn list(input: &mut Input<'_>, operator: &Operator, bracket: Span, context: Context<'_>) -> Parsed<Vec<RightItem>> {
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
fn item(input: &mut Input<'_>, operator: &Operator, context: Context<'_>) -> Parsed<RightItem> {
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

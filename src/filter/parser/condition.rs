//! The grammar of conditions.

use winnow::{
    LocatingSlice, Parser,
    combinator::{opt, peek, preceded},
    error::ErrMode,
    stream::{Location, Stream},
};

use super::{
    comparison::{compare, end_of_condition},
    path::path,
    recovery::{Context, Mistakes, broken, comment, ends, recover, skip},
    token::{Input, Mistake, Parsed, blanks, connective, cut, keyword, unexpected, word},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Expr, ExprKind},
        mistake, operator,
    },
};

/// The length of the longest filter, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// The depth to which conditions may be nested; each `not`, bracket, `any` and comparison counts one.
const MAX_NESTING: usize = 64;

/// What a text is as a filter.
pub struct Reading {
    /// Its tree, with an empty condition in place of each that is broken; none if there is nothing to read.
    pub expr: Option<Expr>,
    /// Its mistakes, in the order of the text; their spans are bytes of it.
    pub mistakes: Vec<Diagnostic>,
}

impl From<Diagnostic> for Reading {
    fn from(mistake: Diagnostic) -> Self {
        Self { expr: None, mistakes: vec![mistake] }
    }
}

/// Parses a whole filter.
pub fn parse(text: &str) -> Reading {
    if text.len() > MAX_LENGTH {
        return mistake::too_long(text.len(), MAX_LENGTH).into();
    }
    if text.trim().is_empty() {
        return mistake::empty().into();
    }
    let mistakes = Mistakes::default();
    let expr = whole_filter(&mut LocatingSlice::new(text), Context::new(text, &mistakes));
    match mistake::whole(text).filter(|_| mistakes.count() > 0) {
        Some(query) => query.into(),
        None => Reading { expr: expr.ok(), mistakes: mistakes.into_sorted() },
    }
}

/// Conditions up to the end, over brackets that nothing opens.
fn whole_filter(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    let mut parts = vec![or(input, context)?];
    blanks(input)?;
    while !input.is_empty() {
        while input.starts_with(')') {
            context.mistakes.push_bracket(mistake::after_condition(unexpected(input)));
            skip(input, 1);
            blanks(input)?;
        }
        opt(connective).parse_next(input)?;
        blanks(input)?;
        if !input.is_empty() {
            parts.push(or(input, context)?);
            blanks(input)?;
        }
    }
    Ok(joined(ExprKind::And, parts))
}

fn or(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    chain(input, context, "or", ExprKind::Or, |input| and(input, context))
}

fn and(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    chain(input, context, "and", ExprKind::And, |input| unary(input, context))
}

/// One condition, or several joined by a word.
fn chain(
    input: &mut Input<'_>,
    context: Context<'_>,
    word: &'static str,
    kind: fn(Vec<Expr>) -> ExprKind,
    mut part: impl FnMut(&mut Input<'_>) -> Parsed<Expr>,
) -> Parsed<Expr> {
    let mut parts = vec![part(input)?];
    loop {
        blanks(input)?;
        let is_next = opt(keyword(word)).parse_next(input)?.is_some() || symbol(input, context, word);
        // What joins nothing is found in the innermost chain.
        if is_next || word == "and" && after_condition(input, context)? {
            parts.push(part(input)?);
        } else if word == "or" || at_connective_or_end(input) {
            return Ok(joined(kind, parts));
        }
    }
}

fn joined(kind: fn(Vec<Expr>) -> ExprKind, mut parts: Vec<Expr>) -> Expr {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let span = match parts.as_slice() {
        [first, .., last] => first.span.to(last.span),
        _ => Span::default(),
    };
    Expr { kind: kind(parts), span }
}

fn at_connective_or_end(input: &Input<'_>) -> bool {
    let mut ahead = *input;
    input.is_empty()
        || input.starts_with(')')
        || connective(&mut ahead).is_ok()
        || ["and", "or"].iter().any(|word| mistake::symbol_for(word, input.as_ref()).is_some())
}

/// A symbol that is `word` in other languages, which is reported.
fn symbol(input: &mut Input<'_>, context: Context<'_>, word: &'static str) -> bool {
    let Some(length) = mistake::symbol_for(word, input.as_ref()) else { return false };
    let start = input.current_token_start();
    let rest: &str = input.as_ref();
    context.mistakes.push(mistake::symbol_for_word(&rest[..length], word, Span::new(start, start + length)));
    skip(input, length);
    true
}

/// Reports what follows a condition and joins nothing; whether another condition follows.
fn after_condition(input: &mut Input<'_>, context: Context<'_>) -> Parsed<bool> {
    if at_connective_or_end(input) || skip_comment(input, context) {
        return Ok(false);
    }
    let (found, start) = (unexpected(input), input.current_token_start());
    let rest: &str = input.as_ref();
    if let Some((symbol, "")) = [",", ";"].iter().find_map(|symbol| Some((symbol, rest.strip_prefix(symbol)?.trim()))) {
        context.mistakes.push(mistake::trailing(symbol, Span::new(start, start + symbol.len())));
        skip(input, rest.len());
        return Ok(false);
    }
    context.mistakes.push(mistake::after_condition(found));
    if rest.starts_with([',', ';']) {
        skip(input, 1);
        blanks(input)?;
    }
    if mistake::begins_condition(input.as_ref(), context.inside) {
        return Ok(true);
    }
    recover(input, context);
    Ok(false)
}

/// Reports a comment, and skips it.
fn skip_comment(input: &mut Input<'_>, context: Context<'_>) -> bool {
    let Some(length) = comment(input.as_ref()) else { return false };
    let start = input.current_token_start();
    context.mistakes.push(mistake::comment(Span::new(start, start + length)));
    skip(input, length);
    true
}

fn unary(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    blanks(input)?;
    while skip_comment(input, context) {
        blanks(input)?;
        if input.is_empty() {
            return Ok(broken(input.current_token_start(), input.current_token_start()));
        }
    }
    let start = input.current_token_start();
    if context.depth >= MAX_NESTING {
        let length = input.chars().next().map_or(0, char::len_utf8);
        context.mistakes.push(mistake::too_deep(Span::new(start, start + length), MAX_NESTING));
        recover(input, context);
        return Ok(broken(start, input.current_token_start()));
    }
    if let Some(bracket) = opt('('.span()).parse_next(input)? {
        return bracketed(input, bracket.into(), context.deeper());
    }
    if symbol(input, context, "not") {
        let inner = unary(input, context.deeper())?;
        return Ok(Expr { span: Span::new(start, inner.span.end), kind: ExprKind::Not(Box::new(inner)) });
    }
    if opt(peek(keyword("not"))).parse_next(input)?.is_some() {
        return condition(input, context, |input| field_or(input, context, negation));
    }
    if opt(peek(keyword("any"))).parse_next(input)?.is_some() {
        return condition(input, context, |input| field_or(input, context, quantified));
    }
    condition(input, context, |input| compare(input, context))
}

/// One condition, or the report of what is wrong in it; the parse goes on after it.
fn condition(
    input: &mut Input<'_>,
    context: Context<'_>,
    read: impl FnOnce(&mut Input<'_>) -> Parsed<Expr>,
) -> Parsed<Expr> {
    let (before, count, start) = (input.checkpoint(), context.mistakes.count(), input.current_token_start());
    let expr = read(input);
    if expr.is_ok() && ends(input.as_ref()) {
        return expr;
    }
    let after = input.checkpoint();
    input.reset(&before);
    if let Some(rewrite) = mistake::condition(input.as_ref(), context.inside) {
        context.mistakes.truncate(count);
        context.mistakes.push(rewrite.finding.at(|span| Span::new(span.start + start, span.end + start)));
        skip(input, rewrite.length);
        return Ok(broken(start, input.current_token_start()));
    }
    let error = match expr {
        Ok(expr) => {
            input.reset(&after);
            return Ok(expr);
        }
        Err(ErrMode::Cut(Mistake(Some(mistake)))) => *mistake,
        Err(_) => mistake::expected_condition(unexpected(input)),
    };
    context.mistakes.push(error);
    if opt(connective).parse_next(input)?.is_none() {
        recover(input, context);
        return Ok(broken(start, input.current_token_start()));
    }
    // `and and`: the condition after the last of them is read.
    while preceded(blanks, opt(connective)).parse_next(input)?.is_some() {}
    if input.is_empty() || input.starts_with(')') {
        return Ok(broken(start, input.current_token_start()));
    }
    unary(input, context)
}

/// A condition in brackets, after the opening one.
fn bracketed(input: &mut Input<'_>, bracket: Span, inner: Context<'_>) -> Parsed<Expr> {
    let expr = or(input, inner)?;
    blanks(input)?;
    if opt(')').parse_next(input)?.is_none() {
        inner.mistakes.push_bracket(mistake::unclosed_bracket(unexpected(input), bracket));
    }
    Ok(Expr { span: Span::new(bracket.start, input.previous_token_end()), ..expr })
}

/// `not` and `any` are fields where an operator follows them.
fn field_or(
    input: &mut Input<'_>,
    context: Context<'_>,
    otherwise: fn(&mut Input<'_>, Context<'_>) -> Parsed<Expr>,
) -> Parsed<Expr> {
    let (before, count) = (input.checkpoint(), context.mistakes.count());
    if !may_be_field(input) {
        return otherwise(input, context);
    }
    let as_field = compare(input, context).and_then(|expr| {
        // `not exists = 1` begins like a test of the field `not`; only what follows tells them apart.
        let ends = (blanks, peek(end_of_condition)).parse_next(input);
        ends.map(|_| expr)
    });
    let as_field = match as_field {
        Ok(expr) => return Ok(expr),
        Err(error) => error,
    };
    input.reset(&before);
    context.mistakes.truncate(count);
    let read = otherwise(input, context);
    // Of the two readings, the author meant the one that parses further.
    let first = match &read {
        Ok(_) => context.mistakes.first_after(count),
        Err(error) => Some(place(error)),
    };
    match first {
        Some(first) if place(&as_field) > first => {
            context.mistakes.truncate(count);
            Err(as_field)
        }
        _ => read,
    }
}

/// Whether the next word can be a field: not before a bracket, nor before a word that is no operator.
fn may_be_field(input: &mut Input<'_>) -> bool {
    let next = peek(preceded((word, blanks), opt(word))).parse_next(input).ok().flatten();
    let bracket = peek((word, blanks, '(')).parse_next(input).is_ok();
    !bracket && next.is_none_or(|next| operator::named(next).is_some())
}

fn place(error: &ErrMode<Mistake>) -> usize {
    match error {
        ErrMode::Cut(Mistake(Some(mistake))) => mistake.span.start,
        _ => 0,
    }
}

fn negation(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    let start = input.current_token_start();
    keyword("not").parse_next(input)?;
    let inner = unary(input, context.deeper())?;
    let span = Span::new(start, inner.span.end);
    Ok(Expr { kind: ExprKind::Not(Box::new(inner)), span })
}

fn quantified(input: &mut Input<'_>, context: Context<'_>) -> Parsed<Expr> {
    let start = input.current_token_start();
    keyword("any").parse_next(input)?;
    blanks(input)?;
    let list = match path(input, context.inside) {
        Err(ErrMode::Backtrack(_)) => return Err(cut(mistake::expected_list_field(unexpected(input)))),
        path => context.named(path?),
    };
    blanks(input)?;
    let Some(bracket) = opt('('.span()).parse_next(input)? else {
        return Err(cut(mistake::expected_block(unexpected(input), &list.path)));
    };
    let inner = bracketed(input, bracket.into(), Context { inside: true, ..context.deeper() })?;
    let span = Span::new(start, input.previous_token_end());
    Ok(Expr { kind: ExprKind::Any(list, Box::new(inner)), span })
}

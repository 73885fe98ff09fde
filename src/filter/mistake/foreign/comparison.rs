//! One condition of another language: a field, an operator and values, in any order.

use super::{
    operator_word::{Asks, ForeignOperator, LetterCase, meant},
    pattern::fits,
    reader::{MAX_DEPTH, Reader},
    rewrite::{Meant, bare, compare, folded, item, joined, not, text_right},
    value::ForeignValue::{self, Any, Bare, Field, Many, Named, One, Pattern, Range},
};
use crate::{
    diagnostic::Span,
    filter::{
        ast::{Expr, ExprKind, ListName, Right, RightItem},
        operand::Value,
        operator::{
            CIDR, CONTAINS, EQUAL, EXISTS, GREATER, GREATER_OR_EQUAL, IN, LESS, LESS_OR_EQUAL, MATCHES, Operator,
        },
    },
    number::Number,
    record::Path,
};

const IGNORING_CASE: &str = "to ignore the case of letters";

impl Reader<'_> {
    /// One condition, which ends where it is understood.
    pub fn condition(&mut self) -> Option<Meant> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let meant = self.condition_here();
        self.depth -= 1;
        meant
    }

    fn condition_here(&mut self) -> Option<Meant> {
        self.blanks();
        let first = self.peek()?;
        if self.eat_word("not") || self.eat_word("-not") {
            return self.condition().map(|meant| meant.negated(true));
        }
        let second = self.rest().chars().nth(1).unwrap_or_default();
        if matches!(first, '!' | '¬')
            || matches!(first, '-' | '+') && second.is_ascii_alphabetic()
            || second == '_' && first == '-'
        {
            self.skip(self.rest().chars().next().map_or(0, char::len_utf8));
            self.mark("symbol-for-word", || format!("`{first}` is not part of the language"));
            return self.condition().map(|meant| meant.negated(first != '+'));
        }
        if matches!(first, '"' | '\'') || first.is_ascii_digit() || second.is_ascii_digit() && first == '-' {
            let before = self.clone();
            if let Some(meant) = self.value_first() {
                return Some(meant);
            }
            *self = before;
        }
        let mut ahead = self.clone();
        if let Some(word) = ahead.word() {
            let mut called = self.clone();
            if ahead.peek() == Some('(')
                && let Some(meant) = called.call(word)
            {
                *self = called;
                return Some(meant);
            }
            if let Some(meant) = self.question_first(word) {
                return Some(meant);
            }
        }
        let (path, method) = self.field()?;
        match method {
            Some(method) => self.method(path, &method, false),
            None => self.after_field(path, false),
        }
    }

    /// `_exists_: errorCode`, `exists errorCode`, `missing errorCode`
    fn question_first(&mut self, word: &str) -> Option<Meant> {
        let asked = meant(word.trim_matches('_'))?;
        if !matches!(asked.asks, Asks::Present | Asks::Missing | Asks::Empty) {
            return None;
        }
        let mut ahead = self.clone();
        ahead.skip(word.len());
        ahead.eat_after_blanks(':');
        let (path, None) = ahead.field()? else { return None };
        if !ahead.at_end() {
            return None;
        }
        *self = ahead;
        self.mark("unknown-operator", || format!("`{word}` follows its field"));
        build(&path, asked, Vec::new(), self)
    }

    /// What follows a field; `ignores` is whether the field was put into lower case.
    pub fn after_field(&mut self, path: Path, ignores: bool) -> Option<Meant> {
        self.blanks();
        if self.rest().starts_with('|') && !self.rest().starts_with("||") {
            return self.piped(path, ignores);
        }
        if self.rest().starts_with("//") {
            // A value in place of a missing one.
            self.skip(2);
            self.mark("unknown-operator", || "`//` is not an operator".to_owned());
            self.one_value(false)?;
        }
        let mut operator = self.operator()?;
        if ignores {
            operator.case = LetterCase::Ignored;
            self.elsewhere = true;
        }
        self.right_side(&path, operator)
    }

    /// The values after an operator, and what the whole means.
    pub fn right_side(&mut self, path: &Path, operator: ForeignOperator) -> Option<Meant> {
        let raw = matches!(operator.asks, Asks::Native(native) if native.raw);
        let is_quoted = self.rest().trim_start().starts_with(['"', '\'']);
        let values = match operator.asks {
            Asks::Missing | Asks::Present | Asks::Empty | Asks::True | Asks::False => {
                // `field|exists: true`, `is_null "x"`
                let mut ahead = self.clone();
                match ahead.one_value(false) {
                    Some(_) if ahead.at_end() && !self.at_end() => *self = ahead,
                    _ => {}
                }
                self.elsewhere = true;
                Vec::new()
            }
            Asks::Between => self.limits()?,
            _ if operator.negated => vec![self.value(raw, &["or", "and"])?],
            Asks::ContainsAll => vec![self.value(raw, &["and"])?],
            _ => vec![self.value(raw, &["or"])?],
        };
        self.elsewhere |= match operator.asks {
            Asks::Native(native) => *native == MATCHES && operator.case != LetterCase::Counts,
            _ => true,
        };
        if let (Asks::Native(native), [One(Value::Text(_))]) = (operator.asks, values.as_slice())
            && *native == IN
            && is_quoted
        {
            self.mark("expected-list", || "`in` takes a list, and this is one value".to_owned());
        }
        build(path, operator, values, self)
    }

    /// The two limits of `between`.
    fn limits(&mut self) -> Option<Vec<ForeignValue>> {
        self.elsewhere = true;
        let low = self.one_value(false)?;
        if matches!(low, Many(_) | Range(..)) {
            return Some(match low {
                Many(limits) => limits,
                range => vec![range],
            });
        }
        if !(self.eat_word("and") || self.eat_word("to") || self.eat_after_blanks(',')) {
            self.blanks();
            self.skip(["..", "&&"].into_iter().find(|dots| self.rest().starts_with(dots))?.len());
        }
        Some(vec![low, self.one_value(false)?])
    }

    /// `"x" in field`, `5 < field`
    fn value_first(&mut self) -> Option<Meant> {
        let value = self.one_value(false)?;
        let operator = self.operator()?;
        let Asks::Native(native) = operator.asks else { return None };
        let any = self.eat_word("any") && self.eat_after_blanks('(');
        let (path, None) = self.field()? else { return None };
        if any && !self.eat_after_blanks(')') {
            return None;
        }
        self.mark("expected-condition", || "the field of a comparison is on the left".to_owned());
        let turned = match native.spelling {
            "<" => &GREATER,
            "<=" => &GREATER_OR_EQUAL,
            ">" => &LESS,
            ">=" => &LESS_OR_EQUAL,
            "in" => {
                let within =
                    ForeignOperator { asks: Asks::Native(&CONTAINS), negated: false, case: LetterCase::Counts };
                let whole = compare(&path, &EQUAL, right(&value, &EQUAL)?);
                let within = build(&path, within, vec![value], self)?;
                let other = Some((whole, "for one value of a list"));
                return Some(Meant { other, ..within }.negated(operator.negated));
            }
            "=" => native,
            _ => return None,
        };
        build(&path, ForeignOperator { asks: Asks::Native(turned), ..operator }, vec![value], self)
    }
}

/// What an operator with these values means.
pub fn build(path: &Path, operator: ForeignOperator, values: Vec<ForeignValue>, reader: &Reader<'_>) -> Option<Meant> {
    let ForeignOperator { asks, negated, case } = operator;
    let mut values = values;
    let many =
        |values: Vec<ForeignValue>| if values.len() == 1 { values.into_iter().next() } else { Some(Many(values)) };
    let plain = match asks {
        Asks::Missing => Some(compare(path, &EQUAL, Right::One(item(Value::Null)))),
        Asks::Present => Some(compare(path, &EXISTS, Right::Nothing)),
        Asks::True => Some(compare(path, &EQUAL, Right::One(item(Value::Bool(true))))),
        Asks::False => Some(compare(path, &EQUAL, Right::One(item(Value::Bool(false))))),
        Asks::Empty => Some(bare(ExprKind::Or(vec![
            compare(path, &EQUAL, Right::One(item(Value::Null))),
            compare(path, &EQUAL, text_right(String::new())),
        ]))),
        Asks::Between => Some(match (values.pop()?, values.pop()) {
            (Range(low, high), None) => between(path, low, high),
            (high, Some(low)) => between(path, number(&low)?, number(&high)?),
            _ => return None,
        }),
        _ => None,
    };
    if let Some(expr) = plain {
        return Some(Meant::one(expr).negated(negated));
    }
    let value = many(values).filter(|value| !matches!(value, Many(values) if values.is_empty()))?;
    // `=~` ignores case in KQL, and takes a regular expression elsewhere.
    if let (Asks::Native(native), LetterCase::Either, One(Value::Text(text))) = (asks, case, &value)
        && *native == MATCHES
    {
        let pattern = compare(path, &MATCHES, text_right(text.clone()));
        let equal = compare(path, folded(&EQUAL, true), text_right(text.clone()));
        let is_pattern = text.contains(['*', '^', '$', '|', '[', '\\', '+', '?']);
        let meant = if is_pattern {
            Meant { expr: pattern, other: Some((equal, "for the same text in any case")) }
        } else {
            Meant { expr: equal, other: Some((pattern, "for a regular expression")) }
        };
        return Some(meant.negated(negated));
    }
    let of = |ignores: bool| one(path, asks, &value, ignores, reader);
    let expr = of(case == LetterCase::Ignored)?;
    let other = (case == LetterCase::Either).then(|| of(true)).flatten().filter(|other| *other != expr);
    Some(Meant { expr, other: other.map(|expr| (expr, IGNORING_CASE)) }.negated(negated))
}

/// The condition with one reading of letter case.
fn one(path: &Path, asks: Asks, value: &ForeignValue, ignores: bool, reader: &Reader<'_>) -> Option<Expr> {
    let each = |values: &[ForeignValue], asks| {
        values.iter().map(|value| one(path, asks, value, ignores, reader)).collect::<Option<Vec<_>>>()
    };
    let contains = Asks::Native(&CONTAINS);
    match (asks, value) {
        (Asks::ContainsAll, Many(values)) => each(values, contains).map(|parts| joined(parts, false)),
        (Asks::Like | Asks::Glob, Many(values)) if values.iter().any(has_wildcard) => {
            each(values, asks).map(|parts| joined(parts, true))
        }
        (Asks::Like, One(Value::Text(text)) | Bare(text)) if text.contains('%') => {
            Some(fits(path, text, '%', ignores, false))
        }
        (Asks::Like, One(Value::Text(text))) if reader.sql => Some(fits(path, text, '%', ignores, false)),
        (Asks::Like | Asks::Glob, One(Value::Text(text)) | Bare(text)) if text.contains('*') => {
            Some(fits(path, text, '*', ignores, false))
        }
        (Asks::Glob, value) => one(path, Asks::Native(&EQUAL), value, ignores, reader),
        (Asks::ContainsAny | Asks::ContainsAll | Asks::Like, value) => one(path, contains, value, ignores, reader),
        (Asks::Native(native), value) => native_one(path, native, value, ignores, reader),
        _ => None,
    }
}

fn has_wildcard(value: &ForeignValue) -> bool {
    matches!(value, One(Value::Text(text)) | Bare(text) if text.contains(['%', '*']))
}

fn native_one(
    path: &Path,
    native: &'static Operator,
    value: &ForeignValue,
    ignores: bool,
    reader: &Reader<'_>,
) -> Option<Expr> {
    let operator = folded(native, ignores);
    match (native.spelling, value) {
        ("=", One(Value::Text(text))) if reader.globs && text.contains('*') => {
            Some(fits(path, text, '*', ignores, false))
        }
        ("=" | "in", Bare(text)) if !text.contains('?') => Some(fits(path, text, '*', ignores, false)),
        ("=", Any) => Some(compare(path, &EXISTS, Right::Nothing)),
        (_, Pattern(pattern, folds)) if matches!(native.spelling, "=" | "matches") => {
            Some(compare(path, &MATCHES, text_right(flagged(pattern, *folds || ignores))))
        }
        ("=" | "in", Range(low, high)) => Some(between(path, *low, *high)),
        ("=" | "in", Named(name)) => {
            Some(compare(path, folded(&IN, ignores), Right::One(RightItem::Named(list_name(name)))))
        }
        ("=" | "in", Field(other)) => {
            Some(compare(path, folded(&EQUAL, ignores), Right::One(RightItem::Field(other.clone().into()))))
        }
        ("=" | "in", Many(values)) if values.iter().any(|value| !matches!(value, One(_))) => {
            let parts = values.iter().map(|value| native_one(path, &EQUAL, value, ignores, reader));
            Some(joined(parts.collect::<Option<Vec<_>>>()?, true))
        }
        ("=" | "in", Many(values)) => {
            Some(compare(path, folded(&IN, ignores), right(&Many(values.clone()), folded(&IN, ignores))?))
        }
        ("in", One(Value::Text(text))) if text.parse::<ipnet::IpNet>().is_ok() => {
            Some(compare(path, &CIDR, text_right(text.clone())))
        }
        ("in", One(Value::Text(text))) if text.starts_with('$') => {
            Some(compare(path, folded(&IN, ignores), Right::One(RightItem::Named(list_name(&text[1..])))))
        }
        ("in", One(Value::Null)) => None,
        ("in", One(value)) => Some(compare(path, folded(&IN, ignores), Right::List(vec![item(value.clone())]))),
        ("=", One(value)) => {
            let operator = if matches!(value, Value::Text(_)) { operator } else { native };
            Some(compare(path, operator, Right::One(item(value.clone()))))
        }
        ("matches", One(Value::Text(text))) => Some(compare(path, native, text_right(flagged(text, ignores)))),
        _ => Some(compare(path, operator, right(value, operator)?)),
    }
}

fn flagged(pattern: &str, ignores: bool) -> String {
    if ignores && !pattern.starts_with("(?i)") { format!("(?i){pattern}") } else { pattern.to_owned() }
}

fn list_name(name: &str) -> ListName {
    ListName { name: name.to_owned(), span: Span::default() }
}

/// Values as the right side of an operator of this language.
fn right(value: &ForeignValue, operator: &'static Operator) -> Option<Right> {
    let texts = !matches!(operator.spelling, "=" | "!=" | "in" | "<" | "<=" | ">" | ">=");
    let written = |value: &Value| match value {
        Value::Number(_) | Value::Bool(_) if texts => Some(item(Value::Text(value.to_string()))),
        Value::Null | Value::EmptyObject if operator.spelling != "=" => None,
        Value::Bool(_) if operator.spelling.starts_with(['<', '>']) => None,
        Value::Text(text) if operator.spelling.starts_with(['<', '>']) => {
            Number::parse(text).map(|_| item(value.clone()))
        }
        value => Some(item(value.clone())),
    };
    Some(match value {
        One(value) => Right::One(written(value)?),
        Bare(text) if texts => Right::One(item(Value::Text(text.clone()))),
        Many(values) if operator.takes.list() => {
            let items = values.iter().map(|value| match value {
                One(value) => written(value),
                _ => None,
            });
            Right::List(items.collect::<Option<Vec<_>>>()?)
        }
        Named(name) if operator.takes.list() => Right::One(RightItem::Named(list_name(name))),
        Field(path) if operator.takes_field() => Right::One(RightItem::Field(path.clone().into())),
        _ => return None,
    })
}

fn number(value: &ForeignValue) -> Option<Number> {
    match value {
        One(Value::Number(number)) => Some(*number),
        One(Value::Text(text)) => Number::parse(text),
        _ => None,
    }
}

fn between(path: &Path, low: Number, high: Number) -> Expr {
    let limit = |operator, number| compare(path, operator, Right::One(item(Value::Number(number))));
    bare(ExprKind::And(vec![limit(&GREATER_OR_EQUAL, low), limit(&LESS_OR_EQUAL, high)]))
}

/// The opposite, for a call that is compared with `false`.
pub fn unless(meant: Meant, holds: bool) -> Meant {
    if holds {
        meant
    } else {
        Meant { expr: not(meant.expr), other: meant.other.map(|(expr, when)| (not(expr), when)) }
    }
}

//! Filters as proptest makes them, from one small set of names and values that records are made from too, so that
//! they meet.

use proptest::{collection::vec, prelude::*, sample::select};
use trailbell::{
    diagnostic::Span,
    filter::ast::{Compare, Expr, ExprKind, Operand},
    filter::operator::{OPERATORS, Operator, Takes, Value},
    number::Number,
    record::{Path, Root, Virtual},
};

/// Keys of records, among them virtual names, keywords and names that need back-quotes.
pub const NAMES: &[&str] = &[
    "a",
    "b",
    "eventName",
    "userIdentity",
    "type",
    "userName",
    "arn",
    "user",
    "ip",
    "sourceIPAddress",
    "errorCode",
    "requestParameters",
    "bucketName",
    "not",
    "in",
    "and",
    "null",
    "x-amz-acl",
    "tag.name",
    "odd name",
    "é",
    "0",
];

/// Text of records and of filters: with everything that JSON can spell in more than one way, and text that reads as
/// another type.
pub const TEXTS: &[&str] = &[
    "",
    "PutImage",
    "Put",
    "Image",
    "tIm",
    "putimage",
    "Put Image",
    "PutImages",
    "ecr.amazonaws.com",
    "a/b",
    "/",
    "a\"b",
    "\\",
    "C:\\dir",
    "it's",
    "line\nbreak",
    "\t",
    "\u{1}",
    "\u{7f}",
    "é",
    "PutImagé",
    "😀",
    "true",
    "false",
    "null",
    "0",
    "5",
    "-1",
    "0.5",
    "5.0",
    "05",
    "1e3",
    "5902",
    "18446744073709551615",
    "\\u0050utImage",
    "\u{fffd}",
];

/// Numbers as JSON texts, at the edges of 64 bits and of what a float holds exactly.
pub const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "5",
    "5.0",
    "5e0",
    "50e-1",
    "-1",
    "0.5",
    "5902",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "1e300",
    "5e-324",
    "243.0",
];

/// Any condition that a filter can express over [`NAMES`], [`TEXTS`] and [`NUMBERS`].
pub fn expr() -> impl Strategy<Value = Expr> {
    expr_of(path(), select(TEXTS).prop_map(str::to_owned))
}

/// Any condition over these paths and texts.
pub fn expr_of(
    path: impl Strategy<Value = Path> + 'static,
    text: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = Expr> {
    compare(path.boxed(), text.boxed()).prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| bare(ExprKind::And(parts))),
            vec(inner.clone(), 2..4).prop_map(|parts| bare(ExprKind::Or(parts))),
            inner.prop_map(|part| bare(ExprKind::Not(Box::new(part)))),
        ]
    })
}

/// A condition without a place in a text.
pub fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn compare(path: BoxedStrategy<Path>, text: BoxedStrategy<String>) -> impl Strategy<Value = Expr> {
    let clause = (path, select(OPERATORS.iter().collect::<Vec<&'static Operator>>()));
    clause.prop_flat_map(move |(path, operator)| {
        let count = match operator.takes {
            Takes::Nothing => 0..=0,
            Takes::List => 1..=3,
            Takes::Value | Takes::ValueOrNull => 1..=1,
        };
        vec(accepted(operator, text.clone()), count).prop_map(move |values| {
            let operands = values.into_iter().map(|value| Operand { value, span: Span::default() }).collect();
            bare(ExprKind::Compare(Compare { path: path.clone(), operator, operator_span: Span::default(), operands }))
        })
    })
}

/// A value that the operator takes.
fn accepted(operator: &'static Operator, text: BoxedStrategy<String>) -> impl Strategy<Value = Value> {
    let null = operator.takes == Takes::ValueOrNull;
    value(text).prop_filter("the operator refuses it", move |value| {
        (null || *value != Value::Null) && (operator.compile)(value).is_ok()
    })
}

fn value(text: BoxedStrategy<String>) -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text.prop_map(Value::Text),
        3 => number().prop_map(Value::Number),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        3 => select(NUMBERS).prop_map(|text| Number::parse(text).unwrap()),
        1 => any::<i64>().prop_map(|int| Number::Int(int.into())),
        1 => any::<f64>().prop_filter("JSON has none", |float| float.is_finite()).prop_map(Number::Float),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let keys = |least| vec(select(NAMES).prop_map(str::to_owned), least..3);
    prop_oneof![
        3 => keys(1).prop_map(|keys| Path { root: Root::Record, keys }),
        1 => (select(Virtual::ALL), keys(0)).prop_map(|((field, ..), keys)| Path { root: Root::Virtual(field), keys }),
    ]
}

//! Generated filters and records, from one small set of names and values so that they match often.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value as Json};
use trailbell::{
    diagnostic::Span,
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind, ListName, Operand, Right, RightItem},
        operand::{Takes, Value},
        operator::{self, Meaning, Operator},
    },
    number::Number,
    record::{Path, Record, Root, Step, Virtual},
    rule::RuleSet,
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
    "eventTime",
    "eventType",
    "eventCategory",
    "additionalEventData",
    "MFAUsed",
    "sessionContext",
    "responseElements",
    "$serde_json::private::RawValue",
    "$serde_json::private::Number",
];

/// Text of records and of filters: with everything that JSON can spell in several ways, and text that looks like another
/// type.
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
    "111122223333",
    "999988887777",
    "arn:aws:iam::111122223333:root",
    "arn:aws-cn:iam::999988887777:role/x-111122223333",
    "arn:aws:s3:::444455556666",
    "arn:aws:sts::444455556666:assumed-role/a:b/c",
    "11112222333",
    "*",
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
    expr_of(path().boxed(), element_path().boxed(), select(TEXTS).prop_map(str::to_owned).boxed())
}

/// Any condition that an `any` can have on its element.
pub fn element_expr() -> impl Strategy<Value = Expr> {
    conditions(compare(element_path().boxed(), select(TEXTS).prop_map(str::to_owned).boxed()).boxed(), 2, 6)
}

/// Any record over the names and values of the filters.
pub fn record() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        4 => select(TEXTS).prop_map(Json::from),
        3 => select(NUMBERS).prop_map(|text| serde_json::from_str(text).unwrap()),
        1 => any::<bool>().prop_map(Json::from),
        1 => Just(Json::Null),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Json::from), fields(inner).prop_map(Json::from),]
    });
    fields(value).prop_map(Json::from)
}

/// A record with what the virtual fields are computed from, each part of it as AWS writes it or odd.
pub fn identified_record() -> impl Strategy<Value = Json> {
    (record(), vec(identified(), 1..12)).prop_map(|(mut record, members)| {
        for (keys, value) in members {
            set(&mut record, keys, value);
        }
        record
    })
}

/// The paths that the virtual fields are computed from.
const IDENTITY: &[&[&str]] = &[
    &["eventCategory"],
    &["errorCode"],
    &["errorMessage"],
    &["recipientAccountId"],
    &["sourceIPAddress"],
    &["eventTime"],
    &["resources"],
    &["resources", "accountId"],
    &["responseElements", "ConsoleLogin"],
    &["serviceEventDetails", "UserAuthentication"],
    &["requestParameters"],
    &["requestParameters", "clientToken"],
    &["requestParameters", "CreateFleetRequest", "ClientToken"],
    &["userIdentity"],
    &["userIdentity", "type"],
    &["userIdentity", "userName"],
    &["userIdentity", "arn"],
    &["userIdentity", "principalId"],
    &["userIdentity", "accountId"],
    &["userIdentity", "credentialId"],
    &["userIdentity", "invokedBy"],
    &["userIdentity", "onBehalfOf", "userId"],
    &["userIdentity", "sessionContext", "sessionIssuer", "type"],
    &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
    &["userIdentity", "sessionContext", "sessionIssuer", "arn"],
];

/// Texts that have a meaning in these places.
pub const IDENTITY_TEXTS: &[&str] = &[
    "AssumedRole",
    "FederatedUser",
    "IAMUser",
    "IdentityCenterUser",
    "AWSAccount",
    "AWSService",
    "Root",
    "Role",
    "Insight",
    "Failure",
    "111122223333",
    "anonymous",
    "AROAX:ann",
    "111122223333:erin",
    "arn:aws:iam::111122223333:user/ada",
    "arn:aws:sts::111122223333:assumed-role/ops/ann",
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
    "203.0.113.0/24",
    "203.0.113.9",
    "2001:db8::1",
    "2026-03-01T23:30:00Z",
    "{\"clientToken\": 1, \"a\": 2}",
];

fn identified() -> impl Strategy<Value = (&'static [&'static str], Json)> {
    let value = prop_oneof![
        12 => select(IDENTITY_TEXTS).prop_map(Json::from),
        2 => select(TEXTS).prop_map(Json::from),
        1 => Just(Json::Null),
        1 => Just(Json::from(7)),
        1 => select(IDENTITY_TEXTS).prop_map(|text| Json::from(vec![text])),
        1 => select(IDENTITY_TEXTS).prop_map(|text| serde_json::json!([{"accountId": text}, {"accountId": "111122223333"}])),
    ];
    (select(IDENTITY), value)
}

/// Sets the value at a path, over what is no object.
fn set(record: &mut Json, keys: &[&str], value: Json) {
    let Some((key, rest)) = keys.split_first() else {
        *record = value;
        return;
    };
    if !record.is_object() {
        *record = Json::Object(Map::new());
    }
    set(&mut record[*key], rest, value);
}

fn fields(value: impl Strategy<Value = Json>) -> impl Strategy<Value = Map<String, Json>> {
    vec((select(NAMES).prop_map(str::to_owned), value), 0..5).prop_map(Map::from_iter)
}

/// Any condition over these paths, these inside of an `any`, and these texts.
pub fn expr_of(
    path: BoxedStrategy<Path>,
    inside: BoxedStrategy<Path>,
    text: BoxedStrategy<String>,
) -> impl Strategy<Value = Expr> {
    let lower = conditions(compare(inside.clone(), text.clone()).boxed(), 2, 6);
    let any = |path: BoxedStrategy<Path>, inner: BoxedStrategy<Expr>| {
        (path, inner).prop_map(|(path, inner)| bare(ExprKind::Any(path.into(), Box::new(inner))))
    };
    let inner = prop_oneof![4 => lower.clone(), 1 => any(inside, lower.boxed())].boxed();
    let leaf = prop_oneof![12 => compare(path.clone(), text), 3 => any(path, inner), 1 => list_presence()].boxed();
    conditions(leaf, 4, 24)
}

fn conditions(leaf: BoxedStrategy<Expr>, depth: u32, size: u32) -> impl Strategy<Value = Expr> + Clone {
    leaf.prop_recursive(depth, size, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| bare(ExprKind::And(parts))),
            vec(inner.clone(), 2..4).prop_map(|parts| bare(ExprKind::Or(parts))),
            inner.prop_map(|part| bare(ExprKind::Not(Box::new(part)))),
        ]
    })
}

fn list_presence() -> impl Strategy<Value = Expr> {
    (select(&["none", "accounts"][..]), any::<bool>())
        .prop_map(|(name, empty)| bare(ExprKind::List { list: list_name(name), empty }))
}

/// A condition without a place in a text.
pub fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn compare(path: BoxedStrategy<Path>, text: BoxedStrategy<String>) -> impl Strategy<Value = Expr> {
    let operators: Vec<&'static Operator> = operator::all().collect();
    (path.clone(), select(operators)).prop_flat_map(move |(left, operator)| {
        right(operator, path.clone(), text.clone()).prop_map(move |right| {
            bare(ExprKind::Compare(Compare {
                left: left.clone().into(),
                operator,
                operator_span: Span::default(),
                right,
            }))
        })
    })
}

/// A right side that the operator takes.
fn right(operator: &'static Operator, path: BoxedStrategy<Path>, text: BoxedStrategy<String>) -> BoxedStrategy<Right> {
    let value =
        accepted(operator, text).prop_map(|value| RightItem::Value(Operand { value, span: Span::default() })).boxed();
    let field = path.prop_map(|path| RightItem::Field(path.into())).boxed();
    // The ids of accounts are no networks.
    let lists = if operator.meaning == Meaning::Network { &["none"][..] } else { &["none", "accounts"] };
    let named = select(lists).prop_map(|name| RightItem::Named(list_name(name))).boxed();
    let list = vec(value.clone(), 1..4).prop_map(Right::List).boxed();
    let one = |item: &BoxedStrategy<RightItem>| item.clone().prop_map(Right::One).boxed();
    let values = match operator.takes {
        Takes::Nothing => Just(Right::Nothing).boxed(),
        Takes::List => prop_oneof![3 => list, 1 => one(&named)].boxed(),
        Takes::ValueOrList => prop_oneof![4 => one(&value), 2 => list, 1 => one(&named)].boxed(),
        Takes::Accounts => {
            let mixed = prop_oneof![value.clone(), field.clone(), named.clone()];
            prop_oneof![1 => one(&value), 1 => one(&named), 2 => vec(mixed, 1..4).prop_map(Right::List)].boxed()
        }
        Takes::Value | Takes::ValueOrNull => one(&value),
    };
    if operator.takes_field() { prop_oneof![4 => values, 1 => one(&field)].boxed() } else { values }
}

fn list_name(name: &str) -> ListName {
    ListName { name: name.to_owned(), span: Span::default() }
}

/// The lists that filters name, as a field of a rules file.
pub const LISTS: &str = r#""lists": {"none": [], "accounts": ["111122223333", "444455556666"]}"#;

/// The same lists.
pub fn lists() -> Lists {
    RuleSet::parse(&format!(r#"{{{LISTS}, "rules": [{{"name": "a", "severity": 1, "filter": "a = 1"}}]}}"#))
        .unwrap()
        .0
        .lists
}

/// A value that the operator takes.
fn accepted(operator: &'static Operator, text: BoxedStrategy<String>) -> BoxedStrategy<Value> {
    let null = operator.takes == Takes::ValueOrNull;
    let networks = select(&["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::/0"][..]);
    match operator.meaning {
        // Few texts are networks.
        Meaning::Network => networks.prop_map(|text| Value::Text(text.to_owned())).boxed(),
        // Few texts are ids of accounts.
        Meaning::Account | Meaning::Foreign => select(&["111122223333", "999988887777", "000000000000"][..])
            .prop_map(|text| Value::Text(text.to_owned()))
            .boxed(),
        // Raw text cannot contain a line break.
        Meaning::Pattern => select(&["^Put", "a\"b", "a\\\"b", "it's|'", "\\d+$", "\\\\", "(a|b)*", "."][..])
            .prop_map(|text| Value::Text(text.to_owned()))
            .boxed(),
        _ => value(text)
            .prop_filter("the operator does not take it", move |value| {
                (null || !matches!(value, Value::Null | Value::EmptyObject)) && (operator.compile)(value).is_ok()
            })
            .boxed(),
    }
}

fn value(text: BoxedStrategy<String>) -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text.prop_map(Value::Text),
        3 => number().prop_map(Value::Number),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => Just(Value::EmptyObject),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        3 => select(NUMBERS).prop_map(|text| Number::parse(text).unwrap()),
        1 => any::<i64>().prop_map(|int| Number::Int(int.into())),
        1 => any::<f64>().prop_filter("JSON has none", |float| float.is_finite()).prop_map(Number::Float),
    ]
}

/// Any path outside of an `any`.
pub fn path() -> impl Strategy<Value = Path> {
    prop_oneof![
        3 => steps(true).prop_map(|steps| Path { root: Root::Record, steps }),
        1 => (select(Virtual::ALL), steps(false))
            .prop_map(|((field, ..), steps)| Path { root: Root::Virtual(field), steps }),
    ]
}

/// Any path in an `any`.
fn element_path() -> impl Strategy<Value = Path> {
    prop_oneof![
        3 => steps(true).prop_map(|steps| Path { root: Root::Element, steps }),
        1 => Just(Path { root: Root::Element, steps: Vec::new() }),
        1 => Just(Path { root: Root::Record, steps: Vec::new() }),
        1 => path(),
    ]
}

/// Keys and list indexes; a path from the top of a record begins with a key.
fn steps(top: bool) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => select(NAMES).prop_map(|name| Step::Key(name.to_owned())),
        1 => (0_usize..3).prop_map(Step::Index),
    ];
    let first = select(NAMES).prop_map(|name| Step::Key(name.to_owned()));
    (vec(first, usize::from(top)), vec(step, 0..3)).prop_map(|(first, rest)| [first, rest].concat())
}

/// A record of a JSON object.
pub fn record_of(object: &Json) -> Record {
    Record::new(object.clone()).unwrap_or_else(|object| panic!("{object} is not an object"))
}

//! An operator with its values on the right, for one value on the left.

use super::{
    condition::{Bound, Condition},
    dialect::{Dialect, folded, literal, literals},
    network,
    pattern::{escaped, portable},
    value::{Item, Kind},
};
use crate::{
    filter::{
        operand::Value,
        operator::{Meaning, Operator, Order},
    },
    number::Number,
};

/// The decimals that are certainly canonical: those that `Number` prints as they are written.
const CANONICAL: &str = r"\A(?:0|-?[1-9][0-9]{0,17}|-?(?:0|[1-9][0-9]{0,6})\.[0-9]{0,7}[1-9])\z";
/// Those that may be.
const PERHAPS_CANONICAL: &str = r"\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?\z";

/// From here on, not every whole number has a double of its own.
const EXACT_DOUBLES: i128 = 1 << 53;

/// The part of an ARN that is its account, and a text that is an account.
const ACCOUNT_OF_ARN: &str = r"\Aarn:[^:]*:[^:]*:[^:]*:([0-9]{12})(?::[\s\S]*)?\z";
const ACCOUNT: &str = r"\A([0-9]{12})\z";

/// How an address of IPv6 begins that is an address of IPv4 (RFC 4291, section 2.5.5.2).
const MAPPED: &str = r"\A[0:]*:[Ff]{4}:";

/// A comparison, to be tried on one value at a time.
pub struct Comparison<'a> {
    pub dialect: Dialect,
    pub operator: &'static Operator,
    /// The values on the right.
    pub values: Vec<&'a Value>,
}

/// What a comparison cannot express.
pub type Reasons = Vec<String>;

impl<'a> Comparison<'a> {
    /// Whether the operator, without its negation, holds for the value and one on the right.
    pub fn holds(&self, item: &Item, bound: Bound, reasons: &mut Reasons) -> Condition {
        let operator = self.operator;
        match operator.meaning {
            Meaning::Present => item.is_present(self.dialect),
            Meaning::Equal | Meaning::Member if !operator.ignores_case => self.equals(item, bound, reasons),
            Meaning::Order(order) => self.is_ordered(item, order, bound, reasons),
            Meaning::Equal
            | Meaning::Member
            | Meaning::Prefix
            | Meaning::Suffix
            | Meaning::Substring
            | Meaning::Pattern
            | Meaning::Network
            | Meaning::Account
            | Meaning::Foreign => {
                let is_text = item.is_text(self.dialect, bound);
                if item.kind == Kind::Flag {
                    reasons.push(format!("`{}` reads text, and the table has booleans as text", operator.spelling));
                }
                Condition::all([is_text, self.holds_for_text(&item.text(self.dialect), bound, reasons)])
            }
        }
    }

    fn texts(&self) -> Vec<&'a str> {
        // Only text compiles for these operators.
        let text = |value: &&'a Value| if let Value::Text(text) = value { Some(text.as_str()) } else { None };
        self.values.iter().filter_map(text).collect()
    }

    fn holds_for_text(&self, text: &str, bound: Bound, reasons: &mut Reasons) -> Condition {
        let fold = |part: &str| if self.operator.ignores_case { part.to_ascii_lowercase() } else { part.to_owned() };
        let parts: Vec<_> = self.texts().into_iter().map(fold).collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let of_text = if self.operator.ignores_case { folded(text) } else { text.to_owned() };
        let is_any = parts.contains(&"");
        match (self.operator.meaning, parts.as_slice()) {
            // Any account is foreign to none.
            (Meaning::Foreign, ids) => {
                Condition::all([Condition::Present(self.account(text)), self.has_account_of(text, ids).complement()])
            }
            (_, []) | (Meaning::Order(_) | Meaning::Present, _) => Condition::Never,
            (Meaning::Equal | Meaning::Member, parts) => is_one_of(&of_text, parts),
            (Meaning::Prefix | Meaning::Suffix | Meaning::Substring, _) if is_any => {
                format!("{text} IS NOT NULL").into()
            }
            (Meaning::Prefix, [part]) => format!("starts_with({of_text}, {})", literal(part)).into(),
            (Meaning::Substring, [part]) => format!("strpos({of_text}, {}) > 0", literal(part)).into(),
            (Meaning::Prefix, parts) => self.dialect.matches(&of_text, &format!(r"\A{}", either(parts))).into(),
            (Meaning::Suffix, parts) => self.dialect.matches(&of_text, &format!(r"{}\z", either(parts))).into(),
            (Meaning::Substring, parts) => self.dialect.matches(&of_text, &either(parts)).into(),
            (Meaning::Pattern, parts) => Condition::any_of(parts.iter().map(|part| {
                if let Some(pattern) = portable(part) {
                    return self.dialect.matches(text, &pattern).into();
                }
                reasons.push(format!("the regular expression `{part}` has no form that SQL reads alike"));
                bound.unknown()
            })),
            (Meaning::Network, parts) => {
                Condition::any_of(parts.iter().map(|part| self.is_in_network(text, part, bound, reasons)))
            }
            (Meaning::Account, ids) => self.has_account_of(text, ids),
        }
    }

    fn equals(&self, item: &Item, bound: Bound, reasons: &mut Reasons) -> Condition {
        let text = item.text(self.dialect);
        let (mut plain, mut others) = (Vec::new(), Vec::new());
        let spelled: Vec<_> = self.values.iter().map(|value| value.as_scalar().to_text()).collect();
        for (value, spelled) in self.values.iter().zip(&spelled) {
            let number = match value {
                Value::Number(number) => Some(*number),
                Value::Text(text) => Number::parse_canonical(text),
                Value::Null | Value::EmptyObject | Value::Bool(_) => None,
            };
            match (item.kind, value, spelled) {
                (Kind::Json, Value::EmptyObject, _) => {
                    others.push(format!("{} = '{{}}'", self.dialect.printed(&item.sql)).into());
                }
                (Kind::Number, ..) => {
                    others.extend(number.map(|number| format!("{} = {}", item.sql, double(number)).into()));
                }
                (Kind::Bool, _, Some(spelled)) => match spelled.as_str() {
                    "true" => others.push(item.sql.clone().into()),
                    "false" => others.push(format!("{} = FALSE", item.sql).into()),
                    _ => {}
                },
                (Kind::Json, Value::Text(wanted), _) if number.is_none() && looks_like_json(wanted) => {
                    let is_text = item.is_text(self.dialect, bound);
                    others.push(Condition::all([is_text, format!("{text} = {}", literal(wanted)).into()]));
                }
                (Kind::Json, _, Some(spelled)) => {
                    plain.push(spelled.as_str());
                    if let Some(number) = number {
                        others.push(self.is_number(item, number, bound, reasons));
                    }
                }
                (Kind::Text | Kind::Flag, _, Some(spelled)) => plain.push(spelled),
                (_, _, None) => {}
            }
        }
        Condition::any_of([is_one_of(&text, &plain)].into_iter().chain(others))
    }

    /// Whether the value is a JSON number that equals another, however it is written.
    fn is_number(&self, item: &Item, number: Number, bound: Bound, reasons: &mut Reasons) -> Condition {
        let is_exact = is_exact(number);
        if !is_exact {
            reasons.push(format!("SQL rounds numbers as large as {number}"));
            if bound == Bound::AtMost {
                return Condition::Never;
            }
        }
        let value = format!("TRY_CAST({} AS DOUBLE) = {}", item.text(self.dialect), double(number));
        Condition::all([item.is_number(self.dialect), value.into()])
    }

    fn is_ordered(&self, item: &Item, order: Order, bound: Bound, reasons: &mut Reasons) -> Condition {
        let limits = self.values.iter().filter_map(|value| match value {
            Value::Number(number) => Some(*number),
            Value::Text(text) => Number::parse(text),
            Value::Null | Value::EmptyObject | Value::Bool(_) => None,
        });
        Condition::any_of(limits.map(|limit| {
            let is_exact = is_exact(limit);
            if !is_exact {
                reasons.push(format!("SQL rounds numbers as large as {limit}"));
            }
            let sign = match (order, bound) {
                (Order::Less | Order::LessOrEqual, Bound::AtLeast) if !is_exact => "<=",
                (Order::Less | Order::LessOrEqual, Bound::AtMost) if !is_exact => "<",
                (Order::Greater | Order::GreaterOrEqual, Bound::AtLeast) if !is_exact => ">=",
                (Order::Greater | Order::GreaterOrEqual, Bound::AtMost) if !is_exact => ">",
                (Order::Less, _) => "<",
                (Order::LessOrEqual, _) => "<=",
                (Order::Greater, _) => ">",
                (Order::GreaterOrEqual, _) => ">=",
            };
            self.number(item, bound, |number| format!("{number} {sign} {}", double(limit)))
        }))
    }

    /// A condition on the number that the value is or, as text, canonically spells.
    fn number(&self, item: &Item, bound: Bound, condition: impl Fn(&str) -> String) -> Condition {
        let text = item.text(self.dialect);
        let of_text = condition(&format!("TRY_CAST({text} AS DOUBLE)")).into();
        let canonical = if bound == Bound::AtLeast { PERHAPS_CANONICAL } else { CANONICAL };
        let canonical: Condition = self.dialect.matches(&text, canonical).into();
        match item.kind {
            Kind::Bool => Condition::Never,
            Kind::Number => condition(&item.sql).into(),
            Kind::Text | Kind::Flag => Condition::all([canonical, of_text]),
            Kind::Json => Condition::all([Condition::any_of([item.is_number(self.dialect), canonical]), of_text]),
        }
    }

    fn is_in_network(&self, text: &str, network: &str, bound: Bound, reasons: &mut Reasons) -> Condition {
        let is_six = |pattern: &str| Condition::from(self.dialect.matches(text, pattern));
        if let Some(four) = network::pattern(network) {
            reasons.push("an address of IPv4 can be written as one of IPv6".to_owned());
            let exact = self.dialect.matches(text, &four).into();
            return match bound {
                Bound::AtLeast => Condition::any_of([exact, is_six(MAPPED)]),
                Bound::AtMost => exact,
            };
        }
        reasons.push(format!("addresses of IPv6, as in `{network}`, have no form that SQL compares"));
        let four = is_six(&network::pattern("0.0.0.0/0").unwrap_or_default());
        let every = if network.ends_with("/0") { four } else { Condition::Never };
        match bound {
            Bound::AtLeast => Condition::any_of([every, is_six(":")]),
            Bound::AtMost => every,
        }
    }

    fn has_account_of(&self, text: &str, ids: &[&str]) -> Condition {
        if ids.is_empty() { Condition::Never } else { format!("{} IN ({})", self.account(text), literals(ids)).into() }
    }

    /// The account of a text, or `NULL`.
    fn account(&self, text: &str) -> String {
        let (of_arn, id) = (self.dialect.extracted(text, ACCOUNT_OF_ARN), self.dialect.extracted(text, ACCOUNT));
        format!("COALESCE({of_arn}, {id})")
    }

    /// Whether the operator, without its negation, holds between two values.
    pub fn between(&self, item: &Item, other: &Item, bound: Bound, reasons: &mut Reasons) -> Condition {
        let (one, two) = (item.text(self.dialect), other.text(self.dialect));
        let texts = |of_texts: String| {
            let are_text = [item, other].map(|item| item.is_text(self.dialect, bound));
            Condition::all(are_text.into_iter().chain([of_texts.into()]))
        };
        let fold = |text: &str| if self.operator.ignores_case { folded(text) } else { text.to_owned() };
        let (folded_one, folded_two) = (fold(&one), fold(&two));
        if [item.kind, other.kind].contains(&Kind::Flag) && self.operator.meaning != Meaning::Equal {
            reasons.push(format!("`{}` reads text, and the table has booleans as text", self.operator.spelling));
        }
        match self.operator.meaning {
            Meaning::Equal | Meaning::Member if !self.operator.ignores_case => self.are_equal(item, other, bound),
            Meaning::Equal | Meaning::Member => texts(format!("{folded_one} = {folded_two}")),
            Meaning::Prefix => texts(format!("starts_with({folded_one}, {folded_two})")),
            Meaning::Suffix => texts(format!("starts_with(reverse({folded_one}), reverse({folded_two}))")),
            Meaning::Substring => texts(format!("({folded_two} = '' OR strpos({folded_one}, {folded_two}) > 0)")),
            Meaning::Account | Meaning::Foreign => texts(format!("{} = {}", self.account(&one), self.account(&two))),
            Meaning::Order(order) => {
                reasons.push("SQL rounds numbers beyond 2^53".to_owned());
                let sign = match (order, bound) {
                    (Order::Less | Order::LessOrEqual, Bound::AtLeast) => "<=",
                    (Order::Less | Order::LessOrEqual, Bound::AtMost) => "<",
                    (Order::Greater | Order::GreaterOrEqual, Bound::AtLeast) => ">=",
                    (Order::Greater | Order::GreaterOrEqual, Bound::AtMost) => ">",
                };
                let right = self.number(other, bound, |number| format!("{number} IS NOT NULL"));
                let left = |left: &str| format!("{left} {sign} TRY_CAST({two} AS DOUBLE)");
                Condition::all([right, self.number(item, bound, left)])
            }
            Meaning::Pattern | Meaning::Network | Meaning::Present => Condition::Never,
        }
    }

    /// Equal as texts, one of them text or both booleans; or as numbers, of which at least one is a JSON number.
    fn are_equal(&self, item: &Item, other: &Item, bound: Bound) -> Condition {
        let (one, two) = (item.text(self.dialect), other.text(self.dialect));
        let is_scalar = |item: &Item| match item.kind {
            Kind::Json => self.dialect.matches(&self.dialect.printed(&item.sql), r#"\A["tf]"#).into(),
            Kind::Number => Condition::Never,
            Kind::Text | Kind::Flag | Kind::Bool => Condition::Always,
        };
        let as_texts = Condition::all([is_scalar(item), is_scalar(other), format!("{one} = {two}").into()]);
        let one_is_number = Condition::any_of([item.is_number(self.dialect), other.is_number(self.dialect)]);
        let as_numbers = Condition::all([
            one_is_number,
            self.number(item, bound, |number| format!("{number} = TRY_CAST({two} AS DOUBLE)")),
            self.number(other, bound, |number| format!("{number} IS NOT NULL")),
        ]);
        Condition::any_of([as_texts, as_numbers])
    }
}

/// Whether each double that equals the number is that number.
fn is_exact(number: Number) -> bool {
    let limit = Number::Int(EXACT_DOUBLES);
    number < limit && number > Number::Int(-EXACT_DOUBLES)
}

fn double(number: Number) -> String {
    match number {
        Number::Int(int) if is_exact(number) => int.to_string(),
        Number::Int(int) => format!("{int}e0"),
        Number::Float(float) => format!("{float:e}"),
    }
}

fn is_one_of(text: &str, texts: &[&str]) -> Condition {
    match texts {
        [] => Condition::Never,
        [one] => format!("{text} = {}", literal(one)).into(),
        several => format!("{text} IN ({})", literals(several)).into(),
    }
}

fn either(texts: &[&str]) -> String {
    format!("(?:{})", texts.iter().map(|text| escaped(text)).collect::<Vec<_>>().join("|"))
}

/// Whether a number, a list, an object or null in JSON may be written like this text.
fn looks_like_json(text: &str) -> bool {
    text == "null" || text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '[' | '{'))
}

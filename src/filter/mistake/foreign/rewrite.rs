//! A condition of another language as the text that replaces it.

use super::{
    operator_word::{Asks, ForeignOperator, LetterCase},
    reader::Reader,
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right, RightItem},
        mistake::{LIKELY_OPERATORS, code},
        operand::Value,
        operator::{self, Operator},
    },
    record::Path,
};

/// A part of a filter in another language, and what replaces it.
pub struct Rewrite {
    /// The bytes of the text that it replaces, from the start of the text.
    pub length: usize,
    /// The finding; its spans are bytes of the text.
    pub finding: Diagnostic,
}

/// What a condition means: the same in every language, or else one meaning for each.
#[derive(Clone, Debug)]
pub struct Meant {
    /// The condition.
    pub expr: Expr,
    /// Another meaning, and when it is meant.
    pub other: Option<(Expr, &'static str)>,
}

impl Meant {
    /// A condition with one meaning.
    pub fn one(expr: Expr) -> Self {
        Self { expr, other: None }
    }

    /// Its opposite, if `negated`.
    pub fn negated(self, negated: bool) -> Self {
        if !negated {
            return self;
        }
        Self { expr: not(self.expr), other: self.other.map(|(expr, when)| (not(expr), when)) }
    }
}

/// One condition at the beginning of a text, if it has words of another language and is understood.
pub fn condition(text: &str, inside: bool) -> Option<Rewrite> {
    [false, true].into_iter().find_map(|colons| {
        let mut reader = Reader::new(text, inside);
        reader.colons = colons;
        let meant = reader.condition()?;
        if !reader.at_end() {
            return None;
        }
        rewrite(&reader, 0, &meant)
    })
}

/// Whether a text begins with a field and an operator.
pub fn begins_condition(text: &str, inside: bool) -> bool {
    let mut reader = Reader::new(text, inside);
    reader.field().is_some_and(|(_, method)| method.is_none()) && reader.operator().is_some()
}

/// The repair of an operator of another language, whatever follows it.
pub fn operator_meant(spelling: &str, path: &Path) -> Option<String> {
    let mut reader = Reader::new(spelling, false);
    let ForeignOperator { asks, negated, case } = reader.operator().filter(|_| reader.rest().is_empty())?;
    let own = match asks {
        Asks::Native(native) => folded(native, case == LetterCase::Ignored).spelling,
        Asks::Like | Asks::ContainsAny | Asks::ContainsAll => "contains",
        Asks::Missing | Asks::Present => {
            let value = if negated == (asks == Asks::Missing) { "exists" } else { "= null" };
            return Some(format!("write {}", code(&format!("{path} {value}"))));
        }
        Asks::Glob | Asks::Between | Asks::Empty | Asks::True | Asks::False => return None,
    };
    Some(match (own, negated) {
        (own, false) => format!("write `{own}`"),
        ("=", true) => "write `!=`".to_owned(),
        ("in", true) => format!("write {}", code(&format!("not ({path} in (…))"))),
        (own, true) => format!("write {}", code(&format!("not ({path} {own} …)"))),
    })
}

/// The finding about what a reader has read since `start`.
pub fn rewrite(reader: &Reader<'_>, start: usize, meant: &Meant) -> Option<Rewrite> {
    let foreign = reader.foreign.clone()?;
    let mut help = format!("write {}", code(&shown(&meant.expr, reader.inside)));
    let mut span = Span::new(start, reader.at());
    let mut label = "expected the words of this language";
    if let (Some(place), false, None, ExprKind::Compare(compare)) =
        (reader.operator, reader.elsewhere, &meant.other, &meant.expr.kind)
        && !matches!(compare.right, Right::Nothing)
    {
        // The rest is as it must be, so only the operator is replaced.
        (span, help) = (place, format!("write `{}`", compare.operator.spelling));
        label = LIKELY_OPERATORS;
    }
    if let Some((other, when)) = &meant.other {
        help = format!("{help}, or {} {when}", code(&shown(other, reader.inside)));
    }
    let finding = Diagnostic::error(foreign.code, foreign.title, span, label).help(help);
    Some(Rewrite { length: reader.at(), finding })
}

/// A condition in text, with brackets where it joins others or negates one.
pub fn shown(expr: &Expr, inside: bool) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = match &expr.kind {
        ExprKind::Not(inner) => {
            text.push_str("not (");
            let written = inner.write_to(&mut text, inside);
            text.push(')');
            written
        }
        ExprKind::And(_) | ExprKind::Or(_) => {
            text.push('(');
            let written = expr.write_to(&mut text, inside);
            text.push(')');
            written
        }
        ExprKind::Compare(_) | ExprKind::Any(..) | ExprKind::List { .. } => expr.write_to(&mut text, inside),
    };
    text
}

/// A tree without places.
pub fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// The opposite of a condition.
pub fn not(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Not(inner) => *inner,
        ExprKind::Compare(Compare { left, operator, right, .. }) if matches!(operator.spelling, "=" | "exists") => {
            let right = if operator.spelling == "exists" { Right::One(item(Value::Null)) } else { right };
            let other = if operator.spelling == "exists" { &operator::EQUAL } else { &operator::NOT_EQUAL };
            bare(ExprKind::Compare(Compare { left, operator: other, operator_span: Span::default(), right }))
        }
        kind => bare(ExprKind::Not(Box::new(bare(kind)))),
    }
}

/// Conditions joined by `or`, or by `and`.
pub fn joined(mut parts: Vec<Expr>, any: bool) -> Expr {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    bare(if any { ExprKind::Or(parts) } else { ExprKind::And(parts) })
}

/// A comparison.
pub fn compare(path: &Path, operator: &'static Operator, right: Right) -> Expr {
    bare(ExprKind::Compare(Compare { left: path.clone().into(), operator, operator_span: Span::default(), right }))
}

/// One value on the right.
pub fn item(value: Value) -> RightItem {
    RightItem::Value(Operand { value, span: Span::default() })
}

/// A text on the right.
pub fn text_right(text: String) -> Right {
    Right::One(item(Value::Text(text)))
}

/// The operator that ignores letter case, if `ignores`.
pub fn folded(operator: &'static Operator, ignores: bool) -> &'static Operator {
    if !ignores {
        return operator;
    }
    match operator.spelling {
        "=" | "in" => &operator::IEQUALS,
        "starts_with" => &operator::ISTARTS_WITH,
        "ends_with" => &operator::IENDS_WITH,
        "contains" | "like" => &operator::ICONTAINS,
        _ => operator,
    }
}

//! A filter's condition → a condition in SQL, with a bound where it cannot be exact.

use super::{
    columns::Columns,
    comparison::{Comparison, Reasons},
    condition::{Bound, Condition},
    dialect::Dialect,
    place::{Element, ElementKind},
    value::{Item, Kind, Values},
};
use crate::{
    filter::{
        ast::{Compare, Expr, ExprKind, RightItem},
        names_it,
        operand::Value,
        operator::{EXISTS, Meaning},
    },
    record::{Path, Root},
};

/// Translates a filter, and collects what its condition reads.
pub struct Translator {
    dialect: Dialect,
    /// What the condition reads beside the columns of the table.
    pub columns: Columns,
    /// Why the condition is not exact.
    pub reasons: Reasons,
    /// How many variables of lambdas have a name.
    variables: usize,
}

impl Translator {
    /// A translator into this dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, columns: Columns::default(), reasons: Vec::new(), variables: 0 }
    }

    /// The condition that the filter's condition holds, or that it does not.
    pub fn condition(&mut self, expr: &Expr, holds: bool, bound: Bound, element: Option<&Element>) -> Condition {
        let each = |parts: &[Expr], translator: &mut Self| -> Vec<Condition> {
            parts.iter().map(|part| translator.condition(part, holds, bound, element)).collect()
        };
        match &expr.kind {
            ExprKind::And(parts) if holds => Condition::all(each(parts, self)),
            ExprKind::Or(parts) if !holds => Condition::all(each(parts, self)),
            ExprKind::And(parts) | ExprKind::Or(parts) => Condition::any_of(each(parts, self)),
            ExprKind::Not(inner) => self.condition(inner, !holds, bound, element),
            ExprKind::Any(list, inner) => self.any(&list.path, inner, holds, bound, element),
            ExprKind::Compare(compare) => self.compare(compare, holds, bound, element),
            // The values of lists are in the filter before it is translated.
            ExprKind::List { .. } => bound.unknown(),
        }
    }

    fn any(&mut self, list: &Path, inner: &Expr, holds: bool, bound: Bound, element: Option<&Element>) -> Condition {
        let names_it = names_it(inner);
        let (list, kind) = match self.dialect.elements(list, element, names_it, &mut self.columns) {
            Ok(Some(found)) => found,
            Ok(None) => return Condition::Never.or_complement(holds),
            Err(reason) => return self.unknown(reason, bound),
        };
        let name = self.variable("e");
        let tried = Element { name: name.clone(), kind };
        let inner = self.condition(inner, true, bound_of(holds, bound), Some(&tried));
        let may_be_null = matches!(kind, ElementKind::Structure(_));
        self.exists(&list, &name, inner, holds, may_be_null)
    }

    /// Whether a condition holds for an element of a list, or for none.
    fn exists(&self, list: &str, name: &str, condition: Condition, holds: bool, may_be_null: bool) -> Condition {
        if condition == Condition::Never {
            return Condition::Never.or_complement(holds);
        }
        let count = self.dialect.count(&self.dialect.those(list, name, &condition.to_string()));
        match (holds, may_be_null) {
            (true, _) => format!("{count} > 0").into(),
            (false, false) => format!("{count} = 0").into(),
            (false, true) => format!("COALESCE({count}, 0) = 0").into(),
        }
    }

    fn compare(&mut self, compare: &Compare, holds: bool, bound: Bound, element: Option<&Element>) -> Condition {
        let values = self.values(&compare.left.path, element);
        if let Some(present) = compare.presence() {
            let exists = Comparison { dialect: self.dialect, operator: &EXISTS, values: Vec::new() };
            return self.try_each(values, holds == present, bound, |translator, item, bound| {
                exists.holds(item, bound, &mut translator.reasons)
            });
        }
        let holds = holds != compare.operator.negated;
        let items = compare.right.items();
        let on_right = items.iter().filter_map(|item| match item {
            RightItem::Value(operand) => Some(&operand.value),
            RightItem::Field(_) | RightItem::Named(_) => None,
        });
        let comparison = Comparison { dialect: self.dialect, operator: compare.operator, values: on_right.collect() };
        // The id of a credential, which the table lacks, is no ARN.
        let is_arn = |value: &&Value| matches!(value, Value::Text(text) if text.starts_with("arn:"));
        let is_of_arn = comparison.operator.meaning == Meaning::Prefix && comparison.values.iter().all(is_arn);
        let values = match values {
            Values::One(item, Some(_)) if is_of_arn && compare.right.fields().next().is_none() => {
                Values::One(item, None)
            }
            values => values,
        };
        if let Values::Whole { empty, .. } = &values {
            let is_wanted = comparison.values.contains(&&Value::EmptyObject);
            return match empty {
                Some(empty) if is_wanted => empty.clone().or_complement(holds),
                None if is_wanted => {
                    self.unknown("the table does not tell whether an object has keys".to_owned(), bound)
                }
                _ => Condition::Never.or_complement(holds),
            };
        }
        let fields: Vec<_> = compare.right.fields().map(|field| self.values(&field.path, element)).collect();
        self.try_each(values, holds, bound, |translator, item, bound| {
            let is_foreign = comparison.operator.meaning == Meaning::Foreign;
            let on_right = comparison.holds(item, bound, &mut translator.reasons);
            let others = fields.iter().map(|other| {
                translator.try_each(other.clone(), !is_foreign, bound, |translator, other, bound| {
                    comparison.between(item, other, bound, &mut translator.reasons)
                })
            });
            let all = [on_right].into_iter().chain(others);
            if is_foreign { Condition::all(all) } else { Condition::any_of(all) }
        })
    }

    /// Whether a condition holds for one of the values, or for none of them.
    fn try_each(
        &mut self,
        values: Values,
        holds: bool,
        bound: Bound,
        condition: impl Fn(&mut Self, &Item, Bound) -> Condition,
    ) -> Condition {
        let inner = bound_of(holds, bound);
        match values {
            Values::Nothing => Condition::Never.or_complement(holds),
            Values::Unknown(reason) => self.unknown(reason, bound),
            Values::Whole { present, .. } => present.or_complement(holds),
            Values::One(item, None) => condition(self, &item, inner).or_complement(holds),
            Values::One(item, Some(doubt)) => {
                let found = condition(self, &item, inner);
                self.reasons.push("the table lacks a field of which a short name is computed".to_owned());
                let found = match inner {
                    Bound::AtLeast => Condition::any_of([found, doubt]),
                    Bound::AtMost => Condition::all([found, doubt.complement()]),
                };
                found.or_complement(holds)
            }
            Values::Many { list, kind } => {
                let name = self.variable("v");
                let found = condition(self, &Item::new(&name, kind), inner);
                self.exists(&list, &name, found, holds, kind != Kind::Json)
            }
        }
    }

    /// The values of a path; what takes long to compute is a column beside those of the table.
    pub fn values(&mut self, path: &Path, element: Option<&Element>) -> Values {
        let values = self.dialect.values(path, element, &mut self.columns);
        if path.root == Root::Element && element.is_some() {
            return values;
        }
        match values {
            Values::Many { list, kind } => {
                Values::Many { list: self.columns.add(&format!("values of {path}"), list), kind }
            }
            Values::One(item, doubt) if path.is_computed() => {
                Values::One(Item::new(self.columns.add(&format!("value of {path}"), item.sql), item.kind), doubt)
            }
            other => other,
        }
    }

    fn variable(&mut self, letter: &str) -> String {
        self.variables += 1;
        format!("{letter}{}", self.variables)
    }

    fn unknown(&mut self, reason: String, bound: Bound) -> Condition {
        self.reasons.push(reason);
        bound.unknown()
    }
}

/// The bound of a condition that must hold, or must not, for a bound of the whole.
fn bound_of(holds: bool, bound: Bound) -> Bound {
    if holds { bound } else { bound.of_complement() }
}

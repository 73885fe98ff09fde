//! [`Expr`] → [`Matcher`]: the compiled form, which answers with a boolean and cannot fail.
//!
//! It mirrors the expression node for node, so that an [`Observer`] can lay the expression beside what it sees.

use std::sync::Arc;

use super::{
    ast::{Compare, Expr, ExprKind, Operand},
    operator::{Requires, Test, Value},
};
use crate::{
    diagnostic::Diagnostic,
    record::{Node, Path, Scalar},
};

/// A compiled condition.
#[derive(Clone)]
pub enum Matcher {
    /// All of them hold.
    And(Box<[Matcher]>),
    /// One of them holds.
    Or(Box<[Matcher]>),
    /// It does not hold.
    Not(Box<Matcher>),
    /// A field against its operands.
    Clause(Clause),
}

/// A compiled comparison: whether any value that the path reaches passes any test, or the complement of that.
#[derive(Clone)]
pub struct Clause {
    path: Path,
    tests: Box<[Test]>,
    negated: bool,
    requires: Box<[Requires]>,
}

/// Who looks on while a filter is matched; conditions come in the order in which they are written.
pub trait Observer {
    /// Whether every condition is to be looked at, also where the outcome is already known.
    const THOROUGH: bool;
    /// A condition begins.
    fn open(&mut self) {}
    /// A comparison saw a value.
    fn saw(&mut self, _: Scalar<'_>) {}
    /// The condition that began last and has not ended, ends.
    fn close(&mut self, _held: bool) {}
}

/// Nobody: plain matching.
pub struct Unobserved;

impl Observer for Unobserved {
    const THOROUGH: bool = false;
}

impl Matcher {
    /// Compiles `expr`. The errors are all operands that their operators refuse.
    pub fn compile(expr: &Expr) -> Result<Self, Vec<Diagnostic>> {
        match &expr.kind {
            ExprKind::And(parts) => compile_all(parts).map(Matcher::And),
            ExprKind::Or(parts) => compile_all(parts).map(Matcher::Or),
            ExprKind::Not(inner) => Ok(Matcher::Not(Box::new(Matcher::compile(inner)?))),
            ExprKind::Compare(compare) => Clause::compile(compare).map(Matcher::Clause),
        }
    }

    /// Whether the record matches.
    pub fn matches<'a, N: Node<'a>, O: Observer>(&self, record: N, observer: &mut O) -> bool {
        observer.open();
        let holds = match self {
            Matcher::And(parts) => until(parts, false, record, observer),
            Matcher::Or(parts) => until(parts, true, record, observer),
            Matcher::Not(inner) => !inner.matches(record, observer),
            Matcher::Clause(clause) => clause.matches(record, observer),
        };
        observer.close(holds);
        holds
    }

    /// What a matching record must hold: of each inner list, at least one. Sound, not complete.
    pub fn requires(&self) -> Vec<Vec<Requires>> {
        match self {
            Matcher::And(parts) => parts.iter().flat_map(Matcher::requires).collect(),
            Matcher::Or(parts) => {
                // Of each part the shortest of its lists; a part that requires nothing leaves nothing required.
                let shortest = parts.iter().map(|part| part.requires().into_iter().min_by_key(Vec::len));
                shortest.collect::<Option<Vec<_>>>().map(|lists| vec![lists.concat()]).unwrap_or_default()
            }
            Matcher::Not(_) => Vec::new(),
            Matcher::Clause(clause) if clause.negated || clause.requires.contains(&Requires::Nothing) => Vec::new(),
            Matcher::Clause(clause) => vec![clause.requires.to_vec()],
        }
    }
}

fn compile_all(parts: &[Expr]) -> Result<Box<[Matcher]>, Vec<Diagnostic>> {
    collect(parts.iter().map(Matcher::compile)).map(Vec::into_boxed_slice)
}

/// All values, or all errors.
fn collect<T>(results: impl Iterator<Item = Result<T, Vec<Diagnostic>>>) -> Result<Vec<T>, Vec<Diagnostic>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// Whether any part's outcome is `wanted` (for `or`), or else the opposite (for `and`).
fn until<'a, N: Node<'a>, O: Observer>(parts: &[Matcher], wanted: bool, record: N, observer: &mut O) -> bool {
    let mut outcome = !wanted;
    for part in parts {
        if part.matches(record, observer) == wanted {
            outcome = wanted;
            if !O::THOROUGH {
                break;
            }
        }
    }
    outcome
}

impl Clause {
    fn compile(compare: &Compare) -> Result<Self, Vec<Diagnostic>> {
        let operator = compare.operator;
        if let [Operand { value: Value::Null, .. }] = compare.operands.as_slice() {
            // No value, not even a null one, is no value: `= null` is the complement of `exists`.
            let exists: Test = Arc::new(|scalar| scalar != Scalar::Null);
            return Ok(Self {
                path: compare.path.clone(),
                tests: [exists].into(),
                negated: !operator.negated,
                requires: [Requires::Nothing].into(),
            });
        }
        let nothing = [Operand { value: Value::Null, span: compare.operator_span }];
        let operands = if compare.operands.is_empty() { &nothing } else { compare.operands.as_slice() };
        let tests = collect(operands.iter().map(|operand| {
            (operator.compile)(&operand.value).map_err(|refusal| {
                let title = format!("`{}` does not take `{}`", operator.spelling, operand.value);
                let diagnostic = Diagnostic::error("wrong-operand", title, operand.span, refusal.expected);
                vec![diagnostic.help(refusal.help)]
            })
        }))?;
        Ok(Self {
            path: compare.path.clone(),
            tests: tests.into(),
            negated: operator.negated,
            requires: operands
                .iter()
                .map(|operand| required(&compare.path, (operator.requires)(&operand.value)))
                .collect(),
        })
    }

    fn matches<'a, N: Node<'a>, O: Observer>(&self, record: N, observer: &mut O) -> bool {
        let mut found = false;
        self.path.visit(record, &mut |scalar| {
            observer.saw(scalar);
            found |= self.tests.iter().any(|test| test(scalar));
            found && !O::THOROUGH
        });
        found != self.negated
    }
}

/// What is worked out stands nowhere in the record.
fn required(path: &Path, requires: Requires) -> Requires {
    if path.is_worked_out() { Requires::Nothing } else { requires }
}

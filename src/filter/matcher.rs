//! [`Expr`] → [`Matcher`]: the compiled form, which answers with a boolean and cannot fail.
//!
//! It mirrors the expression node for node, so that an [`Observer`] can lay the expression beside what it sees.

use super::{
    Lists,
    ast::{Compare, Expr, ExprKind, Operand, Right},
    mistake,
    operand::{Needs, Refusal, Requires, Test, Value},
    operator::{Operator, present},
};
use crate::{
    diagnostic::{Diagnostic, shorten},
    record::{ElementVisitor, Node, Path, Place, Root, Scalar, Scalars, Visitor, each_element},
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
    /// It holds for one element.
    Any(Box<Any>),
    /// A field against what stands on the right of its operator.
    Clause(Clause),
}

/// A condition on the elements of a list.
#[derive(Clone)]
pub struct Any {
    path: Path,
    /// Whether it speaks of the element itself, and not only of what is in it.
    names_it: bool,
    inner: Matcher,
}

/// A compiled comparison: whether any value that the path reaches passes, or the complement of that.
#[derive(Clone)]
pub struct Clause {
    path: Path,
    negated: bool,
    against: Against,
    requires: Box<[Requires]>,
}

#[derive(Clone)]
enum Against {
    /// Any test.
    Tests(Box<[Test]>),
    /// Any value of another field.
    Field(Path, fn(Scalar<'_>, Scalar<'_>) -> bool),
}

/// Who looks on while a filter is matched; conditions come in the order in which they are written.
pub trait Observer {
    /// Whether every condition is to be looked at, also where the outcome is already known.
    const THOROUGH: bool;
    /// A condition begins, or an element of the list that an `any` looks at.
    fn open(&mut self) {}
    /// A comparison saw a value, which passes its test or does not. What `!=` and `= null` test is their complement.
    fn saw(&mut self, _: Scalar<'_>, _passes: bool) {}
    /// A comparison with another field saw that field's value.
    fn saw_other(&mut self, _: Scalar<'_>) {}
    /// What began last and has not ended, ends.
    fn close(&mut self, _held: bool) {}
}

/// Nobody: plain matching.
pub struct Unobserved;

impl Observer for Unobserved {
    const THOROUGH: bool = false;
}

impl Matcher {
    /// Compiles `expr`. The errors are all operands that their operators refuse, and lists that are not there.
    pub fn compile(expr: &Expr, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        match &expr.kind {
            ExprKind::And(parts) => compile_all(parts, lists).map(Matcher::And),
            ExprKind::Or(parts) => compile_all(parts, lists).map(Matcher::Or),
            ExprKind::Not(inner) => Ok(Matcher::Not(Box::new(Matcher::compile(inner, lists)?))),
            ExprKind::Any(path, inner) => Ok(Matcher::Any(Box::new(Any {
                path: path.clone(),
                names_it: names_it(inner),
                inner: Matcher::compile(inner, lists)?,
            }))),
            ExprKind::Compare(compare) => Clause::compile(compare, lists).map(Matcher::Clause),
        }
    }

    /// Whether the record matches; `element` is what the innermost `any` looks at.
    pub fn matches<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &self,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> bool {
        observer.open();
        let holds = match self {
            Matcher::And(parts) => until(parts, false, record, element, observer),
            Matcher::Or(parts) => until(parts, true, record, element, observer),
            Matcher::Not(inner) => !inner.matches(record, element, observer),
            Matcher::Any(any) => {
                let mut elements = Elements { any, record, observer, found: false };
                any.path.walk(record, element, &mut elements);
                elements.found
            }
            Matcher::Clause(clause) => clause.matches(record, element, observer),
        };
        observer.close(holds);
        holds
    }

    /// Shows every path in it.
    pub fn each_path<'a>(&'a self, see: &mut dyn FnMut(&'a Path)) {
        match self {
            Matcher::And(parts) | Matcher::Or(parts) => parts.iter().for_each(|part| part.each_path(see)),
            Matcher::Not(inner) => inner.each_path(see),
            Matcher::Any(any) => {
                see(&any.path);
                any.inner.each_path(see);
            }
            Matcher::Clause(clause) => {
                see(&clause.path);
                if let Against::Field(path, _) = &clause.against {
                    see(path);
                }
            }
        }
    }

    /// What a matching record must have: of each inner list, at least one. Sound, not complete. `element` are the keys
    /// of the field in which the element of the innermost `any` lies, where that is known.
    pub fn needs(&self, element: &[&str]) -> Vec<Vec<Needs>> {
        match self {
            Matcher::And(parts) => parts.iter().flat_map(|part| part.needs(element)).collect(),
            Matcher::Or(parts) => {
                // Of each part the rarest of its lists; a part that needs nothing leaves nothing needed.
                let rarest = parts.iter().map(|part| part.needs(element).into_iter().min_by_key(|list| rarity(list)));
                rarest.collect::<Option<Vec<_>>>().map(|lists| vec![lists.concat()]).unwrap_or_default()
            }
            Matcher::Any(any) => {
                let (keys, _) = any.path.first_keys(DEPTH);
                let list = if any.path.root == Root::Element { element } else { &keys };
                let there = (!list.is_empty()).then(|| vec![Needs::field(list)]);
                there.into_iter().chain(any.inner.needs(list)).collect()
            }
            Matcher::Not(_) => Vec::new(),
            Matcher::Clause(clause) => clause.needs(element).into_iter().collect(),
        }
    }
}

/// How many keys lead to a field that an index knows of.
const DEPTH: usize = 2;

/// Lists compare by what most records have of them, then by length.
pub fn rarity(list: &[Needs]) -> (u8, usize) {
    (list.iter().map(Needs::commonness).max().unwrap_or_default(), list.len())
}

/// What an operator asks of a value, or why it does not take its operand.
pub fn test(operator: &Operator, operand: &Operand) -> Result<Test, Vec<Diagnostic>> {
    (operator.compile)(&operand.value).map_err(|Refusal { expected, help }| {
        let title = format!("`{}` does not take `{}`", operator.spelling, shorten(&operand.value.to_string()));
        vec![Diagnostic::error("wrong-operand", title, operand.span, expected).help(help)]
    })
}

fn compile_all(parts: &[Expr], lists: &Lists) -> Result<Box<[Matcher]>, Vec<Diagnostic>> {
    collect(parts.iter().map(|part| Matcher::compile(part, lists))).map(Vec::into_boxed_slice)
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

/// Whether a condition inside of an `any` speaks of the element itself.
fn names_it(expr: &Expr) -> bool {
    let is_it = |path: &Path| path.root == Root::Element && path.steps.is_empty();
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().any(names_it),
        ExprKind::Not(inner) => names_it(inner),
        // What stands inside of another `any` speaks of that one's element.
        ExprKind::Any(path, _) => is_it(path),
        ExprKind::Compare(compare) => {
            is_it(&compare.path) || matches!(&compare.right, Right::Field(path) if is_it(path))
        }
    }
}

/// Whether any part's outcome is `wanted` (for `or`), or else the opposite (for `and`).
fn until<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
    parts: &[Matcher],
    wanted: bool,
    record: R,
    element: Place<E>,
    observer: &mut O,
) -> bool {
    let mut outcome = !wanted;
    for part in parts {
        if part.matches(record, element, observer) == wanted {
            outcome = wanted;
            if !O::THOROUGH {
                break;
            }
        }
    }
    outcome
}

/// Tries the elements that a path reaches.
struct Elements<'a, R, O> {
    any: &'a Any,
    record: R,
    observer: &'a mut O,
    found: bool,
}

impl<'r, R: Node<'r>, O: Observer> Visitor for Elements<'_, R, O> {
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool {
        each_element(place, false, self)
    }
}

impl<'r, R: Node<'r>, O: Observer> ElementVisitor for Elements<'_, R, O> {
    /// A single object is its own one-element list; what is no object is looked at only in a list, and only if the
    /// condition speaks of the element itself.
    fn element<'n, N: Node<'n>>(&mut self, place: Place<N>, inside: bool) -> bool {
        if place.node.scalar() == Scalar::Object || inside && self.any.names_it {
            self.observer.open();
            let held = self.any.inner.matches(self.record, place, self.observer);
            self.observer.close(held);
            self.found |= held;
        }
        self.found && !O::THOROUGH
    }
}

impl Clause {
    fn compile(compare: &Compare, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        let operator = compare.operator;
        let clause = |negated, against, requires: Vec<Requires>| Self {
            path: compare.path.clone(),
            negated,
            against,
            requires: requires.into(),
        };
        match &compare.right {
            Right::Value(Operand { value: Value::Null, .. }) => {
                Ok(clause(!operator.negated, Against::Tests([present()].into()), vec![Requires::Nothing]))
            }
            Right::Field(path) => {
                let between = operator.between.unwrap_or(|_, _| false);
                Ok(clause(operator.negated, Against::Field(path.clone(), between), vec![Requires::Nothing]))
            }
            right => {
                let operands = operands(right, compare, lists)?;
                let tests =
                    collect(operands.iter().map(|operand| test(operator, operand))).map_err(|errors| match right {
                        Right::Named(list) => {
                            errors.into_iter().map(|error| mistake::in_list(error, &list.name)).collect()
                        }
                        _ => errors,
                    })?;
                let requires = operands.iter().map(|operand| (operator.requires)(&operand.value)).collect();
                Ok(clause(operator.negated, Against::Tests(tests.into()), requires))
            }
        }
    }

    /// A clause that is not negated holds only where its path reaches a value, and so where the field is in which the
    /// path begins; a path that ends there ends at that field's value or, if that is a list, at what lies in it.
    fn needs(&self, element: &[&str]) -> Option<Vec<Needs>> {
        let (keys, ends) = self.path.first_keys(DEPTH);
        let field = if self.path.root == Root::Element { element } else { &keys };
        if self.negated || field.is_empty() {
            return None;
        }
        match &self.against {
            Against::Tests(tests) if ends => {
                let need = |(value, test): (&Requires, &Test)| Needs {
                    value: value.clone(),
                    test: Some(Test::clone(test)),
                    ..Needs::field(field)
                };
                Some(self.requires.iter().zip(tests).map(need).collect())
            }
            _ => Some(vec![Needs::field(field)]),
        }
    }

    fn matches<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &self,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> bool {
        let mut found = false;
        self.path.walk(
            record,
            element,
            &mut Scalars(&mut |scalar| {
                let passes = match &self.against {
                    Against::Tests(tests) => tests.iter().any(|test| test(scalar)),
                    Against::Field(path, between) => other_holds(path, *between, scalar, record, element, observer),
                };
                observer.saw(scalar, passes);
                found |= passes;
                found && !O::THOROUGH
            }),
        );
        found != self.negated
    }
}

/// Whether `scalar` holds against any value of another field; null holds against nothing.
fn other_holds<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
    path: &Path,
    between: fn(Scalar<'_>, Scalar<'_>) -> bool,
    scalar: Scalar<'_>,
    record: R,
    element: Place<E>,
    observer: &mut O,
) -> bool {
    let mut found = false;
    path.walk(
        record,
        element,
        &mut Scalars(&mut |other| {
            observer.saw_other(other);
            found |= scalar != Scalar::Null && other != Scalar::Null && between(scalar, other);
            found && !O::THOROUGH
        }),
    );
    found
}

/// The values on the right, of which a named list has as many as the rules file gives it.
fn operands(right: &Right, compare: &Compare, lists: &Lists) -> Result<Vec<Operand>, Vec<Diagnostic>> {
    match right {
        Right::Value(operand) => Ok(vec![operand.clone()]),
        Right::List(operands) => Ok(operands.clone()),
        Right::Named(list) => match lists.get(&list.name) {
            Some(values) => Ok(values.iter().map(|value| Operand { value: value.clone(), span: list.span }).collect()),
            None => Err(vec![mistake::unknown_list(&list.name, list.span, lists.names())]),
        },
        Right::Nothing | Right::Field(_) => Ok(vec![Operand { value: Value::Null, span: compare.operator_span }]),
    }
}

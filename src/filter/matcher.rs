//! [`Expr`] → [`Matcher`]: the compiled form of a filter, whose matching returns a boolean and cannot fail.
//!
//! A matcher mirrors its expression node for node, so an [`Observer`] can relate what it sees to the expression.

use super::{
    accounts::{Accounts, AccountsOfFields},
    ast::{Compare, Expr, ExprKind, Operand, Right, RightItem},
    mistake,
    needs::{Needs, Requires, rarity},
    observer::Observer,
    operand::{Lists, Takes, Test, Value},
    operator::{Operator, as_account, present},
    right_side::{collect, operands, refused, test},
    value_set::{Tests, ValueSet},
};
use crate::{
    diagnostic::Diagnostic,
    record::{
        ElementVisitor, Node, Path, Place, Root, Scalar, Scalars, Visitor, WorkBudget, Zone, each_element, test_steps,
    },
};

/// A compiled condition.
#[derive(Clone)]
pub enum Matcher {
    /// All of these hold.
    And(Box<[Matcher]>),
    /// One of these holds.
    Or(Box<[Matcher]>),
    /// This does not hold.
    Not(Box<Matcher>),
    /// A condition holds for one element of a list.
    Any(Box<AnyElement>),
    /// A comparison.
    Clause(Clause),
    /// A named list with this many values has none, or has one.
    List {
        /// How many values it has.
        count: usize,
        /// Whether it must have none.
        empty: bool,
    },
}

/// A condition on the elements of a list.
#[derive(Clone)]
pub struct AnyElement {
    path: Path,
    /// Whether the condition names the element itself (`it`), and not only its members.
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
    /// The value passes one of these tests.
    Tests(Tests),
    /// The value passes against one value of another field.
    Field(Path, &'static Operator),
    /// The account of the value is among these, or is not.
    Accounts(Accounts),
}

impl Matcher {
    /// Compiles `expr`.
    ///
    /// # Errors
    ///
    /// One diagnostic for each operand that its operator does not take, and for each list that `lists` does not have.
    pub fn compile(expr: &Expr, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        match &expr.kind {
            ExprKind::And(parts) => compile_all(parts, lists).map(Matcher::And),
            ExprKind::Or(parts) => compile_all(parts, lists).map(Matcher::Or),
            ExprKind::Not(inner) => Ok(Matcher::Not(Box::new(Matcher::compile(inner, lists)?))),
            ExprKind::Any(path, inner) => Ok(Matcher::Any(Box::new(AnyElement {
                path: path.path.clone(),
                names_it: names_it(inner),
                inner: Matcher::compile(inner, lists)?,
            }))),
            ExprKind::Compare(compare) => Clause::compile(compare, lists).map(Matcher::Clause),
            ExprKind::List { list, empty } => match lists.get(&list.name) {
                Some(values) => Ok(Matcher::List { count: values.len(), empty: *empty }),
                None => Err(vec![mistake::unknown_list_on_the_left(&list.name, list.span, lists.names())]),
            },
        }
    }

    /// Whether the record matches; `element` is the one that the innermost `any` tries.
    pub fn matches<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &self,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> bool {
        observer.open();
        if O::THOROUGH {
            record.work().spend(OBSERVED);
        }
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
            Matcher::List { count, empty } => {
                observer.saw_list(*count);
                (*count == 0) == *empty
            }
        };
        observer.close(holds);
        holds
    }

    /// Calls `see` with every path in it.
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
                match &clause.against {
                    Against::Tests(_) => {}
                    Against::Field(path, _) => see(path),
                    Against::Accounts(accounts) => accounts.fields().iter().for_each(see),
                }
            }
            Matcher::List { .. } => {}
        }
    }

    /// Makes the hours and the weekdays that it reads those of a time zone.
    pub fn set_zone(&mut self, zone: Zone) {
        match self {
            Matcher::And(parts) | Matcher::Or(parts) => parts.iter_mut().for_each(|part| part.set_zone(zone)),
            Matcher::Not(inner) => inner.set_zone(zone),
            Matcher::Any(any) => {
                any.path.set_zone(zone);
                any.inner.set_zone(zone);
            }
            Matcher::Clause(clause) => {
                clause.path.set_zone(zone);
                match &mut clause.against {
                    Against::Tests(_) => {}
                    Against::Field(path, _) => path.set_zone(zone),
                    Against::Accounts(accounts) => accounts.set_zone(zone),
                }
            }
            Matcher::List { .. } => {}
        }
    }

    /// What a matching record must have: of each inner list, at least one. Sound, not complete. `element` holds the keys of
    /// the field that contains the element of the innermost `any`, where that is known.
    pub fn needs(&self, element: &[&str]) -> Vec<Vec<Needs>> {
        match self {
            Matcher::And(parts) => parts.iter().flat_map(|part| part.needs(element)).collect(),
            Matcher::Or(parts) => {
                // The rarest list of each part; if one part needs nothing, so does the whole.
                let rarest = parts.iter().map(|part| part.needs(element).into_iter().min_by_key(|list| rarity(list)));
                rarest.collect::<Option<Vec<_>>>().map(|lists| vec![lists.concat()]).unwrap_or_default()
            }
            Matcher::Any(any) => {
                let keys = any.path.needed_keys(DEPTH);
                let list = if any.path.root == Root::Element { element } else { &keys };
                let there = (!list.is_empty()).then(|| vec![Needs::field(list)]);
                there.into_iter().chain(any.inner.needs(list)).collect()
            }
            Matcher::Not(_) => Vec::new(),
            // Where it does not hold, no record has what the filter needs.
            Matcher::List { count, empty } => {
                if (*count == 0) == *empty {
                    Vec::new()
                } else {
                    vec![Vec::new()]
                }
            }
            Matcher::Clause(clause) => clause.needs(element).into_iter().collect(),
        }
    }
}

/// How many more steps a condition takes if everything that it sees is recorded.
const OBSERVED: u64 = 50;

/// The number of keys that lead to a field in an index, at most.
const DEPTH: usize = 2;

fn compile_all(parts: &[Expr], lists: &Lists) -> Result<Box<[Matcher]>, Vec<Diagnostic>> {
    collect(parts.iter().map(|part| Matcher::compile(part, lists))).map(Vec::into_boxed_slice)
}

/// Whether a condition in an `any` names the element itself.
pub fn names_it(expr: &Expr) -> bool {
    let is_it = |path: &Path| path.root == Root::Element && path.steps.is_empty();
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().any(names_it),
        ExprKind::Not(inner) => names_it(inner),
        // The condition of another `any` names that one's element.
        ExprKind::Any(list, _) => is_it(&list.path),
        ExprKind::Compare(compare) => {
            is_it(&compare.left.path) || compare.right.fields().any(|other| is_it(&other.path))
        }
        ExprKind::List { .. } => false,
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
    any: &'a AnyElement,
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
    /// A single object counts as a list of one. A value that is not an object is tried only in a list, and only if the
    /// condition names the element itself.
    fn element<'n, N: Node<'n>>(&mut self, place: Place<N>, inside: bool) -> bool {
        if matches!(place.node.scalar(), Scalar::Object { .. }) || inside && self.any.names_it {
            self.observer.open();
            let held = self.any.inner.matches(self.record, place, self.observer);
            self.observer.close_element(held);
            self.found |= held;
        }
        self.found && !O::THOROUGH
    }
}

impl Clause {
    fn compile(compare: &Compare, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        let operator = compare.operator;
        let clause = |negated, against, requires: Vec<Requires>| Self {
            path: compare.left.path.clone(),
            negated,
            against,
            requires: requires.into(),
        };
        match &compare.right {
            Right::One(RightItem::Value(Operand { value: Value::Null, .. })) => {
                let tests = Tests { each: [present()].into(), all: None, weight: 1 };
                Ok(clause(!operator.negated, Against::Tests(tests), vec![Requires::Nothing]))
            }
            right if operator.takes == Takes::Accounts => {
                let operands = operands(compare, lists)?;
                let ids =
                    operands.iter().map(|one| as_account(&one.value).map_err(|error| refused(operator, one, error)));
                let known = collect(ids).map_err(|errors| mistake::in_lists(errors, right))?;
                Ok(clause(false, Against::Accounts(Accounts::new(compare, known)), Vec::new()))
            }
            Right::One(RightItem::Field(path)) => {
                Ok(clause(operator.negated, Against::Field(path.path.clone(), operator), vec![Requires::Nothing]))
            }
            right => {
                let operands = operands(compare, lists)?;
                let tests = collect(operands.iter().map(|operand| test(operator, operand)))
                    .map_err(|errors| mistake::in_lists(errors, right))?;
                let requires = operands.iter().map(|operand| (operator.requires)(&operand.value)).collect();
                let tests = Tests::new(tests, operator, &operands);
                Ok(clause(operator.negated, Against::Tests(tests), requires))
            }
        }
    }

    /// A clause that is not negated holds only where its path reaches a value, so the record has the field in which the path
    /// begins. If the path ends there, it reaches that field's value or, if that is a list, the elements.
    fn needs(&self, element: &[&str]) -> Option<Vec<Needs>> {
        let ends = self.path.first_keys(DEPTH).1;
        let keys = self.path.needed_keys(DEPTH);
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
                Some(self.requires.iter().zip(&tests.each).map(need).collect())
            }
            Against::Accounts(accounts) if ends => Some(accounts.needs(field)),
            _ => Some(vec![Needs::field(field)]),
        }
    }

    fn matches<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &self,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> bool {
        let (mut found, mut others, mut accounts_of) = (false, Others::default(), AccountsOfFields::default());
        self.path.walk(
            record,
            element,
            &mut Scalars(&mut |scalar| {
                let passes = match &self.against {
                    Against::Tests(tests) => tests.pass(scalar, record.work()),
                    Against::Field(path, operator) => others.hold(path, operator, scalar, record, element, observer),
                    Against::Accounts(accounts) => accounts_of.hold(accounts, scalar, record, element, observer),
                };
                observer.saw(scalar, passes);
                found |= passes;
                found && !O::THOROUGH
            }),
        );
        found != self.negated
    }
}

/// The values of another field. Most comparisons are of one value with one, and need no set.
#[derive(Default)]
struct Others {
    /// How many values were compared with each of them.
    compared: usize,
    all: Option<ValueSet>,
}

impl Others {
    /// Whether `scalar` passes against any value of another field; null never passes.
    fn hold<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &mut self,
        path: &Path,
        operator: &'static Operator,
        scalar: Scalar<'_>,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> bool {
        if self.compared == ValueSet::LEAST {
            let set = self.all.get_or_insert_with(|| {
                let mut set = ValueSet::new(operator);
                path.walk(
                    record,
                    element,
                    &mut Scalars(&mut |other| {
                        set.add(other);
                        false
                    }),
                );
                set.sort();
                set
            });
            return set.holds(scalar, record.work());
        }
        self.compared += 1;
        let mut found = false;
        path.walk(
            record,
            element,
            &mut Scalars(&mut |other| {
                observer.saw_other(other);
                found |= is_between(operator, scalar, other, record.work());
                found && !O::THOROUGH
            }),
        );
        found
    }
}

fn is_between(operator: &Operator, scalar: Scalar<'_>, other: Scalar<'_>, work: &WorkBudget) -> bool {
    let Some(holds) = operator.between.filter(|_| scalar != Scalar::Null && other != Scalar::Null) else {
        return false;
    };
    let bytes = if let Scalar::Text(text) = scalar { text.len() } else { 0 };
    work.spend(test_steps(bytes)) && holds(scalar, other)
}

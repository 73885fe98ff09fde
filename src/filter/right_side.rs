//! The values on the right side of an operator: those that the filter names, and those of named lists.

use super::{
    ast::{Compare, ListName, Operand, Right, RightItem},
    mistake,
    operand::{Lists, OperandError, Takes, Test, Value},
    operator::Operator,
};
use crate::diagnostic::{Diagnostic, shorten};

/// The values on the right side, those of named lists included; `null` where there is nothing.
///
/// # Errors
///
/// One diagnostic for each list that `lists` does not have.
pub fn operands(compare: &Compare, lists: &Lists) -> Result<Vec<Operand>, Vec<Diagnostic>> {
    if compare.right == Right::Nothing {
        return Ok(vec![Operand { value: Value::Null, span: compare.operator_span }]);
    }
    let listed = |value: &Value, list: &ListName| Operand { value: listed(compare.operator, value), span: list.span };
    let of = |item: &RightItem| match item {
        RightItem::Value(operand) => Ok(vec![operand.clone()]),
        RightItem::Named(list) => match lists.get(&list.name) {
            Some(values) => Ok(values.iter().map(|value| listed(value, list)).collect()),
            None => Err(vec![mistake::unknown_list(&list.name, list.span, lists.names())]),
        },
        RightItem::Field(_) => Ok(Vec::new()),
    };
    collect(compare.right.items().iter().map(of)).map(|values| values.concat())
}

/// A value of a named list as the operator takes it: YAML makes a number of an account id without quotes.
pub fn listed(operator: &Operator, value: &Value) -> Value {
    match value {
        Value::Number(id) if operator.takes == Takes::Accounts => Value::Text(id.to_string()),
        value => value.clone(),
    }
}

/// The test that an operator makes of its operand.
///
/// # Errors
///
/// The operator does not take the operand.
pub fn test(operator: &Operator, operand: &Operand) -> Result<Test, Vec<Diagnostic>> {
    (operator.compile)(&operand.value).map_err(|error| refused(operator, operand, error))
}

/// The error of an operator that does not take its operand.
pub fn refused(
    operator: &Operator,
    operand: &Operand,
    OperandError { expected, help }: OperandError,
) -> Vec<Diagnostic> {
    let title = format!("`{}` does not take `{}`", operator.spelling, shorten(&operand.value.to_string()));
    vec![Diagnostic::error("wrong-operand", title, operand.span, expected).help(help)]
}

/// All values.
///
/// # Errors
///
/// All errors.
pub fn collect<T>(results: impl Iterator<Item = Result<T, Vec<Diagnostic>>>) -> Result<Vec<T>, Vec<Diagnostic>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

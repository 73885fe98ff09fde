//! Who watches the matching of a filter.

use crate::record::Scalar;

/// Receives every step of the matching of a filter; conditions come in the order in which they are written.
pub trait Observer {
    /// Whether to evaluate every condition, even where the outcome is already known.
    const THOROUGH: bool;
    /// A condition begins, or an element of the list that an `any` tries.
    fn open(&mut self) {}
    /// A comparison saw a value, which passed its test or did not. `!=` and `= null` negate their tests.
    fn saw(&mut self, _: Scalar<'_>, _passes: bool) {}
    /// A comparison with another field saw a value of that field.
    fn saw_other(&mut self, _: Scalar<'_>) {}
    /// A condition on a named list counted its values.
    fn saw_list(&mut self, _count: usize) {}
    /// The condition that began last, of those still open, ends.
    fn close(&mut self, _held: bool) {}
    /// The element that began last, of those still open, ends.
    fn close_element(&mut self, held: bool) {
        self.close(held);
    }
}

/// Observes nothing: plain matching.
pub struct Unobserved;

impl Observer for Unobserved {
    const THOROUGH: bool = false;
}

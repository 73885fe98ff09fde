//! Events that a trail logs only where data events are enabled: "Logging data events" in the CloudTrail User Guide.

use super::{
    condition::{self, Scope, compares_whole_values, field},
    contradiction::meets,
    data_events::is_data_event,
    entry::{Lint, Reads},
    event,
    filter_text::FilterText,
};
use crate::{diagnostic::Diagnostic, filter::operand::Value};

/// The entry of the lint table.
pub const LINT: Lint =
    Lint { codes: &[(CODE, "an event that only trails with data events log")], reads: &[Reads::RuleFilter(check)] };

const CODE: &str = "data-event";

/// A filter that asks for data events explicitly gets no warning.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        let exact = compares_whole_values(compare.operator) && !compare.operator.ignores_case;
        let positive = exact && !compare.operator.negated && !scope.negated;
        if !positive || field(&compare.left.path) != event::top("eventName") || asks_for_data_events(scope, filter) {
            return;
        }
        let Some(sources) = event::sources(scope, filter) else { return };
        let texts = event::texts(compare, filter);
        let mut data = texts.iter().filter(|(name, _)| is_data_event(&sources, name));
        let Some((name, span)) = data.next() else { return };
        let title = match data.count() {
            0 => format!("`{name}` is a data event"),
            more => format!("`{name}` and {more} more of these are data events"),
        };
        // A condition on the category would exclude the names that are not data events.
        let help = if texts.iter().all(|(name, _)| is_data_event(&sources, name)) {
            "enable data events in the trail; to confirm that they are enabled, add `and eventCategory = \"Data\"`"
        } else {
            "enable data events in the trail, or write a separate rule for the data events"
        };
        let label = "only trails with data events enabled log it";
        found.push(Diagnostic::warning(CODE, title, *span, label).help(help));
    });
}

fn asks_for_data_events(scope: &Scope, filter: &FilterText) -> bool {
    let management = [("eventCategory", Value::Text("Management".to_owned())), ("managementEvent", Value::Bool(true))];
    management.iter().any(|(key, value)| {
        scope.around.iter().any(|literal| meets(literal, &event::top(key), value, filter.lists) == Some(false))
    })
}

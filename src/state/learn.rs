//! When rules with `first_seen` begin to learn.

use jiff::Timestamp;

use super::{
    claimant::Claimant,
    entry::LearningStart,
    items::Items,
    key::learning_key,
    store::update,
    table::{MAX_CHANGES, Table},
};
use crate::rule::Rule;

/// Starts the learning of the rules with `first_seen` that have not started: with the first event that was evaluated,
/// whether it matches or not. Returns whether all of them have started, as far as the table can tell.
pub async fn start_learning<'r>(
    table: &impl Table,
    claimant: &mut Claimant,
    rules: impl IntoIterator<Item = &'r Rule>,
    event: Timestamp,
) -> bool {
    let keys = rules.into_iter().filter_map(|rule| Some(learning_key(rule, rule.first_seen.as_ref()?)));
    let (keys, mut started) = (keys.collect::<Vec<_>>(), true);
    for keys in keys.chunks(MAX_CHANGES) {
        let start = |items: &mut Items| {
            for key in keys {
                if items.get::<LearningStart>(key)?.is_none() {
                    items.set(key, LearningStart { from: event.as_second() });
                }
            }
            Ok(())
        };
        let mut items = Items::of(keys.iter().cloned());
        started &= update(table, &mut claimant.outage.error, &mut items, start).await.is_ok();
    }
    started
}

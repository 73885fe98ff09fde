//! What broke published systems of this kind, a test a line: clear errors or counted skips, siblings unharmed, nothing
//! lost. All goes through the function's own handler on ports in memory, and every outcome must add up.

mod batch;
mod bomb;
mod channel;
mod files;
mod kinds;
mod queues;
mod records;
mod rules;
mod triggers;

use crate::ports::{Memory, Outbox, handled};
use serde_json::Value;
use trailbell::handler::Outcome;

/// What came of a payload, and the ids of the events that alerts are about, in order; `?` for one that has none.
fn alerted(objects: &Memory, payload: &Value) -> (Outcome, Vec<String>) {
    let outbox = Outbox::open();
    let outcome = handled(objects, &outbox, payload);
    let sent = outbox.sent.lock().unwrap();
    let events = sent.iter().map(|message| {
        let event = message.body.lines().find_map(|line| line.strip_prefix("Event     "));
        event.unwrap_or("?").to_owned()
    });
    (outcome, events.collect())
}

//! Inputs that broke published systems of this kind. Each is a clear error or a counted skip, affects no other input and loses
//! no alert. All of them go through the function's own handler with ports in memory, and the counts of every outcome add up.

mod batch;
mod bomb;
mod channel;
mod files;
mod foreign;
mod kinds;
mod queues;
mod records;
mod rules;
mod triggers;

use crate::ports::{Memory, Outbox, handled};
use serde_json::Value;
use trailbell::handler::Outcome;

/// The outcome of a payload, and the event ids of its alerts in order, `?` for an alert without one.
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

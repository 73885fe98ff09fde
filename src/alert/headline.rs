//! What is kept of an alert for later messages about it.

use super::{event::EventView, kind::title};
use crate::{
    engine::Finding,
    rule::AggregateValue,
    state::{Headline, Series},
};

/// What is kept of the alert for a finding whose series has these values.
pub fn headline(finding: &Finding, values: &[AggregateValue]) -> Headline {
    let event = EventView(&finding.record);
    Headline {
        title: title(finding),
        account: event.account().unwrap_or_default(),
        region: event.at(&["awsRegion"]).unwrap_or_default(),
        event_source: event.event_source().unwrap_or_default(),
        event_name: event.event_name().unwrap_or_default(),
        actor: event.detected().map_or_else(|| event.actor(), |found| found.detector.name.to_owned()),
        thread_id: Series::new(&finding.rule, values).thread_id(),
    }
}

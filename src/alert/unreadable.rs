//! The alert for a record that could not be read: somebody may have hidden in it.
//!
//! It comes from no rule. Nothing of the record is shown, only where it is and why it could not be read.

use super::{
    Attribute, AttributeValue, Message, Origin, hash,
    text::{Body, MAX_KEY, place_name, subject_line},
};

/// What stands in the place of a rule's id.
pub const RULE: &str = "trailbell-unreadable-record";

const TITLE: &str = "CloudTrail record could not be read";

/// The message for record `index` (from 0) of what is at `origin`.
pub fn render(origin: &Origin, index: u64, reason: &str) -> Message {
    let id = hash(&[RULE, &origin.to_string(), &index.to_string()]);
    let subject = format!("{TITLE}: {reason}");
    message(id, origin, &subject, &[("Record", index.to_string()), ("Reason", reason.to_owned())])
}

/// The message for all further records of what is at `origin`.
pub fn render_more(origin: &Origin, count: u64) -> Message {
    let id = hash(&[RULE, &origin.to_string(), "more"]);
    let subject = format!("{TITLE}: {count} more of the same object");
    message(id, origin, &subject, &[("Records", format!("{count} more that have no alert of their own"))])
}

fn message(id: String, origin: &Origin, subject: &str, rows: &[(&str, String)]) -> Message {
    let mut body = Body::default();
    body.paragraph(TITLE);
    body.row("Severity", "2 (review)");
    for (name, value) in rows {
        body.row(name, value);
    }
    body.long_row(place_name(origin), &origin.to_string(), MAX_KEY);
    body.gap();
    body.paragraph(
        "No rule has seen this record. Read it where it is: damage is harmless if CloudTrail wrote it so, and a way to \
         hide if anybody else did.",
    );
    body.row("Alert", &id);
    let attributes = [
        ("severity", AttributeValue::Number(2)),
        ("rule", AttributeValue::Text(RULE.to_owned())),
        ("alert_id", AttributeValue::Text(id.clone())),
    ];
    let attributes = attributes.into_iter().filter_map(|(name, value)| Attribute::new(name, value)).collect();
    Message { subject: subject_line(&format!("SEV2 {subject}")), body: body.0, id, attributes }
}

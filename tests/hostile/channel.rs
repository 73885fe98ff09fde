//! Group 11: what the channel of the alerts may answer. Over the wire it is in `tests/function/`.

use trailbell::{
    alert::{AttributeValue, Message},
    handler::Sends,
};

use crate::ports::{Answer, Memory, Outbox, event, failures, handled, images, publish_error};

fn check(answer: Answer, alerted: u64, failed: u64) -> (Outbox, Vec<String>) {
    let outbox = Outbox::new(answer);
    let outcome = handled(&Memory::default().with("a", vec![Ok(images(12))]), &outbox, &event(&["a"]));
    assert_eq!((outcome.matches.seen, outcome.matches.alerted, outcome.matches.failed), (12, alerted, failed));
    assert_eq!(outcome.sends["alerts"], Sends { sent: alerted, failed });
    assert_eq!(outcome.answer().is_ok(), failed == 0);
    (outbox, failures(&outcome))
}

fn is_of(message: &Message, event: u32) -> bool {
    message.body.contains(&format!("Event     event-{event}\n"))
}

#[test]
fn publish_batch_that_fails_in_part() {
    let (_, failures) = check(
        |message| Some(if is_of(message, 3) { Err(publish_error("InternalError: no message", false)) } else { Ok(()) }),
        11,
        1,
    );
    assert!(failures[0].ends_with("from s3://logs/a: topic: InternalError: no message"), "{failures:?}");
}

#[test]
fn publish_batch_that_answers_for_fewer_than_were_sent() {
    check(|message| (!is_of(message, 3)).then_some(Ok(())), 5, 7);
}

/// Refused for good: once more in a plainer form, with what subscriptions filter by.
#[test]
fn publish_batch_that_refuses_a_parameter_takes_the_plainer_form() {
    let (outbox, _) = check(
        |message| {
            let is_refused = is_of(message, 3) && message.attributes.len() > 3;
            Some(if is_refused { Err(publish_error("InvalidParameter: Invalid parameter", true)) } else { Ok(()) })
        },
        12,
        0,
    );
    let sent = outbox.sent.lock().unwrap();
    let plain = sent.iter().find(|message| message.attributes.len() == 3).unwrap();
    assert!(is_of(plain, 3) && plain.body.is_ascii());
    assert_eq!(plain.attributes[0].value, AttributeValue::Number(3));
    assert_eq!(plain.attributes[2].value, AttributeValue::Text(plain.id.clone()));
}

#[test]
fn publish_batch_that_refuses_both_forms_fails_loudly_after_two_attempts() {
    let (outbox, failures) = check(
        |message| Some(if is_of(message, 3) { Err(publish_error("InvalidParameter: no", true)) } else { Ok(()) }),
        11,
        1,
    );
    assert!(failures[0].ends_with("InvalidParameter: no"), "{failures:?}");
    assert_eq!(*outbox.batches.lock().unwrap(), [10, 1, 2], "two batches, and one message once more");
}

#[test]
fn publish_batch_without_a_key_or_a_topic_fails_every_alert() {
    for answer in [(|_| Some(Err(publish_error("KMSAccessDenied: no", false)))) as Answer, |_| {
        Some(Err(publish_error("NotFound: Topic does not exist", false)))
    }] {
        let (outbox, failures) = check(answer, 0, 12);
        assert_eq!((failures.len(), outbox.sent()), (12, 0));
    }
}

#[test]
fn publish_batch_that_is_throttled_and_then_takes_all_when_the_event_comes_again() {
    static ASKED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let outbox = Outbox::new(|_| {
        let asked = ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Some(if asked < 5 { Err(publish_error("Throttled: slow down", false)) } else { Ok(()) })
    });
    let objects = Memory::default().with("a", vec![Ok(images(2))]);
    let mut handed_back = 0;
    while handled(&objects, &outbox, &event(&["a"])).answer().is_err() {
        handed_back += 1;
    }
    assert_eq!(handed_back, 3);
    let ids: std::collections::BTreeSet<_> =
        outbox.sent.lock().unwrap().iter().map(|message| message.id.clone()).collect();
    assert_eq!(ids.len(), 2);
}

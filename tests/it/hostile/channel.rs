//! The answers of an alert channel. `tests/function/` tests them with SNS itself.

use serde_json::{Value, json};
use trailbell::{
    alert::{AttributeValue, Message},
    engine::Engine,
    handler::{Channels, Chat, InvocationLimits, Outcome, Sends},
    rule::{RuleSet, Severity},
    state::Audience,
};

use crate::ports::{
    Answer, Memory, Outbox, Ticking, event, failures, handled, handled_on, images, log_file, publish_error,
};

fn check(answer: Answer, alerted: u64, failed: u64) -> (Outbox, Vec<String>) {
    let outbox = Outbox::new(answer);
    let outcome = handled(&Memory::default().with("a", vec![Ok(images(12))]), &outbox, &event(&["a"]));
    assert_eq!((outcome.matches.seen, outcome.matches.alerted, outcome.matches.failed), (12, alerted, failed));
    assert_eq!(outcome.sends[&Audience::Alerts], Sends { due: 12, sent: alerted, summarised: 0, failed });
    assert_eq!(outcome.answer().is_ok(), failed == 0);
    (outbox, failures(&outcome))
}

fn is_of(message: &Message, event: u32) -> bool {
    message.body.contains(&format!("Event     event-{event}\n"))
}

#[test]
fn publish_batch_that_fails_for_some_messages() {
    let (_, failures) = check(
        |message| Some(if is_of(message, 3) { Err(publish_error("InternalError: no message", false)) } else { Ok(()) }),
        11,
        1,
    );
    assert!(failures[0].ends_with("topic did not accept the message: InternalError: no message"), "{failures:?}");
}

#[test]
fn publish_batch_without_a_result_for_each_message() {
    check(|message| (!is_of(message, 3)).then_some(Ok(())), 5, 7);
}

/// A refused message is sent once more in a plainer form, with the attributes that subscriptions filter by.
#[test]
fn publish_batch_that_refuses_a_parameter_takes_the_plainer_form() {
    let (outbox, _) = check(
        |message| {
            let is_refused = is_of(message, 3) && message.attributes.len() > 4;
            Some(if is_refused { Err(publish_error("InvalidParameter: Invalid parameter", true)) } else { Ok(()) })
        },
        12,
        0,
    );
    let sent = outbox.sent.lock().unwrap();
    let plain = sent.iter().find(|message| message.attributes.len() == 4).unwrap();
    assert!(is_of(plain, 3) && plain.body.is_ascii());
    assert_eq!(plain.attributes[0].value, AttributeValue::Number(3));
    let value = |name: &str| plain.attributes.iter().find(|one| one.name == name).map(|one| one.value.clone());
    assert_eq!(value("alert_id"), Some(AttributeValue::Text(plain.id.clone())));
    assert_eq!(value("tags"), Some(AttributeValue::List(vec!["kind.alert".to_owned()])));
}

#[test]
fn publish_batch_that_refuses_both_forms_fails_after_two_attempts() {
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
fn throttled_publish_batch_succeeds_when_the_event_is_delivered_again() {
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

/// Matches of the severities 1, 2 and 3 and an unreadable record, for every audience.
fn sent_to(channels: &Channels<Outbox>) -> Outcome {
    let rule = |severity: u8| json!({"name": severity.to_string(), "severity": severity, "filter": "eventName exists", "alone": true});
    let rules = json!({"rules": [rule(1), rule(2), rule(3)]}).to_string();
    let engine = Engine::new(RuleSet::parse(&rules).unwrap().0);
    let objects = Memory::default().with("a", vec![Ok(log_file(&[r#"{"eventID":"1","eventName":"x"}"#, "7"]))]);
    handled_on(&engine, &objects, channels, &Ticking::never(), InvocationLimits::default(), &event(&["a"]))
}

fn every_audience(alerts: Outbox, chat: Outbox, findings: Outbox) -> Channels<Outbox> {
    let chat = Chat { channel: chat, mildest: Severity::new(2).unwrap() };
    Channels { alerts, chat: Some(chat), findings: Some(findings) }
}

fn refusing() -> Outbox {
    Outbox::new(|_| Some(Err(publish_error("NotFound: no such topic", false))))
}

fn sends(outcome: &Outcome) -> Vec<(u64, u64)> {
    outcome.sends.values().map(|sends| (sends.sent, sends.failed)).collect()
}

#[test]
fn audiences_get_their_alerts_in_their_formats() {
    let channels = every_audience(Outbox::open(), Outbox::open(), Outbox::open());
    let outcome = sent_to(&channels);
    assert_eq!((outcome.matches.alerted, outcome.notices), (3, Sends { due: 1, sent: 1, ..Sends::default() }));
    assert_eq!(sends(&outcome), [(4, 0), (3, 0), (4, 0)], "a chat gets the severities 1 and 2 only");
    assert!(outcome.answer().is_ok());
    let Channels { alerts, chat: Some(chat), findings: Some(findings) } = channels else {
        panic!("a channel is missing")
    };
    let read = |outbox: &Outbox| -> Vec<Option<Value>> {
        outbox.sent.lock().unwrap().iter().map(|message| serde_json::from_str(&message.body).ok()).collect()
    };
    assert!(read(&alerts).iter().all(Option::is_none));
    assert!(read(&chat.channel).iter().all(|body| body.as_ref().unwrap()["source"] == "custom"));
    assert!(read(&findings).iter().all(|body| body.as_ref().unwrap()["class_uid"] == 2004));
}

/// One audience has the alert; the delivery still fails, so that the other one gets it, too.
#[test]
fn audience_that_cannot_be_reached_fails_the_delivery_but_no_other_audience() {
    let outcome = sent_to(&every_audience(Outbox::open(), refusing(), Outbox::open()));
    assert_eq!((outcome.matches.alerted, outcome.matches.failed), (3, 0));
    assert_eq!(sends(&outcome), [(4, 0), (0, 3), (4, 0)]);
    assert_eq!((outcome.failed(), outcome.answer().is_err()), (3, true));

    let outcome = sent_to(&every_audience(refusing(), Outbox::open(), Outbox::open()));
    assert_eq!((outcome.matches.alerted, outcome.matches.failed), (0, 3));
    assert_eq!(outcome.notices, Sends { due: 1, failed: 1, ..Sends::default() });
    assert_eq!(sends(&outcome), [(0, 4), (3, 0), (4, 0)]);
    assert_eq!((outcome.failed(), outcome.answer().is_err()), (4, true));
}

/// The plainer form of a JSON format is JSON.
#[test]
fn audience_whose_channel_refuses_a_message_gets_the_plainer_form() {
    let picky = || {
        Outbox::new(|message| {
            let is_plain = message.attributes.len() == 4;
            Some(if is_plain { Ok(()) } else { Err(publish_error("InvalidParameter: no", true)) })
        })
    };
    let channels = every_audience(picky(), picky(), picky());
    let outcome = sent_to(&channels);
    assert_eq!((sends(&outcome), outcome.answer().is_ok()), (vec![(4, 0), (3, 0), (4, 0)], true));
    for outbox in [&channels.chat.unwrap().channel, &channels.findings.unwrap()] {
        for message in &*outbox.sent.lock().unwrap() {
            assert!(serde_json::from_str::<Value>(&message.body).unwrap().is_object(), "{}", message.body);
        }
    }
}

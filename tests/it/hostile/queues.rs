//! Queues, and invocations that run out of time.

use std::time::Duration;

use serde_json::{Value, json};
use trailbell::handler::{FetchError, InvocationLimits, Outcome};

use crate::{
    hostile::alerted,
    ports::{BUCKET, Memory, Outbox, Ticking, event, failures, handled_with, image, log_file, queue},
};

fn handed_back(outcome: &Outcome) -> Vec<String> {
    let answer: Value = outcome.answer().unwrap();
    let items = answer["batchItemFailures"].as_array().unwrap();
    items.iter().map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

fn messages(ids: &[&str]) -> Value {
    queue(&ids.iter().map(|id| (*id, event(&[id]).to_string())).collect::<Vec<_>>())
}

fn objects(keys: &[&str]) -> Memory {
    keys.iter().fold(Memory::default(), |objects, key| objects.with(key, vec![Ok(log_file(&[&image(key)]))]))
}

#[test]
fn subscription_confirmation_in_a_queue_needs_no_work() {
    let confirmation = json!({"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
        "Message": "You have chosen to subscribe", "SubscribeURL": "https://example.com/"});
    let (outcome, _) =
        alerted(&objects(&["a"]), &queue(&[("1", confirmation.to_string()), ("2", event(&["a"]).to_string())]));
    assert_eq!((outcome.objects.skipped["subscription_message"], outcome.matches.alerted), (1, 1));
    assert!(handed_back(&outcome).is_empty());
}

#[test]
fn eventbridge_in_a_queue() {
    let created = json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": "a"}}});
    let (outcome, events) = alerted(&objects(&["a"]), &queue(&[("1", created.to_string())]));
    assert_eq!((events.len(), handed_back(&outcome).len()), (1, 0));
}

#[test]
fn partial_failure_returns_exactly_the_failed_messages() {
    let all = objects(&["a", "c"]).with("b", vec![Err(FetchError::transient("HTTP status 503"))]);
    let (outcome, events) = alerted(&all, &messages(&["a", "b", "c"]));
    assert_eq!((handed_back(&outcome), events.len()), (vec!["b".to_owned()], 2));
}

/// A FIFO queue keeps an order: no message after the first failure may be processed before it.
#[test]
fn partial_failure_in_a_fifo_queue_returns_all_that_follow() {
    let all = objects(&["a", "c"]).with("b", vec![Err(FetchError::transient("HTTP status 503"))]);
    let mut payload = messages(&["a", "b", "c", "d"]);
    for record in payload["Records"].as_array_mut().unwrap() {
        record["eventSourceARN"] = json!("arn:aws:sqs:us-east-1:111122223333:logs.fifo");
    }
    let (outcome, events) = alerted(&all, &payload);
    assert_eq!((handed_back(&outcome), events.len()), (["b", "c", "d"].map(str::to_owned).to_vec(), 1));
    assert_eq!(failures(&outcome)[1], "not started: an earlier message failed, and the queue keeps messages in order");
}

#[test]
fn message_without_an_id_fails_the_whole_batch() {
    let mut payload = messages(&["a", "b"]);
    payload["Records"][1].as_object_mut().unwrap().remove("messageId");
    let (outcome, events) = alerted(&objects(&["a"]), &payload);
    assert_eq!(
        (crate::ports::answer(&outcome), events.len()),
        (Err("s3://logs/b cannot be read: access denied".to_owned()), 1)
    );
}

/// Every look at the clock takes 20 ms of 6 s, and the last second is kept in reserve.
#[test]
fn messages_beyond_the_remaining_time_are_returned() {
    let keys: Vec<String> = (0..20).map(|number| format!("k{number:02}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let limits = InvocationLimits { time_reserve: Duration::from_secs(1), ..InvocationLimits::default() };
    let clock = Ticking::new(6_000, 20);
    let outbox = Outbox::open();
    let outcome = handled_with(&objects(&keys), &outbox, &clock, limits, &messages(&keys));
    let done = usize::try_from(outcome.objects.processed).unwrap();
    assert!((1..20).contains(&done), "{done} were done");
    assert_eq!(handed_back(&outcome).len(), 20 - done);
    assert!(handed_back(&outcome).iter().all(|key| !keys[..done].contains(&key.as_str())));
    assert_eq!(outcome.objects.out_of_time, 20 - outcome.objects.processed);
    // The alerts of an object that was read in part are published, too.
    assert!(outbox.sent() >= done);
    assert!(failures(&outcome).iter().all(|failure| failure.ends_with(": ran out of time")));
}

#[test]
fn object_that_runs_out_of_time_has_its_first_alerts_published() {
    let text = String::from_utf8(b"{\"Records\":[".to_vec()).unwrap() + &crate::ports::image("1") + ",";
    let chunks = std::iter::once(Ok(text.into_bytes())).chain((0..100).map(|_| Ok(b" ".to_vec()))).collect();
    let limits = InvocationLimits { time_reserve: Duration::from_secs(1), ..InvocationLimits::default() };
    let outbox = Outbox::open();
    let objects = Memory::default().with("a", chunks);
    let outcome = handled_with(&objects, &outbox, &Ticking::new(2_500, 100), limits, &event(&["a"]));
    assert_eq!((outcome.matches.alerted, outcome.objects.out_of_time), (1, 1));
    assert_eq!(crate::ports::answer(&outcome), Err("s3://logs/a: ran out of time".to_owned()));
}

/// Without any answer, the handler ends in time by itself.
#[test]
fn time_runs_out_while_s3_or_sns_does_not_answer() {
    struct Silent;
    impl trailbell::handler::Channel for Silent {
        async fn publish(&self, _: &[trailbell::alert::Message]) -> Vec<Result<(), trailbell::handler::PublishError>> {
            std::future::pending().await
        }
    }
    let limits = InvocationLimits { time_reserve: Duration::from_secs(1), ..InvocationLimits::default() };
    let outcome = handled_with(&objects(&["a"]), &Silent, &Ticking::new(100_000, 1), limits, &messages(&["a"]));
    assert_eq!((outcome.matches.failed, handed_back(&outcome)), (1, vec!["a".to_owned()]));
    assert!(failures(&outcome)[0].ends_with("ran out of time; the message may have been sent"), "{outcome:#?}");
}

#[test]
fn reserve_longer_than_the_time_leaves_half_of_it() {
    let limits = InvocationLimits { time_reserve: Duration::from_mins(10), ..InvocationLimits::default() };
    let outcome = handled_with(&objects(&["a"]), &Outbox::open(), &Ticking::new(3_000, 1), limits, &messages(&["a"]));
    assert_eq!((outcome.matches.alerted, handed_back(&outcome).len()), (1, 0));
}

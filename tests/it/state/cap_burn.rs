//! Noise that uses up the hourly limit of a rule hides no act: whole invocations.

use jiff::Timestamp;
use serde_json::{Value, json};
use trailbell::{
    engine::Engine,
    handler::{Channels, Outcome},
    rule::RuleSet,
    state::{Change, DueEntry, MemoryTable, Stored, StoredItem, Table, TableError, Written},
};

use crate::{
    ports::{Memory, Outbox, log_file},
    state::handled::{Broken, handled},
};

/// The shipped rule for this, alone: others count the attempts.
fn stop_logging() -> Engine {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules.yaml");
    let (mut rules, _) = RuleSet::parse(&std::fs::read_to_string(rules).unwrap()).unwrap();
    rules.rules.retain(|rule| rule.name == "CloudTrail: CloudTrail Stop Logging");
    assert_eq!(rules.rules.len(), 1);
    Engine::new(rules)
}

/// A call of a role that stops a trail, or fails to.
fn stop(id: usize, role: &str, trail: &str, error: Option<&str>) -> Value {
    let time = Timestamp::from_second(1_772_442_000 + i64::try_from(id).unwrap()).unwrap();
    let arn = format!("arn:aws:iam::111122223333:role/{role}");
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:mallory",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/mallory"),
            "accountId": "111122223333",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": arn, "accountId": "111122223333", "userName": role},
            },
        },
        "eventTime": time.to_string(),
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "requestParameters": {"name": trail},
        "responseElements": null,
        "eventID": format!("00000000-0000-4000-8000-{id:012}"),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    });
    if let Some(code) = error {
        record["errorCode"] = json!(code);
        record["errorMessage"] = json!("denied");
    }
    record
}

fn denied(count: usize, role: &str) -> Vec<Value> {
    (1..=count).map(|id| stop(id, role, &format!("probe-{id}"), Some("AccessDenied"))).collect()
}

fn deliver(engine: &Engine, table: &impl Table, outbox: &Outbox, key: &str, records: &[Value], limit: u32) -> Outcome {
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let objects = Memory::default().with(key, vec![Ok(log_file(&texts))]);
    handled(engine, table, &Channels::only(outbox), &objects, &[key], limit)
}

/// The messages about this trail.
fn about(outbox: &Outbox, trail: &str) -> usize {
    outbox.sent.lock().unwrap().iter().filter(|message| message.body.contains(trail)).count()
}

/// The notices that alerts are held back.
fn notices(outbox: &Outbox) -> usize {
    outbox.sent.lock().unwrap().iter().filter(|message| message.body.contains("held back")).count()
}

/// Sixty attempts that fail and one that succeeds: by the same caller and by another, first and last, in one object and in two.
#[test]
fn an_act_that_succeeds_has_an_alert_of_its_own() {
    let engine = stop_logging();
    for role in ["dev-admin", "sandbox"] {
        for limit in [1, 2, 3, 60, 500] {
            for order in 0..3 {
                let act = stop(900, "dev-admin", "organization-trail", None);
                let (table, outbox) = (MemoryTable::default(), Outbox::open());
                let noise = denied(60, role);
                let objects = match order {
                    0 => vec![[&noise[..], std::slice::from_ref(&act)].concat()],
                    1 => vec![[std::slice::from_ref(&act), &noise[..]].concat()],
                    _ => vec![noise, vec![act]],
                };
                let mut capped = 0;
                for (at, records) in objects.iter().enumerate() {
                    let outcome = deliver(&engine, &table, &outbox, &format!("{at}.json.gz"), records, limit);
                    assert!(outcome.answer().is_ok());
                    capped += outcome.matches.capped;
                }
                assert_eq!(about(&outbox, "organization-trail"), 1, "{role} {limit} {order}");
                let passed = (limit as usize / 6).clamp(1, 60);
                let notice = usize::from(passed < 60);
                assert_eq!(
                    (outbox.sent(), capped),
                    (passed + 1 + notice, 60 - passed as u64),
                    "{role} {limit} {order}"
                );
                assert_eq!(notices(&outbox), notice);
            }
        }
    }
}

/// The same for the other severities.
#[test]
fn an_act_that_succeeds_has_an_alert_at_any_severity() {
    for severity in 1..=3 {
        let text = format!(
            "rules:\n- {{name: Stop, severity: {severity}, filter: eventName = \"StopLogging\", aggregate_fields: [request, result]}}\n"
        );
        let engine = Engine::new(RuleSet::parse(&text).unwrap().0);
        let (table, outbox) = (MemoryTable::default(), Outbox::open());
        let records = [denied(200, "dev-admin"), vec![stop(900, "dev-admin", "organization-trail", None)]].concat();
        let outcome = deliver(&engine, &table, &outbox, "a.json.gz", &records, 60);
        assert_eq!((outcome.matches.alerted, outcome.matches.capped, outcome.notices.sent), (11, 190, 1));
        assert_eq!((about(&outbox, "organization-trail"), notices(&outbox)), (1, 1), "{severity}");
    }
}

/// A rule whose series do not tell failures from successes.
fn stop_of_any_result(severity: u8) -> Engine {
    let text = format!(
        "rules:\n- {{name: Stop, severity: {severity}, filter: eventName = \"StopLogging\", aggregate_fields: [requestParameters.name]}}\n"
    );
    Engine::new(RuleSet::parse(&text).unwrap().0)
}

/// An attempt on a trail that is held back hides no success on it: of the same caller and of another, with and without a second
/// attempt in between, in one object and in several, and however often they are delivered.
#[test]
fn a_failure_that_is_held_back_hides_no_success() {
    let trail = "organization-trail";
    let attempt = |id: usize, role: &str| stop(id, role, trail, Some("AccessDenied"));
    for severity in 1..=3 {
        let engine = stop_of_any_result(severity);
        for role in ["dev-admin", "sandbox"] {
            for (limit, is_split) in [(1, false), (1, true), (60, false), (60, true)] {
                let act = stop(902, "dev-admin", trail, None);
                let (table, outbox) = (MemoryTable::default(), Outbox::open());
                let records = [denied(60, role), vec![attempt(900, role), attempt(901, "dev-admin"), act]].concat();
                let objects: Vec<&[Value]> = if is_split { records.chunks(1).collect() } else { vec![&records] };
                for _ in 0..2 {
                    for (at, records) in objects.iter().enumerate() {
                        let outcome = deliver(&engine, &table, &outbox, &format!("{at}.json.gz"), records, limit);
                        assert!(outcome.answer().is_ok());
                    }
                    assert_eq!(about(&outbox, trail), 1, "{severity} {role} {limit} {is_split}");
                    let sent = outbox.sent.lock().unwrap();
                    let alert = sent.iter().find(|message| message.body.contains(trail)).unwrap();
                    assert!(alert.body.contains("000000000902"), "{severity} {role} {limit} {is_split} {}", alert.body);
                }
            }
        }
    }
}

/// A success that is held back itself is the one that the list names.
#[test]
fn the_list_names_the_success_of_a_series_that_is_held_back() {
    let (engine, table, outbox) = (stop_of_any_result(2), MemoryTable::default(), Outbox::open());
    let trail = "organization-trail";
    let records = [
        vec![stop(800, "dev-admin", "other", None)],
        denied(2, "dev-admin"),
        vec![stop(900, "dev-admin", trail, Some("AccessDenied")), stop(901, "dev-admin", trail, None)],
    ]
    .concat();
    for _ in 0..2 {
        deliver(&engine, &table, &outbox, "a.json.gz", &records, 1);
        assert_eq!((about(&outbox, trail), notices(&outbox)), (0, 1));
        let keys = table.due_keys();
        let sets = pollster::block_on(table.read(&keys.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        let Some(Some((StoredItem::Due(entries), _))) = sets.first() else { panic!("{sets:?}") };
        let Some(DueEntry::HeldBack { key }) = DueEntry::decode(entries.first().unwrap()) else {
            panic!("{entries:?}")
        };
        let stored = pollster::block_on(table.read(&[&key])).unwrap().remove(0);
        let Some((StoredItem::HourlyAlerts(alerts), _)) = stored else { panic!("{stored:?}") };
        let ended = alerts.ended().unwrap();
        let first = &ended.lines[0];
        assert_eq!((ended.held, ended.lines.len()), (2, 2));
        assert_eq!((&*first.target, &*first.result, first.is_success), (trail, "success", true));
        assert!(first.event.ends_with("901"));
    }
}

/// Without a table each invocation has a limit of its own, and sends the list at its end.
#[test]
fn an_act_that_succeeds_has_an_alert_during_an_outage() {
    let (engine, outbox) = (stop_logging(), Outbox::open());
    let records = [denied(60, "dev-admin"), vec![stop(900, "dev-admin", "organization-trail", None)]].concat();
    let outcome = deliver(&engine, &Broken, &outbox, "a.json.gz", &records, 60);
    assert_eq!((outcome.matches.alerted, outcome.matches.capped), (11, 50));
    assert_eq!((about(&outbox, "organization-trail"), notices(&outbox)), (1, 2));
}

/// A retry repeats neither alerts nor the notice, and counts nothing twice.
#[test]
fn a_retry_is_silent() {
    let (engine, table, outbox) = (stop_logging(), MemoryTable::default(), Outbox::open());
    let records = denied(60, "dev-admin");
    for _ in 0..3 {
        deliver(&engine, &table, &outbox, "a.json.gz", &records, 60);
        assert_eq!((outbox.sent(), notices(&outbox)), (11, 1));
    }
}

/// A table that answers and stores nothing.
struct ReadOnly<'a>(&'a MemoryTable);

impl Table for ReadOnly<'_> {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        self.0.read(keys).await
    }

    async fn write(&self, _: &[Change]) -> Result<Written, TableError> {
        Err(TableError::service("throttled"))
    }
}

/// No later list would name it, so the invocation does.
#[test]
fn what_is_held_back_and_not_stored_is_listed_at_once() {
    let (engine, table, outbox) = (stop_logging(), MemoryTable::default(), Outbox::open());
    deliver(&engine, &table, &outbox, "a.json.gz", &denied(60, "dev-admin"), 60);
    let late = stop(61, "dev-admin", "late-trail", Some("AccessDenied"));
    let outcome = deliver(&engine, &ReadOnly(&table), &outbox, "b.json.gz", &[late], 60);
    assert_eq!((outcome.matches.capped, outcome.failed(), about(&outbox, "late-trail")), (1, 0, 1));
}

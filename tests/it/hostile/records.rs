//! Records of odd shapes, and their alerts.

use serde_json::{Value, json};
use trailbell::{engine::Engine, handler::InvocationLimits, rule::RuleSet};

use crate::ports::{Memory, Outbox, Ticking, event, handled_by, log_file};

/// Whether a rule with this filter alerts on a record that comes in a log file.
fn check(filter: &str, cases: &[(Value, bool)]) {
    let rules = json!({"rules": [{"name": "R", "severity": 3, "filter": filter}]}).to_string();
    let engine = Engine::new(RuleSet::parse(&rules).unwrap().0);
    for (record, is_alerted) in cases {
        let file = log_file(&[&record.to_string()]);
        let objects = Memory::default().with("a", vec![Ok(file)]);
        let outcome = handled_by(
            &engine,
            &objects,
            &Outbox::open(),
            &Ticking::never(),
            InvocationLimits::default(),
            &event(&["a"]),
        );
        assert_eq!(outcome.records.evaluated, 1, "{filter} on {record}");
        assert_eq!(outcome.matches.alerted, u64::from(*is_alerted), "{filter} on {record}");
    }
}

#[test]
fn request_parameters_null_or_missing() {
    let cases = [(json!({"requestParameters": null}), false), (json!({"eventName": "x"}), false)];
    check("requestParameters.name = \"a\"", &cases);
    check("requestParameters.name = null", &cases.map(|(record, is)| (record, !is)));
}

#[test]
fn string_instead_of_object() {
    check("requestParameters.name = \"a\"", &[(json!({"requestParameters": "a"}), false)]);
    check("requestParameters = \"a\"", &[(json!({"requestParameters": "a"}), true)]);
}

#[test]
fn number_as_string() {
    check(
        "requestParameters.port > 21",
        &[
            (json!({"requestParameters": {"port": "22"}}), true),
            (json!({"requestParameters": {"port": 22}}), true),
            (json!({"requestParameters": {"port": "ssh"}}), false),
        ],
    );
}

#[test]
fn dotted_keys() {
    check(
        "requestParameters.`tag.name` = \"a\"",
        &[
            (json!({"requestParameters": {"tag.name": "a"}}), true),
            (json!({"requestParameters": {"tag": {"name": "a"}}}), false),
        ],
    );
}

#[test]
fn source_address_that_is_a_service_ipv6_or_a_mapped_ipv4() {
    check(
        "sourceIPAddress cidr (\"192.0.2.0/24\", \"2001:db8::/32\")",
        &[
            (json!({"sourceIPAddress": "ecs.amazonaws.com"}), false),
            (json!({"sourceIPAddress": "AWS Internal"}), false),
            (json!({"sourceIPAddress": "2001:db8:4:12::a5"}), true),
            (json!({"sourceIPAddress": "::ffff:192.0.2.7"}), true),
            (json!({"sourceIPAddress": "::ffff:198.51.100.7"}), false),
        ],
    );
}

#[test]
fn empty_lists_and_lists_of_scalars_where_objects_are_usual() {
    check(
        "requestParameters.items.port = 22",
        &[
            (json!({"requestParameters": {"items": []}}), false),
            (json!({"requestParameters": {"items": [22, "22", null]}}), false),
            (json!({"requestParameters": {"items": [5, {"port": 22}]}}), true),
        ],
    );
}

#[test]
fn two_permissions_of_which_only_the_cross_product_matches() {
    let permissions = |first: (u16, &str), second: (u16, &str)| {
        let item = |(port, range): (u16, &str)| json!({"port": port, "range": range});
        json!({"requestParameters": {"items": [item(first), item(second)]}})
    };
    check(
        "any requestParameters.items (port = 22 and range = \"0.0.0.0/0\")",
        &[
            (permissions((22, "10.0.0.0/8"), (443, "0.0.0.0/0")), false),
            (permissions((22, "0.0.0.0/0"), (443, "10.0.0.0/8")), true),
        ],
    );
}

/// A record of the largest size that CloudTrail allows, with every field filled.
#[test]
fn event_of_256_kb_makes_an_alert_that_sns_accepts() {
    let long = "😀\n\"<!channel>".repeat(2_000);
    let record = json!({
        "eventName": "PutImage", "eventSource": "ecr.amazonaws.com", "eventID": long, "awsRegion": long,
        "userIdentity": {"type": long, "userName": long}, "errorCode": long, "errorMessage": long, "userAgent": long,
        "requestParameters": {"repositoryName": "x".repeat(40_000)},
    });
    assert!(record.to_string().len() > 256_000);
    let outbox = Outbox::open();
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&record.to_string()]))]);
    let engine = crate::ports::engine();
    let outcome = handled_by(engine, &objects, &outbox, &Ticking::never(), InvocationLimits::default(), &event(&["a"]));
    assert_eq!(outcome.matches.alerted, 1);
    let message = &outbox.sent.lock().unwrap()[0];
    assert!(message.bytes() <= 262_144, "{} bytes", message.bytes());
}

#[test]
fn subject_of_emoji_newlines_and_more_than_100_characters() {
    let name = format!("\n😀 {}", "n".repeat(300));
    let record =
        json!({"eventName": "PutImage", "eventSource": "ecr.amazonaws.com", "userIdentity": {"userName": name}});
    let outbox = Outbox::open();
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&record.to_string()]))]);
    crate::ports::handled(&objects, &outbox, &event(&["a"]));
    let subject = outbox.sent.lock().unwrap()[0].subject.clone();
    assert!((1..100).contains(&subject.len()), "{subject:?}");
    assert!(subject.starts_with("SEV3 ? nnn") && subject.ends_with("nnn pushes image"), "{subject:?}");
    assert!(subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{subject:?}");
}

#[test]
fn attribute_of_an_empty_or_emoji_value() {
    let record = json!({"eventName": "PutImage", "eventSource": "ecr.amazonaws.com", "awsRegion": "",
        "recipientAccountId": "\u{200b}", "userIdentity": {"userName": "😀"}});
    let outbox = Outbox::open();
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&record.to_string()]))]);
    crate::ports::handled(&objects, &outbox, &event(&["a"]));
    let message = outbox.sent.lock().unwrap()[0].clone();
    let value = |name: &str| {
        message
            .attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .map(trailbell::alert::Attribute::string_value)
    };
    assert_eq!((value("region"), value("account"), value("actor")), (None, None, Some("😀".to_owned())));
    assert!(message.attributes.len() <= 10);
}

/// A record of at most 1 MiB on which the shipped rules would take seconds: it raises the alert of an unreadable record, and
/// the others of its file raise theirs.
#[test]
fn record_that_takes_too_many_steps_is_unparsable_and_harms_no_other() {
    let rules = std::fs::read_to_string("rules.yaml").unwrap();
    let engine = Engine::new(RuleSet::parse(&rules).unwrap().0);
    let stop = |id: &str| {
        json!({"eventVersion": "1.11", "eventID": id, "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "eventTime": "2026-03-02T09:15:00Z", "requestParameters": {"name": id}, "sourceIPAddress": id,
            "userIdentity": {"type": "IAMUser", "userName": id, "accountId": "111122223333"}})
    };
    let mut slow = stop("b");
    slow["eventSource"] = json!("iam.amazonaws.com");
    slow["eventName"] = json!("CreateUser");
    slow["userAgent"] = json!(vec!["x"; 255_000]);
    let file = log_file(&[&stop("a").to_string(), &slow.to_string(), &stop("c").to_string()]);
    let objects = Memory::default().with("a", vec![Ok(file)]);
    let outbox = Outbox::open();
    let limits = InvocationLimits::default();
    let outcome = handled_by(&engine, &objects, &outbox, &Ticking::never(), limits, &event(&["a"]));
    assert_eq!((outcome.objects.processed, outcome.records.evaluated, outcome.records.unparsable), (1, 2, 1));
    // StopLogging is also the first step of a sequence.
    let due = outcome.matches.seen - outcome.matches.below_threshold;
    assert_eq!((due, outcome.notices.sent), (outcome.matches.alerted, 1), "{outcome:#?}");
    assert_eq!(outcome.alerts[&("cloudtrail-cloudtrail-stop-logging".to_owned(), 1)], 2, "{outcome:#?}");
}

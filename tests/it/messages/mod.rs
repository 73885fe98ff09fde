//! The messages that go to SNS: what people and machines read, and that SNS accepts them whatever a record holds.

mod advice;
mod callers;
mod chat;
mod eight;
mod hostile;
mod ids;
mod insights;
mod links;
mod measures;
mod next_steps;
mod notices;
mod ocsf;
mod phone;
mod request;
mod several;
mod silent;
mod text;

use std::{path::Path, sync::Arc};

use serde_json::Value;
use trailbell::{
    alert::{Alert, Format, Message, Occurrences, Origin, Remembered, Unread, render},
    engine::Finding,
    object::ObjectId,
    record::Record,
    rule::RuleSet,
};

const RULES: &str = r#"
accounts:
  "111122223333": production
rules:
  - name: "CloudTrail: ECR Put Image"
    severity: 2
    filter: eventName = "PutImage" and mfaUsed = false and not requestParameters.imageTag ends_with "-test"
    title: "{{user}} put image {{requestParameters.repositoryName}}"
    description: |
      An image was pushed.

      Compare its digest with the one that the build made.
    tags: [service.ecr, attack.T1525]
    runbook: https://example.com/runbooks/ecr
  - name: Nothing to say
    severity: 3
    filter: eventName exists
    title: ""
    description: "Rules may\x01 be\u200b odd too\0"
    tags: ["\u200b"]
  - name: Denied
    severity: 1
    filter: error exists
    title: "{{user}} may not {{eventName}}"
    tags: [attack.t1078.004, attack.TA0004, attack.none]
"#;

const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz";

fn rules() -> RuleSet {
    RuleSet::parse(RULES).unwrap().0
}

fn origin(key: &str) -> Origin {
    Origin::Object(ObjectId { bucket: "logs".to_owned(), key: key.to_owned() })
}

/// The alert of one of these rules for a record, whether the record matches or not.
fn alert_of(rules: RuleSet, rule: usize, record: Value, origin: Option<Origin>) -> Alert {
    let accounts = rules.accounts;
    let rule = Arc::new(rules.rules.into_iter().nth(rule).unwrap());
    let finding = Finding { rule, position: 0, suppressed: false, record: Arc::new(Record::new(record).unwrap()) };
    Alert::new(finding, origin, &accounts)
}

fn alert(rule: usize, record: Value) -> Alert {
    alert_of(rules(), rule, record, Some(origin(KEY)))
}

/// A sample record of the repository.
fn sample(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/records").join(path);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn put_image() -> Value {
    sample("ecr/put-image.json")
}

/// An alert for many events, made while the state table was not available.
fn window() -> Alert {
    let mut alert = alert(0, put_image());
    alert.state = Remembered::Unavailable;
    alert.occurrences = Occurrences {
        count: 1200,
        first: Some("2026-03-02T08:00:00Z".parse().unwrap()),
        last: Some("2026-03-02T09:07:33Z".parse().unwrap()),
        since_last: Some(70),
        approximate: true,
        values: vec![("role".to_owned(), Some("ci-deploy".to_owned())), ("`odd key`".to_owned(), None)],
        ..Occurrences::default()
    };
    alert
}

fn unread() -> Alert {
    let unread = Unread::Record { index: 12, reason: "expected `,` or `}` at line 1 column 80".to_owned() };
    Alert::unread(unread, Some(origin(KEY)), &rules().accounts)
}

/// Subject and body in one text.
fn whole(message: &Message) -> String {
    format!("{}\n\n{}", message.subject, message.body)
}

fn json(alert: &Alert, format: Format) -> Value {
    serde_json::from_str(&render(format, alert).body).unwrap()
}

//! What people and machines read of a CloudTrail Insights event.

use serde_json::{Value, json};
use trailbell::alert::{Alert, Attribute, Format, render};

use crate::messages::{alert, json as rendered, ocsf::violations};

/// An Insights event of the documented shape: "CloudTrail record contents for Insights events for trails" in the AWS CloudTrail
/// User Guide.
pub(super) fn insight(state: &str, kind: &str) -> Value {
    let share = |value: &str, average: f64| json!({"value": value, "average": average});
    let mut record = json!({
        "eventVersion": "1.11", "eventTime": "2026-05-04T11:11:00Z", "awsRegion": "us-east-1",
        "eventID": "8f2b4c1d-3a5e-4d6f-9b7a-0c1d2e3f4a5b", "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": "111122223333", "sharedEventID": "1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
        "insightDetails": {
            "state": state, "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "insightType": kind,
            "insightContext": {
                "statistics": {
                    "baseline": {"average": 0.001_785_714_3}, "insight": {"average": 6}, "insightDuration": 5,
                    "baselineDuration": 11_459,
                },
                "attributions": [
                    {
                        "attribute": "userIdentityArn",
                        "insight": [
                            share("arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0", 5.0),
                            share("arn:aws:iam::111122223333:user/mallory", 1.0),
                        ],
                        "baseline": [share("arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0", 0.001_785_714_3)],
                    },
                    {
                        "attribute": "userAgent",
                        "insight": [share("Boto3/1.34.11", 6.0)],
                        "baseline": [share("autoscaling.amazonaws.com", 0.001_785_714_3)],
                    },
                    {
                        "attribute": "errorCode",
                        "insight": [share("null", 5.5), share("Client.InstanceLimitExceeded", 0.5)],
                        "baseline": [share("null", 0.001_785_714_3)],
                    },
                ],
            },
        },
        "eventCategory": "Insight",
    });
    if kind == "ApiErrorRateInsight" {
        record["insightDetails"]["errorCode"] = json!("AccessDenied");
    }
    record
}

/// The alert of a rule without a title.
fn alert_of(record: Value) -> Alert {
    alert(1, record)
}

fn text(record: Value) -> String {
    render(Format::TEXT, &alert_of(record)).body
}

/// The first line: what is unusual.
fn lead(record: Value) -> String {
    text(record).lines().next().unwrap_or_default().trim_start_matches("SEV3 ").to_owned()
}

/// A text without what comes after the rows of the event.
fn rows(body: &str) -> &str {
    body.split("\nEvent ").next().unwrap().trim_end()
}

#[test]
fn a_text_shows_the_rate_its_baseline_and_its_users() {
    let body = text(insight("Start", "ApiCallRateInsight"));
    insta::assert_snapshot!(rows(&body), @"
    SEV3 an unusual rate of calls of RunInstances at ec2.amazonaws.com began: 6 calls a minute, usually 2.57 a day
    in account 111122223333 (production), region us-east-1, at 2026-05-04T11:11:00Z

    Rules may  be  odd too

    Insight   call rate, begins
    Rate      6 calls a minute for 5 minutes
    Baseline  2.57 calls a day, measured over 7.96 days
    Share     user arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0: 5 a minute, usually 2.57 a day
              user arn:aws:iam::111122223333:user/mallory: 1 a minute, usually not listed
              client Boto3/1.34.11: 6 a minute, usually not listed
              client autoscaling.amazonaws.com: not listed, usually 2.57 a day
              no error: 5.5 a minute, usually 2.57 a day
              error Client.InstanceLimitExceeded: 30 an hour, usually not listed
    ");
}

#[test]
fn a_notification_shows_the_same() {
    let notification = rendered(&alert_of(insight("End", "ApiErrorRateInsight")), Format::CHAT);
    insta::assert_snapshot!(rows(notification["content"]["description"].as_str().unwrap()), @"
    an unusual rate of the error `AccessDenied` of `RunInstances` at `ec2.amazonaws.com` ended: 6 errors a minute, usually 2.57 a day
    in account `111122223333` (`production`), region `us-east-1`, at `2026-05-04T11:11:00Z`

    Rules may  be  odd too

    Insight: error rate of `AccessDenied`, ended
    Rate: 6 errors a minute for 5 minutes
    Baseline: 2.57 errors a day, measured over 7.96 days
    Share: user `arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0`: 5 a minute, usually 2.57 a day
    user `arn:aws:iam::111122223333:user/mallory`: 1 a minute, usually not listed
    client `Boto3/1.34.11`: 6 a minute, usually not listed
    client `autoscaling.amazonaws.com`: not listed, usually 2.57 a day
    no error: 5.5 a minute, usually 2.57 a day
    error `Client.InstanceLimitExceeded`: 30 an hour, usually not listed

    Event: `8f2b4c1d-3a5e-4d6f-9b7a-0c1d2e3f4a5b`

    Rule: `Nothing to say` (`nothing-to-say`)
    Alert: `9edf193288fad34763b2eb9768f256d8`
    ");
    let next = &notification["content"]["nextSteps"];
    assert_eq!(next[0], "Find out who calls `RunInstances`, and what changed");
    assert!(next[1].as_str().unwrap().ends_with(" --end-time 2026-05-04T12:11:00Z`"), "{next}");
    assert_eq!(notification["metadata"]["additionalContext"]["event_name"], "RunInstances");
}

#[test]
fn a_finding_has_the_numbers() {
    let finding = rendered(&alert_of(insight("Start", "ApiErrorRateInsight")), Format::OCSF);
    let mut found = Vec::new();
    violations("detection_finding", &finding, "finding", &mut found);
    assert!(found.is_empty(), "{found:#?}");
    let insight = &finding["unmapped"]["insight"];
    assert_eq!((&insight["type"], &insight["state"]), (&json!("ApiErrorRateInsight"), &json!("Start")));
    assert_eq!((&insight["error"], &insight["rate"]), (&json!("AccessDenied"), &json!(6.0)));
    assert_eq!((&insight["baseline"], &insight["minutes"]), (&json!(0.001_785_714_3), &json!(5.0)));
    assert_eq!(insight["baseline_minutes"], json!(11_459.0));
    let clients = json!({"attribute": "userAgent", "values": [
        {"value": "Boto3/1.34.11", "rate": 6.0}, {"value": "autoscaling.amazonaws.com", "baseline": 0.001_785_714_3},
    ]});
    assert_eq!(insight["attributions"][1], clients);
    let [whole, users @ ..] = &finding["evidences"].as_array().unwrap()[..] else { panic!() };
    assert_eq!(whole["uid"], "8f2b4c1d-3a5e-4d6f-9b7a-0c1d2e3f4a5b");
    let users: Vec<_> = users.iter().map(|one| &one["actor"]["user"]["uid"]).collect();
    let mallory = "arn:aws:iam::111122223333:user/mallory";
    assert_eq!(users, ["arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0", mallory]);
    let rate = |value: &str| json!([{"observation_parameter": "ApiErrorRateInsight", "observation_type": "Frequency Analysis", "observations": [{"value": value}]}]);
    let analysis = json!({"analysis_targets": [{"name": "RunInstances", "type": "API"}], "anomalies": rate("6"), "baselines": rate("0.0017857143")});
    assert_eq!(finding["anomaly_analyses"], json!([analysis]));
    assert_eq!(finding["api"], json!({"operation": "RunInstances", "service": {"name": "ec2.amazonaws.com"}}));
}

#[test]
fn an_insight_has_neither_caller_nor_result() {
    for kind in ["ApiCallRateInsight", "ApiErrorRateInsight"] {
        for format in Format::ALL {
            let message = render(format, &alert_of(insight("End", kind)));
            for word in ["succeeded", "unknown", "anonymous", "without a name", "Ask "] {
                assert!(!message.body.contains(word), "{word}: {}", message.body);
            }
            let attribute = |name| message.attributes.iter().find(|one| one.name == name).map(Attribute::string_value);
            assert_eq!(attribute("event_source").as_deref(), Some("ec2.amazonaws.com"));
            assert_eq!(attribute("event_name").as_deref(), Some("RunInstances"));
            assert_eq!((attribute("actor"), attribute("outcome")), (None, None));
        }
    }
}

#[test]
fn the_lead_shows_what_is_unusual() {
    let changed = |change: fn(&mut Value)| {
        let mut record = insight("Start", "ApiCallRateInsight");
        change(&mut record["insightDetails"]);
        lead(record)
    };
    assert_eq!(
        lead(insight("Start", "ApiErrorRateInsight")),
        "an unusual rate of the error AccessDenied of RunInstances at ec2.amazonaws.com began: 6 errors a minute, usually 2.57 a day"
    );
    assert_eq!(
        lead(insight("End", "ApiCallRateInsight")),
        "an unusual rate of calls of RunInstances at ec2.amazonaws.com ended: 6 calls a minute, usually 2.57 a day"
    );
    let missing = |details: &mut Value| drop(details["insightContext"].as_object_mut().unwrap().remove("statistics"));
    assert_eq!(
        changed(missing),
        "an unusual rate of calls of RunInstances at ec2.amazonaws.com began: the record does not have the rate, and no baseline"
    );
    assert_eq!(changed(|details| details["insightContext"] = Value::Null), changed(missing),);
    assert_eq!(
        changed(|details| details["insightContext"]["statistics"]["insight"]["average"] = json!("1")),
        "an unusual rate of calls of RunInstances at ec2.amazonaws.com began: 1 call a minute, usually 2.57 a day"
    );
    assert_eq!(
        changed(|details| {
            details["insightType"] = json!("Later");
            details["state"] = json!("Middle");
        }),
        "an unusual activity of the type Later of RunInstances at ec2.amazonaws.com is in the state Middle: 6 a minute, usually 2.57 a day"
    );
    assert_eq!(
        changed(|details| *details = json!([1, {"state": {}}])),
        "an unusual activity of an API without a name was found: the record does not have the rate, and no baseline"
    );
    assert_eq!(
        changed(|details| *details = Value::Null),
        "an unusual activity of an API without a name was found: the record does not have the rate, and no baseline"
    );
}

#[test]
fn attributions_may_be_missing_single_or_many() {
    let shares = |attributions: Value| {
        let mut record = insight("Start", "ApiCallRateInsight");
        record["insightDetails"]["insightContext"]["attributions"] = attributions;
        let body = text(record);
        let shares = rows(&body).lines().skip_while(|line| !line.starts_with("Baseline")).skip(1);
        shares.map(str::to_owned).collect::<Vec<_>>()
    };
    for missing in [Value::Null, json!([]), json!({}), json!("x"), json!([{"attribute": "userAgent"}, 3])] {
        assert!(shares(missing.clone()).is_empty(), "{missing}");
    }
    let one = json!({"attribute": "userAgent", "insight": {"value": "x", "average": "3"}});
    assert_eq!(shares(one), ["Share     client x: 3 a minute, usually not listed"]);
    let usual = json!([{"attribute": "region", "baseline": [{"value": "x", "average": 3}]}]);
    assert_eq!(shares(usual), ["Share     attribute region x: not listed, usually 3 a minute"]);
    let many = (0..40_000).map(|at| json!({"value": format!("u{at}"), "average": 1})).collect::<Vec<_>>();
    let found = shares(json!([{"attribute": "userIdentityArn", "insight": many, "baseline": many}]));
    assert_eq!((found.len(), found[10].trim()), (11, "and 39990 more"));
    let many = (0..40_000).map(|at| json!({"attribute": format!("a{at}"), "insight": [{"value": "x", "average": 1}]}));
    let found = shares(many.collect());
    assert_eq!((found.len(), found[6].trim()), (7, "and 39994 more attributes"));
}

/// The three of one day that were one alert.
#[test]
fn each_of_three_insights_shows_its_api() {
    let file: Value = serde_json::from_str(include_str!("../../cases/groups/insights.json")).unwrap();
    let leads: Vec<_> = file["Records"].as_array().unwrap().iter().cloned().map(lead).collect();
    let of = |name: &str| {
        format!("an unusual rate of calls of {name} at ec2.amazonaws.com began: 6 calls a minute, usually 2.88 a day")
    };
    assert_eq!(leads, ["RunInstances", "CreateKeyPair", "DeleteSnapshot"].map(of));
}

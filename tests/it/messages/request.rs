//! What an alert shows of a request and its response.

use serde_json::{Value, json};
use trailbell::{
    alert::{Format, render},
    rule::RuleSet,
};

use crate::messages::{alert_of, json as rendered};

const FILTER: &str = r#"eventName = "X" and requestParameters.z.deep exists"#;

/// The rows `What` and `Response` of the alert for a record of a rule with this filter and this title.
fn rows(filter: &str, title: &str, record: Value) -> Vec<String> {
    let rules = json!({"rules": [{"name": "R", "severity": 2, "filter": filter, "title": title}]}).to_string();
    let body = render(Format::TEXT, &alert_of(RuleSet::parse(&rules).unwrap().0, 0, record, None)).body;
    let is_row = |line: &&str| !line.starts_with("What ") && !line.starts_with("Response ");
    body.lines().skip_while(is_row).take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn request(parameters: Value) -> Vec<String> {
    rows(FILTER, "{{requestParameters.y}}", json!({"eventName": "X", "requestParameters": parameters}))
}

/// What the title reads comes first, then what the filter reads, names, other values, and what means nothing.
#[test]
fn what_the_rule_reads_comes_first() {
    let parameters = json!({
        "Host": "x", "a": 1, "clientToken": "t", "roleName": "ops", "y": true, "z": {"deep": {"n": "v"}, "other": "w"},
    });
    assert_eq!(
        request(parameters),
        [
            "What      y = true",
            "          z.deep.n = v",
            "          roleName = ops",
            "          a = 1",
            "          z.other = w",
            "          Host = x",
            "          clientToken = t",
        ]
    );
}

#[test]
fn the_condition_of_an_element_is_about_its_list() {
    let item = |port: u16, to: &str| json!({"fromPort": port, "groups": [], "ranges": [{"cidr": to}], "a": 1});
    let record = json!({"requestParameters": {"permissions": [item(22, "::/0"), item(80, "0.0.0.0/0")]}});
    assert_eq!(
        rows("any requestParameters.permissions (ranges.cidr exists and fromPort < 100)", "t", record),
        [
            "What      permissions.ranges.cidr = ::/0, 0.0.0.0/0",
            "          permissions.fromPort = 22, 80",
            "          permissions.a = 1",
        ]
    );
}

/// As CloudTrail writes a bucket policy, an object, and as it writes a policy of IAM, a text.
#[test]
fn a_policy_is_shown_by_its_parts() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Principal": "*", "Action": ["s3:Get*", "s3:List*"]}]});
    let expected = [
        "What      policy.Statement.Principal = *",
        "          policy.Statement.Action = s3:Get*, s3:List*",
        "          policy.Version = 2012-10-17",
    ];
    for policy in [policy.clone(), json!(policy.to_string())] {
        let record = json!({"requestParameters": {"policy": policy}});
        assert_eq!(rows("requestParameters.policy.Statement.Principal = \"*\"", "t", record), expected);
    }
}

#[test]
fn a_response_is_shown_by_what_it_names() {
    let response = json!({
        "accessKey": {"accessKeyId": "AKIAEXAMPLE", "status": "Active", "userName": "ada"}, "requestId": "r", "n": 2,
        "tags": [{"key": "k"}], "userId": "eve", "grid": "g",
        "ConsoleLogin": "Success",
    });
    // What the request says is not repeated.
    let request = json!({"a": "b", "userName": "eve"});
    assert_eq!(
        rows("responseElements.n > 1", "t", json!({"requestParameters": request, "responseElements": response})),
        [
            "What      userName = eve",
            "          a = b",
            "Response  n = 2",
            "          accessKey.accessKeyId = AKIAEXAMPLE",
        ]
    );
    let record = |response: Value| json!({"requestParameters": {"a": "b"}, "responseElements": response});
    let many = json!((0..20).map(|at| json!({"aId": at, "bId": at})).collect::<Vec<_>>());
    assert_eq!(
        rows("eventName exists", "t", record(many)),
        ["What      a = b", "Response  aId = 0", "          bId = 0", "          aId = 1", "          and 37 more",]
    );
}

/// A sign-in has no request.
#[test]
fn a_sign_in_shows_its_further_data() {
    let record = json!({
        "requestParameters": null, "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/", "MFAUsed": "No"},
    });
    assert_eq!(
        rows("responseElements.ConsoleLogin exists", "t", record),
        [
            "What      additionalEventData.MFAUsed = No",
            "          additionalEventData.LoginTo = https[:][//]console[.]aws[.]amazon[.]com/",
            "Response  ConsoleLogin = Success",
        ]
    );
    let record = json!({"requestParameters": {"a": "b"}, "additionalEventData": {"MFAUsed": "No", "other": "x"}});
    assert_eq!(
        rows("additionalEventData.MFAUsed = \"No\"", "t", record),
        ["What      additionalEventData.MFAUsed = No", "          a = b"]
    );
}

#[test]
fn a_long_request_is_cut_and_counted() {
    let many: serde_json::Map<String, Value> = (10..30).map(|at| (format!("p{at}"), json!(at))).collect();
    let rows = request(Value::Object(many));
    assert_eq!((rows.len(), rows[0].as_str(), rows[10].as_str()), (12, "What      p10 = 10", "          p20 = 20"));
    assert_eq!(rows[11], "          and 9 more");
    // As many as fit need no count.
    let twelve: serde_json::Map<String, Value> = (10..22).map(|at| (format!("p{at}"), json!(at))).collect();
    assert_eq!(request(Value::Object(twelve)).last().unwrap(), "          p21 = 21");
    let list: Vec<String> = (0..50_000).map(|at| format!("u{at}")).collect();
    assert_eq!(
        request(json!({"a": list, "b": "c"})),
        [
            "What      a = u0, u1, u2, u3, u4",
            "          a = u5, u6, u7, u8, u9",
            "          a = u10, u11",
            "          and 49989 more",
        ]
    );
    let long = format!("{}-{}", "x".repeat(900), "y".repeat(900));
    let rows = request(json!({"a": long, (long): "v"}));
    assert_eq!(rows[0], format!("What      a = {}…{}", "x".repeat(60), "y".repeat(59)));
    assert_eq!(rows[1], format!("          \"{}…{}\" = v", "x".repeat(60), "y".repeat(59)));
}

/// The author of the rule wrote its fields, which need no brackets; a caller can choose the others.
#[test]
fn a_field_that_the_rule_reads_is_as_the_rule_spells_it() {
    let parameters = json!({"Statement": {"Principal": {"AWS": "1"}}, "x": {"evil.com": "2"}});
    assert_eq!(
        rows("requestParameters.Statement.Principal.AWS exists", "t", json!({"requestParameters": parameters})),
        ["What      Statement.Principal.AWS = 1", "          x[.]evil[.]com = 2"]
    );
}

/// No key and no value can be taken for two, or for a row.
#[test]
fn a_hostile_request_stays_within_its_lines() {
    let rows = request(json!({"a\nAlert     0": "b\nRule      x", "l": ["c, d", "e"], "www.evil.example = y": "z"}));
    assert_eq!(
        rows,
        [
            "What      \"a Alert 0\" = b Rule x",
            "          l = \"c, d\", e",
            "          \"www[.]evil[.]example = y\" = z",
        ]
    );
}

/// The caller chooses the keys of a large request, too.
#[test]
fn a_request_of_any_size_is_shown() {
    let key = "k".repeat(400_000);
    let rows = request(json!({(key): vec![1; 50_000], "policy": format!("[{}1]", "1,".repeat(200_000))}));
    assert!(rows.len() <= 14 && rows.iter().all(|row| row.chars().count() < 300), "{rows:?}");
    assert!(rows.last().unwrap().contains("more"), "{rows:?}");
}

#[test]
fn every_format_for_people_shows_the_request() {
    let rules = "rules: [{name: R, severity: 2, filter: eventName exists}]";
    let record = json!({"eventName": "X", "requestParameters": {"bucketName": "backups", "tags": ["a b", "c"]}});
    let alert = alert_of(RuleSet::parse(rules).unwrap().0, 0, record, None);
    let chat = rendered(&alert, Format::CHAT)["content"]["description"].as_str().unwrap().to_owned();
    assert!(chat.contains("What: `bucketName` = `backups`\n`tags` = `a b`, `c`"), "{chat}");
}

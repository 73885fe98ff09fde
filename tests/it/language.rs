//! The meaning of the filter language, case by case; `extensions.rs` has the cases of its extensions. The cases are data, which
//! `check` evaluates.

use crate::arbitrary::record_of;
use serde_json::{Value, json};
use trailbell::filter::{Filter, operator};

fn parse(filter: &str) -> Filter {
    Filter::parse(filter).unwrap_or_else(|errors| panic!("{filter}\n{errors:#?}"))
}

/// The filter's verdict on each record, and the opposite verdict of its negation.
fn check(filter: &str, cases: &[(Value, bool)]) {
    let (parsed, negated) = (parse(filter), parse(&format!("not ({filter})")));
    for (record, expected) in cases {
        assert_eq!(parsed.matches(record_of(record).root()), *expected, "{filter}\non {record}");
        assert_eq!(negated.matches(record_of(record).root()), !expected, "not ({filter})\non {record}");
    }
}

const HIGH: &str = r#"event_type = "cloudtrail" and eventSource = "ecr.amazonaws.com" and eventName = "DescribeImageScanFindings"
    and responseElements.imageScanFindings.findingSeverityCounts.HIGH > 0"#;

fn scan(response: Value) -> Value {
    json!({"eventSource": "ecr.amazonaws.com", "eventName": "DescribeImageScanFindings", "responseElements": response})
}

#[test]
fn a_count_of_scan_findings_is_compared() {
    let counts = |counts: Value| scan(json!({"imageScanFindings": {"findingSeverityCounts": counts}}));
    check(
        HIGH,
        &[
            (counts(json!({"HIGH": 2})), true),
            (counts(json!({"HIGH": "2"})), true),
            (counts(json!({"HIGH": 0})), false),
            (counts(json!({"MEDIUM": 14})), false),
            (scan(Value::Null), false),
            (scan(json!({"omitted": true, "reason": "responseElements too large"})), false),
        ],
    );
}

#[test]
fn prefixes_select_discovery_calls() {
    let call = |name: &str| json!({"eventSource": "ssm.amazonaws.com", "eventName": name});
    check(
        r#"event_type = "cloudtrail" and eventSource = "ssm.amazonaws.com" and (eventName starts_with "Describe" or eventName starts_with "List")"#,
        &[
            (call("DescribeParameters"), true),
            (call("ListCommands"), true),
            (call("GetParameter"), false),
            (call("describeParameters"), false),
        ],
    );
}

#[test]
fn blanks_quotes_and_the_case_of_words_do_not_matter() {
    for filter in [
        r#"eventSource = "s3" AND (eventName = "A" Or eventName = 'B')"#,
        "eventSource=\"s3\"and(eventName='A'or eventName=\"B\")",
        "eventSource\n  =\n 's3'\r\n AnD (\n eventName = 'A'\n\tOR eventName\t= 'B' )\n",
    ] {
        let record = |source: &str, name: &str| json!({"eventSource": source, "eventName": name});
        check(
            filter,
            &[
                (record("s3", "A"), true),
                (record("s3", "B"), true),
                (record("s3", "C"), false),
                (record("ec2", "B"), false),
            ],
        );
    }
}

#[test]
fn one_element_of_a_list_is_enough() {
    let record = json!({"group": ["invalid_login", "authentication_failed"]});
    check(r#"group like "fail""#, &[(record.clone(), true)]);
    check(r#"group != "invalid_login""#, &[(record, false)]);
}

#[test]
fn null_is_no_value() {
    let records = |path_is_null: bool| {
        [
            (json!({}), path_is_null),
            (json!({"x": null}), path_is_null),
            (json!({"x": []}), path_is_null),
            (json!({"x": [null]}), path_is_null),
            (json!({"x": ""}), !path_is_null),
            (json!({"x": {}}), !path_is_null),
            (json!({"x": [null, 0]}), !path_is_null),
        ]
    };
    check("x = null", &records(true));
    check("x != NULL", &records(false));
    check("x exists", &records(false));
    check(
        "items.tag = null",
        &[(json!({"items": [{"tag": "a"}, {}]}), false), (json!({"items": [{}, {"tag": null}]}), true)],
    );
}

#[test]
fn numbers_equal_the_text_that_spells_them() {
    check(
        r#"sigid = "5902""#,
        &[(json!({"sigid": 5902}), true), (json!({"sigid": "5902"}), true), (json!({"sigid": 5903}), false)],
    );
    let account = |id: &str| json!({"recipientAccountId": id});
    check(
        r#"recipientAccountId = "012345678901""#,
        &[(account("012345678901"), true), (account("12345678901"), false)],
    );
}

#[test]
fn names_may_have_special_characters() {
    check(
        "requestParameters.x-amz-acl = \"public-read\"",
        &[(json!({"requestParameters": {"x-amz-acl": "public-read"}}), true)],
    );
    check(
        "`tag.name`.`a b` = 1",
        &[(json!({"tag.name": {"a b": 1}}), true), (json!({"tag": {"name": {"a b": 1}}}), false)],
    );
}

#[test]
fn a_prefix_covers_dated_event_names() {
    check(r#"eventName starts_with "CreateFunction""#, &[(json!({"eventName": "CreateFunction20150331"}), true)]);
}

#[test]
fn a_denied_call_matches() {
    check(
        r#"event_type = "cloudtrail" and eventSource = "ssm.amazonaws.com" and eventName = "ResumeSession""#,
        &[(
            json!({"eventSource": "ssm.amazonaws.com", "eventName": "ResumeSession", "errorCode": "AccessDenied",
                "requestParameters": null, "responseElements": null}),
            true,
        )],
    );
}

#[test]
fn an_exception_excludes_one_event_name() {
    let call = |name: &str| json!({"eventSource": "ssm.amazonaws.com", "eventName": name});
    check(
        r#"eventSource = "ssm.amazonaws.com" and eventName starts_with "Create" and eventName != "CreateControlChannel""#,
        &[(call("CreateControlChannel"), false), (call("CreateDocument"), true)],
    );
}

#[test]
fn types_compare_natively_or_by_canonical_text() {
    let x = |value: Value| json!({"x": value});
    check(
        "x = 243",
        &[(x(json!(243.0)), true), (x(json!("243")), true), (x(json!("243.0")), false), (x(json!(true)), false)],
    );
    check(r#"x = "243""#, &[(x(json!(243.0)), true), (x(json!(243)), true)]);
    check(r#"x = "243.0""#, &[(x(json!(243.0)), false), (x(json!("243.0")), true)]);
    check(
        "x = true",
        &[(x(json!(true)), true), (x(json!("true")), true), (x(json!("True")), false), (x(json!(1)), false)],
    );
    check(r#"x = "false""#, &[(x(json!(false)), true), (x(json!(true)), false)]);
    check("x = 0.5", &[(x(json!(0.5)), true), (x(json!("0.5")), true), (x(json!("0.50")), false)]);
    check(
        "x > 5",
        &[
            (x(json!("6")), true),
            (x(json!("06")), false),
            (x(json!("six")), false),
            (x(json!(true)), false),
            (x(json!({})), false),
        ],
    );
    check(r#"x > "5""#, &[(x(json!(6)), true), (x(json!(5)), false)]);
    check("x < 0", &[(x(json!(-1)), true), (x(json!("-1")), true), (x(Value::Null), false)]);
    check(
        "x = 9007199254740993",
        &[(x(json!(9_007_199_254_740_993_u64)), true), (x(json!(9_007_199_254_740_992_u64)), false)],
    );
    check("x = 18446744073709551615", &[(x(json!(u64::MAX)), true), (x(json!(u64::MAX - 1)), false)]);
    check(r#"x like """#, &[(x(json!("")), true), (x(json!(5)), false), (x(Value::Null), false)]);
    check(r#"x = """#, &[(x(json!({})), false), (x(json!("")), true), (x(Value::Null), false)]);
}

#[test]
fn paths_search_lists_at_every_depth() {
    let open = json!({"requestParameters": {"ipPermissions": {"items": [
        {"ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}},
        {"ipRanges": {"items": [{"cidrIp": "192.168.0.0/16"}, {"cidrIp": "0.0.0.0/0"}]}},
    ]}}});
    check(r#"requestParameters.ipPermissions.items.ipRanges.items.cidrIp = "0.0.0.0/0""#, &[(open, true)]);
    check(
        "a.b = 1",
        &[(json!({"a": [[{"b": [[2], [1]]}]]}), true), (json!({"a": "b"}), false), (json!({"a": [5, null]}), false)],
    );
}

#[test]
fn keywords_are_fields_where_the_grammar_needs_a_field() {
    check(r#"in in ("a")"#, &[(json!({"in": "a"}), true)]);
    check("not exists", &[(json!({"not": 1}), true), (json!({}), false)]);
    check("not exists = 1", &[(json!({"exists": 2}), true), (json!({"exists": 1}), false)]);
    check(r#"not in ("a")"#, &[(json!({"not": "a"}), true), (json!({"not": "b"}), false)]);
    check(r#"not in in ("a")"#, &[(json!({"in": "a"}), false), (json!({"in": "b"}), true)]);
    check("not = 1 and not not = 2", &[(json!({"not": 1}), true), (json!({"not": 2}), false)]);
    check("not not x = 1", &[(json!({"x": 1}), true)]);
    check("not(x = 1)", &[(json!({"x": 1}), false)]);
    check("notx = 1", &[(json!({"notx": 1}), true)]);
    check(
        "and = 1 and or = 2 or null = 3",
        &[(json!({"and": 1, "or": 2}), true), (json!({"null": 3}), true), (json!({"and": 1}), false)],
    );
    check("a.and.in.not = 1", &[(json!({"a": {"and": {"in": {"not": 1}}}}), true)]);
    check("any = 1", &[(json!({"any": 1}), true)]);
}

#[test]
fn precedence_is_not_and_or() {
    let record = |a: i32, b: i32, c: i32| json!({"a": a, "b": b, "c": c});
    check("a = 1 or b = 1 and c = 1", &[(record(1, 0, 0), true), (record(0, 1, 0), false), (record(0, 1, 1), true)]);
    check("not a = 1 and b = 1", &[(record(0, 1, 0), true), (record(0, 0, 0), false), (record(1, 1, 0), false)]);
}

#[test]
fn escapes_denote_characters() {
    check(r#"x = "a\"b\\c\'d\n\r\t\u{e9}\u{1F600}""#, &[(json!({"x": "a\"b\\c'd\n\r\té😀"}), true)]);
    check(r#"x = 'it\'s "so"'"#, &[(json!({"x": "it's \"so\""}), true)]);
}

#[test]
fn virtual_fields_take_precedence_and_back_quotes_give_the_raw_key() {
    check(r#"user = "raw""#, &[(json!({"user": "raw"}), false)]);
    check(r#"`user` = "raw""#, &[(json!({"user": "raw"}), true)]);
    check("x.user = 1", &[(json!({"x": {"user": 1}}), true)]);
}

#[test]
fn virtual_fields() {
    let by = |identity: Value| json!({"userIdentity": identity});
    check(
        r#"user = "ada""#,
        &[
            (by(json!({"type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::1:user/x"})), true),
            (by(json!({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/admin/ada"})), true),
            (by(json!({"type": "AWSService", "invokedBy": "ada"})), true),
            (by(json!({"type": "AWSAccount", "principalId": "ada"})), true),
            (by(json!({"arn": "arn:aws:iam::1:root", "principalId": "ada"})), true),
            (by(json!({"type": "Root", "userName": "ada"})), false),
        ],
    );
    check(r#"user = "Root""#, &[(by(json!({"type": "Root", "arn": "arn:aws:iam::1:root"})), true)]);
    check("user = null", &[(json!({}), true), (json!({"userIdentity": null}), true)]);
    check(
        r#"role = "admin" and userType = "AssumedRole" and accountId = "1" and accessKey = "ASIA" and arnRole = "assumed-role/admin/ada""#,
        &[(
            by(
                json!({"type": "AssumedRole", "accountId": "1", "accessKeyId": "ASIA", "arn": "arn:aws:sts::1:assumed-role/admin/ada",
                "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "admin"}}}),
            ),
            true,
        )],
    );
    check(
        r#"ip = "192.0.2.1" and region = "eu-west-1" and error = "AccessDenied" and bucketName = "logs""#,
        &[(
            json!({"sourceIPAddress": "192.0.2.1", "awsRegion": "eu-west-1", "errorCode": "AccessDenied",
                "requestParameters": {"bucketName": "logs"}}),
            true,
        )],
    );
    check(
        r#"event_type = "insight""#,
        &[
            (json!({"eventCategory": "Insight"}), true),
            (json!({"eventType": "AwsCloudTrailInsight"}), true),
            (json!({"eventType": "AwsApiCall", "event_type": "insight"}), false),
        ],
    );
    check(r#"event_type = "cloudtrail""#, &[(json!({}), true)]);
    let session = |mfa: &str| json!({"sessionContext": {"attributes": {"mfaAuthenticated": mfa}}});
    check(
        "mfaUsed = true",
        &[
            (json!({"additionalEventData": {"MFAUsed": "Yes"}}), true),
            (json!({"additionalEventData": {"MFAUsed": "YES"}, "userIdentity": session("false")}), true),
            (json!({"additionalEventData": {"MFAUsed": "No"}, "userIdentity": session("true")}), false),
            (by(session("true")), true),
            (by(session("false")), false),
            (json!({}), false),
        ],
    );
    check(
        "mfaUsed = false",
        &[(by(session("false")), true), (json!({"additionalEventData": {"MFAUsed": "No"}}), true)],
    );
    // 2026-03-02T08:00:00Z is 1 772 438 400 seconds after 1970, by `date -d`.
    check(
        "timestamp = 1772438400000",
        &[(json!({"eventTime": "2026-03-02T08:00:00Z"}), true), (json!({"eventTime": "soon"}), false)],
    );
}

#[test]
fn every_operator_has_examples_that_hold() {
    for operator in operator::all() {
        assert!(
            operator.examples.iter().any(|(.., matches)| *matches),
            "{} has no example that matches",
            operator.spelling
        );
        assert!(
            operator.examples.iter().any(|(.., matches)| !*matches),
            "{} has no example that does not",
            operator.spelling
        );
        for (filter, record, matches) in operator.examples {
            check(filter, &[(serde_json::from_str(record).unwrap(), *matches)]);
        }
    }
}

#[test]
fn limits() {
    assert!(Filter::parse(&format!("{}x = 1", "not ".repeat(63))).is_ok());
    assert_eq!(Filter::parse(&format!("{}x = 1", "not ".repeat(64))).unwrap_err()[0].code, "nested-too-deep");
    assert!(Filter::parse(&format!("{}x = 1{}", "(".repeat(63), ")".repeat(63))).is_ok());
    assert_eq!(
        Filter::parse(&format!("{}x = 1{}", "(".repeat(64), ")".repeat(64))).unwrap_err()[0].code,
        "nested-too-deep"
    );
    assert_eq!(Filter::parse(&"(".repeat(16_384)).unwrap_err()[0].code, "nested-too-deep");
    assert_eq!(Filter::parse(&format!("x = \"{}\"", "a".repeat(16_384))).unwrap_err()[0].code, "filter-too-long");
    assert!(Filter::parse(&vec!["x = 1"; 1000].join(" or ")).is_ok());
}

#[test]
fn floats_are_parsed_exactly() {
    // A parser that rounds twice gets the last bit of these numbers wrong.
    for text in [
        "0.9452706955539223",
        "8.35235235935322e-1",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "123456789012345.678",
    ] {
        let record: Value = serde_json::from_str(&format!("{{\"a\": {text}}}")).unwrap();
        check(&format!("a = {text}"), &[(record, true)]);
    }
}

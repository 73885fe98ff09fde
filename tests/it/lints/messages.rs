//! The messages of the lints: whole for one warning of each code, and elsewhere the code, the place and the repair.

use insta::assert_snapshot;
use trailbell::diagnostic::{Level, render};

use crate::{
    lints::{lints, rule, suppression},
    mistakes::brief,
};

fn message(file: &str) -> String {
    let found = lints(file);
    assert!(found.iter().all(|finding| finding.level != Level::Error));
    render(&found, "rules.yaml", file, false).trim_end().to_owned()
}

#[test]
fn a_field_in_the_wrong_case() {
    let file = rule(r#"sourceIpAddress = "192.0.2.1""#);
    assert_snapshot!(message(&file), @r#"
    warning[unknown-field]: CloudTrail records have no field `sourceIpAddress`
     --> rules.yaml:5:5
      |
    5 |     sourceIpAddress = "192.0.2.1"
      |     ^^^^^^^^^^^^^^^ expected `sourceIPAddress`?
      |
      = rule: r
      = help: write `sourceIPAddress`
    "#);
}

#[test]
fn a_field_on_the_wrong_level() {
    let file = rule(r#"readOnly = false and userName = "alice""#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:26 write `userIdentity.userName`");
}

#[test]
fn a_nested_field_in_the_wrong_case() {
    let file = rule(r#"not (userIdentity.username = "alice")"#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:23 write `userIdentity.userName`");
}

#[test]
fn a_field_that_is_nowhere() {
    let file = rule(r#"processName = "bash""#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:5 remove it; if your records do have it, write it in back-quotes: `` `processName` ``");
}

#[test]
fn a_field_by_another_word() {
    let of = |filter: &str| brief(&message(&rule(filter)));
    assert_snapshot!(of(r#"outcome = "failure""#), @"unknown-field 5:5 write `result`");
    assert_snapshot!(of(r#"action = "CreateUser""#), @"unknown-field 5:5 write `eventName`");
}

#[test]
fn a_field_of_a_list_element() {
    let file = rule(r#"any resources (arn like "prod")"#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:20 write `ARN`");
}

#[test]
fn a_field_after_the_word_field() {
    let file = rule("userIdentity.userName = field userIdentity.sessionContext.sessionIssuer.username");
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:77 write `userIdentity.sessionContext.sessionIssuer.userName`");
}

#[test]
fn a_field_of_the_record_inside_any() {
    let file = rule(r#"any resources (eventSource = "s3.amazonaws.com")"#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:20 write `record.eventSource`");
}

#[test]
fn a_path_into_text() {
    let file = rule(r#"eventName.value = "GetUser""#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:15 compare `eventName` itself");
}

#[test]
fn a_path_into_a_computed_field() {
    let file = rule(r#"user.name = "alice""#);
    assert_snapshot!(brief(&message(&file)), @"unknown-field 5:5 compare `user` itself, or write `` `user` `` for the record's own field of that name");
}

#[test]
fn two_values_at_once() {
    let file = rule(r#"eventName = "GetUser" and eventName = "ListUsers""#);
    assert_snapshot!(message(&file), @r#"
    warning[never-matches]: no record satisfies both conditions on `eventName`
     --> rules.yaml:5:31
      |
    5 |     eventName = "GetUser" and eventName = "ListUsers"
      |     ---------------------     ^^^^^^^^^^^^^^^^^^^^^^^ this excludes the other
      |     |
      |     the other one
      |
      = rule: r
      = help: write `or` between them, and both in parentheses
    "#);
}

#[test]
fn a_value_and_a_prefix() {
    let file = rule(r#"eventName in ("GetUser", "GetRole") and eventName starts_with "Put""#);
    assert_snapshot!(brief(&message(&file)), @"never-matches 5:45 remove one of them, or write `or` between them");
}

#[test]
fn two_prefixes() {
    let file = rule(r#"eventName starts_with "Get" and eventName starts_with "List""#);
    assert_snapshot!(brief(&message(&file)), @"never-matches 5:37 remove one of them, or write `or` between them");
}

#[test]
fn a_value_and_none() {
    let file = rule(r#"errorCode = null and error = "AccessDenied""#);
    assert_snapshot!(brief(&message(&file)), @"never-matches 5:26 remove one of them, or write `or` between them");
}

#[test]
fn no_value_left() {
    let file = rule(r#"eventName in ("GetUser", "GetRole") and eventName != "GetUser" and eventName != "GetRole""#);
    assert_snapshot!(brief(&message(&file)), @"never-matches 5:5 name a value that is not excluded, or remove a condition");
}

#[test]
fn a_value_that_a_name_cannot_have() {
    let of = |filter: &str| brief(&message(&rule(filter)));
    assert_snapshot!(of(r#"result = "Failure""#), @"never-matches 5:5 write one of these; the code of an error is in `errorCode`");
    assert_snapshot!(of("hour = 24"), @"never-matches 5:5 write an hour from 0 to 23");
    assert_snapshot!(of("weekday = 0"), @"never-matches 5:5 write a day from 1 (Monday) to 7 (Sunday)");
}

#[test]
fn an_event_type_that_does_not_exist() {
    let file = rule(r#"event_type = "AwsApiCall""#);
    assert_snapshot!(brief(&message(&file)), @"never-matches 5:5 write one of these; CloudTrail's own types are in `eventType` and `eventCategory`");
}

#[test]
fn either_of_two_differences() {
    let file = rule(r#"awsRegion != "eu-west-1" or awsRegion != "eu-west-2""#);
    assert_snapshot!(message(&file), @r#"
    warning[always-matches]: every record satisfies one of the conditions on `awsRegion`
     --> rules.yaml:5:33
      |
    5 |     awsRegion != "eu-west-1" or awsRegion != "eu-west-2"
      |     ------------------------    ^^^^^^^^^^^^^^^^^^^^^^^^ true wherever the other is false
      |     |
      |     the other one
      |
      = rule: r
      = help: write `and` between them
    "#);
}

#[test]
fn a_field_that_is_present_or_missing() {
    let file = rule("errorCode = null or errorCode exists");
    assert_snapshot!(brief(&message(&file)), @"always-matches 5:5 remove them");
}

#[test]
fn not_of_what_never_holds() {
    let file = rule(r#"not (errorCode = "A" and errorCode != "A")"#);
    assert_snapshot!(brief(&message(&file)), @"always-matches 5:30 remove one of them");
}

#[test]
fn a_field_that_is_always_present() {
    let file = suppression("eventTime exists");
    assert_snapshot!(brief(&message(&file)), @"always-matches 8:5 remove the condition");
}

#[test]
fn a_blank_at_the_end() {
    let file = rule(r#"eventName = "GetUser ""#);
    assert_snapshot!(message(&file), @r#"
    warning[edge-blanks]: `"GetUser "` begins or ends with a blank
     --> rules.yaml:5:17
      |
    5 |     eventName = "GetUser "
      |                 ^^^^^^^^^^ CloudTrail writes none in `eventName`
      |
      = rule: r
      = help: write `"GetUser"`
    "#);
}

#[test]
fn a_source_without_its_suffix() {
    let file = rule(r#"eventSource = "aws.ecr""#);
    assert_snapshot!(message(&file), @r#"
    warning[unknown-event-source]: AWS has no event source `aws.ecr`
     --> rules.yaml:5:19
      |
    5 |     eventSource = "aws.ecr"
      |                   ^^^^^^^^^ expected `ecr.amazonaws.com`?
      |
      = rule: r
      = help: write `"ecr.amazonaws.com"`
    "#);
}

#[test]
fn a_misspelled_source() {
    let file = rule(r#"eventSource = "cloudtrial.amazonaws.com""#);
    assert_snapshot!(brief(&message(&file)), @r#"unknown-event-source 5:19 write `"cloudtrail.amazonaws.com"`"#);
}

#[test]
fn a_misspelled_name() {
    let file = rule(r#"eventSource = "iam.amazonaws.com" and (eventName = "CreateUser" or eventName = "createrole")"#);
    assert_snapshot!(message(&file), @r#"
    warning[unknown-event-name]: `iam.amazonaws.com` has no event `createrole`
     --> rules.yaml:5:84
      |
    5 |     eventSource = "iam.amazonaws.com" and (eventName = "CreateUser" or eventName = "createrole")
      |                                                                                    ^^^^^^^^^^^^ expected `CreateRole`?
      |
      = rule: r
      = help: write `"CreateRole"`
    "#);
}

#[test]
fn a_name_of_another_source() {
    let file = rule(r#"eventSource = "ecr.amazonaws.com" and eventName = "RunInstances""#);
    assert_snapshot!(brief(&message(&file)), @r#"unknown-event-name 5:55 write `eventSource = "ec2.amazonaws.com"`, or another name"#);
}

#[test]
fn a_name_of_no_source() {
    let file = rule(r#"eventName = "DeleteBukcet""#);
    assert_snapshot!(brief(&message(&file)), @r#"unknown-event-name 5:17 write `"DeleteBucket"`"#);
}

#[test]
fn a_data_event() {
    let file =
        rule(r#"eventSource = "s3.amazonaws.com" and eventName in ("PutBucketPolicy", "GetObject", "PutObject")"#);
    assert_snapshot!(message(&file), @r#"
    warning[data-event]: `GetObject` and 1 more of these are data events
     --> rules.yaml:5:75
      |
    5 |     eventSource = "s3.amazonaws.com" and eventName in ("PutBucketPolicy", "GetObject", "PutObject")
      |                                                                           ^^^^^^^^^^^ only trails with data events enabled log it
      |
      = rule: r
      = help: enable data events in the trail, or write a separate rule for the data events
    "#);
}

#[test]
fn only_data_events() {
    let file = rule(r#"eventSource = "s3.amazonaws.com" and eventName in ("GetObject", "PutObject")"#);
    let repair = "add `and eventCategory = \"Data\"`";
    assert!(message(&file).contains(repair), "{}", message(&file));
}

/// The other connective between exact complements would only turn one mistake into its opposite.
#[test]
fn exact_complements_are_removed() {
    let check = |filter: &str, code: &str, help: &str| {
        let message = message(&rule(filter));
        assert!(message.contains(code) && message.ends_with(&format!("= help: {help}")), "{message}");
    };
    check("readOnly = true and not readOnly = true", "never-matches", "remove one of them");
    check("errorCode exists and errorCode = null", "never-matches", "remove one of them");
    check(r#"result = "success" and result = "failure""#, "never-matches", "remove one of them");
    check("errorCode = null or errorCode != null", "always-matches", "remove them");
    check("errorCode exists or not errorCode exists", "always-matches", "remove them");
    check(r#"result = "success" or result = "failure""#, "always-matches", "remove them");
    check(
        r#"eventName = "A" and eventName = "B""#,
        "never-matches",
        "write `or` between them, and both in parentheses",
    );
    check(r#"eventName != "A" or eventName != "B""#, "always-matches", "write `and` between them");
}

#[test]
fn a_rule_that_always_matches_shadows_no_other() {
    let file = "rules:\n- {name: a, severity: 3, filter: 'eventName != \"A\" or eventName != \"B\"'}\n\
                - {name: b, severity: 3, filter: 'eventName = \"DeleteTrail\"'}\n";
    let message = message(file);
    assert!(message.contains("always-matches") && !message.contains("shadowed-rule"), "{message}");
}

#[test]
fn a_suppression_that_a_missing_field_satisfies() {
    let file = suppression(r#"not (userIdentity.userName like "svc-")"#);
    assert_snapshot!(message(&file), @r#"
    warning[negation-on-missing]: `not (userIdentity.userName like "svc-")` is true where there is no `userIdentity.userName`
     --> rules.yaml:8:9
      |
    8 |     not (userIdentity.userName like "svc-")
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hides all events without this field too
      |
      = rule: r
      = help: put `userIdentity.userName exists and` before the `not`, or name the values to suppress
    "#);
}

#[test]
fn and_next_to_or() {
    let file = rule(r#"errorCode exists and readOnly = false or eventName = "DeleteTrail""#);
    assert_snapshot!(message(&file), @r#"
    warning[mixed-and-or]: `and` and `or` are mixed without parentheses
     --> rules.yaml:5:5
      |
    5 |     errorCode exists and readOnly = false or eventName = "DeleteTrail"
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `and` binds tighter: this is one side of the `or`
      |
      = rule: r
      = help: put this in parentheses, or the `or` if it is meant to bind tighter
    "#);
}

#[test]
fn a_wildcard_in_a_name() {
    let file = rule(r#"eventName = "Describe*""#);
    assert_snapshot!(message(&file), @r#"
    warning[literal-wildcard]: `*` is not a wildcard
     --> rules.yaml:5:17
      |
    5 |     eventName = "Describe*"
      |                 ^^^^^^^^^^^ `=` compares this character literally
      |
      = rule: r
      = help: write `eventName starts_with "Describe"`
    "#);
}

#[test]
fn a_wildcard_in_the_middle() {
    let file = rule(r#"userIdentity.arn = "arn:aws:iam::*:role/admin""#);
    assert_snapshot!(brief(&message(&file)), @"literal-wildcard 5:24 write a regular expression after `matches`, in which `.*` matches any text");
}

#[test]
fn a_wildcard_after_like() {
    let file = rule(r#"requestParameters.roleName like "%admin%""#);
    assert_snapshot!(brief(&message(&file)), @r#"literal-wildcard 5:37 write `requestParameters.roleName like "admin"`"#);
}

#[test]
fn a_doubled_backslash() {
    let file = rule(r#"userIdentity.userName matches "^svc-\\d+$""#);
    assert_snapshot!(message(&file), @r#"
    warning[doubled-backslash]: `\\d` matches a backslash and the letter `d`
     --> rules.yaml:5:35
      |
    5 |     userIdentity.userName matches "^svc-\\d+$"
      |                                   ^^^^^^^^^^^^ expected `\d`?
      |
      = rule: r
      = note: a filter keeps every backslash of a pattern; only YAML's double quotes need a second one
      = help: write `\d`; for a literal backslash, write `[\\]`
    "#);
}

#[test]
fn the_same_filter() {
    let file = r"rules:
- {name: a, severity: 3, filter: 'readOnly = false and errorCode = null'}
- {name: b, severity: 3, filter: 'error = null and readOnly = false'}
";
    assert_snapshot!(message(file), @r"
    warning[duplicate-rule]: `b` has the same filter as `a`
     --> rules.yaml:3:10
      |
    2 | - {name: a, severity: 3, filter: 'readOnly = false and errorCode = null'}
      |          - the first rule
    3 | - {name: b, severity: 3, filter: 'error = null and readOnly = false'}
      |          ^ the second rule
      |
      = rule: b
      = help: remove one of them, because each match raises two alerts
    ");
}

#[test]
fn a_filter_inside_another() {
    let file = r#"rules:
- {name: a, severity: 3, filter: 'eventName starts_with "Delete" and readOnly = false'}
- {name: b, severity: 3, filter: 'readOnly = false and eventName in ("DeleteUser", "DeleteRole")'}
"#;
    assert_snapshot!(message(file), @r#"
    warning[shadowed-rule]: every match of `b` is a match of `a` too
     --> rules.yaml:3:10
      |
    2 | - {name: a, severity: 3, filter: 'eventName starts_with "Delete" and readOnly = false'}
      |          - this rule matches it too, with the same severity
    3 | - {name: b, severity: 3, filter: 'readOnly = false and eventName in ("DeleteUser", "DeleteRole")'}
      |          ^ each of its matches raises two alerts
      |
      = rule: b
      = help: remove it, give it another severity, or exclude it from the wider rule
    "#);
}

#[test]
fn an_unused_list() {
    let file = r"lists:
  admins: [alice]
rules:
- name: r
  severity: 3
  filter: |
    readOnly = false
";
    assert_snapshot!(message(file), @r"
    warning[unused-list]: no filter uses the list `admins`
     --> rules.yaml:2:3
      |
    2 |   admins: [alice]
      |   ^^^^^^ never used
      |
      = help: remove it, or name it in a filter, such as `in $admins`
    ");
}

#[test]
fn an_expired_suppression() {
    let file = r#"rules:
- name: r
  severity: 3
  filter: |
    readOnly = false
  suppressions:
  - filter: role = "alice"
    expires: 2026-02-28
"#;
    assert_snapshot!(message(file), @r#"
    note[expired-suppression]: this suppression ended on 2026-02-28
     --> rules.yaml:7:13
      |
    7 |   - filter: role = "alice"
      |             ^^^^^^^^^^^^^^ suppresses no events any more
      |
      = rule: r
      = help: remove it, or give it a later `expires` if it is still needed
    "#);
}

#[test]
fn a_doubled_backslash_in_a_list() {
    let file = r"lists:
  accounts: ['^svc-\\d+$']
rules:
- name: r
  severity: 3
  filter: |
    userIdentity.userName matches $accounts
";
    assert_snapshot!(brief(&message(file)), @r#"doubled-backslash 7:35 write `\d`; for a literal backslash, write `[\\]`"#);
}

#[test]
fn fields_that_distinguish_alerts() {
    let file = rule("readOnly = false")
        + "  aggregate_fields: [userIdentity.username, eventName]\n  first_seen: {fields: [sourceIp]}\n";
    assert_snapshot!(message(&file), @"
    warning[unknown-field]: `userIdentity` has no field `username`
     --> rules.yaml:6:35
      |
    6 |   aggregate_fields: [userIdentity.username, eventName]
      |                                   ^^^^^^^^ expected `userName`?
      |
      = rule: r
      = help: write `userIdentity.userName`

    warning[unknown-field]: CloudTrail records have no field `sourceIp`
     --> rules.yaml:7:25
      |
    7 |   first_seen: {fields: [sourceIp]}
      |                         ^^^^^^^^ never present
      |
      = rule: r
      = help: remove it; if your records do have it, write it in back-quotes: `` `sourceIp` ``
    ");
}

#[test]
fn a_first_seen_that_can_never_fire() {
    let file = rule("readOnly = false") + "  first_seen: {fields: [ip], within: 2d, learning: 3d}\n";
    assert_snapshot!(message(&file), @"
    warning[first-seen]: this rule learns for 3d and forgets after 2d
     --> rules.yaml:6:3
      |
    6 |   first_seen: {fields: [ip], within: 2d, learning: 3d}
      |   ^^^^^^^^^^ it forgets the first combinations before it can alert
      |
      = rule: r
      = help: write `learning: 2d` or less, or a longer `within`
    ");
}

/// A rule with a sequence.
fn sequence(fields: &str, steps: &[&str]) -> String {
    let steps: Vec<_> = steps.iter().map(|step| format!("  - {step}\n")).collect();
    format!("rules:\n- name: r\n  severity: 3\n{fields}  sequence:\n{}", steps.concat())
}

#[test]
fn steps_that_cannot_follow_one_another() {
    let file = sequence(
        "  by: [userIdentity.accountId, eventName]\n",
        &[
            "filter: eventName = \"CreateUser\" and readOnly = false",
            "filter: eventName in (\"CreateAccessKey\", \"CreateLoginProfile\")",
        ],
    );
    assert_snapshot!(message(&file), @r#"
    warning[impossible-step]: no event of step 2 follows one of step 1
     --> rules.yaml:7:13
      |
    6 |   - filter: eventName = "CreateUser" and readOnly = false
      |             ------------------------ a condition of step 1
    7 |   - filter: eventName in ("CreateAccessKey", "CreateLoginProfile")
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ excludes the values of the other step
      |
      = rule: r
      = note: `eventName` must have the same value in both, because `by` names it
      = help: remove `eventName` from `by`, or change one of the conditions
    "#);
    // The second step alone has few values, and the paths differ.
    let file = sequence(
        "",
        &[
            "{filter: awsRegion starts_with \"eu-\", by: [region]}",
            "{filter: 'awsRegion = \"us-east-1\"', by: [awsRegion]}",
        ],
    );
    assert_snapshot!(brief(&message(&file)), @"impossible-step 6:15 remove `region` and `awsRegion` from `by`, or change one of the conditions");
    let file = sequence(
        "",
        &[
            "{filter: region = \"eu-west-1\", by: [region]}",
            "{filter: 'vpcEndpointAccountId != \"eu-west-1\"', by: [vpcEndpointAccountId]}",
        ],
    );
    assert_snapshot!(brief(&message(&file)), @"impossible-step 6:15 remove `region` and `vpcEndpointAccountId` from `by`, or change one of the conditions");
}

#[test]
fn a_step_without_values() {
    let file = sequence(
        "  by: [error]\n",
        &["filter: eventName = \"CreateUser\"", "filter: eventName = \"CreateRole\" and errorCode = null"],
    );
    assert_snapshot!(message(&file), @r#"
    warning[impossible-step]: no event can be step 2 of the sequence
     --> rules.yaml:7:42
      |
    4 |   by: [error]
      |        ----- here it must have one
    ...
    7 |   - filter: eventName = "CreateRole" and errorCode = null
      |                                          ^^^^^^^^^^^^^^^^ here `error` has no value
      |
      = rule: r
      = help: remove the condition, or write another field in `by`
    "#);
}

#[test]
fn a_step_whose_records_lack_a_field() {
    let file = sequence(
        "",
        &[
            "{filter: eventName = \"ConsoleLogin\", by: [requestParameters.userName]}",
            "{filter: eventName = \"CreateUser\", by: [requestParameters.userName]}",
        ],
    );
    assert_snapshot!(message(&file), @r#"
    warning[impossible-step]: no event can be step 1 of the sequence
     --> rules.yaml:5:47
      |
    5 |   - {filter: eventName = "ConsoleLogin", by: [requestParameters.userName]}
      |              --------------------------       ^^^^^^^^^^^^^^^^^^^^^^^^^^ records of sign-ins have no `requestParameters.userName`
      |              |
      |              asks for them
      |
      = rule: r
      = help: write a field that these records have, such as `recipientAccountId`
    "#);
    let steps = ["filter: eventName = \"CreateUser\"", "filter: event_type = \"insight\""];
    assert_snapshot!(brief(&message(&sequence("  by: [ip]\n", &steps))), @"impossible-step 4:8 write a field that these records have, such as `recipientAccountId`");
}

#[test]
fn a_sequence_by_event() {
    let file =
        sequence("  by: [eventID]\n", &["filter: eventName = \"CreateUser\"", "filter: eventName = \"CreateRole\""]);
    assert_snapshot!(message(&file), @"
    warning[impossible-step]: no event follows another one with the same `eventID`
     --> rules.yaml:4:8
      |
    4 |   by: [eventID]
      |        ^^^^^^^ different in every event
      |
      = rule: r
      = help: write a field that the events have in common, such as `recipientAccountId` or `principal`
    ");
}

#[test]
fn equal_steps() {
    let file =
        sequence("  by: [user]\n", &["filter: eventName = \"CreateUser\"", "filter: \"eventName  =  'CreateUser'\""]);
    assert_snapshot!(message(&file), @"
    warning[equal-steps]: the 2 steps of the sequence are equal
     --> rules.yaml:5:3
      |
    5 |   sequence:
      |   ^^^^^^^^ raises an alert at 2 events
      |
      = rule: r
      = help: write the filter once, `threshold: 2`, and `aggregate_fields` in place of `by`
    ");
}

#[test]
fn lints_of_filters_and_fields_read_every_step() {
    let file = sequence(
        "",
        &[
            "{filter: eventName = \"CreateUsr\", by: [userIdentity.username]}",
            "{filter: sourceIpAddress exists, by: [userIdentity.userName]}",
        ],
    ) + "- {name: s, severity: 3, filter: readOnly = false, threshold: 2, distinct: sourceIp}\n";
    let found: Vec<_> = lints(&file).into_iter().map(|one| (one.code, one.span.start, one.rule.unwrap())).collect();
    let at = |text: &str| file.find(text).unwrap();
    let expected = [
        ("unknown-event-name", at("\"CreateUsr"), "r"),
        ("unknown-field", at("username"), "r"),
        ("unknown-field", at("sourceIpAddress"), "r"),
        ("unknown-field", at("sourceIp}"), "s"),
    ];
    assert_eq!(found, expected.map(|(code, at, rule)| (code, at, rule.to_owned())));
    // A common `by` is reported once.
    let file = sequence(
        "  by: [userIdentity.username]\n",
        &["filter: eventName = \"CreateUser\"", "filter: eventName = \"CreateRole\""],
    );
    assert_snapshot!(brief(&message(&file)), @"unknown-field 4:21 write `userIdentity.userName`");
}

/// A rule of severity 2 with this filter and these fields.
fn urgent(filter: &str, fields: &str) -> String {
    format!("rules:\n- name: r\n  severity: 2\n  filter: {filter}\n{fields}")
}

#[test]
fn a_rule_whose_alerts_do_not_differ_by_target() {
    let delete = "eventName = \"DeleteTrail\"";
    let title = "  title: '{{user}} deletes {{requestParameters.name}}'\n";
    assert_snapshot!(message(&urgent(delete, title)), @r#"
    warning[no-target]: acts on different targets are one alert
     --> rules.yaml:2:9
      |
    2 | - name: r
      |         ^ no field of `aggregate_fields` names the target
      |
      = rule: r
      = help: add `aggregate_fields: [principal, eventName, eventSource, ownerAccount, result, requestParameters.name]` to the rule
    "#);
    let fields = "  aggregate_fields: [principal, eventName]\n";
    assert_snapshot!(brief(&message(&urgent(delete, fields))), @"no-target 5:22 add `request` to `aggregate_fields`");
    // Whether multi-factor authentication was used is no target.
    let fields = "  aggregate_fields: [principal, additionalEventData.MFAUsed]\n";
    assert_snapshot!(brief(&message(&urgent(delete, fields))), @"no-target 5:22 add `request` to `aggregate_fields`");
    assert_snapshot!(brief(&message(&urgent(delete, "  aggregate_fields: [user]\n"))), @"no-target 5:22 add `request` to `aggregate_fields`");
    let fields = format!("{title}  aggregate_fields: [principal, request]\n");
    assert_snapshot!(message(&urgent(delete, &fields)), @r#"
    warning[request-for-target]: `request` distinguishes alerts, though the title names `requestParameters.name`
     --> rules.yaml:6:33
      |
    6 |   aggregate_fields: [principal, request]
      |                                 ^^^^^^^ differs by more than the target
      |
      = rule: r
      = help: write `requestParameters.name`
    "#);
}

#[test]
fn values_that_are_never_as_many() {
    let counts = |fields: &str| {
        format!("rules:\n- name: r\n  severity: 3\n  filter: eventName in (\"GetUser\", \"GetRole\")\n{fields}")
    };
    let file = counts("  threshold: 3\n  distinct: userIdentity.accountId\n  aggregate_fields: [accountId]\n");
    assert_snapshot!(message(&file), @"
    warning[unreachable-threshold]: all events that are counted together have the same `userIdentity.accountId`
     --> rules.yaml:6:13
      |
    6 |   distinct: userIdentity.accountId
      |             ^^^^^^^^^^^^^^^^^^^^^^ never 3 different values
      |
      = rule: r
      = help: remove `userIdentity.accountId` from `aggregate_fields`
    ");
    let file = counts("  threshold: 3\n  distinct: eventName\n");
    assert_snapshot!(brief(&message(&file)), @"unreachable-threshold 6:13 write `aggregate_fields` without `eventName`, which the default includes");
    let file = counts("  threshold: 3\n  distinct: eventName\n  aggregate_fields: [principal]\n");
    assert_snapshot!(message(&file), @"
    warning[unreachable-threshold]: the filter leaves 2 values of `eventName`
     --> rules.yaml:6:13
      |
    6 |   distinct: eventName
      |             ^^^^^^^^^ never 3 different values
      |
      = rule: r
      = help: write `threshold: 2` or less, or count another field
    ");
    let file = counts(
        "  threshold: 3\n  first_seen: {fields: [principal, ip]}\n  aggregate_fields: [ip, region, principal]\n",
    );
    assert_snapshot!(brief(&message(&file)), @"unreachable-threshold 6:3 remove `principal`, `ip` from `aggregate_fields`");
    // There may be as many.
    for fields in [
        "  threshold: 2\n  distinct: eventName\n  aggregate_fields: [principal]\n",
        "  threshold: 3\n  distinct: ip\n",
        "  threshold: 3\n  distinct: requestParameters.a\n  aggregate_fields: [requestParameters.a]\n",
        "  threshold: 3\n  first_seen: {fields: [principal, ip]}\n  aggregate_fields: [principal]\n",
        "  first_seen: {fields: [principal]}\n  aggregate_fields: [principal]\n",
    ] {
        assert_eq!(lints(&counts(fields)), [], "{fields}");
    }
}

#[test]
fn an_account_that_is_searched_for_in_an_arn() {
    let file = rule(r#"requestParameters.roleArn contains "111122223333""#);
    assert_snapshot!(message(&file), @r#"
    warning[account-in-text]: `requestParameters.roleArn contains "111122223333"` also holds where the account id is in a name
     --> rules.yaml:5:40
      |
    5 |     requestParameters.roleArn contains "111122223333"
      |                                        ^^^^^^^^^^^^^^ the owner of a resource chooses its name
      |
      = rule: r
      = help: write `requestParameters.roleArn in_account "111122223333"`
    "#);
    for (filter, repair) in [
        (
            "any requestParameters.policyDocument.Statement (not Principal.AWS contains \"111122223333\")",
            "write `Principal.AWS foreign_to \"111122223333\"` in place of the `not` and the condition after it",
        ),
        (
            "any requestParameters.policyDocument.Statement (any Principal.AWS (it ends_with \":111122223333\"))",
            "write `it in_account \"111122223333\"`",
        ),
        ("any requestParameters.layers (it icontains \"111122223333\")", "write `it in_account \"111122223333\"`"),
        (r#"userIdentity.arn matches ".*:111122223333:.*""#, r#"write `userIdentity.arn in_account "111122223333"`"#),
        (
            r#"requestParameters.x-amz-key-id like ("111122223333", "alias")"#,
            "write `requestParameters.x-amz-key-id in_account …`",
        ),
    ] {
        let found = lints(&rule(filter));
        let repairs: Vec<_> = found.iter().map(|one| (one.code, one.help.as_deref().unwrap())).collect();
        assert_eq!(repairs, [("account-in-text", repair)], "{filter}");
    }
}

#[test]
fn not_before_in_account() {
    assert_snapshot!(message(&rule("not (readOnly = true and requestParameters.principal in_account field recipientAccountId)")), @r#"
    warning[not-in-account]: `not requestParameters.principal in_account field recipientAccou…` is also true for `*` and for services
     --> rules.yaml:5:30
      |
    5 |     not (readOnly = true and requestParameters.principal in_account field recipientAccountId)
      |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ true of every value without an account, and of no value
      |
      = rule: r
      = note: where `*` is meant too, compare it with `= "*"`
      = help: write `requestParameters.principal foreign_to field recipientAccountId` in place of the `not` and the condition after it
    "#);
    assert_snapshot!(brief(&message(&suppression(r#"not userIdentity.arn in_account "111122223333""#))), @r#"not-in-account 8:9 write `userIdentity.arn foreign_to "111122223333"` in place of the `not` and the condition after it"#);
}

#[test]
fn a_list_on_the_left() {
    let file = rule("$admins = \"ada\" or user in $admins").replace("rules:", "lists: {admins: [ada]}\nrules:");
    assert_snapshot!(message(&file), @r#"
    warning[unknown-field]: CloudTrail records have no field `$admins`
     --> rules.yaml:6:5
      |
    6 |     $admins = "ada" or user in $admins
      |     ^^^^^^^ never present
      |
      = rule: r
      = note: a name with `$` on the left is a list only before `= null`, `!= null` and `exists`
      = help: write the field first, such as `user in $admins`
    "#);
}

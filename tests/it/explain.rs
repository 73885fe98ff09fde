//! Explanations agree with matching, and a person can read them.

use crate::arbitrary::{LISTS, expr, record};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use trailbell::{
    backtest::Decisive,
    filter::{Compared, Condition, Explanation},
    record::Record,
    rule::{Rule, RuleSet, SuppressionStatus, Verdict},
};

fn rule(fields: &Value) -> Rule {
    let mut rule = json!({"name": "A rule", "severity": 1});
    rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let text = format!("{{{LISTS}, \"rules\": [{rule}]}}");
    RuleSet::parse(&text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}")).0.rules.remove(0)
}

#[test]
fn a_suppression_applies_up_to_its_end() {
    let rule = rule(&json!({
        "filter": "a = 1",
        "suppressions": ["b = 2", {"filter": "c = 3", "expires": "2026-03-01"}],
    }));
    let check = |record: Value, verdict, counts: [bool; 2], status: fn(SuppressionStatus) -> bool| {
        let explained = rule.explain(&Record::new(record.clone()).unwrap());
        assert_eq!(explained.verdict, verdict, "{record}");
        assert_eq!([0, 1].map(|at| explained.suppressions[at].holds), counts, "{record}");
        assert_eq!(explained.suppressions[0].status, SuppressionStatus::InForce);
        assert!(status(explained.suppressions[1].status), "{record}: {:?}", explained.suppressions[1].status);
    };
    let in_force = |status| status == SuppressionStatus::InForce;
    let expired = |status| matches!(status, SuppressionStatus::Expired { .. });
    let unknown = |status| status == SuppressionStatus::UnknownTime;
    let (before, after) = ("2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z");
    check(json!({"a": 1, "eventTime": before}), Verdict::Match, [false, false], in_force);
    check(json!({"a": 1, "b": 2, "eventTime": before}), Verdict::Suppressed, [true, false], in_force);
    check(json!({"a": 1, "c": 3, "eventTime": before}), Verdict::Suppressed, [false, true], in_force);
    check(json!({"a": 1, "c": 3, "eventTime": after}), Verdict::Match, [false, false], expired);
    check(json!({"a": 1, "b": 2, "c": 3, "eventTime": after}), Verdict::Suppressed, [true, false], expired);
    check(json!({"a": 1, "c": 3}), Verdict::Match, [false, false], unknown);
    check(json!({"a": 1, "c": 3, "eventTime": "yesterday"}), Verdict::Match, [false, false], unknown);
    check(json!({"a": 2, "b": 2, "c": 3, "eventTime": before}), Verdict::NoMatch, [true, true], in_force);
}

/// What `trailbell explain` prints.
fn explained(name: &str, fields: &str, record: &Value) -> String {
    let rules = format!("lists: {{admins: [ada, grace]}}\nrules:\n  - name: A rule\n    severity: 1\n{fields}");
    let record = record.to_string();
    let files = [("rules.yaml", rules.as_bytes()), ("record.json", record.as_bytes())];
    let folder = crate::command::folder(&format!("explain-{name}"), &files);
    let [rules, record] = ["rules.yaml", "record.json"].map(|file| folder.join(file).display().to_string());
    let ran = crate::command::trailbell(&["explain", "--rules", &rules, "a-rule", &record]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

/// A permission of a security group, as EC2 logs it.
fn port(port: u16, networks: &[&str]) -> Value {
    let networks: Vec<_> = networks.iter().map(|network| json!({"cidrIp": network})).collect();
    json!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": {"items": networks}})
}

#[test]
fn elements_values_and_gaps_are_shown() {
    let record = json!({
        "eventVersion": "1.08",
        "errorCode": null,
        "requestParameters": {
            "groupId": "sg-1",
            "ipPermissions": {"items": [port(22, &["10.0.0.0/8", "10.1.0.0/16"]), port(443, &["0.0.0.0/0"])]},
            "policyDocument": "%7B%22Statement%22%3A%5B%7B%22Principal%22%3A%22*%22%7D%2C%7B%22Principal%22%3A%22a%22%7D%5D%7D",
        },
    });
    let filter = "    filter: |
      any requestParameters.ipPermissions.items (
        fromPort <= 22 and toPort >= 22 and any ipRanges.items (cidrIp = \"0.0.0.0/0\")
      )
      or requestParameters.ipPermissions.items.toPort = 80
      or not requestParameters.ipPermissions.items.toPort != 443
      or requestParameters.policyDocument.Statement.Principal = \"*\"
      or requestParameters.groupID = \"sg-1\"
      or requestParameters.ipPermissions.items.iprange.items.cidrIp exists
      or responseElements.securityGroupRuleSet.items.isEgress = true
      or any requestParameters.tagSpecificationSet.items (resourceType = \"vpc\")
      or errorCode exists
      or requestParameters.groupId = field requestParameters.ipPermissions.items.ipProtocol
";
    insta::assert_snapshot!(explained("gaps", filter, &record), @r#"
    A rule: matches
    true   or
    false    any requestParameters.ipPermissions.items
    false      element 0
    false        and
    true           fromPort <= 22   saw 22
    true           toPort >= 22   saw 22
    false          any ipRanges.items
    false            element 0: cidrIp = "0.0.0.0/0"   saw "10.0.0.0/8"
    false            element 1: cidrIp = "0.0.0.0/0"   saw "10.1.0.0/16"
    false      element 1
    false        and
    false          fromPort <= 22   saw 443
    true           toPort >= 22   saw 443
    true           any ipRanges.items
    true             element 0: cidrIp = "0.0.0.0/0"   saw "0.0.0.0/0"
    false    requestParameters.ipPermissions.items.toPort = 80   saw 22, 443
    true     not
    false      requestParameters.ipPermissions.items.toPort != 443   saw 22, 443; decided by 443
    true     requestParameters.policyDocument.Statement.Principal = "*"   saw "*", "a"; decided by "*"
    false    requestParameters.groupID = "sg-1"   saw nothing: there is no requestParameters.groupID, but groupId
    false    requestParameters.ipPermissions.items.iprange.items.cidrIp exists   saw nothing: there is no requestParameters.ipPermissions.items.iprange, but ipRanges
    false    responseElements.securityGroupRuleSet.items.isEgress = true   saw nothing: there is no responseElements
    false    any requestParameters.tagSpecificationSet.items   found no element
    false    errorCode exists   saw null
    false    requestParameters.groupId = field requestParameters.ipPermissions.items.ipProtocol   saw "sg-1" against "tcp", "tcp"
    "#);
}

#[test]
fn the_elements_that_hold_are_shown_before_the_others() {
    let numbers: Vec<u32> = (0..300).collect();
    let record = json!({"eventVersion": "1.08", "a": numbers, "b": numbers, "c": ["x".repeat(300)]});
    let filter = "    filter: |
      any a (it = 57) or any a (it >= 0) or any a (it < 290) or any a (it > 300)
      or a = 57 or a = field b or c = \"x\"
";
    insta::assert_snapshot!(explained("many", filter, &record), @r#"
    A rule: matches
    true   or
    true     any a
    false      element 0: it = 57   saw 0
    false      element 1: it = 57   saw 1
    false      element 2: it = 57   saw 2
    false      element 3: it = 57   saw 3
    false      element 4: it = 57   saw 4
    false      element 5: it = 57   saw 5
    false      element 6: it = 57   saw 6
    false      element 7: it = 57   saw 7
    false      element 8: it = 57   saw 8
    true       element 57: it = 57   saw 57
               … and 290 more, all false
    true     any a
    true       element 0: it >= 0   saw 0
    true       element 1: it >= 0   saw 1
    true       element 2: it >= 0   saw 2
    true       element 3: it >= 0   saw 3
    true       element 4: it >= 0   saw 4
    true       element 5: it >= 0   saw 5
    true       element 6: it >= 0   saw 6
    true       element 7: it >= 0   saw 7
    true       element 8: it >= 0   saw 8
    true       element 9: it >= 0   saw 9
               … and 290 more, all true
    true     any a
    true       element 0: it < 290   saw 0
    true       element 1: it < 290   saw 1
    true       element 2: it < 290   saw 2
    true       element 3: it < 290   saw 3
    true       element 4: it < 290   saw 4
    true       element 5: it < 290   saw 5
    true       element 6: it < 290   saw 6
    true       element 7: it < 290   saw 7
    true       element 8: it < 290   saw 8
    true       element 9: it < 290   saw 9
               … and 290 more, 280 of them true
    false    any a
    false      element 0: it > 300   saw 0
    false      element 1: it > 300   saw 1
    false      element 2: it > 300   saw 2
    false      element 3: it > 300   saw 3
    false      element 4: it > 300   saw 4
    false      element 5: it > 300   saw 5
    false      element 6: it > 300   saw 6
    false      element 7: it > 300   saw 7
    false      element 8: it > 300   saw 8
    false      element 9: it > 300   saw 9
               … and 290 more, all false
    true     a = 57   saw 0, 1, 2, 3, 4, 5, … and 294 more; decided by 57
    true     a = field b   saw 0, 1, 2, 3, 4, 5, … and 294 more against 0, 1, 2, 3, 4, 5, … and 294 more; decided by 0
    false    c = "x"   saw "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    "#);
}

#[test]
fn suppressions_are_shown_with_their_trees() {
    let record = json!({
        "eventVersion": "1.08",
        "eventTime": "2026-03-02T09:00:00Z",
        "eventName": "PutImage",
        "userIdentity": {"type": "IAMUser", "userName": "ada", "accountId": "111122223333"},
    });
    let fields = "    filter: eventName = \"PutImage\"
    suppressions:
      - user in $admins
      - filter: accountId = \"111122223333\"
        reason: >-
          the build account pushes
          every night
        owner: platform team
        expires: 2026-02-28
      - userAgent like \"terraform\"
";
    insta::assert_snapshot!(explained("suppressed", fields, &record), @r#"
    A rule: matches, and is suppressed
    true   eventName = "PutImage"   saw "PutImage"

    suppression 1 of 3: holds
    true   user in $admins   saw "ada"

    suppression 2 of 3: expired, so it does not count: it ended at 2026-03-01T00:00:00Z, and the event is of 2026-03-02T09:00:00Z
    reason: the build account pushes every night
    owner: platform team
    true   accountId = "111122223333"   saw "111122223333"

    suppression 3 of 3: does not hold
    false  userAgent like "terraform"   saw nothing
    "#);
    let fields = fields.replace("user in $admins", "user = \"grace\"") + "    enabled: false\n";
    let fields = fields.replace("owner: platform team\n", "").replace("expires: 2026-02-28", "");
    insta::assert_snapshot!(explained("disabled", &fields, &record).lines().take(3).collect::<Vec<_>>().join("\n"), @r#"
    A rule: matches, and is suppressed
    The rule is disabled: no record raises its alert.
    true   eventName = "PutImage"   saw "PutImage"
    "#);
    let fields = "    filter: eventName = \"PutImage\"\n    suppressions: [{filter: a = null, expires: 2026-12-31}]\n";
    let record = json!({"eventVersion": "1.08", "eventName": "PutImage"});
    insta::assert_snapshot!(explained("no-time", fields, &record), @r#"
    A rule: matches
    true   eventName = "PutImage"   saw "PutImage"

    suppression 1 of 1: does not count: it has an end, and the record has no `eventTime` that can be read
    true   a = null   saw nothing
    "#);
    let record = json!({"eventVersion": "1.08", "eventTime": "2026-03-02T09:00:00Z", "eventName": "GetImage"});
    insta::assert_snapshot!(explained("no-match", fields, &record), @r#"
    A rule: does not match
    false  eventName = "PutImage"   saw "GetImage"

    suppression 1 of 1: holds
    true   a = null   saw nothing
    "#);
}

#[test]
fn lists_and_accounts_are_shown() {
    let record = json!({"eventVersion": "1.08", "a": ["*", "arn:aws:iam::999988887777:root"], "b": ["x", "444455556666"], "c": {}});
    let filter =
        "    filter: $admins = null or $admins != null and a foreign_to (\"111122223333\", field b) or c = {}\n";
    insta::assert_snapshot!(explained("accounts", filter, &record), @r#"
    A rule: matches
    true   or
    false    $admins = null   the list has 2 values
    true     and
    true       $admins != null   the list has 2 values
    true       a foreign_to ("111122223333", field b)   saw "*", "arn:aws:iam::999988887777:root" against "x", "444455556666"; decided by "arn:aws:iam::999988887777:root"
    true     c = {}   saw {}
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn explanations_agree_with_matching(
        filter in expr(),
        suppressions in vec((expr(), select(&[None, Some("2026-03-01"), Some("2026-03-02T12:00:00Z")][..])), 0..3),
        record in record(),
        time in select(&["", "no time", "2026-02-01T00:00:00Z", "2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z"][..]),
    ) {
        let suppressions: Vec<_> = suppressions
            .iter()
            .map(|(filter, expires)| match expires {
                None => json!(filter.to_string()),
                Some(expires) => json!({"filter": filter.to_string(), "expires": expires}),
            })
            .collect();
        let rule = rule(&json!({"filter": filter.to_string(), "suppressions": suppressions}));
        let mut record = record;
        record["eventTime"] = json!(time);
        let record = Record::new(record).unwrap();
        let explained = rule.explain(&record);
        prop_assert_eq!(explained.verdict, rule.verdict(&record));
        prop_assert_eq!(explained.filter.held, rule.filter.matches(record.root()));
        prop_assert!(agrees(&explained.filter), "{:#?}", explained.filter);
        let (mut changed, decisive) = (Vec::new(), Decisive::of(&explained.filter));
        fewest(&decisive, &mut changed);
        prop_assert_ne!(with_others(&explained.filter, &changed), explained.filter.held, "{:#?}", decisive);
        prop_assert!(has_hidden(&explained.filter) || changed.len() == decisive.changes, "{:#?}", decisive);
        prop_assert_eq!(explained.suppressions.len(), rule.suppressions.len());
        for (one, suppression) in explained.suppressions.iter().zip(&rule.suppressions) {
            prop_assert_eq!(one.holds, suppression.holds(&record));
            prop_assert_eq!(one.filter.held, suppression.filter.matches(record.root()));
            prop_assert!(agrees(&one.filter), "{:#?}", one.filter);
        }
    }
}

/// Whether every verdict follows from those below it, and a comparison that holds saw something.
fn agrees(explanation: &Explanation) -> bool {
    let parts = &explanation.parts;
    let here = match &explanation.condition {
        Condition::And => explanation.held == parts.iter().all(|part| part.held) && parts.len() > 1,
        Condition::Or => explanation.held == parts.iter().any(|part| part.held) && parts.len() > 1,
        Condition::Not => parts.len() == 1 && explanation.held != parts[0].held,
        Condition::Any(_) => explanation.held == parts.iter().any(|part| part.held),
        Condition::Element(_) => parts.len() == 1 && explanation.held == parts[0].held,
        Condition::Compare(compared) => parts.is_empty() && fits(compared, explanation.held),
        Condition::List { text, count } => explanation.held == (text.ends_with(" = null") == (*count == 0)),
    };
    here && parts.iter().all(agrees)
}

/// Comparisons that are enough, if they have another outcome, for the condition to have another: as few as there can be.
fn fewest<'e>(decisive: &Decisive<'e>, found: &mut Vec<&'e Explanation>) {
    if decisive.parts.is_empty() {
        found.push(decisive.of);
    }
    let takes_one = match decisive.of.condition {
        Condition::And => decisive.of.held,
        Condition::Or | Condition::Any(_) => !decisive.of.held,
        _ => false,
    };
    let first = if takes_one { decisive.parts.iter().min_by_key(|part| part.changes) } else { None };
    match first {
        Some(first) => fewest(first, found),
        None => decisive.parts.iter().for_each(|part| fewest(part, found)),
    }
}

/// The outcome of a condition whose comparisons have their outcomes, and these others the other one.
fn with_others(explanation: &Explanation, others: &[&Explanation]) -> bool {
    let mut parts = explanation.parts.iter().map(|part| with_others(part, others));
    match &explanation.condition {
        Condition::And | Condition::Element(_) => parts.all(|held| held),
        Condition::Or => parts.any(|held| held),
        Condition::Any(_) if !explanation.parts.is_empty() => parts.any(|held| held),
        Condition::Not => !parts.all(|held| held),
        _ => explanation.held != others.iter().any(|other| std::ptr::eq(*other, explanation)),
    }
}

fn has_hidden(explanation: &Explanation) -> bool {
    explanation.hidden.count > 0 || explanation.parts.iter().any(has_hidden)
}

/// Whether the values that a comparison saw explain its verdict: only a negated operator holds without a value that passes
/// its test, or fails with one.
fn fits(compared: &Compared, held: bool) -> bool {
    let complement = held != compared.decided_by.is_some();
    let names_one = [" != ", " = null"].iter().any(|operator| compared.text.contains(operator));
    (!complement || names_one)
        && compared
            .decided_by
            .as_ref()
            .is_none_or(|value| compared.saw.first.contains(value) || compared.saw.count > compared.saw.first.len())
        && (compared.gap.is_none() || compared.saw.is_empty())
}

#[test]
fn a_sequence_shows_its_steps_and_which_of_them_the_record_can_be() {
    let rules = "rules:
  - name: A rule
    severity: 1
    sequence:
      - {filter: eventName = \"CreateUser\", by: [requestParameters.userName]}
      - {filter: eventName starts_with \"Create\", by: [responseElements.accessKey.userName]}
      - {filter: eventName = \"AttachUserPolicy\", by: [requestParameters.userName]}\n";
    let explained = |name: &str, record: Value| {
        let record = record.to_string();
        let files = [("rules.yaml", rules.as_bytes()), ("record.json", record.as_bytes())];
        let folder = crate::command::folder(&format!("explain-sequence-{name}"), &files);
        let [rules, record] = ["rules.yaml", "record.json"].map(|file| folder.join(file).display().to_string());
        crate::command::trailbell(&["explain", "--rules", &rules, "a-rule", &record]).stdout
    };
    let user = json!({"eventVersion": "1.08", "eventName": "CreateUser", "requestParameters": {"userName": "eve"}});
    insta::assert_snapshot!(explained("first", user), @r#"
    A rule: matches
    It can be step 1 of the sequence.

    step 1 of 3: matches
    by requestParameters.userName: eve
    true   eventName = "CreateUser"   saw "CreateUser"

    step 2 of 3: matches
    by responseElements.accessKey.userName: no value, so the record is no event of this step
    true   eventName starts_with "Create"   saw "CreateUser"

    step 3 of 3: does not match
    false  eventName = "AttachUserPolicy"   saw "CreateUser"
    "#);
    let both = json!({"eventVersion": "1.08", "eventName": "CreateUser", "requestParameters": {"userName": "eve"},
        "responseElements": {"accessKey": {"userName": "ada"}}});
    insta::assert_snapshot!(explained("both", both).lines().nth(1).unwrap(), @"It can be step 1 or step 2 of the sequence.");
    let none = json!({"eventVersion": "1.08", "eventName": "CreateRole"});
    insta::assert_snapshot!(explained("none", none).lines().take(2).collect::<Vec<_>>().join("\n"), @"
    A rule: matches
    It can be no step of the sequence.
    ");
}

/// An event of S3 with an id and a name.
fn event(id: &str, name: &str) -> String {
    json!({"eventVersion": "1.08", "eventID": id, "eventTime": "2026-03-02T09:00:00Z", "eventName": name,
        "requestParameters": {"bucketName": "logs"}})
    .to_string()
}

/// What `explain` prints of the rules `Bucket Deleted`, `Bucket Policy Deleted` and `Object Written` on files, run in their folder.
fn run(name: &str, files: &[(&str, String)], arguments: &[&str]) -> (i32, String) {
    let rules = "rules:
  - {name: Bucket Deleted, severity: 1, filter: eventName = \"DeleteBucket\" and not requestParameters.force = \"it's\"}
  - {name: Bucket Policy Deleted, severity: 1, filter: eventName = \"DeleteBucketPolicy\"}
  - {name: Object Written, severity: 2, filter: eventName = \"PutObject\"}\n";
    let mut all = vec![("rules.yaml", rules.as_bytes())];
    all.extend(files.iter().map(|(name, text)| (*name, text.as_bytes())));
    let root = crate::command::folder(&format!("explain-{name}"), &all);
    let output = crate::command::command(&[&["explain"], arguments].concat()).current_dir(root).output().unwrap();
    let text = [output.stderr, output.stdout].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn an_event_is_found_in_folders() {
    let files = [
        ("a/b/1.json", [event("1", "GetObject"), event("2", "DeleteBucket")].join("\n")),
        ("a/2.json", [event("3", "DeleteBucket"), event("4", "PutObject"), event("2", "DeleteBucket")].join("\n")),
        ("c.json", event("5", "GetBucket")),
        ("d.json", format!("{}\n{{\"eventID\":", event("6", "PutObject"))),
    ];
    let run = |name: &str, arguments: &[&str]| run(&format!("folders-{name}"), &files, arguments);
    for (id, matches) in [("1", "does not match"), ("2", "matches"), ("3", "matches"), ("5", "does not match")] {
        let (status, text) = run("id", &["bucket-deleted", "a", "c.json", "--event-id", id]);
        assert!(status == 0 && text.starts_with(&format!("Bucket Deleted: {matches}\n")), "{id}: {text}");
    }
    // Of these, the rule matches one.
    let (status, text) = run("one", &["object-written", "a", "c.json"]);
    assert!(status == 0 && text.starts_with("Object Written: matches\n"), "{text}");
    insta::assert_snapshot!(run("several", &["bucket-deleted", "a", "c.json"]).1, @"
    error: a c.json: the rule matches 2 of 6 records; choose one: add --event-id ID
      3  2026-03-02T09:00:00Z  DeleteBucket
      2  2026-03-02T09:00:00Z  DeleteBucket
    ");
    insta::assert_snapshot!(run("none", &["bucket-policy-deleted", "a/2.json"]).1, @"
    error: a/2.json: the rule matches none of 3 records; choose one: add --event-id ID
      3  2026-03-02T09:00:00Z  DeleteBucket
      4  2026-03-02T09:00:00Z  PutObject
      2  2026-03-02T09:00:00Z  DeleteBucket
    ");
    insta::assert_snapshot!(run("gone", &["bucket-deleted", "a", "c.json", "--event-id", "9"]).1, @"error: a c.json: no record with the event id `9`");
    // A record that cannot be read may be another match; the one of an id is known.
    insta::assert_snapshot!(run("broken", &["object-written", "d.json"]).1, @"
    error: d.json: the JSON ends early at byte 150, inside record 1
    error: d.json: what cannot be read may match, too; choose one: add --event-id ID
    ");
    assert_eq!(run("broken-id", &["object-written", "d.json", "--event-id", "6"]).0, 0);
    assert_eq!(run("status", &["bucket-deleted", "a"]).0, 2);
}

#[test]
fn values_are_set_before_the_rule_sees_the_record() {
    let files = [
        ("a.json", event("1", "GetBucket")),
        ("two.json", [event("1", "GetBucket"), event("2", "PutObject")].join("\n")),
    ];
    let run = |name: &str, arguments: &[&str]| {
        run(&format!("set-{name}"), &files, &[&["bucket-deleted"], arguments].concat())
    };
    let first = |name: &str, arguments: &[&str]| run(name, arguments).1.lines().next().unwrap().to_owned();
    assert_eq!(first("none", &["a.json"]), "Bucket Deleted: does not match");
    assert_eq!(first("set", &["a.json", "--set", "eventName=DeleteBucket"]), "Bucket Deleted: matches");
    let forced = &["a.json", "--set", "eventName=DeleteBucket", "--set", "requestParameters.force=it's"];
    assert_eq!(first("text", forced), "Bucket Deleted: does not match");
    // Of the changed records, the rule matches both.
    let two = run("two", &["two.json", "--set", "eventName=DeleteBucket"]);
    assert!(two.0 == 2 && two.1.contains("the rule matches 2 of 2 records"), "{}", two.1);
    assert_eq!(
        first("id", &["two.json", "--event-id", "2", "--set", "eventName=DeleteBucket"]),
        "Bucket Deleted: matches"
    );
    let wrong = ["requestParameters..x=1", "requestParameters.x", "requestParameters={\"a\": 1"];
    let wrong: Vec<&str> = wrong.iter().flat_map(|wrong| ["--set", wrong]).collect();
    let (status, text) = run("wrong", &[&["a.json"], &wrong[..]].concat());
    assert_eq!(status, 2);
    insta::assert_snapshot!(text, @r#"
    error[expected-name]: `.x` follows a `.`
     --> --set:1:19
      |
    1 | requestParameters..x=1
      |                   ^^ expected a name
      |
      = help: write the name; put a name with special characters in back-quotes

    error[missing-value]: `requestParameters.x` has no value
     --> --set:1:20
      |
    1 | requestParameters.x
      |                    ^ expected `=` and a value
      |
      = help: write `--set PATH=VALUE`, such as `--set userAgent=curl`

    error[bad-value]: `{"a": 1` is not JSON
     --> --set:1:19
      |
    1 | requestParameters={"a": 1
      |                   ^^^^^^^ EOF while parsing an object at line 1 column 7
      |
      = help: complete the JSON, or write `"{\"a\": 1"` for this text

    3 errors, 0 warnings
    "#);
    insta::assert_snapshot!(run("computed", &["a.json", "--set", "role=admin"]).1, @"error: --set: `role` cannot be set: it is computed from `userIdentity`; set what it is computed from");
    insta::assert_snapshot!(run("text-field", &["a.json", "--set", "eventName.x=1"]).1, @"error: --set: `eventName.x` cannot be set: the value that should contain `x` is text: set the whole text, with the JSON in it");
    let misspelled = first("misspelled", &["a.json", "--set", "requestParameters.bucketname=x"]);
    insta::assert_snapshot!(misspelled, @"warning: --set: the record has no `bucketname`, so it is added; did you mean `bucketName`?");
}

#[test]
fn rules_that_may_be_meant_are_named() {
    let near = |name: &str| run("near", &[("a.json", event("1", "GetBucket"))], &[name, "a.json"]).1;
    assert_eq!(near("bucket-deletd"), "error: there is no rule `bucket-deletd`; did you mean `bucket-deleted`?\n");
    // By the words, in any order and case, and by the beginning of an id.
    let both = "did you mean one of these?\n  bucket-deleted\n  bucket-policy-deleted\n";
    assert_eq!(near("deleted bucket"), format!("error: there is no rule `deleted bucket`; {both}"));
    assert_eq!(near("BUCKET"), format!("error: there is no rule `BUCKET`; {both}"));
    assert_eq!(
        near("policy deleted"),
        "error: there is no rule `policy deleted`; did you mean `bucket-policy-deleted`?\n"
    );
    assert_eq!(near("object-w"), "error: there is no rule `object-w`; did you mean `object-written`?\n");
    assert_eq!(near("zzz"), "error: there is no rule `zzz`; give its name or its id\n");
    assert_eq!(near("::"), "error: there is no rule `::`; give its name or its id\n");
}

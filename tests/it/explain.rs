//! Explanations agree with matching, and a person can read them.

use crate::arbitrary::{LISTS, expr, record};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use trailbell::{
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

//! `trailbell import`: its whole output, what imported rules match, and what it refuses. Hostile files are errors only.
use crate::arbitrary::record_of;
use insta::assert_snapshot;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use trailbell::{
    import::{Imported, Loss, Problem, import},
    rule::{Rule, RuleSet},
};

fn imported(text: &str) -> Imported {
    let imported = match import(text) {
        Ok(imported) => imported,
        Err(errors) => panic!("{errors:?}\n{text}"),
    };
    // The output is a valid rules file with as many rules as the count.
    if imported.converted > 0 {
        match RuleSet::parse(&imported.rules) {
            Ok((set, _)) => assert_eq!(set.rules.len(), imported.converted),
            Err(errors) => panic!("{errors:?}\n{}", imported.rules),
        }
    }
    imported
}

fn only(text: &str) -> (Rule, Vec<Problem>) {
    let Imported { rules, problems, .. } = imported(text);
    let mut set = RuleSet::parse(&rules).unwrap_or_else(|errors| panic!("{problems:?}\n{errors:?}\n{rules}")).0;
    assert_eq!(set.rules.len(), 1, "{rules}");
    (set.rules.remove(0), problems)
}

fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| format!("{:?}: {}: {}\n", problem.loss, problem.rule, problem.reason);
    problems.iter().map(line).collect()
}

/// A Sigma rule with this detection, as YAML in the flow or the block style, indented by four.
fn sigma(detection: &str) -> String {
    format!(
        "title: A rule\nlogsource:\n    product: aws\n    service: cloudtrail\ndetection:\n{detection}\nlevel: high\n"
    )
}

#[test]
fn a_threat_stack_policy_of_version_1() {
    let export = json!({"policy": {
        "organization_id": "0a1b2c", "name": "CloudTrail", "file_integrity_rules": [{"name": "Secrets", "paths": ["/etc"]}],
        "alert_policy": [
            {
                "id": "7f7474ae", "type": "cloudtrail", "severity": 2, "enabled": true, "threshold": 1, "window_seconds": 86400,
                "title": "Bucket Contents: {{eventName}} by {{user}}", "description": "A user reads a \"bucket\".",
                "filter": "(eventName = \"GetObject\" OR eventName='PutObject') and bucketName = \"ledger\"",
                "exclusions": ["user = \"backup\"", "user == \"x\""], "aggregate_fields": ["eventName", "user"],
            },
            {"type": "host", "title": "Sudo", "severity": 1, "filter": "command = \"sudo\"", "exclusions": []},
        ],
    }});
    let imported = imported(&export.to_string());
    assert_snapshot!(imported.rules, @r#"
    # Converted from a Threat Stack export by `trailbell import`.
    rules:

      - name: "Bucket Contents"
        severity: 2
        filter: >-
          (eventName = "GetObject" or eventName = "PutObject") and bucketName = "ledger"
        suppressions:
          - >-
            user = "backup"
        aggregate_fields: [eventName, user]
        window: 24h
        title: "Bucket Contents: {{eventName}} by {{user}}"
        description: "A user reads a \"bucket\"."
        # not converted: a suppression with a mistake: `==` is not an operator
        #   error[unknown-operator]: `==` is not an operator
        #    --> suppression:1:6
        #     |
        #   1 | user == "x"
        #     |      ^^ expected `=`, `!=`, `in`, `like` or another operator
        #     |
        #     = help: write `=`
        # suppression: "user == \"x\""
        # id: "7f7474ae"

      # Not converted: Sudo
      # its type is `host`, not `CloudTrail`
      # filter: "command = \"sudo\""

      # Not converted: Secrets
      # it is about the files of a host, not about CloudTrail
    "#);
    assert_snapshot!(lines(&imported.problems), @"
    Part: Bucket Contents: not converted: a suppression with a mistake: `==` is not an operator
    Rule: Sudo: its type is `host`, not `CloudTrail`
    Rule: Secrets: it is about the files of a host, not about CloudTrail
    ");
}

#[test]
fn threat_stack_rules_of_version_2() {
    let rule = |name: &str, filter: &str| {
        json!({
            "id": "1111", "rulesetId": "aaaa", "name": name, "type": "CloudTrail", "title": "{{eventName}} in {{accountId}}",
            "severityOfAlerts": "3", "alertDescription": "", "aggregateFields": [], "filter": filter, "window": 3600,
            "threshold": 5, "suppressions": [], "enabled": false,
        })
    };
    let filter = "event_type = \"cloudtrail\" and eventSource = \"ssm.amazonaws.com\" and (eventName starts_with \"Describe\" \
                  or eventName starts_with \"List\") and user != \"a  long name with  blanks, to be kept\" and ip like \"10.\"";
    let export =
        json!({"rules": [rule("SSM: Discovery", filter), rule("SSM: Discovery", "a = 1"), rule("Bad", "a > \"b\"")]});
    let imported = imported(&export.to_string());
    assert_snapshot!(imported.rules, @r#"
    # Converted from a Threat Stack export by `trailbell import`.
    rules:

      - name: "SSM: Discovery"
        severity: 3
        filter: >-
          event_type = "cloudtrail" and eventSource = "ssm.amazonaws.com"
          and (eventName starts_with "Describe" or eventName starts_with "List")
          and user != "a  long name with  blanks, to be kept" and ip like "10."
        aggregate_fields: [user, eventName, eventSource, ip, accountId]
        window: 1h
        threshold: 5
        title: "{{eventName}} in {{accountId}}"
        enabled: false
        # id: "1111"
        # rulesetId: "aaaa"

      - name: "SSM: Discovery (2)"
        severity: 3
        filter: >-
          a = 1
        aggregate_fields: [user, eventName, eventSource, ip, accountId]
        window: 1h
        threshold: 5
        title: "{{eventName}} in {{accountId}}"
        enabled: false
        # it is named `SSM: Discovery (2)` here, since names must be unique and short
        # id: "1111"
        # rulesetId: "aaaa"

      # Not converted: Bad
      # its filter has a mistake: `>` does not take `"b"`
      #   error[wrong-operand]: `>` does not take `"b"`
      #    --> filter:1:5
      #     |
      #   1 | a > "b"
      #     |     ^^^ expected a number
      #     |
      #     = help: write a number such as `10`, or compare text with `=`, `starts_with` or `like`
      # filter: "a > \"b\""
      # id: "1111"
    "#);
    let set = RuleSet::parse(&imported.rules).unwrap().0;
    assert!(set.rules[0].filter.to_string().contains("a  long name with  blanks, to be kept"));
}

#[test]
fn sigma_rules() {
    let text = "\
title: 'Access Key: \"Made\" for Another'
id: 6f0bd4cb-3c57-4a31-9c6c-0d0c4b1d2a01
status: test
author: Ada, Grace
description: >
    A user creates a key
    for another user.
references: [https://example.com/one, https://example.com/two]
tags: [attack.persistence, attack.t1098.001, cve.2021-1]
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventSource: iam.amazonaws.com
        eventName: [CreateAccessKey, UpdateAccessKey]
    filter_tools:
        - userAgent|startswith: aws-cli/
        - sourceIPAddress|cidr: [10.0.0.0/8, 192.168.0.0/16]
    filter_denied:
        errorCode|contains: Denied
    unused:
        a: 1
    condition: selection and not 1 of filter_*
falsepositives: [Administrators., Automation]
level: medium
---
# nothing but a comment
---
title: Old
status: deprecated
logsource: {product: AWS, service: CloudTrail, definition: data events}
detection: {sel: {user: root}, condition: sel}
level: urgent
---
title: Windows
logsource: {product: windows, category: process_creation}
detection: {sel: {Image: cmd.exe}, condition: sel}
...
title: Broken
detection: {sel: [
---
just: something
";
    let imported = imported(text);
    assert_snapshot!(imported.rules, @r#"
    # Converted from Sigma rules by `trailbell import`.
    rules:

      - name: "Access Key: \"Made\" for Another"
        severity: 2
        filter: >-
          eventSource = "iam.amazonaws.com" and eventName in ("CreateAccessKey", "UpdateAccessKey")
          and not (userAgent istarts_with "aws-cli/"
          or sourceIPAddress cidr ("10.0.0.0/8", "192.168.0.0/16") or errorCode icontains "Denied")
        description: |-
          A user creates a key for another user.
          False positives: Administrators; Automation.
        tags: [attack.persistence, attack.T1098.001, cve.2021-1]
        # its condition does not use the selection `unused`, which is left out
        # id: 6f0bd4cb-3c57-4a31-9c6c-0d0c4b1d2a01
        # status: test
        # author: Ada, Grace
        # references: https://example.com/one, https://example.com/two

      - name: "Old"
        severity: 2
        filter: >-
          `user` iequals "root"
        enabled: false
        # `urgent` is not a level: its severity is 2 here
        # it is disabled, because its status is `deprecated`
        # status: deprecated
        # logsource definition: data events

      # Not converted: Windows
      # its log source is product `windows`, category `process_creation`, not product `aws`, service `cloudtrail`

      # Not converted: the document at line 38
      # it cannot be read: this `[` is not closed by `]`
      #   error[bad-yaml]: this `[` is not closed by `]`
      #    --> document:2:18
      #     |
      #   2 | detection: {sel: [
      #     |                  ^ opened here
      #     |
      #     = help: close it, or quote the value if it begins with `[`

      # Not converted: the document at line 40
      # it is not a Sigma rule: it has no `detection`
    "#);
}

/// A field of a Sigma rule, written as YAML, and the filter that it becomes.
#[test]
fn fields_become_conditions() {
    let check = |field: &str, expected: &str| {
        let (rule, problems) = only(&sigma(&format!("    sel:\n        {field}\n    condition: sel")));
        assert_eq!(rule.filter.to_string(), expected, "{field}");
        assert_eq!(problems, [], "{field}");
    };
    check("userName: Ada", r#"userName iequals "Ada""#);
    check("userName|cased: Ada", r#"userName = "Ada""#);
    check("userName: [Ada, Grace, Ada]", r#"userName iequals ("Ada", "Grace")"#);
    check("userName|contains: ad", r#"userName icontains "ad""#);
    check("userName|startswith|cased: Ad", r#"userName starts_with "Ad""#);
    check("userName|endswith: [a, '1']", r#"userName iends_with "a" or userName ends_with "1""#);
    check("userName|contains|all: [a, b]", r#"userName icontains "a" and userName icontains "b""#);
    check("userName|neq: Ada", r#"not userName iequals "Ada""#);
    check("userName: 'A*'", r#"userName istarts_with "A""#);
    check("userName: '*a'", r#"userName iends_with "a""#);
    check("userName|startswith: 'a*'", r#"userName istarts_with "a""#);
    check("userName: 'a*b?'", r#"userName matches "(?is)^a.*b.$""#);
    check("userName|cased: 'a*b'", r#"userName matches "(?s)^a.*b$""#);
    check(r"userName: 'a\*b\c'", r#"userName iequals "a*b\\c""#);
    check("userName: '*'", "userName exists");
    check("userName|contains: ''", "userName exists");
    check("userName: ''", r#"userName = """#);
    check("userName: null", "userName = null");
    check("userName: [null, '', Ada]", r#"userName = null or userName = "" or userName iequals "Ada""#);
    check("userName: Zoë", r#"userName matches "(?i)^Zoë$""#);
    check("accountId: '012345678901'", r#"`accountId` = "012345678901""#);
    check("port: [22, 3389]", "port in (22, 3389)");
    check("port|gte: 22", "port >= 22");
    check("port|lt: '1024'", "port < 1024");
    check("port|gt: 1.5", "port > 1.5");
    check("port|lte: [1, 2]", "port <= 1 or port <= 2");
    check("open: true", "open = true");
    check("open: 'true'", r#"open = true or open iequals "true""#);
    check("open|exists: true", "open exists");
    check("open|exists: false", "open = null");
    check("ip|cidr: 10.0.0.0/8", r#"`ip` cidr "10.0.0.0/8""#);
    check(r"id|re: '^i-\d+\.\w$'", r#"id matches "^i-\d+\.\w$""#);
    check("id|re|i|s: ['a', 'b']", r#"id matches ("(?is)a", "(?is)b")"#);
    check("id|re: 'say \"x\"'", r#"id matches "say \"x\"""#);
    check("a.b|fieldref: c.d", "a.b = field c.d");
    check("a|fieldref|endswith: b", "a iends_with field b");
    check("a|neq|fieldref: b", "not a = field b");
    check("requestParameters.cost center.x[0].é: 1", "requestParameters.`cost center`.x[0].`é` = 1");
    check("responseElements: null", "responseElements = null");
    // CloudTrail has one spelling of these.
    check("eventName: PutImage", r#"eventName = "PutImage""#);
    check("eventName: [PutImage, GetImage]", r#"eventName in ("PutImage", "GetImage")"#);
    check("eventName: Describe*", r#"eventName starts_with "Describe""#);
    check("eventName: putimage", r#"eventName iequals "putimage""#);
    check("eventName: PUTIMAGE", r#"eventName iequals "PUTIMAGE""#);
    check("eventName|contains: Image", r#"eventName icontains "Image""#);
    check("eventSource: ecr.amazonaws.com", r#"eventSource = "ecr.amazonaws.com""#);
    check("eventSource: ECR.amazonaws.com", r#"eventSource iequals "ECR.amazonaws.com""#);
    check("eventSource|endswith: .amazonaws.com", r#"eventSource iends_with ".amazonaws.com""#);
}

/// A condition over selections `a`, `b`, `c1`, `c2` and `_d`, each of which tests the field of the same name.
#[test]
fn conditions_join_selections() {
    let detection = |condition: &str| {
        let selections: String =
            ["a", "b", "c1", "c2", "_d"].map(|name| format!("    {name}: {{{name}: 1}}\n")).concat();
        sigma(&format!("{selections}    condition: {condition}"))
    };
    let check = |condition: &str, expected: &str| {
        assert_eq!(only(&detection(condition)).0.filter.to_string(), expected, "{condition}");
    };
    check("a", "a = 1");
    check("a or b and not c1", "a = 1 or (b = 1 and not c1 = 1)");
    check("(a or b) and c1", "(a = 1 or b = 1) and c1 = 1");
    check("not (a and not b)", "not (a = 1 and not b = 1)");
    check("a AND (b OR c1)", "a = 1 and (b = 1 or c1 = 1)");
    check("1 of c*", "c1 = 1 or c2 = 1");
    check("any of c*", "c1 = 1 or c2 = 1");
    check("all of c*", "c1 = 1 and c2 = 1");
    check("a and not 1 of c*", "a = 1 and not (c1 = 1 or c2 = 1)");
    check("all of them", "a = 1 and b = 1 and c1 = 1 and c2 = 1");
    check("1 of _*", "_d = 1");
    check("1 of *1", "c1 = 1");
    check("[a, b and c1]", "a = 1 or (b = 1 and c1 = 1)");
    check("((((a))))", "a = 1");

    let refused = |condition: &str, expected: &str| {
        let problems = imported(&detection(condition)).problems;
        assert_eq!(problems.iter().map(|problem| problem.loss).collect::<Vec<_>>(), [Loss::Rule], "{condition}");
        assert!(problems[0].reason.contains(expected), "{condition}: {}", problems[0].reason);
    };
    refused("a and", "ends where a selection is expected");
    refused("(a", "not closed");
    refused("a)", "cannot continue with `)`");
    refused("a b", "cannot continue with `b`");
    refused("aa", "`aa`");
    refused(&"a".repeat(100_000), "does not exist");
    refused("[a, {b: c}]", "`{b:`");
    refused("c", "`c`, which does not exist");
    refused("1 of x*", "`x*`");
    refused("2 of c*", "`2 of`");
    refused("1 of", "ends after `1 of`");
    refused("a | count() > 3", "counts events");
    refused("a near b", "cannot continue with `near`");
    refused(&format!("{}a{}", "(".repeat(100), ")".repeat(100)), "nested");
    refused(&"not ".repeat(100_000), "nested");
    refused(&format!("a{}", " or a".repeat(10_000)), "longer than 16 KiB");
}

/// A rule that a filter cannot express is not converted, and the reason is reported.
#[test]
fn nothing_unsupported_is_dropped() {
    let check = |selection: &str, expected: &str| {
        let imported = imported(&sigma(&format!("    sel: {selection}\n    condition: sel")));
        assert_eq!((imported.converted, imported.problems.len()), (0, 1), "{selection}");
        let problem = &imported.problems[0];
        assert_eq!((problem.loss, problem.rule.as_str()), (Loss::Rule, "A rule"), "{selection}");
        assert!(problem.reason.contains(expected), "{selection}: {}", problem.reason);
        assert!(imported.rules.contains("# Not converted: A rule\n"), "{}", imported.rules);
        assert!(imported.rules.contains(&problem.reason), "{}", imported.rules);
    };
    check("[kali, parrot]", "searches the whole record for words");
    check("kali", "searches the whole record for words");
    check("{'|all': [kali, parrot]}", "searches the whole record for words");
    check("[{a: 1}, kali]", "searches the whole record for words");
    check("{}", "empty");
    check("[]", "empty");
    check("null", "empty");
    check("{a: []}", "empty");
    check("{a: {b: 1}}", "neither a single value nor a list");
    check("{a: [[1]]}", "neither a single value nor a list");
    check("{a|windash: -x}", "`windash`");
    check("{a|base64: x}", "`base64`");
    check("{a|base64offset|contains: x}", "`base64offset`");
    check("{a|wide: x}", "`wide`");
    check("{a|expand: '%x%'}", "`expand`");
    check("{a|hour: 3}", "`hour`");
    check("{a|contain: x}", "did you mean `contains`");
    check("{a|xyzzy: x}", "no modifier `xyzzy`");
    check("{a|contains|startswith: x}", "cannot be combined");
    check("{a|re|contains: x}", "cannot be combined");
    check("{a|i: x}", "only valid after `re`");
    check("{a|neq|all: [x, y]}", "`neq` and `all`");
    check("{a|gt: x}", "not a number");
    check("{a|exists: maybe}", "true or false");
    check("{a|contains: null}", "null is not text");
    check("{a|re: '(?=x)'}", "expected a regular expression");
    check("{a|re: \"x\\ny\"}", "line break");
    check("{a|cidr: 10.1.2.3/8}", "host bits");
    check("{a|cidr: nowhere}", "expected a network");
    check("{a: 0123}", "quote it");
    check("{a..b: 1}", "no field can have this name");
    check("{'a`b': 1}", "no field can have this name");
    check("{'': 1}", "no field can have this name");
    check("{responseElements|contains: Failure}", "block of fields");
    check("{requestParameters: x}", "block of fields");
    check(&format!("{{a: {}}}", "x".repeat(20_000)), "longer than 16 KiB");
    check(&format!("{{a: [{}]}}", "x, ".repeat(1_000_000)), "values");
    check(&format!("{{a|{}: x}}", "x".repeat(900)), "no modifier");

    let document = |text: &str, expected: &str| {
        let imported = imported(text);
        assert_eq!((imported.converted, imported.problems.len()), (0, 1), "{text}");
        assert!(imported.problems[0].reason.contains(expected), "{text}: {}", imported.problems[0].reason);
    };
    let source = "logsource: {product: aws, service: cloudtrail}\n";
    document("title: A\ndetection: {s: {a: 1}, condition: s}\n", "no log source");
    document("title: A\nlogsource: {product: aws}\ndetection: {s: {a: 1}, condition: s}\n", "product `aws`, not");
    document(&format!("{source}detection: {{s: {{a: 1}}, condition: s, timeframe: 5m}}\n"), "`timeframe`");
    document(&format!("{source}detection: {{s: {{a: 1}}}}\n"), "no condition");
    document(&format!("{source}detection: x\n"), "not a map");
    document("title: A\ncorrelation: {type: event_count}\n", "correlation");
    document("title: A\nlogsource: {product: aws, service: cloudtrail}\nfilter: {rules: [x]}\n", "`suppressions`");
}

/// A Threat Stack rule with one changed field, and the problem that it causes.
#[test]
fn nothing_of_threat_stack_is_dropped() {
    let check = |key: &str, value: Value, loss: Loss, expected: &str| {
        let mut rule = json!({"name": "A", "type": "CloudTrail", "severityOfAlerts": 1, "filter": "a = 1"});
        rule[key] = value;
        let imported = imported(&json!({"rules": [rule]}).to_string());
        let [problem] = &imported.problems[..] else { panic!("{:?}", imported.problems) };
        assert_eq!((problem.loss, imported.converted), (loss, usize::from(loss != Loss::Rule)), "{problem:?}");
        assert!(problem.reason.contains(expected), "{}", problem.reason);
        assert!(imported.rules.contains(&problem.reason), "{}", imported.rules);
    };
    check("type", json!("Host"), Loss::Rule, "`Host`");
    check("type", Value::Null, Loss::Rule, "no `type`");
    check("severityOfAlerts", json!(4), Loss::Rule, "`4`");
    check("severityOfAlerts", Value::Null, Loss::Rule, "severity");
    check("filter", json!(""), Loss::Rule, "empty");
    check("filter", json!(7), Loss::Rule, "no `filter`");
    check("filter", json!("a in $list"), Loss::Rule, "list");
    check("title", json!("{{eventName"), Loss::Part, "no closing");
    check("suppressions", json!([7]), Loss::Part, "not text");
    check("suppressions", json!("a =="), Loss::Part, "`==`");
    check("threshold", json!(501), Loss::Part, "the maximum is 500");
    check("threshold", json!("some"), Loss::Part, "not a number");
    check("severity", json!(2), Loss::Note, "`severityOfAlerts` is 1");
    check("window", json!(59), Loss::Note, "`window`");
    check("window", json!("a day"), Loss::Note, "`window`");
    check("window_seconds", json!(2_592_001), Loss::Note, "`window_seconds`");
    check("aggregateFields", json!(["user", "a b"]), Loss::Note, "`aggregateFields`");
    check("aggregate_fields", json!([7]), Loss::Note, "`aggregate_fields`");
    check("enabled", json!(7), Loss::Note, "enabled");
    let alerting = |fields: Value| {
        let mut rule = json!({"name": "A", "type": "CloudTrail", "severity": 1, "filter": "a = 1"});
        rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let rule = only(&json!({"rules": rule}).to_string()).0;
        let fields = rule.aggregate_fields.map(|fields| fields.iter().map(|field| field.path.to_string()).collect());
        (fields.unwrap_or_default(), rule.window.as_secs(), rule.threshold)
    };
    // Without the field, Threat Stack distinguishes alerts by these.
    let default = ["user", "eventName", "eventSource", "ip", "accountId"].map(str::to_owned).to_vec();
    assert_eq!(alerting(json!({})), (default, 86_400, 1));
    assert_eq!(
        alerting(json!({"window": "90", "threshold": "5", "aggregateFields": ["user", "a.`b c`[0]", "user"]})),
        (vec!["user".to_owned(), "a.`b c`[0]".to_owned()], 90, 5)
    );
    assert_eq!(alerting(json!({"threshold": 9999, "aggregateFields": []})).2, 500);
    // The first text that is not empty becomes the description; any other becomes a comment.
    let described = |texts: Value| {
        let mut rule =
            json!({"name": "A", "type": "CloudTrail", "severity": null, "severityOfAlerts": 1, "filter": "a = 1"});
        rule.as_object_mut().unwrap().extend(texts.as_object().unwrap().clone());
        only(&json!({"rules": rule}).to_string()).0.description
    };
    assert_eq!(described(json!({"description": "", "alertDescription": "X"})).as_deref(), Some("X"));
    assert_eq!(described(json!({"description": "Y", "alertDescription": "X"})).as_deref(), Some("Y"));
    let both = imported(
        r#"{"rules": {"name": "A", "type": "CloudTrail", "severity": 1, "filter": "a = 1", "description": "Y", "alertDescription": "X", "title": 42}}"#,
    );
    assert!(both.rules.contains("# description: \"X\"") && both.rules.contains("# title: 42"), "{}", both.rules);
    let odd = imported(r#"[{"name": "A", "type": "CloudTrail", "severity": 1, "filter": "a = 1"}, 7]"#);
    assert_eq!((odd.converted, odd.problems.len()), (1, 1), "{:?}", odd.problems);
    let ids = imported(r#"{"rulesets": [{"rules": ["7f74"]}]}"#);
    assert!(ids.problems[0].reason.contains("only the id"), "{:?}", ids.problems);
}

#[test]
fn names_and_ids_are_made_unique() {
    let rule = |name: &str| json!({"name": name, "type": "CloudTrail", "severityOfAlerts": 1, "filter": "a = 1"});
    let long = "x".repeat(300);
    let names = ["A", "A", "a!", "A (2)", "日本", "語", &long, &long, " A\n\tb\u{7f}"];
    let imported = imported(&json!({"rules": names.map(rule)}).to_string());
    let set = RuleSet::parse(&imported.rules).unwrap().0;
    let found: Vec<(&str, &str)> = set.rules.iter().map(|rule| (rule.name.as_str(), rule.id.as_str())).collect();
    assert_eq!(found[0], ("A", "a"));
    assert_eq!(found[1], ("A (2)", "a-2"));
    assert_eq!(found[2].0, "a!");
    assert_eq!((found[4], found[5]), (("日本", "rule"), ("語", "rule-2")));
    assert_eq!(found[8].0, "A b");
}

/// The detection of a Sigma rule, a record, and whether it matches.
#[test]
fn imported_rules_match_what_the_originals_match() {
    let check = |detection: &str, cases: &[(Value, bool)]| {
        let (rule, _) = only(&sigma(detection));
        for (record, expected) in cases {
            assert_eq!(
                rule.filter.matches(record_of(record).root()),
                *expected,
                "{record}\n{detection}\n{}",
                rule.filter
            );
        }
    };
    check(
        "    sel: {eventName: ConsoleLogin, userIdentity.type: root}\n    condition: sel",
        &[
            (json!({"eventName": "ConsoleLogin", "userIdentity": {"type": "Root"}}), true),
            (json!({"eventName": "ConsoleLogin", "userIdentity": {"type": "RootUser"}}), false),
            (json!({"eventName": "ConsoleLogin"}), false),
        ],
    );
    check(
        "    sel:\n        userAgent|contains: [KALI, 'par?ot']\n    condition: sel",
        &[
            (json!({"userAgent": "aws-cli Kali"}), true),
            (json!({"userAgent": "x PARROT x"}), true),
            (json!({"userAgent": "line\nPARROT"}), true),
            (json!({"userAgent": "parot"}), false),
            (json!({"userAgent": "boto"}), false),
            (json!({"userAgent": null}), false),
        ],
    );
    check(
        "    sel:\n        cidr:\n            - 0.0.0.0/0\n            - ::/0\n    condition: sel",
        &[
            (json!({"cidr": ["10.0.0.0/8", "::/0"]}), true),
            (json!({"cidr": ["10.0.0.0/8"]}), false),
            (json!({"cidr": []}), false),
        ],
    );
    check(
        "    sel: {a: 1}\n    filter_null: {errorCode: null}\n    filter_empty: {errorCode: ''}\n    condition: sel and not 1 of filter_*",
        &[
            (json!({"a": 1, "errorCode": "AccessDenied"}), true),
            (json!({"a": "1", "errorCode": "AccessDenied"}), true),
            (json!({"a": 1}), false),
            (json!({"a": 1, "errorCode": ""}), false),
            (json!({"a": 2, "errorCode": "AccessDenied"}), false),
        ],
    );
    check(
        "    sel_a: {a: x}\n    sel_b:\n        - {b: y}\n        - {c: z, d: w}\n    condition: all of sel_*",
        &[
            (json!({"a": "X", "b": "Y"}), true),
            (json!({"a": "x", "c": "z", "d": "w"}), true),
            (json!({"a": "x", "c": "z"}), false),
            (json!({"b": "y"}), false),
        ],
    );
    check(
        "    sel:\n        open: 'TRUE'\n    condition: sel",
        &[
            (json!({"open": true}), true),
            (json!({"open": "true"}), true),
            (json!({"open": "True"}), true),
            (json!({"open": false}), false),
        ],
    );
    check(
        "    sel:\n        x|contains|all: [a, B]\n    condition: sel",
        &[(json!({"x": "bA"}), true), (json!({"x": ["a", "b"]}), true), (json!({"x": "a"}), false)],
    );
    check(
        "    sel: {user: ada}\n    condition: sel",
        &[(json!({"user": "Ada"}), true), (json!({"userIdentity": {"userName": "ada"}}), false)],
    );
}

#[test]
fn hostile_files_are_errors() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for (text, code) in [
        (String::new(), "no-rules"),
        (" \n\t\n".to_owned(), "no-rules"),
        ("\u{feff}".to_owned(), "no-rules"),
        ("{".to_owned(), "bad-json"),
        ("{\"rules\": [}".to_owned(), "bad-json"),
        ("\u{feff}{\"é\": é}".to_owned(), "bad-json"),
        ("{\"rules\": []}".to_owned(), "no-rules"),
        ("{}".to_owned(), "no-rules"),
        ("[]".to_owned(), "no-rules"),
        (deep("[", "]"), "bad-json"),
        (deep("{\"policy\":", "}"), "bad-json"),
        ("title: [".to_owned(), "bad-yaml"),
        ("title: a\n\tb: c\n".to_owned(), "bad-yaml"),
        ("just words".to_owned(), "no-rules"),
        ("---\n---\n...\n%YAML 1.2\n".to_owned(), "no-rules"),
        ("rules:\n  - name: x\n".to_owned(), "no-rules"),
        (format!("a: {}", deep("[", "]")), "bad-yaml"),
        (format!("a: {}", "x".repeat(5 << 20)), "too-large"),
        (format!("[\"{}\"]", "x".repeat(5 << 20)), "too-large"),
    ] {
        let shown: String = text.chars().take(60).collect();
        let Err(errors) = import(&text) else { panic!("{shown}") };
        assert_eq!(errors.first().map(|error| error.code), Some(code), "{shown}");
        for error in &errors {
            assert!(error.span.end <= text.len() + 3 && error.span.start <= error.span.end, "{shown}: {error:?}");
        }
    }
}

/// Texts with which a file could end a comment or a text, or inject a rule.
const TEXTS: &[&str] = &[
    "",
    "Ada",
    "ada",
    "A*",
    "*a",
    "*a*",
    "a?a",
    "a*a",
    "\\*",
    "\\\\",
    "\\",
    "\"",
    "'",
    "a\nrules: []",
    "\r",
    "\t",
    "# x",
    "---",
    "- a",
    ": ",
    "{{a}}",
    "%x%",
    "é",
    "É",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "\u{1}",
    "true",
    "FALSE",
    "null",
    "0",
    "22",
    "007",
    "1e3",
    "(?i)",
    "a  a",
    " a ",
    "`",
    "PutImage",
    "Put*",
    "ecr.amazonaws.com",
];
const NAMES: &[&str] = &[
    "eventName",
    "eventSource",
    "userIdentity.type",
    "user",
    "not",
    "a b",
    "x[0]",
    "é",
    "a\tb",
    "a'b",
    "requestParameters.x",
];
const MODIFIERS: &[&str] = &[
    "",
    "|contains",
    "|startswith",
    "|endswith",
    "|cased",
    "|contains|cased",
    "|all",
    "|contains|all",
    "|neq",
    "|re",
    "|re|i",
    "|fieldref",
    "|exists",
    "|gt",
    "|cidr",
    "|windash",
];

/// Whether a text matches a Sigma pattern, found by trying every way.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', rest @ ..], text) => (0..=text.len()).any(|at| fits(rest, &text[at..])),
        (['?', rest @ ..], [_, text @ ..]) => fits(rest, text),
        (['\\', c @ ('*' | '?' | '\\'), rest @ ..], [first, text @ ..]) => c == first && fits(rest, text),
        ([c, rest @ ..], [first, text @ ..])
            if !matches!(c, '?') && !matches!((c, rest), ('\\', ['*' | '?' | '\\', ..])) =>
        {
            c == first && fits(rest, text)
        }
        _ => false,
    }
}

fn folded(text: &str, cased: bool) -> Vec<char> {
    if cased { text.chars().collect() } else { text.to_lowercase().chars().collect() }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Every selection becomes a rule that reads back as the same, or a problem with the reason.
    #[test]
    fn every_selection_is_a_rule_or_a_reason(
        fields in vec((select(NAMES), select(MODIFIERS), vec(select(TEXTS), 0..4)), 1..4),
        title in select(TEXTS), description in select(TEXTS), tag in select(TEXTS), author in select(TEXTS),
        condition in select(&["s", "not s", "1 of s*", "all of them", "s or", "t"][..]),
    ) {
        let fields: serde_json::Map<String, Value> =
            fields.into_iter().map(|(name, modifier, values)| (format!("{name}{modifier}"), json!(values))).collect();
        let rule = json!({
            "title": title, "description": description, "tags": [tag, "attack.t1"], "author": author, "falsepositives": [author],
            "logsource": {"product": "aws", "service": "cloudtrail"}, "detection": {"s": fields, "condition": condition}, "level": title,
        });
        let imported = imported(&rule.to_string());
        let lost = imported.problems.iter().filter(|problem| problem.loss == Loss::Rule).count();
        prop_assert_eq!(imported.converted + lost, 1);
        for line in imported.rules.lines() {
            prop_assert!(!line.ends_with(' ') && !line.contains('\t'), "{:?}", line);
        }
    }

    /// Every Threat Stack rule becomes a rule, or a problem with the reason.
    #[test]
    fn every_threat_stack_rule_is_a_rule_or_a_reason(
        text in select(TEXTS), name in select(TEXTS), title in select(TEXTS), value in select(TEXTS),
        filter in select(&["a = 1", "a = $", "`a b` like 'x' and (b > 1 or c in (1, \"  \"))", "user = \"x\" or", "not x exists"][..]),
    ) {
        let rule = json!({
            "name": name, "title": title, "alertDescription": text, "filter": filter, "type": "CloudTrail", "severityOfAlerts": 2,
            "suppressions": [format!("a = {}", json!(value))], "other": text,
        });
        let imported = imported(&json!([rule]).to_string());
        let lost = imported.problems.iter().filter(|problem| problem.loss == Loss::Rule).count();
        prop_assert_eq!(imported.converted + lost, 1);
    }

    /// Wildcards, positions and case agree with a matcher that tries every way.
    #[test]
    fn patterns_mean_what_sigma_says(
        pattern in r"[aAbé*?\\.]{0,6}", text in r"[aAbéÉ*?\\.\n]{0,6}", cased: bool, place in select(&["", "|contains", "|startswith", "|endswith"][..]),
    ) {
        let key = format!("f{place}{}", if cased { "|cased" } else { "" });
        let rule = json!({
            "title": "A rule", "logsource": {"product": "aws", "service": "cloudtrail"}, "level": "low",
            "detection": {"s": {key: pattern}, "condition": "s"},
        });
        let (rule, _) = only(&rule.to_string());
        // Otherwise a backslash at the end would escape the star after it.
        let odd = pattern.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
        let end = if odd { format!("{pattern}\\*") } else { format!("{pattern}*") };
        let whole = match place {
            "|contains" => format!("*{end}"),
            "|startswith" => end,
            "|endswith" => format!("*{pattern}"),
            _ => pattern.clone(),
        };
        let expected = fits(&folded(&whole, cased), &folded(&text, cased));
        prop_assert_eq!(rule.filter.matches(record_of(&json!({"f": text})).root()), expected, "{:?}", rule.filter);
    }

    /// No file causes a panic.
    #[test]
    fn no_text_panics(text in any::<String>(), yaml in r#"[a-c:|*?\-\[\]{}\n "'%.,#&]{0,80}"#) {
        let _ = import(&text);
        let _ = import(&yaml);
        let _ = import(&sigma(&yaml));
        let _ = import(&format!("logsource: {{product: aws, service: cloudtrail}}\ndetection:\n    condition: {yaml}"));
    }
}

//! The account of a value, and lists that may be empty, case by case.

use std::collections::BTreeSet;

use crate::arbitrary::record_of;
use serde_json::{Value, json};
use trailbell::{
    diagnostic::Diagnostic,
    engine::{Engine, Evaluated, Scratch},
    filter::{Condition, Filter, Lists, operand},
    log_file::RawRecord,
    rule::RuleSet,
};

const LISTS: &str = "lists: {none: [], trusted: ['111122223333', 444455556666], roles: [ci], ports: [22]}";

fn rules(filters: &[&str]) -> String {
    let rule = |(at, filter): (usize, &&str)| {
        format!("- {{name: rule {at}, severity: 3, filter: {}}}\n", Value::from(*filter))
    };
    format!("{LISTS}\nrules:\n{}", filters.iter().enumerate().map(rule).collect::<String>())
}

/// The filter's verdict on each record, that of its negation, and that of the engine on the record's text.
fn check(filter: &str, cases: &[(Value, bool)]) {
    let negated = format!("not ({filter})");
    let text = rules(&[filter, &negated]);
    let set = RuleSet::parse(&text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}")).0;
    let filters: Vec<Filter> = set.rules.iter().map(|rule| rule.filter.clone()).collect();
    assert_eq!(Filter::parse_with(&filters[0].to_string(), &set.lists).unwrap().expr(), filters[0].expr());
    let engine = Engine::new(set);
    for (record, expected) in cases {
        assert_eq!(filters[0].matches(record_of(record).root()), *expected, "{filter}\non {record}");
        assert_eq!(filters[1].matches(record_of(record).root()), !expected, "{negated}\non {record}");
        let text = record.to_string();
        for evaluated in [
            engine.evaluate(RawRecord::of(text.as_bytes()), &mut Scratch::default()),
            engine.evaluate_plainly(text.as_bytes()),
        ] {
            let Evaluated::Record { findings, .. } = evaluated else { panic!("{record}") };
            let found: Vec<usize> = findings.iter().map(|finding| finding.position).collect();
            assert_eq!(found, [usize::from(!expected)], "{filter}\non {record}");
        }
        let explained = filters[0].explain(record_of(record).root());
        assert_eq!(explained.held, *expected, "{filter}\non {record}");
    }
}

/// The errors of a filter.
fn refused(filter: &str) -> Vec<Diagnostic> {
    let lists = RuleSet::parse(&rules(&["a = 1"])).unwrap().0.lists;
    Filter::parse_with(filter, &lists).expect_err(filter)
}

fn arn(arn: impl Into<Value>) -> Value {
    json!({"arn": arn.into()})
}

/// The account of a text; `None` where it has none.
fn account(text: impl Into<Value>) -> Option<&'static str> {
    let (record, ids) = (arn(text), ["111122223333", "999988887777", "012345678901"]);
    let matches = |filter: &str| {
        let lists = Lists([("none".to_owned(), Vec::new())].into());
        Filter::parse_with(filter, &lists).unwrap().matches(record_of(&record).root())
    };
    let found: BTreeSet<&str> = ids.into_iter().filter(|id| matches(&format!("arn in_account \"{id}\""))).collect();
    let foreign: BTreeSet<&str> = ids.into_iter().filter(|id| matches(&format!("arn foreign_to \"{id}\""))).collect();
    let mut found = found.into_iter();
    let account = found.next();
    assert_eq!(found.next(), None, "{record}");
    // What is in one of the accounts is foreign to the others; what has no account is foreign to none.
    let others: BTreeSet<&str> = ids.into_iter().filter(|id| account.is_some_and(|account| account != *id)).collect();
    assert_eq!(foreign, others, "{record}");
    assert_eq!(matches("arn foreign_to $none"), account.is_some(), "{record}");
    account
}

/// Vector 13 of the language, and what else a policy may name.
#[test]
fn the_account_is_that_of_an_arn_or_an_id() {
    for (text, expected) in [
        ("111122223333", "111122223333"),
        ("012345678901", "012345678901"),
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws:iam::999988887777:role/x-111122223333", "999988887777"),
        ("arn:aws:iam::999988887777:role/111122223333/111122223333", "999988887777"),
        ("arn:aws:sts::999988887777:assumed-role/111122223333/012345678901", "999988887777"),
        ("arn:aws:sts::111122223333:federated-user/arn:aws:iam::999988887777:root", "111122223333"),
        ("arn:aws-cn:iam::111122223333:user/ada", "111122223333"),
        ("arn:aws-us-gov:kms:us-gov-west-1:012345678901:key/1234abcd", "012345678901"),
        ("arn:aws-iso-b:iam::111122223333:root", "111122223333"),
        ("arn:aws:iam::111122223333:ROLE/ADMIN:x:y:999988887777", "111122223333"),
        ("arn:aws:logs:us-east-1:111122223333:log-group:/a/999988887777:*", "111122223333"),
        ("arn:aws:lambda:us-east-1:999988887777:layer:x:111122223333", "999988887777"),
        ("arn:aws:s3::111122223333:accesspoint/x", "111122223333"),
    ] {
        assert_eq!(account(text), Some(expected), "{text}");
    }
    for text in [
        "",
        "*",
        "ssm.amazonaws.com",
        // A canonical user id, which is 64 hexadecimal digits.
        "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
        "arn:aws:s3:::111122223333",
        "arn:aws:s3:::bucket/111122223333",
        "arn:aws:s3:::a:111122223333",
        "arn:aws:iam::*:root",
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::11112222333:root",
        "arn:aws:iam::1111222233334:root",
        "arn:aws:iam:111122223333:root",
        "arn:aws:iam:::111122223333:root",
        "arn:111122223333",
        "arn",
        "arn:",
        "ARN:AWS:IAM::111122223333:ROOT",
        " arn:aws:iam::111122223333:root",
        "xarn:aws:iam::111122223333:root",
        "arn:aws:iam:: 111122223333:root",
        "11112222333",
        "1111222233334",
        " 111122223333",
        "111122223333 ",
        "111122223333\n",
        "1111-2222-3333",
        "+11112222333",
        "１１１１２２２２３３３３",
        "1111２2223333",
        "AROAEXAMPLE:111122223333",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    ] {
        assert_eq!(account(text), None, "{text:?}");
    }
    for value in
        [json!(null), json!(111_122_223_333_u64), json!(true), json!({}), json!({"arn": "111122223333"}), json!([])]
    {
        assert_eq!(account(value.clone()), None, "{value}");
    }
    assert_eq!(account(json!(["*", ["arn:aws:iam::111122223333:root", 5]])), Some("111122223333"));
}

#[test]
fn any_value_of_a_list_is_enough() {
    let both = arn(json!(["arn:aws:iam::111122223333:root", "arn:aws:iam::999988887777:root", "*"]));
    for filter in [
        r#"arn in_account "111122223333""#,
        r#"arn in_account ("000000000000", "999988887777")"#,
        r#"arn foreign_to "111122223333""#,
        r#"arn foreign_to ("000000000000", "999988887777")"#,
    ] {
        check(filter, &[(both.clone(), true), (arn("*"), false), (json!({}), false)]);
    }
    check(r#"arn foreign_to ("999988887777", "111122223333")"#, &[(both, false)]);
}

#[test]
fn the_right_side_mixes_ids_lists_and_fields() {
    let record = |principal: Value, own: Value| json!({"p": principal, "recipientAccountId": own});
    let cases = |principal: &str, own: Value, among: bool| {
        let has_account = principal != "*";
        (record(json!(principal), own), among, has_account && !among)
    };
    let (own, other) = (json!("012345678901"), json!(["999988887777", "arn:aws:iam::777766665555:root"]));
    let cases = [
        cases("111122223333", own.clone(), true),
        cases("arn:aws:iam::444455556666:root", own.clone(), true),
        cases("arn:aws:iam::012345678901:root", own.clone(), true),
        cases("999988887777", own.clone(), false),
        cases("999988887777", other.clone(), true),
        cases("777766665555", other, true),
        cases("*", own, false),
        // A field without an account adds none.
        cases("999988887777", json!(null), false),
        cases("999988887777", json!("anonymous"), false),
        cases("111122223333", json!(null), true),
    ];
    let among: Vec<_> = cases.iter().map(|(record, among, _)| (record.clone(), *among)).collect();
    let foreign: Vec<_> = cases.iter().map(|(record, _, foreign)| (record.clone(), *foreign)).collect();
    for list in [
        "($trusted, field recipientAccountId)",
        "(field recipientAccountId, $none, \"111122223333\", $trusted, $trusted)",
    ] {
        check(&format!("p in_account {list}"), &among);
        check(&format!("p foreign_to {list}"), &foreign);
    }
    let alone = |value: Value| json!({"p": "999988887777", "recipientAccountId": value});
    check(
        "p foreign_to field recipientAccountId",
        &[(alone(json!("999988887777")), false), (alone(json!("111122223333")), true), (alone(json!(null)), true)],
    );
    check(
        "p in_account field recipientAccountId",
        &[(alone(json!("999988887777")), true), (alone(json!("111122223333")), false), (alone(json!(null)), false)],
    );
    check("p in_account $trusted", &[(json!({"p": "444455556666"}), true), (json!({"p": "999988887777"}), false)]);
}

#[test]
fn accounts_are_compared_inside_of_any_and_of_json_in_strings() {
    let policy = |principal: Value| {
        let document =
            json!({"Statement": [{"Effect": "Deny", "Principal": "*"}, {"Effect": "Allow", "Principal": principal}]});
        json!({"recipientAccountId": "012345678901", "requestParameters": {"policyDocument": document.to_string()}})
    };
    let filter = "any requestParameters.policyDocument.Statement (Effect = 'Allow' \
        and Principal.AWS foreign_to ($trusted, field record.recipientAccountId))";
    check(
        filter,
        &[
            (policy(json!({"AWS": "arn:aws:iam::999988887777:root"})), true),
            (policy(json!({"AWS": ["arn:aws:iam::012345678901:root", "999988887777"]})), true),
            (policy(json!({"AWS": ["arn:aws:iam::012345678901:role/x-999988887777", "111122223333"]})), false),
            (policy(json!({"AWS": "*"})), false),
            (policy(json!("*")), false),
            (policy(json!({"Service": "s3.amazonaws.com"})), false),
            (json!({}), false),
        ],
    );
    check(
        "any requestParameters.valuesToAdd (it foreign_to field record.recipientAccountId)",
        &[
            (
                json!({"recipientAccountId": "111122223333", "requestParameters": {"valuesToAdd": ["all", "999988887777"]}}),
                true,
            ),
            (
                json!({"recipientAccountId": "111122223333", "requestParameters": {"valuesToAdd": ["all", "111122223333"]}}),
                false,
            ),
        ],
    );
    check(
        "any list (owner in_account field it.arn and owner foreign_to field record.owner)",
        &[
            (
                json!({"owner": "111122223333", "list": [{"owner": "999988887777", "arn": "arn:aws:s3::999988887777:x"}]}),
                true,
            ),
            (
                json!({"owner": "111122223333", "list": [{"owner": "111122223333", "arn": "arn:aws:s3::111122223333:x"}]}),
                false,
            ),
        ],
    );
}

/// As an alert shows it.
#[test]
fn an_explanation_holds_the_values_of_both_sides() {
    let lists = RuleSet::parse(&rules(&["a = 1"])).unwrap().0.lists;
    let explained =
        |filter: &str, record: &Value| Filter::parse_with(filter, &lists).unwrap().explain(record_of(record).root());
    let record = json!({"a": ["*", "arn:aws:iam::999988887777:root"], "b": "999988887777"});
    let found = explained("a in_account ($trusted, field b)", &record);
    let compared = found.compared().unwrap();
    assert_eq!(compared.text, "a in_account ($trusted, field b)");
    assert_eq!(compared.saw.first, [r#""*""#, r#""arn:aws:iam::999988887777:root""#]);
    assert_eq!(compared.saw_other.first, [r#""999988887777""#]);
    assert_eq!(compared.decided_by.as_deref(), Some(r#""arn:aws:iam::999988887777:root""#));
    let found = explained("$trusted = null", &record);
    assert_eq!(found.condition, Condition::List { text: "$trusted = null".to_owned(), count: 2 });
    assert!(!found.held);
}

/// Two long lists are compared in linear time.
#[test]
fn long_lists_are_compared_as_sets() {
    let ids = |from: u64| (from..from + 20_000).map(|id| Value::from(format!("{id:012}"))).collect::<Vec<_>>();
    let started = std::time::Instant::now();
    check(
        "a foreign_to (field b, field c) or a in_account (field c, $trusted)",
        &[
            (json!({"a": ids(0), "b": ids(0), "c": ids(500_000)}), false),
            (json!({"a": ids(0), "b": ids(1), "c": ids(500_000)}), true),
        ],
    );
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn a_list_may_be_empty() {
    let a = |value: Value| json!({"a": value});
    for operator in [
        "in",
        "starts_with",
        "ends_with",
        "like",
        "contains",
        "iequals",
        "istarts_with",
        "icontains",
        "matches",
        "cidr",
        "in_account",
    ] {
        check(
            &format!("a {operator} $none"),
            &[(a(json!("")), false), (a(json!("111122223333")), false), (a(json!(null)), false)],
        );
    }
    check(
        "a foreign_to $none",
        &[(a(json!("111122223333")), true), (a(json!("*")), false), (a(json!(null)), false), (a(json!(5)), false)],
    );
    check("$none = null and a = 1", &[(a(json!(1)), true), (a(json!(2)), false)]);
    check("$none != null or a = 1", &[(a(json!(1)), true), (a(json!(2)), false)]);
    check("$none exists or a = 1", &[(a(json!(1)), true), (a(json!(2)), false)]);
    check("$roles = null and a = 1", &[(a(json!(1)), false)]);
    check("$roles != null and a = 1", &[(a(json!(1)), true)]);
    check("any a ($none = null and it = 1)", &[(a(json!([1])), true), (a(json!([2])), false)]);
    check("any a ($roles = null and it = 1)", &[(a(json!([1])), false)]);
    check("$none = null", &[(json!({}), true)]);
    check("$none exists", &[(json!({}), false)]);
    // A field, except before `= null`, `!= null` and `exists`; and below another field, or in back-quotes.
    check("$none = 1", &[(json!({"$none": 1}), true), (json!({}), false)]);
    check("$none.a = null", &[(json!({"$none": {"a": 1}}), false), (json!({}), true)]);
    check("b.$roles = null", &[(json!({}), true), (json!({"b": {"$roles": 1}}), false)]);
    check("`$roles` = null", &[(json!({}), true), (json!({"$roles": 1}), false)]);
    assert_eq!(refused("$automation = null")[0].code, "unknown-list");
}

#[test]
fn an_empty_object_has_no_keys() {
    let a = |value: Value| json!({"a": value, "requestParameters": {"a": value.to_string(), "b": value}});
    check(
        "a = {}",
        &[
            (a(json!({})), true),
            (a(json!({"b": null})), false),
            (a(json!([{}])), true),
            (a(json!([[{"b": 1}, {}]])), true),
            (a(json!([])), false),
            (a(json!(null)), false),
            (a(json!("{}")), false),
            (json!({}), false),
        ],
    );
    check("a != {}", &[(a(json!({})), false), (a(json!({"b": 1})), true), (json!({}), true)]);
    // A path that ends at a string does not enter it.
    check("requestParameters.a = {}", &[(a(json!({})), false)]);
    check("requestParameters.b = {}", &[(a(json!({})), true), (a(json!({"b": 1})), false)]);
    check("requestParameters.a.x = {}", &[(a(json!({"x": {}})), true), (a(json!({"x": 1})), false)]);
    check(
        "any a (it = {} or b = {})",
        &[(a(json!([{}])), true), (a(json!([{"b": {}}])), true), (a(json!([1])), false)],
    );
    check("a = field b", &[(json!({"a": {}, "b": {}}), false)]);
    // However it is spelled.
    let engine = Engine::new(RuleSet::parse(&rules(&["a = {}", "a.b = {}"])).unwrap().0);
    for (text, expected) in [
        ("{\"a\": {\t\r\n }}", &[0_usize][..]),
        ("{\"a\":{\"b\":{ }}}", &[1]),
        ("{\"a\":{\"\":1}}", &[]),
        ("{\"a\":[ {} , {\"b\" : {}}]}", &[0, 1]),
        ("{\"a\":1,\"a\":{}}", &[0]),
    ] {
        let Evaluated::Record { findings, .. } =
            engine.evaluate(RawRecord::of(text.as_bytes()), &mut Scratch::default())
        else {
            panic!("{text}")
        };
        assert_eq!(findings.iter().map(|finding| finding.position).collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn what_is_no_account_is_refused() {
    for filter in [
        r#"a in_account "12345""#,
        r#"a foreign_to "*""#,
        r#"a foreign_to ("111122223333", "x")"#,
        r#"a in_account "arn:aws:iam::111122223333:root""#,
        "a in_account 111122223333",
        "a in_account true",
        r#"a in_account "１１１１２２２２３３３３""#,
        "a in_account $roles",
        "a foreign_to ($trusted, $ports)",
    ] {
        assert_eq!(refused(filter)[0].code, "wrong-operand", "{filter}");
    }
    for (filter, code) in [
        ("a in_account null", "null-not-here"),
        ("a in_account {}", "object-not-here"),
        ("a in_account", "expected-value"),
        ("a foreign_to ()", "expected-value"),
        ("a foreign_to (field b", "unclosed-list"),
        ("a foreign_to ((field b))", "expected-value"),
        ("a foreign_to ($unknown)", "unknown-list"),
        ("a in (field b)", "unquoted-text"),
        ("a in ($trusted, \"b\")", "expected-value"),
        ("a < {}", "object-not-here"),
        ("a in ({})", "object-not-here"),
        ("a = { }", "expected-value"),
    ] {
        assert_eq!(refused(filter)[0].code, code, "{filter}");
    }
    let operator = trailbell::filter::operator::named("in_account").unwrap();
    assert!((operator.compile)(&operand::Value::Text("111122223333".to_owned())).is_ok());
}

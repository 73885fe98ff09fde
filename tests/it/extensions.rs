//! The meaning of the filter language's extensions, case by case. The cases are data, which `check` evaluates.

use crate::arbitrary::record_of;
use serde_json::{Value, json};
use trailbell::{
    diagnostic::Diagnostic,
    filter::{Filter, Lists, operand},
};

fn lists() -> Lists {
    let text = |text: &str| operand::Value::Text(text.to_owned());
    let lists = [
        ("admins", vec![text("ada"), text("grace")]),
        ("ports", vec![operand::Value::Number(trailbell::number::Number::Int(22))]),
        ("patterns", vec![text(r"^i-\d+$")]),
    ];
    Lists(lists.into_iter().map(|(name, values)| (name.to_owned(), values)).collect())
}

fn read(filter: &str) -> Result<Filter, Vec<Diagnostic>> {
    Filter::parse_with(filter, &lists())
}

/// The filter's verdict on each record, and the opposite verdict of its negation.
fn check(filter: &str, cases: &[(Value, bool)]) {
    let parse = |text: &str| read(text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"));
    let (parsed, negated) = (parse(filter), parse(&format!("not ({filter})")));
    for (record, expected) in cases {
        assert_eq!(parsed.matches(record_of(record).root()), *expected, "{filter}\non {record}");
        assert_eq!(negated.matches(record_of(record).root()), !expected, "not ({filter})\non {record}");
    }
}

/// The code of the first error.
fn refused(filter: &str) -> &'static str {
    match read(filter) {
        Ok(_) => panic!("{filter} is accepted"),
        Err(errors) => errors[0].code,
    }
}

fn permissions(items: Value) -> Value {
    json!({"requestParameters": {"ipPermissions": {"items": items}}})
}

#[test]
fn any_finds_a_port_that_is_open_to_the_world() {
    let range = |from: i32, to: i32, cidr: &str| json!({"fromPort": from, "toPort": to, "ipRanges": {"items": [{"cidrIp": cidr}]}});
    let nested = "any requestParameters.ipPermissions.items \
         (fromPort <= 22 and toPort >= 22 and ipRanges.items.cidrIp = \"0.0.0.0/0\")";
    check(
        nested,
        &[
            (permissions(json!([range(22, 22, "0.0.0.0/0")])), true),
            (permissions(json!([range(0, 65535, "0.0.0.0/0")])), true),
            // The cross product: 22 is open to a private network, 443 to the world.
            (permissions(json!([range(22, 22, "10.0.0.0/8"), range(443, 443, "0.0.0.0/0")])), false),
            (permissions(json!([range(443, 443, "10.0.0.0/8"), range(22, 22, "0.0.0.0/0")])), true),
        ],
    );
    // Without `any`, two permissions may satisfy the two conditions.
    check(
        "requestParameters.ipPermissions.items.fromPort = 22 \
         and requestParameters.ipPermissions.items.ipRanges.items.cidrIp = '0.0.0.0/0'",
        &[(permissions(json!([range(22, 22, "10.0.0.0/8"), range(443, 443, "0.0.0.0/0")])), true)],
    );
    check(
        "requestParameters.cidrIp = \"0.0.0.0/0\" and requestParameters.fromPort <= 22 and requestParameters.toPort >= 22",
        &[(
            json!({"requestParameters": {"cidrIp": "0.0.0.0/0", "fromPort": 22, "toPort": 22, "ipPermissions": {}}}),
            true,
        )],
    );
}

#[test]
fn any_tries_one_element_at_a_time() {
    check(
        "any list (a = 1 and b = 2)",
        &[
            (json!({"list": [{"a": 1}, {"b": 2}]}), false),
            (json!({"list": [{"a": 1, "b": 2}]}), true),
            (json!({"list": {"a": 1, "b": 2}}), true),
            (json!({"list": [[{"a": 1, "b": 2}]]}), true),
            (json!({"list": []}), false),
            (json!({"list": null}), false),
            (json!({"list": "a"}), false),
            (json!({"list": ["a"]}), false),
            (json!({}), false),
        ],
    );
    check(
        "not any list (a = 1)",
        &[(json!({}), true), (json!({"list": [{"a": 2}]}), true), (json!({"list": {"a": 1}}), false)],
    );
    // An element without the field, not a list without such an element.
    check(
        "any list (a = null)",
        &[(json!({"list": [{"a": 1}, {}]}), true), (json!({"list": [{"a": 1}]}), false), (json!({}), false)],
    );
    check("any a.b (c = 1)", &[(json!({"a": [{"b": [{"c": 2}]}, {"b": {"c": 1}}]}), true)]);
    check(
        "any a (x = 1 and any b (y = 2 and z = 3))",
        &[
            (json!({"a": [{"x": 1, "b": [{"y": 2, "z": 3}]}]}), true),
            (json!({"a": [{"x": 1, "b": [{"y": 2}, {"z": 3}]}]}), false),
            (json!({"a": [{"x": 2, "b": [{"y": 2, "z": 3}]}, {"x": 1}]}), false),
        ],
    );
}

#[test]
fn it_is_the_element_and_record_is_the_record() {
    let record = |values: Value| json!({"recipientAccountId": "1", "requestParameters": {"valuesToAdd": values}});
    check(
        "any requestParameters.valuesToAdd (it != field record.recipientAccountId)",
        &[
            (record(json!(["1"])), false),
            (record(json!(["1", "2"])), true),
            (record(json!([])), false),
            (record(json!("2")), false),
            (record(json!({"a": 1})), true),
        ],
    );
    check(
        "any resources (accountId != field record.recipientAccountId)",
        &[
            (json!({"recipientAccountId": "1", "resources": [{"accountId": "1"}]}), false),
            (json!({"recipientAccountId": "1", "resources": [{"accountId": "1"}, {"accountId": "2"}]}), true),
        ],
    );
    check(
        "any list (record.user = 'ada' and user = 'x')",
        &[
            (json!({"userIdentity": {"userName": "ada"}, "list": [{"user": "x"}]}), true),
            (json!({"userIdentity": {"userName": "ada"}, "list": [{"userIdentity": {"userName": "x"}}]}), false),
        ],
    );
    check(
        "any list (it = 1 or `it` = 2 or `record` = 3)",
        &[
            (json!({"list": [1]}), true),
            (json!({"list": [{"it": 2}]}), true),
            (json!({"list": [{"record": 3}]}), true),
            (json!({"list": [2, 3], "it": 2, "record": 3}), false),
        ],
    );
    check("any list (it.a = 1 and it[0] = null)", &[(json!({"list": [{"a": 1}]}), true)]);
    check("any list (record.list exists and record exists)", &[(json!({"list": [{"a": 1}]}), true)]);
    // Outside of `any`, both are ordinary keys.
    check("it = 1 and record.user = 2", &[(json!({"it": 1, "record": {"user": 2}}), true)]);
}

#[test]
fn any_is_a_field_where_an_operator_follows() {
    check("any like (\"a\", \"b\")", &[(json!({"any": "xbx"}), true), (json!({"like": [{"a": 1}]}), false)]);
    check("any exists", &[(json!({"any": 1}), true)]);
    check("any any (a = 1)", &[(json!({"any": [{"a": 1}]}), true)]);
}

#[test]
fn indexes_reach_one_element() {
    check(
        "list[1] = 'b'",
        &[(json!({"list": ["a", "b"]}), true), (json!({"list": ["b"]}), false), (json!({"list": "b"}), false)],
    );
    check("list[0][1] = 2", &[(json!({"list": [[1, 2], [3, 4]]}), true), (json!({"list": [1, 2]}), false)]);
    check("list[0] = 2", &[(json!({"list": [[1, 2]]}), true)]);
    check(
        "a.b[1] = null",
        &[(json!({"a": [{"b": [1]}, {"b": [2]}]}), true), (json!({"a": [{"b": [1]}, {"b": [2, 3]}]}), false)],
    );
    check("a.b[0] = 2", &[(json!({"a": [{"b": [1]}, {"b": [2]}]}), true)]);
    check("list[99999999999] exists", &[(json!({"list": [1]}), false)]);
}

#[test]
fn paths_enter_json_in_strings() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*"},{"Principal":{"AWS":"arn:aws:iam::1:root"}}]}"#;
    let encoded: String = policy.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02x}"));
    let with = |text: &str| json!({"requestParameters": {"policyDocument": text}});
    check(
        "requestParameters.policyDocument.Statement.Principal = \"*\"",
        &[
            (with(policy), true),
            (with(&encoded), true),
            (with(&format!("  {policy}\n")), true),
            (with("*"), false),
            (with("{broken"), false),
            (with("\"*\""), false),
            // A `+` is not a percent-encoded blank.
            (with(&policy.replace(':', "+:")), false),
        ],
    );
    check("requestParameters.policyDocument.Statement[1].Principal.AWS ends_with ':root'", &[(with(policy), true)]);
    check(
        "any requestParameters.policyDocument.Statement (Effect = 'Allow' and Principal = '*')",
        &[(with(policy), true), (with(&encoded), true)],
    );
    check("any requestParameters.policyDocument (Version exists)", &[(with(policy), true)]);
    // The string itself is still a string.
    check("requestParameters.policyDocument like '2012-10-17'", &[(with(policy), true)]);
    // Paths continue into a block that is a string, and into no other string.
    check(
        "requestParameters.a = 1",
        &[(json!({"requestParameters": r#"{"a":1}"#}), true), (json!({"requestParameters": [r#"{"a":1}"#]}), true)],
    );
    for block in ["requestParameters", "responseElements", "serviceEventDetails", "additionalEventData"] {
        let mut record = json!({});
        record[block]["s"] = json!(r#"{"a":[{"b":"x"}]}"#);
        check(&format!("{block}.s.a.b = 'x'"), &[(record, true)]);
    }
    check("userIdentity.s.a = 1", &[(json!({"userIdentity": {"s": r#"{"a":1}"#}}), false)]);
    check("bucketName.a = 1", &[(json!({"requestParameters": {"bucketName": r#"{"a":1}"#}}), true)]);
}

#[test]
fn paths_continue_through_four_nested_strings() {
    let nested = |depth: usize| {
        let mut value = json!({"x": 1});
        for _ in 0..depth {
            value = json!({"s": value.to_string()});
        }
        json!({"requestParameters": value})
    };
    let path = |depth: usize| format!("requestParameters{}.x = 1", ".s".repeat(depth));
    check(&path(4), &[(nested(4), true)]);
    check(&path(5), &[(nested(5), false)]);
    check("any requestParameters.s (any s.s (s.x = 1))", &[(nested(4), true)]);
    check("any requestParameters.s (any s.s (s.s.x = 1))", &[(nested(5), false)]);
}

#[test]
fn two_fields_are_compared() {
    check(
        "a = field b",
        &[
            (json!({"a": 1, "b": "1"}), true),
            (json!({"a": "x", "b": "x"}), true),
            (json!({"a": "1", "b": "01"}), false),
            (json!({"a": true, "b": "true"}), true),
            (json!({"a": [1, 2], "b": [3, 2]}), true),
            (json!({"a": {}, "b": {}}), false),
            (json!({"a": null, "b": null}), false),
            (json!({}), false),
        ],
    );
    check("a != field b", &[(json!({}), true), (json!({"a": 1}), true), (json!({"a": 1, "b": 1}), false)]);
    check(
        "a < field b",
        &[(json!({"a": 1, "b": "2"}), true), (json!({"a": "2", "b": 1}), false), (json!({"a": "x", "b": "y"}), false)],
    );
    check(
        "a ends_with field b",
        &[(json!({"a": "role/admin", "b": "admin"}), true), (json!({"a": "role/admin", "b": 5}), false)],
    );
    check("a icontains field b.c", &[(json!({"a": "role/ADMIN", "b": [{"c": "admin"}]}), true)]);
    check("user = field userIdentity.userName", &[(json!({"userIdentity": {"userName": "ada"}}), true)]);
    assert_eq!(refused("a in field b"), "field-not-here");
    assert_eq!(refused("a matches field b"), "field-not-here");
    assert_eq!(refused("a cidr field b"), "field-not-here");
    assert_eq!(refused("a = field"), "expected-field");
    check("field = 1 and a = field field", &[(json!({"field": 1, "a": 1}), true)]);
}

#[test]
fn regular_expressions() {
    let id = |id: &str| json!({"id": id});
    check(r#"id matches "^i-\d+$""#, &[(id("i-123"), true), (id("i-12a"), false), (id("xi-123"), false)]);
    check(r#"id matches "\d""#, &[(id("a1"), true), (json!({"id": 5}), false)]);
    check(r#"id matches 'a"b\'c'"#, &[(id("a\"b'c"), true)]);
    check(r#"id matches "a\"b""#, &[(id("a\"b"), true)]);
    check(r#"id matches "a\\b""#, &[(id("a\\b"), true), (id("ab"), false)]);
    check(r#"id matches ("^a", "b$")"#, &[(id("ax"), true), (id("xb"), true), (id("ba"), false)]);
    check("id matches $patterns", &[(id("i-5"), true), (id("i-x"), false)]);
    check(r#"id matches "(?i)ABC""#, &[(id("xabcx"), true)]);
    assert_eq!(refused(r#"id matches "(""#), "wrong-operand");
    assert_eq!(refused(r#"id matches "a{1,1000}{1,1000}""#), "wrong-operand");
    assert_eq!(refused(r#"id matches "(?=a)""#), "wrong-operand");
    assert_eq!(refused("id matches 5"), "wrong-operand");
    // The time is linear in the text.
    check(r#"id matches "^(a+)+$""#, &[(id(&("a".repeat(50_000) + "b")), false)]);
}

#[test]
fn networks() {
    let ip = |ip: &str| json!({"ip": ip, "sourceIPAddress": ip});
    check(
        "sourceIPAddress cidr \"10.0.0.0/8\"",
        &[
            (ip("10.255.0.1"), true),
            (ip("11.0.0.1"), false),
            (ip("::ffff:10.0.0.1"), true),
            (ip("::ffff:0a00:0001"), true),
            (ip("AWS Internal"), false),
            (ip("ssm.amazonaws.com"), false),
            (ip("10.0.0.1 "), false),
            (ip("010.0.0.1"), false),
            (json!({"sourceIPAddress": 167_772_161}), false),
            (json!({}), false),
        ],
    );
    check("ip cidr '192.0.2.7'", &[(ip("192.0.2.7"), true), (ip("192.0.2.8"), false)]);
    check(
        "ip cidr '2001:db8::/32'",
        &[(ip("2001:db8::1"), true), (ip("2001:DB8:0:0::1"), true), (ip("10.0.0.1"), false)],
    );
    check("ip cidr '::/0'", &[(ip("10.0.0.1"), true), (ip("2001:db8::1"), true), (ip("x"), false)]);
    check("ip cidr '0.0.0.0/0'", &[(ip("10.0.0.1"), true), (ip("2001:db8::1"), false)]);
    check("ip cidr '::ffff:10.0.0.0/104'", &[(ip("10.9.9.9"), true), (ip("11.0.0.1"), false)]);
    check("ip cidr '::/64'", &[(ip("::1"), true), (ip("10.0.0.1"), false)]);
    check("ip cidr ('10.0.0.0/8', '2001:db8::1')", &[(ip("2001:db8::1"), true), (ip("2001:db8::2"), false)]);
    for wrong in ["'10.1.0.0/8'", "'10.0.0.0/33'", "'10.0.0'", "'everywhere'", "''", "5"] {
        assert_eq!(refused(&format!("ip cidr {wrong}")), "wrong-operand", "{wrong}");
    }
}

#[test]
fn values_come_in_lists() {
    check(
        "user in $admins",
        &[
            (json!({"userIdentity": {"userName": "grace"}}), true),
            (json!({"userIdentity": {"userName": "eve"}}), false),
        ],
    );
    check("a like $admins", &[(json!({"a": "lovelace, ada"}), true)]);
    check(
        "port in $ports",
        &[(json!({"port": 22}), true), (json!({"port": "22"}), true), (json!({"port": 23}), false)],
    );
    check("a starts_with ('x', 'y')", &[(json!({"a": "yes"}), true), (json!({"a": "no"}), false)]);
    check(
        "a in (1, \"b\", true)",
        &[(json!({"a": 1}), true), (json!({"a": "b"}), true), (json!({"a": true}), true), (json!({"a": "c"}), false)],
    );
    assert_eq!(refused("user in $admin"), "unknown-list");
    assert_eq!(refused("a like $ports"), "wrong-operand");
    assert_eq!(refused("user = $admins"), "expected-value");
}

#[test]
fn operators_that_ignore_case() {
    let name = |name: &str| json!({"name": name});
    check("name iequals 'putimage'", &[(name("PutImage"), true), (name("PUTIMAGE"), true), (name("PutImages"), false)]);
    check("name iequals ('a', 'B')", &[(name("b"), true), (name("A"), true), (name("c"), false)]);
    check("name istarts_with 'PUT'", &[(name("putImage"), true), (name("xput"), false)]);
    check("name iends_with 'IMAGE'", &[(name("putImage"), true)]);
    check("name icontains 'tIM'", &[(name("putImage"), true)]);
    // ASCII only: other letters keep their case.
    check("name icontains 'É'", &[(name("é"), false), (name("É"), true)]);
    check("name iequals 'k'", &[(name("\u{212a}"), false)]);
    assert_eq!(refused("name iequals 5"), "wrong-operand");
}

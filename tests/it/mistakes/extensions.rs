//! The messages about mistakes in the extensions of the filter language, and in the parts of a rules file that YAML makes easy
//! to misread.

use insta::assert_snapshot as shows;
use trailbell::{
    diagnostic::render,
    filter::{Filter, Lists, operand::Value},
    number::Number,
    rule::RuleSet,
};

use super::brief;

/// The message about a filter of a rules file with the lists `admins`, `accounts` and `ports`.
fn filter(text: &str) -> String {
    let list = |name: &str, value| (name.to_owned(), vec![value]);
    let texts = ["admins", "accounts"].map(|name| list(name, Value::Text("ada".to_owned())));
    let lists = texts.into_iter().chain([list("ports", Value::Number(Number::Int(22)))]);
    let errors = Filter::parse_with(text, &Lists(lists.collect())).expect_err(text);
    render(&errors, "filter", text, false).trim_end().to_owned()
}

/// The message about the fields of a rule.
fn in_rule(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    in_file(&format!("rules:\n  - name: Images\n    severity: 3\n{}", lines.concat()))
}

fn in_file(text: &str) -> String {
    let errors = RuleSet::parse(text).expect_err(text);
    render(&errors, "rules.yaml", text, false).trim_end().to_owned()
}

#[test]
fn any_without_its_block() {
    shows!(filter("any requestParameters.items fromPort = 22"), @"
    error[expected-block]: `fromPort` follows `any requestParameters.items`
     --> filter:1:29
      |
    1 | any requestParameters.items fromPort = 22
      |                             ^^^^^^^^ expected `(`
      |
      = help: put what one element must be in brackets: `any requestParameters.items (…)`
    ");
    shows!(brief(&filter("any requestParameters.items")), @"expected-block 1:28 put what one element must be in brackets: `any requestParameters.items (…)`");
    shows!(brief(&filter("any requestParameters.items = 22")), @"expected-block 1:29 remove `any`, because a path searches lists by itself, or write `any requestParameters.items (…)`");
    shows!(filter("any (fromPort = 22)"), @r#"
    error[expected-field]: `(` follows `any`
     --> filter:1:5
      |
    1 | any (fromPort = 22)
      |     ^ expected a field
      |
      = help: name the list and what one of its elements must be: `any resources (type = "AWS::S3::Object")`
    "#);
    shows!(brief(&filter("any")), @r#"expected-field 1:4 name the list and what one of its elements must be: `any resources (type = "AWS::S3::Object")`"#);
    shows!(brief(&filter("any in requestParameters.items (fromPort = 22)")), @"expected-block 1:8 write `any requestParameters.items (…)`");
    shows!(brief(&filter("any requestParameters.items (fromPort = 22")), @"unclosed-bracket 1:43 add the `)`");
    shows!(brief(&filter("any requestParameters.items ()")), @r#"expected-condition 1:30 write a condition, such as `eventName = "PutImage"`"#);
    shows!(brief(&filter("any requestParameters.items (22)")), @r#"expected-condition 1:30 write a field and an operator on the left of each value, such as `eventName = "PutImage"`"#);
    shows!(brief(&filter("any \"items\" (a = 1)")), @r#"expected-field 1:5 name the list and what one of its elements must be: `any resources (type = "AWS::S3::Object")`"#);
    shows!(brief(&filter("all requestParameters.items (fromPort = 22)")), @"unknown-operator 1:5 write `any list (…)` for one element, or `not any list (not (…))` for every element");
    shows!(brief(&filter("any a (b = 1) c = 2")), @"expected-connective 1:15 join conditions with `and` or `or`; put a value that has blanks in quotes");
    shows!(brief(&filter("a = 1 and any b (it == 2)")), @"unknown-operator 1:21 write `=`");
}

#[test]
fn fields_of_fields() {
    shows!(brief(&filter("userIdentity.accountId = field")), @"expected-field 1:31 name the other field: `accountId != field recipientAccountId`");
    shows!(brief(&filter("userIdentity.accountId = field \"111122223333\"")), @r#"expected-field 1:32 name a field, or compare with the text: remove `field` before `"111122223333"`"#);
    shows!(brief(&filter("userIdentity.accountId = field and a = 1")), @"expected-connective 1:36 join conditions with `and` or `or`; put a value that has blanks in quotes");
    shows!(brief(&filter("userIdentity.accountId = field 5")), @"expected-field 1:32 name the other field: `accountId != field recipientAccountId`");
    shows!(filter("userIdentity.accountId in field recipientAccountId"), @"
    error[field-not-here]: `in` cannot compare with another field
     --> filter:1:27
      |
    1 | userIdentity.accountId in field recipientAccountId
      |                           ^^^^^ expected a value
      |
      = help: compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator
    ");
    shows!(brief(&filter("sourceIPAddress cidr field a")), @"field-not-here 1:22 compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator");
    shows!(brief(&filter("eventName matches field a")), @"field-not-here 1:19 compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator");
    shows!(brief(&filter("userIdentity.accountId != recipientAccountId")), @"unquoted-text 1:1 write `userIdentity.accountId != field recipientAccountId`");
    shows!(brief(&filter("userIdentity.accountId in (field a, field b)")), @"unquoted-text 1:28 compare with each field on its own, and join the conditions with `or`");
    shows!(brief(&filter("userIdentity.accountId field = recipientAccountId")), @"unknown-operator 1:24 write the operator first, such as `= field …`");
}

#[test]
fn list_indexes() {
    shows!(filter("items[*].port = 22"), @"
    error[foreign-field]: a path has no `[*]`: it searches lists by itself
     --> filter:1:1
      |
    1 | items[*].port = 22
      | ^^^^^^^^^^^^^^^^^^ expected the words of this language
      |
      = help: write `items.port = 22`
    ");
    shows!(brief(&filter("items[].port = 22")), @"foreign-field 1:1 write `items.port = 22`");
    shows!(brief(&filter("items[x].port = 22")), @"bad-index 1:6 write an index such as `[0]`, counted from 0");
    shows!(brief(&filter("items[-1].port = 22")), @"bad-index 1:6 write an index such as `[0]`, counted from 0");
    shows!(brief(&filter("items['port'] = 22")), @"foreign-field 1:1 write `items.port = 22`");
    shows!(brief(&filter("items[0.port = 22")), @"bad-index 1:6 write an index such as `[0]`");
    shows!(brief(&filter("items[0")), @"bad-index 1:6 write an index such as `[0]`");
    shows!(brief(&filter("items[99999999999999999999999] = 22")), @"bad-index 1:6 write an index such as `[0]`, counted from 0");
    shows!(brief(&filter("items [0] = 22")), @"expected-operator 1:7 write `items[0]` without a blank");
    shows!(brief(&filter("items.[0] = 22")), @"expected-name 1:7 remove the `.`: a list index follows the name, such as `items[0]`");
    shows!(brief(&filter("items.0.port = 22")), @"expected-name 1:7 write a list index as `[0]`, without the `.`, and a name in back-quotes");
    shows!(brief(&filter("items.*.port = 22")), @"foreign-field 1:1 write `items.port = 22`");
    shows!(brief(&filter("[0].port = 22")), @r#"expected-condition 1:1 write a condition, such as `eventName = "PutImage"`"#);
}

#[test]
fn named_lists() {
    shows!(filter("user in $admin"), @"
    error[unknown-list]: there is no list `$admin`
     --> filter:1:9
      |
    1 | user in $admin
      |         ^^^^^^ expected the name of a list
      |
      = help: write `$admins`
    ");
    shows!(brief(&filter("user in $Admins")), @"unknown-list 1:9 write `$admins`");
    shows!(brief(&filter("user in $unknown")), @r#"unknown-list 1:9 add it to `lists:` at the top of the rules file: `unknown: ["…"]`"#);
    shows!(brief(&filter("user in admins")), @r#"expected-list 1:9 write `in ("admins")`, or `in $admins` for the list of that name"#);
    shows!(brief(&filter("user in \"$admins\"")), @"expected-list 1:1 write `user in $admins`");
    shows!(brief(&filter("user in ($admins)")), @"expected-value 1:10 write `in $admins`");
    shows!(brief(&filter("user in $")), @"unknown-list 1:9 write the name of a list of the rules file, such as `$admins`");
    shows!(brief(&filter("user = $admins")), @"expected-value 1:8 write `in $admins` to compare with each value of the list");
    shows!(brief(&filter("user < $ports")), @"expected-value 1:8 write a condition for each value, and join them with `or`");
    shows!(brief(&filter("user like $ports")), @r#"wrong-operand 1:11 quote it: `"22"`"#);
    shows!(brief(&filter("user not in $admins")), @"unknown-operator 1:1 write `not (user in $admins)`");
    shows!(filter("user in $admin or user in $acounts"), @"
    error[unknown-list]: there is no list `$admin`
     --> filter:1:9
      |
    1 | user in $admin or user in $acounts
      |         ^^^^^^ expected the name of a list
      |
      = help: write `$admins`

    error[unknown-list]: there is no list `$acounts`
     --> filter:1:27
      |
    1 | user in $admin or user in $acounts
      |                           ^^^^^^^^ expected the name of a list
      |
      = help: write `$accounts`
    ");
    shows!(Filter::parse("user in $admins").map(|_| ()).expect_err("no list")[0].help.clone().unwrap_or_default(), @r#"add it to `lists:` at the top of the rules file: `admins: ["…"]`"#);
}

#[test]
fn lists_in_the_place_of_one_value() {
    shows!(brief(&filter("eventName = (\"Put\", \"Get\")")), @r#"expected-value 1:13 write `in` to compare with each value of a list, such as `eventName in ("a", "b")`"#);
    shows!(brief(&filter("eventName = [\"Put\", \"Get\"]")), @r#"expected-list 1:1 write `eventName in ("Put", "Get")`"#);
    shows!(brief(&filter("eventName != (\"Put\", \"Get\")")), @r#"expected-value 1:14 write `in` to compare with each value of a list, such as `eventName in ("a", "b")`"#);
    shows!(brief(&filter("fromPort < (1, 2)")), @"expected-value 1:12 write a condition for each value, and join them with `or`");
    shows!(brief(&filter("eventName in [\"Put\", \"Get\"]")), @r#"expected-list 1:1 write `eventName in ("Put", "Get")`"#);
    shows!(brief(&filter("eventName in (\"Put\" \"Get\")")), @r#"unclosed-list 1:1 write `eventName in ("Put", "Get")`"#);
    shows!(brief(&filter("eventName in (\"Put\", (\"Get\"))")), @"expected-value 1:22 write all values in one list");
    shows!(brief(&filter("eventName like ()")), @"expected-value 1:17 write at least one value, and no `,` after the last");
    shows!(brief(&filter("eventName like (\"Put\", 5)")), @r#"wrong-operand 1:24 quote it: `"5"`"#);
}

#[test]
fn regular_expressions() {
    shows!(brief(&filter("eventName matches \"(Put|Get\"")), @r#"wrong-operand 1:19 fix the expression, or write `\` before a character that has no special meaning here"#);
    shows!(brief(&filter("eventName matches \"*Image\"")), @r#"wrong-operand 1:19 fix the expression, or write `\` before a character that has no special meaning here"#);
    shows!(brief(&filter("eventName matches \"Put(?!Image)\"")), @r#"wrong-operand 1:19 fix the expression, or write `\` before a character that has no special meaning here"#);
    shows!(brief(&filter("eventName matches \"(a)\\1\"")), @r#"wrong-operand 1:19 fix the expression, or write `\` before a character that has no special meaning here"#);
    shows!(brief(&filter("eventName matches \"a{1,1000}{1,1000}\"")), @"wrong-operand 1:19 use smaller repetitions, such as `{1,20}` in place of `{1,2000}`");
    shows!(brief(&filter("eventName matches /Put.*/")), @r#"expected-value 1:1 write `eventName matches "Put.*"`"#);
    shows!(brief(&filter("eventName matches 5")), @r#"wrong-operand 1:19 quote it: `"5"`"#);
    shows!(filter("eventName matches \"é(\" and userAgent matches (\"ok\", \"[z-a]\")"), @r#"
    error[wrong-operand]: `matches` does not take `"é("`
     --> filter:1:19
      |
    1 | eventName matches "é(" and userAgent matches ("ok", "[z-a]")
      |                   ^^^^ expected a regular expression: unclosed group
      |
      = help: fix the expression, or write `\` before a character that has no special meaning here

    error[wrong-operand]: `matches` does not take `"[z-a]"`
     --> filter:1:53
      |
    1 | eventName matches "é(" and userAgent matches ("ok", "[z-a]")
      |                                                     ^^^^^^^ expected a regular expression: invalid character class range, the start must be <= the end
      |
      = help: fix the expression, or write `\` before a character that has no special meaning here
    "#);
    shows!(brief(&filter("eventName =~ \"Put.*\"")), @r#"unknown-operator 1:1 write `eventName matches "Put.*"`, or `eventName iequals "Put.*"` for the same text in any case"#);
}

#[test]
fn networks() {
    shows!(brief(&filter("ip cidr \"10.1.2.3/8\"")), @r#"wrong-operand 1:9 write `"10.0.0.0/8"`, or only the address for one host"#);
    shows!(brief(&filter("ip cidr \"2001:db8::1/32\"")), @r#"wrong-operand 1:9 write `"2001:db8::/32"`, or only the address for one host"#);
    shows!(brief(&filter("ip cidr \"10.0.0.0/33\"")), @r#"wrong-operand 1:9 write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`"#);
    shows!(brief(&filter("ip cidr \"10.0.0\"")), @r#"wrong-operand 1:9 write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`"#);
    shows!(brief(&filter("ip cidr \"10.0.0.*\"")), @r#"wrong-operand 1:9 write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`"#);
    shows!(brief(&filter("ip cidr \"AWS Internal\"")), @r#"wrong-operand 1:9 write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`"#);
    shows!(brief(&filter("ip cidr 10.0.0.0/8")), @r#"unquoted-text 1:9 write `"10.0.0.0/8"`"#);
    shows!(brief(&filter("ip cidr (\"10.0.0.0/8\", \"x\")")), @r#"wrong-operand 1:24 write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`"#);
    shows!(brief(&filter("ip in \"10.0.0.0/8\"")), @r#"expected-list 1:1 write `ip cidr "10.0.0.0/8"`"#);
}

#[test]
fn lists_of_the_file() {
    shows!(in_file("lists:\n  accounts: [012345678901, \"012345678901\"]\nrules: []\n"), @r#"
    error[leading-zero]: `012345678901` would lose its leading zero
     --> rules.yaml:2:14
      |
    2 |   accounts: [012345678901, "012345678901"]
      |              ^^^^^^^^^^^^ YAML reads this as a number
      |
      = help: quote it: `"012345678901"`

    error[no-rules]: `rules` is an empty list
     --> rules.yaml:3:8
      |
    3 | rules: []
      |        ^^ expected at least one rule
      |
      = help: write `rules:`, and below it each rule after `- `, beginning with its `name`
    "#);
    shows!(in_file("lists:\n  admins: ada\n  two words: [x]\n  none: []\n  odd: [null, [x]]\nrules:\n  - {name: A, severity: 1, filter: a in $odd}\n"), @r#"
    error[wrong-type]: `admins` is text, not a list
     --> rules.yaml:2:11
      |
    2 |   admins: ada
      |           ^^^ expected a list
      |
      = help: write each list as `name: ["one", "two"]`, or as `name: []` if it has no items

    error[bad-name]: `two words` is not a name for a list
     --> rules.yaml:3:3
      |
    3 |   two words: [x]
      |   ^^^^^^^^^ expected letters, digits, `_` and `-`
      |
      = help: filters use the name after a `$`, such as `in $admins`

    error[wrong-type]: an item of a list is neither text nor a number
     --> rules.yaml:5:9
      |
    5 |   odd: [null, [x]]
      |         ^^^^ expected text or a number
      |
      = help: write text, such as `"admin"`, or a number

    error[wrong-type]: an item of a list is neither text nor a number
     --> rules.yaml:5:15
      |
    5 |   odd: [null, [x]]
      |               ^^^ expected text or a number
      |
      = help: write text, such as `"admin"`, or a number
    "#);
    shows!(brief(&in_rule("filter: user in $admins")), @r#"unknown-list 4:21 add it to `lists:` at the top of the rules file: `admins: ["…"]`"#);
    shows!(in_file("list:\n  admins: [ada]\nrules:\n  - {name: A, severity: 1, filter: user in $admins}\n"), @r#"
    error[unknown-key]: `list` is not a field of a rules file
     --> rules.yaml:1:1
      |
    1 | list:
      | ^^^^ expected `lists`?
      |
      = help: write `lists`

    error[unknown-list]: there is no list `$admins`
     --> rules.yaml:4:44
      |
    4 |   - {name: A, severity: 1, filter: user in $admins}
      |                                            ^^^^^^^ expected the name of a list
      |
      = rule: A
      = help: add it to `lists:` at the top of the rules file: `admins: ["…"]`
    "#);
}

#[test]
fn numbers_that_lose_their_zero() {
    shows!(brief(&in_rule("filter: recipientAccountId = 012345678901")), @r#"leading-zero 4:34 quote it: `"012345678901"`"#);
    shows!(brief(&in_rule("filter: a = 1\ntags: [012345678901]")), @r#"leading-zero 5:12 quote it: `"012345678901"`"#);
    shows!(brief(&in_rule("filter: a = 1\ntests:\n  - match: a.json\n    set: {recipientAccountId: 012345678901}")), @r#"leading-zero 7:35 quote it: `"012345678901"`"#);
}

#[test]
fn backslashes_in_double_quotes() {
    shows!(in_rule("filter: \"a matches '^\\d+$'\""), @r#"
    error[bad-yaml]: `\d` is not an escape sequence of YAML
     --> rules.yaml:4:26
      |
    4 |     filter: "a matches '^\d+$'"
      |                          ^^ in double quotes, a backslash begins an escape
      |
      = help: write `\\d`, or put the text in a block (`|`), which has no escapes
    "#);
    shows!(brief(&in_rule("filter: \"a = '\\\\d'\"")), @r#"bad-escape 4:19 for a backslash write `\\`: `\\d`"#);
    shows!(brief(&in_rule("filter: a = \"C:\\dir\"")), @r#"bad-escape 4:20 for a backslash write `\\`: `\\d`"#);
}

#[test]
fn overlong_filters_are_errors_at_once() {
    let megabyte = format!("a = 1{}", " or a = 1".repeat(1 << 17));
    let first = |text: String| text.lines().take(2).collect::<Vec<_>>().join("\n");
    shows!(first(filter(&megabyte)), @"
    error[filter-too-long]: the filter has 1179653 bytes, more than the 16384 allowed
     --> filter:1:1
    ");
    shows!(first(in_rule(&format!("filter: {megabyte}"))), @"
    error[filter-too-long]: the filter has 1179653 bytes, more than the 16384 allowed
     --> rules.yaml:4:13
    ");
    shows!(first(in_rule(&format!("filter: |\n  {megabyte}"))), @"
    error[filter-too-long]: the filter has 1179653 bytes, more than the 16384 allowed
     --> rules.yaml:5:7
    ");
    shows!(first(filter(&"(".repeat(16_384))), @"
    error[nested-too-deep]: conditions are nested more than 64 deep
     --> filter:1:65
    ");
    shows!(first(filter(&"not ".repeat(4_096))), @"
    error[nested-too-deep]: conditions are nested more than 64 deep
     --> filter:1:257
    ");
    shows!(first(filter(&"any a (".repeat(2_340))), @"
    error[nested-too-deep]: conditions are nested more than 64 deep
     --> filter:1:449
    ");
    shows!(first(filter(&format!("a matches \"{}\"", "(".repeat(16_000)))), @r#"
    error[wrong-operand]: `matches` does not take `"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((…`
     --> filter:1:11
    "#);
    shows!(first(filter(&format!("a matches \"{}\"", "(a{1,100}){1,100}".repeat(100)))), @r#"
    error[wrong-operand]: `matches` does not take `"(a{1,100}){1,100}(a{1,100}){1,100}(a{1,100}){1,100}(a{1,10…`
     --> filter:1:11
    "#);
    shows!(first(filter(&format!("a in ({})", "(".repeat(16_000)))), @"
    error[expected-value]: a list cannot contain a list
     --> filter:1:7
    ");
    shows!(first(in_rule(&format!("title: \"{}\"\nfilter: a = 1", "{{".repeat(500_000)))), @"
    error[unclosed-field]: `{{` has no closing `}}`
     --> rules.yaml:4:13
    ");
}

#[test]
fn whole_characters_are_pointed_at() {
    shows!(filter(&format!("{}é = 1{}", "(".repeat(64), ")".repeat(64))), @"
    error[nested-too-deep]: conditions are nested more than 64 deep
     --> filter:1:65
      |
    1 | ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((é = 1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))
      |                                                                 ^ expected fewer brackets and `not`s around this
      |
      = help: split the filter into several rules
    ");
    shows!(filter(&format!("{}é", "any a (".repeat(64))).lines().next().unwrap_or_default(), @"error[nested-too-deep]: conditions are nested more than 64 deep");
    shows!(filter(&format!("é{}", " or é".repeat(3000))).lines().take(5).collect::<Vec<_>>().join("\n"), @"
    error[filter-too-long]: the filter has 18002 bytes, more than the 16384 allowed
     --> filter:1:1
      |
    1 | é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é or é o...
      | ^ expected a shorter filter
    ");
}

#[test]
fn accounts() {
    shows!(filter(r#"requestParameters.principal foreign_to "arn:aws:iam::111122223333:root""#), @r#"
    error[wrong-operand]: `foreign_to` does not take `"arn:aws:iam::111122223333:root"`
     --> filter:1:40
      |
    1 | requestParameters.principal foreign_to "arn:aws:iam::111122223333:root"
      |                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected an account id, which has twelve digits
      |
      = help: write only the account of the ARN: `"111122223333"`
    "#);
    shows!(filter(r#"requestParameters.principal not in_account "111122223333""#), @r#"
    error[unknown-operator]: `not` is not an operator
     --> filter:1:29
      |
    1 | requestParameters.principal not in_account "111122223333"
      |                             ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `requestParameters.principal foreign_to …`; `not (requestParameters.principal in_account …)` is also true for `*` and for services
    "#);
    shows!(filter("requestParameters.principal in_account $accounts"), @r#"
    error[wrong-operand]: `in_account` does not take `"ada"`
     --> filter:1:40
      |
    1 | requestParameters.principal in_account $accounts
      |                                        ^^^^^^^^^ expected an account id, which has twelve digits
      |
      = note: it is a value of the list `$accounts`; fix it there
      = help: write an id such as `"111122223333"`, or compare text with `=` or `starts_with`
    "#);
    shows!(filter("$admin = null and a = 1"), @"
    error[unknown-list]: there is no list `$admin`
     --> filter:1:1
      |
    1 | $admin = null and a = 1
      | ^^^^^^ expected the name of a list
      |
      = note: a field of that name is written `` `$admin` ``
      = help: write `$admins`
    ");
    for (text, expected) in [
        (
            r#"a in_account "12345""#,
            r#"wrong-operand 1:14 write all twelve digits; if only zeros are missing, `"000000012345"`"#,
        ),
        (r#"a in_account "1111-2222-3333""#, r#"wrong-operand 1:14 write `"111122223333"`"#),
        (r#"a in_account " 111122223333""#, r#"wrong-operand 1:14 write `"111122223333"`"#),
        (r#"a in_account "$admins""#, "wrong-operand 1:14 write `$admins` for the list of that name, without quotes"),
        (r#"a in_account "*""#, r#"wrong-operand 1:14 `*` has no account; write `= "*"`"#),
        (
            r#"a in_account "x""#,
            r#"wrong-operand 1:14 write an id such as `"111122223333"`, or compare text with `=` or `starts_with`"#,
        ),
        ("a in_account 111122223333", r#"wrong-operand 1:14 quote it: `"111122223333"`"#),
        ("a in_account 011122223333", r#"leading-zero 1:14 quote it: `"011122223333"`"#),
        (
            "a in_account recipientAccountId",
            r#"unquoted-text 1:14 write `"recipientAccountId"`, or `field recipientAccountId` for the value of that field"#,
        ),
        (
            "a in_account (field b, \"x\")",
            r#"wrong-operand 1:24 write an id such as `"111122223333"`, or compare text with `=` or `starts_with`"#,
        ),
        ("a in_account (field)", "expected-field 1:20 name the other field: `accountId != field recipientAccountId`"),
        ("a in_account ()", "expected-value 1:15 write at least one value, and no `,` after the last"),
        (
            "a not_in_account $admins",
            "unknown-operator 1:3 write `foreign_to` for a value whose account is not among these",
        ),
        ("a foreign $admins", "unknown-operator 1:3 write `foreign_to` for a value whose account is not among these"),
        ("a account $admins", "unknown-operator 1:3 write `in_account` for a value whose account is among these"),
        ("a in_acount $admins", "unknown-operator 1:3 write `in_account`"),
        ("a foreignto $admins", "unknown-operator 1:3 write `foreign_to`"),
        ("a in account $admins", "expected-list 1:6 write `in_account` to compare the account of an ARN or of an id"),
        ("a not foreign_to $admins", "unknown-operator 1:3 write `not (a foreign_to …)`"),
        ("a not_in $admins", "unknown-operator 1:1 write `not (a in $admins)`"),
        ("a in ($admins, \"b\")", "expected-value 1:7 write `in $admins`"),
        ("a in (field b)", "unquoted-text 1:7 compare with each field on its own, and join the conditions with `or`"),
    ] {
        assert_eq!(brief(&filter(text)), expected, "{text}");
    }
}

#[test]
fn empty_objects() {
    shows!(filter("requestParameters in ({})"), @"
    error[object-not-here]: `{}` cannot follow `in`
     --> filter:1:23
      |
    1 | requestParameters in ({})
      |                       ^^ expected a value
      |
      = help: to test for an object without keys, write `= {}` or `!= {}`
    ");
    for (text, expected) in [
        ("a = { }", "expected-value 1:5 write `{}`, without a blank, for an object without keys"),
        (r#"a = {"b": 1}"#, "expected-value 1:5 compare the fields of the object one by one"),
        ("a like {}", "object-not-here 1:8 to test for an object without keys, write `= {}` or `!= {}`"),
        ("a = []", "expected-list 1:1 write `a = null`"),
        (
            "a = {} {}",
            "expected-connective 1:8 join conditions with `and` or `or`; put a value that has blanks in quotes",
        ),
    ] {
        assert_eq!(brief(&filter(text)), expected, "{text}");
    }
}

//! The messages about mistakes in the extensions of the filter language, and in the parts of a rules file that YAML makes easy
//! to misread.
use insta::assert_snapshot as shows;
use trailbell::{
    diagnostic::render,
    filter::{Filter, Lists, operand::Value},
    number::Number,
    rule::RuleSet,
};

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
    shows!(filter("any requestParameters.items"), @"
    error[expected-block]: the end of the filter follows `any requestParameters.items`
     --> filter:1:28
      |
    1 | any requestParameters.items
      |                            ^ expected `(`
      |
      = help: put what one element must be in brackets: `any requestParameters.items (…)`
    ");
    shows!(filter("any requestParameters.items = 22"), @"
    error[expected-block]: `=` follows `any requestParameters.items`
     --> filter:1:29
      |
    1 | any requestParameters.items = 22
      |                             ^ expected `(`
      |
      = help: remove `any`, because a path searches lists by itself, or write `any requestParameters.items (…)`
    ");
    shows!(filter("any (fromPort = 22)"), @r#"
    error[expected-field]: `(` follows `any`
     --> filter:1:5
      |
    1 | any (fromPort = 22)
      |     ^ expected a field
      |
      = help: name the list and what one of its elements must be: `any resources (type = "AWS::S3::Object")`
    "#);
    shows!(filter("any"), @r#"
    error[expected-field]: the end of the filter follows `any`
     --> filter:1:4
      |
    1 | any
      |    ^ expected a field
      |
      = help: name the list and what one of its elements must be: `any resources (type = "AWS::S3::Object")`
    "#);
    shows!(filter("any in requestParameters.items (fromPort = 22)"), @"
    error[expected-block]: `requestParameters.items` follows `` any `in` ``
     --> filter:1:8
      |
    1 | any in requestParameters.items (fromPort = 22)
      |        ^^^^^^^^^^^^^^^^^^^^^^^ expected `(`
      |
      = help: write `any requestParameters.items (…)`
    ");
    shows!(filter("any requestParameters.items (fromPort = 22"), @"
    error[unclosed-bracket]: `(` is never closed
     --> filter:1:43
      |
    1 | any requestParameters.items (fromPort = 22
      |                             - opened here ^ expected `)`, `and` or `or`
      |
      = help: add the `)`
    ");
    shows!(filter("any requestParameters.items ()"), @r#"
    error[expected-condition]: `)` is not the beginning of a condition
     --> filter:1:30
      |
    1 | any requestParameters.items ()
      |                              ^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(filter("any requestParameters.items (22)"), @r#"
    error[expected-condition]: expected a field, found `22`
     --> filter:1:30
      |
    1 | any requestParameters.items (22)
      |                              ^^ expected a field name, `not` or `(`
      |
      = help: write a field and an operator on the left of each value, such as `eventName = "PutImage"`
    "#);
    shows!(filter("any \"items\" (a = 1)"), @r#"
    error[expected-field]: `"items"` follows `any`
     --> filter:1:5
      |
    1 | any "items" (a = 1)
      |     ^^^^^^^ expected a field
      |
      = help: name the list and what one of its elements must be: `any resources (type = "AWS::S3::Object")`
    "#);
    shows!(filter("all requestParameters.items (fromPort = 22)"), @"
    error[unknown-operator]: `requestParameters` is not an operator
     --> filter:1:5
      |
    1 | all requestParameters.items (fromPort = 22)
      |     ^^^^^^^^^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `any list (…)` for one element, or `not any list (not (…))` for every element
    ");
    shows!(filter("any a (b = 1) c = 2"), @"
    error[expected-connective]: `c` follows a complete condition
     --> filter:1:15
      |
    1 | any a (b = 1) c = 2
      |               ^ expected `and`, `or` or the end of the filter
      |
      = help: join conditions with `and` or `or`; put a value that has blanks in quotes
    ");
    shows!(filter("a = 1 and any b (it == 2)"), @"
    error[unknown-operator]: `==` is not an operator
     --> filter:1:21
      |
    1 | a = 1 and any b (it == 2)
      |                     ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `=`
    ");
}

#[test]
fn fields_of_fields() {
    shows!(filter("userIdentity.accountId = field"), @"
    error[expected-field]: the end of the filter follows `field`
     --> filter:1:31
      |
    1 | userIdentity.accountId = field
      |                               ^ expected a field
      |
      = help: name the other field: `accountId != field recipientAccountId`
    ");
    shows!(filter("userIdentity.accountId = field \"111122223333\""), @r#"
    error[expected-field]: text follows `field`
     --> filter:1:32
      |
    1 | userIdentity.accountId = field "111122223333"
      |                                ^^^^^^^^^^^^^^ expected a field
      |
      = help: name a field, or compare with the text: remove `field` before `"111122223333"`
    "#);
    shows!(filter("userIdentity.accountId = field and a = 1"), @"
    error[expected-connective]: `a` follows a complete condition
     --> filter:1:36
      |
    1 | userIdentity.accountId = field and a = 1
      |                                    ^ expected `and`, `or` or the end of the filter
      |
      = help: join conditions with `and` or `or`; put a value that has blanks in quotes
    ");
    shows!(filter("userIdentity.accountId = field 5"), @"
    error[expected-field]: `5` follows `field`
     --> filter:1:32
      |
    1 | userIdentity.accountId = field 5
      |                                ^ expected a field
      |
      = help: name the other field: `accountId != field recipientAccountId`
    ");
    shows!(filter("userIdentity.accountId in field recipientAccountId"), @"
    error[field-not-here]: `in` cannot compare with another field
     --> filter:1:27
      |
    1 | userIdentity.accountId in field recipientAccountId
      |                           ^^^^^ expected a value
      |
      = help: compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator
    ");
    shows!(filter("sourceIPAddress cidr field a"), @"
    error[field-not-here]: `cidr` cannot compare with another field
     --> filter:1:22
      |
    1 | sourceIPAddress cidr field a
      |                      ^^^^^ expected a value
      |
      = help: compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator
    ");
    shows!(filter("eventName matches field a"), @"
    error[field-not-here]: `matches` cannot compare with another field
     --> filter:1:19
      |
    1 | eventName matches field a
      |                   ^^^^^ expected a value
      |
      = help: compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator
    ");
    shows!(filter("userIdentity.accountId != recipientAccountId"), @r#"
    error[unquoted-text]: `recipientAccountId` is not in quotes
     --> filter:1:27
      |
    1 | userIdentity.accountId != recipientAccountId
      |                           ^^^^^^^^^^^^^^^^^^ expected text in quotes
      |
      = help: write `"recipientAccountId"`, or `field recipientAccountId` for the value of that field
    "#);
    shows!(filter("userIdentity.accountId in (field a, field b)"), @"
    error[unquoted-text]: `field` is not in quotes
     --> filter:1:28
      |
    1 | userIdentity.accountId in (field a, field b)
      |                            ^^^^^ expected text in quotes
      |
      = help: compare with each field on its own, and join the conditions with `or`
    ");
    shows!(filter("userIdentity.accountId field = recipientAccountId"), @"
    error[unknown-operator]: `field` is not an operator
     --> filter:1:24
      |
    1 | userIdentity.accountId field = recipientAccountId
      |                        ^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write the operator first, such as `= field …`
    ");
}

#[test]
fn list_indexes() {
    shows!(filter("items[*].port = 22"), @"
    error[bad-index]: `[*]` is not a list index
     --> filter:1:6
      |
    1 | items[*].port = 22
      |      ^^^ expected a number in brackets
      |
      = help: remove it: a path searches lists by itself
    ");
    shows!(filter("items[].port = 22"), @"
    error[bad-index]: `[]` is not a list index
     --> filter:1:6
      |
    1 | items[].port = 22
      |      ^^ expected a number in brackets
      |
      = help: remove it: a path searches lists by itself
    ");
    shows!(filter("items[x].port = 22"), @"
    error[bad-index]: `[x]` is not a list index
     --> filter:1:6
      |
    1 | items[x].port = 22
      |      ^^^ expected a number in brackets
      |
      = help: write an index such as `[0]`, counted from 0
    ");
    shows!(filter("items[-1].port = 22"), @"
    error[bad-index]: `[-1]` is not a list index
     --> filter:1:6
      |
    1 | items[-1].port = 22
      |      ^^^^ expected a number in brackets
      |
      = help: write an index such as `[0]`, counted from 0
    ");
    shows!(filter("items['port'] = 22"), @"
    error[bad-index]: `['port']` is not a list index
     --> filter:1:6
      |
    1 | items['port'] = 22
      |      ^^^^^^^^ expected a number in brackets
      |
      = help: write the name after a `.`; put a name with special characters in back-quotes
    ");
    shows!(filter("items[0.port = 22"), @"
    error[bad-index]: `[0.port` is never closed
     --> filter:1:6
      |
    1 | items[0.port = 22
      |      ^^^^^^^ expected a number in brackets
      |
      = help: write an index such as `[0]`
    ");
    shows!(filter("items[0"), @"
    error[bad-index]: `[0` is never closed
     --> filter:1:6
      |
    1 | items[0
      |      ^^ expected a number in brackets
      |
      = help: write an index such as `[0]`
    ");
    shows!(filter("items[99999999999999999999999] = 22"), @"
    error[bad-index]: `[99999999999999999999999]` is not a list index
     --> filter:1:6
      |
    1 | items[99999999999999999999999] = 22
      |      ^^^^^^^^^^^^^^^^^^^^^^^^^ expected a number in brackets
      |
      = help: write an index such as `[0]`, counted from 0
    ");
    shows!(filter("items [0] = 22"), @"
    error[expected-operator]: expected an operator after `items`, found `[0]`
     --> filter:1:7
      |
    1 | items [0] = 22
      |       ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `items[0]` without a blank
    ");
    shows!(filter("items.[0] = 22"), @"
    error[expected-name]: `[0]` follows a `.`
     --> filter:1:7
      |
    1 | items.[0] = 22
      |       ^^^ expected a name
      |
      = help: remove the `.`: a list index follows the name, such as `items[0]`
    ");
    shows!(filter("items.0.port = 22"), @"
    error[expected-name]: `0.port` follows a `.`
     --> filter:1:7
      |
    1 | items.0.port = 22
      |       ^^^^^^ expected a name
      |
      = help: write a list index as `[0]`, without the `.`, and a name in back-quotes
    ");
    shows!(filter("items.*.port = 22"), @"
    error[expected-name]: `*.port` follows a `.`
     --> filter:1:7
      |
    1 | items.*.port = 22
      |       ^^^^^^ expected a name
      |
      = help: remove it: a path searches lists by itself
    ");
    shows!(filter("[0].port = 22"), @r#"
    error[expected-condition]: `[0].port` is not the beginning of a condition
     --> filter:1:1
      |
    1 | [0].port = 22
      | ^^^^^^^^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
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
    shows!(filter("user in $Admins"), @"
    error[unknown-list]: there is no list `$Admins`
     --> filter:1:9
      |
    1 | user in $Admins
      |         ^^^^^^^ expected the name of a list
      |
      = help: write `$admins`
    ");
    shows!(filter("user in $unknown"), @r#"
    error[unknown-list]: there is no list `$unknown`
     --> filter:1:9
      |
    1 | user in $unknown
      |         ^^^^^^^^ expected the name of a list
      |
      = help: add it to `lists:` at the top of the rules file: `unknown: ["…"]`
    "#);
    shows!(filter("user in admins"), @r#"
    error[expected-list]: expected a list after `in`, found `admins`
     --> filter:1:9
      |
    1 | user in admins
      |         ^^^^^^ expected `(`
      |
      = help: write `in ("admins")`, or `in $admins` for the list of that name
    "#);
    shows!(filter("user in \"$admins\""), @r#"
    error[expected-list]: expected a list after `in`, found `"$admins"`
     --> filter:1:9
      |
    1 | user in "$admins"
      |         ^^^^^^^^^ expected `(`
      |
      = help: write `in $admins` for the list of that name, without quotes
    "#);
    shows!(filter("user in ($admins)"), @"
    error[expected-value]: a list cannot contain the list `$admins`
     --> filter:1:10
      |
    1 | user in ($admins)
      |          ^^^^^^^ expected a value
      |
      = help: write `in $admins`
    ");
    shows!(filter("user in $"), @"
    error[unknown-list]: there is no list `$`
     --> filter:1:9
      |
    1 | user in $
      |         ^ expected the name of a list
      |
      = help: write the name of a list of the rules file, such as `$admins`
    ");
    shows!(filter("user = $admins"), @"
    error[expected-value]: `=` takes one value, not a list
     --> filter:1:8
      |
    1 | user = $admins
      |        ^^^^^^^ expected a value
      |
      = help: write `in $admins` to compare with each value of the list
    ");
    shows!(filter("user < $ports"), @"
    error[expected-value]: `<` takes one value, not a list
     --> filter:1:8
      |
    1 | user < $ports
      |        ^^^^^^ expected a value
      |
      = help: write a condition for each value, and join them with `or`
    ");
    shows!(filter("user like $ports"), @r#"
    error[wrong-operand]: `like` does not take `22`
     --> filter:1:11
      |
    1 | user like $ports
      |           ^^^^^^ expected text
      |
      = note: it is a value of the list `$ports`; fix it there
      = help: quote it: `"22"`
    "#);
    shows!(filter("user not in $admins"), @"
    error[unknown-operator]: `not` is not an operator
     --> filter:1:6
      |
    1 | user not in $admins
      |      ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `not (user in (…))`
    ");
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
    shows!(filter("eventName = (\"Put\", \"Get\")"), @r#"
    error[expected-value]: `=` takes one value, not a list
     --> filter:1:13
      |
    1 | eventName = ("Put", "Get")
      |             ^ expected a value
      |
      = help: write `in` to compare with each value of a list, such as `eventName in ("a", "b")`
    "#);
    shows!(filter("eventName = [\"Put\", \"Get\"]"), @r#"
    error[expected-value]: `=` takes one value, not a list
     --> filter:1:13
      |
    1 | eventName = ["Put", "Get"]
      |             ^^^^^^ expected a value
      |
      = help: write `in` to compare with each value of a list, such as `eventName in ("a", "b")`
    "#);
    shows!(filter("eventName != (\"Put\", \"Get\")"), @r#"
    error[expected-value]: `!=` takes one value, not a list
     --> filter:1:14
      |
    1 | eventName != ("Put", "Get")
      |              ^ expected a value
      |
      = help: write `in` to compare with each value of a list, such as `eventName in ("a", "b")`
    "#);
    shows!(filter("fromPort < (1, 2)"), @"
    error[expected-value]: `<` takes one value, not a list
     --> filter:1:12
      |
    1 | fromPort < (1, 2)
      |            ^ expected a value
      |
      = help: write a condition for each value, and join them with `or`
    ");
    shows!(filter("eventName in [\"Put\", \"Get\"]"), @r#"
    error[expected-list]: expected a list after `in`, found `["Put"`
     --> filter:1:14
      |
    1 | eventName in ["Put", "Get"]
      |              ^^^^^^ expected `(`
      |
      = help: write the list in `(` and `)`
    "#);
    shows!(filter("eventName in (\"Put\" \"Get\")"), @r#"
    error[unclosed-list]: `"Get"` follows a value of a list
     --> filter:1:21
      |
    1 | eventName in ("Put" "Get")
      |              -      ^^^^^ expected `,` or `)`
      |              |
      |              the list begins here
      |
      = help: put `,` between the values and `)` after the last
    "#);
    shows!(filter("eventName in (\"Put\", (\"Get\"))"), @r#"
    error[expected-value]: a list cannot contain a list
     --> filter:1:22
      |
    1 | eventName in ("Put", ("Get"))
      |                      ^ expected a value
      |
      = help: write all values in one list
    "#);
    shows!(filter("eventName like ()"), @"
    error[expected-value]: expected a value after `like`, found `)`
     --> filter:1:17
      |
    1 | eventName like ()
      |                 ^ expected a value
      |
      = help: write at least one value, and no `,` after the last
    ");
    shows!(filter("eventName like (\"Put\", 5)"), @r#"
    error[wrong-operand]: `like` does not take `5`
     --> filter:1:24
      |
    1 | eventName like ("Put", 5)
      |                        ^ expected text
      |
      = help: quote it: `"5"`
    "#);
}

#[test]
fn regular_expressions() {
    shows!(filter("eventName matches \"(Put|Get\""), @r#"
    error[wrong-operand]: `matches` does not take `"(Put|Get"`
     --> filter:1:19
      |
    1 | eventName matches "(Put|Get"
      |                   ^^^^^^^^^^ expected a regular expression: unclosed group
      |
      = help: fix the expression, or write `\` before a character that has no special meaning here
    "#);
    shows!(filter("eventName matches \"*Image\""), @r#"
    error[wrong-operand]: `matches` does not take `"*Image"`
     --> filter:1:19
      |
    1 | eventName matches "*Image"
      |                   ^^^^^^^^ expected a regular expression: repetition operator missing expression
      |
      = help: fix the expression, or write `\` before a character that has no special meaning here
    "#);
    shows!(filter("eventName matches \"Put(?!Image)\""), @r#"
    error[wrong-operand]: `matches` does not take `"Put(?!Image)"`
     --> filter:1:19
      |
    1 | eventName matches "Put(?!Image)"
      |                   ^^^^^^^^^^^^^^ expected a regular expression: look-around, including look-ahead and look-behind, is not supported
      |
      = help: fix the expression, or write `\` before a character that has no special meaning here
    "#);
    shows!(filter("eventName matches \"(a)\\1\""), @r#"
    error[wrong-operand]: `matches` does not take `"(a)\\1"`
     --> filter:1:19
      |
    1 | eventName matches "(a)\1"
      |                   ^^^^^^^ expected a regular expression: backreferences are not supported
      |
      = help: fix the expression, or write `\` before a character that has no special meaning here
    "#);
    shows!(filter("eventName matches \"a{1,1000}{1,1000}\""), @r#"
    error[wrong-operand]: `matches` does not take `"a{1,1000}{1,1000}"`
     --> filter:1:19
      |
    1 | eventName matches "a{1,1000}{1,1000}"
      |                   ^^^^^^^^^^^^^^^^^^^ expected a smaller regular expression
      |
      = help: use smaller repetitions, such as `{1,20}` in place of `{1,2000}`
    "#);
    shows!(filter("eventName matches /Put.*/"), @"
    error[expected-value]: expected a value after `matches`, found `/Put.*/`
     --> filter:1:19
      |
    1 | eventName matches /Put.*/
      |                   ^^^^^^^ expected a value
      |
      = help: write the regular expression in quotes
    ");
    shows!(filter("eventName matches 5"), @r#"
    error[wrong-operand]: `matches` does not take `5`
     --> filter:1:19
      |
    1 | eventName matches 5
      |                   ^ expected text
      |
      = help: quote it: `"5"`
    "#);
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
    shows!(filter("eventName =~ \"Put.*\""), @r#"
    error[unknown-operator]: `=~` is not an operator
     --> filter:1:11
      |
    1 | eventName =~ "Put.*"
      |           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `matches` for a regular expression, or `like` for text anywhere in the value
    "#);
}

#[test]
fn networks() {
    shows!(filter("ip cidr \"10.1.2.3/8\""), @r#"
    error[wrong-operand]: `cidr` does not take `"10.1.2.3/8"`
     --> filter:1:9
      |
    1 | ip cidr "10.1.2.3/8"
      |         ^^^^^^^^^^^^ expected a network whose host bits are zero
      |
      = help: write `"10.0.0.0/8"`, or only the address for one host
    "#);
    shows!(filter("ip cidr \"2001:db8::1/32\""), @r#"
    error[wrong-operand]: `cidr` does not take `"2001:db8::1/32"`
     --> filter:1:9
      |
    1 | ip cidr "2001:db8::1/32"
      |         ^^^^^^^^^^^^^^^^ expected a network whose host bits are zero
      |
      = help: write `"2001:db8::/32"`, or only the address for one host
    "#);
    shows!(filter("ip cidr \"10.0.0.0/33\""), @r#"
    error[wrong-operand]: `cidr` does not take `"10.0.0.0/33"`
     --> filter:1:9
      |
    1 | ip cidr "10.0.0.0/33"
      |         ^^^^^^^^^^^^^ expected a network or an address
      |
      = help: write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`
    "#);
    shows!(filter("ip cidr \"10.0.0\""), @r#"
    error[wrong-operand]: `cidr` does not take `"10.0.0"`
     --> filter:1:9
      |
    1 | ip cidr "10.0.0"
      |         ^^^^^^^^ expected a network or an address
      |
      = help: write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`
    "#);
    shows!(filter("ip cidr \"10.0.0.*\""), @r#"
    error[wrong-operand]: `cidr` does not take `"10.0.0.*"`
     --> filter:1:9
      |
    1 | ip cidr "10.0.0.*"
      |         ^^^^^^^^^^ expected a network or an address
      |
      = help: write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`
    "#);
    shows!(filter("ip cidr \"AWS Internal\""), @r#"
    error[wrong-operand]: `cidr` does not take `"AWS Internal"`
     --> filter:1:9
      |
    1 | ip cidr "AWS Internal"
      |         ^^^^^^^^^^^^^^ expected a network or an address
      |
      = help: write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`
    "#);
    shows!(filter("ip cidr 10.0.0.0/8"), @r#"
    error[unquoted-text]: `10.0.0.0/8` is not in quotes
     --> filter:1:9
      |
    1 | ip cidr 10.0.0.0/8
      |         ^^^^^^^^^^ expected text in quotes
      |
      = help: write `"10.0.0.0/8"`
    "#);
    shows!(filter("ip cidr (\"10.0.0.0/8\", \"x\")"), @r#"
    error[wrong-operand]: `cidr` does not take `"x"`
     --> filter:1:24
      |
    1 | ip cidr ("10.0.0.0/8", "x")
      |                        ^^^ expected a network or an address
      |
      = help: write a network such as `"10.0.0.0/8"` or `"2001:db8::/32"`
    "#);
    shows!(filter("ip in \"10.0.0.0/8\""), @r#"
    error[expected-list]: expected a list after `in`, found `"10.0.0.0/8"`
     --> filter:1:7
      |
    1 | ip in "10.0.0.0/8"
      |       ^^^^^^^^^^^^ expected `(`
      |
      = help: write `in ("10.0.0.0/8")`
    "#);
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
      = help: write each list as `name: ["one", "two"]`

    error[bad-name]: `two words` is not a name for a list
     --> rules.yaml:3:3
      |
    3 |   two words: [x]
      |   ^^^^^^^^^ expected letters, digits, `_` and `-`
      |
      = help: filters use the name after a `$`, such as `in $admins`

    error[empty-list]: the list `none` is empty
     --> rules.yaml:4:3
      |
    4 |   none: []
      |   ^^^^ expected at least one item
      |
      = help: add an item, or remove the list and the conditions that name it

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
    shows!(in_rule("filter: user in $admins"), @r#"
    error[unknown-list]: there is no list `$admins`
     --> rules.yaml:4:21
      |
    4 |     filter: user in $admins
      |                     ^^^^^^^ expected the name of a list
      |
      = rule: Images
      = help: add it to `lists:` at the top of the rules file: `admins: ["…"]`
    "#);
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
    shows!(in_rule("filter: recipientAccountId = 012345678901"), @r#"
    error[leading-zero]: the number `012345678901` begins with a zero
     --> rules.yaml:4:34
      |
    4 |     filter: recipientAccountId = 012345678901
      |                                  ^^^^^^^^^^^^ expected text in quotes
      |
      = rule: Images
      = note: a number has no leading zero; an account id is text
      = help: quote it: `"012345678901"`
    "#);
    shows!(in_rule("filter: a = 1\ntags: [012345678901]"), @r#"
    error[leading-zero]: `012345678901` would lose its leading zero
     --> rules.yaml:5:12
      |
    5 |     tags: [012345678901]
      |            ^^^^^^^^^^^^ YAML reads this as a number
      |
      = rule: Images
      = help: quote it: `"012345678901"`
    "#);
    shows!(in_rule("filter: a = 1\ntests:\n  - match: a.json\n    set: {recipientAccountId: 012345678901}"), @r#"
    error[leading-zero]: `012345678901` would lose its leading zero
     --> rules.yaml:7:35
      |
    7 |         set: {recipientAccountId: 012345678901}
      |                                   ^^^^^^^^^^^^ YAML reads this as a number
      |
      = rule: Images
      = help: quote it: `"012345678901"`
    "#);
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
    shows!(in_rule("filter: \"a = '\\\\d'\""), @r#"
    error[bad-escape]: `\d` is not an escape
     --> rules.yaml:4:19
      |
    4 |     filter: "a = '\\d'"
      |                   ^^^ expected `\\`, `\"`, `\'`, `\n`, `\r`, `\t` or `\u{…}`
      |
      = rule: Images
      = help: for a backslash write `\\`: `\\d`
    "#);
    shows!(in_rule("filter: a = \"C:\\dir\""), @r#"
    error[bad-escape]: `\d` is not an escape
     --> rules.yaml:4:20
      |
    4 |     filter: a = "C:\dir"
      |                    ^^ expected `\\`, `\"`, `\'`, `\n`, `\r`, `\t` or `\u{…}`
      |
      = rule: Images
      = help: for a backslash write `\\`: `\\d`
    "#);
}

#[test]
fn overlong_filters_are_errors_at_once() {
    let megabyte = format!("a = 1{}", " or a = 1".repeat(1 << 17));
    let first = |said: String| said.lines().take(2).collect::<Vec<_>>().join("\n");
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

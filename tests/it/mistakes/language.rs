//! The messages about mistakes in filters and titles. Each must tell a tired reader what is wrong, where, and what to type
//! instead.

use insta::assert_snapshot as shows;
use trailbell::{diagnostic::render, filter::Filter, rule::RuleSet};

use super::brief;

/// The message about a filter.
fn filter(text: &str) -> String {
    let errors = Filter::parse(text).expect_err(text);
    render(&errors, "filter", text, false).trim_end().to_owned()
}

/// The message about a filter in a rules file.
fn in_file(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("rules:\n  - name: Images\n    severity: 3\n{}", lines.concat());
    let errors = RuleSet::parse(&text).expect_err(&text);
    render(&errors, "rules.yaml", &text, false).trim_end().to_owned()
}

/// The message about a title.
fn title(text: &str) -> String {
    in_file(&format!("filter: eventName = \"PutImage\"\ntitle: \"{text}\""))
}

#[test]
fn operators_of_other_languages() {
    shows!(filter(r#"eventName == "PutImage""#), @r#"
    error[unknown-operator]: `==` is not an operator
     --> filter:1:11
      |
    1 | eventName == "PutImage"
      |           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `=`
    "#);
    shows!(brief(&filter(r#"eventName <> "PutImage""#)), @"unknown-operator 1:11 write `!=`");
    shows!(brief(&filter(r#"eventName =~ "Put""#)), @r#"unknown-operator 1:1 write `eventName iequals "Put"`, or `eventName matches "Put"` for a regular expression"#);
    shows!(brief(&filter(r#"eventName is "PutImage""#)), @"unknown-operator 1:11 write `=`");
    shows!(brief(&filter("errorCode is not null")), @"unknown-operator 1:1 write `errorCode != null`");
    shows!(brief(&filter("count => 5")), @"unknown-operator 1:7 write `>=`");
    shows!(brief(&filter(r#"eventName equals "PutImage""#)), @"unknown-operator 1:11 write `=`");
    shows!(filter(r#"eventName: "PutImage""#), @r#"
    error[unknown-operator]: `:` is not an operator
     --> filter:1:10
      |
    1 | eventName: "PutImage"
      |          ^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `=`
    "#);
    shows!(brief(&filter(r#"eventName : "PutImage""#)), @"unknown-operator 1:11 write `=`");
}

#[test]
fn connectives_of_other_languages() {
    shows!(filter(r#"eventName = "PutImage" && errorCode = null"#), @r#"
    error[symbol-for-word]: `&&` is not part of the language
     --> filter:1:24
      |
    1 | eventName = "PutImage" && errorCode = null
      |                        ^^ expected `and`
      |
      = help: write `and`
    "#);
    shows!(brief(&filter(r#"eventName = "PutImage"||errorCode = null"#)), @"symbol-for-word 1:23 write `or`");
    shows!(brief(&filter(r#"!(eventName = "PutImage")"#)), @"symbol-for-word 1:1 write `not`");
    shows!(brief(&filter(r#"!eventName = "PutImage""#)), @"symbol-for-word 1:1 write `not`");
    shows!(brief(&filter(r#"eventName = "PutImage" & !(errorCode = null)"#)), @"symbol-for-word 1:24 write `and`");
    shows!(brief(&filter(r#"(eventName = "PutImage" && errorCode = null)"#)), @"symbol-for-word 1:25 write `and`");
    shows!(brief(&filter(r#"eventName ! "PutImage""#)), @"unknown-operator 1:11 write `!=`");
    shows!(filter(r#"eventName = "PutImage", errorCode = null"#), @r#"
    error[expected-connective]: `,` follows a complete condition
     --> filter:1:23
      |
    1 | eventName = "PutImage", errorCode = null
      |                       ^ expected `and`, `or` or the end of the filter
      |
      = help: write `and` or `or` instead; only lists in brackets have commas
    "#);
    shows!(brief(&filter(r#"eventName = "PutImage"; errorCode = null"#)), @"expected-connective 1:23 write `and` or `or` instead; only lists in brackets have commas");
}

#[test]
fn misspelled_operators() {
    shows!(brief(&filter(r#"eventName start_with "Put""#)), @r#"unknown-operator 1:1 write `eventName starts_with "Put"`, or `eventName istarts_with "Put"` to ignore the case of letters"#);
    shows!(brief(&filter(r#"eventName startswith "Put""#)), @r#"unknown-operator 1:1 write `eventName starts_with "Put"`, or `eventName istarts_with "Put"` to ignore the case of letters"#);
    shows!(brief(&filter(r#"eventName Ends-With "Image""#)), @r#"unknown-operator 1:1 write `eventName ends_with "Image"`, or `eventName iends_with "Image"` to ignore the case of letters"#);
    shows!(brief(&filter(r#"eventName lik "Image""#)), @"unknown-operator 1:11 write `like`");
    shows!(brief(&filter(r#"eventName resembles "Image""#)), @"unknown-operator 1:11 `trailbell help filter` lists the operators; put a name with a blank in back-quotes");
    shows!(brief(&filter(r#"eventName not in ("PutImage", "DeleteImage")"#)), @r#"unknown-operator 1:1 write `not (eventName in ("PutImage", "DeleteImage"))`"#);
    shows!(brief(&filter(r#"eventName not like "Image""#)), @r#"unknown-operator 1:1 write `not (eventName contains "Image")`"#);
    shows!(brief(&filter("errorCode not exists")), @"unknown-operator 1:1 write `errorCode = null`");
    shows!(brief(&filter("errorCode not null")), @"unknown-operator 1:1 write `errorCode != null`");
    shows!(brief(&filter("eventName")), @"expected-operator 1:10 to test only whether it has a value, write `eventName exists`");
    shows!(brief(&filter("eventName and errorCode = null")), @"expected-operator 1:11 to test only whether it has a value, write `eventName exists`");
    shows!(brief(&filter(r#"eventName "PutImage""#)), @"expected-operator 1:11 put an operator between field and value, such as `eventName = …`");
    shows!(brief(&filter("(eventName)")), @"expected-operator 1:11 to test only whether it has a value, write `eventName exists`");
    shows!(brief(&filter("user name = 'x'")), @"unknown-operator 1:6 `trailbell help filter` lists the operators; put a name with a blank in back-quotes");
    shows!(brief(&filter("exists errorCode")), @"unknown-operator 1:1 write `errorCode exists`");
}

#[test]
fn quotes() {
    shows!(filter("eventName = “PutImage”"), @r#"
    error[curly-quote]: `“` is a curly double quote
     --> filter:1:1
      |
    1 | eventName = “PutImage”
      | ^^^^^^^^^^^^^^^^^^^^^^ expected the words of this language
      |
      = help: write `eventName = "PutImage"`
    "#);
    shows!(brief(&filter("eventName = ‘PutImage’")), @r#"curly-quote 1:1 write `eventName = "PutImage"`"#);
    shows!(filter("eventName = \"PutImage”"), @r#"
    error[unclosed-quote]: a quote is never closed
     --> filter:1:23
      |
    1 | eventName = "PutImage”
      |             -         ^ expected `"`
      |             |
      |             opened here
      |
      = help: write `"` in place of the curly `”`
    "#);
    shows!(brief(&filter("eventName in (“PutImage”)")), @r#"curly-quote 1:1 write `eventName in ("PutImage")`"#);
    shows!(filter("eventName = PutImage"), @r#"
    error[unquoted-text]: `PutImage` is not in quotes
     --> filter:1:13
      |
    1 | eventName = PutImage
      |             ^^^^^^^^ expected text in quotes
      |
      = help: write `"PutImage"`
    "#);
    shows!(brief(&filter("eventSource = ecr.amazonaws.com and errorCode = null")), @r#"unquoted-text 1:15 write `"ecr.amazonaws.com"`"#);
    shows!(brief(&filter("ip = 10.0.0.1")), @r#"unquoted-text 1:6 write `"10.0.0.1"`"#);
    shows!(brief(&filter("eventName in (PutImage, DeleteImage)")), @r#"unquoted-text 1:15 write `"PutImage"`"#);
    shows!(brief(&filter("eventName = \"PutImage")), @r#"unclosed-quote 1:22 close it with `"`; a line break in a value is written `\n`"#);
    shows!(brief(&filter("eventName = 'PutImage")), @r#"unclosed-quote 1:22 close it with `'`; a line break in a value is written `\n`"#);
    shows!(brief(&filter("eventName = \"PutImage\nand errorCode = null")), @r#"unclosed-quote 1:22 close it with `"`; a line break in a value is written `\n`"#);
    shows!(brief(&filter("`event.name = 1")), @"unclosed-quote 1:16 close the back-quote after the name");
    shows!(filter("`` = 1"), @"
    error[empty-name]: a field name is empty
     --> filter:1:1
      |
    1 | `` = 1
      | ^^ expected a name
      |
      = help: write the name, or remove the back-quotes
    ");
    shows!(filter(r#"path = "C:\dir""#), @r#"
    error[bad-escape]: `\d` is not an escape
     --> filter:1:11
      |
    1 | path = "C:\dir"
      |           ^^ expected `\\`, `\"`, `\'`, `\n`, `\r`, `\t` or `\u{…}`
      |
      = help: for a backslash write `\\`: `\\d`
    "#);
    shows!(brief(&filter(r#"path = "C:\"#)), @r#"bad-escape 1:11 for a backslash write `\\`: `\\`"#);
    shows!(brief(&filter(r#"path = "C:\""#)), @r#"unclosed-quote 1:13 write `\\` for a backslash: `\"` is a quote inside the text"#);
    shows!(brief(&filter(r#"name = "\u00e9""#)), @r#"bad-escape 1:9 write, for example, `\u{e9}` for é"#);
    shows!(brief(&filter(r#"name = "\u{110000}""#)), @r#"bad-escape 1:9 write, for example, `\u{e9}` for é"#);
    shows!(brief(&filter("eventName = \"Put\" Image")), @"expected-connective 1:19 join conditions with `and` or `or`; put a value that has blanks in quotes");
}

#[test]
fn brackets() {
    shows!(filter(r#"(eventName = "PutImage" or eventName = "DeleteImage""#), @r#"
    error[unclosed-bracket]: `(` is never closed
     --> filter:1:53
      |
    1 | (eventName = "PutImage" or eventName = "DeleteImage"
      | - opened here                                       ^ expected `)`, `and` or `or`
      |
      = help: add the `)`
    "#);
    shows!(brief(&filter("errorCode = null and (eventName = \"PutImage\"\n  or eventName = \"DeleteImage\"")), @"unclosed-bracket 2:31 add the `)`");
    shows!(filter(r#"eventName = "PutImage")"#), @r#"
    error[unmatched-bracket]: `)` has no `(` before it
     --> filter:1:23
      |
    1 | eventName = "PutImage")
      |                       ^ expected the end of the filter
      |
      = help: remove it, or add the `(`
    "#);
    shows!(brief(&filter(r#"(eventName = "PutImage")) and errorCode = null"#)), @"unmatched-bracket 1:25 remove it, or add the `(`");
    shows!(filter("()"), @r#"
    error[expected-condition]: `)` is not the beginning of a condition
     --> filter:1:2
      |
    1 | ()
      |  ^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(filter(r#"eventName in ("PutImage", "DeleteImage""#), @r#"
    error[unclosed-list]: a list is never closed
     --> filter:1:40
      |
    1 | eventName in ("PutImage", "DeleteImage"
      |              - the list begins here    ^ expected `,` or `)`
      |
      = help: add the `)`
    "#);
    shows!(brief(&filter(r#"eventName in ("PutImage" "DeleteImage")"#)), @r#"unclosed-list 1:1 write `eventName in ("PutImage", "DeleteImage")`"#);
    shows!(filter(r#"eventName in ("PutImage",)"#), @r#"
    error[expected-value]: a list does not end with `,`
     --> filter:1:1
      |
    1 | eventName in ("PutImage",)
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^ expected the words of this language
      |
      = help: write `eventName in ("PutImage")`
    "#);
    shows!(brief(&filter("eventName in (\"PutImage\" and errorCode = null")), @"unclosed-list 1:26 put `,` between the values and `)` after the last");
    shows!(brief(&filter("eventName in ()")), @"expected-value 1:15 write at least one value, and no `,` after the last");
    shows!(filter(r#"eventName in "PutImage""#), @r#"
    error[expected-list]: `in` takes a list, and this is one value
     --> filter:1:1
      |
    1 | eventName in "PutImage"
      | ^^^^^^^^^^^^^^^^^^^^^^^ expected the words of this language
      |
      = help: write `eventName in ("PutImage")`
    "#);
    shows!(brief(&filter(r#"eventName in ["PutImage"]"#)), @r#"expected-list 1:1 write `eventName in ("PutImage")`"#);
    shows!(brief(&filter("eventName in PutImage")), @r#"expected-list 1:14 write `in ("PutImage")`, or `in $PutImage` for the list of that name"#);
    shows!(filter(r#"eventName in ("PutImage", null)"#), @r#"
    error[null-not-here]: `null` cannot follow `in`
     --> filter:1:27
      |
    1 | eventName in ("PutImage", null)
      |                           ^^^^ expected a value
      |
      = help: to test for no value, write `= null`; to test for any value, write `!= null`
    "#);
    shows!(brief(&filter(r#"eventName = ("PutImage", "DeleteImage")"#)), @r#"expected-value 1:13 write `in` to compare with each value of a list, such as `eventName in ("a", "b")`"#);
    shows!(brief(&filter(r#"eventName = ["PutImage"]"#)), @r#"expected-list 1:1 write `eventName in ("PutImage")`"#);
}

#[test]
fn the_wrong_way_round() {
    shows!(brief(&filter(r#""PutImage" = eventName"#)), @r#"expected-condition 1:1 write `eventName = "PutImage"`"#);
    shows!(brief(&filter("5 < count")), @"expected-condition 1:1 write `count > 5`");
    shows!(brief(&filter("= 5")), @r#"expected-condition 1:1 write a condition, such as `eventName = "PutImage"`"#);
    shows!(brief(&filter(r#"and eventName = "PutImage""#)), @"expected-condition 1:1 remove it, or write a condition before it; a field of that name is written `` `and` ``");
    shows!(brief(&filter(r#"eventName = "PutImage" and"#)), @r#"expected-condition 1:27 write a condition, such as `eventName = "PutImage"`, or remove the last word"#);
    shows!(brief(&filter(r#"eventName = "PutImage" or or errorCode = null"#)), @"expected-condition 1:27 remove it, or write a condition before it; a field of that name is written `` `or` ``");
    shows!(brief(&filter(r#"eventName = "PutImage" or "DeleteImage""#)), @r#"expected-list 1:1 write `eventName in ("PutImage", "DeleteImage")`"#);
    shows!(brief(&filter(r#"eventName = "PutImage" errorCode = null"#)), @"expected-connective 1:24 join conditions with `and` or `or`; put a value that has blanks in quotes");
    shows!(filter(r#"eventName = "PutImage" # images"#), @r#"
    error[comment]: a filter cannot contain comments
     --> filter:1:24
      |
    1 | eventName = "PutImage" # images
      |                        ^^^^^^^^ expected `and`, `or` or the end of the filter
      |
      = help: remove it, or write it on a line of its own above `filter:`, after a `#`
    "#);
    shows!(brief(&filter(r#"eventName = "PutImage" -- images"#)), @"comment 1:24 remove it, or write it on a line of its own above `filter:`, after a `#`");
    shows!(brief(&filter("errorCode = null and and")), @"expected-condition 1:22 remove it, or write a condition before it; a field of that name is written `` `and` ``");
    shows!(brief(&filter("a = 1 // images")), @"comment 1:7 remove it, or write it on a line of its own above `filter:`, after a `#`");
    shows!(brief(&filter("not")), @r#"expected-condition 1:4 write a condition, such as `eventName = "PutImage"`, or remove the last word"#);
    shows!(brief(&filter("not not")), @r#"expected-condition 1:8 write a condition, such as `eventName = "PutImage"`, or remove the last word"#);
    shows!(filter("requestParameters. = 1"), @"
    error[expected-name]: a blank follows a `.`
     --> filter:1:19
      |
    1 | requestParameters. = 1
      |                   ^ expected a name
      |
      = help: write the name; put a name with special characters in back-quotes
    ");
    shows!(brief(&filter("requestParameters..tag = 1")), @"expected-name 1:19 write the name; put a name with special characters in back-quotes");
    shows!(brief(&filter("requestParameters.2 = 1")), @"expected-name 1:19 write a list index as `[2]`, without the `.`, and a name in back-quotes");
    shows!(brief(&filter("items.*.tag = 1")), @"foreign-field 1:1 write `items.tag = 1`");
    shows!(filter(""), @r#"
    error[empty-filter]: the filter is empty
     --> filter:1:1
      |
    1 |
      | ^ expected a condition
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(brief(&filter(" \n ")), @r#"empty-filter 1:1 write a condition, such as `eventName = "PutImage"`"#);
    shows!(brief(&filter("eventName =")), @"expected-value 1:12 write text in quotes, a number, `true` or `false`");
    shows!(brief(&filter("eventName = and errorCode = null")), @"expected-value 1:13 write text in quotes, a number, `true` or `false`");
    shows!(brief(&filter("eventName = \n")), @"expected-value 1:14 write text in quotes, a number, `true` or `false`");
}

#[test]
fn values_that_an_operator_does_not_take() {
    shows!(filter("eventName like 5"), @r#"
    error[wrong-operand]: `like` does not take `5`
     --> filter:1:16
      |
    1 | eventName like 5
      |                ^ expected text
      |
      = help: quote it: `"5"`
    "#);
    shows!(brief(&filter("eventName starts_with true")), @r#"wrong-operand 1:23 quote it: `"true"`"#);
    shows!(brief(&filter("eventName like null")), @"null-not-here 1:16 to test for no value, write `= null`; to test for any value, write `!= null`");
    shows!(brief(&filter("count < null")), @"null-not-here 1:9 to test for no value, write `= null`; to test for any value, write `!= null`");
    shows!(brief(&filter("count < \"many\"")), @"wrong-operand 1:9 write a number such as `10`, or compare text with `=`, `starts_with` or `like`");
    shows!(brief(&filter("count >= true")), @"wrong-operand 1:10 write a number such as `10`, or compare text with `=`, `starts_with` or `like`");
    shows!(filter("eventName like 5 and count > 'x'"), @r#"
    error[wrong-operand]: `like` does not take `5`
     --> filter:1:16
      |
    1 | eventName like 5 and count > 'x'
      |                ^ expected text
      |
      = help: quote it: `"5"`

    error[wrong-operand]: `>` does not take `"x"`
     --> filter:1:30
      |
    1 | eventName like 5 and count > 'x'
      |                              ^^^ expected a number
      |
      = help: write a number such as `10`, or compare text with `=`, `starts_with` or `like`
    "#);
    shows!(filter("recipientAccountId = 012345678901"), @r#"
    error[leading-zero]: the number `012345678901` begins with a zero
     --> filter:1:22
      |
    1 | recipientAccountId = 012345678901
      |                      ^^^^^^^^^^^^ expected text in quotes
      |
      = note: a number has no leading zero; an account id is text
      = help: quote it: `"012345678901"`
    "#);
    shows!(brief(&filter("recipientAccountId in (111122223333, 012345678901)")), @r#"leading-zero 1:38 quote it: `"012345678901"`"#);
    shows!(filter("count = 1e999"), @"
    error[number-too-large]: `1e999` is too large
     --> filter:1:9
      |
    1 | count = 1e999
      |         ^^^^^ expected a number up to 1.8e308
      |
      = help: write a smaller number, or quote it to compare it as text
    ");
    shows!(brief(&filter("count = 5 minutes")), @"expected-connective 1:11 join conditions with `and` or `or`; put a value that has blanks in quotes");
    shows!(brief(&filter("count = 5m")), @r#"unquoted-text 1:9 write `"5m"`"#);
    shows!(brief(&filter("count = .5")), @"expected-value 1:9 write a digit before the point, such as `0.5`");
    shows!(brief(&filter("count = 0x1F")), @r#"unquoted-text 1:9 write `"0x1F"`"#);
    shows!(brief(&filter("count = +5")), @"expected-value 1:9 write the number without `+`");
    shows!(brief(&filter("count = 1,000")), @"expected-connective 1:10 write `and` or `or` instead; only lists in brackets have commas");
}

#[test]
fn limits() {
    shows!(filter(&format!("{}x = 1", "not ".repeat(64))).lines().take(3).collect::<Vec<_>>().join("\n"), @"
    error[nested-too-deep]: conditions are nested more than 64 deep
     --> filter:1:257
      |
    ");
    let long = format!("x = \"{}\"", "a".repeat(16_384));
    let message = filter(&long);
    shows!(message.lines().next().unwrap_or_default(), @"error[filter-too-long]: the filter has 16390 bytes, more than the 16384 allowed");
    shows!(message.lines().last().unwrap_or_default(), @"  = help: split it into several rules");
}

#[test]
fn in_every_yaml_style_the_caret_is_under_the_mistake() {
    shows!(brief(&in_file("filter: eventName == \"PutImage\"")), @"unknown-operator 4:23 write `=`");
    shows!(brief(&in_file("filter: 'user = ''ada'' and eventName == \"PutImage\"'")), @"unknown-operator 4:43 write `=`");
    shows!(brief(&in_file("filter: \"user = \\\"ada\\\" and eventName == 1\"")), @"unknown-operator 4:43 write `=`");
    shows!(brief(&in_file("filter: |\n  user = \"ada\"\n    and eventName == 1")), @"unknown-operator 6:23 write `=`");
    shows!(brief(&in_file("filter: >-\n  user = \"ada\"\n\n  and eventName == 1")), @"unknown-operator 7:21 write `=`");
    shows!(brief(&in_file("filter: user = \"ada\"\n  and eventName == 1")), @"unknown-operator 5:21 write `=`");
    shows!(brief(&in_file("filter: \"\"")), @r#"empty-filter 4:13 write a condition, such as `eventName = "PutImage"`"#);
    shows!(brief(&in_file("filter: user = \"é\" and “PutImage” = eventName")), @r#"curly-quote 4:28 write `"` at both ends of the value"#);
}

#[test]
fn titles() {
    shows!(title("{{eventName}} by {{user"), @r#"
    error[unclosed-field]: `{{` has no closing `}}`
     --> rules.yaml:5:30
      |
    5 |     title: "{{eventName}} by {{user"
      |                              ^^ opened here
      |
      = rule: Images
      = help: write a field as `{{eventName}}`, or the characters as `\{{`
    "#);
    shows!(title("{{}} by {{user}}"), @r#"
    error[empty-field]: `{{}}` names no field
     --> rules.yaml:5:13
      |
    5 |     title: "{{}} by {{user}}"
      |             ^^^^ expected a field
      |
      = rule: Images
      = help: write a field such as `{{eventName}}`
    "#);
    shows!(title("{{event name}}"), @r#"
    error[bad-path]: `name` is not part of a field name
     --> rules.yaml:5:21
      |
    5 |     title: "{{event name}}"
      |                     ^^^^ expected `.` or the end
      |
      = rule: Images
      = help: put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``
    "#);
    shows!(brief(&title("{{eventName = 1}}")), @"bad-path 5:25 put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``");
    shows!(brief(&title("{{requestParameters.}}")), @"expected-name 5:33 write the name; put a name with special characters in back-quotes");
}

//! The messages about mistakes in filters and titles. Each must tell a tired reader what is wrong, where, and what to type
//! instead.
use insta::assert_snapshot as shows;
use trailbell::{diagnostic::render, filter::Filter, rule::RuleSet};

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
    shows!(filter(r#"eventName <> "PutImage""#), @r#"
    error[unknown-operator]: `<>` is not an operator
     --> filter:1:11
      |
    1 | eventName <> "PutImage"
      |           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `!=`
    "#);
    shows!(filter(r#"eventName =~ "Put""#), @r#"
    error[unknown-operator]: `=~` is not an operator
     --> filter:1:11
      |
    1 | eventName =~ "Put"
      |           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `matches` for a regular expression, or `like` for text anywhere in the value
    "#);
    shows!(filter(r#"eventName is "PutImage""#), @r#"
    error[unknown-operator]: `is` is not an operator
     --> filter:1:11
      |
    1 | eventName is "PutImage"
      |           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `=`, or `= null` for no value
    "#);
    shows!(filter("errorCode is not null"), @"
    error[unknown-operator]: `is` is not an operator
     --> filter:1:11
      |
    1 | errorCode is not null
      |           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `!=`, or `!= null` for any value
    ");
    shows!(filter("count => 5"), @"
    error[unknown-operator]: `=>` is not an operator
     --> filter:1:7
      |
    1 | count => 5
      |       ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `>=`
    ");
    shows!(filter(r#"eventName equals "PutImage""#), @r#"
    error[unknown-operator]: `equals` is not an operator
     --> filter:1:11
      |
    1 | eventName equals "PutImage"
      |           ^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `=`
    "#);
    shows!(filter(r#"eventName: "PutImage""#), @r#"
    error[expected-operator]: expected an operator after `eventName:`, found `"PutImage"`
     --> filter:1:12
      |
    1 | eventName: "PutImage"
      |            ^^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `eventName =`; a `:` at the end belongs to the name
    "#);
    shows!(filter(r#"eventName : "PutImage""#), @r#"
    error[unknown-operator]: `:` is not an operator
     --> filter:1:11
      |
    1 | eventName : "PutImage"
      |           ^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `=`
    "#);
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
    shows!(filter(r#"eventName = "PutImage"||errorCode = null"#), @r#"
    error[symbol-for-word]: `||` is not part of the language
     --> filter:1:23
      |
    1 | eventName = "PutImage"||errorCode = null
      |                       ^^ expected `or`
      |
      = help: write `or`
    "#);
    shows!(filter(r#"!(eventName = "PutImage")"#), @r#"
    error[symbol-for-word]: `!` is not part of the language
     --> filter:1:1
      |
    1 | !(eventName = "PutImage")
      | ^ expected `not`
      |
      = help: write `not`
    "#);
    shows!(filter(r#"!eventName = "PutImage""#), @r#"
    error[symbol-for-word]: `!` is not part of the language
     --> filter:1:1
      |
    1 | !eventName = "PutImage"
      | ^ expected `not`
      |
      = help: write `not`
    "#);
    shows!(filter(r#"eventName = "PutImage" & !(errorCode = null)"#), @r#"
    error[symbol-for-word]: `&` is not part of the language
     --> filter:1:24
      |
    1 | eventName = "PutImage" & !(errorCode = null)
      |                        ^ expected `and`
      |
      = help: write `and`
    "#);
    shows!(filter(r#"(eventName = "PutImage" && errorCode = null)"#), @r#"
    error[symbol-for-word]: `&&` is not part of the language
     --> filter:1:25
      |
    1 | (eventName = "PutImage" && errorCode = null)
      |                         ^^ expected `and`
      |
      = help: write `and`
    "#);
    shows!(filter(r#"eventName ! "PutImage""#), @r#"
    error[unknown-operator]: `!` is not an operator
     --> filter:1:11
      |
    1 | eventName ! "PutImage"
      |           ^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `!=`
    "#);
    shows!(filter(r#"eventName = "PutImage", errorCode = null"#), @r#"
    error[expected-connective]: `,` follows a complete condition
     --> filter:1:23
      |
    1 | eventName = "PutImage", errorCode = null
      |                       ^ expected `and`, `or` or the end of the filter
      |
      = help: write `and` or `or` instead; only lists in brackets have commas
    "#);
    shows!(filter(r#"eventName = "PutImage"; errorCode = null"#), @r#"
    error[expected-connective]: `;` follows a complete condition
     --> filter:1:23
      |
    1 | eventName = "PutImage"; errorCode = null
      |                       ^ expected `and`, `or` or the end of the filter
      |
      = help: write `and` or `or` instead; only lists in brackets have commas
    "#);
}

#[test]
fn misspelled_operators() {
    shows!(filter(r#"eventName start_with "Put""#), @r#"
    error[unknown-operator]: `start_with` is not an operator
     --> filter:1:11
      |
    1 | eventName start_with "Put"
      |           ^^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `starts_with`
    "#);
    shows!(filter(r#"eventName startswith "Put""#), @r#"
    error[unknown-operator]: `startswith` is not an operator
     --> filter:1:11
      |
    1 | eventName startswith "Put"
      |           ^^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `starts_with`
    "#);
    shows!(filter(r#"eventName Ends-With "Image""#), @r#"
    error[unknown-operator]: `Ends-With` is not an operator
     --> filter:1:11
      |
    1 | eventName Ends-With "Image"
      |           ^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `ends_with`
    "#);
    shows!(filter(r#"eventName lik "Image""#), @r#"
    error[unknown-operator]: `lik` is not an operator
     --> filter:1:11
      |
    1 | eventName lik "Image"
      |           ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `like`
    "#);
    shows!(filter(r#"eventName resembles "Image""#), @r#"
    error[unknown-operator]: `resembles` is not an operator
     --> filter:1:11
      |
    1 | eventName resembles "Image"
      |           ^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: `trailbell help filter` lists the operators; put a name with a blank in back-quotes
    "#);
    shows!(filter(r#"eventName not in ("PutImage", "DeleteImage")"#), @r#"
    error[unknown-operator]: `not` is not an operator
     --> filter:1:11
      |
    1 | eventName not in ("PutImage", "DeleteImage")
      |           ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `not (eventName in (…))`
    "#);
    shows!(filter(r#"eventName not like "Image""#), @r#"
    error[unknown-operator]: `not` is not an operator
     --> filter:1:11
      |
    1 | eventName not like "Image"
      |           ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `not (eventName like …)`
    "#);
    shows!(filter("errorCode not exists"), @"
    error[unknown-operator]: `not` is not an operator
     --> filter:1:11
      |
    1 | errorCode not exists
      |           ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `not errorCode exists`
    ");
    shows!(filter("errorCode not null"), @"
    error[unknown-operator]: `not` is not an operator
     --> filter:1:11
      |
    1 | errorCode not null
      |           ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `errorCode != null`
    ");
    shows!(filter("eventName"), @"
    error[expected-operator]: expected an operator after `eventName`, found the end of the filter
     --> filter:1:10
      |
    1 | eventName
      |          ^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: to test only whether it has a value, write `eventName exists`
    ");
    shows!(filter("eventName and errorCode = null"), @"
    error[expected-operator]: expected an operator after `eventName`, found `and`
     --> filter:1:11
      |
    1 | eventName and errorCode = null
      |           ^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: to test only whether it has a value, write `eventName exists`
    ");
    shows!(filter(r#"eventName "PutImage""#), @r#"
    error[expected-operator]: expected an operator after `eventName`, found `"PutImage"`
     --> filter:1:11
      |
    1 | eventName "PutImage"
      |           ^^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: put an operator between field and value, such as `eventName = …`
    "#);
    shows!(filter("(eventName)"), @"
    error[expected-operator]: expected an operator after `eventName`, found `)`
     --> filter:1:11
      |
    1 | (eventName)
      |           ^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: to test only whether it has a value, write `eventName exists`
    ");
    shows!(filter("user name = 'x'"), @"
    error[unknown-operator]: `name` is not an operator
     --> filter:1:6
      |
    1 | user name = 'x'
      |      ^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: `trailbell help filter` lists the operators; put a name with a blank in back-quotes
    ");
    shows!(filter("exists errorCode"), @"
    error[unknown-operator]: `errorCode` is not an operator
     --> filter:1:8
      |
    1 | exists errorCode
      |        ^^^^^^^^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = help: write `errorCode exists`
    ");
}

#[test]
fn quotes() {
    shows!(filter("eventName = “PutImage”"), @r#"
    error[curly-quote]: `“` is a curly double quote
     --> filter:1:13
      |
    1 | eventName = “PutImage”
      |             ^ expected a straight quote
      |
      = help: write `"` at both ends of the value
    "#);
    shows!(filter("eventName = ‘PutImage’"), @"
    error[curly-quote]: `‘` is a curly single quote
     --> filter:1:13
      |
    1 | eventName = ‘PutImage’
      |             ^ expected a straight quote
      |
      = help: write `'` at both ends of the value
    ");
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
    shows!(filter("eventName in (“PutImage”)"), @r#"
    error[curly-quote]: `“` is a curly double quote
     --> filter:1:15
      |
    1 | eventName in (“PutImage”)
      |               ^ expected a straight quote
      |
      = help: write `"` at both ends of the value
    "#);
    shows!(filter("eventName = PutImage"), @r#"
    error[unquoted-text]: `PutImage` is not in quotes
     --> filter:1:13
      |
    1 | eventName = PutImage
      |             ^^^^^^^^ expected text in quotes
      |
      = help: write `"PutImage"`
    "#);
    shows!(filter("eventSource = ecr.amazonaws.com and errorCode = null"), @r#"
    error[unquoted-text]: `ecr.amazonaws.com` is not in quotes
     --> filter:1:15
      |
    1 | eventSource = ecr.amazonaws.com and errorCode = null
      |               ^^^^^^^^^^^^^^^^^ expected text in quotes
      |
      = help: write `"ecr.amazonaws.com"`
    "#);
    shows!(filter("ip = 10.0.0.1"), @r#"
    error[unquoted-text]: `10.0.0.1` is not in quotes
     --> filter:1:6
      |
    1 | ip = 10.0.0.1
      |      ^^^^^^^^ expected text in quotes
      |
      = help: write `"10.0.0.1"`
    "#);
    shows!(filter("eventName in (PutImage, DeleteImage)"), @r#"
    error[unquoted-text]: `PutImage` is not in quotes
     --> filter:1:15
      |
    1 | eventName in (PutImage, DeleteImage)
      |               ^^^^^^^^ expected text in quotes
      |
      = help: write `"PutImage"`
    "#);
    shows!(filter("eventName = \"PutImage"), @r#"
    error[unclosed-quote]: a quote is never closed
     --> filter:1:22
      |
    1 | eventName = "PutImage
      |             -        ^ expected `"`
      |             |
      |             opened here
      |
      = help: close it with `"`; a line break in a value is written `\n`
    "#);
    shows!(filter("eventName = 'PutImage"), @r"
    error[unclosed-quote]: a quote is never closed
     --> filter:1:22
      |
    1 | eventName = 'PutImage
      |             -        ^ expected `'`
      |             |
      |             opened here
      |
      = help: close it with `'`; a line break in a value is written `\n`
    ");
    shows!(filter("eventName = \"PutImage\nand errorCode = null"), @r#"
    error[unclosed-quote]: a line break inside quotes
     --> filter:1:22
      |
    1 | eventName = "PutImage
      |             -        ^ expected `"`
      |             |
      |             opened here
      |
      = help: close it with `"`; a line break in a value is written `\n`
    "#);
    shows!(filter("`event.name = 1"), @"
    error[unclosed-quote]: a back-quote is never closed
     --> filter:1:16
      |
    1 | `event.name = 1
      | - opened here  ^ expected a back-quote
      |
      = help: close the back-quote after the name
    ");
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
    shows!(filter(r#"path = "C:\"#), @r#"
    error[bad-escape]: `\` is not an escape
     --> filter:1:11
      |
    1 | path = "C:\
      |           ^ expected `\\`, `\"`, `\'`, `\n`, `\r`, `\t` or `\u{…}`
      |
      = help: for a backslash write `\\`: `\\`
    "#);
    shows!(filter(r#"path = "C:\""#), @r#"
    error[unclosed-quote]: a quote is never closed
     --> filter:1:13
      |
    1 | path = "C:\"
      |        -    ^ expected `"`
      |        |
      |        opened here
      |
      = help: write `\\` for a backslash: `\"` is a quote inside the text
    "#);
    shows!(filter(r#"name = "\u00e9""#), @r#"
    error[bad-escape]: `\u` needs the number of a character
     --> filter:1:9
      |
    1 | name = "\u00e9"
      |         ^^ expected `\u{…}` with one to six hexadecimal digits
      |
      = help: write, for example, `\u{e9}` for é
    "#);
    shows!(filter(r#"name = "\u{110000}""#), @r#"
    error[bad-escape]: `\u` needs the number of a character
     --> filter:1:9
      |
    1 | name = "\u{110000}"
      |         ^^^^^^^^^^ expected `\u{…}` with one to six hexadecimal digits
      |
      = help: write, for example, `\u{e9}` for é
    "#);
    shows!(filter("eventName = \"Put\" Image"), @r#"
    error[expected-connective]: `Image` follows a complete condition
     --> filter:1:19
      |
    1 | eventName = "Put" Image
      |                   ^^^^^ expected `and`, `or` or the end of the filter
      |
      = help: join conditions with `and` or `or`; put a value that has blanks in quotes
    "#);
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
    shows!(filter("errorCode = null and (eventName = \"PutImage\"\n  or eventName = \"DeleteImage\""), @r#"
    error[unclosed-bracket]: `(` is never closed
     --> filter:2:31
      |
    1 | errorCode = null and (eventName = "PutImage"
      |                      - opened here
    2 |   or eventName = "DeleteImage"
      |                               ^ expected `)`, `and` or `or`
      |
      = help: add the `)`
    "#);
    shows!(filter(r#"eventName = "PutImage")"#), @r#"
    error[unmatched-bracket]: `)` has no `(` before it
     --> filter:1:23
      |
    1 | eventName = "PutImage")
      |                       ^ expected the end of the filter
      |
      = help: remove it, or add the `(`
    "#);
    shows!(filter(r#"(eventName = "PutImage")) and errorCode = null"#), @r#"
    error[unmatched-bracket]: `)` has no `(` before it
     --> filter:1:25
      |
    1 | (eventName = "PutImage")) and errorCode = null
      |                         ^ expected the end of the filter
      |
      = help: remove it, or add the `(`
    "#);
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
    shows!(filter(r#"eventName in ("PutImage" "DeleteImage")"#), @r#"
    error[unclosed-list]: `"DeleteImage"` follows a value of a list
     --> filter:1:26
      |
    1 | eventName in ("PutImage" "DeleteImage")
      |              -           ^^^^^^^^^^^^^ expected `,` or `)`
      |              |
      |              the list begins here
      |
      = help: put `,` between the values and `)` after the last
    "#);
    shows!(filter(r#"eventName in ("PutImage",)"#), @r#"
    error[expected-value]: expected a value after `in`, found `)`
     --> filter:1:26
      |
    1 | eventName in ("PutImage",)
      |                          ^ expected a value
      |
      = help: write at least one value, and no `,` after the last
    "#);
    shows!(filter("eventName in (\"PutImage\" and errorCode = null"), @r#"
    error[unclosed-list]: `and` follows a value of a list
     --> filter:1:26
      |
    1 | eventName in ("PutImage" and errorCode = null
      |              -           ^^^ expected `,` or `)`
      |              |
      |              the list begins here
      |
      = help: put `,` between the values and `)` after the last
    "#);
    shows!(filter("eventName in ()"), @"
    error[expected-value]: expected a value after `in`, found `)`
     --> filter:1:15
      |
    1 | eventName in ()
      |               ^ expected a value
      |
      = help: write at least one value, and no `,` after the last
    ");
    shows!(filter(r#"eventName in "PutImage""#), @r#"
    error[expected-list]: expected a list after `in`, found `"PutImage"`
     --> filter:1:14
      |
    1 | eventName in "PutImage"
      |              ^^^^^^^^^^ expected `(`
      |
      = help: write `in ("PutImage")`
    "#);
    shows!(filter(r#"eventName in ["PutImage"]"#), @r#"
    error[expected-list]: expected a list after `in`, found `["PutImage"]`
     --> filter:1:14
      |
    1 | eventName in ["PutImage"]
      |              ^^^^^^^^^^^^ expected `(`
      |
      = help: write the list in `(` and `)`
    "#);
    shows!(filter("eventName in PutImage"), @r#"
    error[expected-list]: expected a list after `in`, found `PutImage`
     --> filter:1:14
      |
    1 | eventName in PutImage
      |              ^^^^^^^^ expected `(`
      |
      = help: write `in ("PutImage")`, or `in $PutImage` for the list of that name
    "#);
    shows!(filter(r#"eventName in ("PutImage", null)"#), @r#"
    error[null-not-here]: `null` cannot follow `in`
     --> filter:1:27
      |
    1 | eventName in ("PutImage", null)
      |                           ^^^^ expected a value
      |
      = help: to test for no value, write `= null`; to test for any value, write `!= null`
    "#);
    shows!(filter(r#"eventName = ("PutImage", "DeleteImage")"#), @r#"
    error[expected-value]: `=` takes one value, not a list
     --> filter:1:13
      |
    1 | eventName = ("PutImage", "DeleteImage")
      |             ^ expected a value
      |
      = help: write `in` to compare with each value of a list, such as `eventName in ("a", "b")`
    "#);
    shows!(filter(r#"eventName = ["PutImage"]"#), @r#"
    error[expected-value]: `=` takes one value, not a list
     --> filter:1:13
      |
    1 | eventName = ["PutImage"]
      |             ^^^^^^^^^^^^ expected a value
      |
      = help: write `in` to compare with each value of a list, such as `eventName in ("a", "b")`
    "#);
}

#[test]
fn the_wrong_way_round() {
    shows!(filter(r#""PutImage" = eventName"#), @r#"
    error[expected-condition]: expected a field, found `"PutImage"`
     --> filter:1:1
      |
    1 | "PutImage" = eventName
      | ^^^^^^^^^^ expected a field name, `not` or `(`
      |
      = help: write a field and an operator on the left of each value, such as `eventName = "PutImage"`
    "#);
    shows!(filter("5 < count"), @r#"
    error[expected-condition]: expected a field, found `5`
     --> filter:1:1
      |
    1 | 5 < count
      | ^ expected a field name, `not` or `(`
      |
      = help: write a field and an operator on the left of each value, such as `eventName = "PutImage"`
    "#);
    shows!(filter("= 5"), @r#"
    error[expected-condition]: `=` is not the beginning of a condition
     --> filter:1:1
      |
    1 | = 5
      | ^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(filter(r#"and eventName = "PutImage""#), @r#"
    error[expected-condition]: `and` has no condition before it
     --> filter:1:1
      |
    1 | and eventName = "PutImage"
      | ^^^ expected a field name, `not` or `(`
      |
      = help: write a condition before it, or remove it; a field of that name is written `` `and` ``
    "#);
    shows!(filter(r#"eventName = "PutImage" and"#), @r#"
    error[expected-condition]: the filter ends where it needs a condition
     --> filter:1:27
      |
    1 | eventName = "PutImage" and
      |                           ^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`, or remove the last word
    "#);
    shows!(filter(r#"eventName = "PutImage" or or errorCode = null"#), @r#"
    error[expected-condition]: `or` has no condition before it
     --> filter:1:27
      |
    1 | eventName = "PutImage" or or errorCode = null
      |                           ^^ expected a field name, `not` or `(`
      |
      = help: write a condition before it, or remove it; a field of that name is written `` `or` ``
    "#);
    shows!(filter(r#"eventName = "PutImage" or "DeleteImage""#), @r#"
    error[expected-condition]: expected a field, found `"DeleteImage"`
     --> filter:1:27
      |
    1 | eventName = "PutImage" or "DeleteImage"
      |                           ^^^^^^^^^^^^^ expected a field name, `not` or `(`
      |
      = help: write a field and an operator on the left of each value, such as `eventName = "PutImage"`
    "#);
    shows!(filter(r#"eventName = "PutImage" errorCode = null"#), @r#"
    error[expected-connective]: `errorCode` follows a complete condition
     --> filter:1:24
      |
    1 | eventName = "PutImage" errorCode = null
      |                        ^^^^^^^^^ expected `and`, `or` or the end of the filter
      |
      = help: join conditions with `and` or `or`; put a value that has blanks in quotes
    "#);
    shows!(filter(r#"eventName = "PutImage" # images"#), @r#"
    error[comment]: a filter cannot contain comments
     --> filter:1:24
      |
    1 | eventName = "PutImage" # images
      |                        ^ expected `and`, `or` or the end of the filter
      |
      = help: write the comment on a line of its own above `filter:`, after a `#`
    "#);
    shows!(filter(r#"eventName = "PutImage" -- images"#), @r#"
    error[comment]: a filter cannot contain comments
     --> filter:1:24
      |
    1 | eventName = "PutImage" -- images
      |                        ^^ expected `and`, `or` or the end of the filter
      |
      = help: write the comment on a line of its own above `filter:`, after a `#`
    "#);
    shows!(filter("errorCode = null and and"), @"
    error[expected-condition]: `and` has no condition before it
     --> filter:1:22
      |
    1 | errorCode = null and and
      |                      ^^^ expected a field name, `not` or `(`
      |
      = help: write a condition before it, or remove it; a field of that name is written `` `and` ``
    ");
    shows!(filter("a = 1 // images"), @"
    error[comment]: a filter cannot contain comments
     --> filter:1:7
      |
    1 | a = 1 // images
      |       ^^ expected `and`, `or` or the end of the filter
      |
      = help: write the comment on a line of its own above `filter:`, after a `#`
    ");
    shows!(filter("not"), @r#"
    error[expected-condition]: the filter ends where it needs a condition
     --> filter:1:4
      |
    1 | not
      |    ^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`, or remove the last word
    "#);
    shows!(filter("not not"), @r#"
    error[expected-condition]: the filter ends where it needs a condition
     --> filter:1:8
      |
    1 | not not
      |        ^ expected a field name, `not` or `(`
      |
      = help: write a condition, such as `eventName = "PutImage"`, or remove the last word
    "#);
    shows!(filter("requestParameters. = 1"), @"
    error[expected-name]: a blank follows a `.`
     --> filter:1:19
      |
    1 | requestParameters. = 1
      |                   ^ expected a name
      |
      = help: write the name; put a name with special characters in back-quotes
    ");
    shows!(filter("requestParameters..tag = 1"), @"
    error[expected-name]: `.tag` follows a `.`
     --> filter:1:19
      |
    1 | requestParameters..tag = 1
      |                   ^^^^ expected a name
      |
      = help: write the name; put a name with special characters in back-quotes
    ");
    shows!(filter("requestParameters.2 = 1"), @"
    error[expected-name]: `2` follows a `.`
     --> filter:1:19
      |
    1 | requestParameters.2 = 1
      |                   ^ expected a name
      |
      = help: write a list index as `[2]`, without the `.`, and a name in back-quotes
    ");
    shows!(filter("items.*.tag = 1"), @"
    error[expected-name]: `*.tag` follows a `.`
     --> filter:1:7
      |
    1 | items.*.tag = 1
      |       ^^^^^ expected a name
      |
      = help: remove it: a path searches lists by itself
    ");
    shows!(filter(""), @r#"
    error[empty-filter]: the filter is empty
     --> filter:1:1
      |
    1 |
      | ^ expected a condition
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(filter(" \n "), @r#"
    error[empty-filter]: the filter is empty
     --> filter:1:1
      |
    1 |  
      | ^ expected a condition
      |
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(filter("eventName ="), @"
    error[expected-value]: expected a value after `=`, found the end of the filter
     --> filter:1:12
      |
    1 | eventName =
      |            ^ expected a value
      |
      = help: write text in quotes, a number, `true` or `false`
    ");
    shows!(filter("eventName = and errorCode = null"), @"
    error[expected-value]: expected a value after `=`, found `and`
     --> filter:1:13
      |
    1 | eventName = and errorCode = null
      |             ^^^ expected a value
      |
      = help: write text in quotes, a number, `true` or `false`
    ");
    shows!(filter("eventName = \n"), @"
    error[expected-value]: expected a value after `=`, found the end of the filter
     --> filter:1:14
      |
    1 | eventName = 
      |             ^ expected a value
      |
      = help: write text in quotes, a number, `true` or `false`
    ");
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
    shows!(filter("eventName starts_with true"), @r#"
    error[wrong-operand]: `starts_with` does not take `true`
     --> filter:1:23
      |
    1 | eventName starts_with true
      |                       ^^^^ expected text
      |
      = help: quote it: `"true"`
    "#);
    shows!(filter("eventName like null"), @"
    error[null-not-here]: `null` cannot follow `like`
     --> filter:1:16
      |
    1 | eventName like null
      |                ^^^^ expected a value
      |
      = help: to test for no value, write `= null`; to test for any value, write `!= null`
    ");
    shows!(filter("count < null"), @"
    error[null-not-here]: `null` cannot follow `<`
     --> filter:1:9
      |
    1 | count < null
      |         ^^^^ expected a value
      |
      = help: to test for no value, write `= null`; to test for any value, write `!= null`
    ");
    shows!(filter("count < \"many\""), @r#"
    error[wrong-operand]: `<` does not take `"many"`
     --> filter:1:9
      |
    1 | count < "many"
      |         ^^^^^^ expected a number
      |
      = help: write a number such as `10`, or compare text with `=`, `starts_with` or `like`
    "#);
    shows!(filter("count >= true"), @"
    error[wrong-operand]: `>=` does not take `true`
     --> filter:1:10
      |
    1 | count >= true
      |          ^^^^ expected a number
      |
      = help: write a number such as `10`, or compare text with `=`, `starts_with` or `like`
    ");
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
    shows!(filter("recipientAccountId in (111122223333, 012345678901)"), @r#"
    error[leading-zero]: the number `012345678901` begins with a zero
     --> filter:1:38
      |
    1 | recipientAccountId in (111122223333, 012345678901)
      |                                      ^^^^^^^^^^^^ expected text in quotes
      |
      = note: a number has no leading zero; an account id is text
      = help: quote it: `"012345678901"`
    "#);
    shows!(filter("count = 1e999"), @"
    error[number-too-large]: `1e999` is too large
     --> filter:1:9
      |
    1 | count = 1e999
      |         ^^^^^ expected a number up to 1.8e308
      |
      = help: write a smaller number, or quote it to compare it as text
    ");
    shows!(filter("count = 5 minutes"), @"
    error[expected-connective]: `minutes` follows a complete condition
     --> filter:1:11
      |
    1 | count = 5 minutes
      |           ^^^^^^^ expected `and`, `or` or the end of the filter
      |
      = help: join conditions with `and` or `or`; put a value that has blanks in quotes
    ");
    shows!(filter("count = 5m"), @r#"
    error[unquoted-text]: `5m` is not in quotes
     --> filter:1:9
      |
    1 | count = 5m
      |         ^^ expected text in quotes
      |
      = help: write `"5m"`
    "#);
    shows!(filter("count = .5"), @"
    error[expected-value]: expected a value after `=`, found `.5`
     --> filter:1:9
      |
    1 | count = .5
      |         ^^ expected a value
      |
      = help: write a digit before the point, such as `0.5`
    ");
    shows!(filter("count = 0x1F"), @r#"
    error[unquoted-text]: `0x1F` is not in quotes
     --> filter:1:9
      |
    1 | count = 0x1F
      |         ^^^^ expected text in quotes
      |
      = help: write `"0x1F"`
    "#);
    shows!(filter("count = +5"), @"
    error[expected-value]: expected a value after `=`, found `+5`
     --> filter:1:9
      |
    1 | count = +5
      |         ^^ expected a value
      |
      = help: write the number without `+`
    ");
    shows!(filter("count = 1,000"), @"
    error[expected-connective]: `,` follows a complete condition
     --> filter:1:10
      |
    1 | count = 1,000
      |          ^ expected `and`, `or` or the end of the filter
      |
      = help: write `and` or `or` instead; only lists in brackets have commas
    ");
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
    shows!(in_file("filter: eventName == \"PutImage\""), @r#"
    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:4:23
      |
    4 |     filter: eventName == "PutImage"
      |                       ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`
    "#);
    shows!(in_file("filter: 'user = ''ada'' and eventName == \"PutImage\"'"), @r#"
    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:4:43
      |
    4 |     filter: 'user = ''ada'' and eventName == "PutImage"'
      |                                           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`
    "#);
    shows!(in_file("filter: \"user = \\\"ada\\\" and eventName == 1\""), @r#"
    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:4:43
      |
    4 |     filter: "user = \"ada\" and eventName == 1"
      |                                           ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`
    "#);
    shows!(in_file("filter: |\n  user = \"ada\"\n    and eventName == 1"), @"
    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:6:23
      |
    6 |         and eventName == 1
      |                       ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`
    ");
    shows!(in_file("filter: >-\n  user = \"ada\"\n\n  and eventName == 1"), @"
    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:7:21
      |
    7 |       and eventName == 1
      |                     ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`
    ");
    shows!(in_file("filter: user = \"ada\"\n  and eventName == 1"), @"
    error[unknown-operator]: `==` is not an operator
     --> rules.yaml:5:21
      |
    5 |       and eventName == 1
      |                     ^^ expected `=`, `!=`, `in`, `like` or another operator
      |
      = rule: Images
      = help: write `=`
    ");
    shows!(in_file("filter: \"\""), @r#"
    error[empty-filter]: the filter is empty
     --> rules.yaml:4:13
      |
    4 |     filter: ""
      |             ^ expected a condition
      |
      = rule: Images
      = help: write a condition, such as `eventName = "PutImage"`
    "#);
    shows!(in_file("filter: user = \"é\" and “PutImage” = eventName"), @r#"
    error[curly-quote]: `“` is a curly double quote
     --> rules.yaml:4:28
      |
    4 |     filter: user = "é" and “PutImage” = eventName
      |                            ^ expected a straight quote
      |
      = rule: Images
      = help: write `"` at both ends of the value
    "#);
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
      = help: write a field as `{{eventName}}`
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
    shows!(title("{{eventName = 1}}"), @r#"
    error[bad-path]: `=` is not part of a field name
     --> rules.yaml:5:25
      |
    5 |     title: "{{eventName = 1}}"
      |                         ^ expected `.` or the end
      |
      = rule: Images
      = help: put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``
    "#);
    shows!(title("{{requestParameters.}}"), @r#"
    error[expected-name]: no name follows a `.`
     --> rules.yaml:5:33
      |
    5 |     title: "{{requestParameters.}}"
      |                                 ^ expected a name
      |
      = rule: Images
      = help: write the name; put a name with special characters in back-quotes
    "#);
}

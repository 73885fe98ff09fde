//! The language reference agrees with the code: its tables are those of the code, and its examples parse.

use trailbell::{
    filter::{
        Filter, REFERENCE,
        operand::{Takes, Value},
        operator::{self, Operator},
    },
    record::Virtual,
    rule::RuleSet,
};

/// The text between the heading of that name and the next.
fn section(name: &str) -> &'static str {
    let heading = format!("\n## {name}\n");
    let (_, section) = REFERENCE.split_once(&heading).unwrap_or_else(|| panic!("there is no section `{name}`"));
    section.split("\n## ").next().unwrap_or_default()
}

/// The cells of the section's table, without its two rows of heading.
fn table(name: &str) -> Vec<Vec<String>> {
    let rows = section(name).lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The code blocks of that language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    REFERENCE.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

fn refuses(operator: &Operator, operand: Value) -> bool {
    (operator.compile)(&operand).is_err()
}

#[test]
fn operators_are_those_of_the_code() {
    let expected: Vec<_> = operator::all()
        .map(|operator| {
            let field = if operator.takes_field() { ", field" } else { "" };
            let takes = match operator.takes {
                Takes::ValueOrList if operator.raw => "pattern or list",
                Takes::ValueOrList => "text or list",
                Takes::ValueOrNull => "value or `null`",
                Takes::List => "list",
                Takes::Accounts => "account or list",
                Takes::Nothing => "nothing",
                Takes::Value if refuses(operator, Value::Text("a".to_owned())) => "number",
                Takes::Value if refuses(operator, Value::Bool(true)) => "text",
                Takes::Value => "value",
            };
            let extension = if operator.extension { "(ext)" } else { "" };
            [&format!("`{}`", operator.spelling), &format!("{takes}{field}"), operator.summary, extension]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    assert_eq!(table("Operators"), expected);
}

#[test]
fn virtual_fields_are_those_of_the_code() {
    let expected: Vec<_> =
        Virtual::ALL.iter().map(|(_, name, summary)| vec![format!("`{name}`"), (*summary).to_owned()]).collect();
    assert_eq!(table("Virtual fields"), expected);
}

#[test]
fn examples_parse() {
    let (filters, rules) = (blocks("text"), blocks("yaml"));
    assert!(!filters.is_empty() && !rules.is_empty());
    for filter in filters {
        Filter::parse(filter).unwrap_or_else(|errors| panic!("{filter}\n{errors:#?}"));
    }
    for file in rules {
        RuleSet::parse(file).unwrap_or_else(|errors| panic!("{file}\n{errors:#?}"));
    }
}

#[test]
fn mistakes_are_errors_and_their_repairs_parse() {
    let mut count = 0;
    for line in section("Mistakes").lines().filter_map(|line| line.strip_prefix("- ")) {
        let (wrong, right) = line.split_once(" → ").unwrap_or_else(|| panic!("no repair: {line}"));
        let (wrong, right) = (wrong.trim_matches('`'), right.trim_matches('`'));
        assert!(Filter::parse(wrong).is_err(), "{wrong}");
        Filter::parse(right).unwrap_or_else(|errors| panic!("{right}\n{errors:#?}"));
        count += 1;
    }
    assert!(count > 0);
}

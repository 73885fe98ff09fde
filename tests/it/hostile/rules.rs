//! Rules files with mistakes that YAML makes easy.

use serde_json::{Value, json};
use trailbell::{record::Record, rule::RuleSet};

fn rules(filter: &str) -> String {
    format!("rules:\n  - name: a\n    severity: 1\n    filter: {filter}\n")
}

/// The codes of the errors in a rules file.
fn codes(text: &str) -> Vec<&'static str> {
    RuleSet::parse(text).err().unwrap_or_default().iter().map(|error| error.code).collect()
}

fn matches(text: &str, record: Value) -> bool {
    let (set, _) = RuleSet::parse(text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"));
    set.rules[0].filter.matches(Record::new(record).unwrap().root())
}

/// One backslash in the filter, whatever the YAML style does to get it there.
#[test]
fn rules_file_with_backslashes_in_single_and_double_quotes() {
    for filter in [r#"'x matches "^\d$"'"#, r#""x matches '^\\d$'""#, "|\n      x matches \"^\\d$\""] {
        assert!(matches(&rules(filter), json!({"x": "7"})), "{filter}");
        assert!(!matches(&rules(filter), json!({"x": "d"})), "{filter}");
    }
}

#[test]
fn rules_file_with_no_and_off_where_text_or_a_boolean_is_meant() {
    let (set, _) =
        RuleSet::parse("rules:\n  - name: NO\n    severity: 1\n    filter: x = 1\n    tags: [off, on]\n").unwrap();
    assert_eq!(
        (set.rules[0].name.as_str(), set.rules[0].tags.as_slice()),
        ("NO", ["off".to_owned(), "on".to_owned()].as_slice())
    );
    assert_eq!(codes("rules:\n  - {name: a, severity: 1, filter: x = 1, enabled: off}\n"), ["wrong-type"]);
}

/// An account id is text, with its zero: YAML would read a number, and an octal one at that.
#[test]
fn rules_file_with_an_unquoted_account_id_that_begins_with_zero() {
    let text = "lists:\n  ours: [012345678901]\nrules:\n  - name: a\n    severity: 1\n    filter: recipientAccountId in $ours\n";
    assert_eq!(codes(text), ["leading-zero"]);
    let quoted = text.replace("012345678901", "\"012345678901\"");
    assert!(matches(&quoted, json!({"recipientAccountId": "012345678901"})));
    for other in ["12345678901", "1402433619", "9999999"] {
        assert!(!matches(&quoted, json!({"recipientAccountId": other})), "{other}");
    }
}

#[test]
fn rules_file_with_names_or_ids_twice() {
    for text in [
        "rules:\n  - {name: a, severity: 1, filter: x = 1}\n  - {name: a, severity: 1, filter: x = 1}\n",
        "rules:\n  - {name: a, id: i, severity: 1, filter: x = 1}\n  - {name: b, id: i, severity: 1, filter: x = 1}\n",
    ] {
        assert!(codes(text).iter().any(|code| code.starts_with("duplicate")), "{text}: {:?}", codes(text));
    }
}

#[test]
fn rules_file_that_is_empty_or_has_an_unknown_field_or_operator() {
    for text in ["", "\n", "# nothing\n", "rules: []\n"] {
        assert!(!codes(text).is_empty(), "{text:?}");
    }
    assert_eq!(codes("rules:\n  - {name: a, severity: 1, filter: x = 1, color: red}\n"), ["unknown-key"]);
    assert_eq!(codes(&rules("x == 1")), ["unknown-operator"]);
}

/// A pattern with which backtracking engines never end.
#[test]
fn rules_file_with_a_catastrophic_regular_expression() {
    let text = rules("'x matches \"^(a+)+$\"'");
    assert!(!matches(&text, json!({"x": format!("{}!", "a".repeat(100_000))})));
    assert!(matches(&text, json!({"x": "a".repeat(100_000)})));
}

#[test]
fn rules_file_with_a_byte_order_mark_and_with_tabs() {
    assert!(matches(&format!("\u{feff}{}", rules("x = 1")), json!({"x": 1})));
    assert_eq!(codes("rules:\n\t- name: a\n"), ["bad-yaml"]);
}

#[test]
fn rules_file_with_aliases_that_unfold() {
    let level = |level: usize| {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("  a{level}: &a{level} [{inner}]\n")
    };
    let bomb: String = (1..10).map(level).collect();
    let bomb = format!("lists:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{bomb}");
    let errors = RuleSet::parse(&format!("{bomb}{}", rules("x = 1"))).err().unwrap();
    let titles: Vec<_> = errors.iter().map(|error| &*error.title).collect();
    assert_eq!(titles, ["the aliases of this file expand to more than 16 MiB"]);
    let aliased = "rules:\n  - {name: &n a, severity: 1, filter: x = 1, description: *n}\n";
    assert!(matches(aliased, json!({"x": 1})));
}

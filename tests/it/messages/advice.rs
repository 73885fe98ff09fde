//! A rule's description with the values of the event.

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, NamedRule, render},
    rule::RuleSet,
};

use crate::messages::{alert_of, json as rendered};

fn rules(description: &str) -> RuleSet {
    let rule = json!({"name": "R", "severity": 2, "filter": "eventName exists", "description": description});
    RuleSet::parse(&json!({"rules": [rule]}).to_string()).unwrap().0
}

fn described(description: &str, name: &str) -> Alert {
    let record = json!({"eventName": "X", "userIdentity": {"type": "IAMUser", "userName": name}});
    alert_of(rules(description), 0, record, None)
}

/// The lines of the text between the lead and the rows.
fn text(alert: &Alert) -> String {
    let body = render(Format::TEXT, alert).body;
    body.split("\n\n").nth(1).unwrap().to_owned()
}

fn others(alert: &Alert) -> (String, Value) {
    let chat = rendered(alert, Format::CHAT)["content"]["description"].as_str().unwrap().to_owned();
    (chat.split("\n\n").nth(1).unwrap().to_owned(), rendered(alert, Format::OCSF)["remediation"]["desc"].clone())
}

#[test]
fn a_description_has_the_values_of_the_event() {
    let alert = described("Ask {{user}} about {{eventName}}[[ from {{ip}}]].\nThen {{missing}}.\n", "ada_l");
    assert_eq!(text(&alert), "Ask ada_l about X.\nThen undefined.");
    assert_eq!(
        others(&alert),
        ("Ask `ada_l` about `X`.\nThen `undefined`.".to_owned(), json!("Ask ada_l about X.\nThen undefined."))
    );
}

/// Whatever a caller is named, it is one value on one line, without links and markup.
#[test]
fn a_value_in_a_description_is_data() {
    let alert = described("{{user}}: ask.", "x\nRunbook   https://evil.example `*");
    assert_eq!(text(&alert), "\"x Runbook https[:][//]evil[.]example `*\": ask.");
    let (chat, finding) = others(&alert);
    assert_eq!(chat, "`x Runbook https[:][//]evil[.]example ｀*`: ask.");
    assert_eq!(finding, "x Runbook https://evil.example `*: ask.");
    let long = described(&format!("{}{{{{user}}}} {{{{user}}}}", "a".repeat(690)), &"b".repeat(400));
    let (chat, _) = others(&long);
    assert!(chat.chars().count() <= 701 && chat.matches('`').count() % 2 == 0, "{chat}");
    assert!(text(&long).chars().count() < 2_000, "{}", text(&long));
}

#[test]
fn a_description_without_fields_stays_as_it_is() {
    for text in ["One line.\n\n  - a { } [b] ]] }}\n  - c", "x"] {
        assert_eq!(rules(text).rules[0].description.as_deref(), Some(text));
        assert_eq!(self::text(&described(&text.replace("\n\n", "\n"), "ada")), text.replace("\n\n", "\n"));
    }
    assert_eq!(text(&described(r"Write \{{user}} and \[[a]].", "ada")), "Write {{user}} and [[a]].");
}

/// Such a notice is about events of several callers.
#[test]
fn a_notice_shows_no_value() {
    let rule = NamedRule::from(&rules("Ask {{user}}[[ from {{ip}}]].").rules[0]);
    assert_eq!(rule.description.as_deref(), Some("Ask …."));
}

#[test]
fn a_mistake_in_a_description_has_its_place() {
    let file = "rules:\n  - {name: R, severity: 2, filter: eventName exists, description: \"Ask {{us er}}.\"}\n";
    let errors = RuleSet::parse(file).unwrap_err();
    assert_eq!(errors[0].code, "bad-path");
    assert!(file[errors[0].span.start..].starts_with("er}}"), "{errors:?}");
}

//! The shipped rules name only events that AWS logs.

use std::{collections::BTreeSet, fs};

use regex::Regex;
use trailbell::rule::RuleSet;

/// Names that no API model has, with the reason why they are correct.
const EXCEPTIONS: &[(&[&str], &str)] = &[
    (&["TestAlert"], "the test event of `trailbell doctor`, which no service logs"),
    (&["EmailUpdated"], "an event of AWS Sign-In for the root user, and no call"),
    (
        &[
            "AddMemberToGroup",
            "UpdatePassword",
            "DeleteMfaDeviceForUser",
            "StartVirtualMfaDeviceRegistration",
            "VerifyEmail",
            "DisassociateDirectory",
            "AssociateDirectory",
            "CreateExternalIdPConfigurationForDirectory",
            "EnableExternalIdPConfigurationForDirectory",
            "UpdateExternalIdPConfigurationForDirectory",
            "DisableExternalIdPConfigurationForDirectory",
            "PutMfaDeviceManagementForDirectory",
            "StartSSO",
            "UpdateSsoConfiguration",
        ],
        "calls of the console of IAM Identity Center, whose API is not public",
    ),
];

fn text(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// `source Verb:Noun,Noun` and `source Name Name`.
fn catalogue() -> BTreeSet<String> {
    let (apis, events) = (text("src/lint/catalogue/apis.txt"), text("src/lint/catalogue/events.txt"));
    let mut names = BTreeSet::new();
    for line in apis.lines().chain(events.lines()).filter(|line| !line.starts_with('#')) {
        for word in line.split_whitespace().skip(1) {
            let (verb, nouns) = word.split_once(':').unwrap_or(("", word));
            names.extend(nouns.split(',').map(|noun| format!("{verb}{noun}")));
        }
    }
    names
}

#[test]
fn every_event_is_in_the_catalogue_or_an_exception() {
    let catalogue = catalogue();
    assert!(catalogue.len() > 10_000 && !catalogue.contains("CreateAccesKey"));
    let named = Regex::new(r#"eventName (?:=|in) (\([^)]*\)|"[^"]*")"#).unwrap();
    let dated = Regex::new(r"20\d\d_?\d\d_?\d\d(v\d)?$").unwrap();
    let exceptions: BTreeSet<&str> = EXCEPTIONS.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    let (mut used, mut seen) = (BTreeSet::new(), 0);
    for rule in RuleSet::parse(&text("rules.yaml")).unwrap().0.rules {
        let filter = rule.filter.to_string();
        for list in named.captures_iter(&filter) {
            for name in list[1].split('"').skip(1).step_by(2) {
                seen += 1;
                if !catalogue.contains(name) && !catalogue.contains(&*dated.replace(name, "")) {
                    assert!(exceptions.contains(name), "{}: no API has `{name}`", rule.name);
                    used.insert(name.to_owned());
                }
            }
        }
    }
    assert!(seen > 300, "{seen}");
    assert_eq!(used.len(), exceptions.len(), "an exception is not needed any more: only {used:?} are");
}

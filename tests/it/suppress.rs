//! `trailbell suppress`: the entry suppresses the rule for the caller of the record, and for no one else.

use std::{fs, path::Path};

use insta::assert_snapshot;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Value, json};
use trailbell::{
    backtest,
    diagnostic::Diagnostic,
    lint,
    record::Record,
    rule::{NoOverrideEntry, OverrideEntry, Rule, RuleSet, SuppressBy, Verdict},
};

use crate::command::{Ran, folder, trailbell, trailbell_reading};

const TODAY: Date = date(2026, 3, 10);
const BY: [SuppressBy; 3] = [SuppressBy::Principal, SuppressBy::Role, SuppressBy::Key];

const RULES: &str = "rules:\n  - name: Images\n    severity: 3\n    filter: eventName = \"PutImage\"\n";

fn record(identity: &Value) -> Value {
    json!({
        "eventVersion": "1.08", "eventTime": "2026-03-02T09:00:00Z", "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage", "eventID": "e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3", "userIdentity": identity,
    })
}

fn user(name: &str) -> Value {
    json!({
        "type": "IAMUser", "principalId": "AIDAQRSTUVWXYZEXAMPLE", "accountId": "111122223333", "userName": name,
        "arn": format!("arn:aws:iam::111122223333:user/{name}"), "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    })
}

/// A session of a role, with the path of the role and the name of the session.
fn session(path: &str, role: &str, name: &str) -> Value {
    json!({
        "type": "AssumedRole", "principalId": format!("AROAQRSTUVWXYZEXAMPLE:{name}"), "accountId": "111122223333",
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}"), "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAQRSTUVWXYZEXAMPLE", "accountId": "111122223333", "userName": role,
            "arn": format!("arn:aws:iam::111122223333:role{path}{role}"),
        }},
    })
}

fn set() -> RuleSet {
    RuleSet::parse(RULES).unwrap().0
}

fn entry(record: &Value, by: SuppressBy) -> Result<OverrideEntry, NoOverrideEntry> {
    set().rules[0].override_entry(&Record::new(record.clone()).unwrap(), by, TODAY, 30)
}

/// The rules with the entry, and every warning about it.
fn applied(rules: RuleSet, entry: &OverrideEntry) -> (RuleSet, Vec<Diagnostic>) {
    let lines = entry.lines();
    let (rules, mut warnings) = rules.overridden(&lines).unwrap_or_else(|errors| panic!("{lines}\n{errors:#?}"));
    warnings.extend(lint::check_overrides(&rules, Some(TODAY)));
    (rules, warnings)
}

fn verdict(rule: &Rule, record: &Value) -> Verdict {
    rule.verdict(&Record::new(record.clone()).unwrap())
}

/// Each kind of caller by what AWS documents: "CloudTrail userIdentity element" in the AWS CloudTrail User Guide.
#[test]
fn each_kind_of_caller_has_what_the_caller_cannot_choose() {
    use NoOverrideEntry::{Anonymous, ChosenName, NoKey, NoRole, Root};
    let sso = session("/aws-reserved/sso.amazonaws.com/eu-west-1/", "AWSReservedSSO_Admin_1a2b", "ada@example.com");
    let federated = json!({
        "type": "FederatedUser", "principalId": "111122223333:ada", "arn": "arn:aws:sts::111122223333:federated-user/ada",
        "accountId": "111122223333", "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker"}},
    });
    let mut by_root = federated.clone();
    by_root["sessionContext"]["sessionIssuer"] = json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"});
    let root = json!({"type": "Root", "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"});
    let saml = json!({"type": "SAMLUser", "principalId": "ZRu9=:ada", "userName": "ada", "identityProvider": "ZRu9="});
    let web = json!({"type": "WebIdentityUser", "principalId": "accounts.google.com:app:1", "userName": "1"});
    let unknown = json!({"type": "Unknown", "principalId": "111122223333", "userName": "ada"});
    let portal = json!({
        "type": "Unknown", "principalId": "AROAQRSTUVWXYZEXAMPLE:ada", "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/ops/ada",
    });
    let foreign =
        json!({"type": "AWSAccount", "principalId": "AROAQRSTUVWXYZEXAMPLE:ada", "accountId": "444455556666"});
    let ok = |filter: &str| Ok(filter.to_owned());
    let key = ok("accessKey = \"AKIAIOSFODNN7EXAMPLE\"");
    let temporary = ok("accessKey = \"ASIAIOSFODNN7EXAMPLE\"");
    let cases = [
        (user("ada"), [ok("principal = \"arn:aws:iam::111122223333:user/ada\""), Err(NoRole), key]),
        (
            session("/", "deploy", "root"),
            [
                ok("principal = \"arn:aws:iam::111122223333:role/deploy\""),
                ok("role = \"deploy\" and accountId = \"111122223333\""),
                temporary.clone(),
            ],
        ),
        (
            sso,
            [
                ok(
                    "principal = \"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_1a2b:ada@example.com\"",
                ),
                ok("role = \"AWSReservedSSO_Admin_1a2b\" and accountId = \"111122223333\""),
                temporary.clone(),
            ],
        ),
        (
            json!({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}),
            [ok("principal = \"rds.amazonaws.com\""), Err(NoRole), Err(NoKey)],
        ),
        (
            json!({"accountId": "111122223333", "invokedBy": "AWS Internal"}),
            [ok("principal = \"111122223333:AWS Internal\""), Err(NoRole), Err(NoKey)],
        ),
        (foreign, [ok("principal = \"444455556666:AROAQRSTUVWXYZEXAMPLE\""), Err(NoRole), Err(NoKey)]),
        (portal, [ok("principal = \"arn:aws:sts::111122223333:assumed-role/ops\""), Err(NoRole), Err(NoKey)]),
        (
            json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "94482488-3041-7026"}}),
            [ok("principal = \"111122223333:94482488-3041-7026\""), Err(NoRole), Err(NoKey)],
        ),
        (federated, [Err(ChosenName), Err(NoRole), temporary]),
        (saml, [Err(ChosenName), Err(NoRole), Err(NoKey)]),
        (web, [Err(ChosenName), Err(NoRole), Err(NoKey)]),
        (unknown, [Err(ChosenName), Err(NoRole), Err(NoKey)]),
        (root, [(); 3].map(|()| Err(Root))),
        (by_root, [(); 3].map(|()| Err(Root))),
        (json!({"type": "AWSAccount", "accountId": "anonymous", "principalId": ""}), [(); 3].map(|()| Err(Anonymous))),
        (Value::Null, [(); 3].map(|()| Err(Anonymous))),
    ];
    for (identity, expected) in cases {
        let found = BY.map(|by| entry(&record(&identity), by).map(|entry| entry.filter));
        assert_eq!(found, expected, "{identity}");
    }
}

#[test]
fn what_proves_no_caller_has_no_entry() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut record = record(&session("/", "deploy", "ada"));
        change(&mut record);
        BY.map(|by| entry(&record, by).map(drop))
    };
    let failed = changed(&|record| {
        record["eventSource"] = json!("signin.amazonaws.com");
        record["responseElements"] = json!({"ConsoleLogin": "Failure"});
        record["userIdentity"] = user("ada");
    });
    assert_eq!(failed, [Err(NoOverrideEntry::FailedSignIn); 3]);
    assert_eq!(changed(&|record| record["eventSource"] = json!("signin.amazonaws.com")), [Ok(()); 3]);
    assert_eq!(changed(&|record| record["errorCode"] = json!("AccessDenied")), [Ok(()); 3]);
    assert_eq!(changed(&|record| record["eventTime"] = json!("today")), [Err(NoOverrideEntry::NoTime); 3]);
    assert_eq!(changed(&|record| record["eventCategory"] = json!("Insight")), [Err(NoOverrideEntry::NoCall); 3]);
    // Other accounts have roles of the same name.
    let without = changed(&|record| drop(record["userIdentity"].as_object_mut().unwrap().remove("accountId")));
    assert_eq!(without, [Ok(()), Err(NoOverrideEntry::NoAccount), Ok(())]);
    for (name, expected) in [
        ("a\u{202e}b", Err(NoOverrideEntry::OddValue)),
        ("a\nb", Err(NoOverrideEntry::OddValue)),
        ("a ", Err(NoOverrideEntry::OddValue)),
        ("a*", Err(NoOverrideEntry::OddValue)),
        (&*"x".repeat(65_536), Err(NoOverrideEntry::TooLong)),
        (&*"x".repeat(2_000), Ok(())),
    ] {
        assert_eq!(entry(&record(&user(name)), SuppressBy::Principal).map(drop), expected, "{name:.20}");
    }
}

#[test]
fn an_entry_has_its_event_and_its_last_day() {
    let entry = entry(&record(&session("/", "deploy", "ada")), SuppressBy::Role).unwrap();
    assert_snapshot!(entry.lines(), @r#"
    overrides:
      images:
        suppressions:
          - filter: role = "deploy" and accountId = "111122223333"
            reason: event e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3
            expires: 2026-04-09
    "#);
    let (rules, _) = applied(set(), &entry);
    let at = |time: &str| {
        let mut record = record(&session("/", "deploy", "grace"));
        record["eventTime"] = json!(time);
        verdict(&rules.rules[0], &record)
    };
    assert_eq!(at("2026-04-09T23:59:59Z"), Verdict::Suppressed);
    assert_eq!(at("2026-04-10T00:00:00Z"), Verdict::Match);
    // The clock of this machine may be late: the entry covers its own event nevertheless.
    let early = set().rules[0].override_entry(
        &Record::new(record(&user("ada"))).unwrap(),
        SuppressBy::Key,
        date(2020, 1, 1),
        1,
    );
    assert_eq!(early.unwrap().expires, date(2026, 3, 3));
}

/// The session's name is the caller's to choose; the account and the name of the role are not.
#[test]
fn an_entry_covers_the_sessions_of_its_role_and_no_other_caller() {
    let own = session("/", "deploy", "ada");
    let foreign = serde_json::from_str(&own.to_string().replace("111122223333", "444455556666")).unwrap();
    for by in [SuppressBy::Principal, SuppressBy::Role] {
        let (rules, warnings) = applied(set(), &entry(&record(&own), by).unwrap());
        assert_eq!(warnings, []);
        let verdict = |identity: &Value| verdict(&rules.rules[0], &record(identity));
        assert_eq!(verdict(&session("/", "deploy", "mallory")), Verdict::Suppressed);
        for other in
            [&foreign, &session("/", "other", "deploy"), &session("/", "other", "ada"), &user("deploy"), &user("ada")]
        {
            assert_eq!(verdict(other), Verdict::Match, "{by:?} {other}");
        }
    }
}

/// Every record that a shipped rule must match: the entry is valid, raises no warning, and suppresses that record alone.
#[test]
fn each_shipped_rule_is_suppressed_for_its_caller_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = RuleSet::parse(&fs::read_to_string(root.join("rules.yaml")).unwrap()).unwrap().0;
    let empty = RuleSet { rules: vec![], ..set.clone() };
    let (mut suppressed, mut others) = ([0; 3], 0);
    for rule in &set.rules {
        for test in rule.tests.iter().filter(|test| test.expect == Verdict::Match) {
            let json: Value = serde_json::from_slice(&fs::read(root.join(&test.record)).unwrap()).unwrap();
            let Ok(record) = backtest::changed(Record::new(json).unwrap(), &test.set) else { continue };
            for (at, by) in BY.into_iter().enumerate() {
                let Ok(entry) = rule.override_entry(&record, by, TODAY, 30) else { continue };
                let alone = RuleSet { rules: vec![rule.clone()], ..empty.clone() };
                let (rules, warnings) = applied(alone, &entry);
                assert_eq!(warnings, [], "{}: {}", rule.name, entry.lines());
                assert_eq!(rules.rules[0].verdict(&record), Verdict::Suppressed, "{}: {}", rule.name, entry.lines());
                suppressed[at] += 1;
                let mut other = record.to_value();
                let identity = other["userIdentity"].to_string();
                let identity =
                    identity.replace("EXAMPLE", "ANOTHER").replace("user/", "user/x").replace("role/", "role/x");
                let identity = identity
                    .replace("\"userName\":\"", "\"userName\":\"x")
                    .replace("\"invokedBy\":\"", "\"invokedBy\":\"x");
                other["userIdentity"] = serde_json::from_str(&identity).unwrap();
                let verdict = verdict(&rules.rules[0], &other);
                assert_ne!(verdict, Verdict::Suppressed, "{}: {}\n{identity}", rule.name, entry.lines());
                others += usize::from(verdict == Verdict::Match);
            }
        }
    }
    let [principals, roles, keys] = suppressed;
    assert!(principals > 150 && roles > 20 && keys > 100 && others > 150, "{suppressed:?} {others}");
}

proptest! {
    /// Whatever a name holds, the entry is valid YAML and a valid filter, and means that name.
    #[test]
    fn an_entry_means_its_value(name in "\\PC{0,40}|[ -~]{0,40}|[\"'\\\\:#{}\\[\\]&*!|>%@` -]{0,12}", other in "\\PC{0,40}") {
        let Ok(entry) = entry(&record(&user(&name)), SuppressBy::Principal) else { return Ok(()) };
        let (rules, warnings) = applied(set(), &entry);
        prop_assert!(warnings.is_empty(), "{}\n{warnings:#?}", entry.lines());
        prop_assert_eq!(verdict(&rules.rules[0], &record(&user(&name))), Verdict::Suppressed, "{}", entry.lines());
        if other != name {
            prop_assert_eq!(verdict(&rules.rules[0], &record(&user(&other))), Verdict::Match, "{}", entry.lines());
        }
    }
}

/// What the command prints, with the last day replaced.
fn shown(ran: &Ran) -> String {
    ran.stdout.lines().map(|line| line.split("expires: ").next().unwrap_or_default().to_owned() + "\n").collect()
}

fn refused(arguments: &[&str], says: &str) {
    let ran = trailbell(&[&["suppress"], arguments].concat());
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
}

#[test]
fn the_command_prints_what_check_accepts_and_explain_confirms() {
    let record = record(&user("ada")).to_string();
    let root = folder("suppress", &[("rules.yaml", RULES.as_bytes()), ("put.json", record.as_bytes())]);
    let [rules, file] = ["rules.yaml", "put.json"].map(|name| root.join(name).display().to_string());
    let ran = trailbell(&["suppress", "--rules", &rules, "images", &file, "--by", "principal"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_snapshot!(shown(&ran), @r#"
    overrides:
      images:
        suppressions:
          - filter: principal = "arn:aws:iam::111122223333:user/ada"
            reason: event e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3
    "#);
    let overrides = root.join("overrides.yaml");
    assert_snapshot!(ran.stderr.replace(&overrides.display().to_string(), "overrides.yaml"), @"Add this to overrides.yaml, below the `overrides:`, the rule and its `suppressions:` that it may have; then run `trailbell check` and deploy the rules.");
    // A record from standard input, as a pipe from the AWS CLI writes it.
    let event = json!({"Events": [{"EventId": "e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3", "CloudTrailEvent": record}]});
    let piped = trailbell_reading(
        &["suppress", "--by", "principal", "--rules", &rules, "Images", "-"],
        event.to_string().as_bytes(),
    );
    assert_eq!((piped.status, &piped.stdout), (0, &ran.stdout), "{}", piped.stderr);

    fs::write(&overrides, &ran.stdout).unwrap();
    let checked = trailbell(&["check", &rules]);
    assert_eq!(checked.status, 0, "{}", checked.stdout);
    assert!(
        checked.stdout.ends_with(
            "1 rule, 0 errors, 0 warnings
"
        ),
        "{}",
        checked.stdout
    );
    assert!(
        trailbell(&["explain", "--rules", &rules, "Images", &file])
            .stdout
            .contains("Images: matches, and is suppressed")
    );
    refused(&["--rules", &rules, "Images", &file, "--by", "key"], "already suppressed");
}

#[test]
fn the_command_refuses_with_the_repair() {
    let other = record(&user("ada")).to_string().replace("PutImage", "GetImage");
    let root = folder(
        "suppress-refused",
        &[
            ("rules.yaml", RULES.as_bytes()),
            ("user.json", record(&user("ada")).to_string().as_bytes()),
            ("root.json", record(&json!({"type": "Root", "accountId": "111122223333"})).to_string().as_bytes()),
            ("other.json", other.as_bytes()),
        ],
    );
    let path = |name: &str| root.join(name).display().to_string();
    let rules = path("rules.yaml");
    let refused = |rule: &str, file: &str, rest: &[&str], says: &str| {
        refused(&[&["--rules", &rules, rule, &path(file)], rest].concat(), says);
    };
    refused("Image", "user.json", &["--by", "key"], "did you mean `Images`?");
    refused("Images", "other.json", &["--by", "key"], "`trailbell explain`");
    refused("Images", "user.json", &["--by", "role"], "suppress it by `principal`");
    refused("Images", "root.json", &["--by", "principal"], "the root user");
    refused("Images", "user.json", &["--by", "user"], "principal, role, key");
    refused("Images", "user.json", &["--by", "key", "--days", "0"], "1..=3650");
    refused("Images", "user.json", &["--by", "key", "--event-id", "x"], "no record with the event id");
    refused("Images", "user.json", &[], "--by");
}

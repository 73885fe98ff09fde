//! The titles of the shipped rules: whole sentences about every record that their rules match, with the target in sight.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use regex::Regex;
use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, render},
    backtest::changed,
    engine::{Engine, Evaluated, Finding, Scratch},
    log_file::RawRecord,
    record::{Path as FieldPath, Record},
    rule::{Rule, RuleSet, Verdict},
    untrusted,
};

use crate::{
    detectors::{is_about_findings, record},
    real_logs,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shipped rules, with those that are disabled.
fn rules() -> RuleSet {
    let text = fs::read_to_string(root().join("rules.yaml")).unwrap();
    RuleSet::parse(&text.replace("enabled: false", "enabled: true")).unwrap().0
}

/// The records that the tests of a rule expect it to match.
fn tested(rule: &Rule) -> Vec<Record> {
    let matched = rule.tests.iter().filter(|test| test.expect == Verdict::Match);
    matched.map(|test| changed(record(&test.record), &test.set).unwrap()).collect()
}

fn set(record: &Record, changes: &[(&str, Value)]) -> Record {
    let changes: Vec<_> =
        changes.iter().map(|(path, value)| (FieldPath::parse(path).unwrap(), value.clone())).collect();
    changed(record.clone(), &changes).unwrap()
}

/// The titles of a rule for the records that it matches among these.
fn titles<'r>(rule: &'r Rule, records: &'r [Record]) -> impl Iterator<Item = String> {
    let title = rule.title.as_ref().unwrap_or_else(|| panic!("{} has no title", rule.name));
    let matched = records.iter().filter(|record| rule.verdict(record) == Verdict::Match);
    matched.map(|record| title.fill(record))
}

/// The titles that are no whole sentences, each with the name of its rule.
#[derive(Default)]
struct Broken(BTreeSet<String>);

impl Broken {
    fn check(&mut self, rule: &Rule, title: &str) {
        if !is_whole(title) {
            self.0.insert(format!("{}: {title}", rule.name));
        }
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.0.is_empty(), "{:#?}", self.0);
    }
}

/// Whether a title is a whole sentence: it names every value, and clauses that are left out leave no trace.
fn is_whole(title: &str) -> bool {
    let odd = ["undefined", "  ", " ,", " :", "()", "[[", "]]", "{{", "}}"];
    let ends = [" ", ":", ",", " on", " to", " of", " for", " by", " with", " in", " from"];
    !odd.iter().any(|odd| title.contains(odd))
        && !ends.iter().any(|end| title.ends_with(end))
        && !title.starts_with(' ')
}

#[test]
fn titles_of_tested_records_are_whole() {
    let (mut broken, mut seen) = (Broken::default(), 0);
    for rule in &rules().rules {
        for title in titles(rule, &tested(rule)) {
            broken.check(rule, &title);
            seen += 1;
        }
    }
    assert!(seen > 250, "{seen}");
}

/// Each event that a filter names has parameters of its own, and a denied call can have none.
#[test]
fn titles_of_other_events_and_of_denied_calls_are_whole() {
    let named = Regex::new(r#"eventName (?:=|in|starts_with) (\([^)]*\)|"[^"]*")"#).unwrap();
    let denied = [
        ("errorCode", json!("AccessDenied")),
        ("errorMessage", json!("denied")),
        ("requestParameters", json!(null)),
        ("responseElements", json!(null)),
    ];
    let (mut broken, mut other, mut without) = (Broken::default(), 0, 0);
    for rule in &rules().rules {
        let filter = rule.filter.to_string();
        let lists = named.captures_iter(&filter).map(|list| list[1].to_owned()).collect::<Vec<_>>();
        let events: BTreeSet<&str> = lists.iter().flat_map(|list| list.split('"').skip(1).step_by(2)).collect();
        for record in tested(rule) {
            let renamed: Vec<_> = events.iter().map(|event| set(&record, &[("eventName", json!(event))])).collect();
            other += titles(rule, &renamed).inspect(|title| broken.check(rule, title)).count();
            let denied: Vec<_> = renamed.iter().map(|record| set(record, &denied)).collect();
            for title in titles(rule, &denied) {
                broken.check(rule, &title);
                without += 1;
            }
        }
    }
    assert!(other > 500 && without > 100, "{other}, {without}");
}

/// Passes the findings in logs to a closure.
fn findings(logs: &Path, mut see: impl FnMut(&Finding)) {
    let (engine, mut scratch) = (Engine::new(rules()), Scratch::default());
    for record in real_logs::records(logs, 100) {
        let text = record.to_string();
        let raw = RawRecord::of(text.as_bytes());
        let Evaluated::Record { findings, .. } = engine.evaluate(raw, &mut scratch) else { panic!("{text}") };
        findings.iter().for_each(&mut see);
    }
}

fn check_logs(logs: &Path) {
    let (mut broken, mut seen) = (Broken::default(), 0);
    findings(logs, |Finding { rule, record, .. }| {
        broken.check(rule, &rule.title.as_ref().unwrap().fill(record));
        seen += 1;
    });
    assert!(seen > 500, "{seen}");
}

#[test]
fn titles_of_published_logs_are_whole() {
    check_logs(&real_logs::sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn titles_of_all_published_logs_are_whole() {
    check_logs(&real_logs::all());
}

/// The subject of the alert of a rule for a record, in an account that has a name.
fn subject(rule: &Rule, record: &Record) -> String {
    let accounts =
        RuleSet::parse("accounts: {\"111122223333\": production}\nrules: [{name: a, severity: 1, filter: b = 1}]");
    let (rule, record) = (Arc::new(rule.clone()), Arc::new(record.clone()));
    let finding = Finding { rule, position: 0, suppressed: false, record };
    render(Format::TEXT, &Alert::new(finding, None, &accounts.unwrap().0.accounts)).subject
}

/// A session of a role with a name as CloudFormation makes them.
fn of_long_role(record: &Record) -> Record {
    let role = "payments-prod-stack-ProcessorLambdaExecutionRole-1ABCDEFGHIJKL";
    let issuer = json!({"type": "Role", "userName": role, "arn": format!("arn:aws:iam::111122223333:role/{role}")});
    let arn = format!("arn:aws:sts::111122223333:assumed-role/{role}/x");
    let context = json!({"sessionIssuer": issuer});
    let identity = json!({"type": "AssumedRole", "accountId": "111122223333", "arn": arn, "sessionContext": context});
    set(record, &[("userIdentity", identity), ("recipientAccountId", json!("111122223333"))])
}

/// What a phone shows of a subject.
#[test]
fn the_first_60_characters_of_a_subject_name_principal_act_and_target() {
    let not_targets = ["eventName", "eventSource", "errorCode", "sourceIPAddress", "awsRegion", "errorMessage"];
    let (mut missing, mut far, mut seen, mut long) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
    // A finding names what it found before its resource.
    for rule in rules().rules.iter().filter(|rule| !is_about_findings(rule)) {
        for record in tested(rule).into_iter().flat_map(|record| [of_long_role(&record), record]) {
            let (whole, json) = (subject(rule, &record), record.to_value());
            let parts = rule.title.as_ref().unwrap().fill_parts(&record);
            let values = parts.iter().filter(|part| part.is_value).map(|part| part.text.as_str());
            let screen = &whole[..whole.len().min(60)];
            // A count such as that of findings is no target.
            let is_target = |value: &&str| value.len() > 3 && !not_targets.iter().any(|field| json[field] == **value);
            let principal = values.clone().next().unwrap_or_default();
            let is_short = principal.chars().count() <= 8;
            let is_long = principal.chars().count() > 20;
            long += usize::from(is_long);
            // Of a long name both ends.
            let shown = untrusted::ascii(&untrusted::defanged(principal));
            let (begin, end) = if is_long { (&shown[..8], &shown[shown.len() - 6..]) } else { (&*shown, "") };
            let act = parts.iter().find(|part| !part.is_value).map(|part| part.text.trim().split(' ').next().unwrap());
            // An ARN is shown by its resource, and the address of a queue by its name.
            let resource = |name: &str| match name.strip_prefix("https://sqs.") {
                Some(queue) => queue.rsplit('/').next().unwrap().to_owned(),
                None if name.starts_with("arn") => name.replace("%3A", ":").splitn(6, ':').nth(5).unwrap().to_owned(),
                None => name.to_owned(),
            };
            let target = values.clone().skip(1).find(is_target).map(resource);
            // A long name of a call names its kind of target.
            let is_of_kind = values.clone().any(|value| json["eventName"] == *value && value.len() >= 20);
            let begins = target.filter(|_| !is_of_kind).map(|name| name.chars().take(3).collect::<String>());
            let begins = begins.map(|name| untrusted::ascii(&untrusted::defanged(&name)));
            let wanted = [Some(begin), Some(end), act, begins.as_deref()];
            // A screen that is wider by what a long principal takes.
            let after = whole.find(begin).map(|start| (start, start + begin.len()));
            let ends = after.and_then(|(start, from)| Some(from + whole[from..].find(end)? + end.len() - start));
            let wide = &whole[..whole.len().min(60 + ends.unwrap_or(0).saturating_sub(8))];
            if !wanted.iter().flatten().all(|part| wide.contains(part)) {
                far.insert(whole.clone());
            }
            if !wanted.iter().flatten().all(|part| screen.contains(part)) {
                missing.insert((is_short, format!("{screen}|{}", &whole[screen.len()..])));
            }
            // Nothing is cut twice.
            assert!(!whole.contains("...."), "{whole}");
            seen += 1;
        }
    }
    // Of long names some acts leave no room for the target: it is further on.
    println!("{} of {seen}, {long} with long names: {missing:#?}", missing.len());
    assert!(seen > 500 && long > 250 && missing.len() * 4 < seen, "{missing:#?}");
    assert!(far.is_empty(), "{far:#?}");
    assert!(!missing.iter().any(|(is_short, _)| *is_short), "{missing:#?}");
}

//! What an intruder may vary: each act in tests/variants/ raises its rules in all of its forms.
//!
//! A file has the acts of a kind. Besides the variants that it lists, each act is tried with what every caller may choose:
//! another agent, another kind of caller, CloudFormation in between, another partition, JSON in a string or as it is, one object in
//! place of a list with one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde::Deserialize;
use serde_json::{Value, json};
use trailbell::{
    backtest::changed,
    engine,
    record::{Path as FieldPath, Record},
    rule::{Rule, RuleSet, Verdict},
};

use crate::detectors;

/// An act, and what makes no difference to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// What happens, as a sentence.
    #[serde(rename = "act")]
    what: String,
    /// The ids of rules of severity 1 and 2: every variant is matched by at least one of them, and each matches at least one.
    raises: Vec<String>,
    /// The record, from the root of the repository.
    record: String,
    /// Changes to the record, each under a name; the record itself is a variant, too.
    #[serde(default)]
    variants: BTreeMap<String, BTreeMap<String, Value>>,
    /// Changes after which none of the rules matches.
    #[serde(default)]
    quiet: BTreeMap<String, BTreeMap<String, Value>>,
    /// Which of [`FORMS`] change the act, each with the reason.
    #[serde(default)]
    except: BTreeMap<String, String>,
}

/// A form that every act can take: its name, and how a record becomes it.
type Form = (&'static str, fn(&Value) -> Vec<Value>);

const FORMS: &[Form] = &[
    ("terraform", |record| agents(record, &["APN/1.0 HashiCorp/1.0 Terraform/1.9.5 terraform-provider-aws/5.64.0"])),
    ("agent", |record| agents(record, &["Boto3/1.35 md/Botocore#1.35", "aws-sdk-go-v2/1.30 Prowler/4.3", "-", ""])),
    ("cloudformation", |record| vec![driven_by(record, "cloudformation.amazonaws.com")]),
    ("states", |record| vec![driven_by(record, "states.amazonaws.com")]),
    ("role", |record| vec![by(record, &role("deploy"), None)]),
    ("person", |record| vec![by(record, &role("AWSReservedSSO_AdministratorAccess_0123456789abcdef"), None)]),
    ("user", |record| vec![by(record, &json!({"type": "IAMUser", "userName": "mallory"}), Some("user/mallory"))]),
    ("partition", |record| ["aws-cn", "aws-us-gov"].map(|partition| in_partition(record, partition)).into()),
    ("json", |record| vec![parameters(record, &parsed), parameters(record, &unparsed)]),
    ("single", |record| vec![parameters(record, &single)]),
];

const ACCOUNT: &str = "111122223333";

fn agents(record: &Value, agents: &[&str]) -> Vec<Value> {
    agents.iter().map(|agent| with(record, &[("userAgent", json!(agent))])).collect()
}

fn with(record: &Value, changes: &[(&str, Value)]) -> Value {
    let mut record = record.clone();
    for (name, value) in changes {
        record[*name] = value.clone();
    }
    record
}

/// A call that a service makes with the rights of its caller (forward access session).
fn driven_by(record: &Value, service: &str) -> Value {
    let mut record = with(record, &[("userAgent", json!(service)), ("sourceIPAddress", json!(service))]);
    if let Some(identity) = record["userIdentity"].as_object_mut() {
        identity.insert("invokedBy".into(), json!(service));
    }
    record
}

fn role(name: &str) -> Value {
    let path = if name.starts_with("AWSReservedSSO_") { "aws-reserved/sso.amazonaws.com/" } else { "" };
    json!({
        "type": "AssumedRole", "principalId": "AROAEXAMPLE:mallory",
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/mallory"),
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAEXAMPLE", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{path}{name}"),
            "accountId": ACCOUNT, "userName": name,
        }, "attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "false"}},
    })
}

/// The record with another caller of the account that the caller was in.
fn by(record: &Value, identity: &Value, user: Option<&str>) -> Value {
    let mut identity = identity.clone();
    identity["accountId"] = json!(ACCOUNT);
    if let Some(user) = user {
        identity["principalId"] = json!("AIDAEXAMPLE");
        identity["arn"] = json!(format!("arn:aws:iam::{ACCOUNT}:{user}"));
        identity["accessKeyId"] = json!("AKIAEXAMPLE");
    }
    let account = record["recipientAccountId"].as_str().unwrap_or(ACCOUNT);
    let text = identity.to_string().replace(ACCOUNT, account);
    with(record, &[("userIdentity", serde_json::from_str(&text).unwrap())])
}

fn in_partition(record: &Value, partition: &str) -> Value {
    serde_json::from_str(&record.to_string().replace("arn:aws:", &format!("arn:{partition}:"))).unwrap()
}

/// The record with other request parameters and response elements.
fn parameters(record: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    let mut record = record.clone();
    for name in ["requestParameters", "responseElements"] {
        if let Some(fields) = record[name].as_object() {
            let changed = fields.iter().map(|(name, value)| (name.clone(), everywhere(value, change)));
            record[name] = Value::Object(changed.collect());
        }
    }
    record
}

fn everywhere(value: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    match change(value) {
        Value::Array(items) => items.iter().map(|item| everywhere(item, change)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), everywhere(value, change))).collect())
        }
        other => other,
    }
}

/// JSON that a string holds.
fn parsed(value: &Value) -> Value {
    let inside = value.as_str().filter(|text| text.trim_start().starts_with(['{', '[']));
    inside.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

/// A string of JSON, percent-encoded.
fn unparsed(value: &Value) -> Value {
    match (parsed(value), value) {
        (Value::Object(inside), Value::String(_)) => {
            let text = Value::Object(inside).to_string();
            let encoded = text.bytes().map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            });
            Value::String(encoded.collect())
        }
        _ => value.clone(),
    }
}

/// One object in place of a list that has one.
fn single(value: &Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([one @ Value::Object(_)]) => one.clone(),
        _ => parsed(value),
    }
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// The acts of all files, each with the name of its file.
fn acts() -> Vec<(String, Act)> {
    let files = fs::read_dir(root().join("tests/variants")).unwrap().map(|file| file.unwrap().path());
    let mut acts = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let found: Vec<Act> = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        acts.extend(found.into_iter().map(|act| (name.clone(), act)));
    }
    acts
}

/// The shipped rules; with `filled`, the lists that quiet deployments hold others than the callers here.
fn rules(filled: bool) -> RuleSet {
    let mut text = fs::read_to_string(root().join("rules.yaml")).unwrap();
    if filled {
        let list = "\n  automation_roles: []";
        assert!(text.contains(list));
        text = text.replace(list, "\n  automation_roles: [\"arn:aws:iam::999988887777:role/deploy\"]");
    }
    RuleSet::parse(&text).unwrap().0
}

/// The rule that reports who begins to use an agent that quiets others.
const CLAIMS: &str = "cloudtrail-claims-to-be-infrastructure-as-code";

fn record(value: &Value) -> Record {
    engine::parse(value.to_string().as_bytes()).unwrap().0
}

fn after(record: &Record, changes: &BTreeMap<String, Value>) -> Value {
    let changes: Vec<_> =
        changes.iter().map(|(path, value)| (FieldPath::parse(path).unwrap(), value.clone())).collect();
    changed(record.clone(), &changes).unwrap().to_value()
}

struct Known<'r>(BTreeMap<&'r str, &'r Rule>);

impl<'r> Known<'r> {
    fn of(rules: &'r RuleSet) -> Self {
        Self(rules.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect())
    }

    /// Whether a rule excludes agents, such as CloudFormation's, while no list is filled.
    fn excludes_agents(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|rule| rule.filter.lists().any(|list| list == "infrastructure_as_code"))
    }

    /// Which of the rules match a record.
    fn matching<'a>(&self, ids: impl IntoIterator<Item = &'a str>, value: &Value) -> BTreeSet<&'a str> {
        let record = record(value);
        let matches = |id: &&str| {
            let rule = self.0.get(id).unwrap_or_else(|| panic!("no rule `{id}`"));
            let mut filters = rule.written_filters();
            rule.verdict(&record) == Verdict::Match || filters.any(|(filter, _)| filter.matches(record.root()))
        };
        ids.into_iter().filter(matches).collect()
    }
}

#[test]
fn every_form_of_an_act_raises_its_rules() {
    let (shipped, filled) = (rules(false), rules(true));
    let (shipped, filled) = (Known::of(&shipped), Known::of(&filled));
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (file, act) in acts() {
        let given = detectors::record(&act.record);
        let ids = || act.raises.iter().map(String::as_str);
        let mut all = act.variants.clone();
        all.insert("as it is".into(), BTreeMap::new());
        let mut raised = BTreeSet::new();
        for (name, changes) in &all {
            let variant = after(&given, changes);
            let matching = shipped.matching(ids(), &variant);
            if matching.is_empty() {
                wrong.push(format!("{file}: {}, {name}: raises none", act.what));
                continue;
            }
            raised.extend(matching);
            for (form, change) in FORMS.iter().filter(|(form, _)| !act.except.contains_key(*form)) {
                for formed in change(&variant) {
                    tried += 1;
                    if filled.matching(ids(), &formed).is_empty() {
                        wrong.push(format!("{file}: {}, {name}, {form}: raises none", act.what));
                    }
                    let claims = (*form == "terraform").then_some(CLAIMS);
                    let is_excluded = *form == "cloudformation" && ids().any(|id| shipped.excludes_agents(id));
                    if !is_excluded && shipped.matching(ids().chain(claims), &formed).is_empty() {
                        wrong
                            .push(format!("{file}: {}, {name}, {form}: raises none while no list is filled", act.what));
                    }
                }
            }
        }
        for id in ids().filter(|id| !raised.contains(id)) {
            wrong.push(format!("{file}: {}: {id} matches no variant", act.what));
        }
        for (name, changes) in &act.quiet {
            for id in shipped.matching(ids(), &after(&given, changes)) {
                wrong.push(format!("{file}: {}, {name}: raises {id}", act.what));
            }
        }
        let forms: BTreeSet<_> = FORMS.iter().map(|(form, _)| *form).collect();
        assert!(act.except.keys().all(|form| forms.contains(form.as_str())), "{file}: {}", act.what);
    }
    assert!(tried > 1000, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_of_severity_1_and_2_has_variants() {
    let tried: BTreeSet<String> = acts().into_iter().flat_map(|(_, act)| act.raises).collect();
    let rules = rules(false);
    let urgent = rules.rules.iter().filter(|rule| rule.enabled && rule.severity.number() <= 2);
    let without: Vec<_> = urgent.filter(|rule| !tried.contains(&rule.id)).map(|rule| &rule.id).collect();
    assert!(without.is_empty(), "{without:#?}");
}

/// The acts that once slipped past, with the agent that they had and with Terraform's.
#[test]
#[ignore = "needs ../shared/failing"]
fn acts_that_slipped_past_raise_an_alert() {
    let rules = rules(false);
    // The record of an attached policy has only its ARN: the alert is raised when the policy is written.
    let unknowable = "own policy with odd doc";
    let mut wrong = Vec::new();
    for file in ["raises-nothing", "severity-3-only", "nothing-with-terraform-agent"] {
        let text = fs::read(root().join(format!("../shared/failing/{file}.json"))).unwrap();
        let records: Value = serde_json::from_slice(&text).unwrap();
        let acts = records["Records"].as_array().unwrap().iter();
        for act in acts.filter(|act| act["redNote"]["variant"] != unknowable) {
            for agent in agents(act, &[act["userAgent"].as_str().unwrap_or(""), "Terraform/1.9.5"]) {
                let parsed = record(&agent);
                let urgent = rules.rules.iter().filter(|rule| rule.enabled && rule.severity.number() <= 2);
                let mut urgent = urgent.filter(|rule| rule.threshold == 1);
                if !urgent.any(|rule| rule.verdict(&parsed) == Verdict::Match) {
                    wrong.push(format!("{} {} {}", act["eventName"], act["redNote"], agent["userAgent"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

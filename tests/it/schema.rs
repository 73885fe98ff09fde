//! The JSON Schemas of rules files and of overrides, which editors read, agree with the loader: on the keys, and on which
//! files are valid as far as a schema can decide that.

use std::{collections::BTreeSet, fs, path::Path};

use jsonschema::Validator;
use serde_json::{Value, json};
use trailbell::{diagnostic::Diagnostic, rule::RuleSet};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

const RULES: &str = "rules.schema.json";
const OVERRIDES: &str = "overrides.schema.json";

fn schema(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap()
}

fn validator(name: &str) -> Validator {
    let schema = schema(name);
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::validator_for(&schema).unwrap()
}

/// The errors that the loader reports about a file; all JSON is YAML.
fn errors(file: &Value) -> Vec<Diagnostic> {
    RuleSet::parse(&file.to_string()).err().unwrap_or_default()
}

/// A file of one rule with the required fields and `changes`; a change to null removes the field.
fn rule(changes: &Value) -> Value {
    let mut rule = json!({"name": "A rule", "severity": 1, "filter": "a = 1"});
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => rule.as_object_mut().unwrap().remove(key),
            value => rule.as_object_mut().unwrap().insert(key.clone(), value.clone()),
        };
    }
    json!({"rules": [rule]})
}

/// A file of one rule with a sequence by `user`, and `changes` as of [`rule`].
fn sequence(steps: &Value, changes: &Value) -> Value {
    let mut all = json!({"filter": null, "sequence": steps, "by": ["user"]});
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    rule(&all)
}

/// The errors that the loader reports about overrides of a file with one rule and these lists.
fn override_errors(file: &Value, lists: &Value) -> Vec<Diagnostic> {
    let mut rules = rule(&json!({}));
    rules["lists"] = lists.clone();
    let (rules, _) = RuleSet::parse(&rules.to_string()).unwrap();
    rules.overridden(&file.to_string()).err().unwrap_or_default()
}

/// Overrides that make the same changes to the rule of [`rule`], if overrides can change these fields. Whether a `distinct` has a
/// threshold depends on the rule, which the schema does not know.
fn overriding(changes: &Value) -> Option<Value> {
    if changes["distinct"].is_string() && changes["threshold"].as_u64().is_none_or(|threshold| threshold < 2) {
        return None;
    }
    let known = schema(OVERRIDES)["definitions"]["override"]["properties"].clone();
    let all = changes.as_object().unwrap().keys().all(|key| known.get(key).is_some());
    all.then(|| json!({"overrides": {"a-rule": changes}}))
}

/// The keys that the loader lists in the help for an unknown key.
fn offered(file: &Value, errors: &[Diagnostic]) -> BTreeSet<String> {
    let unknown: Vec<_> = errors.iter().filter(|error| error.code == "unknown-key").collect();
    let [error] = &unknown[..] else { panic!("{file}\n{errors:#?}") };
    error.help.as_ref().unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_keys_are_those_of_the_loader() {
    let check = |name: &str, place: &str, file: &Value, errors: &[Diagnostic]| {
        let schema = schema(name);
        let described = schema.pointer(place).unwrap();
        let keys: BTreeSet<String> = described["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, offered(file, errors), "{name} {place}");
        assert_eq!(described["additionalProperties"], json!(false), "{name} {place}");
    };
    let odd = "a key of this length is not a misspelling";
    for (file, place) in [
        (json!({"rules": [], odd: 1}), ""),
        (rule(&json!({odd: 1})), "/definitions/rule"),
        (rule(&json!({"suppressions": [{"filter": "a = 1", odd: 1}]})), "/definitions/suppression"),
        (sequence(&json!([{"filter": "a = 1", odd: 1}, {"filter": "b = 1"}]), &json!({})), "/definitions/step"),
        (rule(&json!({"tests": [{"match": "a.json", odd: 1}]})), "/definitions/test"),
        (rule(&json!({"first_seen": {"fields": ["a"], odd: 1}})), "/definitions/first_seen"),
    ] {
        check(RULES, place, &file, &errors(&file));
    }
    for (file, place) in [
        (json!({odd: 1}), ""),
        (json!({"overrides": {"a-rule": {odd: 1}}}), "/definitions/override"),
        (json!({"overrides": {"a-rule": {"suppressions": [{"filter": "a = 1", odd: 1}]}}}), "/definitions/suppression"),
    ] {
        check(OVERRIDES, place, &file, &override_errors(&file, &json!({})));
    }
}

#[test]
fn every_key_is_described() {
    fn check(place: &str, schema: &Value) {
        if let Some(properties) = schema["properties"].as_object() {
            for (name, property) in properties {
                assert!(property["description"].is_string(), "{place}/{name}");
                check(&format!("{place}/{name}"), property);
            }
        }
    }
    for schema in [RULES, OVERRIDES].map(schema) {
        check("", &schema);
        for (name, definition) in schema["definitions"].as_object().unwrap() {
            check(name, definition);
        }
    }
}

#[test]
fn the_schemas_agree_on_what_they_share() {
    let (rules, overrides) = (schema(RULES), schema(OVERRIDES));
    for (name, definition) in overrides["definitions"].as_object().unwrap() {
        if name != "override" {
            assert_eq!(*definition, rules["definitions"][name], "{name}");
        }
    }
    // A field of an override has no default, and may have another description.
    let bare = |mut schema: Value| {
        for key in ["description", "default", "defaultSnippets"] {
            schema.as_object_mut().unwrap().remove(key);
        }
        schema
    };
    for (name, property) in overrides["definitions"]["override"]["properties"].as_object().unwrap() {
        assert_eq!(bare(property.clone()), bare(rules["definitions"]["rule"]["properties"][name].clone()), "{name}");
    }
    for name in ["lists", "accounts"] {
        assert_eq!(bare(overrides["properties"][name].clone()), bare(rules["properties"][name].clone()), "{name}");
    }
}

#[test]
fn valid_files_are_valid_for_both() {
    let (of_rules, of_overrides) = (validator(RULES), validator(OVERRIDES));
    let right = |validator: &Validator, file: &Value, errors: &[Diagnostic]| {
        assert!(errors.is_empty(), "{file}\n{errors:#?}");
        assert!(validator.is_valid(file), "{file}\n{:?}", validator.iter_errors(file).collect::<Vec<_>>());
    };
    let check = |file: &Value| right(&of_rules, file, &errors(file));
    let check_overrides = |file: &Value, lists: &Value| right(&of_overrides, file, &override_errors(file, lists));
    let none = json!({});
    for changes in [
        json!({}),
        json!({"severity": 3, "id": "a-1", "enabled": false, "title": "{{user}} {{a.b[0]}}", "description": "x\ny"}),
        json!({"name": "n".repeat(200)}),
        json!({"name": "ends with a line break\n"}),
        json!({"name": " é1 "}),
        json!({"name": 5}),
        json!({"name": true}),
        json!({"id": "i".repeat(100)}),
        json!({"id": 5}),
        json!({"filter": "a = 1\n"}),
        json!({"title": ""}),
        json!({"title": 5}),
        json!({"description": ""}),
        json!({"tags": []}),
        json!({"tags": ["attack.T1098", "a b", 5, true]}),
        json!({"runbook": "https://example.com/x?y=1#z"}),
        json!({"runbook": "http://[::1]/"}),
        json!({"runbook": "https://bücher.example/é"}),
        json!({"runbook": "https://例え.jp"}),
        json!({"suppressions": []}),
        json!({"suppressions": ["a = 1", "b = 2\n"]}),
        json!({"suppressions": ["a = 1", {"filter": "a = 1"}]}),
        json!({"suppressions": [{"filter": "a = 1", "reason": "x", "owner": 5, "expires": "2026-12-31"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": "2026-12-31T12:00:00Z"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": "2026-12-31T12:00:00.5+02:00\n"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": "20261231"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": 20_261_231}]}),
        json!({"aggregate_fields": []}),
        json!({"aggregate_fields": ["user", "requestParameters.a[0].`b c`", "userIdentity.userName\n"]}),
        json!({"window": "1m"}),
        json!({"window": "60s"}),
        json!({"window": "90s\n"}),
        json!({"window": "30d"}),
        json!({"window": "720h"}),
        json!({"threshold": 1}),
        json!({"threshold": 500}),
        json!({"threshold": 2, "distinct": "requestParameters.secretId"}),
        json!({"threshold": 3, "first_seen": {"fields": ["ip"], "within": "6h"}}),
        json!({"first_seen": {"fields": ["userIdentity.arn", "awsRegion"], "within": "30d", "learning": "7d"}}),
        json!({"first_seen": {"fields": ["ip"]}}),
        json!({"first_seen": {"fields": ["ip"], "learning": "0s"}}),
        json!({"first_seen": {"fields": ["ip"], "within": "365d", "learning": "365d"}}),
        json!({"notify": false}),
        json!({"alone": true, "follow_up": false}),
        json!({"tests": []}),
        json!({"tests": [{"match": "a.json"}, {"no_match": "b.json"}, {"suppressed": "c/d.json"}, {"match": 5}, {"match": true}]}),
        json!({"tests": [{"match": "a.json", "set": {}}]}),
        json!({"tests": [{"alerts": 0, "events": "a.json"}, {"alerts": 2, "events": "b.json.gz", "set": {"a": 1}}]}),
        json!({"tests": [{"match": "a.json", "set": {"a.b": null, "c[0]": [1, {"x": true}], "`d e`": "x"}}]}),
    ] {
        check(&rule(&changes));
        if let Some(overrides) = overriding(&changes) {
            check_overrides(&overrides, &none);
        }
    }
    let step = |filter: &str| json!({"filter": filter});
    let with_by = |by: Value| json!({"filter": "a = 1", "by": by});
    for file in [
        sequence(&json!([step("a = 1"), step("a = 2")]), &json!({})),
        sequence(&json!([step("a = 1"), step("a = 1")]), &json!({"window": "1h", "suppressions": ["b = 1"]})),
        sequence(
            &json!([step("a = 1"), step("a = 2"), step("a = 3"), step("a = 4"), step("a = 5")]),
            &json!({"by": ["a", "b"]}),
        ),
        sequence(&json!([with_by(json!(["x"])), with_by(json!(["y"]))]), &json!({"by": null})),
        sequence(&json!([with_by(json!(["x", "y"])), with_by(json!(["z", "w"]))]), &json!({"by": null})),
    ] {
        check(&file);
    }
    let rules = rule(&json!({}))["rules"].clone();
    for timezone in
        ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT", "europe/berlin\n"]
    {
        check_overrides(&json!({"timezone": timezone}), &none);
    }
    for lists in [
        json!({}),
        json!({"admins": ["ada", 5, 0.5, true]}),
        json!({"a-b_c:d@$": ["x"], "5": [1], "again": [""], "none": []}),
    ] {
        check(&json!({"lists": lists, "rules": rules}));
        check_overrides(&json!({"lists": lists}), &lists);
    }
    for accounts in [
        json!({}),
        json!({"012345678901": "p", "111122223333": "n".repeat(100), "111122223334": 5, "111122223335": " é (eu)\n"}),
    ] {
        check(&json!({"accounts": accounts, "rules": rules}));
        check_overrides(&json!({"accounts": accounts}), &none);
    }
    for file in
        [json!(null), json!({"overrides": {}}), json!({"overrides": {"a-rule": {"enabled": true, "severity": 1}}})]
    {
        check_overrides(&file, &none);
    }
}

#[test]
fn invalid_files_are_invalid_for_both() {
    let (of_rules, of_overrides) = (validator(RULES), validator(OVERRIDES));
    let wrong = |validator: &Validator, file: &Value, errors: &[Diagnostic]| {
        assert!(!errors.is_empty(), "the loader accepts {file}");
        assert!(!validator.is_valid(file), "the schema accepts {file}");
    };
    let check = |file: &Value| wrong(&of_rules, file, &errors(file));
    let lists = json!({"admins": ["root"]});
    let check_overrides = |file: &Value| wrong(&of_overrides, file, &override_errors(file, &lists));
    for changes in [
        json!({"name": null}),
        json!({"severity": null}),
        json!({"filter": null}),
        json!({"name": ""}),
        json!({"name": " \n"}),
        json!({"name": "two\nlines"}),
        json!({"name": "a\u{7f}b"}),
        json!({"name": "n".repeat(201)}),
        json!({"name": ["x"]}),
        json!({"name": {"x": 1}}),
        json!({"id": ""}),
        json!({"id": "A"}),
        json!({"id": "a b"}),
        json!({"id": "a\n"}),
        json!({"id": "i".repeat(101)}),
        json!({"id": ["a"]}),
        json!({"severity": 0}),
        json!({"severity": 4}),
        json!({"severity": 1.5}),
        json!({"severity": "1"}),
        json!({"severity": "high"}),
        json!({"severity": true}),
        json!({"severity": [1]}),
        json!({"filter": ""}),
        json!({"filter": " \n"}),
        json!({"filter": 5}),
        json!({"filter": true}),
        json!({"filter": ["a = 1"]}),
        json!({"filter": {"a": 1}}),
        json!({"filter": format!("a = 1{}", " or a = 1".repeat(2000))}),
        json!({"title": {"{eventName}": 1}}),
        json!({"title": []}),
        json!({"description": ["x"]}),
        json!({"enabled": "yes"}),
        json!({"enabled": "true"}),
        json!({"enabled": 1}),
        json!({"tags": "attack.T1098"}),
        json!({"tags": {"a": 1}}),
        json!({"tags": [""]}),
        json!({"tags": [" "]}),
        json!({"tags": [["a"]]}),
        json!({"runbook": "wiki"}),
        json!({"runbook": "ftp://example.com"}),
        json!({"runbook": "https://"}),
        json!({"runbook": "https:///x"}),
        json!({"runbook": "https://example.com/a b"}),
        json!({"runbook": 5}),
        json!({"suppressions": "a = 1"}),
        json!({"suppressions": {"filter": "a = 1"}}),
        json!({"suppressions": [""]}),
        json!({"suppressions": [["a = 1"]]}),
        json!({"suppressions": [5]}),
        json!({"suppressions": [{}]}),
        json!({"suppressions": [{"reason": "x"}]}),
        json!({"suppressions": [{"filter": ""}]}),
        json!({"suppressions": [{"filter": 5}]}),
        json!({"suppressions": [{"filter": "a = 1", "until": "2026-12-31"}]}),
        json!({"suppressions": [{"filter": "a = 1", "reason": ["x"]}]}),
        json!({"suppressions": [{"filter": "a = 1", "owner": {}}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": "soon"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": "31.12.2026"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": "2026-12"}]}),
        json!({"suppressions": [{"filter": "a = 1", "expires": true}]}),
        json!({"aggregate_fields": "user"}),
        json!({"aggregate_fields": {"user": 1}}),
        json!({"aggregate_fields": [""]}),
        json!({"aggregate_fields": ["user", "user"]}),
        json!({"aggregate_fields": [["user"]]}),
        json!({"window": 3600}),
        json!({"window": "3600"}),
        json!({"window": "1 hour"}),
        json!({"window": "01h"}),
        json!({"window": "1H"}),
        json!({"window": "1h30m"}),
        json!({"window": "PT1H"}),
        json!({"window": "-1h"}),
        json!({"window": "1.5h"}),
        json!({"window": ""}),
        json!({"window": ["1h"]}),
        json!({"threshold": 0}),
        json!({"threshold": -1}),
        json!({"threshold": 501}),
        json!({"threshold": 1.5}),
        json!({"threshold": "5"}),
        json!({"threshold": true}),
        json!({"threshold": [5]}),
        json!({"distinct": "user"}),
        json!({"distinct": "user", "threshold": 1}),
        json!({"distinct": "user", "threshold": 3, "first_seen": {"fields": ["ip"]}}),
        json!({"distinct": "", "threshold": 3}),
        json!({"distinct": ["user"], "threshold": 3}),
        json!({"by": ["user"]}),
        json!({"sequence": [{"filter": "a = 1"}, {"filter": "a = 2"}], "by": ["user"]}),
        json!({"first_seen": ["ip"]}),
        json!({"first_seen": "ip"}),
        json!({"first_seen": {}}),
        json!({"first_seen": {"within": "30d"}}),
        json!({"first_seen": {"fields": []}}),
        json!({"first_seen": {"fields": "ip"}}),
        json!({"first_seen": {"fields": [" "]}}),
        json!({"first_seen": {"fields": ["ip"], "within": 30}}),
        json!({"first_seen": {"fields": ["ip"], "learning": "a week"}}),
        json!({"notify": "no"}),
        json!({"alone": "no"}),
        json!({"follow_up": 1}),
        json!({"notify": 0}),
        json!({"tests": "a.json"}),
        json!({"tests": ["a.json"]}),
        json!({"tests": [{}]}),
        json!({"tests": [{"set": {"a": 1}}]}),
        json!({"tests": [{"match": "a.json", "no_match": "b.json"}]}),
        json!({"tests": [{"matches": "a.json"}]}),
        json!({"tests": [{"alerts": 1}]}),
        json!({"tests": [{"events": "a.json"}]}),
        json!({"tests": [{"alerts": 1, "events": ""}]}),
        json!({"tests": [{"alerts": -1, "events": "a.json"}]}),
        json!({"tests": [{"alerts": 1.5, "events": "a.json"}]}),
        json!({"tests": [{"alerts": "1", "events": "a.json"}]}),
        json!({"tests": [{"alerts": true, "events": "a.json"}]}),
        json!({"tests": [{"alerts": 1, "events": "a.json", "match": "b.json"}]}),
        json!({"tests": [{"match": "b.json", "events": "a.json"}]}),
        json!({"tests": [{"match": ""}]}),
        json!({"tests": [{"match": " "}]}),
        json!({"tests": [{"no_match": ""}]}),
        json!({"tests": [{"suppressed": ""}]}),
        json!({"tests": [{"match": ["a.json"]}]}),
        json!({"tests": [{"match": "a.json", "set": ["a"]}]}),
        json!({"tests": [{"match": "a.json", "set": "a"}]}),
        json!({"tests": [{"match": "a.json", "set": {"": 1}}]}),
        json!({"nmae": "x"}),
    ] {
        check(&rule(&changes));
        if let Some(overrides) = overriding(&changes) {
            check_overrides(&overrides);
        }
    }
    let (one, two) = (json!({"filter": "a = 1"}), json!([{"filter": "a = 1"}, {"filter": "a = 2"}]));
    let with_by = json!({"filter": "a = 1", "by": ["user"]});
    for file in [
        sequence(&json!([]), &json!({})),
        sequence(&json!([one]), &json!({})),
        sequence(&json!([one, one, one, one, one, one]), &json!({})),
        sequence(&one, &json!({})),
        sequence(&json!("a = 1"), &json!({})),
        sequence(&json!(["a = 1", "a = 2"]), &json!({})),
        sequence(&json!([one, {}]), &json!({})),
        sequence(&json!([one, {"filter": ""}]), &json!({})),
        sequence(&json!([one, {"filter": ["a = 1"]}]), &json!({})),
        sequence(&json!([one, {"filter": "a = 1", "name": "x"}]), &json!({})),
        sequence(&json!([one, with_by]), &json!({})),
        sequence(&json!([one, with_by]), &json!({"by": null})),
        sequence(&json!([with_by, {"filter": "a = 1", "by": []}]), &json!({"by": null})),
        sequence(&json!([with_by, {"filter": "a = 1", "by": "user"}]), &json!({"by": null})),
        sequence(&two, &json!({"by": null})),
        sequence(&two, &json!({"by": []})),
        sequence(&two, &json!({"by": "user"})),
        sequence(&two, &json!({"by": ["user", "user"]})),
        sequence(&two, &json!({"filter": "a = 1"})),
        sequence(&two, &json!({"threshold": 2})),
        sequence(&two, &json!({"threshold": 2, "distinct": "user"})),
        sequence(&two, &json!({"first_seen": {"fields": ["ip"]}})),
        sequence(&two, &json!({"aggregate_fields": ["ip"]})),
    ] {
        check(&file);
    }
    for timezone in [json!(""), json!("+01:00"), json!(1), json!(["UTC"]), json!("Europe/Berlin Mitte"), json!("/UTC")]
    {
        check_overrides(&json!({"timezone": timezone}));
    }
    for key in [
        "id",
        "title",
        "description",
        "enabled",
        "tags",
        "runbook",
        "suppressions",
        "aggregate_fields",
        "window",
        "threshold",
        "distinct",
        "first_seen",
        "notify",
        "alone",
        "follow_up",
        "tests",
    ] {
        let mut file = rule(&json!({}));
        file["rules"][0][key] = Value::Null;
        check(&file);
        if let Some(overrides) = overriding(&json!({key: null})) {
            check_overrides(&overrides);
        }
    }
    let rules = rule(&json!({}))["rules"].clone();
    for lists in [
        json!(null),
        json!([]),
        json!("admins"),
        json!({"admins": "ada"}),
        json!({"admins": null}),
        json!({"admins": [null]}),
        json!({"admins": [["ada"]]}),
        json!({"admins": [{"name": "ada"}]}),
        json!({"two words": ["ada"]}),
        json!({"": ["ada"]}),
        json!({"é": ["ada"]}),
    ] {
        check(&json!({"lists": lists, "rules": rules}));
        check_overrides(&json!({"lists": lists}));
    }
    for accounts in [
        json!(null),
        json!([]),
        json!("production"),
        json!({"11112222333": "production"}),
        json!({"1111-2222-3333": "production"}),
        json!({"production": "111122223333"}),
        json!({"111122223333": ""}),
        json!({"111122223333": " "}),
        json!({"111122223333": null}),
        json!({"111122223333": ["production"]}),
        json!({"111122223333": "two\nlines"}),
        json!({"111122223333": "n".repeat(101)}),
    ] {
        check(&json!({"accounts": accounts, "rules": rules}));
        check_overrides(&json!({"accounts": accounts}));
    }
    for file in [
        json!({}),
        json!([]),
        json!(null),
        json!("rules"),
        json!({"rules": []}),
        json!({"rules": null}),
        json!({"rules": {}}),
        json!({"rules": [null]}),
        json!({"rules": ["a = 1"]}),
        json!({"rule": rules}),
        json!({"rules": rules, "version": 1}),
    ] {
        check(&file);
    }
    for file in [
        json!({}),
        json!([]),
        json!("overrides"),
        json!({"overrides": null}),
        json!({"overrides": []}),
        json!({"overrides": [{"a-rule": {}}]}),
        json!({"overrides": {"a-rule": null}}),
        json!({"overrides": {"a-rule": false}}),
        json!({"overrides": {"a-rule": []}}),
        json!({"overrides": {"A rule": {}}}),
        json!({"overrides": {"": {}}}),
        json!({"overrides": {"a-rule": {"filter": "a = 1"}}}),
        json!({"overrides": {"a-rule": {"tests": []}}}),
        json!({"override": {"a-rule": {}}}),
        json!({"rules": rules}),
    ] {
        check_overrides(&file);
    }
}

#[test]
fn the_shipped_rules_name_the_schema_and_follow_it() {
    let text = file("rules.yaml");
    assert_eq!(text.lines().next(), Some("# yaml-language-server: $schema=./rules.schema.json"));
    let rules: Value = serde_saphyr::from_str(&text).unwrap();
    assert!(rules["rules"].as_array().unwrap().len() > 1);
    let validator = validator(RULES);
    assert!(validator.is_valid(&rules), "{:?}", validator.iter_errors(&rules).collect::<Vec<_>>());
}

#[test]
fn the_overrides_in_the_readme_name_the_schema_and_follow_it() {
    let text = file("README.md");
    let (_, section) = text.split_once("### Keep your changes apart").unwrap();
    let (overrides, _) = section.split_once("```yaml\n").unwrap().1.split_once("```").unwrap();
    assert_eq!(overrides.lines().next(), Some("# yaml-language-server: $schema=./overrides.schema.json"));
    let (rules, _) = RuleSet::parse(&file("rules.yaml")).unwrap();
    assert_eq!(rules.overridden(overrides).unwrap().1, []);
    let overrides: Value = serde_saphyr::from_str(overrides).unwrap();
    let validator = validator(OVERRIDES);
    assert!(validator.is_valid(&overrides), "{:?}", validator.iter_errors(&overrides).collect::<Vec<_>>());
}

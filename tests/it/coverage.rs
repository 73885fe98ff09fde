//! `trailbell coverage`: rules by technique and control.

use crate::command::{folder, trailbell};
use serde_json::{Value, json};

const RULES: &str = r#"rules:
- {name: "One | two", severity: 1, filter: a = 1, tags: [attack.T1098.001, cis.v3.4.10, service.iam]}
- {name: Two, severity: 2, filter: a = 2, tags: [attack.t1098.001, attack.T1485, attack.TA0003, cis.v3.4.9]}
- {name: Three, severity: 3, filter: a = 3, tags: [securityhub.S3.1]}
- {name: Off, severity: 3, filter: a = 4, tags: [attack.T1530], enabled: false}
"#;

fn coverage(test: &str, arguments: &[&str]) -> String {
    let root = folder(&format!("coverage-{test}"), &[("rules.yaml", RULES.as_bytes())]);
    let rules = root.join("rules.yaml").display().to_string();
    let ran = trailbell(&[&["coverage", "--rules", &rules], arguments].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

#[test]
fn tables_by_technique_and_control() {
    let expected = "# Coverage

3 enabled rules, 2 techniques.

## By ATT&CK technique

| technique | rules, with their severities |
|---|---|
| [T1098.001](https://attack.mitre.org/techniques/T1098/001/) | One \\| two (1), Two (2) |
| [T1485](https://attack.mitre.org/techniques/T1485/) | Two (2) |

## By control of CIS AWS Foundations

| control | rules |
|---|---|
| v3.4.9 | Two (2) |
| v3.4.10 | One \\| two (1) |

## By control of AWS Security Hub

| control | rules |
|---|---|
| S3.1 | Three (3) |

## Without a technique

Three (3)
";
    assert_eq!(coverage("tables", &[]), expected);
}

/// The keys are those of the layer format 4.5 of the ATT&CK Navigator.
#[test]
fn a_layer_for_the_navigator() {
    let layer: Value = serde_json::from_str(&coverage("layer", &["--format", "navigator"])).unwrap();
    assert_eq!((&layer["domain"], &layer["versions"]["layer"]), (&json!("enterprise-attack"), &json!("4.5")));
    let found: Vec<_> =
        layer["techniques"].as_array().unwrap().iter().map(|one| (&one["techniqueID"], &one["score"])).collect();
    assert_eq!(found, [(&json!("T1098.001"), &json!(2)), (&json!("T1485"), &json!(1))]);
    assert_eq!(layer["techniques"][0]["comment"], "One | two\nTwo");
}

#[test]
fn a_wrong_file_is_an_error() {
    let ran = trailbell(&["coverage", "--rules", "no such file"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("no such file cannot be read"), "{}", ran.stderr);
}

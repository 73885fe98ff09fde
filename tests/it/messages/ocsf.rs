//! The findings that machines read, compared with the OCSF schema.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use trailbell::alert::{Alert, Format};

use crate::messages::{alert, json as rendered, put_image, sample, unread, window};

/// For each object of a finding: its required attributes, the attributes of which it must have one, and all types.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("ocsf-1.8.0.json")).unwrap());

/// How an object violates the schema.
pub fn violations(class: &str, value: &Value, place: &str, found: &mut Vec<String>) {
    let Some(members) = value.as_object() else {
        found.push(format!("{place} is no object: {value}"));
        return;
    };
    let schema = &SCHEMA["objects"][class];
    let names = |key: &str| schema[key].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
    found.extend(
        names("required").filter(|name| !members.contains_key(*name)).map(|name| format!("{place} has no {name}")),
    );
    if names("at_least_one").next().is_some() && !names("at_least_one").any(|name| members.contains_key(name)) {
        found.push(format!("{place} has none of {}", schema["at_least_one"]));
    }
    for (name, value) in members {
        let place = format!("{place}.{name}");
        let Some(kind) = schema["attributes"][name].as_str() else {
            found.push(format!("{place} is in no {class}"));
            continue;
        };
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            check_type(kind, value, &place, found);
        }
    }
}

fn check_type(kind: &str, value: &Value, place: &str, found: &mut Vec<String>) {
    let right = match kind {
        "object" | "json_t" => true,
        "boolean_t" => value.is_boolean(),
        "integer_t" | "long_t" | "timestamp_t" | "port_t" => value.is_i64(),
        "ip_t" => value.as_str().is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
        text if text.ends_with("_t") => value.as_str().is_some_and(|text| !text.is_empty()),
        class => return violations(class, value, place, found),
    };
    if !right {
        found.push(format!("{place} is no {kind}: {value}"));
    }
}

pub fn ocsf(alert: &Alert) -> Value {
    let finding = rendered(alert, Format::OCSF);
    let mut found = Vec::new();
    violations("detection_finding", &finding, "finding", &mut found);
    assert!(found.is_empty(), "{found:#?}\n{finding:#}");
    finding
}

#[test]
fn the_check_can_fail() {
    let fails = |change: fn(&mut Map<String, Value>)| {
        let mut finding = ocsf(&alert(0, put_image()));
        change(finding.as_object_mut().unwrap());
        let mut found = Vec::new();
        violations("detection_finding", &finding, "finding", &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
    };
    fails(|finding| drop(finding.remove("time")));
    fails(|finding| drop(finding.insert("time".to_owned(), "2026".into())));
    fails(|finding| drop(finding.insert("tiem".to_owned(), 1.into())));
    fails(|finding| drop(finding["metadata"].as_object_mut().unwrap().remove("version")));
    fails(|finding| drop(finding["api"]["request"].as_object_mut().unwrap().remove("uid")));
    fails(|finding| finding["finding_info"]["attacks"][0] = serde_json::json!({"version": "1"}));
    fails(|finding| finding["evidences"][0]["src_endpoint"]["ip"] = "AWS Internal".into());
}

#[test]
fn a_finding_follows_the_schema() {
    insta::assert_snapshot!(format!("{:#}", ocsf(&alert(0, put_image()))), @r#"
    {
      "activity_id": 1,
      "activity_name": "Create",
      "api": {
        "operation": "PutImage",
        "request": {
          "uid": "b5d5e8a3-6cc6-4f3d-b09f-6a453fba8475"
        },
        "service": {
          "name": "ecr.amazonaws.com"
        }
      },
      "category_name": "Findings",
      "category_uid": 2,
      "class_name": "Detection Finding",
      "class_uid": 2004,
      "cloud": {
        "account": {
          "name": "production",
          "type": "AWS Account",
          "type_id": 10,
          "uid": "111122223333"
        },
        "provider": "AWS",
        "region": "us-east-1"
      },
      "end_time": 1772442453000,
      "evidences": [
        {
          "actor": {
            "session": {
              "credential_uid": "ASIACIDEPLOY2EXAMPLE",
              "issuer": "arn:aws:iam::111122223333:role/ci-deploy"
            },
            "user": {
              "account": {
                "name": "production",
                "type": "AWS Account",
                "type_id": 10,
                "uid": "111122223333"
              },
              "name": "GitHubActions",
              "type": "AssumedRole",
              "type_id": 99,
              "uid": "AROACIDEPLOY27EXAMPLE:GitHubActions",
              "uid_alt": "arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions"
            }
          },
          "api": {
            "operation": "PutImage",
            "request": {
              "uid": "b5d5e8a3-6cc6-4f3d-b09f-6a453fba8475"
            },
            "service": {
              "name": "ecr.amazonaws.com"
            }
          },
          "http_request": {
            "user_agent": "docker/29.1.3 go/go1.25.5 git-commit/fbf3ed2 kernel/6.11.0-1018-azure os/linux arch/amd64 UpstreamClient(Docker-Client/29.1.3 \\(linux\\))"
          },
          "src_endpoint": {
            "ip": "2001:db8:4:12::a5"
          }
        }
      ],
      "finding_info": {
        "analytic": {
          "name": "CloudTrail: ECR Put Image",
          "type": "Rule",
          "type_id": 1,
          "uid": "cloudtrail-ecr-put-image"
        },
        "attacks": [
          {
            "technique": {
              "uid": "T1525"
            }
          }
        ],
        "created_time": 1772442453000,
        "data_sources": [
          "AWS CloudTrail"
        ],
        "desc": "An image was pushed.\n\nCompare its digest with the one that the build made.",
        "first_seen_time": 1772442453000,
        "last_seen_time": 1772442453000,
        "related_events_count": 1,
        "src_url": "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5",
        "title": "GitHubActions put image shop/web",
        "types": [
          "CloudTrail: ECR Put Image"
        ],
        "uid": "96bbf9ae8eaf69d0b68a8507c86aa119"
      },
      "is_alert": true,
      "message": "GitHubActions put image shop/web",
      "metadata": {
        "correlation_uid": "5d9aab7461c0ca23e84013961763d708",
        "event_code": "PutImage",
        "labels": [
          "kind.alert",
          "service.ecr",
          "attack.T1525"
        ],
        "log_name": "AWS CloudTrail",
        "original_time": "2026-03-02T09:07:33Z",
        "product": {
          "name": "trailbell",
          "vendor_name": "trailbell",
          "version": "0.1.0"
        },
        "profiles": [
          "cloud"
        ],
        "uid": "96bbf9ae8eaf69d0b68a8507c86aa119",
        "version": "1.8.0"
      },
      "resources": [
        {
          "uid": "arn:aws:ecr:us-east-1:111122223333:repository/shop/web"
        }
      ],
      "severity": "Medium",
      "severity_id": 3,
      "start_time": 1772442453000,
      "status": "New",
      "status_id": 1,
      "time": 1772442453000,
      "type_name": "Detection Finding: Create",
      "type_uid": 200401,
      "unmapped": {
        "bucket": "logs",
        "event_id": "bb2adece-e2ad-49af-a023-29c3643ce7f5",
        "key": "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz"
      }
    }
    "#);
}

/// The meaning of our severities for Security Hub and SIEMs.
#[test]
fn severities() {
    for (rule, id, name) in [(2, 4, "High"), (0, 3, "Medium"), (1, 1, "Informational")] {
        let finding = ocsf(&alert(rule, put_image()));
        assert_eq!((&finding["severity_id"], &finding["severity"]), (&id.into(), &name.into()));
    }
}

#[test]
fn techniques_and_tactics_come_from_tags() {
    let finding = ocsf(&alert(2, sample("ssm/resume-session-denied.json")));
    assert_eq!(
        finding["finding_info"]["attacks"],
        serde_json::json!([
            {"technique": {"uid": "T1078"}, "sub_technique": {"uid": "T1078.004"}},
            {"tactic": {"uid": "TA0004"}},
        ])
    );
    assert_eq!(finding["api"]["response"]["error"], "AccessDenied");
}

#[test]
fn times_are_milliseconds() {
    // 2026-03-02T08:00:00Z and 09:07:33Z are 1772438400 and 1772442453 seconds after 1970.
    let finding = ocsf(&window());
    assert_eq!(finding["start_time"], 1_772_438_400_000_i64);
    assert_eq!(finding["time"], 1_772_442_453_000_i64);
    assert_eq!(finding["count"], 1200);
    assert_eq!(finding["unmapped"]["aggregate_values"]["role"], "ci-deploy");
    assert_eq!(finding["unmapped"]["state_unavailable"], true);
    assert_eq!(finding["unmapped"]["event_id"], "bb2adece-e2ad-49af-a023-29c3643ce7f5");
}

#[test]
fn unread_records_are_findings() {
    let finding = ocsf(&unread());
    assert_eq!(finding["severity"], "Medium");
    assert_eq!(finding["cloud"]["account"]["name"], "production");
    // The object was delivered at 09:20.
    assert_eq!(finding["time"], 1_772_443_200_000_i64);
}

#[test]
fn a_service_in_place_of_an_address() {
    let mut record = put_image();
    record["sourceIPAddress"] = "AWS Internal".into();
    assert_eq!(
        ocsf(&alert(0, record))["evidences"][0]["src_endpoint"],
        serde_json::json!({"svc_name": "AWS Internal"})
    );
}

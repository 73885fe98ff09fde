//! The findings that machines read, compared with the OCSF schema.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use trailbell::alert::{Alert, Format};

use crate::messages::{alert, json as rendered, put_image, sample, unread, window};

/// For each object of a finding: its required attributes, the attributes of which it must have one, all types (`[]` is a list), which
/// numbers an attribute can have, and which of the types of observables an attribute is.
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
        let allowed = schema["enums"][name].as_array();
        if allowed.is_some_and(|allowed| !allowed.contains(value)) {
            found.push(format!("{place} cannot be {value}"));
        }
        match (kind.strip_suffix("[]"), value.as_array()) {
            (Some(kind), Some(values)) => values.iter().for_each(|value| check_type(kind, value, &place, found)),
            (Some(_), None) => found.push(format!("{place} is no list: {value}")),
            (None, _) => check_type(kind, value, &place, found),
        }
    }
    if class == "detection_finding" {
        members.get("observables").into_iter().flat_map(|all| all.as_array().unwrap()).for_each(|one| {
            let (name, value) = (one["name"].as_str().unwrap_or_default(), &one["value"]);
            match observed(class, members, name) {
                Some((is, type_id)) if is == value && type_id.is_none_or(|type_id| one["type_id"] == *type_id) => {}
                other => found.push(format!("{one} is {other:?}")),
            }
        });
    }
}

/// The value at a path such as `evidences[0].actor.user.uid`, and which type of observable the schema says that it is; `unmapped` has
/// no types.
fn observed<'v>(
    class: &str,
    finding: &'v Map<String, Value>,
    path: &str,
) -> Option<(&'v Value, Option<&'static Value>)> {
    let (mut class, mut members, mut keys) = (class.to_owned(), finding, path.split('.').peekable());
    while let Some(key) = keys.next() {
        let (name, index) = match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
            Some((name, index)) => (name, Some(index.parse::<usize>().ok()?)),
            None => (key, None),
        };
        let value = members.get(name)?;
        let value = if let Some(index) = index { value.get(index)? } else { value };
        let object = &SCHEMA["objects"][&class];
        if keys.peek().is_none() {
            let is_mapped = !path.starts_with("unmapped.");
            return Some((value, is_mapped.then_some(&object["observables"][name])));
        }
        class = object["attributes"][name].as_str().unwrap_or_default().trim_end_matches("[]").to_owned();
        members = value.as_object()?;
    }
    None
}

fn check_type(kind: &str, value: &Value, place: &str, found: &mut Vec<String>) {
    let right = match kind {
        "object" => value.is_object(),
        "json_t" => true,
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
    fails(|finding| finding["finding_info"]["types"][0] = serde_json::json!(["x"]));
    fails(|finding| finding["severity_id"] = 7.into());
    fails(|finding| finding["observables"][0]["name"] = "evidences[1].actor.user.name".into());
    fails(|finding| finding["observables"][0]["value"] = "ada".into());
    fails(|finding| finding["observables"][0]["type_id"] = 31.into());
    fails(|finding| finding["evidences"][0]["api"] = serde_json::json!([finding["api"]]));
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
            "idp": {
              "name": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
            },
            "session": {
              "created_time": 1772442348000,
              "credential_uid": "ASIACIDEPLOY2EXAMPLE",
              "issuer": "arn:aws:iam::111122223333:role/ci-deploy",
              "uid_alt": "arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions"
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
              "uid": "arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions",
              "uid_alt": "AROACIDEPLOY27EXAMPLE:GitHubActions"
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
          "name": "CloudTrail event",
          "src_endpoint": {
            "ip": "2001:db8:4:12::a5"
          },
          "uid": "bb2adece-e2ad-49af-a023-29c3643ce7f5"
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
        "desc": "session GitHubActions of the role ci-deploy called PutImage at ecr.amazonaws.com, and it succeeded\nin account 111122223333 (production), region us-east-1, from 2001:db8:4:12::a5, at 2026-03-02T09:07:33Z",
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
        "correlation_uid": "0846bffcdf9ea13a381b82d53d5fac4a",
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
      "observables": [
        {
          "name": "evidences[0].actor.user.name",
          "type": "User Name",
          "type_id": 4,
          "value": "GitHubActions"
        },
        {
          "name": "evidences[0].actor.user.uid",
          "type": "User Object: uid",
          "type_id": 31,
          "value": "arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions"
        },
        {
          "name": "evidences[0].actor.session.credential_uid",
          "type": "User Credential ID",
          "type_id": 19,
          "value": "ASIACIDEPLOY2EXAMPLE"
        },
        {
          "name": "evidences[0].actor.user.account.uid",
          "type": "Account Object: uid",
          "type_id": 35,
          "value": "111122223333"
        },
        {
          "name": "evidences[0].src_endpoint.ip",
          "type": "IP Address",
          "type_id": 2,
          "value": "2001:db8:4:12::a5"
        },
        {
          "name": "evidences[0].http_request.user_agent",
          "type": "HTTP User-Agent",
          "type_id": 16,
          "value": "docker/29.1.3 go/go1.25.5 git-commit/fbf3ed2 kernel/6.11.0-1018-azure os/linux arch/amd64 UpstreamClient(Docker-Client/29.1.3 \\(linux\\))"
        },
        {
          "name": "resources[0].uid",
          "type": "Resource UID",
          "type_id": 10,
          "value": "arn:aws:ecr:us-east-1:111122223333:repository/shop/web"
        }
      ],
      "remediation": {
        "desc": "An image was pushed.\n\nCompare its digest with the one that the build made.",
        "references": [
          "https://example.com/runbooks/ecr"
        ]
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
        "key": "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz",
        "next_steps": [
          {
            "what": "Ask the owner of the role ci-deploy who or what used it, and look up who began the session GitHubActions; its caller chose that name"
          },
          {
            "command": "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=AccessKeyId,AttributeValue=ASIACIDEPLOY2EXAMPLE' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z",
            "what": "Look up what this access key did up to an hour before and after, with credentials of account 111122223333 (production), in us-east-1"
          },
          {
            "command": "trailbell search --around bb2adece-e2ad-49af-a023-29c3643ce7f5 --same accessKey --since 2026-03-02T08:07:33Z --until 2026-03-02T10:07:33Z 's3://logs/AWSLogs/111122223333/'",
            "what": "Search the account's log files, with access to their bucket, for what this access key did up to an hour before and after, in all regions"
          },
          {
            "link": "https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5",
            "what": "Open the event in the console: sign in to account 111122223333 (production) first"
          },
          {
            "command": "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=EventId,AttributeValue=bb2adece-e2ad-49af-a023-29c3643ce7f5' --output json | trailbell suppress cloudtrail-ecr-put-image - --by principal",
            "entry": "overrides:\n  cloudtrail-ecr-put-image:\n    suppressions:\n      - filter: principal = \"arn:aws:iam::111122223333:role/ci-deploy\"\n        reason: event bb2adece-e2ad-49af-a023-29c3643ce7f5\n        expires: 2026-04-01\n",
            "what": "If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml"
          }
        ],
        "object_link": "https://console.aws.amazon.com/s3/object/logs?prefix=AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz",
        "reasons": [
          "eventName = \"PutImage\"",
          "mfaUsed = false"
        ],
        "request": [
          {
            "name": "repositoryName",
            "values": [
              "shop/web"
            ]
          },
          {
            "name": "imageTag",
            "values": [
              "1.42.1"
            ]
          },
          {
            "name": "registryId",
            "values": [
              "111122223333"
            ]
          },
          {
            "name": "imageManifest.config.digest",
            "values": [
              "sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910"
            ]
          },
          {
            "name": "imageManifest.config.mediaType",
            "values": [
              "application/vnd.docker.container.image.v1+json"
            ]
          },
          {
            "name": "imageManifest.config.size",
            "values": [
              "6591"
            ]
          },
          {
            "name": "imageManifest.layers.digest",
            "values": [
              "sha256:a1ff6329f7ad6e82bdb1913d90a3f79d00a7f1484be30328dbd6cd41c8ee1cf3"
            ]
          },
          {
            "name": "imageManifest.layers.mediaType",
            "values": [
              "application/vnd.docker.image.rootfs.diff.tar.gzip"
            ]
          },
          {
            "name": "imageManifest.layers.size",
            "values": [
              "3401613"
            ]
          },
          {
            "name": "imageManifest.layers.digest",
            "values": [
              "sha256:2fc4b93057fb5d56e5d6982bf20d79ed1f01f821f78f64f1969bc06668c93688"
            ]
          },
          {
            "name": "imageManifest.layers.size",
            "values": [
              "18240977"
            ]
          }
        ],
        "request_not_listed": 5
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

/// What an e-mail shows has its place in the finding.
#[test]
fn a_finding_has_what_an_email_has() {
    let mut record = super::hostile::rich();
    record["userIdentity"]["sessionContext"]["webIdFederationData"] =
        serde_json::json!({"federatedProvider": "accounts.example.com"});
    let alert = alert(0, record);
    let finding = ocsf(&alert);
    let (actor, unmapped) = (&finding["evidences"][0]["actor"], &finding["unmapped"]);
    let body = trailbell::alert::render(Format::TEXT, &alert).body;
    for (row, value) in [
        ("          source identity ", &unmapped["source_identity"]),
        ("          on behalf of the user ", &unmapped["on_behalf_of"]),
        ("          invoked by ", &actor["app_name"]),
        ("Who       AssumedRole ", &actor["user"]["uid"]),
        ("Key       ", &actor["session"]["credential_uid"]),
        ("Session   issued by ", &actor["session"]["issuer"]),
        ("Error     ", &finding["api"]["response"]["error_message"]),
        ("Runbook   ", &finding["remediation"]["references"][0]),
        ("Event     ", &finding["evidences"][0]["uid"]),
        ("Resource  ", &finding["resources"][0]["uid"]),
        ("Why       ", &unmapped["reasons"][0]),
        ("What      repositoryName = ", &unmapped["request"][0]["values"][0]),
    ] {
        let value = value.as_str().unwrap_or_else(|| panic!("{row} in {finding:#}"));
        assert!(body.contains(&format!("\n{row}{value}")), "{row}{value} in {body}");
    }
    assert_eq!(actor["idp"]["name"], "accounts.example.com");
    // The session began at 2026-03-02T09:05:48Z.
    let began = "2026-03-02T09:05:48Z".parse::<jiff::Timestamp>().unwrap();
    assert!(body.contains(&format!(", since {began}")), "{body}");
    assert_eq!(actor["session"]["created_time"], began.as_millisecond());
    let steps = unmapped["next_steps"].as_array().unwrap();
    let all = |key: &str| steps.iter().filter_map(|step| step[key].as_str()).collect::<Vec<_>>();
    assert_eq!(
        (steps.len(), all("what").len(), all("command").len(), all("link").len(), all("entry").len()),
        (5, 5, 3, 1, 1)
    );
    for line in
        steps.iter().flat_map(|step| step.as_object().unwrap().values()).flat_map(|text| text.as_str().unwrap().lines())
    {
        assert!(body.contains(&format!(" {line}\n")), "{line} in {body}");
    }
    assert_eq!(
        finding["remediation"]["desc"],
        "An image was pushed.\n\nCompare its digest with the one that the build made."
    );
    let lead: Vec<&str> = body.trim_start_matches("SEV2 ").lines().take(2).collect();
    assert_eq!(finding["finding_info"]["desc"], lead.join("\n"));
}

/// A rule without a description has nothing to remedy, and one with only a runbook names it.
#[test]
fn a_remediation_has_a_description() {
    assert_eq!(ocsf(&alert(2, put_image())).get("remediation"), None);
    let rules = "rules: [{name: R, severity: 2, filter: eventName exists, runbook: \"https://example.com/r\"}]";
    let finding = ocsf(&super::alert_of(trailbell::rule::RuleSet::parse(rules).unwrap().0, 0, put_image(), None));
    assert_eq!(
        finding["remediation"],
        serde_json::json!({"desc": "Follow the runbook", "references": ["https://example.com/r"]})
    );
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
fn what_is_in_place_of_a_name_is_no_observable() {
    for (identity, placeholder) in [
        (
            serde_json::json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}),
            "ANONYMOUS_PRINCIPAL",
        ),
        (serde_json::json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}), "anonymous"),
        (serde_json::json!({"type": "Unknown", "principalId": "Anonymous"}), "Anonymous"),
        (Value::Null, "unknown"),
    ] {
        let mut record = put_image();
        record["userIdentity"] = identity;
        let finding = ocsf(&alert(0, record));
        assert!(finding["evidences"][0]["actor"].to_string().contains(placeholder), "{finding}");
        let observables = finding["observables"].as_array().unwrap();
        let is_name = |one: &Value| one["value"].as_str().is_some_and(|value| value.eq_ignore_ascii_case(placeholder));
        assert!(observables.len() > 1 && !observables.iter().any(is_name), "{observables:?}");
        assert!(!observables.iter().any(|one| one["value"] == "anonymous"), "{observables:?}");
    }
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

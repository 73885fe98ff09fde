//! The short names: the value of each for records as AWS documents them, and for records that are odd.
//!
//! The identities are those of "CloudTrail userIdentity element" and of "Example Amazon S3 log file entries" in AWS's guides, and
//! of logs that others published, with other ids; expected values follow from the definitions in `src/filter/reference.md`.

use proptest::prelude::*;
use serde_json::{Value, json};
use trailbell::{
    engine::{Engine, Evaluated, Scratch},
    filter::Filter,
    log_file::RawRecord,
    record::{Record, Virtual, Zone},
    rule::{AggregateValue, Identities, RuleSet, Title, Verdict},
};

use crate::arbitrary;

fn record(value: Value) -> Record {
    Record::new(value).unwrap()
}

fn field(name: &str, of: &Value) -> Option<String> {
    record(of.clone()).field(Virtual::named(name).unwrap())
}

/// Compares the names of a caller.
fn check(identity: Value, expected: &[(&str, Option<&str>)]) {
    let of = json!({"userIdentity": identity});
    for (name, expected) in expected {
        assert_eq!(field(name, &of).as_deref(), *expected, "{name} of {of}");
    }
}

fn user() -> Value {
    json!({
        "type": "IAMUser", "principalId": "AIDAJ45Q7YFFAREXAMPLE", "arn": "arn:aws:iam::111122223333:user/ops/alice",
        "accountId": "111122223333", "accessKeyId": "", "userName": "alice",
    })
}

/// A session `name` of a role at `path`.
fn session(path: &str, role: &str, name: &str) -> Value {
    json!({
        "type": "AssumedRole", "principalId": format!("AROAIDPPEZS35WEXAMPLE:{name}"),
        "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}"), "accountId": "111122223333",
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAIDPPEZS35WEXAMPLE", "accountId": "111122223333", "userName": role,
            "arn": format!("arn:aws:iam::111122223333:role{path}{role}"),
        }},
    })
}

fn federated(name: &str, issuer: &Value) -> Value {
    json!({
        "type": "FederatedUser", "principalId": format!("111122223333:{name}"), "accountId": "111122223333",
        "arn": format!("arn:aws:sts::111122223333:federated-user/{name}"), "sessionContext": {"sessionIssuer": issuer},
    })
}

/// A value with some of its members replaced; null removes one.
fn with(mut value: Value, changes: Value) -> Value {
    let (Value::Object(members), Value::Object(changes)) = (&mut value, changes) else { panic!("no objects") };
    for (key, change) in changes {
        if change.is_null() {
            members.remove(&key);
        } else {
            members.insert(key, change);
        }
    }
    value
}

#[test]
fn a_user() {
    let user_arn = "arn:aws:iam::111122223333:user/ops/alice";
    let names = |user, principal| [("user", user), ("role", None), ("session", None), ("principal", principal)];
    check(user(), &names(Some("alice"), Some(user_arn)));
    for arn in ["arn:aws-cn:iam::111122223333:user/alice", "arn:aws-us-gov:iam::111122223333:user/alice"] {
        check(with(user(), json!({"arn": arn})), &names(Some("alice"), Some(arn)));
    }
    // A failed sign-in has no ARN.
    let sign_in = json!({"type": "IAMUser", "accountId": "111122223333", "accessKeyId": "", "userName": "anaya"});
    check(sign_in, &names(Some("anaya"), Some("111122223333:anaya")));
    // Empty text counts as missing, and so does what is no text.
    for odd in [json!(""), json!(null), json!(7), json!(["root"]), json!({"a": "root"}), json!(true)] {
        check(with(user(), json!({"userName": odd})), &names(Some("alice"), Some(user_arn)));
        let without_arn = with(user(), json!({"userName": odd, "arn": odd}));
        check(without_arn, &names(Some("AIDAJ45Q7YFFAREXAMPLE"), Some("111122223333:AIDAJ45Q7YFFAREXAMPLE")));
    }
    let unfinished = json!({"userName": "", "arn": "arn:aws:iam::111122223333:user/"});
    check(with(user(), unfinished), &[("user", Some("AIDAJ45Q7YFFAREXAMPLE"))]);
}

/// The short name of a principal in a title, of an event in account 111122223333.
fn name_in_title(identity: &Value) -> String {
    let of = record(json!({"recipientAccountId": "111122223333", "userIdentity": identity}));
    Title::parse("{{principal}}").unwrap().fill(&of)
}

#[test]
fn a_title_shows_a_short_name_of_the_principal() {
    let issuer =
        |arn: &str| json!({"sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Ops", "arn": arn}}});
    let sso =
        issuer("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef");
    let broker = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker", "userName": "broker"});
    for (identity, expected) in [
        (user(), "alice"),
        (with(user(), json!({"accountId": "444455556666"})), "444455556666:alice"),
        (with(user(), json!({"userName": "ROOT"})), "user ROOT"),
        (with(user(), json!({"userName": "HIDDEN_DUE_TO_SECURITY_REASONS"})), "an unknown user"),
        // The caller chooses the name of a session, but not the role.
        (session("/app/", "deploy", "root"), "deploy"),
        (session("/", "root", "bob"), "role root"),
        (with(session("/", "deploy", "bob"), json!({"accountId": "444455556666"})), "444455556666:deploy"),
        (with(session("/", "deploy", "bob"), json!({"sessionContext": null})), "deploy"),
        (with(session("/", "deploy", "bob"), json!({"sessionContext": null, "arn": null})), "AROAIDPPEZS35WEXAMPLE"),
        (with(session("/", "AWSReservedSSO_Ops_0123456789abcdef", "ann@example.com"), sso.clone()), "ann@example.com"),
        (with(session("/", "AWSReservedSSO_Ops_0123456789abcdef", "root"), sso), "session root"),
        (session("/", "AWSReservedSSO_Ops_0", "ann@example.com"), "AWSReservedSSO_Ops_0"),
        (federated("mallory", &broker), "broker (session mallory)"),
        (federated("Root", &broker), "broker (session Root)"),
        (federated("mallory", &json!({"type": "Root"})), "Root (session mallory)"),
        (federated("mallory", &json!({"type": "IAMUser", "userName": "root"})), "user root (session mallory)"),
        (federated("mallory", &json!({})), "session mallory"),
        (
            with(federated("mallory", &broker), json!({"accountId": "444455556666"})),
            "444455556666:broker (session mallory)",
        ),
        (json!({"type": "Root", "accountId": "111122223333", "userName": "my-alias"}), "Root"),
        (json!({"type": "Root", "accountId": "444455556666"}), "444455556666:Root"),
        (json!({"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAEXAMPLE:x"}), "444455556666"),
        (json!({"type": "AWSAccount", "accountId": "anonymous", "principalId": ""}), "anonymous"),
        (json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), "ec2.amazonaws.com"),
        (json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "544894e8-80c1"}}), "544894e8-80c1"),
        (json!({}), "anonymous"),
        (json!(null), "undefined"),
    ] {
        assert_eq!(name_in_title(&identity), expected, "{identity}");
    }
}

#[test]
fn the_root_user() {
    let root = json!({
        "type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333",
        "userName": "my-alias",
    });
    check(root, &[("user", Some("Root")), ("role", None), ("session", None), ("principal", Some("111122223333"))]);
}

#[test]
fn a_session_of_a_role() {
    let role = "arn:aws:iam::111122223333:role/app/deploy";
    let names =
        [("user", Some("root")), ("role", Some("deploy")), ("session", Some("root")), ("principal", Some(role))];
    check(session("/app/", "deploy", "root"), &names);
    // The session is that of the caller's choice, and does not make another principal.
    check(session("/app/", "deploy", "bob"), &[("session", Some("bob")), ("principal", Some(role))]);
    // Without the issuer, the role is that of the session's ARN or of its id.
    let bare = with(session("/app/", "deploy", "bob"), json!({"sessionContext": null}));
    let sts = "arn:aws:sts::111122223333:assumed-role/deploy";
    check(bare.clone(), &[("role", None), ("session", Some("bob")), ("principal", Some(sts))]);
    let id = Some("111122223333:AROAIDPPEZS35WEXAMPLE");
    check(with(bare, json!({"arn": ""})), &[("user", Some("AROAIDPPEZS35WEXAMPLE:bob")), ("principal", id)]);
    // A role that nothing but its name says is one of IAM Identity Center.
    for path in ["/", "/aws-reserved/", "/x/aws-reserved/sso.amazonaws.com/", "/aws-reserved/sso.amazonaws.com.evil/"] {
        let role = "AWSReservedSSO_Admin_0123456789abcdef";
        let arn = format!("arn:aws:iam::111122223333:role{path}{role}");
        check(session(path, role, "ann@example.com"), &[("principal", Some(&arn)), ("role", Some(role))]);
    }
}

#[test]
fn a_person_of_iam_identity_center_with_a_role() {
    for path in ["/aws-reserved/sso.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/eu-central-1/"] {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let role = "AWSReservedSSO_Admin_0123456789abcdef";
            let arn = format!("arn:{partition}:iam::111122223333:role{path}{role}");
            for name in ["ann@example.com", "bob@example.com"] {
                let mut person = session(path, role, name);
                person["sessionContext"]["sessionIssuer"]["arn"] = json!(arn);
                check(person.clone(), &[("user", Some(name)), ("principal", Some(&format!("{arn}:{name}")))]);
                // Without the session's ARN, its name is in its id.
                person["arn"] = json!("");
                check(person, &[("session", Some(name)), ("principal", Some(&format!("{arn}:{name}")))]);
            }
        }
    }
}

#[test]
fn a_federated_user() {
    let broker = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/broker", "userName": "broker"});
    for name in ["mallory", "erin"] {
        let principal = format!("arn:aws:iam::111122223333:user/broker:{name}");
        check(
            federated(name, &broker),
            &[("user", Some(name)), ("role", None), ("session", Some(name)), ("principal", Some(&principal))],
        );
    }
    let root = json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"});
    check(federated("erin", &root), &[("principal", Some("arn:aws:iam::111122223333:root:erin")), ("role", None)]);
    let own = "arn:aws:sts::111122223333:federated-user/erin";
    check(federated("erin", &json!({})), &[("principal", Some(own)), ("session", Some("erin"))]);
    check(with(federated("erin", &broker), json!({"principalId": "111122223333:"})), &[("session", None)]);
}

#[test]
fn a_user_of_iam_identity_center() {
    let person = json!({
        "type": "IdentityCenterUser", "accountId": "111122223333", "credentialId": "90e292de-5eb8-446e-9602-90f7c45044f7",
        "onBehalfOf": {
            "userId": "544894e8-80c1-707f-60e3-3ba6510dfac1",
            "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-1234567890",
        },
    });
    let id = "544894e8-80c1-707f-60e3-3ba6510dfac1";
    let names = [("user", Some(id)), ("session", None), ("principal", Some(&*format!("111122223333:{id}")))];
    check(person.clone(), &names);
    let credential = "90e292de-5eb8-446e-9602-90f7c45044f7";
    for missing in [json!(null), json!({}), json!({"userId": ""}), json!([{"userId": "x"}])] {
        let principal = format!("111122223333:{credential}");
        let changed = with(person.clone(), json!({"onBehalfOf": missing}));
        check(changed, &[("user", Some(credential)), ("principal", Some(&principal))]);
    }
}

#[test]
fn a_service() {
    let service = json!({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"});
    let name = Some("cloudformation.amazonaws.com");
    check(service, &[("user", name), ("role", None), ("session", None), ("principal", name)]);
    let event = json!({"accountId": "111122223333", "invokedBy": "AWS Internal"});
    check(event, &[("user", Some("AWS Internal")), ("principal", Some("111122223333:AWS Internal"))]);
}

#[test]
fn a_caller_from_another_account() {
    let caller = |id: &str| json!({"type": "AWSAccount", "principalId": id, "accountId": "999988887777"});
    check(caller("AIDASTRANGER"), &[("user", Some("AIDASTRANGER")), ("principal", Some("999988887777:AIDASTRANGER"))]);
    for name in ["root", "a:b", ""] {
        let id = format!("AROASTRANGER:{name}");
        check(caller(&id), &[("user", Some(&id)), ("principal", Some("999988887777:AROASTRANGER")), ("session", None)]);
    }
    // The root user of the other account.
    check(caller("999988887777"), &[("principal", Some("999988887777"))]);
    check(caller(""), &[("user", Some("anonymous")), ("principal", Some("999988887777"))]);
}

#[test]
fn other_callers() {
    let web = json!({
        "type": "WebIdentityUser", "principalId": "accounts.google.com:app.apps.googleusercontent.com:1234",
        "userName": "1234", "identityProvider": "accounts.google.com",
    });
    let id = "accounts.google.com:app.apps.googleusercontent.com:1234";
    check(web, &[("user", Some("1234")), ("principal", Some(id)), ("session", None)]);
    // A published record of this kind has the ARN of a session.
    let unknown = json!({
        "type": "Unknown", "principalId": "AROAX:ann", "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1b74cd717d47002b/ann",
    });
    let role = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1b74cd717d47002b";
    check(unknown, &[("user", Some("ann")), ("principal", Some(role))]);
}

#[test]
fn a_caller_without_an_identity_is_anonymous() {
    let anonymous = [("user", Some("anonymous")), ("role", None), ("session", None), ("principal", Some("anonymous"))];
    for account in ["anonymous", "ANONYMOUS_PRINCIPAL", ""] {
        check(json!({"type": "AWSAccount", "principalId": "", "accountId": account}), &anonymous);
    }
    for identity in [json!({}), json!([]), json!("alice"), json!({"type": 7}), json!({"omitted": true})] {
        check(identity, &anonymous);
    }
    // An Insight compares many calls, and has no caller.
    for none in [json!({}), json!({"userIdentity": null}), json!({"eventCategory": "Insight"})] {
        assert_eq!((field("user", &none), field("principal", &none)), (None, None));
    }
}

#[test]
fn role_is_that_of_a_role_only() {
    let issuer = |issuer: Value| json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}});
    check(issuer(json!({"type": "Role", "userName": "ops"})), &[("role", Some("ops"))]);
    for other in [
        json!({"type": "IAMUser", "userName": "ops"}),
        json!({"type": "Root", "userName": "ops"}),
        json!({"type": ["Role"], "userName": "ops"}),
        json!({"userName": "ops"}),
        json!({"type": "Role", "userName": ""}),
        json!({"type": "Role"}),
    ] {
        check(issuer(other), &[("role", None)]);
    }
}

#[test]
fn result_is_failure_or_success() {
    let check = |of: Value, expected: &str| assert_eq!(field("result", &of).as_deref(), Some(expected), "{of}");
    check(json!({}), "success");
    check(json!({"errorCode": "AccessDenied"}), "failure");
    check(json!({"errorMessage": "Failed authentication"}), "failure");
    for key in ["ConsoleLogin", "CheckMfa", "SwitchRole", "RenewRole", "ExitRole"] {
        check(json!({"responseElements": {key: "Failure"}}), "failure");
        check(json!({"responseElements": {key: "Success"}}), "success");
        check(json!({"serviceEventDetails": {key: "Failure"}}), "success");
    }
    for key in ["CredentialVerification", "UserAuthentication"] {
        check(json!({"serviceEventDetails": {key: "Failure"}}), "failure");
        check(json!({"serviceEventDetails": {key: "Success"}}), "success");
        check(json!({"responseElements": {key: "Failure"}}), "success");
    }
    for odd in [json!(""), json!(null), json!({}), json!([])] {
        check(json!({"errorCode": odd, "errorMessage": odd, "responseElements": {"ConsoleLogin": odd}}), "success");
    }
    check(json!({"responseElements": {"omitted": true}, "serviceEventDetails": "Failure"}), "success");
}

#[test]
fn owner_account_is_that_of_the_resources_if_they_agree() {
    let check = |resources: Value, expected: Option<&str>| {
        let of = json!({"resources": resources, "recipientAccountId": "111122223333"});
        assert_eq!(field("ownerAccount", &of).as_deref(), expected, "{of}");
    };
    let (own, other) = (Some("111122223333"), Some("444455556666"));
    let resource = |account: &str| json!({"accountId": account, "ARN": "arn:aws:s3:::x"});
    check(json!(null), own);
    check(json!([]), own);
    check(json!([resource("444455556666")]), other);
    check(json!([resource("444455556666"), resource("444455556666")]), other);
    check(json!([resource("444455556666"), resource("111122223333")]), own);
    // As of an object beside its bucket.
    check(json!([{"ARN": "arn:aws:s3:::x/y"}, resource("444455556666")]), other);
    check(json!([resource(""), {"accountId": 5}, resource("444455556666")]), other);
    check(resource("444455556666"), other);
    check(json!("444455556666"), own);
    assert_eq!(field("ownerAccount", &json!({"recipientAccountId": ""})), None);
    assert_eq!(field("ownerAccount", &json!({"userIdentity": {"accountId": "444455556666"}})), None);
}

#[test]
fn network_is_that_of_an_address() {
    for (address, expected) in [
        ("203.0.113.9", Some("203.0.113.0/24")),
        ("::ffff:203.0.113.9", Some("203.0.113.0/24")),
        ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1::/48")),
        ("::1", Some("::/48")),
        ("cloudformation.amazonaws.com", None),
        ("AWS Internal", None),
        ("", None),
        ("203.0.113.9:443", None),
    ] {
        assert_eq!(field("network", &json!({"sourceIPAddress": address})).as_deref(), expected, "{address}");
    }
    assert_eq!(field("network", &json!({"sourceIPAddress": ["203.0.113.9"]})), None);
}

#[test]
fn hour_and_weekday_are_those_of_a_time_zone() {
    let of = record(json!({"eventTime": "2026-03-01T23:30:00Z"}));
    let in_zone = |name: &str, zone: &str| {
        let zone = Zone::named(zone).unwrap();
        of.field(Virtual::named(name).unwrap().in_zone(zone)).unwrap()
    };
    // By `TZ=… date -d 2026-03-01T23:30:00Z '+%H %u'`.
    assert_eq!((&*in_zone("hour", "UTC"), &*in_zone("weekday", "UTC")), ("23", "7"));
    assert_eq!((&*in_zone("hour", "Europe/Berlin"), &*in_zone("weekday", "Europe/Berlin")), ("0", "1"));
    for time in [json!("soon"), json!(""), json!(0), json!(null)] {
        assert_eq!(field("hour", &json!({"eventTime": time})), None);
    }
}

#[test]
fn empty_text_counts_as_missing() {
    for (name, of) in [
        ("ip", json!({"sourceIPAddress": ""})),
        ("region", json!({"awsRegion": ""})),
        ("error", json!({"errorCode": ""})),
        ("bucketName", json!({"requestParameters": {"bucketName": ["", ""]}})),
        ("accessKey", json!({"userIdentity": {"accessKeyId": ""}})),
        ("accountId", json!({"userIdentity": {"accountId": ""}})),
        ("userType", json!({"userIdentity": {"type": ""}})),
        ("arnRole", json!({"userIdentity": {"arn": ""}})),
        ("arnRole", json!({"userIdentity": {"arn": "arn:aws:iam::111122223333:"}})),
        ("mfaUsed", json!({"additionalEventData": {"MFAUsed": ""}})),
    ] {
        assert_eq!(field(name, &of), None, "{name} of {of}");
        let holds = |filter: &str| Filter::parse(filter).unwrap().matches(record(of.clone()).root());
        assert!(holds(&format!("{name} = null")) && !holds(&format!("{name} exists")), "{name} of {of}");
        assert!(!holds(&format!("{name} = \"\"")), "{name} of {of}");
    }
    // The record's own field has it.
    assert!(Filter::parse("errorCode exists").unwrap().matches(record(json!({"errorCode": ""})).root()));
    let some = json!({"requestParameters": {"bucketName": ["", "logs"]}});
    assert_eq!(field("bucketName", &some).as_deref(), Some("logs"));
}

/// Every part of a rule that can name an hour reads it in the zone of the file.
#[test]
fn the_zone_of_a_rules_file_is_that_of_all_its_hours() {
    let text = r#"
lists: {nights: [0, 1]}
rules:
  - name: filter
    severity: 3
    filter: >-
      weekday = 1 and not hour != 0 and hour = field hour
      and any resources (record.hour = field record.hour and record.hour in $nights)
    suppressions: [hour = 23]
    aggregate_fields: [hour, weekday]
    title: "at {{hour}} on {{weekday}}"
  - {name: distinct, severity: 3, filter: weekday = 1, threshold: 2, distinct: hour}
  - {name: first, severity: 3, filter: weekday = 1, first_seen: {fields: [hour]}}
  - name: sequence
    severity: 3
    sequence: [{filter: hour = 0}, {filter: weekday = 1}]
    by: [hour]
"#;
    let of = record(json!({"eventTime": "2026-03-01T23:30:00Z", "resources": [{}]}));
    let overrides = "lists: {nights: [0]}
overrides: {first: {suppressions: [hour = 0]}}";
    let berlin = "timezone: Europe/Berlin\n";
    let with = |overrides: &str| RuleSet::parse(text).unwrap().0.overridden(overrides).unwrap().0;
    for (rules, suppressed) in
        [(with(berlin), Verdict::Match), (with(&format!("{berlin}{overrides}")), Verdict::Suppressed)]
    {
        let rule = |name: &str| rules.find(name).unwrap();
        let shown = |values: Vec<AggregateValue>| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(rule("filter").verdict(&of), Verdict::Match);
        assert_eq!(rule("filter").explain(&of).verdict, Verdict::Match);
        assert_eq!(shown(rule("filter").aggregate(&of)), "0 1");
        assert_eq!(rule("filter").title.as_ref().unwrap().fill(&of), "at 0 on 1");
        let counted = rule("distinct").identities(&of);
        assert!(matches!(&counted, Identities::Values(values) if shown(values[0].clone()) == "0"), "{counted:?}");
        assert_eq!(rule("first").verdict(&of), suppressed);
        assert!(shown(rule("first").aggregate(&of)).ends_with(" 0"));
        let arrivals = rule("sequence").arrivals(&of);
        assert_eq!((arrivals.len(), arrivals[0].steps, &*shown(arrivals[0].values.clone())), (1, 3, "0"));
        assert_eq!(rule("sequence").verdict(&of), Verdict::Match);
        // The engine reads it in the text of the record too.
        let engine = Engine::new(rules);
        let text = of.to_string();
        let found = |evaluated| match evaluated {
            Evaluated::Record { findings, .. } => findings.len(),
            Evaluated::Unparsable(error) => panic!("{error}"),
        };
        assert_eq!(found(engine.evaluate(RawRecord::of(text.as_bytes()), &mut Scratch::default())), 4);
        assert_eq!(found(engine.evaluate_plainly(text.as_bytes())), 4);
    }
    let utc = RuleSet::parse(text).unwrap().0;
    assert!(
        ["filter", "distinct", "first", "sequence"]
            .iter()
            .all(|name| { utc.find(name).unwrap().verdict(&of) == Verdict::NoMatch })
    );
}

fn request(parameters: Value) -> Option<String> {
    field("request", &json!({"requestParameters": parameters}))
}

#[test]
fn request_is_a_hash_of_what_is_asked_for() {
    let one = request(json!({"userName": "lark", "tags": [{"key": "a", "value": 1}]}));
    assert!(one.as_ref().is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())));
    // The same in another order, with numbers in another spelling and with members that are null.
    let text = r#"{"tags": [{"value": 1.0, "key": "a", "x": null}], "userName": "lark", "path": null}"#;
    assert_eq!(request(serde_json::from_str(text).unwrap()), one);
    assert_eq!(request(json!(text)), one, "JSON in a string is entered");
    for other in [
        json!({"userName": "lark", "tags": [{"key": "a", "value": "1"}]}),
        json!({"userName": "lark", "tags": [{"key": "a", "value": true}]}),
        json!({"userName": "lark", "tags": {"key": "a", "value": 1}}),
        json!({"userName": "lark", "tags": [{"key": "a"}, {"value": 1}]}),
        json!({"userName": "lark", "tags": [null, {"key": "a", "value": 1}]}),
        json!({"userName": "lark:tags"}),
        json!({"userName": "Lark", "tags": [{"key": "a", "value": 1}]}),
    ] {
        assert_ne!(request(other.clone()), one, "{other}");
        assert!(request(other).is_some());
    }
}

#[test]
fn request_is_without_what_makes_equal_calls_differ() {
    let plain = request(json!({"volume": "vol-1"}));
    let wrapped = request(json!({"CreateFleetRequest": {"Type": "instant"}}));
    let deeper = request(json!({"volume": "vol-1", "tags": {"marker": "a"}}));
    for name in [
        "clientToken",
        "clientRequestToken",
        "idempotencyToken",
        "requestToken",
        "nextToken",
        "marker",
        "maxResults",
        "maxItems",
    ] {
        for name in [name.to_owned(), name.to_uppercase(), name[..1].to_uppercase() + &name[1..]] {
            for value in [json!("a"), json!(5), json!({"a": 1})] {
                assert_eq!(request(json!({"volume": "vol-1", &name: value})), plain, "{name}");
                assert_eq!(
                    request(json!({"CreateFleetRequest": {"Type": "instant", &name: value}})),
                    wrapped,
                    "{name}"
                );
                assert_eq!(request(json!({&name: value})), None, "{name}");
            }
        }
    }
    // Further down, the name is the caller's.
    assert_ne!(deeper, request(json!({"volume": "vol-1", "tags": {"marker": "b"}})));
    assert_ne!(plain, request(json!({"volume": "vol-1", "token": "a"})));
    for none in [json!(null), json!({}), json!(""), json!([]), json!({"a": null})] {
        assert_eq!(request(none.clone()), None, "{none}");
    }
    assert_eq!(field("request", &json!({})), None);
}

#[test]
fn request_takes_a_bounded_amount_of_work() {
    let of = record(json!({"requestParameters": {"ids": vec!["i-0123456789"; 10_000]}}));
    let hash = || of.field(Virtual::Request);
    assert!(of.work().bounded(1_000, hash).is_none(), "ten thousand values take more than a thousand steps");
    // What the budget ended is not remembered.
    let known = hash();
    assert!(known.is_some() && of.work().bounded(1_000, hash) == Some(known), "it is computed once");
}

#[test]
fn the_identity_of_an_event() {
    let id = |of: Value| record(of).identity();
    let (one, other) = ("11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002");
    assert_eq!(id(json!({"eventID": one})), one);
    assert_eq!(id(json!({"eventID": one, "sharedEventID": other})), other);
    assert_eq!(id(json!({"eventID": one, "sharedEventID": ""})), one);
    // The start and the end of an Insight share an id.
    let insight = |state: &str| json!({"eventCategory": "Insight", "eventID": one, "sharedEventID": other, "insightDetails": {"state": state}});
    assert_ne!(id(insight("Start")), id(insight("End")));
    assert_eq!(id(insight("Start")), id(with(insight("Start"), json!({"eventID": other}))));
    assert_eq!(id(insight("")), other);
    assert_eq!(id(with(insight("Start"), json!({"sharedEventID": null}))), one);
    // Without ids, the same record is the same event.
    assert_eq!(id(json!({"a": 1, "b": 2})), id(json!({"b": 2, "a": 1})));
    assert_ne!(id(json!({"a": 1})), id(json!({"a": 2})));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn every_record_has_a_principal_and_a_result(of in arbitrary::identified_record()) {
        let of = record(of);
        let is = |name: &str| of.field(Virtual::named(name).unwrap());
        let has_caller = !of.to_value()["userIdentity"].is_null();
        prop_assert_eq!(of.principal_name().is_some_and(|name| !name.is_empty()), has_caller);
        for name in ["user", "principal"] {
            prop_assert_eq!(is(name).is_some_and(|name| !name.is_empty()), has_caller);
        }
        prop_assert!(is("result").is_some());
    }

    /// Two sessions of a role that differ only in what their callers choose are the same principal.
    #[test]
    fn a_principal_is_not_chosen(one in "[a-zA-Z0-9+=,.@-]{2,20}", other in "[a-zA-Z0-9+=,.@-]{2,20}", path in "/([a-z-]{1,9}/){0,2}") {
        let principal = |name: &str| field("principal", &json!({"userIdentity": session(&path, "deploy", name)}));
        prop_assert_eq!(principal(&one), principal(&other));
        let name = |name: &str| name_in_title(&session(&path, "deploy", name));
        prop_assert_eq!(name(&one), name(&other));
    }
}

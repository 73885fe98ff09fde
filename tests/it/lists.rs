//! `trailbell lists`: what is proposed from logs of a month that were made up for it, and what never is.

use std::{fmt::Write, fs, os::unix::fs::symlink, path::Path};

use serde_json::{Value, json};

use crate::command::{Ran, command, folder, trailbell};

const ALL_LISTS: &str = "lists:\n  automation_roles: []\n  security_tools: []\n  trusted_accounts: [\"123456789012\"]\n  \
                         layer_accounts: []\n  egress_networks: []\n  office_networks: []\n  log_buckets: [cloudtrail]\n  \
                         break_glass_roles: []\n  own_names: []\nrules: [{name: A, severity: 3, filter: a = 1}]\n";
const ROLE: &str = "arn:aws:iam::111122223333:role/";

/// A log of a month, March 2026.
#[derive(Default)]
struct Month {
    text: String,
    number: u32,
}

/// What most records of a caller have in common.
struct Caller<'a> {
    role: &'a str,
    agent: &'a str,
    ip: &'a str,
}

impl Month {
    /// Adds an event of a day and an hour with these fields.
    fn add(&mut self, day: u32, hour: u32, fields: Value) {
        self.number += 1;
        let mut record = json!({
            "eventVersion": "1.11", "eventID": format!("00000000-0000-4000-8000-{:012}", self.number), "awsRegion": "eu-west-1",
            "eventTime": format!("2026-03-{day:02}T{hour:02}:00:00Z"), "recipientAccountId": "111122223333",
            "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true,
        });
        for (key, value) in fields.as_object().unwrap() {
            record[key] = value.clone();
        }
        writeln!(self.text, "{record}").unwrap();
    }

    /// Adds a call of a session of a role.
    fn call(&mut self, day: u32, hour: u32, caller: &Caller<'_>, (service, name): (&str, &str), more: &Value) {
        let Caller { role, agent, ip } = caller;
        let short = role.rsplit('/').next().unwrap();
        let is_read = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
        let mut fields = json!({
            "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "userAgent": agent, "sourceIPAddress": ip,
            "readOnly": is_read,
            "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{short}/s"),
                "accountId": "111122223333", "sessionContext": {"attributes": {"mfaAuthenticated": "false"},
                "sessionIssuer": {"type": "Role", "arn": role, "accountId": "111122223333", "userName": short}}},
        });
        for (key, value) in more.as_object().unwrap() {
            fields[key] = value.clone();
        }
        self.add(day, hour, fields);
    }

    /// Four writes of three calls and two reads on each of some days, between 8 and 14 o'clock.
    fn deploys(&mut self, days: impl Iterator<Item = u32>, caller: &Caller<'_>, more: &Value) {
        for day in days {
            for (hour, call) in (8..).zip(["CreateRole", "CreateRole", "DeleteRole", "TagRole", "GetRole", "ListRoles"])
            {
                self.call(day, hour, caller, ("iam", call), more);
            }
        }
    }
}

fn suggest(test: &str, rules: &str, month: &Month, arguments: &[&str]) -> Ran {
    let root = folder(test, &[("rules.yaml", rules.as_bytes()), ("log.jsonl", month.text.as_bytes())]);
    let (rules, log) = (root.join("rules.yaml"), root.join("log.jsonl"));
    let fixed = ["lists", "--suggest", "--rules", rules.to_str().unwrap(), log.to_str().unwrap()];
    let ran = trailbell(&[&fixed, arguments].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran
}

/// The items of a list, each with the comments before it.
fn items(ran: &Ran, list: &str) -> Vec<(String, Vec<String>)> {
    let lines = ran.stdout.lines().skip_while(|line| *line != format!("  {list}:")).skip(1);
    let (mut found, mut comments) = (Vec::new(), Vec::new());
    for line in lines.take_while(|line| line.starts_with("    ")) {
        match line.trim().strip_prefix("- ") {
            Some(item) => found.push((item.trim_matches('"').to_owned(), std::mem::take(&mut comments))),
            None => comments.push(line.trim().to_owned()),
        }
    }
    found
}

fn values(ran: &Ran, list: &str) -> Vec<String> {
    items(ran, list).into_iter().map(|(value, _)| value).collect()
}

fn ci() -> Caller<'static> {
    Caller {
        role: "arn:aws:iam::111122223333:role/ci/deploy",
        agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9",
        ip: "192.0.2.1",
    }
}

#[test]
fn a_role_that_deploys_every_day_is_proposed_with_what_it_did() {
    let mut month = Month::default();
    month.deploys(1..=15, &ci(), &json!({}));
    month.deploys(16..=30, &Caller { ip: "198.51.100.1", ..ci() }, &json!({}));
    let ran = suggest("lists-deploy", ALL_LISTS, &month, &[]);
    let expected = "# 180 events, 120 of them writes (120 with an agent that deploys), on 30 days from 2026-03-01 to 2026-03-30, \
                    in 6 hours of the day; agents: Terraform; account 111122223333";
    assert_eq!(items(&ran, "automation_roles"), [(format!("{ROLE}ci/deploy"), vec![expected.to_owned()])]);
    assert!(ran.stdout.contains("from 180 events of 1 account from 2026-03-01 to 2026-03-30."), "{}", ran.stdout);
    assert!(ran.stderr.ends_with("1 file, 180 records, 180 events looked at\n"), "{}", ran.stderr);
}

/// Two trails write each event, and a period leaves out the rest.
#[test]
fn an_event_counts_once_and_only_in_the_period() {
    let mut month = Month::default();
    month.deploys(1..=30, &ci(), &json!({}));
    month.text = month.text.repeat(2);
    let ran = suggest("lists-twice", ALL_LISTS, &month, &["--since", "2026-03-11", "--until", "2026-03-30"]);
    let comments = &items(&ran, "automation_roles")[0].1;
    assert!(comments[0].starts_with("# 120 events, 80 of them writes"), "{comments:?}");
    assert_eq!(comments[1], "# CHECK: all from one network: 192.0.2.0/24");
    let ran = suggest("lists-short", ALL_LISTS, &month, &["--since", "2026-03-29"]);
    assert!(values(&ran, "automation_roles").is_empty(), "{}", ran.stdout);
}

#[test]
fn work_around_the_clock_is_automation_without_a_known_agent() {
    let mut month = Month::default();
    let caller = Caller { role: "arn:aws:iam::111122223333:role/controller", agent: "curl/8", ip: "192.0.2.1" };
    for (day, hour) in (1..=30).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
        let name = ["CreateTags", "RunInstances", "TerminateInstances"][usize::try_from(hour).unwrap() % 3];
        month.call(day, hour, &caller, ("ec2", name), &json!({}));
        // By day only.
        if hour < 19 {
            month.call(
                day,
                hour,
                &Caller { role: "arn:aws:iam::111122223333:role/by-day", ..caller },
                ("ec2", name),
                &json!({}),
            );
        }
    }
    let ran = suggest("lists-clock", ALL_LISTS, &month, &[]);
    assert_eq!(values(&ran, "automation_roles"), [format!("{ROLE}controller")]);
    let comments = &items(&ran, "automation_roles")[0].1;
    assert!(comments[0].contains("720 events, 720 of them writes (0 with an agent that deploys)"), "{comments:?}");
    assert!(comments[0].contains("in 24 hours of the day; agents: unknown agents"), "{comments:?}");
}

#[test]
fn people_root_and_what_aws_creates_are_never_proposed() {
    let mut month = Month::default();
    let sso = format!("{ROLE}aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef");
    let linked = format!("{ROLE}aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling");
    let (console, mfa, data) = (format!("{ROLE}console"), format!("{ROLE}mfa"), format!("{ROLE}application"));
    for role in [&sso, &linked] {
        month.deploys(1..=30, &Caller { role, ..ci() }, &json!({}));
    }
    month.deploys(1..=30, &Caller { role: &console, ..ci() }, &json!({}));
    month.call(
        30,
        9,
        &Caller { role: &console, ..ci() },
        ("iam", "ListRoles"),
        &json!({"sessionCredentialFromConsole": "true"}),
    );
    month.deploys(1..=30, &Caller { role: &mfa, ..ci() }, &json!({}));
    let session = json!({"type": "AssumedRole", "accountId": "111122223333", "sessionContext": {"attributes": {"mfaAuthenticated": "true"},
        "sessionIssuer": {"type": "Role", "arn": mfa, "accountId": "111122223333", "userName": "mfa"}}});
    month.call(30, 9, &ci(), ("iam", "ListRoles"), &json!({"userIdentity": session}));
    let root = json!({"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"});
    month.deploys(1..=30, &ci(), &json!({"userIdentity": root}));
    // Data events, and what agents of machines do by themselves.
    let data_event = json!({"eventCategory": "Data", "managementEvent": false});
    month.deploys(1..=30, &Caller { role: &data, ..ci() }, &data_event);
    for day in 1..=30 {
        for name in ["CreateLogStream", "CreateLogGroup", "UpdateInstanceInformation", "PutInventory"] {
            month.call(day, 1, &Caller { role: &data, ..ci() }, ("logs", name), &json!({}));
        }
    }
    // On behalf of a caller.
    let by_service = json!({"type": "AssumedRole", "accountId": "111122223333", "invokedBy": "autoscaling.amazonaws.com",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("{ROLE}behind"), "userName": "behind"}}});
    month.deploys(1..=30, &ci(), &json!({"userIdentity": by_service}));
    // Most of it failed.
    let denied = format!("{ROLE}denied");
    month.deploys(1..=30, &Caller { role: &denied, ..ci() }, &json!({}));
    month.deploys(1..=30, &Caller { role: &denied, ..ci() }, &json!({"errorCode": "AccessDenied"}));
    let ran = suggest("lists-never", ALL_LISTS, &month, &[]);
    assert!(values(&ran, "automation_roles").is_empty(), "{}", ran.stdout);
    assert!(ran.stdout.contains("# automation_roles: nothing to propose. It takes at least 50 successful writes"));
    for never in ["break_glass_roles", "own_names"] {
        assert!(ran.stdout.contains(&format!("\n# {never}: never proposed, since ")), "{}", ran.stdout);
    }
}

/// What an intruder leaves looks like a deployment, so it says where to look.
#[test]
fn what_may_be_an_intruder_is_marked() {
    let mut month = Month::default();
    month.deploys(1..=30, &ci(), &json!({}));
    let user = "arn:aws:iam::111122223333:user/build";
    let identity = json!({"type": "IAMUser", "arn": user, "accountId": "111122223333", "userName": "build"});
    month.deploys(13..=30, &Caller { ip: "203.0.113.9", ..ci() }, &json!({"userIdentity": identity}));
    month.deploys(18..=30, &Caller { role: &format!("{ROLE}ci/deploy-2"), ip: "203.0.113.9", ..ci() }, &json!({}));
    month.deploys(
        30..=30,
        &Caller { role: &format!("{ROLE}ci/deploy-2"), ..ci() },
        &json!({"errorCode": "AccessDenied"}),
    );
    // Two weeks and more before the end of the logs.
    month.deploys(16..=30, &Caller { role: &format!("{ROLE}older"), ..ci() }, &json!({}));
    let ran = suggest("lists-intruder", ALL_LISTS, &month, &[]);
    let check = |of: &str| {
        let items = items(&ran, "automation_roles");
        let (_, comments) = items.into_iter().find(|(value, _)| value == of).unwrap();
        comments.into_iter().find(|comment| comment.starts_with("# CHECK: ")).unwrap_or_default()
    };
    assert_eq!(
        check(&format!("{ROLE}ci/deploy-2")),
        "# CHECK: new: first seen on 2026-03-18, and the logs begin on 2026-03-01; 6 of the calls failed (8 %)"
    );
    assert_eq!(
        check(&format!("{ROLE}ci/deploy")),
        format!(
            "# CHECK: all from one network: 192.0.2.0/24; also covers what begins with it, such as {ROLE}ci/deploy-2"
        )
    );
    assert_eq!(
        check(user),
        "# CHECK: all from one network: 203.0.113.0/24; a user of IAM, whose access keys can be copied"
    );
    assert!(check(&format!("{ROLE}older")).starts_with("# CHECK: all from one network"));
}

#[test]
fn what_reads_many_services_is_a_security_tool() {
    let mut month = Month::default();
    let vendor = format!("{ROLE}vendor");
    let reader = Caller { role: &vendor, agent: "python-requests/2", ip: "198.51.100.7" };
    for day in 1..=10 {
        for call in 0..100 {
            let service = format!("service{}", call % 12);
            month.call(day, 3, &reader, (&service, "DescribeThings"), &json!({}));
            let few = format!("service{}", call % 11);
            month.call(day, 3, &Caller { role: &format!("{ROLE}few"), ..reader }, (&few, "ListThings"), &json!({}));
            if call < 20 {
                let agent = "Boto3/1.34 Prowler/4";
                let caller = Caller { role: &format!("{ROLE}scan"), agent, ..reader };
                month.call(day, 3, &caller, (&service, "GetThing"), &json!({}));
            }
        }
        let assumed = json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "readOnly": true,
            "userIdentity": {"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAEXAMPLE:s"},
            "requestParameters": {"roleArn": vendor, "roleSessionName": "s", "externalId": "x"}});
        month.add(day, 3, assumed.clone());
        month.add(day, 4, assumed);
    }
    let ran = suggest("lists-scan", ALL_LISTS, &month, &[]);
    let found = items(&ran, "security_tools");
    assert_eq!(found.iter().map(|(value, _)| value.as_str()).collect::<Vec<_>>(), [&*vendor, &format!("{ROLE}scan")]);
    assert_eq!(
        found[0].1[0],
        "# 1000 events, 1000 of them reads in 12 services and 0 writes, on 10 days from 2026-03-01 to 2026-03-10, in 1 hour of the \
         day; agents: unknown; account 111122223333; assumed by the account 444455556666"
    );
    assert!(found[1].1[0].contains("agents: Prowler;"), "{:?}", found[1]);
    let trusted = items(&ran, "trusted_accounts");
    assert_eq!(trusted[0], ("123456789012".to_owned(), vec!["# In force now.".to_owned()]));
    assert_eq!(trusted[1].0, "444455556666");
    assert_eq!(
        trusted[1].1,
        [format!(
            "# assumed a role 20 times ({vendor}), on 10 days from 2026-03-01 to 2026-03-10, in 2 hours of the day"
        )]
    );
}

#[test]
fn accounts_and_buckets_are_proposed_by_use() {
    let mut month = Month::default();
    let assumed = |account: &str, role: &str| {
        json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "userIdentity": {"type": "AWSAccount", "accountId": account, "principalId": "AROAEXAMPLE:s"},
            "requestParameters": {"roleArn": role, "roleSessionName": "s"}})
    };
    for day in 1..=30 {
        month.add(day, 3, assumed("444455556666", &format!("{ROLE}partner")));
        month.add(day, 3, assumed("123456789012", &format!("{ROLE}partner")));
        // Its own account, and a role that is elsewhere.
        month.add(day, 3, assumed("111122223333", &format!("{ROLE}own")));
        month.add(day, 3, assumed("999988887777", "arn:aws:iam::444455556666:role/x"));
        let by = json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"});
        month.add(
            day,
            3,
            json!({"eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl", "userIdentity": by,
            "requestParameters": {"bucketName": "example-records"}}),
        );
        // Config asks for the access list of every bucket.
        let by = json!({"type": "AWSService", "invokedBy": "config.amazonaws.com"});
        month.add(
            day,
            3,
            json!({"eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl", "userIdentity": by,
            "requestParameters": {"bucketName": "example-pictures"}}),
        );
    }
    for day in 1..=3 {
        let layers = json!({"layers": ["arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:14",
            "arn:aws:lambda:eu-west-1:111122223333:layer:own:1"], "functionName": "f"});
        month.call(day, 3, &ci(), ("lambda", "CreateFunction20150331"), &json!({"requestParameters": layers}));
    }
    for (name, request) in [
        ("CreateTrail", json!({"name": "t", "s3BucketName": "example-foreign"})),
        ("CreateTrail", json!({"name": "t", "s3BucketName": "example-cloudtrail"})),
        ("UpdateTrail", json!({"name": "t", "s3BucketName": "A\"b\n - c"})),
    ] {
        month.call(2, 3, &ci(), ("cloudtrail", name), &json!({ "requestParameters": request }));
    }
    let denied = json!({"errorCode": "AccessDenied", "requestParameters": {"s3BucketName": "example-denied"}});
    month.call(2, 3, &ci(), ("cloudtrail", "CreateTrail"), &denied);
    let ran = suggest("lists-accounts", ALL_LISTS, &month, &[]);
    assert_eq!(values(&ran, "trusted_accounts"), ["123456789012", "444455556666"]);
    assert!(items(&ran, "trusted_accounts")[1].1[1].ends_with("30 times without an external id"), "{}", ran.stdout);
    let layers = items(&ran, "layer_accounts");
    let reason = "# 3 changes with its layer LambdaInsightsExtension, on 3 days from 2026-03-01 to 2026-03-03, in 1 hour of the day";
    assert_eq!(layers, [("580247275435".to_owned(), vec![reason.to_owned()])]);
    assert_eq!(values(&ran, "log_buckets"), ["cloudtrail", "example-records", "example-foreign"]);
    let buckets = items(&ran, "log_buckets");
    assert!(buckets[1].1[0].starts_with("# CloudTrail writes to it; 30 events, on 30 days"), "{:?}", buckets[1]);
    assert_eq!(buckets[2].1[1], "# CHECK: only named: make sure that it is yours");
}

#[test]
fn networks_of_machines_and_of_people_are_told_apart() {
    let mut month = Month::default();
    let sso = |person: &str| {
        json!({"userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/R/{person}"),
            "accountId": "111122223333", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "R",
            "arn": format!("{ROLE}aws-reserved/sso.amazonaws.com/R")}}}})
    };
    let worker = format!("{ROLE}worker");
    for day in 1..=20 {
        for call in 0..10 {
            let caller = Caller { role: &worker, agent: "aws-sdk-go", ip: ["192.0.2.7", "10.0.0.1"][call % 2] };
            month.call(day, 3, &caller, ("sqs", "ListQueues"), &json!({}));
            month.call(day, 4, &caller, ("sqs", "ListQueues"), &json!({}));
            // Two people at home.
            let home = Caller { ip: "203.0.113.77", ..caller };
            month.call(day, 9, &home, ("sqs", "ListQueues"), &sso(["ada", "bob"][call % 2]));
        }
        for person in ["ada", "bob", "eve"] {
            let office = Caller { role: &worker, agent: "Mozilla", ip: "2001:db8:7::1" };
            month.call(day, 9, &office, ("sqs", "ListQueues"), &sso(person));
        }
    }
    let ran = suggest("lists-networks", ALL_LISTS, &month, &[]);
    let egress = items(&ran, "egress_networks");
    let reason =
        "# 200 calls of 1 role, on 20 days from 2026-03-01 to 2026-03-20, in 2 hours of the day; only 192.0.2.7";
    assert_eq!(egress, [("192.0.2.0/24".to_owned(), vec![reason.to_owned(), "# CHECK: of one role only".to_owned()])]);
    let office = items(&ran, "office_networks");
    let reason =
        "# 60 calls of 3 people, on 20 days from 2026-03-01 to 2026-03-20, in 1 hour of the day; only 2001:db8:7::1";
    assert_eq!(office, [("2001:db8:7::/48".to_owned(), vec![reason.to_owned()])]);
}

/// Names that would be other YAML, in every place from which something is printed.
#[test]
fn no_value_of_a_log_becomes_yaml() {
    let mut month = Month::default();
    for (at, bad) in
        ["a\n  trusted_accounts: [\"999988887777\"]\n#", "a\" #", "a: {b: *c", "\u{2028}- x", "- \u{85}y", "'\r\n- z"]
            .into_iter()
            .enumerate()
    {
        let role = format!("{ROLE}{bad}");
        month.deploys(1..=30, &Caller { role: &role, agent: &format!("Terraform {bad}"), ip: bad }, &json!({}));
        let good = format!("{ROLE}good-{at}");
        month.deploys(
            1..=30,
            &Caller { role: &good, agent: &format!("Terraform {bad}"), ip: bad },
            &json!({"recipientAccountId": bad}),
        );
        let request = json!({"roleArn": role, "externalId": bad, "layers": [format!("arn:aws:lambda:{bad}:444455556666:layer:{bad}:1")],
            "s3BucketName": bad, "bucketName": bad});
        for name in ["AssumeRole", "CreateFunction20150331", "CreateTrail"] {
            let identity = json!({"type": "AWSAccount", "accountId": bad, "principalId": bad});
            (1..=30).for_each(|day| {
                month.add(day, 3, json!({"eventName": name, "requestParameters": request, "userIdentity": identity}));
            });
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = suggest("lists-hostile", ALL_LISTS, &month, &[]);
    let expected: Vec<String> = (0..6).map(|at| format!("{ROLE}good-{at}")).collect();
    assert_eq!(values(&ran, "automation_roles"), expected);
    let parsed: Value = serde_saphyr::from_str(&ran.stdout).unwrap();
    assert_eq!(parsed, json!({"lists": {"automation_roles": expected}}));
    // The shipped rules take it.
    let shipped = fs::read_to_string(root.join("rules.yaml")).unwrap();
    let ran = suggest("lists-hostile", &shipped, &month, &[]);
    check(&shipped, "lists-check-hostile", &ran.stdout);
}

/// `trailbell check` accepts the text as the overrides of these rules.
fn check(rules: &str, test: &str, overrides: &str) {
    let root = folder(test, &[("rules.yaml", rules.as_bytes()), ("overrides.yaml", overrides.as_bytes())]);
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("events"), root.join("events")).unwrap();
    let output = command(&["check"]).current_dir(&root).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && printed.contains("0 errors, 0 warnings"), "{printed}\n{overrides}");
}

#[test]
fn the_shipped_rules_take_what_is_printed() {
    let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules.yaml")).unwrap();
    let mut month = Month::default();
    // Nothing to propose: only comments, which change nothing.
    let ran = suggest("lists-nothing", &shipped, &Month { text: "{\"Records\":[]}".to_owned(), number: 0 }, &[]);
    assert!(ran.stdout.lines().all(|line| line.is_empty() || line.starts_with('#')), "{}", ran.stdout);
    check(&shipped, "lists-check-nothing", &ran.stdout);
    month.deploys(1..=30, &ci(), &json!({}));
    month.call(
        2,
        3,
        &ci(),
        ("cloudtrail", "CreateTrail"),
        &json!({"requestParameters": {"s3BucketName": "example-records"}}),
    );
    let ran = suggest("lists-shipped", &shipped, &month, &[]);
    assert_eq!(values(&ran, "automation_roles"), [format!("{ROLE}ci/deploy")]);
    // What the list holds stays in it.
    let buckets = values(&ran, "log_buckets");
    assert!(
        buckets.starts_with(&["cloudtrail".to_owned()]) && buckets.ends_with(&["example-records".to_owned()]),
        "{buckets:?}"
    );
    check(&shipped, "lists-check-shipped", &ran.stdout);
    // Put beside the rules, it is in force, and is not proposed again.
    let root = folder("lists-again", &[("rules.yaml", shipped.as_bytes()), ("overrides.yaml", ran.stdout.as_bytes())]);
    fs::write(root.join("log.jsonl"), &month.text).unwrap();
    let (rules, log) = (root.join("rules.yaml"), root.join("log.jsonl"));
    let again = trailbell(&["lists", "--suggest", "--rules", rules.to_str().unwrap(), log.to_str().unwrap()]);
    assert!(again.stdout.contains("# automation_roles: nothing to propose."), "{}", again.stdout);
    let shown = trailbell(&["lists", "--rules", rules.to_str().unwrap()]);
    assert!(shown.stdout.contains("automation_roles: 1 item of overrides.yaml, used by "), "{}", shown.stdout);
}

#[test]
fn the_lists_in_force_name_the_rules_that_use_them() {
    let rules = "lists:\n  used: [a, b]\n  unused: []\nrules:\n- {name: One, severity: 3, filter: a in $used}\n\
                 - {name: Two, severity: 3, filter: a = 1, enabled: false, suppressions: [{filter: b in $used, reason: r}]}\n\
                 - {name: Three, severity: 3, filter: a = 2}\n";
    let root = folder("lists-shown", &[("rules.yaml", rules.as_bytes())]);
    let ran = trailbell(&["lists", "--rules", root.join("rules.yaml").to_str().unwrap()]);
    assert_eq!(ran.stdout, "unused: no items, used by no rule\nused: 2 items, used by 2 rules:\n  one, two (off)\n");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

#[test]
fn the_exit_status_is_that_of_a_scan() {
    for (arguments, status) in [
        (vec!["lists", "--suggest"], 2),
        (vec!["lists", "events/bucket"], 2),
        (vec!["lists", "--suggest", "--rules", "absent.yaml", "events/bucket"], 2),
        (vec!["lists", "--suggest", "absent.json"], 1),
        (vec!["lists", "--suggest", "--since", "nonsense", "events/bucket"], 2),
        (vec!["lists", "--suggest", "events/bucket"], 0),
    ] {
        let ran = trailbell(&arguments);
        assert_eq!(ran.status, status, "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout.is_empty(), status == 2, "{arguments:?}: {}", ran.stdout);
    }
}

#[test]
fn the_page_on_lists_shows_what_is_printed() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lists.md")).unwrap();
    let mut month = Month::default();
    month.deploys(1..=30, &ci(), &json!({}));
    let rules = "lists: {automation_roles: []}\nrules: [{name: A, severity: 3, filter: a = 1}]\n";
    let ran = suggest("lists-page", rules, &month, &[]);
    let (_, shown) = page.split_once("```yaml\n").unwrap();
    let shown = shown.split_once("```").unwrap().0;
    assert!(ran.stdout.contains(shown), "{}", ran.stdout);
}

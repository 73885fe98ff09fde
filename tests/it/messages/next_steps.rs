//! What an alert proposes to do next: right by AWS's documentation, and harmless to paste whatever a record holds.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use insta::assert_snapshot;
use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, NextStep, Origin, next_steps, render},
    record::Record,
    rule::{RuleSet, Verdict},
};

use super::{KEY, alert, alert_of, insights::insight, origin, put_image, rules, sample, unread, window};
use crate::command::{folder, trailbell};

/// The steps as people see them, without markup.
fn shown(alert: &Alert) -> String {
    let show = |step: NextStep| {
        let part = |part: &_| format!("{part:?}").split_once('"').map(|(_, rest)| rest.replace("\")", "")).unwrap();
        let entry = step.entry.map(|entry| entry.trim_end().replace('\n', "\n  "));
        let parts = [Some(step.what.show(part)), step.command, step.link, entry];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n  ")
    };
    next_steps(alert).into_iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_session_is_looked_up_by_its_key() {
    let mut record = put_image();
    record["awsRegion"] = json!("eu-west-1");
    assert_snapshot!(shown(&alert(0, record)), @r#"
    Look up what this access key did up to an hour before and after, with credentials of account 111122223333 (production), in eu-west-1; repeat it in us-east-1 for IAM and other global services
      aws cloudtrail lookup-events --region eu-west-1 --lookup-attributes 'AttributeKey=AccessKeyId,AttributeValue=ASIACIDEPLOY2EXAMPLE' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z
    Search the account's log files, with access to their bucket, for what this access key did up to an hour before and after, in all regions
      trailbell search --around bb2adece-e2ad-49af-a023-29c3643ce7f5 --same accessKey --since 2026-03-02T08:07:33Z --until 2026-03-02T10:07:33Z 's3://logs/AWSLogs/111122223333/'
    Open the event in the console: sign in to account 111122223333 (production) first
      https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5
    If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml
      aws cloudtrail lookup-events --region eu-west-1 --lookup-attributes 'AttributeKey=EventId,AttributeValue=bb2adece-e2ad-49af-a023-29c3643ce7f5' --output json | trailbell suppress cloudtrail-ecr-put-image - --by principal
      overrides:
        cloudtrail-ecr-put-image:
          suppressions:
            - filter: principal = "arn:aws:iam::111122223333:role/ci-deploy"
              reason: event bb2adece-e2ad-49af-a023-29c3643ce7f5
              expires: 2026-04-01
    "#);
}

/// The command as it is, on the samples in place of the bucket: it finds the event and what the key did around it.
#[test]
fn the_search_finds_the_event() {
    let step = next_steps(&alert(0, put_image())).swap_remove(1);
    let command = step.command.unwrap();
    let place = "'s3://logs/AWSLogs/111122223333/'";
    assert!(command.starts_with("trailbell search ") && command.ends_with(place), "{command}");
    let arguments = command.trim_start_matches("trailbell ").replace(place, "events/records/ecr");
    let ran = trailbell(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let marked = ran.stdout.lines().find(|line| line.starts_with(">\t")).unwrap();
    assert!(marked.ends_with("bb2adece-e2ad-49af-a023-29c3643ce7f5"), "{}", ran.stdout);
}

/// Of an organization, the folder is that of the account; a key of another layout names no account.
#[test]
fn the_search_reads_the_log_files_of_the_account() {
    let place = |key: &str| {
        let steps = next_steps(&alert_of(rules(), 0, put_image(), Some(origin(key))));
        let command =
            steps.into_iter().filter_map(|step| step.command).find(|command| command.starts_with("trailbell"));
        command.map(|command| command.rsplit(' ').next().unwrap().to_owned())
    };
    let of_account = "logs/AWSLogs/o-exampleorg1/111122223333/";
    let file = "CloudTrail/us-east-1/2026/03/02/a.json.gz";
    assert_eq!(place(&format!("{of_account}{file}")).unwrap(), format!("'s3://logs/{of_account}'"));
    for other in [file, "a.json.gz", "AWSLogs/audit/CloudTrail/us-east-1/a.json.gz", "AWSLogs/111122223333/a.json.gz"] {
        assert_eq!(place(other), None, "{other}");
    }
    assert_eq!(place(&format!("it's/AWSLogs/111122223333/{file}")), None);
}

/// The times are those around all events of the alert.
#[test]
fn the_time_is_that_of_all_events() {
    let steps = next_steps(&window());
    let command = steps[0].command.as_deref().unwrap();
    assert!(command.ends_with(" --start-time 2026-03-02T07:00:00Z --end-time 2026-03-02T10:07:33Z"), "{command}");
}

/// "AWS Management Console sign-in events" in the AWS CloudTrail User Guide: a sign-in has no key, and that of the root user no
/// user name. No suppression covers only the root user, or proves who failed to sign in.
#[test]
fn a_sign_in_is_looked_up_by_its_user() {
    let root = json!({"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root", "accessKeyId": ""});
    let user = json!({"type": "IAMUser", "accountId": "111122223333", "userName": "a=b,c"});
    let mut record = put_image();
    record["eventSource"] = json!("signin.amazonaws.com");
    record["userIdentity"] = root;
    assert_snapshot!(shown(&alert(1, record.clone())), @r#"
    Look up what the root user did up to an hour before and after, with credentials of account 111122223333 (production), in us-east-1
      aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=Username,AttributeValue=root' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z
    Search the account's log files, with access to their bucket, for what this caller did up to an hour before and after, in all regions
      trailbell search --around bb2adece-e2ad-49af-a023-29c3643ce7f5 --same principal --since 2026-03-02T08:07:33Z --until 2026-03-02T10:07:33Z 's3://logs/AWSLogs/111122223333/'
    Open the event in the console: sign in to account 111122223333 (production) first
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5
    "#);
    record["userIdentity"] = user;
    record["responseElements"] = json!({"ConsoleLogin": "Failure"});
    assert_snapshot!(shown(&alert(1, record)), @r#"
    Look up what this user did up to an hour before and after, with credentials of account 111122223333 (production), in us-east-1
      aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=Username,AttributeValue="a=b,c"' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z
    Search the account's log files, with access to their bucket, for what this caller did up to an hour before and after, in all regions
      trailbell search --around bb2adece-e2ad-49af-a023-29c3643ce7f5 --same principal --since 2026-03-02T08:07:33Z --until 2026-03-02T10:07:33Z 's3://logs/AWSLogs/111122223333/'
    Open the event in the console: sign in to account 111122223333 (production) first
      https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5
    "#);
}

/// The Event history has no data events: neither a page nor a lookup by their id finds them.
#[test]
fn a_data_event_is_in_its_log_file_alone() {
    let mut record = put_image();
    record["eventCategory"] = json!("Data");
    assert_snapshot!(shown(&alert(0, record.clone())), @r#"
    Look up what this access key did up to an hour before and after, with credentials of account 111122223333 (production), in us-east-1; this lists no data events
      aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=AccessKeyId,AttributeValue=ASIACIDEPLOY2EXAMPLE' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z
    Search the account's log files, with access to their bucket, for what this access key did up to an hour before and after, in all regions
      trailbell search --around bb2adece-e2ad-49af-a023-29c3643ce7f5 --same accessKey --since 2026-03-02T08:07:33Z --until 2026-03-02T10:07:33Z 's3://logs/AWSLogs/111122223333/'
    If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml
      aws s3 cp 's3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz' - | trailbell suppress cloudtrail-ecr-put-image - --by principal --event-id bb2adece-e2ad-49af-a023-29c3643ce7f5
      overrides:
        cloudtrail-ecr-put-image:
          suppressions:
            - filter: principal = "arn:aws:iam::111122223333:role/ci-deploy"
              reason: event bb2adece-e2ad-49af-a023-29c3643ce7f5
              expires: 2026-04-01
    "#);
    let mut older = put_image();
    older["managementEvent"] = json!(false);
    assert_eq!(next_steps(&alert(0, older)), next_steps(&alert(0, record.clone())));
    let in_message = alert_of(rules(), 0, record, Some(Origin::Message("EventBridge event 1".to_owned())));
    assert!(next_steps(&in_message).iter().all(|step| step.link.is_none()));
    // The finding for machines names no page that lacks the event, either.
    let finding: serde_json::Value = serde_json::from_str(&render(Format::OCSF, &in_message).body).unwrap();
    assert_eq!(finding["finding_info"].get("src_url"), None);
    assert_eq!(next_steps(&in_message).last().unwrap().command, None);
}

#[test]
fn an_insight_is_followed_by_its_calls() {
    assert_snapshot!(shown(&alert(1, insight("Start", "ApiCallRateInsight"))), @r#"
    Look up the calls up to an hour before and after, with credentials of account 111122223333 (production), in us-east-1
      aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=EventName,AttributeValue=RunInstances' --start-time 2026-05-04T10:11:00Z --end-time 2026-05-04T12:11:00Z
    "#);
}

#[test]
fn notices_have_no_steps() {
    assert_eq!(next_steps(&unread()), []);
}

/// The lines suppress the alert that has them: in the rules that raise it.
#[test]
fn the_lines_suppress_the_alert() {
    let record = put_image();
    let step = next_steps(&alert(0, record.clone())).pop().unwrap();
    let (rules, warnings) = rules().overridden(&step.entry.unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(rules.rules[0].verdict(&Record::new(record).unwrap()), Verdict::Suppressed);
}

/// A value that is not plain, or that a mail reader makes a link of, is in no command; the event's id takes its place.
#[test]
fn an_odd_name_is_replaced_by_the_event() {
    for (name, plain) in
        [("ada", true), ("a.b-c_d+e=f", true), ("ada@evil.example", false), ("a b", false), ("a'b", false)]
    {
        let mut record = put_image();
        record["userIdentity"] = json!({"type": "IAMUser", "userName": name, "accountId": "111122223333"});
        let first = next_steps(&alert(0, record)).swap_remove(0).command.unwrap();
        assert_eq!(first.contains("AttributeKey=Username,"), plain, "{first}");
        assert_eq!(first.contains("AttributeKey=EventId,AttributeValue=bb2adece-"), !plain, "{first}");
    }
}

/// The name of a caller of another account can be that of a user of this one, whose calls are no answer.
#[test]
fn the_name_of_a_caller_of_another_account_is_not_looked_up() {
    for kind in ["IAMUser", "Root", "AssumedRole"] {
        let mut record = put_image();
        let arn = "arn:aws:sts::444455556666:assumed-role/ops/legacy-backup";
        record["userIdentity"] =
            json!({"type": kind, "userName": "legacy-backup", "accountId": "444455556666", "arn": arn});
        let command = |record: &Value| next_steps(&alert(0, record.clone())).swap_remove(0).command.unwrap_or_default();
        assert!(command(&record).contains("AttributeKey=EventId,AttributeValue=bb2adece-"), "{}", command(&record));
        record["userIdentity"]["accessKeyId"] = json!("AKIAEXAMPLE");
        assert!(command(&record).contains("AttributeKey=AccessKeyId,"), "{}", command(&record));
        record["userIdentity"]["accountId"] = json!("111122223333");
        record["userIdentity"]["accessKeyId"] = json!(null);
        assert!(command(&record).contains("AttributeKey=Username,"), "{}", command(&record));
    }
}

/// A folder with `aws` and `trailbell`, which write their arguments down, and nothing else.
struct Recorder {
    root: PathBuf,
}

const SHELLS: [&str; 2] = ["/bin/sh", "/bin/bash"];

impl Recorder {
    fn new(test: &str) -> Self {
        let root = folder(test, &[]);
        for name in ["aws", "trailbell"] {
            let script = format!("#!/bin/sh\nprintf '%s\\0' \"$@\" >> '{}/{name}.called'\n", root.display());
            let path = root.join("bin").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::create_dir_all(root.join("here")).unwrap();
        Self { root }
    }

    /// Runs a command as a person who pastes it; returns the arguments of `aws` and of `trailbell`.
    fn run(&self, shell: &str, command: &str) -> [Vec<String>; 2] {
        let mut ran = Command::new(shell);
        ran.arg("-c").arg(command).current_dir(self.root.join("here")).env_clear().env("PATH", self.root.join("bin"));
        let output = ran.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!((text(output.stdout), text(output.stderr)), (String::new(), String::new()), "{command}");
        assert!(output.status.success(), "{command}");
        let left: Vec<_> = fs::read_dir(self.root.join("here")).unwrap().collect();
        assert!(left.is_empty(), "{command}\n{left:?}");
        ["aws", "trailbell"].map(|name| {
            let called = self.root.join(format!("{name}.called"));
            let arguments = fs::read_to_string(&called).unwrap_or_default();
            let _ = fs::remove_file(called);
            arguments.split_terminator('\0').map(str::to_owned).collect()
        })
    }
}

/// Values that do something in a shell that is not careful: each would leave a file, or run another program.
fn hostile() -> Vec<String> {
    let written = [
        "$(>pwned)",
        "`>pwned`",
        "';>pwned;'",
        "\";>pwned;\"",
        "a;>pwned",
        "a&&>pwned",
        "a||>pwned",
        "a|>pwned",
        "a\n>pwned\n",
        "a\r\n>pwned",
        "a >pwned",
        "<pwned",
        "$HOME",
        "${PATH}",
        "~",
        "*",
        "?[a-z]",
        "{a,b}",
        "!!",
        "#a",
        "a\\",
        "\\';>pwned;\\'",
        "-rf",
        "--help",
        "--endpoint-url=a",
        "-",
        "=ls",
        "a=b",
        "a,b",
        "a,AttributeKey=EventName",
        "é",
        "ａ＇；>pwned",
        "\u{202e}a",
        "\u{2019};>pwned",
        "\0>pwned",
        "\u{1b}]0;a\u{7}",
        "@file",
        "file:a",
        "file://a",
        "https://evil.example/",
        "evil.example",
        "",
        " ",
        "%s",
        "\t",
        "\u{a0}>pwned",
        "\u{85}>pwned",
    ];
    let long = ["a".repeat(65_536), ";>pwned".repeat(9_000)];
    written.into_iter().map(str::to_owned).chain(long).collect()
}

/// Puts a value into each text of a record in turn.
fn everywhere(record: &Value, value: &str) -> Vec<Value> {
    let mut paths = Vec::new();
    texts(record, String::new(), &mut paths);
    let put = |path: &String| {
        let mut changed = record.clone();
        *changed.pointer_mut(path).unwrap() = value.into();
        changed
    };
    paths.iter().map(put).collect()
}

fn texts(node: &Value, path: String, found: &mut Vec<String>) {
    match node {
        Value::String(_) => found.push(path),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                texts(item, format!("{path}/{at}"), found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                texts(item, format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Records of several kinds of callers, each with every field that a step reads.
fn records() -> Vec<Value> {
    let mut data = put_image();
    data["eventCategory"] = json!("Data");
    let mut user = put_image();
    user["userIdentity"] = json!({"type": "IAMUser", "userName": "ada", "accountId": "111122223333"});
    let mut session = put_image();
    session["userIdentity"].as_object_mut().unwrap().remove("accessKeyId");
    vec![
        put_image(),
        data,
        user,
        session,
        insight("Start", "ApiCallRateInsight"),
        sample("signin/get-signin-token.json"),
    ]
}

#[test]
fn a_pasted_command_runs_nothing_else() {
    let recorder = Recorder::new("next-steps");
    // The recorder notices what the values do where they are not quoted.
    let naive = |value: &str| std::panic::catch_unwind(|| recorder.run("/bin/sh", &format!("aws {value}")));
    for value in ["$(>pwned)", "a;>pwned", "a\n>pwned\n", "$(ls)"] {
        assert!(naive(value).is_err(), "{value}");
        let _ = fs::remove_file(recorder.root.join("here/pwned"));
        let _ = fs::remove_file(recorder.root.join("aws.called"));
    }
    let (mut commands, rules) = (BTreeSet::new(), rules());
    let mut collect = |alert: &Alert| commands.extend(next_steps(alert).into_iter().filter_map(|step| step.command));
    for value in hostile() {
        for record in records() {
            for changed in everywhere(&record, &value) {
                collect(&alert_of(rules.clone(), 0, changed, Some(origin(KEY))));
            }
            collect(&alert_of(rules.clone(), 0, record, Some(origin(&value))));
        }
    }
    assert!(commands.len() > 20, "{commands:#?}");
    for command in &commands {
        let expected = words(command);
        for shell in SHELLS.into_iter().filter(|shell| Path::new(shell).exists()) {
            assert_eq!(recorder.run(shell, command), expected, "{shell} {command}");
        }
    }
}

/// The arguments of `aws` and of `trailbell` in a command that has plain words and words in single quotes, and nothing else.
fn words(command: &str) -> [Vec<String>; 2] {
    let programs: Vec<Vec<&str>> = command.split(" | ").map(|program| program.split(' ').collect()).collect();
    ["aws", "trailbell"].map(|name| {
        let program = programs.iter().find(|program| program[0] == name);
        let words = program.into_iter().flat_map(|program| &program[1..]).map(|word| {
            let inner = word.strip_prefix('\'').map(|rest| rest.strip_suffix('\'').unwrap());
            let (plain, also) = inner.map_or((*word, ""), |inner| (inner, "\""));
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c) || also.contains(c);
            assert!(plain.chars().all(is_plain), "{command}");
            plain.to_owned()
        });
        words.collect()
    })
}

/// The values arrive as the record has them.
#[test]
fn a_pasted_value_arrives_exactly() {
    let recorder = Recorder::new("next-steps-exact");
    for (name, written) in
        [("ada", "ada"), ("-rf", "-rf"), ("a=b", "\"a=b\""), ("a,b", "\"a,b\""), ("a+b_c:d/e.f", "a+b_c:d/e.f")]
    {
        let mut record = put_image();
        record["userIdentity"] = json!({"type": "IAMUser", "userName": name, "accountId": "111122223333"});
        let command = next_steps(&alert(0, record)).swap_remove(0).command.unwrap();
        let attribute = format!("AttributeKey=Username,AttributeValue={written}");
        let [aws, trailbell] = recorder.run("/bin/sh", &command);
        let times = ["--start-time", "2026-03-02T08:07:33Z", "--end-time", "2026-03-02T10:07:33Z"];
        let expected =
            [&["cloudtrail", "lookup-events", "--region", "us-east-1", "--lookup-attributes", &attribute][..], &times];
        assert_eq!((aws, trailbell), (expected.concat().into_iter().map(str::to_owned).collect(), vec![]), "{command}");
    }
    // The id of a rule is the author's, and can look like an option.
    let text = "rules: [{name: Odd, id: -by, severity: 3, filter: eventName exists}]";
    let rules = RuleSet::parse(text).unwrap().0;
    let mut record = put_image();
    record["eventCategory"] = json!("Data");
    let command = next_steps(&alert_of(rules, 0, record, Some(origin(KEY)))).pop().unwrap().command.unwrap();
    let [aws, trailbell] = recorder.run("/bin/sh", &command);
    assert_eq!(aws, ["s3", "cp", &format!("s3://logs/{KEY}"), "-"]);
    let id = "bb2adece-e2ad-49af-a023-29c3643ce7f5";
    assert_eq!(trailbell, ["suppress", "--by", "principal", "--event-id", id, "--", "-by", "-"]);
}

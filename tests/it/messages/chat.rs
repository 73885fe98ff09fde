//! The notifications that people read in a chat channel.

use serde_json::{Value, json};
use trailbell::{alert::Format, rule::RuleSet};

use crate::messages::{alert, alert_of, json as rendered, put_image, sample, unread, window};

fn chat(alert: &trailbell::alert::Alert) -> Value {
    rendered(alert, Format::CHAT)
}

#[test]
fn a_notification_follows_the_schema_of_amazon_q() {
    insta::assert_snapshot!(format!("{:#}", chat(&alert(0, put_image()))), @r#"
    {
      "content": {
        "description": "session `GitHubActions` of the role `ci-deploy` called `PutImage` at `ecr.amazonaws.com`, and it succeeded\nin account `111122223333` (`production`), region `us-east-1`, from `2001:db8:4:12::a5`, at `2026-03-02T09:07:33Z`\n\nAn image was pushed.\n\nCompare its digest with the one that the build made.\n\nWhat: `repositoryName` = `shop/web`\n`imageTag` = `1.42.1`\n`registryId` = `111122223333`\n`imageManifest.config.digest` = `sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910`\n`imageManifest.config.mediaType` = `application/vnd.docker.container.image.v1+json`\n`imageManifest.config.size` = `6591`\n`imageManifest.layers.digest` = `sha256:a1ff6329f7ad6e82bdb1913d90a3f79d00a7f1484be30328dbd6cd41c8ee1cf3`\n`imageManifest.layers.mediaType` = `application/vnd.docker.image.rootfs.diff.tar.gzip`\n`imageManifest.layers.size` = `3401613`\n`imageManifest.layers.digest` = `sha256:2fc4b93057fb5d56e5d6982bf20d79ed1f01f821f78f64f1969bc06668c93688`\n`imageManifest.layers.size` = `18240977`\nand 5 more\nResource: `arn:aws:ecr:us-east-1:111122223333:repository/shop/web`\n\nWho: `AssumedRole` `arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions`\nSession: issued by `arn:aws:iam::111122223333:role/ci-deploy`, since `2026-03-02T09:05:48Z`\nfederated by `arn:aws:iam::111122223333:oidc-provider/token[.]actions[.]githubusercontent[.]com`\nKey: `ASIACIDEPLOY2EXAMPLE`\nClient: `docker/29.1.3 go/go1.25.5 git-…cker-Client/29.1.3 \\(linux\\))`\n\nEvent: `bb2adece-e2ad-49af-a023-29c3643ce7f5`\n\nWhy:\n• `eventName = \"PutImage\"`\n• `mfaUsed = false`\n\nRule: `CloudTrail: ECR Put Image` (`cloudtrail-ecr-put-image`)\nAlert: `96bbf9ae8eaf69d0b68a8507c86aa119`",
        "keywords": [
          "SEV2",
          "cloudtrail-ecr-put-image",
          "production",
          "us-east-1",
          "ecr.amazonaws.com",
          "PutImage",
          "service.ecr",
          "attack.T1525"
        ],
        "nextSteps": [
          "Follow the runbook: https://example.com/runbooks/ecr",
          "Ask the owner of the role `ci-deploy` who or what used it, and look up who began the session `GitHubActions`; its caller chose that name",
          "Look up what this access key did up to an hour before and after, with credentials of account `111122223333` (`production`), in us-east-1: `aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=AccessKeyId,AttributeValue=ASIACIDEPLOY2EXAMPLE' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z`",
          "Search the account's log files, with access to their bucket, for what this access key did up to an hour before and after, in all regions; the command is in the e-mail",
          "Open the event in the console: sign in to account `111122223333` (`production`) first: https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5",
          "If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml: `aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=EventId,AttributeValue=bb2adece-e2ad-49af-a023-29c3643ce7f5' --output json | trailbell suppress cloudtrail-ecr-put-image - --by principal`"
        ],
        "textType": "client-markdown",
        "title": "SEV2 [production] `GitHubActions` put image `shop/web`"
      },
      "id": "96bbf9ae8eaf69d0b68a8507c86aa119",
      "metadata": {
        "additionalContext": {
          "access_key": "ASIACIDEPLOY2EXAMPLE",
          "account": "111122223333",
          "actor": "GitHubActions",
          "actor_arn": "arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions",
          "alert_id": "96bbf9ae8eaf69d0b68a8507c86aa119",
          "count": "1",
          "event_id": "bb2adece-e2ad-49af-a023-29c3643ce7f5",
          "event_name": "PutImage",
          "event_source": "ecr.amazonaws.com",
          "event_time": "2026-03-02T09:07:33Z",
          "outcome": "success",
          "region": "us-east-1",
          "rule": "cloudtrail-ecr-put-image",
          "severity": "2",
          "source_ip": "2001:db8:4:12::a5"
        },
        "eventType": "cloudtrail-ecr-put-image",
        "relatedResources": [
          "arn:aws:ecr:us-east-1:111122223333:repository/shop/web"
        ],
        "summary": "GitHubActions put image shop/web",
        "threadId": "0846bffcdf9ea13a381b82d53d5fac4a"
      },
      "source": "custom",
      "version": "1.0"
    }
    "#);
}

/// The text of a notification, with its lines.
pub fn shown(alert: &trailbell::alert::Alert) -> String {
    let content = &chat(alert)["content"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = content["nextSteps"].as_array().into_iter().flatten().map(|step| format!("- {}\n", text(step)));
    let steps: String = steps.collect();
    format!("{}\n{}\n{steps}", text(&content["title"]), text(&content["description"]))
}

#[test]
fn a_denied_call_shows_its_error() {
    insta::assert_snapshot!(shown(&alert(2, sample("ssm/resume-session-denied.json"))), @r#"
    SEV1 [production] `legacy-backup` may not `ResumeSession`
    `legacy-backup` called `ResumeSession` at `ssm.amazonaws.com`, and it failed: `AccessDenied`
    in account `111122223333` (`production`), region `us-east-1`, from `198.51.100.77`, at `2026-03-02T10:06:52Z`

    Error: `User: arn:aws:iam::111122223333:user/legacy-backup is not authorized to per…6f350 because no identity-based policy allows the ssm:ResumeSession action`

    Who: `IAMUser` `arn:aws:iam::111122223333:user/legacy-backup`
    Key: `AKIALEGACYBK2EXAMPLE`
    Client: `Boto3/1.34.11 md/Botocore#1.34…-mode#legacy Botocore/1.34.11`

    Event: `e1bc3319-334c-4672-9365-3ed6872edb3f`

    Why:
    • `error exists` (it is `"AccessDenied"`)

    Rule: `Denied` (`denied`)
    Alert: `0f8a82d0cd97b7f54bfbabbf686b9a5f`
    - Ask the owner of the user `legacy-backup` whether it was them
    - Look up what this access key did up to an hour before and after, with credentials of account `111122223333` (`production`), in us-east-1: `aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=AccessKeyId,AttributeValue=AKIALEGACYBK2EXAMPLE' --start-time 2026-03-02T09:06:52Z --end-time 2026-03-02T11:06:52Z`
    - Search the account's log files, with access to their bucket, for what this access key did up to an hour before and after, in all regions; the command is in the e-mail
    - Open the event in the console: sign in to account `111122223333` (`production`) first: https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/e1bc3319-334c-4672-9365-3ed6872edb3f
    - If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml: `aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=EventId,AttributeValue=e1bc3319-334c-4672-9365-3ed6872edb3f' --output json | trailbell suppress denied - --by principal`
    "#);
}

#[test]
fn an_alert_for_many_events_shows_their_count() {
    let text = shown(&window());
    let from = text.find("Count: ").unwrap();
    insta::assert_snapshot!(text[from..].split("\n\n").next().unwrap(), @"
    Count: about 1200 events, from 2026-03-02T08:00:00Z to 2026-03-02T09:07:33Z
    about 70 events since the previous alert
    In common: `role` = `ci-deploy`
    `｀odd key｀` = null
    State: earlier alerts could not be looked up: this alert may be a repeat, and its count may be too low
    Event: `bb2adece-e2ad-49af-a023-29c3643ce7f5`
    ");
}

#[test]
fn unread_records_are_shown() {
    insta::assert_snapshot!(shown(&unread()), @"
    SEV2 [production] CloudTrail record could not be read: `expected ｀,｀ or ｀}｀ at line 1 column 80`
    record 12 of a CloudTrail log file could not be read: `expected ｀,｀ or ｀}｀ at line 1 column 80`
    in the log of account `111122223333` (`production`), region `us-east-1`, delivered at 2026-03-02T09:20:00Z

    No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail itself wrote it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All other records have been evaluated.

    Rule: `CloudTrail record could not be read` (`trailbell-unread-record`)
    Alert: `dca214a322649ac32194e24b20bd4abb`
    - Read the object `AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz` in the bucket `logs`
    ");
}

#[test]
fn no_text_of_an_attacker_is_markup() {
    let mut record = put_image();
    record["userAgent"] = json!(
        "<!channel> @here <@U012AB3CD> [click](https://evil.example) `code` *bold* &lt;!here&gt; #general\n> quote"
    );
    record["userIdentity"]["arn"] = json!("arn:aws:sts::111122223333:assumed-role/ci-deploy/@channel");
    record["requestParameters"]["repositoryName"] = json!("x`\n\nSEV1 <https://evil.example|Runbook>");
    record["awsRegion"] = json!("<!here>");
    let text = shown(&alert(0, record));
    let of_attacker = |line: &&str| ["SEV1", "＠channel", "!here", "Ask "].iter().any(|word| line.contains(word));
    insta::assert_snapshot!(text.lines().filter(of_attacker).collect::<Vec<_>>().join("\n"), @"
    SEV2 [production] `＠channel` put image `x｀ SEV1 ＜https[:][//]evil[.]example|Runbook＞`
    session `＠channel` of the role `ci-deploy` called `PutImage` at `ecr.amazonaws.com`, and it succeeded
    in account `111122223333` (`production`), region `＜!here＞`, from `2001:db8:4:12::a5`, at `2026-03-02T09:07:33Z`
    What: `repositoryName` = `x｀ SEV1 ＜https[:][//]evil[.]example|Runbook＞`
    Who: `AssumedRole` `arn:aws:sts::111122223333:assumed-role/ci-deploy/＠channel`
    Client: `＜!channel＞ ＠here ＜＠U012AB3CD＞…lt;!here＆gt; ＃general ＞ quote`
    - Ask the owner of the role `ci-deploy` who or what used it, and look up who began the session `＠channel`; its caller chose that name
    ");
    assert!(!text.contains("Open the event in the console"), "{text}");
}

#[test]
fn omitted_sections_are_listed() {
    let mut record = put_image();
    let long = |name: &str| json!(format!("{name}{}", "x".repeat(5_000)));
    for key in ["eventSource", "awsRegion", "sourceIPAddress", "userAgent", "eventTime", "errorCode", "errorMessage"] {
        record[key] = long(key);
    }
    record["resources"] = (0..9).map(|at| json!({"ARN": long(&format!("arn:aws:x:{at}"))})).collect();
    let description = chat(&alert(0, record))["content"]["description"].as_str().unwrap().to_owned();
    assert!(description.chars().count() <= 2_000, "{description}");
    let last = description.lines().last().unwrap();
    assert_eq!(last, "Too long for chat, only in the e-mail: why");
    // What matters most has room, whatever the others are.
    for begin in [
        "session `GitHubActions`",
        "in account `111122223333`",
        "An image was pushed.",
        "Error: `",
        "Who: `",
        "Event: `",
    ] {
        assert!(description.lines().any(|line| line.starts_with(begin)), "{begin}\n{description}");
    }
}

/// A command is exact, or only the e-mail has it; the page of the event is only for events that the Event history has.
#[test]
fn a_step_shows_no_command_that_a_chat_would_change() {
    let mut record = put_image();
    record["eventCategory"] = json!("Data");
    let steps = chat(&alert(0, record))["content"]["nextSteps"].clone();
    let text = steps.to_string();
    assert!(text.contains("`aws cloudtrail lookup-events ") && !text.contains("console.aws.amazon.com"), "{text}");
    let last = steps.as_array().unwrap().last().unwrap();
    assert_eq!(
        last,
        "If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml; the command is in the e-mail"
    );
}

/// Names can be copied, in the title, in the description and in the steps.
#[test]
fn a_name_stays_as_it_is() {
    let rules = json!({"lists": {"trusted_accounts": ["111122223333"]}, "rules": [{
        "name": "trusted_accounts are *", "severity": 1, "title": "{{user}} changes {{requestParameters.name}} of my_team",
        "filter": "recipientAccountId in $trusted_accounts and requestParameters.name exists",
    }]});
    let mut record = put_image();
    record["userIdentity"] = json!({"type": "IAMUser", "userName": "svc_deploy_1", "accountId": "111122223333"});
    record["requestParameters"] = json!({"name": "s3:* on arn:aws:s3:::a_b/c|d", "path": "C:\\x_y"});
    let alert = alert_of(RuleSet::parse(&rules.to_string()).unwrap().0, 0, record, None);
    let text = shown(&alert);
    for part in [
        "SEV1 [111122223333] `svc_deploy_1` changes `s3:* on a_b/c|d` of my_team\n",
        "What: `name` = `s3:* on arn:aws:s3:::a_b/c|d`",
        "`path` = `C:\\x_y`",
        "$trusted_accounts",
        "Rule: `trusted_accounts are *` (`trusted-accounts-are`)",
        "- Ask the owner of the user `svc_deploy_1` whether it was them\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// What has no room in the title of the notification is whole below.
#[test]
fn a_long_title_is_whole_below() {
    let rules = json!({"rules": [{
        "name": "Long", "severity": 1, "title": "{{a}} and {{b}} and {{c}}", "filter": "eventName exists",
    }]});
    let mut record = put_image();
    for (key, letter) in [("a", "a"), ("b", "b"), ("c", "c")] {
        record[key] = json!(letter.repeat(45));
    }
    let alert = alert_of(RuleSet::parse(&rules.to_string()).unwrap().0, 0, record.clone(), None);
    let [a, b, c] = ["a", "b", "c"].map(|letter| letter.repeat(45));
    assert!(shown(&alert).starts_with(&format!("SEV1 [111122223333] `{a}` and `{b}` and `{c}`\n")));
    record["a"] = json!("a".repeat(200));
    let alert = alert_of(RuleSet::parse(&rules.to_string()).unwrap().0, 0, record, None);
    let text = shown(&alert);
    let cut = format!("SEV1 [111122223333] `{}…{}` and `{b}` and `{c}`\n", "a".repeat(30), "a".repeat(29));
    assert!(text.starts_with(&cut), "{text}");
    assert!(text.contains(&format!("\nTitle: `{} and {b} and {c}`\n", "a".repeat(200))), "{text}");
}

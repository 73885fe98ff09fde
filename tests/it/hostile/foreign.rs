//! What other services write into the bucket and to the topic of a trail: counted by reason and never a failure. What can be
//! CloudTrail's and cannot be read still fails.

use std::collections::BTreeMap;

use serde_json::json;

use crate::ports::{Memory, Outbox, event, failures, gzip, handled, image, log_file};

/// Beginnings of files, from the guides of the services, and their reasons.
fn files() -> Vec<(&'static str, &'static str)> {
    let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    let access = format!(
        "{owner} logs [06/Feb/2026:00:00:38 +0000] 192.0.2.3 {owner} 3E57427F3EXAMPLE REST.GET.VERSIONING - \"GET /\" 200\n"
    );
    vec![
        ("config_file", r#"{"fileVersion":"1.0","configurationItems":[]}"#),
        ("config_file", r#"{"fileVersion":"1.0","configSnapshotId":"d7ef","configurationItems":[{"a":1}]}"#),
        (
            "bedrock_log",
            "{\"schemaType\":\"ModelInvocationLog\",\"schemaVersion\":\"1.0\",\"modelId\":\"m\"}\n{\"schemaType\":\"ModelInvocationLog\"}\n",
        ),
        (
            "guardduty_finding",
            r#"{"schemaVersion":"2.0","accountId":"111122223333","region":"us-east-1","partition":"aws","id":"1"}"#,
        ),
        ("waf_log", r#"{"timestamp":1533689070589,"formatVersion":1,"webaclId":"arn:aws:wafv2:x","action":"BLOCK"}"#),
        (
            "resolver_log",
            r#"{"version":"1.100000","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-1","query_timestamp":"2026"}"#,
        ),
        (
            "inventory",
            r#"{"sourceBucket":"logs","destinationBucket":"arn:aws:s3:::lists","version":"2016-11-30","fileFormat":"CSV","files":[]}"#,
        ),
        ("inventory", "\"logs\",\"AWSLogs/111122223333/CloudTrail/a.json.gz\",\"1024\"\n"),
        ("inventory", "s3://lists/logs/daily/data/a.csv.gz\n"),
        ("other_service", r#"{"firewall_name":"f","availability_zone":"us-east-1a","event_timestamp":"1","event":{}}"#),
        ("access_log", String::leak(access)),
        (
            "flow_log",
            "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action\n2",
        ),
        ("flow_log", "region vpc-id az-id\nus-east-1 vpc-1 use1-az1\n"),
        (
            "flow_log",
            "2 111122223333 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1 2 ACCEPT OK\n",
        ),
        (
            "load_balancer_log",
            "http 2018-07-02T22:23:00.186641Z app/lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0 0 0",
        ),
        (
            "load_balancer_log",
            "tls 2.0 2018-12-20T02:59:40 net/nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341",
        ),
        (
            "load_balancer_log",
            "2015-05-13T23:39:43.945958Z lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200",
        ),
        ("test_file", "Enable AccessLog for ELB: lb at 2026-03-02T09:00:00.000Z"),
        ("other_service", "#Version: 1.0\n#Fields: date time x-edge-location\n"),
        ("empty_object", ""),
        ("empty_object", "\n"),
        ("empty_object", "\u{feff}"),
    ]
}

/// An object between two log files: its reason if it is skipped, or its failure.
fn outcome(key: &str, file: &[u8], chunk: usize) -> Result<String, String> {
    let good = |id: &str| vec![Ok(log_file(&[&image(id)]))];
    let chunks = file.chunks(chunk).map(|chunk| Ok(chunk.to_vec())).collect();
    let objects = Memory::default().with("1st", good("before")).with(key, chunks).with("3rd", good("after"));
    let outcome = handled(&objects, &Outbox::open(), &event(&["1st", key, "3rd"]));
    assert_eq!(outcome.matches.alerted, 2, "{key} harms others");
    let [skipped] = &outcome.objects.skipped.iter().collect::<Vec<_>>()[..] else {
        return Err(failures(&outcome).join("; "));
    };
    assert!(outcome.answer().is_ok());
    assert_eq!(skipped.1, &1);
    Ok(skipped.0.clone())
}

#[test]
fn file_of_another_service_is_recognized_by_its_first_bytes() {
    for (reason, text) in files() {
        for file in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
            for chunk in [file.len().max(1), 7] {
                assert_eq!(outcome("copy/of.json.gz", &file, chunk), Ok(reason.to_owned()), "{text}");
            }
        }
    }
    // A long file, of which only the beginning is looked at.
    let long = format!(r#"{{"fileVersion":"1.0","configurationItems":["{}"]}}"#, "x".repeat(100_000));
    assert_eq!(outcome("copy", long.as_bytes(), 1_000), Ok("config_file".to_owned()));
    let spread = format!(
        r#"{{"fileVersion":"1.0","configSnapshotId":"1","configurationItems":[{}]}}"#,
        "1,".repeat(50_000) + "1"
    );
    assert_eq!(outcome("copy", &gzip(spread.as_bytes()), 1_000), Ok("config_file".to_owned()));
}

#[test]
fn key_of_cloudtrail_fails_whatever_other_content_it_has() {
    let name = "111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz";
    let keys = [
        "AWSLogs/o-exampleorg1/111122223333/CloudTrail-Insight/us-east-1/2026/03/02/a.json.gz".to_owned(),
        format!("copy/{name}"),
    ];
    for key in &keys {
        for (reason, text) in files().into_iter().filter(|(reason, _)| *reason != "empty_object") {
            let failure = outcome(key, &gzip(text.as_bytes()), 100).unwrap_err();
            assert!(
                failure.starts_with(&format!("s3://logs/{key} is not a complete log file: ")),
                "{reason}: {failure}"
            );
        }
    }
    assert!(outcome(&keys[1], b"", 1).unwrap_err().ends_with("the file is empty"));
}

#[test]
fn file_that_can_be_of_cloudtrail_fails_wherever_it_is() {
    let mut cut = log_file(&[]);
    cut.truncate(cut.len() - 4);
    let exported = format!("2026-03-02T09:00:00.000Z {} a b c d e f g", image("1").replace(' ', ""));
    for file in [
        cut,
        gzip(image("1").as_bytes()),
        gzip(format!("[{}]", image("1")).as_bytes()),
        gzip(exported.as_bytes()),
        gzip(b"\"eventversion\",\"useridentity\"\n\"1.08\",\"{}\"\n"),
        gzip(br#"{"messageType":"DATA_MESSAGE","logEvents":[]}"#),
        gzip(br#"{"fileVersion":"1.0","configurationItems":[],"Records":null}"#),
        gzip(br#"{"hello":1}"#),
        b"PAR1".to_vec(),
        b"this is no log".to_vec(),
    ] {
        let failure = outcome("copy/of.json.gz", &file, 50).unwrap_err();
        assert!(failure.starts_with("s3://logs/copy/of.json.gz is not a complete log file: "), "{failure}");
    }
}

#[test]
fn record_in_front_of_other_content_keeps_the_file_a_failure() {
    let text = format!(r#"{{"fileVersion":"1.0","configurationItems":[],"Records":[{}],"#, image("1"));
    let objects = Memory::default().with("a", vec![Ok(gzip(text.as_bytes()))]);
    let outcome = handled(&objects, &Outbox::open(), &event(&["a"]));
    assert_eq!((outcome.matches.alerted, outcome.objects.failed), (1, 1));
}

#[test]
fn key_of_another_service_is_skipped_without_being_read() {
    let keys = [
        "AWSLogs/111122223333/Config/us-east-1/2026/5/4/ConfigHistory/a.json.gz",
        "AWSLogs/111122223333/elasticloadbalancing/us-east-1/a.log.gz",
        "AWSLogs/o-exampleorg1/111122223333/vpcflowlogs/us-east-1/a.log.gz",
        "AWSLogs/111122223333/ELBAccessLogTestFile",
        "AWSLogs/111122223333/of-tomorrow/a.json.gz",
        "AWSLogs/111122223333/CloudTrail/",
        "inventory/logs/daily/2026-03-02T01-00Z/manifest.checksum",
    ];
    // No object exists, so reading one is a failure.
    let outcome = handled(&Memory::default(), &Outbox::open(), &event(&keys));
    assert!(outcome.answer().is_ok());
    let reasons = ["config_file", "flow_log", "folder", "inventory", "load_balancer_log", "other_service", "test_file"];
    assert_eq!(
        outcome.objects.skipped,
        reasons.map(|reason| (reason.to_owned(), 1)).into_iter().collect::<BTreeMap<_, _>>()
    );
}

/// "Notifications that AWS Config Sends to an Amazon SNS topic" and "Types of governance drift"; Control Tower gives Config and
/// the trail the same topic.
#[test]
fn message_of_config_or_control_tower_on_a_shared_topic_needs_no_work() {
    let config = |kind: &str, more: &str| {
        format!(
            r#"{{{more}"notificationCreationTime":"2026-03-02T09:00:00.000Z","messageType":"{kind}","recordVersion":"1.1"}}"#
        )
    };
    let key = "AWSLogs/111122223333/Config/us-east-1/2026/3/2/ConfigHistory/a.json.gz";
    let object = format!(r#""s3ObjectKey":"{key}","s3Bucket":"logs","#);
    let drift = json!({"Message": "AWS Control Tower has detected", "ManagementAccountId": "111122223333",
        "OrganizationId": "o-exampleorg1", "DriftType": "ACCOUNT_MOVED_BETWEEN_OUS", "RemediationStep": "Re-register",
        "AccountId": "444455556666"});
    for (reason, message) in [
        ("config_message", config("ConfigurationHistoryDeliveryCompleted", &object)),
        (
            "config_message",
            config("ConfigurationSnapshotDeliveryCompleted", &format!(r#""configSnapshotId":"1",{object}"#)),
        ),
        ("config_message", config("ConfigurationSnapshotDeliveryStarted", r#""configSnapshotId":"1","#)),
        ("config_message", config("ConfigurationItemChangeNotification", r#""configurationItem":{"a":1},"#)),
        ("config_message", config("OversizedConfigurationItemChangeNotification", r#""s3DeliverySummary":{},"#)),
        ("config_message", config("ComplianceChangeNotification", r#""awsAccountId":"111122223333","#)),
        (
            "config_message",
            "View the Timeline for this Resource in the Console: https://console.aws.amazon.com".to_owned(),
        ),
        ("control_tower_message", drift.to_string()),
    ] {
        let in_queue =
            json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": message});
        let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]});
        let sqs = json!({"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": in_queue.to_string()}]});
        for payload in [sns, sqs] {
            let outcome = handled(&Memory::default(), &Outbox::open(), &payload);
            assert!(outcome.answer().is_ok(), "{message}");
            assert_eq!(outcome.objects.skipped, BTreeMap::from([(reason.to_owned(), 1)]), "{message}");
            assert_eq!(outcome.failed(), 0);
        }
    }
    // CloudTrail's keys are a list: an added field hides none.
    let message = config("ConfigurationHistoryDeliveryCompleted", r#""s3Bucket":"logs","s3ObjectKey":["a"],"#);
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&image("1")]))]);
    let outcome = handled(&objects, &Outbox::open(), &serde_json::from_str(&message).unwrap());
    assert_eq!(outcome.matches.alerted, 1);
}

//! The notices about alerts: what the hourly limit holds back, what follows alerts, and what came too fast.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use trailbell::{
    alert::{
        Alert, AlertKind, FollowUpNotice, Format, MAX_BYTES, Message, NamedRule, RollUpNotice, RollUpStage, render,
        render_ascii,
    },
    state::{HeldLine, Listing, SummaryLine},
};

use crate::messages::{
    chat::shown,
    hostile::{ROWS, check_chat, check_limits, hostile, texts, unfit},
    ocsf::{ocsf, violations},
    rules, whole,
};

/// 2026-03-02T09:00:00Z.
const HOUR: i64 = 1_772_442_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn rule(at: usize) -> NamedRule {
    NamedRule::from(&rules().rules[at])
}

fn event(number: usize) -> String {
    format!("e1bc3319-334c-4672-9365-{number:012}")
}

pub fn held(number: usize) -> HeldLine {
    let is_success = number < 2;
    HeldLine {
        principal: format!("arn:aws:iam::111122223333:role/ci-deploy-{number}"),
        account: "111122223333".to_owned(),
        target: format!("arn:aws:ecr:us-east-1:111122223333:repository/shop/web-{number}"),
        result: if is_success { "success" } else { "AccessDenied" }.to_owned(),
        is_success,
        event: event(number),
        time: HOUR + 60 * i64::try_from(number % 60).unwrap(),
    }
}

fn roll_up(held: u64, stage: RollUpStage) -> Alert {
    Alert::roll_up(RollUpNotice { rule: rule(0), hour: at(HOUR), limit: 60, held, stage }, &rules().accounts)
}

fn begun() -> Alert {
    roll_up(1, RollUpStage::Begun)
}

pub fn ended(lines: usize, more: u64) -> Alert {
    let list = (0..lines).map(held).collect();
    roll_up(lines as u64 + more, RollUpStage::Ended { list, more })
}

fn listing(values: impl IntoIterator<Item = String>, more: u64) -> Listing {
    Listing { values: values.into_iter().collect(), more, at_least: false }
}

pub fn after(number: usize) -> FollowUpNotice {
    FollowUpNotice {
        rule: rule(number % 3),
        alert_id: format!("{number:032x}"),
        is_covered: false,
        thread_id: format!("{number:031x}f"),
        title: format!("user-{number} put image shop/web"),
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        event_source: Some("ecr.amazonaws.com".to_owned()),
        event_name: Some("PutImage".to_owned()),
        actor: Some(format!("user-{number}")),
        more: 37 + number as u64,
        approximate: !number.is_multiple_of(2),
        first: at(HOUR + 600),
        last: at(HOUR + 5_472),
        events: listing([event(1), event(2)], 35),
        distinct: vec![("ip".to_owned(), listing(["192.0.2.1".to_owned(), "192.0.2.7".to_owned()], 0))],
    }
}

fn follow_ups(count: usize) -> Alert {
    Alert::follow_ups((0..count).map(after).collect(), &rules().accounts)
}

pub fn line(number: usize) -> SummaryLine {
    let severity = if number.is_multiple_of(5) { 1 } else { 2 };
    SummaryLine {
        alert_id: format!("{number:032x}"),
        severity,
        is_success: number.is_multiple_of(10),
        is_notice: false,
        rule: if severity == 1 { "denied" } else { "cloudtrail-ecr-put-image" }.to_owned(),
        title: format!("user-{number} put image shop/web"),
        account: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        event: event(number),
        time: HOUR + 60 * i64::try_from(number % 60).unwrap(),
    }
}

fn summaries(lines: impl IntoIterator<Item = SummaryLine>) -> Vec<Alert> {
    Alert::summaries(lines.into_iter().collect(), &rules().accounts)
}

fn text(alert: &Alert) -> Message {
    render(Format::TEXT, alert)
}

/// The names and values of the attributes.
fn attributes(alert: &Alert) -> Vec<String> {
    let attributes = text(alert).attributes;
    attributes.iter().map(|attribute| format!("{} {}", attribute.name, attribute.string_value())).collect()
}

#[test]
fn a_limit_that_is_reached_is_reported_at_once() {
    insta::assert_snapshot!(whole(&text(&begun())), @"
    SEV2 Alerts held back until 10:00 UTC: CloudTrail: ECR Put Image

    SEV2 the rule CloudTrail: ECR Put Image raises more alerts than its hourly limit allows
    further ones are held back until 2026-03-02T10:00:00Z, and listed then

    Limit     60 alerts of a rule an hour
              failures have a third of them, successes the rest; one caller has at most a third, and half of that for failures

    Next      Wait for the list, which comes within minutes after the hour
              See every match: run trailbell scan on the log files of 2026/03/02
              If it is expected, add a suppression to the rule or raise its threshold
              If the limit is too low, raise MAX_ALERTS_PER_RULE_HOUR

    An image was pushed.

    Compare its digest with the one that the build made.
    Runbook   https://example.com/runbooks/ecr

    Rule      CloudTrail: ECR Put Image (cloudtrail-ecr-put-image)
    Alert     26b9b78552c1cdec74f415047d022b39
    ");
    assert_eq!(
        attributes(&begun()),
        [
            "severity 2",
            "rule cloudtrail-ecr-put-image",
            r#"tags ["kind.roll-up","service.ecr","attack.T1525"]"#,
            "alert_id 26b9b78552c1cdec74f415047d022b39",
        ]
    );
    let severe = RollUpNotice { rule: rule(2), hour: at(HOUR), limit: 60, held: 1, stage: RollUpStage::Begun };
    let severe = whole(&text(&Alert::roll_up(severe, &rules().accounts)));
    assert!(severe.starts_with("SEV1 Alerts held back until 10:00 UTC: Denied\n"), "{severe}");
    assert!(
        severe.contains("\n          successes of this rule still arrive, up to 500 an hour of one caller\n"),
        "{severe}"
    );
}

/// More than 500 are estimated.
#[test]
fn an_estimate_of_what_is_held_back_is_marked() {
    assert_eq!(ended(0, 500).title(), "500 alerts held back in an hour");
    assert_eq!(ended(0, 501).title(), "about 501 alerts held back in an hour");
    assert!(text(&ended(0, 1_200)).subject.starts_with("SEV2 about 1200 alerts held back: "));
}

#[test]
fn what_an_hour_held_back_is_listed() {
    insta::assert_snapshot!(whole(&text(&ended(3, 17))), @"
    SEV2 [production] 20 alerts held back: CloudTrail: ECR Put Image

    SEV2 20 alerts of the rule CloudTrail: ECR Put Image were held back
    in account 111122223333 (production), from 2026-03-02T09:00:00Z to 2026-03-02T10:00:00Z; none has a message of its own; some are listed here

     1 role/ci-deploy-0: success
       ecr:us-east-1:repository/shop/web-0
       09:00 e1bc3319-334c-4672-9365-000000000000
     2 role/ci-deploy-1: success
       ecr:us-east-1:repository/shop/web-1
       09:01 e1bc3319-334c-4672-9365-000000000001
     3 role/ci-deploy-2: AccessDenied
       ecr:us-east-1:repository/shop/web-2
       09:02 e1bc3319-334c-4672-9365-000000000002

    … and 17 more held-back alerts that are not listed

    Limit     60 alerts of a rule an hour
              failures have a third of them, successes the rest; one caller has at most a third, and half of that for failures

    Next      Check who did this, and what the list has no room for
              See every match: run trailbell scan on the log files of 2026/03/02
              If it is expected, add a suppression to the rule or raise its threshold
              If the limit is too low, raise MAX_ALERTS_PER_RULE_HOUR

    An image was pushed.

    Compare its digest with the one that the build made.
    Runbook   https://example.com/runbooks/ecr

    Rule      CloudTrail: ECR Put Image (cloudtrail-ecr-put-image)
    Alert     26b9b78552c1cdec74f415047d022b39.list
    ");
    insta::assert_snapshot!(shown(&ended(3, 17)), @"
    SEV2 [production] 20 alerts held back: `CloudTrail: ECR Put Image`
    20 alerts of the rule `CloudTrail: ECR Put Image` were held back
    in account `111122223333` (`production`), from 2026-03-02T09:00:00Z to 2026-03-02T10:00:00Z; none has a message of its own; some are listed here

    • `role/ci-deploy-0`: `success`
    `ecr:us-east-1:repository/shop/web-0`
    09:00 `e1bc3319-334c-4672-9365-000000000000`
    • `role/ci-deploy-1`: `success`
    `ecr:us-east-1:repository/shop/web-1`
    09:01 `e1bc3319-334c-4672-9365-000000000001`
    • `role/ci-deploy-2`: `AccessDenied`
    `ecr:us-east-1:repository/shop/web-2`
    09:02 `e1bc3319-334c-4672-9365-000000000002`
    and 17 more held-back alerts

    Limit: 60 alerts of a rule an hour
    failures have a third of them, successes the rest; one caller has at most a third, and half of that for failures

    An image was pushed.

    Compare its digest with the one that the build made.

    Rule: `CloudTrail: ECR Put Image` (`cloudtrail-ecr-put-image`)
    Alert: `26b9b78552c1cdec74f415047d022b39.list`
    - Follow the runbook: https://example.com/runbooks/ecr
    - Check who did this, and what the list has no room for
    - See every match: run trailbell scan on the log files of 2026/03/02
    - If it is expected, add a suppression to the rule or raise its threshold
    - If the limit is too low, raise MAX_ALERTS_PER_RULE_HOUR
    ");
    assert_eq!(attributes(&ended(3, 17))[2], "account 111122223333");
    assert_eq!(ended(3, 17).id, format!("{}.list", begun().id));
    assert_eq!(ended(3, 17).thread_id(), begun().thread_id());
    let lead = |alert: &Alert| text(alert).body.lines().take(2).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lead(&ended(1, 0)), @"
    SEV2 1 alert of the rule CloudTrail: ECR Put Image was held back
    in account 111122223333 (production), from 2026-03-02T09:00:00Z to 2026-03-02T10:00:00Z; it has no message of its own
    ");
    insta::assert_snapshot!(lead(&ended(0, 4)), @"
    SEV2 4 alerts of the rule CloudTrail: ECR Put Image were held back
    from 2026-03-02T09:00:00Z to 2026-03-02T10:00:00Z; none has a message of its own
    ");
}

#[test]
fn a_line_names_what_its_record_has() {
    let list = vec![
        HeldLine { account: "444455556666".to_owned(), ..held(0) },
        HeldLine { principal: String::new(), target: String::new(), event: String::new(), time: i64::MAX, ..held(1) },
        HeldLine { principal: "ops@444455556666".to_owned(), account: String::new(), time: HOUR - 86_400, ..held(2) },
        HeldLine { target: "arn:aws:iam::111122223333:role/Δοκιμή".to_owned(), ..held(3) },
    ];
    let body = text(&roll_up(4, RollUpStage::Ended { list, more: 0 })).body;
    let list: Vec<&str> =
        body.lines().skip_while(|line| !line.starts_with(" 1 ")).take_while(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(list.join("\n"), @"
    1 arn:aws:iam::111122223333:role/ci-deploy-0: success
      arn:aws:ecr:us-east-1:111122223333:repository/shop/web-0
      in 444455556666
      09:00 e1bc3319-334c-4672-9365-000000000000
    2 an unknown caller: success
      in production
      at an unknown time event without an id
    3 ops@444455556666: AccessDenied
      arn:aws:ecr:us-east-1:111122223333:repository/shop/web-2
      in an unknown account
      2026-03-01T09:00:00Z e1bc3319-334c-4672-9365-000000000002
    4 role/ci-deploy-3: AccessDenied
      role/Δοκιμή
      in production
      09:03 e1bc3319-334c-4672-9365-000000000003
    ");
}

#[test]
fn what_follows_one_alert_is_in_its_thread() {
    let one = Alert::follow_up(after(0), &rules().accounts);
    insta::assert_snapshot!(whole(&text(&one)), @r#"
    SEV2 [production] 37 more events: user-0 put image shop/web

    SEV2 37 more events came after the alert "user-0 put image shop/web"
    in account 111122223333 (production), region us-east-1, from 2026-03-02T09:10:00Z to 2026-03-02T10:31:12Z

    Who       user-0
    Call      PutImage at ecr.amazonaws.com
    Values    ip: 192.0.2.1, 192.0.2.7 (2 in all)
    Events    e1bc3319-334c-4672-9365-000000000001, e1bc3319-334c-4672-9365-000000000002, and 35 more

    Next      Check that these events fit what you found out about the alert
              If they are expected, add a suppression to the rule

    Runbook   https://example.com/runbooks/ecr

    Follows   00000000000000000000000000000000
    Rule      CloudTrail: ECR Put Image (cloudtrail-ecr-put-image)
    Alert     00000000000000000000000000000000.more
    "#);
    insta::assert_snapshot!(shown(&one), @"
    SEV2 [production] 37 more events: `user-0 put image shop/web`
    37 more events came after the alert `user-0 put image shop/web`
    in account `111122223333` (`production`), region `us-east-1`, from 2026-03-02T09:10:00Z to 2026-03-02T10:31:12Z

    Who: `user-0`
    Call: `PutImage` at `ecr.amazonaws.com`
    Values: `ip`: `192.0.2.1`, `192.0.2.7` (2 in all)
    Events: `e1bc3319-334c-4672-9365-000000000001`, `e1bc3319-334c-4672-9365-000000000002`, and 35 more

    Rule: `CloudTrail: ECR Put Image` (`cloudtrail-ecr-put-image`)
    Alert: `00000000000000000000000000000000.more`
    - Follow the runbook: https://example.com/runbooks/ecr
    - Check that these events fit what you found out about the alert
    - If they are expected, add a suppression to the rule
    ");
    assert_eq!((one.id.as_str(), one.thread_id()), ("00000000000000000000000000000000.more", after(0).thread_id));
    assert_eq!(
        attributes(&one),
        [
            "severity 2",
            "rule cloudtrail-ecr-put-image",
            "account 111122223333",
            "region us-east-1",
            r#"tags ["kind.follow-up","service.ecr","attack.T1525"]"#,
            "alert_id 00000000000000000000000000000000.more",
        ]
    );
    // For a machine it is an update of the finding of the alert.
    let finding = ocsf(&one);
    assert_eq!((&finding["activity_id"], &finding["type_uid"]), (&2.into(), &200_402.into()));
    assert_eq!(finding["finding_info"]["uid"], after(0).alert_id);
    assert_eq!(finding["metadata"]["uid"], one.id);
    assert_eq!(finding["evidences"][0]["data"]["more"], 37);
    assert_eq!(finding["evidences"][0]["data"]["event_ids"]["not_listed"], 35);
}

#[test]
fn what_follows_several_alerts_is_one_message() {
    insta::assert_snapshot!(whole(&text(&follow_ups(3))), @"
    SEV1 [production] about 114 more events of 3 alerts: user-2 put image shop/web

    SEV1 about 114 more events came after 3 alerts, and raised none of their own
    in account 111122223333 (production), region us-east-1, from 2026-03-02T09:10:00Z to 2026-03-02T10:31:12Z; the most urgent alerts come first

     1 SEV1 user-2 put image shop/web
       39 more events
       10:31 e1bc3319-334c-4672-9365-000000000002
     2 SEV2 user-0 put image shop/web
       37 more events
       10:31 e1bc3319-334c-4672-9365-000000000002
     3 SEV3 user-1 put image shop/web
       about 38 more events
       10:31 e1bc3319-334c-4672-9365-000000000002

    Next      Check that these events fit what you found out about each alert
              If they are expected, add a suppression to the rule

    Alert     932f5e20457897b6513d7c71a7df9ed0
    ");
    assert_eq!(
        attributes(&follow_ups(3))[..5],
        [
            "severity 1",
            "rule trailbell-follow-up",
            "account 111122223333",
            "region us-east-1",
            r#"tags ["kind.follow-up"]"#
        ]
    );
    let other = FollowUpNotice { account: None, region: Some("eu-west-1".to_owned()), ..after(3) };
    let mixed = Alert::follow_ups(vec![after(0), other], &rules().accounts);
    assert_eq!(attributes(&mixed)[..2], ["severity 2", "rule cloudtrail-ecr-put-image"]);
    assert!(attributes(&mixed)[2].starts_with("tags "), "{:?}", attributes(&mixed));
    assert!(text(&mixed).body.contains("\n   in eu-west-1\n"), "{}", text(&mixed).body);
    let finding = ocsf(&follow_ups(3));
    assert_eq!((&finding["activity_id"], finding["evidences"].as_array().unwrap().len()), (&1.into(), 3));
}

#[test]
fn alerts_that_came_too_fast_are_listed_by_urgency() {
    let [summary] = &summaries((0..7).map(line))[..] else { panic!() };
    insta::assert_snapshot!(whole(&text(summary)), @"
    SEV1 [production] Summary of 7 alerts: user-0 put image shop/web

    SEV1 7 alerts came too fast for a message each; they are listed here instead
    in account 111122223333 (production), region us-east-1: 1 of severity 1 that succeeded, 1 of severity 1 that failed, 5 of severity 2 that failed

    SEV1 denied, succeeded: 1

     1 user-0 put image shop/web
       09:00 e1bc3319-334c-4672-9365-000000000000

    SEV1 denied, failed: 1

     2 user-5 put image shop/web
       09:05 e1bc3319-334c-4672-9365-000000000005

    SEV2 cloudtrail-ecr-put-image, failed: 5

     3 user-1 put image shop/web
       09:01 e1bc3319-334c-4672-9365-000000000001
     4 user-2 put image shop/web
       09:02 e1bc3319-334c-4672-9365-000000000002
     5 user-3 put image shop/web
       09:03 e1bc3319-334c-4672-9365-000000000003
     6 user-4 put image shop/web
       09:04 e1bc3319-334c-4672-9365-000000000004
     7 user-6 put image shop/web
       09:06 e1bc3319-334c-4672-9365-000000000006

    Next      Begin with what succeeded; the id finds the event in CloudTrail's event history
              If one rule raises most of them, add a suppression to it or raise its threshold
              For more messages a minute, raise the stack's parameter AlertsPerMinute; bursts of seconds remain summaries

    Alert     873bae4f5cf2731271151ca57924fa7b
    ");
    insta::assert_snapshot!(shown(summary), @"
    SEV1 [production] Summary of 7 alerts: `user-0 put image shop/web`
    7 alerts came too fast for a message each; they are listed here instead
    in account `111122223333` (`production`), region `us-east-1`: 1 of severity 1 that succeeded, 1 of severity 1 that failed, 5 of severity 2 that failed

    • SEV1 `denied`, succeeded: 1
    `user-0 put image shop/web`
    09:00 `e1bc3319-334c-4672-9365-000000000000`
    • SEV1 `denied`, failed: 1
    `user-5 put image shop/web`
    09:05 `e1bc3319-334c-4672-9365-000000000005`
    • SEV2 `cloudtrail-ecr-put-image`, failed: 5
    `user-1 put image shop/web`
    09:01 `e1bc3319-334c-4672-9365-000000000001`
    • `user-2 put image shop/web`
    09:02 `e1bc3319-334c-4672-9365-000000000002`
    • `user-3 put image shop/web`
    09:03 `e1bc3319-334c-4672-9365-000000000003`
    • `user-4 put image shop/web`
    09:04 `e1bc3319-334c-4672-9365-000000000004`
    • `user-6 put image shop/web`
    09:06 `e1bc3319-334c-4672-9365-000000000006`

    Alert: `873bae4f5cf2731271151ca57924fa7b`
    - Begin with what succeeded; the id finds the event in CloudTrail's event history
    - If one rule raises most of them, add a suppression to it or raise its threshold
    - For more messages a minute, raise the stack's parameter AlertsPerMinute; bursts of seconds remain summaries
    ");
    assert_eq!(
        attributes(summary)[..5],
        [
            "severity 1",
            "rule trailbell-summary",
            "account 111122223333",
            "region us-east-1",
            r#"tags ["kind.summary"]"#
        ]
    );
    let lines = [
        SummaryLine { account: "444455556666".to_owned(), title: String::new(), ..line(1) },
        SummaryLine { region: String::new(), event: String::new(), time: HOUR - 86_400, ..line(2) },
    ];
    let body = text(&summaries(lines).remove(0)).body;
    let list: Vec<&str> = body.lines().skip(3).take_while(|line| !line.starts_with("Next")).collect();
    insta::assert_snapshot!(list.join("\n"), @"
    SEV2 cloudtrail-ecr-put-image, failed: 2

     1 user-2 put image shop/web
       in production
       2026-03-01T09:00:00Z event without an id
     2 cloudtrail-ecr-put-image
       in 444455556666, us-east-1
       09:01 e1bc3319-334c-4672-9365-000000000001
    ");
}

/// A notice is about no act that failed or succeeded; it comes before what failed.
#[test]
fn a_notice_in_a_summary_is_called_one() {
    let begun = begun();
    let lines = [begun.summary_line(), SummaryLine { rule: begun.rule_id().to_owned(), ..line(1) }, line(10), line(5)];
    let severity = begun.severity().number();
    let summary = summaries(lines).remove(0);
    let body = text(&summary).body;
    let headings: Vec<&str> = body.lines().filter(|line| line.starts_with("SEV")).collect();
    let notice = format!("SEV{severity} {}, notice: 1", begun.rule_id());
    let at = |heading: &str| headings.iter().position(|one| *one == heading).unwrap_or_else(|| panic!("{headings:?}"));
    assert!(at(&notice) < at("SEV1 denied, failed: 1") || severity > 1, "{headings:?}");
    assert!(body.contains(&format!("1 notice of severity {severity}")), "{body}");
    let finding = ocsf(&summary);
    let results: Vec<&Value> =
        finding["evidences"].as_array().unwrap().iter().map(|one| &one["data"]["is_success"]).collect();
    assert_eq!(results.iter().filter(|result| result.is_null()).count(), 1);
    assert_eq!(results.len(), 4);
}

#[test]
fn each_line_of_a_list_is_found_in_its_finding() {
    let finding = ocsf(&ended(3, 17));
    let evidence = &finding["evidences"][2];
    insta::assert_snapshot!(format!("{evidence:#}"), @r#"
    {
      "actor": {
        "user": {
          "account": {
            "name": "production",
            "uid": "111122223333"
          },
          "name": "arn:aws:iam::111122223333:role/ci-deploy-2"
        }
      },
      "data": {
        "account": "111122223333",
        "is_success": false,
        "result": "AccessDenied",
        "time": 1772442120
      },
      "resources": [
        {
          "uid": "arn:aws:ecr:us-east-1:111122223333:repository/shop/web-2"
        }
      ],
      "uid": "e1bc3319-334c-4672-9365-000000000002"
    }
    "#);
    assert_eq!(finding["unmapped"]["held_back"], 20);
    assert_eq!(finding["unmapped"]["held_back_not_listed"], 17);
    let finding = ocsf(&summaries((0..7).map(line)).remove(0));
    insta::assert_snapshot!(format!("{:#}", finding["evidences"][6]), @r#"
    {
      "data": {
        "account": "111122223333",
        "event_id": "e1bc3319-334c-4672-9365-000000000006",
        "is_success": false,
        "region": "us-east-1",
        "rule": "cloudtrail-ecr-put-image",
        "severity": 2,
        "time": 1772442360
      },
      "name": "user-6 put image shop/web",
      "uid": "00000000000000000000000000000006"
    }
    "#);
    assert_eq!((&finding["severity"], &finding["evidences"][0]["uid"]), (&"High".into(), &line(0).alert_id.into()));
}

/// The lines of a list fit the width of a phone unless a value alone is longer.
#[test]
fn lines_fit_a_phone() {
    for alert in [ended(99, 0), follow_ups(99), summaries((0..99).map(line)).remove(0)] {
        let body = text(&alert).body;
        let list = body.lines().filter(|line| line.starts_with(' ') && !line.starts_with("    "));
        let longest = list.max_by_key(|line| line.chars().count()).unwrap();
        assert!(longest.chars().count() <= 45, "{longest}");
    }
}

/// All lines of a list of any length are listed or counted.
#[test]
fn a_chat_lists_ten_and_counts_the_others() {
    for alert in [ended(1_000, 4), follow_ups(1_000), summaries((0..1_000).map(line)).remove(0)] {
        let text = shown(&alert);
        let items = text.lines().filter(|line| line.starts_with("• ")).count();
        assert!((5..=10).contains(&items), "{text}");
        let hidden = 1_000 - items + if text.contains("held") { 4 } else { 0 };
        assert!(text.lines().any(|line| line.starts_with(&format!("and {hidden} more "))), "{text}");
    }
}

#[test]
fn no_alert_of_a_summary_is_lost() {
    for (count, parts) in [(0, 0), (1, 1), (1_000, 1), (5_000, 3)] {
        let all = summaries((0..count).map(line));
        assert_eq!(all.len(), parts, "{count}");
        let messages: Vec<Message> = all.iter().map(text).collect();
        for number in 0..count {
            let id = event(number);
            assert_eq!(messages.iter().filter(|message| message.body.contains(&id)).count(), 1, "{number}");
        }
        if let [first, .., last] = &messages[..] {
            assert!(first.subject.starts_with("SEV1 [production] Summary of 1"), "{}", first.subject);
            assert!(first.subject.contains(&format!("(part 1 of {parts})")), "{}", first.subject);
            assert!(last.subject.starts_with("SEV2 ") && last.bytes() <= MAX_BYTES, "{}", last.subject);
            assert!(first.bytes() > MAX_BYTES / 2, "{}", first.bytes());
        }
    }
    // The same lines in another order are the same messages: a summary that is repeated has the same ids.
    let ids = |lines: Vec<SummaryLine>| -> Vec<String> { summaries(lines).into_iter().map(|one| one.id).collect() };
    assert_eq!(ids((0..9).map(line).collect()), ids((0..9).rev().chain([3]).map(line).collect()));
}

#[test]
fn as_many_lines_as_fit_are_listed() {
    let long = |number| HeldLine { target: "\u{10ffff}é\"".repeat(50), principal: "😀".repeat(150), ..held(number) };
    let list: Vec<HeldLine> = (0..2_000).map(long).collect();
    let alert = roll_up(2_004, RollUpStage::Ended { list, more: 4 });
    let message = text(&alert);
    let items =
        message.body.lines().filter(|line| line.ends_with(": success") || line.ends_with(": AccessDenied")).count();
    assert!(message.bytes() <= MAX_BYTES && message.bytes() > MAX_BYTES - 2_000, "{}", message.bytes());
    assert!(
        message.body.contains(&format!("\n… and {} more held-back alerts that are not listed\n", 2_004 - items)),
        "{items}"
    );
    let finding = render(Format::OCSF, &alert);
    assert!(finding.bytes() <= MAX_BYTES && finding.bytes() > MAX_BYTES - 4_000, "{}", finding.bytes());
    let finding: Value = serde_json::from_str(&finding.body).unwrap();
    let listed = finding["evidences"].as_array().unwrap().len();
    assert_eq!(finding["unmapped"]["evidences_not_listed"], 2_000 - listed);
}

/// Each line is one of this program: two first ones, rows of known names, numbered alerts with their lines, and headings.
fn check_text(message: &Message, lines: usize) -> Result<(), TestCaseError> {
    let mut number = 0;
    let (mut rows, mut hidden) = (BTreeSet::new(), 0);
    for line in message.body.lines().skip(2).filter(|line| !line.is_empty() && !DESCRIPTION.contains(line)) {
        let next = format!("{:>2} ", number + 1);
        let heading =
            line.starts_with("SEV") && line.rsplit_once(": ").is_some_and(|(_, count)| count.parse::<u64>().is_ok());
        if line.starts_with(&next) {
            number += 1;
        } else if let Some(count) = line.strip_prefix("… and ") {
            hidden = count.split(' ').next().unwrap().parse().unwrap();
        } else if !line.starts_with("   ") && !heading {
            let name: String = line.chars().take(10).collect();
            prop_assert!(name.ends_with(' ') && ROWS.contains(&name.trim_end()), "{line:?}");
            prop_assert!(rows.insert(name), "twice: {line:?}");
        }
        let lower = line.to_ascii_lowercase();
        prop_assert!(!lower.contains("www.") && (!lower.contains("://") || line.starts_with("Runbook")), "{line:?}");
    }
    prop_assert_eq!(number + hidden, lines);
    Ok(())
}

/// The links of a message are checked elsewhere.
fn without_runbook(at: usize) -> NamedRule {
    NamedRule { runbook: None, ..rule(at) }
}

fn quiet(number: usize) -> FollowUpNotice {
    FollowUpNotice { rule: without_runbook(number % 3), ..after(number) }
}

const DESCRIPTION: &str = "An image was pushed.\n\nCompare its digest with the one that the build made.";

fn check(alert: &Alert, lines: usize) -> Result<(), TestCaseError> {
    let messages = Format::ALL.map(|format| [render(format, alert), render_ascii(format, alert)]);
    for message in messages.as_flattened() {
        check_limits(message)?;
        prop_assert_eq!(&message.id, &alert.id);
    }
    check_text(&messages[0][0], lines)?;
    let json = |message: &Message| serde_json::from_str::<Value>(&message.body).unwrap();
    check_chat(&json(&messages[1][0]), DESCRIPTION)?;
    let (finding, mut found) = (json(&messages[2][0]), Vec::new());
    violations("detection_finding", &finding, "finding", &mut found);
    prop_assert!(found.is_empty(), "{found:?}");
    prop_assert!(texts(&finding).iter().all(|text| text.chars().all(|c| c == '\n' || !unfit(c))));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_values_of_a_held_back_alert(texts in prop::collection::vec(hostile(), 5), lines in 0_usize..12, more in 0_u64..3, time: i64) {
        let [principal, account, target, result, event] = texts.try_into().unwrap();
        let line = HeldLine { principal, account, target, result, is_success: false, event, time };
        let list = (0..lines).map(|at| if at % 2 == 0 { line.clone() } else { held(at) }).collect();
        let count = if lines == 0 { 0 } else { lines + usize::try_from(more).unwrap() };
        let more = if lines == 0 { 0 } else { more };
        let (held, stage) = (lines as u64 + more, RollUpStage::Ended { list, more });
        let notice = RollUpNotice { rule: without_runbook(0), hour: at(HOUR), limit: 60, held, stage };
        check(&Alert::roll_up(notice, &rules().accounts), count)?;
    }

    #[test]
    fn any_values_of_a_follow_up(texts in prop::collection::vec(hostile(), 8), others in 0_usize..4, approximate: bool) {
        let [title, account, region, source, name, actor, event, value] = texts.try_into().unwrap();
        let (account, region, actor) = (Some(account), Some(region), Some(actor));
        let (event_source, event_name) = (Some(source), Some(name));
        let distinct = vec![(title.clone(), listing([value.clone(), value], 3))];
        let (events, base) = (listing([event.clone(), event], 1), quiet(others));
        let one = FollowUpNotice { title, account, region, event_source, event_name, actor, approximate, events, distinct, ..base };
        let all: Vec<FollowUpNotice> = (0..others).map(quiet).chain([one]).collect();
        check(&Alert::follow_ups(all, &rules().accounts), if others == 0 { 0 } else { others + 1 })?;
    }

    #[test]
    fn any_values_of_a_summary(texts in prop::collection::vec(hostile(), 5), severity: u8, time: i64, lines in 1_usize..12) {
        let [rule, title, account, region, event] = texts.try_into().unwrap();
        let hostile = |number| {
            let (rule, title, event) = (rule.clone(), title.clone(), event.clone());
            SummaryLine { severity, rule, title, account: account.clone(), region: region.clone(), event, time, ..line(number) }
        };
        let all = summaries((0..lines).map(|at| if at % 2 == 0 { hostile(at) } else { line(at) }));
        let mut listed = 0;
        for alert in &all {
            let AlertKind::Summary(summary) = &alert.kind else { panic!() };
            listed += summary.lines.len();
            check(alert, summary.lines.len())?;
            prop_assert!(!text(alert).body.contains("not listed"));
        }
        prop_assert_eq!(listed, lines);
    }
}

//! The notices about alerts: what the hourly limit holds back, what follows alerts, and what came too fast.

use jiff::Timestamp;
use trailbell::{
    alert::{Alert, FollowUpNotice, Format, Message, NamedRule, RollUpNotice, RollUpStage, render},
    state::{HeldLine, Listing, SummaryLine},
};

use crate::messages::{chat::shown, ocsf::ocsf, rules, whole};

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

#[test]
fn a_notice_has_the_tag_of_its_kind_first() {
    for (alert, kind) in [
        (begun(), "kind.roll-up"),
        (ended(3, 0), "kind.roll-up"),
        (follow_ups(1), "kind.follow-up"),
        (summaries([line(0)]).remove(0), "kind.summary"),
    ] {
        let tags = text(&alert).attributes.into_iter().find(|attribute| attribute.name == "tags").unwrap();
        assert!(tags.string_value().starts_with(&format!("[\"{kind}\"")), "{tags:?}");
        ocsf(&alert);
        assert!(shown(&alert).starts_with("SEV"), "{}", whole(&text(&alert)));
    }
}

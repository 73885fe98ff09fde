//! The alert about accounts and regions of which no logs arrive any more.

use trailbell::{
    alert::{Alert, Format, SilentSources, render},
    state::{LogSource, Silence},
};

use crate::messages::{chat::shown, ocsf::ocsf, rules};

const SINCE: i64 = 1_772_442_300; // 2026-03-02T09:05:00Z

fn silent(sources: &[(&str, &str, i64)]) -> Alert {
    let silence = |(account, region, after): &(&str, &str, i64)| Silence {
        source: LogSource::new(account, region).unwrap(),
        since: SINCE + after,
        longest_gap: 3_900,
        is_reported: false,
    };
    Alert::silent(SilentSources::new(sources.iter().map(silence).collect()), &rules().accounts)
}

fn whole(alert: &Alert) -> String {
    let message = render(Format::TEXT, alert);
    format!("{}\n\n{}", message.subject, message.body)
}

#[test]
fn one_is_shown_with_its_usual_gap() {
    let alert = silent(&[("111122223333", "eu-west-1", 0)]);
    insta::assert_snapshot!(whole(&alert), @"
    SEV2 [production] No CloudTrail logs from eu-west-1 since 2026-03-02 09:05 UTC

    SEV2 no CloudTrail logs have arrived since 2026-03-02 09:05 UTC
    in account 111122223333 (production), region eu-west-1; the longest gap of the week before was 1 h 5 min

    Logs used to arrive on nearly every day, and now there have been none for more than three times the longest gap of the week before. What happens there raises no alert. A trail that was stopped, deleted or changed is silent like this, and so is a region that is no longer used.

    Next      See whether the trail logs: aws cloudtrail get-trail-status --name TRAIL --region eu-west-1
              Look for StopLogging, DeleteTrail, UpdateTrail and PutEventSelectors in the event history of CloudTrail, which needs no trail
              If the account is closed or the region unused, nothing is to be done: this comes once

    Rule      No CloudTrail logs from an account and region (trailbell-silent-source)
    Alert     f79296b62eb0d50e32ae418c104e5d93
    ");
    insta::assert_snapshot!(shown(&alert), @"
    SEV2 [production] No CloudTrail logs from eu-west-1 since 2026-03-02 09:05 UTC
    no CloudTrail logs have arrived since 2026-03-02 09:05 UTC
    in account `111122223333` (`production`), region `eu-west-1`; the longest gap of the week before was 1 h 5 min

    Logs used to arrive on nearly every day, and now there have been none for more than three times the longest gap of the week before. What happens there raises no alert. A trail that was stopped, deleted or changed is silent like this, and so is a region that is no longer used.

    Rule: `No CloudTrail logs from an account and region` (`trailbell-silent-source`)
    Alert: `f79296b62eb0d50e32ae418c104e5d93`
    - See whether the trail logs: aws cloudtrail get-trail-status --name TRAIL --region `eu-west-1`
    - Look for StopLogging, DeleteTrail, UpdateTrail and PutEventSelectors in the event history of CloudTrail, which needs no trail
    - If the account is closed or the region unused, nothing is to be done: this comes once
    ");
}

#[test]
fn several_are_listed_in_the_order_of_time() {
    let all = [("444455556666", "us-east-1", 60), ("111122223333", "eu-west-1", 120), ("444455556666", "eu-west-1", 0)];
    insta::assert_snapshot!(whole(&silent(&all)), @"
    SEV2 No CloudTrail logs from 3 accounts and regions since 2026-03-02 09:05 UTC

    SEV2 no CloudTrail logs arrive any more from 3 accounts and regions
    they are listed below

    Logs used to arrive on nearly every day, and now there have been none for more than three times the longest gap of the week before. What happens there raises no alert. A trail that was stopped, deleted or changed is silent like this, and so is a region that is no longer used.

     1 444455556666 eu-west-1
       since 2026-03-02 09:05 UTC, usual gap 1 h 5 min
     2 444455556666 us-east-1
       since 2026-03-02 09:06 UTC, usual gap 1 h 5 min
     3 111122223333 (production) eu-west-1
       since 2026-03-02 09:07 UTC, usual gap 1 h 5 min

    Next      See whether the trail logs: aws cloudtrail get-trail-status --name TRAIL --region REGION
              Look for StopLogging, DeleteTrail, UpdateTrail and PutEventSelectors in the event history of CloudTrail, which needs no trail
              If the account is closed or the region unused, nothing is to be done: this comes once

    Rule      No CloudTrail logs from an account and region (trailbell-silent-source)
    Alert     c45493aff4845c703fc2030f0a5e00df
    ");
    let of_one_account = whole(&silent(&[all[0], all[2]]));
    assert!(
        of_one_account.contains("[444455556666]") && of_one_account.contains("in account 444455556666"),
        "{of_one_account}"
    );
}

#[test]
fn machines_get_a_finding_with_account_region_and_time() {
    let finding = ocsf(&silent(&[("111122223333", "eu-west-1", 0)]));
    assert_eq!((&finding["severity"], &finding["cloud"]["region"]), (&"Medium".into(), &"eu-west-1".into()));
    assert_eq!(finding["cloud"]["account"]["name"], "production");
    assert_eq!(finding["time"], SINCE * 1_000);
}

#[test]
fn the_same_silence_has_the_same_id() {
    let one = |after| silent(&[("111122223333", "eu-west-1", after)]).id;
    assert_eq!(one(0), one(0));
    assert_ne!(one(0), one(1));
}

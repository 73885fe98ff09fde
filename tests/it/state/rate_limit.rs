//! The hourly limit: what it lets pass, the notice that it holds alerts back, and what is left for the list.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use jiff::Timestamp;
use serde_json::json;
use trailbell::{
    record::Record,
    rule::{Rule, RuleSet},
    state::{
        Audience, Claimant, Decision, DueEntry, EndedHour, HourlyAlerts, Match, MemoryTable, RollUp, StoredItem, Table,
        Ticket, decide,
        due::{slot, slot_keys},
        key::{limit_key, rule_and_hour},
        mark_sent,
    },
};

use crate::state::world::{BEGIN, Fragile, finish, poll};

/// The start of an hour of the clock.
pub const HOUR: i64 = (BEGIN / 3600 + 1) * 3600;

/// An act that raises an alert of its own: who acts on which target, and whether that succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    pub by: &'static str,
    pub succeeds: bool,
    pub target: usize,
}

impl Act {
    pub fn record(&self) -> Record {
        let mut record = json!({
            "eventID": format!("event-{}", self.target),
            "eventTime": Timestamp::from_second(BEGIN).unwrap().to_string(),
            "recipientAccountId": "111122223333",
            "requestParameters": {"trailName": format!("trail-{}", self.target)},
        });
        if !self.by.is_empty() {
            record["userIdentity"] = json!({"type": "IAMUser", "arn": self.by});
        }
        if !self.succeeds {
            record["errorCode"] = json!("AccessDenied");
        }
        Record::new(record).unwrap()
    }
}

/// So many acts of one caller, on targets from a number on.
fn acts(by: &'static str, succeeds: bool, targets: std::ops::Range<usize>) -> Vec<Act> {
    targets.map(|target| Act { by, succeeds, target }).collect()
}

/// A function that handles deliveries of acts.
pub struct Limited {
    rule: Arc<Rule>,
    limit: u32,
    pub audiences: Vec<Audience>,
    pub table: Fragile,
    pub now: std::cell::Cell<i64>,
}

impl Limited {
    pub fn new(severity: u8, limit: u32) -> Self {
        Self::with(severity, limit, "")
    }

    fn with(severity: u8, limit: u32, more: &str) -> Self {
        let text = format!(
            "rules:\n- {{name: R, severity: {severity}, filter: a = 1, aggregate_fields: [requestParameters.trailName]{more}}}\n"
        );
        let rule = Arc::new(RuleSet::parse(&text).unwrap().0.rules.remove(0));
        let (audiences, now) = (vec![Audience::Alerts], std::cell::Cell::new(HOUR + 60));
        Self { rule, limit, audiences, table: Fragile::default(), now }
    }

    fn clock(&self) -> Timestamp {
        Timestamp::from_second(self.now.get()).unwrap()
    }

    fn claimant(&self, name: &str) -> Claimant {
        Claimant::new(name, self.limit)
    }

    /// Decides, and marks what is sent to these audiences.
    async fn decide(&self, claimant: &mut Claimant, acts: &[Act], takes: &[Audience]) -> Vec<Decision> {
        let matches: Vec<Match> =
            acts.iter().flat_map(|act| Match::of(&self.rule, &act.record(), &self.audiences, self.clock())).collect();
        let matches: Vec<&Match> = matches.iter().collect();
        let decided = decide(&self.table, claimant, &matches, |_| None, self.clock()).await;
        assert_eq!((decided.decisions.len(), decided.resumed.len()), (acts.len(), 0));
        let ticket = |decision: &Decision| match decision {
            Decision::Fire(firing) => Some((firing.ticket.clone(), firing.audiences.clone())),
            Decision::RollUp(roll_up) => Some((roll_up.ticket.clone(), roll_up.audiences.clone())),
            _ => None,
        };
        let tickets = decided.decisions.iter().filter_map(ticket);
        let sent: Vec<(Ticket, Audience)> = tickets
            .flat_map(|(ticket, due)| {
                takes.iter().filter(move |one| due.contains(one)).map(move |one| (ticket.clone(), *one))
            })
            .collect();
        let _ = mark_sent(&self.table, claimant, &sent).await;
        decided.decisions
    }

    /// Handles a delivery whose messages are all sent.
    pub async fn deliver(&self, name: &str, acts: &[Act]) -> Vec<Decision> {
        self.decide(&mut self.claimant(name), acts, &Audience::ALL).await
    }

    /// The same, to its end.
    pub fn delivered(&self, name: &str, acts: &[Act]) -> Vec<Decision> {
        finish(self.deliver(name, acts))
    }

    /// How many of these acts raise an alert.
    fn passed(&self, name: &str, acts: &[Act]) -> usize {
        self.delivered(name, acts).iter().filter(|decision| matches!(decision, Decision::Fire(_))).count()
    }

    fn words(&self, name: &str, acts: &[Act]) -> Vec<&'static str> {
        self.delivered(name, acts).iter().map(Decision::word).collect()
    }

    /// What is stored of the present hour.
    pub fn stored(&self) -> Option<HourlyAlerts> {
        let key = limit_key(&self.rule, self.now.get().div_euclid(3600));
        match finish(self.table.memory.read(&[&key])).unwrap().remove(0) {
            Some((StoredItem::HourlyAlerts(alerts), _)) => Some(alerts),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    fn ended(&self) -> EndedHour {
        self.stored().unwrap().ended().unwrap()
    }
}

fn roll_up(decisions: &[Decision]) -> Option<&RollUp> {
    let mut all = decisions.iter().filter_map(|decision| match decision {
        Decision::RollUp(roll_up) => Some(roll_up),
        _ => None,
    });
    let first = all.next();
    assert_eq!(all.next(), None);
    first
}

const EVE: &str = "arn:aws:iam::111122223333:user/eve";
const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";
const CYD: &str = "arn:aws:iam::111122223333:user/cyd";

/// Of 60, failures have 20 and successes 40; one caller has 20, of which 10 failures.
#[test]
fn failures_successes_and_callers_have_shares() {
    for severity in [2, 3] {
        let limited = Limited::new(severity, 60);
        assert_eq!(limited.passed("1", &acts(EVE, false, 0..100)), 10);
        assert_eq!(limited.passed("2", &acts(ANN, false, 100..200)), 10);
        assert_eq!(limited.passed("3", &acts(BOB, false, 200..300)), 0);
        assert_eq!(limited.passed("4", &acts(EVE, true, 300..400)), 10);
        assert_eq!(limited.passed("5", &acts(BOB, true, 400..500)), 20);
        assert_eq!(limited.passed("6", &acts(CYD, true, 500..600)), 10);
        assert_eq!(limited.passed("7", &acts(ANN, true, 600..700)), 0);
        // Successes leave a caller nothing for failures only where they took its whole share.
        let limited = Limited::new(severity, 60);
        assert_eq!(limited.passed("1", &acts(EVE, true, 0..15)), 15);
        assert_eq!(limited.passed("2", &acts(EVE, false, 100..200)), 5);
        assert_eq!(limited.passed("3", &acts(EVE, true, 200..300)), 0);
        assert_eq!(limited.passed("4", &acts(ANN, false, 300..400)), 10);
    }
}

/// Whatever the severity and the limit, an act that succeeds alerts after any number of attempts that fail.
#[test]
fn failures_hold_no_success_back() {
    for severity in 1..=3 {
        for limit in [1, 2, 3, 4, 5, 6, 7, 60, 500] {
            for by in [EVE, ANN, ""] {
                let limited = Limited::new(severity, limit);
                let noise = limit as usize / 3 + 3;
                assert!(limited.passed("noise", &acts(EVE, false, 0..noise)) >= 1);
                assert!(limited.passed("more noise", &acts("", false, 300..300 + noise)) < noise);
                let success = [Act { by, succeeds: true, target: 900 }];
                assert_eq!(limited.words("act", &success), ["alerted"], "{severity} {limit} {by}");
            }
        }
    }
}

/// Nor do successes hold back another caller's failure.
#[test]
fn successes_hold_no_failure_of_another_back() {
    for severity in 1..=3 {
        for limit in [1, 2, 3, 6, 60, 500] {
            let limited = Limited::new(severity, limit);
            limited.passed("noise", &acts(EVE, true, 0..limit as usize + 3));
            assert_eq!(limited.words("act", &[Act { by: ANN, succeeds: false, target: 900 }]), ["alerted"]);
        }
    }
}

/// The least limit lets one of each kind pass.
#[test]
fn a_small_limit_lets_one_of_each_kind_pass() {
    for (limit, of_one, of_all) in [(1, (1, 1), (1, 1)), (2, (1, 1), (1, 1)), (3, (1, 1), (1, 2)), (6, (1, 1), (2, 4))]
    {
        let limited = Limited::new(2, limit);
        let (failures, successes) = (acts(EVE, false, 0..9), acts(EVE, true, 10..19));
        assert_eq!((limited.passed("1", &failures), limited.passed("2", &successes)), of_one, "{limit}");
        let limited = Limited::new(2, limit);
        let callers = [EVE, ANN, BOB, CYD, "", "arn:aws:iam::111122223333:user/dan"];
        let all = |succeeds: bool, from: usize| -> Vec<Act> {
            callers.iter().zip(from..).map(|(by, target)| Act { by, succeeds, target }).collect()
        };
        assert_eq!((limited.passed("1", &all(false, 0)), limited.passed("2", &all(true, 10))), of_all, "{limit}");
    }
}

/// Successes of severity 1 pass, 500 in an hour of one caller and 600 of all; the notice and the list report the rest.
#[test]
fn urgent_successes_pass_up_to_five_hundred() {
    for limit in [1, 60] {
        let limited = Limited::new(1, limit);
        let decisions = limited.delivered("one", &acts(EVE, true, 0..600));
        let passed: Vec<usize> = (0..600).filter(|at| matches!(decisions[*at], Decision::Fire(_))).collect();
        assert_eq!(passed, (0..500).collect::<Vec<_>>());
        assert_eq!(roll_up(&decisions).unwrap().held, 100);
        assert_eq!(limited.passed("two", &acts(ANN, true, 1_000..1_150)), 100);
        assert_eq!(limited.words("bob", &acts(BOB, true, 900..901)), ["capped"]);
        // Failures keep their part.
        assert_eq!(limited.words("three", &acts(CYD, false, 800..801)), ["alerted"]);
        let ended = limited.ended();
        assert_eq!((ended.limit, ended.held, ended.more + ended.lines.len() as u64), (limit, 151, 151));
        assert!(ended.lines.iter().any(|line| line.principal == BOB), "one caller pushes out no line of another");
    }
}

/// Events without a caller are those of one caller.
#[test]
fn acts_of_no_known_caller_have_one_share() {
    let limited = Limited::new(2, 60);
    assert_eq!(limited.passed("1", &acts("", true, 0..100)), 20);
    assert_eq!(limited.passed("2", &acts(EVE, true, 100..200)), 20);
}

/// The whole names of callers count, however long these are.
#[test]
fn long_names_are_different_callers() {
    let name = |end: char| -> &'static str {
        Box::leak(format!("arn:aws:iam::1:user/{}{end}\n\"\u{202e}", "é".repeat(900)).into())
    };
    let limited = Limited::new(2, 60);
    assert_eq!(limited.passed("1", &acts(name('a'), true, 0..100)), 20);
    assert_eq!(limited.passed("2", &acts(name('b'), true, 100..200)), 20);
    let ended = limited.ended();
    assert_eq!(ended.held, 160);
    for line in ended.lines {
        let texts = [line.principal, line.account, line.target, line.result, line.event];
        assert!(texts.iter().all(|text| text.chars().count() <= 160 && !text.contains('\n')), "{texts:?}");
    }
}

/// The list names what was held back: who, in which account, on what, with which result, and the event.
#[test]
fn the_list_names_what_was_held_back() {
    let limited = Limited::new(2, 3);
    let held = [acts(EVE, false, 1..3), acts(EVE, true, 3..5)].concat();
    assert_eq!(limited.words("one", &held), ["alerted", "capped", "alerted", "capped"]);
    let ended = limited.ended();
    let named: Vec<_> = ended
        .lines
        .iter()
        .map(|line| [&line.principal, &line.account, &line.target, &line.result, &line.event].map(String::as_str))
        .collect();
    let expected = [
        [EVE, "111122223333", "trail-4", "success", "event-4"],
        [EVE, "111122223333", "trail-2", "AccessDenied", "event-2"],
    ];
    assert_eq!((named, ended.held, ended.more, ended.limit), (expected.to_vec(), 2, 0, 3));
    assert!(ended.lines.iter().all(|line| line.time == BEGIN));
}

/// The first notice goes out at once, and there is one an hour, whatever is delivered and how often.
#[test]
fn one_notice_an_hour() {
    let limited = Limited::new(2, 3);
    let decisions = limited.delivered("one", &acts(EVE, true, 0..6));
    let notice = roll_up(&decisions).unwrap();
    assert_eq!((notice.limit, notice.held, notice.until.as_second()), (3, 5, HOUR + 3600));
    assert!(matches!(decisions[1], Decision::RollUp(_)), "in place of the first that is held back");
    for (name, targets) in [("two", 6..8), ("three", 8..200), ("one", 0..6)] {
        assert_eq!(roll_up(&limited.delivered(name, &acts(EVE, true, targets))), None);
    }
    assert_eq!(limited.ended().held, 199);
    limited.now.set(HOUR + 3600);
    let decisions = limited.delivered("four", &acts(EVE, true, 300..302));
    let next = roll_up(&decisions).unwrap();
    assert_eq!((next.held, next.until.as_second()), (1, HOUR + 7200));
    assert_ne!(next.alert_id, notice.alert_id);
}

/// A delivery that ends before its notice is marked sends it again at its retry, and so does another one after its claim.
#[test]
fn a_notice_that_is_not_marked_comes_again() {
    let limited = Limited::new(2, 1);
    let crash = |name: &str, acts: &[Act]| finish(limited.decide(&mut limited.claimant(name), acts, &[]));
    let first = crash("one", &acts(EVE, true, 0..2));
    let id = &roll_up(&first).unwrap().alert_id;
    let other = |target: usize| acts(EVE, true, target..target + 1);
    assert_eq!(roll_up(&crash("two", &other(2))), None, "another delivery is about to send it");
    let again = crash("one", &acts(EVE, true, 0..2));
    assert_eq!(&roll_up(&again).unwrap().alert_id, id);
    assert_eq!(roll_up(&again).unwrap().held, 2, "neither is counted twice");
    limited.now.set(HOUR + 60 + 15 * 60);
    let taken = limited.delivered("three", &other(3));
    assert_eq!(&roll_up(&taken).unwrap().alert_id, id);
    assert_eq!(roll_up(&limited.delivered("one", &acts(EVE, true, 0..2))), None);
}

/// A notice goes to every channel, and to each once.
#[test]
fn a_notice_goes_to_every_channel() {
    let mut limited = Limited::new(2, 1);
    limited.audiences = vec![Audience::Alerts, Audience::Chat];
    let take = |name: &str, target: usize, takes: &[Audience]| {
        let decided = finish(limited.decide(&mut limited.claimant(name), &acts(EVE, true, target..target + 1), takes));
        roll_up(&decided).map(|notice| notice.audiences.clone())
    };
    assert_eq!(take("one", 0, &Audience::ALL), None);
    assert_eq!(take("two", 1, &[Audience::Alerts]), Some(limited.audiences.clone()));
    assert_eq!(take("two", 1, &[Audience::Chat]), Some(vec![Audience::Chat]));
    assert_eq!(take("two", 1, &[Audience::Chat]), None);
    // One delivery does not send it twice, even before its mark.
    let mut claimant = limited.claimant("three");
    limited.now.set(HOUR + 3600);
    let mut decide = |target: usize| {
        let decided = finish(limited.decide(&mut claimant, &acts(EVE, true, target..target + 2), &[]));
        roll_up(&decided).is_some()
    };
    assert_eq!([decide(10), decide(20)], [true, false]);
}

/// A held-back alert goes out in the next hour if more of its events arrive, and in its own hour never.
#[test]
fn a_held_back_alert_goes_out_after_its_hour() {
    let limited = Limited::new(2, 1);
    let three = acts(EVE, true, 0..3);
    assert_eq!(limited.words("one", &three), ["alerted", "capped", "capped"]);
    limited.now.set(HOUR + 3599);
    assert_eq!(limited.words("one", &three), ["deduplicated", "capped", "capped"]);
    assert_eq!(limited.ended().held, 2);
    limited.now.set(HOUR + 3600);
    assert_eq!(limited.words("one", &three[1..2]), ["alerted"]);
    assert_eq!(limited.words("one", &three), ["deduplicated", "deduplicated", "capped"]);
}

/// An alert that passed passes again at a retry, and takes no further room.
#[test]
fn what_passed_passes_again() {
    let limited = Limited::new(2, 3);
    let two = [Act { by: EVE, succeeds: true, target: 0 }, Act { by: ANN, succeeds: true, target: 1 }];
    for _ in 0..3 {
        let decided = finish(limited.decide(&mut limited.claimant("one"), &two, &[]));
        assert_eq!(decided.iter().map(Decision::word).collect::<Vec<_>>(), ["alerted"; 2]);
    }
    assert_eq!(limited.stored().unwrap().passed.count(), 2);
    assert_eq!(limited.words("two", &[Act { by: BOB, succeeds: true, target: 2 }]), ["capped"]);
}

#[test]
fn rules_are_limited_on_their_own() {
    let (one, mut other) = (Limited::new(2, 1), Limited::with(2, 1, ", id: other"));
    assert_eq!(one.words("one", &acts(EVE, true, 0..2)), ["alerted", "capped"]);
    other.table = one.table;
    assert_eq!(other.words("one", &acts(EVE, true, 0..2)), ["alerted", "capped"]);
    let key = limit_key(&other.rule, HOUR / 3600);
    assert_eq!(rule_and_hour(&key), Some(("other", HOUR / 3600)));
}

/// A rule whose alerts are not sent has no limit: nothing of it is held back.
#[test]
fn a_muted_rule_holds_nothing_back() {
    let limited = Limited::with(2, 1, ", notify: false");
    assert_eq!(limited.words("one", &acts(EVE, true, 0..3)), ["muted"; 3]);
    assert_eq!(limited.stored(), None);
    assert_eq!(limited.words("one", &acts(EVE, true, 0..3)), ["deduplicated"; 3]);
}

/// Without a table the limit still holds: each invocation counts its own alerts, in all of its deliveries.
#[test]
fn without_a_table_the_limit_holds_within_an_invocation() {
    let limited = Limited::new(2, 3);
    limited.table.fails_after.store(1, Ordering::Relaxed);
    let mut claimant = limited.claimant("one");
    let noise = [acts(EVE, false, 0..5), acts(EVE, true, 5..7)].concat();
    let words = |decisions: Vec<Decision>| decisions.iter().map(Decision::word).collect::<Vec<_>>();
    let decided = finish(limited.decide(&mut claimant, &noise, &Audience::ALL));
    assert_eq!(roll_up(&decided).unwrap().held, 5);
    assert_eq!(words(decided), ["alerted", "capped", "capped", "capped", "capped", "alerted", "capped"]);
    let mut next = limited.claimant("two").with_outage(claimant.take_outage());
    let others = [acts(EVE, true, 8..9), acts(ANN, true, 9..10), acts(ANN, false, 10..11)].concat();
    assert_eq!(words(finish(limited.decide(&mut next, &others, &Audience::ALL))), ["capped", "alerted", "capped"]);
    assert_eq!(limited.table.uses(), 1);
}

/// Functions at once: the limit holds over all of them, each alert is counted once, and one of them sends the notice.
#[test]
fn functions_at_once_share_the_limit() {
    let limited = Limited::new(2, 60);
    // In whatever order they come, three callers fill both parts.
    let deliveries: Vec<Vec<Act>> = (0..6)
        .map(|at| {
            let from = at * 100;
            let by = [(EVE, CYD), (ANN, ""), (BOB, "arn:aws:iam::111122223333:user/dan")][at % 3];
            [acts(by.0, true, from..from + 40), acts(by.1, false, from + 40..from + 60)].concat()
        })
        .collect();
    let names: Vec<String> = (0..6).map(|at| at.to_string()).collect();
    let mut running: Vec<_> =
        deliveries.iter().zip(&names).map(|(acts, name)| Box::pin(limited.deliver(name, acts))).collect();
    let mut decided: Vec<Decision> = Vec::new();
    while !running.is_empty() {
        running.retain_mut(|one| poll(one).map(|done| decided.extend(done)).is_none());
    }
    let passed = decided.iter().filter(|decision| matches!(decision, Decision::Fire(_))).count();
    assert_eq!(passed, 60);
    let notices = decided.iter().filter(|decision| matches!(decision, Decision::RollUp(_))).count();
    assert_eq!((notices, limited.ended().held, decided.len()), (1, 300, 360));
}

/// The first alert that an hour holds back makes its list due at the end of the hour.
#[test]
fn a_list_is_due_when_its_hour_ends() {
    let limited = Limited::new(2, 1);
    let due = |hour: i64| -> BTreeSet<String> {
        let keys: Vec<String> = slot_keys(slot(hour * 3600)).collect();
        let sets = finish(limited.table.memory.read(&keys.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        let entries = sets.into_iter().flatten().map(|(set, _)| match set {
            StoredItem::Due(entries) => entries,
            other => panic!("{other:?}"),
        });
        entries.flatten().collect()
    };
    let hour = HOUR / 3600;
    limited.delivered("one", &acts(EVE, true, 0..1));
    assert!(due(hour + 1).is_empty(), "nothing is held back");
    limited.delivered("one", &acts(EVE, true, 0..3));
    let entry = |hour: i64| DueEntry::HeldBack { key: limit_key(&limited.rule, hour) }.encode();
    assert_eq!(due(hour + 1), [entry(hour)].into());
    limited.delivered("two", &acts(EVE, true, 3..9));
    assert_eq!(due(hour + 1), [entry(hour)].into(), "the first made it due");
    limited.now.set(HOUR + 3600);
    limited.delivered("three", &acts(EVE, true, 10..12));
    assert_eq!((due(hour + 1), due(hour + 2)), ([entry(hour)].into(), [entry(hour + 1)].into()));
}

/// The marks of a list are those of its audiences, and a mark of an hour that is not stored makes no item.
#[test]
fn a_list_is_marked_by_audience() {
    let limited = Limited::new(2, 1);
    limited.delivered("one", &acts(EVE, true, 0..2));
    assert_eq!(limited.ended().sent, []);
    let key = limit_key(&limited.rule, HOUR / 3600);
    let mut claimant = limited.claimant("tick");
    for (key, audience) in [(&*key, Audience::Findings), (&*key, Audience::Alerts), ("cap/gone/1", Audience::Alerts)] {
        let ticket = Ticket::of_list(key, limited.clock());
        finish(mark_sent(&limited.table, &mut claimant, &[(ticket, audience)])).unwrap();
    }
    assert_eq!(limited.ended().sent, [Audience::Alerts, Audience::Findings]);
    assert_eq!(finish(MemoryTable::read(&limited.table.memory, &["cap/gone/1"])).unwrap(), [None]);
}

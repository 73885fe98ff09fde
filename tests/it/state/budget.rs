//! The budget of the alert topic, against an independent statement of its bounds.

use std::{
    future::poll_fn,
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
    task::Poll,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use proptest::prelude::*;
use trailbell::state::{
    Budget, Change, Claimant, KnownBudget, MemoryTable, Outage, Stored, StoredItem, Table, TableError, Taken, TokenUse,
    Written,
    entry::{ItemBody, ItemError},
};

use TokenUse::{Due, Other, Urgent};

/// 2026-03-02T09:00:00Z, in milliseconds.
const BEGIN: i64 = 1_772_442_000_000;

/// A try of a function to take a token: how long after the one before, by how much its clock differs, how long after the
/// grant its message arrives, and what it is for.
#[derive(Clone, Copy, Debug)]
struct Try {
    after: i64,
    skew: i64,
    arrives: i64,
    purpose: TokenUse,
}

fn tries(
    skews: std::ops::RangeInclusive<i64>,
    arrivals: std::ops::RangeInclusive<i64>,
) -> impl Strategy<Value = Vec<Try>> {
    // Many at once, and now and then a pause.
    let after = prop_oneof![6 => 0..50_i64, 2 => 0..1_200_i64, 1 => 0..40_000_i64];
    let purpose = prop_oneof![2 => Just(Urgent), 1 => Just(Due), 4 => Just(Other)];
    let one = (after, skews, arrivals, purpose);
    let one = one.prop_map(|(after, skew, arrives, purpose)| Try { after, skew, arrives, purpose });
    prop::collection::vec(one, 1..150)
}

/// Small budgets too, which are used up within a minute.
fn per_minute() -> impl Strategy<Value = u32> {
    prop_oneof![2..=15_u32, 2..=150_u32]
}

/// The granted: true time, and what for; the arrivals.
struct Granted {
    grants: Vec<(i64, TokenUse)>,
    arrivals: Vec<i64>,
}

fn run(tries: &[Try], per_minute: u32) -> Granted {
    let (mut budget, mut now) = (Budget::default(), BEGIN);
    let mut granted = Granted { grants: Vec::new(), arrivals: Vec::new() };
    for one in tries {
        now += one.after;
        if budget.take(now + one.skew, per_minute, one.purpose) == Taken::Granted {
            granted.grants.push((now, one.purpose));
            granted.arrivals.push(now + one.arrives);
        }
    }
    granted.arrivals.sort_unstable();
    granted
}

/// The most of these times that are in any span of this length.
fn fullest(times: &[i64], span: i64) -> usize {
    times
        .iter()
        .map(|from| times.iter().filter(|time| (*from..*from + span).contains(*time)).count())
        .max()
        .unwrap_or(0)
}

fn of(grants: &[(i64, TokenUse)], is_wanted: impl Fn(TokenUse) -> bool) -> Vec<i64> {
    grants.iter().filter(|(_, purpose)| is_wanted(*purpose)).map(|(time, _)| *time).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn bounds_hold_over_all_functions(tries in tries(0..=0, 0..=1_000), per_minute in per_minute()) {
        let Granted { grants, arrivals } = run(&tries, per_minute);
        let most = per_minute as usize;
        prop_assert!(fullest(&arrivals, 1_000) <= 5);
        prop_assert!(fullest(&of(&grants, |_| true), 60_000) <= most);
        prop_assert!(fullest(&of(&grants, |purpose| purpose != Urgent), 60_000) <= most / 2);
        prop_assert!(fullest(&of(&grants, |purpose| purpose != Urgent), 2_000) <= 3);
        // What is due for a while has some tokens that no other alert takes.
        prop_assert!(fullest(&of(&grants, |purpose| purpose == Other), 60_000) <= most / 2 - most / 12);
    }

    /// The clocks of functions differ, and their messages arrive well within the second.
    #[test]
    fn clocks_that_differ_let_no_more_arrive_in_a_second(tries in tries(-200..=200, 0..=600), per_minute in per_minute()) {
        prop_assert!(fullest(&run(&tries, per_minute).arrivals, 1_000) <= 5);
    }

    #[test]
    fn urgent_alerts_have_their_half(tries in tries(0..=0, 0..=0), per_minute in per_minute()) {
        let (mut budget, mut now, mut urgent) = (Budget::default(), BEGIN, Vec::new());
        for one in tries {
            now += one.after;
            let within = |span: i64| urgent.iter().filter(|time| **time > now - span).count();
            let is_free = within(60_000) < (per_minute as usize).div_ceil(2) && within(2_000) < 2;
            let taken = budget.take(now, per_minute, one.purpose);
            if one.purpose == Urgent {
                prop_assert!(taken == Taken::Granted || !is_free, "{taken:?} at {now}: {budget:?}");
                urgent.extend((taken == Taken::Granted).then_some(now));
            }
        }
    }

    /// Who waits until the time that was named gets the token if no one else takes one, and no earlier.
    #[test]
    fn the_named_time_is_the_first_at_which_a_token_is_free(tries in tries(0..=0, 0..=0), per_minute in per_minute()) {
        let (mut budget, mut now) = (Budget::default(), BEGIN);
        for one in tries {
            now += one.after;
            let Taken::NotBefore(then) = budget.take(now, per_minute, one.purpose) else { continue };
            prop_assert!(then > now && then <= now + 60_000);
            prop_assert_eq!(budget.clone().take(then - 1, per_minute, one.purpose), Taken::NotBefore(then));
            prop_assert_eq!(budget.clone().take(then, per_minute, one.purpose), Taken::Granted);
        }
    }

    /// Whatever a wrong clock took: within a minute of the right clock all tokens are free again.
    #[test]
    fn wrong_clock_blocks_no_longer_than_a_minute(ahead in 0..=100_000_000_000_i64, per_minute in per_minute()) {
        let mut budget = Budget::default();
        for at in 0..200 {
            budget.take(BEGIN + ahead + at * 1_000, per_minute, if at % 2 == 0 { Urgent } else { Other });
        }
        // An alert asks at the right time; whether it gets a token is of no matter.
        budget.take(BEGIN, per_minute, Other);
        prop_assert_eq!(budget.take(BEGIN + 62_000, per_minute, Other), Taken::Granted);
        prop_assert_eq!(budget.take(BEGIN + 62_000, per_minute, Urgent), Taken::Granted);
    }
}

/// Clock by clock: five at once, of which three are not urgent, and then two seconds of nothing.
#[test]
fn five_tokens_are_for_two_seconds() {
    let mut budget = Budget::default();
    let mut take = |after: i64, purpose: TokenUse| budget.take(BEGIN + after, 60, purpose);
    assert_eq!([0, 1, 2].map(|after| take(after, Other)), [Taken::Granted; 3]);
    assert_eq!(take(3, Other), Taken::NotBefore(BEGIN + 2_000));
    assert_eq!(take(3, Due), Taken::NotBefore(BEGIN + 2_000));
    assert_eq!([4, 5].map(|after| take(after, Urgent)), [Taken::Granted; 2]);
    assert_eq!(take(6, Urgent), Taken::NotBefore(BEGIN + 2_000));
    assert_eq!(take(2_000, Other), Taken::Granted);
}

/// A function whose clock jumped back neither gets more tokens nor waits for its clock to come there again.
#[test]
fn clock_that_jumps_back_waits_for_a_burst() {
    let mut budget = Budget::default();
    for at in 0..5 {
        assert_eq!(budget.take(BEGIN + at, 60, Urgent), Taken::Granted);
    }
    assert_eq!(budget.take(BEGIN - 1_000, 60, Urgent), Taken::NotBefore(BEGIN + 2_000));
    assert_eq!(budget.take(BEGIN - 3_600_000, 60, Urgent), Taken::NotBefore(BEGIN - 3_600_000 + 2_000));
    assert_eq!(budget.take(BEGIN - 3_600_000 + 1_999, 60, Urgent), Taken::NotBefore(BEGIN - 3_600_000 + 2_000));
    assert_eq!(budget.take(BEGIN - 3_600_000 + 2_000, 60, Urgent), Taken::Granted);
}

/// Another release may know more of a token, or less.
#[test]
fn budgets_of_other_releases_are_read() {
    let read = |text: &str| match StoredItem::decode(&ItemBody::Text(text.to_owned())).unwrap() {
        StoredItem::Budget(budget) => budget,
        other => panic!("{other:?}"),
    };
    let mut expected = Budget::default();
    assert_eq!(read(r#"{"budget":{}}"#), expected);
    expected.take(BEGIN, 60, Urgent);
    let text = format!(r#"{{"budget":{{"urgent":[{BEGIN}],"others":[],"more":{{"a":1}}}}}}"#);
    assert_eq!(read(&text), expected);
    assert_eq!(StoredItem::decode(&StoredItem::from(expected.clone()).encode()).unwrap(), expected.into());
}

/// A table whose every request lets the other functions go on first.
#[derive(Default)]
struct Shared {
    table: MemoryTable,
    asked: AtomicUsize,
    conflicts: AtomicUsize,
}

async fn others() {
    let mut waited = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Table for Shared {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        others().await;
        self.table.read(keys).await
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        others().await;
        let written = self.table.write(changes).await?;
        self.conflicts.fetch_add(usize::from(written != Written::Stored), Ordering::Relaxed);
        Ok(written)
    }
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

/// Forty functions want tokens at the same moments; together they get what one would.
#[test]
fn many_functions_share_one_budget() {
    let (table, now) = (Shared::default(), AtomicI64::new(BEGIN));
    let function = |number: usize| {
        let (table, now) = (&table, &now);
        async move {
            let (mut known, mut outage, mut granted) = (KnownBudget::default(), Outage::default(), Vec::new());
            for _ in 0..50 {
                let at = now.fetch_add(5, Ordering::Relaxed);
                let purpose = if number.is_multiple_of(2) { Urgent } else { Other };
                if known.take(table, &mut outage, 60, purpose, time(at)).await == Taken::Granted {
                    granted.push((at, purpose));
                }
            }
            granted
        }
    };
    let granted: Vec<_> = pollster::block_on(join_all((0..40).map(function))).concat();
    // 2,000 tries in ten seconds: five tokens in each two of them, less those for which a function came too early.
    assert!((20..=25).contains(&granted.len()), "{granted:?}");
    assert_eq!(fullest(&of(&granted, |_| true), 2_000), 5);
    assert!(fullest(&of(&granted, |purpose| purpose == Other), 2_000) <= 3);
    assert!(table.conflicts.into_inner() > 0);
    // A function knows what it read, and asks the table only where a token may be free.
    assert!(table.asked.into_inner() < 1_000);
}

struct Failing(fn() -> TableError);

impl Table for Failing {
    async fn read(&self, _: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        Err(self.0())
    }

    async fn write(&self, _: &[Change]) -> Result<Written, TableError> {
        Err(self.0())
    }
}

/// The bounds hold for the invocation, which continues with what it last read.
#[test]
fn budget_without_its_table_is_that_of_the_invocation() {
    let (table, mut known, mut outage) = (MemoryTable::default(), KnownBudget::default(), Outage::default());
    let broken = Failing(|| TableError::service("AccessDeniedException"));
    pollster::block_on(async {
        assert_eq!(known.take(&table, &mut outage, 60, Other, time(BEGIN)).await, Taken::Granted);
        assert_eq!(known.take(&broken, &mut outage, 60, Other, time(BEGIN + 1)).await, Taken::Granted);
        assert_eq!(known.take(&table, &mut outage, 60, Other, time(BEGIN + 2)).await, Taken::Granted);
        assert_eq!(known.take(&table, &mut outage, 60, Other, time(BEGIN + 3)).await, Taken::NotBefore(BEGIN + 2_000));
        // The table, which is not asked again, has the first token only.
        let (mut known, mut outage) = (KnownBudget::default(), Outage::default());
        for _ in 0..2 {
            assert_eq!(known.take(&table, &mut outage, 60, Other, time(BEGIN + 4)).await, Taken::Granted);
        }
    });
}

/// A stored budget that this release cannot read is no outage: everything else of the table is still used.
#[test]
fn budget_that_cannot_be_read_is_no_outage() {
    let unreadable =
        || TableError::unreadable("budget/alerts", ItemError::from(serde_json::from_str::<i64>("x").unwrap_err()));
    let other = || TableError::OtherKind { key: "budget/alerts".to_owned() };
    for error in [unreadable as fn() -> TableError, other] {
        let (mut known, mut outage) = (KnownBudget::default(), Outage::default());
        let mut take =
            |after: i64| pollster::block_on(known.take(&Failing(error), &mut outage, 60, Other, time(BEGIN + after)));
        assert_eq!([0, 1, 2].map(&mut take), [Taken::Granted; 3]);
        assert_eq!(take(3), Taken::NotBefore(BEGIN + 2_000));
        assert!(Claimant::new("a", 60).with_outage(outage).table_error().is_none());
    }
}

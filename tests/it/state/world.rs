//! The parts of the state tests: rules, events, deliveries, and a table that can fail at any use.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use jiff::Timestamp;
use serde_json::json;
use trailbell::{
    record::Record,
    rule::{Rule, RuleSet},
    state::{
        Audience, Change, Claimant, Decision, Firing, MAX_CHANGES, Match, MemoryTable, Stored, StoredItem, Table,
        TableError, Write, Written, decide, mark_sent,
    },
};

/// The start of the events of all tests, in seconds since 1970.
pub const BEGIN: i64 = 1_772_000_000;

/// A rule with these additional fields.
pub fn rule(fields: &str) -> Arc<Rule> {
    let text = format!("rules:\n- name: R\n  severity: 1\n  filter: a = 1\n{fields}");
    Arc::new(RuleSet::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}")).0.rules.remove(0))
}

/// An event: its user, its time in minutes after the start, and its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    pub user: u8,
    pub minute: i64,
    pub id: u16,
}

impl Event {
    pub fn seconds(&self) -> i64 {
        BEGIN + self.minute * 60
    }

    pub fn record(&self) -> Record {
        let time = Timestamp::from_second(self.seconds()).unwrap().to_string();
        let event = json!({"eventID": self.id.to_string(), "eventTime": time, "a": 1,
            "userIdentity": {"type": "IAMUser", "userName": user(self.user)}});
        Record::new(event).unwrap()
    }
}

fn user(user: u8) -> String {
    format!("user-{user}")
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    pub user: u8,
    pub audience: Audience,
    pub alert_id: String,
    /// The time of the last event that it covers, in seconds.
    pub anchor: i64,
    pub count: u64,
    pub first: i64,
    pub since_last: Option<u64>,
}

/// What all deliveries share.
pub struct World {
    pub rule: Arc<Rule>,
    pub audiences: Vec<Audience>,
    pub table: Fragile,
    pub published: RefCell<Vec<Published>>,
    /// The time of the clock, in seconds.
    pub now: Cell<i64>,
    pub most_an_hour: u32,
}

impl World {
    pub fn new(rule: Arc<Rule>, audiences: &[Audience]) -> Self {
        Self {
            rule,
            audiences: audiences.to_vec(),
            table: Fragile::default(),
            published: RefCell::default(),
            now: Cell::new(BEGIN),
            most_an_hour: 500,
        }
    }

    /// A match of the rule.
    pub fn matched(&self, record: &Record) -> Match {
        Match::of(&self.rule, record, &self.audiences, self.clock()).remove(0)
    }

    pub fn clock(&self) -> Timestamp {
        Timestamp::from_second(self.now.get()).unwrap()
    }

    /// Handles a delivery as the handler does: batch by batch it decides, publishes and marks.
    pub async fn deliver(&self, name: &str, batches: &[Vec<Event>]) -> Vec<Decision> {
        let mut claimant = Claimant::new(name, self.most_an_hour);
        let mut all = Vec::new();
        for batch in batches {
            let matches: Vec<Match> = batch.iter().map(|event| self.matched(&event.record())).collect();
            let matches: Vec<&Match> = matches.iter().collect();
            let decided = decide(&self.table, &mut claimant, &matches, |_| None, self.clock()).await;
            assert_eq!(decided.decisions.len(), batch.len());
            let decisions =
                decided.decisions.iter().enumerate().chain(decided.resumed.iter().map(|(at, one)| (*at, one)));
            let mut sent = Vec::new();
            for (at, decision) in decisions {
                let (ticket, audiences) = match decision {
                    Decision::Fire(firing) => (&firing.ticket, &firing.audiences),
                    Decision::RollUp(roll_up) => (&roll_up.ticket, &roll_up.audiences),
                    _ => continue,
                };
                for audience in audiences {
                    step_aside().await;
                    if let Decision::Fire(firing) = decision {
                        self.published.borrow_mut().push(published(&batch[at], firing, *audience));
                    }
                    sent.push((ticket.clone(), *audience));
                }
            }
            step_aside().await;
            let _ = mark_sent(&self.table, &mut claimant, &sent).await;
            all.extend(decided.decisions);
        }
        all
    }

    /// Handles matches to their end without any other delivery; their user is the first.
    pub fn deliver_matches(&self, name: &str, matches: &[Match]) {
        let matches: Vec<&Match> = matches.iter().collect();
        let mut claimant = Claimant::new(name, self.most_an_hour);
        let decided = finish(decide(&self.table, &mut claimant, &matches, |_| None, self.clock()));
        for decision in decided.decisions {
            if let Decision::Fire(firing) = decision {
                let user = Event { user: 0, minute: 0, id: 0 };
                self.published.borrow_mut().push(published(&user, &firing, Audience::Alerts));
                finish(mark_sent(&self.table, &mut claimant, &[(firing.ticket, Audience::Alerts)])).unwrap();
            }
        }
    }

    /// Handles a delivery to its end without any other.
    pub fn deliver_alone(&self, name: &str, batches: &[Vec<Event>]) -> Vec<Decision> {
        finish(self.deliver(name, batches))
    }

    /// The words of the decisions.
    pub fn words(&self, name: &str, events: &[Event]) -> Vec<&'static str> {
        self.deliver_alone(name, &[events.to_vec()]).iter().map(Decision::word).collect()
    }
}

fn published(event: &Event, firing: &Firing, audience: Audience) -> Published {
    Published {
        user: event.user,
        audience,
        alert_id: firing.alert_id.clone(),
        anchor: firing.last.as_second(),
        count: firing.count,
        first: firing.first.as_second(),
        since_last: firing.since_last,
    }
}

/// Runs one step.
pub fn poll<T>(future: &mut Pin<Box<impl Future<Output = T> + ?Sized>>) -> Option<T> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Runs to the end.
pub fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    loop {
        if let Some(value) = poll(&mut future) {
            return value;
        }
    }
}

/// A point at which other deliveries continue, or the process crashes.
pub async fn step_aside() {
    let mut aside = false;
    poll_fn(|_| if std::mem::replace(&mut aside, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// A table that other deliveries use between any two steps.
#[derive(Default)]
pub struct Fragile {
    pub memory: MemoryTable,
    /// The use from which on all fail; with 0 none fails.
    pub fails_after: AtomicU64,
    used: AtomicU64,
}

impl Fragile {
    fn check(&self) -> Result<(), TableError> {
        let used = self.used.fetch_add(1, Ordering::Relaxed);
        let limit = self.fails_after.load(Ordering::Relaxed);
        if limit > 0 && used + 1 >= limit { Err(TableError::service("no table")) } else { Ok(()) }
    }

    pub fn uses(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Table for Fragile {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        step_aside().await;
        self.check()?;
        let found = self.memory.read(keys).await;
        step_aside().await;
        found
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        step_aside().await;
        self.check()?;
        assert!(changes.len() <= MAX_CHANGES);
        // The items pass through their bytes, as in a real table.
        let decoded = |change: &Change| -> Result<Change, TableError> {
            let Write::Put { item, expected } = &change.write else { return Ok(change.clone()) };
            let item =
                StoredItem::decode(&item.encode()).map_err(|error| TableError::unreadable(&change.key, error))?;
            Ok(Change { write: Write::Put { item, expected: *expected }, ..change.clone() })
        };
        let changes: Vec<Change> = changes.iter().map(decoded).collect::<Result<_, TableError>>()?;
        let written = self.memory.write(&changes).await;
        step_aside().await;
        written
    }
}

/// The different events of deliveries.
pub fn distinct<'a>(deliveries: impl IntoIterator<Item = &'a Vec<Vec<Event>>>) -> BTreeSet<Event> {
    deliveries.into_iter().flatten().flatten().copied().collect()
}

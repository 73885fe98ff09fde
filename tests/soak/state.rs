//! What remains from one invocation to the next: the table, with its faults, and the time of day.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use trailbell::{
    handler::Clock,
    state::{Change, MemoryTable, Stored, Table, TableError, Written},
};

use crate::world::World;

/// 2026-03-02T09:00:00Z, in milliseconds.
pub const BEGIN: i64 = 1_772_442_000_000;

/// The table, and the time in milliseconds.
pub struct State {
    pub table: MemoryTable,
    now: AtomicI64,
}

impl State {
    pub fn new() -> Self {
        Self { table: MemoryTable::default(), now: AtomicI64::new(BEGIN) }
    }

    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub fn pass(&self, milliseconds: u64) {
        self.now.fetch_add(i64::try_from(milliseconds).unwrap(), Ordering::Relaxed);
    }
}

/// The clock of one invocation, on which every look takes some time.
pub struct InvocationClock<'a> {
    state: &'a State,
    left: AtomicU64,
    tick: u64,
}

impl<'a> InvocationClock<'a> {
    /// With `left` milliseconds, of which each look takes `tick`.
    pub fn new(state: &'a State, left: u64, tick: u64) -> Self {
        Self { state, left: AtomicU64::new(left), tick }
    }

    fn pass(&self, milliseconds: u64) {
        self.state.pass(milliseconds);
        self.left.store(self.left.load(Ordering::Relaxed).saturating_sub(milliseconds), Ordering::Relaxed);
    }
}

impl Clock for InvocationClock<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.state.now()).unwrap()
    }

    fn left(&self) -> Duration {
        let left = self.left.load(Ordering::Relaxed);
        self.pass(self.tick);
        Duration::from_millis(left)
    }

    async fn until_left(&self, left: Duration) {
        let wait = Duration::from_millis(self.left.load(Ordering::Relaxed)).saturating_sub(left);
        self.pass(u64::try_from(wait.as_millis()).unwrap());
    }
}

/// The table as an invocation uses it.
pub struct Requests<'a>(pub &'a MemoryTable, pub &'a Mutex<World>);

impl Table for Requests<'_> {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        if self.1.lock().unwrap().is_table_fault() {
            return Err(TableError::service("ProvisionedThroughputExceededException"));
        }
        self.0.read(keys).await
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        if self.1.lock().unwrap().is_table_fault() {
            return Err(TableError::service("TransactionCanceledException"));
        }
        let written = self.0.write(changes).await;
        // Written, but the answer is lost.
        if self.1.lock().unwrap().is_table_fault() { Err(TableError::service("the answer was lost")) } else { written }
    }

    fn due_keys(&self) -> Vec<String> {
        self.0.due_keys()
    }
}

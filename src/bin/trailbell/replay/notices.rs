//! What the function sends beside alerts. The clock is the greatest time of an event so far;
//! whenever it enters a new slot, the function's own tick sends what is due.

use std::{
    path::Path,
    sync::{Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, AttributeValue, Format, Message, render},
    engine::Engine,
    handler::{Channel, Channels, Clock, Handler, InvocationLimits, MailBudget, PublishError, Watch},
    local::Folder,
    state::{
        Claimant, KnownBudget, MemoryTable, Outage, Taken,
        due::{SLOT_SECONDS, slot},
        store_lines,
    },
};

/// The event of the schedule: see `events/invocations/eventbridge-schedule.json`.
const TICK: &[u8] = br#"{"source": "aws.events", "detail-type": "Scheduled Event", "id": "scan", "detail": {}}"#;
/// The longest time between events in which every tick is played; after a longer one, only the last.
const MAX_SLOTS: i64 = 2 * 24 * 3_600 / SLOT_SECONDS;

/// A notice as it is printed.
pub struct NoticeLine {
    /// When it is sent.
    pub time: Timestamp,
    /// Such as `roll-up`.
    pub kind: String,
    /// How urgent the most urgent of its alerts is.
    pub severity: String,
    /// The name of the rule, if it is about one.
    pub rule: Option<String>,
    /// The id of the rule, or what replaces it.
    pub id: String,
    pub alert_id: String,
    pub title: String,
    /// Facts for machines.
    pub facts: Value,
}

/// The clock, the ticks and the budget of a scan.
pub struct Notices<'e> {
    engine: &'e Engine,
    clock: VirtualClock,
    /// The slot that the clock is in.
    slot: Option<i64>,
    budget: KnownBudget,
    outage: Outage,
    /// How long the function has waited for tokens.
    waited: Duration,
    sent: Vec<NoticeLine>,
}

impl<'e> Notices<'e> {
    pub fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            clock: VirtualClock::default(),
            slot: None,
            budget: KnownBudget::default(),
            outage: Outage::default(),
            waited: Duration::ZERO,
            sent: Vec::new(),
        }
    }

    /// Another file is another delivery.
    pub fn next_file(&mut self) {
        self.waited = Duration::ZERO;
    }

    /// The time of an event: the clock does not go back, and plays the ticks up to it.
    pub fn advance(&mut self, table: &MemoryTable, time: Timestamp) {
        let to = slot(time.as_second());
        let Some(from) = self.slot.replace(self.slot.map_or(to, |from| from.max(to))) else {
            return self.clock.set(time);
        };
        if to > from {
            // CloudTrail delivers what is of another slot in another file.
            self.waited = Duration::ZERO;
            let first = if to - from > MAX_SLOTS { to } else { from + 1 };
            for slot in first..=to {
                self.clock.set(Timestamp::from_second(slot.saturating_mul(SLOT_SECONDS)).unwrap_or(time));
                self.play(table, true);
            }
        }
        self.clock.set(time);
    }

    /// Sends all that is still due, at the end of the logs.
    pub fn finish(&mut self, table: &MemoryTable) {
        if self.slot.is_some() {
            self.play(table, false);
        }
    }

    /// Sends what is due; all that is, unless the table is kept.
    fn play(&mut self, table: &MemoryTable, keeps_state: bool) {
        let (people, machines) = (Recorded::default(), Recorded::default());
        let channels = Channels { findings: Some(&machines), ..Channels::only(&people) };
        let handler = Handler {
            engine: self.engine,
            objects: &Folder::new(Path::new("")),
            channels: &channels,
            table,
            keeps_state,
            watch: &Watch::default(),
            learns: &AtomicBool::new(true),
            clock: &self.clock,
            limits: InvocationLimits { mail: Some(MailBudget::default()), ..InvocationLimits::default() },
        };
        pollster::block_on(handler.handle(TICK));
        let time = self.clock.now();
        // Machines get a notice for each alert; summaries are for people only.
        let of_machines = machines.take().into_iter().filter_map(|message| of_finding(&message, time));
        let of_people =
            people.take().into_iter().filter(|message| attribute(message, "tags").starts_with("kind.summary"));
        self.sent.extend(of_machines.chain(of_people.map(|message| of_text(&message, time))));
    }

    /// Whether an alert may be sent now, for which the clock waits; otherwise it becomes a line of the next summary.
    pub async fn pace(&mut self, table: &MemoryTable, claimant: &mut Claimant, alert: &Alert) -> bool {
        let budget = MailBudget::default();
        let Some(token_use) = budget.token_use(alert) else { return true };
        loop {
            let now = self.clock.now();
            let taken = self.budget.take(table, &mut self.outage, budget.per_minute, token_use, now).await;
            let Taken::NotBefore(then) = taken else { return true };
            let wait = then.saturating_sub(now.as_millisecond()).max(1);
            let waited = Duration::from_millis(wait.unsigned_abs());
            if !MailBudget::may_wait(token_use, self.waited, waited) {
                break;
            }
            self.waited += waited;
            self.clock.wait(SignedDuration::from_millis(wait));
        }
        // A table in memory never fails.
        let _ = store_lines(table, claimant, &[alert.summary_line()], self.clock.now()).await;
        false
    }

    /// Adds a notice that is sent at once.
    pub fn push(&mut self, alert: &Alert) {
        self.sent.extend(of_finding(&render(Format::OCSF, alert), self.clock.now()));
    }

    /// What was sent so far.
    pub fn sent(&self) -> &[NoticeLine] {
        &self.sent
    }
}

/// The text of an attribute; of a list its first element.
fn attribute(message: &Message, name: &str) -> String {
    let found = message.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value);
    match found {
        Some(AttributeValue::List(items)) => items.first().cloned().unwrap_or_default(),
        Some(AttributeValue::Text(text)) => text.clone(),
        Some(AttributeValue::Number(number)) => number.to_string(),
        None => String::new(),
    }
}

fn of_text(message: &Message, time: Timestamp) -> NoticeLine {
    let title = message.subject.split_once(' ').map_or("", |(_, title)| title).to_owned();
    NoticeLine {
        time,
        kind: attribute(message, "tags").trim_start_matches("kind.").to_owned(),
        severity: attribute(message, "severity"),
        rule: None,
        id: attribute(message, "rule"),
        alert_id: message.id.clone(),
        title,
        facts: json!({}),
    }
}

/// A notice from its OCSF finding.
fn of_finding(message: &Message, time: Timestamp) -> Option<NoticeLine> {
    let finding: Value = serde_json::from_str(&message.body).ok()?;
    let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let facts = json!({
        "more": finding.pointer("/evidences/0/data/more"),
        "held_back": finding.pointer("/unmapped/held_back"),
        "evidences": finding.get("evidences"),
    });
    Some(NoticeLine {
        title: text("/finding_info/title")?,
        rule: text("/finding_info/analytic/name"),
        facts,
        ..of_text(message, time)
    })
}

/// The messages that a channel got.
#[derive(Default)]
struct Recorded(Mutex<Vec<Message>>);

impl Recorded {
    fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Channel for Recorded {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(messages);
        messages.iter().map(|_| Ok(())).collect()
    }
}

/// A clock that the events move. To wait moves it, too.
#[derive(Default)]
struct VirtualClock(Mutex<Reading>);

#[derive(Clone, Copy)]
struct Reading {
    now: Timestamp,
    left: Duration,
}

impl Default for Reading {
    fn default() -> Self {
        Self { now: Timestamp::UNIX_EPOCH, left: Duration::MAX / 2 }
    }
}

impl VirtualClock {
    fn change<T>(&self, change: impl FnOnce(&mut Reading) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets it, unless that is in the past.
    fn set(&self, time: Timestamp) {
        self.change(|reading| reading.now = reading.now.max(time));
    }

    fn wait(&self, wait: SignedDuration) {
        self.change(|reading| reading.now = reading.now.saturating_add(wait).unwrap_or(reading.now));
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.change(|reading| reading.now)
    }

    fn left(&self) -> Duration {
        self.change(|reading| reading.left)
    }

    async fn until_left(&self, left: Duration) {
        // Only a pause gets here: the local ports answer at once.
        self.change(|reading| {
            let wait = SignedDuration::try_from(reading.left.saturating_sub(left)).unwrap_or_default();
            reading.now = reading.now.saturating_add(wait).unwrap_or(reading.now);
            reading.left = left;
        });
    }
}

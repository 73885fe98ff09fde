//! Functions that share a table and topics: whole invocations of the handler, step by step, whose process can end between any two.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use trailbell::{
    alert::Message,
    engine::Engine,
    handler::{Channel, Channels, Clock, Handler, InvocationLimits, Outcome, PublishError, Watch},
    rule::RuleSet,
};

use super::{
    event::{BEGIN, Event, time},
    rules::{ModelRule, Values, name, rules_file},
    strategy::Case,
};
use crate::{
    ports::{Memory, event, log_file, publish_error},
    state::world::{Fragile, finish, step_aside},
};

/// What a topic took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub rule: String,
    pub values: Values,
    /// The time of the alert's last event.
    pub anchor: i64,
    pub first: i64,
    pub count: usize,
    pub since: Option<usize>,
    pub id: String,
    /// Whether it says that the table was unavailable.
    pub unremembered: bool,
    /// The event of the record that it shows, and the rules that it names beside its own.
    pub event: String,
    pub also: Vec<String>,
}

/// What all functions share.
pub struct World {
    pub rules: Vec<ModelRule>,
    engine: Engine,
    objects: Memory,
    pub table: Fragile,
    /// The topic for machines, whose messages are read, and that for people, of which only the ids are.
    pub findings: Topic,
    pub alerts: Topic,
    clock: Now,
}

/// A topic, and how many of the next messages it refuses.
#[derive(Default)]
pub struct Topic {
    pub sent: Mutex<Vec<Message>>,
    pub refuses: AtomicU32,
}

impl Channel for &Topic {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        step_aside().await;
        let mut answers = Vec::new();
        for message in messages {
            let refuses = self.refuses.load(Ordering::Relaxed);
            self.refuses.store(refuses.saturating_sub(1), Ordering::Relaxed);
            if refuses == 0 {
                self.sent.lock().unwrap().push(message.clone());
            }
            answers.push(if refuses == 0 { Ok(()) } else { Err(publish_error("HTTP status 500", false)) });
        }
        step_aside().await;
        answers
    }
}

/// The clock of all functions, in seconds after [`BEGIN`]. No invocation sees its deadline: it is ended from outside.
#[derive(Default)]
struct Now(AtomicI64);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(BEGIN + self.0.load(Ordering::Relaxed)).unwrap()
    }

    fn left(&self) -> Duration {
        Duration::from_mins(10)
    }

    async fn until_left(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

/// An invocation on its way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

impl World {
    /// Each delivery is an object, whose key is its number. The clock starts after all events. Before them, the function has
    /// seen an event of second 0 that no rule wants, so that rules with `first_seen` learn from there on.
    pub fn new(rules: &[ModelRule], deliveries: &[Vec<Event>]) -> Self {
        let object = |objects: Memory, (number, delivery): (usize, &Vec<Event>)| {
            let records: Vec<String> = delivery.iter().map(|event| event.record().to_string()).collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            objects.with(&number.to_string(), vec![Ok(log_file(&records))])
        };
        let begin = json!({"eventVersion": "1.08", "eventID": "begin", "eventTime": time(0), "eventName": "Begin"});
        let begin = vec![Ok(log_file(&[&begin.to_string()]))];
        let last = deliveries.iter().flatten().map(|event| event.second).max().unwrap_or(0);
        let world = Self {
            rules: rules.to_vec(),
            engine: Engine::new(RuleSet::parse(&rules_file(rules)).unwrap_or_else(|errors| panic!("{errors:?}")).0),
            objects: deliveries.iter().enumerate().fold(Memory::default(), object).with("begin", begin),
            table: Fragile::default(),
            findings: Topic::default(),
            alerts: Topic::default(),
            clock: Now(AtomicI64::new(last)),
        };
        finish(world.invoke_for("begin".to_owned()));
        world
    }

    pub fn now(&self) -> i64 {
        self.clock.0.load(Ordering::Relaxed)
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Starts an invocation for one delivery.
    pub fn invoke(&self, delivery: usize) -> Running<'_> {
        self.invoke_for(delivery.to_string())
    }

    fn invoke_for(&self, key: String) -> Running<'_> {
        Box::pin(async move {
            let channels = Channels { alerts: &self.alerts, chat: None, findings: Some(&self.findings) };
            let handler = Handler {
                engine: &self.engine,
                objects: &self.objects,
                channels: &channels,
                table: &self.table,
                keeps_state: true,
                watch: &Watch::default(),
                learns: &AtomicBool::new(false),
                clock: &self.clock,
                limits: InvocationLimits { max_alerts_per_rule_hour: 500, ..InvocationLimits::default() },
            };
            let outcome = handler.handle(event(&[key]).to_string().as_bytes()).await;
            assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
            outcome
        })
    }

    /// What the topic for machines took, in its order.
    pub fn sent(&self) -> Vec<Sent> {
        self.findings.sent.lock().unwrap().iter().map(|message| sent(&message.body)).collect()
    }

    /// How often each topic took the alert with each id.
    pub fn copies(&self) -> BTreeMap<(&'static str, String), usize> {
        let mut copies = BTreeMap::new();
        for (topic, word) in [(&self.alerts, "alerts"), (&self.findings, "findings")] {
            for message in topic.sent.lock().unwrap().iter() {
                *copies.entry((word, message.id.clone())).or_default() += 1;
            }
        }
        copies
    }

    /// The series of the alerts that the topic for people took, those that others cover included.
    pub fn read_by_people(&self, case: &Case) -> BTreeSet<(String, Values)> {
        let rules = |message: &Message| {
            let rows = message.body.lines().map(|line| (line.get(..10).unwrap_or_default().trim_end(), line.get(10..)));
            let (mut name, mut rules, mut event) = ("", Vec::new(), String::new());
            for (row, text) in rows.filter_map(|(row, text)| Some((row, text?))) {
                name = if row.is_empty() { name } else { row };
                match name {
                    // `Rule 1 (rule-1)`
                    "Rule" => rules.push(text.split(" (").next().unwrap().to_owned()),
                    // `SEV3 Rule 1, 2 events since its previous alert`
                    "Also" => rules.push(text.split(',').next().unwrap().split_once(' ').unwrap().1.to_owned()),
                    "Event" if event.is_empty() => text.clone_into(&mut event),
                    _ => {}
                }
            }
            (rules, event)
        };
        self.series(case, self.alerts.sent.lock().unwrap().iter().map(rules))
    }

    /// The same of the topic for machines.
    pub fn read_by_machines(&self, case: &Case) -> BTreeSet<(String, Values)> {
        self.series(case, self.sent().into_iter().map(|sent| ([vec![sent.rule], sent.also].concat(), sent.event)))
    }

    fn series(&self, case: &Case, shown: impl Iterator<Item = (Vec<String>, String)>) -> BTreeSet<(String, Values)> {
        let mut series = BTreeSet::new();
        for (rules, shown) in shown {
            let event = case.deliveries.iter().flatten().find(|one| one.identity() == shown);
            let event = event.unwrap_or_else(|| panic!("{rules:?} on {shown:?}"));
            for rule in rules {
                series.extend(self.rule(&rule).arrivals(event).into_iter().map(|(values, _)| (rule.clone(), values)));
            }
        }
        series
    }

    /// The messages that both topics took since this was asked last.
    pub fn take(&self) -> Vec<String> {
        let messages =
            |topic: &Topic| topic.sent.lock().unwrap().drain(..).map(|message| message.body).collect::<Vec<_>>();
        [messages(&self.alerts), messages(&self.findings)].concat()
    }

    /// The rule with this name.
    pub fn rule(&self, wanted: &str) -> &ModelRule {
        let at = (0..self.rules.len()).find(|at| name(*at) == wanted).unwrap();
        &self.rules[at]
    }
}

/// Reads a Detection Finding.
fn sent(body: &str) -> Sent {
    let finding: Value = serde_json::from_str(body).unwrap();
    let (info, unmapped) = (&finding["finding_info"], &finding["unmapped"]);
    let time = |key: &str| info[key].as_i64().unwrap() / 1000 - BEGIN;
    let count = |value: &Value| value.as_u64().map(|count| usize::try_from(count).unwrap());
    let values = unmapped["aggregate_values"].as_object().cloned().unwrap_or_default();
    let also = info["related_analytics"].as_array().into_iter().flatten();
    Sent {
        rule: info["analytic"]["name"].as_str().unwrap().to_owned(),
        values: values.into_iter().map(|(field, value)| (field, value.as_str().map(str::to_owned))).collect(),
        anchor: time("last_seen_time"),
        first: time("first_seen_time"),
        count: count(&info["related_events_count"]).or(count(&unmapped["count_of_values"])).unwrap(),
        since: count(&unmapped["count_since_last_alert"]),
        id: info["uid"].as_str().unwrap().to_owned(),
        unremembered: unmapped["state_unavailable"] == true,
        event: unmapped["event_id"].as_str().unwrap().to_owned(),
        also: also.map(|rule| rule["name"].as_str().unwrap().to_owned()).collect(),
    }
}

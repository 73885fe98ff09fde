//! An object that ends the process harms only itself: the real binary is killed by a limit of its memory and by Lambda's
//! timeout, and a queue, or Lambda's own retries, deliver again what was not acknowledged.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    bootstrap,
    emulator::Emulator,
    memory::{large, make_executable},
    scene::{Scene, gzip, records},
};

/// `maxReceiveCount` of the queue in `template.yaml`.
const MAX_RECEIVE_COUNT: u32 = 5;

/// How the poison of a test ends a process.
#[derive(Clone, Copy)]
enum Killer {
    Memory,
    Time,
}

/// A function, a poison, and objects that raise an alert each.
struct Stage {
    scene: Scene,
    /// The binary, under a limit of its memory.
    program: PathBuf,
    settings: Vec<(&'static str, &'static str)>,
}

impl Stage {
    fn new(name: &str, killer: Killer) -> Self {
        let scene = Scene::new(name);
        for object in ["a", "b", "c"] {
            scene.cloud.put(&scene.bucket, &key(object), &log_file(&record(object), 1));
        }
        let poison = match killer {
            Killer::Memory => log_file(&large(0, 1_040_000), 1),
            Killer::Time => log_file(&record("slow"), 200),
        };
        scene.cloud.put(&scene.bucket, &key("poison"), &poison);
        let settings = match killer {
            Killer::Memory => vec![],
            Killer::Time => vec![("AWS_LAMBDA_FUNCTION_TIMEOUT", "8"), ("TIME_RESERVE_MS", "1000")],
        };
        if let Killer::Time = killer {
            let slow = |number| {
                let filter = format!(r#"userAgent matches "^[a-z]+-[a-z]+/([a-z]+[0-9.]*)+[0-9]{{{number}}}$""#);
                format!(
                    "  - name: Slow {number}
    severity: 3
    filter: {filter}
"
                )
            };
            let rules = fs::read_to_string(&scene.rules).unwrap() + &(10..50).map(slow).collect::<String>();
            fs::write(&scene.rules, rules).unwrap();
        }
        let mut stage = Self { scene, program: bootstrap().to_owned(), settings };
        if let Killer::Memory = killer {
            stage.limit_memory(name);
        }
        stage
    }

    /// Leaves 8 MiB beyond what a function maps for an object that is no poison.
    fn limit_memory(&mut self, name: &str) {
        let file = |what: &str| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{what}"));
        let (script, process) = (file("sh"), file("pid"));
        let write = |limit: &str| {
            let (process, program) = (process.display(), bootstrap().display());
            let text = format!("#!/bin/sh\nulimit -v {limit}\necho $$ > '{process}'\nexec '{program}'\n");
            fs::write(&script, text).unwrap();
            make_executable(&script);
        };
        write("unlimited");
        self.program.clone_from(&script);
        let idle = self.function();
        idle.invoke(&self.scene.event(&[&key("a")])).success();
        self.alerted();
        let status = fs::read_to_string(format!("/proc/{}/status", fs::read_to_string(&process).unwrap().trim()));
        let status = status.unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        drop(idle);
        write(&(peak + (8 << 10)).to_string());
    }

    fn function(&self) -> Emulator {
        self.scene.function_of(&self.program, &self.settings)
    }

    /// The objects whose alerts have come since the last call.
    fn alerted(&self) -> BTreeSet<String> {
        let object = |message: &Value| {
            let body = message["Message"].as_str().unwrap();
            ["a", "b", "c", "poison"].into_iter().find(|object| body.contains(&key(object))).unwrap().to_owned()
        };
        self.scene.cloud.receive(&self.scene.all).iter().map(object).collect()
    }

    /// An event of a queue with these messages, each about the object of its name, which came this often.
    fn batch(&self, queue: &str, messages: &[(&str, u32)]) -> String {
        let message = |(name, count): &(&str, u32)| {
            json!({"messageId": name, "eventSource": "aws:sqs", "body": self.scene.event(&[&key(name)]),
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:012345678901:{queue}"),
                "attributes": {"ApproximateReceiveCount": count.to_string(), "SentTimestamp": "1772442914271"}})
        };
        json!({"Records": messages.iter().map(message).collect::<Vec<_>>()}).to_string()
    }

    /// Delivers a batch: the messages that come again, and whether the process ended.
    fn deliver(&self, queue: &str, messages: &[(&str, u32)]) -> (Vec<String>, bool) {
        // With a reserve that is longer than a slow record takes, the first process could stop in time between two records.
        let is_first = messages.iter().all(|(_, count)| *count == 1);
        let reserve = is_first.then_some(("TIME_RESERVE_MS", "1"));
        let settings: Vec<_> = self.settings.iter().copied().chain(reserve).collect();
        let function = self.scene.function_of(&self.program, &settings);
        let answer = function.invoke(&self.batch(queue, messages));
        if answer.error().is_some() {
            return (messages.iter().map(|(name, _)| (*name).to_owned()).collect(), true);
        }
        let answer = answer.success();
        let items = answer["batchItemFailures"].as_array().unwrap();
        (items.iter().map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect(), false)
    }

    /// A queue that delivers four messages until each is acknowledged or in `FailedEvents`.
    fn check_queue(&self) {
        let names = ["a", "b", "poison", "c"];
        let (mut waiting, mut sent) = (names.map(str::to_owned).to_vec(), BTreeSet::new());
        for count in 1..=MAX_RECEIVE_COUNT {
            let messages: Vec<(&str, u32)> = waiting.iter().map(|name| (name.as_str(), count)).collect();
            let (again, has_ended) = self.deliver("q", &messages);
            assert_eq!(has_ended, count == 1, "only the first delivery ends the function");
            // A process may have published an alert about the poison before it ended.
            sent.extend(self.alerted().into_iter().filter(|object| object != "poison"));
            waiting = again;
            if count > 1 {
                assert_eq!(waiting, ["poison"], "delivery {count}");
                assert_eq!(sent, set(&["a", "b", "c"]), "delivery {count}");
            }
        }
    }

    /// An asynchronous invocation with several objects, which Lambda repeats twice.
    fn check_direct(&self) {
        let event = self.scene.event(&["a", "poison", "b", "c"].map(key).each_ref().map(String::as_str));
        for attempt in 1..=3 {
            let function = self.function();
            let error = function.invoke(&event).error().unwrap();
            assert!(error.contains(&key("poison")) && error.contains("the process that handled it"), "{error}");
            assert!(!error.contains("more failure"), "{error}");
            // Without a state table, a repeated delivery raises the same alerts.
            assert!(self.alerted().is_superset(&set(&["a", "b", "c"])), "attempt {attempt}");
            let killed = function.log().iter().filter_map(|line| line["items_killed"].as_u64()).sum::<u64>();
            assert_eq!(killed, 1, "{:?}", function.log());
        }
    }
}

fn key(object: &str) -> String {
    format!("AWSLogs/012345678901/CloudTrail/us-east-1/2026/03/02/{object}.json.gz")
}

fn set(objects: &[&str]) -> BTreeSet<String> {
    objects.iter().map(|object| (*object).to_owned()).collect()
}

/// A record that raises an alert of its own, or none if it is to be slow.
fn record(object: &str) -> String {
    let mut record = records()["Records"][0].clone();
    record["eventID"] = json!(object);
    record["sourceIPAddress"] = json!(object);
    if object == "slow" {
        record["eventName"] = json!("DescribeImages");
        record["userAgent"] = json!(format!("aws-cli/{}", "x".repeat(1_000_000)));
    }
    record.to_string()
}

/// A log file with a record this often.
fn log_file(record: &str, count: usize) -> Vec<u8> {
    let others = format!("{record},").repeat(count - 1);
    gzip(format!("{{\"Records\":[{others}{record}]}}").as_bytes())
}

#[test]
fn an_object_that_needs_too_much_memory_fails_alone_in_a_queue() {
    Stage::new("isolation-memory-queue", Killer::Memory).check_queue();
}

#[test]
fn an_object_that_needs_too_much_memory_fails_alone_in_a_direct_invocation() {
    Stage::new("isolation-memory-direct", Killer::Memory).check_direct();
}

#[test]
fn an_object_that_needs_too_much_time_fails_alone_in_a_queue() {
    Stage::new("isolation-time-queue", Killer::Time).check_queue();
}

#[test]
fn an_object_that_needs_too_much_time_fails_alone_in_a_direct_invocation() {
    Stage::new("isolation-time-direct", Killer::Time).check_direct();
}

/// The messages behind the poison wait, in their order, until it is out of the way.
#[test]
fn a_fifo_queue_keeps_its_order_around_an_object_that_ends_the_process() {
    let stage = Stage::new("isolation-fifo", Killer::Memory);
    assert!(stage.deliver("q.fifo", &[("a", 1), ("poison", 1), ("b", 1), ("c", 1)]).1);
    stage.alerted();
    let (again, has_ended) = stage.deliver("q.fifo", &[("a", 2), ("poison", 2), ("b", 2), ("c", 2)]);
    assert_eq!((again, has_ended), (["poison", "b", "c"].map(str::to_owned).to_vec(), false));
    assert_eq!(stage.alerted(), set(&["a"]));
    let (again, has_ended) = stage.deliver("q.fifo", &[("b", 3), ("c", 3)]);
    assert_eq!((again, has_ended), (vec![], false));
    assert_eq!(stage.alerted(), set(&["b", "c"]));
}

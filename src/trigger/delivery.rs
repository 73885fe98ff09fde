//! The work that an invocation delivers.

use super::{error::TriggerError, log_events::LogEvents};
use crate::object::{Foreign, ObjectId};

/// The work of one invocation, in the order of its payload.
#[derive(Debug)]
pub struct Delivery {
    /// The sender, which determines the form of the answer that requests a repetition.
    pub sender: Sender,
    /// Whether a part of it came before: an earlier invocation may have died of it.
    pub is_redelivered: bool,
    /// Its parts; there is at least one.
    pub units: Vec<Unit>,
}

impl Delivery {
    /// The objects to read.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectId> {
        self.units.iter().flat_map(|unit| &unit.work).filter_map(|work| match work {
            Work::Object(object) => Some(object),
            _ => None,
        })
    }
}

/// The sender of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A service that reads no answer, such as S3 or SNS: the invocation succeeds or fails as a whole.
    Service,
    /// A queue, which takes the ids of the messages that failed as the answer.
    Queue {
        /// Whether the queue keeps messages in order: then no message after a failed one may succeed.
        is_fifo: bool,
    },
    /// S3 Batch Operations, which takes the result of each task as the answer.
    Batch {
        /// The version of the payload's schema.
        schema: String,
        /// The id of the invocation.
        invocation: String,
    },
}

/// A part of a delivery that is delivered again as a whole if any of its work fails.
#[derive(Debug)]
pub struct Unit {
    /// The `messageId` of a queue or the `taskId` of S3 Batch Operations; without one, only the whole invocation can be
    /// delivered again.
    pub id: Option<String>,
    /// The message of a queue that it is, if it names its queue and its receipt.
    pub message: Option<QueuedMessage>,
    /// Its items; there is at least one.
    pub work: Vec<Work>,
}

/// A message that a queue hides while it is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The ARN of the queue.
    pub queue_arn: String,
    /// The `receiptHandle` of this delivery.
    pub receipt: String,
    /// How many times it was delivered, this one included.
    pub deliveries: u32,
}

/// One item of a delivery.
#[derive(Debug)]
pub enum Work {
    /// An object to read.
    Object(ObjectId),
    /// A record that the payload itself holds.
    Record {
        /// The text of the record: CloudTrail's unchanged, or that of a detector's finding.
        text: String,
        /// The message that held it, such as `EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602`.
        origin: String,
    },
    /// CloudTrail records that the payload holds as log events.
    LogEvents(LogEvents),
    /// A request of a schedule to send what is due.
    Tick {
        /// The message, such as `EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602`.
        origin: String,
    },
    /// An item that needs no work.
    Skip {
        /// The item: a key, or the kind of the message.
        what: String,
        /// Why it needs no work.
        reason: SkipReason,
    },
    /// A part of the payload that cannot be read; the other parts are not affected.
    Malformed(TriggerError),
}

/// Why an item needs no work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// `s3:TestEvent`, which S3 sends when a notification is configured.
    TestEvent,
    /// A message that CloudTrail sends to a topic when the topic is configured.
    ValidationMessage,
    /// A message with which CloudWatch Logs checks that the function is reachable.
    ControlMessage,
    /// A message that SNS sends to an endpoint when it is subscribed or unsubscribed.
    SubscriptionMessage,
    /// A digest file, with which the integrity of log files is validated.
    DigestFile,
    /// A file of `CloudTrail-Aggregated`, which holds summaries and no events.
    AggregatedFile,
    /// An event of S3 that is not about a new object.
    NotCreated,
    /// An event of EventBridge that has the form of an event of AWS, and that no service of AWS sent.
    ForgedEvent,
    /// An event of AWS on EventBridge that no detector sent whose findings are read.
    UnknownEvent,
    /// An object that is not from CloudTrail.
    Foreign(Foreign),
    /// An event of a schedule, while another invocation does what it requests.
    TickRunning,
    /// A message of AWS Config, which can share the topic of a trail.
    ConfigMessage,
    /// A message of AWS Control Tower, which can share the topic of a trail.
    ControlTowerMessage,
}

impl SkipReason {
    /// The reason as a word for counts and logs.
    pub fn word(self) -> &'static str {
        match self {
            SkipReason::TestEvent => "test_event",
            SkipReason::ValidationMessage => "validation_message",
            SkipReason::ControlMessage => "control_message",
            SkipReason::SubscriptionMessage => "subscription_message",
            SkipReason::DigestFile => "digest_file",
            SkipReason::AggregatedFile => "aggregated_file",
            SkipReason::NotCreated => "not_created",
            SkipReason::ForgedEvent => "forged_event",
            SkipReason::UnknownEvent => "unknown_event",
            SkipReason::Foreign(kind) => kind.word(),
            SkipReason::TickRunning => "tick_running",
            SkipReason::ConfigMessage => "config_message",
            SkipReason::ControlTowerMessage => "control_tower_message",
        }
    }
}

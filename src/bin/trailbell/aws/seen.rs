//! What AWS returns, as plain values, or why it returns nothing.

use std::error::Error;

use serde_json::Value;
use thiserror::Error;

/// A value that AWS returned, or why it did not.
pub type Seen<T> = Result<T, Unseen>;

/// Why AWS did not return what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}{}", self.permission())]
pub struct Unseen {
    /// The IAM action of the request.
    pub action: &'static str,
    /// The error as AWS words it.
    pub reason: String,
    /// Its class.
    pub cause: Cause,
}

impl Unseen {
    fn permission(&self) -> String {
        match self.cause {
            Cause::Denied => format!("; allow yourself `{}`", self.action),
            Cause::Missing | Cause::Other => String::new(),
        }
    }
}

/// The class of an error of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The caller lacks a permission.
    Denied,
    /// The resource does not exist.
    Missing,
    /// Anything else, such as no connection.
    Other,
}

/// Why a stack cannot be used at all.
#[derive(Debug, Error)]
pub enum Unusable {
    #[error("there is no region: give `--region`, or set `AWS_REGION` or a profile")]
    NoRegion,
    #[error("there are no AWS credentials: set `AWS_PROFILE`, or sign in as for the AWS command line")]
    NoCredentials(#[source] Option<Box<dyn Error + Send + Sync>>),
    #[error(transparent)]
    Unseen(#[from] Unseen),
    #[error("there is no stack `{0}`")]
    NoStack(String),
    #[error("CloudFormation returned `{0}` as the id of the stack, which is not an ARN")]
    BadStackId(String),
    #[error("the stack `{stack}` ({status}) has no output `{output}`: name a stack that `make deploy` created")]
    NoOutput { stack: String, status: String, output: &'static str },
    #[error("Lambda returned `{0}` as the ARN of the function, which is not an ARN")]
    BadFunctionArn(String),
    #[error("the function `{0}` has no `ALERT_TOPIC_ARN`: name a function of trailbell's")]
    NoAlertTopic(String),
}

/// What the function returned.
#[derive(Clone, Debug)]
pub enum FunctionAnswer {
    /// Its answer, such as the counts of the invocation.
    Value(Value),
    /// The error message with which it failed.
    Failed(String),
}

/// The state of the function, as Lambda describes it.
#[derive(Clone, Debug, Default)]
pub struct FunctionState {
    /// `Active` and so on; empty for old functions that are ready.
    pub state: String,
    /// `Successful` and so on: the state of the last update.
    pub update: String,
    /// Lambda's reasons for either.
    pub reason: String,
}

/// An event source mapping, which passes the messages of a queue to the function.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The queue's ARN.
    pub queue: String,
    /// `Enabled` and so on.
    pub state: String,
    /// Its UUID.
    pub id: String,
    /// Whether the function's answer names the messages that failed; otherwise it is not read.
    pub reports_failures: bool,
}

/// A bucket's notification configuration.
#[derive(Clone, Debug, Default)]
pub struct BucketNotifications {
    /// Whether all events go to EventBridge.
    pub eventbridge: bool,
    /// The notifications to queues, topics and functions.
    pub list: Vec<BucketNotification>,
}

/// A bucket's notification to one receiver.
#[derive(Clone, Debug, Default)]
pub struct BucketNotification {
    /// Event types, such as `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// The receiver's ARN.
    pub to: String,
    /// The prefix that keys must have.
    pub prefix: String,
    /// The suffix that keys must have.
    pub suffix: String,
}

/// A subscription to a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// `email`, `sqs` and so on.
    pub protocol: String,
    /// The address, or the ARN.
    pub endpoint: String,
    /// Whether it is confirmed, so that it receives messages.
    pub confirmed: bool,
}

/// A table, as DynamoDB describes it.
#[derive(Clone, Debug)]
pub struct TableDescription {
    /// `ACTIVE` and so on.
    pub status: String,
    /// The key's attributes, each with `HASH` or `RANGE`.
    pub key: Vec<(String, String)>,
}

/// The Time to Live of a table.
#[derive(Clone, Debug)]
pub struct TimeToLive {
    /// The attribute with the time.
    pub attribute: String,
    /// `ENABLED` and so on.
    pub status: String,
}

/// A message that was received from a queue.
#[derive(Clone, Debug)]
pub struct QueuedMessage {
    /// Its id.
    pub id: String,
    /// What deletes it, or makes it visible again.
    pub receipt: String,
    /// Its body.
    pub body: String,
}

/// A trail, and what it logs.
#[derive(Clone, Debug)]
pub struct TrailLogging {
    /// Its ARN.
    pub arn: String,
    /// Its home region.
    pub region: String,
    /// The bucket that it writes to.
    pub bucket: String,
    /// The ARN of its topic; empty if it has none.
    pub topic: String,
    /// Its advanced event selectors, as the AWS CLI takes them; basic ones in the same form.
    pub selectors: Seen<Vec<Value>>,
    /// Whether it logs Insights events.
    pub insights: Seen<bool>,
}

/// Whether a trail logs, and whether it delivers.
#[derive(Clone, Debug, Default)]
pub struct TrailStatus {
    /// Whether it logs now.
    pub is_logging: bool,
    /// The last error of S3; empty since the last delivery succeeded.
    pub delivery_error: String,
    /// The last error of SNS; empty if there is none.
    pub notification_error: String,
}

/// A resource of a stack.
#[derive(Clone, Debug)]
pub struct StackResource {
    /// Its name in the template.
    pub logical: String,
    /// Its own name, or its ARN.
    pub physical: String,
    /// Such as `AWS::Events::Rule`.
    pub kind: String,
}

/// A rule of EventBridge.
#[derive(Clone, Debug, Default)]
pub struct EventRule {
    /// Whether it works.
    pub is_enabled: bool,
    /// The ARNs of its targets.
    pub targets: Vec<String>,
}

/// An alarm of CloudWatch that has gone off.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
}

/// The settings of a queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueSettings {
    /// For how many seconds it hides a message that was received.
    pub visibility: u64,
    /// After how many deliveries a message goes to the dead-letter queue; `None` without one.
    pub max_receives: Option<u64>,
}

/// A log file in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its key.
    pub key: String,
    /// When it was written, in seconds since 1970.
    pub modified: i64,
}

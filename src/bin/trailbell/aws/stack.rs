//! A deployed stack of `template.yaml`: its parameters and outputs, and what follows from them.
//!
//! A parameter that the stack does not report has the default of the template.

use std::collections::BTreeMap;

use trailbell::object::LOG_FOLDER;

use super::seen::Unusable;

/// A deployed stack, or a function without one.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// `CREATE_COMPLETE` and so on.
    pub status: String,
    /// `aws` in most regions.
    pub partition: String,
    /// Its region.
    pub region: String,
    /// The id of its account.
    pub account: String,
    /// The parameters of its deployment.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

/// Where the events come from: the parameter `Source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackSource {
    /// A new trail with its bucket.
    Trail,
    /// An existing bucket, through EventBridge.
    Bucket,
    /// The topic of an existing trail.
    Topic,
    /// An existing queue.
    Queue,
    /// EventBridge, without log files.
    Events,
}

impl Stack {
    /// The stack of this id, `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/…`, with parameters and outputs.
    ///
    /// # Errors
    ///
    /// If the id is not an ARN, or the stack lacks an output of `template.yaml`.
    pub fn new(
        id: &str,
        status: &str,
        parameters: BTreeMap<String, String>,
        outputs: BTreeMap<String, String>,
    ) -> Result<Self, Unusable> {
        let parts: Vec<&str> = id.splitn(6, ':').collect();
        let &[_, partition, _, region, account, path] = &*parts else {
            return Err(Unusable::BadStackId(id.to_owned()));
        };
        let name = path.split('/').nth(1).unwrap_or(path).to_owned();
        let needed = ["FunctionName", "AlertTopicArn", "AlarmTopicArn", "FailedEventsUrl"];
        if let Some(output) = needed.into_iter().find(|output| !outputs.contains_key(*output)) {
            return Err(Unusable::NoOutput { stack: name, status: status.to_owned(), output });
        }
        let [status, partition, region, account] = [status, partition, region, account].map(str::to_owned);
        Ok(Self { name, status, partition, region, account, parameters, outputs })
    }

    /// The topics and the table of a function without a stack, from its environment variables.
    ///
    /// # Errors
    ///
    /// If the ARN is not one, or the function has no alert topic.
    pub fn of_function(arn: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Unusable> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let &[_, partition, _, region, account, _, name] = &*parts else {
            return Err(Unusable::BadFunctionArn(arn.to_owned()));
        };
        let outputs = [
            ("AlertTopicArn", "ALERT_TOPIC_ARN"),
            ("ChatTopicArn", "CHAT_TOPIC_ARN"),
            ("FindingTopicArn", "FINDING_TOPIC_ARN"),
            ("StateTableName", "STATE_TABLE_NAME"),
        ];
        let set =
            |(output, name): (&str, &str)| Some((output.to_owned(), variable(name).filter(|text| !text.is_empty())?));
        let mut outputs: BTreeMap<_, _> = outputs.into_iter().filter_map(set).collect();
        if !outputs.contains_key("AlertTopicArn") {
            return Err(Unusable::NoAlertTopic(name.to_owned()));
        }
        outputs.insert("FunctionName".to_owned(), name.to_owned());
        let [name, partition, region, account] = [name, partition, region, account].map(str::to_owned);
        Ok(Self { name, partition, region, account, outputs, ..Self::default() })
    }

    /// The account of an ARN: this account where the ARN names none, as a bucket's does not.
    pub fn owner<'a>(&'a self, arn: &'a str) -> &'a str {
        arn.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(&self.account)
    }

    /// A parameter that is set, unless to nothing.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An output that this stack has.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// The parameter `Source`.
    pub fn source(&self) -> StackSource {
        match self.parameter("Source") {
            Some("bucket") => StackSource::Bucket,
            Some("topic") => StackSource::Topic,
            Some("queue") => StackSource::Queue,
            Some("events") => StackSource::Events,
            _ => StackSource::Trail,
        }
    }

    /// Whether events reach the function through a queue of this stack.
    pub fn is_queued(&self) -> bool {
        self.parameter("Delivery") != Some("direct")
    }

    /// Whether EventBridge delivers events, not only log files.
    pub fn takes_events(&self) -> bool {
        self.source() == StackSource::Events || self.parameter("NearRealTime") == Some("yes")
    }

    /// Whether it takes findings of detectors.
    pub fn takes_findings(&self) -> bool {
        self.parameter("DetectorEvents").is_some_and(|detectors| detectors != "none")
    }

    /// The bucket of the log files.
    pub fn bucket(&self) -> Option<&str> {
        if self.source() == StackSource::Events {
            return None;
        }
        self.parameter("LogBucketName").or_else(|| self.output("LogBucketName"))
    }

    /// All buckets of log files: that of the parameter `LogBucketName` or of the trail, and those named beside it.
    pub fn buckets(&self) -> Vec<&str> {
        let more = ["LogBucketName2", "LogBucketName3"].into_iter().filter_map(|name| self.parameter(name));
        self.bucket().into_iter().chain(more).collect()
    }

    /// The prefix of the keys of log files.
    pub fn prefix(&self) -> String {
        format!("{}{LOG_FOLDER}/", self.parameter("LogPrefix").unwrap_or_default())
    }

    /// The KMS key of topics, queues, table and log, by ARN.
    pub fn key(&self) -> Option<&str> {
        match self.parameter("EncryptionKey") {
            None | Some("none") => None,
            Some("new") => self.output("KeyArn"),
            Some(arn) => Some(arn),
        }
    }

    /// The function's name.
    pub fn function(&self) -> &str {
        self.output("FunctionName").unwrap_or_default()
    }

    /// The function's ARN.
    pub fn function_arn(&self) -> String {
        self.arn("lambda", &format!("function:{}", self.function()))
    }

    /// The ARN of the queue that the stack creates.
    pub fn queue_arn(&self) -> Option<String> {
        let name = self.output("LogQueueUrl")?.rsplit('/').next()?;
        Some(self.arn("sqs", name))
    }

    /// The queues whose messages must reach the function, by ARN.
    pub fn queues(&self) -> Vec<String> {
        let given = self.parameter("QueueArn").map(str::to_owned);
        self.queue_arn().into_iter().chain(given).collect()
    }

    /// The ARN of a resource of this account and region.
    pub fn arn(&self, service: &str, path: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{path}", self.partition, self.region, self.account)
    }

    /// The ARN of the log bucket.
    pub fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.bucket().unwrap_or_default())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const ID: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/bell/8a3f";

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// A stack of these parameters, with the outputs that every stack has and a queue.
    pub fn stack(parameters: &[(&str, &str)]) -> Stack {
        let outputs = [
            ("FunctionName", "bell-Function"),
            ("AlertTopicArn", "arn:aws:sns:eu-west-1:111122223333:alerts"),
            ("AlarmTopicArn", "arn:aws:sns:eu-west-1:111122223333:alarms"),
            ("FailedEventsUrl", "https://sqs.eu-west-1.amazonaws.com/111122223333/failed"),
            ("LogQueueUrl", "https://sqs.eu-west-1.amazonaws.com/111122223333/logs"),
        ];
        let mut stack = Stack::new(ID, "CREATE_COMPLETE", map(parameters), map(&outputs)).unwrap();
        if !stack.is_queued() {
            stack.outputs.remove("LogQueueUrl");
        }
        stack
    }

    #[test]
    fn region_and_account_come_from_the_id() {
        let stack = stack(&[]);
        assert_eq!((&*stack.name, &*stack.region, &*stack.account), ("bell", "eu-west-1", "111122223333"));
        assert_eq!(stack.function_arn(), "arn:aws:lambda:eu-west-1:111122223333:function:bell-Function");
        assert_eq!(stack.queues(), ["arn:aws:sqs:eu-west-1:111122223333:logs"]);
    }

    #[test]
    fn a_stack_of_something_else_is_refused() {
        let error = Stack::new(ID, "CREATE_COMPLETE", map(&[]), map(&[])).unwrap_err().to_string();
        assert!(error.contains("`bell` (CREATE_COMPLETE) has no output `FunctionName`"), "{error}");
        assert!(Stack::new("bell", "", map(&[]), map(&[])).is_err());
    }

    #[test]
    fn the_environment_of_a_function_names_its_topics_and_its_table() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:bell";
        let set = |name: &str| (name == "ALERT_TOPIC_ARN").then(|| "arn:alerts".to_owned());
        let stack = Stack::of_function(arn, set).unwrap();
        assert_eq!((stack.function(), &*stack.function_arn()), ("bell", arn));
        assert_eq!((stack.output("AlertTopicArn"), stack.output("StateTableName")), (Some("arn:alerts"), None));
        let error = Stack::of_function(arn, |_| None).unwrap_err().to_string();
        assert!(error.contains("`bell` has no `ALERT_TOPIC_ARN`"), "{error}");
    }

    #[test]
    fn parameters_decide_as_they_do_in_the_template() {
        assert_eq!(stack(&[]).source(), StackSource::Trail);
        assert_eq!(stack(&[("LogBucketName", "")]).bucket(), None);
        let bucket = stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("LogPrefix", "prod/")]);
        assert_eq!((bucket.bucket(), &*bucket.prefix()), (Some("logs"), "prod/AWSLogs/"));
        assert_eq!(stack(&[("EncryptionKey", "none")]).key(), None);
        assert_eq!(stack(&[("EncryptionKey", "arn:aws:kms:x:1:key/2")]).key(), Some("arn:aws:kms:x:1:key/2"));
        assert!(stack(&[("NearRealTime", "yes")]).takes_events() && !stack(&[]).takes_events());
    }
}

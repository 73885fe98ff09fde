//! A deployed stack of `template.yaml`: its parameters and its outputs, and what follows from them.
//!
//! Whatever is asked of AWS is named here; a parameter that is not told has the default of the template.

use std::collections::BTreeMap;

use trailbell::object::LOG_FOLDER;

/// A stack.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// `CREATE_COMPLETE` and its like.
    pub status: String,
    /// `aws` in most regions.
    pub partition: String,
    /// Where it is.
    pub region: String,
    /// Whose it is.
    pub account: String,
    /// What was answered when it was deployed.
    pub parameters: BTreeMap<String, String>,
    /// What it says of itself.
    pub outputs: BTreeMap<String, String>,
}

/// Where the events come from: the parameter `Source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A trail and its bucket, both made.
    Trail,
    /// A bucket that exists, through EventBridge.
    Bucket,
    /// The topic of a trail that exists.
    Topic,
    /// A queue that exists.
    Queue,
    /// EventBridge, without any log file.
    Events,
}

impl Stack {
    /// The stack of this id, `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/…`, with parameters and outputs.
    ///
    /// Errors: the id is none, or the stack is not made of `template.yaml`.
    pub fn new(
        id: &str,
        status: &str,
        parameters: BTreeMap<String, String>,
        outputs: BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let parts: Vec<&str> = id.splitn(6, ':').collect();
        let &[_, partition, _, region, account, path] = &*parts else {
            return Err(format!("CloudFormation gave the stack the id `{id}`, which is no ARN"));
        };
        let name = path.split('/').nth(1).unwrap_or(path).to_owned();
        let needed = ["FunctionName", "AlertTopicArn", "AlarmTopicArn", "FailedEventsUrl"];
        if let Some(missing) = needed.iter().find(|output| !outputs.contains_key(**output)) {
            return Err(format!(
                "the stack `{name}` ({status}) has no output `{missing}`: name a stack that `make deploy` made"
            ));
        }
        let [status, partition, region, account] = [status, partition, region, account].map(str::to_owned);
        Ok(Self { name, status, partition, region, account, parameters, outputs })
    }

    /// What can be told of a function by itself: its topics and its table, from its environment.
    ///
    /// Errors: it is no function of trailbell's.
    pub fn of_function(arn: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let &[_, partition, _, region, account, _, name] = &*parts else {
            return Err(format!("Lambda gave the function the ARN `{arn}`, which is none"));
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
            return Err(format!("the function `{name}` has no `ALERT_TOPIC_ARN`: name a function of trailbell's"));
        }
        outputs.insert("FunctionName".to_owned(), name.to_owned());
        let [name, partition, region, account] = [name, partition, region, account].map(str::to_owned);
        Ok(Self { name, partition, region, account, outputs, ..Self::default() })
    }

    /// Whose the resource of an ARN is: this account's where it does not say, as a bucket's does not.
    pub fn owner<'a>(&'a self, arn: &'a str) -> &'a str {
        arn.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(&self.account)
    }

    /// A parameter that is set to something.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An output that this stack has.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// Where the events come from.
    pub fn source(&self) -> Source {
        match self.parameter("Source") {
            Some("bucket") => Source::Bucket,
            Some("topic") => Source::Topic,
            Some("queue") => Source::Queue,
            Some("events") => Source::Events,
            _ => Source::Trail,
        }
    }

    /// Whether work goes through a queue of this stack.
    pub fn is_queued(&self) -> bool {
        self.parameter("Delivery") != Some("direct")
    }

    /// Whether events are taken from EventBridge.
    pub fn takes_events(&self) -> bool {
        self.source() == Source::Events || self.parameter("NearRealTime") == Some("yes")
    }

    /// The bucket of the log files.
    pub fn bucket(&self) -> Option<&str> {
        if self.source() == Source::Events {
            return None;
        }
        self.parameter("LogBucketName").or_else(|| self.output("LogBucketName"))
    }

    /// What the keys of log files begin with.
    pub fn prefix(&self) -> String {
        format!("{}{LOG_FOLDER}/", self.parameter("LogPrefix").unwrap_or_default())
    }

    /// The key of topics, queues, table and log.
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

    /// The ARN of the queue that the stack makes.
    pub fn queue_arn(&self) -> Option<String> {
        let name = self.output("LogQueueUrl")?.rsplit('/').next()?;
        Some(self.arn("sqs", name))
    }

    /// The queues that the function must take its work from, by ARN.
    pub fn queues(&self) -> Vec<String> {
        let given = self.parameter("QueueArn").map(str::to_owned);
        self.queue_arn().into_iter().chain(given).collect()
    }

    /// The ARN of something of this account and region.
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
    fn place_and_owner_stand_in_the_id() {
        let stack = stack(&[]);
        assert_eq!((&*stack.name, &*stack.region, &*stack.account), ("bell", "eu-west-1", "111122223333"));
        assert_eq!(stack.function_arn(), "arn:aws:lambda:eu-west-1:111122223333:function:bell-Function");
        assert_eq!(stack.queues(), ["arn:aws:sqs:eu-west-1:111122223333:logs"]);
    }

    #[test]
    fn a_stack_of_something_else_is_refused() {
        let error = Stack::new(ID, "CREATE_COMPLETE", map(&[]), map(&[])).unwrap_err();
        assert!(error.contains("`bell` (CREATE_COMPLETE) has no output `FunctionName`"), "{error}");
        assert!(Stack::new("bell", "", map(&[]), map(&[])).is_err());
    }

    #[test]
    fn a_function_tells_its_topics_and_its_table() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:bell";
        let set = |name: &str| (name == "ALERT_TOPIC_ARN").then(|| "arn:alerts".to_owned());
        let stack = Stack::of_function(arn, set).unwrap();
        assert_eq!((stack.function(), &*stack.function_arn()), ("bell", arn));
        assert_eq!((stack.output("AlertTopicArn"), stack.output("StateTableName")), (Some("arn:alerts"), None));
        let error = Stack::of_function(arn, |_| None).unwrap_err();
        assert!(error.contains("`bell` has no `ALERT_TOPIC_ARN`"), "{error}");
    }

    #[test]
    fn parameters_decide_as_they_do_in_the_template() {
        assert_eq!(stack(&[]).source(), Source::Trail);
        assert_eq!(stack(&[("LogBucketName", "")]).bucket(), None);
        let bucket = stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("LogPrefix", "prod/")]);
        assert_eq!((bucket.bucket(), &*bucket.prefix()), (Some("logs"), "prod/AWSLogs/"));
        assert_eq!(stack(&[("EncryptionKey", "none")]).key(), None);
        assert_eq!(stack(&[("EncryptionKey", "arn:aws:kms:x:1:key/2")]).key(), Some("arn:aws:kms:x:1:key/2"));
        assert!(stack(&[("NearRealTime", "yes")]).takes_events() && !stack(&[]).takes_events());
    }
}

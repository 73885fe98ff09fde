//! What AWS tells, as plain values; nothing outside this file knows AWS.
//!
//! Nothing here judges, and nothing changes anything but by invoking the function.

use std::{collections::BTreeMap, error::Error, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::{
    config::{ProvideCredentials, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
    types::{Event, NotificationConfigurationFilter},
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use trailbell::diagnostic::chain;

use super::{
    check::{Kind, Look, Unseen},
    function::{Function, Mapping},
    notification::{Notification, Notifications},
    stack::Stack,
    subscription::Subscription,
    table::{Table, TimeToLive},
};

/// What the function answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Its counts.
    Said(Value),
    /// Why it failed.
    Failed(String),
}

/// AWS, in one region.
pub struct Aws {
    config: SdkConfig,
}

impl Aws {
    /// With credentials and region as the AWS command line finds them.
    ///
    /// Errors: there is no region, or there are no credentials; nothing else of AWS is asked.
    pub async fn connect(region: Option<String>) -> Result<Self, String> {
        let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts);
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err("there is no region: give `--region`, or set `AWS_REGION` or a profile".to_owned());
        }
        let credentials = config.credentials_provider().ok_or("there are no AWS credentials")?;
        credentials.provide_credentials().await.map_err(|error| {
            let found = chain(&error);
            format!("there are no AWS credentials: set `AWS_PROFILE`, or sign in as for the AWS command line ({found})")
        })?;
        Ok(Self { config })
    }

    /// The stack of this name.
    pub async fn stack(&self, name: &str) -> Result<Stack, String> {
        let client = aws_sdk_cloudformation::Client::new(&self.config);
        let answer = client.describe_stacks().stack_name(name).send().await;
        let answer = answer.map_err(|error| said("cloudformation:DescribeStacks", &error))?;
        let stack = answer.stacks().first().ok_or_else(|| format!("there is no stack `{name}`"))?;
        let pair = |(name, value): (Option<&str>, Option<&str>)| Some((name?.to_owned(), value?.to_owned()));
        let parameters = stack.parameters().iter().map(|one| (one.parameter_key(), one.parameter_value()));
        let outputs = stack.outputs().iter().map(|one| (one.output_key(), one.output_value()));
        let (parameters, outputs): (BTreeMap<_, _>, _) =
            (parameters.filter_map(pair).collect(), outputs.filter_map(pair).collect());
        let status = stack.stack_status().map_or("", |status| status.as_str());
        Stack::new(stack.stack_id().unwrap_or_default(), status, parameters, outputs)
    }

    /// A function that no stack is named for, with the topics and the table that its settings name.
    pub async fn lone_function(&self, name: &str) -> Result<Stack, String> {
        let answer = self.lambda().get_function_configuration().function_name(name).send().await;
        let found = answer.map_err(|error| said("lambda:GetFunctionConfiguration", &error))?;
        let variables = found.environment().and_then(|environment| environment.variables());
        Stack::of_function(found.function_arn().unwrap_or_default(), |name| variables?.get(name).cloned())
    }

    /// The region of a bucket, which S3 tells even those who may not read it.
    pub async fn bucket_region(&self, bucket: &str) -> Look<String> {
        const HEADER: &str = "x-amz-bucket-region";
        match self.s3(None).head_bucket().bucket(bucket).send().await {
            Ok(answer) => Ok(answer.bucket_region().map_or_else(|| self.region(), str::to_owned)),
            Err(error) => match error.raw_response().and_then(|response| response.headers().get(HEADER)) {
                Some(region) => Ok(region.to_owned()),
                None => Err(unseen("s3:ListBucket", &error)),
            },
        }
    }

    /// Whom a bucket of a region tells of what.
    pub async fn notifications(&self, bucket: &str, region: &str) -> Look<Notifications> {
        let request = self.s3(Some(region)).get_bucket_notification_configuration().bucket(bucket);
        let found = request.send().await.map_err(|error| unseen("s3:GetBucketNotification", &error))?;
        let queues = found.queue_configurations().iter().map(|one| told(one.queue_arn(), one.events(), one.filter()));
        let topics = found.topic_configurations().iter().map(|one| told(one.topic_arn(), one.events(), one.filter()));
        let functions = found
            .lambda_function_configurations()
            .iter()
            .map(|one| told(one.lambda_function_arn(), one.events(), one.filter()));
        let list = queues.chain(topics).chain(functions).collect();
        Ok(Notifications { eventbridge: found.event_bridge_configuration().is_some(), list })
    }

    /// The state of a key.
    pub async fn key_state(&self, arn: &str) -> Look<String> {
        let answer = self.kms().describe_key().key_id(arn).send().await;
        let answer = answer.map_err(|error| unseen("kms:DescribeKey", &error))?;
        let state = answer.key_metadata().and_then(|key| key.key_state());
        Ok(state.map_or("in no known state", |state| state.as_str()).to_owned())
    }

    /// The policy of a key.
    pub async fn key_policy(&self, arn: &str) -> Look<String> {
        let answer = self.kms().get_key_policy().key_id(arn).policy_name("default").send().await;
        let answer = answer.map_err(|error| unseen("kms:GetKeyPolicy", &error))?;
        Ok(answer.policy().unwrap_or_default().to_owned())
    }

    /// Who subscribed to a topic.
    pub async fn subscriptions(&self, topic: &str) -> Look<Vec<Subscription>> {
        let request = aws_sdk_sns::Client::new(&self.config).list_subscriptions_by_topic().topic_arn(topic);
        let mut pages = request.into_paginator().send();
        let mut list = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unseen("sns:ListSubscriptionsByTopic", &error))?;
            list.extend(page.subscriptions().iter().map(|one| Subscription {
                protocol: one.protocol().unwrap_or_default().to_owned(),
                endpoint: one.endpoint().unwrap_or_default().to_owned(),
                // Otherwise it says `PendingConfirmation`, or `Deleted`.
                confirmed: one.subscription_arn().is_some_and(|arn| arn.starts_with("arn:")),
            }));
        }
        Ok(list)
    }

    /// A table.
    pub async fn table(&self, name: &str) -> Look<Table> {
        let answer = self.dynamodb().describe_table().table_name(name).send().await;
        let answer = answer.map_err(|error| unseen("dynamodb:DescribeTable", &error))?;
        let table = answer.table();
        let status = table.and_then(|table| table.table_status()).map_or("", |status| status.as_str()).to_owned();
        let keys = table.map(aws_sdk_dynamodb::types::TableDescription::key_schema).unwrap_or_default();
        let key = keys.iter().map(|one| (one.attribute_name().to_owned(), one.key_type().as_str().to_owned()));
        Ok(Table { status, key: key.collect() })
    }

    /// What ends the life of a table's items.
    pub async fn time_to_live(&self, name: &str) -> Look<TimeToLive> {
        let answer = self.dynamodb().describe_time_to_live().table_name(name).send().await;
        let answer = answer.map_err(|error| unseen("dynamodb:DescribeTimeToLive", &error))?;
        let ttl = answer.time_to_live_description();
        let attribute = ttl.and_then(|ttl| ttl.attribute_name()).unwrap_or_default().to_owned();
        let status = ttl.and_then(|ttl| ttl.time_to_live_status()).map_or("", |status| status.as_str()).to_owned();
        Ok(TimeToLive { attribute, status })
    }

    /// The function.
    pub async fn function(&self, name: &str) -> Look<Function> {
        let answer = self.lambda().get_function_configuration().function_name(name).send().await;
        let found = answer.map_err(|error| unseen("lambda:GetFunctionConfiguration", &error))?;
        let reason =
            [found.state_reason(), found.last_update_status_reason()].into_iter().flatten().collect::<Vec<_>>();
        Ok(Function {
            state: found.state().map_or("", |state| state.as_str()).to_owned(),
            update: found.last_update_status().map_or("", |status| status.as_str()).to_owned(),
            reason: reason.join("; "),
        })
    }

    /// What brings messages of queues to the function.
    pub async fn mappings(&self, function: &str) -> Look<Vec<Mapping>> {
        let mut pages = self.lambda().list_event_source_mappings().function_name(function).into_paginator().send();
        let mut list = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unseen("lambda:ListEventSourceMappings", &error))?;
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            list.extend(page.event_source_mappings().iter().map(|one| Mapping {
                queue: text(one.event_source_arn()),
                state: text(one.state()),
                id: text(one.uuid()),
            }));
        }
        Ok(list)
    }

    /// Who may invoke the function.
    pub async fn function_policy(&self, function: &str) -> Look<String> {
        let answer = self.lambda().get_policy().function_name(function).send().await;
        let answer = answer.map_err(|error| unseen("lambda:GetPolicy", &error))?;
        Ok(answer.policy().unwrap_or_default().to_owned())
    }

    /// How many messages a queue holds.
    pub async fn waiting(&self, queue: &str) -> Look<u64> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let client = aws_sdk_sqs::Client::new(&self.config);
        let request = client.get_queue_attributes().queue_url(queue).set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| unseen("sqs:GetQueueAttributes", &error))?;
        let counts = answer.attributes().into_iter().flat_map(|attributes| attributes.values());
        Ok(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
    }

    /// Invokes the function, and waits for what it says.
    pub async fn invoke(&self, function: &str, event: &Value) -> Look<Answer> {
        let request = self.lambda().invoke().function_name(function).payload(event.to_string().into_bytes().into());
        let answer = request.send().await.map_err(|error| unseen("lambda:InvokeFunction", &error))?;
        let bytes = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        let said: Value = serde_json::from_slice(bytes).unwrap_or_default();
        Ok(match (answer.function_error(), said["errorMessage"].as_str()) {
            (None, None) => Answer::Said(said),
            (_, Some(message)) => Answer::Failed(message.to_owned()),
            (Some(kind), None) => Answer::Failed(kind.to_owned()),
        })
    }

    fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    /// S3 in a region, with addresses that any endpoint understands.
    fn s3(&self, region: Option<&str>) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(true);
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_s3::Client::from_conf(config.build())
    }

    fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config)
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }
}

fn told(to: &str, events: &[Event], filter: Option<&NotificationConfigurationFilter>) -> Notification {
    let rules =
        filter.and_then(|filter| filter.key()).map(aws_sdk_s3::types::S3KeyFilter::filter_rules).unwrap_or_default();
    let value = |name: &str| {
        // S3 answers `Prefix` to who wrote `prefix`.
        let rule = rules.iter().find(|rule| rule.name().is_some_and(|one| one.as_str().eq_ignore_ascii_case(name)));
        rule.and_then(|rule| rule.value()).unwrap_or_default().to_owned()
    };
    let events = events.iter().map(|event| event.as_str().to_owned()).collect();
    Notification { events, to: to.to_owned(), prefix: value("prefix"), suffix: value("suffix") }
}

/// Why nothing can be looked at.
fn said<E: ProvideErrorMetadata + Error + 'static>(action: &'static str, error: &SdkError<E, HttpResponse>) -> String {
    let Unseen { action, reason, kind } = unseen(action, error);
    match kind {
        Kind::Denied => format!("{reason}; allow yourself `{action}`"),
        Kind::Missing | Kind::Other => reason,
    }
}

/// Parts of the codes by which AWS says that it does not know who asks.
const UNKNOWN: &[&str] = &["Signature", "Token", "UnrecognizedClient", "AccessKeyId"];

/// Why a request has no answer.
fn unseen<E: ProvideErrorMetadata + Error + 'static>(
    action: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Unseen {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let is = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let kind = if status == 403 && !is(UNKNOWN) || is(&["AccessDenied", "AuthorizationError"]) {
        Kind::Denied
    } else if status == 404 || is(&["NotFound", "NoSuchBucket", "NonExistentQueue", "QueueDoesNotExist"]) {
        Kind::Missing
    } else {
        Kind::Other
    };
    let reason = match (error.message(), status) {
        _ if code.is_empty() && status >= 400 => format!("HTTP status {status}"),
        (Some(message), _) if !code.is_empty() => format!("{code}: {message}"),
        _ if !code.is_empty() => code.to_owned(),
        _ => chain(error),
    };
    Unseen { action, reason, kind }
}

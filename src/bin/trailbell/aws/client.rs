//! All requests of the command line to AWS about a stack, answered by plain values.
//!
//! Nothing here judges. A request changes nothing, but for those that invoke the function and those to the queue of failed
//! events.

use std::{collections::BTreeMap, error::Error, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType};
use aws_sdk_s3::{
    config::{ProvideCredentials, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
    types::{Event, NotificationConfigurationFilter},
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use trailbell::diagnostic::chain;

use super::{
    seen::{
        BucketNotification, BucketNotifications, Cause, FunctionAnswer, FunctionState, Mapping, QueuedMessage, Seen,
        Subscription, TableDescription, TimeToLive, TrailLogging, Unseen, Unusable,
    },
    stack::Stack,
};

/// SQS returns at most this number of messages at once.
const MAX_MESSAGES: i32 = 10;
/// A function may run for 5 minutes; its answer takes a moment more.
const LONGEST_INVOCATION: Duration = Duration::from_secs(310);

/// AWS, in one region.
pub struct Aws {
    pub(super) config: SdkConfig,
}

impl Aws {
    /// With credentials and region as the AWS command line finds them; `region` takes precedence.
    ///
    /// # Errors
    ///
    /// If there is no region, or there are no credentials.
    pub async fn connect(region: Option<String>) -> Result<Self, Unusable> {
        let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts);
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err(Unusable::NoRegion);
        }
        let credentials = config.credentials_provider().ok_or(Unusable::NoCredentials(None))?;
        let found = credentials.provide_credentials().await;
        found.map_err(|error| Unusable::NoCredentials(Some(Box::new(error))))?;
        Ok(Self { config })
    }

    /// The stack with this name.
    ///
    /// # Errors
    ///
    /// If `CloudFormation` does not return it, or it is not a stack of `template.yaml`.
    pub async fn stack(&self, name: &str) -> Result<Stack, Unusable> {
        let client = aws_sdk_cloudformation::Client::new(&self.config);
        let answer = client.describe_stacks().stack_name(name).send().await;
        let answer = answer.map_err(|error| unseen("cloudformation:DescribeStacks", &error))?;
        let stack = answer.stacks().first().ok_or_else(|| Unusable::NoStack(name.to_owned()))?;
        let pair = |(name, value): (Option<&str>, Option<&str>)| Some((name?.to_owned(), value?.to_owned()));
        let parameters = stack.parameters().iter().map(|one| (one.parameter_key(), one.parameter_value()));
        let outputs = stack.outputs().iter().map(|one| (one.output_key(), one.output_value()));
        let (parameters, outputs): (BTreeMap<_, _>, _) =
            (parameters.filter_map(pair).collect(), outputs.filter_map(pair).collect());
        let status = stack.stack_status().map_or("", |status| status.as_str());
        Stack::new(stack.stack_id().unwrap_or_default(), status, parameters, outputs)
    }

    /// A function without a stack, with the topics and the table that its environment names.
    ///
    /// # Errors
    ///
    /// If Lambda does not return it, or it has no alert topic.
    pub async fn lone_function(&self, name: &str) -> Result<Stack, Unusable> {
        let answer = self.lambda().get_function_configuration().function_name(name).send().await;
        let found = answer.map_err(|error| unseen("lambda:GetFunctionConfiguration", &error))?;
        let variables = found.environment().and_then(|environment| environment.variables());
        Stack::of_function(found.function_arn().unwrap_or_default(), |name| variables?.get(name).cloned())
    }

    /// The region of a bucket, which S3 returns even with an error.
    pub async fn bucket_region(&self, bucket: &str) -> Seen<String> {
        const HEADER: &str = "x-amz-bucket-region";
        match self.s3(None).head_bucket().bucket(bucket).send().await {
            Ok(answer) => Ok(answer.bucket_region().map_or_else(|| self.region(), str::to_owned)),
            Err(error) => match error.raw_response().and_then(|response| response.headers().get(HEADER)) {
                Some(region) => Ok(region.to_owned()),
                None => Err(unseen("s3:ListBucket", &error)),
            },
        }
    }

    /// The notification configuration of a bucket in a region.
    pub async fn notifications(&self, bucket: &str, region: &str) -> Seen<BucketNotifications> {
        let request = self.s3(Some(region)).get_bucket_notification_configuration().bucket(bucket);
        let found = request.send().await.map_err(|error| unseen("s3:GetBucketNotification", &error))?;
        let queues =
            found.queue_configurations().iter().map(|one| notification(one.queue_arn(), one.events(), one.filter()));
        let topics =
            found.topic_configurations().iter().map(|one| notification(one.topic_arn(), one.events(), one.filter()));
        let functions = found
            .lambda_function_configurations()
            .iter()
            .map(|one| notification(one.lambda_function_arn(), one.events(), one.filter()));
        let list = queues.chain(topics).chain(functions).collect();
        Ok(BucketNotifications { eventbridge: found.event_bridge_configuration().is_some(), list })
    }

    /// The state of a key.
    pub async fn key_state(&self, arn: &str) -> Seen<String> {
        let answer = self.kms().describe_key().key_id(arn).send().await;
        let answer = answer.map_err(|error| unseen("kms:DescribeKey", &error))?;
        let state = answer.key_metadata().and_then(|key| key.key_state());
        Ok(state.map_or("in no known state", |state| state.as_str()).to_owned())
    }

    /// The policy of a key.
    pub async fn key_policy(&self, arn: &str) -> Seen<String> {
        let answer = self.kms().get_key_policy().key_id(arn).policy_name("default").send().await;
        let answer = answer.map_err(|error| unseen("kms:GetKeyPolicy", &error))?;
        Ok(answer.policy().unwrap_or_default().to_owned())
    }

    /// The subscriptions to a topic.
    pub async fn subscriptions(&self, topic: &str) -> Seen<Vec<Subscription>> {
        let request = aws_sdk_sns::Client::new(&self.config).list_subscriptions_by_topic().topic_arn(topic);
        let mut pages = request.into_paginator().send();
        let mut list = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unseen("sns:ListSubscriptionsByTopic", &error))?;
            list.extend(page.subscriptions().iter().map(|one| Subscription {
                protocol: one.protocol().unwrap_or_default().to_owned(),
                endpoint: one.endpoint().unwrap_or_default().to_owned(),
                // Otherwise it is `PendingConfirmation` or `Deleted`.
                confirmed: one.subscription_arn().is_some_and(|arn| arn.starts_with("arn:")),
            }));
        }
        Ok(list)
    }

    /// The description of a table.
    pub async fn table(&self, name: &str) -> Seen<TableDescription> {
        let answer = self.dynamodb().describe_table().table_name(name).send().await;
        let answer = answer.map_err(|error| unseen("dynamodb:DescribeTable", &error))?;
        let table = answer.table();
        let status = table.and_then(|table| table.table_status()).map_or("", |status| status.as_str()).to_owned();
        let keys = table.map(aws_sdk_dynamodb::types::TableDescription::key_schema).unwrap_or_default();
        let key = keys.iter().map(|one| (one.attribute_name().to_owned(), one.key_type().as_str().to_owned()));
        Ok(TableDescription { status, key: key.collect() })
    }

    /// The Time to Live of a table.
    pub async fn time_to_live(&self, name: &str) -> Seen<TimeToLive> {
        let answer = self.dynamodb().describe_time_to_live().table_name(name).send().await;
        let answer = answer.map_err(|error| unseen("dynamodb:DescribeTimeToLive", &error))?;
        let ttl = answer.time_to_live_description();
        let attribute = ttl.and_then(|ttl| ttl.attribute_name()).unwrap_or_default().to_owned();
        let status = ttl.and_then(|ttl| ttl.time_to_live_status()).map_or("", |status| status.as_str()).to_owned();
        Ok(TimeToLive { attribute, status })
    }

    /// The state of a function.
    pub async fn function(&self, name: &str) -> Seen<FunctionState> {
        let answer = self.lambda().get_function_configuration().function_name(name).send().await;
        let found = answer.map_err(|error| unseen("lambda:GetFunctionConfiguration", &error))?;
        let reason =
            [found.state_reason(), found.last_update_status_reason()].into_iter().flatten().collect::<Vec<_>>();
        Ok(FunctionState {
            state: found.state().map_or("", |state| state.as_str()).to_owned(),
            update: found.last_update_status().map_or("", |status| status.as_str()).to_owned(),
            reason: reason.join("; "),
        })
    }

    /// The mappings that pass messages of queues to a function.
    pub async fn mappings(&self, function: &str) -> Seen<Vec<Mapping>> {
        let mut pages = self.lambda().list_event_source_mappings().function_name(function).into_paginator().send();
        let mut list = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unseen("lambda:ListEventSourceMappings", &error))?;
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            list.extend(page.event_source_mappings().iter().map(|one| Mapping {
                queue: text(one.event_source_arn()),
                state: text(one.state()),
                id: text(one.uuid()),
                reports_failures:
                    one.function_response_types().iter().any(|kind| kind.as_str() == "ReportBatchItemFailures"),
            }));
        }
        Ok(list)
    }

    /// The resource policy of a function.
    pub async fn function_policy(&self, function: &str) -> Seen<String> {
        let answer = self.lambda().get_policy().function_name(function).send().await;
        let answer = answer.map_err(|error| unseen("lambda:GetPolicy", &error))?;
        Ok(answer.policy().unwrap_or_default().to_owned())
    }

    /// About how many messages a queue holds, hidden ones among them.
    pub async fn waiting(&self, queue: &str) -> Seen<u64> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.sqs().get_queue_attributes().queue_url(queue).set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| unseen("sqs:GetQueueAttributes", &error))?;
        let counts = answer.attributes().into_iter().flat_map(|attributes| attributes.values());
        Ok(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
    }

    /// Invokes a function and waits for its answer; a failed request is tried again.
    pub async fn invoke(&self, function: &str, event: &Value) -> Seen<FunctionAnswer> {
        answer(&self.lambda(), function, event).await
    }

    /// Invokes a function once and waits for its answer: a second attempt could do all its work twice.
    pub async fn invoke_once(&self, function: &str, event: &Value) -> Seen<FunctionAnswer> {
        let config = aws_sdk_lambda::config::Builder::from(&self.config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().read_timeout(LONGEST_INVOCATION).build());
        answer(&aws_sdk_lambda::Client::from_conf(config.build()), function, event).await
    }

    /// The ARN of a queue.
    pub async fn queue_arn(&self, queue: &str) -> Seen<String> {
        let request = self.sqs().get_queue_attributes().queue_url(queue);
        let answer = request.attribute_names(QueueAttributeName::QueueArn).send().await;
        let answer = answer.map_err(|error| unseen("sqs:GetQueueAttributes", &error))?;
        let arn = answer.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn));
        Ok(arn.cloned().unwrap_or_default())
    }

    /// Receives up to ten messages of a queue and hides them for so many seconds; none if the queue holds no visible one.
    pub async fn receive(&self, queue: &str, hidden_seconds: i32) -> Seen<Vec<QueuedMessage>> {
        let request = self.sqs().receive_message().queue_url(queue).max_number_of_messages(MAX_MESSAGES);
        // A wait asks all servers of the queue, so that no message is overlooked.
        let answer = request.visibility_timeout(hidden_seconds).wait_time_seconds(2).send().await;
        let answer = answer.map_err(|error| unseen("sqs:ReceiveMessage", &error))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let message = |one: &aws_sdk_sqs::types::Message| QueuedMessage {
            id: text(one.message_id()),
            receipt: text(one.receipt_handle()),
            body: text(one.body()),
        };
        Ok(answer.messages().iter().map(message).collect())
    }

    /// Deletes a received message.
    pub async fn delete(&self, queue: &str, message: &QueuedMessage) -> Seen<()> {
        let request = self.sqs().delete_message().queue_url(queue).receipt_handle(&message.receipt);
        request.send().await.map_err(|error| unseen("sqs:DeleteMessage", &error))?;
        Ok(())
    }

    /// Makes a received message visible again.
    pub async fn unhide(&self, queue: &str, message: &QueuedMessage) -> Seen<()> {
        let request = self.sqs().change_message_visibility().queue_url(queue).receipt_handle(&message.receipt);
        let answer = request.visibility_timeout(0).send().await;
        answer.map_err(|error| unseen("sqs:ChangeMessageVisibility", &error))?;
        Ok(())
    }

    /// The trails of this account and those of its organization, with what they log.
    pub async fn trails(&self) -> Seen<Vec<TrailLogging>> {
        let answer = self.cloudtrail(None).describe_trails().send().await;
        let answer = answer.map_err(|error| unseen("cloudtrail:DescribeTrails", &error))?;
        let mut trails = Vec::new();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        for trail in answer.trail_list() {
            let (arn, region) = (text(trail.trail_arn()), text(trail.home_region()));
            let client = self.cloudtrail(Some(&region));
            let selectors = client.get_event_selectors().trail_name(&arn).send().await;
            let selectors = selectors.map_err(|error| unseen("cloudtrail:GetEventSelectors", &error));
            let selectors = selectors.map(|found| match found.advanced_event_selectors() {
                [] => found.event_selectors().iter().flat_map(basic_selector).collect(),
                advanced => advanced.iter().map(advanced_selector).collect(),
            });
            let insights = match client.get_insight_selectors().trail_name(&arn).send().await {
                Ok(found) => Ok(!found.insight_selectors().is_empty()),
                Err(error) if error.code() == Some("InsightNotEnabledException") => Ok(false),
                Err(error) => Err(unseen("cloudtrail:GetInsightSelectors", &error)),
            };
            let (bucket, topic) = (text(trail.s3_bucket_name()), text(trail.sns_topic_arn()));
            trails.push(TrailLogging { arn, region, bucket, topic, selectors, insights });
        }
        Ok(trails)
    }

    fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    /// S3 in a region, with addresses that any endpoint understands.
    pub(super) fn s3(&self, region: Option<&str>) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(true);
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// CloudTrail in a region; in this one without.
    pub(super) fn cloudtrail(&self, region: Option<&str>) -> aws_sdk_cloudtrail::Client {
        let mut config = aws_sdk_cloudtrail::config::Builder::from(&self.config);
        if let Some(region) = region.filter(|region| !region.is_empty()) {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_cloudtrail::Client::from_conf(config.build())
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

    pub(super) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }
}

async fn answer(lambda: &aws_sdk_lambda::Client, function: &str, event: &Value) -> Seen<FunctionAnswer> {
    let request = lambda.invoke().function_name(function).payload(event.to_string().into_bytes().into());
    let answer = request.send().await.map_err(|error| unseen("lambda:InvokeFunction", &error))?;
    let bytes = answer.payload().map(AsRef::as_ref).unwrap_or_default();
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    Ok(match (answer.function_error(), value["errorMessage"].as_str()) {
        (None, None) => FunctionAnswer::Value(value),
        (_, Some(message)) => FunctionAnswer::Failed(message.to_owned()),
        (Some(kind), None) => FunctionAnswer::Failed(kind.to_owned()),
    })
}

fn notification(to: &str, events: &[Event], filter: Option<&NotificationConfigurationFilter>) -> BucketNotification {
    let rules =
        filter.and_then(|filter| filter.key()).map(aws_sdk_s3::types::S3KeyFilter::filter_rules).unwrap_or_default();
    let value = |name: &str| {
        // S3 returns `Prefix` for a configured `prefix`.
        let rule = rules.iter().find(|rule| rule.name().is_some_and(|one| one.as_str().eq_ignore_ascii_case(name)));
        rule.and_then(|rule| rule.value()).unwrap_or_default().to_owned()
    };
    let events = events.iter().map(|event| event.as_str().to_owned()).collect();
    BucketNotification { events, to: to.to_owned(), prefix: value("prefix"), suffix: value("suffix") }
}

/// An advanced event selector as the AWS CLI takes it.
fn advanced_selector(selector: &AdvancedEventSelector) -> Value {
    let field = |field: &AdvancedFieldSelector| {
        let mut shown = json!({"Field": field.field()});
        for (key, values) in [
            ("Equals", field.equals()),
            ("StartsWith", field.starts_with()),
            ("EndsWith", field.ends_with()),
            ("NotEquals", field.not_equals()),
            ("NotStartsWith", field.not_starts_with()),
            ("NotEndsWith", field.not_ends_with()),
        ] {
            if !values.is_empty() {
                shown[key] = json!(values);
            }
        }
        shown
    };
    let fields: Vec<Value> = selector.field_selectors().iter().map(field).collect();
    match selector.name() {
        Some(name) => json!({"Name": name, "FieldSelectors": fields}),
        None => json!({"FieldSelectors": fields}),
    }
}

/// The advanced event selectors that log what a basic one does ("Converting basic event selectors to advanced event selectors" in
/// the CloudTrail User Guide).
fn basic_selector(selector: &EventSelector) -> Vec<Value> {
    let fields = |category: &str, more: Vec<Value>| {
        let mut fields = vec![json!({"Field": "eventCategory", "Equals": [category]})];
        match selector.read_write_type() {
            Some(ReadWriteType::ReadOnly) => fields.push(json!({"Field": "readOnly", "Equals": ["true"]})),
            Some(ReadWriteType::WriteOnly) => fields.push(json!({"Field": "readOnly", "Equals": ["false"]})),
            _ => {}
        }
        fields.extend(more);
        json!({ "FieldSelectors": fields })
    };
    let mut found = Vec::new();
    if selector.include_management_events() != Some(false) {
        let excluded = selector.exclude_management_event_sources();
        let more =
            if excluded.is_empty() { vec![] } else { vec![json!({"Field": "eventSource", "NotEquals": excluded})] };
        found.push(fields("Management", more));
    }
    for resource in selector.data_resources() {
        let mut more = vec![json!({"Field": "resources.type", "Equals": [resource.r#type()]})];
        // `arn:aws:s3` and the like are all resources.
        if !resource.values().iter().any(|arn| arn.splitn(6, ':').skip(3).all(str::is_empty)) {
            more.push(json!({"Field": "resources.ARN", "StartsWith": resource.values()}));
        }
        found.push(fields("Data", more));
    }
    found
}

/// Parts of the codes with which AWS rejects the credentials themselves.
const UNKNOWN: &[&str] = &["Signature", "Token", "UnrecognizedClient", "AccessKeyId"];

/// The error of a request, classified by its code and its HTTP status.
pub(super) fn unseen<E: ProvideErrorMetadata + Error + 'static>(
    action: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Unseen {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let is = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let cause = if status == 403 && !is(UNKNOWN) || is(&["AccessDenied", "AuthorizationError"]) {
        Cause::Denied
    } else if status == 404 || is(&["NotFound", "NoSuchBucket", "NonExistentQueue", "QueueDoesNotExist"]) {
        Cause::Missing
    } else {
        Cause::Other
    };
    let reason = match (error.message(), status) {
        _ if code.is_empty() && status >= 400 => format!("HTTP status {status}"),
        (Some(message), _) if !code.is_empty() => format!("{code}: {message}"),
        _ if !code.is_empty() => code.to_owned(),
        _ => chain(error),
    };
    Unseen { action, reason, cause }
}

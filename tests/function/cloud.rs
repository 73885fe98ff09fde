//! S3, SNS and SQS on a running moto server, shared by all tests of this file's process.
//!
//! Names keep tests apart: a bucket, topic or queue belongs to the test that names it.

use std::{sync::LazyLock, time::Duration};

use serde_json::{Value, json};
use ureq::Agent;

use crate::process::{Process, free_port, tool};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// The AWS simulator.
pub struct Cloud {
    _server: Process,
    endpoint: String,
    agent: Agent,
}

/// A queue that is subscribed to a topic.
pub struct Queue {
    url: String,
}

impl Cloud {
    /// The simulator of this process.
    pub fn get() -> &'static Self {
        &CLOUD
    }

    /// The value of `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Creates a bucket.
    pub fn bucket(&self, bucket: &str) {
        self.put_bytes(&format!("/{bucket}"), &[]);
    }

    /// Puts an object as CloudTrail does, with `Content-Encoding`; `key` is not encoded.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        self.put_bytes(&format!("/{bucket}/{}", encode(key).replace("%2F", "/")), body);
    }

    /// The `Content-Encoding` of an object.
    pub fn encoding(&self, bucket: &str, key: &str) -> Option<String> {
        let request = self.agent.get(format!("{}/{bucket}/{key}", self.endpoint));
        let answer = request.header("Authorization", &credential("s3")).call().unwrap();
        Some(answer.headers().get("Content-Encoding")?.to_str().unwrap().to_owned())
    }

    /// Creates a topic and returns its ARN.
    pub fn topic(&self, name: &str) -> String {
        let answer = self.sns(&[("Action", "CreateTopic"), ("Name", name)]);
        let (_, rest) = answer.split_once("<TopicArn>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    }

    /// Deletes a topic.
    pub fn delete_topic(&self, topic: &str) {
        self.sns(&[("Action", "DeleteTopic"), ("TopicArn", topic)]);
    }

    /// Subscribes a new queue to a topic, with a filter policy on the message attributes (`{}` lets all pass).
    pub fn subscribe(&self, topic: &str, queue: &str, filter: Value) -> Queue {
        let url = self.sqs("CreateQueue", json!({"QueueName": queue}))["QueueUrl"].as_str().unwrap().to_owned();
        let attributes = self.sqs("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]}));
        self.sns(&[
            ("Action", "Subscribe"),
            ("TopicArn", topic),
            ("Protocol", "sqs"),
            ("Endpoint", attributes["Attributes"]["QueueArn"].as_str().unwrap()),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", &filter.to_string()),
        ]);
        Queue { url }
    }

    /// Takes all messages out of a queue: SNS's envelopes, with `Subject`, `Message` and `MessageAttributes`.
    /// moto delivers before it answers a publish, so what isn't here has been filtered out.
    pub fn receive(&self, queue: &Queue) -> Vec<Value> {
        let mut received = Vec::new();
        loop {
            let batch = self.sqs("ReceiveMessage", json!({"QueueUrl": queue.url, "MaxNumberOfMessages": 10}));
            let Some(messages) = batch["Messages"].as_array().filter(|messages| !messages.is_empty()) else {
                return received;
            };
            for message in messages {
                let receipt = json!({"QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"]});
                self.sqs("DeleteMessage", receipt);
                received.push(serde_json::from_str(message["Body"].as_str().unwrap()).unwrap());
            }
        }
    }

    /// Creates a state table.
    pub fn table(&self, name: &str) {
        let key = json!([{"AttributeName": "pk", "KeyType": "HASH"}]);
        let types = json!([{"AttributeName": "pk", "AttributeType": "S"}]);
        let table = json!({"TableName": name, "KeySchema": key, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"});
        self.dynamodb("CreateTable", table);
    }

    /// Puts an item of text into a table, as an earlier version of the function stored it.
    pub fn put_item(&self, table: &str, key: &str, text: &str) {
        let item = json!({"pk": {"S": key}, "version": {"N": "1"}, "item": {"S": text}});
        self.dynamodb("PutItem", json!({"TableName": table, "Item": item}));
    }

    /// All items of a table.
    pub fn items(&self, table: &str) -> Vec<Value> {
        self.dynamodb("Scan", json!({"TableName": table}))["Items"].as_array().unwrap().clone()
    }

    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html>
    fn dynamodb(&self, action: &str, parameters: Value) -> Value {
        let request = self.agent.post(&self.endpoint).header("Authorization", &credential("dynamodb"));
        let request = request.header("X-Amz-Target", format!("DynamoDB_20120810.{action}"));
        let answer = request.content_type("application/x-amz-json-1.0").send(parameters.to_string());
        serde_json::from_str(&answer.unwrap().body_mut().read_to_string().unwrap()).unwrap()
    }

    fn start() -> Self {
        let port = free_port();
        let server = Process::start(&tool("bin/moto_server"), &["-H", "127.0.0.1", "-p", &port.to_string()], &[]);
        let agent: Agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(30))).build().into();
        let endpoint = format!("http://127.0.0.1:{port}");
        server.wait_until(|| agent.get(format!("{endpoint}/moto-api/")).call().is_ok());
        Self { _server: server, endpoint, agent }
    }

    fn put_bytes(&self, path: &str, body: &[u8]) {
        let request = self.agent.put(format!("{}{path}", self.endpoint)).header("Authorization", &credential("s3"));
        request.content_type("application/json").header("Content-Encoding", "gzip").send(body).unwrap();
    }

    /// <https://docs.aws.amazon.com/sns/latest/api/API_Operations.html>
    fn sns(&self, parameters: &[(&str, &str)]) -> String {
        let request = self.agent.post(&self.endpoint).header("Authorization", &credential("sns"));
        let parameters = parameters.iter().copied().chain([("Version", "2010-03-31")]);
        request.send_form(parameters).unwrap().body_mut().read_to_string().unwrap()
    }

    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>
    fn sqs(&self, action: &str, parameters: Value) -> Value {
        let request = self.agent.post(&self.endpoint).header("Authorization", &credential("sqs"));
        let request = request.header("X-Amz-Target", format!("AmazonSQS.{action}"));
        let answer = request.content_type("application/x-amz-json-1.0").send(parameters.to_string());
        serde_json::from_str(&answer.unwrap().body_mut().read_to_string().unwrap()).unwrap()
    }
}

/// Tells moto service and region; it checks no signature.
fn credential(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

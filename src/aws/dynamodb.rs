//! DynamoDB as the place where things are remembered: one item a key, written only in place of the version that was read.
//!
//! The table needs the key `pk`, a text; its time to live is the attribute `expires`. It is never scanned.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use jiff::Timestamp;

use super::{own_retries, reason};
use crate::state::{Down, Item, Memory, Put, Table, Version};

/// A table of remembered things.
pub struct DynamoDb {
    client: Client,
    table: String,
}

impl DynamoDb {
    /// The table of that name, with the shared time-outs.
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config).retry_partition(own_retries("dynamodb")).build();
        Self { client: Client::from_conf(config), table: table.to_owned() }
    }

    fn down<E: ProvideErrorMetadata + std::error::Error + 'static>(&self, error: &SdkError<E, HttpResponse>) -> Down {
        let table = &self.table;
        Down(match error.code() {
            Some("ResourceNotFoundException") => {
                format!("the table `{table}` does not exist; `STATE_TABLE_NAME` names it")
            }
            Some("AccessDeniedException") => format!(
                "the table `{table}` may not be used (AccessDeniedException); allow the function's role dynamodb:GetItem and \
                 dynamodb:PutItem on it, and kms:Decrypt on its key if it is encrypted with one"
            ),
            _ => format!("the table `{table}`: {}", reason(error)),
        })
    }
}

/// Where things are remembered: for good, or for this invocation.
#[derive(Clone, Copy)]
pub enum State<'a> {
    /// In a table.
    Table(&'a DynamoDb),
    /// Nowhere else.
    Memory(&'a Memory),
}

impl Table for State<'_> {
    async fn get(&self, key: &str) -> Result<Option<(Item, Version)>, Down> {
        match self {
            State::Table(table) => table.get(key).await,
            State::Memory(memory) => memory.get(key).await,
        }
    }

    async fn put(
        &self,
        key: &str,
        item: &Item,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> Result<Put, Down> {
        match self {
            State::Table(table) => table.put(key, item, expected, expires).await,
            State::Memory(memory) => memory.put(key, item, expected, expires).await,
        }
    }
}

impl Table for DynamoDb {
    /// See [GetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html).
    async fn get(&self, key: &str) -> Result<Option<(Item, Version)>, Down> {
        let request = self.client.get_item().table_name(&self.table).key("pk", text(key)).consistent_read(true);
        let answer = request.send().await.map_err(|error| self.down(&error))?;
        let Some(found) = answer.item else { return Ok(None) };
        let version = found.get("version").and_then(|version| version.as_n().ok()).and_then(|text| text.parse().ok());
        match (found.get("item").and_then(|item| item.as_s().ok()), version) {
            (Some(item), Some(version)) => Ok(Some((Item::decode(item)?, Version(version)))),
            _ => Err(Down(format!("`{key}` in the table `{}` has no `item` or no `version`", self.table))),
        }
    }

    /// See [PutItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html).
    async fn put(
        &self,
        key: &str,
        item: &Item,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> Result<Put, Down> {
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(key))
            .item("item", AttributeValue::S(item.encode()))
            .item("version", number(Version::after(expected).0));
        let request = match expires {
            Some(expires) => request.item("expires", number(expires.as_second())),
            None => request,
        };
        let request = match expected {
            None => request.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", "pk"),
            Some(expected) => request
                .condition_expression("#version = :expected")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":expected", number(expected.0)),
        };
        match request.send().await {
            Ok(_) => Ok(Put::Stored),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(Put::Conflict),
            Err(error) => Err(self.down(&error)),
        }
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

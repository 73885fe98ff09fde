//! The state table in DynamoDB: one item for each key, written only in place of the version that was read.
//!
//! The key of the table is the string attribute `pk`, and its time to live the attribute `expires`. It is never
//! scanned.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use jiff::Timestamp;
use thiserror::Error;

use super::{client::own_retries, request_error::RequestError};
use crate::state::{MemoryTable, Put, StoredItem, Table, TableError, Version};

/// A state table in DynamoDB.
pub struct DynamoDb {
    client: Client,
    table: String,
}

/// Why the table is unavailable.
#[derive(Debug, Error)]
enum DynamoDbError {
    #[error("the table `{table}` does not exist; `STATE_TABLE_NAME` names it")]
    Missing { table: String },
    #[error(
        "access to the table `{table}` is denied (AccessDeniedException); allow the function's role dynamodb:GetItem and \
         dynamodb:PutItem on it, and kms:Decrypt on its key if it is encrypted with one"
    )]
    Denied { table: String },
    #[error("the request to the table `{table}` failed")]
    Failed {
        table: String,
        #[source]
        error: RequestError,
    },
    #[error("the item `{key}` of the table `{table}` has no `item` or no `version`")]
    Incomplete { key: String, table: String },
}

impl DynamoDb {
    /// The table with this name or ARN; `config` has the credentials, time-outs and retries.
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config).retry_partition(own_retries("dynamodb")).build();
        Self { client: Client::from_conf(config), table: table.to_owned() }
    }

    fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let table = self.table.clone();
        TableError::service(match error.code() {
            Some("ResourceNotFoundException") => DynamoDbError::Missing { table },
            Some("AccessDeniedException") => DynamoDbError::Denied { table },
            _ => DynamoDbError::Failed { table, error: error.into() },
        })
    }
}

/// Where the function stores state.
#[derive(Clone, Copy)]
pub enum StateTable<'a> {
    /// In DynamoDB.
    DynamoDb(&'a DynamoDb),
    /// In memory, until the invocation ends.
    Memory(&'a MemoryTable),
}

impl Table for StateTable<'_> {
    async fn get(&self, key: &str) -> Result<Option<(StoredItem, Version)>, TableError> {
        match self {
            StateTable::DynamoDb(table) => table.get(key).await,
            StateTable::Memory(memory) => memory.get(key).await,
        }
    }

    async fn put(
        &self,
        key: &str,
        item: &StoredItem,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> Result<Put, TableError> {
        match self {
            StateTable::DynamoDb(table) => table.put(key, item, expected, expires).await,
            StateTable::Memory(memory) => memory.put(key, item, expected, expires).await,
        }
    }
}

impl Table for DynamoDb {
    /// See [GetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html).
    async fn get(&self, key: &str) -> Result<Option<(StoredItem, Version)>, TableError> {
        let request = self.client.get_item().table_name(&self.table).key("pk", text(key)).consistent_read(true);
        let answer = request.send().await.map_err(|error| self.failed(error))?;
        let Some(found) = answer.item else { return Ok(None) };
        let version = found.get("version").and_then(|version| version.as_n().ok()).and_then(|text| text.parse().ok());
        match (found.get("item").and_then(|item| item.as_s().ok()), version) {
            (Some(item), Some(version)) => {
                let item = StoredItem::decode(item).map_err(|error| TableError::unreadable(key, error))?;
                Ok(Some((item, Version(version))))
            }
            _ => Err(TableError::service(DynamoDbError::Incomplete { key: key.to_owned(), table: self.table.clone() })),
        }
    }

    /// See [PutItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html).
    async fn put(
        &self,
        key: &str,
        item: &StoredItem,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> Result<Put, TableError> {
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
            Err(error) => Err(self.failed(error)),
        }
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

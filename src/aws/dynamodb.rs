//! The state table in DynamoDB: one item for each key, written only in place of the version that was read or as a change of
//! a set, and several in one transaction.
//!
//! The key of the table is the string attribute `pk`, and its time to live the attribute `expires`. It is never
//! scanned. The attribute `item` is text, or bytes for a series, or the set of what is due, which is missing when it is empty.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    primitives::Blob,
    types::{
        AttributeValue, CancellationReason, KeysAndAttributes, Put as TransactPut, TransactWriteItem,
        Update as TransactUpdate,
    },
};
use thiserror::Error;
use tokio::time::sleep;

use super::{
    client::{ATTEMPTS, backoff, own_retries},
    request_error::RequestError,
};
use crate::state::{
    Change, MAX_CHANGES, MemoryTable, Stored, StoredItem, Table, TableError, Version, Write, Written, entry::ItemBody,
};

/// A state table in DynamoDB.
pub struct DynamoDb {
    client: Client,
    table: String,
    retry_base: Duration,
}

/// Why the table is unavailable.
#[derive(Debug, Error)]
enum DynamoDbError {
    #[error("the table `{table}` does not exist; `STATE_TABLE_NAME` names it")]
    Missing { table: String },
    #[error(
        "access to the table `{table}` is denied (AccessDeniedException); allow the function's role \
         dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:UpdateItem on it, and kms:Decrypt on its key if it is encrypted with one"
    )]
    Denied { table: String },
    #[error("the request to the table `{table}` failed")]
    Failed {
        table: String,
        #[source]
        error: RequestError,
    },
    #[error("the table `{table}` is throttled: {ATTEMPTS} requests left keys unprocessed")]
    Throttled { table: String },
    #[error("the item `{key}` of the table `{table}` has no readable `item` or `version`")]
    Incomplete { key: String, table: String },
}

impl DynamoDb {
    /// The table with this name or ARN; `config` has the credentials, time-outs and retries. What the table leaves undone
    /// of a request is requested again after `retry_base`, which doubles from there.
    pub fn new(config: &SdkConfig, table: &str, retry_base: Duration) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config).retry_partition(own_retries("dynamodb")).build();
        Self { client: Client::from_conf(config), table: table.to_owned(), retry_base }
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
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        match self {
            StateTable::DynamoDb(table) => table.read(keys).await,
            StateTable::Memory(memory) => memory.read(keys).await,
        }
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        match self {
            StateTable::DynamoDb(table) => table.write(changes).await,
            StateTable::Memory(memory) => memory.write(changes).await,
        }
    }

    fn due_keys(&self) -> Vec<String> {
        match self {
            StateTable::DynamoDb(table) => table.due_keys(),
            StateTable::Memory(memory) => memory.due_keys(),
        }
    }
}

impl Table for DynamoDb {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        let mut found = HashMap::new();
        for keys in keys.chunks(MAX_CHANGES) {
            self.read_request(keys, &mut found).await?;
        }
        Ok(keys.iter().map(|key| found.remove(*key)).collect())
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        match changes {
            [] => Ok(Written::Stored),
            [change] => self.write_one(change).await,
            changes => self.transact(changes).await,
        }
    }
}

type Item = HashMap<String, AttributeValue>;

impl DynamoDb {
    /// Reads the items of one request, and repeats it for the keys that are left unprocessed.
    ///
    /// See [BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
    async fn read_request(&self, keys: &[&str], found: &mut HashMap<String, Stored>) -> Result<(), TableError> {
        let mut left: Vec<Item> = keys.iter().map(|key| Item::from([("pk".to_owned(), text(key))])).collect();
        for attempt in 0.. {
            let keys = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let keys = keys.map_err(TableError::service)?;
            let request = self.client.batch_get_item().request_items(&self.table, keys);
            let answer = request.send().await.map_err(|error| self.failed(error))?;
            for item in answer.responses.into_iter().flat_map(HashMap::into_values).flatten() {
                let (key, stored) = self.stored(&item)?;
                found.insert(key, stored);
            }
            left =
                answer.unprocessed_keys.into_iter().flat_map(HashMap::into_values).flat_map(|keys| keys.keys).collect();
            if left.is_empty() {
                break;
            }
            if attempt + 1 == ATTEMPTS {
                return Err(TableError::service(DynamoDbError::Throttled { table: self.table.clone() }));
            }
            sleep(backoff(self.retry_base, attempt)).await;
        }
        Ok(())
    }

    fn stored(&self, item: &Item) -> Result<(String, Stored), TableError> {
        let key = item.get("pk").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
        let version = item.get("version").and_then(|version| version.as_n().ok()).and_then(|text| text.parse().ok());
        let body = match item.get("item") {
            Some(AttributeValue::S(text)) => Some(ItemBody::Text(text.clone())),
            Some(AttributeValue::B(bytes)) => Some(ItemBody::Bytes(bytes.as_ref().to_vec())),
            Some(AttributeValue::Ss(entries)) => Some(ItemBody::Set(entries.iter().cloned().collect())),
            // A set without its last element is no attribute.
            None => Some(ItemBody::Set(BTreeSet::new())),
            Some(_) => None,
        };
        match (body, version) {
            (Some(body), Some(version)) => {
                let item = StoredItem::decode(&body).map_err(|error| TableError::unreadable(&key, error))?;
                Ok((key, (item, Version(version))))
            }
            _ => Err(TableError::service(DynamoDbError::Incomplete { key, table: self.table.clone() })),
        }
    }

    /// Writes one item, which costs half as much as in a transaction.
    ///
    /// See [PutItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html) and
    /// [UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html).
    async fn write_one(&self, change: &Change) -> Result<Written, TableError> {
        match Request::of(change) {
            Request::Put(Conditional { item, condition, name, value }) => {
                let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
                let request = request.condition_expression(condition).expression_attribute_names(name.0, name.1);
                self.written(request.set_expression_attribute_values(value).send().await).await
            }
            Request::Update(SetUpdate { key, expression, names, values }) => {
                let request = self.client.update_item().table_name(&self.table).set_key(Some(key));
                let request = request.update_expression(expression).set_expression_attribute_names(Some(names));
                self.written(request.set_expression_attribute_values(Some(values)).send().await).await
            }
        }
    }

    /// What the answer to the write of one item means.
    async fn written<T, E>(&self, answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Written, TableError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let Err(error) = answer else { return Ok(Written::Stored) };
        match error.code() {
            Some("ConditionalCheckFailedException") => Ok(Written::Conflicts(vec![0])),
            Some("TransactionConflictException") => Ok(self.conflicts(vec![0]).await),
            Some("ValidationException") if error.message().is_some_and(is_full) => Ok(Written::Full(vec![0])),
            _ => Err(self.failed(error)),
        }
    }

    /// Writes items in one transaction. Its token is the SDK's and the same whenever the SDK repeats the request, so a
    /// transaction whose answer was lost conflicts with nothing. A put or an update in a transaction needs the permission for
    /// `PutItem` or `UpdateItem` alone
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>).
    ///
    /// See [TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
    async fn transact(&self, changes: &[Change]) -> Result<Written, TableError> {
        for attempt in 0.. {
            let writes: Result<Vec<TransactWriteItem>, _> =
                changes.iter().map(|change| self.transacted(change)).collect();
            let writes = writes.map_err(TableError::service)?;
            let request = self.client.transact_write_items().set_transact_items(Some(writes));
            let Err(error) = request.send().await else { break };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => return Err(self.failed(error)),
            };
            let coded = |code: fn(&str) -> bool| -> Vec<usize> {
                let codes = reasons.iter().map(|reason| reason.code.as_deref().unwrap_or_default());
                codes.enumerate().filter(|(_, found)| code(found)).map(|(at, _)| at).collect()
            };
            let replaced = coded(|code| code == "ConditionalCheckFailed");
            let being_written = coded(|code| code == "TransactionConflict");
            let reason = |reason: &CancellationReason| {
                reason.code() == Some("ValidationError") && reason.message().is_some_and(is_full)
            };
            let full: Vec<usize> = (0..reasons.len()).filter(|at| reason(&reasons[*at])).collect();
            if !replaced.is_empty() {
                return Ok(Written::Conflicts(replaced));
            } else if !being_written.is_empty() {
                return Ok(self.conflicts(being_written).await);
            } else if !full.is_empty() {
                return Ok(Written::Full(full));
            } else if coded(is_throttle).is_empty() || attempt + 1 == ATTEMPTS {
                return Err(self.failed(error));
            }
            sleep(backoff(self.retry_base, attempt)).await;
        }
        Ok(Written::Stored)
    }

    fn transacted(&self, change: &Change) -> Result<TransactWriteItem, BuildError> {
        Ok(match Request::of(change) {
            Request::Put(Conditional { item, condition, name, value }) => {
                let put = TransactPut::builder().table_name(&self.table).set_item(Some(item));
                let put = put.condition_expression(condition).expression_attribute_names(name.0, name.1);
                TransactWriteItem::builder().put(put.set_expression_attribute_values(value).build()?).build()
            }
            Request::Update(SetUpdate { key, expression, names, values }) => {
                let update = TransactUpdate::builder().table_name(&self.table).set_key(Some(key));
                let update = update.update_expression(expression).set_expression_attribute_names(Some(names));
                TransactWriteItem::builder()
                    .update(update.set_expression_attribute_values(Some(values)).build()?)
                    .build()
            }
        })
    }

    /// The conflict with items that other requests write at this moment. What was read is old once those are done.
    async fn conflicts(&self, changes: Vec<usize>) -> Written {
        sleep(self.retry_base).await;
        Written::Conflicts(changes)
    }
}

/// The reasons of a canceled transaction that the next attempt may not meet.
fn is_throttle(code: &str) -> bool {
    code == "ThrottlingError" || code == "ProvisionedThroughputExceeded"
}

/// Whether DynamoDB refuses an update since the item would be larger than 400 KB:
/// "Item size to update has exceeded the maximum allowed size".
fn is_full(message: &str) -> bool {
    message.contains("Item size")
}

/// A change as DynamoDB takes it.
enum Request {
    Put(Conditional),
    Update(SetUpdate),
}

/// An item, and the condition that the version before it is still stored.
struct Conditional {
    item: Item,
    condition: &'static str,
    name: (&'static str, &'static str),
    value: Option<HashMap<String, AttributeValue>>,
}

/// A change of a set, whatever the set holds.
struct SetUpdate {
    key: Item,
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Request {
    fn of(change: &Change) -> Self {
        match &change.write {
            Write::Put { item, expected } => Self::Put(Conditional::of(change, item, *expected)),
            Write::Add(entries) => Self::Update(SetUpdate::of(change, "ADD #item :entries, #version :one", entries)),
            Write::Remove(entries) => {
                Self::Update(SetUpdate::of(change, "DELETE #item :entries ADD #version :one", entries))
            }
        }
    }
}

impl Conditional {
    fn of(change: &Change, item: &StoredItem, expected: Option<Version>) -> Self {
        let version = Version::after(expected).0;
        let body = match item.encode() {
            ItemBody::Text(text) => AttributeValue::S(text),
            ItemBody::Bytes(bytes) => AttributeValue::B(Blob::new(bytes)),
            ItemBody::Set(entries) => AttributeValue::Ss(entries.into_iter().collect()),
        };
        let attributes = [("pk", text(&change.key)), ("item", body), ("version", number(version))];
        let expires = change.expires.map(|expires| ("expires", number(expires.as_second())));
        let item = attributes.into_iter().chain(expires).map(|(name, value)| (name.to_owned(), value)).collect();
        let (condition, name, value) = match expected {
            None => ("attribute_not_exists(#pk)", ("#pk", "pk"), None),
            Some(Version(expected)) => {
                let value = HashMap::from([(":expected".to_owned(), number(expected))]);
                ("#version = :expected", ("#version", "version"), Some(value))
            }
        };
        Self { item, condition, name, value }
    }
}

impl SetUpdate {
    fn of(change: &Change, expression: &str, entries: &BTreeSet<String>) -> Self {
        let entries = AttributeValue::Ss(entries.iter().cloned().collect());
        let mut values = HashMap::from([(":entries".to_owned(), entries), (":one".to_owned(), number(1))]);
        let mut names = HashMap::from(["item", "version"].map(|name| (format!("#{name}"), name.to_owned())));
        let mut expression = expression.to_owned();
        if let Some(expires) = change.expires {
            expression += " SET #expires = :expires";
            names.insert("#expires".to_owned(), "expires".to_owned());
            values.insert(":expires".to_owned(), number(expires.as_second()));
        }
        Self { key: Item::from([("pk".to_owned(), text(&change.key))]), expression, names, values }
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

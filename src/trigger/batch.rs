//! S3 Batch Operations: a task is an object, and a unit.
//!
//! Keys are encoded as in S3's notifications, in both versions of the schema.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Delivery, Envelope, Sender, TriggerError, Unit, Work, in_words, objects::created, read, shortened, text_of,
};

use crate::object::decode_form;

#[derive(Deserialize)]
struct Task<'a> {
    #[serde(rename = "taskId", borrow)]
    id: Option<&'a RawValue>,
    #[serde(rename = "s3Key", borrow)]
    key: Option<&'a RawValue>,
    /// Schema 1.0.
    #[serde(rename = "s3BucketArn", borrow)]
    bucket_arn: Option<&'a RawValue>,
    /// Schema 2.0.
    #[serde(rename = "s3Bucket", borrow)]
    bucket: Option<&'a RawValue>,
}

/// The tasks of an invocation: "Invoke AWS Lambda function" in the Amazon S3 User Guide.
pub(super) fn tasks(envelope: &Envelope<'_>) -> Result<Delivery, TriggerError> {
    let what = || "the event of S3 Batch Operations".to_owned();
    let bad = |reason: String| TriggerError::Bad { what: what(), reason };
    let schema: String = read(envelope.invocation_schema_version, "invocationSchemaVersion", what)?;
    if !matches!(schema.as_str(), "1.0" | "2.0") {
        let schema = shortened(&schema);
        return Err(bad(format!("its `invocationSchemaVersion` is `{schema}`; only `1.0` and `2.0` are known")));
    }
    let invocation: String = read(envelope.invocation_id, "invocationId", what)?;
    let tasks = envelope.tasks.ok_or_else(|| bad("it has no `tasks`".to_owned()))?;
    let tasks: Vec<&RawValue> =
        serde_json::from_str(tasks.get()).map_err(|_| bad("its `tasks` are no list".to_owned()))?;
    if tasks.is_empty() {
        return Err(bad("its `tasks` are empty".to_owned()));
    }
    let units = tasks.into_iter().enumerate().map(|(index, task)| unit(task, index)).collect();
    Ok(Delivery { sender: Sender::Batch { schema, invocation }, units })
}

fn unit(task: &RawValue, index: usize) -> Unit {
    let what = || format!("task {index} of the event of S3 Batch Operations");
    let bad = |reason: String| TriggerError::Bad { what: what(), reason };
    let task: Task<'_> = match serde_json::from_str(task.get()) {
        Ok(task) => task,
        Err(error) => return Unit { id: None, work: vec![Work::Malformed(bad(in_words(&error)))] },
    };
    let bucket = || match (task.bucket, task.bucket_arn) {
        (Some(name), _) => read(Some(name), "s3Bucket", what),
        (None, arn) => {
            let arn: String = read(arn, "s3BucketArn", what)?;
            let name = arn.rsplit(':').next().unwrap_or_default();
            if name.is_empty() { Err(bad("its `s3BucketArn` names no bucket".to_owned())) } else { Ok(name.to_owned()) }
        }
    };
    let object = || {
        let key: String = read(task.key, "s3Key", what)?;
        Ok(created(bucket()?, decode_form(&key).map_err(|error| bad(error.to_string()))?))
    };
    let id = text_of(task.id).filter(|id| !id.is_empty());
    Unit { id, work: vec![object().unwrap_or_else(Work::Malformed)] }
}

//! S3 Batch Operations: each task is an object and a unit. In both versions of the schema, keys are encoded as in S3's
//! notifications.

use aws_lambda_events::s3::batch_job::S3BatchJobTask;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    delivery::{Delivery, Sender, Unit, Work},
    envelope::{Envelope, elements},
    error::PartError,
    s3::created,
    shape::{Read, Shape},
};
use crate::object::decode_form;

/// The tasks of an invocation: "Invoke AWS Lambda function" in the Amazon S3 User Guide.
pub(super) const TASKS: Shape = Shape {
    fields: &["invocationSchemaVersion", "invocationId", "tasks"],
    is: |envelope| envelope.has("invocationSchemaVersion") || envelope.has("tasks"),
    read: Read::Delivery(|envelope| tasks(envelope).map_err(|error| error.of("the event of S3 Batch Operations"))),
};

/// Reads the tasks one by one: as a whole, the event type of `aws_lambda_events` refuses all of them for an odd one.
fn tasks(envelope: &Envelope<'_>) -> Result<Delivery, PartError> {
    let schema: String = envelope.parse("invocationSchemaVersion")?;
    if !matches!(schema.as_str(), "1.0" | "2.0") {
        return Err(PartError::unexpected("invocationSchemaVersion", &schema, "`1.0` or `2.0`"));
    }
    let invocation: String = envelope.parse("invocationId")?;
    let tasks = elements(envelope.get("tasks"), "tasks")?;
    let units = tasks.into_iter().enumerate().map(|(index, task)| unit(task, index)).collect();
    Ok(Delivery { sender: Sender::Batch { schema, invocation }, is_redelivered: false, units })
}

fn unit(task: &RawValue, index: usize) -> Unit {
    let malformed =
        |error: PartError| Work::Malformed(error.of(format!("task {index} of the event of S3 Batch Operations")));
    match serde_json::from_str::<S3BatchJobTask>(task.get()) {
        Ok(mut read) => {
            let id = read.task_id.take().filter(|id| !id.is_empty());
            Unit { id, message: None, work: vec![object(read, task).unwrap_or_else(malformed)] }
        }
        Err(error) => Unit { id: None, message: None, work: vec![malformed(error.into())] },
    }
}

/// The bucket in schema 2.0, which the type of `aws_lambda_events` loses.
#[derive(Deserialize)]
struct TaskBucket {
    #[serde(rename = "s3Bucket")]
    name: Option<String>,
}

fn object(task: S3BatchJobTask, text: &RawValue) -> Result<Work, PartError> {
    let key = task.s3_key.ok_or(PartError::Missing("s3Key"))?;
    let bucket = match (serde_json::from_str::<TaskBucket>(text.get())?.name, task.s3_bucket_arn) {
        (Some(name), _) => name,
        (None, arn) => {
            let arn = arn.ok_or(PartError::Missing("s3BucketArn"))?;
            let name = arn.rsplit(':').next().filter(|name| !name.is_empty());
            name.ok_or(PartError::NoBucket)?.to_owned()
        }
    };
    Ok(created(bucket, decode_form(&key)?))
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::s3::batch_job::S3BatchJobEvent;
    use serde_json::json;

    use super::*;
    use crate::trigger::decode::KNOWN;

    #[test]
    fn the_types_of_aws_lambda_events_lose_the_bucket_of_schema_2_0() {
        let task = json!({"taskId": "t", "s3Key": "a", "s3VersionId": null, "s3Bucket": "logs"});
        let read: S3BatchJobTask = serde_json::from_value(task.clone()).unwrap();
        assert!(!serde_json::to_string(&read).unwrap().contains("logs"));
        let Unit { work, .. } = unit(&serde_json::value::to_raw_value(&task).unwrap(), 0);
        assert!(matches!(&work[..], [Work::Object(object)] if object.bucket == "logs"), "{work:?}");
    }

    #[test]
    fn the_event_type_of_aws_lambda_events_refuses_all_tasks_for_an_odd_one() {
        let good = json!({"taskId": "t", "s3Key": "a", "s3BucketArn": "arn:aws:s3:::logs"});
        let event =
            json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": [good, 5]});
        assert!(serde_json::from_value::<S3BatchJobEvent>(event.clone()).is_err());
        let text = event.to_string();
        let units = tasks(&Envelope::read(&text, 0, KNOWN).unwrap()).unwrap().units;
        assert!(matches!(&units[0].work[..], [Work::Object(_)]) && matches!(&units[1].work[..], [Work::Malformed(_)]));
    }
}

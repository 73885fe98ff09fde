//! Do new log files reach the function exactly once?
//!
//! Each path from the bucket to the function is counted; other receivers do not matter.

use super::check::Check;
use crate::aws::{BucketNotification, BucketNotifications, Stack, StackSource};

const NAME: &str = "notifications";
const SUFFIX: &str = ".json.gz";
/// The event types of the ways in which CloudTrail may write an object.
const WRITES: [&str; 2] = ["Put", "CompleteMultipartUpload"];

impl BucketNotification {
    /// The ways of writing an object that it reports.
    fn writes(&self) -> impl Iterator<Item = &'static str> {
        let is_reported = |write: &&str| {
            let events = ["s3:*".to_owned(), "s3:ObjectCreated:*".to_owned(), format!("s3:ObjectCreated:{write}")];
            self.events.iter().any(|event| events.contains(event))
        };
        WRITES.into_iter().filter(is_reported)
    }

    /// Whether both report some object.
    fn overlaps(&self, other: &Self) -> bool {
        let begins = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
        let ends = |one: &str, other: &str| one.ends_with(other) || other.ends_with(one);
        self.writes().any(|write| other.writes().any(|one| one == write))
            && begins(&self.prefix, &other.prefix)
            && ends(&self.suffix, &other.suffix)
    }

    fn is_of_log_files(&self, prefix: &str) -> bool {
        self.writes().next().is_some()
            && (self.prefix.starts_with(prefix) || prefix.starts_with(&self.prefix))
            && (self.suffix.ends_with(SUFFIX) || SUFFIX.ends_with(&self.suffix))
    }

    fn is_of_all_log_files(&self, prefix: &str) -> bool {
        prefix.starts_with(&self.prefix) && SUFFIX.ends_with(&self.suffix)
    }
}

/// Judges the notifications of a bucket of the stack's.
pub fn judge(stack: &Stack, bucket: &str, found: &BucketNotifications) -> Check {
    let prefix = stack.prefix();
    let about = || found.list.iter().filter(|one| one.is_of_log_files(&prefix));
    let function = stack.function_arn();
    // A version or an alias of the function is the function.
    let is_function = |arn: &str| arn == function || arn.starts_with(&format!("{function}:"));
    let queues = stack.queues();
    let topic = stack.parameter("TrailTopicArn");
    let (ours, others): (Vec<_>, Vec<_>) =
        about().partition(|one| is_function(&one.to) || queues.contains(&one.to) || Some(&*one.to) == topic);
    let source = stack.source();
    // The trail itself may publish to its topic; other senders to an existing queue cannot be seen from here.
    let through_rule = usize::from(source == StackSource::Bucket && found.eventbridge);
    let through_trail = usize::from(source == StackSource::Topic && !ours.iter().any(|one| Some(&*one.to) == topic));
    // Notifications that share no object are one path.
    let doubled = |(at, one): (usize, &&BucketNotification)| ours[..at].iter().any(|other| one.overlaps(other));
    let notified = usize::from(!ours.is_empty()) + ours.iter().enumerate().filter(|one| doubled(*one)).count();
    let paths = notified + through_rule + through_trail;

    if source == StackSource::Bucket && !found.eventbridge {
        return Check::failed(
            NAME,
            format!("the bucket `{bucket}` sends nothing to EventBridge, so no log file arrives"),
            format!("its owner switches it on: S3, `{bucket}`, Properties, Amazon EventBridge, On"),
        );
    }
    if source == StackSource::Trail && ours.is_empty() {
        let to = stack.queue_arn().filter(|_| stack.is_queued()).unwrap_or(function);
        return Check::failed(
            NAME,
            format!("the bucket `{bucket}` does not notify `{to}` of new log files"),
            format!(
                "set its notification again: `s3:ObjectCreated:*`, prefix `{prefix}`, suffix `{SUFFIX}`, to `{to}`"
            ),
        );
    }
    if paths > 1 {
        let mut named: Vec<_> = ours.iter().map(|one| format!("a notification to `{}`", one.to)).collect();
        named.extend((through_rule > 0).then(|| "the rule `NewObjects` of EventBridge".to_owned()));
        named.extend((through_trail > 0).then(|| "the topic of the trail".to_owned()));
        return Check::failed(
            NAME,
            format!("a log file of the bucket `{bucket}` reaches the function {paths} times: {}", named.join(", ")),
            match source {
                StackSource::Bucket | StackSource::Topic => {
                    "remove the bucket's notification to the function or its queue"
                }
                _ => "keep one of them and remove the others",
            },
        );
    }
    let wide = || ours.iter().filter(|one| one.is_of_all_log_files(&prefix));
    let is_complete = WRITES.iter().all(|write| wide().any(|one| one.writes().any(|reported| reported == *write)));
    if let Some(narrow) = ours.first().filter(|_| !is_complete) {
        let reported: Vec<_> = ours
            .iter()
            .map(|one| format!("`{}*{}` ({})", one.prefix, one.suffix, one.writes().collect::<Vec<_>>().join(", ")))
            .collect();
        return Check::warning(
            NAME,
            format!("the bucket sends no notification of log files other than {}", reported.join(", ")),
            format!(
                "give the notification to `{}` the prefix `{prefix}`, the suffix `{SUFFIX}` and `s3:ObjectCreated:*`",
                narrow.to
            ),
        );
    }
    let path = match source {
        StackSource::Bucket => "through EventBridge",
        StackSource::Topic if ours.is_empty() => "through the trail's topic",
        StackSource::Queue if ours.is_empty() => "through the queue",
        _ => "by a notification",
    };
    let beside = match others.len() {
        0 => String::new(),
        1 => "; another receiver is notified, too".to_owned(),
        many => format!("; {many} other receivers are notified, too"),
    };
    Check::ok(NAME, format!("new log files of `{bucket}` reach the function once, {path}{beside}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:logs";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:bell-Function";
    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:trail";
    const THEIRS: &str = "arn:aws:sqs:eu-west-1:111122223333:theirs";

    fn to(arn: &str, prefix: &str) -> BucketNotification {
        let events = vec!["s3:ObjectCreated:*".to_owned()];
        BucketNotification { events, to: arn.to_owned(), prefix: prefix.to_owned(), suffix: String::new() }
    }

    fn check(
        parameters: &[(&str, &str)],
        eventbridge: bool,
        list: Vec<BucketNotification>,
        expected: CheckOutcome,
        part: &str,
    ) {
        let with = [parameters, &[("LogBucketName", "central")]].concat();
        let check = judge(&stack(&with), "central", &BucketNotifications { eventbridge, list });
        assert_eq!(check.outcome, expected, "{}", check.line());
        assert!(check.found.contains(part), "{}", check.line());
    }

    #[test]
    fn the_bucket_of_a_new_trail_notifies_the_queue_once() {
        let trail = [("Source", "trail")];
        check(&trail, false, vec![to(QUEUE, "AWSLogs/")], CheckOutcome::Ok, "once, by a notification");
        check(&trail, true, vec![to(QUEUE, "")], CheckOutcome::Ok, "once");
        check(&trail, false, vec![], CheckOutcome::Failed, "does not notify `arn:aws:sqs:");
        check(&trail, false, vec![to(QUEUE, "images/")], CheckOutcome::Failed, "does not notify");
        check(&trail, false, vec![to(QUEUE, "AWSLogs/1/")], CheckOutcome::Warning, "other than `AWSLogs/1/*`");
        let only = |events: &[&str]| BucketNotification {
            events: events.iter().map(|it| (*it).to_owned()).collect(),
            ..to(QUEUE, "")
        };
        let (put, rest) = (only(&["s3:ObjectCreated:Put"]), only(&["s3:ObjectCreated:CompleteMultipartUpload"]));
        check(&trail, false, vec![only(&["s3:ObjectCreated:Copy"])], CheckOutcome::Failed, "does not notify");
        check(&trail, false, vec![put.clone()], CheckOutcome::Warning, "(Put)");
        check(&trail, false, vec![put, rest], CheckOutcome::Ok, "once");
        let tagged = only(&["s3:ObjectTagging:Put"]);
        check(&trail, false, vec![tagged.clone()], CheckOutcome::Failed, "does not notify");
        check(&trail, false, vec![to(QUEUE, ""), tagged], CheckOutcome::Ok, "once");
        let two = vec![to(QUEUE, "AWSLogs/1/"), to(QUEUE, "AWSLogs/2/")];
        check(&trail, false, two, CheckOutcome::Warning, "`AWSLogs/1/*` (Put, CompleteMultipartUpload), `AWSLogs/2/*`");
        check(&trail, false, vec![to(QUEUE, "AWSLogs/"), to(FUNCTION, "")], CheckOutcome::Failed, "2 times");
        let removed = BucketNotification { events: vec!["s3:ObjectRemoved:*".to_owned()], ..to(QUEUE, "") };
        check(&trail, false, vec![removed], CheckOutcome::Failed, "does not notify");
        check(&[("Delivery", "direct")], false, vec![to(FUNCTION, "")], CheckOutcome::Ok, "once");
    }

    #[test]
    fn an_existing_bucket_notifies_eventbridge_and_any_others() {
        let bucket = [("Source", "bucket")];
        check(&bucket, true, vec![], CheckOutcome::Ok, "once, through EventBridge");
        check(&bucket, true, vec![to(THEIRS, "")], CheckOutcome::Ok, "another receiver is notified, too");
        check(&bucket, false, vec![to(THEIRS, "")], CheckOutcome::Failed, "sends nothing to EventBridge");
        check(&bucket, true, vec![to(QUEUE, "")], CheckOutcome::Failed, "2 times");
        check(&bucket, true, vec![to(&format!("{FUNCTION}:live"), "")], CheckOutcome::Failed, "2 times");
    }

    #[test]
    fn a_topic_or_a_queue_has_one_sender() {
        let topic = [("Source", "topic"), ("TrailTopicArn", TOPIC)];
        check(&topic, false, vec![], CheckOutcome::Ok, "through the trail's topic");
        check(&topic, false, vec![to(TOPIC, "")], CheckOutcome::Ok, "by a notification");
        check(&topic, false, vec![to(QUEUE, "")], CheckOutcome::Failed, "2 times");
        let queue = [("Source", "queue"), ("QueueArn", THEIRS)];
        check(&queue, false, vec![], CheckOutcome::Ok, "through the queue");
        check(&queue, false, vec![to(THEIRS, "")], CheckOutcome::Ok, "by a notification");
        check(&queue, false, vec![to(THEIRS, ""), to(FUNCTION, "")], CheckOutcome::Failed, "2 times");
    }
}

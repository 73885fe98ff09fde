//! Do new log files reach the function, and once?
//!
//! Every way from the bucket that ends at the function is counted; other receivers may have as many as they like.

use super::{
    check::Check,
    stack::{Source, Stack},
};

const NAME: &str = "notifications";
const SUFFIX: &str = ".json.gz";
/// How CloudTrail may write an object.
const WAYS: [&str; 2] = ["Put", "CompleteMultipartUpload"];

/// A bucket's notification configuration.
#[derive(Clone, Debug, Default)]
pub struct Notifications {
    /// Whether all events go to EventBridge.
    pub eventbridge: bool,
    /// Those to queues, topics and functions.
    pub list: Vec<Notification>,
}

/// One of them.
#[derive(Clone, Debug, Default)]
pub struct Notification {
    /// Such as `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// The ARN of whom it tells.
    pub to: String,
    /// What keys must begin with.
    pub prefix: String,
    /// What keys must end with.
    pub suffix: String,
}

impl Notification {
    /// The ways in which CloudTrail may write an object that it tells of.
    fn ways(&self) -> impl Iterator<Item = &'static str> {
        let is_told = |way: &&str| {
            let events = ["s3:*".to_owned(), "s3:ObjectCreated:*".to_owned(), format!("s3:ObjectCreated:{way}")];
            self.events.iter().any(|event| events.contains(event))
        };
        WAYS.into_iter().filter(is_told)
    }

    /// Whether some object is told of by both.
    fn overlaps(&self, other: &Self) -> bool {
        let begins = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
        let ends = |one: &str, other: &str| one.ends_with(other) || other.ends_with(one);
        self.ways().any(|way| other.ways().any(|one| one == way))
            && begins(&self.prefix, &other.prefix)
            && ends(&self.suffix, &other.suffix)
    }

    fn is_of_log_files(&self, prefix: &str) -> bool {
        self.ways().next().is_some()
            && (self.prefix.starts_with(prefix) || prefix.starts_with(&self.prefix))
            && (self.suffix.ends_with(SUFFIX) || SUFFIX.ends_with(&self.suffix))
    }

    fn is_of_all_log_files(&self, prefix: &str) -> bool {
        prefix.starts_with(&self.prefix) && SUFFIX.ends_with(&self.suffix)
    }
}

/// Judges the notifications of the stack's bucket.
pub fn judge(stack: &Stack, found: &Notifications) -> Check {
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
    // The trail itself may tell its topic; whoever else fills a queue that exists is not seen from here.
    let through_rule = usize::from(source == Source::Bucket && found.eventbridge);
    let through_trail = usize::from(source == Source::Topic && !ours.iter().any(|one| Some(&*one.to) == topic));
    // Several that share no object are one way.
    let doubled = |(at, one): (usize, &&Notification)| ours[..at].iter().any(|other| one.overlaps(other));
    let told = usize::from(!ours.is_empty()) + ours.iter().enumerate().filter(|one| doubled(*one)).count();
    let ways = told + through_rule + through_trail;
    let bucket = stack.bucket().unwrap_or_default();

    if source == Source::Bucket && !found.eventbridge {
        return Check::failed(
            NAME,
            format!("the bucket `{bucket}` sends nothing to EventBridge, so no log file arrives"),
            format!("its owner switches it on: S3, `{bucket}`, Properties, Amazon EventBridge, On"),
        );
    }
    if source == Source::Trail && ours.is_empty() {
        let to = stack.queue_arn().filter(|_| stack.is_queued()).unwrap_or(function);
        return Check::failed(
            NAME,
            format!("the bucket `{bucket}` does not tell `{to}` of new log files"),
            format!(
                "set its notification again: `s3:ObjectCreated:*`, prefix `{prefix}`, suffix `{SUFFIX}`, to `{to}`"
            ),
        );
    }
    if ways > 1 {
        let mut named: Vec<_> = ours.iter().map(|one| format!("a notification to `{}`", one.to)).collect();
        named.extend((through_rule > 0).then(|| "the rule `NewObjects` of EventBridge".to_owned()));
        named.extend((through_trail > 0).then(|| "the topic of the trail".to_owned()));
        return Check::failed(
            NAME,
            format!("a log file of the bucket `{bucket}` reaches the function {ways} times: {}", named.join(", ")),
            match source {
                Source::Bucket | Source::Topic => "remove the bucket's notification to the function or its queue",
                _ => "leave one of them and remove the others",
            },
        );
    }
    let wide = || ours.iter().filter(|one| one.is_of_all_log_files(&prefix));
    let is_complete = WAYS.iter().all(|way| wide().any(|one| one.ways().any(|told| told == *way)));
    if let Some(narrow) = ours.first().filter(|_| !is_complete) {
        let told: Vec<_> = ours
            .iter()
            .map(|one| format!("`{}*{}` ({})", one.prefix, one.suffix, one.ways().collect::<Vec<_>>().join(", ")))
            .collect();
        return Check::warning(
            NAME,
            format!("log files other than {} are not told of", told.join(", ")),
            format!(
                "let the notification to `{}` have the prefix `{prefix}`, the suffix `{SUFFIX}` and `s3:ObjectCreated:*`",
                narrow.to
            ),
        );
    }
    let way = match source {
        Source::Bucket => "through EventBridge",
        Source::Topic if ours.is_empty() => "through the trail's topic",
        Source::Queue if ours.is_empty() => "through the queue, whoever fills it",
        _ => "by a notification",
    };
    let beside = match others.len() {
        0 => String::new(),
        1 => "; another receiver is told, too".to_owned(),
        many => format!("; {many} other receivers are told, too"),
    };
    Check::ok(NAME, format!("new log files of `{bucket}` are told of once, {way}{beside}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{check::Outcome, stack::tests::stack};

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:logs";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:bell-Function";
    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:trail";
    const THEIRS: &str = "arn:aws:sqs:eu-west-1:111122223333:theirs";

    fn to(arn: &str, prefix: &str) -> Notification {
        let events = vec!["s3:ObjectCreated:*".to_owned()];
        Notification { events, to: arn.to_owned(), prefix: prefix.to_owned(), suffix: String::new() }
    }

    fn check(parameters: &[(&str, &str)], eventbridge: bool, list: Vec<Notification>, expected: Outcome, part: &str) {
        let with = [parameters, &[("LogBucketName", "central")]].concat();
        let check = judge(&stack(&with), &Notifications { eventbridge, list });
        assert_eq!(check.outcome, expected, "{}", check.line());
        assert!(check.found.contains(part), "{}", check.line());
    }

    #[test]
    fn a_trail_of_ours_tells_the_queue_once() {
        let trail = [("Source", "trail")];
        check(&trail, false, vec![to(QUEUE, "AWSLogs/")], Outcome::Ok, "once, by a notification");
        check(&trail, true, vec![to(QUEUE, "")], Outcome::Ok, "once");
        check(&trail, false, vec![], Outcome::Failed, "does not tell `arn:aws:sqs:");
        check(&trail, false, vec![to(QUEUE, "images/")], Outcome::Failed, "does not tell");
        check(&trail, false, vec![to(QUEUE, "AWSLogs/1/")], Outcome::Warning, "other than `AWSLogs/1/*`");
        let only = |events: &[&str]| Notification {
            events: events.iter().map(|it| (*it).to_owned()).collect(),
            ..to(QUEUE, "")
        };
        let (put, rest) = (only(&["s3:ObjectCreated:Put"]), only(&["s3:ObjectCreated:CompleteMultipartUpload"]));
        check(&trail, false, vec![only(&["s3:ObjectCreated:Copy"])], Outcome::Failed, "does not tell");
        check(&trail, false, vec![put.clone()], Outcome::Warning, "(Put) are not told of");
        check(&trail, false, vec![put, rest], Outcome::Ok, "once");
        let tagged = only(&["s3:ObjectTagging:Put"]);
        check(&trail, false, vec![tagged.clone()], Outcome::Failed, "does not tell");
        check(&trail, false, vec![to(QUEUE, ""), tagged], Outcome::Ok, "once");
        let two = vec![to(QUEUE, "AWSLogs/1/"), to(QUEUE, "AWSLogs/2/")];
        check(&trail, false, two, Outcome::Warning, "`AWSLogs/1/*` (Put, CompleteMultipartUpload), `AWSLogs/2/*`");
        check(&trail, false, vec![to(QUEUE, "AWSLogs/"), to(FUNCTION, "")], Outcome::Failed, "2 times");
        let removed = Notification { events: vec!["s3:ObjectRemoved:*".to_owned()], ..to(QUEUE, "") };
        check(&trail, false, vec![removed], Outcome::Failed, "does not tell");
        check(&[("Delivery", "direct")], false, vec![to(FUNCTION, "")], Outcome::Ok, "once");
    }

    #[test]
    fn a_bucket_tells_eventbridge_and_whom_else_it_likes() {
        let bucket = [("Source", "bucket")];
        check(&bucket, true, vec![], Outcome::Ok, "once, through EventBridge");
        check(&bucket, true, vec![to(THEIRS, "")], Outcome::Ok, "another receiver is told, too");
        check(&bucket, false, vec![to(THEIRS, "")], Outcome::Failed, "sends nothing to EventBridge");
        check(&bucket, true, vec![to(QUEUE, "")], Outcome::Failed, "2 times");
        check(&bucket, true, vec![to(&format!("{FUNCTION}:live"), "")], Outcome::Failed, "2 times");
    }

    #[test]
    fn a_topic_or_a_queue_is_filled_from_one_side() {
        let topic = [("Source", "topic"), ("TrailTopicArn", TOPIC)];
        check(&topic, false, vec![], Outcome::Ok, "through the trail's topic");
        check(&topic, false, vec![to(TOPIC, "")], Outcome::Ok, "by a notification");
        check(&topic, false, vec![to(QUEUE, "")], Outcome::Failed, "2 times");
        let queue = [("Source", "queue"), ("QueueArn", THEIRS)];
        check(&queue, false, vec![], Outcome::Ok, "through the queue");
        check(&queue, false, vec![to(THEIRS, "")], Outcome::Ok, "by a notification");
        check(&queue, false, vec![to(THEIRS, ""), to(FUNCTION, "")], Outcome::Failed, "2 times");
    }
}

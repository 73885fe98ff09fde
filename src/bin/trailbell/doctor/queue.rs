//! Is a queue that the stack did not make set up as the function needs it?

use super::check::Check;
use crate::aws::{QueueSettings, Seen};

const NAME: &str = "queue";
/// Six times the function's timeout: "Configuring a queue to use with Lambda" in the AWS Lambda Developer Guide.
const VISIBILITY: u64 = 1_800;
/// Throttled deliveries count, too.
const RECEIVES: u64 = 5;

/// The URL of the queue with this ARN, for requests in its region.
pub fn url(arn: &str) -> Option<String> {
    let ["arn", _, "sqs", region, account, name] = arn.split(':').collect::<Vec<_>>()[..] else { return None };
    Some(format!("https://sqs.{region}.amazonaws.com/{account}/{name}"))
}

/// Judges the queue with this ARN and this URL.
pub fn judge(arn: &str, url: &str, queue: &Seen<QueueSettings>) -> Vec<Check> {
    let queue = match queue {
        Ok(queue) => queue,
        Err(unseen) => return vec![Check::unseen(NAME, &format!("the queue `{arn}`"), unseen)],
    };
    let mut checks = Vec::new();
    if queue.visibility < VISIBILITY {
        let found = format!(
            "the queue `{arn}` shows a message again after {} s, while the function may handle it",
            queue.visibility
        );
        let repair =
            format!("`aws sqs set-queue-attributes --queue-url {url} --attributes VisibilityTimeout={VISIBILITY}`");
        checks.push(Check::failed(NAME, found, repair));
    }
    match queue.max_receives {
        None => checks.push(Check::failed(
            NAME,
            format!("the queue `{arn}` has no dead-letter queue, so what fails for good blocks it until it is lost"),
            "give it a dead-letter queue with `maxReceiveCount` 5 or more, and a longer retention than its own",
        )),
        Some(count) if count < RECEIVES => checks.push(Check::warning(
            NAME,
            format!("the queue `{arn}` gives a message up after {count} deliveries, and throttled ones count"),
            "set `maxReceiveCount` of its redrive policy to 5 or more",
        )),
        Some(_) => {}
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, format!("`{arn}` hides and moves messages as the function needs it")));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::CheckOutcome;

    #[test]
    fn a_queue_hides_messages_long_enough_and_has_a_dead_letter_queue() {
        let judged = |visibility, max_receives| {
            let checks = judge("arn:q", "https://q", &Ok(QueueSettings { visibility, max_receives }));
            checks.iter().map(|check| check.outcome).collect::<Vec<_>>()
        };
        assert_eq!(judged(1_800, Some(5)), [CheckOutcome::Ok]);
        assert_eq!(judged(30, Some(5)), [CheckOutcome::Failed]);
        assert_eq!(judged(1_800, Some(3)), [CheckOutcome::Warning]);
        assert_eq!(judged(30, None), [CheckOutcome::Failed; 2]);
    }

    #[test]
    fn a_queue_has_a_url() {
        let arn = "arn:aws:sqs:eu-west-1:111122223333:logs";
        assert_eq!(url(arn).as_deref(), Some("https://sqs.eu-west-1.amazonaws.com/111122223333/logs"));
        assert_eq!(url("logs"), None);
    }
}

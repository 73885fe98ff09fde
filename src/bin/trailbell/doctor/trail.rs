//! Do the trails that write to the log buckets log, and do they deliver?

use super::check::Check;
use crate::aws::{Seen, Stack, TrailLogging, TrailStatus};

const NAME: &str = "trail";

/// The trails that write what the function reads.
pub fn of<'t>(stack: &Stack, trails: &'t [TrailLogging]) -> Vec<&'t TrailLogging> {
    let buckets = stack.buckets();
    trails.iter().filter(|trail| buckets.contains(&&*trail.bucket)).collect()
}

/// Judges one of them.
pub fn judge(trail: &TrailLogging, status: &Seen<TrailStatus>) -> Check {
    let TrailLogging { arn, region, bucket, .. } = trail;
    let status = match status {
        Ok(status) => status,
        Err(unseen) => return Check::unseen(NAME, &format!("whether the trail `{arn}` logs"), unseen),
    };
    if !status.is_logging {
        let found = format!("the trail `{arn}` does not log");
        return Check::failed(NAME, found, format!("`aws cloudtrail start-logging --region {region} --name {arn}`"));
    }
    if !status.delivery_error.is_empty() {
        let error = &status.delivery_error;
        let found = format!("the trail `{arn}` cannot write to the bucket `{bucket}`: {error}");
        let repair = "let CloudTrail write to the bucket and use its key: the policies of both are in CloudTrail's user guide, \
                      \"Amazon S3 bucket policy for CloudTrail\" and \"Configure AWS KMS key policies for CloudTrail\"";
        return Check::failed(NAME, found, repair);
    }
    if !status.notification_error.is_empty() {
        let found = format!("the trail `{arn}` cannot publish to its topic: {}", status.notification_error);
        return Check::failed(NAME, found, "let CloudTrail publish to the topic, and use its key");
    }
    Check::ok(NAME, format!("the trail `{arn}` logs, and delivers to `{bucket}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    fn trail(bucket: &str) -> TrailLogging {
        let [arn, region, bucket, topic] = ["arn:trail", "eu-west-1", bucket, ""].map(str::to_owned);
        TrailLogging { arn, region, bucket, topic, selectors: Ok(Vec::new()), insights: Ok(false) }
    }

    #[test]
    fn a_trail_logs_and_delivers() {
        let good = TrailStatus { is_logging: true, ..TrailStatus::default() };
        for (status, outcome, words) in [
            (good.clone(), CheckOutcome::Ok, "delivers to `logs`"),
            (TrailStatus::default(), CheckOutcome::Failed, "start-logging --region eu-west-1 --name arn:trail"),
            (
                TrailStatus { delivery_error: "AccessDenied".into(), ..good.clone() },
                CheckOutcome::Failed,
                "AccessDenied",
            ),
            (TrailStatus { notification_error: "NotFound".into(), ..good }, CheckOutcome::Failed, "NotFound"),
        ] {
            let check = judge(&trail("logs"), &Ok(status));
            assert!(check.outcome == outcome && check.line().contains(words), "{}", check.line());
        }
    }

    #[test]
    fn only_trails_to_the_log_buckets_matter() {
        let stack = stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("LogBucketName3", "more")]);
        let trails = ["logs", "other", "more"].map(trail);
        assert_eq!(of(&stack, &trails).iter().map(|one| &*one.bucket).collect::<Vec<_>>(), ["logs", "more"]);
    }
}

//! Is everything in the region of the stack? S3 sends events, and KMS keys work, only within a region.

use super::check::Check;
use crate::aws::{Cause, Seen, Stack};

const NAME: &str = "region";
/// The parameters that are ARNs, and the resource of each.
const ARNS: [(&str, &str); 5] = [
    ("TrailTopicArn", "the trail's topic"),
    ("QueueArn", "the queue"),
    ("EncryptionKey", "the key"),
    ("TrailKeyArn", "the trail's key"),
    ("QueueKeyArn", "the queue's key"),
];

/// Judges the regions of the buckets and those in the ARNs of the parameters.
pub fn judge(stack: &Stack, buckets: &[(&str, Seen<String>)]) -> Vec<Check> {
    let here = &*stack.region;
    let (mut checks, mut seen) = (Vec::new(), vec!["the stack"]);
    for (at, (name, bucket)) in buckets.iter().enumerate() {
        match bucket {
            Ok(region) if region == here => seen.push(if at == 0 { "the bucket" } else { "another bucket" }),
            Ok(region) => checks.push(Check::failed(
                NAME,
                format!("the bucket `{name}` is in {region}, the stack in {here}"),
                format!("deploy a stack in {region}: `region` in samconfig.toml, or `--region`"),
            )),
            Err(unseen) if unseen.cause == Cause::Missing => checks.push(Check::failed(
                NAME,
                format!("there is no bucket `{name}`"),
                "set `LogBucketName`, or the parameter that names it, to a bucket with log files, and `make deploy`",
            )),
            Err(unseen) => checks.push(Check::unseen(NAME, &format!("the bucket `{name}`"), unseen)),
        }
    }
    for (parameter, what) in ARNS {
        let arn = stack.parameter(parameter).filter(|value| value.starts_with("arn:"));
        match arn.and_then(|arn| arn.split(':').nth(3)) {
            Some(region) if region == here => seen.push(what),
            Some(region) => checks.push(Check::failed(
                NAME,
                format!("{what} is in {region}, the stack in {here}"),
                format!("deploy the stack in {region}, or give `{parameter}` of {here}"),
            )),
            None => {}
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, format!("{} in {here}", seen.join(", "))));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{Unseen, tests::stack},
        doctor::check::CheckOutcome,
    };

    #[test]
    fn resources_in_other_regions_are_named() {
        let there = [
            ("Source", "topic"),
            ("LogBucketName", "logs"),
            ("TrailTopicArn", "arn:aws:sns:us-east-1:111122223333:trail"),
        ];
        let checks = judge(&stack(&there), &[("logs", Ok("us-east-1".to_owned()))]);
        let found: Vec<_> = checks.iter().map(|check| (check.outcome, &*check.found)).collect();
        assert_eq!(
            found,
            [
                (CheckOutcome::Failed, "the bucket `logs` is in us-east-1, the stack in eu-west-1"),
                (CheckOutcome::Failed, "the trail's topic is in us-east-1, the stack in eu-west-1")
            ]
        );
        let here = stack(&[("LogBucketName", "logs"), ("EncryptionKey", "arn:aws:kms:eu-west-1:1:key/2")]);
        let all = Check::ok(NAME, "the stack, the bucket, the key in eu-west-1");
        assert_eq!(judge(&here, &[("logs", Ok("eu-west-1".to_owned()))]), [all]);
    }

    #[test]
    fn a_missing_bucket_fails_and_an_unseen_one_warns() {
        let outcome = |cause| {
            let unseen = Unseen { action: "s3:ListBucket", reason: String::new(), cause };
            judge(&stack(&[("LogBucketName", "logs")]), &[("logs", Err(unseen))])[0].outcome
        };
        assert_eq!(outcome(Cause::Missing), CheckOutcome::Failed);
        assert_eq!(outcome(Cause::Denied), CheckOutcome::Warning);
    }
}

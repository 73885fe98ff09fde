//! Is everything in the stack's region? S3 sends events, and keys serve, nowhere else.

use super::{
    check::{Check, Kind, Look},
    stack::Stack,
};

const NAME: &str = "region";
/// Parameters that are ARNs, and what each is of.
const ARNS: [(&str, &str); 5] = [
    ("TrailTopicArn", "the trail's topic"),
    ("QueueArn", "the queue"),
    ("EncryptionKey", "the key"),
    ("TrailKeyArn", "the trail's key"),
    ("QueueKeyArn", "the queue's key"),
];

/// Judges by the region that S3 tells of the bucket, if there is one, and by the ARNs that were given.
pub fn judge(stack: &Stack, bucket: Option<&Look<String>>) -> Vec<Check> {
    let here = &*stack.region;
    let (mut checks, mut seen) = (Vec::new(), vec!["the stack"]);
    let name = stack.bucket().unwrap_or_default();
    match bucket {
        Some(Ok(region)) if region == here => seen.push("the bucket"),
        Some(Ok(region)) => checks.push(Check::failed(
            NAME,
            format!("the bucket `{name}` is in {region}, the stack in {here}"),
            format!("deploy the stack in {region}: `region` in samconfig.toml, or `--region`"),
        )),
        Some(Err(unseen)) if unseen.kind == Kind::Missing => checks.push(Check::failed(
            NAME,
            format!("there is no bucket `{name}`"),
            "give the name of the bucket of the log files as `LogBucketName`, and `make deploy`",
        )),
        Some(Err(unseen)) => checks.push(Check::unseen(NAME, &format!("the bucket `{name}`"), unseen)),
        None => {}
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
    use crate::doctor::{
        check::{Outcome, Unseen},
        stack::tests::stack,
    };

    #[test]
    fn what_is_elsewhere_is_named() {
        let there = [
            ("Source", "topic"),
            ("LogBucketName", "logs"),
            ("TrailTopicArn", "arn:aws:sns:us-east-1:111122223333:trail"),
        ];
        let checks = judge(&stack(&there), Some(&Ok("us-east-1".to_owned())));
        let found: Vec<_> = checks.iter().map(|check| (check.outcome, &*check.found)).collect();
        assert_eq!(
            found,
            [
                (Outcome::Failed, "the bucket `logs` is in us-east-1, the stack in eu-west-1"),
                (Outcome::Failed, "the trail's topic is in us-east-1, the stack in eu-west-1")
            ]
        );
        let here = stack(&[("LogBucketName", "logs"), ("EncryptionKey", "arn:aws:kms:eu-west-1:1:key/2")]);
        let all = Check::ok(NAME, "the stack, the bucket, the key in eu-west-1");
        assert_eq!(judge(&here, Some(&Ok("eu-west-1".to_owned()))), [all]);
    }

    #[test]
    fn a_bucket_that_is_not_there_fails_and_one_that_is_not_shown_warns() {
        let outcome = |kind| {
            let unseen = Unseen { action: "s3:ListBucket", reason: String::new(), kind };
            judge(&stack(&[("LogBucketName", "logs")]), Some(&Err(unseen)))[0].outcome
        };
        assert_eq!(outcome(Kind::Missing), Outcome::Failed);
        assert_eq!(outcome(Kind::Denied), Outcome::Warning);
    }
}

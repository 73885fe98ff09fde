//! May the services that send and store use the key?
//!
//! They are those that `template.yaml` lets use a key that it creates; `docs/deploy.md` has the statements.

use super::{
    check::Check,
    policy::{Access, AccessRequest, judge as access, leaves_to_iam},
};
use crate::aws::{Cause, Seen, Stack, StackSource, Unseen};

const NAME: &str = "key";
/// What a service does that sends to an encrypted topic or queue.
const SENDER: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];
const LOGS: &[&str] =
    &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"];

/// The keys that the stack uses, each with its parameter and its ARN, the stack's own first.
pub fn keys(stack: &Stack) -> Vec<(&'static str, String)> {
    let own = stack.key().map(|arn| ("EncryptionKey", arn.to_owned()));
    let others = ["TrailKeyArn", "QueueKeyArn"];
    own.into_iter().chain(others.iter().filter_map(|name| Some((*name, stack.parameter(name)?.to_owned())))).collect()
}

/// Judges the state of a key.
///
/// See [key states](https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html).
pub fn state(parameter: &str, arn: &str, state: &Seen<String>) -> Check {
    let what = format!("the key `{arn}` (`{parameter}`)");
    match state {
        Ok(state) if state == "Enabled" => Check::ok(NAME, format!("{what} is enabled")),
        Ok(state) => {
            let repair = match &**state {
                "Disabled" => format!("`aws kms enable-key --key-id {arn}`"),
                "PendingDeletion" => {
                    format!("`aws kms cancel-key-deletion --key-id {arn}`, then `aws kms enable-key --key-id {arn}`")
                }
                _ => format!("give a key that is enabled as `{parameter}`, and `make deploy`"),
            };
            Check::failed(NAME, format!("{what} is {state}: nothing encrypted with it can be sent or read"), repair)
        }
        Err(Unseen { cause: Cause::Missing, .. }) => Check::failed(
            NAME,
            format!("{what} does not exist"),
            format!("give another `{parameter}`, and `make deploy`"),
        ),
        Err(unseen) => Check::unseen(NAME, &what, unseen),
    }
}

/// A service that needs the key, the actions, the statement that permits them, and the keys of its conditions.
struct KeyUse {
    sid: &'static str,
    service: String,
    actions: &'static [&'static str],
    context: Vec<(&'static str, String)>,
}

fn needs(stack: &Stack) -> Vec<KeyUse> {
    let of = |sid, service: &str, source: String| KeyUse {
        sid,
        service: service.to_owned(),
        actions: SENDER,
        context: vec![("aws:SourceAccount", stack.owner(&source).to_owned()), ("aws:SourceArn", source)],
    };
    let suffix = if stack.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let log = stack.arn("logs", &format!("log-group:/aws/lambda/{}", stack.name));
    let mut needs = vec![
        of("AlarmsPublish", "cloudwatch.amazonaws.com", stack.arn("cloudwatch", &format!("alarm:{}-*", stack.name))),
        KeyUse {
            sid: "LogIsEncrypted",
            service: format!("logs.{}.{suffix}", stack.region),
            actions: LOGS,
            context: vec![("kms:EncryptionContext:aws:logs:arn", log), ("aws:SourceAccount", stack.account.clone())],
        },
    ];
    if stack.source() == StackSource::Trail && stack.is_queued() {
        needs.push(of("BucketSends", "s3.amazonaws.com", stack.bucket_arn()));
    }
    if stack.source() == StackSource::Bucket || stack.takes_events() || stack.takes_findings() {
        needs.push(of("RulesSend", "events.amazonaws.com", stack.arn("events", &format!("rule/{}-*", stack.name))));
    }
    if let Some(topic) = stack.parameter("TrailTopicArn") {
        needs.push(of("TopicSends", "sns.amazonaws.com", topic.to_owned()));
    }
    needs
}

/// Judges the policy of the stack's own key.
pub fn policy(stack: &Stack, arn: &str, policy: &Seen<String>) -> Vec<Check> {
    let policy = match policy {
        Ok(policy) => policy,
        Err(unseen) => return vec![Check::unseen(NAME, &format!("the policy of `{arn}`"), unseen)],
    };
    let mut checks = Vec::new();
    for need in needs(stack) {
        let context: Vec<_> = need.context.iter().map(|(key, value)| (*key, &**value)).collect();
        let ask = |action| {
            access(policy, &AccessRequest { service: &need.service, action, resource: arn, context: &context })
        };
        let with = |wanted: &Access| -> Vec<_> {
            let actions = need.actions.iter().filter(|action| ask(action) == *wanted);
            actions.map(|action| format!("`{action}`")).collect()
        };
        let (refused, conditional) = (with(&Access::Refused), with(&Access::Conditional));
        let service = &need.service;
        if !refused.is_empty() {
            let found = format!("the key's policy does not let `{service}` use {}", refused.join(", "));
            let repair =
                format!("add the statement `{}` of docs/deploy.md, \"Keys\", to the policy of `{arn}`", need.sid);
            checks.push(Check::failed(NAME, found, repair));
        } else if !conditional.is_empty() {
            let found = format!("whether `{service}` may use {} depends on conditions", conditional.join(", "));
            let repair = format!("compare them with the statement `{}` of docs/deploy.md", need.sid);
            checks.push(Check::warning(NAME, found, repair));
        }
    }
    if !SENDER.iter().all(|action| leaves_to_iam(policy, &stack.account, action)) {
        let found = format!(
            "the key's policy does not let IAM policies of the account {} grant its use, so the function may be denied",
            stack.account
        );
        let repair = format!(
            "let `arn:{}:iam::{}:root` use `{arn}`, as the default policy does",
            stack.partition, stack.account
        );
        checks.push(Check::warning(NAME, found, repair));
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "its policy lets every service use it that needs it"));
    }
    checks
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/2";

    fn bucket() -> Stack {
        stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("EncryptionKey", ARN)])
    }

    /// The statements of docs/deploy.md, for EventBridge.
    fn documented() -> Vec<Value> {
        let events = json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/bell-*"}});
        let alarms = json!({"StringEquals": {"aws:SourceAccount": "111122223333"},
            "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:bell-*"}});
        let log = json!({"ArnEquals": {"kms:EncryptionContext:aws:logs:arn":
            "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/bell"}});
        let statement = |service: &str, actions: &[&str], condition: Value| {
            json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": actions, "Resource": "*",
                "Condition": condition})
        };
        vec![
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*",
                "Resource": "*"}),
            statement("cloudwatch.amazonaws.com", SENDER, alarms),
            statement("logs.eu-west-1.amazonaws.com", LOGS, log),
            statement("events.amazonaws.com", SENDER, events),
        ]
    }

    fn judged(statements: &[Value]) -> Vec<(CheckOutcome, String)> {
        let text = json!({"Statement": statements}).to_string();
        policy(&bucket(), ARN, &Ok(text)).into_iter().map(|check| (check.outcome, check.line())).collect()
    }

    #[test]
    fn a_service_without_its_statement_is_named() {
        let all = documented();
        assert_eq!(judged(&all).iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(), [CheckOutcome::Ok]);
        let of = [
            (0, CheckOutcome::Warning, "arn:aws:iam::111122223333:root"),
            (1, CheckOutcome::Failed, "`AlarmsPublish`"),
            (2, CheckOutcome::Failed, "`LogIsEncrypted`"),
            (3, CheckOutcome::Failed, "`RulesSend`"),
        ];
        for (left_out, expected, part) in of {
            let mut some = all.clone();
            some.remove(left_out);
            let found = judged(&some);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].0 == expected && found[0].1.contains(part), "{found:?}");
        }
    }

    #[test]
    fn a_statement_for_another_stack_does_not_count() {
        let mut statements = documented();
        statements[3]["Condition"]["ArnLike"]["aws:SourceArn"] =
            json!("arn:aws:events:eu-west-1:111122223333:rule/other-*");
        let found = judged(&statements);
        assert_eq!(found[0].0, CheckOutcome::Failed, "{found:?}");
    }

    #[test]
    fn only_an_enabled_key_is_usable() {
        let judged = |word: &str| state("EncryptionKey", ARN, &Ok(word.to_owned()));
        assert_eq!(judged("Enabled").outcome, CheckOutcome::Ok);
        assert_eq!(judged("Disabled").outcome, CheckOutcome::Failed);
        assert!(judged("PendingDeletion").line().contains("cancel-key-deletion"));
        assert_eq!(judged("Unavailable").outcome, CheckOutcome::Failed);
    }

    #[test]
    fn the_keys_of_the_trail_and_of_the_queue_are_checked() {
        let stack = stack(&[("EncryptionKey", "none"), ("TrailKeyArn", "a"), ("QueueKeyArn", "")]);
        assert_eq!(keys(&stack), [("TrailKeyArn", "a".to_owned())]);
        assert_eq!(keys(&bucket()), [("EncryptionKey", ARN.to_owned())]);
    }
}

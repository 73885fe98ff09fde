//! Is the function ready, and do events reach it?
//!
//! Messages of a queue reach it through an event source mapping; without a queue, the sender needs a permission.

use trailbell::diagnostic::counted;

use super::{
    check::Check,
    policy::{Access, AccessRequest, judge as access},
};
use crate::aws::{Cause, FunctionState, Mapping, Seen, Stack, StackSource, Unseen};

const NAME: &str = "function";
const TRIGGER: &str = "trigger";
const FAILED: &str = "failed events";

/// Judges the function's state; Lambda returns none for old functions that are ready.
pub fn judge(name: &str, function: &Seen<FunctionState>) -> Check {
    let function = match function {
        Ok(function) => function,
        Err(Unseen { cause: Cause::Missing, .. }) => {
            let repair =
                "`make deploy` with another stack name: CloudFormation does not recreate what was deleted by hand";
            return Check::failed(NAME, format!("the function `{name}` does not exist"), repair);
        }
        Err(unseen) => return Check::unseen(NAME, &format!("the function `{name}`"), unseen),
    };
    let reason = if function.reason.is_empty() { String::new() } else { format!(": {}", function.reason) };
    match (&*function.state, &*function.update) {
        // The next event activates an idle function.
        ("Active" | "Inactive" | "", "Successful" | "") => Check::ok(NAME, format!("`{name}` is ready")),
        ("Pending", _) | (_, "InProgress") => {
            Check::warning(NAME, format!("`{name}` is being changed{reason}"), "wait a minute, and run this again")
        }
        ("Active" | "Inactive" | "", _) => {
            Check::failed(NAME, format!("the last update of `{name}` failed{reason}"), "fix that, and `make deploy`")
        }
        (state, _) => Check::failed(NAME, format!("`{name}` is {state}{reason}"), "fix that, and `make deploy`"),
    }
}

/// Judges the mapping of each queue whose messages must reach the function.
pub fn mappings(stack: &Stack, mappings: &Seen<Vec<Mapping>>) -> Vec<Check> {
    let mappings = match mappings {
        Ok(mappings) => mappings,
        Err(unseen) => return vec![Check::unseen(TRIGGER, "the mappings of the function", unseen)],
    };
    let one = |queue: &String| match mappings.iter().find(|mapping| mapping.queue == *queue) {
        Some(Mapping { id, reports_failures: false, .. }) => Check::failed(
            TRIGGER,
            format!("the mapping of `{queue}` does not read which messages failed, so these are lost"),
            format!(
                "`aws lambda update-event-source-mapping --uuid {id} --function-response-types ReportBatchItemFailures`"
            ),
        ),
        Some(mapping) if matches!(&*mapping.state, "Enabled" | "Enabling" | "Updating" | "Creating") => {
            Check::ok(TRIGGER, format!("messages of `{queue}` reach the function"))
        }
        Some(Mapping { state, id, .. }) => Check::failed(
            TRIGGER,
            format!("messages of `{queue}` do not reach the function: the mapping is {state}"),
            format!("`aws lambda update-event-source-mapping --uuid {id} --enabled`"),
        ),
        None => Check::failed(
            TRIGGER,
            format!("messages of `{queue}` do not reach the function: there is no mapping"),
            format!(
                "`aws lambda create-event-source-mapping --function-name {} --event-source-arn {queue} \
                 --batch-size 10 --function-response-types ReportBatchItemFailures`",
                stack.function()
            ),
        ),
    };
    stack.queues().iter().map(one).collect()
}

/// Judges whether each sender may invoke the function; without a policy none may.
pub fn permissions(stack: &Stack, policy: &Seen<String>) -> Vec<Check> {
    let policy = match policy {
        Ok(policy) => policy.as_str(),
        Err(Unseen { cause: Cause::Missing, .. }) => "",
        Err(unseen) => return vec![Check::unseen(TRIGGER, "the permissions to invoke the function", unseen)],
    };
    let rule = |id: &str| stack.arn("events", &format!("rule/{}-{id}-*", stack.name));
    let mut senders = match stack.source() {
        StackSource::Trail => vec![("s3.amazonaws.com", stack.bucket_arn())],
        StackSource::Bucket => vec![("events.amazonaws.com", rule("NewObjects"))],
        StackSource::Topic => {
            vec![("sns.amazonaws.com", stack.parameter("TrailTopicArn").unwrap_or_default().to_owned())]
        }
        StackSource::Queue | StackSource::Events => Vec::new(),
    };
    if stack.takes_events() {
        senders.push(("events.amazonaws.com", rule("ApiCalls")));
    }
    if stack.takes_findings() {
        senders.push(("events.amazonaws.com", rule("DetectorFindings")));
    }
    let one = |(place, (service, source)): (usize, &(&str, String))| {
        let decision = invoke(stack, policy, service, source);
        // CloudFormation adds a random end to the name of a rule; a condition with any name of that form is right.
        let named = || named(policy, source).iter().any(|name| invoke(stack, policy, service, name) == Access::Allowed);
        if decision == Access::Conditional && !named() {
            let found = format!("whether `{service}` may invoke the function depends on conditions");
            let repair = format!("make sure that `{source}` meets the conditions in the function's policy");
            return Check::warning(TRIGGER, found, repair);
        }
        if decision == Access::Refused {
            let found = format!("`{service}` may not invoke the function, so nothing arrives");
            // The name of a bucket may pass to another account.
            let owner = if *service == "s3.amazonaws.com" {
                format!(" --source-account {}", stack.account)
            } else {
                String::new()
            };
            let repair = format!(
                "`aws lambda add-permission --function-name {} --statement-id doctor-{place} \
                 --action lambda:InvokeFunction --principal {service} --source-arn '{source}'{owner}`",
                stack.function()
            );
            return Check::failed(TRIGGER, found, repair);
        }
        Check::ok(TRIGGER, format!("`{service}` may invoke the function"))
    };
    senders.iter().enumerate().map(one).collect()
}

fn invoke(stack: &Stack, policy: &str, service: &str, source: &str) -> Access {
    let context = [("aws:SourceAccount", stack.owner(source)), ("aws:SourceArn", source)];
    let request =
        AccessRequest { service, action: "lambda:InvokeFunction", resource: &stack.function_arn(), context: &context };
    access(policy, &request)
}

/// The texts of a policy that begin like `name`, whose end is unknown.
fn named<'p>(policy: &'p str, name: &str) -> Vec<&'p str> {
    let begin = name.split('*').next().unwrap_or_default();
    policy.split('"').filter(|text| text.starts_with(begin) && !text.contains('*')).collect()
}

/// Judges the number of events in the queue of failed events.
pub fn failed(waiting: &Seen<u64>) -> Check {
    match waiting {
        Ok(0) => Check::ok(FAILED, "the queue of failed events is empty"),
        Ok(count) => {
            let found = format!("{} in the queue of failed events", counted(*count, "event"));
            Check::warning(FAILED, found, "find the cause in the function's log and fix it, then `make redrive`")
        }
        Err(Unseen { cause: Cause::Missing, .. }) => {
            let repair = "create it again with the name that CloudFormation has: `aws sqs create-queue --queue-name NAME`, with \
                          the properties of `FailedEvents` in template.yaml";
            Check::failed(FAILED, "the queue of failed events does not exist, so what fails is lost", repair)
        }
        Err(unseen) => Check::unseen(FAILED, "the queue of failed events", unseen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    #[test]
    fn a_function_is_ready_or_not() {
        let cases = [
            ("Active", "Successful", CheckOutcome::Ok),
            ("Inactive", "Successful", CheckOutcome::Ok),
            ("", "", CheckOutcome::Ok),
            ("Pending", "Successful", CheckOutcome::Warning),
            ("Active", "InProgress", CheckOutcome::Warning),
            ("Active", "Failed", CheckOutcome::Failed),
            ("Failed", "Successful", CheckOutcome::Failed),
        ];
        for (state, update, expected) in cases {
            let function = FunctionState { state: state.into(), update: update.into(), reason: String::new() };
            assert_eq!(judge("bell", &Ok(function)).outcome, expected, "{state} {update}");
        }
        let gone = Unseen { action: "lambda:GetFunctionConfiguration", reason: String::new(), cause: Cause::Missing };
        assert_eq!(judge("bell", &Err(gone)).outcome, CheckOutcome::Failed);
    }

    #[test]
    fn every_queue_needs_an_enabled_mapping() {
        let queue = "arn:aws:sqs:eu-west-1:111122223333:logs";
        let of =
            |state: &str| Mapping { queue: queue.into(), state: state.into(), id: "8a".into(), reports_failures: true };
        let judged = |list: Vec<Mapping>| mappings(&stack(&[]), &Ok(list))[0].outcome;
        assert_eq!(judged(vec![of("Enabled")]), CheckOutcome::Ok);
        assert_eq!(judged(vec![of("Disabled")]), CheckOutcome::Failed);
        assert_eq!(judged(vec![Mapping { reports_failures: false, ..of("Enabled") }]), CheckOutcome::Failed);
        assert_eq!(judged(vec![]), CheckOutcome::Failed);
        let both =
            stack(&[("Source", "queue"), ("QueueArn", "arn:aws:sqs:eu-west-1:1:other"), ("NearRealTime", "yes")]);
        assert_eq!(mappings(&both, &Ok(vec![of("Enabled")])).len(), 2);
    }

    #[test]
    fn a_sender_needs_its_permission() {
        let direct = stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("Delivery", "direct")]);
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"ArnLike":
            {"AWS:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/bell-NewObjects-1"}}}]}"#;
        assert_eq!(permissions(&direct, &Ok(policy.to_owned()))[0].outcome, CheckOutcome::Ok);
        assert_eq!(
            permissions(&direct, &Ok(policy.replace("events.amazonaws", "s3.amazonaws")))[0].outcome,
            CheckOutcome::Failed
        );
        let none = Unseen { action: "lambda:GetPolicy", reason: String::new(), cause: Cause::Missing };
        assert_eq!(permissions(&direct, &Err(none))[0].outcome, CheckOutcome::Failed);
    }

    #[test]
    fn failed_events_are_counted() {
        assert_eq!(failed(&Ok(0)).outcome, CheckOutcome::Ok);
        assert!(failed(&Ok(3)).line().contains("3 events in the queue of failed events; repair: "));
        assert!(failed(&Ok(1)).line().ends_with("then `make redrive`"));
    }

    #[test]
    fn an_unknown_condition_is_a_warning() {
        let direct = stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("Delivery", "direct")]);
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]}"#;
        assert_eq!(permissions(&direct, &Ok(policy.to_owned()))[0].outcome, CheckOutcome::Warning);
    }

    #[test]
    fn the_account_of_a_topic_may_be_another() {
        let direct = stack(&[
            ("Source", "topic"),
            ("TrailTopicArn", "arn:aws:sns:eu-west-1:444455556666:t"),
            ("Delivery", "direct"),
        ]);
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}}]}"#;
        assert_eq!(permissions(&direct, &Ok(policy.to_owned()))[0].outcome, CheckOutcome::Ok);
    }
}

//! Is the function ready, and does its work reach it?
//!
//! Through a queue it is a mapping that brings it; directly it is a permission of the sender.

use super::{
    check::{Check, Kind, Look, Unseen},
    policy::{Request, Said, judge as said},
    stack::{Source, Stack},
};

const NAME: &str = "function";
const TRIGGER: &str = "trigger";
const FAILED: &str = "failed events";

/// The function, as Lambda describes it.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// `Active` and its like.
    pub state: String,
    /// `Successful` and its like.
    pub update: String,
    /// Why it is neither.
    pub reason: String,
}

/// What brings messages of a queue to the function.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The queue's ARN.
    pub queue: String,
    /// `Enabled` and its like.
    pub state: String,
    /// Its id.
    pub id: String,
}

/// Judges the function's state; Lambda gives none for old functions that are ready.
pub fn judge(name: &str, function: &Look<Function>) -> Check {
    let function = match function {
        Ok(function) => function,
        Err(Unseen { kind: Kind::Missing, .. }) => {
            let repair =
                "`make deploy` with another stack name: CloudFormation does not make again what was deleted by hand";
            return Check::failed(NAME, format!("the function `{name}` does not exist"), repair);
        }
        Err(unseen) => return Check::unseen(NAME, &format!("the function `{name}`"), unseen),
    };
    let reason = if function.reason.is_empty() { String::new() } else { format!(": {}", function.reason) };
    match (&*function.state, &*function.update) {
        // Lambda wakes an idle function with the next event.
        ("Active" | "Inactive" | "", "Successful" | "") => Check::ok(NAME, format!("`{name}` is ready")),
        ("Pending", _) | (_, "InProgress") => {
            Check::warning(NAME, format!("`{name}` is being changed{reason}"), "wait a minute, and run this again")
        }
        ("Active" | "Inactive" | "", _) => {
            Check::failed(NAME, format!("the last update of `{name}` failed{reason}"), "mend that, and `make deploy`")
        }
        (state, _) => Check::failed(NAME, format!("`{name}` is {state}{reason}"), "mend that, and `make deploy`"),
    }
}

/// Judges the mapping of each queue that the function must take its work from.
pub fn mappings(stack: &Stack, mappings: &Look<Vec<Mapping>>) -> Vec<Check> {
    let mappings = match mappings {
        Ok(mappings) => mappings,
        Err(unseen) => return vec![Check::unseen(TRIGGER, "what brings messages to the function", unseen)],
    };
    let one = |queue: &String| match mappings.iter().find(|mapping| mapping.queue == *queue) {
        Some(mapping) if matches!(&*mapping.state, "Enabled" | "Enabling" | "Updating" | "Creating") => {
            Check::ok(TRIGGER, format!("messages of `{queue}` are brought to the function"))
        }
        Some(Mapping { state, id, .. }) => Check::failed(
            TRIGGER,
            format!("messages of `{queue}` are not brought to the function: the mapping is {state}"),
            format!("`aws lambda update-event-source-mapping --uuid {id} --enabled`"),
        ),
        None => Check::failed(
            TRIGGER,
            format!("messages of `{queue}` are not brought to the function: there is no mapping"),
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
pub fn permissions(stack: &Stack, policy: &Look<String>) -> Vec<Check> {
    let policy = match policy {
        Ok(policy) => policy.as_str(),
        Err(Unseen { kind: Kind::Missing, .. }) => "",
        Err(unseen) => return vec![Check::unseen(TRIGGER, "who may invoke the function", unseen)],
    };
    let rule = |id: &str| stack.arn("events", &format!("rule/{}-{id}-*", stack.name));
    let mut senders = match stack.source() {
        Source::Trail => vec![("s3.amazonaws.com", stack.bucket_arn())],
        Source::Bucket => vec![("events.amazonaws.com", rule("NewObjects"))],
        Source::Topic => vec![("sns.amazonaws.com", stack.parameter("TrailTopicArn").unwrap_or_default().to_owned())],
        Source::Queue | Source::Events => Vec::new(),
    };
    if stack.takes_events() {
        senders.push(("events.amazonaws.com", rule("ApiCalls")));
    }
    let one = |(place, (service, source)): (usize, &(&str, String))| {
        let said = invoke(stack, policy, service, source);
        // The whole name of a rule is not known here, and a condition that has one that it may have is right.
        let named = || named(policy, source).iter().any(|name| invoke(stack, policy, service, name) == Said::Allowed);
        if said == Said::Doubtful && !named() {
            let found = format!("whether `{service}` may invoke the function depends on conditions");
            let repair = format!("see in the function's policy that `{source}` meets them");
            return Check::warning(TRIGGER, found, repair);
        }
        if said == Said::Refused {
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

fn invoke(stack: &Stack, policy: &str, service: &str, source: &str) -> Said {
    let context = [("aws:SourceAccount", stack.owner(source)), ("aws:SourceArn", source)];
    let request =
        Request { service, action: "lambda:InvokeFunction", resource: &stack.function_arn(), context: &context };
    said(policy, &request)
}

/// The texts of a policy that begin as a name does whose end is not known.
fn named<'p>(policy: &'p str, name: &str) -> Vec<&'p str> {
    let begin = name.split('*').next().unwrap_or_default();
    policy.split('"').filter(|text| text.starts_with(begin) && !text.contains('*')).collect()
}

/// Judges how many events failed for good.
pub fn failed(waiting: &Look<u64>) -> Check {
    match waiting {
        Ok(0) => Check::ok(FAILED, "the queue of failed events is empty"),
        Ok(count) => {
            let found = format!("{count} in the queue of events that failed for good");
            Check::warning(FAILED, found, "look into the function's log, mend the cause, then `make redrive`")
        }
        Err(Unseen { kind: Kind::Missing, .. }) => {
            let repair = "make it again under the name that it has in CloudFormation: `aws sqs create-queue --queue-name NAME`, with \
                          what `FailedEvents` of template.yaml gives it";
            Check::failed(FAILED, "the queue of failed events does not exist, so what fails is lost", repair)
        }
        Err(unseen) => Check::unseen(FAILED, "the queue of failed events", unseen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{check::Outcome, stack::tests::stack};

    #[test]
    fn a_function_is_ready_or_not() {
        let cases = [
            ("Active", "Successful", Outcome::Ok),
            ("Inactive", "Successful", Outcome::Ok),
            ("", "", Outcome::Ok),
            ("Pending", "Successful", Outcome::Warning),
            ("Active", "InProgress", Outcome::Warning),
            ("Active", "Failed", Outcome::Failed),
            ("Failed", "Successful", Outcome::Failed),
        ];
        for (state, update, expected) in cases {
            let function = Function { state: state.into(), update: update.into(), reason: String::new() };
            assert_eq!(judge("bell", &Ok(function)).outcome, expected, "{state} {update}");
        }
        let gone = Unseen { action: "lambda:GetFunctionConfiguration", reason: String::new(), kind: Kind::Missing };
        assert_eq!(judge("bell", &Err(gone)).outcome, Outcome::Failed);
    }

    #[test]
    fn every_queue_has_a_mapping_that_works() {
        let queue = "arn:aws:sqs:eu-west-1:111122223333:logs";
        let of = |state: &str| Mapping { queue: queue.into(), state: state.into(), id: "8a".into() };
        let judged = |list: Vec<Mapping>| mappings(&stack(&[]), &Ok(list))[0].outcome;
        assert_eq!(judged(vec![of("Enabled")]), Outcome::Ok);
        assert_eq!(judged(vec![of("Disabled")]), Outcome::Failed);
        assert_eq!(judged(vec![]), Outcome::Failed);
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
        assert_eq!(permissions(&direct, &Ok(policy.to_owned()))[0].outcome, Outcome::Ok);
        assert_eq!(
            permissions(&direct, &Ok(policy.replace("events.amazonaws", "s3.amazonaws")))[0].outcome,
            Outcome::Failed
        );
        let none = Unseen { action: "lambda:GetPolicy", reason: String::new(), kind: Kind::Missing };
        assert_eq!(permissions(&direct, &Err(none))[0].outcome, Outcome::Failed);
    }

    #[test]
    fn what_failed_for_good_is_counted() {
        assert_eq!(failed(&Ok(0)).outcome, Outcome::Ok);
        assert!(failed(&Ok(3)).line().ends_with("then `make redrive`"));
    }

    #[test]
    fn a_condition_that_is_not_understood_is_doubtful() {
        let direct = stack(&[("Source", "bucket"), ("LogBucketName", "logs"), ("Delivery", "direct")]);
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]}"#;
        assert_eq!(permissions(&direct, &Ok(policy.to_owned()))[0].outcome, Outcome::Warning);
    }

    #[test]
    fn a_topic_is_of_its_own_account() {
        let direct = stack(&[
            ("Source", "topic"),
            ("TrailTopicArn", "arn:aws:sns:eu-west-1:444455556666:t"),
            ("Delivery", "direct"),
        ]);
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}}]}"#;
        assert_eq!(permissions(&direct, &Ok(policy.to_owned()))[0].outcome, Outcome::Ok);
    }
}

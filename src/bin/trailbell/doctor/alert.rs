//! Does an alert reach its topic?
//!
//! A record that cannot be mistaken for a real one goes the whole way of a record from EventBridge: decoding, rules, state,
//! SNS.

use jiff::Timestamp;
use serde_json::{Value, json};
use trailbell::digest::Digest;
use uuid::Uuid;

use super::check::Check;
use crate::aws::{FunctionAnswer, Seen, Stack};

const NAME: &str = "test alert";
/// The rule of `rules.yaml` that matches the record.
pub const RULE: &str = "Trailbell: Test Alert";

/// The event of EventBridge with the record, of this id and time.
///
/// See [events delivered via CloudTrail][1].
///
/// [1]: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
pub fn event(stack: &Stack, id: &str, now: Timestamp) -> Value {
    let (account, region) = (&stack.account, &stack.region);
    let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "version": "0", "id": id, "detail-type": "AWS API Call via CloudTrail", "source": "aws.trailbell",
        "account": account, "time": now, "region": region, "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {"type": "AWSService", "invokedBy": "doctor.trailbell"},
            "eventTime": now, "eventSource": "doctor.trailbell", "eventName": "TestAlert",
            "awsRegion": region, "sourceIPAddress": "doctor.trailbell",
            "userAgent": concat!("trailbell-doctor/", env!("CARGO_PKG_VERSION")),
            "requestParameters": {"stack": stack.name}, "responseElements": null,
            "eventID": id, "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true,
            "recipientAccountId": account, "eventCategory": "Management",
        },
    })
}

/// The id of the record, a UUID that no other run has.
pub fn fresh_id(stack: &Stack, now: Timestamp, process: u32) -> String {
    let digest = Digest::of(&[&stack.function_arn(), &now.as_nanosecond().to_string(), &process.to_string()]);
    // Version 8 of RFC 9562, whose content its maker defines.
    Uuid::new_v8(digest.first()).to_string()
}

/// Judges the function's answer.
pub fn judge(stack: &Stack, id: &str, answer: &Seen<FunctionAnswer>) -> Check {
    let counts = match answer {
        Ok(FunctionAnswer::Value(counts)) => counts,
        Ok(FunctionAnswer::Failed(reason)) => {
            return Check::failed(NAME, format!("the function could not publish it: {reason}"), repair(reason, stack));
        }
        Err(unseen) => return Check::unseen(NAME, "whether an alert is sent", unseen),
    };
    let count = |pointer: &str| counts.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    if count("/matches/alerted") == 0 {
        return unpublished(counts, count("/matches/seen"));
    }
    let channels = counts["sends"].as_object().into_iter().flatten();
    let sent: Vec<_> =
        channels.filter(|(_, sends)| sends["sent"].as_u64() > Some(0)).map(|(name, _)| &**name).collect();
    let found = format!("event {id} raised an alert, which SNS accepted ({})", sent.join(", "));
    if count("/unremembered") > 0 {
        let repair = "let the function's role get and put items of the state table, and use its key; the function's log has \
                      details";
        return Check::warning(NAME, format!("{found}; the state table could not be used"), repair);
    }
    match stack.parameter("EmailSeverity") {
        Some(severity @ ("1" | "2")) if !sent.contains(&"chat") => {
            let why = format!("it has severity 3, so `EmailSeverity={severity}` does not mail it");
            Check::ok(
                NAME,
                format!("{found}; {why}: to receive it by e-mail, deploy with `EmailSeverity=3` for the test"),
            )
        }
        _ => Check::ok(NAME, found),
    }
}

fn unpublished(counts: &Value, matches: u64) -> Check {
    if matches == 0 {
        let found = format!("no rule of the function matches the record: `{RULE}` is missing or disabled");
        return Check::failed(NAME, found, "copy that rule from the end of trailbell's rules.yaml, and `make deploy`");
    }
    let outcomes = counts["matches"].as_object().into_iter().flatten();
    let words: Vec<_> = outcomes
        .filter(|(word, count)| *word != "seen" && count.as_u64() > Some(0))
        .map(|(word, _)| word.replace('_', " "))
        .collect();
    let found = format!("the rule `{RULE}` matched but sent nothing: {}", words.join(", "));
    let repair = format!("check suppressions, `notify` and `threshold` of `{RULE}` in rules.yaml and overrides.yaml");
    Check::failed(NAME, found, repair)
}

/// How to fix the failure, by the error of AWS.
fn repair(reason: &str, stack: &Stack) -> String {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    let known = if has(&["KMS", "kms:"]) {
        "let the function's role use the topic's key (`UseKey` in template.yaml), and see the checks of the key above"
    } else if has(&["AuthorizationError", "AccessDenied", "not authorized"]) {
        "let the function's role publish to the topic (`PublishAlerts` in template.yaml), and see that no policy of the topic \
         or the organization denies it"
    } else if has(&["NotFound", "does not exist"]) {
        "the topic does not exist: see the checks of subscriptions above"
    } else if has(&["Task timed out", "timed out"]) {
        "make sure that the function reaches SNS and DynamoDB: in a VPC it needs their endpoints"
    } else {
        return format!("the function's log has details: `aws logs tail /aws/lambda/{}`", stack.name);
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    fn check(parameters: &[(&str, &str)], answer: FunctionAnswer, expected: CheckOutcome, part: &str) {
        let check = judge(&stack(parameters), "8a", &Ok(answer));
        assert!(check.outcome == expected && check.line().contains(part), "{}", check.line());
    }

    #[test]
    fn an_alert_is_published_or_the_reason_is_reported() {
        let counts = |matches: Value, unremembered| {
            FunctionAnswer::Value(
                json!({"matches": matches, "sends": {"alerts": {"sent": 1, "failed": 0}}, "unremembered": unremembered}),
            )
        };
        let alerted = json!({"seen": 1, "alerted": 1});
        check(
            &[],
            counts(alerted.clone(), 0),
            CheckOutcome::Ok,
            "event 8a raised an alert, which SNS accepted (alerts)",
        );
        check(&[("EmailSeverity", "2")], counts(alerted.clone(), 0), CheckOutcome::Ok, "does not mail it");
        check(&[("EmailSeverity", "3")], counts(alerted.clone(), 0), CheckOutcome::Ok, "SNS accepted");
        check(&[], counts(alerted, 1), CheckOutcome::Warning, "state table");
        check(&[], counts(json!({"seen": 0}), 0), CheckOutcome::Failed, "is missing or disabled");
        check(
            &[],
            counts(json!({"seen": 1, "alerted": 0, "suppressed": 1}), 0),
            CheckOutcome::Failed,
            "but sent nothing: suppressed;",
        );
    }

    #[test]
    fn the_repair_depends_on_the_error_of_aws() {
        let cases = [
            ("alert 1: arn: KMSAccessDeniedException: The ciphertext …", "UseKey"),
            ("alert 1: arn: AuthorizationError: not authorized to perform: SNS:Publish", "PublishAlerts"),
            ("alert 1: arn: NotFoundException: Topic does not exist", "the topic does not exist"),
            ("Task timed out after 300.00 seconds", "endpoints"),
            ("rules.yaml cannot be read", "`aws logs tail /aws/lambda/bell`"),
        ];
        for (reason, part) in cases {
            check(&[], FunctionAnswer::Failed(reason.to_owned()), CheckOutcome::Failed, part);
        }
    }

    #[test]
    fn every_run_has_another_id() {
        let (stack, now) = (stack(&[]), Timestamp::from_second(1_772_438_400).unwrap());
        let id = fresh_id(&stack, now, 1);
        assert_ne!(id, fresh_id(&stack, now, 2));
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(event(&stack, &id, now)["detail"]["eventTime"], "2026-03-02T08:00:00Z");
    }
}

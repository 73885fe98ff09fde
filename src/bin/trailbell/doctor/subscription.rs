//! Does anyone receive what is published?
//!
//! A subscription without confirmation receives nothing, and SNS deletes it after some days.

use super::check::Check;
use crate::aws::{Cause, Seen, Stack, Subscription, Unseen};

const NAME: &str = "subscriptions";

/// A topic of the stack.
pub struct StackTopic {
    /// Its output in the stack.
    pub output: &'static str,
    /// Its ARN.
    pub arn: String,
    /// Whether it carries alerts to people.
    pub alerts: bool,
}

/// The stack's topics.
pub fn topics(stack: &Stack) -> Vec<StackTopic> {
    let all = [("AlertTopicArn", true), ("ChatTopicArn", true), ("FindingTopicArn", false), ("AlarmTopicArn", false)];
    let topic = |(output, alerts)| Some(StackTopic { output, arn: stack.output(output)?.to_owned(), alerts });
    all.into_iter().filter_map(topic).collect()
}

/// Judges the subscriptions of each topic; if no one at all receives alerts, that is a failure.
pub fn judge(topics: &[(StackTopic, Seen<Vec<Subscription>>)]) -> Vec<Check> {
    let is_confirmed = |(_, seen): &(StackTopic, Seen<Vec<Subscription>>)| match seen {
        Ok(list) => list.iter().any(|one| one.confirmed),
        // Unseen subscriptions may exist.
        Err(unseen) => unseen.cause != Cause::Missing,
    };
    let received = topics.iter().filter(|(topic, _)| topic.alerts).any(is_confirmed);
    topics.iter().flat_map(|(topic, seen)| one(topic, seen, received)).collect()
}

fn one(topic: &StackTopic, seen: &Seen<Vec<Subscription>>, received: bool) -> Vec<Check> {
    let what = format!("the topic of `{}`", topic.output);
    let list = match seen {
        Ok(list) => list,
        Err(Unseen { cause: Cause::Missing, .. }) => {
            let found = format!("{what}, `{}`, does not exist", topic.arn);
            let name = topic.arn.rsplit(':').next().unwrap_or_default();
            let repair = format!(
                "create it again, `aws sns create-topic --name {name}`, with the policy and the key in template.yaml, and \
                 subscribe again"
            );
            return vec![Check::failed(NAME, found, repair)];
        }
        Err(unseen) => return vec![Check::unseen(NAME, &what, unseen)],
    };
    let (confirmed, pending): (Vec<_>, Vec<_>) = list.iter().partition(|one| one.confirmed);
    let mut checks: Vec<_> = pending.iter().map(|one| unconfirmed(&what, one)).collect();
    if !confirmed.is_empty() {
        let many = if confirmed.len() == 1 {
            "1 subscription".to_owned()
        } else {
            format!("{} subscriptions", confirmed.len())
        };
        checks.insert(0, Check::ok(NAME, format!("{what} has {many}: {}", protocols(&confirmed))));
    } else if topic.alerts && !received {
        let repair = format!(
            "set `AlertEmail` or `Chat` and `make deploy`, or `aws sns subscribe --topic-arn {} \
             --protocol email --notification-endpoint ADDRESS`",
            topic.arn
        );
        checks.insert(
            0,
            Check::failed(NAME, format!("no one receives alerts: {what} has no confirmed subscription"), repair),
        );
    } else {
        let repair = match topic.output {
            "AlarmTopicArn" => {
                "set `AlarmEmail` and `make deploy`; without it, no one learns when trailbell itself fails"
            }
            "FindingTopicArn" => "subscribe the program that reads findings, or deploy with `Findings=no`",
            "ChatTopicArn" => {
                "subscribe a channel in Amazon Q Developer in chat applications, or deploy with `Chat=no`"
            }
            _ => "set `AlertEmail` and `make deploy` to receive alerts by e-mail, too",
        };
        checks.insert(0, Check::warning(NAME, format!("{what} has no confirmed subscription"), repair));
    }
    checks
}

fn unconfirmed(what: &str, one: &Subscription) -> Check {
    let repair = match &*one.protocol {
        "email" | "email-json" => {
            "open the link in the e-mail from AWS, or better, so that no mail scanner can end it by opening a link: `aws sns \
             confirm-subscription --topic-arn TOPIC --token TOKEN --authenticate-on-unsubscribe true` with the token in that link; \
             subscribe again if it is older than two days"
        }
        _ => "have the endpoint confirm it, or subscribe again",
    };
    Check::warning(
        NAME,
        format!("{what}: {} `{}` is not confirmed, and receives nothing", one.protocol, one.endpoint),
        repair,
    )
}

fn protocols(list: &[&Subscription]) -> String {
    let mut words: Vec<_> = list.iter().map(|one| &*one.protocol).collect();
    words.sort_unstable();
    words.dedup();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    fn mail(confirmed: bool) -> Subscription {
        Subscription { protocol: "email".to_owned(), endpoint: "one@example.com".to_owned(), confirmed }
    }

    fn judged(alerts: Vec<Subscription>, alarms: Vec<Subscription>) -> Vec<(CheckOutcome, String)> {
        let seen = topics(&stack(&[])).into_iter().zip([Ok(alerts), Ok(alarms)]).collect::<Vec<_>>();
        judge(&seen).into_iter().map(|check| (check.outcome, check.line())).collect()
    }

    #[test]
    fn without_a_confirmed_subscription_no_one_receives_alerts() {
        let found = judged(vec![mail(true)], vec![mail(true)]);
        assert_eq!(
            found.iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(),
            [CheckOutcome::Ok, CheckOutcome::Ok],
            "{found:?}"
        );
        for alerts in [vec![], vec![mail(false)]] {
            let pending = alerts.len();
            let found = judged(alerts, vec![mail(true)]);
            assert!(found[0].0 == CheckOutcome::Failed && found[0].1.contains("no one receives alerts"), "{found:?}");
            assert_eq!(found.len(), 2 + pending, "{found:?}");
        }
        let found = judged(vec![mail(true), mail(false)], vec![]);
        assert_eq!(
            found.iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(),
            [CheckOutcome::Ok, CheckOutcome::Warning, CheckOutcome::Warning]
        );
        assert!(found[1].1.contains("`one@example.com` is not confirmed"), "{found:?}");
    }

    #[test]
    fn unseen_subscriptions_are_not_taken_for_none() {
        let denied = Unseen { action: "sns:ListSubscriptionsByTopic", reason: "no".into(), cause: Cause::Denied };
        let seen: Vec<_> = topics(&stack(&[])).into_iter().map(|topic| (topic, Err(denied.clone()))).collect();
        let checks = judge(&seen);
        assert!(checks.iter().all(|check| check.outcome == CheckOutcome::Warning), "{checks:?}");
        assert!(checks[0].line().contains("allow yourself `sns:ListSubscriptionsByTopic`"));
    }
}

//! Does anybody receive what is published?
//!
//! A subscription that nobody confirmed receives nothing, and SNS forgets it after a while.

use super::{
    check::{Check, Kind, Look, Unseen},
    stack::Stack,
};

const NAME: &str = "subscriptions";

/// Who subscribed to a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// `email`, `sqs` and their like.
    pub protocol: String,
    /// The address, or the ARN.
    pub endpoint: String,
    /// Whether messages are sent to it.
    pub confirmed: bool,
}

/// A topic, and who subscribed to it.
pub struct Topic {
    /// Its output in the stack.
    pub output: &'static str,
    /// Its ARN.
    pub arn: String,
    /// Whether it carries alerts to people.
    pub alerts: bool,
}

/// The stack's topics.
pub fn topics(stack: &Stack) -> Vec<Topic> {
    let all = [("AlertTopicArn", true), ("ChatTopicArn", true), ("FindingTopicArn", false), ("AlarmTopicArn", false)];
    let topic = |(output, alerts)| Some(Topic { output, arn: stack.output(output)?.to_owned(), alerts });
    all.into_iter().filter_map(topic).collect()
}

/// Judges each topic; that nobody at all receives alerts is a failure.
pub fn judge(topics: &[(Topic, Look<Vec<Subscription>>)]) -> Vec<Check> {
    let is_confirmed = |(_, seen): &(Topic, Look<Vec<Subscription>>)| match seen {
        Ok(list) => list.iter().any(|one| one.confirmed),
        // Who cannot see them does not say that there are none.
        Err(unseen) => unseen.kind != Kind::Missing,
    };
    let heard = topics.iter().filter(|(topic, _)| topic.alerts).any(is_confirmed);
    topics.iter().flat_map(|(topic, seen)| one(topic, seen, heard)).collect()
}

fn one(topic: &Topic, seen: &Look<Vec<Subscription>>, heard: bool) -> Vec<Check> {
    let what = format!("the topic of `{}`", topic.output);
    let list = match seen {
        Ok(list) => list,
        Err(Unseen { kind: Kind::Missing, .. }) => {
            let found = format!("{what}, `{}`, does not exist", topic.arn);
            let name = topic.arn.rsplit(':').next().unwrap_or_default();
            let repair = format!(
                "make it again, `aws sns create-topic --name {name}`, with the policy and the key that template.yaml gives it, and \
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
    } else if topic.alerts && !heard {
        let repair = format!(
            "give `AlertEmail` or `Chat` and `make deploy`, or `aws sns subscribe --topic-arn {} \
             --protocol email --notification-endpoint ADDRESS`",
            topic.arn
        );
        checks.insert(
            0,
            Check::failed(NAME, format!("nobody receives alerts: {what} has no confirmed subscription"), repair),
        );
    } else {
        let repair = match topic.output {
            "AlarmTopicArn" => "give `AlarmEmail` and `make deploy`, or nobody is told when trailbell itself fails",
            "FindingTopicArn" => "subscribe the machine that reads findings, or deploy with `Findings=no`",
            "ChatTopicArn" => {
                "subscribe a channel in Amazon Q Developer in chat applications, or deploy with `Chat=no`"
            }
            _ => "give `AlertEmail` and `make deploy`, if alerts are to be mailed too",
        };
        checks.insert(0, Check::warning(NAME, format!("{what} has no confirmed subscription"), repair));
    }
    checks
}

fn unconfirmed(what: &str, one: &Subscription) -> Check {
    let repair = match &*one.protocol {
        "email" | "email-json" => "open the link in the mail of AWS, or subscribe again if it is older than two days",
        _ => "let the endpoint confirm it, or subscribe again",
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
    use crate::doctor::{check::Outcome, stack::tests::stack};

    fn mail(confirmed: bool) -> Subscription {
        Subscription { protocol: "email".to_owned(), endpoint: "one@example.com".to_owned(), confirmed }
    }

    fn judged(alerts: Vec<Subscription>, alarms: Vec<Subscription>) -> Vec<(Outcome, String)> {
        let seen = topics(&stack(&[])).into_iter().zip([Ok(alerts), Ok(alarms)]).collect::<Vec<_>>();
        judge(&seen).into_iter().map(|check| (check.outcome, check.line())).collect()
    }

    #[test]
    fn without_a_confirmed_one_nobody_hears() {
        let found = judged(vec![mail(true)], vec![mail(true)]);
        assert_eq!(
            found.iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(),
            [Outcome::Ok, Outcome::Ok],
            "{found:?}"
        );
        for alerts in [vec![], vec![mail(false)]] {
            let pending = alerts.len();
            let found = judged(alerts, vec![mail(true)]);
            assert!(found[0].0 == Outcome::Failed && found[0].1.contains("nobody receives alerts"), "{found:?}");
            assert_eq!(found.len(), 2 + pending, "{found:?}");
        }
        let found = judged(vec![mail(true), mail(false)], vec![]);
        assert_eq!(
            found.iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(),
            [Outcome::Ok, Outcome::Warning, Outcome::Warning]
        );
        assert!(found[1].1.contains("`one@example.com` is not confirmed"), "{found:?}");
    }

    #[test]
    fn who_cannot_see_them_does_not_say_that_there_are_none() {
        let denied = Unseen { action: "sns:ListSubscriptionsByTopic", reason: "no".into(), kind: Kind::Denied };
        let seen: Vec<_> = topics(&stack(&[])).into_iter().map(|topic| (topic, Err(denied.clone()))).collect();
        let checks = judge(&seen);
        assert!(checks.iter().all(|check| check.outcome == Outcome::Warning), "{checks:?}");
        assert!(checks[0].line().contains("allow yourself `sns:ListSubscriptionsByTopic`"));
    }
}

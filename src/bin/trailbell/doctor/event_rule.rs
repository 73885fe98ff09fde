//! Do the stack's rules of EventBridge work: do they exist, are they enabled, and do they send to the function?

use super::check::Check;
use crate::aws::{Cause, EventRule, Seen, Stack, StackResource, Unseen};

const NAME: &str = "rules";

/// The rules of the stack, by their names in the template, each with what is missing without it.
const RULES: [(&str, &str); 4] = [
    ("NewObjects", "no log file arrives"),
    ("ApiCalls", "no event of EventBridge arrives"),
    ("DetectorFindings", "no finding of a detector arrives"),
    ("Tick", "what is due later is never sent"),
];

/// The rules that a stack has: their names in the template and their own.
pub fn of(resources: &[StackResource]) -> Vec<(&'static str, String)> {
    let own = |name: &str| {
        let is_rule = |one: &&StackResource| one.logical == name && one.kind == "AWS::Events::Rule";
        // With an event bus, the physical name is `bus|rule`.
        resources.iter().find(is_rule).map(|one| one.physical.rsplit('|').next().unwrap_or_default().to_owned())
    };
    RULES.iter().filter_map(|(name, _)| Some((*name, own(name)?))).collect()
}

/// Judges one of them.
pub fn judge(stack: &Stack, (name, own): (&str, &str), rule: &Seen<EventRule>) -> Check {
    let without = RULES.iter().find(|(known, _)| *known == name).map_or("", |(_, without)| without);
    let rule = match rule {
        Ok(rule) => rule,
        Err(Unseen { cause: Cause::Missing, .. }) => {
            let found = format!("the rule `{name}` does not exist, so {without}");
            let repair =
                format!("create it again under its name `{own}`, with the properties of `{name}` in template.yaml");
            return Check::failed(NAME, found, repair);
        }
        Err(unseen) => return Check::unseen(NAME, &format!("the rule `{name}`"), unseen),
    };
    if !rule.is_enabled {
        let found = format!("the rule `{name}` is disabled, so {without}");
        // Enabling it in the usual way would leave out read-only events.
        let repair = match name {
            "ApiCalls" => format!(
                "`aws events put-rule --name {own} --state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS --event-pattern` with \
                 the pattern of `{name}` in template.yaml"
            ),
            _ => format!("`aws events enable-rule --name {own}`"),
        };
        return Check::failed(NAME, found, repair);
    }
    let to = match stack.queue_arn() {
        Some(queue) if name != "Tick" => queue,
        _ => stack.function_arn(),
    };
    if !rule.targets.contains(&to) {
        let found = format!("the rule `{name}` does not send to `{to}`, so {without}");
        let repair = format!(
            "`aws events put-targets --rule {own} --targets 'Id=trailbell,Arn={to}'`, and the dead-letter queue of template.yaml"
        );
        return Check::failed(NAME, found, repair);
    }
    Check::ok(NAME, format!("the rule `{name}` sends to `{to}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::tests::stack, doctor::check::CheckOutcome};

    #[test]
    fn a_rule_exists_is_enabled_and_has_its_target() {
        let stack = stack(&[("Source", "bucket"), ("LogBucketName", "logs")]);
        let (queue, function) = (stack.queue_arn().unwrap(), stack.function_arn());
        let rule =
            |is_enabled, to: &str| Ok(EventRule { is_enabled, targets: vec!["other".to_owned(), to.to_owned()] });
        let missing = Unseen { action: "events:DescribeRule", reason: String::new(), cause: Cause::Missing };
        let denied = Unseen { cause: Cause::Denied, ..missing.clone() };
        for (name, rule, outcome, words) in [
            ("NewObjects", rule(true, &queue), CheckOutcome::Ok, "sends to"),
            ("Tick", rule(true, &function), CheckOutcome::Ok, "sends to"),
            ("Tick", rule(true, &queue), CheckOutcome::Failed, "what is due later is never sent"),
            ("NewObjects", rule(true, &function), CheckOutcome::Failed, "aws events put-targets --rule own"),
            ("NewObjects", rule(false, &queue), CheckOutcome::Failed, "aws events enable-rule --name own"),
            ("ApiCalls", rule(false, &queue), CheckOutcome::Failed, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
            ("NewObjects", Err(missing), CheckOutcome::Failed, "does not exist, so no log file arrives"),
            ("NewObjects", Err(denied), CheckOutcome::Warning, "allow yourself `events:DescribeRule`"),
        ] {
            let check = judge(&stack, (name, "own"), &rule);
            assert!(check.outcome == outcome && check.line().contains(words), "{}", check.line());
        }
    }

    #[test]
    fn the_rules_are_those_of_the_stack() {
        let resource = |logical: &str, kind: &str| StackResource {
            logical: logical.to_owned(),
            physical: format!("default|bell-{logical}-1"),
            kind: kind.to_owned(),
        };
        let all = [resource("Tick", "AWS::Events::Rule"), resource("NewObjects", "AWS::SQS::Queue")];
        assert_eq!(of(&all), [("Tick", "bell-Tick-1".to_owned())]);
    }
}

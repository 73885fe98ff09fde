//! `docs/rules.md`: what each rule means and what to do about its alerts, from the rules file.

use std::fmt::Write;

use jiff::SignedDuration;
use trailbell::rule::{
    FieldPath, Rule,
    tag::{TagMeaning, meaning},
};

use super::error::GenerateError;

/// The title of a section, by the tag of its service.
const TITLES: &[(&str, &str)] = &[
    ("access-analyzer", "IAM Access Analyzer"),
    ("account", "Account"),
    ("acm", "Certificate Manager"),
    ("backup", "Backup"),
    ("bedrock", "Bedrock"),
    ("cloudformation", "CloudFormation"),
    ("cloudshell", "CloudShell"),
    ("cloudtrail", "CloudTrail"),
    ("cloudwatch", "CloudWatch"),
    ("codebuild", "CodeBuild"),
    ("cognito", "Cognito"),
    ("config", "Config"),
    ("console", "Console"),
    ("datasync", "DataSync and Transfer"),
    ("detective", "Detective and Audit Manager"),
    ("dynamodb", "DynamoDB"),
    ("ebs", "EBS"),
    ("ec2", "EC2"),
    ("ecr", "Elastic Container Registry"),
    ("ecs", "ECS"),
    ("eks", "EKS"),
    ("events", "EventBridge"),
    ("firehose", "Data Firehose"),
    ("glacier", "Glacier"),
    ("guardduty", "GuardDuty"),
    ("health", "Health"),
    ("iam", "IAM"),
    ("identitycenter", "IAM Identity Center"),
    ("inspector2", "Inspector"),
    ("kms", "KMS"),
    ("lakeformation", "Lake Formation"),
    ("lambda", "Lambda"),
    ("lightsail", "Lightsail"),
    ("logs", "CloudWatch Logs"),
    ("macie", "Macie"),
    ("macie2", "Macie"),
    ("opensearch", "OpenSearch"),
    ("organizations", "Organizations"),
    ("ram", "Resource Access Manager"),
    ("rds", "RDS"),
    ("redshift", "Redshift"),
    ("rolesanywhere", "IAM Roles Anywhere"),
    ("route53", "Route 53"),
    ("s3", "S3"),
    ("sagemaker", "SageMaker"),
    ("secretsmanager", "Secrets Manager"),
    ("securityhub", "Security Hub"),
    ("securitylake", "Security Lake"),
    ("ses", "SES"),
    ("signin", "Sign-in"),
    ("sns", "SNS"),
    ("sqs", "SQS"),
    ("ssm", "Systems Manager"),
    ("sts", "STS"),
    ("support", "Support"),
    ("trailbell", "trailbell itself"),
    ("vpc", "VPC"),
    ("waf", "WAF"),
];

const INTRODUCTION: &str = "\
# The rules

What `rules.yaml` holds, by service: what each rule means and what to do when it fires. Severity 1 wakes someone, 2 is for
review, 3 is for the audit trail. The word in back-quotes is the rule's id, which `overrides.yaml` and filter policies use.
Unless a rule says otherwise, it raises one alert a day for an actor and a call.

`make docs` generates this page.
";

/// The text of the page.
///
/// # Errors
///
/// If a rule has no service with a title, or a title has no rule.
pub fn page(rules: &[Rule]) -> Result<String, GenerateError> {
    let mut titles = TITLES.to_vec();
    titles.sort_by_key(|(_, title)| title.to_lowercase());
    for rule in rules {
        if !titles.iter().any(|(tag, _)| Some(*tag) == service(rule)) {
            return Err(GenerateError::NoTitle { rule: rule.name.clone() });
        }
    }
    let mut page = INTRODUCTION.to_owned();
    for (tag, title) in titles {
        let mut of_service = rules.iter().filter(|rule| service(rule) == Some(tag)).peekable();
        if of_service.peek().is_none() {
            return Err(GenerateError::NoRule { tag });
        }
        let _ = write!(page, "\n## {title}\n");
        of_service.for_each(|rule| page += &section(rule));
    }
    Ok(page)
}

fn service(rule: &Rule) -> Option<&str> {
    rule.tags.iter().find_map(|tag| tag.strip_prefix("service."))
}

fn section(rule: &Rule) -> String {
    let mut facts = vec![format!("`{}`", rule.id), format!("severity {}", rule.severity.number())];
    if !rule.enabled {
        facts.push("**off**".to_owned());
    }
    facts.extend(rule.tags.iter().filter_map(|tag| match meaning(tag)? {
        TagMeaning::Technique(id) | TagMeaning::SubTechnique(_, id) => {
            Some(format!("[{id}](https://attack.mitre.org/techniques/{}/)", id.replace('.', "/")))
        }
        TagMeaning::Tactic(_) => None,
        TagMeaning::Control(framework, control) => Some(format!("{framework} {control}")),
    }));
    let description = escaped(rule.description.as_deref().unwrap_or_default());
    let words = [description, alerting(rule)].join(" ");
    format!("\n### {}\n\n{}\n\n{}\n", escaped(&rule.name), facts.join(" · "), words.trim_end())
}

/// How matches become alerts, unless that is as for most rules.
fn alerting(rule: &Rule) -> String {
    let named = |fields: &[FieldPath]| {
        let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.written.text)).collect();
        names.join(", ").replacen(", ", " and ", usize::from(names.len() == 2))
    };
    if let Some(sequence) = &rule.sequence {
        return format!(
            "It takes an event for each of {} steps, in their order within {}, all with the same {}.",
            sequence.steps.len(),
            length(rule.window),
            named(rule.steps().first().map(|step| &*step.by).unwrap_or_default())
        );
    }
    let each = match rule.aggregate_fields.as_deref() {
        None => "actor and call".to_owned(),
        Some(fields) => named(fields),
    };
    if let Some(first) = &rule.first_seen
        && rule.threshold > 1
    {
        return format!(
            "It takes {} combinations of {} within {} that were not seen for {}, counted for each {each}, after {} of learning.",
            rule.threshold,
            named(&first.fields),
            length(rule.window),
            length(first.within),
            length(first.learning)
        );
    }
    if let Some(first) = &rule.first_seen {
        return format!(
            "It alerts on a combination of {} that was not seen for {}, after {} of learning.",
            named(&first.fields),
            length(first.within),
            length(first.learning)
        );
    }
    if rule.threshold > 1 {
        let counted = match &rule.distinct {
            Some(field) => format!("different values of `{}`", field.name()),
            None => "events".to_owned(),
        };
        return format!(
            "It takes {} {counted} within {}, counted for each {each}.",
            rule.threshold,
            length(rule.window)
        );
    }
    let usual = rule.aggregate_fields.is_none() && rule.window == SignedDuration::from_hours(24);
    if usual { String::new() } else { format!("One alert in {} for each {each}.", length(rule.window)) }
}

fn length(length: SignedDuration) -> String {
    match (length.as_hours(), length.as_mins()) {
        (24, _) => "a day".to_owned(),
        (1, 60) => "an hour".to_owned(),
        (hours, _) if hours > 24 && hours % 24 == 0 => format!("{} days", hours / 24),
        (hours, minutes) if minutes == hours * 60 => format!("{hours} hours"),
        (_, minutes) => format!("{minutes} minutes"),
    }
}

/// Text of a rule, escaped for Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out += "&lt;",
            '*' | '_' | '[' | ']' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use trailbell::rule::RuleSet;

    use super::*;

    #[test]
    fn what_a_rule_counts_is_worded() {
        let words = |fields: &str| {
            let text = format!("rules:\n  - name: A\n    severity: 1\n    filter: a = 1\n{fields}");
            alerting(&RuleSet::parse(&text).unwrap().0.rules[0])
        };
        assert_eq!(words(""), "");
        assert_eq!(
            words("    threshold: 15\n    window: 1h\n    aggregate_fields: [user, ip]\n"),
            "It takes 15 events within an hour, counted for each `user` and `ip`."
        );
        assert_eq!(
            words("    threshold: 10\n    window: 10m\n    distinct: a.b\n    aggregate_fields: [user]\n"),
            "It takes 10 different values of `a.b` within 10 minutes, counted for each `user`."
        );
        assert_eq!(
            words("    threshold: 3\n    aggregate_fields: [user]\n    first_seen: {fields: [ip]}\n"),
            "It takes 3 combinations of `ip` within a day that were not seen for 30 days, counted for each `user`, after 7 days of learning."
        );
        let steps = "rules:\n- {name: A, severity: 1, window: 1h, by: [user, ip], sequence: [{filter: a = 1}, {filter: a = 2}]}\n";
        assert_eq!(
            alerting(&RuleSet::parse(steps).unwrap().0.rules[0]),
            "It takes an event for each of 2 steps, in their order within an hour, all with the same `user` and `ip`."
        );
        assert_eq!(words("    aggregate_fields: [ip]\n"), "One alert in a day for each `ip`.");
        assert_eq!(words("    window: 10m\n"), "One alert in 10 minutes for each actor and call.");
        assert_eq!(
            words("    first_seen: {fields: [user, ip], within: 90d, learning: 14d}\n"),
            "It alerts on a combination of `user` and `ip` that was not seen for 90 days, after 14 days of learning."
        );
    }
}

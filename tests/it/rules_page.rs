//! `docs/rules.md` says of every rule what `rules.yaml` says. `make docs` writes it anew.

use std::{env, fmt::Write, fs, path::Path};

use jiff::SignedDuration;
use trailbell::rule::{
    FieldPath, Rule, RuleSet,
    tag::{TagMeaning, meaning},
};

/// What a section is called, by the tag of its service.
const TITLES: &[(&str, &str)] = &[
    ("account", "Account"),
    ("acm", "Certificate Manager"),
    ("backup", "Backup"),
    ("bedrock", "Bedrock"),
    ("cloudtrail", "CloudTrail"),
    ("cloudwatch", "CloudWatch"),
    ("cognito", "Cognito"),
    ("config", "Config"),
    ("console", "Console"),
    ("datasync", "DataSync and Transfer"),
    ("dynamodb", "DynamoDB"),
    ("ebs", "EBS"),
    ("ec2", "EC2"),
    ("ecr", "Elastic Container Registry"),
    ("ecs", "ECS"),
    ("eks", "EKS"),
    ("events", "EventBridge"),
    ("glacier", "Glacier"),
    ("guardduty", "GuardDuty"),
    ("iam", "IAM"),
    ("identitycenter", "IAM Identity Center"),
    ("kms", "KMS"),
    ("lambda", "Lambda"),
    ("lightsail", "Lightsail"),
    ("logs", "CloudWatch Logs"),
    ("macie", "Macie"),
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

What `rules.yaml` holds, by service: what each rule means and what to do when it fires. Severity 1 wakes somebody, 2 is for
review, 3 is for the audit trail. The word in back-quotes is the rule's id, which `overrides.yaml` and filter policies use.
Unless a rule says otherwise, it raises one alert a day for an actor and a call.

`make docs` makes this page.
";

#[test]
fn the_page_is_that_of_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = RuleSet::parse(&fs::read_to_string(root.join("rules.yaml")).unwrap()).unwrap().0.rules;
    let (file, page) = (root.join("docs/rules.md"), page(&rules));
    if env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let differs = written.lines().zip(page.lines()).find(|(is, should)| is != should);
    assert!(written == page, "docs/rules.md is not of these rules: run `make docs`; first difference: {differs:?}");
}

#[test]
fn what_counts_is_told_in_words() {
    let words = |fields: &str| {
        let text = format!("rules:\n  - name: A\n    severity: 1\n    filter: a = 1\n{fields}");
        alerting(&RuleSet::parse(&text).unwrap().0.rules[0])
    };
    assert_eq!(words(""), "");
    assert_eq!(
        words("    threshold: 15\n    window: 1h\n    aggregate_fields: [user, ip]\n"),
        "It takes 15 events within an hour, counted for each `user` and `ip`."
    );
    assert_eq!(words("    aggregate_fields: [ip]\n"), "One alert in a day for each `ip`.");
    assert_eq!(words("    window: 10m\n"), "One alert in 10 minutes for each actor and call.");
    assert_eq!(
        words("    first_seen: {fields: [user, ip], within: 90d, learning: 14d}\n"),
        "It speaks of a combination of `user` and `ip` that was not seen for 90 days, after 14 days in which it learns."
    );
}

fn page(rules: &[Rule]) -> String {
    let service = |rule: &Rule| rule.tags.iter().find_map(|tag| tag.strip_prefix("service.").map(str::to_owned));
    let mut page = INTRODUCTION.to_owned();
    let mut titles = TITLES.to_vec();
    titles.sort_by_key(|(_, title)| title.to_lowercase());
    for rule in rules {
        let service = service(rule);
        let has_title = titles.iter().any(|(tag, _)| Some(*tag) == service.as_deref());
        assert!(has_title, "{} has the tag service.{}: give it a title", rule.name, service.unwrap_or_default());
    }
    for (tag, title) in titles {
        let of_service: Vec<_> = rules.iter().filter(|rule| service(rule).as_deref() == Some(tag)).collect();
        assert!(!of_service.is_empty(), "no rule has the tag service.{tag}");
        write!(page, "\n## {title}\n").unwrap();
        for rule in of_service {
            page += &section(rule);
        }
    }
    page
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

/// How matches become alerts, where it is not as usual.
fn alerting(rule: &Rule) -> String {
    let named = |fields: &[FieldPath]| {
        let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.written.text)).collect();
        names.join(", ").replacen(", ", " and ", usize::from(names.len() == 2))
    };
    let each = match rule.aggregate_fields.as_deref() {
        None => "actor and call".to_owned(),
        Some(fields) => named(fields),
    };
    if let Some(first) = &rule.first_seen {
        return format!(
            "It speaks of a combination of {} that was not seen for {}, after {} in which it learns.",
            named(&first.fields),
            length(first.within),
            length(first.learning)
        );
    }
    if rule.threshold > 1 {
        return format!("It takes {} events within {}, counted for each {each}.", rule.threshold, length(rule.window));
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

/// Words of a rule that Markdown would take for its own.
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

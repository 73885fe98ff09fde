//! Every condition of the shipped rules is tested: without it, a test of its rule fails.

use std::fs;

use serde_json::Value;
use trailbell::{
    backtest::{self, Tested},
    filter::{
        Filter, Lists,
        ast::{Compare, Expr, ExprKind, Right, RightItem},
        operator::Meaning,
    },
    record::Path,
    rule::{Rule, RuleSet, Verdict},
};

use crate::detectors::record;

fn file(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> RuleSet {
    RuleSet::parse(&fs::read_to_string(file("rules.yaml")).unwrap()).unwrap().0
}

/// Whether it is a condition on a list that users fill, which no test can need as long as the list is empty.
fn asks_empty_list(part: &Expr, lists: &Lists) -> bool {
    let is_empty = |name: &str| lists.get(name).is_some_and(<[_]>::is_empty);
    match &part.kind {
        ExprKind::List { list, .. } => is_empty(&list.name),
        ExprKind::Not(inner) => asks_empty_list(inner, lists),
        ExprKind::Compare(Compare { operator, right: Right::One(RightItem::Named(list)), .. }) => {
            operator.meaning != Meaning::Foreign && is_empty(&list.name)
        }
        _ => false,
    }
}

/// For each part of each `and` and `or` in the expression: the expression without that part, and the part as text.
pub fn without_a_part(expr: &Expr, lists: &Lists) -> Vec<(Expr, String)> {
    let whole = |kind| Expr { kind, ..expr.clone() };
    let mut found = Vec::new();
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            let join = |parts: Vec<Expr>| match (&expr.kind, <[Expr; 1]>::try_from(parts)) {
                (_, Ok([one])) => one,
                (ExprKind::And(_), Err(parts)) => whole(ExprKind::And(parts)),
                (_, Err(parts)) => whole(ExprKind::Or(parts)),
            };
            let parts_with_tests = parts.iter().enumerate().filter(|(_, part)| !asks_empty_list(part, lists));
            for (at, part) in parts_with_tests {
                let mut rest = parts.clone();
                rest.remove(at);
                found.push((join(rest), part.to_string()));
                for (changed, dropped) in without_a_part(part, lists) {
                    let mut parts = parts.clone();
                    parts[at] = changed;
                    found.push((join(parts), dropped));
                }
            }
        }
        ExprKind::Not(inner) => {
            let inside = without_a_part(inner, lists).into_iter();
            found.extend(inside.map(|(changed, dropped)| (whole(ExprKind::Not(Box::new(changed))), dropped)));
        }
        ExprKind::Any(path, inner) => {
            let inside = without_a_part(inner, lists).into_iter();
            found.extend(
                inside.map(|(changed, dropped)| (whole(ExprKind::Any(path.clone(), Box::new(changed))), dropped)),
            );
        }
        ExprKind::Compare(_) | ExprKind::List { .. } => {}
    }
    found
}

/// A condition of many rules, and what it means to every record that such a rule must match.
struct Usual {
    /// The beginning of the condition as text.
    begins: &'static str,
    field: &'static str,
    /// Values after which the rule no longer matches.
    without: &'static [&'static str],
    /// Values after which it still matches.
    with: &'static [&'static str],
}

const USUAL: &[Usual] = &[
    Usual { begins: r#"event_type = "cloudtrail""#, field: "eventType", without: &["AwsCloudTrailInsight"], with: &[] },
    Usual { begins: "eventSource = ", field: "eventSource", without: &["example.amazonaws.com"], with: &[] },
    Usual { begins: "eventSource in ", field: "eventSource", without: &["example.amazonaws.com"], with: &[] },
    Usual { begins: "errorCode = null", field: "errorCode", without: &["AccessDenied"], with: &[] },
    Usual {
        begins: "userIdentity.invokedBy = null",
        field: "userIdentity.invokedBy",
        without: &["AWS Internal", "example.amazonaws.com"],
        with: &[],
    },
    Usual {
        begins: "(userIdentity.invokedBy = null or userIdentity.invokedBy in $orchestrators)",
        field: "userIdentity.invokedBy",
        without: &["AWS Internal", "example.amazonaws.com"],
        with: &["cloudformation.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"],
    },
    Usual { begins: r#"userType != "AWSService""#, field: "userIdentity.type", without: &["AWSService"], with: &[] },
    Usual {
        begins: "not ($automation_roles = null and userAgent icontains $infrastructure_as_code)",
        field: "userAgent",
        without: &[
            "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) terraform-provider-aws/5.64.0",
            "OpenTofu/1.8.1 (+https://opentofu.org) terraform-provider-aws/5.64.0",
            "APN/1.0 Pulumi/1.0 PulumiAWS/6.50.0",
            "crossplane-provider-aws/v1.12.0",
            "cloudformation.amazonaws.com",
        ],
        with: &[],
    },
];

fn asked(rule: &Rule, usual: &Usual) -> bool {
    match &rule.filter.expr().kind {
        ExprKind::And(parts) => parts.iter().any(|part| {
            let text = part.to_string();
            let text = if matches!(part.kind, ExprKind::Or(_)) { format!("({text})") } else { text };
            text.starts_with(usual.begins)
        }),
        _ => false,
    }
}

/// Whether the condition means to every record that the rule must match what it means.
fn holds(rule: &Rule, usual: &Usual) -> bool {
    let field = Path::parse(usual.field).unwrap();
    rule.tests.iter().filter(|test| test.expect == Verdict::Match).all(|test| {
        let given = backtest::changed(record(&test.record), &test.set).unwrap();
        let after = |value: &&str| {
            rule.verdict(&backtest::changed(given.clone(), &[(field.clone(), Value::from(*value))]).unwrap())
        };
        usual.without.iter().all(|value| after(value) == Verdict::NoMatch)
            && usual.with.iter().all(|value| after(value) == Verdict::Match)
    })
}

#[test]
fn what_is_usual_holds_for_every_record() {
    let set = rules();
    for usual in USUAL {
        let asking: Vec<_> = set.rules.iter().filter(|rule| asked(rule, usual)).collect();
        assert!(!asking.is_empty(), "no rule asks for {}", usual.begins);
        for rule in asking {
            assert!(holds(rule, usual), "{}: {} does not mean what it does elsewhere", rule.name, usual.begins);
        }
    }
}

fn passes(rule: &Rule) -> bool {
    rule.tests.iter().all(|test| backtest::run(rule, test, record(&test.record)) == Tested::Passed)
}

#[test]
fn a_rule_without_one_of_its_conditions_fails_a_test() {
    let set = rules();
    let (mut tried, mut survivors) = (0, Vec::new());
    for rule in &set.rules {
        for (changed, dropped) in without_a_part(rule.filter.expr(), &set.lists) {
            let changed =
                Rule { filter: Filter::parse_with(&changed.to_string(), &set.lists).unwrap(), ..rule.clone() };
            tried += 1;
            // The table test reads what is asked for from the rule as it was.
            let usual = USUAL.iter().filter(|usual| asked(rule, usual)).all(|usual| holds(&changed, usual));
            if passes(&changed) && usual {
                survivors.push(format!("{}: {dropped}", rule.id));
            }
        }
    }
    assert!(tried > 1000, "{tried}");
    assert!(survivors.is_empty(), "{} of {tried}:\n{}", survivors.len(), survivors.join("\n"));
}

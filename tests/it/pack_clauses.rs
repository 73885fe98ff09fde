//! Every condition of the shipped rules is tested: without it, a test of its rule fails.

use std::fs;

use serde_json::Value;
use trailbell::{
    backtest::{self, Tested},
    engine,
    filter::{
        Filter, Lists,
        ast::{Compare, Expr, ExprKind, Right, RightItem},
        operator::Meaning,
    },
    record::{Path, Record},
    rule::{Rule, RuleSet, Verdict},
};

fn file(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> RuleSet {
    RuleSet::parse(&fs::read_to_string(file("rules.yaml")).unwrap()).unwrap().0
}

fn record(path: &str) -> Record {
    engine::parse(&fs::read(file(path)).unwrap()).unwrap().0
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
fn without_a_part(expr: &Expr, lists: &Lists) -> Vec<(Expr, String)> {
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

/// Conditions of nearly every rule: the beginning of the condition as text, the field, and values that must not match.
const USUAL: &[Usual] = &[
    (r#"event_type = "cloudtrail""#, "eventType", &["AwsCloudTrailInsight"]),
    ("eventSource = ", "eventSource", &["example.amazonaws.com"]),
    ("eventSource in ", "eventSource", &["example.amazonaws.com"]),
    ("errorCode = null", "errorCode", &["AccessDenied"]),
    ("userIdentity.invokedBy = null", "userIdentity.invokedBy", &["AWS Internal", "example.amazonaws.com"]),
    (
        "(userIdentity.invokedBy = null or userIdentity.invokedBy in $orchestrators)",
        "userIdentity.invokedBy",
        &["AWS Internal", "example.amazonaws.com"],
    ),
    (r#"userType != "AWSService""#, "userIdentity.type", &["AWSService"]),
    (
        "not ($automation_roles = null and userAgent icontains $infrastructure_as_code)",
        "userAgent",
        &[
            "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) terraform-provider-aws/5.64.0",
            "OpenTofu/1.8.1 (+https://opentofu.org) terraform-provider-aws/5.64.0",
            "APN/1.0 Pulumi/1.0 PulumiAWS/6.50.0",
            "crossplane-provider-aws/v1.12.0",
            "cloudformation.amazonaws.com",
        ],
    ),
];

type Usual = (&'static str, &'static str, &'static [&'static str]);

fn asked(rule: &Rule, (begins, ..): &Usual) -> bool {
    match &rule.filter.expr().kind {
        ExprKind::And(parts) => parts.iter().any(|part| part.to_string().starts_with(begins)),
        _ => false,
    }
}

/// Whether no record that the rule must match still matches after the field has one of the other values.
fn holds(rule: &Rule, (_, field, others): &Usual) -> bool {
    rule.tests.iter().filter(|test| test.expect == Verdict::Match).all(|test| {
        let given = backtest::changed(record(&test.record), &test.set).unwrap();
        others.iter().all(|other| {
            let change = (Path::parse(field).unwrap(), Value::from(*other));
            rule.verdict(&backtest::changed(given.clone(), &[change]).unwrap()) == Verdict::NoMatch
        })
    })
}

#[test]
fn what_is_usual_holds_for_every_record() {
    let set = rules();
    for usual in USUAL {
        let asking: Vec<_> = set.rules.iter().filter(|rule| asked(rule, usual)).collect();
        assert!(!asking.is_empty(), "no rule asks for {}", usual.0);
        for rule in asking {
            assert!(holds(rule, usual), "{}: a match without {}", rule.name, usual.0);
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

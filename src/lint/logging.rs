//! What a trail must log, beside management events, for a rule to fire: data events, Insights and network activity.
//!
//! Like a lint, this reports only what is certain: that a rule with a pattern for names needs data events, too, is not seen.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{
    catalogue,
    condition::{self, Literal, Scope, compares_whole_values, field},
    contradiction::meets,
    data_events::{is_data_event, resource_type, types_of},
    event,
    filter_text::FilterText,
};
use crate::{
    diagnostic::Span,
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind},
        operand::Value,
    },
    record::{Path, Root, Virtual},
    rule::{Rule, RuleSet},
};

/// A kind of events that a trail logs only if it is configured to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogKind {
    /// Data events of a type of resource, `resources.type` of an advanced event selector.
    Data(&'static str),
    /// Insights events.
    Insights,
    /// Network activity events, of VPC endpoints.
    NetworkActivity,
}

impl LogKind {
    /// What it is, in words.
    pub fn shown(self) -> String {
        match self {
            LogKind::Data(resource) => format!("data events of {resource}"),
            LogKind::Insights => "Insights events".to_owned(),
            LogKind::NetworkActivity => "network activity events".to_owned(),
        }
    }
}

/// What a rule needs beside management events.
#[derive(Clone, Debug)]
pub struct RuleLogging<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The kinds, each with the names of the events; without names, all of them.
    pub kinds: BTreeMap<LogKind, BTreeSet<String>>,
    /// Whether the rule never fires without; otherwise only a part of it needs them.
    pub is_whole: bool,
}

impl<'a> RuleLogging<'a> {
    /// The rules that need anything, in the order of the file.
    pub fn of(rules: &'a RuleSet) -> Vec<Self> {
        let lists = rules.lists_in_force();
        rules.rules.iter().filter_map(|rule| of_rule(rule, &lists)).collect()
    }
}

/// An advanced event selector, as `put-event-selectors` of the AWS CLI takes it, for data events of a type; of all names if
/// there are none. Of the objects in the log bucket, by its ARN, it logs none: each log file that the function reads would be an
/// event in the next one.
pub fn selector(resource: &str, names: &BTreeSet<String>, log_bucket: Option<&str>) -> Json {
    let mut fields = vec![
        json!({"Field": "eventCategory", "Equals": ["Data"]}),
        json!({"Field": "resources.type", "Equals": [resource]}),
    ];
    if !names.is_empty() {
        fields.push(json!({"Field": "eventName", "Equals": names}));
    }
    if let Some(bucket) = log_bucket.filter(|_| resource == "AWS::S3::Object") {
        fields.push(json!({"Field": "resources.ARN", "NotStartsWith": [format!("{bucket}/")]}));
    }
    json!({"Name": format!("trailbell: {resource}"), "FieldSelectors": fields})
}

fn of_rule<'a>(rule: &'a Rule, lists: &Lists) -> Option<RuleLogging<'a>> {
    let (mut kinds, mut is_whole) = (BTreeMap::new(), false);
    for filter in FilterText::of_rule(rule, lists) {
        let mut walk = Walk { filter: &filter, data_only: BTreeSet::new(), kinds: BTreeMap::new() };
        condition::comparisons(filter.filter, &mut |expr, compare, scope| walk.compare(expr, compare, scope));
        let needs_other = !may_be(filter.filter, true, "Management", &walk);
        if needs_other && walk.kinds.is_empty() {
            walk.kinds.extend(by_category(&filter));
        }
        for (kind, names) in walk.kinds {
            merge(&mut kinds, kind, names);
        }
        // A sequence takes all of its steps.
        is_whole |= needs_other;
    }
    (!kinds.is_empty()).then_some(RuleLogging { rule, kinds, is_whole })
}

/// No names are all names.
fn merge(kinds: &mut BTreeMap<LogKind, BTreeSet<String>>, kind: LogKind, names: BTreeSet<String>) {
    match kinds.get_mut(&kind) {
        Some(known) if known.is_empty() || names.is_empty() => known.clear(),
        Some(known) => known.extend(names),
        None => drop(kinds.insert(kind, names)),
    }
}

/// What a walk over the comparisons of a filter finds.
struct Walk<'a> {
    filter: &'a FilterText<'a>,
    /// The places of the comparisons that only data events satisfy.
    data_only: BTreeSet<(usize, usize)>,
    kinds: BTreeMap<LogKind, BTreeSet<String>>,
}

impl Walk<'_> {
    fn compare(&mut self, expr: &Expr, compare: &Compare, scope: &Scope) {
        let is_exact = compares_whole_values(compare.operator) && !compare.operator.negated && !scope.negated;
        if !is_exact || field(&compare.left.path) != event::top("eventName") {
            return;
        }
        let can_be_data = scope.around.iter().all(|literal| {
            meets(literal, &event::top("eventCategory"), &text("Data"), self.filter.lists) != Some(false)
        });
        let Some(sources) = event::sources(scope, self.filter).filter(|_| can_be_data) else { return };
        let names = event::texts(compare, self.filter);
        for (name, _) in &names {
            if !is_data_event(&sources, name) {
                continue;
            }
            let all = if sources.is_empty() { catalogue::sources_of(name) } else { sources.clone() };
            for kind in all.iter().filter_map(|source| resource_type(source, name)).map(LogKind::Data) {
                self.kinds.entry(kind).or_default().insert((*name).to_owned());
            }
        }
        if !names.is_empty() && names.iter().all(|(name, _)| is_data_event(&sources, name)) {
            self.data_only.insert(place(expr.span));
        }
    }
}

/// Whether an event of a category may satisfy a filter, or not satisfy it.
fn may_be(expr: &Expr, holds: bool, category: &str, walk: &Walk) -> bool {
    match &expr.kind {
        ExprKind::And(parts) if holds => parts.iter().all(|part| may_be(part, holds, category, walk)),
        ExprKind::Or(parts) if !holds => parts.iter().all(|part| may_be(part, holds, category, walk)),
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().any(|part| may_be(part, holds, category, walk)),
        ExprKind::Not(part) => may_be(part, !holds, category, walk),
        ExprKind::Any(..) | ExprKind::List { .. } => true,
        ExprKind::Compare(compare) => {
            let literal = Literal { expr, holds };
            let of = |key: &str, value: &Value| meets(&literal, &event::top(key), value, walk.filter.lists);
            let is_management = category == "Management";
            let event_type = text(if category == "Insight" { "insight" } else { "cloudtrail" });
            let is_other_type = is_event_type(&compare.left.path)
                && meets(&literal, &compare.left.path, &event_type, walk.filter.lists) == Some(false);
            of("eventCategory", &text(category)) != Some(false)
                && of("managementEvent", &Value::Bool(is_management)) != Some(false)
                && !is_other_type
                && !(is_management && holds && walk.data_only.contains(&place(expr.span)))
        }
    }
}

/// The kinds of a filter that names no data event: those of its category, and of its sources.
fn by_category(filter: &FilterText) -> BTreeMap<LogKind, BTreeSet<String>> {
    let walk = Walk { filter, data_only: BTreeSet::new(), kinds: BTreeMap::new() };
    let may_be = |category| may_be(filter.filter, true, category, &walk);
    let scope = Scope { around: condition::all(filter.filter, true), ..Scope::default() };
    let sources = event::sources(&scope, filter).unwrap_or_default();
    let mut kinds = BTreeMap::new();
    if may_be("Data") {
        let types = sources.iter().flat_map(|source| types_of(source));
        kinds.extend(types.map(|resource| (LogKind::Data(resource), BTreeSet::new())));
    }
    if may_be("Insight") && !may_be("Data") {
        kinds.insert(LogKind::Insights, BTreeSet::new());
    }
    if may_be("NetworkActivity") && !may_be("Data") {
        kinds.insert(LogKind::NetworkActivity, BTreeSet::new());
    }
    kinds
}

fn is_event_type(path: &Path) -> bool {
    path.root == Root::Virtual(Virtual::EventType)
}

fn place(span: Span) -> (usize, usize) {
    (span.start, span.end)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a filter needs: the kinds with the names, and whether it never matches without.
    fn needs(filter: &str) -> (Vec<String>, bool) {
        let text = format!("rules:\n  - name: A\n    severity: 3\n    filter: >-\n      {filter}\n");
        let (rules, _) = RuleSet::parse(&text).unwrap();
        let found = RuleLogging::of(&rules);
        let Some(rule) = found.first() else { return (Vec::new(), false) };
        let kind = |(kind, names): (&LogKind, &BTreeSet<String>)| {
            format!("{} {}", kind.shown(), names.iter().cloned().collect::<Vec<_>>().join(",")).trim_end().to_owned()
        };
        (rule.kinds.iter().map(kind).collect(), rule.is_whole)
    }

    #[test]
    fn a_filter_needs_what_its_events_are() {
        let s3 = r#"eventSource = "s3.amazonaws.com""#;
        for (filter, kinds, is_whole) in [
            (format!(r#"{s3} and eventName in ("GetObject", "PutObject")"#), vec!["data events of AWS::S3::Object GetObject,PutObject"], true),
            (format!(r#"{s3} and eventName = "GetObject" and eventCategory = "Data""#), vec!["data events of AWS::S3::Object GetObject"], true),
            (format!(r#"{s3} and eventCategory = "Data""#), vec!["data events of AWS::S3::Object"], true),
            (format!("{s3} and managementEvent = false"), vec!["data events of AWS::S3::Object"], true),
            // Only a part of it.
            (format!(r#"{s3} and eventName in ("GetObject", "GetBucketAcl")"#), vec!["data events of AWS::S3::Object GetObject"], false),
            (format!(r#"({s3} and eventName = "GetObject") or eventName = "StopLogging""#), vec!["data events of AWS::S3::Object GetObject"], false),
            (r#"eventSource in ("sns.amazonaws.com", "lambda.amazonaws.com") and (eventName = "Publish" or eventName = "Invoke")"#.to_owned(), vec![], false),
            (r#"eventSource = "ebs.amazonaws.com" and eventName = "GetSnapshotBlock""#.to_owned(), vec!["data events of AWS::EC2::Snapshot GetSnapshotBlock"], true),
            (r#"eventSource = "dynamodb.amazonaws.com" and eventName in ("GetItem", "GetRecords")"#.to_owned(),
             vec!["data events of AWS::DynamoDB::Stream GetRecords", "data events of AWS::DynamoDB::Table GetItem"], true),
            (r#"event_type = "insight" and eventName = "RunInstances""#.to_owned(), vec!["Insights events"], true),
            (r#"eventCategory = "NetworkActivity" and eventSource = "s3.amazonaws.com""#.to_owned(), vec!["network activity events"], true),
            // Nothing.
            (format!(r#"{s3} and eventName = "GetObject" and eventCategory = "Management""#), vec![], true),
            (format!(r#"{s3} and eventName = "GetBucketAcl""#), vec![], false),
            (format!(r#"{s3} and not eventName = "GetObject""#), vec![], false),
            (format!(r#"{s3} and eventName != "GetObject""#), vec![], false),
            (r#"eventName = "StopLogging""#.to_owned(), vec![], false),
        ] {
            let (found, whole) = needs(&filter);
            assert_eq!(found, kinds, "{filter}");
            assert!(found.is_empty() || whole == is_whole, "{filter}");
        }
    }

    #[test]
    fn a_selector_selects_a_type_and_names() {
        let names = ["GetObject".to_owned()].into();
        let fields = json!([{"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}, {"Field": "eventName", "Equals": ["GetObject"]}]);
        assert_eq!(selector("AWS::S3::Object", &names, None)["FieldSelectors"], fields);
        let without = selector("AWS::S3::Object", &BTreeSet::new(), Some("arn:aws:s3:::logs"));
        let last = json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::logs/"]});
        assert_eq!(without["FieldSelectors"].as_array().unwrap()[2..], [last]);
        let other = selector("AWS::SNS::Topic", &names, Some("arn:aws:s3:::logs"));
        assert_eq!(other["FieldSelectors"].as_array().unwrap().len(), 3);
    }
}

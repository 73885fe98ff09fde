//! Does a trail log what the rules look at, beside management events?
//!
//! A rule on data events, Insights or network activity never fires where no trail logs these. What a selector of read-only
//! events logs is decided by the names of the events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trailbell::{
    diagnostic::counted,
    lint::{LogKind, RuleLogging, selector},
    rule::RuleSet,
};

use super::check::Check;
use crate::aws::{Seen, Stack, TrailLogging};

const DATA: &str = "data events";
const INSIGHTS: &str = "insights";
const NETWORK: &str = "network";
const OR_OFF: &str = "or switch these rules off in overrides.yaml";
/// How the names of events that only read begin.
const READS: [&str; 8] = ["BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan", "Select"];

/// Whether an enabled rule needs more than management events.
pub fn is_needed(rules: Option<&RuleSet>) -> bool {
    rules.is_none_or(|rules| RuleLogging::of(rules).iter().any(|need| need.rule.enabled))
}

/// Judges what the trails log that write to the bucket, by what the rules here need; nothing if they need nothing.
pub fn judge(stack: &Stack, rules: Option<&RuleSet>, trails: &Seen<Vec<TrailLogging>>) -> Vec<Check> {
    let Some(rules) = rules else {
        let found = "the rules here cannot be used, so what they need a trail to log is unknown";
        return vec![Check::warning(DATA, found, "`trailbell check`")];
    };
    let needs: Vec<_> = RuleLogging::of(rules).into_iter().filter(|need| need.rule.enabled).collect();
    let kinds: BTreeSet<LogKind> = needs.iter().flat_map(|need| need.kinds.keys().copied()).collect();
    if kinds.is_empty() {
        return Vec::new();
    }
    let trails = match trails {
        Ok(trails) => trails.iter().filter(|trail| writes(stack, trail)).collect::<Vec<_>>(),
        Err(unseen) => return vec![Check::unseen(DATA, "what the trails log", unseen)],
    };
    let Some(first) = trails.first() else {
        let to =
            stack.bucket().map_or_else(|| "for this stack".to_owned(), |bucket| format!("to the bucket `{bucket}`"));
        let found = format!("no trail of this account writes {to}, so what it logs is unknown");
        let repair = "compare the selectors of the trail with docs/data-events.md, in the account of the trail";
        return vec![Check::warning(DATA, found, repair)];
    };
    let mut checks = Vec::new();
    if kinds.iter().any(|kind| matches!(kind, LogKind::Data(_))) {
        let bucket = stack.bucket().map(|_| stack.bucket_arn());
        checks.push(data(&needs, &trails, first, bucket.as_deref()));
    }
    if kinds.contains(&LogKind::Insights) {
        checks.push(insights(&needs, &trails, first));
    }
    if kinds.contains(&LogKind::NetworkActivity) {
        checks.push(network(&needs, &trails, first));
    }
    checks
}

/// Whether a trail writes what the function reads.
fn writes(stack: &Stack, trail: &TrailLogging) -> bool {
    match (stack.bucket(), stack.parameter("TrailTopicArn")) {
        (Some(bucket), _) => trail.bucket == bucket,
        (None, Some(topic)) => trail.topic == topic,
        // EventBridge gets what any trail logs.
        (None, None) => true,
    }
}

fn data(needs: &[RuleLogging], trails: &[&TrailLogging], first: &TrailLogging, log_bucket: Option<&str>) -> Check {
    let mut selectors = Vec::new();
    for trail in trails {
        match &trail.selectors {
            Ok(found) => selectors.extend(found),
            Err(unseen) => return Check::unseen(DATA, &format!("what the trail `{}` logs", trail.arn), unseen),
        }
    }
    let is_logged = |resource: &str, name: Option<&str>| selectors.iter().any(|one| logs(one, resource, name));
    let (mut missing, mut logged) = (BTreeMap::<&str, BTreeSet<String>>::new(), BTreeSet::new());
    let (mut silent, mut partial) = (Vec::new(), Vec::new());
    for need in needs {
        let (mut has_some, mut lacks_some) = (false, false);
        for (kind, names) in &need.kinds {
            let LogKind::Data(resource) = kind else { continue };
            let unlogged: BTreeSet<_> = names.iter().filter(|name| !is_logged(resource, Some(name))).cloned().collect();
            let lacks_all = names.is_empty() && !is_logged(resource, None);
            has_some |= unlogged.len() < names.len() || (names.is_empty() && !lacks_all);
            if lacks_all || !unlogged.is_empty() {
                lacks_some = true;
                let is_new = !missing.contains_key(resource);
                let known = missing.entry(resource).or_default();
                if lacks_all || (known.is_empty() && !is_new) {
                    known.clear();
                } else {
                    known.extend(unlogged);
                }
            } else {
                logged.insert(*resource);
            }
        }
        if lacks_some && need.is_whole && !has_some {
            silent.push(need);
        } else if lacks_some {
            partial.push(need);
        }
    }
    let trail = &first.arn;
    if missing.is_empty() {
        let logged: Vec<_> = logged.into_iter().collect();
        return Check::ok(DATA, format!("the trail `{trail}` logs what the rules need of {}", logged.join(", ")));
    }
    let types = missing.iter().map(|(resource, names)| match names.len() {
        0 => (*resource).to_owned(),
        _ => format!("{resource} ({})", names.iter().cloned().collect::<Vec<_>>().join(", ")),
    });
    let types: Vec<_> = types.collect();
    let of = |needs: &[&RuleLogging]| counted(needs.len() as u64, "rule");
    let silent = match &*silent {
        [] => String::new(),
        rules => format!(": {} can never fire: {}", of(rules), ids(rules)),
    };
    let partial = match &*partial {
        [] => String::new(),
        rules => format!("; of {} a part never matches: {}", of(rules), ids(rules)),
    };
    let found = format!("the trail `{trail}` does not log data events of {}{silent}{partial}", types.join(", "));
    let added = missing.iter().map(|(resource, names)| selector(resource, names, log_bucket));
    let kept = first.selectors.iter().flatten().cloned();
    Check::warning(DATA, found, format!("{}, {OR_OFF}", put(first, kept.chain(added).collect())))
}

/// The command that sets the selectors of a trail.
fn put(trail: &TrailLogging, selectors: Vec<Value>) -> String {
    let TrailLogging { arn, region, .. } = trail;
    let selectors = Value::from(selectors).to_string().replace('\'', r"'\''");
    format!(
        "`aws cloudtrail put-event-selectors --region {region} --trail-name {arn} --advanced-event-selectors '{selectors}'`"
    )
}

/// Whether a selector logs an event of a type of resources, of some resources at least; without a name, all of its events.
fn logs(selector: &Value, resource: &str, name: Option<&str>) -> bool {
    let fields = selector["FieldSelectors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let field = |key: &str| fields.iter().find(|field| field["Field"] == key);
    let is_of = |key: &str, value: &str| field(key).is_some_and(|field| takes(field, value));
    is_of("eventCategory", "Data")
        && is_of("resources.type", resource)
        && match (field("eventName"), name) {
            (None, _) => true,
            (Some(field), Some(name)) => takes(field, name),
            (Some(_), None) => false,
        }
        && match (field("readOnly"), name) {
            (None, _) => true,
            (Some(field), Some(name)) => {
                takes(field, if READS.iter().any(|start| name.starts_with(start)) { "true" } else { "false" })
            }
            (Some(_), None) => false,
        }
}

/// Whether a condition of a selector takes a value: one of what must be there, and none of what must not.
fn takes(field: &Value, value: &str) -> bool {
    let any = |key: &str, test: &dyn Fn(&str) -> bool| {
        let texts = field[key].as_array().map(Vec::as_slice).unwrap_or_default();
        (!texts.is_empty()).then(|| texts.iter().filter_map(Value::as_str).any(test))
    };
    let is = |text: &str| text == value;
    let begins = |text: &str| value.starts_with(text);
    let ends = |text: &str| value.ends_with(text);
    let wanted = [any("Equals", &is), any("StartsWith", &begins), any("EndsWith", &ends)];
    let unwanted = [any("NotEquals", &is), any("NotStartsWith", &begins), any("NotEndsWith", &ends)];
    let is_wanted = wanted.iter().all(Option::is_none) || wanted.contains(&Some(true));
    is_wanted && !unwanted.contains(&Some(true))
}

fn insights(needs: &[RuleLogging], trails: &[&TrailLogging], first: &TrailLogging) -> Check {
    let rules: Vec<_> = needs.iter().filter(|need| need.kinds.contains_key(&LogKind::Insights)).collect();
    for trail in trails {
        match &trail.insights {
            Ok(true) => return Check::ok(INSIGHTS, format!("the trail `{}` logs Insights events", trail.arn)),
            Ok(false) => {}
            Err(unseen) => {
                return Check::unseen(INSIGHTS, &format!("the Insights of the trail `{}`", trail.arn), unseen);
            }
        }
    }
    let TrailLogging { arn, region, .. } = first;
    let kinds = json!([{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]);
    let found = format!(
        "the trail `{arn}` logs no Insights events: {} can never fire: {}",
        counted(rules.len() as u64, "rule"),
        ids(&rules)
    );
    let command = format!(
        "`aws cloudtrail put-insight-selectors --region {region} --trail-name {arn} --insight-selectors '{kinds}'`"
    );
    Check::warning(INSIGHTS, found, format!("{command}, {OR_OFF}"))
}

fn network(needs: &[RuleLogging], trails: &[&TrailLogging], first: &TrailLogging) -> Check {
    let rules: Vec<_> = needs.iter().filter(|need| need.kinds.contains_key(&LogKind::NetworkActivity)).collect();
    for trail in trails {
        let is_network = |one: &Value| {
            one["FieldSelectors"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|field| field["Field"] == "eventCategory" && takes(field, "NetworkActivity"))
        };
        match &trail.selectors {
            Ok(found) if found.iter().any(is_network) => {
                return Check::ok(NETWORK, format!("the trail `{}` logs network activity events", trail.arn));
            }
            Ok(_) => {}
            Err(unseen) => return Check::unseen(NETWORK, &format!("what the trail `{}` logs", trail.arn), unseen),
        }
    }
    let arn = &first.arn;
    let found = format!(
        "the trail `{arn}` logs no network activity events: {} can never fire: {}",
        counted(rules.len() as u64, "rule"),
        ids(&rules)
    );
    let fields = ["kms.amazonaws.com", "s3.amazonaws.com", "secretsmanager.amazonaws.com"].map(|source| {
        json!({"Name": format!("trailbell: network activity of {source}"), "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["NetworkActivity"]}, {"Field": "eventSource", "Equals": [source]}]})
    });
    let kept = first.selectors.iter().flatten().cloned();
    let command = put(first, kept.chain(fields).collect());
    Check::warning(NETWORK, found, format!("{command} with the services of your rules, {OR_OFF}"))
}

fn ids(needs: &[&RuleLogging]) -> String {
    needs.iter().map(|need| format!("`{}`", need.rule.id)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{Cause, Unseen, tests::stack},
        doctor::check::CheckOutcome,
    };

    const ARN: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all";
    const RULES: &str = "rules:\n\
        - {name: Objects, severity: 1, filter: 'eventSource = \"s3.amazonaws.com\" and eventName in (\"GetObject\", \"PutObject\")'}\n\
        - {name: Mixed, severity: 1, filter: 'eventSource = \"s3.amazonaws.com\" and eventName in (\"PutObject\", \"PutBucketAcl\")'}\n\
        - {name: Off, severity: 1, enabled: false, filter: 'eventSource = \"sns.amazonaws.com\" and eventName = \"Publish\"'}\n";

    fn rules(text: &str) -> RuleSet {
        RuleSet::parse(text).unwrap().0
    }

    fn trail(selectors: Value) -> TrailLogging {
        let selectors = Ok(selectors.as_array().unwrap().clone());
        let (arn, region) = (ARN.to_owned(), "eu-west-1".to_owned());
        TrailLogging { arn, region, bucket: "logs".to_owned(), topic: String::new(), selectors, insights: Ok(false) }
    }

    fn judged(text: &str, selectors: Value) -> Vec<Check> {
        let stack = stack(&[("Source", "bucket"), ("LogBucketName", "logs")]);
        judge(&stack, Some(&rules(text)), &Ok(vec![trail(selectors)]))
    }

    fn all(more: Value) -> Value {
        let mut fields = vec![
            json!({"Field": "eventCategory", "Equals": ["Data"]}),
            json!({"Field": "resources.type", "Equals": ["AWS::S3::Object"]}),
        ];
        fields.extend(more.as_array().unwrap().clone());
        json!([{"FieldSelectors": fields}])
    }

    #[test]
    fn a_trail_of_management_events_names_the_rules_that_never_fire() {
        let management = json!([{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]);
        let [check] = &*judged(RULES, management) else { panic!() };
        assert_eq!(
            check.found,
            format!(
                "the trail `{ARN}` does not log data events of AWS::S3::Object (GetObject, PutObject): 1 rule can never fire: \
                     `objects`; of 1 rule a part never matches: `mixed`"
            )
        );
        assert_eq!(check.outcome, CheckOutcome::Warning);
        let repair = check.repair.as_deref().unwrap();
        let (_, json) = repair.split_once("--advanced-event-selectors '").unwrap();
        let selectors: Value = serde_json::from_str(json.split_once("'`, or switch").unwrap().0).unwrap();
        assert_eq!(selectors[0]["FieldSelectors"][0]["Equals"][0], "Management");
        // The reads of the function would be events in the next log file, and so on.
        let but = json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::logs/"]});
        assert!(selectors[1]["FieldSelectors"].as_array().unwrap().contains(&but), "{selectors}");
        // The repaired trail logs everything else.
        assert_eq!(judged(RULES, selectors)[0].outcome, CheckOutcome::Ok);
    }

    #[test]
    fn a_selector_logs_what_all_its_conditions_take() {
        for (more, silent) in [
            (json!([]), None),
            (json!([{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::one/"]}]), None),
            (json!([{"Field": "eventName", "StartsWith": ["Get", "Put"], "NotEquals": ["GetObjectAcl"]}]), None),
            (json!([{"Field": "eventName", "Equals": ["GetObject"]}]), Some("PutObject")),
            (json!([{"Field": "readOnly", "Equals": ["false"]}]), Some("GetObject")),
            (json!([{"Field": "eventName", "NotStartsWith": ["Put"]}]), Some("PutObject")),
        ] {
            let [check] = &*judged(RULES, all(more.clone())) else { panic!() };
            match silent {
                None => assert_eq!(check.outcome, CheckOutcome::Ok, "{more}"),
                Some(name) => {
                    assert!(check.found.contains(&format!("AWS::S3::Object ({name})")), "{more}: {}", check.found);
                }
            }
        }
    }

    #[test]
    fn what_is_unknown_is_a_warning() {
        let stack = stack(&[("Source", "bucket"), ("LogBucketName", "logs")]);
        let denied =
            Unseen { action: "cloudtrail:DescribeTrails", reason: "AccessDenied".into(), cause: Cause::Denied };
        let line = |trails: Seen<Vec<TrailLogging>>| judge(&stack, Some(&rules(RULES)), &trails)[0].line();
        assert!(line(Err(denied.clone())).contains("allow yourself `cloudtrail:DescribeTrails`"));
        let unseen = Unseen { action: "cloudtrail:GetEventSelectors", ..denied };
        assert!(
            line(Ok(vec![TrailLogging { selectors: Err(unseen), ..trail(json!([])) }]))
                .contains("`cloudtrail:GetEventSelectors`")
        );
        let other = TrailLogging { bucket: "other".to_owned(), ..trail(json!([])) };
        assert!(line(Ok(vec![other])).contains("no trail of this account writes to the bucket `logs`"));
        assert!(judge(&stack, None, &Ok(Vec::new()))[0].line().contains("`trailbell check`"));
    }

    #[test]
    fn insights_and_network_activity_have_checks_of_their_own() {
        let text = "rules:\n- {name: Calls, severity: 1, filter: 'event_type = \"insight\"'}\n\
                    - {name: Endpoints, severity: 1, filter: 'eventCategory = \"NetworkActivity\"'}\n";
        let [insights, network] = &*judged(text, json!([])) else { panic!() };
        assert!(insights.found.contains("logs no Insights events: 1 rule can never fire: `calls`"), "{insights:?}");
        assert!(
            network.found.contains("logs no network activity events: 1 rule can never fire: `endpoints`"),
            "{network:?}"
        );
        assert!(judged("rules:\n- {name: A, severity: 1, filter: a = 1}\n", json!([])).is_empty());
    }
}

//! `docs/data-events.md`: which rules need a trail that logs more than management events, and the selectors that log just that.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use serde_json::json;
use trailbell::{
    lint::{LogKind, RuleLogging, selector},
    rule::RuleSet,
};

const INTRODUCTION: &str = "\
# Data events

By default, a trail logs management events only. These rules of `rules.yaml` look at events that a trail logs only if its event
selectors select them: [data events](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html),
by the type of the resource. Without them these rules never fire, or where it says *in part*, a part of their filters never matches.
AWS charges for each data event, so select what you need: other names and other types cost and raise nothing. Switch off the
rules that you do not want to pay for, in `overrides.yaml`.

`trailbell check` names the enabled rules that need such events, overrides included, and `trailbell doctor` compares them with the
selectors of the trail that writes to the log bucket. `make docs` generates this page.
";

/// In place of the ARN of the log bucket.
const LOG_BUCKET: &str = "arn:aws:s3:::LOG-BUCKET";

/// The text of the page.
pub fn page(rules: &RuleSet) -> String {
    let needs = RuleLogging::of(rules);
    let kinds: BTreeSet<LogKind> = needs.iter().flat_map(|need| need.kinds.keys().copied()).collect();
    let mut page = INTRODUCTION.to_owned();
    let mut selected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for kind in kinds {
        let of_kind = || needs.iter().filter_map(|need| Some((need, need.kinds.get(&kind)?)));
        let title = match kind {
            LogKind::Data(resource) => format!("`{resource}`"),
            LogKind::Insights => "Insights".to_owned(),
            LogKind::NetworkActivity => "Network activity".to_owned(),
        };
        let _ = write!(page, "\n## {title}\n\n| rule | severity | events |\n|---|---|---|\n");
        for (need, names) in of_kind() {
            let off = if need.rule.enabled { "" } else { ", off" };
            let part = if need.is_whole { "" } else { ", *in part*" };
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
            let _ = writeln!(page, "| `{}`{part} | {}{off} | {names} |", need.rule.id, need.rule.severity.number());
        }
        if let LogKind::Data(resource) = kind {
            let enabled = of_kind().filter(|(need, _)| need.rule.enabled);
            for (at, (_, names)) in enabled.enumerate() {
                let known = selected.entry(resource).or_default();
                if at > 0 && known.is_empty() || names.is_empty() {
                    known.clear();
                } else {
                    known.extend(names.iter().cloned());
                }
            }
        }
    }
    page += &settings(&selected);
    page
}

/// The selectors, a line each, and the command.
fn settings(selected: &BTreeMap<&str, BTreeSet<String>>) -> String {
    let management = json!({"Name": "Management events",
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]});
    let selectors = [management]
        .into_iter()
        .chain(selected.iter().map(|(resource, names)| selector(resource, names, Some(LOG_BUCKET))));
    let lines: Vec<_> = selectors.map(|selector| format!("  {selector}")).collect();
    format!(
        "\n## The settings of a trail\n\nThese advanced event selectors log all management events, and the data events that the enabled rules \
         need. The command\nreplaces the selectors of the trail, so add those that you need for other purposes: `aws cloudtrail \
         get-event-selectors` shows\nthem. To log events of some buckets or tables only, add a condition on `resources.ARN`. Put the name of\n\
         your log bucket in place of `LOG-BUCKET`: [a trail that logs it](../README.md#the-functions-own-reads) logs each read of the\n\
         function, without end.\n\n\
         ```json\n[\n{}\n]\n```\n\n```sh\naws cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors \
         file://selectors.json\n```\n",
        lines.join(",\n")
    )
}

//! The counts of an invocation as lines of CloudWatch's embedded metric format.
//!
//! Every count is a field of the first line. A count that matters only above zero is a metric only there, since
//! CloudWatch charges for each metric.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::outcome::Outcome;
use crate::{state::Audience, trigger::SkipReason};

/// Metrics that are also sent at zero, so that their alarms have data.
const ALWAYS: &[&str] = &[
    "objects",
    "objects_failed",
    "skipped_forged_event",
    "cloudtrail_files",
    "records",
    "records_unparsable",
    "matches",
    "matches_alerted",
    "matches_failed",
    "alerts_unremembered",
    "sends_failed",
    "handed_back",
    "counts_broken",
    "ticks",
    "sources_silent",
    "mail_unconfirmed",
    "summarised",
];

impl Outcome {
    /// The lines for the function with this name: one with all counts, and one for each rule and severity that raised
    /// alerts.
    ///
    /// See [the
    /// specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
    pub fn metrics(&self, function: &str, now: Timestamp) -> Vec<Value> {
        let counts = self.counts();
        let wanted = counts.iter().filter(|(name, count)| *count > 0 || ALWAYS.contains(&name.as_str()));
        let mut metrics: Vec<Value> = wanted.map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let mut members: Map<String, Value> = counts.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        if !self.lags.is_empty() {
            metrics.push(json!({"Name": "lag_seconds", "Unit": "Seconds"}));
            members.insert("lag_seconds".to_owned(), json!(self.lags));
        }
        let mut lines = vec![line(function, now, &json!([["FunctionName"]]), &metrics, members)];
        for ((rule, severity), count) in &self.alerts {
            let dimensions = json!([["FunctionName", "Severity"], ["FunctionName", "Rule"]]);
            let members = [("Rule", json!(rule)), ("Severity", json!(severity.to_string())), ("alerts", json!(count))];
            let members = members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
            lines.push(line(function, now, &dimensions, &[json!({"Name": "alerts", "Unit": "Count"})], members));
        }
        lines
    }

    /// Every count by its name.
    fn counts(&self) -> Vec<(String, u64)> {
        let (objects, records) = (&self.objects, &self.records);
        let skipped = |reason: SkipReason| objects.skipped.get(reason.word()).copied().unwrap_or_default();
        let handed_back = self.units.iter().filter(|unit| !unit.failures.is_empty()).count();
        let mut counts = vec![
            ("objects".to_owned(), objects.seen),
            ("objects_processed".to_owned(), objects.processed),
            ("objects_skipped".to_owned(), objects.skipped.values().sum()),
            ("objects_failed".to_owned(), objects.failed),
            ("objects_out_of_time".to_owned(), objects.out_of_time),
            (
                "cloudtrail_files".to_owned(),
                objects.processed + skipped(SkipReason::DigestFile) + skipped(SkipReason::AggregatedFile),
            ),
            ("records".to_owned(), records.seen),
            ("records_evaluated".to_owned(), records.evaluated),
            ("records_unparsable".to_owned(), records.unparsable),
            ("records_repaired".to_owned(), records.repaired),
            ("records_omitted".to_owned(), records.omitted),
            ("matches".to_owned(), self.matches.seen),
            ("alerts_unremembered".to_owned(), self.unremembered),
            ("counts_broken".to_owned(), u64::from(self.check().is_err())),
            ("notices_sent".to_owned(), self.notices.sent),
            ("notices_failed".to_owned(), self.notices.failed),
            ("summarised".to_owned(), self.sends.get(&Audience::Alerts).map_or(0, |sends| sends.summarised)),
            ("sends_failed".to_owned(), self.sends.values().map(|sends| sends.failed).sum()),
            ("items_isolated".to_owned(), self.isolated),
            ("items_killed".to_owned(), self.killed),
            ("handed_back".to_owned(), handed_back as u64),
            ("ticks".to_owned(), self.ticks),
            ("sources_silent".to_owned(), self.silent_sources),
            ("mail_unconfirmed".to_owned(), self.mail_unconfirmed),
        ];
        let shown =
            [SkipReason::ForgedEvent, SkipReason::TickRunning].into_iter().filter(|reason| skipped(*reason) == 0);
        counts.extend(shown.map(|reason| (format!("skipped_{}", reason.word()), 0)));
        counts.extend(objects.skipped.iter().map(|(reason, count)| (format!("skipped_{reason}"), *count)));
        counts.extend(self.matches.outcomes().iter().map(|(word, count)| (format!("matches_{word}"), *count)));
        for (audience, sends) in &self.sends {
            counts.push((format!("sent_{}", audience.word()), sends.sent));
            counts.push((format!("failed_{}", audience.word()), sends.failed));
        }
        counts
    }
}

fn line(
    function: &str,
    now: Timestamp,
    dimensions: &Value,
    metrics: &[Value],
    mut members: Map<String, Value>,
) -> Value {
    let directive = json!({"Namespace": "trailbell", "Dimensions": dimensions, "Metrics": metrics});
    let metadata = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]});
    members.insert("_aws".to_owned(), metadata);
    members.insert("FunctionName".to_owned(), json!(function));
    Value::Object(members)
}

//! The counts of an invocation as a line of CloudWatch's embedded metric format.
//!
//! Every count is a field of the line; those that are never interesting at zero are a metric only where they are not,
//! since CloudWatch charges by metric.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Outcome;

/// Metrics that are sent at zero too, so that an alarm on them has data.
const ALWAYS: &[&str] = &[
    "objects",
    "objects_failed",
    "records",
    "records_unparsable",
    "matches",
    "matches_alerted",
    "matches_failed",
    "alerts_unremembered",
    "sends_failed",
    "handed_back",
];

impl Outcome {
    /// The line, for the function of this name. See [the specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
    pub fn metrics(&self, function: &str, now: Timestamp) -> Value {
        let counts = self.counts();
        let metrics: Vec<Value> = counts
            .iter()
            .filter(|(name, count)| *count > 0 || ALWAYS.contains(&name.as_str()))
            .map(|(name, _)| json!({"Name": name, "Unit": "Count"}))
            .collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [
                    {"Namespace": "trailbell", "Dimensions": [["FunctionName"]], "Metrics": metrics},
                ],
            }),
        );
        line.insert("FunctionName".to_owned(), json!(function));
        line.extend(counts.into_iter().map(|(name, count)| (name, json!(count))));
        Value::Object(line)
    }

    /// Every count by its name.
    fn counts(&self) -> Vec<(String, u64)> {
        let (objects, records) = (&self.objects, &self.records);
        let handed_back = self.units.iter().filter(|unit| !unit.failures.is_empty()).count();
        let mut counts = vec![
            ("objects".to_owned(), objects.seen),
            ("objects_processed".to_owned(), objects.processed),
            ("objects_skipped".to_owned(), objects.skipped.values().sum()),
            ("objects_failed".to_owned(), objects.failed),
            ("objects_out_of_time".to_owned(), objects.out_of_time),
            ("records".to_owned(), records.seen),
            ("records_evaluated".to_owned(), records.evaluated),
            ("records_unparsable".to_owned(), records.unparsable),
            ("records_repaired".to_owned(), records.repaired),
            ("records_omitted".to_owned(), records.omitted),
            ("matches".to_owned(), self.matches.seen),
            ("alerts_unremembered".to_owned(), self.unremembered),
            ("notices_sent".to_owned(), self.notices.sent),
            ("notices_failed".to_owned(), self.notices.failed),
            ("sends_failed".to_owned(), self.sends.values().map(|sends| sends.failed).sum()),
            ("handed_back".to_owned(), handed_back as u64),
        ];
        counts.extend(objects.skipped.iter().map(|(reason, count)| (format!("skipped_{reason}"), *count)));
        counts.extend(self.matches.outcomes().iter().map(|(word, count)| (format!("matches_{word}"), *count)));
        for (audience, sends) in &self.sends {
            counts.push((format!("sent_{}", audience.word()), sends.sent));
            counts.push((format!("failed_{}", audience.word()), sends.failed));
        }
        counts
    }
}

//! The requests about what keeps a stack going: its rules and alarms, its trails, the newest log file.

use jiff::Timestamp;

use super::{
    client::{Aws, unseen},
    seen::{Alarm, EventRule, LogFile, QueueSettings, Seen, StackResource, TrailStatus},
};
use aws_sdk_sqs::types::QueueAttributeName;

/// How many names of alarms CloudWatch takes at once.
const MAX_NAMES: usize = 100;
/// How many pages of keys are listed, of a thousand each.
const MAX_PAGES: usize = 20;

impl Aws {
    /// The resources of a stack.
    pub async fn resources(&self, stack: &str) -> Seen<Vec<StackResource>> {
        let client = aws_sdk_cloudformation::Client::new(&self.config);
        let mut pages = client.list_stack_resources().stack_name(stack).into_paginator().send();
        let mut found = Vec::new();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unseen("cloudformation:ListStackResources", &error))?;
            found.extend(page.stack_resource_summaries().iter().map(|one| StackResource {
                logical: text(one.logical_resource_id()),
                physical: text(one.physical_resource_id()),
                kind: text(one.resource_type()),
            }));
        }
        Ok(found)
    }

    /// A rule of EventBridge, with its targets.
    pub async fn event_rule(&self, name: &str) -> Seen<EventRule> {
        let client = aws_sdk_eventbridge::Client::new(&self.config);
        let rule = client.describe_rule().name(name).send().await;
        let rule = rule.map_err(|error| unseen("events:DescribeRule", &error))?;
        let targets = client.list_targets_by_rule().rule(name).send().await;
        let targets = targets.map_err(|error| unseen("events:ListTargetsByRule", &error))?;
        let is_enabled = rule.state().is_some_and(|state| state.as_str().starts_with("ENABLED"));
        Ok(EventRule { is_enabled, targets: targets.targets().iter().map(|target| target.arn().to_owned()).collect() })
    }

    /// Those of these alarms that are in the state `ALARM`.
    pub async fn alarms(&self, names: &[String]) -> Seen<Vec<Alarm>> {
        let client = aws_sdk_cloudwatch::Client::new(&self.config);
        let mut found = Vec::new();
        for names in names.chunks(MAX_NAMES) {
            let request = client.describe_alarms().set_alarm_names(Some(names.to_vec()));
            let answer = request.state_value(aws_sdk_cloudwatch::types::StateValue::Alarm).send().await;
            let answer = answer.map_err(|error| unseen("cloudwatch:DescribeAlarms", &error))?;
            found.extend(answer.metric_alarms().iter().map(|alarm| Alarm {
                name: alarm.alarm_name().unwrap_or_default().to_owned(),
                description: alarm.alarm_description().unwrap_or_default().to_owned(),
            }));
        }
        Ok(found)
    }

    /// Whether a trail logs, and whether it delivers.
    pub async fn trail_status(&self, arn: &str, region: &str) -> Seen<TrailStatus> {
        let answer = self.cloudtrail(Some(region)).get_trail_status().name(arn).send().await;
        let found = answer.map_err(|error| unseen("cloudtrail:GetTrailStatus", &error))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(TrailStatus {
            is_logging: found.is_logging() == Some(true),
            delivery_error: text(found.latest_delivery_error()),
            notification_error: text(found.latest_notification_error()),
        })
    }

    /// The settings of a queue on which the function depends.
    pub async fn queue(&self, url: &str) -> Seen<QueueSettings> {
        let names = [QueueAttributeName::VisibilityTimeout, QueueAttributeName::RedrivePolicy];
        let request = self.sqs().get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| unseen("sqs:GetQueueAttributes", &error))?;
        let attribute = |name| answer.attributes().and_then(|all| all.get(&name)).cloned().unwrap_or_default();
        let policy: serde_json::Value =
            serde_json::from_str(&attribute(QueueAttributeName::RedrivePolicy)).unwrap_or_default();
        let count = &policy["maxReceiveCount"];
        Ok(QueueSettings {
            visibility: attribute(QueueAttributeName::VisibilityTimeout).parse().unwrap_or(0),
            max_receives: count.as_u64().or_else(|| count.as_str()?.parse().ok()),
        })
    }

    /// The newest log file of today or yesterday below a prefix that ends with `AWSLogs/`, of this account and region if there is
    /// one, else of the first of either.
    pub async fn newest_log_file(
        &self,
        (bucket, bucket_region): (&str, &str),
        prefix: &str,
        (account, region): (&str, &str),
        now: Timestamp,
    ) -> Seen<Option<LogFile>> {
        let s3 = self.s3(Some(bucket_region));
        let folders = |prefix: String| {
            let request = s3.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/");
            async move {
                let answer = request.send().await.map_err(|error| unseen("s3:ListBucket", &error))?;
                let names = answer.common_prefixes().iter().filter_map(|one| one.prefix().map(str::to_owned));
                Ok(names.collect::<Vec<_>>())
            }
        };
        // The folder of this name, else the first.
        let choose = |all: Vec<String>, name: &str| {
            let named = all.iter().find(|one| one.ends_with(&format!("/{name}/"))).cloned();
            named.or_else(|| all.into_iter().next())
        };
        let mut accounts = folders(prefix.to_owned()).await?;
        if let Some(organization) = accounts.iter().find(|one| one[prefix.len()..].starts_with("o-")).cloned() {
            accounts.extend(folders(organization).await?);
        }
        accounts.retain(|one| !one[prefix.len()..].starts_with("o-") || one[prefix.len()..].matches('/').count() > 1);
        let Some(of_account) = choose(accounts, account) else { return Ok(None) };
        let Some(of_region) = choose(folders(format!("{of_account}CloudTrail/")).await?, region) else {
            return Ok(None);
        };
        for day in [now, now.saturating_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(now)] {
            let prefix = format!("{of_region}{}/", day.strftime("%Y/%m/%d"));
            let mut pages = s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
            let mut newest: Option<LogFile> = None;
            let mut read = 0;
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| unseen("s3:ListBucket", &error))?;
                for object in page.contents() {
                    let key = object.key().unwrap_or_default();
                    let seconds = object.last_modified().map_or(0, aws_sdk_s3::primitives::DateTime::secs);
                    if key.ends_with(".json.gz") && newest.as_ref().is_none_or(|newest| newest.modified <= seconds) {
                        newest = Some(LogFile { key: key.to_owned(), modified: seconds });
                    }
                }
                read += 1;
                if read == MAX_PAGES {
                    break;
                }
            }
            if newest.is_some() {
                return Ok(newest);
            }
        }
        Ok(None)
    }
}

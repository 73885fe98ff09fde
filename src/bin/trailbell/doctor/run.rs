//! Runs all checks on a stack, or on a function by itself, and prints them.

use std::{
    io::{self, Write},
    path::PathBuf,
    process,
};

use clap::ValueEnum;
use jiff::Timestamp;
use trailbell::{
    diagnostic::chain,
    local::TextFileError,
    rule::{LoadedRules, RuleSet, version},
    untrusted::printable,
};

use super::{
    alarm, alert,
    check::{Check, CheckOutcome, tally},
    event_rule, function, key, log_file, logging, notification, queue, region, rules, subscription, table, trail,
};
use crate::{
    aws::{Aws, Seen, Stack, TrailLogging, Unusable},
    inputs,
    status::{Status, Stop},
};

/// What is checked.
pub enum Target {
    /// A stack by its name, with all its resources.
    Stack(String),
    /// A function by its name, with the resources that its environment names.
    Function(String),
}

/// How checks are printed.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum DoctorFormat {
    /// A line a check
    #[default]
    Text,
    /// One JSON object a check and line
    Json,
}

/// Prints a line for each check, and the tally.
///
/// # Errors
///
/// If there are no credentials or no such stack, or the output cannot be written.
pub fn run(target: &Target, region: Option<String>, rules: &[PathBuf], alert: bool, format: DoctorFormat) -> Status {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stop::Message(format!("the network cannot be used: {}", chain(&error))))?;
    let checks = runtime.block_on(Box::pin(check(target, region, rules, alert)));
    let checks = checks.map_err(|error| Stop::Message(chain(&error)))?;
    let mut stdout = io::stdout().lock();
    for check in &checks {
        match format {
            DoctorFormat::Text => writeln!(stdout, "{}", printable(&check.line()))?,
            DoctorFormat::Json => writeln!(stdout, "{}", check.json())?,
        }
    }
    match format {
        DoctorFormat::Text => writeln!(stdout, "{}", tally(&checks))?,
        DoctorFormat::Json => writeln!(io::stderr(), "{}", tally(&checks))?,
    }
    Ok(u8::from(checks.iter().any(|check| check.outcome == CheckOutcome::Failed)))
}

async fn check(
    target: &Target,
    region: Option<String>,
    rules: &[PathBuf],
    alert: bool,
) -> Result<Vec<Check>, Unusable> {
    let aws = Aws::connect(region).await?;
    let stack = match target {
        Target::Stack(name) => aws.stack(name).await?,
        Target::Function(name) => aws.lone_function(name).await?,
    };
    let is_stack = matches!(target, Target::Stack(_));
    let usable = usable(rules);
    let mut checks = Vec::new();
    if is_stack {
        checks.push(stack_check(&stack));
        checks.extend(buckets(&aws, &stack).await);
        checks.extend(keys(&aws, &stack).await);
    }
    checks.extend(topics(&aws, &stack).await);
    checks.extend(table(&aws, &stack).await);
    checks.push(function::judge(stack.function(), &aws.function(stack.function()).await));
    if is_stack {
        checks.extend(triggers(&aws, &stack).await);
        let trails = aws.trails().await;
        checks.extend(statuses(&aws, &stack, &trails).await);
        checks.extend(logged(&stack, usable.as_ref(), &trails));
        checks.extend(resources(&aws, &stack).await);
        checks.push(function::failed(&aws.waiting(stack.output("FailedEventsUrl").unwrap_or_default()).await));
    }
    let answer = aws.invoke(stack.function(), &rules::question(&stack)).await;
    checks.push(rules::judge(&version_of(rules), &answer));
    if is_stack && let Some(rules) = &usable {
        checks.push(rules::names(&rules.lists_in_force(), &stack));
    }
    if is_stack && (alert || stack.output("StateTableName").is_some()) {
        checks.extend(newest(&aws, &stack).await);
    }
    if alert {
        let now = Timestamp::now();
        let id = alert::fresh_id(&stack, now, process::id());
        let answer = aws.invoke(stack.function(), &alert::event(&stack, &id, now)).await;
        checks.push(alert::judge(&stack, &id, &answer));
    }
    Ok(checks)
}

fn stack_check(stack: &Stack) -> Check {
    let (name, status) = (&stack.name, &stack.status);
    let found = format!("`{name}` in {} is {status}", stack.region);
    match &**status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Check::ok("stack", found),
        status if status.ends_with("_IN_PROGRESS") => Check::warning("stack", found, "wait, and run this again"),
        _ => {
            let repair = format!(
                "`aws cloudformation describe-stack-events --stack-name {name}` shows why; fix that, and `make deploy`"
            );
            Check::warning("stack", found, repair)
        }
    }
}

async fn buckets(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let mut seen = Vec::new();
    for bucket in stack.buckets() {
        seen.push((bucket, aws.bucket_region(bucket).await));
    }
    let mut checks = region::judge(stack, &seen);
    for (bucket, region) in &seen {
        let Ok(region) = region else { continue };
        checks.push(match aws.notifications(bucket, region).await {
            Ok(found) => notification::judge(stack, bucket, &found),
            Err(unseen) => {
                Check::unseen("notifications", &format!("the notifications of the bucket `{bucket}`"), &unseen)
            }
        });
    }
    checks
}

/// The newest log file of each bucket, read by the function.
async fn newest(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let (mut checks, now) = (Vec::new(), Timestamp::now());
    for bucket in stack.buckets() {
        // A bucket that cannot be seen, or that does not exist, has a check of its own.
        let Ok(region) = aws.bucket_region(bucket).await else { continue };
        let place = (&*stack.account, &*stack.region);
        checks.push(match aws.newest_log_file((bucket, &region), &stack.prefix(), place, now).await {
            Ok(Some(file)) => {
                log_file::judge(bucket, &file, &aws.invoke(stack.function(), &log_file::event(bucket, &file)).await)
            }
            Ok(None) => log_file::missing(bucket),
            Err(unseen) => log_file::unseen(bucket, &unseen),
        });
    }
    checks
}

/// The rules and the alarms of the stack.
async fn resources(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let resources = match aws.resources(&stack.name).await {
        Ok(resources) => resources,
        Err(unseen) => return vec![Check::unseen("rules", "the rules and alarms of the stack", &unseen)],
    };
    let mut checks = Vec::new();
    for (name, own) in event_rule::of(&resources) {
        checks.push(event_rule::judge(stack, (name, &own), &aws.event_rule(&own).await));
    }
    let alarms = alarm::of(&resources);
    if !alarms.is_empty() {
        checks.extend(alarm::judge(alarms.len(), &aws.alarms(&alarms).await));
    }
    checks
}

async fn statuses(aws: &Aws, stack: &Stack, trails: &Seen<Vec<TrailLogging>>) -> Vec<Check> {
    let mut checks = Vec::new();
    // Without the right to see trails, the check of what they log says so.
    for one in trail::of(stack, trails.as_deref().unwrap_or_default()) {
        checks.push(trail::judge(one, &aws.trail_status(&one.arn, &one.region).await));
    }
    checks
}

async fn keys(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let mut checks = Vec::new();
    for (parameter, arn) in key::keys(stack) {
        checks.push(key::state(parameter, &arn, &aws.key_state(&arn).await));
    }
    if let Some(arn) = stack.key() {
        checks.extend(key::policy(stack, arn, &aws.key_policy(arn).await));
    }
    checks
}

async fn topics(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let mut seen = Vec::new();
    for topic in subscription::topics(stack) {
        let subscriptions = aws.subscriptions(&topic.arn).await;
        seen.push((topic, subscriptions));
    }
    subscription::judge(&seen)
}

async fn table(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let Some(name) = stack.output("StateTableName") else { return table::judge(None, None, None) };
    let (table, ttl) = (aws.table(name).await, aws.time_to_live(name).await);
    table::judge(Some(name), Some(&table), Some(&ttl))
}

async fn triggers(aws: &Aws, stack: &Stack) -> Vec<Check> {
    let name = stack.function();
    if stack.is_queued() {
        let mut checks = function::mappings(stack, &aws.mappings(name).await);
        if let Some(arn) = stack.parameter("QueueArn")
            && let Some(url) = queue::url(arn)
        {
            checks.extend(queue::judge(arn, &url, &aws.queue(&url).await));
        }
        checks
    } else {
        function::permissions(stack, &aws.function_policy(name).await)
    }
}

fn logged(stack: &Stack, rules: Option<&RuleSet>, trails: &Seen<Vec<TrailLogging>>) -> Vec<Check> {
    if logging::is_needed(rules) { logging::judge(stack, rules, trails) } else { Vec::new() }
}

/// The rules here with their overrides, if they have no errors.
fn usable(rules: &[PathBuf]) -> Option<RuleSet> {
    let loaded = LoadedRules::read(&inputs::files(rules).ok()?.sources);
    loaded.is_usable().then_some(loaded.rules)
}

/// The version of the rules files here and of their overrides.
fn version_of(rules: &[PathBuf]) -> Result<String, TextFileError> {
    Ok(version(&inputs::files(rules)?.sources))
}

//! The function: it reads settings and rules and builds its clients once, and then handles every invocation.
//!
//! What may end its process it gives to a worker: the same binary, started by the function.
//!
//! If it cannot start, it writes the reason to standard error and posts it as the init error.
#![cfg_attr(not(test), warn(clippy::disallowed_macros))]

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    sync::atomic::AtomicBool,
};

use aws_config::SdkConfig;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lambda_runtime_api_client::{PooledClient, build_request};
use serde_json::{Value, value::RawValue};
use thiserror::Error;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};
use trailbell::{
    aws::{
        Deadline, DynamoDb, Employer, Requester, S3, Settings, SettingsError, Sns, Sqs, StateTable, Workers, sdk_config,
    },
    diagnostic::chain,
    engine::Engine,
    handler::{Channels, Clock, Handler, InvocationError, InvocationLimits, Watch},
    local::{RulesFiles, TextFileError},
    rule::{LoadedRules, RuleSet, version},
    state::MemoryTable,
    trigger::Sender,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Employer::of_worker(env::args().skip(1)) {
        Ok(None) => {}
        Ok(Some(employer)) => return work(employer).await,
        Err(error) => {
            let _ = writeln!(io::stderr(), "this is no worker: {error}");
            return ExitCode::FAILURE;
        }
    }
    let function = match SharedState::start().await {
        Ok(function) => function,
        Err(error) => return refuse(&chain(&error)).await,
    };
    let handler = service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let function = &function;
        async move { function.handle(event).await }
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the runtime API is unavailable");
            ExitCode::FAILURE
        }
    }
}

/// Handles items for the function until it ends.
async fn work(mut employer: Employer) -> ExitCode {
    let function = match SharedState::start().await {
        Ok(function) => function,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", chain(&error));
            return ExitCode::FAILURE;
        }
    };
    // Without a table, state ends with the invocation, as this process does.
    let memory = MemoryTable::default();
    let table = function.table(&memory);
    let mut answered = employer.ready().await;
    while answered.is_ok() {
        let Ok((item, clock)) = employer.next().await else { break };
        let handler = function.handler(&clock, &table, &function.learns);
        let report = Box::pin(handler.handle_item(item)).await;
        answered = employer.report(&report).await;
    }
    ExitCode::SUCCESS
}

/// Writes log lines to standard output, each as a JSON object, panics included.
fn log_as_json(levels: &str) {
    let levels: Targets = levels.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_writer(io::stdout);
    tracing_subscriber::registry().with(lines).with(levels).init();
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

/// What every invocation of a process shares.
struct SharedState {
    engine: Engine,
    rules_version: String,
    limits: InvocationLimits,
    config: SdkConfig,
    s3: S3,
    topics: Channels<Sns>,
    table: Option<DynamoDb>,
    watch: Watch,
    learns: AtomicBool,
}

impl SharedState {
    async fn start() -> Result<Self, StartError> {
        let settings = Settings::read(|name| env::var(name).ok())?;
        log_as_json(&settings.log);
        let (rules, rules_version) = rules(&settings)?;
        let engine = Engine::new(rules);
        let config = sdk_config(settings.timeouts).await;
        let Channels { alerts, chat, findings } = &settings.topics;
        let (chat, findings) =
            (chat.as_ref().map(|chat| &*chat.channel.arn), findings.as_ref().map(|topic| &*topic.arn));
        let table = settings.state_table.as_deref();
        tracing::info!(rules = engine.rules().len(), rules_version, topic = alerts.arn, chat, findings, table, "ready");
        let table = table.map(|name| DynamoDb::new(&config, name, settings.timeouts.retry_base));
        let s3 = S3::new(&config, settings.timeouts, Requester::Function);
        let topics = settings.topics.map(|topic| Sns::new(&config, topic, settings.timeouts.retry_base));
        let (limits, watch, learns) = (settings.limits, settings.watch, AtomicBool::new(false));
        Ok(Self { engine, rules_version, limits, config, s3, topics, table, watch, learns })
    }

    fn table<'a>(&'a self, memory: &'a MemoryTable) -> StateTable<'a> {
        self.table.as_ref().map_or(StateTable::Memory(memory), StateTable::DynamoDb)
    }

    fn handler<'a>(
        &'a self,
        clock: &'a Deadline,
        table: &'a StateTable<'a>,
        learns: &'a AtomicBool,
    ) -> Handler<'a, S3, Sns, StateTable<'a>, Deadline> {
        let (engine, objects, channels, watch) = (&self.engine, &self.s3, &self.topics, &self.watch);
        let keeps_state = self.table.is_some();
        Handler { engine, objects, channels, table, keeps_state, watch, learns, clock, limits: self.limits }
    }

    /// The answer to the sender; the error makes Lambda repeat the whole invocation.
    async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, FailedInvocation> {
        let clock = Deadline::at(event.context.deadline());
        // Without a table, state ends with the invocation, and rules learn again in the next.
        let memory = MemoryTable::default();
        let table = self.table(&memory);
        let learns_once = AtomicBool::new(false);
        let learns = if self.table.is_some() { &self.learns } else { &learns_once };
        let handler = self.handler(&clock, &table, learns);
        let config = &event.context.env_config;
        let mut workers = Workers::new(u64::try_from(config.memory).unwrap_or(0) << 20);
        // On the heap, since the future holds the state of all ports and is large.
        let outcome = Box::pin(handler.handle_isolated(event.payload.get().as_bytes(), &mut workers)).await;
        for line in outcome.metrics(&config.function_name, clock.now()) {
            // A line that cannot be written is no reason to repeat the invocation.
            let _ = writeln!(io::stdout(), "{line}");
        }
        let retries = outcome.retries();
        if !retries.is_empty() {
            Sqs::new(&self.config).retry(&retries).await;
        }
        let mut answer = outcome.answer().map_err(FailedInvocation)?;
        // The answers to queues and to S3 Batch Operations have a fixed shape.
        if outcome.sender == Sender::Service {
            answer["rules_version"] = self.rules_version.clone().into();
        }
        Ok(answer)
    }
}

/// Why the function cannot start.
#[derive(Debug, Error)]
enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the rules cannot be loaded; `RULES_FILE` is the path of the rules file")]
    Unreadable(#[from] TextFileError),
    /// The text is that of `trailbell check`.
    #[error("{0}")]
    InvalidRules(String),
}

/// Reads the rules and their version.
fn rules(settings: &Settings) -> Result<(RuleSet, String), StartError> {
    let files = RulesFiles::read(std::slice::from_ref(&settings.rules_file), None)?;
    let loaded = LoadedRules::read(&files.sources);
    if !loaded.is_usable() {
        return Err(StartError::InvalidRules(files.sources.render(&loaded.findings, false)));
    }
    for warning in loaded.findings {
        tracing::warn!(rule = warning.rule, code = warning.code, "{}", warning.title);
    }
    Ok((loaded.rules, version(&files.sources)))
}

/// A failed invocation. The runtime logs its `Debug` text and sends the diagnostic to Lambda; both are the error's
/// message.
struct FailedInvocation(InvocationError);

impl std::fmt::Debug for FailedInvocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<FailedInvocation> for Diagnostic {
    fn from(failed: FailedInvocation) -> Self {
        Self { error_type: "Trailbell.Failed".to_owned(), error_message: failed.0.to_string() }
    }
}

/// Writes why the function cannot start to standard error, and posts it to Lambda as the init error.
///
/// See [the Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror).
async fn refuse(reason: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{reason}");
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        let _ = writeln!(io::stderr(), "this is the binary for AWS Lambda; on a laptop, use `trailbell invoke`");
    } else if let Err(error) = post_init_error(reason).await {
        let _ = writeln!(io::stderr(), "the init error cannot be posted: {}", chain(&*error));
    }
    ExitCode::FAILURE
}

async fn post_init_error(reason: &str) -> Result<(), lambda_runtime::Error> {
    let error = Diagnostic { error_type: "Trailbell.Init".to_owned(), error_message: reason.to_owned() };
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", &error.error_type)
        .body(serde_json::to_vec(&error)?.into())?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}

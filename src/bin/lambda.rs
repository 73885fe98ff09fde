//! The function: settings, rules and clients once, then the handler for every event.
//!
//! What keeps it from starting is said on standard error and posted as the init error; it never waits for work that it
//! cannot do.
#![cfg_attr(not(test), warn(clippy::disallowed_macros))]

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    sync::atomic::AtomicBool,
};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lambda_runtime_api_client::{PooledClient, build_request};
use serde_json::{Value, value::RawValue};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};
use trailbell::{
    aws::{Deadline, DynamoDb, Reader, S3, Settings, Sns, StateTable, sdk_config},
    diagnostic::{chain, render},
    engine::Engine,
    handler::{Caps, Channels, Clock, Handler},
    local::{RulesFiles, TextFile},
    rule::{RuleSet, version},
    state::MemoryTable,
    trigger::Sender,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let function = match Function::start().await {
        Ok(function) => function,
        Err(wrong) => return refuse(&wrong).await,
    };
    let handler = service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let function = &function;
        async move { function.handle(event).await }
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the runtime API is gone");
            ExitCode::FAILURE
        }
    }
}

/// One JSON object a line on standard output, panics included.
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

/// All that outlives an invocation.
struct Function {
    engine: Engine,
    rules_version: String,
    caps: Caps,
    s3: S3,
    topics: Channels<Sns>,
    table: Option<DynamoDb>,
    learns: AtomicBool,
}

impl Function {
    async fn start() -> Result<Self, String> {
        let settings = Settings::read(|name| env::var(name).ok())?;
        log_as_json(&settings.log);
        let (rules, rules_version) = rules(&settings)?;
        let engine = Engine::new(rules);
        let config = sdk_config(settings.patience).await;
        let Channels { alerts, chat, findings } = &settings.topics;
        let (chat, findings) =
            (chat.as_ref().map(|chat| &*chat.channel.arn), findings.as_ref().map(|topic| &*topic.arn));
        let table = settings.state_table.as_deref();
        tracing::info!(rules = engine.rules().len(), rules_version, topic = alerts.arn, chat, findings, table, "ready");
        let table = table.map(|name| DynamoDb::new(&config, name));
        let s3 = S3::new(&config, settings.patience, Reader::Function);
        let topics = settings.topics.map(|topic| Sns::new(&config, topic, settings.patience.retry_base));
        Ok(Self { engine, rules_version, caps: settings.caps, s3, topics, table, learns: AtomicBool::new(false) })
    }

    /// What whoever delivered must be told, or, so that Lambda sends all of it again, what failed.
    async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Failed> {
        let clock = Deadline::at(event.context.deadline());
        let (engine, objects, channels) = (&self.engine, &self.s3, &self.topics);
        // Without a table, what is remembered ends with the invocation.
        let memory = MemoryTable::default();
        let table = self.table.as_ref().map_or(StateTable::Memory(&memory), StateTable::DynamoDb);
        // What ends with the invocation is learnt anew.
        let anew = AtomicBool::new(false);
        let learns = if self.table.is_some() { &self.learns } else { &anew };
        let handler = Handler { engine, objects, channels, table: &table, learns, clock: &clock, caps: self.caps };
        // On the heap: it is the state of everything below, all ports included.
        let outcome = Box::pin(handler.handle(event.payload.get().as_bytes())).await;
        for line in outcome.metrics(&event.context.env_config.function_name, clock.now()) {
            // A line that cannot be written is no reason to do all of it again.
            let _ = writeln!(io::stdout(), "{line}");
        }
        let mut answer = outcome.answer().map_err(Failed)?;
        // Nobody minds one more field but queues and S3 Batch Operations, whose answers have a fixed shape.
        if outcome.sender == Sender::Service {
            answer["rules_version"] = self.rules_version.clone().into();
        }
        Ok(answer)
    }
}

/// The rules of the file, and their version; the error is what `trailbell check` says.
fn rules(settings: &Settings) -> Result<(RuleSet, String), String> {
    let files = RulesFiles::read(&settings.rules_file)
        .map_err(|error| format!("{}; `RULES_FILE` is the path of the rules file", chain(&error)))?;
    let refused =
        |file: &TextFile, errors: Vec<_>| render(&errors, &file.path.display().to_string(), &file.text, false);
    let (rules, warnings) = RuleSet::parse(&files.rules.text).map_err(|errors| refused(&files.rules, errors))?;
    let version = version(&files.rules.text, files.overrides.as_ref().map(|file| &*file.text));
    let (rules, more) = match &files.overrides {
        Some(file) => rules.overridden(&file.text).map_err(|errors| refused(file, errors))?,
        None => (rules, Vec::new()),
    };
    for warning in warnings.into_iter().chain(more) {
        tracing::warn!(rule = warning.rule, code = warning.code, "{}", warning.title);
    }
    Ok((rules, version))
}

/// The runtime logs it by `Debug` and sends it to Lambda as a diagnostic: the same sentence twice.
struct Failed(String);

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        Self { error_type: "Trailbell.Failed".to_owned(), error_message: failed.0 }
    }
}

/// Says why the function cannot start, to people on standard error and to Lambda as the init error.
///
/// See [the Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror).
async fn refuse(wrong: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{wrong}");
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        let _ = writeln!(io::stderr(), "this is the binary for AWS Lambda; on a laptop, use `trailbell invoke`");
    } else if let Err(error) = post_init_error(wrong).await {
        let _ = writeln!(io::stderr(), "the init error could not be posted: {error}");
    }
    ExitCode::FAILURE
}

async fn post_init_error(wrong: &str) -> Result<(), lambda_runtime::Error> {
    let error = Diagnostic { error_type: "Trailbell.Init".to_owned(), error_message: wrong.to_owned() };
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", &error.error_type)
        .body(serde_json::to_vec(&error)?.into())?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}

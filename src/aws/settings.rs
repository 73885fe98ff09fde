//! The function's settings, from environment variables.
//!
//! Every invalid setting is reported at once, before the function uses any.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use thiserror::Error;

use crate::{
    engine::MAX_NESTING,
    handler::{Channels, Chat, InvocationLimits, MailBudget, Watch},
    log_file::Limits,
    rule::Severity,
    state::{Budget, Claimant},
};

/// Settings that are complete and in range.
#[derive(Debug)]
pub struct Settings {
    /// `RULES_FILE`: the path of the rules file; a relative path starts at the function's own folder.
    pub rules_file: PathBuf,
    /// `ALERT_TOPIC_ARN`, `CHAT_TOPIC_ARN` with `CHAT_SEVERITY`, `FINDING_TOPIC_ARN`: where alerts go.
    pub topics: Channels<SnsTopic>,
    /// `STATE_TABLE_NAME`: the DynamoDB table for state; without it, state ends with the invocation.
    pub state_table: Option<String>,
    /// `MAX_OBJECT_BYTES`, `MAX_DECOMPRESSED_BYTES`, `MAX_RECORD_BYTES`, `MAX_NESTING`, `TIME_RESERVE_MS`: what an
    /// invocation may cost. `MAX_ALERTS_PER_RULE_HOUR`, `ALERTS_PER_MINUTE`, `MAIL_SEVERITY`: how many alerts it may send.
    pub limits: InvocationLimits,
    /// `SILENCE_MINUTES`: for how long an account and region must be silent, at least, before an alert says so; without it, none is
    /// watched. `MAIL_ADDRESSES`: the e-mail addresses that are to get alerts, separated by commas.
    pub watch: Watch,
    /// `RUST_LOG`: a log level, or several `module=level` separated by commas.
    pub log: String,
    /// `RETRY_BASE_MS`, `CONNECT_TIMEOUT_MS`, `READ_TIMEOUT_MS`: how long requests to AWS wait.
    pub timeouts: Timeouts,
}

/// How long requests to AWS wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The wait before the first retry; it doubles from there.
    pub retry_base: Duration,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long an answer, or its next bytes, may take.
    pub read: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let [retry_base, connect, read] = [100, 3_000, 10_000].map(Duration::from_millis);
        Self { retry_base, connect, read }
    }
}

/// An SNS topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnsTopic {
    /// Its ARN.
    pub arn: String,
    /// Its region; SNS accepts messages for it only there.
    pub region: String,
}

impl Settings {
    /// Reads the settings through `variable`, which returns the value of an environment variable.
    ///
    /// # Errors
    ///
    /// All settings that are missing or invalid.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = SettingsReader { variable, invalid: Vec::new() };
        let default = InvocationLimits::default();
        let folder = PathBuf::from(reader.text("LAMBDA_TASK_ROOT").unwrap_or_default());
        let settings = Self {
            rules_file: folder.join(reader.text("RULES_FILE").unwrap_or_else(|| "rules.yaml".to_owned())),
            topics: reader.topics(),
            state_table: reader.table("STATE_TABLE_NAME"),
            limits: InvocationLimits {
                max_alerts_per_rule_hour: reader.alerts("MAX_ALERTS_PER_RULE_HOUR", default.max_alerts_per_rule_hour),
                log_file: reader.limits(default.log_file),
                max_object_bytes: reader.number("MAX_OBJECT_BYTES", "bytes", default.max_object_bytes),
                time_reserve: reader.milliseconds("TIME_RESERVE_MS", 10_000),
                mail: Some(reader.mail()),
            },
            watch: reader.watch(),
            log: reader.log("RUST_LOG"),
            timeouts: Timeouts {
                retry_base: reader.milliseconds("RETRY_BASE_MS", 100),
                connect: reader.milliseconds("CONNECT_TIMEOUT_MS", 3_000),
                read: reader.milliseconds("READ_TIMEOUT_MS", 10_000),
            },
        };
        if reader.invalid.is_empty() { Ok(settings) } else { Err(SettingsError(reader.invalid)) }
    }
}

/// The settings that are missing or invalid, with their repairs; its text has a line for each.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SettingsError(pub Vec<InvalidSetting>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A setting that is missing or invalid, with its repair.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidSetting {
    /// It is required and not set.
    #[error("`{name}` is missing: set it to {expected}")]
    Missing {
        /// The environment variable.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// It has a wrong value.
    #[error("`{name}` is `{}`: write {expected}", value.escape_debug())]
    Invalid {
        /// The environment variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: String,
    },
}

struct SettingsReader<V> {
    variable: V,
    invalid: Vec<InvalidSetting>,
}

impl<V: Fn(&str) -> Option<String>> SettingsReader<V> {
    fn refuse(&mut self, name: &'static str, value: impl ToString, expected: impl Into<String>) {
        self.invalid.push(InvalidSetting::Invalid { name, value: value.to_string(), expected: expected.into() });
    }

    /// A variable that is set to something.
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|text| !text.is_empty())
    }

    fn topics(&mut self) -> Channels<SnsTopic> {
        const ALERTS: &str = "ALERT_TOPIC_ARN";
        let alerts = self.topic(ALERTS);
        if self.text(ALERTS).is_none() {
            self.invalid
                .push(InvalidSetting::Missing { name: ALERTS, expected: "the ARN of the SNS topic for alerts" });
        }
        let (chat, mildest) = (self.topic("CHAT_TOPIC_ARN"), self.severity("CHAT_SEVERITY"));
        Channels {
            alerts: alerts.unwrap_or_default(),
            chat: chat.map(|channel| Chat { channel, mildest }),
            findings: self.topic("FINDING_TOPIC_ARN"),
        }
    }

    fn severity(&mut self, name: &'static str) -> Severity {
        let Some(text) = self.text(name) else { return Severity::REVIEW };
        text.parse().ok().and_then(Severity::new).unwrap_or_else(|| {
            self.refuse(name, &text, "1, 2 or 3");
            Severity::REVIEW
        })
    }

    fn topic(&mut self, name: &'static str) -> Option<SnsTopic> {
        let arn = self.text(name)?;
        match arn.split(':').collect::<Vec<_>>()[..] {
            ["arn", partition, "sns", region, account, topic]
                if [partition, region, account, topic].iter().all(|part| is_name(part)) =>
            {
                let region = region.to_owned();
                return Some(SnsTopic { arn, region });
            }
            [.., topic] if topic.strip_suffix(".fifo").is_some() => {
                self.refuse(name, &arn, "the ARN of a standard topic, not of a FIFO topic");
            }
            _ => {
                self.refuse(name, &arn, "the ARN of an SNS topic, such as `arn:aws:sns:us-east-1:111122223333:alerts`");
            }
        }
        None
    }

    fn limits(&mut self, default: Limits) -> Limits {
        Limits {
            max_decompressed_bytes: self.number("MAX_DECOMPRESSED_BYTES", "bytes", default.max_decompressed_bytes),
            max_record_bytes: self.number("MAX_RECORD_BYTES", "bytes", default.max_record_bytes),
            max_nesting: self.nesting("MAX_NESTING", default.max_nesting),
        }
    }

    /// The name of a table, or its ARN
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html>).
    fn table(&mut self, name: &'static str) -> Option<String> {
        let table = self.text(name)?;
        let short = table.rsplit_once(":table/").map_or(table.as_str(), |(_, short)| short);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !(3..=255).contains(&short.len()) || !short.bytes().all(allowed) {
            self.refuse(name, &table, "the name of a DynamoDB table, such as `trailbell-state`");
        }
        Some(table)
    }

    fn alerts(&mut self, name: &'static str, default: u32) -> u32 {
        let alerts = self.number(name, "alerts", default);
        if alerts > Claimant::MAX_ALERTS_PER_HOUR {
            self.refuse(name, alerts, format!("at most {}", Claimant::MAX_ALERTS_PER_HOUR));
        }
        alerts
    }

    fn mail(&mut self) -> MailBudget {
        const PER_MINUTE: &str = "ALERTS_PER_MINUTE";
        let (least, most) = (Budget::MIN_PER_MINUTE, Budget::MAX_PER_MINUTE);
        let per_minute = match self.text(PER_MINUTE).map(|text| (text.parse(), text)) {
            None => MailBudget::default().per_minute,
            Some((Ok(alerts), _)) if (least..=most).contains(&alerts) => alerts,
            Some((_, text)) => {
                self.refuse(PER_MINUTE, text, format!("a number of alerts from {least} to {most}"));
                least
            }
        };
        MailBudget { per_minute, mildest: self.severity("MAIL_SEVERITY") }
    }

    fn watch(&mut self) -> Watch {
        const SILENCE: &str = "SILENCE_MINUTES";
        const ADDRESSES: &str = "MAIL_ADDRESSES";
        let minutes: Option<u64> = self.text(SILENCE).map(|_| self.number(SILENCE, "minutes", 120));
        let addresses = self.text(ADDRESSES).unwrap_or_default();
        let addresses: Vec<String> = addresses.split_terminator(',').map(|address| address.trim().to_owned()).collect();
        if addresses.iter().any(|address| !address.contains('@')) {
            self.refuse(ADDRESSES, addresses.join(","), "e-mail addresses separated by commas");
        }
        Watch::new(minutes.map(Duration::from_mins), addresses)
    }

    fn nesting(&mut self, name: &'static str, default: usize) -> usize {
        let levels = self.number(name, "levels", default);
        if levels > MAX_NESTING {
            self.refuse(name, levels, format!("at most {MAX_NESTING}"));
        }
        levels
    }

    /// The log levels. The logger would read a misspelled level as the name of a module, and log nothing else.
    fn log(&mut self, name: &'static str) -> String {
        const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
        let text = self.text(name).unwrap_or_else(|| "info".to_owned());
        let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
        let known = |part: &str| match part.split_once('=') {
            Some((module, level)) => !module.trim().is_empty() && is_level(level.trim()),
            None => is_level(part.trim()),
        };
        if !text.split(',').all(known) {
            self.refuse(name, &text, "`error`, `warn`, `info`, `debug`, `trace` or `off`");
        }
        text
    }

    /// At most 15 minutes, the longest time that an invocation may run.
    fn milliseconds(&mut self, name: &'static str, default: u64) -> Duration {
        let milliseconds = self.number(name, "milliseconds", default);
        if milliseconds > 900_000 {
            self.refuse(name, milliseconds, "at most 900000 milliseconds");
        }
        Duration::from_millis(milliseconds)
    }

    fn number<N>(&mut self, name: &'static str, unit: &str, default: N) -> N
    where
        N: FromStr + PartialOrd + From<u8> + std::fmt::Display + Copy,
    {
        match self.text(name).map(|text| (N::from_str(&text), text)) {
            None => default,
            Some((Ok(number), _)) if number > N::from(0) => number,
            Some((_, text)) => {
                self.refuse(name, text, format!("a number of {unit} above 0, such as `{default}`"));
                default
            }
        }
    }
}

/// Whether a part of an ARN has only letters, digits, `-` and `_`, as topics, regions and accounts do.
fn is_name(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_topic_is_required() {
        let settings =
            read(&[("ALERT_TOPIC_ARN", TOPIC), ("LAMBDA_TASK_ROOT", "/var/task"), ("RULES_FILE", "")]).unwrap();
        assert_eq!(settings.rules_file, PathBuf::from("/var/task/rules.yaml"));
        assert_eq!(
            settings.limits,
            InvocationLimits { mail: Some(MailBudget::default()), ..InvocationLimits::default() }
        );
        assert_eq!(settings.state_table, None);
        assert_eq!(settings.timeouts, Timeouts::default());
        assert_eq!(settings.log, "info");
        assert!(settings.topics.chat.is_none() && settings.topics.findings.is_none());
        assert!(read(&[]).unwrap_err().starts_with("`ALERT_TOPIC_ARN` is missing"));
    }

    #[test]
    fn settings_are_read() {
        let settings = read(&[
            ("ALERT_TOPIC_ARN", "arn:aws-cn:sns:cn-north-1:111122223333:alerts"),
            ("RULES_FILE", "/opt/rules.yaml"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("MAX_RECORD_BYTES", "5"),
            ("MAX_OBJECT_BYTES", "7"),
            ("TIME_RESERVE_MS", "8"),
            ("RETRY_BASE_MS", "7"),
            ("STATE_TABLE_NAME", "arn:aws:dynamodb:us-east-1:111122223333:table/state.v1"),
            ("MAX_ALERTS_PER_RULE_HOUR", "500"),
            ("ALERTS_PER_MINUTE", "150"),
            ("MAIL_SEVERITY", "3"),
            ("SILENCE_MINUTES", "90"),
            ("MAIL_ADDRESSES", "a@example.com, b@example.com"),
            ("RUST_LOG", "warn,trailbell=debug"),
        ])
        .unwrap();
        assert_eq!(settings.rules_file, PathBuf::from("/opt/rules.yaml"));
        assert_eq!(settings.limits.log_file.max_record_bytes, 5);
        assert_eq!((settings.limits.max_object_bytes, settings.limits.time_reserve), (7, Duration::from_millis(8)));
        assert_eq!(settings.timeouts.retry_base, Duration::from_millis(7));
        assert_eq!(settings.topics.alerts.region, "cn-north-1");
        assert_eq!(settings.state_table.as_deref(), Some("arn:aws:dynamodb:us-east-1:111122223333:table/state.v1"));
        assert_eq!(settings.limits.max_alerts_per_rule_hour, 500);
        assert_eq!(settings.limits.mail, Some(MailBudget { per_minute: 150, mildest: Severity::new(3).unwrap() }));
    }

    #[test]
    fn topics_for_a_chat_and_for_machines_are_optional() {
        let all = |severity| {
            read(&[
                ("ALERT_TOPIC_ARN", TOPIC),
                ("CHAT_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:chat"),
                ("CHAT_SEVERITY", severity),
                ("FINDING_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:findings"),
            ])
        };
        for (text, mildest) in [("", 2), ("1", 1), ("3", 3)] {
            let topics = all(text).unwrap().topics;
            let chat = topics.chat.unwrap();
            assert_eq!((chat.channel.region.as_str(), chat.mildest.number()), ("eu-west-1", mildest));
            assert!(topics.findings.unwrap().arn.ends_with(":findings"));
        }
        for severity in ["0", "4", "SEV1", "1.0"] {
            assert_eq!(all(severity).unwrap_err(), format!("`CHAT_SEVERITY` is `{severity}`: write 1, 2 or 3"));
        }
    }

    #[test]
    fn only_standard_topics_are_accepted() {
        for topic in [
            "alerts",
            "arn::sns",
            "arn:aws:sns:us-east-1:111122223333:",
            "arn:aws:sns:us-east-1:111122223333:alerts.fifo",
            "arn:aws:sns:us-east-1:111122223333:alerts:6b0e71bd",
            "arn:aws:sns:us-east-1:111122223333:alerts\n",
            "arn:aws:sqs:us-east-1:111122223333:alerts",
        ] {
            for name in ["ALERT_TOPIC_ARN", "CHAT_TOPIC_ARN", "FINDING_TOPIC_ARN"] {
                let others = [("ALERT_TOPIC_ARN", TOPIC)].into_iter().filter(|(other, _)| *other != name);
                let error = read(&others.chain([(name, topic)]).collect::<Vec<_>>()).unwrap_err();
                assert!(error.starts_with(&format!("`{name}` is `")) && error.lines().count() == 1, "{error}");
            }
        }
    }

    #[test]
    fn budget_has_room_for_urgent_alerts_and_for_others() {
        let of = |alerts: &str| read(&[("ALERT_TOPIC_ARN", TOPIC), ("ALERTS_PER_MINUTE", alerts)]);
        for alerts in ["2", "60", "150"] {
            assert_eq!(of(alerts).unwrap().limits.mail.unwrap().per_minute.to_string(), alerts);
        }
        for alerts in ["1", "151", "4294967295", "4294967296", "0", "-1", "sixty", "1e2", "60.0"] {
            let repair = format!("`ALERTS_PER_MINUTE` is `{alerts}`: write a number of alerts from 2 to 150");
            assert_eq!(of(alerts).unwrap_err(), repair);
        }
    }

    #[test]
    fn every_invalid_setting_is_reported_at_once() {
        let wrong = [
            ("ALERT_TOPIC_ARN", "alerts"),
            ("CHAT_TOPIC_ARN", "chat"),
            ("CHAT_SEVERITY", "4"),
            ("FINDING_TOPIC_ARN", "findings"),
            ("MAX_NESTING", "513"),
            ("STATE_TABLE_NAME", "a table"),
            ("MAX_ALERTS_PER_RULE_HOUR", "501"),
            ("ALERTS_PER_MINUTE", "151"),
            ("MAIL_SEVERITY", "SEV2"),
            ("RUST_LOG", "warning"),
            ("RETRY_BASE_MS", "-1"),
            ("CONNECT_TIMEOUT_MS", "3s"),
            ("MAX_RECORD_BYTES", "99999999999999999999"),
            ("MAX_OBJECT_BYTES", "0"),
            ("MAX_DECOMPRESSED_BYTES", "2 GiB"),
            ("TIME_RESERVE_MS", "900001"),
        ];
        let error = read(&wrong).unwrap_err();
        assert_eq!(error.lines().count(), wrong.len(), "{error}");
        for (name, value) in wrong {
            assert!(error.contains(&format!("`{name}` is `{value}`")), "{error}");
        }
    }
}

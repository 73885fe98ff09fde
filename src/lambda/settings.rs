//! The function's settings, from environment variables.
//!
//! All that is wrong with them is found at once, before anything is built on them.

use std::{path::PathBuf, str::FromStr, time::Duration};

use crate::{engine::MAX_NESTING, log_file::Limits};

/// Settings that are complete and in range.
#[derive(Debug)]
pub struct Settings {
    /// `RULES_FILE`: where the rules are; a relative path begins at the function's own folder.
    pub rules_file: PathBuf,
    /// `ALERT_TOPIC_ARN`: where alerts go.
    pub alert_topic: String,
    /// `MAX_DECOMPRESSED_BYTES`, `MAX_RECORD_BYTES`, `MAX_NESTING`: what a log file may cost.
    pub limits: Limits,
    /// `RUST_LOG`: what is logged: a level, or several `module=level` with commas between them.
    pub log: String,
    /// `RETRY_BASE_MS`: the wait before a request is sent a second time; it doubles from there.
    pub retry_base: Duration,
    /// `CONNECT_TIMEOUT_MS`: how long a connection may take.
    pub connect_timeout: Duration,
    /// `READ_TIMEOUT_MS`: how long an answer, or the next part of one, may take.
    pub read_timeout: Duration,
}

impl Settings {
    /// Reads the settings through `variable`. The error says what to mend, a line for each setting.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut reader = Reader { variable, wrong: Vec::new() };
        let safe = Limits::default();
        let folder = PathBuf::from(reader.text("LAMBDA_TASK_ROOT").unwrap_or_default());
        let settings = Self {
            rules_file: folder.join(reader.text("RULES_FILE").unwrap_or_else(|| "rules.yaml".to_owned())),
            alert_topic: reader.topic("ALERT_TOPIC_ARN"),
            limits: Limits {
                max_decompressed_bytes: reader.number("MAX_DECOMPRESSED_BYTES", "bytes", safe.max_decompressed_bytes),
                max_record_bytes: reader.number("MAX_RECORD_BYTES", "bytes", safe.max_record_bytes),
                max_nesting: reader.nesting("MAX_NESTING", safe.max_nesting),
            },
            log: reader.log("RUST_LOG"),
            retry_base: reader.milliseconds("RETRY_BASE_MS", 100),
            connect_timeout: reader.milliseconds("CONNECT_TIMEOUT_MS", 3_000),
            read_timeout: reader.milliseconds("READ_TIMEOUT_MS", 10_000),
        };
        if reader.wrong.is_empty() { Ok(settings) } else { Err(reader.wrong.join("\n")) }
    }
}

struct Reader<V> {
    variable: V,
    wrong: Vec<String>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    /// A variable that is set to something.
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|text| !text.is_empty())
    }

    fn topic(&mut self, name: &str) -> String {
        match self.text(name) {
            Some(topic) if topic.starts_with("arn:") && topic.split(':').nth(2) == Some("sns") => topic,
            Some(other) => self.reject(format!("`{name}` is `{other}`: write the ARN of an SNS topic")),
            None => self.reject(format!("`{name}` is missing: set it to the ARN of the SNS topic for alerts")),
        }
    }

    fn nesting(&mut self, name: &str, default: usize) -> usize {
        let levels = self.number(name, "levels", default);
        if levels > MAX_NESTING {
            self.wrong.push(format!("`{name}` is `{levels}`: write at most {MAX_NESTING}"));
        }
        levels
    }

    /// A word that is no level would be taken for the name of a module, and silence all others.
    fn log(&mut self, name: &str) -> String {
        const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
        let text = self.text(name).unwrap_or_else(|| "info".to_owned());
        let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
        let known = |part: &str| match part.split_once('=') {
            Some((module, level)) => !module.trim().is_empty() && is_level(level.trim()),
            None => is_level(part.trim()),
        };
        if !text.split(',').all(known) {
            self.wrong.push(format!("`{name}` is `{text}`: write `error`, `warn`, `info`, `debug`, `trace` or `off`"));
        }
        text
    }

    fn milliseconds(&mut self, name: &str, default: u64) -> Duration {
        Duration::from_millis(self.number(name, "milliseconds", default))
    }

    fn number<N>(&mut self, name: &str, unit: &str, default: N) -> N
    where
        N: FromStr + PartialOrd + From<u8> + std::fmt::Display + Copy,
    {
        match self.text(name).map(|text| (N::from_str(&text), text)) {
            None => default,
            Some((Ok(number), _)) if number > N::from(0) => number,
            Some((_, text)) => {
                self.wrong.push(format!("`{name}` is `{text}`: write a number of {unit} above 0, such as `{default}`"));
                default
            }
        }
    }

    fn reject<T: Default>(&mut self, wrong: String) -> T {
        self.wrong.push(wrong);
        T::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn only_the_topic_is_required() {
        let settings =
            read(&[("ALERT_TOPIC_ARN", TOPIC), ("LAMBDA_TASK_ROOT", "/var/task"), ("RULES_FILE", "")]).unwrap();
        assert_eq!(settings.rules_file, PathBuf::from("/var/task/rules.yaml"));
        assert_eq!(settings.limits, Limits::default());
        assert_eq!(settings.log, "info");
        assert!(read(&[]).unwrap_err().starts_with("`ALERT_TOPIC_ARN` is missing"));
    }

    #[test]
    fn settings_are_read() {
        let settings = read(&[
            ("ALERT_TOPIC_ARN", "arn:aws-cn:sns:cn-north-1:111122223333:alerts"),
            ("RULES_FILE", "/opt/rules.yaml"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("MAX_RECORD_BYTES", "5"),
            ("RETRY_BASE_MS", "7"),
            ("RUST_LOG", "warn,trailbell=debug"),
        ])
        .unwrap();
        assert_eq!(settings.rules_file, PathBuf::from("/opt/rules.yaml"));
        assert_eq!(settings.limits.max_record_bytes, 5);
        assert_eq!(settings.retry_base, Duration::from_millis(7));
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let wrong = [
            ("ALERT_TOPIC_ARN", "alerts"),
            ("MAX_NESTING", "513"),
            ("RUST_LOG", "warning"),
            ("RETRY_BASE_MS", "-1"),
            ("CONNECT_TIMEOUT_MS", "3s"),
            ("MAX_RECORD_BYTES", "99999999999999999999"),
        ];
        let said = read(&wrong).unwrap_err();
        assert_eq!(said.lines().count(), wrong.len(), "{said}");
        for (name, value) in wrong {
            assert!(said.contains(&format!("`{name}` is `{value}`")), "{said}");
        }
    }
}

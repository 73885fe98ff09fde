//! Does the function run the rules that are here, and do they know what guards them: the stack and its bucket by their names?
//!
//! The function's answer has the version of its rules; S3's own test event makes it answer without any work.

use serde_json::{Value, json};
use trailbell::{
    diagnostic::chain,
    filter::{Lists, operand::Value as ListItem},
    local::TextFileError,
};

use super::check::Check;
use crate::aws::{FunctionAnswer, Seen, Stack};

const NAME: &str = "rules";

/// The event that S3 sends when a notification is configured; the function counts and skips it.
///
/// See [the test event](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
pub fn question(stack: &Stack) -> Value {
    let bucket = stack.bucket().unwrap_or("doctor.trailbell");
    json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket})
}

/// Compares the version of the files here with that in the function's answer.
pub fn judge(here: &Result<String, TextFileError>, answer: &Seen<FunctionAnswer>) -> Check {
    let there = match answer {
        Ok(FunctionAnswer::Value(value)) => value["rules_version"].as_str(),
        Ok(FunctionAnswer::Failed(reason)) => {
            let repair = "fix that and `make deploy`; the function's log has details";
            return Check::failed(NAME, format!("the function fails: {reason}"), repair);
        }
        Err(unseen) => return Check::unseen(NAME, "the version of the function's rules", unseen),
    };
    match (here, there) {
        (_, None) => Check::warning(
            NAME,
            "the function does not report the version of its rules: it is older than this doctor",
            "`make deploy`",
        ),
        (Err(unreadable), Some(there)) => {
            let found = format!(
                "the function runs version {there} of the rules; those here are unknown: {}",
                chain(unreadable)
            );
            Check::warning(NAME, found, "name the deployed file with `--rules`")
        }
        (Ok(here), Some(there)) if here == there => {
            Check::ok(NAME, format!("the function runs the rules that are here, version {here}"))
        }
        (Ok(here), Some(there)) => Check::failed(
            NAME,
            format!("the function runs version {there} of the rules, and the files here are version {here}"),
            "`make deploy`, or name the deployed file with `--rules`",
        ),
    }
}

/// Whether the lists `own_names` and `log_buckets` have the names of the stack and of its bucket. The rules that guard
/// trailbell's own parts and its log files compare these lists with names: an item can be a part of the name.
pub fn names(lists: &Lists, stack: &Stack) -> Check {
    let holds = |list: &str, name: &str| {
        let name = name.to_lowercase();
        let is_part = |item: &ListItem| matches!(item, ListItem::Text(item) if name.contains(&item.to_lowercase()));
        lists.get(list).is_some_and(|items| items.iter().any(is_part))
    };
    let mut missing = Vec::new();
    if !stack.name.to_lowercase().contains("trailbell") && !holds("own_names", &stack.name) {
        missing.push(format!("`{}` in `own_names`", stack.name));
    }
    if let Some(bucket) = stack.bucket().filter(|bucket| !holds("log_buckets", bucket)) {
        missing.push(format!("`{bucket}` in `log_buckets`"));
    }
    if missing.is_empty() {
        return Check::ok("names", "the rules know the names of the stack and of its bucket");
    }
    let found = format!("the rules do not see changes to the stack's own parts: missing {}", missing.join(" and "));
    Check::warning("names", found, "`make deploy`, which writes them into overrides.yaml, or add them to its `lists`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::CheckOutcome;

    #[test]
    fn versions_are_compared() {
        let answer = |version: Value| Ok(FunctionAnswer::Value(json!({"rules_version": version})));
        let (here, unreadable) =
            (Ok("aa".to_owned()), Err(TextFileError::NotUtf8 { path: "rules.yaml".into(), offset: 0 }));
        let cases = [
            (&here, answer(json!("aa")), CheckOutcome::Ok),
            (&here, answer(json!("bb")), CheckOutcome::Failed),
            (&here, answer(Value::Null), CheckOutcome::Warning),
            (&unreadable, answer(json!("aa")), CheckOutcome::Warning),
            (&here, Ok(FunctionAnswer::Failed("no".to_owned())), CheckOutcome::Failed),
        ];
        for (here, answer, expected) in cases {
            let check = judge(here, &answer);
            assert_eq!(check.outcome, expected, "{}", check.line());
        }
    }
}

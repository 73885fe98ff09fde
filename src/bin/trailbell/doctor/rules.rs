//! Does the function run the rules that are here?
//!
//! The function says its rules' version in its answer; S3's own test event makes it answer without any work.

use serde_json::{Value, json};

use super::{
    aws::Answer,
    check::{Check, Look},
    stack::Stack,
};

const NAME: &str = "rules";

/// What S3 sends when a notification is set, and what the function counts and skips.
///
/// See [the test event](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
pub fn question(stack: &Stack) -> Value {
    let bucket = stack.bucket().unwrap_or("doctor.trailbell");
    json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket})
}

/// Judges by the version of the files here, or by why they cannot be read.
pub fn judge(here: &Result<String, String>, answer: &Look<Answer>) -> Check {
    let there = match answer {
        Ok(Answer::Said(said)) => said["rules_version"].as_str(),
        Ok(Answer::Failed(reason)) => {
            let repair = "mend what it says and `make deploy`; the function's log says more";
            return Check::failed(NAME, format!("the function does not answer: {reason}"), repair);
        }
        Err(unseen) => return Check::unseen(NAME, "what rules the function runs", unseen),
    };
    match (here, there) {
        (_, None) => {
            Check::warning(NAME, "the function does not tell the version of its rules: it is older", "`make deploy`")
        }
        (Err(reason), Some(there)) => {
            let found = format!("the function runs version {there} of the rules; those here: {reason}");
            Check::warning(NAME, found, "name the deployed file by `--rules`")
        }
        (Ok(here), Some(there)) if here == there => {
            Check::ok(NAME, format!("the function runs the rules that are here, version {here}"))
        }
        (Ok(here), Some(there)) => Check::failed(
            NAME,
            format!("the function runs version {there} of the rules, and here is version {here}"),
            "`make deploy`, or name the deployed file by `--rules`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Outcome;

    #[test]
    fn versions_are_compared() {
        let said = |version: Value| Ok(Answer::Said(json!({"rules_version": version})));
        let (here, unreadable) = (Ok("aa".to_owned()), Err("rules.yaml cannot be read".to_owned()));
        let cases = [
            (&here, said(json!("aa")), Outcome::Ok),
            (&here, said(json!("bb")), Outcome::Failed),
            (&here, said(Value::Null), Outcome::Warning),
            (&unreadable, said(json!("aa")), Outcome::Warning),
            (&here, Ok(Answer::Failed("no".to_owned())), Outcome::Failed),
        ];
        for (here, answer, expected) in cases {
            let check = judge(here, &answer);
            assert_eq!(check.outcome, expected, "{}", check.line());
        }
    }
}

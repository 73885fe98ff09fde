//! The result of a check: a line for people, or an object for programs.
//!
//! A check that could not see what it judges is a warning that names the missing permission.

use serde_json::{Value, json};
use trailbell::untrusted::printable;

use crate::aws::{Cause, Unseen};

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// All is well.
    Ok,
    /// Inconclusive, or worth a look.
    Warning,
    /// Something does not work.
    Failed,
}

impl CheckOutcome {
    /// The word that is printed.
    pub fn word(self) -> &'static str {
        match self {
            CheckOutcome::Ok => "ok",
            CheckOutcome::Warning => "warning",
            CheckOutcome::Failed => "failed",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The subject of the check.
    pub name: &'static str,
    /// Its outcome.
    pub outcome: CheckOutcome,
    /// What was found.
    pub found: String,
    /// How to fix it.
    pub repair: Option<String>,
}

impl Check {
    /// A check that found nothing wrong.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Ok, found: found.into(), repair: None }
    }

    /// A check that is inconclusive, or found something worth a look.
    pub fn warning(name: &'static str, found: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Warning, found: found.into(), repair: Some(repair.into()) }
    }

    /// A check that found something that does not work.
    pub fn failed(name: &'static str, found: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Failed, found: found.into(), repair: Some(repair.into()) }
    }

    /// A check that could not see `what`.
    pub fn unseen(name: &'static str, what: &str, unseen: &Unseen) -> Self {
        let Unseen { action, reason, cause } = unseen;
        let repair = match cause {
            Cause::Denied => {
                format!("allow yourself `{action}`; if the resource is of another account, ask its owner")
            }
            Cause::Missing | Cause::Other => format!("make sure that `{action}` succeeds, and run this again"),
        };
        Self::warning(name, format!("{what} could not be checked: {reason}"), repair)
    }

    /// The line for people.
    pub fn line(&self) -> String {
        let repair = self.repair.as_ref().map(|repair| format!("; repair: {repair}")).unwrap_or_default();
        format!("{:<8} {:<13} {}{repair}", self.outcome.word(), self.name, self.found)
    }

    /// The object for programs; its texts are safe to show on a terminal.
    pub fn json(&self) -> Value {
        let (found, repair) = (printable(&self.found), self.repair.as_deref().map(printable));
        json!({"check": self.name, "outcome": self.outcome.word(), "found": found, "repair": repair})
    }
}

/// The last line: how many checks have each outcome.
pub fn tally(checks: &[Check]) -> String {
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let [ok, warnings, failed] = [CheckOutcome::Ok, CheckOutcome::Warning, CheckOutcome::Failed].map(count);
    format!("{ok} ok, {warnings} warning{}, {failed} failed", if warnings == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_was_found_and_how_to_fix_it() {
        assert_eq!(Check::ok("table", "it is there").line(), "ok       table         it is there");
        let failed = Check::failed("table", "it is gone", "deploy again");
        assert_eq!(failed.line(), "failed   table         it is gone; repair: deploy again");
        assert_eq!(
            failed.json(),
            json!({"check": "table", "outcome": "failed", "found": "it is gone", "repair": "deploy again"})
        );
        assert_eq!(tally(&[failed.clone(), failed, Check::warning("key", "", "")]), "0 ok, 1 warning, 2 failed");
    }

    #[test]
    fn a_denied_check_names_the_permission() {
        let denied = Unseen { action: "kms:DescribeKey", reason: "AccessDenied: no".into(), cause: Cause::Denied };
        let check = Check::unseen("key", "the key", &denied);
        assert_eq!(check.outcome, CheckOutcome::Warning);
        assert!(
            check.line().contains("AccessDenied: no; repair: allow yourself `kms:DescribeKey`"),
            "{}",
            check.line()
        );
    }

    #[test]
    fn text_from_aws_cannot_control_a_terminal() {
        let text = Check::failed("table", "a\u{9b}b\u{202e}c", "d\u{202e}").json().to_string();
        assert!(text.is_ascii(), "{text:?}");
    }
}

//! What a check says: a line for people, or an object for programs.
//!
//! A check that could not look is a warning that names the permission it lacks; it never speaks of what it did not see.

use serde_json::{Value, json};
use trailbell::untrusted::printable;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Doubtful, or not seen.
    Warning,
    /// Something does not work.
    Failed,
}

impl Outcome {
    /// As it is printed.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Warning => "warning",
            Outcome::Failed => "failed",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub repair: Option<String>,
}

impl Check {
    /// All is well.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, found: found.into(), repair: None }
    }

    /// Doubtful.
    pub fn warning(name: &'static str, found: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Warning, found: found.into(), repair: Some(repair.into()) }
    }

    /// Something does not work.
    pub fn failed(name: &'static str, found: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Failed, found: found.into(), repair: Some(repair.into()) }
    }

    /// `what` could not be looked at.
    pub fn unseen(name: &'static str, what: &str, unseen: &Unseen) -> Self {
        let Unseen { action, reason, kind } = unseen;
        let repair = match kind {
            Kind::Denied => format!("allow yourself `{action}`, and ask whoever owns it if it is of another account"),
            Kind::Missing | Kind::Other => format!("see that `{action}` succeeds, and run this again"),
        };
        Self::warning(name, format!("{what} could not be looked at: {reason}"), repair)
    }

    /// The one line for people.
    pub fn line(&self) -> String {
        let repair = self.repair.as_ref().map(|repair| format!("; repair: {repair}")).unwrap_or_default();
        format!("{:<8} {:<13} {}{repair}", self.outcome.word(), self.name, self.found)
    }

    /// The one object for programs, which a terminal may show.
    pub fn json(&self) -> Value {
        let (found, repair) = (printable(&self.found), self.repair.as_deref().map(printable));
        json!({"check": self.name, "outcome": self.outcome.word(), "found": found, "repair": repair})
    }
}

/// The last line: how many came out how.
pub fn tally(checks: &[Check]) -> String {
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let [ok, warnings, failed] = [Outcome::Ok, Outcome::Warning, Outcome::Failed].map(count);
    format!("{ok} ok, {warnings} warning{}, {failed} failed", if warnings == 1 { "" } else { "s" })
}

/// Why something could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The IAM action that looks.
    pub action: &'static str,
    /// What AWS said.
    pub reason: String,
    /// What that means.
    pub kind: Kind,
}

/// What an answer that is none means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whoever asks may not.
    Denied,
    /// What was asked for is not there.
    Missing,
    /// Anything else, such as no connection.
    Other,
}

/// What was seen, or why it was not.
pub type Look<T> = Result<T, Unseen>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_was_found_and_how_to_mend_it() {
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
    fn who_may_not_look_is_told_which_permission_it_takes() {
        let denied = Unseen { action: "kms:DescribeKey", reason: "AccessDenied: no".into(), kind: Kind::Denied };
        let check = Check::unseen("key", "the key", &denied);
        assert_eq!(check.outcome, Outcome::Warning);
        assert!(
            check.line().contains("AccessDenied: no; repair: allow yourself `kms:DescribeKey`"),
            "{}",
            check.line()
        );
    }

    #[test]
    fn what_aws_says_steers_no_terminal() {
        let text = Check::failed("table", "a\u{9b}b\u{202e}c", "d\u{202e}").json().to_string();
        assert!(text.is_ascii(), "{text:?}");
    }
}

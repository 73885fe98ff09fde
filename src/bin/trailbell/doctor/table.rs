//! Is the table there that keeps what is remembered?
//!
//! Without it alerts are still sent, since what cannot be remembered must not be silenced; they only come too often.

use super::check::{Check, Kind, Look, Unseen};

const NAME: &str = "table";

/// A table, as DynamoDB describes it.
#[derive(Clone, Debug)]
pub struct Table {
    /// `ACTIVE` and its like.
    pub status: String,
    /// The key's attributes, each with `HASH` or `RANGE`.
    pub key: Vec<(String, String)>,
}

/// What ends the life of items: the attribute, and `ENABLED` and its like.
#[derive(Clone, Debug)]
pub struct TimeToLive {
    /// The attribute.
    pub attribute: String,
    /// Its status.
    pub status: String,
}

/// Judges the table of that name, if the stack has one.
pub fn judge(name: Option<&str>, table: Option<&Look<Table>>, ttl: Option<&Look<TimeToLive>>) -> Vec<Check> {
    let (Some(name), Some(table)) = (name, table) else {
        let found = "there is none, so what comes twice raises its alerts twice";
        return vec![Check::warning(NAME, found, "deploy with `State=table`, unless that is meant")];
    };
    let table = match table {
        Ok(table) => table,
        Err(Unseen { kind: Kind::Missing, .. }) => {
            let found = format!("the table `{name}` does not exist: alerts come, and come too often");
            return vec![Check::failed(
                NAME,
                found,
                "deploy with `State=none`, then with `State=table`, which makes it anew",
            )];
        }
        Err(unseen) => return vec![Check::unseen(NAME, &format!("the table `{name}`"), unseen)],
    };
    let key = [("pk".to_owned(), "HASH".to_owned())];
    if table.key != key {
        let found = format!("the key of the table `{name}` is {:?}, and not `pk` alone", table.key);
        return vec![Check::failed(NAME, found, "let the stack make its own table: `State=none`, then `State=table`")];
    }
    if !matches!(&*table.status, "ACTIVE" | "UPDATING") {
        let found = format!("the table `{name}` is {}", table.status);
        let repair = match &*table.status {
            "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => "enable its key, and let the function use it",
            _ => "wait until it is ACTIVE, and run this again",
        };
        return vec![Check::failed(NAME, found, repair)];
    }
    match ttl {
        Some(Ok(ttl)) if ttl.attribute == "expires" && matches!(&*ttl.status, "ENABLED" | "ENABLING") => {
            vec![Check::ok(NAME, format!("`{name}` is {}, and forgets by `expires`", table.status))]
        }
        Some(Ok(_)) => vec![Check::warning(
            NAME,
            format!("the table `{name}` forgets nothing, and grows"),
            format!(
                "`aws dynamodb update-time-to-live --table-name {name} \
                 --time-to-live-specification Enabled=true,AttributeName=expires`"
            ),
        )],
        Some(Err(unseen)) => vec![
            Check::ok(NAME, format!("`{name}` is {}", table.status)),
            Check::unseen(NAME, &format!("whether `{name}` forgets"), unseen),
        ],
        None => vec![Check::ok(NAME, format!("`{name}` is {}", table.status))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Outcome;

    fn check(status: &str, key: &[(&str, &str)], ttl: (&str, &str), expected: Outcome, part: &str) {
        let key = key.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
        let table = Ok(Table { status: status.to_owned(), key });
        let ttl = Ok(TimeToLive { attribute: ttl.0.to_owned(), status: ttl.1.to_owned() });
        let [check] = &*judge(Some("bell"), Some(&table), Some(&ttl)) else { panic!("one line") };
        assert!(check.outcome == expected && check.found.contains(part), "{}", check.line());
    }

    #[test]
    fn a_table_has_its_key_is_active_and_forgets() {
        let (key, ttl) = ([("pk", "HASH")], ("expires", "ENABLED"));
        check("ACTIVE", &key, ttl, Outcome::Ok, "forgets by `expires`");
        check("UPDATING", &key, ttl, Outcome::Ok, "UPDATING");
        check("DELETING", &key, ttl, Outcome::Failed, "is DELETING");
        check("ACTIVE", &[("id", "HASH")], ttl, Outcome::Failed, "not `pk` alone");
        check("ACTIVE", &[("pk", "HASH"), ("sk", "RANGE")], ttl, Outcome::Failed, "not `pk` alone");
        check("ACTIVE", &key, ("", "DISABLED"), Outcome::Warning, "forgets nothing");
        check("ACTIVE", &key, ("ttl", "ENABLED"), Outcome::Warning, "forgets nothing");
    }

    #[test]
    fn a_table_that_is_gone_fails_and_one_that_is_not_wanted_warns() {
        let gone = Err(Unseen { action: "dynamodb:DescribeTable", reason: String::new(), kind: Kind::Missing });
        assert_eq!(judge(Some("bell"), Some(&gone), None)[0].outcome, Outcome::Failed);
        assert_eq!(judge(None, None, None)[0].outcome, Outcome::Warning);
    }
}

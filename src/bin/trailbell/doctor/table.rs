//! Does the state table exist, and can the function use it?
//!
//! Without it, alerts are still sent, but repeated ones are not suppressed.

use super::check::Check;
use crate::aws::{Cause, Seen, TableDescription, TimeToLive, Unseen};

const NAME: &str = "table";

/// Judges the table with that name, if the stack has one.
pub fn judge(name: Option<&str>, table: Option<&Seen<TableDescription>>, ttl: Option<&Seen<TimeToLive>>) -> Vec<Check> {
    let (Some(name), Some(table)) = (name, table) else {
        let found = "the stack has none, so an event that is delivered twice raises its alerts twice";
        return vec![Check::warning(NAME, found, "deploy with `State=table`, unless that is intended")];
    };
    let table = match table {
        Ok(table) => table,
        Err(Unseen { cause: Cause::Missing, .. }) => {
            let found = format!("the table `{name}` does not exist: alerts are sent, but repeatedly");
            return vec![Check::failed(
                NAME,
                found,
                "deploy with `State=none`, then with `State=table`, which creates it again",
            )];
        }
        Err(unseen) => return vec![Check::unseen(NAME, &format!("the table `{name}`"), unseen)],
    };
    let key = [("pk".to_owned(), "HASH".to_owned())];
    if table.key != key {
        let found = format!("the key of the table `{name}` is {:?}, and not `pk` alone", table.key);
        return vec![Check::failed(
            NAME,
            found,
            "let the stack create its own table: deploy with `State=none`, then with `State=table`",
        )];
    }
    if !matches!(&*table.status, "ACTIVE" | "UPDATING") {
        let found = format!("the table `{name}` is {}", table.status);
        let repair = match &*table.status {
            "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => "enable its KMS key, and let the function use it",
            _ => "wait until it is ACTIVE, and run this again",
        };
        return vec![Check::failed(NAME, found, repair)];
    }
    match ttl {
        Some(Ok(ttl)) if ttl.attribute == "expires" && matches!(&*ttl.status, "ENABLED" | "ENABLING") => {
            vec![Check::ok(NAME, format!("`{name}` is {}, and deletes items by `expires`", table.status))]
        }
        Some(Ok(_)) => vec![Check::warning(
            NAME,
            format!("the table `{name}` deletes no expired items, and grows"),
            format!(
                "`aws dynamodb update-time-to-live --table-name {name} \
                 --time-to-live-specification Enabled=true,AttributeName=expires`"
            ),
        )],
        Some(Err(unseen)) => vec![
            Check::ok(NAME, format!("`{name}` is {}", table.status)),
            Check::unseen(NAME, &format!("the Time to Live of `{name}`"), unseen),
        ],
        None => vec![Check::ok(NAME, format!("`{name}` is {}", table.status))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::CheckOutcome;

    fn check(status: &str, key: &[(&str, &str)], ttl: (&str, &str), expected: CheckOutcome, part: &str) {
        let key = key.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
        let table = Ok(TableDescription { status: status.to_owned(), key });
        let ttl = Ok(TimeToLive { attribute: ttl.0.to_owned(), status: ttl.1.to_owned() });
        let [check] = &*judge(Some("bell"), Some(&table), Some(&ttl)) else { panic!("one line") };
        assert!(check.outcome == expected && check.found.contains(part), "{}", check.line());
    }

    #[test]
    fn a_table_is_active_with_its_key_and_deletes_expired_items() {
        let (key, ttl) = ([("pk", "HASH")], ("expires", "ENABLED"));
        check("ACTIVE", &key, ttl, CheckOutcome::Ok, "deletes items by `expires`");
        check("UPDATING", &key, ttl, CheckOutcome::Ok, "UPDATING");
        check("DELETING", &key, ttl, CheckOutcome::Failed, "is DELETING");
        check("ACTIVE", &[("id", "HASH")], ttl, CheckOutcome::Failed, "not `pk` alone");
        check("ACTIVE", &[("pk", "HASH"), ("sk", "RANGE")], ttl, CheckOutcome::Failed, "not `pk` alone");
        check("ACTIVE", &key, ("", "DISABLED"), CheckOutcome::Warning, "deletes no expired items");
        check("ACTIVE", &key, ("ttl", "ENABLED"), CheckOutcome::Warning, "deletes no expired items");
    }

    #[test]
    fn a_missing_table_fails_and_a_stack_without_one_warns() {
        let gone = Err(Unseen { action: "dynamodb:DescribeTable", reason: String::new(), cause: Cause::Missing });
        assert_eq!(judge(Some("bell"), Some(&gone), None)[0].outcome, CheckOutcome::Failed);
        assert_eq!(judge(None, None, None)[0].outcome, CheckOutcome::Warning);
    }
}

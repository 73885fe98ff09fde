//! Has an alarm of the stack gone off?

use super::check::Check;
use crate::aws::{Alarm, Seen, StackResource};

const NAME: &str = "alarms";

/// The names of the stack's alarms.
pub fn of(resources: &[StackResource]) -> Vec<String> {
    let alarms = resources.iter().filter(|one| one.kind == "AWS::CloudWatch::Alarm" && !one.physical.is_empty());
    alarms.map(|one| one.physical.clone()).collect()
}

/// Judges the alarms that have gone off, of so many.
pub fn judge(count: usize, alarms: &Seen<Vec<Alarm>>) -> Vec<Check> {
    match alarms {
        Ok(alarms) if alarms.is_empty() => vec![Check::ok(NAME, format!("none of {count} alarms has gone off"))],
        Ok(alarms) => alarms.iter().map(one).collect(),
        Err(unseen) => vec![Check::unseen(NAME, "the alarms", unseen)],
    }
}

fn one(Alarm { name, description }: &Alarm) -> Check {
    let found = format!("the alarm `{name}` has gone off: {description}");
    Check::warning(NAME, found, "look for it under `When it fails` in docs/deploy.md, which says what to do")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{Cause, Unseen},
        doctor::check::CheckOutcome,
    };

    #[test]
    fn each_alarm_that_has_gone_off_is_named() {
        let alarm = |name: &str| Alarm { name: name.to_owned(), description: "Objects fail.".to_owned() };
        let outcomes = |alarms| judge(9, &alarms).iter().map(|check| check.outcome).collect::<Vec<_>>();
        assert_eq!(outcomes(Ok(Vec::new())), [CheckOutcome::Ok]);
        assert_eq!(outcomes(Ok(vec![alarm("a"), alarm("b")])), [CheckOutcome::Warning; 2]);
        let denied = Unseen { action: "cloudwatch:DescribeAlarms", reason: String::new(), cause: Cause::Denied };
        assert_eq!(outcomes(Err(denied)), [CheckOutcome::Warning]);
        assert!(judge(9, &Ok(vec![alarm("a")]))[0].line().contains("`a` has gone off: Objects fail."));
    }
}

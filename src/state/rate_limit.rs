//! The hourly limit on the alerts of a rule, which no noise uses up for what matters: beyond it a notice reports at once that
//! alerts are held back, and a list names them when the hour ends.
//!
//! The hour is that of the clock, since the limit protects readers. A held-back alert remains a claim: if more of its
//! events arrive after the hour, it goes out.

use super::{
    audience::Audience,
    held::HeldLine,
    hourly::{Claim, HourlyAlerts, Passes},
};
use crate::rule::Severity;

/// What happens to an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It goes out.
    Open,
    /// It does not go out, and this delivery sends the notice of the hour.
    Notice {
        /// How many are held back so far.
        held: u64,
        /// Those who have not taken the notice yet.
        audiences: Vec<Audience>,
    },
    /// It does not go out, and the notice of the hour is sent or about to be.
    Shut {
        /// How many are held back so far.
        held: u64,
    },
}

/// The alert that asks whether it may go out.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// A hash of its id.
    pub alert: u64,
    /// The severity of its rule.
    pub severity: Severity,
    /// A hash of who made the request.
    pub caller: u64,
    /// What the list has of it if it is held back.
    pub line: &'a HeldLine,
}

/// The delivery that asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// A hash of the delivery.
    pub owner: &'a str,
    /// Who the alert would go to.
    pub audiences: &'a [Audience],
    /// The audiences to which this delivery was already to send the notice, a bit for each.
    pub noticed: u8,
    /// The time of the clock, in seconds since 1970.
    pub now: i64,
}

/// The hour of a time in seconds.
pub fn hour(now: i64) -> i64 {
    now.div_euclid(3600)
}

/// When an hour ends, in seconds since 1970.
pub fn end(hour: i64) -> i64 {
    hour.saturating_add(1).saturating_mul(3600)
}

/// Lets an alert of a rule pass if it passed before or if the limit has room for it.
pub fn gate(alerts: &mut HourlyAlerts, asking: &Asking<'_>, limit: u32, asker: &Asker<'_>) -> Gate {
    let Asking { alert, caller, line, .. } = *asking;
    (alerts.limit, alerts.severity) = (limit, Some(asking.severity.number()));
    if alerts.passed.contains(alert) || alerts.failed.contains(alert) {
        return Gate::Open;
    }
    if has_room(alerts, asking, limit) {
        let passes = if line.is_success { &mut alerts.passed } else { &mut alerts.failed };
        passes.insert(alert, caller);
        return Gate::Open;
    }
    alerts.hold(alert, line);
    let held = alerts.held.count();
    let is_missing = |audience: &Audience| (alerts.notice_sent | asker.noticed) & audience.bit() == 0;
    let audiences: Vec<Audience> = asker.audiences.iter().copied().filter(is_missing).collect();
    let is_claimed = alerts.notice.as_ref().is_some_and(|claim| claim.is_foreign(asker.owner, asker.now));
    if audiences.is_empty() || is_claimed {
        return Gate::Shut { held };
    }
    alerts.notice = Some(Claim { owner: asker.owner.to_owned(), at: asker.now });
    Gate::Notice { held, audiences }
}

/// Whether one more alert may pass. Failures have a third of the limit and successes the rest, so that neither keeps the other
/// out; one caller has a third of the limit, and half of that for failures, so that it keeps neither its own successes nor others
/// out. Each share is at least one alert. A success of severity 1 passes whatever else did, unless one caller has hundreds of them.
fn has_room(alerts: &HourlyAlerts, asking: &Asking<'_>, limit: u32) -> bool {
    let HourlyAlerts { passed, failed, .. } = alerts;
    let (limit, caller) = (u64::from(limit), asking.caller);
    let third = (limit / 3).max(1);
    let (of_passed, of_failed) = (passed.count_of(caller), failed.count_of(caller));
    if !asking.line.is_success {
        let half = (third / 2).max(1);
        let rest = if third == 1 { 1 } else { third.saturating_sub(of_passed) };
        return failed.count() < third && of_failed < half.min(rest);
    }
    if asking.severity.number() == 1 {
        return passed.count() < Passes::MOST as u64 && of_passed < Passes::MOST_OF_ONE as u64;
    }
    passed.count() < limit.saturating_sub(third).max(1) && of_passed < third.saturating_sub(of_failed).max(1)
}

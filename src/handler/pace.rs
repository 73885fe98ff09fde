//! How fast alerts go to the people who read the alert topic, and what becomes of those that have no token.
//!
//! An alert waits for a token if one is free soon. Otherwise it becomes a line of the next summary.

use std::time::Duration;

use super::{port::Clock, setup::MailBudget, time_budget::TimeBudget};
use crate::{
    alert::Alert,
    state::{KnownBudget, Outage, Table, Taken, TokenUse},
};

/// How old a token is at most when it is used: its message must arrive within the second after it was taken.
const MAX_AGE: Duration = Duration::from_millis(500);
/// The longest wait for one token.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// How long an invocation waits for tokens, all waits together; half as long for other than urgent alerts.
const MAX_WAITS: Duration = Duration::from_secs(20);

impl MailBudget {
    /// What kind of token an alert needs to go to people, if it needs any.
    pub fn token_use(&self, alert: &Alert) -> Option<TokenUse> {
        let is_urgent = alert.severity().number() == 1 && alert.is_success();
        (alert.severity() <= self.mildest).then_some(if is_urgent { TokenUse::Urgent } else { TokenUse::Other })
    }

    /// Whether an invocation that has waited for `waited` in all waits for `wait` more. What is due for a while waits as long as
    /// the invocation has time.
    pub fn may_wait(token_use: TokenUse, waited: Duration, wait: Duration) -> bool {
        let most = match token_use {
            TokenUse::Due => return true,
            TokenUse::Urgent => MAX_WAITS,
            TokenUse::Other => MAX_WAITS / 2,
        };
        wait <= MAX_WAIT && waited.saturating_add(wait) <= most
    }
}

/// The pace of one invocation.
pub(super) struct Pace {
    budget: Option<MailBudget>,
    known: KnownBudget,
    /// How long the invocation has waited for tokens, and for the table where its answer came too late.
    waited: Duration,
}

impl Pace {
    pub(super) fn new(budget: Option<MailBudget>) -> Self {
        Self { budget, known: KnownBudget::default(), waited: Duration::ZERO }
    }

    /// Does not ask the table for tokens again.
    pub(super) fn leave_table(&mut self) {
        self.known.leave_table();
    }

    /// What kind of token the alert needs to go to people, if it needs any.
    pub(super) fn token_use(&self, alert: &Alert) -> Option<TokenUse> {
        self.budget?.token_use(alert)
    }

    /// Takes a token, for which it waits; whether there is one, which lapses unless its message is published now. What is
    /// due for a while waits as long as the invocation has time.
    pub(super) async fn token(
        &mut self,
        table: &impl Table,
        outage: &mut Outage,
        time: &TimeBudget<'_, impl Clock>,
        token_use: TokenUse,
    ) -> bool {
        let Some(MailBudget { per_minute, .. }) = self.budget else { return true };
        loop {
            let asked = time.now();
            let taken = self.known.take(table, outage, per_minute, token_use, asked).await;
            let wait = match taken {
                Taken::NotBefore(then) => then.saturating_sub(asked.as_millisecond()).max(1),
                Taken::Granted => time.now().as_millisecond().saturating_sub(asked.as_millisecond()),
            };
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
            match taken {
                Taken::Granted if wait <= MAX_AGE => return true,
                // The token lapsed while the table answered: the message takes another one.
                Taken::Granted if !self.may_wait(wait, TokenUse::Other) => self.known.leave_table(),
                Taken::NotBefore(_) if !self.may_wait(wait, token_use) || !time.pause(wait).await => return false,
                Taken::Granted | Taken::NotBefore(_) => {}
            }
            self.waited = self.waited.saturating_add(wait);
        }
    }

    fn may_wait(&self, wait: Duration, token_use: TokenUse) -> bool {
        MailBudget::may_wait(token_use, self.waited, wait)
    }
}

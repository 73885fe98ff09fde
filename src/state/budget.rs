//! The budget of the alert topic: how many messages all functions together publish to people in a second and in a minute.
//!
//! SNS disables an e-mail subscription that gets more than ten messages a second
//! (<https://docs.aws.amazon.com/general/latest/gr/sns.html>). One item of the table holds the tokens of the last minute. A
//! function takes a token for each message, and uses it within a second; so the messages of any second have tokens of at most
//! two seconds.

use serde::{Deserialize, Serialize};

/// The time in which a function uses a token, twice, in milliseconds.
pub const BURST: i64 = 2_000;
/// How many tokens are taken in a burst.
const MAX_BURST: usize = 5;
/// How many of these are not for urgent alerts.
const MAX_BURST_OTHERS: usize = 3;
const MINUTE: i64 = 60_000;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenUse {
    /// An alert of severity 1 about an act that succeeded.
    Urgent,
    /// What is due for a while, such as a summary. Other alerts leave some tokens for it.
    Due,
    /// Any other alert or notice.
    Other,
}

/// The answer to who wants a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The token is taken: publish one message now.
    Granted,
    /// No token is free before this time, in milliseconds since 1970.
    NotBefore(i64),
}

/// The tokens of the last minute: when each was taken, in milliseconds since 1970, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Those for urgent alerts.
    #[serde(default)]
    urgent: Vec<i64>,
    /// All others.
    #[serde(default)]
    others: Vec<i64>,
}

impl Budget {
    /// The most tokens of a minute that a setting allows.
    pub const MAX_PER_MINUTE: u32 = 150;
    /// The least: half of the tokens are for urgent alerts, and the other half must have one.
    pub const MIN_PER_MINUTE: u32 = 2;

    /// Takes a token at the time `now`, in milliseconds since 1970: at most `per_minute` in a minute and five in two seconds, of
    /// which at most half and three are for other than urgent alerts.
    pub fn take(&mut self, now: i64, per_minute: u32, purpose: TokenUse) -> Taken {
        self.correct(now);
        let most = per_minute.clamp(Self::MIN_PER_MINUTE, Self::MAX_PER_MINUTE) as usize;
        let half = most / 2;
        let mut all: Vec<i64> = self.urgent.iter().chain(&self.others).copied().collect();
        all.sort_unstable();
        let mut free = free_at(&all, MAX_BURST, BURST).max(free_at(&all, most, MINUTE));
        if purpose != TokenUse::Urgent {
            // The alerts of a flood must not take the tokens of the summary that reports the rest of it.
            let most = if purpose == TokenUse::Other { half - half / 6 } else { half };
            free = free.max(free_at(&self.others, MAX_BURST_OTHERS, BURST)).max(free_at(&self.others, most, MINUTE));
        }
        if free > now {
            return Taken::NotBefore(free);
        }
        for tokens in [&mut self.urgent, &mut self.others] {
            tokens.retain(|token| *token > now - MINUTE);
        }
        let tokens = if purpose == TokenUse::Urgent { &mut self.urgent } else { &mut self.others };
        tokens.insert(tokens.partition_point(|token| *token <= now), now);
        Taken::Granted
    }

    /// A clock that was wrong took tokens in the future: they count as taken now. Clocks of functions differ by less than
    /// a burst.
    fn correct(&mut self, now: i64) {
        for tokens in [&mut self.urgent, &mut self.others] {
            tokens.iter_mut().filter(|token| **token > now + BURST).for_each(|token| *token = now);
            tokens.sort_unstable();
        }
    }
}

/// From when on fewer than `most` of the tokens are newer than `span`.
fn free_at(tokens: &[i64], most: usize, span: i64) -> i64 {
    match tokens.len().checked_sub(most.max(1)) {
        Some(at) => tokens[at].saturating_add(span),
        None => i64::MIN,
    }
}

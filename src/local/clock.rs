//! The clock of this machine, with all the time that is wanted.

use std::{future, time::Duration};

use jiff::Timestamp;

use crate::handler::Clock;

/// Nothing ends an invocation here.
pub struct Unhurried;

impl Clock for Unhurried {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn left(&self) -> Duration {
        Duration::MAX
    }

    async fn until_left(&self, _: Duration) {
        future::pending::<()>().await;
    }
}

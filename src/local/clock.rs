//! The clock of this machine, without a deadline.

use std::{future, time::Duration};

use jiff::Timestamp;

use crate::handler::Clock;

/// The clock of an invocation that nothing terminates.
pub struct NoDeadline;

impl Clock for NoDeadline {
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

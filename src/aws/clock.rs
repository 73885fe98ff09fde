//! The time that Lambda gives an invocation.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::sleep;

use crate::handler::Clock;

/// The time at which Lambda terminates an invocation.
pub struct Deadline(SystemTime);

impl Deadline {
    /// The deadline that the runtime reports.
    pub fn at(time: SystemTime) -> Self {
        Self(time)
    }
}

impl Clock for Deadline {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn left(&self) -> Duration {
        self.0.duration_since(SystemTime::now()).unwrap_or_default()
    }

    async fn until_left(&self, left: Duration) {
        sleep(self.left().saturating_sub(left)).await;
    }
}

//! Logs replayed: the matches of their records, and the alerts that these raise by the function's own decisions.

mod alerts;
mod notices;
mod read;
mod tally;

pub use alerts::{AlertKeeper, Alerts, RaisedAlert};
pub use notices::NoticeLine;
pub use read::{Replay, Wanted};
pub use tally::{counts, write_tally};

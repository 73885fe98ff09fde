//! The state between log files, compared with a plain reference and checked under concurrent deliveries that crash at
//! any point.

mod acts;
mod budget;
mod cap_burn;
mod claims;
mod concurrent;
mod first_seen;
mod handled;
mod listed;
mod model;
mod rate_limit;
mod requests;
mod sequential;
mod threads;
mod tick;
mod watch;
mod world;

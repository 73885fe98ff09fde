//! Events of AWS's detectors on EventBridge: each finding becomes a record that rules, alerts and searches read as they read
//! CloudTrail's. Each detector has a file.

mod access_analyzer;
mod alarm;
mod config;
mod derive;
mod ecr_scan;
mod entry;
mod guardduty;
mod health;
mod inspector;
mod macie;
mod raw;
mod securityhub;
mod table;

pub use derive::{FindingError, records};
pub use entry::{CATEGORY, Detector};
pub use table::{DETECTORS, named, of};

//! The table of detectors.

use super::{
    access_analyzer, alarm, config, ecr_scan, entry::Detector, guardduty, health, inspector, macie, securityhub,
};

/// All detectors.
pub static DETECTORS: &[&Detector] = &[
    &guardduty::GUARDDUTY,
    &ecr_scan::ECR_SCAN,
    &inspector::INSPECTOR,
    &securityhub::SECURITY_HUB,
    &access_analyzer::ACCESS_ANALYZER,
    &macie::MACIE,
    &health::HEALTH,
    &config::CONFIG,
    &alarm::ALARM,
];

/// The detector whose events have this type.
pub fn of(detail_type: &str) -> Option<&'static Detector> {
    DETECTORS.iter().find(|detector| detector.detail_types.contains(&detail_type)).copied()
}

/// The detector whose records have this `event_type`.
pub fn named(word: &str) -> Option<&'static Detector> {
    DETECTORS.iter().find(|detector| detector.word == word).copied()
}

//! A detector, as an entry of the table of detectors.

/// The `eventCategory` of the record of a finding; CloudTrail writes no such category.
pub const CATEGORY: &str = "Finding";

/// A detector. Each is a constant in the file of its service.
///
/// Paths are keys with `.` between them, below the finding; a path goes on in the first element of a list. Of several paths the
/// first that leads to a value counts.
#[derive(Debug)]
pub struct Detector {
    /// The `event_type` of its records.
    pub word: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The source of its events.
    pub source: &'static str,
    /// The types of its events that have findings.
    pub detail_types: &'static [&'static str],
    /// The list below `detail` whose elements are the findings; `None` where `detail` is the finding.
    pub list: Option<&'static str>,
    /// Where its findings have what.
    pub(super) fields: Fields,
    /// The page of a finding in the console, after the host; `{region}` and `{id}` are the finding's.
    pub page: Option<&'static str>,
}

/// Where a finding has what.
#[derive(Debug)]
pub(super) struct Fields {
    /// Its id, which stays the same when the finding is updated.
    pub(super) id: &'static [&'static str],
    /// What kind of finding it is: the name of its event.
    pub(super) kind: &'static [&'static str],
    pub(super) title: &'static [&'static str],
    pub(super) description: &'static [&'static str],
    pub(super) severity: Severity,
    pub(super) status: &'static [&'static str],
    pub(super) account: &'static [&'static str],
    pub(super) region: &'static [&'static str],
    pub(super) time: &'static [&'static str],
    /// What it is about.
    pub(super) resource: &'static [&'static str],
    pub(super) resource_type: &'static [&'static str],
    /// The address from which someone acted.
    pub(super) address: &'static [&'static str],
    /// The fields of `userIdentity` of the one whose credentials were used.
    pub(super) caller: &'static [(&'static str, &'static str)],
}

impl Fields {
    /// Nothing.
    pub(super) const NONE: Self = Self {
        id: &[],
        kind: &[],
        title: &[],
        description: &[],
        severity: Severity::None,
        status: &[],
        account: &[],
        region: &[],
        time: &[],
        resource: &[],
        resource_type: &[],
        address: &[],
        caller: &[],
    };
}

/// How a detector says how bad a finding is.
#[derive(Debug)]
pub(super) enum Severity {
    /// It does not.
    None,
    /// As a word or a number at the first of these paths that has one. A number is of the first level whose limit it reaches.
    At(&'static [&'static str], &'static [(f64, &'static str)]),
    /// As how many findings there are of each severity.
    Counts(&'static str),
}

/// The words of severities, in lower case, and the levels that they mean, the worst first.
pub(super) const LEVELS: &[(&str, &str)] = &[
    ("fatal", "critical"),
    ("critical", "critical"),
    ("high", "high"),
    ("medium", "medium"),
    ("low", "low"),
    ("informational", "informational"),
];

//! What a rule counts, and how many marks of it an item keeps.

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The length of a span, in seconds.
    pub window: i64,
    /// How many identities in a span raise an alert. A sequence ignores it.
    pub threshold: u32,
    /// What is an identity.
    pub kind: Kind,
}

/// What is an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Events are counted.
    Events,
    /// The different values of events are counted.
    Values,
    /// Events are steps that must follow each other.
    Sequence {
        /// How many steps, at most eight.
        steps: u8,
    },
}

/// Late events are counted exactly if they are at most this late, in seconds, and the threshold is not large.
const LATENESS: i64 = 6 * 3600;
/// The most marks that any item keeps.
pub const MOST_MARKS: usize = 1_250;
const MOST_MARKS_OF_A_SEQUENCE: usize = 1_100;

impl Plan {
    /// The length of a span, in seconds: never negative.
    pub(super) fn length(&self) -> i64 {
        self.window.max(0)
    }

    /// How many identities raise an alert: at least one.
    pub(super) fn needed(&self) -> usize {
        usize::try_from(self.threshold.max(1)).unwrap_or(usize::MAX)
    }

    /// How many marks an item keeps.
    pub(super) fn max_marks(&self) -> usize {
        let length = self.length().max(1);
        let windows = usize::try_from(LATENESS / length + i64::from(LATENESS % length != 0) + 2).unwrap_or(usize::MAX);
        let wanted = self.needed().saturating_mul(windows).saturating_add(100);
        match self.kind {
            Kind::Events => wanted.min(MOST_MARKS),
            Kind::Values => wanted.saturating_mul(2).min(MOST_MARKS),
            Kind::Sequence { .. } => MOST_MARKS_OF_A_SEQUENCE,
        }
    }
}

impl Kind {
    /// A number by which a stored item names its kind. Marks of another kind mean something else.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Events => 1,
            Self::Values => 2,
            Self::Sequence { steps } => steps.saturating_add(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bounds of "Counting", rule 9: six hours late at `window: 10m` up to a threshold of 30.
    #[test]
    fn marks_cover_six_hours_up_to_the_bound() {
        let marks = |kind, threshold, window| Plan { window, threshold, kind }.max_marks();
        assert_eq!(marks(Kind::Events, 30, 600), 100 + 30 * 38);
        assert_eq!(marks(Kind::Events, 31, 600), 1_250);
        assert_eq!(marks(Kind::Events, 1, 86_400), 103);
        assert_eq!(marks(Kind::Events, 10, 7 * 3600), 130);
        assert_eq!(marks(Kind::Values, 1, 86_400), 206);
        assert_eq!(marks(Kind::Values, 500, 600), 1_250);
        assert_eq!(marks(Kind::Sequence { steps: 2 }, 1, 600), 1_100);
        assert_eq!(marks(Kind::Events, u32::MAX, i64::MAX), 1_250);
        assert_eq!(marks(Kind::Events, 0, i64::MIN), 1_250);
    }
}

//! How much of an alert is shown, so that its message fits SNS's limit.

/// The longest texts of a message; text that is cut shows its original length.
#[derive(Clone, Copy, Debug)]
pub struct TextCaps {
    /// The longest description of a rule, in characters.
    pub description: usize,
    /// The most conditions that are listed.
    pub reasons: usize,
    /// The longest value, in characters.
    pub value: usize,
    /// The most lines of other alerts.
    pub lines: usize,
}

impl TextCaps {
    /// What is cut, in this order: the description, the conditions, then every value.
    pub const STEPS: [Self; 5] = [
        Self { description: 16_000, reasons: 40, value: 1_500, lines: usize::MAX },
        Self { description: 2_000, reasons: 40, value: 1_500, lines: usize::MAX },
        Self { description: 2_000, reasons: 10, value: 1_500, lines: usize::MAX },
        Self { description: 2_000, reasons: 10, value: 500, lines: usize::MAX },
        Self::SHORTEST,
    ];

    /// The last of the steps.
    pub const SHORTEST: Self = Self { description: 1_000, reasons: 10, value: 150, lines: usize::MAX };

    /// What fits SNS's limit whatever an alert holds, apart from the lines of other alerts: names and ids can be cut.
    pub const LEAST: Self = Self { description: 500, reasons: 5, value: 50, lines: usize::MAX };
}

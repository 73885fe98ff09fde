//! Counts over many records.

use crate::engine::Finding;

/// The counts of the records that were read, and of the matches of each rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were evaluated, repaired ones included.
    pub evaluated: u64,
    /// Records whose text was repaired first.
    pub repaired: u64,
    /// Records that could not be parsed.
    pub unparsable: u64,
    /// Matches in the order of the engine's rules, suppressed ones included.
    pub matches: Vec<u64>,
    /// Suppressed matches, in the same order.
    pub suppressed: Vec<u64>,
}

impl Counts {
    /// Zero counts for this number of rules.
    pub fn new(rules: usize) -> Self {
        Self { matches: vec![0; rules], suppressed: vec![0; rules], ..Self::default() }
    }

    /// Counts a record that was evaluated.
    pub fn evaluated(&mut self, findings: &[Finding], repaired: bool) {
        self.evaluated += 1;
        self.repaired += u64::from(repaired);
        for finding in findings {
            let at = finding.position;
            if let (Some(matches), Some(suppressed)) = (self.matches.get_mut(at), self.suppressed.get_mut(at)) {
                *matches += 1;
                *suppressed += u64::from(finding.suppressed);
            }
        }
    }

    /// Adds the counts of other records under the same rules.
    pub fn add(&mut self, other: &Self) {
        self.evaluated += other.evaluated;
        self.repaired += other.repaired;
        self.unparsable += other.unparsable;
        for (counts, more) in [(&mut self.matches, &other.matches), (&mut self.suppressed, &other.suppressed)] {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
    }
}

//! Rules against raw records.
//!
//! [`Engine::evaluate`] is quick: it parses a record only if a rule could match it. [`Engine::evaluate_plainly`] is
//! plain: it parses every record and asks every rule. The two find the same matches; tests hold them to it.

mod index;
mod parse;
mod repair;

use std::sync::Arc;

pub use parse::{MAX_NESTING, parse};

use crate::{
    record::Record,
    rule::{Rule, RuleSet, Verdict},
};

/// The enabled rules of a rule set, ready to evaluate records.
pub struct Engine {
    rules: Vec<Arc<Rule>>,
    index: index::Index,
}

/// Memory that is kept from record to record.
#[derive(Default)]
pub struct Scratch {
    seen: index::Seen,
}

/// What came of one record.
#[derive(Debug)]
pub enum Evaluated {
    /// It was evaluated; no finding is the common case.
    Record {
        /// The rules that matched, in the order of the rule file.
        findings: Vec<Finding>,
        /// Whether its text was no valid Unicode and has been mended first.
        repaired: bool,
    },
    /// A rule could match it, but it is no JSON object; the text says why.
    Unparsable(String),
}

/// A rule matched a record.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Its place among [`Engine::rules`].
    pub position: usize,
    /// Whether a suppression of the rule holds: counted, and no alert.
    pub suppressed: bool,
    /// The record.
    pub record: Arc<Record>,
}

impl Engine {
    /// An engine for the enabled rules of `rules`.
    pub fn new(rules: RuleSet) -> Self {
        let rules: Vec<_> = rules.rules.into_iter().filter(|rule| rule.enabled).map(Arc::new).collect();
        let index = index::Index::new(rules.iter().map(|rule| &rule.filter));
        Self { rules, index }
    }

    /// The enabled rules, in the order of the rule file.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// Evaluates the text of one record. A record that no rule could match is not parsed.
    pub fn evaluate(&self, record: &[u8], scratch: &mut Scratch) -> Evaluated {
        let mut candidates = self.index.candidates(record, &mut scratch.seen).peekable();
        if candidates.peek().is_none() {
            return Evaluated::Record { findings: Vec::new(), repaired: false };
        }
        match parse(record) {
            Ok((record, repaired)) => {
                let findings = self.findings(candidates, record);
                Evaluated::Record { findings, repaired }
            }
            Err(reason) => Evaluated::Unparsable(reason),
        }
    }

    /// The same matches by the plain way: every record is parsed, every rule is asked.
    pub fn evaluate_plainly(&self, record: &[u8]) -> Evaluated {
        match parse(record) {
            Ok((record, repaired)) => {
                Evaluated::Record { findings: self.findings(0..self.rules.len(), record), repaired }
            }
            Err(reason) => Evaluated::Unparsable(reason),
        }
    }

    fn findings(&self, candidates: impl Iterator<Item = usize>, record: Record) -> Vec<Finding> {
        let record = Arc::new(record);
        let finding = |position: usize| {
            let rule = Arc::clone(&self.rules[position]);
            let suppressed = match rule.verdict(&record) {
                Verdict::NoMatch => return None,
                verdict => verdict == Verdict::Suppressed,
            };
            Some(Finding { rule, position, suppressed, record: Arc::clone(&record) })
        };
        candidates.filter_map(finding).collect()
    }
}

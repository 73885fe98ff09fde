//! Rules against raw records.
//!
//! [`Engine::evaluate`] is quick: it parses a record only if a rule matches it, or may where what the rule reads is
//! spelled oddly. [`Engine::evaluate_plainly`] is plain: it parses every record and asks every rule. The two find the same
//! matches; tests hold them to it.

mod fields;
mod index;
mod parse;
mod projected;

use std::sync::Arc;

pub use parse::{MAX_NESTING, parse};

use fields::Fields;
use index::{Index, Memory};
use projected::{Deeper, View};

use crate::{
    log_file::{RawRecord, Scan, Strings},
    record::Record,
    rule::{Accounts, Rule, RuleSet, Verdict},
};

/// The enabled rules of a rule set, ready to evaluate records.
pub struct Engine {
    rules: Vec<Arc<Rule>>,
    accounts: Arc<Accounts>,
    index: Arc<Index>,
}

/// Memory that is kept from record to record.
#[derive(Default)]
pub struct Scratch {
    scan: Scan,
    fields: Fields,
    deeper: Deeper,
    memory: Memory,
    candidates: Vec<usize>,
    preselected: usize,
}

impl Scratch {
    /// How many rules the first step left of the last record: what they are filed under was there, or may have been, and
    /// so was what else could be told of them from there. All rules, where the record's fields cannot be told.
    pub fn preselected(&self) -> usize {
        self.preselected
    }
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
    /// A rule would match it, or nobody can tell, but it is no JSON object; the text says why.
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
        let accounts = rules.accounts;
        let rules: Vec<_> = rules.rules.into_iter().filter(|rule| rule.enabled).map(Arc::new).collect();
        let index = Arc::new(Index::new(rules.iter().map(|rule| &rule.filter)));
        Self { rules, accounts, index }
    }

    /// The enabled rules, in the order of the rule file.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// What alerts call the accounts.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// Evaluates one record. One that matches no rule is not parsed, unless what a rule reads of it is spelled oddly.
    pub fn evaluate(&self, record: RawRecord<'_>, scratch: &mut Scratch) -> Evaluated {
        self.preselect(record, scratch);
        if scratch.candidates.is_empty() {
            return Evaluated::Record { findings: Vec::new(), repaired: false };
        }
        match parse(record.text) {
            Ok((record, repaired)) => {
                let findings = self.findings(scratch.candidates.iter().copied(), record);
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

    /// Leaves in `scratch.candidates` the rules that match the record, as far as its text tells.
    fn preselect(&self, record: RawRecord<'_>, scratch: &mut Scratch) {
        let Scratch { scan, fields, deeper, memory, candidates, preselected } = scratch;
        let (index, text) = (&self.index, record.text);
        let strings = record.strings().or_else(|| own_strings(text, scan));
        let Some(strings) = strings.filter(|strings| fields.read(index.filed_names(), text, *strings)) else {
            candidates.clear();
            candidates.extend(0..self.rules.len());
            *preselected = candidates.len();
            return;
        };
        index.candidates(&View::new(text, strings, index.filed_names(), fields, deeper), memory, candidates);
        *preselected = candidates.len();
        if candidates.is_empty() {
            return;
        }
        fields.read(index.names(), text, strings);
        let view = View::new(text, strings, index.names(), fields, deeper);
        candidates.retain(|rule| {
            index.may_match(&view, *rule) && self.rules[*rule].filter.matches(view.root()) | view.take_unsure()
        });
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

/// The own strings of an object that no reader has scanned; `None` if it is not just one object.
fn own_strings<'a>(text: &[u8], scan: &'a mut Scan) -> Option<Strings<'a>> {
    scan.reset();
    let whole = text.first() == Some(&b'{') && matches!(scan.run(text), Ok(Some(length)) if length == text.len());
    scan.strings().filter(|_| whole)
}

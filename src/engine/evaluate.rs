//! The engine: which rules match a record.

use std::sync::Arc;

use super::{
    fields::RecordFields,
    index::{Index, SelectionCache},
    parse::{ParseError, parse},
    projected::{NestedValues, View},
};
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

/// Buffers and caches that are reused from record to record.
#[derive(Default)]
pub struct Scratch {
    scan: Scan,
    fields: RecordFields,
    nested: NestedValues,
    cache: SelectionCache,
    candidates: Vec<usize>,
    preselected: usize,
}

impl Scratch {
    /// The number of rules that the index left as candidates for the last record; all rules if the fields of the record
    /// could not be read from its text.
    pub fn preselected(&self) -> usize {
        self.preselected
    }
}

/// The result for one record.
#[derive(Debug)]
pub enum Evaluated {
    /// The record was evaluated; most records have no finding.
    Record {
        /// The rules that matched, in the order of the rules file.
        findings: Vec<Finding>,
        /// Whether the text of the record was invalid Unicode and was repaired first.
        repaired: bool,
    },
    /// A rule matches the record, or may match it, but the record cannot be parsed.
    Unparsable(ParseError),
}

/// A rule matched a record.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The position of the rule in [`Engine::rules`].
    pub position: usize,
    /// Whether a suppression of the rule applies: the match is counted and raises no alert.
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

    /// The enabled rules, in the order of the rules file.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The names that alerts show for accounts.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// Evaluates one record. A record that matches no rule is not parsed, unless a field that a rule reads is written with
    /// escapes.
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
            Err(error) => Evaluated::Unparsable(error),
        }
    }

    /// Finds the same matches as [`Self::evaluate`], by parsing the record and evaluating every rule.
    pub fn evaluate_plainly(&self, record: &[u8]) -> Evaluated {
        match parse(record) {
            Ok((record, repaired)) => {
                Evaluated::Record { findings: self.findings(0..self.rules.len(), record), repaired }
            }
            Err(error) => Evaluated::Unparsable(error),
        }
    }

    /// Leaves in `scratch.candidates` the rules that match the record, as far as its text shows.
    fn preselect(&self, record: RawRecord<'_>, scratch: &mut Scratch) {
        let Scratch { scan, fields, nested, cache, candidates, preselected } = scratch;
        let (index, text) = (&self.index, record.text);
        let strings = record.strings().or_else(|| own_strings(text, scan));
        let Some(strings) = strings.filter(|strings| fields.read(index.filed_names(), text, *strings)) else {
            candidates.clear();
            candidates.extend(0..self.rules.len());
            *preselected = candidates.len();
            return;
        };
        index.candidates(&View::new(text, strings, index.filed_names(), fields, nested), cache, candidates);
        *preselected = candidates.len();
        if candidates.is_empty() {
            return;
        }
        fields.read(index.names(), text, strings);
        let view = View::new(text, strings, index.names(), fields, nested);
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

/// The own strings of a record that no reader has scanned; `None` if `text` is not exactly one object.
fn own_strings<'a>(text: &[u8], scan: &'a mut Scan) -> Option<Strings<'a>> {
    scan.reset();
    let whole = text.first() == Some(&b'{') && matches!(scan.run(text), Ok(Some(length)) if length == text.len());
    scan.strings().filter(|_| whole)
}

//! The engine: which rules match a record.

use std::sync::Arc;

use super::{
    fields::RecordFields,
    index::{Index, SelectionCache},
    nested::NestedValues,
    parse::{ParseError, parse},
    projected::View,
};
use crate::{
    filter::Filter,
    log_file::{RawRecord, Scan, Strings},
    record::Record,
    rule::{Accounts, Rule, RuleSet, Verdict},
};

/// How many steps the rules may take on one parsed record. An ordinary record takes some thousands.
pub(super) const MAX_WORK: u64 = 100_000_000;

/// The enabled rules of a rule set, ready to evaluate records.
pub struct Engine {
    rules: Vec<Arc<Rule>>,
    accounts: Arc<Accounts>,
    index: Arc<Index>,
}

/// Buffers and caches that are reused from record to record.
#[derive(Default)]
pub struct Scratch {
    pub(super) scan: Scan,
    pub(super) fields: RecordFields,
    nested: NestedValues,
    cache: SelectionCache,
    pub(super) candidates: Vec<usize>,
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
            Ok((parsed, repaired)) => {
                let (parsed, candidates) = (Arc::new(parsed), scratch.candidates.iter().copied());
                let found = parsed.work().bounded(MAX_WORK, || self.findings(candidates, &parsed, record.text.len()));
                match found {
                    Some(findings) => Evaluated::Record { findings, repaired },
                    None => Evaluated::Unparsable(ParseError::TooMuchWork),
                }
            }
            Err(error) => Evaluated::Unparsable(error),
        }
    }

    /// Finds the same matches as [`Self::evaluate`], by parsing the record and evaluating every rule. Where
    /// [`Self::evaluate`] reports [`ParseError::TooMuchWork`], this takes its time.
    pub fn evaluate_plainly(&self, record: &[u8]) -> Evaluated {
        match parse(record) {
            Ok((parsed, repaired)) => {
                let findings = self.findings(0..self.rules.len(), &Arc::new(parsed), record.len());
                Evaluated::Record { findings, repaired }
            }
            Err(error) => Evaluated::Unparsable(error),
        }
    }

    /// Leaves in `scratch.candidates` the rules that match the record, as far as its text shows.
    fn preselect(&self, record: RawRecord<'_>, scratch: &mut Scratch) {
        preselect(&self.index, self.rules.len(), |rule| &self.rules[rule].filter, record, scratch);
    }

    /// The rules that match. The alert of each reads the record again, so half of its length in bytes counts as work.
    fn findings(&self, candidates: impl Iterator<Item = usize>, record: &Arc<Record>, length: usize) -> Vec<Finding> {
        let finding = |position: usize| {
            let rule = Arc::clone(&self.rules[position]);
            let suppressed = match rule.verdict(record) {
                Verdict::NoMatch => return None,
                verdict => verdict == Verdict::Suppressed,
            };
            record.work().spend(length as u64 / 2);
            Some(Finding { rule, position, suppressed, record: Arc::clone(record) })
        };
        // Once the budget is used up, everything seems to match.
        candidates.take_while(|_| !record.work().is_exhausted()).filter_map(finding).collect()
    }
}

/// Leaves in `scratch.candidates` those of the `count` filters of an index that match the record, as far as its text shows.
pub(super) fn preselect<'f>(
    index: &Arc<Index>,
    count: usize,
    filter: impl Fn(usize) -> &'f Filter,
    record: RawRecord<'_>,
    scratch: &mut Scratch,
) {
    let Scratch { scan, fields, nested, cache, candidates, preselected } = scratch;
    let text = record.text;
    let strings = record.strings().or_else(|| own_strings(text, scan));
    let Some(strings) = strings.filter(|strings| fields.read(index.filed_names(), text, *strings)) else {
        candidates.clear();
        candidates.extend(0..count);
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
    candidates.retain(|rule| index.may_match(&view, *rule) && filter(*rule).matches(view.root()) | view.take_unsure());
}

/// The own strings of a record that no reader has scanned; `None` if `text` is not exactly one object.
pub(super) fn own_strings<'a>(text: &[u8], scan: &'a mut Scan) -> Option<Strings<'a>> {
    scan.reset();
    let whole = text.first() == Some(&b'{') && matches!(scan.run(text), Ok(Some(length)) if length == text.len());
    scan.strings().filter(|_| whole)
}

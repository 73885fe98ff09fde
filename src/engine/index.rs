//! Which rules a record could match, told from its text without parsing it.
//!
//! Sound: a rule that matches a record is always among its candidates. The index knows text that a matching record
//! must hold (the operator table's `requires`) and looks for all of it in one pass; a record with an escape that could
//! spell such text differently is a candidate for every rule.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

use crate::filter::{Filter, operand::Requires};

/// The index over the filters of a rule set.
pub struct Index {
    /// `None` where no literal could be found, or the automaton would be too large; then all rules are candidates.
    literals: Option<AhoCorasick>,
    /// By literal: the rules for which it counts.
    uses: Vec<Vec<Use>>,
    /// By rule: one bit for each list of which one literal must be there. No bit: always a candidate.
    needed: Vec<u64>,
    escape: memmem::Finder<'static>,
}

/// A literal satisfies one list of one rule.
struct Use {
    rule: usize,
    bit: u64,
}

/// What has been seen in one record; kept between records to spare the memory.
#[derive(Default)]
pub struct Seen {
    bits: Vec<u64>,
}

impl Index {
    /// An index over `filters`, which are known by their position.
    pub fn new<'a>(filters: impl IntoIterator<Item = &'a Filter>) -> Self {
        let mut patterns: HashMap<String, usize> = HashMap::new();
        let mut uses: Vec<Vec<Use>> = Vec::new();
        let mut rules = Vec::new();
        for (rule, filter) in filters.into_iter().enumerate() {
            let lists =
                filter.requires().into_iter().filter_map(|list| list.iter().map(pattern).collect::<Option<Vec<_>>>());
            let mut needed = 0;
            // More lists than bits: the rest is not asked for, which is sound.
            for (number, list) in lists.take(64).enumerate() {
                let bit = 1 << number;
                needed |= bit;
                for literal in list {
                    let at = *patterns.entry(literal).or_insert(uses.len());
                    uses.resize_with(uses.len().max(at + 1), Vec::new);
                    uses[at].push(Use { rule, bit });
                }
            }
            rules.push(needed);
        }
        let mut patterns: Vec<_> = patterns.into_iter().collect();
        patterns.sort_unstable_by_key(|(_, at)| *at);
        let patterns = patterns.iter().map(|(pattern, _)| pattern);
        let literals = AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).ok();
        Self { literals, uses, needed: rules, escape: memmem::Finder::new(b"\\u") }
    }

    /// The positions of the filters that could match `record`, in order.
    pub fn candidates(&self, record: &[u8], seen: &mut Seen) -> impl Iterator<Item = usize> {
        seen.bits.clear();
        let indexed = self.literals.as_ref().filter(|_| self.escape.find(record).is_none());
        match indexed {
            Some(literals) => {
                seen.bits.resize(self.needed.len(), 0);
                for found in literals.find_overlapping_iter(record) {
                    for one in &self.uses[found.pattern().as_usize()] {
                        seen.bits[one.rule] |= one.bit;
                    }
                }
            }
            None => seen.bits.resize(self.needed.len(), u64::MAX),
        }
        let rules = self.needed.iter().zip(&seen.bits).enumerate();
        rules.filter(|(_, (needed, bits))| *bits & *needed == **needed).map(|(at, _)| at)
    }
}

/// How a literal stands in JSON text; `None` where it could be spelled in more than one way without `\u`.
fn pattern(requires: &Requires) -> Option<String> {
    let (text, pattern) = match requires {
        Requires::Exact(text) => (text, format!("\"{text}\"")),
        Requires::Prefix(text) => (text, format!("\"{text}")),
        Requires::Substring(text) => (text, text.clone()),
        Requires::Nothing => return None,
    };
    // A quote, a backslash and a slash have short escapes; control characters have only escapes; and text that is no
    // ASCII could have been repaired.
    let plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '/');
    text.chars().all(plain).then_some(pattern)
}

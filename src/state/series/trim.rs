//! What goes when an item has too many marks.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    codec::fits,
    item::SeriesItem,
    mark::Mark,
    plan::{Kind, Plan},
    span::Tally,
};

/// How many newer marks of each of its steps a mark of a sequence needs to be spare.
const SPARE_STEPS: usize = 16;

impl SeriesItem {
    /// Drops marks, and what else can go, until the item is within its bounds.
    pub(super) fn trim(&mut self, plan: &Plan) {
        while self.marks.all().len() > plan.max_marks() {
            self.drop_one(plan);
        }
        while !fits(self) {
            if self.samples.bytes() > 0 {
                self.samples.limit(self.samples.bytes() / 2);
            } else if self.marks.all().is_empty() {
                break;
            } else {
                self.drop_one(plan);
            }
        }
    }

    fn drop_one(&mut self, plan: &Plan) {
        let marks = self.marks.all();
        let spare = self.silenced_surplus(plan).or_else(|| match plan.kind {
            Kind::Events => None,
            Kind::Values => repeated(marks, plan.length()),
            Kind::Sequence { .. } => Some(oldest_of_most(marks)),
        });
        let Some(mark) = self.marks.remove(spare.unwrap_or_default()) else { return };
        let is_value = plan.kind == Kind::Values;
        let same = |other: &&Mark| is_value && other.id == mark.id;
        let is_untold = |mark: &Mark| !mark.reported && self.anchors.cover(mark.time, plan.length());
        if is_untold(&mark) && !self.marks.all().iter().filter(same).any(is_untold) {
            self.dropped.untold = self.dropped.untold.saturating_add(1);
        }
        let (from, to) = (mark.time.saturating_sub(plan.length()), mark.time.saturating_add(plan.length()));
        if !self.marks.between(from, to).iter().any(|other| same(&other)) {
            self.dropped.add(mark.time);
        }
    }

    /// The oldest mark that a silence holds beyond its newest `threshold` identities. A span that ends after the silence and
    /// holds this mark holds those too, so nothing depends on it.
    fn silenced_surplus(&self, plan: &Plan) -> Option<usize> {
        let length = plan.length();
        let around = |anchor: &i64| (anchor.saturating_sub(length), anchor.saturating_add(length));
        let forgotten = self.anchors.horizon().map(|horizon| (i64::MIN, horizon));
        let mut silences = forgotten.into_iter().chain(self.anchors.times().iter().map(around));
        silences.find_map(|(from, to)| {
            let range = self.marks.range(from, to);
            let (oldest, newer) = self.marks.all().get(range.clone())?.split_first()?;
            is_surplus(oldest, newer, plan).then_some(range.start)
        })
    }
}

fn is_surplus(oldest: &Mark, newer: &[Mark], plan: &Plan) -> bool {
    if let Kind::Sequence { .. } = plan.kind {
        let mut steps = (0..u8::BITS).map(|step| 1 << step).filter(|step| oldest.steps & step != 0);
        return steps.all(|step| newer.iter().filter(|mark| mark.steps & step != 0).count() >= SPARE_STEPS);
    }
    let mut tally = Tally::new(plan.kind);
    newer.len() >= plan.needed()
        && newer.iter().rev().any(|mark| {
            tally.add(mark);
            tally.count() >= plan.needed()
        })
}

/// The oldest mark whose value occurs before and after it within one window: a span of that length that holds the mark holds
/// one of the others.
fn repeated(marks: &[Mark], length: i64) -> Option<usize> {
    let mut last: HashMap<u64, (usize, Option<i64>), RandomState> = HashMap::default();
    let mut oldest: Option<usize> = None;
    for (at, mark) in marks.iter().enumerate() {
        let before = last.get(&mark.id).copied();
        if let Some((middle, Some(first))) = before
            && mark.time.abs_diff(first) <= length.unsigned_abs()
        {
            oldest = Some(oldest.map_or(middle, |oldest| oldest.min(middle)));
        }
        last.insert(mark.id, (at, before.map(|(middle, _)| marks[middle].time)));
    }
    oldest
}

/// The oldest mark of the steps that most marks have: so no flood of one step hides another.
fn oldest_of_most(marks: &[Mark]) -> usize {
    let mut counts = [0_usize; 1 << u8::BITS];
    for mark in marks {
        counts[usize::from(mark.steps)] += 1;
    }
    let most = counts.iter().max();
    marks.iter().position(|mark| Some(&counts[usize::from(mark.steps)]) == most).unwrap_or_default()
}

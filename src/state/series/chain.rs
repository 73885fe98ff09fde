//! The chains of a sequence: an event for each step, in the order of time.
//!
//! Events of the same second are in any order. So the events of one second take as many steps that follow each other as can
//! be given an event each, which is a matching in a small bipartite graph.

use std::ops::Range;

use super::{
    anchor::Anchors,
    mark::{Mark, Marks},
    pending::StepEvent,
    span::{Spans, is_open},
};

/// The most steps that a set of bits holds.
const MAX_STEPS: usize = u8::BITS as usize;

/// Looks through the chains around `time` that no alert covers: the last time of the earliest, and how many steps the
/// longest one before that has.
pub fn chains(marks: &Marks, anchors: &Anchors, length: i64, steps: u8, time: i64) -> Spans {
    let steps = usize::from(steps).min(MAX_STEPS);
    let around = marks.between(time.saturating_sub(length), time.saturating_add(length));
    // Of all chains of the first steps, by their number, the latest time at which one begins: the longer, the earlier.
    let mut begins: [Option<i64>; MAX_STEPS + 1] = [None; MAX_STEPS + 1];
    let mut found = Spans::default();
    if !is_open(around, anchors, length, time) {
        return found;
    }
    for second in around.chunk_by(|one, next| one.time == next.time) {
        let Some(now) = second.first().map(|mark| mark.time) else { continue };
        let graph = Graph::new(second, steps);
        let mut ending: [Option<i64>; MAX_STEPS + 1] = [None; MAX_STEPS + 1];
        for (end, ending) in ending.iter_mut().enumerate().take(steps + 1) {
            let begin = |start: usize| if start == 0 { Some(now) } else { begins[start] };
            let mut starts = end.saturating_sub(second.len())..end;
            *ending = starts.find(|start| begin(*start).is_some() && graph.fits(*start..end)).and_then(begin);
        }
        for (begin, ending) in begins.iter_mut().zip(ending) {
            *begin = (*begin).max(ending);
        }
        if now < time || anchors.cover(now, length) {
            continue;
        }
        let in_reach = |begin: &Option<i64>| begin.is_some_and(|begin| begin >= now.saturating_sub(length));
        found.fullest = found.fullest.max(begins.iter().rposition(in_reach).unwrap_or_default());
        if steps > 0 && in_reach(&ending[steps]) {
            found.anchor = Some(now);
            break;
        }
    }
    found
}

/// The events of the latest chain that ends at `anchor`, compared from its end; empty if there is none.
pub fn latest(marks: &Marks, length: i64, steps: u8, anchor: i64) -> Vec<StepEvent> {
    let steps = usize::from(steps).min(MAX_STEPS);
    let around = marks.between(anchor.saturating_sub(length), anchor);
    let mut left = steps;
    let mut chain = Vec::new();
    for second in around.chunk_by(|one, next| one.time == next.time).rev() {
        let sets: Vec<u8> = second.iter().map(|mark| mark.steps).collect();
        // The more steps this second takes, the later is the chain, and the fewer are left.
        let Some((start, taken)) = (0..left).find_map(|start| Some((start, assign(&sets, start..left)?))) else {
            continue;
        };
        chain.extend(taken.iter().rev().filter_map(|at| second.get(*at)).map(step_event));
        left = start;
    }
    chain.reverse();
    if left == 0 { chain } else { Vec::new() }
}

fn step_event(mark: &Mark) -> StepEvent {
    StepEvent { time: mark.time, event: mark.id }
}

/// The events of one second, and the steps that each can take.
struct Graph<'a> {
    second: &'a [Mark],
    steps: usize,
    /// How many events can take each step.
    takers: [usize; MAX_STEPS],
}

impl<'a> Graph<'a> {
    fn new(second: &'a [Mark], steps: usize) -> Self {
        let mut takers = [0; MAX_STEPS];
        for (step, takers) in takers.iter_mut().enumerate().take(steps) {
            *takers = second.iter().filter(|mark| mark.steps & (1 << step) != 0).count();
        }
        Self { second, steps, takers }
    }

    /// Whether each of these steps can be given an event of its own.
    fn fits(&self, steps: Range<usize>) -> bool {
        let Some(fewest) = self.takers.get(steps.clone()).and_then(|takers| takers.iter().min()) else { return false };
        *fewest >= steps.len() || (*fewest > 0 && assign(&self.sets(), steps).is_some())
    }

    /// The steps of each event, without repetitions that no chain needs.
    fn sets(&self) -> Vec<u8> {
        let mut seen = [0_usize; 1 << MAX_STEPS];
        let sets = self.second.iter().map(|mark| mark.steps);
        sets.filter(|set| {
            let seen = &mut seen[usize::from(*set)];
            *seen += 1;
            *seen <= self.steps
        })
        .collect()
    }
}

/// Gives each of these steps an event of its own, by its index: augmenting paths in the graph of steps and events.
fn assign(sets: &[u8], steps: Range<usize>) -> Option<Vec<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; sets.len()];
    for step in steps.clone() {
        if !augment(sets, step, &mut taken, &mut vec![false; sets.len()]) {
            return None;
        }
    }
    steps.map(|step| taken.iter().position(|by| *by == Some(step))).collect()
}

fn augment(sets: &[u8], step: usize, taken: &mut [Option<usize>], visited: &mut [bool]) -> bool {
    for (at, set) in sets.iter().enumerate() {
        if set & (1 << step) == 0 || visited[at] {
            continue;
        }
        visited[at] = true;
        if taken[at].is_none_or(|other| augment(sets, other, taken, visited)) {
            taken[at] = Some(step);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [i64; 0] = [];

    /// The times of the steps of the latest chain that ends at `anchor` within 100 seconds; events are times and steps, as bits.
    fn times(events: &[(i64, u8)], steps: u8, anchor: i64) -> Vec<i64> {
        let mut marks = Marks::default();
        for (id, (time, steps)) in (1..).zip(events) {
            marks.insert(Mark { time: *time, id, steps: *steps, reported: false });
        }
        let found = chains(&marks, &Anchors::default(), 100, steps, anchor);
        let chain = latest(&marks, 100, steps, anchor);
        assert_eq!(found.anchor == Some(anchor), !chain.is_empty(), "{events:?}");
        let used: Vec<u64> = chain.iter().map(|step| step.event).collect();
        assert!(used.iter().all(|event| used.iter().filter(|other| *other == event).count() == 1), "{chain:?}");
        chain.iter().map(|step| step.time).collect()
    }

    #[test]
    fn each_step_has_an_event_of_its_own_in_the_order_of_time() {
        let (one, two, three) = (0b001, 0b010, 0b100);
        assert_eq!(times(&[(1, one), (2, two), (3, three)], 3, 3), [1, 2, 3]);
        assert_eq!(times(&[(2, one), (1, two), (3, three)], 3, 3), NONE);
        assert_eq!(times(&[(0, one), (50, two), (100, three)], 3, 100), [0, 50, 100]);
        assert_eq!(times(&[(0, one), (50, two), (101, three)], 3, 101), NONE);
        // One event that is any step is only one of them.
        assert_eq!(times(&[(1, 0b111)], 3, 1), NONE);
        assert_eq!(times(&[(1, 0b111), (2, 0b111)], 3, 2), NONE);
        assert_eq!(times(&[(1, 0b111), (2, 0b111), (3, 0b111)], 3, 3), [1, 2, 3]);
    }

    #[test]
    fn events_of_one_second_are_in_any_order() {
        let (one, two, three) = (0b001, 0b010, 0b100);
        assert_eq!(times(&[(5, three), (5, two), (5, one)], 3, 5), [5, 5, 5]);
        // The first event must leave its better place to another one.
        assert_eq!(times(&[(5, 0b011), (5, 0b001), (5, 0b110)], 3, 5), [5, 5, 5]);
        assert_eq!(times(&[(5, 0b010), (5, 0b011)], 2, 5), [5, 5]);
        assert_eq!(times(&[(5, 0b011), (5, 0b011), (5, 0b100)], 3, 5), [5, 5, 5]);
        assert_eq!(times(&[(5, 0b010), (5, 0b010), (5, 0b100)], 3, 5), NONE);
        assert_eq!(times(&[(5, 0b010); 9], 2, 5), NONE);
        assert_eq!(times(&[(4, 0b001), (5, 0b010), (5, 0b011), (5, 0b100)], 3, 5), [5, 5, 5]);
        assert_eq!(times(&[(4, 0b001), (5, 0b010), (5, 0b001), (5, 0b010)], 3, 5), NONE);
    }

    /// Rule 7: of several chains the latest, compared from the end.
    #[test]
    fn the_latest_chain_is_shown() {
        let (one, two, three) = (0b001, 0b010, 0b100);
        let many = [(1, one), (2, two), (3, one), (4, two), (5, one), (6, three)];
        assert_eq!(times(&many, 3, 6), [3, 4, 6]);
        assert_eq!(times(&[(1, one), (2, 0b011), (3, two), (3, 0b110)], 3, 3), [2, 3, 3]);
    }
}

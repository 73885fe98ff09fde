//! The chains of a sequence: an event for each step, in the order of time.
//!
//! Events of the same second are in any order. So the events of one second take as many steps that follow each other as can
//! be given an event each, which is a matching in a small bipartite graph.

use std::ops::Range;

use super::{
    anchor::Anchors,
    mark::{Mark, Marks},
    pending::StepEvent,
    span::Spans,
};

/// The most steps that a set of bits holds.
const MAX_STEPS: usize = u8::BITS as usize;

/// Looks through the chains around `time` that no alert covers: the last time of the earliest, and how many steps the
/// longest one before that has.
pub fn chains(marks: &Marks, anchors: &Anchors, length: i64, steps: u8, time: i64) -> Spans {
    let steps = usize::from(steps).min(MAX_STEPS);
    let around = marks.between(time.saturating_sub(length), time.saturating_add(length));
    // Of all chains of the first steps, by their number, the latest time at which one begins.
    let mut begins: [Option<i64>; MAX_STEPS + 1] = [None; MAX_STEPS + 1];
    let mut found = Spans::default();
    for second in around.chunk_by(|one, next| one.time == next.time) {
        let Some(now) = second.first().map(|mark| mark.time) else { continue };
        let sets = step_sets(second, steps);
        let mut ending: [Option<i64>; MAX_STEPS + 1] = [None; MAX_STEPS + 1];
        for (end, ending) in ending.iter_mut().enumerate().take(steps + 1).skip(1) {
            for start in (end.saturating_sub(sets.len())..end).rev() {
                let before = if start == 0 { Some(now) } else { begins[start] };
                if before > *ending && assign(&sets, start..end).is_some() {
                    *ending = before;
                }
            }
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

/// The steps of the events of a second, without repetitions that no chain needs.
fn step_sets(second: &[Mark], steps: usize) -> Vec<u8> {
    let mut seen = [0_usize; 1 << MAX_STEPS];
    let sets = second.iter().map(|mark| mark.steps);
    sets.filter(|set| {
        let seen = &mut seen[usize::from(*set)];
        *seen += 1;
        *seen <= steps
    })
    .collect()
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

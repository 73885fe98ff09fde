//! Which matches are decided about together: those whose items one request reads.

use std::collections::{HashMap, HashSet};

use super::{act::order, matched::Match, table::MAX_CHANGES};

/// Any hour: it is the same for all matches, so the keys of a batch are as many whichever it is.
const HOUR: i64 = 0;

/// Divides matches into batches of as few requests as possible; each holds indices in their order. The matches of a series and
/// those of a record are together, as long as their items fit into one batch; those of a record always, of which one may cover
/// the others.
pub fn batches(matches: &[&Match]) -> Vec<Vec<usize>> {
    let mut all = vec![Batch::default()];
    for group in groups(matches) {
        let keys = keys(matches, &group);
        if keys.len() <= MAX_CHANGES {
            add(&mut all, &group, keys);
        } else {
            for record in records(matches, group) {
                let keys = self::keys(matches, &record);
                add(&mut all, &record, keys);
            }
        }
    }
    let sorted = |Batch { mut matches, .. }: Batch| {
        matches.sort_unstable();
        matches
    };
    all.into_iter().filter(|batch| !batch.matches.is_empty()).map(sorted).collect()
}

/// The parts of a batch that one request each reads and writes: several only where many rules match one record, of which the
/// most severe are decided about first.
pub fn parts(matches: &[&Match], batch: Vec<usize>) -> Vec<Vec<usize>> {
    if keys(matches, &batch).len() <= MAX_CHANGES {
        return vec![batch];
    }
    let together: Vec<&Match> = batch.iter().filter_map(|at| matches.get(*at).copied()).collect();
    let mut all = vec![Batch::default()];
    for at in order(&together).into_iter().filter_map(|at| batch.get(at)) {
        let keys = self::keys(matches, &[*at]);
        add(&mut all, &[*at], keys);
    }
    all.into_iter().map(|part| part.matches).filter(|part| !part.is_empty()).collect()
}

/// The matches that share a series or a record with others, in the order of the first of each group.
fn groups(matches: &[&Match]) -> Vec<Vec<usize>> {
    let (mut series, mut records) = (HashMap::new(), HashMap::new());
    // The group of each match; a group that is joined to another names that.
    let mut joined: Vec<usize> = Vec::new();
    for (at, one) in matches.iter().enumerate() {
        joined.push(at);
        let same_series = *series.entry(&one.key).or_insert(at);
        let same_record = one.act().map(|record| *records.entry(record).or_insert(at));
        for other in [Some(same_series), same_record].into_iter().flatten() {
            let (one, other) = (root(&mut joined, at), root(&mut joined, other));
            let (first, later) = (one.min(other), one.max(other));
            joined[later] = first;
        }
    }
    let (mut all, mut known): (Vec<Vec<usize>>, HashMap<usize, usize>) = (Vec::new(), HashMap::new());
    for at in 0..matches.len() {
        let group = *known.entry(root(&mut joined, at)).or_insert(all.len());
        match all.get_mut(group) {
            Some(group) => group.push(at),
            None => all.push(vec![at]),
        }
    }
    all
}

/// The first match of a group.
fn root(joined: &mut [usize], mut at: usize) -> usize {
    while joined[at] != at {
        joined[at] = joined[joined[at]];
        at = joined[at];
    }
    at
}

/// The matches of a group by their records.
fn records(matches: &[&Match], group: Vec<usize>) -> Vec<Vec<usize>> {
    let (mut all, mut known): (Vec<Vec<usize>>, HashMap<u64, usize>) = (Vec::new(), HashMap::new());
    for at in group {
        let record = matches.get(at).and_then(|one| one.act());
        let next = all.len();
        let place = record.map_or(next, |record| *known.entry(record).or_insert(next));
        match all.get_mut(place) {
            Some(record) => record.push(at),
            None => all.push(vec![at]),
        }
    }
    all
}

fn keys(matches: &[&Match], batch: &[usize]) -> HashSet<String> {
    batch.iter().filter_map(|at| matches.get(*at)).flat_map(|one| one.keys(HOUR)).collect()
}

#[derive(Default)]
struct Batch {
    matches: Vec<usize>,
    keys: HashSet<String>,
}

/// Adds matches with these keys to the last batch, or begins the next one.
fn add(all: &mut Vec<Batch>, matches: &[usize], keys: HashSet<String>) {
    let fits = |batch: &Batch| batch.keys.len() + keys.difference(&batch.keys).count() <= MAX_CHANGES;
    match all.last_mut().filter(|batch| fits(batch)) {
        Some(batch) => {
            batch.matches.extend(matches);
            batch.keys.extend(keys);
        }
        None => all.push(Batch { matches: matches.to_vec(), keys }),
    }
}

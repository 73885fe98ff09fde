//! Which matches are decided about together: those whose items one request reads.

use std::collections::{HashMap, HashSet};

use super::{matched::Match, table::MAX_CHANGES};

/// Any hour: it is the same for all matches, so the keys of a batch are as many whichever it is.
const HOUR: i64 = 0;

/// Divides matches into batches of as few requests as possible; each holds indices in their order. The matches of a series
/// are together, as long as their items fit into one batch.
pub fn batches(matches: &[&Match]) -> Vec<Vec<usize>> {
    let mut series: Vec<Vec<usize>> = Vec::new();
    let mut known = HashMap::new();
    for (at, one) in matches.iter().enumerate() {
        let group = *known.entry(&one.key).or_insert(series.len());
        match series.get_mut(group) {
            Some(group) => group.push(at),
            None => series.push(vec![at]),
        }
    }
    let mut all = vec![Batch::default()];
    for group in series {
        let keys: HashSet<String> = group.iter().flat_map(|at| matches[*at].keys(HOUR)).collect();
        if keys.len() <= MAX_CHANGES {
            add(&mut all, &group, keys);
        } else {
            for at in group {
                add(&mut all, &[at], matches[at].keys(HOUR).collect());
            }
        }
    }
    let sorted = |Batch { mut matches, .. }: Batch| {
        matches.sort_unstable();
        matches
    };
    all.into_iter().filter(|batch| !batch.matches.is_empty()).map(sorted).collect()
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

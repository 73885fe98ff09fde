//! Groups of indices.

use std::{collections::HashMap, hash::Hash};

/// Groups indices with the same key; groups and their members are in order.
pub fn grouped<K: Hash + Eq>(indices: impl Iterator<Item = usize>, key: impl Fn(usize) -> K) -> Vec<Vec<usize>> {
    let (mut groups, mut known) = (Vec::<Vec<usize>>::new(), HashMap::new());
    for at in indices {
        let group = *known.entry(key(at)).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}

//! A reference for windows, thresholds and counts that stores every event and counts all of them each time.

use std::collections::BTreeSet;

use trailbell::rule::Rule;

use crate::state::world::{Event, Published};

/// A bucket of event time in one of the two grids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    pub user: u8,
    pub grid: u8,
    pub start: i64,
}

/// The buckets that contain an event. Only the phase is taken from the product.
pub fn buckets(rule: &Rule, event: &Event) -> Vec<Bucket> {
    let length = rule.window.as_secs();
    let phase = event.series(rule).phase(length);
    let grids = if rule.threshold > 1 { 2 } else { 1 };
    let bucket = |grid: u8| {
        let mut start = phase + i64::from(grid) * (length / 2);
        let far = (event.seconds() - start) / length;
        start += (far - 2) * length;
        while start + length <= event.seconds() {
            start += length;
        }
        assert!(start <= event.seconds());
        Bucket { user: event.user, grid, start }
    };
    (0..grids).map(bucket).collect()
}

/// The different events of a bucket.
pub fn members<'a>(rule: &Rule, events: impl IntoIterator<Item = &'a Event>, bucket: Bucket) -> BTreeSet<Event> {
    let inside = |event: &&Event| event.user == bucket.user && buckets(rule, event).contains(&bucket);
    events.into_iter().filter(inside).copied().collect()
}

#[derive(Default)]
pub struct Reference {
    seen: Vec<Event>,
    marked: BTreeSet<Bucket>,
    /// For each user the buckets of the last alert, and how many events they held.
    last: Vec<(u8, Vec<Bucket>, u64)>,
    pub alerts: Vec<Published>,
    pub words: Vec<&'static str>,
}

impl Reference {
    /// A batch of events: those in the same buckets are decided together.
    pub fn batch(&mut self, rule: &Rule, batch: &[Event]) {
        let mut groups: Vec<(Vec<Bucket>, Vec<usize>)> = Vec::new();
        for (at, event) in batch.iter().enumerate() {
            let buckets = buckets(rule, event);
            match groups.iter_mut().find(|(known, _)| *known == buckets) {
                Some((_, group)) => group.push(at),
                None => groups.push((buckets, vec![at])),
            }
        }
        let mut words = vec![""; batch.len()];
        for (buckets, group) in groups {
            let new = group.iter().any(|at| !self.seen.contains(&batch[*at]));
            self.seen.extend(group.iter().map(|at| batch[*at]));
            let word = self.decide(rule, batch[group[0]].user, &buckets, new);
            for at in &group {
                words[*at] = word;
            }
            if word == "alerted" {
                for at in &group[1..] {
                    words[*at] = "deduplicated";
                }
            }
        }
        self.words.extend(words);
    }

    fn decide(&mut self, rule: &Rule, user: u8, buckets: &[Bucket], new: bool) -> &'static str {
        if buckets.iter().any(|bucket| self.marked.contains(bucket)) {
            return "deduplicated";
        }
        let held: Vec<BTreeSet<Event>> = buckets.iter().map(|bucket| members(rule, &self.seen, *bucket)).collect();
        let fullest = held.iter().map(BTreeSet::len).max().unwrap();
        if fullest < rule.threshold as usize {
            return "below_threshold";
        }
        if !new {
            return "deduplicated";
        }
        let lead = held.iter().position(|events| events.len() == fullest).unwrap();
        let since_last = self.last.iter().find(|(of, ..)| *of == user).map(|(_, buckets, reported)| {
            let union: BTreeSet<Event> = buckets.iter().flat_map(|bucket| members(rule, &self.seen, *bucket)).collect();
            union.len() as u64 - reported
        });
        self.alerts.push(Published {
            user,
            channel: "text".to_owned(),
            alert_id: String::new(),
            start: buckets[lead].start,
            count: fullest as u64,
            first: held[lead].iter().map(Event::seconds).min().unwrap(),
            last: held[lead].iter().map(Event::seconds).max().unwrap(),
            since_last,
        });
        self.marked.extend(buckets);
        self.last.retain(|(of, ..)| *of != user);
        let union: BTreeSet<Event> = held.into_iter().flatten().collect();
        self.last.push((user, buckets.to_vec(), union.len() as u64));
        "alerted"
    }
}

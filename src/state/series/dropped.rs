//! What is remembered of the marks that are dropped: when, and how many.

/// How many groups of dropped marks are kept.
pub const MAX_GROUPS: usize = 24;

/// What is remembered of marks that are dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// When and how many, in the order of time.
    pub groups: Vec<Group>,
    /// How many of them were silenced, and no alert reported them.
    pub untold: u32,
}

/// Dropped marks of about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The first time, in seconds since 1970.
    pub from: i64,
    /// The last time.
    pub to: i64,
    /// How many.
    pub count: u32,
}

/// The dropped marks from one time to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// About how many there are.
    pub count: u32,
    /// About the time of the first of them.
    pub first: i64,
}

impl Dropped {
    /// Adds a mark that is dropped.
    pub fn add(&mut self, time: i64) {
        let at = self.groups.partition_point(|group| group.to < time);
        match self.groups.get_mut(at) {
            Some(group) if group.from <= time => group.count = group.count.saturating_add(1),
            _ => self.groups.insert(at, Group { from: time, to: time, count: 1 }),
        }
        if self.groups.len() > MAX_GROUPS {
            let gaps = self.groups.windows(2).map(|pair| pair[0].to.abs_diff(pair[1].from));
            let closest = gaps.enumerate().min_by_key(|(_, gap)| *gap).map_or(0, |(at, _)| at);
            let next = self.groups.remove(closest + 1);
            let group = &mut self.groups[closest];
            (group.to, group.count) = (next.to, group.count.saturating_add(next.count));
        }
    }

    /// About how many are from one time to another; `None` if there are none.
    pub fn within(&self, from: i64, to: i64) -> Option<Estimate> {
        let groups = self.groups.iter().filter(|group| group.to >= from && group.from <= to);
        groups.fold(None, |estimate: Option<Estimate>, group| {
            let mut estimate = estimate.unwrap_or(Estimate { count: 0, first: group.from.max(from) });
            let seconds = |from: i64, to: i64| u128::from(to.abs_diff(from)) + 1;
            let common = seconds(group.from.max(from), group.to.min(to));
            let count = u128::from(group.count) * common / seconds(group.from, group.to);
            estimate.count = estimate.count.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            Some(estimate)
        })
    }
}

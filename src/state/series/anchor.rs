//! The anchors of a series' alerts, and what they cover.

/// How many anchors are kept.
pub const MAX_ANCHORS: usize = 400;

/// The anchors of the newest alerts, sent or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    /// In ascending order.
    times: Vec<i64>,
    /// Everything up to this time is covered, since the anchors there are not kept.
    horizon: Option<i64>,
}

impl Anchors {
    /// Takes anchors that are in order; `None` if they are not.
    pub fn from_sorted(times: Vec<i64>, horizon: Option<i64>) -> Option<Self> {
        times.is_sorted_by(|one, next| one < next).then_some(Self { times, horizon })
    }

    /// The kept anchors, in ascending order.
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// Up to which time everything is covered.
    pub fn horizon(&self) -> Option<i64> {
        self.horizon
    }

    /// Whether the series never had an alert.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.horizon.is_none()
    }

    /// Whether an alert covers the spans that end at this time.
    pub fn cover(&self, time: i64, window: i64) -> bool {
        self.horizon.is_some_and(|horizon| time <= horizon) || self.last_around(time, window).is_some()
    }

    /// The last anchor that is at most a window before or after a time.
    pub fn last_around(&self, time: i64, window: i64) -> Option<i64> {
        let end = self.times.partition_point(|anchor| *anchor <= time.saturating_add(window));
        let anchor = *self.times.get(end.checked_sub(1)?)?;
        (anchor >= time.saturating_sub(window)).then_some(anchor)
    }

    /// Adds an anchor. Of too many the oldest goes; then everything up to the end of its silence counts as covered, since a
    /// replay would otherwise raise the alert again.
    pub fn insert(&mut self, anchor: i64, window: i64) {
        if let Err(at) = self.times.binary_search(&anchor) {
            self.times.insert(at, anchor);
        }
        while self.times.len() > MAX_ANCHORS {
            let end = self.times.remove(0).saturating_add(window);
            self.horizon = Some(self.horizon.map_or(end, |horizon| horizon.max(end)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_covers_a_window_before_and_after_it() {
        let mut anchors = Anchors::default();
        anchors.insert(1_000, 60);
        for (time, covered) in [(939, false), (940, true), (1_000, true), (1_060, true), (1_061, false)] {
            assert_eq!(anchors.cover(time, 60), covered, "{time}");
        }
        anchors.insert(i64::MIN, 60);
        anchors.insert(i64::MAX, 60);
        for (time, covered) in [(i64::MIN, true), (i64::MIN + 60, true), (i64::MIN + 61, false), (i64::MAX - 60, true)]
        {
            assert_eq!(anchors.cover(time, 60), covered, "{time}");
        }
    }

    #[test]
    fn what_is_forgotten_stays_covered() {
        let mut anchors = Anchors::default();
        for anchor in (0..=40_000).step_by(100) {
            anchors.insert(anchor, 30);
        }
        assert_eq!((anchors.times().len(), anchors.horizon()), (MAX_ANCHORS, Some(30)));
        for (time, covered) in [(i64::MIN, true), (30, true), (31, false), (70, true), (40_030, true), (40_031, false)]
        {
            assert_eq!(anchors.cover(time, 30), covered, "{time}");
        }
        // A late alert before all that are kept is forgotten at once.
        anchors.insert(-500, 30);
        assert_eq!((anchors.times().len(), anchors.horizon()), (MAX_ANCHORS, Some(30)));
    }
}

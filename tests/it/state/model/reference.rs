//! The counting of series as the rule language defines it: everything that ever came is kept, and every question is answered
//! by looking at all of it. Nothing is bounded.

use std::collections::{BTreeMap, BTreeSet};

/// What a rule counts in each of its series.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In seconds.
    pub window: i64,
    pub counted: Counted,
}

#[derive(Clone, Debug)]
pub enum Counted {
    /// So many different events raise an alert.
    Events(usize),
    /// So many different values raise an alert.
    Values(usize),
    /// An event of its own for each of so many steps raises an alert.
    Steps(usize),
}

/// An event as one series sees it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub event: String,
    /// In seconds.
    pub time: i64,
    /// The values that count, for a rule that counts values.
    pub values: BTreeSet<String>,
    /// The steps that it can take, from 0, for a rule that counts steps.
    pub steps: BTreeSet<usize>,
}

/// An alert of a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    pub anchor: i64,
    pub count: usize,
    pub first: i64,
    pub last: i64,
    /// `None` for the first alert of a series.
    pub since: Option<usize>,
    /// For each step, its event.
    pub chain: Vec<String>,
}

/// What counts once: an event, or a value at a time.
#[derive(Clone, Debug)]
struct Mark {
    identity: String,
    time: i64,
    event: String,
    steps: BTreeSet<usize>,
    /// Whether an alert has reported it.
    reported: bool,
}

/// What is silenced: events and their times.
pub type Silenced = Vec<(String, i64)>;

/// One series, and all that it has seen.
#[derive(Clone, Debug)]
pub struct Series {
    plan: Plan,
    marks: Vec<Mark>,
    /// In the order in which they were raised.
    pub alerts: Vec<Alert>,
}

impl Series {
    pub fn new(plan: Plan) -> Self {
        Self { plan, marks: Vec::new(), alerts: Vec::new() }
    }

    /// One event arrives, and may raise one alert.
    pub fn arrive(&mut self, arrival: &Arrival) -> Option<Alert> {
        let own = self.unknown(arrival);
        if own.is_empty() {
            return None;
        }
        let brought: BTreeSet<String> = own.iter().map(|mark| mark.identity.clone()).collect();
        let is_own = |mark: &Mark| mark.time == arrival.time && brought.contains(&mark.identity);
        self.marks.extend(own);
        let anchor = self.uncovered().into_iter().next()?;
        let counted = self.within(anchor);
        let silenced = self.marks.iter().filter(|mark| self.is_silenced(mark.time) && !mark.reported && !is_own(mark));
        let alert = Alert {
            anchor,
            count: different(counted.iter().copied()),
            first: counted.iter().map(|mark| mark.time).min()?,
            last: counted.iter().map(|mark| mark.time).max()?,
            since: (!self.alerts.is_empty()).then(|| different(silenced)),
            chain: self.chain(anchor).unwrap_or_default(),
        };
        // What the alert counts, and what it reports as silenced since the last one.
        let reported: Vec<bool> = self
            .marks
            .iter()
            .map(|mark| (anchor - self.plan.window..=anchor).contains(&mark.time) || self.is_silenced(mark.time))
            .collect();
        for (mark, reported) in self.marks.iter_mut().zip(reported) {
            mark.reported |= reported;
        }
        self.alerts.push(alert.clone());
        assert_eq!(self.uncovered(), BTreeSet::new(), "one alert covers all spans that one event completes");
        Some(alert)
    }

    /// How many silenced events no alert has reported: what a follow-up of the last alert reports.
    pub fn more(&self) -> usize {
        different(self.marks.iter().filter(|mark| self.is_silenced(mark.time) && !mark.reported))
    }

    /// A follow-up reports what no alert has.
    pub fn follow_up(&mut self) -> Silenced {
        let is_due: Vec<bool> = self.marks.iter().map(|mark| self.is_silenced(mark.time) && !mark.reported).collect();
        let due = self.marks.iter_mut().zip(is_due).filter(|(_, is_due)| *is_due);
        due.map(|(mark, _)| {
            mark.reported = true;
            (mark.event.clone(), mark.time)
        })
        .collect()
    }

    /// The marks of an arrival that are not known.
    fn unknown(&self, arrival: &Arrival) -> Vec<Mark> {
        let mark = |identity: &String| Mark {
            identity: identity.clone(),
            time: arrival.time,
            event: arrival.event.clone(),
            steps: arrival.steps.clone(),
            reported: false,
        };
        match self.plan.counted {
            Counted::Values(_) => {
                let known = |mark: &Mark| {
                    self.marks.iter().any(|known| known.identity == mark.identity && known.time == mark.time)
                };
                arrival.values.iter().map(mark).filter(|mark| !known(mark)).collect()
            }
            Counted::Events(_) | Counted::Steps(_) => {
                let known = self.marks.iter().any(|known| known.identity == arrival.event);
                if known { Vec::new() } else { vec![mark(&arrival.event)] }
            }
        }
    }

    /// The marks in the window that ends at `last`.
    fn within(&self, last: i64) -> Vec<&Mark> {
        self.marks.iter().filter(|mark| mark.time <= last && last - mark.time <= self.plan.window).collect()
    }

    /// The last times of all spans with enough in them, and how much is in the window that ends there.
    pub fn full(&self) -> BTreeMap<i64, usize> {
        let times: BTreeSet<i64> = self.marks.iter().map(|mark| mark.time).collect();
        let enough = |last: &i64| match self.plan.counted {
            Counted::Events(threshold) | Counted::Values(threshold) => different(self.within(*last)) >= threshold,
            Counted::Steps(_) => self.chains(&self.within(*last), *last).next().is_some(),
        };
        times.into_iter().filter(enough).map(|last| (last, different(self.within(last)))).collect()
    }

    /// Those that no alert covers.
    fn uncovered(&self) -> BTreeSet<i64> {
        self.full().into_keys().filter(|last| !self.is_silenced(*last)).collect()
    }

    /// Whether an anchor is at most a window away.
    fn is_silenced(&self, time: i64) -> bool {
        self.alerts.iter().any(|alert| (alert.anchor - time).abs() <= self.plan.window)
    }

    /// The latest chain that ends at `last`, compared from its end: for each step its event.
    fn chain(&self, last: i64) -> Option<Vec<String>> {
        let marks = self.within(last);
        let times = |chain: &Vec<&Mark>| chain.iter().map(|mark| mark.time).collect::<Vec<_>>();
        let latest = self.chains(&marks, last).max_by_key(times)?;
        Some(latest.iter().rev().map(|mark| mark.event.clone()).collect())
    }

    /// All chains among these marks that end at `last`, each from its end: for each step a mark of its own, in the order of time.
    fn chains<'a>(&self, marks: &'a [&'a Mark], last: i64) -> Box<dyn Iterator<Item = Vec<&'a Mark>> + 'a> {
        let Counted::Steps(steps) = self.plan.counted else { return Box::new(std::iter::empty()) };
        let mut chains: Box<dyn Iterator<Item = Vec<&'a Mark>> + 'a> = Box::new(std::iter::once(Vec::new()));
        for step in (0..steps).rev() {
            chains = Box::new(chains.flat_map(move |chain| {
                let fits = move |mark: &Mark, chain: &[&Mark]| {
                    let is_in_order = chain.last().map_or(mark.time == last, |next| mark.time <= next.time);
                    mark.steps.contains(&step) && is_in_order && chain.iter().all(|other| other.event != mark.event)
                };
                let longer = move |mark: &&'a Mark| {
                    fits(mark, &chain).then(|| chain.iter().copied().chain([*mark]).collect::<Vec<_>>())
                };
                marks.iter().filter_map(longer)
            }));
        }
        chains
    }
}

fn different<'a>(marks: impl IntoIterator<Item = &'a Mark>) -> usize {
    marks.into_iter().map(|mark| &mark.identity).collect::<BTreeSet<_>>().len()
}

/// What a rule with `first_seen` knows: every event with each combination of values.
#[derive(Clone, Debug)]
pub struct Combinations {
    /// How long an event makes its combination known, before and after it, in seconds.
    pub within: i64,
    /// Before this time, the rule learns, in seconds.
    pub learnt_at: i64,
    seen: BTreeMap<Vec<String>, Vec<(String, i64)>>,
    new: BTreeSet<String>,
}

impl Combinations {
    pub fn new(within: i64, learnt_at: i64) -> Self {
        Self { within, learnt_at, seen: BTreeMap::new(), new: BTreeSet::new() }
    }

    /// Whether an event counts: its combination is new, and the rule does not learn any more.
    pub fn counts(&mut self, combination: &[String], event: &str, time: i64) -> bool {
        let seen = self.seen.entry(combination.to_vec()).or_default();
        let is_known = seen.iter().any(|(_, other)| (other - time).abs() <= self.within);
        seen.push((event.to_owned(), time));
        if !is_known {
            self.new.insert(event.to_owned());
        }
        self.new.contains(event) && time >= self.learnt_at
    }
}

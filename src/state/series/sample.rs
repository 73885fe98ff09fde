//! What an alert lists of the events that it counts: ids, and the different values of some fields.
//!
//! Of a value, the item keeps a *run*: from one occurrence to another with no gap longer than a window. A window of time
//! that touches a run holds an occurrence, so a list names no value that the alert does not count.

use super::{
    arrival::{Arrival, Sample},
    mark::short,
    name::{MAX_TEXT, cut},
    plan::Plan,
};
use crate::digest::Digest;

/// How many fields have samples.
pub const FIELDS: usize = 4;
/// How many values a list has.
const LISTED: usize = 10;
/// How many values of a field are counted.
pub const COUNTED: usize = 40;
/// How long a UUID is as text.
const UUID_TEXT: usize = 36;
/// How many ids are kept.
pub const MAX_NAMES: usize = 80;
/// How many bytes the samples of an item may take.
pub const MAX_SAMPLE_BYTES: usize = 2_000;

/// The distinct values of the events of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<'a> {
    /// At most ten of them, by time.
    pub values: Vec<&'a str>,
    /// How many further ones are counted.
    pub more: usize,
    /// Whether there may be still more, which the item cannot hold.
    pub incomplete: bool,
}

/// The id of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// When the event happened, in seconds since 1970.
    pub time: i64,
    /// The kept part of the hash of its identity.
    pub event: u64,
    /// The steps of a sequence that it matches.
    pub steps: u8,
    /// Its id, as alerts show it.
    pub text: String,
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// A hash of the value.
    pub hash: u32,
    /// The first time of its run, in seconds since 1970.
    pub from: i64,
    /// The last time of its run.
    pub to: i64,
    /// The value, unless there was no room for it.
    pub text: Option<String>,
}

/// The values of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// By the last time.
    pub all: Vec<Value>,
    /// Something that happened up to this time is not kept.
    pub lost: Option<i64>,
}

/// All samples of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Ids of the newest events, by time.
    pub names: Vec<Name>,
    /// The values of each field.
    pub fields: [Values; FIELDS],
}

impl Samples {
    /// Adds what a new event shows.
    pub fn add(&mut self, arrival: &Arrival, plan: &Plan) {
        if !arrival.name.is_empty() {
            self.add_name(arrival);
        }
        for Sample { field, text } in arrival.samples.iter().filter(|sample| !sample.text.is_empty()) {
            if let Some(values) = self.fields.get_mut(usize::from(*field)) {
                values.add(text, arrival.time, plan.length());
            }
        }
        self.limit(MAX_SAMPLE_BYTES);
    }

    fn add_name(&mut self, arrival: &Arrival) {
        let text = cut(&arrival.name, MAX_TEXT).to_owned();
        let name = Name { time: arrival.time, event: short(arrival.event), steps: arrival.steps, text };
        let key = |name: &Name| (name.time, name.event);
        match self.names.binary_search_by_key(&key(&name), key) {
            Ok(at) => self.names[at] = name,
            Err(at) => self.names.insert(at, name),
        }
        // The newest ids stay; of a sequence, those of each step.
        let mut newer = [0; u8::BITS as usize];
        for at in (0..self.names.len()).rev() {
            let steps = self.names[at].steps.max(1);
            let newer = newer.iter_mut().enumerate().filter(|(step, _)| steps & (1 << step) != 0);
            let is_kept = newer.fold(false, |is_kept, (_, newer)| {
                *newer += 1;
                is_kept || *newer <= LISTED
            });
            if !is_kept {
                self.names.remove(at);
            }
        }
    }

    /// How many names and values there are.
    pub fn len(&self) -> usize {
        self.names.len() + self.fields.iter().map(|values| values.all.len()).sum::<usize>()
    }

    /// How many bytes they usually take.
    pub fn bytes(&self) -> usize {
        self.names.iter().map(Name::bytes).sum::<usize>() + self.fields.iter().map(Values::bytes).sum::<usize>()
    }

    /// Forgets what takes more than `max` bytes: first values, of the fullest field.
    pub fn limit(&mut self, max: usize) {
        let mut fields = self.fields.each_ref().map(Values::bytes);
        let mut bytes = self.names.iter().map(Name::bytes).sum::<usize>() + fields.iter().sum::<usize>();
        while bytes > max {
            let fullest = self.fields.iter_mut().zip(&mut fields).max_by_key(|(_, bytes)| **bytes);
            bytes -= match fullest {
                Some((values, bytes)) if *bytes > 0 => {
                    let freed = values.forget();
                    *bytes -= freed;
                    freed
                }
                _ if self.names.is_empty() => break,
                _ => self.names.remove(0).bytes(),
            };
        }
    }

    /// The ids of events from one time to another.
    pub fn names(&self, from: i64, to: i64) -> Vec<&str> {
        self.newest_names(|name| (from..=to).contains(&name.time))
    }

    /// The newest ids of events for which `is_it` holds.
    pub fn newest_names(&self, is_it: impl Fn(&Name) -> bool) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.names.iter().filter(|name| is_it(name)).map(|name| name.text.as_str()).collect();
        names.drain(..names.len().saturating_sub(LISTED));
        names
    }

    /// The id of an event.
    pub fn name(&self, event: u64) -> Option<&str> {
        self.names.iter().find(|name| name.event == event).map(|name| name.text.as_str())
    }

    /// The values of a field from one time to another.
    pub fn listed(&self, field: u8, from: i64, to: i64) -> Listed<'_> {
        let Some(values) = self.fields.get(usize::from(field)) else { return Listed::default() };
        let within = || values.all.iter().filter(|value| value.to >= from && value.from <= to);
        Listed {
            values: within().filter_map(|value| value.text.as_deref()).collect(),
            more: within().filter(|value| value.text.is_none()).count(),
            incomplete: values.lost.is_some_and(|lost| lost >= from),
        }
    }

    /// The values of a field that occurred at times for which `is_it` holds, all of them from one time to another. Of a run, only
    /// its ends are known for sure.
    pub fn occurred(&self, field: usize, (from, to): (i64, i64), is_it: impl Fn(i64) -> bool) -> Listed<'_> {
        let Some(values) = self.fields.get(field) else { return Listed::default() };
        let within = values.all.iter().filter(|value| value.to >= from && value.from <= to);
        let (sure, others): (Vec<&Value>, Vec<&Value>) = within.partition(|value| is_it(value.from) || is_it(value.to));
        Listed {
            values: sure.iter().filter_map(|value| value.text.as_deref()).collect(),
            more: sure.iter().filter(|value| value.text.is_none()).count(),
            incomplete: values.lost.is_some_and(|lost| lost >= from)
                || others.iter().any(|value| value.from < value.to),
        }
    }
}

impl Name {
    fn bytes(&self) -> usize {
        12 + if self.text.len() == UUID_TEXT { 17 } else { 2 + self.text.len() }
    }
}

impl Value {
    fn bytes(&self) -> usize {
        12 + self.text.as_ref().map_or(0, String::len)
    }
}

impl Values {
    fn add(&mut self, text: &str, time: i64, window: i64) {
        let hash = u32::from_be_bytes(Digest::of(&["value", text]).first());
        let mut value = Value { hash, from: time, to: time, text: None };
        if let Some(at) = self.all.iter().position(|known| known.hash == hash) {
            let known = self.all.remove(at);
            if time < known.from.saturating_sub(window) {
                self.lose(time);
                value = known;
            } else if time > known.to.saturating_add(window) {
                self.lose(known.to);
            } else {
                (value.from, value.to) = (known.from.min(time), known.to.max(time));
            }
        }
        value.text = Some(match cut(text, MAX_TEXT) {
            whole if whole.len() == text.len() => whole.to_owned(),
            part => format!("{}…", cut(part, MAX_TEXT - '…'.len_utf8())),
        });
        let at = self.all.partition_point(|other| (other.to, other.hash) < (value.to, value.hash));
        self.all.insert(at, value);
        let with_text = self.all.iter().filter(|value| value.text.is_some()).count();
        if with_text > LISTED {
            self.forget_text();
        }
        if self.all.len() > COUNTED {
            let oldest = self.all.remove(0);
            self.lose(oldest.to);
        }
    }

    fn bytes(&self) -> usize {
        self.all.iter().map(Value::bytes).sum()
    }

    /// Forgets the oldest value that only counts, if there are many, else the oldest text; how many bytes that frees.
    fn forget(&mut self) -> usize {
        let before = |values: &Self, at: usize| values.all.get(at).map_or(0, Value::bytes);
        let counted = self.all.iter().position(|value| value.text.is_none());
        let is_listed = self.all.iter().any(|value| value.text.is_some());
        match counted {
            Some(at) if self.all.len() > LISTED || !is_listed => {
                let value = self.all.remove(at);
                self.lose(value.to);
                value.bytes()
            }
            _ => {
                let at = self.all.iter().position(|value| value.text.is_some()).unwrap_or_default();
                let freed = before(self, at);
                self.forget_text();
                freed - before(self, at)
            }
        }
    }

    fn forget_text(&mut self) {
        if let Some(oldest) = self.all.iter_mut().find(|value| value.text.is_some()) {
            oldest.text = None;
        }
    }

    fn lose(&mut self, time: i64) {
        self.lost = self.lost.max(Some(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::series::{Delivery, Kind, SeriesItem};

    const PLAN: Plan = Plan { window: 600, threshold: 1_000, kind: Kind::Events };

    fn event(id: i64, time: i64, values: &[(u8, &str)]) -> Arrival {
        let samples = values.iter().map(|(field, text)| Sample { field: *field, text: (*text).to_owned() }).collect();
        let name = format!("e6c18431-290b-4ebb-a0ee-{id:012}");
        Arrival { time, event: id.cast_unsigned() << 17, name, samples, ..Arrival::default() }
    }

    fn item(arrivals: impl IntoIterator<Item = Arrival>, plan: Plan) -> SeriesItem {
        let mut item = SeriesItem::default();
        for arrival in arrivals {
            item.arrive(&plan, &arrival, Delivery { owner: 1, began: 0, now: 0 });
        }
        SeriesItem::decode(&item.encode()).unwrap()
    }

    #[test]
    fn ten_values_are_listed_and_more_are_counted() {
        let people: Vec<String> = (0..30).map(|id| format!("person-{id}")).collect();
        let events =
            |count: usize| (0_i64..).zip(people.iter().cycle().take(count)).map(|(id, who)| event(id, id, &[(2, who)]));
        let seven = item(events(7), PLAN);
        assert_eq!(
            seven.listed(2, &PLAN, 6),
            Listed { values: people[..7].iter().map(String::as_str).collect(), more: 0, incomplete: false }
        );
        assert_eq!(seven.listed(1, &PLAN, 6), Listed::default());
        assert_eq!(seven.listed(99, &PLAN, 6), Listed::default());
        let all = item(events(100), PLAN);
        let listed = all.listed(2, &PLAN, 99);
        assert_eq!((listed.values.len(), listed.more, listed.incomplete), (10, 20, false));
        let names = all.events(&PLAN, 99);
        assert_eq!((names.values.len(), names.more, names.incomplete), (10, 90, false));
        assert_eq!(names.values[9], "e6c18431-290b-4ebb-a0ee-000000000099");

        let many = item((0..100).map(|id| event(id, id, &[(2, &format!("person-{id}"))])), PLAN);
        let listed = many.listed(2, &PLAN, 99);
        assert_eq!((listed.values.len(), listed.more, listed.incomplete), (10, 30, true));
    }

    /// A value is listed where it occurs in the window of an alert, and nowhere else.
    #[test]
    fn values_are_listed_where_they_occur() {
        let events = [
            event(1, 0, &[(0, "a")]),
            event(2, 600, &[(0, "a")]),
            event(3, 300, &[(0, "b")]),
            event(4, 5_000, &[(0, "b")]),
        ];
        let item = item(events, PLAN);
        let values = |anchor| (item.listed(0, &PLAN, anchor).values, item.listed(0, &PLAN, anchor).incomplete);
        assert_eq!(values(-1), (vec![], true));
        assert_eq!(values(700), (vec!["a"], true));
        assert_eq!(values(1_200), (vec!["a"], false));
        assert_eq!(values(1_201), (vec![], false));
        assert_eq!(values(5_600), (vec!["b"], false));
    }

    #[test]
    fn each_step_keeps_ids() {
        let plan = Plan { kind: Kind::Sequence { steps: 2 }, ..PLAN };
        let step = |steps, id| Arrival { steps, ..event(id, id, &[]) };
        let events = [step(1, 1)].into_iter().chain((2..100).map(|id| step(2, id)));
        let mut item = item(events, Plan { window: 0, ..plan });
        let super::super::Verdict::Alert(alert) =
            item.arrive(&plan, &step(2, 100), Delivery { owner: 1, began: 0, now: 0 })
        else {
            panic!()
        };
        let names: Vec<_> = alert.steps.iter().filter_map(|step| item.event_name(step.event)).collect();
        assert_eq!(names, ["e6c18431-290b-4ebb-a0ee-000000000001", "e6c18431-290b-4ebb-a0ee-000000000100"]);
    }

    #[test]
    fn long_values_are_cut_and_take_no_more_than_their_room() {
        let long = |id: i64| format!("{id:03}{}", "é".repeat(500));
        let item = item(
            (0..100).map(|id| {
                event(
                    id,
                    id,
                    &[0, 1, 2, 3]
                        .map(|field| (field, long(id)))
                        .each_ref()
                        .map(|(field, text)| (*field, text.as_str())),
                )
            }),
            PLAN,
        );
        assert!(item.encode().len() < 100 * 7 + MAX_SAMPLE_BYTES + 200, "{}", item.encode().len());
        let listed = item.listed(3, &PLAN, 99);
        assert!(listed.incomplete && !listed.values.is_empty() && listed.more > 0, "{listed:?}");
        assert!(listed.values.iter().all(|value| value.len() <= MAX_TEXT && value.ends_with("é…")), "{listed:?}");
    }
}

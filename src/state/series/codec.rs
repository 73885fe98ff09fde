//! The item as bytes. Tables of deployed stacks hold such bytes, so their meaning must not change; another one needs another
//! first byte.

pub use super::bytes::SeriesError;
use super::{
    anchor::{Anchors, MAX_ANCHORS},
    bytes::{Reader, Writer},
    dropped::{Dropped, Group, MAX_GROUPS},
    headline::{Headline, MAX_TITLE},
    item::{MAX_DELIVERIES, SeriesItem},
    last::{LastAlert, ROOM, ROOM_WITHOUT_TEXTS},
    mark::{ID_BITS, Mark, Marks},
    name::MAX_TEXT,
    pending::{MAX_CLAIM_BYTES, PendingAlert, StepEvent, claim_bytes},
    plan::MOST_MARKS,
    sample::{COUNTED, FIELDS, MAX_NAMES, Name, Samples, Value, Values},
};

/// The most bytes that an item has.
pub const MAX_BYTES: usize = 16_000;
const FORMAT: u8 = 2;
/// The format without a follow-up: of the last alert it has only the title.
const TITLE_FORMAT: u8 = 1;
/// Kinds from this number on are sequences.
const FIRST_SEQUENCE: u8 = 3;
/// Whether an item has room for its marks and any last alert.
pub fn fits(item: &SeriesItem) -> bool {
    let marks = item.marks.all();
    let mark_times = marks.first().zip(marks.last()).map(|(first, last)| (first.time, last.time));
    let anchors = item.anchors.times();
    let anchor_times = anchors.first().copied().zip(anchors.last().copied());
    let at_most = 64
        + marks.len() * (ID_BYTES + 1)
        + most_bytes(marks.len(), mark_times)
        + most_bytes(anchors.len(), anchor_times)
        + claim_bytes(&item.pending) * 2
        + item.dropped.groups.len() * 25
        + item.samples.bytes()
        + (item.samples.len() + FIELDS) * 14
        + item.deliveries.len() * 18;
    at_most <= MAX_BYTES - ROOM || item.body().bytes.len() <= MAX_BYTES - ROOM
}

/// How many bytes the texts of the last alert may take: enough for any, except in a full item of the earlier format.
pub fn text_room(item: &SeriesItem) -> usize {
    MAX_BYTES.saturating_sub(item.body().bytes.len() + ROOM_WITHOUT_TEXTS)
}

/// How many bytes so many ascending times take at most: most if their distances are equal, since a number of `n` bits takes
/// `n / 7` bytes.
fn most_bytes(times: usize, ends: Option<(i64, i64)>) -> usize {
    let Some((first, last)) = ends else { return 0 };
    let distance = last.abs_diff(first) / times as u64;
    let bits = u64::BITS - distance.leading_zeros();
    times * (2 + bits as usize / 7) + 10
}

impl SeriesItem {
    /// The item as bytes, at most [`MAX_BYTES`].
    pub fn encode(&self) -> Vec<u8> {
        let mut to = self.body();
        LastAlert::write(self.last.as_deref(), &mut to);
        to.bytes
    }

    /// The item without its last alert.
    pub(super) fn body(&self) -> Writer {
        let marks = self.marks.all();
        let base = marks.first().map(|mark| mark.time).or(self.anchors.times().first().copied()).unwrap_or_default();
        let mut to = Writer::default();
        to.byte(FORMAT);
        to.byte(self.kind);
        to.time(base);
        to.base = base;
        to.ascending(
            marks,
            |mark| mark.time,
            |to, mark| {
                let id = (mark.id << 1) | u64::from(mark.reported);
                to.bytes.extend(&id.to_le_bytes()[..ID_BYTES]);
                if self.kind >= FIRST_SEQUENCE {
                    to.byte(mark.steps);
                }
            },
        );
        to.ascending(self.anchors.times(), |anchor| *anchor, |_, _| {});
        to.optional_time(self.anchors.horizon());
        to.ascending(&self.pending, |alert| alert.anchor, write_alert);
        to.ascending(
            &self.dropped.groups,
            |group| group.from,
            |to, group| {
                to.number(group.to.abs_diff(group.from));
                to.number(group.count.into());
            },
        );
        to.number(self.dropped.untold.into());
        to.ascending(
            &self.samples.names,
            |name| name.time,
            |to, name| {
                to.bytes.extend(&name.event.to_le_bytes()[..ID_BYTES]);
                to.byte(name.steps);
                to.name(&name.text);
            },
        );
        for values in &self.samples.fields {
            write_values(&mut to, values);
        }
        to.count(self.deliveries.len());
        for (owner, began) in &self.deliveries {
            to.bytes.extend(owner.to_le_bytes());
            to.time(*began);
        }
        to
    }

    /// Reads an item.
    ///
    /// # Errors
    ///
    /// The bytes are not those of an item, or of one that another release wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, SeriesError> {
        if bytes.len() > MAX_BYTES {
            return Err(SeriesError::TooLong(bytes.len()));
        }
        let from = &mut Reader::new(bytes);
        let format = from.byte()?;
        if !matches!(format, FORMAT | TITLE_FORMAT) {
            return Err(SeriesError::Format(format));
        }
        let kind = from.byte()?;
        from.base = from.time()?;
        let marks = from.ascending(MOST_MARKS, |from, time| {
            let id = read_id(from)?;
            let steps = if kind >= FIRST_SEQUENCE { from.byte()? } else { 0 };
            Ok(Mark { time, id: id >> 1, steps, reported: id & 1 == 1 })
        })?;
        let marks = Marks::from_sorted(marks).ok_or_else(|| from.damaged())?;
        let times = from.ascending(MAX_ANCHORS, |_, time| Ok(time))?;
        let horizon = from.optional_time()?;
        let anchors = Anchors::from_sorted(times, horizon).ok_or_else(|| from.damaged())?;
        let pending = from.ascending(MAX_CLAIM_BYTES, read_alert)?;
        if !pending.is_sorted_by(|one, next| one.anchor < next.anchor) || claim_bytes(&pending) > MAX_CLAIM_BYTES {
            return Err(from.damaged());
        }
        let groups = from.ascending(MAX_GROUPS, |from, time| {
            let to = time.checked_add_unsigned(from.number()?).ok_or_else(|| from.damaged())?;
            Ok(Group { from: time, to, count: from.small()? })
        })?;
        if !groups.is_sorted_by(|one, next| one.to < next.from) {
            return Err(from.damaged());
        }
        let dropped = Dropped { groups, untold: from.small()? };
        let names = from.ascending(MAX_NAMES, |from, time| {
            Ok(Name { time, event: read_id(from)?, steps: from.byte()?, text: from.name()? })
        })?;
        let mut samples = Samples { names, fields: [const { Values { all: Vec::new(), lost: None } }; FIELDS] };
        for values in &mut samples.fields {
            *values = read_values(from)?;
        }
        let deliveries =
            (0..from.count(MAX_DELIVERIES)?).map(|_| Ok((u64::from_le_bytes(from.array()?), from.time()?)));
        let deliveries = deliveries.collect::<Result<_, _>>()?;
        let mut item = Self { kind, marks, anchors, pending, dropped, samples, deliveries, last: None };
        let too_long = || SeriesError::TooLong(bytes.len());
        let room = MAX_BYTES.checked_sub(from.position() + ROOM_WITHOUT_TEXTS).ok_or_else(too_long)?;
        if format == FORMAT {
            item.last = LastAlert::read(from)?.map(Box::new);
            from.end()?;
            let is_longer = item.last.as_ref().is_some_and(|last| last.headline.bytes() > room);
            return if is_longer { Err(too_long()) } else { Ok(item) };
        }
        let headline = Headline { title: from.text(MAX_TITLE)?, ..Headline::default() }.within(room);
        from.end()?;
        // Which alert was raised last is not known: usually it is that of the newest events.
        let newest = item.anchors.times().last().copied().or(item.anchors.horizon());
        item.last = newest.map(|anchor| Box::new(LastAlert { anchor, headline, ..LastAlert::default() }));
        Ok(item)
    }
}

/// An identity and one more bit.
const ID_BYTES: usize = (ID_BITS as usize + 1).div_ceil(8);

fn read_id(from: &mut Reader<'_>) -> Result<u64, SeriesError> {
    let mut id = [0; 8];
    id[..ID_BYTES].copy_from_slice(from.take(ID_BYTES)?);
    Ok(u64::from_le_bytes(id))
}

const IS_LATER: u8 = 1;
const IS_ABOUT: u8 = 2;
const IS_HELD: u8 = 4;

fn write_alert(to: &mut Writer, alert: &PendingAlert) {
    let flags = [(alert.since.is_some(), IS_LATER), (alert.about, IS_ABOUT), (alert.held, IS_HELD)];
    to.byte(flags.iter().filter(|(is, _)| *is).map(|(_, flag)| flag).sum());
    to.number(alert.count.into());
    to.number(alert.anchor.abs_diff(alert.first));
    if let Some(since) = alert.since {
        to.number(since.into());
    }
    to.byte(alert.channels);
    to.bytes.extend(alert.free.to_le_bytes());
    to.bytes.extend(alert.owner.to_le_bytes());
    to.bytes.extend(&alert.event.to_le_bytes()[..ID_BYTES]);
    to.ascending(&alert.steps, |step| step.time, |to, step| to.bytes.extend(&step.event.to_le_bytes()[..ID_BYTES]));
}

fn read_alert(from: &mut Reader<'_>, anchor: i64) -> Result<PendingAlert, SeriesError> {
    let flags = from.byte()?;
    let count = from.small()?;
    let first = anchor.checked_sub_unsigned(from.number()?).ok_or_else(|| from.damaged())?;
    Ok(PendingAlert {
        anchor,
        count,
        first,
        last: anchor,
        since: if flags & IS_LATER == 0 { None } else { Some(from.small()?) },
        about: flags & IS_ABOUT != 0,
        held: flags & IS_HELD != 0,
        channels: from.byte()?,
        free: i64::from_le_bytes(from.array()?),
        owner: u64::from_le_bytes(from.array()?),
        event: read_id(from)?,
        steps: from.ascending(usize::from(u8::MAX), |from, time| Ok(StepEvent { time, event: read_id(from)? }))?,
    })
}

fn write_values(to: &mut Writer, values: &Values) {
    to.optional_time(values.lost);
    to.ascending(
        &values.all,
        |value| value.to,
        |to, value| {
            to.number(value.to.abs_diff(value.from));
            to.bytes.extend(value.hash.to_le_bytes());
            to.text(value.text.as_deref().unwrap_or_default());
        },
    );
}

fn read_values(from: &mut Reader<'_>) -> Result<Values, SeriesError> {
    let lost = from.optional_time()?;
    let all = from.ascending(COUNTED, |from, time| {
        let first = time.checked_sub_unsigned(from.number()?).ok_or_else(|| from.damaged())?;
        let hash = u32::from_le_bytes(from.array()?);
        let text = Some(from.text(MAX_TEXT)?).filter(|text| !text.is_empty());
        Ok(Value { hash, from: first, to: time, text })
    })?;
    Ok(Values { all, lost })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;
    use crate::state::series::{Arrival, Delivery, Kind, Plan, Sample, Verdict, last::Stage};

    fn by(now: i64) -> Delivery {
        Delivery { owner: 7, began: now, now }
    }

    #[test]
    fn other_bytes_are_errors() {
        let bytes = SeriesItem::default().encode();
        assert_eq!(SeriesItem::decode(&bytes), Ok(SeriesItem::default()));
        for end in 0..bytes.len() {
            assert!(SeriesItem::decode(&bytes[..end]).is_err());
        }
        assert_eq!(SeriesItem::decode(&[&bytes[..], &[0]].concat()), Err(SeriesError::Damaged(bytes.len())));
        assert_eq!(SeriesItem::decode(&[3]), Err(SeriesError::Format(3)));
        assert_eq!(SeriesItem::decode(&[0]), Err(SeriesError::Format(0)));
        assert_eq!(SeriesItem::decode(&vec![1; MAX_BYTES + 1]), Err(SeriesError::TooLong(MAX_BYTES + 1)));
    }

    /// An item with as many marks, anchors, claims and samples as any, all of them long, and a long headline.
    #[test]
    fn the_largest_item_has_room() {
        let mut longest = 0;
        for (kind, threshold) in [(Kind::Events, 30), (Kind::Values, 30), (Kind::Sequence { steps: 5 }, 1)] {
            for spread in [601, 1 << 50] {
                let plan = Plan { window: 600, threshold, kind };
                let burst = Plan { threshold: 1, ..plan };
                let mut item = SeriesItem::default();
                for id in 0..2_000_i64 {
                    // The first ones raise alerts, which are not sent.
                    let plan = if id < 900 { burst } else { plan };
                    let arrival = Arrival {
                        time: i64::MIN + id.saturating_mul(spread),
                        event: id.cast_unsigned().reverse_bits(),
                        values: vec![id.cast_unsigned().reverse_bits()],
                        steps: 1 << (id % 5),
                        name: "n".repeat(200),
                        succeeds: false,
                        samples: (0..4)
                            .map(|field| Sample { field, text: format!("{id}{}", "é".repeat(90)) })
                            .collect(),
                    };
                    item.arrive(
                        &plan,
                        &arrival,
                        Delivery { owner: id.cast_unsigned(), began: i64::MAX - id, now: i64::MAX },
                    );
                    if id % 41 != 0 && id < 1_990 {
                        continue;
                    }
                    let mut titled = item.clone();
                    let long = "é".repeat(400);
                    let [title, account, region, event_source, event_name, actor, thread_id] =
                        [(); 7].map(|()| long.clone());
                    let headline = Headline { title, account, region, event_source, event_name, actor, thread_id };
                    if titled.last_anchor().is_none() {
                        titled.raised(i64::MAX);
                    }
                    let anchor = titled.last_anchor().unwrap();
                    titled.set_headline(anchor, &headline);
                    titled.last.as_mut().unwrap().follow_up =
                        Stage::Due { window: i64::MAX, alert_id: "0".repeat(32), is_covered: false };
                    for alert in item.pending() {
                        titled.hold(alert.anchor, i64::MAX);
                    }
                    longest = longest.max(titled.encode().len());
                    assert_eq!(SeriesItem::decode(&titled.encode()), Ok(titled));
                }
                assert!(longest <= MAX_BYTES, "{longest} {plan:?}");
            }
        }
        assert!(longest > MAX_BYTES - 200, "{longest}");
    }

    fn times() -> impl Strategy<Value = i64> {
        prop_oneof![0..2_000_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX), i64::MAX - 2_000..i64::MAX]
    }

    proptest! {
        /// Whatever happens to an item, it is read as it was, and damaged bytes are an item or an error.
        #[test]
        fn items_are_read_as_they_were_written(
            plan in (times(), any::<u32>(), 0..4_u8).prop_map(|(window, threshold, kind)| {
                let kind = [Kind::Events, Kind::Values, Kind::Sequence { steps: 3 }, Kind::Sequence { steps: 255 }][usize::from(kind)];
                Plan { window, threshold: threshold >> (threshold % 32), kind }
            }),
            events in vec((times(), 0..9_u64, any::<u8>(), ".{0,9}", 0..6_u8), 0..40),
            damages in vec((any::<Index>(), any::<u8>()), 0..4),
            now in times(),
        ) {
            let mut item = SeriesItem::default();
            for (time, id, steps, text, field) in events {
                let samples = vec![Sample { field, text: text.clone() }];
                let arrival = Arrival { time, event: id << 40, values: vec![id << 40, !id], steps, name: text.clone(), samples, ..Arrival::default() };
                match item.arrive(&plan, &arrival, by(now)) {
                    Verdict::Alert(alert) if id % 3 == 0 => item.sent(alert.anchor, 1, 3),
                    Verdict::Alert(alert) if id % 3 == 1 => item.hold(alert.anchor, time),
                    _ => {}
                }
                let headline = Headline { title: text.repeat(9), actor: text.repeat(9), ..Headline::default() };
                item.set_headline(item.last_anchor().unwrap_or_default(), &headline);
                if item.make_follow_up_due(&plan, |anchor| anchor.to_string()).is_some() && id % 2 == 0 {
                    let anchor = item.last_anchor().unwrap();
                    let reported = item.follow_up(&plan, anchor).unwrap().reported;
                    item.followed_up(anchor, &reported);
                }
                item.expires(&plan, now);
                let bytes = item.encode();
                prop_assert_eq!(&SeriesItem::decode(&bytes).unwrap(), &item);
                let mut damaged = bytes;
                for (at, byte) in &damages {
                    let at = at.index(damaged.len());
                    damaged[at] = *byte;
                }
                if let Ok(mut damaged) = SeriesItem::decode(&damaged) {
                    damaged.arrive(&plan, &arrival, by(now));
                    damaged.resume(by(now));
                    damaged.events(&plan, time);
                    damaged.listed(0, &plan, time);
                    if let Some(due) = damaged.last_anchor().and_then(|anchor| damaged.follow_up(&plan, anchor)) {
                        let reported = due.reported.clone();
                        damaged.followed_up(damaged.last_anchor().unwrap(), &reported);
                    }
                    prop_assert!(damaged.encode().len() <= MAX_BYTES);
                }
            }
        }

        #[test]
        fn any_bytes_are_an_item_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
            let _ = SeriesItem::decode(&bytes);
            for format in [TITLE_FORMAT, FORMAT] {
                let _ = SeriesItem::decode(&[&[format, 1], &bytes[..]].concat());
            }
        }
    }
}

//! The item as bytes. Tables of deployed stacks hold such bytes, so their meaning must not change; another one needs another
//! first byte.

pub use super::bytes::SeriesError;
use super::{
    anchor::{Anchors, MAX_ANCHORS},
    bytes::{Reader, Writer},
    dropped::{Dropped, Group, MAX_GROUPS},
    item::{MAX_TITLE, SeriesItem},
    mark::{ID_BITS, Mark, Marks},
    name::MAX_TEXT,
    pending::{MAX_CLAIM_BYTES, PendingAlert, StepEvent, claim_bytes},
    plan::MOST_MARKS,
    sample::{COUNTED, FIELDS, MAX_NAMES, Name, Samples, Value, Values},
};

/// The most bytes that an item has.
pub const MAX_BYTES: usize = 16_000;
const FORMAT: u8 = 1;
/// Kinds from this number on are sequences.
const FIRST_SEQUENCE: u8 = 3;
/// Room for a title.
const ROOM: usize = MAX_TITLE + 2;

/// Whether an item has room for its marks and any title.
pub fn fits(item: &SeriesItem) -> bool {
    let longest = 64
        + item.marks.all().len() * 17
        + item.anchors.times().len() * 10
        + claim_bytes(&item.pending) * 2
        + item.dropped.groups.len() * 25
        + item.samples.bytes() * 2;
    longest <= MAX_BYTES - ROOM || item.encode().len() <= MAX_BYTES - ROOM + item.title.len()
}

impl SeriesItem {
    /// The item as bytes, at most [`MAX_BYTES`].
    pub fn encode(&self) -> Vec<u8> {
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
        to.text(&self.title);
        to.bytes
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
        if format != FORMAT {
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
        if !pending.is_sorted_by(|one, next| one.anchor < next.anchor) {
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
        let title = from.text(MAX_TITLE)?;
        from.end()?;
        Ok(Self { kind, marks, anchors, pending, dropped, samples, title })
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

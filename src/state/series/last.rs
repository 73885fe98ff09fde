//! The last alert of a series, and its part of the item's bytes.

use super::{
    bytes::{Reader, SeriesError, Writer},
    headline::{EMPTY_HEADLINE, Headline, MAX_HEADLINE, MAX_ID},
};

/// Room for the last alert, without its texts: whether there is one, two times, and the id of its follow-up's alert.
pub const ROOM_WITHOUT_TEXTS: usize = 1 + 10 + 10 + 1 + MAX_ID + EMPTY_HEADLINE;
/// Room for the last alert.
pub const ROOM: usize = ROOM_WITHOUT_TEXTS - EMPTY_HEADLINE + MAX_HEADLINE;

/// The last alert of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastAlert {
    /// Its anchor, in seconds since 1970.
    pub anchor: i64,
    /// What a later message says of it. Until it is sent, that is of the alert before it.
    pub headline: Headline,
    /// Whether what came after it is reported.
    pub follow_up: Stage,
}

/// What became of the follow-up of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing came yet that it would report.
    #[default]
    None,
    /// The same, and the alert was covered by another.
    Covered {
        /// The id of the alert that covers it.
        by: String,
    },
    /// It is due.
    Due {
        /// The window of the rule at that time, in seconds.
        window: i64,
        /// The id of the alert, or of the one that covers it.
        alert_id: String,
        /// Whether another covers it.
        is_covered: bool,
    },
    /// It is sent.
    Sent,
}

const NO_ALERT: u8 = 0;
const NOTHING_DUE: u8 = 1;
const IS_DUE: u8 = 2;
const IS_SENT: u8 = 3;
const IS_COVERED: u8 = 4;
const IS_DUE_OF_COVERED: u8 = 5;

impl LastAlert {
    pub(super) fn write(last: Option<&Self>, to: &mut Writer) {
        let Some(Self { anchor, headline, follow_up }) = last else { return to.byte(NO_ALERT) };
        match follow_up {
            Stage::None => to.byte(NOTHING_DUE),
            Stage::Sent => to.byte(IS_SENT),
            Stage::Covered { by } => {
                to.byte(IS_COVERED);
                to.text(by);
            }
            Stage::Due { window, alert_id, is_covered } => {
                to.byte(if *is_covered { IS_DUE_OF_COVERED } else { IS_DUE });
                to.number(window.unsigned_abs());
                to.text(alert_id);
            }
        }
        to.time(*anchor);
        headline.write(to);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Option<Self>, SeriesError> {
        let follow_up = match from.byte()? {
            NO_ALERT => return Ok(None),
            NOTHING_DUE => Stage::None,
            IS_SENT => Stage::Sent,
            IS_COVERED => Stage::Covered { by: from.text(MAX_ID)? },
            stage @ (IS_DUE | IS_DUE_OF_COVERED) => {
                let window = i64::try_from(from.number()?).map_err(|_| from.damaged())?;
                Stage::Due { window, alert_id: from.text(MAX_ID)?, is_covered: stage == IS_DUE_OF_COVERED }
            }
            _ => return Err(from.damaged()),
        };
        Ok(Some(Self { anchor: from.time()?, follow_up, headline: Headline::read(from)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::series::{
        Arrival, Delivery, Kind, MAX_BYTES, Plan, SeriesItem,
        mark::{Mark, Marks},
    };

    fn by(now: i64) -> Delivery {
        Delivery { owner: 7, began: now, now }
    }

    fn event(id: i64, time: i64) -> Arrival {
        Arrival { time, event: id.cast_unsigned() << 17, ..Arrival::default() }
    }

    const PLAN: Plan = Plan { window: 600, threshold: 2, kind: Kind::Events };

    /// Events 1 at 100 and 2 at 200, which raised an alert for delivery 7.
    fn alerted() -> SeriesItem {
        let mut item = SeriesItem::default();
        item.arrive(&PLAN, &event(1, 100), by(0));
        item.arrive(&PLAN, &event(2, 200), by(0));
        item
    }

    /// The same, written by hand, up to its last alert.
    fn bytes(format: u8) -> Vec<u8> {
        let bytes: &[&[u8]] = &[
            &[format, 1, 0xc8, 1],
            &[2, 0, 3, 0, 0, 0, 0, 0, 100, 5, 0, 0, 0, 0, 0],
            &[1, 0xc8, 1, 0],
            &[1, 0xc8, 1, 0, 2, 100, 0, 0x84, 3, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[1, 7, 0, 0, 0, 0, 0, 0, 0, 0xc7, 1],
        ];
        bytes.concat()
    }

    /// An alert at 200 with a title and nothing else.
    const HI: &[u8] = &[0xc8, 1, 2, b'h', b'i', 0, 0, 0, 0, 0, 0];

    #[test]
    fn bytes_mean_what_they_meant() {
        let mut item = alerted();
        item.set_headline(200, &Headline { title: "hi".to_owned(), ..Headline::default() });
        let check = |item: &SeriesItem, last: &[u8]| {
            let bytes = [&bytes(2), last, HI].concat();
            assert_eq!(SeriesItem::decode(&bytes).unwrap(), *item);
            assert_eq!(item.encode(), bytes);
        };
        check(&item, &[1]);

        // Event 3 at 300 is silenced.
        item.arrive(&PLAN, &event(3, 300), by(0));
        item.make_follow_up_due(&PLAN, |_| "id".to_owned());
        let last = &item.encode()[item.encode().len() - HI.len() - 6..];
        assert_eq!(last, [&[2, 0xd8, 4, 2, b'i', b'd'], HI].concat());
        assert_eq!(SeriesItem::decode(&item.encode()).unwrap(), item);
        let reported = item.follow_up(&PLAN, 200).unwrap().reported;
        item.followed_up(200, &reported);
        assert!(item.encode().ends_with(&[&[3], HI].concat()));
        assert_eq!(SeriesItem::decode(&item.encode()).unwrap(), item);

        let mut covered = alerted();
        covered.set_headline(200, &Headline { title: "hi".to_owned(), ..Headline::default() });
        covered.set_covered(199, Some("no"));
        check(&covered, &[1]);
        covered.set_covered(200, Some("by"));
        check(&covered, &[4, 2, b'b', b'y']);
        covered.arrive(&PLAN, &event(3, 300), by(0));
        covered.make_follow_up_due(&PLAN, |_| "id".to_owned());
        assert!(covered.encode().ends_with(&[&[5, 0xd8, 4, 2, b'b', b'y'], HI].concat()));
        assert_eq!(SeriesItem::decode(&covered.encode()).unwrap(), covered);

        let names = ["t", "1", "r", "s", "e", "a", "0f"].map(str::to_owned);
        let [title, account, region, event_source, event_name, actor, thread_id] = names;
        item.set_headline(200, &Headline { title, account, region, event_source, event_name, actor, thread_id });
        assert!(item.encode().ends_with(b"\x01t\x011\x01r\x01s\x01e\x01a\x020f"));
        assert_eq!(SeriesItem::decode(&item.encode()).unwrap(), item);
    }

    /// Deployed tables hold items of this format, too.
    #[test]
    fn items_with_a_title_alone_are_read() {
        let mut item = alerted();
        item.set_headline(200, &Headline { title: "hi".to_owned(), ..Headline::default() });
        let stored = [&bytes(1)[..], &[2, b'h', b'i']].concat();
        assert_eq!(SeriesItem::decode(&stored).unwrap(), item);
        assert_eq!(SeriesItem::decode(&stored).unwrap().encode(), [&bytes(2), &[1][..], HI].concat());
        assert_eq!(SeriesItem::decode(&[&bytes(1)[..], &[1, b'h', b'i']].concat()), Err(SeriesError::Damaged(77)));

        // No event of it ever raised an alert.
        let none = [&[1, 1, 0], &[0; 17][..]].concat();
        let item = SeriesItem::decode(&none).unwrap();
        assert_eq!(item, SeriesItem { kind: 1, ..SeriesItem::default() });
    }

    /// In the earlier format, an item had room for a title alone.
    #[test]
    fn a_full_item_of_the_earlier_format_is_not_made_too_long() {
        let plan = Plan { window: 1, threshold: 1_000, kind: Kind::Sequence { steps: 5 } };
        let mut item = alerted();
        item.become_kind(plan.kind);
        let mark = |id: i64| Mark { time: id << 40, id: id.cast_unsigned(), steps: 1, reported: false };
        let body = |marks: i64| SeriesItem {
            marks: Marks::from_sorted((1..=marks).map(mark).collect()).unwrap(),
            ..item.clone()
        };
        let most = (0..=1_250).rev().find(|marks| body(*marks).body().bytes.len() <= MAX_BYTES - 514).unwrap();
        let mut stored = body(most).body().bytes;
        assert!(stored.len() > MAX_BYTES - 514 - 20, "{}", stored.len());
        stored[0] = 1;
        stored.extend([0x80, 4]);
        stored.extend([b't'; 512]);
        let mut item = SeriesItem::decode(&stored).unwrap();
        let long = "é".repeat(400);
        let [title, account, region] = [&long, &long, &long].map(Clone::clone);
        for headline in
            [None, Some(Headline { title, account, region, thread_id: "0".repeat(32), ..Headline::default() })]
        {
            if let Some(headline) = headline {
                item.set_headline(200, &headline);
            }
            let mut due = item.clone();
            due.last.as_mut().unwrap().follow_up =
                Stage::Due { window: i64::MAX, alert_id: "0".repeat(32), is_covered: true };
            assert!(due.encode().len() <= MAX_BYTES, "{}", due.encode().len());
            assert_eq!(SeriesItem::decode(&due.encode()), Ok(due));
        }
    }
}

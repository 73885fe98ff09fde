//! A period of time, as a person writes it.

use jiff::{
    SignedDuration, Span, SpanRelativeTo, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use thiserror::Error;

/// A period: from its first moment up to, and without, its last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The first moment that it includes; from the beginning without it.
    pub since: Option<Timestamp>,
    /// The first moment after it; without end without it.
    pub until: Option<Timestamp>,
}

/// Why a period cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeriodError {
    /// A text is no moment.
    #[error(
        "`{0}` is not a time: write a time such as `2026-03-02T09:00:00Z`, a day such as `2026-03-02`, or an age such as `2h` \
         or `3d`"
    )]
    NotTime(String),
    /// An age reaches further back than time goes.
    #[error("`{0}` is too long ago")]
    TooLong(String),
    /// Nothing is in the period.
    #[error("the period is empty: it begins at {since} and ends at {until}")]
    Empty {
        /// Its beginning.
        since: Timestamp,
        /// Its end, which is not after the beginning.
        until: Timestamp,
    },
}

/// A moment, or a day.
enum Written {
    Moment(Timestamp),
    Day(Date),
}

impl Period {
    /// The period between two texts. Each is a time with its offset (RFC 3339), a day in UTC, which is included as a whole,
    /// or an age, such as `90m`, `2h`, `3d` or `1w`, that ends at `now`.
    ///
    /// # Errors
    ///
    /// If a text is none of these, or the period is empty.
    pub fn parse(since: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Self, PeriodError> {
        let since = since.map(|text| written(text, now)).transpose()?.map(|written| written.start());
        let until = until.map(|text| written(text, now)).transpose()?.map(|written| written.end());
        match (since, until) {
            (Some(since), Some(until)) if until <= since => Err(PeriodError::Empty { since, until }),
            _ => Ok(Self { since, until }),
        }
    }

    /// The part that is also within `length` before and after a moment, which are included.
    #[must_use]
    pub fn around(self, moment: Timestamp, length: SignedDuration) -> Self {
        let first = moment.saturating_sub(length).unwrap_or(Timestamp::MIN);
        // Times have whole seconds in CloudTrail, and the last one is included.
        let after = moment.saturating_add(length).and_then(|last| last.saturating_add(SignedDuration::from_nanos(1)));
        let after = after.unwrap_or(Timestamp::MAX);
        let since = self.since.map_or(first, |since| since.max(first));
        let until = self.until.map_or(after, |until| until.min(after));
        Self { since: Some(since), until: Some(until) }
    }

    /// Whether it includes a moment.
    pub fn includes(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time < until)
    }
}

impl Written {
    fn start(&self) -> Timestamp {
        match self {
            Self::Moment(moment) => *moment,
            Self::Day(day) => midnight(*day),
        }
    }

    fn end(&self) -> Timestamp {
        match self {
            Self::Moment(moment) => *moment,
            Self::Day(day) => day.tomorrow().map_or(Timestamp::MAX, midnight),
        }
    }
}

/// The first moment of a day in UTC. The last days that can be written are after all times that can be represented.
fn midnight(day: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(Timestamp::MAX)
}

fn written(text: &str, now: Timestamp) -> Result<Written, PeriodError> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Written::Moment(moment));
    }
    // A civil date parses from a time without an offset, too.
    if text.len() == "2026-03-02".len()
        && let Ok(day) = text.parse::<Date>()
    {
        return Ok(Written::Day(day));
    }
    let age = parse_length(text).ok_or_else(|| PeriodError::NotTime(text.to_owned()))?;
    let moment = now.checked_sub(age).map_err(|_| PeriodError::TooLong(text.to_owned()))?;
    Ok(Written::Moment(moment))
}

/// A length of time that is not negative, such as `90m`, `1h30m` or `2d`; a day has 24 hours. `None` for another text.
pub fn parse_length(text: &str) -> Option<SignedDuration> {
    let length = text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!length.is_negative()).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn period(since: &str, until: &str) -> Result<Period, PeriodError> {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let (since, until) = (since.to_owned().leak(), until.to_owned().leak());
        Period::parse(some(since), some(until), at("2026-03-10T12:00:00Z"))
    }

    #[test]
    fn times_days_and_ages_are_read() {
        for (since, expected) in [
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
            ("2026-03-02T09:00:00+01:00", "2026-03-02T08:00:00Z"),
            ("2026-03-02 09:00:00Z", "2026-03-02T09:00:00Z"),
            ("2026-03-02", "2026-03-02T00:00:00Z"),
            ("2h", "2026-03-10T10:00:00Z"),
            ("90m", "2026-03-10T10:30:00Z"),
            ("1h30m", "2026-03-10T10:30:00Z"),
            ("45s", "2026-03-10T11:59:15Z"),
            ("3d", "2026-03-07T12:00:00Z"),
            ("1w", "2026-03-03T12:00:00Z"),
        ] {
            assert_eq!(period(since, "").unwrap().since, Some(at(expected)), "{since}");
        }
        for (until, expected) in [
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
            // The day is included.
            ("2026-03-02", "2026-03-03T00:00:00Z"),
            ("2024-02-28", "2024-02-29T00:00:00Z"),
            ("2h", "2026-03-10T10:00:00Z"),
        ] {
            assert_eq!(period("", until).unwrap().until, Some(at(expected)), "{until}");
        }
    }

    #[test]
    fn one_day_is_a_period() {
        let day = period("2026-03-02", "2026-03-02").unwrap();
        for (time, is_in) in [
            ("2026-03-01T23:59:59Z", false),
            ("2026-03-02T00:00:00Z", true),
            ("2026-03-02T23:59:59Z", true),
            ("2026-03-03T00:00:00Z", false),
        ] {
            assert_eq!(day.includes(at(time)), is_in, "{time}");
        }
        assert!(Period::default().includes(at("2026-03-02T00:00:00Z")));
    }

    #[test]
    fn the_time_around_a_moment_includes_its_ends() {
        let hour = SignedDuration::from_hours(1);
        let around = Period::default().around(at("2026-03-02T09:00:00Z"), hour);
        for (time, is_in) in [
            ("2026-03-02T07:59:59Z", false),
            ("2026-03-02T08:00:00Z", true),
            ("2026-03-02T10:00:00Z", true),
            ("2026-03-02T10:00:01Z", false),
        ] {
            assert_eq!(around.includes(at(time)), is_in, "{time}");
        }
        let cut = period("2026-03-02T08:30:00Z", "2026-03-02T09:30:00Z").unwrap();
        assert_eq!(cut.around(at("2026-03-02T09:00:00Z"), hour), cut);
        let moment = at("2026-03-02T09:00:00Z");
        assert!(Period::default().around(moment, SignedDuration::ZERO).includes(moment));
        assert!(Period::default().around(Timestamp::MAX, SignedDuration::MAX).includes(Timestamp::MIN));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            " ",
            "yesterday",
            "2",
            "h",
            "-2h",
            "2 hours ago",
            "2026-3-2",
            "2026-02-30",
            "2026-03-02T09:00:00",
            "02.03.2026",
            "9999-12-31x",
            "2h; rm",
            "1e9h",
            "99999999999999999999h",
        ] {
            let refused = Period::parse(Some(text), None, at("2026-03-10T12:00:00Z"));
            assert!(refused.is_err(), "{text:?}: {refused:?}");
        }
        assert!(matches!(period("9000000w", ""), Err(PeriodError::NotTime(_) | PeriodError::TooLong(_))));
        assert_eq!(period("", "9999-12-31").unwrap().until, Some(Timestamp::MAX));
        assert!(matches!(period("2h", "3h"), Err(PeriodError::Empty { .. })));
        assert!(matches!(period("2026-03-03", "2026-03-02"), Err(PeriodError::Empty { .. })));
    }
}

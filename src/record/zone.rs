//! Time zones, of which an event's hour and day of the week are reckoned.

use std::sync::{LazyLock, OnceLock};

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{TimeZone, TimeZoneDatabase},
};

/// A time zone of the IANA time zone database, which is part of the program, so that a zone is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Option<u16>);

/// The zones by name, each read when it is first used.
static ZONES: LazyLock<Vec<(String, OnceLock<TimeZone>)>> = LazyLock::new(|| {
    TimeZoneDatabase::bundled().available().map(|name| (name.as_str().to_owned(), OnceLock::new())).collect()
});

impl Zone {
    /// Coordinated universal time, as in `eventTime`.
    pub const UTC: Self = Self(None);

    /// The zone of that name, such as `Europe/Berlin`, in any case; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("UTC") {
            return Some(Self::UTC);
        }
        let at = ZONES.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(Self(Some(u16::try_from(at).ok()?)))
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ZONES.iter().map(|(name, _)| name.as_str())
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.entry().map_or("UTC", |(name, _)| name)
    }

    /// The hour of a time, from 0 to 23.
    pub(super) fn hour(self, time: Timestamp) -> i8 {
        self.local(time).hour()
    }

    /// The day of the week of a time, from 1 for Monday to 7.
    pub(super) fn weekday(self, time: Timestamp) -> i8 {
        self.local(time).weekday().to_monday_one_offset()
    }

    fn local(self, time: Timestamp) -> DateTime {
        let zone = self.entry().map(|(name, zone)| {
            zone.get_or_init(|| TimeZoneDatabase::bundled().get(name).unwrap_or(TimeZone::UTC)).clone()
        });
        zone.unwrap_or(TimeZone::UTC).to_datetime(time)
    }

    fn entry(self) -> Option<&'static (String, OnceLock<TimeZone>)> {
        ZONES.get(usize::from(self.0?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are those of `TZ=… date -d @… '+%H %u'`.
    #[test]
    fn hours_and_weekdays_are_those_of_the_zone() {
        let check = |zone: &str, time: &str, expected: (i8, i8)| {
            let (zone, time) = (Zone::named(zone).unwrap(), time.parse().unwrap());
            assert_eq!((zone.hour(time), zone.weekday(time)), expected, "{zone:?} {time}");
        };
        check("UTC", "2026-03-01T23:30:00Z", (23, 7));
        check("Europe/Berlin", "2026-03-01T23:30:00Z", (0, 1));
        check("Europe/Berlin", "2026-07-01T23:30:00Z", (1, 4));
        check("America/New_York", "2026-03-01T03:30:00Z", (22, 6));
        check("Asia/Kathmandu", "2026-03-01T18:20:00Z", (0, 1));
    }

    #[test]
    fn every_zone_is_found_by_its_name() {
        assert!(Zone::names().count() > 400);
        for name in Zone::names() {
            assert_eq!(Zone::named(name).map(Zone::name), Some(name));
        }
        assert_eq!(Zone::named("europe/berlin").map(Zone::name), Some("Europe/Berlin"));
        assert_eq!(Zone::named("Berlin"), None);
    }
}

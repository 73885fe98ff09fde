//! The alerts that a page shows: all of them, or the most severe as far as a bound of memory goes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{entry::ReportAlert, packed::PackedLines, recent::RecentRecords};

/// How much a page may hold.
#[derive(Clone, Copy, Debug)]
pub struct PageLimits {
    /// The most bytes of lines, which the browser unpacks.
    pub lines: usize,
    /// The most bytes of text that these become in the page.
    pub packed: usize,
}

impl Default for PageLimits {
    /// A browser's text can have half a billion characters; a page of 25 MB is what people can send.
    fn default() -> Self {
        Self { lines: 256 << 20, packed: 24_500_000 }
    }
}

/// The lines of alerts.
#[derive(Default)]
pub struct KeptAlerts {
    /// By severity, then in the order in which they came.
    lines: BTreeMap<(u8, usize), Kept>,
    count: usize,
    bytes: usize,
    limits: PageLimits,
}

struct Kept {
    id: String,
    line: Box<RawValue>,
}

/// A line of the page's data: an alert, and how many events of its series came after its last alert.
#[derive(Serialize)]
struct DataLine<'a> {
    more: u64,
    alert: &'a RawValue,
}

/// The data of a page.
pub struct PageData {
    /// Lines of JSON, compressed, in Base64.
    pub packed: String,
    /// How many alerts are in it.
    pub alerts: usize,
    /// How many are not, for want of room.
    pub left_out: usize,
}

impl KeptAlerts {
    /// No alerts, and other limits than the default.
    pub fn within(limits: PageLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds an alert; the last of the least severe go to make room.
    pub fn push(&mut self, alert: ReportAlert<'_>, recent: &RecentRecords) {
        let Ok(line) = RawValue::from_string(alert.json(recent)) else { return };
        self.bytes += line.get().len();
        let key = (alert.alert.severity().number(), self.count);
        self.lines.insert(key, Kept { id: alert.alert.id.clone(), line });
        self.count += 1;
        while self.bytes > self.limits.lines
            && let Some((_, last)) = self.lines.pop_last()
        {
            self.bytes -= last.line.get().len();
        }
    }

    /// The data of the page; `more` is how many events came after an alert, by its id.
    pub fn packed(self, more: impl Fn(&str) -> u64) -> PageData {
        let mut packed = PackedLines::new(self.limits.packed);
        let line = |kept: &Kept| serde_json::to_string(&DataLine { more: more(&kept.id), alert: &kept.line });
        let alerts = self.lines.values().take_while(|kept| packed.push(&line(kept).unwrap_or_default())).count();
        PageData { packed: packed.finish(), alerts, left_out: self.count - alerts }
    }
}

//! The records that an alert may list: those that rules matched last, as many as a bound of memory holds.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::{record::Record, untrusted::visible};

/// The most bytes of a record that the page shows.
const MAX_RECORD: usize = 16 * 1024;

/// Texts of records by event id.
pub struct RecentRecords {
    texts: HashMap<Arc<str>, Arc<str>>,
    /// The ids, the oldest first.
    order: VecDeque<Arc<str>>,
    bytes: usize,
    limit: usize,
}

impl RecentRecords {
    /// No records yet; `limit` is how many bytes their texts may take.
    pub fn new(limit: usize) -> Self {
        Self { texts: HashMap::new(), order: VecDeque::new(), bytes: 0, limit }
    }

    /// Adds a record; the oldest go to make room. One without an event id is not added, since no alert can list it.
    pub fn add(&mut self, record: &Record) {
        let Some(id) = record.at(&["eventID"]).map(Arc::<str>::from) else { return };
        if self.texts.contains_key(&id) {
            return;
        }
        let text = record_text(record);
        self.bytes += id.len() + text.len();
        self.texts.insert(Arc::clone(&id), text.into());
        self.order.push_back(id);
        while self.bytes > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            let text = self.texts.remove(&oldest);
            self.bytes -= oldest.len() + text.map_or(0, |text| text.len());
        }
    }

    /// The text of the record with that event id, if it is still there.
    pub fn get(&self, id: &str) -> Option<Arc<str>> {
        self.texts.get(id).cloned()
    }
}

/// The JSON of a record, in which what a reader would not see is escaped; a long one is cut.
pub fn record_text(record: &Record) -> String {
    let text = visible(&record.to_string());
    if text.len() <= MAX_RECORD {
        return text;
    }
    format!("{}… ({} bytes in all)", &text[..text.floor_char_boundary(MAX_RECORD)], text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(id: &str, text: &str) -> Record {
        Record::new(json!({"eventID": id, "x": text})).unwrap()
    }

    #[test]
    fn what_a_reader_would_not_see_is_escaped_and_the_text_is_still_the_json_of_the_record() {
        let hostile = "a\u{202e}b\u{0}\u{2028}\u{e0041}</script>";
        let text = record_text(&record("1", hostile));
        assert_eq!(text, r#"{"eventID":"1","x":"a\u202eb\u0000\u2028\udb40\udc41</script>"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["x"], hostile);
    }

    #[test]
    fn a_long_record_is_cut_between_characters_and_names_its_length() {
        let text = record_text(&record("1", &"é".repeat(20_000)));
        assert!(text.ends_with("é… (40022 bytes in all)") && text.len() < MAX_RECORD + 40, "{}", text.len());
    }

    #[test]
    fn the_oldest_records_make_room() {
        let mut recent = RecentRecords::new(400);
        for id in ["1", "2", "2", "3"] {
            recent.add(&record(id, &"x".repeat(150)));
        }
        assert_eq!(["1", "2", "3"].map(|id| recent.get(id).is_some()), [false, true, true]);
        recent.add(&record("4", &"x".repeat(1_000)));
        assert!(recent.get("3").is_none() && recent.bytes == 0);
    }
}

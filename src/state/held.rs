//! The alerts that the hourly limit of a rule held back, as many as fit into an item.

use std::{cmp::Reverse, collections::HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    record::{Record, Virtual, target},
    untrusted::shorten_to,
};

/// The longest text of a line, in characters and in bytes of JSON.
const MAX_TEXT: usize = 160;
/// How many bytes of JSON the lines take at most.
const MAX_BYTES: usize = 14_000;

/// An alert that was held back: who did what to what. Texts are empty where the record has none, and they are not safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLine {
    /// Who made the request: `principal`.
    pub principal: String,
    /// The account that the event belongs to.
    pub account: String,
    /// What the event acted on.
    pub target: String,
    /// `success`, else the error code, else `failure`.
    pub result: String,
    /// Whether the request succeeded: an error code can be any text.
    pub is_success: bool,
    /// The id of the event.
    pub event: String,
    /// When the event happened, in seconds since 1970.
    pub time: i64,
}

/// Lines of alerts that were held back, in the order in which they came, bounded in bytes. Of a flood by one caller only so many
/// lines remain that everyone else has some, and the first and the last ones: see [`HeldList::add`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldList(Vec<Held>);

/// A line, and the hash of its alert: an alert that is held back again has one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Row", from = "Row")]
struct Held {
    alert: u64,
    line: HeldLine,
}

/// A line as it is stored, without names, since these would take the room of others.
type Row = (u64, i64, bool, String, String, String, String, String);

impl From<Held> for Row {
    fn from(Held { alert, line }: Held) -> Self {
        let HeldLine { principal, account, target, result, is_success, event, time } = line;
        (alert, time, is_success, principal, account, target, result, event)
    }
}

impl From<Row> for Held {
    fn from((alert, time, is_success, principal, account, target, result, event): Row) -> Self {
        Self { alert, line: HeldLine { principal, account, target, result, is_success, event, time } }
    }
}

impl HeldLine {
    /// The line of the alert that a record raises; `otherwise` is the time of an event that has none.
    pub fn of(record: &Record, otherwise: Timestamp) -> Self {
        let short = |text: Option<String>| text.map(|text| shorten(&text)).unwrap_or_default();
        let field = |field| record.field(field);
        let is_success = field(Virtual::Result).is_none_or(|result| result == "success");
        let result = if is_success { None } else { field(Virtual::Error).filter(|code| !code.is_empty()) };
        let word = if is_success { "success" } else { "failure" };
        Self {
            principal: short(field(Virtual::Principal)),
            account: short(record.at(&["recipientAccountId"]).or_else(|| field(Virtual::AccountId))),
            target: short(target(record)),
            result: result.map_or_else(|| word.to_owned(), |code| shorten(&code)),
            is_success,
            event: short(record.at(&["eventID"])),
            time: record.event_time().unwrap_or(otherwise).as_second(),
        }
    }

    /// How many bytes of JSON it takes with its alert, at most.
    fn bytes(&self) -> usize {
        let texts = [&self.principal, &self.account, &self.target, &self.result, &self.event];
        // Two numbers of 20 digits, the truth value, and punctuation.
        66 + texts.into_iter().map(|text| json_bytes(text)).sum::<usize>()
    }
}

impl HeldList {
    /// Adds the line of an alert, by the hash of its id. An alert has one line: its first one, or that of a success in place of
    /// that of a failure. If there is no room, a line goes: a failure if there is one, of the caller with the most, and of these
    /// the one in the middle. So no failure takes the place of a success, no caller that of another who has no more lines, and
    /// neither what came first nor what came last is pushed out by noise.
    pub fn add(&mut self, alert: u64, line: HeldLine) {
        if let Some(at) = self.0.iter().position(|held| held.alert == alert) {
            if self.0[at].line.is_success || !line.is_success {
                return;
            }
            self.0.remove(at);
        }
        self.0.push(Held { alert, line });
        let mut bytes: usize = self.0.iter().map(|held| held.line.bytes()).sum();
        while bytes > MAX_BYTES {
            let Some(at) = self.least() else { return };
            bytes -= self.0.remove(at).line.bytes();
        }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines: successes first, and each in the order of time.
    pub fn lines(&self) -> Vec<HeldLine> {
        let mut lines: Vec<HeldLine> = self.0.iter().map(|held| held.line.clone()).collect();
        lines.sort_by_key(|line| (!line.is_success, line.time));
        lines
    }

    /// The index of the line that goes first.
    fn least(&self) -> Option<usize> {
        let has_failures = self.0.iter().any(|held| !held.line.is_success);
        let considered: Vec<(usize, &str)> = (0..)
            .zip(&self.0)
            .filter(|(_, held)| !has_failures || !held.line.is_success)
            .map(|(at, held)| (at, held.line.principal.as_str()))
            .collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (_, caller) in &considered {
            *counts.entry(caller).or_default() += 1;
        }
        // How far a line is from the first and the last.
        let depth = |position: usize, count: usize| position.min(count.saturating_sub(position + 1));
        let mut before: HashMap<&str, usize> = HashMap::new();
        let ranks = considered.iter().enumerate().map(|(position, (at, caller))| {
            let count = counts.get(caller).copied().unwrap_or_default();
            let own = before.entry(caller).or_default();
            let own_depth = depth(*own, count);
            *own += 1;
            // Of equal ones the older goes.
            (count, own_depth, depth(position, considered.len()), Reverse(*at))
        });
        ranks.max().map(|(.., Reverse(at))| at)
    }
}

/// A text of a line: without control characters, and short in characters and in bytes.
fn shorten(text: &str) -> String {
    let plain: String = text.chars().take(2 * MAX_TEXT).map(|one| if one.is_control() { ' ' } else { one }).collect();
    let mut limit = MAX_TEXT;
    loop {
        let short = shorten_to(&plain, limit);
        let over = json_bytes(&short).saturating_sub(MAX_TEXT);
        if over == 0 || limit == 0 {
            return short;
        }
        // A character takes at most four bytes.
        limit = limit.min(short.chars().count()).saturating_sub(over.div_ceil(4));
    }
}

/// How many bytes a text without control characters takes in JSON.
fn json_bytes(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn line(principal: &str, is_success: bool, time: i64) -> HeldLine {
        let result = if is_success { "success" } else { "AccessDenied" };
        HeldLine {
            principal: format!("arn:aws:iam::111122223333:role/{principal}"),
            account: "111122223333".to_owned(),
            target: "arn:aws:cloudtrail:us-east-1:111122223333:trail/organization-trail".to_owned(),
            result: result.to_owned(),
            is_success,
            event: "d060faa2-5b6e-4cc0-bc5c-d065efceea5a".to_owned(),
            time,
        }
    }

    fn of(lines: impl IntoIterator<Item = HeldLine>) -> HeldList {
        let mut list = HeldList::default();
        lines.into_iter().zip(0..).for_each(|(line, alert)| list.add(alert, line));
        list
    }

    fn count(list: &HeldList, principal: &str) -> usize {
        let end = format!("/{principal}");
        list.lines().iter().filter(|line| line.principal.ends_with(&end)).count()
    }

    #[test]
    fn a_line_is_what_the_record_has() {
        let record = json!({
            "eventID": "e-1",
            "eventTime": "1970-01-01T00:01:40Z",
            "recipientAccountId": "111122223333",
            "errorCode": "AccessDenied",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::444455556666:user/eve", "accountId": "444455556666"},
            "requestParameters": {"name": "organization-trail"},
        });
        let denied = HeldLine {
            principal: "arn:aws:iam::444455556666:user/eve".to_owned(),
            account: "111122223333".to_owned(),
            target: "organization-trail".to_owned(),
            result: "AccessDenied".to_owned(),
            is_success: false,
            event: "e-1".to_owned(),
            time: 100,
        };
        let now = Timestamp::from_second(7).unwrap();
        let of = |record: serde_json::Value| HeldLine::of(&Record::new(record).unwrap(), now);
        assert_eq!(of(record), denied);
        let bare = HeldLine { result: "success".to_owned(), is_success: true, time: 7, ..HeldLine::default() };
        assert_eq!(of(json!({})), bare);
        let sign_in = json!({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}});
        let failed = HeldLine { result: "failure".to_owned(), is_success: false, ..bare };
        assert_eq!(of(sign_in), failed);
        // A failure whose code is the word for a success is none.
        let disguised = HeldLine { result: "success".to_owned(), ..failed };
        assert_eq!(of(json!({"errorCode": "success"})), disguised);
    }

    #[test]
    fn a_flood_by_one_caller_leaves_room_for_others() {
        let flood = (0..500).map(|time| line("eve", true, time));
        let others = ["ann", "bob", "cyd"].map(|name| line(name, true, 0));
        for lines in
            [flood.clone().chain(others.clone()).collect::<Vec<_>>(), others.into_iter().chain(flood).collect()]
        {
            let list = of(lines);
            assert_eq!(["ann", "bob", "cyd"].map(|name| count(&list, name)), [1, 1, 1]);
            assert!(count(&list, "eve") > 20, "{}", list.len());
        }
    }

    #[test]
    fn a_success_takes_the_place_of_a_failure_and_not_the_other_way() {
        let failures = of((0..500).map(|time| line("eve", false, time)));
        let mut list = failures.clone();
        list.add(1_000, line("eve", true, 1));
        assert_eq!((list.len(), &list.lines()[0]), (failures.len(), &line("eve", true, 1)));
        assert!(list.lines()[1..].iter().all(|line| !line.is_success));

        let successes = of((0..500).map(|time| line("eve", true, time)));
        let mut list = successes.clone();
        list.add(1_000, line("ann", false, 1));
        assert_eq!(list, successes);
    }

    #[test]
    fn an_alert_has_one_line() {
        let mut list = of([line("eve", true, 1)]);
        let before = list.clone();
        list.add(0, line("eve", true, 2));
        list.add(0, line("eve", false, 2));
        assert_eq!(list, before);
        // That of its success, which comes last, in place of that of its failure.
        let mut list = of([line("eve", false, 1), line("eve", true, 2)]);
        list.add(0, line("ann", false, 3));
        assert_eq!(list.lines()[1], line("eve", false, 1));
        list.add(0, line("ann", true, 4));
        assert_eq!(list.lines(), [line("eve", true, 2), line("ann", true, 4)]);
    }

    /// Noise around an act, by the same caller or by a hundred others: it pushes out neither what came before nor what comes after.
    #[test]
    fn noise_pushes_out_neither_the_first_nor_the_last() {
        let by_one = |time: i64| line("eve", true, time);
        let by_many = |time: i64| line(&format!("noise-{time:03}"), true, time);
        for noise in [by_one, by_many as fn(i64) -> HeldLine] {
            let act = HeldLine { target: "organization-trail".to_owned(), ..line("eve", true, 0) };
            for (at, time) in [(0, 0), (100, 100)] {
                let mut lines: Vec<HeldLine> = (1..=100).map(noise).collect();
                lines.insert(at, HeldLine { time, ..act.clone() });
                let kept = of(lines).lines();
                assert!(kept.iter().any(|line| line.target == act.target), "{at}");
                // Half are the first ones and half the last ones.
                let first = kept.iter().filter(|line| line.time <= 50).count();
                assert!(kept.len() >= 36 && first.abs_diff(kept.len() - first) <= 1, "{first} of {}", kept.len());
            }
        }
    }

    #[test]
    fn texts_are_short_and_in_one_line() {
        for text in
            ["a".repeat(500), "\"\\".repeat(200), "é".repeat(500), "\u{1f600}".repeat(500), "\n\u{0}".repeat(500)]
        {
            let short = shorten(&text);
            assert!(short.chars().count() <= 160 && serde_json::to_string(&short).unwrap().len() <= 162, "{short}");
            assert!(json_bytes(&short) > 150 || text.starts_with('\n'), "{short}");
            assert!(!short.contains(char::is_control));
        }
        assert_eq!(shorten("a\nb"), "a b");
        assert_eq!(shorten(&"a".repeat(160)), "a".repeat(160));
        // The ellipsis has three bytes.
        assert_eq!(shorten(&"a".repeat(161)), "a".repeat(157) + "…");
    }

    fn any_line() -> impl Strategy<Value = HeldLine> {
        let text = || (any::<char>(), 0_usize..200).prop_map(|(one, times)| shorten(&one.to_string().repeat(times)));
        let texts = ("[a-e]", text(), text(), text(), text());
        (texts, any::<(bool, i64)>()).prop_map(|((principal, account, target, result, event), (is_success, time))| {
            HeldLine { principal, account, target, result, is_success, event, time }
        })
    }

    proptest! {
        /// Whatever comes, the list is bounded, and long texts leave room for ten lines.
        #[test]
        fn a_list_is_bounded(lines in proptest::collection::vec(any_line(), 0..80)) {
            let list = of(lines.clone());
            prop_assert!(serde_json::to_string(&list).unwrap().len() <= 14_000 + 2);
            let kept = list.lines();
            prop_assert!(kept.iter().all(|line| lines.contains(line)));
            prop_assert!(kept.len() >= lines.len().min(10));
        }

        /// What each of some callers did first and last has a line, and so has what came last of all, by however many.
        #[test]
        fn the_first_and_the_last_have_a_line(
            callers in proptest::collection::vec(0_usize..6, 1..150),
            (many, is_success) in (proptest::collection::vec(0_usize..90, 1..150), any::<bool>()),
        ) {
            let lines = |callers: &[usize]| -> Vec<HeldLine> {
                (0..).zip(callers).map(|(time, at)| line(&format!("caller-{at:02}"), is_success, time)).collect()
            };
            let (few, many) = (lines(&callers), lines(&many));
            let kept = of(few.clone()).lines();
            for line in &few {
                let mut own = few.iter().filter(|other| other.principal == line.principal);
                let first = own.next();
                prop_assert!(first.is_none_or(|line| kept.contains(line)));
                prop_assert!(own.next_back().is_none_or(|line| kept.contains(line)));
            }
            prop_assert!(many.last().is_none_or(|line| of(many.clone()).lines().contains(line)));
        }

        /// Of lines of equal length, a caller with fewer loses none to one with more: the numbers of lines differ by more than one
        /// only where a caller has no more of them.
        #[test]
        fn a_list_is_fair(callers in proptest::collection::vec(0_usize..6, 0..150)) {
            let names = ["ann", "bob", "cyd", "dan", "eve", "fay"];
            let list = of(callers.iter().map(|at| line(names[*at], true, 0)));
            let (kept, all) = (names.map(|name| count(&list, name)), [0, 1, 2, 3, 4, 5].map(|at| callers.iter().filter(|one| **one == at).count()));
            let most = kept.into_iter().max().unwrap();
            for (kept, all) in kept.into_iter().zip(all) {
                prop_assert!(kept == all || kept + 1 >= most, "{kept} of {all}, and {most}");
            }
        }
    }
}

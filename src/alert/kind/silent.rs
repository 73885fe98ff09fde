//! An alert about accounts and regions of which no logs arrive any more.

use jiff::Timestamp;

use crate::{
    alert::{
        content::{Around, Content, RuleView, common},
        phrase::Phrase,
        place::{named, of_all},
        story::{List, ListItem, Story},
    },
    rule::{Accounts, FilledPart, Severity},
    state::Silence,
};

/// Replaces the rule.
const ID: &str = "trailbell-silent-source";
const NAME: &str = "No CloudTrail logs from an account and region";
const DESCRIPTION: &str = "Logs used to arrive on nearly every day, and now there have been none for more than three \
    times the longest gap of the week before. What happens there raises no alert. A trail that was stopped, deleted or changed is \
    silent like this, and so is a region that is no longer used.";

/// The accounts and regions, of which there is at least one.
#[derive(Clone, Debug)]
pub struct SilentSources(Vec<Silence>);

impl SilentSources {
    /// These, in the order of the time since when they are silent.
    pub fn new(mut silences: Vec<Silence>) -> Self {
        silences.sort_by(|one, other| (one.since, &one.source).cmp(&(other.since, &other.source)));
        Self(silences)
    }

    /// What the id of the alert is made of.
    pub fn id_parts(&self) -> Vec<String> {
        let each = |silence: &Silence| {
            let (account, region) = (silence.source.account(), silence.source.region());
            [account.to_owned(), region.to_owned(), silence.since.to_string()]
        };
        [ID.to_owned()].into_iter().chain(self.0.iter().flat_map(each)).collect()
    }

    /// The only one, if there is no other.
    fn only(&self) -> Option<&Silence> {
        if let [one] = &self.0[..] { Some(one) } else { None }
    }

    fn sentence(&self, places: &str) -> String {
        let since = self.0.first().map(|silence| minute(silence.since)).unwrap_or_default();
        format!("No CloudTrail logs from {places} since {since}")
    }

    fn places(&self) -> String {
        match &self.0[..] {
            [one] => format!("{} {}", one.source.account(), one.source.region()),
            all => format!("{} accounts and regions", all.len()),
        }
    }
}

/// Such as `2026-03-02 09:20 UTC`: minutes, since an arrival is recorded once an hour.
fn minute(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Such as `1 h 5 min`.
fn span(seconds: i64) -> String {
    let minutes = seconds.max(0) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

impl Content for SilentSources {
    fn tag(&self) -> &'static str {
        "kind.alert"
    }

    fn rule(&self) -> RuleView<'_> {
        RuleView { description: Some(DESCRIPTION), is_rule: true, ..RuleView::replaced(ID, NAME, Severity::REVIEW) }
    }

    fn title(&self) -> String {
        self.sentence(&self.places())
    }

    /// Without the account, which every subject names.
    fn headline(&self) -> Vec<FilledPart> {
        let place = self.only().map_or_else(|| self.places(), |silence| silence.source.region().to_owned());
        vec![FilledPart::own(self.sentence(&place))]
    }

    fn is_notice(&self) -> bool {
        false
    }

    fn account(&self) -> Option<String> {
        common(self.0.iter().map(|silence| Some(silence.source.account()))).map(str::to_owned)
    }

    fn region(&self) -> Option<String> {
        common(self.0.iter().map(|silence| Some(silence.source.region()))).map(str::to_owned)
    }

    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || self.0.iter().filter_map(|silence| Timestamp::from_second(silence.since).ok());
        Some((times().min()?, times().max()?))
    }

    fn story(&self, around: &Around<'_>) -> Story {
        let place = of_all(around.accounts, self.account(), self.region(), "");
        let lead = match self.only() {
            Some(Silence { since, longest_gap, .. }) => [
                Phrase::ours(format!("no CloudTrail logs have arrived since {}", minute(*since))),
                place.then(format!("; the longest gap of the week before was {}", span(*longest_gap))),
            ],
            None => [
                Phrase::ours(format!("no CloudTrail logs arrive any more from {}", self.places())),
                if place == Phrase::default() { Phrase::ours("they are listed below") } else { place },
            ],
        };
        let region = self.region().unwrap_or_else(|| "REGION".to_owned());
        let steps = [
            Phrase::ours("See whether the trail logs: aws cloudtrail get-trail-status --name TRAIL --region ")
                .value(region),
            Phrase::ours(
                "Look for StopLogging, DeleteTrail, UpdateTrail and PutEventSelectors in the event history of CloudTrail, \
                 which needs no trail",
            ),
            Phrase::ours("If the account is closed or the region unused, nothing is to be done: this comes once"),
        ];
        let items = if self.only().is_some() { Vec::new() } else { self.items(around.accounts) };
        let list = List { items, more: 0, noun: "account and region" };
        Story { list, steps: steps.into(), ..Story::of(lead) }
    }

    fn lines(&self) -> usize {
        if self.only().is_some() { 0 } else { self.0.len() }
    }
}

impl SilentSources {
    fn items(&self, accounts: &Accounts) -> Vec<ListItem> {
        let item = |Silence { source, since, longest_gap, .. }: &Silence| {
            let source =
                named(accounts, Phrase::default(), source.account().to_owned()).then(" ").value(source.region());
            let since = format!("since {}, usual gap {}", minute(*since), span(*longest_gap));
            ListItem { heading: None, lines: vec![source, Phrase::ours(since)] }
        };
        self.0.iter().map(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_told_in_hours_and_minutes() {
        for (seconds, text) in [(0, "0 min"), (3_599, "59 min"), (3_600, "1 h"), (3_900, "1 h 5 min"), (-1, "0 min")] {
            assert_eq!(span(seconds), text);
        }
    }
}

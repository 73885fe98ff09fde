//! A notice of events that came after alerts and raised none, since those alerts cover them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::roll_up::event_line;
use crate::{
    alert::{
        content::{Around, Content, NamedRule, RuleView, common},
        occurrence::{MAX_FIELDS, MAX_LISTED, list, listed},
        phrase::{Phrase, PhrasePart, Row},
        place::{Common, account, in_list, of_all},
        short_name::short_text,
        story::{List, ListItem, Story, rows},
    },
    diagnostic::counted,
    rule::{Accounts, FilledPart},
    state::{FollowUp, Listing, follow_up_id},
};

/// Replaces the rule of a notice about alerts of several.
const ID: &str = "trailbell-follow-up";
const NAME: &str = "More events of earlier alerts";

/// The events that came after one alert and raised none. Its texts are those of a record: they are not safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpNotice {
    /// The rule.
    pub rule: NamedRule,
    /// The id of the alert, or of the one that covers it.
    pub alert_id: String,
    /// Whether another alert covers it.
    pub is_covered: bool,
    /// The thread of the alert.
    pub thread_id: String,
    /// The title of the alert.
    pub title: String,
    /// The account of the alert's event.
    pub account: Option<String>,
    /// The region of the alert's event.
    pub region: Option<String>,
    /// The service of the alert's event.
    pub event_source: Option<String>,
    /// The name of the alert's event.
    pub event_name: Option<String>,
    /// Who made the alert's event.
    pub actor: Option<String>,
    /// How many events, or values, came after it.
    pub more: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// The ids of the newest events.
    pub events: Listing,
    /// Fields in which the events may differ, each with its distinct values.
    pub distinct: Vec<(String, Listing)>,
}

impl From<FollowUp> for FollowUpNotice {
    fn from(follow_up: FollowUp) -> Self {
        let thread_id = follow_up.thread_id().to_owned();
        let FollowUp { rule, alert_id, is_covered, headline, more, approximate, first, last, events, distinct, .. } =
            follow_up;
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            rule: NamedRule::from(&*rule),
            alert_id,
            is_covered,
            thread_id,
            title: headline.title,
            account: known(headline.account),
            region: known(headline.region),
            event_source: known(headline.event_source),
            event_name: known(headline.event_name),
            actor: known(headline.actor),
            more,
            approximate,
            first,
            last,
            events,
            distinct,
        }
    }
}

impl FollowUpNotice {
    /// The id of a notice about one alert.
    pub fn id(&self) -> String {
        follow_up_id(&self.alert_id, self.is_covered.then_some(&*self.rule.id))
    }

    /// The title of the alert, with ARNs by short names.
    fn short_title(&self) -> String {
        short_text(&self.title, self.account.as_deref())
    }

    /// How many more, such as `about 7 more events`.
    fn more(&self) -> String {
        let about = if self.approximate { "about " } else { "" };
        format!("{about}{}", counted(self.more, &format!("more {}", self.rule.counted)))
    }

    /// The most urgent alerts come first, then those with the most events.
    pub fn order(&self) -> impl Ord + use<> {
        (self.rule.severity, std::cmp::Reverse(self.more), self.alert_id.clone())
    }

    fn item(&self, accounts: &Accounts, common: Common) -> ListItem {
        let title = Phrase::ours(format!("SEV{} ", self.rule.severity.number())).value(self.short_title());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let place = in_list(accounts, &text(&self.account), &text(&self.region), common);
        let event = event_line(Some(self.last), self.last, self.events.values.last().map_or("", String::as_str));
        let lines = [title, Phrase::ours(self.more())].into_iter().chain(place).chain([event]);
        ListItem { heading: None, lines: lines.collect() }
    }

    fn evidence(&self) -> Value {
        let listing = |values: &Listing| {
            let (shown, hidden) = listed(values, MAX_LISTED);
            json!({"values": shown, "not_listed": (hidden > 0).then_some(hidden)})
        };
        let distinct = self.distinct.iter().take(MAX_FIELDS).map(|(field, values)| (field.clone(), listing(values)));
        json!({
            "uid": self.alert_id,
            "name": self.title,
            "data": {
                "rule": self.rule.id, "severity": self.rule.severity.number(),
                "account": self.account, "region": self.region,
                "event_source": self.event_source, "event_name": self.event_name, "actor": self.actor,
                "more": self.more, "is_approximate": self.approximate.then_some(true),
                "first": self.first.to_string(), "last": self.last.to_string(),
                "event_ids": listing(&self.events), "distinct_values": distinct.collect::<Map<_, _>>(),
            },
        })
    }
}

/// What follows one alert.
fn of_one(one: &FollowUpNotice, accounts: &Accounts) -> Story {
    let first = Phrase::ours(format!("{} came after the alert ", one.more())).value(one.short_title());
    let second = account(accounts, Phrase::ours("in "), one.account.clone()).maybe(", region ", one.region.clone());
    let second = second.then(if one.first == one.last {
        format!(", at {}", one.last)
    } else {
        format!(", from {} to {}", one.first, one.last)
    });
    let what = match (&one.event_name, &one.event_source) {
        (Some(name), source) => Some(Phrase::theirs(name).maybe(" at ", source.clone())),
        (None, _) => None,
    };
    let fields = one.distinct.iter().filter(|(_, values)| values.count() > 0).take(MAX_FIELDS);
    let differences = fields.map(|(field, values)| {
        list(Phrase::default().with(PhrasePart::Rule(field.clone())).then(": "), values, MAX_LISTED)
    });
    let mut event = rows("Who", one.actor.clone().map(Phrase::theirs));
    event.extend(rows("Call", what));
    event.extend(rows("Values", differences));
    if one.events.count() > 0 {
        event.push(Row::new("Events", list(Phrase::default(), &one.events, MAX_LISTED)));
    }
    let places = vec![Row::new("Follows", Phrase::theirs(&one.alert_id))];
    let steps = vec![
        Phrase::ours("Check that these events fit what you found out about the alert"),
        Phrase::ours("If they are expected, add a suppression to the rule"),
    ];
    Story { events: event, steps, places, ..Story::of([first, second]) }
}

fn of_several(all: &Vec<FollowUpNotice>, accounts: &Accounts) -> Story {
    let (account, region) = (all.account(), all.region());
    let common = Common { account: account.is_some(), region: region.is_some() };
    let items = all.iter().map(|one| one.item(accounts, common)).collect();
    let (more, count) = (more_in_all(all), counted(all.len() as u64, "alert"));
    let when = match all.span() {
        Some((first, last)) => format!("from {first} to {last}; "),
        None => String::new(),
    };
    let lead = [
        Phrase::ours(format!("{more} came after {count}, and raised none of their own")),
        of_all(accounts, account, region, ", ").then(format!("{when}the most urgent alerts come first")),
    ];
    let steps = vec![
        Phrase::ours("Check that these events fit what you found out about each alert"),
        Phrase::ours("If they are expected, add a suppression to the rule"),
    ];
    Story { list: List { items, more: 0, noun: "alert with more events" }, steps, ..Story::of(lead) }
}

/// Such as `9 more events`.
fn more_in_all(all: &[FollowUpNotice]) -> String {
    let about = if all.iter().any(|one| one.approximate) { "about " } else { "" };
    let noun = common(all.iter().map(|one| Some(one.rule.counted))).unwrap_or("event");
    let more = all.iter().map(|one| one.more).fold(0, u64::saturating_add);
    format!("{about}{}", counted(more, &format!("more {noun}")))
}

/// Such as `9 more events of 3 alerts`.
fn more_of(all: &[FollowUpNotice]) -> String {
    format!("{} of {}", more_in_all(all), counted(all.len() as u64, "alert"))
}

impl Content for Vec<FollowUpNotice> {
    fn tag(&self) -> &'static str {
        "kind.follow-up"
    }

    fn rule(&self) -> RuleView<'_> {
        let Some(severest) = self.iter().map(|one| &one.rule).min_by_key(|rule| rule.severity) else {
            return RuleView::replaced(ID, NAME, crate::rule::Severity::REVIEW);
        };
        match common(self.iter().map(|one| Some(&*one.rule.id))) {
            // The alert had the description.
            Some(_) => RuleView { description: None, ..severest.view() },
            None => RuleView::replaced(ID, NAME, severest.severity),
        }
    }

    fn title(&self) -> String {
        match &self[..] {
            [one] => format!("{}: {}", one.more(), one.title),
            all => more_of(all),
        }
    }

    fn headline(&self) -> Vec<FilledPart> {
        match &self[..] {
            [one] => vec![FilledPart::own(one.more() + ": "), FilledPart::value(&*one.title)],
            [first, ..] => vec![FilledPart::own(more_of(self) + ": "), FilledPart::value(&*first.title)],
            [] => vec![FilledPart::own(NAME)],
        }
    }

    fn account(&self) -> Option<String> {
        common(self.iter().map(|one| one.account.as_deref())).map(str::to_owned)
    }

    fn region(&self) -> Option<String> {
        common(self.iter().map(|one| one.region.as_deref())).map(str::to_owned)
    }

    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.iter().map(|one| one.first).min()?, self.iter().map(|one| one.last).max()?))
    }

    fn thread_id(&self) -> Option<String> {
        if let [one] = &self[..] { Some(one.thread_id.clone()) } else { None }
    }

    fn continued(&self) -> Option<&str> {
        if let [one] = &self[..] { Some(&one.alert_id) } else { None }
    }

    fn story(&self, around: &Around<'_>) -> Story {
        match &self[..] {
            [one] => of_one(one, around.accounts),
            _ => of_several(self, around.accounts),
        }
    }

    fn lines(&self) -> usize {
        self.len()
    }

    fn evidences(&self, _: &Accounts) -> Vec<Value> {
        self.iter().map(FollowUpNotice::evidence).collect()
    }
}

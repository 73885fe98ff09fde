//! A notice that the hourly limit of a rule holds alerts back: at once that it does, and when the hour ends which ones.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    alert::{
        content::{Around, Content, NamedRule, RuleView, common},
        phrase::{Phrase, PhrasePart, Row},
        place::{Common, clock, in_list, of_all, short_arn, short_time},
        story::{List, ListItem, Story, rows},
    },
    diagnostic::counted,
    rule::{Accounts, FilledPart, Severity},
    state::{Distinct, HeldLine},
};

/// How many alerts of successes of one caller a rule of severity 1 sends in an hour, whatever the limit is.
const MAX_SUCCESSES: u32 = 500;

/// The alerts of a rule that its hourly limit holds back.
#[derive(Clone, Debug)]
pub struct RollUpNotice {
    /// The rule.
    pub rule: NamedRule,
    /// When the hour begins.
    pub hour: Timestamp,
    /// The limit: how many alerts a rule may raise in an hour.
    pub limit: u32,
    /// How many alerts were held back so far.
    pub held: u64,
    /// Whether the hour goes on.
    pub stage: RollUpStage,
}

/// What a roll-up can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollUpStage {
    /// The hour goes on, and more alerts may be held back.
    Begun,
    /// The hour is over.
    Ended {
        /// The alerts, those that matter most first.
        list: Vec<HeldLine>,
        /// How many further ones have no line.
        more: u64,
    },
}

impl RollUpNotice {
    /// The id of the notice: the same at every retry, another one for the list.
    pub fn id(&self, of: impl Fn(&[&str]) -> String) -> String {
        let id = of(&["held back", &self.rule.id, &self.hour.to_string()]);
        match self.stage {
            RollUpStage::Begun => id,
            RollUpStage::Ended { .. } => format!("{id}.list"),
        }
    }

    /// How many alerts are held back; beyond what is counted exactly an estimate.
    fn counted(&self) -> String {
        let about = if self.held > Distinct::EXACT as u64 { "about " } else { "" };
        format!("{about}{}", counted(self.held, "alert"))
    }

    fn end(&self) -> Timestamp {
        self.hour.checked_add(SignedDuration::from_hours(1)).unwrap_or(self.hour)
    }

    fn list(&self) -> &[HeldLine] {
        match &self.stage {
            RollUpStage::Begun => &[],
            RollUpStage::Ended { list, .. } => list,
        }
    }

    /// Who did it and with which result; to what; where; when, and the id of the event.
    fn item(&self, line: &HeldLine, accounts: &Accounts, common: Common) -> ListItem {
        let HeldLine { principal, account, target, result, event, .. } = line;
        let who = match &*short_arn(principal, account) {
            "" => Phrase::ours("an unknown caller"),
            who => Phrase::theirs(who),
        };
        let what = Some(short_arn(target, account)).filter(|target| !target.is_empty()).map(Phrase::theirs);
        let event = event_line(Timestamp::from_second(line.time).ok(), self.hour, event);
        let lines = [who.then(": ").value(result)].into_iter().chain(what);
        let lines = lines.chain(in_list(accounts, account, "", common)).chain([event]);
        ListItem { heading: None, lines: lines.collect() }
    }

    fn limit_rows(&self) -> Vec<Row> {
        let limit = format!("{} of a rule an hour", counted(self.limit.into(), "alert"));
        let parts = "failures have a third of them, successes the rest; one caller has at most a third, and half of that for failures";
        let successes = format!("successes of this rule still arrive, up to {MAX_SUCCESSES} an hour of one caller");
        let is_severe = self.rule.severity == Severity::ACT_NOW;
        rows("Limit", [limit, parts.to_owned()].into_iter().chain(is_severe.then_some(successes)).map(Phrase::ours))
    }

    fn steps(&self) -> Vec<Phrase> {
        let day = self.hour.strftime("%Y/%m/%d");
        let first = match &self.stage {
            RollUpStage::Begun => "Wait for the list, which comes within minutes after the hour".to_owned(),
            RollUpStage::Ended { more: 0, .. } => "Check who did this, and whether a success is among it".to_owned(),
            RollUpStage::Ended { .. } => "Check who did this, and what the list has no room for".to_owned(),
        };
        let scan = format!("See every match: run trailbell scan on the log files of {day}");
        let quiet = "If it is expected, add a suppression to the rule or raise its threshold".to_owned();
        let raise = "If the limit is too low, raise MAX_ALERTS_PER_RULE_HOUR".to_owned();
        [first, scan, quiet, raise].map(Phrase::ours).into()
    }
}

/// When an event happened, and its id.
pub fn event_line(time: Option<Timestamp>, day: Timestamp, event: &str) -> Phrase {
    let time = time.map_or_else(|| "at an unknown time".to_owned(), |time| short_time(time, day));
    match event {
        "" => Phrase::ours(format!("{time} event without an id")),
        event => Phrase::ours(format!("{time} ")).value(event),
    }
}

impl Content for RollUpNotice {
    fn tag(&self) -> &'static str {
        "kind.roll-up"
    }

    fn rule(&self) -> RuleView<'_> {
        self.rule.view()
    }

    fn title(&self) -> String {
        match self.stage {
            RollUpStage::Begun => format!("alerts are held back until {} UTC", clock(self.end())),
            RollUpStage::Ended { .. } => format!("{} held back in an hour", self.counted()),
        }
    }

    fn headline(&self) -> Vec<FilledPart> {
        let what = match self.stage {
            RollUpStage::Begun => format!("Alerts held back until {} UTC: ", clock(self.end())),
            RollUpStage::Ended { .. } => format!("{} held back: ", self.counted()),
        };
        vec![FilledPart::own(what), FilledPart::value(self.rule.view().ascii_name())]
    }

    fn account(&self) -> Option<String> {
        common(self.list().iter().map(|line| Some(&*line.account))).filter(|id| !id.is_empty()).map(str::to_owned)
    }

    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.hour, self.hour))
    }

    fn story(&self, around: &Around<'_>) -> Story {
        let name = PhrasePart::Rule(self.rule.name.clone());
        let account = self.account();
        let lead = match &self.stage {
            RollUpStage::Begun => [
                Phrase::ours("the rule ").with(name).then(" raises more alerts than its hourly limit allows"),
                Phrase::ours(format!("further ones are held back until {}, and listed then", self.end())),
            ],
            RollUpStage::Ended { list, more } => {
                let first = Phrase::ours(format!("{} of the rule ", self.counted())).with(name);
                let were = if self.held == 1 { " was held back" } else { " were held back" };
                let which = match (&list[..], more) {
                    ([], _) => "none has a message of its own",
                    ([_], 0) => "it has no message of its own",
                    (_, 0) => "none has a message of its own, so each is listed here",
                    (_, _) => "none has a message of its own; some are listed here",
                };
                let place = of_all(around.accounts, account.clone(), None, ", ");
                [first.then(were), place.then(format!("from {} to {}; {which}", self.hour, self.end()))]
            }
        };
        let common = Common { account: account.is_some(), region: true };
        let item = |line| self.item(line, around.accounts, common);
        let items = self.list().iter().map(item).collect();
        let more = if let RollUpStage::Ended { more, .. } = self.stage { more } else { 0 };
        let list = List { items, more, noun: "held-back alert" };
        Story { what: self.limit_rows(), list, steps: self.steps(), ..Story::of(lead) }
    }

    fn lines(&self) -> usize {
        self.list().len()
    }

    fn evidences(&self, accounts: &Accounts) -> Vec<Value> {
        let evidence = |line: &HeldLine| {
            let HeldLine { principal, account, target, result, is_success, event, time } = line;
            let owner = (!account.is_empty()).then(|| json!({"uid": account, "name": accounts.name(account)}));
            json!({
                "uid": event,
                "actor": {"user": {"name": principal, "account": owner}},
                "resources": [{"uid": target}],
                "data": {"result": result, "is_success": is_success, "time": time, "account": account},
            })
        };
        self.list().iter().map(evidence).collect()
    }

    fn unmapped(&self) -> Map<String, Value> {
        let more = if let RollUpStage::Ended { more, .. } = self.stage { more } else { 0 };
        let facts = json!({
            "held_back": self.held, "limit": self.limit, "hour": self.hour.to_string(),
            "held_back_not_listed": (more > 0).then_some(more),
        });
        facts.as_object().cloned().unwrap_or_default()
    }
}

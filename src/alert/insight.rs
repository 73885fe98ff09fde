//! A CloudTrail Insights event: which rate of calls or errors is unusual, against which baseline, and to whom CloudTrail
//! attributes it.
//!
//! The shape: "CloudTrail record contents for Insights events for trails" in the AWS CloudTrail User Guide,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html>.

use std::collections::HashSet;

use super::phrase::{Phrase, Row};
use crate::record::{Node, Record, Scalar, Tree, Virtual};

/// The most attributes, such as the user, to which a rate is attributed.
const MAX_ATTRIBUTES: usize = 6;
/// The most values of one attribute; CloudTrail lists five.
const MAX_VALUES: usize = 10;

/// A view of the record of an Insights event. All text is as the record has it: it is not safe to show.
#[derive(Clone, Copy)]
pub struct Insight<'r>(&'r Record);

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counted {
    /// Calls.
    Calls,
    /// Calls that fail, with the error code if the record has it.
    Errors(Option<String>),
    /// Something else.
    Other(Option<String>),
}

/// To which values of an attribute CloudTrail attributes the rate.
pub struct Attribution {
    /// The attribute, such as `userIdentityArn`.
    pub attribute: String,
    /// Its values.
    pub shares: Vec<Share>,
    /// How many values there are beside these.
    pub more: usize,
}

/// The part of a rate that has one value of an attribute; both rates are averages per minute.
pub struct Share {
    /// The value.
    pub value: String,
    /// The rate during the unusual activity, if it is listed.
    pub rate: Option<f64>,
    /// The rate during the baseline, if it is listed.
    pub baseline: Option<f64>,
}

impl<'r> Insight<'r> {
    /// The Insights event of a record; `None` for a record of any other kind.
    pub fn of(record: &'r Record) -> Option<Self> {
        (record.field(Virtual::EventType)? == "insight").then_some(Self(record))
    }

    fn detail(self, keys: &[&str]) -> Option<Tree<'r>> {
        keys.iter().try_fold(self.0.root().get("insightDetails")?, |node, key| node.get(key))
    }

    fn text(self, key: &str) -> Option<String> {
        self.0.at(&["insightDetails", key])
    }

    /// The service whose calls are unusual.
    pub fn event_source(self) -> Option<String> {
        self.text("eventSource")
    }

    /// The name of the calls that are unusual.
    pub fn event_name(self) -> Option<String> {
        self.text("eventName")
    }

    /// `Start` or `End`.
    pub fn state(self) -> Option<String> {
        self.text("state")
    }

    /// `ApiCallRateInsight` or `ApiErrorRateInsight`.
    pub fn kind(self) -> Option<String> {
        self.text("insightType")
    }

    /// The code of the unusual errors.
    pub fn error(self) -> Option<String> {
        self.text("errorCode")
    }

    /// The unusual rate, as an average per minute.
    pub fn rate(self) -> Option<f64> {
        number(self.detail(&["insightContext", "statistics", "insight", "average"])?)
    }

    /// The usual rate, as an average per minute.
    pub fn baseline(self) -> Option<f64> {
        number(self.detail(&["insightContext", "statistics", "baseline", "average"])?)
    }

    /// How long the rate has been unusual, in minutes.
    pub fn minutes(self) -> Option<f64> {
        number(self.detail(&["insightContext", "statistics", "insightDuration"])?)
    }

    /// How long the baseline was measured, in minutes.
    pub fn baseline_minutes(self) -> Option<f64> {
        number(self.detail(&["insightContext", "statistics", "baselineDuration"])?)
    }

    /// To whom and to what the rate is attributed, and how many attributes there are beside these.
    pub fn attributions(self) -> (Vec<Attribution>, usize) {
        let Some(list) = self.detail(&["insightContext", "attributions"]) else { return (Vec::new(), 0) };
        let named = each(list).filter_map(|one| Some((text(one.get("attribute")?)?, one)));
        let mut found = Vec::new();
        let mut more = 0;
        for (attribute, one) in named {
            if found.len() == MAX_ATTRIBUTES {
                more += 1;
                continue;
            }
            let (shares, hidden) = shares(one);
            if !shares.is_empty() {
                found.push(Attribution { attribute, shares, more: hidden });
            }
        }
        (found, more)
    }

    fn counted(self) -> Counted {
        match self.kind() {
            Some(kind) if kind == "ApiCallRateInsight" => Counted::Calls,
            Some(kind) if kind == "ApiErrorRateInsight" => Counted::Errors(self.error()),
            kind => Counted::Other(kind),
        }
    }

    /// The users and roles to whom the unusual rate is attributed, by their ARNs.
    pub fn users(self) -> Vec<String> {
        let users = self.attributions().0.into_iter().filter(|one| one.attribute == "userIdentityArn");
        let shares = users.flat_map(|one| one.shares).filter(|share| share.rate.is_some());
        shares.map(|share| share.value).collect()
    }

    /// What is unusual, and how much.
    pub fn lead(self) -> Phrase {
        let phrase = match self.counted() {
            Counted::Calls => Phrase::ours("an unusual rate of calls"),
            Counted::Errors(Some(code)) => Phrase::ours("an unusual rate of the error ").value(code),
            Counted::Errors(None) => Phrase::ours("an unusual rate of errors"),
            Counted::Other(kind) => Phrase::ours("an unusual activity").maybe(" of the type ", kind),
        };
        let phrase = match self.event_name() {
            Some(name) => phrase.then(" of ").value(name),
            None => phrase.then(" of an API without a name"),
        };
        let phrase = phrase.maybe(" at ", self.event_source());
        let phrase = match self.state().as_deref() {
            Some("Start") => phrase.then(" began"),
            Some("End") => phrase.then(" ended"),
            Some(state) => phrase.then(" is in the state ").value(state),
            None => phrase.then(" was found"),
        };
        let phrase = match self.rate() {
            Some(rate) => phrase.then(format!(": {}", self.counted_rate(rate))),
            None => phrase.then(": the record does not have the rate"),
        };
        match self.baseline() {
            Some(baseline) => phrase.then(format!(", usually {}", pace(baseline))),
            None => phrase.then(", and no baseline"),
        }
    }

    /// What is unusual, in a few words.
    pub fn title(self) -> String {
        let rate = match self.counted() {
            Counted::Calls => "call rate".to_owned(),
            Counted::Errors(None) => "error rate".to_owned(),
            Counted::Errors(Some(code)) => format!("rate of {code}"),
            Counted::Other(_) => "activity".to_owned(),
        };
        let name = self.event_name().unwrap_or_else(|| "an unnamed API".to_owned());
        let state = match self.state().as_deref() {
            Some("Start") => " began",
            Some("End") => " ended",
            _ => "",
        };
        format!("unusual {rate} of {name}{state}")
    }

    /// What to do about it.
    pub fn question(self) -> Phrase {
        let phrase = match self.event_name() {
            Some(name) => Phrase::ours("Find out who calls ").value(name),
            None => Phrase::ours("Find out who makes these calls"),
        };
        phrase.then(", and what changed")
    }

    /// A rate with what is counted, such as `6 calls a minute`.
    fn counted_rate(self, rate: f64) -> String {
        let (number, each) = in_unit(rate);
        let what = match self.counted() {
            Counted::Calls if number == "1" => " call",
            Counted::Calls => " calls",
            Counted::Errors(_) if number == "1" => " error",
            Counted::Errors(_) => " errors",
            Counted::Other(_) => "",
        };
        format!("{number}{what} {each}")
    }

    /// The details.
    pub fn rows(self) -> Vec<Row> {
        let insight = match self.counted() {
            Counted::Calls => Phrase::ours("call rate"),
            Counted::Errors(code) => Phrase::ours("error rate").maybe(" of ", code),
            Counted::Other(kind) => Phrase::ours("of the type ").value(kind.unwrap_or_default()),
        };
        let insight = match self.state().as_deref() {
            Some("Start") => insight.then(", begins"),
            Some("End") => insight.then(", ended"),
            state => insight.maybe(", state ", state.map(str::to_owned)),
        };
        let rate = |rate: Option<f64>, before: &str, minutes: Option<f64>| match (rate, minutes) {
            (Some(rate), Some(minutes)) => format!("{}{before}{}", self.counted_rate(rate), duration(minutes)),
            (Some(rate), None) => self.counted_rate(rate),
            (None, _) => "not in the record".to_owned(),
        };
        let mut rows = vec![
            Row::new("Insight", insight),
            Row::new("Rate", Phrase::ours(rate(self.rate(), " for ", self.minutes()))),
            Row::new("Baseline", Phrase::ours(rate(self.baseline(), ", measured over ", self.baseline_minutes()))),
        ];
        let (attributions, more) = self.attributions();
        let mut shares = Vec::new();
        for Attribution { attribute, shares: listed, more } in attributions {
            shares.extend(listed.into_iter().map(|share| Self::share(&attribute, share)));
            shares.extend((more > 0).then(|| Phrase::ours(format!("and {more} more"))));
        }
        shares.extend((more > 0).then(|| Phrase::ours(format!("and {more} more attributes"))));
        let name = |at| if at == 0 { "Share" } else { "" };
        rows.extend(shares.into_iter().enumerate().map(|(at, phrase)| Row::new(name(at), phrase)));
        rows
    }

    /// The rates of one value of an attribute.
    fn share(attribute: &str, share: Share) -> Phrase {
        let phrase = match attribute {
            "userIdentityArn" => Phrase::ours("user ").value(share.value),
            "userAgent" => Phrase::ours("client ").value(share.value),
            // CloudTrail writes `null` for calls that succeed.
            "errorCode" if share.value == "null" => Phrase::ours("no error"),
            "errorCode" => Phrase::ours("error ").value(share.value),
            attribute => Phrase::ours("attribute ").value(attribute).then(" ").value(share.value),
        };
        let listed = |rate: Option<f64>| rate.map_or_else(|| "not listed".to_owned(), pace);
        phrase.then(format!(": {}, usually {}", listed(share.rate), listed(share.baseline)))
    }
}

/// The elements of a list, or the one object in its place.
fn each(node: Tree<'_>) -> impl Iterator<Item = Tree<'_>> {
    let one = matches!(node.scalar(), Scalar::Object { .. }).then_some(node);
    one.into_iter().chain(node.elements())
}

/// The values of an attribute: those during the unusual activity, then those of the baseline alone.
fn shares(attribution: Tree<'_>) -> (Vec<Share>, usize) {
    let listed = |key: &str| {
        let list = attribution.get(key).into_iter().flat_map(each);
        list.filter_map(|one| Some((text(one.get("value")?)?, one.get("average").and_then(number)))).collect::<Vec<_>>()
    };
    let (during, before) = (listed("insight"), listed("baseline"));
    let rate_of = |value: &str, list: &[(String, Option<f64>)]| list.iter().find(|(one, _)| one == value)?.1;
    let mut shares: Vec<Share> = Vec::new();
    let mut more = 0;
    for (value, rate) in &during {
        if shares.len() < MAX_VALUES {
            shares.push(Share { value: value.clone(), rate: *rate, baseline: rate_of(value, &before) });
        } else {
            more += 1;
        }
    }
    let known: HashSet<&str> = during.iter().map(|(value, _)| value.as_str()).collect();
    for (value, baseline) in before.iter().filter(|(value, _)| !known.contains(value.as_str())) {
        if shares.len() < MAX_VALUES {
            shares.push(Share { value: value.clone(), rate: None, baseline: *baseline });
        } else {
            more += 1;
        }
    }
    (shares, more)
}

fn text(node: Tree<'_>) -> Option<String> {
    node.scalar().to_text().filter(|text| !text.is_empty())
}

/// A finite number, or a text that is one.
fn number(node: Tree<'_>) -> Option<f64> {
    text(node)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// An average per minute in words, such as `6 a minute` or `2.57 a day`.
fn pace(rate: f64) -> String {
    let (number, each) = in_unit(rate);
    format!("{number} {each}")
}

/// An average per minute as a number that people can imagine, and its unit.
fn in_unit(rate: f64) -> (String, &'static str) {
    match rate.abs() {
        0.0 | 1.0.. => (shown(rate), "a minute"),
        size if size * 60.0 >= 1.0 => (shown(rate * 60.0), "an hour"),
        _ => (shown(rate * 1_440.0), "a day"),
    }
}

/// A number with three significant digits.
fn shown(rate: f64) -> String {
    let size = rate.abs();
    if size >= 1e15 || size > 0.0 && size < 1e-9 {
        return format!("{rate:.2e}");
    }
    let decimals =
        [100.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8].iter().position(|least| size >= *least);
    let text = format!("{rate:.*}", decimals.unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A time in minutes, from two days on in days.
fn duration(minutes: f64) -> String {
    let (count, unit) =
        if minutes.abs() < 2_880.0 { (shown(minutes), "minute") } else { (shown(minutes / 1_440.0), "day") };
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_three_significant_digits() {
        for (rate, expected) in [
            (0.0, "0"),
            (6.0, "6"),
            (0.001_785_714_3, "0.00179"),
            (0.002, "0.002"),
            (5.166_666_667, "5.17"),
            (99.96, "100"),
            (1_234.5, "1234"),
            (1e300, "1.00e300"),
            (3e-12, "3.00e-12"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(shown(rate), expected);
        }
    }

    #[test]
    fn a_rate_is_in_the_unit_that_people_can_imagine() {
        for (rate, expected) in [
            (6.0, "6 a minute"),
            (1.0, "1 a minute"),
            (0.0, "0 a minute"),
            (0.5, "30 an hour"),
            (0.016_7, "1 an hour"),
            (0.001_785_714_3, "2.57 a day"),
            (-3.0, "-3 a minute"),
        ] {
            assert_eq!(pace(rate), expected);
        }
    }

    #[test]
    fn a_long_time_is_in_days() {
        for (minutes, expected) in
            [(1.0, "1 minute"), (5.0, "5 minutes"), (10_080.0, "7 days"), (11_459.0, "7.96 days")]
        {
            assert_eq!(duration(minutes), expected);
        }
    }
}

//! The format for chat: a custom notification of Amazon Q Developer in chat applications, which posts it to Slack or Teams.
//!
//! The fields are those of "Custom notifications" in the Amazon Q Developer in chat applications Administrator Guide. The
//! description has the sections of an e-mail in their order; `markup` keeps all text of records and rules harmless.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::{
    also, ascii_fallback,
    caps::TextCaps,
    event::EventView,
    format::Format,
    markup::{code, code_by_author, exact, filled, harmless, plain},
    model::Alert,
    next_step::{NextStep, next_steps},
    occurrence,
    phrase::{Phrase, PhrasePart, Row},
    section::{Section, fitted},
    story::{LazyStory, List, Story},
    subject::headline,
};
use crate::{
    diagnostic::counted,
    record::Virtual,
    rule::FilledPart,
    untrusted::{self, Kept},
};

/// The longest description in characters, and together with the next steps. A section in Slack has at most 3,000 ("Section
/// block" in Slack's developer documentation); the rest is for what Amazon Q Developer adds.
const MAX_DESCRIPTION: usize = 2_000;
const MAX_TEXT: usize = 2_900;
const MAX_TITLE: usize = 250;
/// The same below, where the title of the notification is cut.
const MAX_WHOLE: usize = 600;
const MAX_ACCOUNT: usize = 40;
/// The longest values: what fits is shown with the first of these limits.
const MAX_VALUE: usize = 150;
const SHORTER: usize = 60;
const SHORTEST: usize = 30;
/// The longest advice of the rule's author.
const MAX_ADVICE: [usize; 3] = [700, 500, 270];
/// The longest value in a step: the longest key in S3, in bytes.
const MAX_STEP: usize = 1_024;
/// The longest list of sections that have no room.
const MAX_OMITTED: usize = 120;
/// The most lines of other alerts, the longest value in one, and the longest texts of all.
const MAX_LINES: usize = 10;
const MAX_LINE: usize = 80;
const MAX_LISTS: [usize; 3] = [1_300, 1_000, 700];
/// The most rules that are listed beside the own one.
const MAX_ALSO: usize = 5;
const MAX_KEYWORDS: usize = 10;
const MAX_RESOURCES: usize = 10;
/// The longest value that a custom action may read (`CustomActionAttachment` in the API reference).
const MAX_CONTEXT: usize = 1_024;

/// The characters of an address that can be markup in a chat.
const MARKUP: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'<')
    .add(b'>')
    .add(b'|')
    .add(b'`')
    .add(b'[')
    .add(b']')
    .add(b'(')
    .add(b')')
    .add(b'*')
    .add(b'\\');

/// A custom notification, schema version 1.0.
#[derive(Serialize)]
struct CustomNotification<'a> {
    version: &'static str,
    source: &'static str,
    id: &'a str,
    content: Content,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
    keywords: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    thread_id: String,
    summary: String,
    event_type: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_resources: Vec<String>,
    additional_context: BTreeMap<&'static str, String>,
}

impl Format {
    /// A notification for people in a chat channel.
    pub const CHAT: Self = Self { name: "chat", body, to_ascii: ascii_fallback::json };
}

/// The notification as JSON. It has limits of its own, far below that of SNS, so it ignores the caps.
fn body(alert: &Alert, story: &LazyStory<'_>, _: &TextCaps) -> String {
    let (title, is_whole) = title(alert);
    let description = description(alert, story, is_whole);
    let room = MAX_TEXT.saturating_sub(description.chars().count());
    let notification = CustomNotification {
        version: "1.0",
        source: "custom",
        id: &alert.id,
        content: Content {
            text_type: "client-markdown",
            title,
            description,
            next_steps: steps(alert, story, room),
            keywords: keywords(alert),
        },
        metadata: Metadata {
            thread_id: alert.thread_id(),
            summary: summary(alert),
            event_type: alert.rule_id(),
            related_resources: related_resources(alert),
            additional_context: additional_context(alert),
        },
    };
    serde_json::to_string(&notification).unwrap_or_default()
}

/// The severity, the account and what happened, and whether that is whole.
fn title(alert: &Alert) -> (String, bool) {
    let account = alert.account();
    let name = account.as_deref().map(|id| match alert.account_name(id) {
        Some(name) => plain(name, MAX_ACCOUNT, Kept::Names),
        None => plain(id, MAX_ACCOUNT, Kept::Nothing),
    });
    let account = name.filter(|name| !name.is_empty()).map(|name| format!("[{name}] ")).unwrap_or_default();
    let title = format!("SEV{} {account}", alert.severity().number());
    let parts: Vec<FilledPart> = headline(alert).into_iter().filter(|part| !part.text.is_empty()).collect();
    let room = MAX_TITLE.saturating_sub(title.chars().count());
    let shown = |value: usize| {
        let is_uncut = parts.iter().all(|part| !part.is_value || part.text.chars().count() <= value);
        let (shown, fits) = filled(&parts, room, value);
        (format!("{title}{shown}"), fits, is_uncut)
    };
    let fitting = [MAX_VALUE, SHORTER].into_iter().map(shown).find(|(_, fits, _)| *fits);
    let (shown, fits, is_uncut) = fitting.unwrap_or_else(|| shown(SHORTEST));
    (shown, fits && is_uncut)
}

/// What happened, without markup.
fn summary(alert: &Alert) -> String {
    let parts: String = headline(alert).into_iter().map(|part| part.text).collect();
    plain(&parts, MAX_TITLE, Kept::Nothing)
}

/// The sections in the order of an e-mail. The last line lists those that are omitted because they do not fit.
fn description(alert: &Alert, story: &Story, has_title: bool) -> String {
    let lead = [MAX_VALUE, SHORTER, SHORTEST].map(|limit| shown_all(&story.lead, limit)).to_vec();
    let advice = alert.advice();
    let advice = |name| Section {
        ways: MAX_ADVICE.map(|limit| advised(&advice, limit)).to_vec(),
        ..Section::new(name, 280, Vec::new())
    };
    let nothing = || Section::new("", 0, Vec::new());
    let is_notice = alert.kind.is_notice();
    let title = Some(alert.title()).filter(|_| alert.has_rule() && !has_title);
    let title = |limit| title.iter().map(|title| format!("Title: {}", code(title, limit))).collect();
    let reasons = story.reasons.iter().enumerate();
    let reasons = reasons.map(|(at, reason)| format!("{}• {}", if at == 0 { "Why:\n" } else { "" }, shown(reason)));
    let id = format!("Alert: {}", code(&alert.id, MAX_VALUE));
    let rule = format!("Rule: {} ({})", code_by_author(alert.rule_name(), MAX_VALUE), code(alert.rule_id(), MAX_VALUE));
    let sections = [
        Section { name: "lead", ways: lead, share: 480 },
        if is_notice { nothing() } else { advice("description") },
        Section { name: "list", ways: MAX_LISTS.map(|limit| list(&story.list, limit)).to_vec(), share: 700 },
        Section { ways: [MAX_WHOLE, MAX_VALUE].map(title).to_vec(), ..Section::new("title", 0, Vec::new()) },
        of_rows("what", 240, &story.what),
        of_rows("who", 330, &story.who),
        events(alert, story),
        if is_notice { advice("description") } else { nothing() },
        Section::new("why", 0, reasons.collect()),
        Section::new("other rules", 0, of_all(&also::rows(&alert.also, MAX_ALSO), MAX_VALUE)),
        Section {
            ways: if alert.has_rule() { vec![vec![rule, id.clone()], vec![id]] } else { vec![vec![id]] },
            ..Section::new("ids", 150, Vec::new())
        },
    ];
    // The shares together are no more than this, other than those of the list, which only a notice has.
    let shown = fitted(&sections, MAX_DESCRIPTION - MAX_OMITTED);
    let has_lines = |section: &Section| section.ways.iter().any(|lines| !lines.is_empty());
    let omitted = sections.iter().zip(&shown).filter(|(section, lines)| lines.is_empty() && has_lines(section));
    let omitted: Vec<&str> = omitted.map(|(section, _)| section.name).collect();
    let mut texts: Vec<String> = shown.iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
    if !omitted.is_empty() {
        texts.push(format!("Too long for chat, only in the e-mail: {}", omitted.join(", ")));
    }
    texts.join("\n\n")
}

/// How many events there are, in what they differ, and their ids: of long values fewer are listed, rather than none.
fn events(alert: &Alert, story: &Story) -> Section {
    let with = |differences: &[Row], limit| of_all(&[&story.events, differences, &story.event].concat(), limit);
    let mut ways = vec![with(&story.differences, MAX_VALUE)];
    if !story.differences.is_empty() {
        let fewer = |most| with(&occurrence::differences(&alert.occurrences, alert.rule(), most), MAX_VALUE);
        ways.extend([6, 3, 1].map(fewer));
    }
    let fewest = occurrence::differences(&alert.occurrences, alert.rule(), 1);
    ways.push(with(&fewest, SHORTER));
    Section { ways, ..Section::new("events", 400, Vec::new()) }
}

fn of_rows(name: &'static str, share: usize, rows: &[Row]) -> Section {
    Section { name, ways: [MAX_VALUE, SHORTER, SHORTEST].map(|limit| of_all(rows, limit)).to_vec(), share }
}

fn of_all(rows: &[Row], limit: usize) -> Vec<String> {
    rows.iter().map(|row| named(row.name, &shown_within(&row.phrase, limit))).collect()
}

fn shown_all(phrases: &[Phrase], limit: usize) -> Vec<String> {
    phrases.iter().map(|phrase| shown_within(phrase, limit)).collect()
}

/// What the rule's author advises, with its lines and its values in code spans.
fn advised(advice: &[FilledPart], limit: usize) -> Vec<String> {
    let (text, _) = filled(advice, limit, MAX_VALUE);
    Some(text.trim().to_owned()).filter(|text| !text.is_empty()).into_iter().collect()
}

/// The first alerts of a list, as many as fit, and how many more there are.
fn list(list: &List, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut shown, mut length) = (0, 0);
    for item in list.items.iter().take(MAX_LINES) {
        let of_item = item.heading.iter().chain(&item.lines).map(|line| shown_within(line, MAX_LINE));
        let text = format!("• {}", of_item.collect::<Vec<_>>().join("\n"));
        length += text.chars().count() + 1;
        if length > limit {
            break;
        }
        shown += 1;
        lines.push(text);
    }
    let hidden = (list.items.len() - shown) as u64 + list.more;
    if hidden > 0 {
        lines.push(format!("and {}", counted(hidden, &format!("more {}", list.noun))));
    }
    lines
}

fn named(name: &str, text: &str) -> String {
    if name.is_empty() { text.to_owned() } else { format!("{name}: {text}") }
}

/// The runbook, whom to ask, and what else to do, as far as there is room: of a step that has none its words.
fn steps(alert: &Alert, story: &Story, room: usize) -> Vec<String> {
    let runbook = alert.runbook().map(|runbook| {
        vec![
            format!("Follow the runbook: {}", address(runbook)),
            "Follow the runbook; its address is in the e-mail".to_owned(),
        ]
    });
    let questions = story.steps.iter().map(|step| [MAX_STEP, SHORTER].map(|limit| shown_within(step, limit)).to_vec());
    let steps = runbook.into_iter().chain(questions).chain(next_steps(alert).into_iter().map(ways));
    let sections: Vec<Section> = steps
        .map(|ways| {
            let share = ways.last().map_or(0, |shortest| shortest.chars().count() + 2);
            Section { name: "step", ways: ways.into_iter().map(|way| vec![way]).collect(), share }
        })
        .collect();
    fitted(&sections, room).concat()
}

/// The ways to write a step, the fullest first. A command is exact, or it is only in the e-mail.
fn ways(step: NextStep) -> Vec<String> {
    let what = shown(&step.what);
    let (full, else_in_mail) = match (step.command, step.link, step.entry) {
        (Some(command), ..) => (exact(&command).map(|command| format!("{what}: {command}")), "the command"),
        (None, Some(link), _) => (Some(format!("{what}: {link}")), "the address"),
        (None, None, Some(_)) => (None, "what to add"),
        (None, None, None) => return vec![what],
    };
    full.into_iter().chain([format!("{what}; {else_in_mail} is in the e-mail")]).collect()
}

fn keywords(alert: &Alert) -> Vec<String> {
    let event = alert.event();
    let account = alert.account();
    let name = account.as_deref().and_then(|id| alert.account_name(id)).map(str::to_owned);
    let found = [
        Some(format!("SEV{}", alert.severity().number())),
        Some(alert.rule_id().to_owned()),
        name.or(account),
        alert.region(),
        event.and_then(EventView::event_source),
        event.and_then(EventView::event_name),
    ];
    let found = found.into_iter().flatten().map(|word| token(&word, MAX_VALUE, Kept::Nothing));
    let words = found.chain(alert.rule_tags().iter().map(|tag| token(tag, MAX_VALUE, Kept::Names)));
    words.filter(|word| !word.is_empty()).take(MAX_KEYWORDS).collect()
}

/// The ARNs of the resources, without those that hold characters that an ARN cannot, or the name of a host.
fn related_resources(alert: &Alert) -> Vec<String> {
    let resources = alert.event().map(EventView::resources).unwrap_or_default();
    let arns = resources.into_iter().map(|(arn, _)| arn);
    arns.filter(|arn| arn.starts_with("arn:aws") && token(arn, MAX_CONTEXT, Kept::Nothing) == *arn)
        .take(MAX_RESOURCES)
        .collect()
}

/// The values that custom actions can read. They insert them into commands, so no character has a meaning in a shell. They are
/// not shown, so names such as `ada@example.com` stay as they are.
fn additional_context(alert: &Alert) -> BTreeMap<&'static str, String> {
    let (event, call) = (alert.event(), alert.call());
    let at = |keys: &[&str]| event.and_then(|event| event.at(keys));
    let values = [
        ("alert_id", Some(alert.id.clone())),
        ("rule", Some(alert.rule_id().to_owned())),
        ("severity", Some(alert.severity().number().to_string())),
        ("account", alert.account()),
        ("region", alert.region()),
        ("event_source", event.and_then(EventView::event_source)),
        ("event_name", event.and_then(EventView::event_name)),
        ("event_id", at(&["eventID"])),
        ("event_time", at(&["eventTime"])),
        ("actor", call.map(EventView::actor)),
        ("actor_arn", at(&["userIdentity", "arn"])),
        ("access_key", event.and_then(|event| event.field(Virtual::AccessKey))),
        ("source_ip", event.and_then(|event| event.field(Virtual::Ip))),
        ("outcome", call.map(|call| call.outcome().word())),
        ("count", Some(alert.occurrences.count).filter(|count| *count > 0).map(|count| count.to_string())),
    ];
    let values = values.into_iter().filter_map(|(key, value)| Some((key, token(&value?, MAX_CONTEXT, Kept::Names))));
    values.filter(|(_, value)| !value.is_empty()).collect()
}

fn shown(phrase: &Phrase) -> String {
    shown_within(phrase, MAX_VALUE)
}

fn shown_within(phrase: &Phrase, limit: usize) -> String {
    phrase.show(|part| match part {
        PhrasePart::Ours(text) | PhrasePart::Link(text) => text.clone(),
        PhrasePart::Rule(text) => code_by_author(text, limit),
        PhrasePart::Theirs(text) | PhrasePart::Quoted(text) => code(text, limit),
    })
}

/// The address of a runbook. Characters that can end the address or begin markup are percent-encoded.
fn address(url: &str) -> String {
    utf8_percent_encode(url, MARKUP).to_string()
}

/// A word of letters, digits and `._:/@+=,-` that does not begin with `-`; `_` replaces every other character, and what makes a
/// link, apart from what is kept.
fn token(text: &str, limit: usize, kept: Kept) -> String {
    let line = untrusted::line(text, usize::MAX);
    let line = untrusted::ascii(&harmless(&line));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:/@+=,-".contains(c);
    let word = untrusted::shorten_with(&line, limit, "");
    let token: String = word.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let token = untrusted::defanged_with(&token, kept, |_| "_".to_owned());
    match token.strip_prefix('-') {
        Some(rest) => format!("_{rest}"),
        None => token,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_no_meaning_in_a_shell() {
        let token = |text: &str, limit| token(text, limit, Kept::Names);
        assert_eq!(token("-rf $(x) `y` 'z' \"a\";b|c é", 100), "_rf___x___y___z___a__b_c__");
        assert_eq!(
            token("arn:aws:sts::111122223333:assumed-role/ops/ada@example.com", 100),
            "arn:aws:sts::111122223333:assumed-role/ops/ada@example.com"
        );
        assert_eq!(token("@here x@channel", 100), "_here_x_channel");
        assert_eq!(token("https://a.example www.b.example", 100), "https__a_example_www_b_example");
        assert_eq!(token("123456", 4), "1234");
    }
}

//! The format for chat: a custom notification of Amazon Q Developer in chat applications, which posts it to Slack or Teams.
//!
//! All text of records and rules is in code spans and has no markup characters: it can neither mention people, nor make
//! links, nor break out of its line. See "Custom notifications" in the Amazon Q Developer in chat applications
//! Administrator Guide.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::{
    also, ascii_fallback,
    caps::TextCaps,
    event::EventView,
    format::Format,
    model::Alert,
    occurrence,
    phrase::{Phrase, PhrasePart, Row},
    story::{LazyStory, List, Story},
};
use crate::{
    diagnostic::counted,
    record::Virtual,
    untrusted::{self, Kept},
};

/// In characters. A section in Slack has at most 3,000; the rest is for what Amazon Q Developer adds.
const MAX_DESCRIPTION: usize = 2_000;
const MAX_TITLE: usize = 250;
const MAX_VALUE: usize = 150;
const MAX_ABOUT: usize = 700;
const MAX_DIFFERENCES: usize = 1_200;
/// The longest value in a step: the longest key in S3, in bytes.
const MAX_STEP: usize = 1_024;
/// The most lines of other alerts, the longest value in one, and the longest text of all.
const MAX_LINES: usize = 10;
const MAX_LINE: usize = 80;
const MAX_LIST: usize = 1_300;
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
    let notification = CustomNotification {
        version: "1.0",
        source: "custom",
        id: &alert.id,
        content: Content {
            text_type: "client-markdown",
            title: title(alert),
            description: description(alert, story),
            next_steps: next_steps(alert, story),
            keywords: keywords(alert),
        },
        metadata: Metadata {
            thread_id: alert.thread_id(),
            summary: plain(&alert.title(), MAX_TITLE),
            event_type: alert.rule_id(),
            related_resources: related_resources(alert),
            additional_context: additional_context(alert),
        },
    };
    serde_json::to_string(&notification).unwrap_or_default()
}

/// The title, without text of the record, since it is not in a code span.
fn title(alert: &Alert) -> String {
    let name = safe(&untrusted::line(alert.rule_name(), usize::MAX), MAX_TITLE, Kept::Names).replace('_', "＿");
    format!("SEV{} | {name}", alert.severity().number())
}

/// The sections, the most important first. The last line lists those that are omitted because they do not fit.
fn description(alert: &Alert, story: &Story) -> String {
    let phrases =
        |rows: &[Row]| -> Vec<String> { rows.iter().map(|row| named(row.name, &shown(&row.phrase))).collect() };
    // Of long values fewer are listed, rather than none.
    let differences = |most: &usize| phrases(&occurrence::differences(&alert.occurrences, alert.rule(), *most));
    let fits =
        |lines: &Vec<String>| lines.iter().map(|line| line.chars().count() + 1).sum::<usize>() <= MAX_DIFFERENCES;
    let differences =
        [occurrence::MAX_LISTED, 6, 3].iter().map(differences).find(fits).unwrap_or_else(|| differences(&1));
    let title = Some(alert.title()).filter(|title| title != alert.rule_name());
    let mut lines: Vec<String> = title.map(|title| code(&title, MAX_TITLE)).into_iter().collect();
    lines.extend(story.lead.iter().map(shown));
    let description: Vec<String> = Some(about(alert)).filter(|text| !text.is_empty()).into_iter().collect();
    let sections = [
        ("list", "", list(&story.list)),
        ("other rules", "", phrases(&also::rows(&alert.also, MAX_ALSO))),
        ("events", "", differences),
        ("conditions", "Why:", story.reasons.iter().map(|reason| format!("• {}", shown(reason))).collect()),
        ("what", "", phrases(&story.what)),
        ("count", "", phrases(&story.events)),
        ("actor", "", phrases(&story.who)),
        ("description", "", description),
    ];
    let mut text = lines.join("\n");
    let mut omitted = Vec::new();
    for (name, heading, lines) in sections {
        for (at, line) in lines.iter().enumerate() {
            let line = match (at, heading) {
                (0, "") => format!("\n\n{line}"),
                (0, heading) => format!("\n\n{heading}\n{line}"),
                _ => format!("\n{line}"),
            };
            // The rest is for the list of omitted sections.
            if text.chars().count() + line.chars().count() > MAX_DESCRIPTION - 100 {
                omitted.push(name);
                break;
            }
            text += &line;
        }
    }
    if omitted.is_empty() { text } else { format!("{text}\n\nToo long for chat, omitted: {}", omitted.join(", ")) }
}

/// The first alerts of a list, as many as fit, and how many more there are.
fn list(list: &List) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut shown, mut length) = (0, 0);
    for item in list.items.iter().take(MAX_LINES) {
        let of_item = item.heading.iter().chain(&item.lines).map(|line| shown_within(line, MAX_LINE));
        let text = format!("• {}", of_item.collect::<Vec<_>>().join("\n"));
        length += text.chars().count() + 1;
        if length > MAX_LIST {
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

/// The rule's description with its lines; its values are in code spans, and none of them is cut with its span.
fn about(alert: &Alert) -> String {
    let mut about = String::new();
    for part in alert.advice() {
        let left = MAX_ABOUT.saturating_sub(about.chars().count());
        let shown = if part.is_value {
            code(&part.text, MAX_VALUE)
        } else {
            let lines = part.text.split('\n').map(untrusted::printable).collect::<Vec<_>>().join("\n");
            safe(&lines, left, Kept::Patterns).replace('_', "＿")
        };
        if shown.chars().count() > left {
            about.push('…');
            break;
        }
        about += &shown;
    }
    about.trim().to_owned()
}

fn named(name: &str, text: &str) -> String {
    if name.is_empty() { text.to_owned() } else { format!("{name}: {text}") }
}

fn next_steps(alert: &Alert, story: &Story) -> Vec<String> {
    let link = story.event_link.as_ref().map(|link| format!("See the event in CloudTrail: {link}"));
    let runbook = alert.runbook().map(|runbook| format!("Follow the runbook: {}", address(runbook)));
    let steps = story.steps.iter().map(|step| shown_within(step, MAX_STEP));
    runbook.into_iter().chain(link).chain(steps).collect()
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
        PhrasePart::Ours(text) => text.clone(),
        PhrasePart::Link(link) => link.clone(),
        PhrasePart::Rule(text) => span(&safe(&untrusted::line(text, usize::MAX), limit, Kept::Patterns)),
        PhrasePart::Theirs(text) | PhrasePart::Quoted(text) => code(text, limit),
    })
}

/// A value in a code span, without markup and links.
fn code(text: &str, limit: usize) -> String {
    span(&safe(&untrusted::line(text, usize::MAX), limit, Kept::Nothing))
}

fn span(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { format!("`{text}`") }
}

/// Text outside of code spans, on one line: there, underscores are markup, too.
fn plain(text: &str, limit: usize) -> String {
    safe(&untrusted::line(text, usize::MAX), limit, Kept::Nothing).replace('_', "＿")
}

/// The text without markup and links, within the limit. An `@` needs no brackets: its fullwidth form makes no link.
fn safe(text: &str, limit: usize, kept: Kept) -> String {
    let sign = |sign: &str| if sign == "@" { fullwidth('@').to_string() } else { format!("[{sign}]") };
    untrusted::within(text, limit, untrusted::cut, |text| neutral(&untrusted::defanged_with(text, kept, sign)))
}

/// The text with its markup characters (of Slack, Teams and Markdown) in their fullwidth forms, which look alike and are not
/// markup. Escapes are not safe here: it is not documented how often they are decoded on the way.
fn neutral(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |at: usize| characters.get(at).copied().unwrap_or(' ');
    let shown = characters.iter().enumerate().map(|(here, &c)| match c {
        '<' | '>' | '&' | '`' | '[' | ']' | '*' | '~' | '\\' | '|' => fullwidth(c),
        // Before a name they make a mention or a channel.
        '@' | '#' if here == 0 || !at(here - 1).is_ascii_alphanumeric() || is_group(&characters[here + 1..]) => {
            fullwidth(c)
        }
        c => c,
    });
    shown.collect()
}

/// Whether the text begins with a name that notifies a whole group.
fn is_group(characters: &[char]) -> bool {
    let names = ["here", "channel", "everyone", "team", "general"];
    let starts = |name: &str| {
        name.chars().enumerate().all(|(at, c)| characters.get(at).is_some_and(|found| found.eq_ignore_ascii_case(&c)))
    };
    names.into_iter().any(starts)
}

/// The fullwidth form of a printable ASCII character ("Halfwidth and Fullwidth Forms" in Unicode).
fn fullwidth(c: char) -> char {
    char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)
}

/// The address of a runbook. Characters that can end the address or begin markup are percent-encoded.
fn address(url: &str) -> String {
    utf8_percent_encode(url, MARKUP).to_string()
}

/// A word of letters, digits and `._:/@+=,-` that does not begin with `-`; `_` replaces every other character, and what makes a
/// link, apart from what is kept.
fn token(text: &str, limit: usize, kept: Kept) -> String {
    let line = untrusted::line(text, usize::MAX);
    let line = untrusted::ascii(&neutral(&line));
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
    fn a_value_has_no_markup() {
        for (text, expected) in [
            ("<!channel> <@U012> &lt;!here&gt;", "＜!channel＞ ＜＠U012＞ ＆lt;!here＆gt;"),
            ("@here a@here.example ada@example.com x @Ada", "＠here a＠here.example ada@example.com x ＠Ada"),
            ("[a](b)", "［a］(b)"),
            ("`code` *bold* ~no~ a\\_b", "｀code｀ ＊bold＊ ～no～ a＼_b"),
            ("#general os/linux#6.8 ip-10-0-0-1", "＃general os/linux#6.8 ip-10-0-0-1"),
        ] {
            assert_eq!(neutral(text), expected);
        }
    }

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

    #[test]
    fn a_shown_value_has_no_links() {
        for (text, expected) in [
            (
                "https://a.example www.b.c ada@example.com",
                "https［:］［//］a［.］example www［.］b［.］c ada＠example［.］com",
            ),
            ("\\\\host\\x mailto:a", "［＼＼］host＼x mailto［:］a"),
        ] {
            assert_eq!(safe(text, 200, Kept::Nothing), expected);
        }
    }
}

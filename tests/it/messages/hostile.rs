//! Whatever text a record or a rule has, SNS accepts the message, and it misleads no reader.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::Timestamp;
use proptest::prelude::*;
use regex::Regex;
use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, AttributeValue, Format, Message, Origin, Unread, next_steps, render, render_ascii},
    object::ObjectId,
    rule::RuleSet,
    state::Listing,
};

use crate::{
    messages::{alert_of, insights::insight, ocsf::violations, origin, put_image, sample},
    real_logs,
};

/// The limits in "Publish" and "Amazon SNS message attributes" of the Amazon SNS documentation, read strictly.
pub(super) fn check_limits(message: &Message) -> Result<(), TestCaseError> {
    let subject = &message.subject;
    prop_assert!((1..100).contains(&subject.len()), "{subject:?}");
    prop_assert!(subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{subject:?}");
    prop_assert!(subject.starts_with("SEV"), "{subject:?}");
    prop_assert!(!message.body.is_empty());
    prop_assert!(message.body.chars().all(|c| c == '\n' || !unfit(c)), "{:?}", message.body);
    prop_assert!(message.attributes.len() <= 10);
    let mut size = message.body.len();
    for attribute in &message.attributes {
        let (name, value) = (attribute.name, attribute.string_value());
        prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)), "{name}");
        prop_assert!(!value.is_empty(), "{name}");
        prop_assert!(!value.chars().any(unfit), "{name}: {value:?}");
        match &attribute.value {
            AttributeValue::Text(_) => prop_assert_eq!(attribute.data_type(), "String"),
            AttributeValue::Number(_) => {
                prop_assert!(attribute.data_type() == "Number" && value.parse::<i32>().is_ok());
            }
            AttributeValue::List(items) => {
                prop_assert!(
                    attribute.data_type() == "String.Array"
                        && serde_json::from_str::<Vec<String>>(&value).unwrap() == *items
                );
            }
        }
        size += name.len() + attribute.data_type().len() + value.len();
    }
    prop_assert_eq!(message.bytes(), size);
    prop_assert!(size <= 262_144, "{size}");
    Ok(())
}

/// Characters that are invisible, change the direction of text, or are not allowed in XML, and so not in SNS.
pub(super) fn unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{1fffe}' | '\u{fdd0}'..='\u{fdef}')
}

const RUNBOOK: &str = "https://example.com/runbooks/(ecr)?a=b_c#*d*";

/// The addresses in a text that a reader could follow.
fn addresses(text: &str) -> Vec<&str> {
    let ends = |c: char| c.is_whitespace();
    let starts = text.match_indices("://").map(|(at, _)| text[..at].rfind(ends).map_or(0, |blank| blank + 1));
    starts.map(|start| text[start..].split(ends).next().unwrap_or_default()).collect()
}

/// Whether an address is one of this program: of the AWS console, or of the rule's runbook.
pub(super) fn is_ours(address: &str) -> bool {
    let runbook = [RUNBOOK, "https://example.com/runbooks/%28ecr%29?a=b_c#%2Ad%2A"];
    let Some(rest) = address.strip_prefix("https://") else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let console = ["console.aws.amazon.com", "console.amazonaws-us-gov.com", "console.amazonaws.cn"];
    let is_console = console.iter().any(|console| {
        let region = host.strip_suffix(console);
        region.is_some_and(|region| region.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)))
    });
    let is_page = path.starts_with("cloudtrailv2/home?region=") || path.starts_with("s3/object/");
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/?=&#%".contains(&byte));
    runbook.contains(&address) || is_console && is_page && is_plain
}

/// The names of the rows.
pub(super) const ROWS: &[&str] = &[
    "Title",
    "What",
    "Error",
    "Response",
    "Resource",
    "Insight",
    "Rate",
    "Baseline",
    "Share",
    "Who",
    "Session",
    "MFA",
    "Key",
    "Client",
    "Count",
    "In common",
    "New",
    "Steps",
    "Different",
    "Events",
    "State",
    "Event",
    "Next",
    "Why",
    "Also",
    "Runbook",
    "Object",
    "Message",
    "Rule",
    "Alert",
    "Limit",
    "Next",
    "Call",
    "Values",
    "Follows",
    "",
];

/// Every line is one of this program: two of who and what, then rows of known names, each once, and the rule's description.
fn check_text(message: &Message, description: &str) -> Result<(), TestCaseError> {
    let description: BTreeSet<&str> = description.lines().map(str::trim_end).collect();
    let mut names = BTreeSet::new();
    for line in message.body.lines().skip(2).filter(|line| !line.is_empty() && !description.contains(line.trim_end())) {
        let characters: Vec<char> = line.chars().take(10).collect();
        let name: String = characters.iter().collect();
        prop_assert!(characters.len() == 10 && ROWS.contains(&name.trim_end()) && name.ends_with(' '), "{line:?}");
        prop_assert!(name.trim().is_empty() || names.insert(name), "twice: {line:?}");
        let value = line[10..].trim_start();
        let object = if line.starts_with("Object") { "s3://" } else { "aws s3 cp 's3://" };
        if let Some(key) = value.strip_prefix(object) {
            prop_assert!(!key.contains("://"), "{line:?}");
            continue;
        }
        prop_assert!(addresses(value).into_iter().all(is_ours), "{line:?}");
        let lower = value.to_ascii_lowercase();
        prop_assert!(!lower.contains("www.") || value == RUNBOOK, "{line:?}");
    }
    let lead: Vec<&str> = message.body.lines().take(2).collect();
    prop_assert!(lead[0].starts_with("SEV"), "{lead:?}");
    prop_assert!(lead.len() == 2 && lead.iter().all(|line| !line.is_empty() && addresses(line).is_empty()), "{lead:?}");
    Ok(())
}

/// All texts of a JSON value.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What a chat makes something of, in code spans and outside of them: Slack's control sequences and the character references of
/// HTML, names and groups after `@` and `#`, links of Markdown, and styles in pairs.
static ALIVE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        "[<>]",
        "(?i)&(?:#|lt|gt|amp|[a-z0-9]{1,31};)",
        "(?:^|[^A-Za-z0-9])[@#]",
        "(?i)[@#](?:here|channel|everyone|team|general)",
        r"\]\(",
        r"\*\*|~~",
        r"(?i)www\.",
        "(?i)://",
    ];
    patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect()
});

/// Styles of Slack, Teams and Markdown, and emojis of Slack. Between letters or digits, `_` is none.
static STYLES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"[*~\\|]",
        r"(?:^|[^\p{Alphabetic}\p{N}_])_|_(?:$|[^\p{Alphabetic}\p{N}_])",
        r":[\p{Alphabetic}\p{N}_+'-]*[\p{Alphabetic}_+'-][\p{Alphabetic}\p{N}_+'-]*:",
    ];
    patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect()
});

/// A time of this program, which is the name of no emoji.
static TIME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z").unwrap());

/// The text without the addresses of this program.
fn without_ours(text: &str) -> String {
    let words = |line: &str| line.split(' ').filter(|word| !is_ours(word)).collect::<Vec<_>>().join(" ");
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

/// The text without its code spans. Something remains in the place of each, since a chat shows it there.
fn outside_of_code(text: &str) -> String {
    let outside = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("x");
    text.lines().map(outside).collect::<Vec<_>>().join("\n")
}

/// The text mentions no one, every link is one that trailbell made, and so is every line.
pub(super) fn check_chat(body: &Value, description: &str) -> Result<(), TestCaseError> {
    for text in texts(body) {
        prop_assert!(addresses(text).into_iter().all(is_ours), "{text:?}");
        prop_assert!(text.lines().all(|line| line.matches('`').count() % 2 == 0), "{text:?}");
        let text = without_ours(text);
        // Whether a chat honours code spans or not.
        let outside = outside_of_code(&text);
        for read in [&text, &outside] {
            let alive = ALIVE.iter().find_map(|pattern| pattern.find(read));
            prop_assert!(alive.is_none(), "{alive:?} in {read:?}");
        }
    }
    let content = &body["content"];
    let read = texts(&content["nextSteps"])
        .into_iter()
        .chain([&content["title"], &content["description"]].map(texts).concat());
    for text in read.chain(body["metadata"]["summary"].as_str()) {
        let outside = TIME.replace_all(&outside_of_code(&without_ours(text)), "x").into_owned();
        let style = STYLES.iter().find_map(|pattern| pattern.find(&outside));
        prop_assert!(style.is_none(), "{style:?} in {outside:?}");
    }
    let title = content["title"].as_str().unwrap();
    prop_assert!(title.starts_with("SEV") && title.chars().count() <= 250 && !title.contains('\n'), "{title:?}");
    let shown = content["description"].as_str().unwrap();
    let steps: usize = texts(&content["nextSteps"]).iter().map(|step| step.chars().count()).sum();
    let length = shown.chars().count();
    prop_assert!(length <= 2_000 && length + steps <= 2_900, "{length} {steps}");
    // What matters most is never omitted.
    if let Some(omitted) =
        shown.lines().last().and_then(|line| line.strip_prefix("Too long for chat, only in the e-mail: "))
    {
        let mild = ["title", "why", "other rules"];
        prop_assert!(omitted.split(", ").all(|section| mild.contains(&section)), "{omitted}");
    }
    prop_assert!(shown.contains("\nAlert: `"), "{shown}");
    let rows: Vec<String> = ROWS.iter().filter(|name| !name.is_empty()).map(|name| format!("{name}: ")).collect();
    let ours = [
        "`",
        "(empty)",
        "• ",
        "Why:",
        "in ",
        "an unknown user",
        "an anonymous caller ",
        "session ",
        "Too long for chat, only in the e-mail: ",
        "980 more records ",
        "source identity ",
        "federated by ",
        "on behalf of ",
        "invoked by ",
        "and ",
        "record ",
        "about ",
        "812 alerts",
        "an unusual ",
        "user ",
        "client ",
        "error ",
        "no error: ",
        "attribute ",
        "2 at ",
        "the rule ",
        "further ones ",
        "failures have ",
        "successes of ",
        "from ",
        "at an unknown time ",
    ];
    let description: Vec<&str> = description.lines().collect();
    for line in shown.lines().filter(|line| !line.is_empty()) {
        // Only a number of this program is outside of a code span.
        let is_ours = line.starts_with(|c: char| c.is_ascii_digit()) || ours.iter().any(|word| line.starts_with(word));
        let is_row = is_ours || rows.iter().any(|row| line.starts_with(row));
        // The rule's own text, with fullwidth forms.
        let is_description = description.iter().any(|own| own.chars().count() == line.chars().count());
        prop_assert!(is_row || is_description || line.contains("characters)"), "{line:?}");
    }
    for (key, value) in body["metadata"]["additionalContext"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        prop_assert!(
            (1..=100).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        prop_assert!(
            (1..=1_024).contains(&value.len()) && value.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
            "{value:?}"
        );
        prop_assert!(!value.contains(['$', ';', '\'', '"', '`', '(', '\\']) && !value.starts_with('-'), "{value:?}");
    }
    let kind = body["metadata"]["eventType"].as_str().unwrap();
    prop_assert!(
        (1..=100).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    );
    prop_assert_eq!((&body["version"], &body["source"]), (&json!("1.0"), &json!("custom")));
    Ok(())
}

fn check(alert: &Alert, description: &str) -> Result<(), TestCaseError> {
    let made: Vec<Message> = Format::ALL.into_iter().map(|format| render(format, alert)).collect();
    for message in &made {
        check_limits(message)?;
        prop_assert_eq!(&message.id, &alert.id);
    }
    check_text(&made[0], description)?;
    check_chat(&serde_json::from_str(&made[1].body).unwrap(), description)?;
    let finding: Value = serde_json::from_str(&made[2].body).unwrap();
    let mut found = Vec::new();
    violations("detection_finding", &finding, "finding", &mut found);
    prop_assert!(found.is_empty(), "{found:?}");
    prop_assert!(texts(&finding).iter().all(|text| text.chars().all(|c| c == '\n' || !unfit(c))));
    check_sentences(alert, &finding)
}

/// Sentences for people have no links of others, and what people paste is whole.
fn check_sentences(alert: &Alert, finding: &Value) -> Result<(), TestCaseError> {
    let unmapped = &finding["unmapped"];
    let sentences = [
        &finding["finding_info"]["desc"],
        &finding["finding_info"]["src_url"],
        &unmapped["reasons"],
        &unmapped["object_link"],
    ];
    let steps: Vec<&Value> = unmapped["next_steps"].as_array().into_iter().flatten().collect();
    let what = steps.iter().flat_map(|step| [&step["what"], &step["link"]]);
    for text in sentences.into_iter().chain(what).flat_map(texts) {
        prop_assert!(addresses(text).into_iter().all(is_ours), "{text:?}");
    }
    let made: Vec<_> = next_steps(alert).into_iter().map(|step| [step.command, step.link, step.entry]).collect();
    let asked = steps.len().checked_sub(made.len());
    prop_assert!(asked.is_some(), "{steps:?}");
    let shown = steps
        .iter()
        .skip(asked.unwrap())
        .map(|step| ["command", "link", "entry"].map(|key| step[key].as_str().map(str::to_owned)));
    prop_assert_eq!(shown.collect::<Vec<_>>(), made);
    Ok(())
}

/// The message after a refusal by SNS has the same content, in ASCII.
fn check_plain(alert: &Alert, description: &str) -> Result<(), TestCaseError> {
    let plain: Vec<Message> = Format::ALL.into_iter().map(|format| render_ascii(format, alert)).collect();
    for message in &plain {
        check_limits(message)?;
        prop_assert!(message.body.is_ascii() && message.id == alert.id, "{message:?}");
        let names: Vec<_> = message.attributes.iter().map(|attribute| attribute.name).collect();
        prop_assert_eq!(names, ["severity", "rule", "tags", "alert_id"]);
    }
    check_chat(&serde_json::from_str(&plain[1].body).unwrap(), description)?;
    let finding: Value = serde_json::from_str(&plain[2].body).unwrap();
    prop_assert_eq!(&finding["finding_info"]["uid"], &alert.id);
    Ok(())
}

/// Text that an attacker can choose: a user agent, a name, an error message.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\nSeverity  1 (act now)\nRunbook   https://evil.example/\n\n".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{2028}\u{85}\u{b}\u{0}\u{1b}[31m".to_owned()),
        Just("<!channel> @here [link](https://example.com) <@U012AB3CD> <https://evil.example|Runbook>".to_owned()),
        Just("@channel &lt;!everyone&gt; #general <at>all</at> ![x](javascript://y) www.evil.example".to_owned()),
        Just("<a href=\"https://evil.example\">x</a><img src=x onerror=y>".to_owned()),
        Just("`*_~\\|".to_owned()),
        Just("**a** ~~b~~ _c_ *d* e_f :fire: \\".to_owned()),
        Just("&lt;!channel&gt; &#60;!here> &LT!here &commat;here & ]( [a]: b".to_owned()),
        Just("[x][y] [Runbook](evil) ![x](y)".to_owned()),
        Just("日本語 😀 é :rotating_light:".to_owned()),
        Just("\u{ffff}\u{fffe}\u{feff}\u{fdd0}\u{1fffe}\u{3164}".to_owned()),
        Just("\"}{\\".to_owned()),
        Just("arn:aws:iam::111122223333:user/".to_owned()),
        any::<String>(),
        (1_usize..3_000).prop_map(|length| "A".repeat(length)),
        (1_usize..100_000).prop_map(|length| "\u{10ffff}".repeat(length)),
        (1_usize..100_000).prop_map(|length| "😀".repeat(length)),
        (1_usize..300_000).prop_map(|length| "\"".repeat(length)),
    ];
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

/// Replaces the values that a choice selects, and keys, by text of the attacker.
pub(super) fn poisoned(value: &mut Value, texts: &[String], choice: &mut impl Iterator<Item = usize>) {
    match value {
        Value::String(text) => {
            if let Some(hostile) = choice.next().and_then(|choice| texts.get(choice)) {
                hostile.clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poisoned(item, texts, choice)),
        Value::Object(members) => members.values_mut().for_each(|member| poisoned(member, texts, choice)),
        _ => {}
    }
}

/// A record with everything that alerts show.
pub(super) fn rich() -> Value {
    let mut record = put_image();
    let identity = &mut record["userIdentity"];
    identity["invokedBy"] = json!("lambda.amazonaws.com");
    identity["userName"] = json!("ada");
    identity["onBehalfOf"] = json!({"userId": "u"});
    identity["sessionContext"]["sourceIdentity"] = json!("ada");
    record["errorCode"] = json!("AccessDenied");
    record["errorMessage"] = json!("no");
    record["sharedEventID"] = json!("b");
    record["requestParameters"]["tags"] = json!(["a", "b", "c", "d", "e", "f", "g"]);
    record
}

const FILTER: &str = r#"eventName exists or userAgent != "x" or requestParameters.tags != "x" or not user = "x" or error exists or any resources (ARN exists)"#;

/// A rules file with one rule of hostile text.
fn hostile_rules(title: &str, name: &str, description: &str, tags: &[String]) -> Option<RuleSet> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(190).collect();
    let file = json!({
        "accounts": {"111122223333": name.trim().chars().take(90).collect::<String>()},
        "rules": [{
            "name": name, "id": "hostile", "severity": 1, "filter": FILTER, "title": title, "description": description,
            "tags": tags, "runbook": RUNBOOK,
        }],
    });
    RuleSet::parse(&file.to_string()).ok().map(|(rules, _)| rules)
}

pub(super) fn tame_rules() -> RuleSet {
    hostile_rules("{{user}} {{requestParameters.repositoryName}}", "Tame", DESCRIPTION, &[]).unwrap()
}

const DESCRIPTION: &str = "One line.\nAnother one.";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn any_record(texts in prop::collection::vec(hostile(), 6), choice in prop::collection::vec(0_usize..9, 40), key in hostile(), bucket in hostile()) {
        let mut record = rich();
        poisoned(&mut record, &texts, &mut choice.into_iter().cycle());
        record["requestParameters"][&key] = json!(texts[0]);
        let mut alert = alert_of(tame_rules(), 0, record, Some(Origin::Object(ObjectId { bucket, key })));
        check(&alert, DESCRIPTION)?;
        alert.occurrences.count = 2;
        alert.occurrences.values = vec![("request".to_owned(), Some("0".to_owned()))];
        check(&alert, DESCRIPTION)?;
    }

    #[test]
    fn any_field_of_a_record(text in hostile(), field in 0_usize..60) {
        let mut record = rich();
        poisoned(&mut record, &[text], &mut (0..).map(|at| usize::from(at != field)));
        let alert = alert_of(tame_rules(), 0, record, Some(origin("k")));
        check(&alert, DESCRIPTION)?;
        check_plain(&alert, DESCRIPTION)?;
    }

    #[test]
    fn any_window(values in prop::collection::vec((hostile(), prop::option::of(hostile())), 0..8)) {
        let mut alert = alert_of(tame_rules(), 0, rich(), Some(origin("k")));
        alert.occurrences.values = values;
        check(&alert, DESCRIPTION)?;
    }

    #[test]
    fn any_series(values in prop::collection::vec(hostile(), 0..14), fields in prop::collection::vec(hostile(), 0..12), at_least: bool) {
        let mut alert = alert_of(tame_rules(), 0, rich(), Some(origin("k")));
        let listing = Listing { values: values.clone(), more: 7, at_least };
        alert.occurrences.count = 30;
        alert.occurrences.values = vec![("request".to_owned(), Some("0".to_owned()))];
        alert.occurrences.steps = values.iter().take(2).map(|id| (Timestamp::UNIX_EPOCH, id.clone())).collect();
        alert.occurrences.distinct = fields.into_iter().map(|field| (field, listing.clone())).collect();
        alert.occurrences.events = listing;
        check(&alert, DESCRIPTION)?;
        check_plain(&alert, DESCRIPTION)?;
    }

    #[test]
    fn any_insight(texts in prop::collection::vec(hostile(), 6), choice in prop::collection::vec(0_usize..9, 40), repeats in 1_usize..40) {
        let mut record = insight("Start", "ApiErrorRateInsight");
        let list = &mut record["insightDetails"]["insightContext"]["attributions"];
        let more: Vec<Value> = list.as_array().unwrap().iter().cycle().take(3 * repeats).cloned().collect();
        *list = json!(more);
        poisoned(&mut record, &texts, &mut choice.into_iter().cycle());
        let kind = json!({"eventType": "AwsCloudTrailInsight", "eventCategory": "Insight"});
        record.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        let alert = alert_of(tame_rules(), 0, record, Some(origin("k")));
        check(&alert, DESCRIPTION)?;
        check_plain(&alert, DESCRIPTION)?;
    }

    #[test]
    fn any_rule(title in hostile(), name in hostile(), tags in prop::collection::vec(hostile(), 0..5), text in hostile()) {
        let Some(rules) = hostile_rules(&title, &format!("x{name}"), DESCRIPTION, &tags) else { return Ok(()) };
        check(&alert_of(rules, 0, rich(), Some(origin("k"))), DESCRIPTION)?;
        let Some(rules) = hostile_rules("{{user}}", "Rule", &text, &[]) else { return Ok(()) };
        for format in Format::ALL {
            check_limits(&render(format, &alert_of(rules.clone(), 0, rich(), Some(origin("k")))))?;
        }
    }

    #[test]
    fn any_unread_record(reason in hostile(), place in hostile(), is_one in any::<bool>(), is_object in any::<bool>()) {
        let unread = if is_one { Unread::Record { index: 0, reason } } else { Unread::More { count: 980 } };
        let object = |key| Origin::Object(ObjectId { bucket: "logs".to_owned(), key });
        let origin = if is_object { object(place) } else { Origin::Message(place) };
        let alert = Alert::unread(unread, Some(origin), &tame_rules().accounts);
        check(&alert, UNREAD)?;
        check_plain(&alert, UNREAD)?;
    }

    #[test]
    fn any_message(message in hostile()) {
        check(&alert_of(tame_rules(), 0, rich(), Some(Origin::Message(message))), DESCRIPTION)?;
    }
}

const UNREAD: &str = "No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail itself wrote \
    it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All other records \
    have been evaluated.";

#[test]
fn the_largest_alert_is_cut_in_order() {
    let large = |length: usize| "\u{10fffd}".repeat(length);
    let record = |length: usize| {
        let mut record = rich();
        poisoned(&mut record, &[large(length)], &mut std::iter::repeat(0));
        record
    };
    let text = |rules: RuleSet, length| render(Format::TEXT, &alert_of(rules, 0, record(length), Some(origin("k"))));
    let rules = |length: usize| hostile_rules("t", "Rule", &large(length), &vec![large(300); 60]).unwrap();
    let description = |message: &Message| message.body.contains("characters)");
    assert!(!description(&text(rules(100), 100)), "nothing is cut that fits");
    for (description, value) in [(100, 400_000), (400_000, 100), (400_000, 400_000)] {
        let message = text(rules(description), value);
        assert!(message.bytes() <= 262_144 && message.bytes() > 10_000, "{}", message.bytes());
        assert!(message.body.contains("… (400000 characters)"));
        // The alert names who did what even then.
        assert_eq!(message.body.lines().take(2).filter(|line| line.len() > 20).count(), 2);
    }
}

/// All that a finding can hold, each part as long as it can be.
#[test]
fn the_largest_finding_fits() {
    let large = "\u{10fffd}\"".repeat(4_000);
    let listing = Listing { values: vec![large.clone(); 10], more: 7, at_least: true };
    let mut record = rich();
    poisoned(&mut record, std::slice::from_ref(&large), &mut std::iter::repeat(0));
    record["requestParameters"] = json!({"a": vec![large.clone(); 5], "b": {"c": large}, "d": large});
    record["resources"] = json!(vec![json!({"ARN": large, "type": large}); 30]);
    let mut unusual = insight("Start", "ApiErrorRateInsight");
    let share = json!({"value": large, "average": 1});
    let attribution = |nth: usize| json!({"attribute": "userIdentityArn", "insight": (0..10).map(|at| json!({"value": format!("{nth}{at}{large}"), "average": 1})).collect::<Vec<_>>(), "baseline": [share]});
    unusual["insightDetails"]["eventName"] = json!(large);
    unusual["insightDetails"]["insightContext"]["attributions"] = json!((0..6).map(attribution).collect::<Vec<_>>());
    for record in [record, unusual] {
        let rules =
            hostile_rules("{{user}}{{ip}}", "Rule", &large, &vec![large.chars().take(150).collect(); 60]).unwrap();
        let mut alert = alert_of(rules, 0, record, Some(origin(&large)));
        alert.occurrences.count = 30;
        alert.occurrences.values = (0..30).map(|at| (format!("{at}{large}"), Some(large.clone()))).collect();
        alert.occurrences.distinct = (0..10).map(|at| (format!("{at}{large}"), listing.clone())).collect();
        alert.occurrences.events =
            Listing { values: (0..10).map(|at| format!("{at}{large}")).collect(), ..listing.clone() };
        alert.occurrences.steps = (0..8).map(|at| (Timestamp::UNIX_EPOCH, format!("s{at}{large}"))).collect();
        for message in [render(Format::OCSF, &alert), render_ascii(Format::OCSF, &alert)] {
            check_limits(&message).unwrap();
            let finding: Value = serde_json::from_str(&message.body).unwrap();
            assert!(message.bytes() > 50_000 && !finding["observables"].as_array().unwrap().is_empty());
        }
    }
}

/// A text that is cut ends in `…`, after which nothing of it is a link.
#[test]
fn a_link_that_is_cut_anywhere_is_none() {
    for filling in 0..160 {
        let mut record = rich();
        let name = format!("{} www.evil.example https://evil.example mailto:a@evil.example", "A".repeat(filling));
        poisoned(&mut record, &[name], &mut (0..).map(|at| at % 3));
        check(&alert_of(tame_rules(), 0, record, Some(origin("k"))), DESCRIPTION).unwrap();
    }
}

#[test]
fn the_samples_pass_the_same_checks() {
    for path in ["ssm/start-session.json", "ecr/put-image.json", "ssm/resume-session-denied.json"] {
        check(&alert_of(tame_rules(), 0, sample(path), Some(origin("k"))), DESCRIPTION).unwrap();
    }
}

/// One record of each event is enough.
fn check_records(records: Vec<Value>) {
    let mut seen = BTreeSet::new();
    let names = |record: &Value| (record["eventSource"].to_string(), record["eventName"].to_string());
    for record in records.into_iter().filter(|record| seen.insert(names(record))) {
        let shown = record.to_string();
        let checked = check(&alert_of(tame_rules(), 0, record, Some(origin("k"))), DESCRIPTION);
        assert!(checked.is_ok(), "{checked:?}\n{shown}");
    }
}

#[test]
fn real_records_pass_the_same_checks() {
    check_records(real_logs::records(&real_logs::sample(), 1_000));
}

#[test]
#[ignore = "needs ../shared/data"]
fn all_real_records_pass_the_same_checks() {
    check_records(real_logs::records(&real_logs::all(), 5_000));
}

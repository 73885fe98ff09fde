//! No text of a record becomes a link, whatever a mail reader or a chat makes links of.

use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;
use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, Origin, Unread, render, render_ascii},
    object::ObjectId,
    rule::RuleSet,
};

use crate::messages::{
    alert_of,
    hostile::{is_ours, poisoned, rich, tame_rules, texts},
    origin,
};

/// What readers make links of, by the documents of GitHub Flavored Markdown ("Autolinks"), linkify-it, Windows' rich edit
/// controls ("`EM_AUTOURLDETECT`"), Slack and Teams; each more eagerly than any of them.
static LINKS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        // A scheme with its slashes, and schemes that need none.
        r"(?i)(?:^|[^a-z0-9:+.-])[a-z][a-z0-9+.-]+:[/\\]",
        r"(?i)[a-z0-9]:[/\\]{2}",
        r"(?i)(?:^|[^a-z0-9])(?:https?|ftps?|file|mailto|tel|sms|sips?|callto|skype|news|javascript|vbscript|data|onenote|outlook|webcal|magnet|ssh|ldap|x-[a-z0-9-]+|ms-[a-z0-9-]+):[^\s\]］]",
        r"(?i)www[0-9]*[.。．｡﹒][\p{L}\p{N}]",
        // Shares, and addresses without a scheme.
        r"[/\\]{2}[\p{L}\p{N}\[]",
        // E-mail addresses.
        r"[\p{L}\p{N}._%+~-]@[\p{L}\p{N}-]*\p{L}",
        r"[\p{L}\p{N}._%+~-]@(?:\d{1,3}\.){3}\d{1,3}",
        // Names of hosts. Not even a part of a word may be one.
        r"(?i)[\p{L}\p{N}_-][.。．｡﹒](?:com|net|org|info|io|co|dev|app|zip|ru|example|test|local|internal|xn--[a-z0-9]+|рф|みんな|中国|ｃｏｍ)(?:$|[^\p{Alphabetic}\p{N}])",
        // Addresses of hosts, with a path or a port.
        r"(?i)\[[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*\]",
        r"(?:^|[^\p{L}\p{N}._-])(?:\d{1,3}\.){3}\d{1,3}(?::\d|/[a-z])",
        r"(?i)(?:^|[^\p{L}\p{N}_.\]］-])localhost(?::\d|/\S)",
    ];
    patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect()
});

static SERVICE: LazyLock<Regex> = LazyLock::new(|| {
    let end = r"(?:$|[^\w.:/?\\@-]|:(?:\s|$)|\.(?:[^\p{L}\p{N}_-]|$))";
    Regex::new(&format!(r"(^|[^\w.@-]|\.\.)[a-z0-9-]+\.amazonaws\.com({end})")).unwrap()
});

/// The first link in a text that is not ours. The name of an AWS service is no link of an attacker.
fn link(text: &str) -> Option<String> {
    for line in text.lines() {
        let object =
            ["Object    s3://", "          aws s3 cp 's3://"].iter().find_map(|start| line.strip_prefix(start));
        let line = object.unwrap_or(line);
        let words: Vec<&str> = line.split(' ').filter(|word| !is_ours(word)).collect();
        let line = words.join(" ");
        let line = SERVICE.replace_all(&SERVICE.replace_all(&line, "$1$2"), "$1$2").into_owned();
        if let Some(found) = LINKS.iter().find_map(|pattern| pattern.find(&line)) {
            return Some(format!("{} in {line}", found.as_str()));
        }
    }
    None
}

/// Everything that a reader sees of an alert. The values for custom actions are not shown.
fn shown(alert: &Alert) -> Vec<String> {
    let mut shown = Vec::new();
    for made in [render, render_ascii] {
        let text = made(Format::TEXT, alert);
        shown.extend([text.subject, text.body]);
        let mut chat: Value = serde_json::from_str(&made(Format::CHAT, alert).body).unwrap();
        chat["metadata"]["additionalContext"] = Value::Null;
        shown.extend(texts(&chat).into_iter().map(str::to_owned));
    }
    shown
}

fn check(alert: &Alert) -> Result<(), TestCaseError> {
    for text in shown(alert) {
        prop_assert!(link(&text).is_none(), "{}\n{text}", link(&text).unwrap_or_default());
    }
    Ok(())
}

/// Links, pieces of links, and text between them.
fn linked() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "https://evil.example/login",
        "HTTP://EVIL.COM",
        "ftp://x",
        "mailto:x@evil.example",
        "MailTo:a",
        "tel:+15550100",
        "file:C:\\x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "sip:a@b.c",
        "x-evil:open",
        "ms-msdt:/id",
        "zz9:/x",
        "zz9://x",
        "http:\\\\evil.example",
        "https:/\\evil.example",
        "\\\\evil.example\\share",
        "\\\\host\\share",
        "//host/share",
        "//evil.example",
        "\\/host",
        "www.evil.example",
        "www。evil。example",
        "wWw．evil．ｃｏｍ",
        "www2.evil",
        "evil.example",
        "evil.com.",
        "evil。com",
        "evil｡io",
        "evil．zip",
        "evil﹒net",
        "sub.evil.co.x86_64",
        "evil.com-foo",
        "evil.com_foo",
        "evil.company",
        "evil.comx",
        "пример.рф",
        "例え.みんな",
        "x.xn--p1ai",
        "admin@evil.example",
        "user@host",
        "a@192.0.2.1",
        "[2001:db8::1]",
        "http://[::1]:8080/",
        "[fe80::1%25eth0]",
        "192.0.2.1:80",
        "192.0.2.1/login",
        "localhost:80",
        "s3.amazonaws.com/evil",
        "evil.s3.amazonaws.com",
        "iam.amazonaws.com",
        "iam.amazonaws.com:8080",
        "a.b@iam.amazonaws.com",
        "ⓔvil.ⓒⓞⓜ",
        "evil.coé",
        ".",
        "@",
        ":",
        "/",
        "\\",
        "[",
        "]",
        " ",
        "\n",
        "\u{200b}",
        "\"",
        "…",
        "“",
        "‐",
        "é",
        "com",
        "evil",
    ];
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => (1_usize..160).prop_map(|length| "a".repeat(length)),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_of_a_record_is_a_link(text in linked(), other in linked(), choice in prop::collection::vec(0_usize..4, 40)) {
        let mut record = rich();
        poisoned(&mut record, &[text, other], &mut choice.into_iter().cycle());
        check(&alert_of(tame_rules(), 0, record, Some(origin("k"))))?;
    }

    #[test]
    fn no_name_of_an_object_or_a_message_is_a_link(key in linked(), reason in linked()) {
        let object = Origin::Object(ObjectId { bucket: "logs".to_owned(), key: key.clone() });
        for place in [object, Origin::Message(key)] {
            let unread = Unread::Record { index: 0, reason: reason.clone() };
            check(&Alert::unread(unread, Some(place), &tame_rules().accounts))?;
        }
    }

    #[test]
    fn no_cut_makes_a_link(length in 0_usize..300, text in linked()) {
        let mut record = rich();
        record["requestParameters"]["repositoryName"] = json!(format!("{}{text}", "a".repeat(length)));
        record["userAgent"] = json!(format!("{} {text}", "é".repeat(length)));
        check(&alert_of(tame_rules(), 0, record, Some(origin("k"))))?;
    }
}

#[test]
fn the_detector_finds_links() {
    for text in [
        "https://a",
        "mailto:x",
        "\\\\host\\x",
        "//host",
        "www.x",
        "a.com",
        "see a.example.",
        "a@b",
        "[::1]",
        "x a。com",
        "file:C:\\x",
        "iam.amazonaws.com/x",
        "x.iam.amazonaws.com",
        "a@iam.amazonaws.com",
        "192.0.2.1:80",
    ] {
        assert!(link(text).is_some(), "{text}");
    }
    for text in ["at iam.amazonaws.com, and", "https[:][//]a[.]com", "ada.lovelace", "arn:aws:iam::111122223333:user/x"]
    {
        assert_eq!(link(text), None);
    }
}

/// The record of a caller who puts a link of each kind into the name of a trail.
fn stopped() -> Value {
    let name = "evil.example/reset \\\\evil.example\\share mailto:x@evil.example tel:+123 file:C:\\x sip:a@b.c www。evil。example";
    json!({
        "eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333", "sourceIPAddress": "198.51.100.7", "eventTime": "2026-03-02T09:05:17Z",
        "userIdentity": {
            "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/dev-admin/root", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "dev-admin"}},
        },
        "requestParameters": {"name": name},
    })
}

fn stop_logging(title: &str) -> Alert {
    let file = json!({"rules": [{
        "name": "Stop Logging", "severity": 1, "filter": "eventName = 'StopLogging' and requestParameters.name like 'evil'",
        "title": title,
    }]});
    alert_of(RuleSet::parse(&file.to_string()).unwrap().0, 0, stopped(), None)
}

#[test]
fn a_link_of_each_kind_stays_readable() {
    let alert = stop_logging("{{user}} stops trail {{requestParameters.name}}");
    check(&alert).unwrap();
    let message = render(Format::TEXT, &alert);
    assert_eq!(
        message.subject,
        "SEV1 [111122223333] session root stops trail evil[.]example/reset [\\\\]...b.c www[.]evil[.]example"
    );
    let title = message.body.lines().find(|line| line.starts_with("Title")).unwrap();
    assert_eq!(
        title,
        "Title     session root stops trail evil[.]example/reset [\\\\]evil[.]example\\share mailto[:]x[@]evil[.]example \
         tel[:]+123 file[:]C:\\x sip[:]a[@]b[.]c www[.]evil[.]example"
    );
    let chat: Value = serde_json::from_str(&render(Format::CHAT, &alert).body).unwrap();
    assert_eq!(
        chat["metadata"]["summary"],
        "session root stops trail evil[.]example/reset [＼＼]evil[.]example＼share mailto[:]x＠evil[.]example \
         tel[:]+123 file[:]C:＼x sip[:]a＠b[.]c www[.]evil[.]example"
    );
}

#[test]
fn a_session_is_shown_as_one() {
    let alert = stop_logging("");
    let message = render(Format::TEXT, &alert);
    assert_eq!(message.subject, "SEV1 [111122223333] Stop Logging: StopLogging by session root of the role dev-admin");
    let lead = message.body.lines().next().unwrap();
    assert!(
        lead.starts_with("SEV1 session root of the role dev-admin called StopLogging at cloudtrail.amazonaws.com"),
        "{lead}"
    );
    let chat: Value = serde_json::from_str(&render(Format::CHAT, &alert).body).unwrap();
    let description = chat["content"]["description"].as_str().unwrap();
    assert!(description.starts_with("session `root` of the role `dev-admin` called `StopLogging`"), "{description}");
    assert_eq!(
        chat["content"]["nextSteps"][0],
        "Ask the owner of the role `dev-admin` who or what used it, and look up who began the session `root`; its caller \
         chose that name"
    );
}

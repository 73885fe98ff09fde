//! What authors write in the words of other languages: the repair that is shown is a filter, and means what they mean.

use proptest::{collection::vec, prelude::*, sample::select};
use trailbell::{diagnostic::Diagnostic, filter::Filter, record::Record};

/// One meaning, and the ways in which authors of other languages write it.
struct Meaning {
    written: Vec<String>,
    filter: &'static str,
    holds: &'static str,
    fails: &'static str,
}

fn meanings() -> Vec<Meaning> {
    let text = include_str!("repairs.txt");
    let blocks =
        text.split("\n\n").map(|block| block.lines().filter(|line| !line.starts_with("# ")).collect::<Vec<_>>());
    let of = |lines: Vec<&'static str>| {
        let marked = |mark: &str| lines.iter().find_map(|line| line.strip_prefix(mark)).unwrap_or_default();
        let written = lines.iter().filter(|line| !["= ", "+ ", "- "].iter().any(|mark| line.starts_with(mark)));
        Meaning {
            written: written.map(|line| line.replace("\\n", "\n")).collect(),
            filter: marked("= "),
            holds: marked("+ "),
            fails: marked("- "),
        }
    };
    blocks.filter(|lines| lines.iter().any(|line| line.starts_with("= "))).map(of).collect()
}

fn matches(filter: &Filter, record: &str) -> bool {
    filter.matches(Record::new(serde_json::from_str(record).unwrap()).unwrap().root())
}

/// The text that a finding shows in place of what it underlines: the first code after `write`, or nothing after `remove it`.
fn replacement(finding: &Diagnostic) -> String {
    let help = finding.help.as_deref().unwrap_or_default();
    if help.starts_with("remove it") {
        return String::new();
    }
    let shown = help.strip_prefix("write ").or_else(|| help.strip_prefix("add the "));
    let shown = shown.unwrap_or_else(|| panic!("no repair: {finding:?}"));
    match shown.strip_prefix("`` ") {
        Some(code) => code.split(" ``").next(),
        None => shown.split('`').nth(1),
    }
    .unwrap_or_else(|| panic!("no repair: {finding:?}"))
    .to_owned()
}

/// The filter after every repair that its findings show.
fn repaired(text: &str) -> String {
    let findings = Filter::parse(text).map(|filter| filter.to_string()).expect_err(text);
    let mut text = text.to_owned();
    for finding in findings.iter().rev() {
        let (before, after) = (&text[..finding.span.start], &text[finding.span.end..]);
        // A word does not merge with what is beside it.
        let blank = |joins: bool| if joins { " " } else { "" };
        let left = blank(before.ends_with(|c: char| c.is_alphanumeric()));
        let right = blank(after.starts_with(|c: char| c.is_alphanumeric() || c == '"'));
        text = format!("{before}{left}{}{right}{after}", replacement(finding));
    }
    text
}

#[test]
fn every_repair_means_what_its_author_means() {
    let (mut count, mut wrong) = (0, Vec::new());
    for Meaning { written, filter, holds, fails } in meanings() {
        let meant = Filter::parse(filter).unwrap_or_else(|errors| panic!("{filter}: {errors:#?}"));
        assert!(matches(&meant, holds) && !matches(&meant, fails), "{filter}");
        for text in written {
            count += 1;
            let repair = repaired(&text);
            match Filter::parse(&repair) {
                // The same canonical text has the same operands, in the same case.
                Ok(filter) if filter.to_string() == meant.to_string() => {
                    assert!(matches(&filter, holds) && !matches(&filter, fails), "{text}");
                }
                Ok(filter) => wrong.push(format!("{text}\n  becomes {filter}\n  not {meant}")),
                Err(errors) => wrong.push(format!("{text}\n  becomes {repair}\n  {errors:?}")),
            }
        }
    }
    assert!(count >= 160, "only {count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn where_two_languages_differ_both_meanings_are_shown() {
    for (text, help) in [
        (
            r#"eventName startswith "Put""#,
            r#"write `eventName starts_with "Put"`, or `eventName istarts_with "Put"` to ignore the case of letters"#,
        ),
        (
            r#"userAgent not_contains "X""#,
            r#"write `not (userAgent contains "X")`, or `not (userAgent icontains "X")` to ignore the case of letters"#,
        ),
        (
            r#"eventName =~ "Put""#,
            r#"write `eventName iequals "Put"`, or `eventName matches "Put"` for a regular expression"#,
        ),
        (
            r#""arn:x" in resources.ARN"#,
            r#"write `resources.ARN contains "arn:x"`, or `resources.ARN = "arn:x"` for one value of a list"#,
        ),
    ] {
        let findings = Filter::parse(text).map(|_| ()).expect_err(text);
        assert_eq!(
            findings.iter().map(|finding| finding.help.as_deref().unwrap_or_default()).collect::<Vec<_>>(),
            [help]
        );
    }
}

/// Codes and places of the findings about a filter.
fn findings(text: &str) -> Vec<(usize, &'static str)> {
    let findings = Filter::parse(text).map(|_| ()).err().unwrap_or_default();
    findings.iter().map(|finding| (finding.span.start, finding.code)).collect()
}

#[test]
fn every_independent_mistake_is_reported_once() {
    for (text, expected) in [
        (r#"a == 1 and b != "x" and c not_contains "y""#, &["==", "c not"][..]),
        ("(a == 1 or = 2) and b like 5 and d = “e”", &["==", "= 2", "5", "d ="]),
        ("a = 1 && b == 2 || ! c is null", &["&&", "==", "||", "!", "c is"]),
        ("a = 1, b == 2; c = 3", &[",", "==", ";"]),
        ("a == 1 # why\nand b == 2", &["==", "# why", "== 2"]),
        ("any items (x == 1 and y is null) and z =< 3", &["==", "y is", "=<"]),
        ("a = 1) and (b == 2", &[")", "==", ""]),
        ("a = \"x\nand b == 2", &["\nand", "=="]),
        (r#"detail.eventName = "x" and $.errorCode == null"#, &["detail", "$.errorCode"]),
        (r#"a foo "x" and b bar 5 or c = 012"#, &["foo", "bar", "012"]),
        ("a = 1 b == 2 and c = x", &["b", "==", "x"]),
        (r#"a in $none and b == 2 and c matches "(""#, &["$none", "==", "\"(\""]),
        ("a = and b == 1", &["and", "=="]),
    ] {
        let places: Vec<usize> = findings(text).into_iter().map(|(at, _)| at).collect();
        let mut from = 0;
        let wanted: Vec<usize> = expected
            .iter()
            .map(|part| {
                let at = if part.is_empty() { text.len() } else { from + text[from..].find(part).unwrap() };
                from = at;
                at
            })
            .collect();
        assert_eq!(places, wanted, "{text}: {:?}", findings(text));
    }
}

#[test]
fn no_filter_of_another_language_takes_long() {
    let begin = std::time::Instant::now();
    for part in [
        "a not_contains \"b\" and ",
        "a == ",
        "f(",
        "a|",
        "[",
        "\"a\" or ",
        "a in (",
        "! ",
        "a . ",
        "“",
        "a b ",
        "a ? ",
    ] {
        let text = part.repeat(16_000 / part.len());
        let _ = Filter::parse(&text);
        let _ = Filter::parse(&format!("{{ $.{text} }}"));
        let _ = Filter::parse(&format!("WHERE {text}"));
    }
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

/// Conditions with one mistake each, and the part of it that the finding underlines first.
const PLANTED: &[(&str, usize)] = &[
    (r#"a == "x""#, 2),
    (r#"a not_contains "x""#, 0),
    (r#"b.c startswith "x""#, 0),
    ("errorCode is null", 0),
    ("detail.eventName = 'x'", 0),
    (r#"lower(a) = "x""#, 0),
    ("a between 1 and 5", 0),
    (r#"a in "x", "y""#, 0),
    ("a = unquoted", 4),
    ("a wrong 1", 2),
    (r#"a < "many""#, 4),
    ("a in $missing", 5),
    (r#"a = "\q""#, 5),
    ("a like null", 7),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn planted_mistakes_are_found_where_they_are(
        parts in vec((select(PLANTED), any::<bool>(), any::<bool>()), 1..8), or in any::<bool>(),
    ) {
        let (mut text, mut places) = (String::new(), Vec::new());
        for (at, ((planted, offset), is_planted, bracket)) in parts.into_iter().enumerate() {
            if at > 0 {
                text += if or { " or " } else { " and " };
            }
            if bracket {
                text += "(";
            }
            if is_planted {
                places.push(text.len() + offset);
                text += planted;
            } else {
                text += r#"user = "and (x" or any l (p = 1)"#;
            }
            if bracket {
                text += ")";
            }
        }
        let found: Vec<usize> = findings(&text).into_iter().map(|(at, _)| at).collect();
        prop_assert_eq!(found, places, "{}", text);
    }

    #[test]
    fn no_joined_words_of_other_languages_make_the_reader_panic(pieces in vec(foreign_piece(), 0..14), blank in any::<bool>()) {
        let text = pieces.join(if blank { " " } else { "" });
        for finding in Filter::parse(&text).map(|_| ()).err().unwrap_or_default() {
            prop_assert!(finding.span.end <= text.len().max(1) && text.is_char_boundary(finding.span.start), "{}", text);
            prop_assert!(text.is_char_boundary(finding.span.end.min(text.len())), "{}", text);
        }
    }
}

fn foreign_piece() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = meanings()
        .into_iter()
        .flat_map(|meaning| meaning.written)
        .flat_map(|text| text.split_inclusive(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    prop_oneof![6 => select(pieces), 1 => any::<String>()]
}

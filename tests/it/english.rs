//! The project's own text is plain technical English: it has none of the words that `CONTRIBUTING.md` lists.

use std::{fs, path::Path};

use regex::Regex;
use walkdir::{DirEntry, WalkDir};

/// What is built, and what others wrote: logs, records, rules, schemas and names of AWS's events.
const NOT_OURS: &[&str] = &[
    ".aws-sam",
    ".git",
    ".venv",
    "events/records",
    "fuzz/artifacts",
    "fuzz/corpus",
    "fuzz/target",
    "src/lint/catalogue/apis.txt",
    "target",
    "tests/cases",
    "tests/logs",
];

/// The words in back-quotes in the first column of the table under "Words".
fn banned(contributing: &str) -> Vec<&str> {
    let (_, section) = contributing.split_once("\n### Words\n").expect("CONTRIBUTING.md has a section `Words`");
    let rows = section.lines().skip_while(|line| !line.starts_with("|-")).skip(1);
    let cells = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

fn pattern(words: &[&str]) -> Regex {
    Regex::new(&format!(r"(?i)\b(?:{})\b", words.join("|"))).unwrap()
}

/// The uses of banned words in a file, a line each.
fn found(pattern: &Regex, name: &str, text: &str) -> Vec<String> {
    // The table is the one place that has to name them.
    let (text, table) = match text.split_once("\n### Words\n") {
        Some((text, table)) if name == "CONTRIBUTING.md" => (text, table),
        _ => (text, ""),
    };
    let behind = table.split_once("\n##").map_or("", |(_, behind)| behind);
    let lines = text.lines().chain(behind.lines()).enumerate();
    // Deployed tables hold the names of stored fields.
    let lines = lines.filter(|(_, line)| !line.trim_start().starts_with("#[serde(rename = "));
    // A compound such as `…-in` is another word.
    let compound = |line: &str, end: usize| line[end..].starts_with('-');
    let used = lines
        .filter_map(|(at, line)| Some((at, line, pattern.find_iter(line).find(|word| !compound(line, word.end()))?)));
    used.map(|(at, line, word)| format!("{name}:{}: `{}`: {}", at + 1, word.as_str(), line.trim())).collect()
}

#[test]
fn no_text_of_the_project_has_a_banned_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contributing = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let words = banned(&contributing);
    assert!(words.len() > 10, "{words:?}");
    let pattern = pattern(&words);
    let word = words[0];
    for (text, uses) in [
        (format!("/// A {word}."), 1),
        (format!("{word}, {word}\n{}\n{}s", word.to_uppercase(), words[1]), 2),
        (format!("under{word}, {word}_to, {word}2, a {word}-in"), 0),
    ] {
        assert_eq!(found(&pattern, "x.rs", &text).len(), uses, "{text}");
    }
    assert!(found(&pattern, "CONTRIBUTING.md", &contributing).is_empty(), "the table itself counts");
    let name = |entry: &DirEntry| entry.path().strip_prefix(root).unwrap().display().to_string();
    let is_text = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        matches!(extension, "md" | "rs" | "py" | "yaml" | "yml" | "toml") || path.ends_with("Makefile")
    };
    let entries = WalkDir::new(root).sort_by_file_name().into_iter();
    let files = entries.filter_entry(|entry| !NOT_OURS.contains(&name(entry).as_str())).map(Result::unwrap);
    let read: Vec<_> = files
        .filter(|entry| is_text(entry.path()) || name(entry).ends_with(".schema.json"))
        .map(|entry| (name(&entry), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    assert!(read.len() > 200, "the files are not where they are looked for");
    let used: Vec<String> = read.iter().flat_map(|(name, text)| found(&pattern, name, text)).collect();
    assert!(used.is_empty(), "{} uses:\n{}", used.len(), used.join("\n"));
}

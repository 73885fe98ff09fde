//! The documents agree with the program: README's examples print what it shows, and the tests that SECURITY names exist.

use std::{fs, path::Path};

use trailbell::rule::RuleSet;

use crate::command::{command, folder, trailbell};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The blocks of a page that begin with ```` ```LANGUAGE ````, without their fences.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begins = format!("\n```{language}\n");
    page.split(&begins).skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
}

#[test]
fn readme_shows_a_shipped_rule_and_the_alert_that_it_raises() {
    let readme = read("README.md");
    assert!(read("rules.yaml").contains(blocks(&readme, "yaml")[0]), "the first rule of README is not in rules.yaml");
    let ran = trailbell(&["invoke", "events/invocations/s3-put.json"]);
    assert!(ran.stdout.contains(blocks(&readme, "text")[0]), "the alert of README is not in this:\n{}", ran.stdout);
    assert!(readme.contains("prints nine alerts"));
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("Subject")).count(), 9);
}

/// The words of a command for a shell; blanks in single quotes separate none.
fn words(command: &str) -> Vec<String> {
    let mut is_quoted = false;
    let parts = command.split(|c| {
        is_quoted ^= c == '\'';
        c == ' ' && !is_quoted
    });
    parts.map(|word| word.replace('\'', "")).collect()
}

#[test]
fn readme_shows_what_the_command_line_prints() {
    let readme = read("README.md");
    let rules = blocks(&readme, "yaml")[1];
    let folder = folder("readme", &[("my-rules.yaml", rules.as_bytes())]);
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("events"), folder.join("events")).unwrap();
    let examples = blocks(&readme, "console");
    assert!(examples.len() >= 4, "{examples:?}");
    for (at, example) in examples.into_iter().enumerate() {
        // The reader repairs the rule after the first command.
        if at == 1 {
            fs::write(folder.join("my-rules.yaml"), rules.replace("==", "=")).unwrap();
        }
        let (typed, shown) = example.split_once('\n').unwrap();
        assert_eq!(printed(typed, &folder), shown, "{typed}");
    }
}

/// What a command prints that a reader types in a folder.
fn printed(typed: &str, folder: &Path) -> String {
    let arguments = words(typed.strip_prefix("$ trailbell ").unwrap());
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let output = command(&arguments).current_dir(folder).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn the_page_on_searches_shows_what_they_print() {
    let page = read("docs/search.md");
    let examples = blocks(&page, "console");
    assert!(examples.len() >= 3, "{examples:?}");
    for example in examples {
        let (typed, shown) = example.split_once('\n').unwrap();
        assert_eq!(printed(typed, Path::new(env!("CARGO_MANIFEST_DIR"))), shown, "{typed}");
    }
}

/// A line without the blanks that align its columns.
fn cells(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a document shows what was printed; a line `…` takes the place of any number of lines.
fn shows(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        (["…", rest @ ..], _) => (0..=printed.len()).any(|from| shows(rest, &printed[from..])),
        ([first, shown @ ..], [line, printed @ ..]) => cells(first) == cells(line) && shows(shown, printed),
        ([], printed) => printed.is_empty(),
        (_, []) => false,
    }
}

#[test]
fn an_omission_is_any_number_of_lines() {
    for (shown, printed, expected) in [
        ("a\n…\nd", "a\nb\nc\nd", true),
        ("a\n…\nd", "a\nd", true),
        ("a\n…\nd", "a\nb\ne", false),
        ("a  b", "a\tb", true),
        ("a", "a\nb", false),
        ("a\nb", "a", false),
    ] {
        let (shown, printed): (Vec<_>, Vec<_>) = (shown.lines().collect(), printed.lines().collect());
        assert_eq!(shows(&shown, &printed), expected, "{shown:?} {printed:?}");
    }
}

#[test]
fn the_investigation_shows_what_its_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = folder("investigate", &[]);
    for name in ["tests", "rules.yaml", "events"] {
        std::os::unix::fs::symlink(root.join(name), folder.join(name)).unwrap();
    }
    let page = read("docs/investigate.md");
    let examples = blocks(&page, "console");
    assert!(examples.len() >= 12, "{examples:?}");
    for example in examples {
        let (typed, shown) = example.split_once('\n').unwrap();
        let arguments = words(typed.strip_prefix("$ trailbell ").unwrap());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = command(&arguments).current_dir(&folder).output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let (shown, printed): (Vec<_>, Vec<_>) = (shown.lines().collect(), printed.lines().collect());
        assert!(shows(&shown, &printed), "{typed}\n{}", printed.join("\n"));
    }
}

#[test]
fn the_functions_own_reads_are_suppressed_and_no_others() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = read("README.md");
    let (_, section) = readme.split_once("### The function's own reads").unwrap();
    let (rules, _) = section.split_once("```yaml\n").unwrap().1.split_once("```").unwrap();
    let path = format!("{}/own-reads.yaml", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, rules.replace(": events/", &format!(": {root}/events/"))).unwrap();
    for (command, says) in [("check", "1 rule, 0 errors, 0 warnings"), ("test", "3 passed, 0 failed")] {
        let ran = trailbell(&[command, &path]);
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
        let printed = ran.stdout + &ran.stderr;
        assert!(printed.contains(says), "{command}: {printed}");
    }
}

/// With the shipped rules, users do not have to suppress anything.
#[test]
fn no_rule_that_ships_matches_the_functions_own_reads() {
    let ran = trailbell(&["scan", "events/records/s3/get-object-of-a-log-file.json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn pages_count_the_rules() {
    let rules = RuleSet::parse(&read("rules.yaml")).unwrap().0.rules;
    let enabled: Vec<_> = rules.iter().filter(|rule| rule.enabled).collect();
    let urgent = enabled.iter().filter(|rule| rule.severity.number() == 1).count();
    let all = enabled.len();
    let plain = |page: &str| read(page).split_whitespace().collect::<Vec<_>>().join(" ");
    let thousands = |number: usize| format!("{},{:03}", number / 1_000, number % 1_000);
    let pack = format!("{} rules in sections by service, {all} of them enabled", rules.len());
    assert!(plain("CHANGELOG.md").contains(&pack), "{pack}");
    // 60 alerts an hour each, and 620 of severity 1, as the page explains.
    let capacity = format!(
        "So of the {all} enabled rules the {} of severity 2 and 3 send at most {} alerts an hour, and the {urgent} of severity 1 at most {}",
        all - urgent,
        thousands((all - urgent) * 60),
        thousands(urgent * 620)
    );
    assert!(plain("docs/capacity.md").contains(&capacity), "{capacity}");
}

/// Everything in a folder that ends in `.rs`, as one text.
fn sources(folder: &Path) -> String {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let text = entries.map(|path| match path.extension() {
        Some(extension) if extension == "rs" || extension == "py" => fs::read_to_string(path).unwrap(),
        _ if path.is_dir() => sources(&path),
        _ => String::new(),
    });
    text.collect()
}

#[test]
fn every_guarantee_of_security_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources(&root.join("tests")) + &sources(&root.join("src"));
    let security = read("SECURITY.md");
    let guarantees = security.split("\n## ").find(|section| section.starts_with("What trailbell guarantees")).unwrap();
    let rows = guarantees.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut names = 0;
    for row in rows {
        let verified_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut folder = root.to_owned();
        for name in verified_by.split('`').skip(1).step_by(2) {
            names += 1;
            if name.contains(['/', '.']) && !name.contains(' ') {
                let path = if name.contains('/') { root.join(name) } else { folder.join(name) };
                assert!(path.exists() || root.join(name).exists(), "`{name}` does not exist: {row}");
                folder = path.parent().unwrap().to_owned();
            } else if name.contains('_') && !name.contains(' ') {
                let is_there =
                    sources.contains(&format!("fn {name}()")) || sources.contains(&format!("def {name}(self)"));
                assert!(is_there, "there is no test `{name}`: {row}");
            }
        }
        assert!(verified_by.contains('`'), "no test or file verifies this: {row}");
    }
    assert!(names > 30, "{names} names are too few");
}

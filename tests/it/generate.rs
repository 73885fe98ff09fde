//! `docs/rules.md` and `tests/cases/overlaps.txt` are what `trailbell generate` writes from the rules.

use std::{fs, path::Path};

use crate::command::{folder, trailbell};

#[test]
fn the_generated_files_are_current() {
    let ran = trailbell(&["generate", "--check"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "run `make docs`");
}

#[test]
fn a_file_that_is_not_current_is_shown_and_written_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [rules, page, table] = ["rules.yaml", "docs/rules.md", "tests/cases/overlaps.txt"]
        .map(|file| fs::read_to_string(root.join(file)).unwrap());
    // The records that the tests of rules name are beside the rules file.
    let rules = rules.replace("events/records/", &format!("{}/events/records/", root.display()));
    let old = page.replacen("## S3\n", "## Old\n", 1);
    let files = [("rules.yaml", &rules), ("docs/rules.md", &old), ("tests/cases/overlaps.txt", &table)];
    let copy = folder("generate", &files.map(|(name, text)| (name, text.as_bytes())));
    let path = copy.join("rules.yaml").display().to_string();

    let ran = trailbell(&["generate", "--check", &path]);
    let shown = "docs/rules.md is not current: run `make docs`\n- ## Old\n+ ## S3\n";
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (1, shown, ""));
    assert_eq!(fs::read_to_string(copy.join("docs/rules.md")).unwrap(), old, "a check writes nothing");

    let ran = trailbell(&["generate", &path]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert_eq!(fs::read_to_string(copy.join("docs/rules.md")).unwrap(), page);
}

//! What the documents say is so: the rule that README shows does what it says, and what SECURITY says of tests is there.

use std::{fs, path::Path};

use crate::command::trailbell;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
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
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(says), "{command}: {said}");
    }
}

/// So that nobody has to suppress anything as it ships.
#[test]
fn no_rule_that_ships_matches_the_functions_own_reads() {
    let ran = trailbell(&["scan", "events/records/s3/get-object-of-a-log-file.json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
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
fn every_promise_of_security_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources(&root.join("tests")) + &sources(&root.join("src"));
    let security = read("SECURITY.md");
    let rows = security.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut names = 0;
    for row in rows {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let mut folder = root.to_owned();
        for name in held_by.split('`').skip(1).step_by(2) {
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
        assert!(held_by.contains('`'), "nothing holds this: {row}");
    }
    assert!(names > 30, "{names} names are too few");
}

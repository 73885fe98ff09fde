//! The rule that README shows against the function's own reads is a rule, and does what README says.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod command;

use command::trailbell;

#[test]
fn the_functions_own_reads_are_suppressed_and_no_others() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let (_, section) = readme.split_once("### The function's own reads").unwrap();
    let (rules, _) = section.split_once("```yaml\n").unwrap().1.split_once("```").unwrap();
    let path = format!("{}/own-reads.yaml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, rules.replace(": events/", &format!(": {root}/events/"))).unwrap();
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

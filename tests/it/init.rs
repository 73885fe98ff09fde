//! `trailbell init`: the folder that it writes works as it is, and a second run completes it and changes nothing.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Stdio,
};

use insta::assert_snapshot;
use walkdir::WalkDir;

use crate::command::{Ran, command, folder, ran};

fn ran_in(folder: &Path, arguments: &[&str]) -> Ran {
    ran(command(arguments).current_dir(folder).output().unwrap())
}

/// Runs `trailbell init` in a folder.
fn init(folder: &Path, arguments: &[&str]) -> String {
    let ran = ran_in(folder, &[&["init"], arguments].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran.stdout
}

/// The files below a folder and their contents.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let name = |path: &Path| path.strip_prefix(folder).unwrap().display().to_string();
    entries.map(|entry| (name(entry.path()), fs::read(entry.path()).unwrap())).collect()
}

/// The first two words of each line about a file.
fn verbs(output: &str) -> Vec<(&str, &str)> {
    let lines = output.lines().take_while(|line| !line.is_empty());
    lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(verb, rest)| (verb, rest.split_whitespace().next().unwrap()))
        .collect()
}

#[test]
fn a_new_folder_has_every_file_that_is_listed() {
    let root = folder("init_new", &[]);
    // The root of a repository, wherever the tests run.
    fs::create_dir_all(root.join("cloud/rules/.git")).unwrap();
    let output = init(&root, &["cloud/rules"]);
    assert_snapshot!(output, @r"
    wrote  rules.schema.json                      lets editors complete and check rules
    wrote  overrides.schema.json                  the same for overrides.yaml
    wrote  rules.d/records/get-secret-value.json  the event that the tests of the example read
    wrote  rules.d/example.yaml                   a rule with its tests; replace it with your own
    wrote  overrides.yaml                         your changes to the rules that come with trailbell; none yet
    wrote  .vscode/settings.json                  which schema belongs to which file
    wrote  .vscode/extensions.json                the extension that reads the schemas
    wrote  .github/workflows/trailbell.yml        checks and tests the rules in every pull request
    wrote  .pre-commit-config.yaml                checks and tests the rules before every commit
    wrote  .gitignore                             keeps reports out of the repository
    wrote  README.md                              what is where, for your colleagues

    Next, after `cd 'cloud/rules'`:
      trailbell check               finds mistakes in the rules and in overrides.yaml
      trailbell test                runs the tests of the rules
      trailbell scan --alerts LOGS  prints the alerts that logs of yours raise
    ");
    let written = contents(&root.join("cloud/rules"));
    let mut listed: Vec<&str> =
        verbs(&output).into_iter().map(|(verb, path)| (assert_eq!(verb, "wrote"), path).1).collect();
    listed.sort_unstable();
    assert_eq!(written.keys().collect::<Vec<_>>(), listed);
    for schema in ["rules.schema.json", "overrides.schema.json"] {
        assert_eq!(written[schema], fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(schema)).unwrap());
    }
    // What is left to fill in would be read as it is.
    for (name, content) in &written {
        let text = String::from_utf8(content.clone()).unwrap();
        for mark in ["@ACTION@", "@VERSION@", "@EXPIRES@"] {
            assert!(!text.contains(mark), "{name}: {mark}");
        }
        // The permissions of any new file, not those of a temporary one.
        fs::write(root.join("other"), "").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&root.join("cloud/rules").join(name)), mode(&root.join("other")), "{name}");
    }
}

#[test]
fn the_example_has_no_mistakes_and_its_tests_decide() {
    let root = folder("init_example", &[]);
    init(&root, &[]);
    let check = ran_in(&root, &["check"]);
    assert_eq!(check.status, 0, "{}", check.stdout);
    assert!(check.stdout.contains(" 0 errors, 0 warnings"), "{}", check.stdout);
    let test = || ran_in(&root, &["test"]);
    let tests = test();
    assert_eq!((tests.status, tests.stdout.contains("4 passed, 0 failed")), (0, true), "{}", tests.stdout);
    // Each condition but those on what the event is decides a test.
    let path = root.join("rules.d/example.yaml");
    let rule = fs::read_to_string(&path).unwrap();
    for (condition, other) in [
        ("role starts_with \"AWSReservedSSO_\"", "role exists"),
        ("requestParameters.secretId starts_with \"prod/\" or ", ""),
        (" or requestParameters.secretId contains \":secret:prod/\"", ""),
        (":secret:prod/", "prod/"),
    ] {
        let changed = rule.replace(condition, other);
        assert_ne!(changed, rule, "{condition}");
        fs::write(&path, changed).unwrap();
        assert_eq!(test().status, 1, "no test needs `{condition}`");
    }
}

#[test]
fn another_run_keeps_what_is_there() {
    let root = folder("init_again", &[]);
    init(&root, &[]);
    let names: Vec<String> = contents(&root).into_keys().filter(|name| !name.ends_with(".schema.json")).collect();
    for name in &names {
        fs::write(root.join(name), "mine").unwrap();
    }
    fs::write(root.join("rules.d/own.yaml"), "rules: []\n").unwrap();
    let before = contents(&root);
    let output = init(&root, &["."]);
    assert!(verbs(&output).iter().all(|(verb, _)| *verb == "kept"), "{output}");
    assert_eq!(contents(&root), before);
    assert!(!output.contains("another version"), "{output}");
}

#[test]
fn a_schema_of_another_version_is_named() {
    let root = folder("init_old", &[("rules.schema.json", b"{}\n")]);
    let output = init(&root, &[]);
    assert_eq!(fs::read(root.join("rules.schema.json")).unwrap(), b"{}\n");
    assert!(
        output.starts_with(
            "kept   rules.schema.json                      lets editors complete and check rules (of another version)\n"
        ),
        "{output}"
    );
    assert!(
        output
            .contains("\nTo get the files of this version, delete those of another and run `trailbell init` again.\n"),
        "{output}"
    );
    fs::remove_file(root.join("rules.schema.json")).unwrap();
    assert!(!init(&root, &[]).contains("version"));
}

#[test]
fn an_interrupted_run_is_completed() {
    let whole = folder("init_whole", &[]);
    let output = init(&whole, &[]);
    let (order, whole) = (verbs(&output), contents(&whole));
    assert_eq!(order.len(), whole.len());
    for done in 0..order.len() {
        let part = folder("init_part", &[]);
        for (_, path) in &order[..done] {
            fs::create_dir_all(part.join(path).parent().unwrap()).unwrap();
            fs::write(part.join(path), &whole[*path]).unwrap();
        }
        let output = init(&part, &[]);
        let expected =
            order.iter().enumerate().map(|(at, (_, path))| (if at < done { "kept" } else { "wrote" }, *path));
        assert_eq!(verbs(&output), expected.collect::<Vec<_>>());
        assert_eq!(contents(&part), whole);
    }
}

#[test]
fn a_reader_who_stops_leaves_no_file_unwritten() {
    let root = folder("init_closed", &[]);
    let mut child = command(&["init"]).current_dir(&root).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(contents(&root).len(), verbs(&init(&root, &[])).len());
    assert!(root.join("README.md").is_file());
}

#[test]
fn what_cannot_be_written_is_named_with_the_repair() {
    let root = folder(
        "init_refused",
        &[
            ("file", b"mine"),
            ("taken/rules.d", b"mine"),
            ("name/overrides.yaml/x", b"mine"),
            ("\u{1b}[31m\nname", b"mine"),
        ],
    );
    let before = contents(&root);
    for (arguments, expected) in [
        (&["file"][..], "error: file is a file: name a folder, which may be new\n"),
        (&["/dev/null"], "error: /dev/null is a file: name a folder, which may be new\n"),
        (
            &["file/below"],
            "error: file is a file, and rules.schema.json needs a folder of that name: rename the file and run `trailbell init` again\n",
        ),
        (
            &["taken"],
            "error: taken/rules.d is a file, and rules.d/records/get-secret-value.json needs a folder of that name: rename the file and run `trailbell init` again\n",
        ),
        (
            &["name"],
            "error: name/overrides.yaml is a folder, and trailbell needs a file of that name: rename the folder and run `trailbell init` again\n",
        ),
        (
            &["/proc/trailbell"],
            "error: /proc/trailbell cannot be written: No such file or directory (os error 2); repair that and run `trailbell init` again\n",
        ),
        (&["\u{1b}[31m\nname"], "error:  [31m name is a file: name a folder, which may be new\n"),
    ] {
        let ran = ran_in(&root, &[&["init"], arguments].concat());
        assert_eq!(ran.status, 2, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.starts_with(expected), "{}", ran.stderr);
    }
    for (name, content) in before {
        assert_eq!(fs::read(root.join(&name)).unwrap(), content, "{name}");
    }
}

#[test]
fn a_link_is_kept_wherever_it_leads() {
    let root = folder("init_links", &[("in/x", b""), ("outside/x", b"")]);
    symlink("../outside/new", root.join("in/overrides.yaml")).unwrap();
    symlink("../outside", root.join("in/rules.d")).unwrap();
    let output = init(&root, &["in"]);
    assert!(verbs(&output).contains(&("kept", "overrides.yaml")), "{output}");
    assert!(!root.join("outside/new").exists());
    // A folder of rules may be shared by a link.
    assert!(root.join("outside/example.yaml").is_file());
}

#[test]
fn what_overrides_show_is_valid_once_it_is_in_force() {
    let root = folder("init_overrides", &[]);
    init(&root, &[]);
    let path = root.join("overrides.yaml");
    let shown = fs::read_to_string(&path).unwrap();
    let tally = |text: &str| {
        fs::write(&path, text).unwrap();
        let ran = ran_in(&root, &["check"]);
        let findings: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with("note")).collect();
        (ran.status, findings.join("\n"))
    };
    let (status, unchanged) = tally(&shown);
    assert_eq!(status, 0, "{unchanged}");
    // A line of YAML has `#` and the indentation of YAML; a sentence has `#` and one blank.
    let yaml: Vec<String> = shown
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.is_empty() && (line.starts_with("  ") || !line.starts_with(' ')))
        .map(|line| format!("{line}\n"))
        .collect();
    for key in [
        "overrides:",
        "lists:",
        "accounts:",
        "    severity: ",
        "        reason: ",
        "        owner: ",
        "        expires: ",
    ] {
        assert!(yaml.iter().any(|line| line.starts_with(key)), "{key}");
    }
    let (status, all) = tally(&yaml.concat());
    assert_eq!((status, all.as_str()), (0, unchanged.as_str()));
    let (status, wrong) = tally(&yaml.concat().replace("-for-another-user", "-for-no-user"));
    assert_eq!(status, 1, "{wrong}");
}

#[test]
fn a_folder_below_the_root_of_a_repository_has_a_hint() {
    let root = folder("init_repository", &[("all/.git/HEAD", b""), ("all/team/rules/x", b"")]);
    let hint = |output: &str| output.contains("read nothing below the root of the repository");
    assert!(!hint(&init(&root.join("all"), &[])));
    let output = init(&root.join("all/team"), &["rules"]);
    assert!(hint(&output), "{output}");
    for text in ["`with: {folder: team/rules}`", "`entry: sh -c 'cd team/rules && …'`", "`files: ^team/rules/`"] {
        assert!(output.contains(text), "{output}");
    }
}

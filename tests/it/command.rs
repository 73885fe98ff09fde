//! The real binary, run as a user runs it, from the root of the repository.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use trailbell::rule::{LoadedRules, Source, Sources};

/// The exit status and output of a run.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// `trailbell` with these arguments, to be run from the root of the repository.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailbell"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

/// Runs `trailbell`.
pub fn trailbell(arguments: &[&str]) -> Ran {
    ran(command(arguments).output().unwrap())
}

/// Runs `trailbell` with `input` on its standard input.
pub fn trailbell_reading(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    ran(child.wait_with_output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    Ran {
        // A run that a signal ended has no status and fails the test.
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A new folder with these files, for the test of that name.
pub fn folder(test: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    // What an earlier run left behind.
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

/// Rules files that are named by their numbers from 1, and the overrides beside them.
pub fn loaded(rules: &[&str], overrides: Option<&str>) -> LoadedRules {
    LoadedRules::read(&sources(rules, overrides))
}

/// The same as files.
pub fn sources(rules: &[&str], overrides: Option<&str>) -> Sources {
    let mut sources = Sources::default();
    for (number, text) in (1..).zip(rules) {
        sources.add(format!("{number}.yaml"), (*text).to_owned(), Source::Rules);
    }
    if let Some(text) = overrides {
        sources.add("overrides.yaml", text.to_owned(), Source::Overrides);
    }
    sources
}

//! Writes the files that are missing, and lists all with what to do next.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use trailbell::{diagnostic::chain, untrusted::argument};

use super::files::{FILES, InitFile};
use crate::{
    inputs::shown,
    status::{Status, Stop},
};

/// What became of a file.
enum Written {
    /// It was missing.
    New,
    /// It has the user's text, or the one that an earlier run wrote.
    Kept,
    /// It has the text of another version, which no user changes.
    Outdated,
}

/// Writes what is missing in `folder`, and prints a line for each file.
///
/// # Errors
///
/// If the folder or a file cannot be written. What is complete by then remains, and another run continues there.
pub fn run(folder: &Path) -> Status {
    if is_other_than_a_folder(folder) {
        return Err(Stop::Message(format!("{} is a file: name a folder, which may be new", shown(folder))));
    }
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let width = FILES.iter().map(|file| file.path.len()).max().unwrap_or_default();
    let (mut listed, mut is_outdated) = (Vec::new(), false);
    let written: Result<(), Stop> = FILES.iter().try_for_each(|file| {
        let written = write(&folder.join(file.path), file, &file.text(today))?;
        let verb = if matches!(written, Written::New) { "wrote" } else { "kept" };
        let of_another = if matches!(written, Written::Outdated) { " (of another version)" } else { "" };
        is_outdated |= matches!(written, Written::Outdated);
        writeln!(listed, "{verb:5}  {:width$}  {}{of_another}", file.path, file.purpose)?;
        Ok(())
    });
    // Only now, so that a reader who closes the pipe does not leave files unwritten.
    let mut stdout = io::stdout().lock();
    stdout.write_all(&listed)?;
    written?;
    if is_outdated {
        writeln!(
            stdout,
            "\nTo get the files of this version, delete those of another and run `trailbell init` again."
        )?;
    }
    if let Some((root, below)) = repository_above(folder) {
        let (root, below) = (shown(&root), shown(&below));
        writeln!(
            stdout,
            "\nGitHub and pre-commit read nothing below the root of the repository, {root}.\n\
             Move .github/ there, and give its action the folder: `with: {{folder: {below}}}`. Move .pre-commit-config.yaml\n\
             there, and write `entry: sh -c 'cd {below} && …'` and `files: ^{below}/` in its hooks."
        )?;
    }
    writeln!(stdout, "\nNext{}:", entered(folder))?;
    for (command, purpose) in [
        ("trailbell check", "finds mistakes in the rules and in overrides.yaml"),
        ("trailbell test", "runs the tests of the rules"),
        ("trailbell scan --alerts LOGS", "prints the alerts that logs of yours raise"),
    ] {
        writeln!(stdout, "  {command:28}  {purpose}")?;
    }
    stdout.flush()?;
    Ok(0)
}

/// Where to type the commands, if not here.
fn entered(folder: &Path) -> String {
    if [Path::new(""), Path::new(".")].contains(&folder) {
        return String::new();
    }
    let typed = folder.to_str().filter(|text| !text.starts_with('-')).and_then(argument);
    typed.map_or_else(|| format!(", in the folder {}", shown(folder)), |typed| format!(", after `cd {typed}`"))
}

/// Writes a file that does not exist, whole or not at all.
fn write(path: &Path, file: &InitFile, text: &str) -> Result<Written, Stop> {
    let failed = |what: &Path, error: &io::Error| {
        Stop::Message(format!(
            "{} cannot be written: {}; repair that and run `trailbell init` again",
            shown(what),
            chain(error)
        ))
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    if let Some(other) = folder.ancestors().find(|above| is_other_than_a_folder(above)) {
        return Err(Stop::Message(format!(
            "{} is a file, and {} needs a folder of that name: rename the file and run `trailbell init` again",
            shown(other),
            file.path
        )));
    }
    if path.is_dir() {
        return Err(Stop::Message(format!(
            "{} is a folder, and trailbell needs a file of that name: rename the folder and run `trailbell init` again",
            shown(path)
        )));
    }
    if path.symlink_metadata().is_ok() {
        let is_current = || fs::read(path).is_ok_and(|found| found == text.as_bytes());
        return Ok(if file.is_fixed && !is_current() { Written::Outdated } else { Written::Kept });
    }
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut temporary = new_file(folder).map_err(|error| failed(path, &error))?;
    temporary.write_all(text.as_bytes()).map_err(|error| failed(path, &error))?;
    match temporary.persist_noclobber(path) {
        Ok(_) => Ok(Written::New),
        // Another program wrote it meanwhile.
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Written::Kept),
        Err(error) => Err(failed(path, &error.error)),
    }
}

fn is_other_than_a_folder(path: &Path) -> bool {
    path.exists() && !path.is_dir()
}

/// A temporary file beside its final place, with the permissions of any new file.
fn new_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".trailbell-init-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // A relative path of no folder is here.
    builder.tempfile_in(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// The root of the Git repository that the folder is in, and the folder below it; none if the folder is the root itself.
fn repository_above(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let folder = folder.canonicalize().ok()?;
    let root = folder.ancestors().find(|above| above.join(".git").exists())?;
    let below = folder.strip_prefix(root).ok()?;
    (!below.as_os_str().is_empty()).then(|| (root.to_owned(), below.to_owned()))
}

//! The messages about mistakes in filters, titles and rules files: whole for one mistake of each code, and elsewhere the code,
//! the place and the repair.

mod extensions;
mod language;
mod other_files;
mod repairs;

/// The code, the line and column, and the repair of a printed message.
pub fn brief(message: &str) -> String {
    let part = |prefix: &str| message.lines().find_map(|line| line.trim_start().strip_prefix(prefix));
    let code = message.split(['[', ']']).nth(1).unwrap_or_default();
    let (_, place) = part("--> ").and_then(|place| place.split_once(':')).unwrap_or_default();
    let repair = part("= help: ").unwrap_or_default();
    format!("{code} {place} {repair}").trim_end().to_owned()
}

//! The lists in force: how many items each has, from which file, and which rules use it.

use std::io::{self, Write};

use trailbell::{
    diagnostic::counted,
    rule::{Rule, RuleSet},
    untrusted::printable,
};

/// The widest line of ids.
const WIDTH: usize = 118;

/// Writes a paragraph for each list.
///
/// # Errors
///
/// If `output` cannot be written.
pub fn write(rules: &RuleSet, output: &mut impl Write) -> io::Result<()> {
    for (name, items) in &rules.lists_in_force().0 {
        let items = if items.is_empty() { "no items".to_owned() } else { counted(items.len() as u64, "item") };
        let of = if rules.replaced.contains_key(name) { " of overrides.yaml" } else { "" };
        let users: Vec<&Rule> = rules.rules.iter().filter(|rule| uses(rule, name)).collect();
        let by = if users.is_empty() {
            "used by no rule".to_owned()
        } else {
            format!("used by {}:", counted(users.len() as u64, "rule"))
        };
        writeln!(output, "{}: {items}{of}, {by}", printable(name))?;
        let mut line = String::new();
        for (at, rule) in users.iter().enumerate() {
            let off = if rule.enabled { "" } else { " (off)" };
            let comma = if at + 1 < users.len() { "," } else { "" };
            let word = format!("{}{off}{comma}", rule.id);
            if !line.is_empty() && line.len() + 3 + word.len() > WIDTH {
                writeln!(output, " {line}")?;
                line.clear();
            }
            line.push(' ');
            line.push_str(&word);
        }
        if !line.is_empty() {
            writeln!(output, " {line}")?;
        }
    }
    Ok(())
}

/// Whether a filter of a rule, or of one of its suppressions, names a list.
fn uses(rule: &Rule, list: &str) -> bool {
    let own = rule.written_filters().any(|(filter, _)| filter.lists().any(|name| name == list));
    own || rule.suppressions.iter().any(|suppression| suppression.filter.lists().any(|name| name == list))
}

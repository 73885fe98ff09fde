//! `trailbell explain`: the conditions of a rule with the values that they saw.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use trailbell::{
    alert::untrusted::printable,
    diagnostic::nearest,
    filter::{self, Explanation},
    rule::RuleSet,
};

use crate::{
    Status, Stop,
    inputs::{self, shown},
};

/// The longest value shown, in characters.
const MAX_SHOWN: usize = 200;

/// Prints the tree of conditions.
pub fn run(rules: &Path, rule: &str, file: &Path, event_id: Option<&str>) -> Status {
    let rules = inputs::rules(rules)?;
    let rule = rules.find(rule).ok_or_else(|| Stop::Message(unknown(rule, &rules)))?;
    let record = inputs::open(file).map_err(|error| error.to_string());
    let record = record.and_then(|input| inputs::record(input, event_id)).map_err(|reason| {
        let hint = if event_id.is_none() && reason.contains("more than one") { ": add --event-id ID" } else { "" };
        Stop::Message(format!("{}: {reason}{hint}", shown(file)))
    })?;
    let explanation = filter::explain(&rule.filter, record.value());
    let mut stdout = io::stdout().lock();
    let colour = stdout.is_terminal();
    writeln!(stdout, "{}: {}", rule.name, if explanation.held { "matches" } else { "does not match" })?;
    show(&explanation, 0, colour, &mut stdout)?;
    Ok(0)
}

fn unknown(rule: &str, rules: &RuleSet) -> String {
    let names = rules.rules.iter().flat_map(|rule| [rule.name.as_str(), rule.id.as_str()]);
    match nearest(rule, names) {
        Some(known) => format!("there is no rule `{rule}`; did you mean `{known}`?"),
        None => format!("there is no rule `{rule}`; give its name or its id"),
    }
}

fn show(part: &Explanation, depth: usize, colour: bool, output: &mut impl Write) -> io::Result<()> {
    let (word, code) = if part.held { ("true ", 32) } else { ("false", 31) };
    let word = if colour { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() };
    let saw = match part.saw.as_deref() {
        None => String::new(),
        Some([]) => "   saw nothing".to_owned(),
        Some(values) => format!("   saw {}", shortened(&values.join(", "))),
    };
    let other = match part.saw_other.as_slice() {
        [] => String::new(),
        values => format!(" against {}", shortened(&values.join(", "))),
    };
    writeln!(output, "{word}  {}{}{saw}{other}", "  ".repeat(depth), printable(&part.condition))?;
    part.parts.iter().try_for_each(|part| show(part, depth + 1, colour, output))
}

fn shortened(text: &str) -> String {
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    if shown.len() < text.len() { shown + "…" } else { shown }
}

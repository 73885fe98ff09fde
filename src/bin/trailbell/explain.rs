//! `trailbell explain`: prints the conditions of a rule with the values that they compared.

use std::io::{self, IsTerminal, Write};

use trailbell::{
    diagnostic::one_of,
    filter::{Explanation, HiddenElements},
    rule::{StepExplanation, Suppression, SuppressionExplanation, SuppressionStatus, Verdict},
    untrusted::{printable, shorten_to},
};

use crate::{
    rule_and_record::RuleAndRecord,
    seen::{MAX_SHOWN, saw},
    status::Status,
};

/// The most elements of one list that are shown.
const MAX_ELEMENTS: usize = 10;

/// Prints the tree of conditions of the filter, or of each step of a sequence, then those of the suppressions.
///
/// # Errors
///
/// If the rule or the record cannot be read.
pub fn run(of: &RuleAndRecord) -> Status {
    let (_, rule, found) = of.read()?;
    let explanation = rule.explain(&found.record);
    let verdict = match explanation.verdict {
        Verdict::NoMatch => "does not match",
        Verdict::Match => "matches",
        Verdict::Suppressed => "matches, and is suppressed",
    };
    let mut stdout = io::stdout().lock();
    let color = stdout.is_terminal();
    writeln!(stdout, "{}: {verdict}", printable(&rule.name))?;
    if !rule.enabled {
        writeln!(stdout, "The rule is disabled: no record raises its alert.")?;
    }
    if explanation.steps.is_empty() {
        show(&explanation.filter, 0, color, &mut stdout)?;
    } else {
        show_steps(&explanation.steps, color, &mut stdout)?;
    }
    let count = rule.suppressions.len();
    for (at, (suppression, explanation)) in rule.suppressions.iter().zip(&explanation.suppressions).enumerate() {
        write!(stdout, "\nsuppression {} of {count}: ", at + 1)?;
        show_suppression(suppression, explanation, color, &mut stdout)?;
    }
    Ok(0)
}

/// Each step with what it takes for the record to be its event, and which steps the record may be.
fn show_steps(steps: &[StepExplanation], color: bool, output: &mut impl Write) -> io::Result<()> {
    let counting = steps.iter().enumerate().filter(|(_, step)| step.counts());
    let numbers: Vec<_> = counting.map(|(at, _)| format!("step {}", at + 1)).collect();
    match &numbers[..] {
        [] => writeln!(output, "It can be no step of the sequence.")?,
        numbers => writeln!(output, "It can be {} of the sequence.", one_of(numbers))?,
    }
    for (at, step) in steps.iter().enumerate() {
        let outcome = if step.filter.held { "matches" } else { "does not match" };
        writeln!(output, "\nstep {} of {}: {outcome}", at + 1, steps.len())?;
        for value in step.by.iter().filter(|_| step.filter.held) {
            let shown = if value.values.is_empty() {
                "no value, so the record is no event of this step".to_owned()
            } else {
                shorten_to(&printable(&value.to_string()), MAX_SHOWN)
            };
            writeln!(output, "by {}: {shown}", printable(&value.field))?;
        }
        show(&step.filter, 0, color, output)?;
    }
    Ok(())
}

fn show_suppression(
    suppression: &Suppression,
    explanation: &SuppressionExplanation,
    color: bool,
    output: &mut impl Write,
) -> io::Result<()> {
    match explanation.status {
        SuppressionStatus::InForce if explanation.holds => writeln!(output, "holds"),
        SuppressionStatus::InForce => writeln!(output, "does not hold"),
        SuppressionStatus::Expired { end, time } => {
            writeln!(output, "expired, so it does not count: it ended at {end}, and the event is of {time}")
        }
        SuppressionStatus::UnknownTime => {
            writeln!(output, "does not count: it has an end, and the record has no `eventTime` that can be read")
        }
    }?;
    for (what, text) in [("reason", &suppression.reason), ("owner", &suppression.owner)] {
        if let Some(text) = text {
            let words: Vec<&str> = text.split_whitespace().collect();
            writeln!(output, "{what}: {}", printable(&words.join(" ")))?;
        }
    }
    show(&explanation.filter, 0, color, output)
}

fn show(part: &Explanation, depth: usize, color: bool, output: &mut impl Write) -> io::Result<()> {
    let (word, code) = if part.held { ("true ", 32) } else { ("false", 31) };
    let word = if color { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() };
    let indent = "  ".repeat(depth);
    if let [only] = &part.parts[..]
        && part.is_element()
        && only.compared().is_some()
    {
        return writeln!(
            output,
            "{word}  {indent}{}: {}{}",
            part.condition,
            printable(&only.condition.to_string()),
            after_blanks(saw(only))
        );
    }
    writeln!(output, "{word}  {indent}{}{}", printable(&part.condition.to_string()), after_blanks(saw(part)))?;
    let chosen = chosen(&part.parts);
    for (part, _) in part.parts.iter().zip(&chosen).filter(|(_, chosen)| **chosen) {
        show(part, depth + 1, color, output)?;
    }
    let mut hidden = part.hidden;
    for (part, _) in part.parts.iter().zip(&chosen).filter(|(_, chosen)| !**chosen) {
        let HiddenElements { count, held } = hidden;
        hidden = HiddenElements { count: count + 1, held: held + usize::from(part.held) };
    }
    let outcome = match (hidden.count, hidden.held) {
        (0, _) => return Ok(()),
        (_, 0) => "all false".to_owned(),
        (count, held) if count == held => "all true".to_owned(),
        (_, held) => format!("{held} of them true"),
    };
    writeln!(output, "       {indent}  … and {} more, {outcome}", hidden.count)
}

/// The parts that are shown: all conditions, but only some elements of a list, preferably those that hold.
fn chosen(parts: &[Explanation]) -> Vec<bool> {
    let mut chosen = vec![!parts.first().is_some_and(Explanation::is_element); parts.len()];
    let by_interest =
        (0..parts.len()).filter(|at| parts[*at].held).chain((0..parts.len()).filter(|at| !parts[*at].held));
    for at in by_interest.take(MAX_ELEMENTS) {
        chosen[at] = true;
    }
    chosen
}

fn after_blanks(seen: String) -> String {
    if seen.is_empty() { seen } else { format!("   {seen}") }
}

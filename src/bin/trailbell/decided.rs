//! Why a rule reaches a verdict that its test does not expect: the conditions that decided, and what they saw.

use std::mem;

use trailbell::{
    backtest::Decisive,
    diagnostic::Span,
    filter::{Condition, Explanation},
    rule::{Rule, RuleExplanation, SuppressionExplanation, SuppressionStatus, Verdict},
    untrusted::{printable, shorten_to},
    yaml::Scalar,
};

use crate::seen::saw;

/// The most lines that are shown.
const MAX_LINES: usize = 14;
/// The most alternatives of an `or`, or elements of a list, that are shown.
const MAX_PARTS: usize = 3;
/// The longest condition that is shown, in characters.
const MAX_CONDITION: usize = 120;

/// Why the verdict on a record is not the expected one, a line for each condition; `line` is the number of the line of the rules
/// file where a place is.
pub fn because(
    rule: &Rule,
    explanation: &RuleExplanation,
    expected: Verdict,
    line: &dyn Fn(Span) -> usize,
) -> Vec<String> {
    let mut lines = Lines { line, lines: Vec::new() };
    match (expected, explanation.verdict) {
        (Verdict::Match, Verdict::Suppressed) => lines.suppressions(rule, explanation, true),
        (Verdict::Suppressed, Verdict::Match) => lines.suppressions(rule, explanation, false),
        _ if explanation.steps.is_empty() => {
            if let Some(written) = &rule.written {
                lines.filter(&explanation.filter, written, 0);
            }
        }
        _ => lines.steps(rule, explanation),
    }
    let mut lines = lines.lines;
    if lines.len() > MAX_LINES {
        let more = lines.len() + 1 - MAX_LINES;
        lines.truncate(MAX_LINES - 1);
        lines.push((0, format!("… {more} more: `trailbell explain` shows them")));
    }
    let mut joint = "because";
    let shown = lines.into_iter().map(|(depth, line)| {
        if depth > 0 || line.starts_with('…') {
            return format!("{}{line}", "  ".repeat(depth + 4));
        }
        format!("{:>7} {line}", mem::replace(&mut joint, "and"))
    });
    shown.collect()
}

/// Lines, each with its depth.
struct Lines<'l> {
    line: &'l dyn Fn(Span) -> usize,
    lines: Vec<(usize, String)>,
}

impl Lines<'_> {
    /// The conditions of a filter that decided.
    fn filter(&mut self, filter: &Explanation, written: &Scalar, depth: usize) {
        self.decisive(&Decisive::of(filter), written, depth);
    }

    fn decisive(&mut self, decisive: &Decisive<'_>, written: &Scalar, depth: usize) {
        let (of, parts) = (decisive.of, &decisive.parts[..]);
        let is_joined = of.parts.len();
        match (&of.condition, parts) {
            (Condition::Compare(_) | Condition::List { .. }, _) | (Condition::Any(_), []) => {
                self.comparison(of, "", written, depth);
            }
            (Condition::Not, [one]) if one.of.parts.is_empty() => self.comparison(one.of, "not ", written, depth),
            (Condition::And | Condition::Element(_), _) => {
                for part in parts {
                    self.decisive(part, written, depth);
                }
            }
            (Condition::Or, [one]) if of.held => self.decisive(one, written, depth),
            (Condition::Or, _) => {
                let what = match (of.held, parts.len() == is_joined) {
                    (true, _) => format!("{} of {is_joined} alternatives are true", parts.len()),
                    (false, true) => format!("none of the {is_joined} alternatives is true"),
                    (false, false) => format!("none of the {is_joined} alternatives is true; nearest is"),
                };
                self.joined(&what, of, parts, written, depth);
            }
            (Condition::Not, _) => {
                self.joined(&format!("not (…) is {}, since", of.held), of, parts, written, depth);
            }
            (Condition::Any(_), [first, ..]) => {
                let count = is_joined + of.hidden.count;
                let held = of.parts.iter().filter(|part| part.held).count() + of.hidden.held;
                let (any, element) = (printable(&of.condition.to_string()), &first.of.condition);
                let what = match (of.held, count) {
                    (false, 1) => format!("{any}: its one element does not satisfy it"),
                    (false, _) => format!("{any}: none of {count} elements satisfies it; nearest is {element}"),
                    (true, _) if held == 1 => format!("{any}: {element} satisfies it"),
                    (true, _) => format!("{any}: {held} of {count} elements satisfy it; the first is {element}"),
                };
                self.joined(&what, of, &parts[..1], written, depth);
            }
        }
    }

    /// A line about a condition that joins others, and lines about these below it.
    fn joined(&mut self, what: &str, of: &Explanation, parts: &[Decisive<'_>], written: &Scalar, depth: usize) {
        let at = self.at(of, written);
        self.lines.push((depth, format!("{what} ({at}):")));
        for part in parts.iter().take(MAX_PARTS) {
            self.decisive(part, written, depth + 1);
        }
        if parts.len() > MAX_PARTS {
            self.lines.push((depth + 1, format!("… and {} more", parts.len() - MAX_PARTS)));
        }
    }

    /// A comparison with its outcome and what it saw, unless that is the value which it requires.
    fn comparison(&mut self, of: &Explanation, not: &str, written: &Scalar, depth: usize) {
        let held = if not.is_empty() { of.held } else { !of.held };
        let repeats = of.compared().is_some_and(|compared| {
            compared.saw.count == 1 && compared.equals.is_some() && compared.decided_by == compared.equals
        });
        let seen = if repeats { String::new() } else { saw(of) };
        let seen = if seen.is_empty() { seen } else { format!(": {seen}") };
        let text = shorten_to(&printable(&of.condition.to_string()), MAX_CONDITION);
        let at = self.at(of, written);
        self.lines.push((depth, format!("{not}{text} is {held}{} ({at})", printable(&seen))));
    }

    fn at(&self, of: &Explanation, written: &Scalar) -> String {
        format!("line {}", (self.line)(written.place(of.span)))
    }

    /// The steps of a sequence: those that match a record that none may match, or else all, with what each needs.
    fn steps(&mut self, rule: &Rule, explanation: &RuleExplanation) {
        let steps = rule.steps().iter().zip(&explanation.steps).enumerate();
        let count = rule.steps().len();
        for (at, (step, explained)) in steps.filter(|(_, (_, step))| step.filter.held == explanation.filter.held) {
            let outcome = if explained.filter.held { "matches" } else { "does not match" };
            self.lines.push((0, format!("step {} of {count} {outcome}:", at + 1)));
            self.filter(&explained.filter, &step.written, 1);
        }
    }

    /// The suppressions that hold, or why none does.
    fn suppressions(&mut self, rule: &Rule, explanation: &RuleExplanation, held: bool) {
        let count = rule.suppressions.len();
        if count == 0 {
            self.lines.push((0, "the rule has no `suppressions`".to_owned()));
        }
        let suppressions = rule.suppressions.iter().zip(&explanation.suppressions).enumerate();
        for (at, (suppression, explained)) in suppressions.filter(|(_, (_, one))| one.holds == held) {
            let outcome = outcome(explained);
            let about = [&suppression.reason, &suppression.owner].into_iter().flatten().next();
            let about = about.map_or_else(String::new, |text| {
                let words: Vec<_> = text.split_whitespace().collect();
                format!(", {}", shorten_to(&printable(&words.join(" ")), MAX_CONDITION))
            });
            let line = (self.line)(suppression.span);
            let colon = if explained.status == SuppressionStatus::InForce { ":" } else { "" };
            self.lines.push((0, format!("suppression {} of {count} {outcome} (line {line}{about}){colon}", at + 1)));
            if explained.status == SuppressionStatus::InForce {
                self.filter(&explained.filter, &suppression.written, 1);
            }
        }
    }
}

fn outcome(explained: &SuppressionExplanation) -> String {
    match explained.status {
        SuppressionStatus::InForce if explained.holds => "holds".to_owned(),
        SuppressionStatus::InForce => "does not hold".to_owned(),
        SuppressionStatus::Expired { end, time } => format!("ended at {end}, and the event is of {time}"),
        SuppressionStatus::UnknownTime => "has an end, and the record has no `eventTime` that can be read".to_owned(),
    }
}

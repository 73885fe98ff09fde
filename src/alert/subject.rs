//! The subject of a message, such as `SEV2 [production] ada shares snapshot orders with 444455556666`.
//!
//! It must do on the screen of a phone: of what begins it only a long name of the principal loses its middle, and then
//! longer values further on do.

use super::{model::Alert, short_name::short_names};
use crate::{
    rule::FilledPart,
    untrusted::{ascii, defanged, has_ascii_form, line, printable, within},
};

/// The limit of SNS: "less than 100 characters" ("Publish" in the Amazon SNS API Reference).
const MAX: usize = 99;
/// How many characters are not cut, apart from the principal: a phone shows about as many.
const KEPT: usize = 60;
/// How short a value may become: the ids of instances and of access keys stay whole.
const SHORTEST: usize = 20;
/// The longest name of the principal in a subject that is longer than a phone shows, and how much of the next value, such as the
/// target, has its room first.
const MAX_PRINCIPAL: usize = 28;
const TARGET: usize = 8;
/// What replaces the middle of a value.
const CUT: &str = "...";
/// The longest name of an account.
const MAX_ACCOUNT: usize = 24;

/// The severity, the account and what happened, in printable ASCII: 1 to 99 characters.
pub fn subject(alert: &Alert) -> String {
    let account = alert.account();
    let named = account.as_deref().map(|id| alert.account_name(id).filter(|name| has_ascii_form(name)).unwrap_or(id));
    let named = named.map(|name| line(name, usize::MAX)).filter(|name| !name.is_empty());
    let account_name = named.map(|name| format!("[{}] ", middle(&name, MAX_ACCOUNT, 0))).unwrap_or_default();
    let mut parts = vec![FilledPart::own(format!("SEV{} {account_name}", alert.severity().number()))];
    let headline = alert.content().headline();
    let has_ascii_form = headline.iter().all(|part| part.is_value || has_ascii_form(&part.text));
    parts.extend(if has_ascii_form { headline } else { alert.content().ascii_headline() });
    let principal = principal(alert, &parts);
    let parts = short_names(&on_a_line(parts), account.as_deref());
    within("", MAX, |_, limit| fitted(&parts, principal, limit), |line| ascii(&defanged(line)))
}

/// Which of the parts names the caller.
fn principal(alert: &Alert, parts: &[FilledPart]) -> Option<usize> {
    let event = alert.event()?;
    let names = [event.0.principal_name(), Some(event.actor())];
    parts.iter().position(|part| part.is_value && names.iter().flatten().any(|name| *name == part.text))
}

/// What happened, on a line and with short names, in the words of the rule's author.
pub fn headline(alert: &Alert) -> Vec<FilledPart> {
    short_names(&on_a_line(alert.content().headline()), alert.account().as_deref())
}

/// The parts on one line: runs of blanks, and what is not printable, become one blank.
fn on_a_line(parts: Vec<FilledPart>) -> Vec<FilledPart> {
    let mut is_after_blank = true;
    let mut part = |part: FilledPart| {
        let mut text = String::with_capacity(part.text.len());
        for c in printable(&part.text).chars() {
            if !(c.is_whitespace() && is_after_blank) {
                text.push(if c.is_whitespace() { ' ' } else { c });
            }
            is_after_blank = c.is_whitespace();
        }
        FilledPart { text, ..part }
    };
    let mut parts: Vec<_> = parts.into_iter().map(&mut part).collect();
    while let Some(last) = parts.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        parts.pop();
    }
    parts
}

/// The parts in at most `limit` characters: the principal loses its middle, then the longest value, and then the end is cut.
fn fitted(parts: &[FilledPart], principal: Option<usize>, limit: usize) -> String {
    let whole: Vec<usize> = parts.iter().map(|part| part.text.chars().count()).collect();
    let mut lengths = whole.clone();
    if let Some(at) = principal.filter(|_| whole.iter().sum::<usize>() > KEPT) {
        let act: usize = (at + 1..parts.len()).take_while(|at| !parts[*at].is_value).map(|at| whole[at]).sum();
        let room = KEPT.saturating_sub(whole[..at].iter().sum::<usize>() + act + TARGET);
        lengths[at] = whole[at].min(room.clamp(SHORTEST, MAX_PRINCIPAL));
    }
    loop {
        let excess = lengths.iter().sum::<usize>().saturating_sub(limit);
        let mut starts = lengths.iter().scan(0, |end, length| Some(std::mem::replace(end, *end + length)));
        // What begins the subject is not cut, so a value there cannot lose all of its middle.
        let least = |start: usize| SHORTEST.max((KEPT + CUT.len()).saturating_sub(start));
        let spare = |at: usize, start: usize| {
            let spare = if parts[at].is_value { lengths[at].saturating_sub(least(start)) } else { 0 };
            // A cut that does not shorten the value leaves it as it is.
            spare.min(lengths[at].saturating_sub(1))
        };
        let able =
            (0..parts.len()).filter_map(|at| Some((at, spare(at, starts.next()?)))).filter(|(_, spare)| *spare > 0);
        let able: Vec<_> = able.collect();
        let Some((longest, spare)) = able.iter().copied().max_by_key(|(at, _)| lengths[*at]) else { break };
        if excess == 0 {
            break;
        }
        // Down to the next longest, so that two long values become equally long.
        let next = able.iter().filter(|(at, _)| *at != longest).map(|(at, _)| lengths[*at]).max().unwrap_or(0);
        lengths[longest] -= excess.min(spare).min((lengths[longest] - next).max(excess.div_ceil(2)));
    }
    let mut out = String::new();
    let mut start = 0;
    for (at, ((part, whole), length)) in parts.iter().zip(whole).zip(lengths).enumerate() {
        let kept = if principal == Some(at) { 0 } else { KEPT.saturating_sub(start) };
        out += &if length < whole { middle(&part.text, length, kept) } else { part.text.clone() };
        start += length;
    }
    if out.chars().count() <= limit {
        return out;
    }
    let out: String = out.chars().take(limit.saturating_sub(CUT.len())).collect();
    out.trim_end_matches(is_mark).to_owned() + CUT
}

/// Whether a character beside a cut can be read as a part of it.
fn is_mark(c: char) -> bool {
    matches!(c, '.' | '…') || c.is_whitespace()
}

/// A text in at most `length` characters, with its end and its beginning: at least `kept` characters of that.
fn middle(text: &str, length: usize, kept: usize) -> String {
    let whole = text.chars().count();
    let Some(shown) = length.checked_sub(CUT.len()).filter(|_| whole > length) else { return text.to_owned() };
    let head = shown.div_ceil(2).max(kept.min(shown));
    let tail = whole - (shown - head);
    let (head, tail): (String, String) = (text.chars().take(head).collect(), text.chars().skip(tail).collect());
    format!("{}{CUT}{}", head.trim_end_matches(is_mark), tail.trim_start_matches(is_mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: impl Into<String>) -> FilledPart {
        FilledPart::own(text)
    }

    fn value(text: impl Into<String>) -> FilledPart {
        FilledPart::value(text)
    }

    fn fit(parts: &[FilledPart]) -> String {
        fitted(parts, None, MAX)
    }

    #[test]
    fn the_longest_value_loses_its_middle() {
        let key = format!("arn{}end", "x".repeat(100));
        let short =
            fit(&[own("SEV1 [production] "), value("ada"), own(" disables key "), value(&key), own(" (Denied)")]);
        assert_eq!(short.chars().count(), MAX);
        assert!(
            short.starts_with("SEV1 [production] ada disables key arnx") && short.ends_with("xend (Denied)"),
            "{short}"
        );
        assert!(short.find(CUT).unwrap() >= KEPT, "{short}");
    }

    #[test]
    fn long_values_share_what_is_there() {
        let (a, b) = ("a".repeat(40), "b".repeat(90));
        let short = fit(&[own("SEV1 "), value("ada"), own(" copies "), value(&a), own(" to "), value(&b)]);
        assert_eq!(short, format!("SEV1 ada copies {a} to {}...{}", "b".repeat(18), "b".repeat(18)));
        let short = fit(&[own("x".repeat(50)), value(&b), own(" "), value(&b)]);
        assert_eq!(short.matches(CUT).count(), 2, "{short}");
        assert!(short.chars().count() == MAX && short.ends_with("bbb"), "{short}");
    }

    #[test]
    fn what_begins_the_subject_is_not_cut() {
        let principal = "p".repeat(64);
        let short = fit(&[own("SEV1 [production] "), value(&principal), own(" deletes trail "), value("t".repeat(40))]);
        assert!(short.starts_with(&format!("SEV1 [production] {}", "p".repeat(42))) && short.chars().count() <= MAX);
        assert!(short.contains("...") && short.contains(" deletes trail "), "{short}");
        // Without values, only the end remains.
        assert_eq!(fit(&[own("x".repeat(200))]), format!("{}...", "x".repeat(96)));
        assert_eq!(fit(&[own("x".repeat(99))]), "x".repeat(99));
        assert_eq!(fit(&[value("x".repeat(200))]), format!("{}...{}", "x".repeat(60), "x".repeat(36)));
    }

    #[test]
    fn a_long_principal_leaves_room_for_the_act_and_the_target() {
        let role = "payments-prod-stack-ProcessorLambdaExecutionRole-1ABCDEFGHIJKL";
        let parts = [own("SEV1 [production] "), value(role), own(" deletes trail "), value("audit")];
        let short = fitted(&parts, Some(1), MAX);
        assert_eq!(short, "SEV1 [production] payments-...EFGHIJKL deletes trail audit");
        // What fits a phone stays whole.
        let parts = [own("SEV1 "), value("stratus-red-team-ec2-steal-data"), own(" lists "), value("x")];
        assert_eq!(fitted(&parts, Some(1), MAX), "SEV1 stratus-red-team-ec2-steal-data lists x");
    }

    #[test]
    fn a_cut_is_three_dots() {
        for text in ["a.b.".repeat(40), format!("{}…{}", "a".repeat(50), "b".repeat(60))] {
            for before in 0..8 {
                let parts = [own("x".repeat(before)), value(&text), own(" to "), value(&text)];
                for principal in [None, Some(1), Some(3)] {
                    let short = fitted(&parts, principal, MAX);
                    let is_cut_twice =
                        ["....", "...…", "…..."].iter().any(|twice| short.replace(&text, "").contains(twice));
                    assert!(!is_cut_twice && short.contains(CUT), "{short}");
                }
            }
        }
    }

    #[test]
    fn blanks_are_one_blank_across_parts() {
        let parts = on_a_line(vec![own(" SEV1  "), value(" a\nb\u{202e} "), own(" c "), value(""), value(" \t")]);
        assert_eq!(parts.iter().map(|part| part.text.as_str()).collect::<String>(), "SEV1 a b c");
    }

    #[test]
    fn a_middle_keeps_both_ends() {
        assert_eq!(middle("production-eu-west-1-payments", 24, 0), "production-...1-payments");
        assert_eq!(middle("production", 24, 0), "production");
        assert_eq!(middle("0123456789", 9, 8), "012345...");
    }
}

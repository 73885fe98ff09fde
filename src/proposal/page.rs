//! Proposals as the text of an `overrides.yaml`.
//!
//! A value of a record is in this text only if it consists of characters that have no meaning in YAML; a comment has one line.

use std::fmt::Write;

use ipnet::IpNet;

use super::{
    evidence::day,
    gathered::Gathered,
    item::Proposal,
    judge::{Covers, LISTS, ListProposals},
};
use crate::{
    diagnostic::counted,
    filter::{Lists, operand::Value},
    untrusted::{line, yaml},
};

/// The longest comment about an item, in characters.
const MAX_COMMENT: usize = 1_000;
/// How wide the other comments are.
const WIDTH: usize = 118;
/// Logs of fewer days show less than what a list takes.
const FEW_DAYS: i64 = 14;

/// Lists that are never proposed, and why.
const NEVER: &[(&str, &str)] = &[
    ("break_glass_roles", "a role for emergencies is one that logs rarely show, and its use must alert"),
    ("own_names", "only you know the names of your organization and its products"),
];

/// The text of the file, with what is proposed for each of the lists in force.
pub fn page(gathered: &Gathered, lists: &Lists) -> String {
    let mut head = Vec::new();
    head.push(period(gathered));
    head.push(
        "Review each line before you put it into overrides.yaml beside your rules: these proposals show what happens often, \
         and not what is allowed. An intruder who was there in this time can be among them, above all under a `CHECK`."
            .to_owned(),
    );
    head.push(
        "A list in overrides.yaml replaces that of the rules file, so the items that are in force are repeated here."
            .to_owned(),
    );
    if gathered.left_out() > 0 {
        head.push(format!(
            "Left out for lack of memory: {} with the fewest events, of principals, networks, accounts and buckets.",
            gathered.left_out()
        ));
    }
    let mut comments = String::new();
    for paragraph in head {
        comment(&mut comments, "", &paragraph);
        comments += "#\n";
    }
    let (mut items, mut empty) = (String::new(), String::new());
    for (name, covers, _) in LISTS {
        let Some(current) = lists.get(name) else { continue };
        let Some(proposed) = gathered.proposals(name) else { continue };
        let new: Vec<_> = proposed.proposals.iter().filter(|one| !is_covered(&one.value, current, *covers)).collect();
        if new.is_empty() {
            comment(&mut empty, "", &format!("{name}: nothing to propose. It takes {}.", proposed.criteria));
        } else {
            list(&mut items, &proposed, current, &new);
        }
    }
    for (name, reason) in NEVER {
        comment(&mut empty, "", &format!("{name}: never proposed, since {reason}."));
    }
    let items = if items.is_empty() { items } else { format!("lists:\n{items}\n") };
    format!("{}\n{items}{empty}", comments.trim_end_matches("#\n"))
}

fn period(gathered: &Gathered) -> String {
    let Some((first, last)) = gathered.period else {
        return "Proposals for the lists: the logs hold no events.".to_owned();
    };
    let days = (last.as_second().div_euclid(86_400)) - first.as_second().div_euclid(86_400) + 1;
    let few = if days < FEW_DAYS { "; logs of a month show more" } else { "" };
    format!(
        "Proposals for the lists, from {} of {} from {} to {}{few}.",
        counted(gathered.events(), "event"),
        counted(gathered.accounts.len() as u64, "account"),
        day(first),
        day(last)
    )
}

fn list(text: &mut String, proposed: &ListProposals, current: &[Value], new: &[&Proposal]) {
    text.push('\n');
    comment(text, "  ", &format!("It takes {}.", proposed.criteria));
    let _ = writeln!(text, "  {}:", proposed.list);
    if !current.is_empty() {
        text.push_str("    # In force now.\n");
    }
    for value in current {
        let shown = match value {
            Value::Text(value) => yaml(value),
            other => other.to_string(),
        };
        let _ = writeln!(text, "    - {shown}");
    }
    for Proposal { value, reason, cautions } in new {
        let _ = writeln!(text, "    # {}", line(reason, MAX_COMMENT));
        if !cautions.is_empty() {
            let _ = writeln!(text, "    # CHECK: {}", line(&cautions.join("; "), MAX_COMMENT));
        }
        let _ = writeln!(text, "    - {}", yaml(value));
    }
}

/// Whether an item of a list covers a value.
fn is_covered(value: &str, items: &[Value], covers: Covers) -> bool {
    items.iter().any(|item| {
        let Value::Text(item) = item else { return item.to_string() == value };
        match covers {
            Covers::Equal => item == value,
            Covers::Beginning => value.starts_with(item.as_str()),
            Covers::Part => value.contains(&item.to_ascii_lowercase()),
            Covers::Network => {
                let network = |text: &str| text.parse::<IpNet>().ok();
                item == value || network(item).zip(network(value)).is_some_and(|(outer, inner)| outer.contains(&inner))
            }
        }
    })
}

/// Writes a comment in lines that fit.
fn comment(text: &mut String, indent: &str, words: &str) {
    let mut width = WIDTH + 1;
    for word in words.split_whitespace() {
        let length = word.chars().count() + 1;
        if width + length > WIDTH {
            if width <= WIDTH {
                text.push('\n');
            }
            text.push_str(indent);
            text.push('#');
            width = indent.len() + 1;
        }
        text.push(' ');
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

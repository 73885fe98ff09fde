//! What a condition saw in a record, in words.

use trailbell::{
    diagnostic::counted,
    filter::{Condition, Explanation, Gap, SeenValues},
    untrusted::shorten_to,
};

/// Longer values are shortened, in characters.
pub const MAX_SHOWN: usize = 200;

/// The values that a comparison saw, or that a list is empty; nothing for conditions that join others.
pub fn saw(part: &Explanation) -> String {
    let compared = match &part.condition {
        Condition::Compare(compared) => compared,
        Condition::Any(_) if part.parts.is_empty() && part.hidden.count == 0 => {
            return "found no element".to_owned();
        }
        Condition::List { count: 0, .. } => return "the list is empty".to_owned(),
        Condition::List { count, .. } => return format!("the list has {}", counted(*count as u64, "value")),
        Condition::And | Condition::Or | Condition::Not | Condition::Any(_) | Condition::Element(_) => {
            return String::new();
        }
    };
    let here = match &compared.gap {
        _ if !compared.saw.is_empty() => format!("saw {}", listed(&compared.saw)),
        None => "saw nothing".to_owned(),
        Some(Gap { missing, similar: None }) => format!("saw nothing: there is no {missing}"),
        Some(Gap { missing, similar: Some(similar) }) => {
            format!("saw nothing: there is no {missing}, but {}", similar.escape_debug())
        }
    };
    let others = &compared.saw_other;
    let there = if others.is_empty() { String::new() } else { format!(" against {}", listed(others)) };
    match &compared.decided_by {
        Some(value) if compared.saw.count > 1 => format!("{here}{there}; decided by {}", shorten_to(value, MAX_SHOWN)),
        _ => here + &there,
    }
}

fn listed(values: &SeenValues) -> String {
    let shown: Vec<String> = values.first.iter().map(|value| shorten_to(value, MAX_SHOWN)).collect();
    match values.count - shown.len() {
        0 => shown.join(", "),
        more => format!("{}, … and {more} more", shown.join(", ")),
    }
}

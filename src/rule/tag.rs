//! What the tags of a rule mean to programs: the ATT&CK techniques that it detects, and the controls that it implements.
//!
//! Any other tag is a word for people.

use std::fmt;

/// The meaning of a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagMeaning {
    /// `attack.TA0003`: a tactic.
    Tactic(String),
    /// `attack.T1098`: a technique.
    Technique(String),
    /// `attack.T1098.001`: the id of the technique, and that of the sub-technique.
    SubTechnique(String, String),
    /// `cis.v3.4.4`, `securityhub.CloudWatch.4`: a framework, and the id of its control.
    Control(Framework, String),
}

/// A catalogue of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    /// The CIS AWS Foundations Benchmark (<https://www.cisecurity.org/benchmark/amazon_web_services>).
    Cis,
    /// AWS Security Hub (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html>).
    SecurityHub,
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Framework::Cis => "CIS AWS Foundations",
            Framework::SecurityHub => "AWS Security Hub",
        })
    }
}

/// The meaning of a tag, in any case of its letters; ids of ATT&CK are those of <https://attack.mitre.org/>.
pub fn meaning(tag: &str) -> Option<TagMeaning> {
    let (family, rest) = tag.split_once('.')?;
    match family.to_ascii_lowercase().as_str() {
        "attack" => attack(rest.to_ascii_uppercase()),
        "cis" => Some(TagMeaning::Control(Framework::Cis, rest.to_owned())),
        "securityhub" => Some(TagMeaning::Control(Framework::SecurityHub, rest.to_owned())),
        _ => None,
    }
}

fn attack(id: String) -> Option<TagMeaning> {
    let is_number = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if id.strip_prefix("TA").is_some_and(|number| is_number(number, 4)) {
        return Some(TagMeaning::Tactic(id));
    }
    let (technique, sub) = id.split_once('.').map_or((id.as_str(), None), |(one, sub)| (one, Some(sub)));
    if !technique.strip_prefix('T').is_some_and(|number| is_number(number, 4)) {
        return None;
    }
    match sub {
        None => Some(TagMeaning::Technique(id)),
        Some(sub) if is_number(sub, 3) => Some(TagMeaning::SubTechnique(technique.to_owned(), id)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_a_meaning_or_are_words() {
        let text = str::to_owned;
        for (tag, expected) in [
            ("attack.T1098", Some(TagMeaning::Technique(text("T1098")))),
            ("attack.t1098.001", Some(TagMeaning::SubTechnique(text("T1098"), text("T1098.001")))),
            ("Attack.TA0003", Some(TagMeaning::Tactic(text("TA0003")))),
            ("cis.v3.4.4", Some(TagMeaning::Control(Framework::Cis, text("v3.4.4")))),
            ("securityhub.CloudWatch.4", Some(TagMeaning::Control(Framework::SecurityHub, text("CloudWatch.4")))),
            ("attack.persistence", None),
            ("attack.T10981", None),
            ("attack.T1098.1", None),
            ("attack.é", None),
            ("service.iam", None),
            ("attack", None),
        ] {
            assert_eq!(meaning(tag), expected, "{tag}");
        }
    }
}

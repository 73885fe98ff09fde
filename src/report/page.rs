//! The page around the alerts: what it is about, what is missing, and the policy that lets it load nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    html::{escaped, filled},
    kept::PageData,
};
use crate::{diagnostic::counted, rule::Severity};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// How every page begins, so that another file is not taken for one.
pub const PAGE_BEGINS: &str = "<!DOCTYPE html>\n<!-- A report of trailbell:";

/// What a page is about.
#[derive(Clone, Debug, Default)]
pub struct ReportHead {
    /// When it was made, such as `2026-03-02T09:00:00Z`.
    pub made: String,
    /// Names and values, such as the logs and the rules file.
    pub about: Vec<(&'static str, String)>,
    /// The counts in one line.
    pub tally: String,
    /// What could not be read, a sentence each.
    pub problems: Vec<String>,
    /// How many alerts each rule raised: its severity, its name, the count.
    pub rules: Vec<(Severity, String, u64)>,
}

/// The page as HTML, in one text that needs no other file.
pub fn page(head: &ReportHead, data: &PageData) -> String {
    filled(PAGE, |name| match name {
        "policy" => policy(),
        "style" => STYLE.to_owned(),
        "script" => SCRIPT.to_owned(),
        "data" => data.packed.clone(),
        "made" => escaped(&head.made),
        "tally" => escaped(&head.tally),
        "about" => about(head),
        "problems" => problems(head, data),
        "rules" => rules(head),
        _ => String::new(),
    })
}

/// Content Security Policy Level 3: nothing but the two inline elements with these hashes, and no text may become HTML.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn about(head: &ReportHead) -> String {
    let made = [("Made", head.made.clone())];
    let rows = head.about.iter().chain(&made);
    rows.map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value)))
        .collect::<Vec<_>>()
        .concat()
}

fn problems(head: &ReportHead, data: &PageData) -> String {
    let left_out = (data.left_out > 0).then(|| {
        let count = counted(data.left_out as u64, "more alert");
        format!(
            "{count} of the mildest severity had no room on this page: choose fewer with --since, --until or --filter."
        )
    });
    let problems = head.problems.iter().chain(&left_out).map(|problem| format!("<li>{}</li>", escaped(problem)));
    let problems = problems.collect::<Vec<_>>().concat();
    if problems.is_empty() { problems } else { format!("<ul class=\"problems\">{problems}</ul>") }
}

fn rules(head: &ReportHead) -> String {
    let row = |(severity, name, count): &(Severity, String, u64)| {
        format!("<tr><td>SEV{}</td><td>{}</td><td>{count}</td></tr>\n", severity.number(), escaped(name))
    };
    head.rules.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::KeptAlerts;

    #[test]
    fn every_name_of_the_template_is_filled_and_the_page_begins_as_others_know_it() {
        let html = page(&ReportHead::default(), &KeptAlerts::default().packed(|_| 0));
        assert!(html.starts_with(PAGE_BEGINS), "{}", &html[..100]);
        let shell =
            filled(PAGE, |name| if ["script", "style"].contains(&name) { String::new() } else { "x".to_owned() });
        assert!(!shell.contains("{{") && !shell.contains("}}"), "{shell}");
        assert_eq!(filled(PAGE, |name| format!("<{name}>")).matches("<style>").count(), 2);
    }

    /// An inline script or style that an element ends early would be cut off there.
    #[test]
    fn no_part_ends_its_element_or_reads_text_as_html() {
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--") && !STYLE.contains("</"));
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "Function(",
            "srcdoc",
            "fetch(",
            "XMLHttp",
        ] {
            assert!(!SCRIPT.contains(sink), "{sink}");
        }
    }
}

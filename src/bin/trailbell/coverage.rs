//! `trailbell coverage`: the ATT&CK techniques and the controls that the enabled rules cover, by their tags.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use clap::ValueEnum;
use serde_json::{Value, json};
use trailbell::{
    diagnostic::counted,
    rule::{
        Rule,
        tag::{Framework, TagMeaning, meaning},
    },
    untrusted::printable,
};

use crate::{inputs, status::Status};

/// How coverage is printed.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum CoverageFormat {
    /// Tables in Markdown
    #[default]
    Markdown,
    /// A layer of the ATT&CK Navigator, to open at <https://mitre-attack.github.io/attack-navigator/>
    Navigator,
}

/// Prints the coverage of the rules file at `path`.
///
/// # Errors
///
/// If the rules cannot be used.
pub fn run(paths: &[PathBuf], format: CoverageFormat) -> Status {
    let rules: Vec<Rule> = inputs::rules(paths)?.rules.into_iter().filter(|rule| rule.enabled).collect();
    let mut coverage = Coverage::default();
    for rule in &rules {
        coverage.add(rule);
    }
    let mut stdout = io::stdout().lock();
    match format {
        CoverageFormat::Markdown => coverage.markdown(rules.len(), &mut stdout)?,
        CoverageFormat::Navigator => writeln!(stdout, "{:#}", coverage.layer(rules.len()))?,
    }
    Ok(0)
}

/// Rules by the techniques and controls in their tags.
#[derive(Default)]
struct Coverage<'a> {
    techniques: BTreeMap<String, Vec<&'a Rule>>,
    controls: BTreeMap<(Framework, String), Vec<&'a Rule>>,
    without: Vec<&'a Rule>,
}

impl<'a> Coverage<'a> {
    fn add(&mut self, rule: &'a Rule) {
        let mut has_technique = false;
        for tag in rule.tags.iter().filter_map(|tag| meaning(tag)) {
            let rules = match tag {
                TagMeaning::Technique(id) | TagMeaning::SubTechnique(_, id) => {
                    has_technique = true;
                    self.techniques.entry(id).or_default()
                }
                TagMeaning::Control(framework, control) => self.controls.entry((framework, control)).or_default(),
                TagMeaning::Tactic(_) => continue,
            };
            rules.push(rule);
        }
        if !has_technique {
            self.without.push(rule);
        }
    }

    fn markdown(&self, rules: usize, output: &mut impl Write) -> io::Result<()> {
        let (count, techniques) = (counted(rules as u64, "enabled rule"), self.techniques.len() as u64);
        writeln!(output, "# Coverage\n\n{count}, {}.\n", counted(techniques, "technique"))?;
        writeln!(output, "## By ATT&CK technique\n\n| technique | rules, with their severities |\n|---|---|")?;
        for (id, rules) in &self.techniques {
            let page = id.replace('.', "/");
            writeln!(output, "| [{id}](https://attack.mitre.org/techniques/{page}/) | {} |", named(rules))?;
        }
        for framework in [Framework::Cis, Framework::SecurityHub] {
            let mut controls: Vec<_> = self.controls.iter().filter(|((of, _), _)| *of == framework).collect();
            controls.sort_by_key(|((_, control), _)| by_number(control));
            if !controls.is_empty() {
                writeln!(output, "\n## By control of {framework}\n\n| control | rules |\n|---|---|")?;
            }
            for ((_, control), rules) in controls {
                writeln!(output, "| {} | {} |", cell(control), named(rules))?;
            }
        }
        if !self.without.is_empty() {
            writeln!(output, "\n## Without a technique\n\n{}", named(&self.without))?;
        }
        Ok(())
    }

    /// The layer file format: <https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md>
    fn layer(&self, rules: usize) -> Value {
        let most = self.techniques.values().map(Vec::len).max().unwrap_or(1);
        let technique = |(id, rules): (&String, &Vec<&Rule>)| {
            let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
            json!({"techniqueID": id, "score": rules.len(), "comment": names.join("\n"), "enabled": true,
                "showSubtechniques": id.contains('.')})
        };
        json!({
            "name": "trailbell",
            "versions": {"layer": "4.5", "navigator": "5.1.0", "attack": "17"},
            "domain": "enterprise-attack",
            "description": format!("What {} detect in CloudTrail", counted(rules as u64, "enabled rule")),
            "filters": {"platforms": ["IaaS", "Identity Provider", "SaaS"]},
            "techniques": self.techniques.iter().map(technique).collect::<Vec<_>>(),
            "gradient": {"colors": ["#ffe8b3", "#d9480f"], "minValue": 0, "maxValue": most},
        })
    }
}

/// A sort key with which `4.10` comes after `4.9`.
fn by_number(control: &str) -> Vec<(u64, String)> {
    let part = |part: &str| (part.parse().unwrap_or(0), part.to_owned());
    control.split('.').map(part).collect()
}

fn named(rules: &[&Rule]) -> String {
    let one = |rule: &&Rule| format!("{} ({})", cell(&rule.name), rule.severity.number());
    rules.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Text of a rules file, escaped for a cell of a table.
fn cell(text: &str) -> String {
    printable(text).replace('|', "\\|")
}

//! Rules files and the overrides beside them → one [`RuleSet`], with the findings in all files.
//!
//! Ids, names and lists are those of all files together. What is wrong in one file hides no finding in another, and the rules
//! that could be read are there for the lints even if others could not.

use std::collections::BTreeMap;

use super::{
    account::Accounts,
    load::{Loader, Overridable, TestFile},
    model::RuleSet,
    other_file, overrides,
    sources::{SourceFile, Sources, is_pack},
};
use crate::{
    diagnostic::{Diagnostic, Level, SourceText, shorten, truncate_findings},
    record::Zone,
    yaml::{self, YamlDocument},
};

/// The code of the finding that a filter names a list that no file has.
const UNKNOWN_LIST: &str = "unknown-list";

/// What was read from rules files and overrides.
#[derive(Debug)]
pub struct LoadedRules {
    /// The rules that could be read, with the overrides that could be read.
    pub rules: RuleSet,
    /// All findings, in the order of the files.
    pub findings: Vec<Diagnostic>,
    /// The ids that overrides name and that no loaded rule has, because the rules that ship are not loaded.
    pub passed_over: Vec<String>,
    tests: Vec<TestFile>,
}

impl LoadedRules {
    /// Reads all files and applies the overrides.
    pub fn read(sources: &Sources) -> Self {
        Self::of(&located(sources), sources.overrides().map(|file| file.located()), true)
    }

    /// Reads all files, but applies only what the tests of rules take from the overrides. They are about the rule as its author
    /// wrote it: a rule that ships has its own lists, and a rule of a user's own the lists that are in force. The time zone is that
    /// of all rules.
    pub fn as_written(sources: &Sources) -> Self {
        Self::of(&located(sources), sources.overrides().map(|file| file.located()), false)
    }

    /// Whether the rules can be used: no file has an error.
    pub fn is_usable(&self) -> bool {
        !self.findings.iter().any(|finding| finding.level == Level::Error)
    }

    /// A finding for each test whose record file does not exist, also in rules that have other errors. `exists` gets the test's
    /// place and its path, which is relative to the file of that place.
    pub fn missing_tests(&self, exists: &dyn Fn(&TestFile) -> bool) -> Vec<Diagnostic> {
        let missing = self.tests.iter().filter(|file| !exists(file));
        missing
            .map(|TestFile { rule, path, span }| {
                let title = format!("the record file `{}` does not exist", shorten(path));
                let finding = Diagnostic::error("missing-test-file", title, *span, "expected the path of a file");
                Diagnostic { rule: rule.clone(), ..finding }
                    .help("create the file, or correct the path, which is relative to the rules file")
            })
            .collect()
    }

    fn of(files: &[SourceText], overrides: Option<SourceText>, apply: bool) -> Self {
        let mut loader = Loader::default();
        let alone = files.len() == 1;
        let mut documents: Vec<_> = files
            .iter()
            .filter_map(|file| Some((is_pack(file.text), rules_document(*file, &mut loader.problems)?)))
            .collect();
        let has_pack = files.iter().any(|file| is_pack(file.text));
        // A second rule of the same name is one's own.
        documents.sort_by_key(|(is_pack, _)| !is_pack);
        let fields: Vec<_> = documents
            .iter()
            .filter_map(|(is_pack, document)| Some((is_pack, loader.fields(&document.root, alone)?)))
            .collect();
        for (_, fields) in &fields {
            loader.shared(fields);
        }
        let changes = overrides.and_then(|file| document(file, &mut loader.problems));
        // A rule may use a list that only the overrides have.
        let written = loader.lists.clone();
        let added = changes.as_ref().map(|document| overrides::lists(&document.root)).unwrap_or_default();
        let added = added.into_iter().filter(|list| written.get(&list.name).is_none());
        loader.lists.0.extend(added.map(|list| (list.name.clone(), list.values())));
        let mut rules = Vec::new();
        for (is_pack, fields) in &fields {
            rules.extend(loader.rules(fields, alone).into_iter().map(|rule| (**is_pack, rule)));
        }
        // Of two alerts of the same severity one's own comes first.
        rules.sort_by_key(|(is_pack, _)| *is_pack);
        let own = rules.partition_point(|(is_pack, _)| !is_pack);
        let rules: Vec<_> = rules.into_iter().map(|(_, rule)| rule).collect();

        let sound = !loader.problems.iter().any(|finding| finding.level == Level::Error);
        let read_all = documents.len() == files.len() && !loader.has_unread;
        // If none were found, their key may be misspelled.
        let all_lists = sound || read_all && !loader.list_spans.is_empty();
        let overridable = Overridable {
            all_rules: sound || read_all && !loader.has_unknown && !loader.known.is_empty(),
            all_lists,
            rules: loader.known,
            lists: written,
            has_pack,
        };
        let mut set = RuleSet {
            rules,
            lists: loader.lists,
            list_spans: loader.list_spans,
            replaced: BTreeMap::new(),
            accounts: Accounts::from(loader.accounts).into(),
            timezone: Zone::UTC,
            complete: sound,
        };
        let (mut findings, mut passed_over) = (loader.problems, Vec::new());
        if let Some(document) = changes {
            let mut problems = Vec::new();
            let read = overrides::read(&document.root, &overridable, &mut problems);
            if apply {
                passed_over.clone_from(&read.passed_over);
                passed_over.sort_unstable();
                problems.extend(read.apply(&mut set));
                problems.sort_by_key(|finding| finding.span.start);
                findings.extend(problems);
            } else {
                set.timezone = read.timezone.unwrap_or(set.timezone);
                let mut own = RuleSet { rules: set.rules.drain(..own).collect(), ..set.clone() };
                read.fill_lists(&mut own);
                set.rules.splice(..0, own.rules);
            }
        }
        set.set_zone();
        if !read_all {
            // A list can be in the part that could not be read.
            findings.retain(|finding| finding.code != UNKNOWN_LIST);
        }
        findings.sort_by_key(|finding| finding.span.start);
        truncate_findings(&mut findings);
        Self { rules: set, findings, passed_over, tests: loader.tests }
    }
}

fn located(sources: &Sources) -> Vec<SourceText<'_>> {
    sources.rules().map(SourceFile::located).collect()
}

/// The document of a rules file that is valid YAML. What the file is instead, if it is no rules file, is added to the problems.
fn rules_document(file: SourceText, problems: &mut Vec<Diagnostic>) -> Option<YamlDocument> {
    if let Some(finding) = other_file::recognise(file.text) {
        problems.push(finding.at(|span| span.shifted(file.start)));
        return None;
    }
    document(file, problems)
}

/// The document of a file that is valid YAML. Findings in it are added to the problems.
fn document(file: SourceText, problems: &mut Vec<Diagnostic>) -> Option<YamlDocument> {
    match yaml::parse_at(file.text, file.start) {
        Ok(mut document) => {
            problems.append(&mut document.problems);
            Some(document)
        }
        Err(errors) => {
            problems.extend(errors);
            None
        }
    }
}

impl RuleSet {
    /// Reads the text of one rules file; returns the rules and the warnings about the file.
    ///
    /// # Errors
    ///
    /// Every error of every rule together with the warnings, in the order of the file.
    pub fn parse(text: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let loaded = LoadedRules::of(&[SourceText { path: "", text, start: 0 }], None, true);
        if loaded.is_usable() { Ok((loaded.rules, loaded.findings)) } else { Err(loaded.findings) }
    }

    /// Makes the hours and the weekdays that all rules read those of the time zone.
    pub(super) fn set_zone(&mut self) {
        for rule in &mut self.rules {
            rule.set_zone(self.timezone);
        }
    }
}

//! The files of a folder with rules of a user's own, each with what it is for.

use jiff::{ToSpan, civil::Date};

/// A file that `trailbell init` writes.
pub struct InitFile {
    /// Below the folder.
    pub path: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    template: &'static str,
    /// Whether another text than this version's is an old one, and not a user's change.
    pub is_fixed: bool,
}

impl InitFile {
    const fn new(path: &'static str, purpose: &'static str, template: &'static str) -> Self {
        Self { path, purpose, template, is_fixed: false }
    }

    /// The text to write on that day.
    pub fn text(&self, today: Date) -> String {
        let expires = today.saturating_add(SUPPRESSED_DAYS.days());
        self.template
            .replace("@EXPIRES@", &expires.to_string())
            .replace("@ACTION@", env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/"))
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
    }
}

/// How long the suppression that `overrides.yaml` shows would last.
const SUPPRESSED_DAYS: i32 = 90;

/// All files. A file comes after those that it names, so that what an interrupted run leaves behind is valid.
pub const FILES: &[InitFile] = &[
    InitFile {
        is_fixed: true,
        ..InitFile::new(
            "rules.schema.json",
            "lets editors complete and check rules",
            include_str!("../../../../rules.schema.json"),
        )
    },
    InitFile {
        is_fixed: true,
        ..InitFile::new(
            "overrides.schema.json",
            "the same for overrides.yaml",
            include_str!("../../../../overrides.schema.json"),
        )
    },
    InitFile::new(
        "rules.d/records/get-secret-value.json",
        "the event that the tests of the example read",
        include_str!("template/rules.d/records/get-secret-value.json"),
    ),
    InitFile::new(
        "rules.d/example.yaml",
        "a rule with its tests; replace it with your own",
        include_str!("template/rules.d/example.yaml"),
    ),
    InitFile::new(
        "overrides.yaml",
        "your changes to the rules that come with trailbell; none yet",
        include_str!("template/overrides.yaml"),
    ),
    InitFile::new(
        ".vscode/settings.json",
        "which schema belongs to which file",
        include_str!("template/vscode/settings.json"),
    ),
    InitFile::new(
        ".vscode/extensions.json",
        "the extension that reads the schemas",
        include_str!("template/vscode/extensions.json"),
    ),
    InitFile::new(
        ".github/workflows/trailbell.yml",
        "checks and tests the rules in every pull request",
        include_str!("template/github/trailbell.yml"),
    ),
    InitFile::new(
        ".pre-commit-config.yaml",
        "checks and tests the rules before every commit",
        include_str!("template/pre-commit-config.yaml"),
    ),
    InitFile::new(".gitignore", "keeps reports out of the repository", include_str!("template/gitignore")),
    InitFile::new("README.md", "what is where, for your colleagues", include_str!("template/README.md")),
];

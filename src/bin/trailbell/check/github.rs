//! Annotations of GitHub Actions.

use trailbell::{
    diagnostic::{Diagnostic, Level},
    rule::Sources,
    untrusted::printable,
};

use super::located::Region;

/// `::error file=…,line=…,col=…,title=…::message`; see [workflow commands for GitHub
/// Actions](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
pub fn annotation(finding: &Diagnostic, sources: &Sources) -> String {
    let Region { path, start: (line, column), .. } = Region::of(finding.span, sources);
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let rule = finding.rule.as_ref().map(|rule| format!("{rule}: ")).unwrap_or_default();
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    format!(
        "::{command} file={},line={line},col={column},title={}::{}",
        property(path),
        property(finding.code),
        data(&format!("{}{help}", printable(&format!("{rule}{}: {}", finding.title, finding.label)))),
    )
}

//! What a replay comes to: the matches and alerts of each rule, and all counts in one line.

use std::io::{self, Write};

use trailbell::{diagnostic::counted, engine::Engine, untrusted::printable};

use super::{
    alerts::{AlertKeeper, Alerts},
    read::Replay,
};

/// Writes what was passed over, a line for each rule that matches, and the line of all counts.
///
/// # Errors
///
/// If `output` cannot be written.
pub fn write_tally<K: AlertKeeper>(
    output: &mut impl Write,
    engine: &Engine,
    replay: &Replay,
    alerts: Option<&Alerts<'_, K>>,
) -> io::Result<()> {
    replay.read.write_passed_over(output)?;
    for (at, (rule, matches)) in engine.rules().iter().zip(&replay.counts.matches).enumerate() {
        let raised = alerts.map(|alerts| format!("{:>9} of", alerts.of_rule(at))).unwrap_or_default();
        if *matches > 0 {
            let covered = alerts.map(|alerts| alerts.covered(at)).filter(|covered| *covered > 0);
            let covered = covered.map(|covered| format!("  ({covered} covered)")).unwrap_or_default();
            let (severity, name) = (rule.severity.number(), printable(&rule.name));
            writeln!(output, "{raised}{matches:>9}  SEV{severity}  {name}{covered}")?;
        }
    }
    writeln!(output, "{}", counts(replay, alerts))
}

/// All counts in one line.
pub fn counts<K: AlertKeeper>(replay: &Replay, alerts: Option<&Alerts<'_, K>>) -> String {
    let Replay { counts: total, read } = replay;
    let matches: u64 = total.matches.iter().sum();
    let mut parts = vec![
        counted(read.files, "file"),
        counted(total.evaluated, "record"),
        if matches == 1 { "1 match".to_owned() } else { format!("{matches} matches") },
    ];
    if let Some(alerts) = alerts {
        let in_summaries = alerts.in_summaries();
        let in_summaries = if in_summaries > 0 { format!(" ({in_summaries} in summaries)") } else { String::new() };
        parts.push(counted(alerts.count(), "alert") + &in_summaries);
        parts.extend(alerts.silent().map(|(decision, count)| format!("{count} {}", decision.replace('_', " "))));
        let suppressed: u64 = total.suppressed.iter().sum();
        parts.extend((suppressed > 0).then(|| format!("{suppressed} suppressed")));
        let notices = alerts.notices();
        if !notices.is_empty() {
            let of_kind = notices.iter().map(|(kind, count)| count_of(*count, kind)).collect::<Vec<_>>().join(", ");
            parts.push(format!("{} ({of_kind})", counted(notices.values().sum(), "notice")));
        }
    }
    parts.extend((total.repaired > 0).then(|| format!("{} repaired", total.repaired)));
    parts.extend(read.unread());
    parts.join(", ")
}

/// Such as `2 summaries`.
fn count_of(count: u64, kind: &str) -> String {
    match kind.strip_suffix('y').filter(|_| count != 1) {
        Some(stem) => format!("{count} {stem}ies"),
        None => counted(count, kind),
    }
}

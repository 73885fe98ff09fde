//! The sections of a message that has a limit: each has its share of the room, so that none can push out another.

/// A section.
pub struct Section {
    /// What a list of omitted sections calls it.
    pub name: &'static str,
    /// Its lines, the fullest first, and shorter ways to write the same.
    pub ways: Vec<Vec<String>>,
    /// How many characters it gets whatever the others have, if it needs them.
    pub share: usize,
}

/// What is kept for the line that counts the omitted ones.
const MAX_MORE: usize = 24;
/// The most lines of a section that make it worth writing in full.
const FIRST: usize = 3;

impl Section {
    /// A section that is written in one way.
    pub fn new(name: &'static str, share: usize, lines: Vec<String>) -> Self {
        Self { name, ways: vec![lines], share }
    }

    fn need(&self) -> usize {
        self.ways.first().map_or(0, |lines| length(lines)).min(self.share)
    }

    /// The fullest way that fits, or the lines that do of the fullest way whose first lines fit; nothing if none does.
    fn within(&self, room: usize) -> Vec<String> {
        if let Some(lines) = self.ways.iter().find(|lines| length(lines) <= room) {
            return lines.clone();
        }
        // Whole values can be copied, but one of them is no use without what it belongs to.
        let has_first = |lines: &&Vec<String>| length(&lines[..lines.len().min(FIRST)]) + MAX_MORE <= room;
        let way = self.ways.iter().find(has_first).or(self.ways.last());
        let lines = way.map(Vec::as_slice).unwrap_or_default();
        let mut left = room.saturating_sub(MAX_MORE);
        let fits = |line: &&String| {
            let length = line.chars().count() + 1;
            let is_shown = length < left;
            left = left.saturating_sub(length);
            is_shown
        };
        let mut shown: Vec<String> = lines.iter().take_while(fits).cloned().collect();
        if !shown.is_empty() {
            shown.push(format!("and {} more", lines.len() - shown.len()));
        }
        shown
    }
}

/// The characters of lines, of the ends of the lines, and of an empty line after them.
fn length(lines: &[String]) -> usize {
    if lines.is_empty() { 0 } else { lines.iter().map(|line| line.chars().count() + 1).sum::<usize>() + 1 }
}

/// The lines of each section, which together have at most `limit` characters; none of a section that has no room.
pub fn fitted(sections: &[Section], limit: usize) -> Vec<Vec<String>> {
    let mut left = limit;
    let mut needed: usize = sections.iter().map(Section::need).sum();
    let fit = |section: &Section| {
        needed -= section.need();
        let lines = section.within(left.saturating_sub(needed));
        left = left.saturating_sub(length(&lines));
        lines
    };
    sections.iter().map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(share: usize, ways: &[&[usize]]) -> Section {
        let lines = |lengths: &&[usize]| lengths.iter().map(|length| "x".repeat(*length)).collect();
        Section { name: "x", ways: ways.iter().map(lines).collect(), share }
    }

    fn check(sections: &[Section], limit: usize, expected: &[&[usize]]) {
        let fitted = fitted(sections, limit);
        let lengths = |lines: &Vec<String>| lines.iter().map(String::len).collect::<Vec<_>>();
        assert_eq!(fitted.iter().map(lengths).collect::<Vec<_>>(), expected);
        assert!(fitted.iter().map(|lines| length(lines)).sum::<usize>() <= limit);
    }

    #[test]
    fn what_fits_is_whole() {
        check(&[section(0, &[&[10, 20]]), section(0, &[&[]]), section(0, &[&[5]])], 40, &[&[10, 20], &[], &[5]]);
    }

    #[test]
    fn a_section_keeps_its_share_from_those_before() {
        // "and 2 more" has ten characters.
        let greedy = || section(0, &[&[20, 20, 20, 20]]);
        check(&[greedy(), section(30, &[&[28]])], 100, &[&[20, 20, 10], &[28]]);
        check(&[greedy(), section(0, &[&[28]])], 100, &[&[20, 20, 20, 20], &[]]);
        // What it does not need is for the others.
        check(&[greedy(), section(500, &[&[1]])], 100, &[&[20, 20, 20, 20], &[1]]);
    }

    #[test]
    fn a_shorter_way_is_better_than_fewer_lines() {
        check(&[section(0, &[&[60], &[30], &[10]])], 40, &[&[30]]);
        check(&[section(0, &[&[60], &[30]])], 20, &[&[]]);
        // Then the first lines of the fullest way; or those of the shortest.
        let long = || section(0, &[&[20, 20, 20, 20, 20], &[17, 17, 17, 17, 17]]);
        check(&[long()], 90, &[&[20, 20, 20, 10]]);
        check(&[long()], 70, &[&[17, 17, 10]]);
    }
}

//! The columns of events, fitted to the width of a terminal.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

/// How many lines decide the widths.
pub const SAMPLE: usize = 200;
/// The blanks between two columns.
const GAP: usize = 2;
/// The widest a column becomes by itself, and the least that a part of a value is shown of.
const WIDEST: usize = 60;
const NARROWEST: usize = 12;

/// The width of each column that fits; the last ones may not.
#[derive(Debug, PartialEq, Eq)]
pub struct Widths(Vec<usize>);

impl Widths {
    /// Fits columns into a width. `whole` are the columns of which no part is of use; `lines` are the first lines, with the
    /// names of the columns.
    pub fn fit(width: usize, whole: &[bool], lines: &[Vec<&str>]) -> Self {
        let mut widths: Vec<usize> = Vec::new();
        for (at, is_whole) in whole.iter().enumerate() {
            let values = lines.iter().filter_map(|line| line.get(at));
            let widest = values.map(|value| measure_text_width(value)).max().unwrap_or(0);
            widths.push(if *is_whole { widest } else { widest.min(WIDEST) });
        }
        let least = |at: usize, width: usize| if whole.get(at) == Some(&true) { width } else { width.min(NARROWEST) };
        let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        while widths.len() > 1
            && total(&widths.iter().enumerate().map(|(at, width)| least(at, *width)).collect::<Vec<_>>()) > width
        {
            widths.pop();
        }
        while total(&widths) > width {
            // The widest of those that can be narrower gives way.
            let can = widths.iter_mut().enumerate().filter(|(at, width)| least(*at, **width) < **width);
            match can.max_by_key(|(_, width)| **width) {
                Some((_, widest)) => *widest -= 1,
                None => break,
            }
        }
        Self(widths)
    }

    /// How many columns fit.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A line of values, without blanks at its end.
    pub fn line<'v>(&self, values: impl Iterator<Item = &'v str>) -> String {
        let cells = self.0.iter().zip(values).map(|(width, value)| {
            pad_str(&truncate_str(value, *width, "…"), *width, Alignment::Left, None).into_owned()
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 4] = ["time", "principal", "event", "id"];
    const WHOLE: [bool; 4] = [true, false, false, true];

    fn fitted(width: usize) -> (usize, Vec<String>) {
        let line = ["2026-03-02T09:00:00Z", "日本語の名前の長い名前です", "iam:ListAttachedRolePolicies", "6d3f1c1e"];
        let widths = Widths::fit(width, &WHOLE, &[HEADER.to_vec(), line.to_vec()]);
        (widths.len(), [HEADER, line].iter().map(|line| widths.line(line.iter().copied())).collect())
    }

    #[test]
    fn columns_are_as_wide_as_their_values() {
        let (count, lines) = fitted(200);
        assert_eq!(count, 4);
        assert_eq!(
            lines[1],
            "2026-03-02T09:00:00Z  日本語の名前の長い名前です  iam:ListAttachedRolePolicies  6d3f1c1e"
        );
        assert_eq!(lines[0], "time                  principal                   event                         id");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 20..100 {
            let (count, lines) = fitted(width);
            for line in &lines {
                assert!(measure_text_width(line) <= width, "{width}: {line}");
            }
            // What tells events apart is whole or is not there.
            assert!(lines[1].starts_with("2026-03-02T09:00:00Z"));
            assert_eq!(count == 4, lines[1].ends_with("  6d3f1c1e"), "{lines:?}");
        }
        assert_eq!(fitted(58).1[1], "2026-03-02T09:00:00Z  日本語の名…   iam:ListAtt…  6d3f1c1e");
        assert_eq!(fitted(20), (1, vec!["time".to_owned(), "2026-03-02T09:00:00Z".to_owned()]));
    }
}

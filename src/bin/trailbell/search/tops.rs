//! The tallies of `--top`, as they are printed.

use std::io::{self, Write};

use trailbell::{
    diagnostic::counted,
    search::{Column, Tally},
};

/// How many values of each are printed.
const MOST: usize = 10;
/// The longest bar, in characters.
const BAR: u64 = 30;

/// A tally for each of some columns.
pub struct Tops(Vec<(String, Tally)>);

impl Tops {
    pub fn new(columns: &[Column]) -> Self {
        Self(columns.iter().map(|column| (column.name().to_owned(), Tally::default())).collect())
    }

    /// Counts the values of an event, in the order of the columns.
    pub fn add<'v>(&mut self, values: impl Iterator<Item = &'v str>) {
        for ((_, tally), value) in self.0.iter_mut().zip(values) {
            tally.add(value);
        }
    }

    /// Writes the most frequent values of each: for a terminal with bars, elsewhere a line with the column, the count and the
    /// value.
    ///
    /// # Errors
    ///
    /// If `output` cannot be written.
    pub fn write(&self, output: &mut impl Write, is_terminal: bool) -> io::Result<()> {
        for (name, tally) in &self.0 {
            let rows = tally.rows(MOST);
            let about = if rows.is_about { "about " } else { "" };
            let others = match (rows.others, rows.is_about) {
                (0, _) => None,
                (_, true) => Some("other values".to_owned()),
                (_, false) => Some(counted(rows.other_values, "other value")),
            };
            let lines: Vec<_> = rows.rows.iter().map(|(value, count)| (*count, value.as_str(), false)).collect();
            let others = others.as_deref().map(|words| (rows.others, words, true));
            if is_terminal {
                writeln!(output, "\n{name}")?;
            }
            let most = lines.iter().map(|(count, ..)| *count).max().unwrap_or(1).max(1);
            for (count, value, is_others) in lines.into_iter().chain(others) {
                if is_terminal {
                    let length = if is_others { 0 } else { (count * BAR).div_ceil(most) };
                    let bar = "█".repeat(usize::try_from(length).unwrap_or_default());
                    writeln!(output, "{:>9}  {bar:30}  {value}", format!("{about}{count}"))?;
                } else {
                    let value = if is_others { format!("({value})") } else { value.to_owned() };
                    writeln!(output, "{name}\t{about}{count}\t{value}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(is_terminal: bool) -> String {
        let mut tops = Tops::new(&Column::parse_list("ip,event").unwrap());
        for number in 0..14 {
            let value = format!("192.0.2.{}", number % 12);
            tops.add([value.as_str(), "s3:GetObject"].into_iter());
        }
        let mut output = Vec::new();
        tops.write(&mut output, is_terminal).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_terminal_gets_bars() {
        let shown = written(true);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[..3], ["", "ip", "        2  ██████████████████████████████  192.0.2.0"]);
        assert_eq!(lines[4], "        1  ███████████████                 192.0.2.10");
        assert_eq!(lines[12], "        2                                  2 other values");
    }

    #[test]
    fn other_programs_get_numbers() {
        let shown = written(false);
        assert!(shown.starts_with("ip\t2\t192.0.2.0\nip\t2\t192.0.2.1\nip\t1\t192.0.2.10\n"), "{shown}");
        assert!(shown.ends_with("ip\t2\t(2 other values)\nevent\t14\ts3:GetObject\n"), "{shown}");
    }
}

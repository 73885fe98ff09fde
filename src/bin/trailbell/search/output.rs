//! Prints lines in order: to a terminal as a table, elsewhere as they are.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use console::Term;

use super::{
    arguments::SearchFormat,
    line::{Lines, MARK},
    table::{SAMPLE, Widths},
};

/// The width of a terminal that does not report one.
const WIDTH: usize = 120;

/// Standard output, which gets lines.
pub struct Printer<'l> {
    lines: &'l Lines,
    output: BufWriter<Stdout>,
    /// The lines that decide the widths of a table.
    waiting: Vec<String>,
    widths: Option<Widths>,
}

/// Whether people read the output, as a table.
pub fn is_table(format: SearchFormat) -> bool {
    format == SearchFormat::Text && io::stdout().is_terminal()
}

impl<'l> Printer<'l> {
    /// Writes what comes before the first line.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub fn begin(lines: &'l Lines) -> io::Result<Self> {
        let mut output = BufWriter::new(io::stdout());
        if lines.is_needed && lines.format == SearchFormat::Csv {
            write!(output, "{}\r\n", trailbell::search::csv_line(lines.header()))?;
        }
        Ok(Self { lines, output, waiting: Vec::new(), widths: None })
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        match self.lines.format {
            SearchFormat::Csv => write!(self.output, "{line}\r\n"),
            SearchFormat::Text if self.lines.is_narrow => {
                if let Some(widths) = &self.widths {
                    return writeln!(self.output, "{}", widths.line(line.split('\t')));
                }
                self.waiting.push(line.to_owned());
                if self.waiting.len() >= SAMPLE { self.fit() } else { Ok(()) }
            }
            SearchFormat::Text | SearchFormat::Jsonl => writeln!(self.output, "{line}"),
        }
    }

    /// Decides the widths, and writes what waits for them.
    fn fit(&mut self) -> io::Result<()> {
        let (header, marks) = (self.lines.header(), self.lines.has_marks);
        let is_whole = self.lines.columns.iter().map(trailbell::search::Column::is_id);
        let is_whole: Vec<bool> = marks.then_some(true).into_iter().chain(is_whole).collect();
        // The mark itself is narrower than the name of its column.
        let title = |(at, name): (usize, &'l str)| if at == 0 && name == MARK.0 { "" } else { name };
        let title: Vec<&str> = header.iter().copied().enumerate().map(title).collect();
        let mut lines = vec![title.clone()];
        lines.extend(self.waiting.iter().map(|line| line.split('\t').collect()));
        let width = Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns.into());
        let widths = Widths::fit(width, &is_whole, &lines);
        for line in lines {
            writeln!(self.output, "{}", widths.line(line.into_iter()))?;
        }
        if let Some(hidden) = header.get(widths.len()..).filter(|hidden| !hidden.is_empty()) {
            self.output.flush()?;
            let hidden = hidden.join(", ");
            writeln!(io::stderr(), "the terminal is too narrow for {hidden}; `--columns` chooses what is printed")?;
        }
        self.waiting.clear();
        self.widths = Some(widths);
        Ok(())
    }

    /// Writes what still waits, and returns standard output.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub fn finish(mut self) -> io::Result<BufWriter<Stdout>> {
        if !self.waiting.is_empty() {
            self.fit()?;
        }
        self.output.flush()?;
        Ok(self.output)
    }
}

//! Lines of a CSV file that are safe in a spreadsheet.

/// What begins a formula in a spreadsheet: "CSV Injection" of OWASP, <https://owasp.org/www-community/attacks/CSV_Injection>,
/// and the fullwidth forms, which some spreadsheets read as the others.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A line as RFC 4180 defines it, without its end. A cell that a spreadsheet would run as a formula begins with an apostrophe;
/// so does what follows a `;`, which separates cells in a spreadsheet of many countries.
pub fn csv_line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells: Vec<_> = cells.into_iter().map(|cell| quoted(&harmless(cell))).collect();
    cells.join(",")
}

fn harmless(cell: &str) -> String {
    let parts: Vec<_> = cell
        .split(';')
        .map(|part| {
            // A spreadsheet may remove blanks and quotes.
            let text = part.trim_start_matches([' ', '"', '\'']);
            if text.starts_with(FORMULA) && !part.starts_with('\'') { format!("'{part}") } else { part.to_owned() }
        })
        .collect();
    parts.join(";")
}

fn quoted(cell: &str) -> String {
    let is_plain = !cell.contains([',', '"', '\r', '\n', ';', '\t']) && cell.trim() == cell;
    if is_plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of RFC 4180, section 2, and the examples of OWASP's page.
    #[test]
    fn cells_are_quoted_and_harmless() {
        for (cells, expected) in [
            (&["a", "b"][..], "a,b"),
            (&["", ""], ","),
            (&["a,b", "c\"d", "e\nf"], "\"a,b\",\"c\"\"d\",\"e\nf\""),
            (&["=1+2\";=1+2"], "\"'=1+2\"\";'=1+2\""),
            (&["=1+2'\" ;,=1+2"], "\"'=1+2'\"\" ;,=1+2\""),
            (&["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"], "'=cmd|' /C calc'!A0,'+1,'-1,'@SUM(A1)"),
            (&["\t=1", "\r=1", "\n=1"], "\"'\t=1\",\"'\r=1\",\"'\n=1\""),
            (&[" =1", "\"=1\"", "\u{ff1d}1"], "' =1,\"'\"\"=1\"\"\",'\u{ff1d}1"),
            (&["a; -b"], "\"a;' -b\""),
            (
                &["2026-03-02T09:00:00Z", "arn:aws:iam::111122223333:role/a+b=c"],
                "2026-03-02T09:00:00Z,arn:aws:iam::111122223333:role/a+b=c",
            ),
        ] {
            assert_eq!(csv_line(cells.iter().copied()), expected);
        }
    }
}

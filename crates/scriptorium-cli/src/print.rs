//! Writing data to standard output: text, JSON, tables. Everything else goes to standard error.

use std::io::{self, Write as _};

use serde_json::Value;

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    io::stdout().lock().write_all(bytes)
}

/// Writes text as it is, with a line end.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Writes a document, indented.
pub(crate) fn json(value: &Value) -> io::Result<()> {
    text(&format!("{value:#}"))
}

/// Writes rows under headings, the columns aligned. Control characters in cells, which scripts may
/// have chosen, are shown and not sent to the terminal.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    text(&aligned(headings, rows))
}

fn aligned(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings = headings
        .iter()
        .map(|heading| heading.to_uppercase())
        .collect();
    let lines: Vec<Vec<String>> = std::iter::once(headings)
        .chain(
            rows.iter()
                .map(|row| row.iter().map(|cell| one_line(cell)).collect()),
        )
        .collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        let padded = line.iter().zip(&widths);
        let padded: Vec<String> = padded
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
    }
    out
}

fn one_line(cell: &str) -> String {
    visible(cell).replace(['\n', '\t'], " ")
}

/// The text with control characters written out.
pub(crate) fn visible(text: &str) -> String {
    let shown = |letter: char| {
        if letter.is_control() && letter != '\n' && letter != '\t' {
            letter.escape_default().to_string()
        } else {
            letter.to_string()
        }
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_escapes_are_shown() {
        let rows = [
            vec!["hello".to_owned(), "active".to_owned()],
            vec!["отчёт".to_owned(), "\u{1b}[31mred".to_owned()],
        ];
        assert_eq!(
            aligned(&["name", "status"], &rows),
            "NAME   STATUS\nhello  active\nотчёт  \\u{1b}[31mred\n"
        );
    }
}

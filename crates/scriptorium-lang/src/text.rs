//! A text with its lines: byte offsets to lines and columns and back, both counted from 1.

use std::ops::Range;

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminators {
    /// LF, CRLF, CR: what the editor shows.
    Editor,
    /// The same and U+2028, U+2029: what ECMAScript says, hence the engine and source maps.
    Ecma,
}

/// A column's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// UTF-8 bytes: the engine.
    Byte,
    /// UTF-16 code units: the editor, source maps.
    Utf16,
}

/// A text and where its lines start.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    text: Box<str>,
    starts: Vec<u32>,
}

impl Text {
    pub(crate) fn new(text: &str, terminators: Terminators) -> Self {
        let mut starts = vec![0];
        let mut chars = text.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            let ends_line = match c {
                '\n' => true,
                '\r' => chars.peek().is_none_or(|&(_, next)| next != '\n'),
                '\u{2028}' | '\u{2029}' => terminators == Terminators::Ecma,
                _ => false,
            };
            if ends_line {
                starts.push(to_u32(offset + c.len_utf8()));
            }
        }
        Self {
            text: text.into(),
            starts,
        }
    }

    /// The line and column of a byte offset. An offset beyond the text means its end, one
    /// inside a character that character's start.
    pub(crate) fn position(&self, offset: u32, unit: Unit) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset as usize);
        let line = self
            .starts
            .partition_point(|&start| start as usize <= offset);
        let before = &self.text[self.line_range(to_u32(line)).start..offset];
        let column = match unit {
            Unit::Byte => before.len(),
            Unit::Utf16 => before.encode_utf16().count(),
        };
        (to_u32(line), to_u32(column) + 1)
    }

    /// The byte offset of a line and column, moved into the text where they point outside.
    pub(crate) fn offset(&self, line: u32, column: u32, unit: Unit) -> u32 {
        let range = self.line_range(line);
        let line = &self.text[range.clone()];
        let column = column.saturating_sub(1) as usize;
        let bytes = match unit {
            Unit::Byte => line.floor_char_boundary(column),
            Unit::Utf16 => bytes_of_utf16(line, column),
        };
        to_u32(range.start + bytes)
    }

    /// The byte offset of a line and UTF-16 column counted with ECMAScript's terminators.
    pub(crate) fn offset_ecma(&self, line: u32, column: u32) -> u32 {
        if self.text.contains(['\u{2028}', '\u{2029}']) {
            Self::new(&self.text, Terminators::Ecma).offset(line, column, Unit::Utf16)
        } else {
            self.offset(line, column, Unit::Utf16)
        }
    }

    pub(crate) fn lines(&self) -> u32 {
        to_u32(self.starts.len())
    }

    /// The text of a line without its terminator.
    pub(crate) fn line(&self, line: u32) -> &str {
        self.text[self.line_range(line)].trim_end_matches(['\n', '\r', '\u{2028}', '\u{2029}'])
    }

    fn line_range(&self, line: u32) -> Range<usize> {
        let index = (line.max(1) as usize).min(self.starts.len());
        let end = self
            .starts
            .get(index)
            .map_or(self.text.len(), |&s| s as usize);
        self.starts[index - 1] as usize..end
    }
}

/// How many bytes of a line its first `units` UTF-16 units take; a surrogate pair is not cut.
fn bytes_of_utf16(line: &str, units: usize) -> usize {
    let mut left = units;
    for (offset, c) in line.char_indices() {
        if left < c.len_utf16() {
            return offset;
        }
        left -= c.len_utf16();
    }
    line.len()
}

/// Lengths of sources are far below 4 GiB ([`crate::MAX_SOURCE_BYTES`]).
pub(crate) fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: u32, unit: Unit, expected: (u32, u32)) {
        let text = Text::new(text, Terminators::Ecma);
        assert_eq!(text.position(offset, unit), expected);
        assert_eq!(text.offset(expected.0, expected.1, unit), offset);
    }

    #[test]
    fn offsets_and_positions_agree() {
        check("", 0, Unit::Byte, (1, 1));
        check("ab\ncd", 2, Unit::Byte, (1, 3));
        check("ab\ncd", 3, Unit::Byte, (2, 1));
        check("ab\r\ncd", 4, Unit::Byte, (2, 1));
        check("ab\rcd", 3, Unit::Byte, (2, 1));
        check("a\u{2028}b", 4, Unit::Byte, (2, 1));
        check("привет x", 13, Unit::Byte, (1, 14));
        check("привет x", 13, Unit::Utf16, (1, 8));
        check("😀x", 4, Unit::Utf16, (1, 3));
        check("a\n😀x", 6, Unit::Utf16, (2, 3));
    }

    #[test]
    fn positions_outside_move_into_the_text() {
        let text = Text::new("ab\nпривет", Terminators::Editor);
        assert_eq!(text.position(1_000, Unit::Byte), (2, 13));
        assert_eq!(text.position(4, Unit::Utf16), (2, 1));
        assert_eq!(text.offset(9, 9, Unit::Utf16), 15);
        assert_eq!(text.offset(0, 0, Unit::Utf16), 0);
        assert_eq!(text.line(1), "ab");
    }
}

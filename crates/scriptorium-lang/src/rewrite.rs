//! Edits of a text that keep track of what was copied from where.

use crate::position::Piece;
use crate::text::to_u32;

/// Edits of one text, in any order, not overlapping.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    edits: Vec<Edit>,
    prefix: String,
    suffix: String,
}

#[derive(Debug)]
struct Edit {
    start: u32,
    end: u32,
    text: String,
}

impl Edits {
    /// Text before everything.
    pub(crate) fn prefix(&mut self, text: &str) {
        self.prefix.push_str(text);
    }

    /// Text after everything.
    pub(crate) fn suffix(&mut self, text: &str) {
        self.suffix.push_str(text);
    }

    pub(crate) fn insert(&mut self, at: u32, text: &str) {
        self.replace(at, at, text.to_owned());
    }

    pub(crate) fn replace(&mut self, start: u32, end: u32, text: String) {
        self.edits.push(Edit { start, end, text });
    }

    /// Overwrites a range with spaces; lines stay where they are, and so does what follows.
    pub(crate) fn blank(&mut self, source: &str, start: u32, end: u32) {
        let range = source.get(start as usize..end as usize).unwrap_or_default();
        let blank = |c: char| match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => c.to_string(),
            _ => " ".repeat(c.len_utf8()),
        };
        self.replace(start, end, range.chars().map(blank).collect());
    }

    /// The edited text, and its pieces sorted by their place in it.
    pub(crate) fn apply(mut self, source: &str) -> (String, Vec<Piece>) {
        self.edits.sort_by_key(|edit| (edit.start, edit.end));
        let mut writer = Writer {
            code: self.prefix,
            pieces: Vec::new(),
        };
        if !writer.code.is_empty() {
            writer.pieces.push(Piece {
                code: 0,
                origin: 0,
                len: 0,
            });
        }
        let mut copied = 0;
        for edit in self.edits {
            writer.copy(source, copied, edit.start);
            writer.pieces.push(Piece {
                code: to_u32(writer.code.len()),
                origin: edit.start,
                len: 0,
            });
            writer.code.push_str(&edit.text);
            copied = edit.end;
        }
        writer.copy(source, copied, to_u32(source.len()));
        writer.code.push_str(&self.suffix);
        (writer.code, writer.pieces)
    }
}

struct Writer {
    code: String,
    pieces: Vec<Piece>,
}

impl Writer {
    fn copy(&mut self, source: &str, start: u32, end: u32) {
        let text = source.get(start as usize..end as usize).unwrap_or_default();
        let piece = Piece {
            code: to_u32(self.code.len()),
            origin: start,
            len: to_u32(text.len()),
        };
        self.pieces.push(piece);
        self.code.push_str(text);
    }
}

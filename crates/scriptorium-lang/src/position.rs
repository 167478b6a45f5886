//! From positions in translated code to positions in the user's source.

use crate::text::{Terminators, Text, Unit};

/// Maps positions in [`crate::Translated::code`] to the user's source.
#[derive(Debug, Clone)]
pub struct PositionMap {
    source: Text,
    code: Text,
    /// Which pieces of the code were copied, from where; sorted by the place in the code.
    pieces: Vec<Piece>,
    /// For TypeScript: the stripped text that the pieces were copied from, and its map.
    stripped: Option<Stripped>,
}

/// A run of text copied without change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Where it starts in the code.
    pub(crate) code: u32,
    /// Where it starts in the text it was copied from.
    pub(crate) origin: u32,
    /// Its length in bytes; an empty piece stands for inserted text.
    pub(crate) len: u32,
}

/// TypeScript without its types, and where each of its tokens came from.
#[derive(Debug, Clone)]
pub(crate) struct Stripped {
    pub(crate) text: Text,
    /// (line, column) in the stripped text to (line, column) in the source; all count from
    /// 0, columns in UTF-16 units, sorted.
    pub(crate) tokens: Vec<((u32, u32), (u32, u32))>,
}

impl PositionMap {
    pub(crate) fn new(
        source: &str,
        code: &str,
        pieces: Vec<Piece>,
        stripped: Option<Stripped>,
    ) -> Self {
        Self {
            source: Text::new(source, Terminators::Editor),
            code: Text::new(code, Terminators::Ecma),
            pieces,
            stripped,
        }
    }

    /// The user's line and column for a position in the code; both count from 1.
    ///
    /// `column` counts UTF-8 bytes, as the engine reports it; the answer counts UTF-16
    /// units, as the editor does. A column outside its line means the nearest end. Text
    /// added by the translation answers with the place it was added at; `None` means a line
    /// that is not in the code, or one after all of the user's text.
    #[must_use]
    pub fn original(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        if line == 0 || line > self.code.lines() {
            return None;
        }
        let place = self.code.offset(line, column, Unit::Byte);
        let origin = self.origin(place)?;
        match &self.stripped {
            None => Some(self.source.position(origin, Unit::Utf16)),
            Some(stripped) => {
                let (line, column) = stripped.original(origin)?;
                Some(
                    self.source
                        .position(self.source.offset_ecma(line, column), Unit::Utf16),
                )
            }
        }
    }

    fn origin(&self, place: u32) -> Option<u32> {
        let after = self.pieces.partition_point(|piece| piece.code <= place);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        let inside = place - piece.code;
        let is_last = after == self.pieces.len();
        if is_last && inside > piece.len {
            return None;
        }
        Some(piece.origin + inside.min(piece.len))
    }
}

impl Stripped {
    /// The source position of a byte offset in the stripped text.
    pub(crate) fn original(&self, offset: u32) -> Option<(u32, u32)> {
        let (line, column) = self.text.position(offset, Unit::Utf16);
        let place = (line - 1, column - 1);
        let after = self.tokens.partition_point(|&(code, _)| code <= place);
        let on_line = |&&(code, _): &&((u32, u32), (u32, u32))| code.0 == place.0;
        let before = after.checked_sub(1).and_then(|last| self.tokens.get(last));
        // A line starts with indentation that no token covers: its first token is meant.
        let token = before
            .filter(on_line)
            .or_else(|| self.tokens.get(after).filter(on_line));
        let (_, (line, column)) = *token.or(before)?;
        Some((line + 1, column + 1))
    }
}

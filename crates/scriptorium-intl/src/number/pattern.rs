//! Patterns of numbers, such as `#,##0.00 ¤`, taken apart.

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Where the digits go.
    Number,
    /// Where the currency goes.
    Currency,
    /// The percent sign.
    Percent,
    /// Anything else.
    Text(String),
}

/// The pieces of one pattern.
pub(super) fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut quoted = false;
    for c in pattern.chars() {
        let piece = match c {
            '\'' => {
                quoted = !quoted;
                continue;
            }
            '#' | '0' | ',' | '.' if !quoted => Piece::Number,
            '¤' if !quoted => Piece::Currency,
            '%' if !quoted => Piece::Percent,
            _ => {
                match pieces.last_mut() {
                    Some(Piece::Text(text)) => text.push(c),
                    _ => pieces.push(Piece::Text(c.to_string())),
                }
                continue;
            }
        };
        if pieces.last() != Some(&piece) {
            pieces.push(piece);
        }
    }
    pieces
}

/// How many digits before the point a compact pattern asks for.
pub(super) fn whole_digits(pattern: &str) -> i16 {
    pattern.bytes().filter(|byte| *byte == b'0').count() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fall_into_pieces() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces("¤#,##0.00"), [Piece::Currency, Piece::Number]);
        assert_eq!(
            pieces("#,##0 %"),
            [Piece::Number, text(" "), Piece::Percent]
        );
        assert_eq!(
            pieces("0 тыс'.' ¤"),
            [Piece::Number, text(" тыс. "), Piece::Currency]
        );
        assert_eq!(
            pieces("(¤#,##0.00)"),
            [text("("), Piece::Currency, Piece::Number, text(")")]
        );
    }
}

//! From what the guest says about a thrown value to a [`Failure`].
//! The text was written by a script: it is bounded and never trusted.

use std::sync::Arc;

use crate::{Code, Failure, Frame, LimitHit, Position, json};

const MESSAGE_BYTES: usize = 4 << 10;
const STACK_BYTES: usize = 64 << 10;
const DETAILS_BYTES: usize = 64 << 10;
const FRAMES: usize = 32;

/// What the guest reports, as it reports it.
pub(crate) struct Reported<'a> {
    pub(crate) code: Code,
    pub(crate) message: &'a [u8],
    pub(crate) stack: &'a [u8],
    pub(crate) details: &'a [u8],
}

/// What is kept of a program's text to read positions in it.
#[derive(Debug)]
pub(crate) struct Origin {
    name: Arc<str>,
    /// The lines whose bytes and UTF-16 code units differ: the guest counts bytes.
    wide: Vec<(u32, Box<str>)>,
}

impl Origin {
    pub(crate) fn new(name: &str, code: &str) -> Self {
        let wide = (1..)
            .zip(code.split('\n'))
            .filter(|(_, line)| !line.is_ascii())
            .map(|(number, line)| (number, line.into()))
            .collect();
        Self {
            name: name.into(),
            wide,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn utf16_column(&self, line: u32, column: u32) -> u32 {
        let Ok(at) = self.wide.binary_search_by_key(&line, |(number, _)| *number) else {
            return column;
        };
        let text = &self.wide[at].1;
        let before = text.floor_char_boundary(column.saturating_sub(1) as usize);
        text[..before].encode_utf16().count() as u32 + 1
    }
}

/// The texts a program is made of: its own, then its libraries'.
pub(crate) type Origins = Arc<[Arc<Origin>]>;

/// Reads the report of a failure in the program that `origins` describe.
pub(crate) fn from_guest(reported: &Reported<'_>, origins: &[Arc<Origin>]) -> Failure {
    let stack = parse_stack(&text(reported.stack, STACK_BYTES), origins);
    let own = origins.first().map(|origin| &*origin.name);
    let details = (!reported.details.is_empty() && reported.details.len() <= DETAILS_BYTES)
        .then(|| json::well_formed(String::from_utf8_lossy(reported.details)).into_owned())
        .filter(|details| details != "{}");
    Failure {
        code: reported.code,
        message: text(reported.message, MESSAGE_BYTES),
        position: stack
            .iter()
            .find(|frame| Some(&*frame.source) == own)
            .map(|frame| Position {
                line: frame.line,
                column: frame.column,
            }),
        stack,
        details,
        limit: None,
    }
}

/// The failure of an execution that went beyond a limit.
pub(crate) fn beyond_limit(code: Code, hit: LimitHit) -> Failure {
    let LimitHit {
        limit,
        allowed,
        observed,
        unit,
    } = hit;
    let what = limit.replace('_', " ");
    Failure {
        limit: Some(hit),
        ..plain(
            code,
            format!("the {what} limit of {allowed} {unit} was exceeded: {observed} {unit}"),
        )
    }
}

/// A failure that has a message only.
pub(crate) fn plain(code: Code, message: impl Into<String>) -> Failure {
    Failure {
        code,
        message: message.into(),
        position: None,
        stack: Vec::new(),
        details: None,
        limit: None,
    }
}

fn text(bytes: &[u8], most: usize) -> String {
    let cut = &bytes[..bytes.len().min(most)];
    let mut text = String::from_utf8_lossy(cut).into_owned();
    if cut.len() < bytes.len() {
        text.push('…');
    }
    text
}

/// Keeps the frames of the program's own texts. A line reads `    at function (file:line:column)`,
/// or `    at file:line:column` where a syntax error stands.
fn parse_stack(stack: &str, origins: &[Arc<Origin>]) -> Vec<Frame> {
    stack
        .lines()
        .filter_map(|line| {
            let line = line.trim_start().strip_prefix("at ")?;
            origins.iter().find_map(|origin| parse_frame(line, origin))
        })
        .take(FRAMES)
        .collect()
}

fn parse_frame(line: &str, origin: &Origin) -> Option<Frame> {
    let name = &*origin.name;
    let (function, place) = match line.strip_suffix(')') {
        Some(call) => {
            let open = call.rfind(&format!("({name}:"))?;
            (call[..open].trim_end(), &call[open + 1..])
        }
        None => ("", line),
    };
    let (line, column) = place
        .strip_prefix(name)?
        .strip_prefix(':')?
        .split_once(':')?;
    let (line, column) = (line.parse().ok()?, column.parse().ok()?);
    Some(Frame {
        source: (&*origin.name).into(),
        function: (!matches!(function, "" | "<anonymous>" | "<eval>" | "<module>"))
            .then(|| function.to_owned()),
        line,
        column: origin.utf16_column(line, column),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(Option<&str>, u32, u32)>) {
        let frame = parse_frame(line, &Origin::new("a (b).js", "1\n2\nы + 😀 + x"));
        let got = frame
            .as_ref()
            .map(|f| (f.function.as_deref(), f.line, f.column));
        assert_eq!(got, expected, "{line}");
    }

    #[test]
    fn frames_of_the_program_are_read() {
        check("main (a (b).js:2:14)", Some((Some("main"), 2, 14)));
        check("<anonymous> (a (b).js:2:14)", Some((None, 2, 14)));
        check("a (b).js:1:2", Some((None, 1, 2)));
    }

    #[test]
    fn columns_count_utf16_code_units() {
        check("a (b).js:3:1", Some((None, 3, 1)));
        check("a (b).js:3:6", Some((None, 3, 5)));
        check("a (b).js:3:13", Some((None, 3, 10)));
        check("a (b).js:3:99", Some((None, 3, 11)));
    }

    #[test]
    fn other_frames_are_dropped() {
        check("enter (<prelude>:3:14)", None);
        check("forEach (native)", None);
        check("x (a (b).js:99999999999:1)", None);
        check("x (a (b).js:-1:1)", None);
        check("", None);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let long = "ы".repeat(MESSAGE_BYTES);
        let cut = text(long.as_bytes(), 5);
        assert_eq!(cut, "ыы\u{fffd}…");
    }
}

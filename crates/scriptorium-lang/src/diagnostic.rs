//! What is wrong with a source, and where, in the terms of an editor.

use std::fmt;

use crate::text::{Text, Unit};

/// The most diagnostics one source yields: a hostile source has a thousand mistakes.
pub(crate) const MAX_DIAGNOSTICS: usize = 100;
/// The longest message, in characters: messages quote names from the source.
const MAX_MESSAGE: usize = 500;
/// The longest quoted source line, in characters.
const MAX_SOURCE_LINE: usize = 500;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The script cannot run.
    Error,
    /// The script runs, perhaps not as meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong with a source.
///
/// Lines and columns count from 1; columns count UTF-16 units, as the editor does. The end
/// is exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code: `script.syntax`, `script.forbidden`, `script.import`, `script.entry`,
    /// `script.entry_called`, `script.too_deep`, `script.too_large`, `platform.translate`; what
    /// [`watch`](crate::watch) is given.
    pub code: &'static str,
    /// What is wrong and what to do instead, at most 500 characters.
    pub message: String,
    /// The first line.
    pub line: u32,
    /// The first column.
    pub column: u32,
    /// The line of the end.
    pub end_line: u32,
    /// The column after the last.
    pub end_column: u32,
    /// The text of the first line, at most 500 characters of it.
    pub source_line: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
            ..
        } = self;
        write!(f, "{line}:{column}: {}: {message}", self.severity.as_str())
    }
}

/// Why a source was refused: diagnostics in the order of the text, at least one an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// The first error: what to tell where there is room for one only.
    #[must_use]
    pub fn first_error(&self) -> Option<&Diagnostic> {
        self.0
            .iter()
            .find(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// A finding before it has a line and column: byte offsets into the user's source.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Finding {
    pub(crate) fn error(code: &'static str, span: impl Into<Spot>, message: String) -> Self {
        Self::new(Severity::Error, code, span.into(), message)
    }

    pub(crate) fn warning(code: &'static str, span: impl Into<Spot>, message: String) -> Self {
        Self::new(Severity::Warning, code, span.into(), message)
    }

    fn new(severity: Severity, code: &'static str, spot: Spot, message: String) -> Self {
        Self {
            severity,
            code,
            message,
            start: spot.0,
            end: spot.1,
        }
    }

    pub(crate) fn locate(&self, source: &Text) -> Diagnostic {
        let (line, column) = source.position(self.start, Unit::Utf16);
        let (end_line, end_column) = source.position(self.end.max(self.start), Unit::Utf16);
        Diagnostic {
            severity: self.severity,
            code: self.code,
            message: shorten(&self.message, MAX_MESSAGE),
            line,
            column,
            end_line,
            end_column,
            source_line: shorten(source.line(line), MAX_SOURCE_LINE),
        }
    }
}

/// A range of byte offsets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot(pub(crate) u32, pub(crate) u32);

impl From<oxc_span::Span> for Spot {
    fn from(span: oxc_span::Span) -> Self {
        Self(span.start, span.end)
    }
}

/// Findings as diagnostics, in the order of the text, errors before warnings where many.
pub(crate) fn locate_all(mut findings: Vec<Finding>, source: &Text) -> Vec<Diagnostic> {
    findings.sort_by_key(|finding| finding.severity == Severity::Warning);
    findings.truncate(MAX_DIAGNOSTICS);
    findings.sort_by_key(|finding| (finding.start, finding.end));
    findings
        .iter()
        .map(|finding| finding.locate(source))
        .collect()
}

/// At most `limit` characters of a text, with an ellipsis for the rest.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
    }
}

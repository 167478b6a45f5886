//! Diagnostics as code frames for a terminal.

use oxc_diagnostics::{GraphicalReportHandler, GraphicalTheme, NamedSource, OxcDiagnostic};
use oxc_span::Span;

use crate::diagnostic::{Diagnostic, Severity};
use crate::text::{Terminators, Text, Unit};

/// A frame shows whole lines; a longer line than this says nothing and floods the terminal.
const MAX_FRAME_LINE: usize = 400;

impl Diagnostic {
    /// The diagnostic with the lines it is about, without colour. `source` is the text that
    /// was diagnosed, `name` what to call it, such as a path.
    #[must_use]
    pub fn render(&self, source: &str, name: &str) -> String {
        self.render_with(source, name, GraphicalTheme::unicode_nocolor())
    }

    /// Like [`render`](Self::render), in colours, for a terminal that understands ANSI
    /// sequences.
    #[must_use]
    pub fn render_coloured(&self, source: &str, name: &str) -> String {
        self.render_with(source, name, GraphicalTheme::unicode())
    }

    fn render_with(&self, source: &str, name: &str, theme: GraphicalTheme) -> String {
        let text = Text::new(source, Terminators::Editor);
        if text.line(self.line).len() > MAX_FRAME_LINE {
            return format!("{name}:{self}\n");
        }
        let start = text.offset(self.line, self.column, Unit::Utf16);
        let end = text
            .offset(self.end_line, self.end_column, Unit::Utf16)
            .max(start);
        let message = format!("{}: {}", self.code, self.message);
        let report = match self.severity {
            Severity::Error => OxcDiagnostic::error(message),
            Severity::Warning => OxcDiagnostic::warn(message),
        }
        .with_label(Span::new(start, end))
        .with_source_code(NamedSource::new(name, source.to_owned()));

        let mut frame = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
        match handler.render_report(&mut frame, report.as_ref()) {
            Ok(()) => frame,
            Err(_) => format!("{name}:{self}\n"),
        }
    }
}

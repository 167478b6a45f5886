//! From text to a checked syntax tree: syntax errors, early errors, nesting depth.

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast::ast::Program;
use oxc_ast_visit::Visit;
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::{GetSpan, SourceType, Span};

use crate::Language;
use crate::diagnostic::{Finding, Spot};
use crate::effort;

/// How deep a syntax tree may be, in nodes. Code written by people stays below a hundred;
/// chains that a generator wrote (`a + b + …`, `else if …`) reach some hundreds.
pub(crate) const MAX_DEPTH: u32 = 2_000;

pub(crate) const SYNTAX: &str = "script.syntax";
pub(crate) const TOO_DEEP: &str = "script.too_deep";

/// Parses a source as a module in which `return` may also stand at the top, so that one
/// parse serves modules and function bodies. Early errors are left to [`analyse`].
pub(crate) fn parse<'a>(
    allocator: &'a Allocator,
    source: &'a str,
    language: Language,
) -> Result<Program<'a>, Vec<Finding>> {
    effort::check(source, language)?;
    let source_type = match language {
        Language::JavaScript => SourceType::mjs(),
        Language::TypeScript => SourceType::ts(),
    };
    let options = ParseOptions {
        parse_regular_expression: true,
        allow_return_outside_function: true,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(allocator, source, source_type)
        .with_options(options)
        .parse();
    let findings = findings(&parsed.diagnostics);
    if parsed.panicked || !findings.is_empty() {
        return Err(findings);
    }
    match too_deep(&parsed.program) {
        Some(finding) => Err(vec![finding]),
        None => Ok(parsed.program),
    }
}

/// Resolves names and finds the early errors that the grammar alone does not show.
pub(crate) fn analyse<'a>(program: &'a Program<'a>) -> Result<Semantic<'a>, Vec<Finding>> {
    let analysed = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .with_enum_eval(true)
        .build(program);
    let findings = findings(&analysed.diagnostics);
    if findings.is_empty() {
        Ok(analysed.semantic)
    } else {
        Err(findings)
    }
}

/// What a phase of the compiler complained about, warnings left out.
pub(crate) fn findings(diagnostics: &[OxcDiagnostic]) -> Vec<Finding> {
    let is_error =
        |diagnostic: &&OxcDiagnostic| diagnostic.severity == oxc_diagnostics::Severity::Error;
    diagnostics.iter().filter(is_error).map(finding).collect()
}

fn finding(diagnostic: &OxcDiagnostic) -> Finding {
    let spot = diagnostic
        .labels
        .first()
        .map_or(Spot(0, 0), |label| label.span().into());
    let mut message = diagnostic.message.to_string();
    if let Some(help) = &diagnostic.help {
        message = format!("{}. {help}", message.trim_end_matches('.'));
    }
    Finding::error(SYNTAX, spot, message)
}

fn too_deep(program: &Program<'_>) -> Option<Finding> {
    let mut depth = Depth::default();
    depth.visit_program(program);
    depth.exceeded.map(|span| {
        let message = format!(
            "The code is nested too deeply: at most {MAX_DEPTH} levels of syntax. \
             Split it into functions or statements"
        );
        Finding::error(TOO_DEEP, Spot(span.start, span.start), message)
    })
}

/// Measures nesting; the walk itself goes all the way down, on a stack made for it.
#[derive(Default)]
struct Depth {
    current: u32,
    exceeded: Option<Span>,
}

impl<'a> Visit<'a> for Depth {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        self.current += 1;
        if self.current > MAX_DEPTH && self.exceeded.is_none() {
            self.exceeded = Some(kind.span());
        }
    }

    fn leave_node(&mut self, _: AstKind<'a>) {
        self.current -= 1;
    }
}

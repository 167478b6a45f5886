//! The phases in their order: parse, check, scan, strip, find the entry, rewrite.

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast::ast::Program;
use oxc_semantic::Semantic;
use oxc_span::GetSpan;

use crate::diagnostic::{Diagnostic, Finding, Severity, Spot, locate_all};
use crate::entry::{self, Plan};
use crate::position::{PositionMap, Stripped};
use crate::text::{Terminators, Text, Unit};
use crate::{
    Diagnostics, Language, MAX_SOURCE_BYTES, Options, Translated, guard, modules, parse, scan,
    strip,
};

pub(crate) fn run(source: &str, options: &Options<'_>) -> Result<Translated, Diagnostics> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err(refusal("script.too_large", too_large(source.len())));
    }
    match guard::with_stack_for(source, || translate(source, options)) {
        Ok(result) => result,
        Err(error) => Err(refusal("platform.translate", error.to_string())),
    }
}

pub(crate) fn specifiers(source: &str, language: Language) -> Result<Vec<String>, Diagnostics> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err(refusal("script.too_large", too_large(source.len())));
    }
    let work = || {
        let allocator = Allocator::new();
        let parsed = parse::parse(&allocator, source, language);
        parsed.map(|program| modules::specifiers(&program))
    };
    match guard::with_stack_for(source, work) {
        Ok(Ok(specifiers)) => Ok(specifiers),
        Ok(Err(findings)) => Err(Diagnostics(locate_all(
            findings,
            &Text::new(source, Terminators::Editor),
        ))),
        Err(error) => Err(refusal("platform.translate", error.to_string())),
    }
}

fn too_large(bytes: usize) -> String {
    format!("The source has {bytes} bytes; at most {MAX_SOURCE_BYTES} can be translated")
}

/// A refusal that has no place in the source.
fn refusal(code: &'static str, message: String) -> Diagnostics {
    let finding = Finding::error(code, Spot(0, 0), message);
    Diagnostics(vec![finding.locate(&Text::new("", Terminators::Editor))])
}

pub(crate) fn translate(source: &str, options: &Options<'_>) -> Result<Translated, Diagnostics> {
    let mut findings = Vec::new();
    let plan = match options.language {
        Language::JavaScript => javascript(source, options, &mut findings),
        Language::TypeScript => typescript(source, options, &mut findings),
    };
    let has_errors = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    let diagnostics = locate_all(findings, &Text::new(source, Terminators::Editor));
    match plan {
        Some(planned) if !has_errors => Ok(planned.finish(source, diagnostics)),
        _ => Err(Diagnostics(diagnostics)),
    }
}

/// What is to be done with the JavaScript of a script.
struct Planned {
    plan: Plan,
    /// For TypeScript: the JavaScript it became.
    stripped: Option<(String, Stripped)>,
}

impl Planned {
    fn finish(self, source: &str, warnings: Vec<Diagnostic>) -> Translated {
        let (text, stripped) = match self.stripped {
            Some((text, stripped)) => (Some(text), Some(stripped)),
            None => (None, None),
        };
        let (code, pieces) = self.plan.edits.apply(text.as_deref().unwrap_or(source));
        let map = PositionMap::new(source, &code, pieces, stripped);
        Translated {
            code,
            map,
            entry: self.plan.entry,
            exports: self.plan.exports,
            warnings,
        }
    }
}

/// `None` means that `findings` has errors after which nothing more can be found.
fn javascript(source: &str, options: &Options<'_>, findings: &mut Vec<Finding>) -> Option<Planned> {
    let allocator = Allocator::new();
    let program = keep(
        parse::parse(&allocator, source, Language::JavaScript),
        findings,
    )?;
    let semantic = keep(parse::analyse(&program), findings)?;
    check(&program, &semantic, options, findings);
    let plan = plan(&program, options, findings)?;
    Some(Planned {
        plan,
        stripped: None,
    })
}

fn typescript(source: &str, options: &Options<'_>, findings: &mut Vec<Finding>) -> Option<Planned> {
    let allocator = Allocator::new();
    let program = keep(
        parse::parse(&allocator, source, Language::TypeScript),
        findings,
    )?;
    let semantic = keep(parse::analyse(&program), findings)?;
    check(&program, &semantic, options, findings);
    let scoping = semantic.into_scoping();
    let (text, stripped) = keep(strip::strip(&allocator, program, scoping), findings)?;

    let mut later = Vec::new();
    let plan = plan_stripped(&text, options, &mut later);
    let ecma = Text::new(source, Terminators::Ecma);
    findings.extend(
        later
            .into_iter()
            .map(|finding| in_source(finding, &stripped, &ecma)),
    );
    Some(Planned {
        plan: plan?,
        stripped: Some((text, stripped)),
    })
}

fn plan_stripped(text: &str, options: &Options<'_>, findings: &mut Vec<Finding>) -> Option<Plan> {
    let allocator = Allocator::new();
    let program = keep(
        parse::parse(&allocator, text, Language::JavaScript),
        findings,
    )?;
    // TypeScript's grammar takes more than its types: an `export` inside of a function, for one.
    keep(parse::analyse(&program), findings)?;
    plan(&program, options, findings)
}

/// What is to be done with a program without types.
fn plan(program: &Program<'_>, options: &Options<'_>, findings: &mut Vec<Finding>) -> Option<Plan> {
    findings.extend(modules::check_names(program, options.libraries));
    let plan = match options.is_library {
        true => entry::plan_library(program, options),
        false => entry::plan(program, options),
    };
    let plan = keep(plan, findings)?;
    findings.extend(plan.warnings.iter().cloned());
    Some(plan)
}

/// A finding in stripped text moved to where that text came from.
fn in_source(mut finding: Finding, stripped: &Stripped, source: &Text) -> Finding {
    let origin = |offset| {
        let (line, column) = stripped.original(offset)?;
        Some(source.offset(line, column, Unit::Utf16))
    };
    let length = finding.end.saturating_sub(finding.start);
    finding.start = origin(finding.start).unwrap_or(0);
    finding.end = origin(finding.end)
        .unwrap_or(0)
        .max(finding.start + length.min(1));
    finding
}

fn keep<T>(result: Result<T, Vec<Finding>>, findings: &mut Vec<Finding>) -> Option<T> {
    result.map_err(|errors| findings.extend(errors)).ok()
}

fn check(
    program: &Program<'_>,
    semantic: &Semantic<'_>,
    options: &Options<'_>,
    findings: &mut Vec<Finding>,
) {
    findings.extend(scan::scan(semantic));
    findings.extend(modules::check_requests(program, options.libraries));
    findings.extend(
        semantic
            .nodes()
            .iter()
            .filter_map(|node| unsupported(node.kind())),
    );
}

/// Syntax that the parser knows and the engine does not.
fn unsupported(kind: AstKind<'_>) -> Option<Finding> {
    let what = match kind {
        AstKind::Decorator(_) => "Decorators are not supported. Call the function instead",
        AstKind::AccessorProperty(_) => {
            "`accessor` fields are not supported. Write a getter and a setter"
        }
        _ => return None,
    };
    Some(Finding::error(parse::SYNTAX, kind.span(), what.to_owned()))
}

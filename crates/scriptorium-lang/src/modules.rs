//! What a source imports, and whether it is there. The only modules are the tenant's libraries,
//! written `lib/name`; which of them there are, and what they export, the caller says.

use oxc_ast::ast::{
    ExportSpecifier, ImportDeclaration, ImportDeclarationSpecifier, ImportOrExportKind,
    ImportPhase, Program, Statement, StringLiteral, WithClause,
};
use oxc_span::{GetSpan, Span};

use crate::diagnostic::{Finding, shorten};
use crate::parse;
use crate::scan;
use crate::survey::export_name;

/// What the specifiers of libraries begin with.
pub(crate) const PREFIX: &str = "lib/";
const IMPORT: &str = "script.import";
/// Most names that a message lists.
const LISTED: usize = 10;

/// A library as a source may ask for it.
#[derive(Debug, Clone, Copy)]
pub struct Library<'a> {
    /// As it is written in the source: `lib/name`.
    pub specifier: &'a str,
    /// The library, or a sentence that says why there is none.
    pub found: Result<Module<'a>, &'a str>,
}

/// A library that is there.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    /// What the engine calls it.
    pub name: &'a str,
    /// What it exports; `default` is a name like any other.
    pub exports: &'a [String],
}

/// An import, or an export from somewhere else, that is left when types are gone.
pub(crate) struct Request<'p, 'a> {
    /// The whole statement.
    pub(crate) span: Span,
    pub(crate) source: &'p StringLiteral<'a>,
    pub(crate) is_import: bool,
    names: Vec<Name<'p>>,
    phase: Option<ImportPhase>,
    attributes: Option<&'p WithClause<'a>>,
    star: Star<'p>,
}

/// A name that the source wants from a library.
struct Name<'p> {
    wanted: &'p str,
    span: Span,
    /// What it is exported as, if it is.
    exported: Option<&'p str>,
}

/// `export * from`, `export * as name from`.
enum Star<'p> {
    None,
    All,
    As(&'p str),
}

/// Every request of a program, in the order of the text.
pub(crate) fn requests<'p, 'a>(program: &'p Program<'a>) -> impl Iterator<Item = Request<'p, 'a>> {
    program.body.iter().filter_map(request)
}

/// The specifiers that a source asks for, each once.
pub(crate) fn specifiers(program: &Program<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for request in requests(program) {
        let specifier = request.source.value.as_str();
        if is_library(specifier) && !all.iter().any(|one| one == specifier) {
            all.push(specifier.to_owned());
        }
    }
    all
}

/// Requests for what is no library, or no library that is there.
pub(crate) fn check_requests(program: &Program<'_>, libraries: &[Library<'_>]) -> Vec<Finding> {
    requests(program)
        .filter_map(|request| check_request(&request, libraries))
        .collect()
}

fn check_request(request: &Request<'_, '_>, libraries: &[Library<'_>]) -> Option<Finding> {
    let specifier = request.source.value.as_str();
    if let Some(phase) = request.phase {
        let message = format!("`import {}` is not supported", phase.as_str());
        return Some(Finding::error(parse::SYNTAX, request.span, message));
    }
    if !is_library(specifier) {
        return Some(scan::foreign_module(request.span, request.is_import));
    }
    if let Some(attributes) = request
        .attributes
        .filter(|with| !with.with_entries.is_empty())
    {
        let message = "A library is imported without attributes".to_owned();
        return Some(Finding::error(parse::SYNTAX, attributes.span, message));
    }
    let reason = match find(libraries, specifier) {
        Some(Library { found: Ok(_), .. }) => return None,
        Some(Library {
            found: Err(reason), ..
        }) => (*reason).to_owned(),
        None => format!("There is no library `{}` here", shorten(specifier, 100)),
    };
    Some(Finding::error(IMPORT, request.source.span, reason))
}

/// Names that the libraries do not export.
pub(crate) fn check_names(program: &Program<'_>, libraries: &[Library<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for request in requests(program) {
        let specifier = request.source.value.as_str();
        let Some(Ok(module)) = find(libraries, specifier).map(|library| library.found) else {
            continue;
        };
        for name in &request.names {
            if !module.exports.iter().any(|export| export == name.wanted) {
                findings.push(missing(specifier, name, &module));
            }
        }
    }
    findings
}

fn missing(specifier: &str, name: &Name<'_>, module: &Module<'_>) -> Finding {
    let listed: Vec<_> = module
        .exports
        .iter()
        .take(LISTED)
        .map(|n| shorten(n, 40))
        .collect();
    let more = if module.exports.len() > LISTED {
        ", …"
    } else {
        ""
    };
    let message = format!(
        "`{}` exports no `{}`; it exports {}{more}",
        shorten(specifier, 100),
        shorten(name.wanted, 100),
        listed.join(", "),
    );
    Finding::error(IMPORT, name.span, message)
}

/// What a program exports of other modules.
pub(crate) fn passed_on(program: &Program<'_>, libraries: &[Library<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    for request in requests(program) {
        all.extend(
            request
                .names
                .iter()
                .filter_map(|n| n.exported)
                .map(str::to_owned),
        );
        match request.star {
            Star::None => {}
            Star::As(name) => all.push(name.to_owned()),
            Star::All => {
                let library = find(libraries, request.source.value.as_str());
                let exports = library
                    .and_then(|l| l.found.ok())
                    .map_or(&[][..], |m| m.exports);
                all.extend(exports.iter().filter(|name| *name != "default").cloned());
            }
        }
    }
    all
}

/// What the engine calls the module that a request asks for, as a literal.
pub(crate) fn literal(request: &Request<'_, '_>, libraries: &[Library<'_>]) -> Option<String> {
    let module = find(libraries, request.source.value.as_str())?.found.ok()?;
    let mut text = String::from("\"");
    for c in module.name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                text.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    Some(text)
}

fn is_library(specifier: &str) -> bool {
    specifier
        .strip_prefix(PREFIX)
        .is_some_and(|name| !name.is_empty())
}

fn find<'l, 'a>(libraries: &'l [Library<'a>], specifier: &str) -> Option<&'l Library<'a>> {
    libraries
        .iter()
        .find(|library| library.specifier == specifier)
}

fn request<'p, 'a>(statement: &'p Statement<'a>) -> Option<Request<'p, 'a>> {
    let value = ImportOrExportKind::Value;
    match statement {
        Statement::ImportDeclaration(import) if !is_type_only(import) => Some(Request {
            span: import.span,
            source: &import.source,
            is_import: true,
            names: import
                .specifiers
                .iter()
                .flatten()
                .filter_map(imported)
                .collect(),
            phase: import.phase,
            attributes: import.with_clause.as_deref(),
            star: Star::None,
        }),
        Statement::ExportFromDeclaration(export) if export.export_kind == value => Some(Request {
            span: export.span,
            source: &export.source,
            is_import: false,
            names: export.specifiers.iter().filter_map(exported).collect(),
            phase: None,
            attributes: export.with_clause.as_deref(),
            star: Star::None,
        }),
        Statement::ExportAllDeclaration(export) if export.export_kind == value => Some(Request {
            span: export.span,
            source: &export.source,
            is_import: false,
            names: Vec::new(),
            phase: None,
            attributes: export.with_clause.as_deref(),
            star: match &export.exported {
                Some(name) => Star::As(export_name(name)),
                None => Star::All,
            },
        }),
        _ => None,
    }
}

/// `import type`, or nothing but `type` specifiers: gone when the types are.
fn is_type_only(import: &ImportDeclaration<'_>) -> bool {
    let is_type = |specifier: &ImportDeclarationSpecifier<'_>| {
        matches!(specifier, ImportDeclarationSpecifier::ImportSpecifier(specifier)
            if specifier.import_kind == ImportOrExportKind::Type)
    };
    import.import_kind == ImportOrExportKind::Type
        || import
            .specifiers
            .as_ref()
            .is_some_and(|all| !all.is_empty() && all.iter().all(is_type))
}

fn imported<'p>(specifier: &'p ImportDeclarationSpecifier<'_>) -> Option<Name<'p>> {
    let (wanted, span) = match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
            if specifier.import_kind == ImportOrExportKind::Type {
                return None;
            }
            (export_name(&specifier.imported), specifier.imported.span())
        }
        ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
            ("default", specifier.span)
        }
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => return None,
    };
    Some(Name {
        wanted,
        span,
        exported: None,
    })
}

fn exported<'p>(specifier: &'p ExportSpecifier<'_>) -> Option<Name<'p>> {
    (specifier.export_kind == ImportOrExportKind::Value).then(|| Name {
        wanted: export_name(&specifier.local),
        span: specifier.local.span(),
        exported: Some(export_name(&specifier.exported)),
    })
}

//! Where a source names functions of the script API that deserve attention. Like the static scan it sees what
//! is written out, and not what is put together at run time or went through a variable.

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, IdentifierReference, PropertyKey};
use oxc_semantic::Semantic;
use oxc_span::{GetSpan, Span};

use crate::diagnostic::{Diagnostic, Finding, MAX_DIAGNOSTICS, Severity};
use crate::text::{Terminators, Text};
use crate::{Language, parse};

/// A function of the script API to look out for.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// Its path, such as `storage.exists`.
    pub path: &'a str,
    /// How bad it is to name it.
    pub severity: Severity,
    /// What it is called.
    pub code: &'static str,
    /// What to say.
    pub message: &'a str,
}

/// The places where one of them is named, each with which it is.
pub(crate) fn watch<'w>(
    source: &str,
    language: Language,
    watched: &'w [Watched<'w>],
) -> Option<Vec<(&'w str, Diagnostic)>> {
    let allocator = Allocator::new();
    let program = parse::parse(&allocator, source, language).ok()?;
    let semantic = parse::analyse(&program).ok()?;
    let mut found = Vec::new();
    for node in semantic.nodes().iter() {
        names(&semantic, node.kind(), &mut found);
    }
    found.sort_by_key(|(_, span)| (span.start, span.end));
    let text = Text::new(source, Terminators::Editor);
    let diagnostics = found.into_iter().filter_map(|(path, span)| {
        let watched = watched.iter().find(|watched| watched.path == path)?;
        let message = watched.message.to_owned();
        let finding = match watched.severity {
            Severity::Error => Finding::error(watched.code, span, message),
            Severity::Warning => Finding::warning(watched.code, span, message),
        };
        Some((watched.path, finding.locate(&text)))
    });
    Some(diagnostics.take(MAX_DIAGNOSTICS).collect())
}

/// The paths that a node names: `storage.exists`, or one for each name that a pattern takes out of `storage`.
fn names(semantic: &Semantic<'_>, kind: AstKind<'_>, found: &mut Vec<(String, Span)>) {
    match kind {
        AstKind::StaticMemberExpression(member) => {
            let name = member.property.name.as_str();
            let object = path(semantic, &member.object);
            found.extend(object.map(|object| (joined(object, name), member.span)));
        }
        AstKind::ComputedMemberExpression(member) => {
            let name = member.static_property_name();
            let object = path(semantic, &member.object);
            let both = object.zip(name);
            found.extend(both.map(|(object, name)| (joined(object, &name), member.span)));
        }
        AstKind::VariableDeclarator(variable) => {
            let object = variable.init.as_ref().and_then(|init| path(semantic, init));
            if let Some(object) = object {
                taken_out(&object, &variable.id, found);
            }
        }
        _ => {}
    }
}

/// What `const { date: { parse } } = utils` takes out.
fn taken_out(object: &str, pattern: &BindingPattern<'_>, found: &mut Vec<(String, Span)>) {
    let BindingPattern::ObjectPattern(pattern) = pattern else {
        return;
    };
    for property in &pattern.properties {
        let PropertyKey::StaticIdentifier(key) = &property.key else {
            continue;
        };
        let path = joined(object.to_owned(), key.name.as_str());
        taken_out(&path, &property.value, found);
        found.push((path, property.key.span()));
    }
}

/// The path of an expression that is one, without the spellings that all functions have: `ctx.storage`,
/// `sdk.storage` and `globalThis.storage` are `storage`. An object of all is the empty path.
fn path(semantic: &Semantic<'_>, expression: &Expression<'_>) -> Option<String> {
    match expression.get_inner_expression() {
        Expression::Identifier(identifier) => root(semantic, identifier),
        Expression::StaticMemberExpression(member) => {
            let object = path(semantic, &member.object)?;
            Some(joined(object, member.property.name.as_str()))
        }
        Expression::ComputedMemberExpression(member) => {
            let name = member.static_property_name()?;
            Some(joined(path(semantic, &member.object)?, &name))
        }
        _ => None,
    }
}

/// A global, or the parameter that entry functions call `ctx`.
fn root(semantic: &Semantic<'_>, identifier: &IdentifierReference<'_>) -> Option<String> {
    let name = identifier.name.as_str();
    if semantic.is_reference_to_global_variable(identifier) {
        return Some(joined(String::new(), name));
    }
    let reference = semantic.scoping().get_reference(identifier.reference_id());
    let declared = semantic.symbol_declaration(reference.symbol_id()?).kind();
    let is_parameter = matches!(declared, AstKind::FormalParameter(_));
    (name == "ctx" && is_parameter).then(String::new)
}

fn joined(object: String, name: &str) -> String {
    match (object.as_str(), name) {
        ("", "globalThis" | "ctx" | "sdk") => String::new(),
        ("", name) => name.to_owned(),
        _ => format!("{object}.{name}"),
    }
}

//! The static scan: constructs that reach for what the sandbox withholds.
//!
//! It tells honest users early, in words, and stops the obvious attempts. It is not the
//! wall: what it cannot see (names put together at run time) the sandbox refuses anyway.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    BinaryOperator, CallExpression, ComputedMemberExpression, Expression, IdentifierReference,
    MemberExpression, PropertyKey, TSModuleReference, UnaryOperator,
};
use oxc_semantic::{AstNode, NodeId, Semantic};
use oxc_span::{GetSpan, Span};

use crate::diagnostic::Finding;

const FORBIDDEN: &str = "script.forbidden";

const EVAL: &str = "`eval` is not available: a script cannot turn text into code. \
    Use `JSON.parse` to read data, or an object of functions to choose between behaviours";
const FUNCTION: &str = "The `Function` constructor is not available: a script cannot turn text \
    into code. Write the function out";
const REQUIRE: &str = "`require` is not available. Use `import` for libraries of the tenant \
    (`lib/name`), and the script API (`services`, `db`, `http`, `storage`, `utils`)";
const IMPORT: &str = "`import` is for libraries of the tenant only, written `lib/name`. \
    Put the code here, or use the script API (`services`, `db`, `http`, `storage`, `utils`)";
const DYNAMIC_IMPORT: &str = "`import()` is not available: a script cannot load code while it \
    runs. Put the code here, or use the script API";
const EXPORT_FROM: &str = "`export … from` is for libraries of the tenant only, written `lib/name`";
const PROTO: &str = "`__proto__` is not available. Use `Object.getPrototypeOf` to read a \
    prototype, and a `Map` or `Object.create(null)` for keys that come from data";
const CONSTRUCTOR: &str = "Reaching a function's constructor is not available: a script cannot \
    turn text into code. Write the function out";

/// Every forbidden construct of a program, in no particular order.
pub(crate) fn scan(semantic: &Semantic<'_>) -> Vec<Finding> {
    let constructs = semantic
        .nodes()
        .iter()
        .filter_map(|node| construct(semantic, node));
    let globals = forbidden_globals(semantic);
    constructs
        .chain(globals)
        .map(|(span, message)| Finding::error(FORBIDDEN, span, message.to_owned()))
        .collect()
}

/// A request for a module that is no library of the tenant.
pub(crate) fn foreign_module(span: Span, is_import: bool) -> Finding {
    let message = if is_import { IMPORT } else { EXPORT_FROM };
    Finding::error(FORBIDDEN, span, message.to_owned())
}

type Forbidden = (Span, &'static str);

/// Reads of `eval`, `Function` and `require` that no declaration of the script's own answers.
fn forbidden_globals(semantic: &Semantic<'_>) -> Vec<Forbidden> {
    let unresolved = semantic.scoping().root_unresolved_references();
    let mut found = Vec::new();
    for (name, references) in unresolved {
        let Some(message) = forbidden_global(name.as_str()) else {
            continue;
        };
        for &reference in references {
            let reference = semantic.scoping().get_reference(reference);
            let node = reference.node_id();
            if reference.is_value() && !is_harmless_use(semantic, node) {
                found.push((semantic.nodes().kind(node).span(), message));
            }
        }
    }
    found
}

fn forbidden_global(name: &str) -> Option<&'static str> {
    match name {
        "eval" => Some(EVAL),
        "Function" => Some(FUNCTION),
        "require" => Some(REQUIRE),
        _ => None,
    }
}

/// Asking whether something is a function, or borrowing from `Function.prototype`, is common
/// and yields no code from text.
fn is_harmless_use(semantic: &Semantic<'_>, node: NodeId) -> bool {
    let mut ancestors = semantic
        .nodes()
        .ancestors(node)
        .filter(|node| !is_wrapper(node.kind()));
    match ancestors.next().map(AstNode::kind) {
        Some(AstKind::UnaryExpression(unary)) => unary.operator == UnaryOperator::Typeof,
        Some(AstKind::BinaryExpression(binary)) => {
            binary.operator == BinaryOperator::Instanceof || binary.operator.is_equality()
        }
        Some(AstKind::StaticMemberExpression(member)) => {
            let reached = ancestors.next().map(AstNode::kind);
            member.property.name == "prototype"
                && reached.and_then(member_name) != Some("constructor")
        }
        _ => false,
    }
}

fn is_wrapper(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::ParenthesizedExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSNonNullExpression(_)
            | AstKind::TSTypeAssertion(_)
    )
}

fn member_name(kind: AstKind<'_>) -> Option<&str> {
    match kind {
        AstKind::StaticMemberExpression(member) => Some(member.property.name.as_str()),
        AstKind::ComputedMemberExpression(member) => {
            member.static_property_name().map(|name| name.as_str())
        }
        _ => None,
    }
}

fn construct(semantic: &Semantic<'_>, node: &AstNode<'_>) -> Option<Forbidden> {
    match node.kind() {
        AstKind::TSImportEqualsDeclaration(import) => {
            let external = matches!(
                import.module_reference,
                TSModuleReference::ExternalModuleReference(_)
            );
            external.then_some((import.span, IMPORT))
        }
        AstKind::ImportExpression(import) => Some((import.span, DYNAMIC_IMPORT)),
        AstKind::StaticMemberExpression(member) => {
            let name = member.property.name.as_str();
            access(semantic, &member.object, name, member.property.span)
        }
        AstKind::ComputedMemberExpression(member) => {
            let name = computed_name(member)?;
            access(semantic, &member.object, &name, member.expression.span())
        }
        AstKind::CallExpression(call) => constructor_call(call),
        AstKind::ObjectProperty(property) if !property.shorthand => proto_key(&property.key),
        AstKind::BindingProperty(property) => proto_key(&property.key),
        AstKind::AssignmentTargetPropertyProperty(property) => proto_key(&property.name),
        _ => None,
    }
}

fn access(
    semantic: &Semantic<'_>,
    object: &Expression<'_>,
    name: &str,
    span: Span,
) -> Option<Forbidden> {
    match name {
        "__proto__" => Some((span, PROTO)),
        "constructor" if is_constructor_or_function(object) => Some((span, CONSTRUCTOR)),
        _ if is_global_object(semantic, object) => forbidden_global(name).map(|text| (span, text)),
        _ => None,
    }
}

/// `x.constructor` (whose constructor is `Function`), or a function written on the spot.
fn is_constructor_or_function(object: &Expression<'_>) -> bool {
    let is_function = matches!(
        object.get_inner_expression(),
        Expression::FunctionExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::ClassExpression(_)
    );
    is_function || names_constructor(object)
}

/// A constructor called without `new` is `Function` or one of its kin: no class allows it.
/// Chains are left to [`access`], which reports them where they begin.
fn constructor_call(call: &CallExpression<'_>) -> Option<Forbidden> {
    let member = call.callee.get_member_expr()?;
    let is_reported = is_constructor_or_function(member.object());
    let of_super = matches!(member.object(), Expression::Super(_));
    (names_constructor(&call.callee) && !is_reported && !of_super)
        .then(|| (member.span(), CONSTRUCTOR))
}

fn names_constructor(expression: &Expression<'_>) -> bool {
    match expression.get_member_expr() {
        Some(MemberExpression::StaticMemberExpression(member)) => {
            member.property.name == "constructor"
        }
        Some(MemberExpression::ComputedMemberExpression(member)) => {
            computed_name(member).as_deref() == Some("constructor")
        }
        _ => false,
    }
}

fn is_global_object(semantic: &Semantic<'_>, object: &Expression<'_>) -> bool {
    let is_global = |identifier: &IdentifierReference<'_>| {
        identifier.name == "globalThis" && semantic.is_reference_to_global_variable(identifier)
    };
    matches!(object.get_inner_expression(), Expression::Identifier(object) if is_global(object))
}

fn proto_key(key: &PropertyKey<'_>) -> Option<Forbidden> {
    let is_proto = match key {
        PropertyKey::StaticIdentifier(identifier) => identifier.name == "__proto__",
        _ => key.as_expression().and_then(static_string).as_deref() == Some("__proto__"),
    };
    is_proto.then(|| (key.span(), PROTO))
}

fn computed_name(member: &ComputedMemberExpression<'_>) -> Option<String> {
    static_string(&member.expression)
}

/// The value of a string written in one piece or as a sum of pieces.
fn static_string(expression: &Expression<'_>) -> Option<String> {
    match expression.get_inner_expression() {
        Expression::StringLiteral(literal) => Some(literal.value.to_string()),
        Expression::TemplateLiteral(template) => Some(template.single_quasi()?.to_string()),
        Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
            Some(static_string(&sum.left)? + &static_string(&sum.right)?)
        }
        _ => None,
    }
}

//! What the entry function asks for, read off its first parameter: TypeScript's types, JSDoc's, and the
//! values that stand in for what is missing. Types do not exist any more when a script runs, so that this
//! describes an input to whoever fills it in, and refuses none.

mod jsdoc;
mod node;
mod types;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingPattern, Declaration, ExportDefaultDeclarationKind, Expression, FormalParameter,
    FormalParameters, Program, Statement, TSType, VariableDeclarator,
};

use self::jsdoc::{Doc, Tagged};
use self::node::{Member, Node, Notes, Shape, Value};
use self::types::{Types, key_of, value_of};
use crate::survey::Survey;
use crate::{Convention, Entry, Language, MAX_SCHEMA_BYTES, Options, entry, parse};

/// The schema of the entry function's input; `None` when nothing is said about it.
pub(crate) fn input_schema(source: &str, options: &Options<'_>) -> Option<String> {
    let allocator = Allocator::new();
    let program = parse::parse(&allocator, source, options.language).ok()?;
    let found = find(&program, options)?;
    let parameter = found.parameters.items.first()?;
    let doc = Doc::before(&program, found.start);
    let mut types = Types::of(&program);
    let annotation = parameter.type_annotation.as_ref();
    let typed = match annotation {
        Some(annotation) if found.is_event => types.payload(&annotation.type_annotation),
        Some(annotation) => Some(types.node(&annotation.type_annotation)),
        None if found.is_event => None,
        None => doc.as_ref().and_then(|doc| tagged(doc, parameter)),
    };
    let is_event = found.is_event;
    let node = match (typed, is_event) {
        (Some(node), _) => node,
        (None, true) => return None,
        (None, false) => destructured(parameter)?,
    };
    let (node, notes) = completed(node, parameter, doc.as_ref());
    match node {
        Node::Any | Node::Absent => None,
        node => Some(node.to_json(&notes)).filter(|json| json.len() <= MAX_SCHEMA_BYTES),
    }
}

/// The entry function's parameters.
struct Found<'p, 'a> {
    parameters: &'p FormalParameters<'a>,
    /// Where its statement begins, in front of which its comment stands.
    start: u32,
    /// Its first parameter is an event, and the input is what that brings.
    is_event: bool,
}

fn find<'p, 'a>(program: &'p Program<'a>, options: &Options<'_>) -> Option<Found<'p, 'a>> {
    let name = match entry::plan(program, options).ok()?.entry {
        Entry::Body => return None,
        Entry::Function(name) => Some(name),
        Entry::Export => None,
    };
    let survey = Survey::new(program);
    let (parameters, start, own) = match &name {
        Some(name) => by_name(program, survey.lookup(name)?.name)?,
        None => default_export(program, &survey)?,
    };
    let called = name.as_deref().or(own).unwrap_or_default();
    let is_request = options.convention == Convention::HandleRequest || called == "handleRequest";
    if is_request {
        return None;
    }
    Some(Found {
        parameters,
        start,
        is_event: options.convention == Convention::HandleEvent || called == "handleEvent",
    })
}

type Parameters<'p, 'a> = (&'p FormalParameters<'a>, u32, Option<&'p str>);

fn default_export<'p, 'a>(
    program: &'p Program<'a>,
    survey: &Survey<'p, 'a>,
) -> Option<Parameters<'p, 'a>> {
    use ExportDefaultDeclarationKind as Kind;
    let Some(export) = survey.default else {
        return by_name(program, survey.default_specifiers.first()?.local);
    };
    let start = export.span.start;
    match &export.declaration {
        Kind::FunctionDeclaration(function) => {
            let name = function.id.as_ref().map(|id| id.name.as_str());
            Some((&function.params, start, name))
        }
        declaration => match declaration.as_expression()?.get_inner_expression() {
            Expression::Identifier(name) => by_name(program, name.name.as_str()),
            expression => Some((of_expression(expression)?, start, None)),
        },
    }
}

/// The function that is declared under a name at the top level.
fn by_name<'p, 'a>(program: &'p Program<'a>, name: &str) -> Option<Parameters<'p, 'a>> {
    program.body.iter().find_map(|statement| {
        let (declaration, start) = match statement {
            Statement::ExportDeclaration(export) => (&export.declaration, export.span.start),
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                    let id = function.id.as_ref()?;
                    let id = id.name.as_str();
                    return (id == name).then_some((
                        &*function.params,
                        export.span.start,
                        Some(id),
                    ));
                }
                _ => return None,
            },
            other => {
                let declaration = other.as_declaration()?;
                (declaration, oxc_span::GetSpan::span(declaration).start)
            }
        };
        match declaration {
            Declaration::FunctionDeclaration(function) => {
                let id = function.id.as_ref()?.name.as_str();
                // What has no body only says how the one may be called that has.
                let is_it = id == name && function.body.is_some();
                is_it.then_some((&*function.params, start, Some(id)))
            }
            Declaration::VariableDeclaration(variables) => {
                let mut declarators = variables.declarations.iter();
                declarators.find_map(|one| of_variable(one, name, start))
            }
            _ => None,
        }
    })
}

fn of_variable<'p, 'a>(
    variable: &'p VariableDeclarator<'a>,
    name: &str,
    start: u32,
) -> Option<Parameters<'p, 'a>> {
    let BindingPattern::BindingIdentifier(id) = &variable.id else {
        return None;
    };
    let id = id.name.as_str();
    if id != name {
        return None;
    }
    let own = of_expression(variable.init.as_ref()?.get_inner_expression())?;
    let typed = |parameters: &FormalParameters<'_>| {
        let first = parameters.items.first();
        first.is_some_and(|first| first.type_annotation.is_some())
    };
    let annotation = variable.type_annotation.as_ref();
    let declared = annotation.and_then(|annotation| match &annotation.type_annotation {
        TSType::TSFunctionType(function) => Some(&*function.params),
        _ => None,
    });
    let parameters = match declared {
        Some(declared) if !typed(own) => declared,
        _ => own,
    };
    Some((parameters, start, Some(id)))
}

fn of_expression<'p, 'a>(expression: &'p Expression<'a>) -> Option<&'p FormalParameters<'a>> {
    match expression {
        Expression::ArrowFunctionExpression(function) => Some(&function.params),
        Expression::FunctionExpression(function) => Some(&function.params),
        _ => None,
    }
}

/// What tags of a doc comment say about the first parameter: of the parameter's name, or the first that
/// is named when the parameter is taken apart.
fn tagged(doc: &Doc, parameter: &FormalParameter<'_>) -> Option<Node> {
    let all: Vec<Tagged<'_>> = doc.parameters().collect();
    let first = all.first()?;
    let name = match pattern_of(parameter) {
        BindingPattern::BindingIdentifier(id) => id.name.as_str(),
        _ => first.name,
    };
    let whole = all.iter().find(|tag| tag.name == name);
    let prefix = format!("{name}.");
    let members: Vec<Member> = all
        .iter()
        .filter_map(|tag| {
            let member = tag.name.strip_prefix(&prefix)?;
            // Members of members are told by the type of the member.
            (!member.contains(['.', '['])).then(|| Member {
                name: member.to_owned(),
                node: of_text(tag.ty),
                optional: tag.optional,
                notes: Notes {
                    description: tag.description.clone(),
                    default: tag.default.clone(),
                    ..Notes::default()
                },
            })
        })
        .collect();
    if members.is_empty() {
        return whole.map(|tag| of_text(tag.ty));
    }
    Some(Node::Object(Shape {
        members,
        others: None,
    }))
}

/// A type that stands in a comment.
fn of_text(ty: &str) -> Node {
    let ty = match ty {
        "*" | "?" => return Node::Any,
        "Object" => "object",
        other => other,
    };
    let source = format!("type T = {ty};");
    let allocator = Allocator::new();
    let Ok(program) = parse::parse(&allocator, &source, Language::TypeScript) else {
        return Node::Any;
    };
    let found = match program.body.first() {
        Some(Statement::TSTypeAliasDeclaration(alias)) => &alias.type_annotation,
        _ => return Node::Any,
    };
    Types::of(&program).node(found)
}

/// The members that the parameter itself names.
fn destructured(parameter: &FormalParameter<'_>) -> Option<Node> {
    let BindingPattern::ObjectPattern(object) = pattern_of(parameter) else {
        return None;
    };
    let member = |property: &oxc_ast::ast::BindingProperty<'_>| {
        let name = key_of(&property.key).filter(|_| !property.computed)?;
        let default = default_of(&property.value);
        Some(Member {
            name,
            node: default.as_ref().map_or(Node::Any, like),
            optional: default.is_some(),
            notes: Notes::default(),
        })
    };
    let members: Vec<Member> = object.properties.iter().filter_map(member).collect();
    (!members.is_empty()).then_some(Node::Object(Shape {
        members,
        others: None,
    }))
}

/// With what stands in the parameter for members that are missing, and for all of it.
fn completed(mut node: Node, parameter: &FormalParameter<'_>, doc: Option<&Doc>) -> (Node, Notes) {
    let mut notes = Notes::default();
    if let Some(doc) = doc {
        let tags = doc.parameters().collect::<Vec<_>>();
        notes.description = match tags.first() {
            Some(tag) if !tag.name.contains('.') => tag.description.clone(),
            _ => None,
        };
    }
    let whole = match &parameter.initializer {
        Some(value) => value_of(value),
        None => None,
    };
    if let Node::Object(shape) = &mut node {
        if let BindingPattern::ObjectPattern(object) = pattern_of(parameter) {
            for property in &object.properties {
                let (Some(name), Some(value)) =
                    (key_of(&property.key), default_of(&property.value))
                else {
                    continue;
                };
                set_default(shape, &name, value);
            }
        }
        if let Some(Value::Object(members)) = &whole {
            for (name, value) in members {
                set_default(shape, name, value.clone());
            }
        }
    } else {
        notes.default = whole;
    }
    (node, notes)
}

fn set_default(shape: &mut Shape, name: &str, value: Value) {
    let mut members = shape.members.iter_mut();
    if let Some(member) = members.find(|member| member.name == name) {
        member.notes.default.get_or_insert(value);
    }
}

/// The parameter without the value that stands in for it.
fn pattern_of<'p, 'a>(parameter: &'p FormalParameter<'a>) -> &'p BindingPattern<'a> {
    match &parameter.pattern {
        BindingPattern::AssignmentPattern(assignment) => &assignment.left,
        pattern => pattern,
    }
}

fn default_of(pattern: &BindingPattern<'_>) -> Option<Value> {
    match pattern {
        BindingPattern::AssignmentPattern(assignment) => value_of(&assignment.right),
        _ => None,
    }
}

/// What a value is likely one of.
fn like(value: &Value) -> Node {
    use node::Literal;
    match value {
        Value::One(Literal::Text(_)) => Node::Plain("string"),
        Value::One(Literal::Number(_)) => Node::Plain("number"),
        Value::One(Literal::Bool(_)) => Node::Plain("boolean"),
        Value::One(Literal::Null) => Node::Any,
        Value::List(items) => {
            let first = items.first().map_or(Node::Any, like);
            Node::List(Box::new(first))
        }
        Value::Object(_) => Node::Object(Shape::default()),
    }
}

#[cfg(test)]
mod tests;

//! TypeScript's types as what an input may be. Names are looked up in the same source; what is not
//! known there, or is no thing that JSON carries, may be anything.

use std::collections::BTreeMap;

use oxc_ast::ast::{
    Declaration, Expression, Program, PropertyKey, Statement, TSEnumDeclaration, TSEnumMemberName,
    TSInterfaceDeclaration, TSLiteral, TSSignature, TSTupleElement, TSType, TSTypeName,
    TSTypeOperatorOperator, TSTypeReference,
};
use oxc_syntax::operator::UnaryOperator;

use super::jsdoc::Doc;
use super::node::{Literal, Member, Node, Notes, Shape, Value};

/// Deepest that types may lie in each other, names followed.
const DEPTH: u32 = 32;
/// Most types that are looked at.
const TYPES: u32 = 5_000;
/// Letters of a name or a text that count as one more.
const LETTERS: usize = 64;

/// The types that a source declares.
pub(super) struct Types<'p, 'a> {
    program: &'p Program<'a>,
    aliases: BTreeMap<&'p str, &'p TSType<'a>>,
    interfaces: BTreeMap<&'p str, Vec<&'p TSInterfaceDeclaration<'a>>>,
    enums: BTreeMap<&'p str, &'p TSEnumDeclaration<'a>>,
    /// Names that are being followed, against circles.
    open: Vec<&'p str>,
    left: u32,
}

impl<'p, 'a> Types<'p, 'a> {
    pub(super) fn of(program: &'p Program<'a>) -> Self {
        let mut types = Self {
            program,
            aliases: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            enums: BTreeMap::new(),
            open: Vec::new(),
            left: TYPES,
        };
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                other => other.as_declaration(),
            };
            match declaration {
                Some(Declaration::TSTypeAliasDeclaration(alias)) => {
                    let name = alias.id.name.as_str();
                    types.aliases.insert(name, &alias.type_annotation);
                }
                Some(Declaration::TSInterfaceDeclaration(interface)) => {
                    let name = interface.id.name.as_str();
                    types.interfaces.entry(name).or_default().push(interface);
                }
                Some(Declaration::TSEnumDeclaration(one)) => {
                    types.enums.insert(one.id.name.as_str(), one);
                }
                _ => {}
            }
        }
        types
    }

    pub(super) fn node(&mut self, ty: &'p TSType<'a>) -> Node {
        self.at(ty, DEPTH)
    }

    fn at(&mut self, ty: &'p TSType<'a>, depth: u32) -> Node {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.pays(0)) else {
            return Node::Any;
        };
        match ty {
            TSType::TSStringKeyword(_) | TSType::TSTemplateLiteralType(_) => Node::Plain("string"),
            TSType::TSNumberKeyword(_) => Node::Plain("number"),
            TSType::TSBooleanKeyword(_) => Node::Plain("boolean"),
            TSType::TSNullKeyword(_) => Node::Plain("null"),
            TSType::TSUndefinedKeyword(_)
            | TSType::TSVoidKeyword(_)
            | TSType::TSNeverKeyword(_) => Node::Absent,
            TSType::TSObjectKeyword(_) => Node::Object(Shape::default()),
            TSType::TSParenthesizedType(inner) => self.at(&inner.type_annotation, depth),
            TSType::TSArrayType(list) => Node::List(Box::new(self.at(&list.element_type, depth))),
            TSType::TSTupleType(tuple) => {
                let items = tuple.element_types.iter();
                Node::Tuple(items.map(|item| self.element(item, depth)).collect())
            }
            TSType::TSTypeLiteral(literal) => Node::Object(self.shape(&literal.members, depth)),
            TSType::TSLiteralType(literal) => match literal_of(&literal.literal) {
                Some(Literal::Text(text)) if !self.pays(text.len()) => Node::Any,
                Some(one) => Node::OneOf(vec![one]),
                None => Node::Any,
            },
            TSType::TSUnionType(union) => {
                let nodes = union.types.iter().map(|ty| self.at(ty, depth)).collect();
                Node::either(nodes)
            }
            TSType::TSIntersectionType(both) => {
                let nodes = both.types.iter().map(|ty| self.at(ty, depth)).collect();
                Node::both(nodes)
            }
            TSType::TSTypeOperatorType(operator)
                if operator.operator == TSTypeOperatorOperator::Readonly =>
            {
                self.at(&operator.type_annotation, depth)
            }
            TSType::TSTypeReference(reference) => self.named(reference, depth),
            _ => Node::Any,
        }
    }

    /// Whether one more thing may be looked at, with a text so long.
    fn pays(&mut self, bytes: usize) -> bool {
        let price = u32::try_from(1 + bytes / LETTERS).unwrap_or(u32::MAX);
        match self.left.checked_sub(price) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.left = 0;
                false
            }
        }
    }

    /// Whether a type allows the value not to be there.
    fn may_be_absent(&self, ty: &TSType<'_>) -> bool {
        match ty {
            TSType::TSUndefinedKeyword(_) | TSType::TSVoidKeyword(_) => true,
            TSType::TSParenthesizedType(inner) => self.may_be_absent(&inner.type_annotation),
            TSType::TSUnionType(union) => union.types.iter().any(|ty| self.may_be_absent(ty)),
            _ => false,
        }
    }

    fn element(&mut self, element: &'p TSTupleElement<'a>, depth: u32) -> Node {
        match element {
            TSTupleElement::TSOptionalType(optional) => self.at(&optional.type_annotation, depth),
            TSTupleElement::TSRestType(_) => Node::Any,
            TSTupleElement::TSNamedTupleMember(member) => match depth.checked_sub(1) {
                Some(depth) => self.element(&member.element_type, depth),
                None => Node::Any,
            },
            other => other
                .as_ts_type()
                .map_or(Node::Any, |ty| self.at(ty, depth)),
        }
    }

    fn shape(&mut self, signatures: &'p [TSSignature<'a>], depth: u32) -> Shape {
        let mut shape = Shape::default();
        for signature in signatures {
            match signature {
                TSSignature::TSPropertySignature(property) => {
                    let name = key_of(&property.key).filter(|_| !property.computed);
                    let Some(name) = name.filter(|name| self.pays(name.len())) else {
                        continue;
                    };
                    let ty = property.type_annotation.as_ref();
                    let ty = ty.map(|annotation| &annotation.type_annotation);
                    let node = ty.map_or(Node::Any, |ty| self.at(ty, depth));
                    let absent = ty.is_some_and(|ty| self.may_be_absent(ty));
                    let doc = Doc::before(self.program, property.span.start);
                    shape.members.push(Member {
                        name,
                        node,
                        optional: property.optional || absent,
                        notes: doc.map_or_else(Notes::default, |doc| doc.notes()),
                    });
                }
                TSSignature::TSIndexSignature(index) => {
                    let node = self.at(&index.type_annotation.type_annotation, depth);
                    shape.others = Some(Box::new(node));
                }
                _ => {}
            }
        }
        shape
    }

    fn named(&mut self, reference: &'p TSTypeReference<'a>, depth: u32) -> Node {
        let TSTypeName::IdentifierReference(name) = &reference.type_name else {
            return Node::Any;
        };
        let arguments: &'p [TSType<'a>] = match &reference.type_arguments {
            Some(arguments) => &arguments.params,
            None => &[],
        };
        let name = name.name.as_str();
        match self.declared(name, depth) {
            Some(node) => node,
            None => self.built_in(name, arguments, depth),
        }
    }

    /// What the source itself declares under a name.
    fn declared(&mut self, name: &'p str, depth: u32) -> Option<Node> {
        if self.open.contains(&name) {
            return Some(Node::Any);
        }
        self.open.push(name);
        let found = if let Some(ty) = self.aliases.get(name).copied() {
            Some(self.at(ty, depth))
        } else if let Some(interfaces) = self.interfaces.get(name).cloned() {
            Some(Node::Object(self.interface(&interfaces, depth)))
        } else {
            let found = self.enums.get(name).copied();
            found.map(|one| {
                let bytes = (one.span.end - one.span.start) as usize;
                match self.pays(bytes) {
                    true => values_of(one),
                    false => Node::Any,
                }
            })
        };
        self.open.pop();
        found
    }

    fn interface(&mut self, declarations: &[&'p TSInterfaceDeclaration<'a>], depth: u32) -> Shape {
        let mut shape = Shape::default();
        let Some(depth) = depth.checked_sub(1) else {
            return shape;
        };
        for declaration in declarations {
            for base in &declaration.extends {
                if let TSTypeName::IdentifierReference(base) = &base.type_name
                    && let Some(Node::Object(inherited)) = self.declared(base.name.as_str(), depth)
                {
                    shape.merge(inherited);
                }
            }
            let own = self.shape(&declaration.body.body, depth);
            shape.merge(own);
        }
        shape
    }

    fn built_in(&mut self, name: &str, arguments: &'p [TSType<'a>], depth: u32) -> Node {
        match (name, arguments) {
            ("Date" | "DateLike", _) => Node::Text("date-time"),
            ("String", []) => Node::Plain("string"),
            ("Number", []) => Node::Plain("number"),
            ("Boolean", []) => Node::Plain("boolean"),
            ("Array" | "ReadonlyArray" | "Iterable", [item]) => {
                Node::List(Box::new(self.at(item, depth)))
            }
            ("Readonly" | "NonNullable" | "Awaited" | "Promise", [inner]) => self.at(inner, depth),
            ("Partial", [inner]) => self.changed(inner, depth, |member| member.optional = true),
            ("Required", [inner]) => self.changed(inner, depth, |member| member.optional = false),
            ("Pick", [inner, names]) => self.chosen(inner, names, depth, true),
            ("Omit", [inner, names]) => self.chosen(inner, names, depth, false),
            ("Record", [names, values]) => self.record(names, values, depth),
            _ => Node::Any,
        }
    }

    fn changed(&mut self, inner: &'p TSType<'a>, depth: u32, change: impl Fn(&mut Member)) -> Node {
        let mut node = self.at(inner, depth);
        if let Node::Object(shape) = &mut node {
            shape.members.iter_mut().for_each(change);
        }
        node
    }

    fn chosen(
        &mut self,
        inner: &'p TSType<'a>,
        names: &'p TSType<'a>,
        depth: u32,
        keep: bool,
    ) -> Node {
        let mut node = self.at(inner, depth);
        let names = texts(&self.at(names, depth));
        if let Node::Object(shape) = &mut node {
            shape
                .members
                .retain(|member| names.contains(&member.name) == keep);
        }
        node
    }

    fn record(&mut self, names: &'p TSType<'a>, values: &'p TSType<'a>, depth: u32) -> Node {
        let names = texts(&self.at(names, depth));
        if names.is_empty() {
            return Node::Object(Shape {
                members: Vec::new(),
                others: Some(Box::new(self.at(values, depth))),
            });
        }
        // Looked at for each of them, and paid for: records of records would explode.
        let member = |name: String| Member {
            name,
            node: self.at(values, depth),
            optional: false,
            notes: Notes::default(),
        };
        Node::Object(Shape {
            members: names.into_iter().map(member).collect(),
            others: None,
        })
    }

    /// The argument of `TriggerEvent<T>`.
    pub(super) fn payload(&mut self, ty: &'p TSType<'a>) -> Option<Node> {
        let TSType::TSTypeReference(reference) = ty else {
            return None;
        };
        let TSTypeName::IdentifierReference(name) = &reference.type_name else {
            return None;
        };
        let arguments = reference.type_arguments.as_ref()?;
        let payload = arguments.params.first()?;
        (name.name == "TriggerEvent").then(|| self.node(payload))
    }
}

/// The texts among what a type may be.
fn texts(node: &Node) -> Vec<String> {
    let Node::OneOf(literals) = node else {
        return Vec::new();
    };
    let text = |literal: &Literal| match literal {
        Literal::Text(text) => Some(text.clone()),
        _ => None,
    };
    literals.iter().filter_map(text).collect()
}

fn literal_of(literal: &TSLiteral<'_>) -> Option<Literal> {
    Some(match literal {
        TSLiteral::BooleanLiteral(value) => Literal::Bool(value.value),
        TSLiteral::NumericLiteral(value) => Literal::Number(value.value),
        TSLiteral::StringLiteral(value) => Literal::Text(value.value.to_string()),
        TSLiteral::UnaryExpression(unary) => match (unary.operator, &unary.argument) {
            (UnaryOperator::UnaryNegation, Expression::NumericLiteral(value)) => {
                Literal::Number(-value.value)
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// The values of an enum whose members are literals; anything when one is not.
fn values_of(one: &TSEnumDeclaration<'_>) -> Node {
    let mut next = Some(0.0);
    let mut literals = Vec::new();
    for member in &one.body.members {
        let literal = match &member.initializer {
            None => next.map(Literal::Number),
            Some(value) => match value_of(value) {
                Some(Value::One(literal)) => Some(literal),
                _ => None,
            },
        };
        let Some(literal) = literal else {
            return Node::Any;
        };
        let named = !matches!(member.id, TSEnumMemberName::ComputedTemplateString(_));
        next = match literal {
            Literal::Number(value) if named => Some(value + 1.0),
            _ => None,
        };
        literals.push(literal);
    }
    match literals.is_empty() {
        true => Node::Any,
        false => Node::OneOf(literals),
    }
}

/// The name of a member that is written out.
pub(super) fn key_of(key: &PropertyKey<'_>) -> Option<String> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.to_string()),
        PropertyKey::StringLiteral(text) => Some(text.value.to_string()),
        PropertyKey::NumericLiteral(number) => Some(number.value.to_string()),
        _ => None,
    }
}

/// The value of an expression that is one: literals, in lists and objects.
pub(super) fn value_of(expression: &Expression<'_>) -> Option<Value> {
    Some(match expression.get_inner_expression() {
        Expression::StringLiteral(text) => Value::One(Literal::Text(text.value.to_string())),
        Expression::NumericLiteral(number) => Value::One(Literal::Number(number.value)),
        Expression::BooleanLiteral(value) => Value::One(Literal::Bool(value.value)),
        Expression::NullLiteral(_) => Value::One(Literal::Null),
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::UnaryNegation => {
            match value_of(&unary.argument)? {
                Value::One(Literal::Number(number)) => Value::One(Literal::Number(-number)),
                _ => return None,
            }
        }
        Expression::ArrayExpression(list) => {
            let items = list.elements.iter();
            let items = items.map(|item| value_of(item.as_expression()?));
            Value::List(items.collect::<Option<_>>()?)
        }
        Expression::ObjectExpression(object) => {
            let members = object.properties.iter().map(|property| {
                let property = property.as_property()?;
                let name = key_of(&property.key).filter(|_| !property.computed)?;
                Some((name, value_of(&property.value)?))
            });
            Value::Object(members.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

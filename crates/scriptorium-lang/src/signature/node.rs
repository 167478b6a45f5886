//! What an input may be, and how JSON Schema says it. Members keep the order in which the source has them,
//! because a form shows them in it.

use std::fmt::Write as _;

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Anything: it is not known, or not a thing that JSON carries.
    Any,
    /// Never there.
    Absent,
    /// `string`, `number`, `boolean`, `null`.
    Plain(&'static str),
    /// A text of a format.
    Text(&'static str),
    /// One value of several.
    OneOf(Vec<Literal>),
    List(Box<Node>),
    Tuple(Vec<Node>),
    Object(Shape),
    Either(Vec<Node>),
}

/// The members of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) members: Vec<Member>,
    /// What members of other names are, when the type says so.
    pub(super) others: Option<Box<Node>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) node: Node,
    pub(super) optional: bool,
    pub(super) notes: Notes,
}

/// What a comment says about a member.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Notes {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) format: Option<String>,
    pub(super) pattern: Option<String>,
    /// `minimum` and its like, with what they are.
    pub(super) bounds: Vec<(&'static str, f64)>,
    pub(super) default: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

/// A value as it is written in the source: literals, in lists and objects.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    One(Literal),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Node {
    /// What may be either of these, as simply as it can be said.
    pub(super) fn either(nodes: Vec<Node>) -> Self {
        let mut flat: Vec<Node> = Vec::new();
        let mut literals: Vec<Literal> = Vec::new();
        for node in nodes {
            match node {
                Node::Any => return Node::Any,
                Node::Absent => {}
                Node::Either(more) => flat.extend(more),
                Node::OneOf(more) => literals.extend(more),
                Node::Plain("null") => literals.push(Literal::Null),
                other => flat.push(other),
            }
        }
        literals.dedup();
        // `true | false` is what `boolean` is for the compiler.
        let has = |one: bool| literals.contains(&Literal::Bool(one));
        if has(true) && has(false) {
            literals.retain(|literal| !matches!(literal, Literal::Bool(_)));
            flat.push(Node::Plain("boolean"));
        }
        match literals.as_slice() {
            [] => {}
            [Literal::Null] => flat.push(Node::Plain("null")),
            _ => flat.push(Node::OneOf(literals)),
        }
        match flat.len() {
            0 => Node::Absent,
            1 => flat.remove(0),
            _ => Node::Either(flat),
        }
    }

    /// What is both: members together.
    pub(super) fn both(nodes: Vec<Node>) -> Self {
        let mut all = Shape::default();
        for node in nodes {
            match node {
                Node::Object(shape) => all.merge(shape),
                Node::Any => {}
                _ => return Node::Any,
            }
        }
        Node::Object(all)
    }

    /// As JSON Schema.
    pub(super) fn to_json(&self, notes: &Notes) -> String {
        let mut out = String::new();
        self.write(notes, &mut out);
        out
    }

    fn write(&self, notes: &Notes, out: &mut String) {
        let mut members = Members::new(out);
        self.kind(&mut members);
        let texts = [
            ("title", &notes.title),
            ("description", &notes.description),
            ("format", &notes.format),
            ("pattern", &notes.pattern),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                members.put(name, &quoted(text));
            }
        }
        for (name, bound) in &notes.bounds {
            members.put(name, &number(*bound));
        }
        if let Some(default) = &notes.default {
            members.put("default", &default.to_json());
        }
        members.end();
    }

    fn kind(&self, members: &mut Members<'_>) {
        match self {
            Self::Any | Self::Absent => {}
            Self::Plain(name) => members.put("type", &quoted(name)),
            Self::Text(format) => {
                members.put("type", "\"string\"");
                members.put("format", &quoted(format));
            }
            Self::OneOf(literals) => {
                if let Some(name) = type_of(literals) {
                    members.put("type", &quoted(name));
                }
                members.put("enum", &list(literals.iter().map(Literal::to_json)));
            }
            Self::List(item) => {
                members.put("type", "\"array\"");
                members.put("items", &item.to_json(&Notes::default()));
            }
            Self::Tuple(items) => {
                members.put("type", "\"array\"");
                let all = items.iter().map(|item| item.to_json(&Notes::default()));
                members.put("prefixItems", &list(all));
                members.put("minItems", &items.len().to_string());
                members.put("maxItems", &items.len().to_string());
            }
            Self::Object(shape) => shape.write(members),
            Self::Either(nodes) => match nullable(nodes) {
                Some(name) => members.put("type", &list([quoted(name), quoted("null")])),
                None => {
                    let all = nodes.iter().map(|node| node.to_json(&Notes::default()));
                    members.put("anyOf", &list(all));
                }
            },
        }
    }
}

/// The one type that may also be null.
fn nullable(nodes: &[Node]) -> Option<&'static str> {
    match nodes {
        [Node::Plain(name), Node::Plain("null")] | [Node::Plain("null"), Node::Plain(name)] => {
            Some(name)
        }
        _ => None,
    }
}

impl Shape {
    /// Adds members; those of the same name are replaced where they are.
    pub(super) fn merge(&mut self, other: Shape) {
        for member in other.members {
            match self.members.iter_mut().find(|own| own.name == member.name) {
                Some(own) => *own = member,
                None => self.members.push(member),
            }
        }
        self.others = other.others.or(self.others.take());
    }

    fn write(&self, members: &mut Members<'_>) {
        members.put("type", "\"object\"");
        if !self.members.is_empty() {
            let mut text = String::new();
            let mut all = Members::new(&mut text);
            for member in &self.members {
                all.put(&member.name, &member.node.to_json(&member.notes));
            }
            all.end();
            members.put("properties", &text);
        }
        let needed = self.members.iter().filter(|member| !member.optional);
        let needed: Vec<String> = needed.map(|member| quoted(&member.name)).collect();
        if !needed.is_empty() {
            members.put("required", &list(needed));
        }
        if let Some(others) = &self.others {
            members.put("additionalProperties", &others.to_json(&Notes::default()));
        }
    }
}

impl Literal {
    fn to_json(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(value) => number(*value),
            Self::Bool(value) => value.to_string(),
            Self::Null => "null".to_owned(),
        }
    }
}

impl Value {
    fn to_json(&self) -> String {
        match self {
            Self::One(literal) => literal.to_json(),
            Self::List(values) => list(values.iter().map(Self::to_json)),
            Self::Object(values) => {
                let mut out = String::new();
                let mut members = Members::new(&mut out);
                for (name, value) in values {
                    members.put(name, &value.to_json());
                }
                members.end();
                out
            }
        }
    }
}

fn type_of(literals: &[Literal]) -> Option<&'static str> {
    let of = |literal: &Literal| match literal {
        Literal::Text(_) => Some("string"),
        Literal::Number(_) => Some("number"),
        Literal::Bool(_) => Some("boolean"),
        Literal::Null => None,
    };
    let first = of(literals.first()?)?;
    let same = literals.iter().all(|literal| of(literal) == Some(first));
    same.then_some(first)
}

/// An object that is being written.
struct Members<'o> {
    out: &'o mut String,
    any: bool,
}

impl<'o> Members<'o> {
    fn new(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, any: false }
    }

    fn put(&mut self, name: &str, json: &str) {
        let comma = if self.any { "," } else { "" };
        self.any = true;
        // Writing to a String does not fail.
        let _ = write!(self.out, "{comma}{}:{json}", quoted(name));
    }

    fn end(self) {
        self.out.push('}');
    }
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

fn number(value: f64) -> String {
    match value.is_finite() {
        // What is whole is written whole; Rust writes no exponents, which JSON need not have.
        true => format!("{value}"),
        false => "null".to_owned(),
    }
}

/// Text as JSON.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

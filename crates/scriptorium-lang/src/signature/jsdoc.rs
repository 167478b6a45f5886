//! What doc comments say: about a member of a type, and in JavaScript about the parameter.

use oxc_ast::ast::Program;

use super::node::{Literal, Notes, Value};

/// A doc comment, apart.
#[derive(Debug, Default)]
pub(super) struct Doc {
    pub(super) description: String,
    /// Name of a tag, and what follows it.
    pub(super) tags: Vec<(String, String)>,
}

/// Most characters of a description that is taken over.
const DESCRIPTION_CHARS: usize = 500;

impl Doc {
    /// The doc comment right before what begins at an offset.
    pub(super) fn before(program: &Program<'_>, start: u32) -> Option<Self> {
        let comment = program
            .comments
            .iter()
            .rev()
            .find(|comment| comment.is_jsdoc() && comment.attached_to == start)?;
        let span = comment.content_span();
        let text = program
            .source_text
            .get(span.start as usize..span.end as usize)?;
        Some(Self::read(text))
    }

    /// Takes the text between `/*` and `*/` apart.
    pub(super) fn read(text: &str) -> Self {
        let mut doc = Self::default();
        for line in text.trim_start_matches('*').lines() {
            let line = line.trim().trim_start_matches('*').trim();
            if let Some(tag) = line.strip_prefix('@') {
                let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
                doc.tags.push((name.to_owned(), rest.trim().to_owned()));
                continue;
            }
            let target = match doc.tags.last_mut() {
                Some((_, rest)) => rest,
                None => &mut doc.description,
            };
            if !target.is_empty() && !line.is_empty() {
                target.push(' ');
            }
            target.push_str(line);
        }
        doc
    }

    /// What it says about a member.
    pub(super) fn notes(&self) -> Notes {
        let mut notes = Notes {
            description: described(&self.description),
            ..Notes::default()
        };
        for (name, rest) in &self.tags {
            let text = || (!rest.is_empty()).then(|| shortened(rest));
            match name.as_str() {
                "title" => notes.title = text(),
                "description" => notes.description = described(rest),
                "format" => notes.format = text(),
                "pattern" => notes.pattern = text(),
                "default" | "defaultValue" => notes.default = value(rest),
                other => {
                    if let (Some(bound), Ok(number)) = (bound(other), rest.parse::<f64>()) {
                        notes.bounds.push((bound, number));
                    }
                }
            }
        }
        notes
    }

    /// The parameters it names.
    pub(super) fn parameters(&self) -> impl Iterator<Item = Tagged<'_>> {
        let tags = self.tags.iter();
        let tags = tags.filter(|(name, _)| matches!(name.as_str(), "param" | "arg" | "argument"));
        tags.filter_map(|(_, rest)| Tagged::read(rest))
    }
}

/// `@param {type} [name.member=default] description`.
#[derive(Debug)]
pub(super) struct Tagged<'t> {
    pub(super) ty: &'t str,
    /// `input` or `input.count`.
    pub(super) name: &'t str,
    pub(super) optional: bool,
    pub(super) default: Option<Value>,
    pub(super) description: Option<String>,
}

impl<'t> Tagged<'t> {
    fn read(rest: &'t str) -> Option<Self> {
        let inside = rest.strip_prefix('{')?;
        let end = closing(inside)?;
        let (ty, after) = (inside[..end].trim(), inside[end + 1..].trim_start());
        let (name, optional, default, said) = match after.strip_prefix('[') {
            Some(bracketed) => {
                let (inner, said) = bracketed.split_once(']')?;
                let (name, default) = inner.split_once('=').unwrap_or((inner, ""));
                (name.trim(), true, value(default.trim()), said)
            }
            None => {
                let (name, said) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
                (name, false, None, said)
            }
        };
        let said = said.trim().trim_start_matches('-').trim();
        let (ty, equals) = match ty.strip_suffix('=') {
            Some(ty) => (ty, true),
            None => (ty, false),
        };
        Some(Self {
            ty,
            name,
            optional: optional || equals,
            default,
            description: described(said),
        })
    }
}

/// Where the brace ends that is open.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(place),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bound(tag: &str) -> Option<&'static str> {
    let known = [
        ("minimum", "minimum"),
        ("min", "minimum"),
        ("maximum", "maximum"),
        ("max", "maximum"),
        ("minLength", "minLength"),
        ("maxLength", "maxLength"),
        ("minItems", "minItems"),
        ("maxItems", "maxItems"),
    ];
    let found = known.iter().find(|(name, _)| *name == tag);
    found.map(|(_, bound)| *bound)
}

fn described(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| shortened(text))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(DESCRIPTION_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A simple value in words: a number, a quoted text, `true`, `false`, `null`; anything else is text.
fn value(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    let unquoted = ['"', '\'', '`'].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?;
        inner.strip_suffix(*quote)
    });
    let literal = match (unquoted, text) {
        (Some(inner), _) => Literal::Text(inner.to_owned()),
        (None, "true") => Literal::Bool(true),
        (None, "false") => Literal::Bool(false),
        (None, "null") => Literal::Null,
        (None, "[]") => return Some(Value::List(Vec::new())),
        (None, "{}") => return Some(Value::Object(Vec::new())),
        (None, text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Literal::Number(number),
            _ => Literal::Text(text.to_owned()),
        },
    };
    Some(Value::One(literal))
}

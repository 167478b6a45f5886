//! TypeScript of what a JSON schema describes, for authors: as exact as types can be, and `unknown` or `any`
//! where they cannot.

use std::fmt::Write as _;

use scriptorium_model::Json;
use scriptorium_model::remote_service::{Parameter, RemoteMethod};
use serde_json::{Map, Value};

/// Deepest part that is written out.
const DEPTH: u32 = 12;
/// Most characters of a type.
const CHARS: usize = 4_000;

/// `amount: number, note?: string`.
pub(super) fn parameters(parameters: &[Parameter]) -> String {
    let written: Vec<String> = parameters
        .iter()
        .map(|parameter| {
            let mark = if parameter.is_optional { "?" } else { "" };
            format!("{}{mark}: {}", parameter.name, of(&parameter.schema))
        })
        .collect();
    written.join(", ")
}

/// `Promise<…>` of what a method gives.
pub(super) fn result(method: &RemoteMethod) -> String {
    let shape = method.result.as_ref().map_or("any".to_owned(), of);
    if method.is_list {
        format!("Promise<Array<{shape}> & {{ nextCursor: string | null }}>")
    } else {
        format!("Promise<{shape}>")
    }
}

fn of(schema: &Json) -> String {
    let whole = schema.to_value();
    let shape = Shape { whole: &whole }.of(&whole, DEPTH);
    // A type that long helps nobody.
    if shape.len() > CHARS {
        "any".to_owned()
    } else {
        shape
    }
}

struct Shape<'a> {
    whole: &'a Value,
}

impl Shape<'_> {
    fn of(&self, part: &Value, depth: u32) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return "any".to_owned();
        };
        let Value::Object(schema) = part else {
            return if part == &Value::Bool(false) {
                "never"
            } else {
                "any"
            }
            .to_owned();
        };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target
                .strip_prefix('#')
                .and_then(|at| self.whole.pointer(at));
            return found.map_or("any".to_owned(), |found| self.of(found, depth));
        }
        if let Some(value) = schema.get("const") {
            return literal(value);
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return joined(values.iter().map(literal), " | ");
        }
        for (name, sign) in [("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")] {
            if let Some(Value::Array(parts)) = schema.get(name) {
                return joined(parts.iter().map(|part| self.of(part, depth)), sign);
            }
        }
        match schema.get("type") {
            Some(Value::String(name)) => self.named(name, schema, depth),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                joined(names.map(|name| self.named(name, schema, depth)), " | ")
            }
            _ if schema.contains_key("properties") => self.object(schema, depth),
            _ => "any".to_owned(),
        }
    }

    fn named(&self, name: &str, schema: &Map<String, Value>, depth: u32) -> String {
        match name {
            "string" => "string".to_owned(),
            "number" | "integer" => "number".to_owned(),
            "boolean" => "boolean".to_owned(),
            "null" => "null".to_owned(),
            "array" => {
                let items = schema.get("items");
                let items = items.map_or("any".to_owned(), |items| self.of(items, depth));
                format!("Array<{items}>")
            }
            "object" => self.object(schema, depth),
            _ => "any".to_owned(),
        }
    }

    fn object(&self, schema: &Map<String, Value>, depth: u32) -> String {
        let required: Vec<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut out = String::from("{");
        for (name, part) in properties.into_iter().flatten() {
            let mark = if required.contains(&name.as_str()) {
                ""
            } else {
                "?"
            };
            // Writing to a String does not fail.
            let _ = write!(out, " {}{mark}: {};", key(name), self.of(part, depth));
        }
        let more = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(part @ Value::Object(_)) if properties.is_none_or(Map::is_empty) => {
                Some(self.of(part, depth))
            }
            // Of named members it would have to be a supertype.
            _ => Some("any".to_owned()),
        };
        if let Some(more) = more {
            let _ = write!(out, " [name: string]: {more};");
        }
        out.push_str(" }");
        out
    }
}

/// A name of a member, quoted: any text may be one.
fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { quoted(name) }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) | Value::Object(_) => "any".to_owned(),
        plain => plain.to_string(),
    }
}

/// As JSON; TypeScript reads it alike, and no end of a comment or of a line is in it.
fn quoted(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let quoted = quoted.replace('\u{2028}', "\\u2028");
    quoted.replace('\u{2029}', "\\u2029")
}

/// Parts joined by a sign, in brackets when there are several.
fn joined(parts: impl Iterator<Item = String>, sign: &str) -> String {
    let mut parts: Vec<String> = parts.collect();
    parts.dedup();
    match parts.len() {
        0 => "any".to_owned(),
        1 => parts.remove(0),
        _ => format!("({})", parts.join(sign)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: Value, expected: &str) {
        assert_eq!(of(&Json::from(&schema)), expected, "{schema}");
    }

    #[test]
    fn schemas_are_shown_as_types() {
        check(json!({}), "any");
        check(json!(true), "any");
        check(json!({"type": "integer", "minimum": 1}), "number");
        check(json!({"type": ["string", "null"]}), "(string | null)");
        check(
            json!({"enum": ["a", "b", 3, null]}),
            r#"("a" | "b" | 3 | null)"#,
        );
        check(json!({"const": "it's"}), r#""it's""#);
        check(
            json!({"type": "array", "items": {"type": "string"}}),
            "Array<string>",
        );
        check(
            json!({"type": "object", "required": ["id"], "additionalProperties": false,
                "properties": {"id": {"type": "string"}, "odd-name": {"type": "boolean"}}}),
            r#"{ id: string; "odd-name"?: boolean; }"#,
        );
        check(
            json!({"type": "object", "additionalProperties": {"type": "number"}}),
            "{ [name: string]: number; }",
        );
        check(
            json!({"properties": {"line": {"$ref": "#/$defs/line"}}, "$defs": {"line": {"type": "null"}}}),
            "{ line?: null; [name: string]: any; }",
        );
        check(
            json!({"anyOf": [{"type": "string"}, {"allOf": [{"type": "number"}]}]}),
            "(string | number)",
        );
        check(json!({"$ref": "https://elsewhere.example/"}), "any");
    }

    #[test]
    fn a_schema_cannot_break_out_of_its_type() {
        check(
            json!({"const": "\"; declare const evil: any; /* \u{2028}"}),
            r#""\"; declare const evil: any; /* \u2028""#,
        );
        check(
            json!({"properties": {"a: any }; x": {"type": "null"}}, "additionalProperties": false}),
            r#"{ "a: any }; x"?: null; }"#,
        );
        let mut deep = json!({"type": "null"});
        for _ in 0..50 {
            deep = json!({"type": "array", "items": deep});
        }
        check(
            deep,
            &format!("{}any{}", "Array<".repeat(12), ">".repeat(12)),
        );
        let many: Vec<String> = (0..2_000).map(|number| format!("value {number}")).collect();
        check(json!({ "enum": many }), "any");
    }
}

//! Inputs held against the JSON schema that a script declares (R-VAL-18, R-VAL-19). A schema comes
//! from a tenant and cannot be interrupted while it works, so what it may cost is weighed before: it
//! refers to its own parts only, never in a circle, and patterns take linear time.

use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use moka::sync::Cache;
use scriptorium_model::audit::cut;
use scriptorium_model::definition::at_most_bytes;
use scriptorium_model::script::Definition;
use scriptorium_model::{Invalid, Json};
use serde_json::Value;

use crate::host::World;
use crate::job::Call;

/// The field that a refused schema names.
const FIELD: &str = "input_schema";
/// Largest schema in bytes.
const BYTES: usize = 64 << 10;
/// Most parts of a schema, each counted as often as it is referred to.
const PARTS: u64 = 10_000;
/// Deepest that parts may lie in each other, references followed: each takes some of the stack.
const DEPTH: u32 = 256;
/// Most that parts of the schema times values of the input may come to.
const WORK: u64 = 50_000_000;
/// Values of an input of which every misfit is told; of larger ones the first is.
const TOLD_WHOLE: u64 = 2_000;
/// Most misfits that are told.
const MISFITS: usize = 20;
/// Most characters of what is said about one.
const MESSAGE_CHARS: usize = 200;
/// Largest compiled pattern in bytes, and that of all patterns of a schema together.
const PATTERN_BYTES: usize = 1 << 20;
const PATTERNS_BYTES: usize = 2 << 20;
/// Most patterns of a schema.
const PATTERNS: usize = 100;
/// Letters of a text that count as one value: patterns go through all of them.
const LETTERS: usize = 64;
/// What parts of the schema times bytes of the input may come to without being handed to a thread.
const AT_ONCE: u64 = 100_000;
/// Drafts that a schema may be of: in those before, `id` turns references elsewhere.
const DRAFTS: [&str; 3] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
];
/// Most schemas kept ready.
const SCHEMAS: u64 = 256;

/// Schemas by their text.
pub(crate) struct Schemas(Cache<Json, Arc<Schema>>);

/// A schema that is ready to work.
pub(crate) struct Schema {
    validator: Validator,
    /// What members of an object are when they are missing.
    defaults: Vec<(String, Value)>,
    parts: u64,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        Self(Cache::new(SCHEMAS))
    }

    fn find(&self, text: &Json) -> Result<Arc<Schema>, Invalid> {
        if let Some(schema) = self.0.get(text) {
            return Ok(schema);
        }
        let schema = Arc::new(Schema::compile(text)?);
        self.0.insert(text.clone(), schema.clone());
        Ok(schema)
    }
}

/// Checks a schema before it is kept with a script as this field.
pub(crate) async fn check(
    world: &World,
    schemas: &Arc<Schemas>,
    field: &str,
    text: &Json,
) -> Result<(), Invalid> {
    let (schemas, text) = (schemas.clone(), text.clone());
    let work = move || schemas.find(&text).map(|_| ());
    let checked = world.blocking(work).await.unwrap_or_else(broken);
    checked.map_err(|mut invalid| {
        for error in &mut invalid.errors {
            field.clone_into(&mut error.field);
        }
        invalid
    })
}

/// The call with the input that the script's schema makes of it: defaults are filled in where the
/// input is the script's alone. Of a request the body is looked at, where its method has one.
pub(crate) async fn fitted(
    world: &World,
    schemas: &Arc<Schemas>,
    definition: &Definition,
    call: Call,
) -> Result<Call, Invalid> {
    let Some(text) = &definition.input_schema else {
        return Ok(call);
    };
    // Most are known and small: to hand them over would take longer, and make them wait behind others.
    if let Some(schema) = schemas.0.get(text)
        && schema.parts.saturating_mul(call.len() as u64) <= AT_ONCE
    {
        return schema.fitted(call);
    }
    let (schemas, text) = (schemas.clone(), text.clone());
    let work = move || schemas.find(&text)?.fitted(call);
    world.blocking(work).await.unwrap_or_else(broken)
}

/// A value that meets a schema, with what is missing in it.
pub(crate) async fn held(
    world: &World,
    schema: &Arc<Schema>,
    field: &str,
    value: Value,
) -> Result<Value, Invalid> {
    if schema.parts.saturating_mul(count(&value)) <= AT_ONCE {
        return schema.fit_value(field, value);
    }
    let (schema, field) = (schema.clone(), field.to_owned());
    let work = move || schema.fit_value(&field, value);
    world.blocking(work).await.unwrap_or_else(broken)
}

/// What of a value does not meet a schema of a script: where, and why.
///
/// # Errors
/// The schema is none, or would take too much.
pub(crate) fn misfits(text: &Json, value: &Json) -> Result<Vec<(String, String)>, Invalid> {
    let schema = Schema::compile(text)?;
    let Err(found) = schema.hold("", &value.to_value()) else {
        return Ok(Vec::new());
    };
    let told = found.errors.into_iter();
    Ok(told.map(|error| (error.field, error.message)).collect())
}

fn broken<T>() -> Result<T, Invalid> {
    let message = "could not be held against the schema";
    Err(Invalid::field("input", "unfit", message))
}

impl Schema {
    /// A schema from its text.
    pub(crate) fn compile(text: &Json) -> Result<Self, Invalid> {
        at_most_bytes(FIELD, text.len(), BYTES)?;
        let refuse = |message: String| Invalid::field(FIELD, "bad_schema", message);
        let schema = text.to_value();
        if !schema.is_object() {
            return Err(refuse("must be an object".into()));
        }
        let draft = schema["$schema"]
            .as_str()
            .map(|draft| draft.trim_end_matches('#'));
        if draft.is_some_and(|draft| !DRAFTS.contains(&draft)) {
            return Err(refuse("must be of draft 2020-12, 2019-09 or 7".into()));
        }
        let mut left = PARTS;
        weigh(&schema, &schema, DEPTH, &mut left).map_err(|why| refuse(why.into()))?;
        let patterns = patterns(&schema);
        if patterns > PATTERNS {
            return Err(refuse(format!("must have at most {PATTERNS} patterns")));
        }
        let each = PATTERN_BYTES.min(PATTERNS_BYTES / patterns.max(1));
        let patterns = PatternOptions::regex().size_limit(each);
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(patterns)
            .build(&schema)
            .map_err(|error| refuse(cut(&error.masked().to_string(), MESSAGE_CHARS)))?;
        Ok(Self {
            validator,
            defaults: defaults(&schema),
            parts: PARTS - left,
        })
    }

    fn fitted(&self, call: Call) -> Result<Call, Invalid> {
        match call {
            Call::Main(input) => self.fit("input", &input).map(Call::Main),
            Call::Embedded(input) => self.fit("input", &input).map(Call::Embedded),
            Call::Event(event) => {
                self.hold("input", &event.payload.to_value())?;
                Ok(Call::Event(event))
            }
            Call::Batch(events) => {
                for (place, event) in events.iter().enumerate() {
                    self.hold(&format!("input.{place}"), &event.payload.to_value())?;
                }
                Ok(Call::Batch(events))
            }
            Call::Request(request) => {
                if let Some(body) = request.value()? {
                    self.hold("body", &body)?;
                }
                Ok(Call::Request(request))
            }
        }
    }

    fn fit_value(&self, field: &str, mut value: Value) -> Result<Value, Invalid> {
        self.fill(&mut value);
        self.hold(field, &value)?;
        Ok(value)
    }

    /// The input with what is missing in it.
    fn fit(&self, field: &str, input: &Json) -> Result<Json, Invalid> {
        let mut value = input.to_value();
        let filled = self.fill(&mut value);
        self.hold(field, &value)?;
        Ok(if filled { value.into() } else { input.clone() })
    }

    /// Whether something was missing that has a default.
    fn fill(&self, value: &mut Value) -> bool {
        let mut filled = false;
        if let Value::Object(members) = value {
            for (name, default) in &self.defaults {
                if !members.contains_key(name) {
                    members.insert(name.clone(), default.clone());
                    filled = true;
                }
            }
        }
        filled
    }

    fn hold(&self, field: &str, value: &Value) -> Result<(), Invalid> {
        let values = count(value);
        if values.saturating_mul(self.parts) > WORK {
            let message = "is too large to be held against the schema";
            return Err(Invalid::field(field, "unfit", message));
        }
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let most = if values > TOLD_WHOLE { 1 } else { MISFITS };
        let mut invalid = Invalid::default();
        let mut tell = |error: &jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string().replace('/', ".");
            let place = cut(&format!("{field}{place}"), MESSAGE_CHARS);
            // What is missing is told where it should be, for whoever fills in a form.
            if let ValidationErrorKind::Required { property } = error.kind()
                && let Some(name) = property.as_str()
            {
                let place = cut(&format!("{place}.{name}"), MESSAGE_CHARS);
                invalid.push(place, "required", "is required");
                return;
            }
            let message = cut(&error.masked().to_string(), MESSAGE_CHARS);
            invalid.push(place, "unfit", message);
        };
        if most == 1 {
            if let Err(error) = self.validator.validate(value) {
                tell(&error);
            }
        } else {
            let errors = self.validator.iter_errors(value);
            errors.take(most).for_each(|error| tell(&error));
        }
        if invalid.is_empty() {
            invalid.push(field, "unfit", "does not suit the schema");
        }
        Err(invalid)
    }
}

/// Counts the parts of a schema as often as they can be asked.
fn weigh(part: &Value, whole: &Value, depth: u32, left: &mut u64) -> Result<(), &'static str> {
    *left = left.checked_sub(1).ok_or("has too many parts")?;
    let depth = depth
        .checked_sub(1)
        .ok_or("is nested too deep, or refers to itself")?;
    match part {
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            if name == "$schema" && !std::ptr::eq(part, whole) {
                return Err("may name its draft at the top only");
            }
            weigh_member(name, member, whole, depth, left)
        }),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| weigh(item, whole, depth, left)),
        _ => Ok(()),
    }
}

fn weigh_member(
    name: &str,
    member: &Value,
    whole: &Value,
    depth: u32,
    left: &mut u64,
) -> Result<(), &'static str> {
    match (name, member) {
        ("$ref", Value::String(target)) => {
            let pointer = target.strip_prefix('#');
            let pointer = pointer.ok_or("may refer to its own parts only")?;
            // Read as another part than the one that is weighed.
            if pointer.contains('%') {
                return Err("may refer to parts by their plain names only");
            }
            let target = whole.pointer(pointer);
            weigh(
                target.ok_or("refers to a part that is not there")?,
                whole,
                depth,
                left,
            )
        }
        (
            "$id" | "$anchor" | "$dynamicAnchor" | "$recursiveAnchor" | "$dynamicRef"
            | "$recursiveRef",
            Value::String(_) | Value::Bool(_),
        ) => Err("may name its parts by $ref and # only"),
        // Each asks whatever lies beside it once more: one inside another doubles the work.
        ("unevaluatedProperties" | "unevaluatedItems", _) => {
            Err("must use additionalProperties and items instead of unevaluated ones")
        }
        _ => weigh(member, whole, depth, left),
    }
}

/// Defaults of an object's own members.
fn defaults(schema: &Value) -> Vec<(String, Value)> {
    let members = schema["properties"].as_object().into_iter().flatten();
    let default = |(name, member): (&String, &Value)| {
        let default = member.get("default")?;
        Some((name.clone(), default.clone()))
    };
    members.filter_map(default).collect()
}

/// Patterns in the text of a schema, wherever they stand.
fn patterns(part: &Value) -> usize {
    match part {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| match (name.as_str(), member) {
                ("pattern", Value::String(_)) => 1,
                ("patternProperties", Value::Object(named)) => named.len() + patterns(member),
                _ => patterns(member),
            })
            .sum(),
        Value::Array(items) => items.iter().map(patterns).sum(),
        _ => 0,
    }
}

/// Values of an input; long texts count as several.
fn count(value: &Value) -> u64 {
    let text = |text: &str| (text.len() / LETTERS) as u64;
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<u64>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| text(name) + count(value);
            1 + members.iter().map(member).sum::<u64>()
        }
        Value::String(value) => 1 + text(value),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(value: Value) -> Schema {
        Schema::compile(&value.into())
            .map_err(|refused| refused.to_string())
            .unwrap()
    }

    fn order() -> Value {
        json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                "notify": {"type": "boolean", "default": true}
            },
            "additionalProperties": false,
            "$defs": {"line": {"type": "object", "required": ["sku"]}}
        })
    }

    #[track_caller]
    fn check(input: Value, expected: &[(&str, &str)]) {
        let refused = schema(order()).fit("input", &input.into());
        let errors = refused.map_or_else(|invalid| invalid.errors, |_| Vec::new());
        let told: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(told, expected, "{errors:?}");
    }

    #[test]
    fn what_does_not_suit_is_named_by_its_place() {
        check(json!({"id": "SO-1"}), &[]);
        check(json!({"id": "SO-1", "lines": [{"sku": "a"}]}), &[]);
        check(json!({}), &[("input.id", "required")]);
        check(json!([]), &[("input", "unfit")]);
        check(json!({"id": 7}), &[("input.id", "unfit")]);
        check(json!({"id": "SO-1", "surprise": 1}), &[("input", "unfit")]);
        check(
            json!({"id": "so", "lines": [{"sku": "a"}, {}]}),
            &[("input.id", "unfit"), ("input.lines.1.sku", "required")],
        );
    }

    #[test]
    fn what_is_missing_is_filled_in_and_what_is_there_stays() {
        let fit = |input: Value| {
            let fitted = schema(order()).fit("input", &input.into()).unwrap();
            fitted.to_value()
        };
        assert_eq!(
            fit(json!({"id": "SO-1"})),
            json!({"id": "SO-1", "notify": true})
        );
        let given = json!({"id": "SO-1", "notify": false});
        assert_eq!(fit(given.clone()), given);
    }

    #[test]
    fn a_schema_may_say_of_which_draft_it_is() {
        let pairs = json!([{"type": "string"}, {"type": "number"}]);
        for (draft, keyword) in [
            (
                "https://json-schema.org/draft/2020-12/schema",
                "prefixItems",
            ),
            ("http://json-schema.org/draft-07/schema#", "items"),
        ] {
            let pair = schema(json!({"$schema": draft, keyword: pairs}));
            assert!(pair.hold("input", &json!(["a", 1])).is_ok(), "{draft}");
            assert!(pair.hold("input", &json!([1, "a"])).is_err(), "{draft}");
        }
    }

    #[test]
    fn a_message_never_repeats_the_input() {
        let input = json!({"id": "secret".repeat(100)});
        let refused = schema(order()).fit("input", &input.into()).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }

    #[track_caller]
    fn refused(value: Value, why: &str) {
        let Err(refused) = Schema::compile(&value.into()) else {
            panic!("accepted: {why}")
        };
        let error = &refused.errors[0];
        assert_eq!(error.field, FIELD);
        assert!(error.message.contains(why), "{why}: {}", error.message);
    }

    #[test]
    fn what_is_no_schema_of_its_own_is_refused() {
        refused(json!(true), "an object");
        refused(json!({"type": "strong"}), "");
        refused(json!({"type": "string", "pattern": "("}), "");
        refused(
            json!({"$ref": "https://example.com/a.json"}),
            "own parts only",
        );
        refused(json!({"$ref": "file:///etc/passwd"}), "own parts only");
        refused(json!({"$ref": "#/$defs/missing"}), "not there");
        refused(json!({"$id": "https://example.com/a"}), "$ref and # only");
        refused(json!({"items": {"$ref": "#"}}), "itself");
        refused(json!({"unevaluatedProperties": false}), "unevaluated");
        refused(
            json!({"$ref": "#/$defs/%70", "$defs": {"%70": {}, "p": {"type": "string"}}}),
            "plain names",
        );
        let older = json!({"$schema": "http://json-schema.org/draft-04/schema#", "id": "x"});
        refused(json!({"$defs": {"old": older}}), "at the top");
        let many: Vec<Value> = (0..=PATTERNS)
            .map(|n| json!({"pattern": format!("{n}")}))
            .collect();
        refused(json!({"anyOf": many}), "100 patterns");
        let large = json!({"pattern": r"\pL{300}"});
        refused(json!({"anyOf": vec![large; 20]}), "");
        let draft = "http://json-schema.org/draft-04/schema#";
        refused(json!({"$schema": draft}), "2020-12");
        refused(json!({"description": "x".repeat(BYTES)}), "bytes");
    }

    /// Each part asks the next one twice: thirty of them would be asked a thousand million times.
    #[test]
    fn a_schema_that_doubles_its_work_is_refused() {
        let mut parts = serde_json::Map::new();
        parts.insert("p0".into(), json!({}));
        for n in 1..=30 {
            let reference = json!({"$ref": format!("#/$defs/p{}", n - 1)});
            let twice = json!({"allOf": [reference.clone(), reference]});
            parts.insert(format!("p{n}"), twice);
        }
        refused(json!({"$ref": "#/$defs/p30", "$defs": parts}), "");
    }

    /// What is allowed is worked on with the stack of a thread, which is what tests have, too.
    #[test]
    fn a_schema_as_deep_as_may_be_is_worked_on() {
        let chain = |parts: u32, levels: u32| {
            let mut defs = serde_json::Map::new();
            for n in 0..parts {
                let mut part = json!({"$ref": format!("#/$defs/p{}", n + 1)});
                for _ in 0..levels {
                    part = json!({"properties": {"a": part}});
                }
                defs.insert(format!("p{n}"), part);
            }
            defs.insert(format!("p{parts}"), json!({"type": "object"}));
            json!({"$ref": "#/$defs/p0", "$defs": defs})
        };
        let mut input = json!({});
        for _ in 0..110 {
            input = json!({"a": input});
        }
        assert!(schema(chain(4, 27)).hold("input", &input).is_ok());
        refused(chain(4, 50), "too deep");
    }

    #[test]
    fn an_input_that_would_take_too_long_is_refused() {
        let many: Vec<Value> = (0..100).map(|n| json!({"minimum": n})).collect();
        let schema = schema(json!({"items": {"allOf": many}}));
        let values = json!(vec![100; 400_000]);
        let refused = schema.hold("input", &values).unwrap_err();
        assert!(refused.to_string().contains("too large"), "{refused}");
        assert!(schema.hold("input", &json!(vec![100; 1_000])).is_ok());
        let long = json!(["x".repeat(32 << 20)]);
        let refused = schema.hold("input", &long).unwrap_err();
        assert!(refused.to_string().contains("too large"), "{refused}");
    }
}

//! Services that are somewhere else: what they offer is declared in a manifest, and a call is a signed
//! request over HTTP (R-JSVC).

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::definition::{at_most, at_most_bytes};
use crate::script::ScriptType;
use crate::{Invalid, Json, UserId};

/// Most remote services of a tenant.
pub const SERVICES: u32 = 50;
/// Most methods of one.
pub const METHODS: usize = 100;
/// Most parameters of a method.
pub const PARAMETERS: usize = 10;
/// Longest name of a service, a method or a parameter.
pub const NAME_CHARS: usize = 100;
/// Longest description.
pub const DESCRIPTION_CHARS: usize = 1_000;
/// Longest URL in bytes.
pub const URL_BYTES: usize = 2 << 10;
/// Largest manifest: the bytes of all its schemas together.
pub const SCHEMA_BYTES: usize = 256 << 10;
/// Shortest and longest time for one call.
pub const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(30);
/// The time for one call unless the manifest says so.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// Fewest and most bytes of a signing key.
pub const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// What a remote service offers, as its host declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its name in scripts: `services.<name>`.
    pub name: String,
    /// What it is, for authors.
    pub description: String,
    /// Where it is; the name of a method follows it.
    pub url: String,
    /// Types of the scripts that may call it; all when `None`.
    pub script_types: Option<Vec<ScriptType>>,
    /// What it can do.
    pub methods: Vec<RemoteMethod>,
}

/// A method of a remote service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteMethod {
    /// Its name.
    pub name: String,
    /// What it does, for authors.
    pub description: String,
    /// What it takes, in the order of the arguments.
    pub parameters: Vec<Parameter>,
    /// JSON schema of what it gives; anything when `None`. Of a list: of one item.
    pub result: Option<Json>,
    /// Whether it changes nothing: dry runs call it, and it is called again when it failed on its way.
    pub is_safe: bool,
    /// Whether it gives a page: `{ "items": […], "next_cursor": … }`.
    pub is_list: bool,
    /// The time for one call, repetitions included.
    pub timeout: Duration,
    /// The permission that a run needs.
    pub permission: Option<String>,
}

/// An argument of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, also in the request.
    pub name: String,
    /// JSON schema of it.
    pub schema: Json,
    /// Whether it may be left out. Those that may come last.
    pub is_optional: bool,
}

/// A remote service of a tenant; never the key that its requests are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteService {
    /// What it offers.
    pub manifest: Manifest,
    /// Whether an operator has registered it, and so may say that it is at an address inside.
    pub by_operator: bool,
    /// Grows with each change.
    pub revision: u32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who changed it last; `None` for the platform.
    pub updated_by: Option<UserId>,
}

/// Whether a text can be the name of a service, a method or a parameter: an identifier, and none that every
/// object has, since names become properties of objects in the script's world.
pub fn is_name(name: &str) -> bool {
    const TAKEN: [&str; 6] = [
        "__proto__",
        "constructor",
        "prototype",
        "then",
        "toString",
        "valueOf",
    ];
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= NAME_CHARS
        && !TAKEN.contains(&name)
}

impl Manifest {
    /// Checks names, numbers and sizes. Whether schemas are any, and where the URL leads, know those who use
    /// them.
    ///
    /// # Errors
    /// Every broken rule.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check_name("name", &self.name, &mut invalid);
        invalid.check(at_most("description", &self.description, DESCRIPTION_CHARS));
        invalid.check(at_most_bytes("url", self.url.len(), URL_BYTES));
        if self.script_types.as_ref().is_some_and(Vec::is_empty) {
            let message = "must name a type, or be left out for all of them";
            invalid.push("script_types", "required", message);
        }
        if !(1..=METHODS).contains(&self.methods.len()) {
            let message = format!("must have 1 to {METHODS} entries");
            invalid.push("methods", "out_of_range", message);
        }
        let mut names = BTreeSet::new();
        for (index, method) in self.methods.iter().enumerate() {
            let field = format!("methods.{index}");
            if !names.insert(&method.name) {
                let message = format!("there are two methods named {}", method.name);
                invalid.push(format!("{field}.name"), "not_unique", message);
            }
            method.validate(&field, &mut invalid);
        }
        let schemas = self.methods.iter().flat_map(RemoteMethod::schemas);
        let bytes = schemas.map(|(_, schema)| schema.len()).sum();
        invalid.check(at_most_bytes("methods", bytes, SCHEMA_BYTES));
        invalid.or(())
    }
}

impl RemoteMethod {
    fn validate(&self, field: &str, invalid: &mut Invalid) {
        let of = |part: &str| format!("{field}.{part}");
        check_name(&of("name"), &self.name, invalid);
        let description = &self.description;
        invalid.check(at_most(&of("description"), description, DESCRIPTION_CHARS));
        if self.parameters.len() > PARAMETERS {
            let message = format!("must have at most {PARAMETERS} entries");
            invalid.push(of("parameters"), "too_many", message);
        }
        let (mut names, mut may_be_left_out) = (BTreeSet::new(), false);
        for (index, parameter) in self.parameters.iter().enumerate() {
            let field = of(&format!("parameters.{index}"));
            check_name(&format!("{field}.name"), &parameter.name, invalid);
            if !names.insert(&parameter.name) {
                let message = format!("there are two parameters named {}", parameter.name);
                invalid.push(format!("{field}.name"), "not_unique", message);
            }
            if may_be_left_out && !parameter.is_optional {
                let message = "must be optional, like the one before it";
                invalid.push(format!("{field}.optional"), "not_last", message);
            }
            may_be_left_out |= parameter.is_optional;
        }
        if !TIMEOUTS.contains(&self.timeout) {
            let message = "must be 10 ms to 30 s";
            invalid.push(of("timeout_ms"), "out_of_range", message);
        }
        let permission = self.permission.as_deref();
        if permission.is_some_and(|name| !is_permission(name)) {
            let message = "must be 1 to 100 letters, digits and _ . such as billing.charge";
            invalid.push(of("permission"), "bad_name", message);
        }
    }

    /// Its schemas, each with the part of the method that it is.
    pub fn schemas(&self) -> impl Iterator<Item = (String, &Json)> {
        let parameters = self.parameters.iter().enumerate();
        let parameters = parameters.map(|(index, parameter)| {
            let part = format!("parameters.{index}.schema");
            (part, &parameter.schema)
        });
        let result = self.result.iter();
        parameters.chain(result.map(|schema| ("result".to_owned(), schema)))
    }
}

fn is_permission(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    (1..=NAME_CHARS).contains(&name.len()) && name.chars().all(fits)
}

fn check_name(field: &str, name: &str, invalid: &mut Invalid) {
    if !is_name(name) {
        let message =
            "must be a letter, then letters, digits and _, and not a name that every object has";
        invalid.push(field, "bad_identifier", message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let parameter = |name: &str, is_optional| Parameter {
            name: name.to_owned(),
            schema: Json::from_written("{}"),
            is_optional,
        };
        Manifest {
            name: "billing".into(),
            description: String::new(),
            url: "https://erp.example.com/services".into(),
            script_types: None,
            methods: vec![RemoteMethod {
                name: "charge".into(),
                description: String::new(),
                parameters: vec![parameter("amount", false), parameter("note", true)],
                result: None,
                is_safe: false,
                is_list: false,
                timeout: TIMEOUT,
                permission: Some("billing.charge".into()),
            }],
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Manifest), expected: &[(&str, &str)]) {
        let mut changed = manifest();
        change(&mut changed);
        let errors = changed
            .validate()
            .map_or_else(|i| i.errors, |()| Vec::new());
        let told: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(told, expected, "{errors:?}");
    }

    #[test]
    fn what_is_declared_can_be_called() {
        check(|_| {}, &[]);
        for name in [
            "",
            "1st",
            "a-b",
            "then",
            "__proto__",
            "имя",
            &"x".repeat(101),
        ] {
            check(|m| m.name = name.into(), &[("name", "bad_identifier")]);
            let field = "methods.0.name";
            check(
                |m| m.methods[0].name = name.into(),
                &[(field, "bad_identifier")],
            );
        }
        let twice = |m: &mut Manifest| m.methods.push(m.methods[0].clone());
        check(twice, &[("methods.1.name", "not_unique")]);
        check(|m| m.methods.clear(), &[("methods", "out_of_range")]);
        let none = |m: &mut Manifest| m.script_types = Some(Vec::new());
        check(none, &[("script_types", "required")]);
    }

    #[test]
    fn what_a_method_takes_is_in_order() {
        let swap = |m: &mut Manifest| m.methods[0].parameters.swap(0, 1);
        check(swap, &[("methods.0.parameters.1.optional", "not_last")]);
        let same = |m: &mut Manifest| m.methods[0].parameters[1].name = "amount".into();
        check(same, &[("methods.0.parameters.1.name", "not_unique")]);
        let field = "methods.0.timeout_ms";
        for millis in [0, 9, 30_001] {
            let late = |m: &mut Manifest| m.methods[0].timeout = Duration::from_millis(millis);
            check(late, &[(field, "out_of_range")]);
        }
        for name in ["", "a b", "*"] {
            let other = |m: &mut Manifest| m.methods[0].permission = Some(name.into());
            check(other, &[("methods.0.permission", "bad_name")]);
        }
        let large = |m: &mut Manifest| {
            let text = format!("{{\"title\":\"{}\"}}", "x".repeat(SCHEMA_BYTES));
            m.methods[0].result = Some(Json::from_written(text));
        };
        check(large, &[("methods", "too_long")]);
    }
}

//! What the author of a script writes, and the rules for it (R-VAL). Identity and status are in
//! [`crate::script`].

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::compatibility;
use crate::concurrency::Concurrency;
use crate::limits::{Limits, SOURCE_BYTES};
use crate::script::{Language, ScriptDatabase, ScriptType};
use crate::trigger::Trigger;
use crate::{Invalid, Json, UserId};

/// The longest description of a script, and of a change, in characters (R-VAL-03, X-31).
pub const DESCRIPTION_CHARS: usize = 500;

/// What a user writes: everything of a script but its identity, status and history. A change of
/// any of it makes a new version.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Unique in the tenant, 3 to 100 characters.
    pub name: String,
    /// At most 500 characters.
    pub description: String,
    /// The text of the script.
    pub source: String,
    /// Its language.
    pub language: Language,
    /// Name of the entry function, when it is not found by convention (D10).
    pub entry: Option<String>,
    /// The type with its settings.
    pub trigger: Trigger,
    /// What one execution may use.
    pub limits: Limits,
    /// How many executions about the same thing go on at once; any number when `None`.
    pub concurrency: Option<Concurrency>,
    /// JSON schema of the input, if declared.
    pub input_schema: Option<Json>,
    /// JSON schema of what it returns, if declared: told to those who call it, and not checked.
    pub output_schema: Option<Json>,
    /// Names of the services it may call; every registered one when `None`.
    pub allowed_services: Option<Vec<String>>,
    /// Whether other scripts of the tenant may import what it exports; embedded scripts only.
    pub library: bool,
    /// The date whose behaviour of the platform it was written for. `None` is nothing said: a new script
    /// gets the present date, a changed one keeps what it had. What is stored has one.
    pub compatibility: Option<Date>,
    /// Which database its calls of `db` ask; whoever asks a replica only reads.
    pub database: ScriptDatabase,
    /// The user whose rights it has when nobody asked for the execution; the owner when `None`.
    pub run_as: Option<UserId>,
    /// Words to group by.
    pub tags: Vec<String>,
    /// Free settings.
    pub metadata: BTreeMap<String, String>,
}

/// Builds a [`Definition`] of which only the trigger is known; from [`Definition::builder`].
/// Nothing comes out of it that breaks a rule (R-DOM-10).
#[derive(Clone, Debug)]
#[must_use = "build() gives the definition"]
pub struct DefinitionBuilder(Definition);

impl DefinitionBuilder {
    /// Sets the name; required.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Sets the description; empty when not said.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.0.description = description.into();
        self
    }

    /// Sets the source; required.
    pub fn source(mut self, language: Language, source: impl Into<String>) -> Self {
        self.0.language = language;
        self.0.source = source.into();
        self
    }

    /// Sets the name of the entry function; found by convention when not said.
    pub fn entry(mut self, entry: impl Into<String>) -> Self {
        self.0.entry = Some(entry.into());
        self
    }

    /// Sets the limits; the defaults when not said.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.limits = limits;
        self
    }

    /// Bounds how many executions about the same thing go on at once.
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.0.concurrency = Some(concurrency);
        self
    }

    /// Names the services it may call; every registered one when not said.
    pub fn allowed_services<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.0.allowed_services = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Lets other scripts of the tenant import what it exports.
    pub fn library(mut self) -> Self {
        self.0.library = true;
        self
    }

    /// Sets the compatibility date; that of the day it is saved when not said.
    pub fn compatibility(mut self, date: Date) -> Self {
        self.0.compatibility = Some(date);
        self
    }

    /// Lets its calls of `db` only read, and ask a replica where there is one.
    pub fn reads_from_replica(mut self) -> Self {
        self.0.database = ScriptDatabase::Replica;
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.0.tags.push(tag.into());
        self
    }

    /// Sets a free setting.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.into(), value.into());
        self
    }

    /// The definition.
    ///
    /// # Errors
    /// Every refused field, as [`Definition::validated`].
    pub fn build(self) -> Result<Definition, Invalid> {
        self.0.validated()
    }
}

impl Definition {
    /// Begins a definition that is checked when it is complete.
    pub fn builder(trigger: Trigger) -> DefinitionBuilder {
        DefinitionBuilder(Self::blank(trigger))
    }

    /// A definition of which nothing is said but the trigger: no name and no source yet, so it is
    /// not valid by itself.
    pub fn blank(trigger: Trigger) -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            source: String::new(),
            language: Language::JavaScript,
            entry: None,
            trigger,
            limits: Limits::default(),
            concurrency: None,
            input_schema: None,
            output_schema: None,
            allowed_services: None,
            library: false,
            compatibility: None,
            database: ScriptDatabase::Primary,
            run_as: None,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// The compatibility date that holds: the first one while nothing is said.
    pub fn compatibility_date(&self) -> Date {
        self.compatibility.unwrap_or(compatibility::FIRST)
    }

    /// Whether its calls of `db` may change nothing, whoever runs it.
    pub fn only_reads(&self) -> bool {
        self.database == ScriptDatabase::Replica
    }

    /// Checks every rule that needs nothing but the definition itself.
    ///
    /// # Errors
    /// Every refused field (R-VAL).
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        invalid.check(validate_name(&self.name));
        invalid.check(at_most("description", &self.description, DESCRIPTION_CHARS));
        if self.source.trim().is_empty() {
            invalid.push("source", "required", "is required");
        } else {
            invalid.check(at_most_bytes("source", self.source.len(), SOURCE_BYTES));
        }
        if self
            .entry
            .as_deref()
            .is_some_and(|entry| !is_identifier(entry))
        {
            invalid.push("entry", "bad_identifier", "must be the name of a function");
        }
        if self.library && self.trigger.kind() != ScriptType::Embedded {
            let message = "is for embedded scripts only";
            invalid.push("library", "not_allowed", message);
        }
        invalid.check(self.limits.validated());
        if let Some(concurrency) = &self.concurrency {
            invalid.check(concurrency.validated());
            if self.trigger.kind() == ScriptType::Scheduled {
                let message = "does not go with a schedule, which has overlap";
                invalid.push("concurrency", "not_allowed", message);
            }
        }
        invalid.check(self.trigger.validated());
        validate_tags(&self.tags, &mut invalid);
        validate_metadata(&self.metadata, &mut invalid);
        invalid.or(self)
    }
}

/// Checks that a text has at most `max` characters.
///
/// # Errors
/// `too_long` on `field`, with the bound.
pub fn at_most(field: &str, text: &str, max: usize) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    if text.chars().count() > max {
        let message = format!("must have at most {max} characters");
        invalid.push(field, "too_long", message).with("max", max);
    }
    invalid.or(())
}

/// Checks that something has at most `max` bytes.
///
/// # Errors
/// `too_long` on `field`, with the bound and its unit.
pub fn at_most_bytes(field: &str, length: usize, max: usize) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    if length > max {
        let message = format!("must have at most {max} bytes");
        let error = invalid.push(field, "too_long", message);
        error.with("max", max).with("unit", "bytes");
    }
    invalid.or(())
}

/// Checks a script's name: 3 to 100 Unicode letters, digits, spaces and `_ - . ( )`.
///
/// # Errors
/// The broken rule.
pub fn validate_name(name: &str) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    let length = name.chars().count();
    if name.is_empty() {
        invalid.push("name", "required", "is required");
    } else if length < 3 {
        invalid
            .push("name", "too_short", "must have at least 3 characters")
            .with("min", 3);
    } else if length > 100 {
        invalid
            .push("name", "too_long", "must have at most 100 characters")
            .with("max", 100);
    } else if name.trim() != name {
        invalid.push(
            "name",
            "bad_characters",
            "must not begin or end with a space",
        );
    } else if !name
        .chars()
        .all(|c| c.is_alphanumeric() || is_mark(c) || " _-.()".contains(c))
    {
        invalid.push(
            "name",
            "bad_characters",
            "may hold letters, digits, spaces and _ - . ( )",
        );
    }
    invalid.or(())
}

/// Apostrophes of the Uzbek Latin alphabet (`oʻ`, `gʻ`, `ʼ`) are letters of it.
fn is_mark(c: char) -> bool {
    matches!(c, 'ʻ' | 'ʼ' | '‘' | '’')
}

fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() <= 100
        && chars
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

fn validate_tags(tags: &[String], invalid: &mut Invalid) {
    if tags.len() > 20 {
        invalid
            .push("tags", "too_many", "must have at most 20 entries")
            .with("max", 20);
    }
    for tag in tags {
        let length = tag.chars().count();
        let apart = |c: char| c.is_control() || c == ',';
        if length == 0 || length > 50 || tag.contains(apart) {
            let message = "each must have 1 to 50 characters, none of them a comma";
            invalid.push("tags", "bad_tag", message).with("max", 50);
            break;
        }
    }
}

fn validate_metadata(metadata: &BTreeMap<String, String>, invalid: &mut Invalid) {
    if metadata.len() > 50 {
        invalid
            .push("metadata", "too_many", "must have at most 50 entries")
            .with("max", 50);
    }
    if metadata.keys().any(|key| key.is_empty() || key.len() > 100) {
        invalid
            .push("metadata", "bad_key", "keys must have 1 to 100 bytes")
            .with("max", 100);
    }
    if metadata.values().any(|value| value.len() > 2_000) {
        invalid
            .push(
                "metadata",
                "too_long",
                "values must have at most 2000 bytes",
            )
            .with("max", 2_000)
            .with("unit", "bytes");
    }
}

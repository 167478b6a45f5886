//! A script: source, settings, and the state machine of its status (R-DOM, X-27).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::limits::{Limits, SOURCE_BYTES};
use crate::trigger::Trigger;
use crate::{Invalid, Json, ScriptId, TenantId, UserId};

/// The five kinds of script (R-GEN-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptType {
    /// Runs by a cron schedule.
    Scheduled,
    /// Answers HTTP requests.
    Http,
    /// Runs on events.
    Event,
    /// Runs by hand.
    OneOff,
    /// Called by the host.
    Embedded,
}

impl ScriptType {
    /// Every type.
    pub const ALL: [Self; 5] = [
        Self::Scheduled,
        Self::Http,
        Self::Event,
        Self::OneOff,
        Self::Embedded,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Http => "http",
            Self::Event => "event",
            Self::OneOff => "oneoff",
            Self::Embedded => "embedded",
        }
    }

    /// The type of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a script stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptStatus {
    /// Being written; runs only as a test.
    Draft,
    /// Live.
    Active,
    /// Stopped for a while.
    Paused,
    /// Stopped until someone undoes it.
    Disabled,
    /// History only.
    Archived,
}

impl ScriptStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Active,
        Self::Paused,
        Self::Disabled,
        Self::Archived,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Archived => "archived",
        }
    }

    /// The status of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether a script may move from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use ScriptStatus::{Active, Archived, Disabled, Draft, Paused};
        matches!(
            (self, next),
            (Draft, Active | Archived)
                | (Active, Paused | Disabled)
                | (Paused, Active | Disabled | Archived)
                | (Disabled, Active | Archived)
        )
    }
}

/// What the source is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// JavaScript.
    JavaScript,
    /// TypeScript; types are stripped, not checked.
    TypeScript,
}

impl Language {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
        }
    }

    /// The language of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::JavaScript, Self::TypeScript]
            .into_iter()
            .find(|language| language.as_str() == name)
    }
}

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
    /// JSON schema of the input, if declared.
    pub input_schema: Option<Json>,
    /// Names of the services it may call; every registered one when `None`.
    pub allowed_services: Option<Vec<String>>,
    /// The user whose rights it has when nobody asked for the execution; the owner when `None`.
    pub run_as: Option<UserId>,
    /// Words to group by.
    pub tags: Vec<String>,
    /// Free settings.
    pub metadata: BTreeMap<String, String>,
}

/// A stored script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Its id.
    pub id: ScriptId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// What its current version says.
    pub definition: Definition,
    /// Where it stands.
    pub status: ScriptStatus,
    /// Number of the current version, from 1.
    pub version: u32,
    /// The user it belongs to.
    pub owner: Option<UserId>,
    /// The author of the current version.
    pub updated_by: Option<UserId>,
    /// Who activated it last (D12).
    pub activated_by: Option<UserId>,
    /// Who created it.
    pub created_by: Option<UserId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// Why the platform paused it, when it did.
    pub paused_reason: Option<String>,
}

impl std::ops::Deref for Script {
    type Target = Definition;
    fn deref(&self) -> &Definition {
        &self.definition
    }
}

impl Script {
    /// Its type.
    pub fn kind(&self) -> ScriptType {
        self.definition.trigger.kind()
    }
}

impl Definition {
    /// Checks every rule that needs nothing but the definition itself.
    ///
    /// # Errors
    /// Every refused field (R-VAL).
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        invalid.check(validate_name(&self.name));
        if self.description.chars().count() > 500 {
            invalid
                .push(
                    "description",
                    "too_long",
                    "must have at most 500 characters",
                )
                .with("max", 500);
        }
        if self.source.trim().is_empty() {
            invalid.push("source", "required", "is required");
        } else if self.source.len() > SOURCE_BYTES {
            invalid
                .push(
                    "source",
                    "too_long",
                    format!("must have at most {SOURCE_BYTES} bytes"),
                )
                .with("max", SOURCE_BYTES);
        }
        if self
            .entry
            .as_deref()
            .is_some_and(|entry| !is_identifier(entry))
        {
            invalid.push("entry", "bad_identifier", "must be the name of a function");
        }
        invalid.check(self.limits.validated());
        invalid.check(self.trigger.validated());
        validate_tags(&self.tags, &mut invalid);
        validate_metadata(&self.metadata, &mut invalid);
        invalid.or(self)
    }
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
        if length == 0 || length > 50 || tag.chars().any(char::is_control) {
            invalid
                .push("tags", "bad_tag", "each must have 1 to 50 characters")
                .with("max", 50);
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
    if metadata
        .iter()
        .any(|(key, value)| key.is_empty() || key.len() > 100 || value.len() > 2_000)
    {
        invalid.push(
            "metadata",
            "too_long",
            "keys have 1 to 100 bytes, values at most 2000",
        );
    }
}

//! Scripts, templates and settings of a tenant as they leave it and come back: a bundle without ids, so
//! that it fits any tenant. Business data, history, users and secrets stay where they are.

mod export;
mod import;
mod settings;

use scriptorium_model::retention::Retention;
use scriptorium_model::script::{Definition, ScriptStatus};
use scriptorium_model::template::Template;
use scriptorium_model::version::VersionPolicy;
use scriptorium_model::{FieldError, ScriptId, Timestamp};

use crate::platform::Platform;

/// Export and import of a tenant; from [`Platform::transfer`].
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a>(pub(crate) &'a Platform);

/// Largest bundle in bytes of its sources and templates; what can be exported can be imported.
pub const BUNDLE_BYTES: usize = 48 << 20;

/// What to export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Only these scripts, no templates and no settings; the whole tenant when `None`.
    pub scripts: Option<Vec<ScriptId>>,
    /// Every version, or the current one alone.
    pub history: bool,
}

/// What leaves a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// Scripts by name.
    pub scripts: Vec<BundledScript>,
    /// Templates by name.
    pub templates: Vec<BundledTemplate>,
    /// What the tenant keeps.
    pub settings: BundledSettings,
}

/// What a tenant keeps, and for how long; a part that is not said stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BundledSettings {
    /// How many versions.
    pub versions: Option<VersionPolicy>,
    /// How long history.
    pub retention: Option<Retention>,
}

/// A script with its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct BundledScript {
    /// Where it stood.
    pub status: ScriptStatus,
    /// The oldest first; the last is the current one.
    pub versions: Vec<BundledVersion>,
}

/// A version of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct BundledVersion {
    /// Its number.
    pub number: u32,
    /// The definition; whom it runs as is in `run_as`.
    pub definition: Definition,
    /// Address of the user whose rights it had when nobody asked for the execution.
    pub run_as: Option<String>,
    /// What its author said about the change.
    pub change_description: String,
    /// The author's name, for exports by who may see the tenant's users.
    pub author: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its name, if it is a milestone.
    pub milestone: Option<String>,
}

/// A message template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledTemplate {
    /// Its name.
    pub name: String,
    /// Its text.
    pub body: String,
}

/// How to import.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// What happens to what is there under the same name and differs.
    pub on_conflict: OnConflict,
    /// Whether scripts get the status they had; drafts otherwise.
    pub activate: bool,
    /// Only says what would happen.
    pub preview: bool,
}

/// What an import does about a name that is taken by something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Leaves what is there.
    Skip,
    /// Comes in under another name.
    Rename,
    /// Becomes the next version of what is there.
    Replace,
}

/// What an import does, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it was done; never after a preview.
    pub applied: bool,
    /// One for each script and template, in the order of the bundle, and for each setting.
    pub items: Vec<Item>,
}

/// One script, template or setting of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its name in the bundle; of settings `versions` or `retention`.
    pub name: String,
    /// How it compares with what is there.
    pub state: State,
    /// What happens to it.
    pub action: Action,
    /// The name it gets, when that is another.
    pub new_name: Option<String>,
    /// What differs from the one that is there, as the API spells it.
    pub differs: Vec<String>,
    /// Why it is refused.
    pub errors: Vec<FieldError>,
    /// What does not come along.
    pub notes: Vec<String>,
}

/// What a part of a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A script.
    Script,
    /// A template.
    Template,
    /// A setting of the tenant.
    Setting,
}

/// How something in a bundle compares with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing has this name; of a setting, the tenant is empty.
    New,
    /// It is there already.
    Same,
    /// Another one has the name.
    Conflict,
    /// It cannot be imported.
    Refused,
}

/// What happens to something in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is added.
    Create,
    /// It becomes the next version, or the text, of what is there.
    Replace,
    /// Nothing.
    Skip,
}

impl OnConflict {
    /// The choice of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "skip" => Some(Self::Skip),
            "rename" => Some(Self::Rename),
            "replace" => Some(Self::Replace),
            _ => None,
        }
    }
}

impl ItemKind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Template => "template",
            Self::Setting => "setting",
        }
    }
}

impl State {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
        }
    }
}

impl Action {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Skip => "skip",
        }
    }
}

impl BundledScript {
    /// The version that the script is at; `None` for one without versions.
    pub fn current(&self) -> Option<&BundledVersion> {
        self.versions.last()
    }
}

impl From<Template> for BundledTemplate {
    fn from(template: Template) -> Self {
        Self {
            name: template.name,
            body: template.body,
        }
    }
}
